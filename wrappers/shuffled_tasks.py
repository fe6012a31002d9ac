"""A rugged task space: intervals of each dimension change places."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import ArrayLike, NDArray

from ..spaces import TaskSpace
from ..task_options import chosen_task

N_INTERVALS = 4
"""TeachMyAgent's."""

_TASKS, _ORDER = 0x7A5D, 0x7A5E
"""Set the random numbers apart from those the environment draws from the same seed."""


class ShuffledTasks(gym.Wrapper, RecordConstructorArgs):
    """Cuts each continuous dimension of the task space into intervals and shuffles them.

    Source: Romac et al. (2021), TeachMyAgent, the challenge of the rugged difficulty. The space looks the same from
    outside, and every task of it stands for one of the environment: difficulty is no longer smooth.

    Args:
        env: A task environment.
        seed: Of the order of the intervals.
        n_intervals: Into how many each continuous dimension is cut, at least 2.

    Attributes:
        task_space: The tasks, those of the environment.
        order: Where each interval lies in the environment, shape ``(d, n_intervals)``.

    Raises:
        TypeError: The environment has no task space.
        ValueError: No continuous dimension, or fewer than two intervals.

    Example:
        >>> import tutelage.envs
        >>> env = ShuffledTasks(gym.make("tutelage/StumpTracks-v0"), seed=1)
        >>> env.order.tolist()
        [[1, 2, 0, 3], [2, 0, 1, 3]]
        >>> env.inside([1.0, 0.5]).round(9).tolist()  # the second interval of the heights is the third, [1.5, 2.25]
        [1.75, 3.5]
    """

    def __init__(self, env: gym.Env, seed: int = 0, n_intervals: int = N_INTERVALS) -> None:
        RecordConstructorArgs.__init__(self, seed=seed, n_intervals=n_intervals)
        gym.Wrapper.__init__(self, env)
        space = env.get_wrapper_attr("task_space") if env.has_wrapper_attr("task_space") else None
        if not isinstance(space, TaskSpace):
            raise TypeError(f"ShuffledTasks needs an environment with a tutelage.TaskSpace, and {env} has none.")
        self._shuffled = np.array([dim.kind == "continuous" and dim.high > dim.low for dim in space.dimensions])
        if not self._shuffled.any():
            raise ValueError(f"ShuffledTasks needs a continuous dimension, and {space} has none.")
        if isinstance(n_intervals, bool) or not isinstance(n_intervals, (int, np.integer)) or n_intervals < 2:
            raise ValueError(f"n_intervals must be a whole number of at least 2, got {n_intervals!r}.")
        self.task_space = space
        rng = np.random.default_rng([seed, _ORDER])
        self.order: NDArray[np.int64] = np.array([rng.permutation(n_intervals) for _ in range(space.n_dims)])
        self._rng = np.random.default_rng([seed, _TASKS])

    def inside(self, task: ArrayLike) -> NDArray[np.float64]:
        """Return the task of the environment that a task stands for, shape ``(d,)``."""
        row = np.asarray(task, dtype=np.float64)
        low, high = self.task_space.low, self.task_space.high
        n = self.order.shape[1]
        unit = (row - low) / np.where(high > low, high - low, 1.0) * n
        part = np.clip(np.floor(unit), 0, n - 1).astype(np.int64)
        place = self.order[np.arange(len(row)), part] + (unit - part)
        moved: NDArray[np.float64] = np.where(self._shuffled, np.clip(low + place / n * (high - low), low, high), row)
        return moved

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin the task that the one in the options stands for, or one that is drawn uniformly.

        Raises:
            ValueError: A task outside the space or of another shape.
        """
        if seed is not None:
            self._rng = np.random.default_rng([seed, _TASKS])
        row = chosen_task((options or {}).get("task"), self.task_space, self._rng)
        observation, info = self.env.reset(seed=seed, options={**(options or {}), "task": self.inside(row)})
        return observation, {**info, "task": row}
