"""Two students in one loop: what teachers such as PAIRED need, which compare a protagonist with an antagonist.

Every rollout, the protagonist plays the tasks of the teacher, then the antagonist the same tasks, both learn, and the
teacher gets one outcome for each task, with a column for what each of them did. Dennis et al. (2020), algorithm 1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import RequestError
from ..outcomes import Outcomes
from ..teachers.teacher import Teacher, needs_antagonist
from .checkpointing import begin_episodes, check_weights, clocks_of, save_student, seed_environments
from .rollout_callback import RETURNS, RolloutCallback
from .second_student import SecondStudent
from .signals import SIGNALS, available_signals

ANTAGONIST_PREFIX = "antagonist_"
"""Before the names of the antagonist's files in a checkpoint."""


class PairedTraining(RolloutCallback):
    """Trains an antagonist beside the student it is given to, and tells their teacher how both did on each task.

    Give it to ``learn`` of the protagonist, whose environment is a `CurriculumVecEnv` with the teacher. The antagonist
    has environments of the same kind and number, with a `Follower` for a teacher. Both are unmodified on-policy
    algorithms, possibly different ones; their rollouts need not have the same length. Steps are counted for the
    protagonist (``num_timesteps``) and for the antagonist (its own) apart.

    A teacher that needs columns of the protagonist alone (minimax) is trained without an antagonist.

    The outcome of a task has the id under which it was handed out, the protagonist's mean return, length and success,
    and for each student the columns ``<who>_mean_return``, ``<who>_max_return``, ``<who>_episodes`` and the signals
    that the teacher needs, taken over the episodes that it finished in the rollout; all 0 if there are none.

    Args:
        antagonist: The second student; None if the teacher needs none.
        **arguments: Those of `TeacherCallback`. Checkpoints hold both students.

    Raises:
        RequestError: When training starts: a teacher that does not compare students, or needs what they cannot give;
            an antagonist that is missing, not needed, or has other spaces or another number of environments.
        RunError: While training: a student whose weights have become NaN or infinite.

    Example:
        >>> import gymnasium as gym, tutelage
        >>> from tutelage.students import Follower, PairedTraining, make_student
        >>> from tutelage.wrappers import TaskAttributes, make_curriculum_vec_env
        >>> space = tutelage.TaskSpace(length=(0.2, 2.0))
        >>> teacher = tutelage.make_teacher("paired", space, seed=0)
        >>> make = lambda: TaskAttributes(gym.make("CartPole-v1"), space)
        >>> protagonist, antagonist = (
        ...     make_student("ppo", make_curriculum_vec_env(make, who, n_envs=4), seed=seed, n_steps=64, batch_size=32)
        ...     for seed, who in enumerate((teacher, Follower(space)))
        ... )
        >>> protagonist.learn(512, callback=PairedTraining(antagonist)).num_timesteps, antagonist.num_timesteps
        (512, 512)
        >>> teacher.metrics()["outcomes"]
        8.0
    """

    role = "protagonist"

    def __init__(self, antagonist: Any = None, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.antagonist = antagonist
        self._second: SecondStudent | None = None

    # --- Start -------------------------------------------------------------------------------------------------

    def _wanted_signals(self) -> list[str]:
        check_algorithm(self.teacher, self.model)
        self._wanted = paired_signals(self.teacher)
        return self._wanted

    def _init_callback(self) -> None:
        super()._init_callback()
        teacher = type(self.teacher).__name__
        if not needs_antagonist(self.teacher):
            if self.antagonist is not None:
                raise RequestError(f"{teacher} needs no antagonist: leave it out, PairedTraining().")
            return
        if self.antagonist is None:
            raise RequestError(
                f"{teacher} compares two students: give it a second one, PairedTraining(antagonist), whose "
                "environment has a tutelage.students.Follower for a teacher."
            )
        check_pair(self.model, self.antagonist)
        self._second = SecondStudent(self.antagonist, self._wanted, lambda: self.model.logger)
        if self.model.num_timesteps == 0:  # as that of the protagonist, whose learn() may just have set it so
            self.antagonist.num_timesteps = 0

    # --- Between rollouts --------------------------------------------------------------------------------------

    def _on_rollout_start(self) -> None:
        if not self._begun and self.checkpoints is not None:
            self._seed_antagonist()
        super()._on_rollout_start()

    def _begin_episodes(self) -> None:
        begin_episodes(self.model, self.seed)
        self._seed_antagonist()

    def _seed_antagonist(self) -> None:
        if self._second is not None:
            seed_environments(self._second.student, self.seed + 1, self.model.num_timesteps)

    def _clocks(self) -> dict[str, Any]:
        return {**super()._clocks(), **({} if self.antagonist is None else {"antagonist": clocks_of(self.antagonist)})}

    def _save_more(self, folder: Path) -> None:
        if self.antagonist is not None:
            save_student(self.antagonist, folder, ANTAGONIST_PREFIX)

    # --- The end of a rollout ----------------------------------------------------------------------------------

    def _on_rollout_end(self) -> None:
        super()._on_rollout_end()
        columns = self.columns("protagonist")
        if self._second is not None:
            # REPAIRED lets the antagonist replay levels of its own.
            others = getattr(self.teacher, "antagonist_tasks", None)
            tasks = self.first_tasks if others is None else others(self.first_tasks, self.first_ids)
            progress = self.model.num_timesteps, self.model._total_timesteps
            columns |= self._second.play_and_learn(tasks, self.first_train, progress)
            check_weights(self._second.student, "antagonist")
        self.teacher.update(
            Outcomes(
                tasks=self.first_tasks,
                ids=self.first_ids,
                returns=columns["protagonist_mean_return"],
                lengths=np.rint(self.mean(self.finished.lengths)),
                success=self.mean(self.finished.success, otherwise=np.nan),
                signals=columns,
            )
        )
        if len(self.finished):
            for listener in self.curriculum.listeners:
                listener.on_outcomes(self.finished)
        self._record_metrics()


def paired_signals(teacher: Teacher) -> list[str]:
    """Return the signals that both students must give, beside their returns.

    Args:
        teacher: One that compares students, or looks at rollouts of one.

    Raises:
        RequestError: Another teacher, or one that needs what students cannot give.

    Example:
        >>> import tutelage
        >>> paired_signals(tutelage.make_teacher("paired", tutelage.TaskSpace(x=(0.0, 1.0))))
        []
    """
    who = type(teacher).__name__
    names = set()
    for column in sorted(teacher.needs):
        prefix, _, name = column.partition("_")
        if prefix not in ("protagonist", "antagonist"):
            raise RequestError(
                f"{who} needs {column!r}, which is told of single episodes: train it with TeacherCallback, not with "
                "PairedTraining."
            )
        if name not in RETURNS:
            names.add(name)
    if not teacher.needs:
        raise RequestError(
            f"{who} learns from single episodes: train it with TeacherCallback, not with PairedTraining."
        )
    known = sorted(set(SIGNALS) - {"transition_error"})
    lacking = sorted(names - set(known))
    if lacking:
        raise RequestError(
            f"{who} needs {' and '.join(map(repr, lacking))} of two students, which they cannot give; there is "
            f"{', '.join([*RETURNS, *known])}."
        )
    return sorted(names)


def check_algorithm(teacher: Teacher, algorithm: Any) -> None:
    """Refuse an algorithm that a teacher cannot train in this way.

    Args:
        teacher: One that compares students, or looks at rollouts of one.
        algorithm: The class of a student, or a student.

    Raises:
        RequestError: It is off-policy, or the teacher needs what it cannot give.
    """
    paired_signals(teacher)
    if not available_signals(algorithm):
        name = algorithm.__name__ if isinstance(algorithm, type) else type(algorithm).__name__
        raise RequestError(
            f"{name} has no rollouts, in which {type(teacher).__name__} compares its students; choose on-policy "
            "students (ppo, a2c, recurrent-ppo)."
        )


def check_pair(protagonist: Any, antagonist: Any) -> None:
    """Refuse an antagonist that cannot play the protagonist's tasks in the same way.

    Raises:
        RequestError: It has other observations or actions, another number of environments, or is the same object.
    """
    if antagonist is protagonist:
        raise RequestError("The antagonist must be a second student, not the protagonist itself.")
    for what in ("observation_space", "action_space"):
        theirs, ours = getattr(antagonist, what), getattr(protagonist, what)
        if theirs != ours:
            raise RequestError(
                f"The antagonist's {what.replace('_', ' ')} is {theirs}, the protagonist's {ours}; both students must "
                "learn in the same kind of environment."
            )
    if antagonist.n_envs != protagonist.n_envs:
        raise RequestError(
            f"The antagonist has {antagonist.n_envs} environments and the protagonist {protagonist.n_envs}; each task "
            "of the one is played by the other, so there must be as many."
        )
