"""A builder of tasks for any task space: one dimension a step.

The generalisation of how PAIRED sets the parameters of BipedalWalker's terrain in facebookresearch/dcd: an action of
[−1, 1] becomes a value between the bounds of its dimension. Integers and categories are rounded.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...spaces import TaskSpace

FloatArray = NDArray[np.float64]


class Builder(Protocol):
    """Builds tasks step by step, a batch of them at once; an environment offers one as ``level_builder(n)``.

    Attributes:
        observation_space: What is seen before each step, a Gymnasium space: a Box, or a Dict of Boxes.
        action_space: What a step can be.
        horizon: Steps until the tasks are complete.
    """

    observation_space: Any
    action_space: Any
    horizon: int

    def reset(self, rng: np.random.Generator) -> Any:
        """Begin, and return the first observations, stacked along the first axis."""

    def step(self, actions: Any) -> Any:
        """Take a step in each task, and return the observations afterwards."""

    def tasks(self) -> FloatArray:
        """Return the complete tasks, shape ``(n, d)``."""


class SpaceBuilder:
    """Builds n tasks in parallel: each step sets a dimension, in their order; those with low == high are left out.

    Args:
        n: How many tasks.
        task_space: Their space.
        n_noise: Numbers that are drawn for each task and shown at every step, so that one policy can build many tasks.

    Attributes:
        observation_space: A Box: the values so far in [−1, 1] (0 for those to come), which dimension is next, one-hot
            (none at the end), and noise, uniform in [0, 1].
        action_space: A Box of one number in [−1, 1].
        horizon: The number of dimensions that can vary, at least 1.

    Example:
        >>> space = TaskSpace(roughness=(0.0, 10.0), height=(0.0, 5.0), gravity=(9.8, 9.8), steps=range(1, 10))
        >>> builder = SpaceBuilder(2, space)
        >>> observations = builder.reset(np.random.default_rng(0))
        >>> for actions in ([-1.0, 0.5], [0.2, -0.2], [1.0, 0.1]):
        ...     observations = builder.step(np.array(actions)[:, None])
        >>> builder.tasks().tolist()
        [[0.0, 3.0, 9.8, 9.0], [7.5, 2.0, 9.8, 5.0]]
    """

    def __init__(self, n: int, task_space: TaskSpace, *, n_noise: int = 10) -> None:
        from .builder_policy import box

        self.n, self.task_space, self.n_noise = int(n), task_space, int(n_noise)
        self._varying = np.flatnonzero(task_space.high > task_space.low)
        self.horizon = max(1, len(self._varying))
        low = np.concatenate([np.full(self.horizon, -1.0), np.zeros(self.horizon + self.n_noise)])
        self.observation_space = box(low, np.ones(2 * self.horizon + self.n_noise))
        self.action_space = box([-1.0], [1.0])
        self._steps = -1

    def reset(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Begin anew.

        Args:
            rng: The caller's generator, for the noise.

        Returns:
            The first observations, shape ``(n, 2·horizon + n_noise)``.
        """
        self._steps = 0
        self._values = np.zeros((self.n, self.horizon))
        self._noise = rng.random((self.n, self.n_noise))
        return self._observations()

    def step(self, actions: ArrayLike) -> NDArray[np.float32]:
        """Set the next dimension of every task.

        Args:
            actions: Shape ``(n, 1)``; what is outside [−1, 1] is clipped.

        Returns:
            The observations afterwards.

        Raises:
            ValueError: Another shape, a NaN, or tasks that are complete.
        """
        values = np.asarray(actions, dtype=np.float64)
        if not 0 <= self._steps < self.horizon:
            raise ValueError("Call reset() first: there are no tasks being built.")
        if values.shape != (self.n, 1) or np.isnan(values).any():
            raise ValueError(f"Expected a number for each of {self.n} tasks, shape ({self.n}, 1); got {actions!r}.")
        self._values[:, self._steps] = np.clip(values[:, 0], -1.0, 1.0)
        self._steps += 1
        return self._observations()

    def tasks(self) -> FloatArray:
        """Return the tasks, shape ``(n, d)``.

        Raises:
            ValueError: They are not complete.
        """
        if self._steps != self.horizon:
            raise ValueError(f"The tasks are complete after {self.horizon} steps, not after {max(0, self._steps)}.")
        unit = np.zeros((self.n, self.task_space.n_dims))
        unit[:, self._varying] = 0.5 * (self._values[:, : len(self._varying)] + 1.0)
        return self.task_space.from_unit(unit)

    def _observations(self) -> NDArray[np.float32]:
        following = np.zeros((self.n, self.horizon))
        if self._steps < self.horizon:
            following[:, self._steps] = 1.0
        return np.concatenate([self._values, following, self._noise], axis=1).astype(np.float32)
