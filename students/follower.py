"""The teacher of a second student: it hands out the tasks that the first one was given."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..outcomes import Outcomes
from ..spaces import TaskSpace
from ..teachers.teacher import Teacher

FloatArray = NDArray[np.float64]


class Follower(Teacher):
    """Hands out the tasks it was told last, in their order; uniform ones before it was told any.

    It is the teacher of the antagonist's environments; `PairedTraining` tells it what the protagonist plays.

    Args:
        task_space: The tasks.
        seed: Seed of the tasks before it was told any.

    Example:
        >>> follower = Follower(TaskSpace(x=(0.0, 1.0)), seed=0)
        >>> follower.follow([[0.25], [0.5]], [True, False])
        >>> tasks = follower.sample(2)
        >>> tasks.values.ravel().tolist(), tasks.train.tolist()
        ([0.25, 0.5], [True, False])
    """

    hold = "rollout"

    def __init__(self, task_space: TaskSpace, *, seed: int | None = None) -> None:
        super().__init__(task_space, seed=seed)
        self._told = np.empty((0, task_space.n_dims))
        self._train = np.empty(0, dtype=np.bool_)

    def follow(self, tasks: ArrayLike, train: ArrayLike) -> None:
        """Tell it the tasks to hand out from now on.

        Args:
            tasks: One for each environment, shape ``(n, d)``.
            train: Whether the student may learn from them, shape ``(n,)``.

        Raises:
            ValueError: Tasks outside the space, or flags of another shape.
        """
        rows = np.atleast_2d(self.task_space.validate(tasks))
        flags = np.array(train, dtype=np.bool_)
        if flags.shape != (len(rows),):
            raise ValueError(f"Expected a flag for each of {len(rows)} tasks, got shape {flags.shape}.")
        self._told, self._train = rows, flags

    def _sample(self, n: int) -> Any:
        if not len(self._told):
            return self.task_space.sample(n, self.rng)
        if n != len(self._told):
            raise ValueError(f"It was told {len(self._told)} tasks and is asked for {n}.")
        return self._told, self._train

    def _update(self, outcomes: Outcomes) -> None:
        """Learn nothing."""
