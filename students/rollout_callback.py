"""What a student did on each task of a rollout: the part of two students' training that they have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..outcomes import Outcomes
from .rollout import Rollout
from .teacher_callback import TeacherCallback

FloatArray = NDArray[np.float64]

RETURNS = ("mean_return", "max_return", "episodes")
"""What is told about the episodes of a task beside signals: mean and highest return (0 if there are none), number."""


class RolloutCallback(TeacherCallback):
    """Keeps the tasks of a student for a rollout and sums up the episodes that it finished on each.

    Args:
        signals: Signals of `signals.SIGNALS` to average over the episodes of a task.
        **arguments: Those of `TeacherCallback`.

    Attributes:
        first_ids: The ids under which the tasks of the rollout were handed out, shape ``(n_envs,)``.
        first_tasks: The tasks, shape ``(n_envs, d)``.
        finished: The episodes that ended in the rollout.

    Example:
        >>> import gymnasium as gym, tutelage
        >>> from tutelage.students import make_student
        >>> from tutelage.students.follower import Follower
        >>> from tutelage.wrappers import TaskAttributes, make_curriculum_vec_env
        >>> space = tutelage.TaskSpace(length=(0.2, 2.0))
        >>> make = lambda: TaskAttributes(gym.make("CartPole-v1", max_episode_steps=5), space)
        >>> env = make_curriculum_vec_env(make, Follower(space, seed=0), n_envs=2)
        >>> callback = RolloutCallback()
        >>> student = make_student("ppo", env, n_steps=12, batch_size=24).learn(24, callback)
        >>> {name: column.tolist() for name, column in callback.columns("student").items()}
        {'student_mean_return': [5.0, 5.0], 'student_max_return': [5.0, 5.0], 'student_episodes': [2.0, 2.0]}
    """

    def __init__(self, signals: Iterable[str] = (), **arguments: Any) -> None:
        super().__init__(**arguments)
        self._wanted = sorted(signals)
        self._slots: dict[int, int] = {}

    def _wanted_signals(self) -> list[str]:
        return self._wanted

    def _init_callback(self) -> None:
        super()._init_callback()
        self.curriculum.deferred = True
        self.curriculum.hold = "rollout"

    def _on_rollout_start(self) -> None:
        super()._on_rollout_start()
        self._slots = {}
        self.first_ids, self.first_tasks = self._ids, self.curriculum.current_tasks.copy()
        self.first_train = self._train

    def _on_step(self) -> bool:
        for slot in np.flatnonzero(self.locals["dones"]).tolist():
            self._slots[int(self._ids[slot])] = slot
        return super()._on_step()

    def _on_rollout_end(self) -> None:
        self.finished = self.curriculum.take_finished()
        self.curriculum.unscored = False
        if self._signals is not None:
            ids, rewards = np.array(self._step_ids), np.array(self._step_rewards)
            self._signals.add(Rollout(self.model, ids, rewards))
            self.finished = self._signals.complete(self.finished)
            self._signals.keep_only(())  # the next rollout begins new episodes
        self._withholding.end_rollout()

    # --- What became of the tasks ----------------------------------------------------------------------------------

    def columns(self, who: str) -> dict[str, FloatArray]:
        """Return the episodes of each task summed up.

        Args:
            who: The prefix of the columns, ``"protagonist"`` or ``"antagonist"``.

        Returns:
            ``<who>_mean_return``, ``<who>_max_return`` and ``<who>_episodes``, and ``<who>_<signal>`` for each signal,
            all 0 for a task of which no episode ended; shape ``(n_envs,)`` each.
        """
        slots = self._slots_of(self.finished)
        highest = np.full(len(self.first_ids), -np.inf)
        np.maximum.at(highest, slots, self.finished.returns)
        counts = np.bincount(slots, minlength=len(self.first_ids)).astype(np.float64)
        columns = {
            f"{who}_mean_return": self.mean(self.finished.returns),
            f"{who}_max_return": np.where(counts > 0, highest, 0.0),
            f"{who}_episodes": counts,
        }
        for name in self._wanted:
            columns[f"{who}_{name}"] = self.mean(self.finished.signals[name])
        return columns

    def mean(self, values: NDArray[Any], otherwise: float = 0.0) -> FloatArray:
        """Return the mean over the finished episodes of each task.

        Args:
            values: One for each finished episode.
            otherwise: What stands for a task of which no episode ended.

        Returns:
            Shape ``(n_envs,)``.
        """
        slots, n = self._slots_of(self.finished), len(self.first_ids)
        counts = np.bincount(slots, minlength=n)
        sums = np.bincount(slots, weights=np.asarray(values, dtype=np.float64), minlength=n)
        return np.where(counts > 0, sums / np.maximum(counts, 1), otherwise)

    def _slots_of(self, outcomes: Outcomes) -> NDArray[np.int64]:
        return np.array([self._slots[i] for i in outcomes.ids.tolist()], dtype=np.int64)
