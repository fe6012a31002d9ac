"""The part that the three curriculum wrappers share: asking the teacher, and telling it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..outcomes import Outcomes
from ..spaces import TaskSpace
from ..tasks import Tasks
from ..teachers.teacher import Teacher


class CurriculumListener(Protocol):
    """What is told about every task and every outcome, e.g. the recorder of a run.

    Example:
        >>> class Counter:
        ...     episodes = 0
        ...
        ...     def on_tasks(self, tasks, env_indices):
        ...         pass
        ...
        ...     def on_outcomes(self, outcomes):
        ...         self.episodes += len(outcomes)
        >>> Counter().episodes
        0
    """

    def on_tasks(self, tasks: Tasks, env_indices: NDArray[np.int64]) -> None:
        """Take note of tasks handed out to environments, before they begin."""

    def on_outcomes(self, outcomes: Outcomes) -> None:
        """Take note of finished episodes, after the teacher has learned from them."""


class Curriculum:
    """Asks a teacher for tasks, and tells it how they went: base of the curriculum wrappers.

    Attributes:
        teacher: Who chooses the tasks.
        task_space: The tasks.
        current_tasks: The task each environment plays, float64 of shape ``(n_envs, d)``; changes in place.
        current_ids: The ids of these tasks, int64 of shape ``(n_envs,)``; −1 before the first reset.
        current_train: False where the student must not learn from the episode, shape ``(n_envs,)``.
        warmup: Whether the student still acts at random. An episode with such a step is flagged so in its
            outcome.
        deferred: Whether finished episodes wait for `take_finished` instead of reaching the teacher at once.
        hold: For how long an environment keeps its task. With ``"episode"`` each episode gets a new one. With
            ``"rollout"`` an environment whose episode ends plays the same task again, under a new id
            (`Teacher.repeat`), until ``reset()`` begins new tasks everywhere; call it before each rollout.
            `TeacherCallback` sets this to what the teacher wants (`Teacher.hold`) and does the resets.
            A `CurriculumEnv`, whose every episode begins with ``reset()``, always plays a new one.
        listeners: Who is told about tasks and outcomes, in this order; see `CurriculumListener`.
        unscored: Whether there are steps of a rollout that has not been scored; `TeacherCallback`'s own note.
        signals: The student that plays, and the signals of its episodes under way; `TeacherCallback`'s own note.

    Example:
        >>> import gymnasium as gym, tutelage
        >>> from tutelage.wrappers import CurriculumEnv, TaskAttributes
        >>> space = tutelage.TaskSpace(length=(0.2, 2.0))
        >>> teacher = tutelage.make_teacher("random", space, seed=0)
        >>> env = CurriculumEnv(TaskAttributes(gym.make("CartPole-v1", max_episode_steps=1), space), teacher)
        >>> env.deferred = True
        >>> _ = env.reset(seed=0), env.step(0)
        >>> finished = env.take_finished()
        >>> len(finished), teacher.metrics()["outcomes"]
        (1, 0.0)
        >>> env.deliver(finished)
        >>> teacher.metrics()["outcomes"]
        1.0
    """

    teacher: Teacher
    task_space: TaskSpace
    current_tasks: NDArray[np.float64]
    current_ids: NDArray[np.int64]
    current_train: NDArray[np.bool_]
    warmup: bool
    deferred: bool
    hold: Literal["episode", "rollout"]
    listeners: list[Any]
    unscored: bool
    signals: Any

    def _open(self, teacher: Teacher, num_envs: int) -> None:
        self.teacher = teacher
        self.task_space = teacher.task_space
        self.current_tasks = np.full((num_envs, self.task_space.n_dims), np.nan)
        self.current_ids = np.full(num_envs, -1, dtype=np.int64)
        self.current_train = np.ones(num_envs, dtype=np.bool_)
        self.warmup = False
        self.deferred = False
        self.hold = "episode"
        self.listeners = []
        self.unscored, self.signals = False, None
        self._warm = np.zeros(num_envs, dtype=np.bool_)
        self._finished: list[Outcomes] = []

    # --- Listeners ------------------------------------------------------------------------------------------

    def add_listener(self, listener: CurriculumListener) -> None:
        """Tell an object about all further tasks and outcomes.

        Raises:
            TypeError: It lacks ``on_tasks`` or ``on_outcomes``.
        """
        missing = [name for name in ("on_tasks", "on_outcomes") if not callable(getattr(listener, name, None))]
        if missing:
            raise TypeError(
                f"A listener needs on_tasks(tasks, env_indices) and on_outcomes(outcomes); "
                f"{type(listener).__name__} lacks {' and '.join(missing)}."
            )
        self.listeners.append(listener)

    def remove_listener(self, listener: CurriculumListener) -> None:
        """Tell an object no longer.

        Raises:
            ValueError: It is no listener.
        """
        for place, other in enumerate(self.listeners):
            if other is listener:
                del self.listeners[place]
                return
        raise ValueError(f"{listener!r} is not among the {len(self.listeners)} listeners.")

    # --- Deferred outcomes ----------------------------------------------------------------------------------

    def take_finished(self) -> Outcomes:
        """Return the episodes that wait to be delivered, in the order in which they ended, and forget them.

        What was queued while `deferred` was True stays queued until it is taken, whatever `deferred` is
        later.

        Returns:
            The outcomes, possibly none. `deliver` hands them to the teacher; do so once.
        """
        batches, self._finished = self._finished, []
        if batches:
            return batches[0] if len(batches) == 1 else Outcomes.concatenate(batches)
        return Outcomes(tasks=np.empty((0, self.task_space.n_dims)), ids=[], returns=[], lengths=[])

    def deliver(self, outcomes: Outcomes) -> None:
        """Give finished episodes to the teacher, then to the listeners.

        Raises:
            ValueError: The teacher refuses them (`Teacher.update`).
        """
        if len(outcomes) == 0:
            return
        self.teacher.update(outcomes)
        for listener in self.listeners:
            listener.on_outcomes(outcomes)

    # --- For the subclasses ---------------------------------------------------------------------------------

    def _new_tasks(self, indices: NDArray[np.int64]) -> Tasks:
        """Ask the teacher for new tasks for some environments."""
        return self._hand_out(self.teacher.sample(len(indices)), indices)

    def _next_tasks(self, indices: NDArray[np.int64]) -> Tasks:
        """Return what some environments play after their episodes: new tasks, or the same ones within a rollout."""
        if self.hold != "rollout":
            return self._new_tasks(indices)
        same = Tasks(self.current_tasks[indices], self.current_ids[indices], self.current_train[indices])
        return self._hand_out(self.teacher.repeat(same), indices)

    def _hand_out(self, tasks: Tasks, indices: NDArray[np.int64]) -> Tasks:
        self.current_tasks[indices] = tasks.values
        self.current_ids[indices] = tasks.ids
        self.current_train[indices] = tasks.train
        self._warm[indices] = False
        for listener in self.listeners:
            listener.on_tasks(tasks, indices)
        return tasks

    def _finish(
        self,
        indices: NDArray[np.int64],
        returns: Sequence[float] | NDArray[np.float64],
        lengths: Sequence[int] | NDArray[np.int64],
        success: Sequence[float] | NDArray[np.float64],
        truncated: Sequence[bool] | NDArray[np.bool_],
    ) -> None:
        """Report the finished episodes of some environments, in the order of the environments."""
        outcomes = Outcomes.unchecked(  # these columns fit
            tasks=self.current_tasks[indices],
            ids=self.current_ids[indices],
            returns=np.array(returns, dtype=np.float64),
            lengths=np.array(lengths, dtype=np.int64),
            success=np.array(success, dtype=np.float64),
            truncated=np.array(truncated, dtype=np.bool_),
            warmup=self._warm[indices],
            signals={},
        )
        if self.deferred:
            self._finished.append(outcomes)
        else:
            self.deliver(outcomes)


def success_of(info: dict[str, Any]) -> float:
    """Return ``info["is_success"]`` of the last step of an episode as a number, NaN where there is none."""
    success = info.get("is_success")
    return float("nan") if success is None else float(success)
