"""The base of the adapters that make a task environment out of any other environment."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from ..spaces import Dimension, TaskSpace

_STREAM = 0x7A5C
"""Sets the tasks' random numbers apart from those the environment draws from the same seed."""


class TaskWrapper(gym.Wrapper, RecordConstructorArgs):
    """Gives an environment a task space: base class of `TaskAttributes`, `TaskFunction` and `TaskRebuild`.

    ``reset(options={"task": task})`` plays a task, given as a row of shape ``(d,)`` or as a dict by name;
    without one, a task is drawn uniformly, with a generator that follows from the seed of ``reset``. Other
    options are passed on. The info dict of the reset has ``"task"``. A subclass writes ``_apply(task)``,
    called before the environment resets.

    Args:
        env: The environment.
        task_space: Its tasks.
        success_threshold: If given, ``info["is_success"]`` of the last step of an episode tells whether the
            sum of rewards reached it; else it is whatever the environment says.

    Attributes:
        task_space: The tasks.
        task: The task being played, shape ``(d,)``; None before the first reset.

    Raises:
        TypeError: ``task_space`` is no `TaskSpace`.
        ValueError: The environment has a task space already.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage import TaskSpace
        >>> from tutelage.wrappers import TaskWrapper
        >>> class Wind(TaskWrapper):
        ...     '''Pushes the cart of CartPole.'''
        ...
        ...     def _apply(self, task):
        ...         self.wind = task["wind"]
        >>> env = Wind(gym.make("CartPole-v1"), TaskSpace(wind=(0.0, 1.0)))
        >>> env.reset(options={"task": {"wind": 0.5}})[1]["task"]
        array([0.5])
    """

    ends_no_episode: ClassVar[bool] = True
    """Whether its ``step`` leaves the ends of episodes to the environment inside, see `episode_gate.sees_every_end`."""

    _replaces_env: ClassVar[bool] = False
    """Whether the wrapped environment is another one from task to task."""

    def __init__(self, env: gym.Env, task_space: TaskSpace, *, success_threshold: float | None = None) -> None:
        if not isinstance(task_space, TaskSpace):
            raise TypeError(
                f"{type(self).__name__} expects a tutelage.TaskSpace, got {type(task_space).__name__}. "
                "TaskSpace.from_gym() converts a Gymnasium space."
            )
        RecordConstructorArgs.__init__(self, task_space=task_space, success_threshold=success_threshold)
        gym.Wrapper.__init__(self, env)
        if env.has_wrapper_attr("task_space"):
            raise ValueError(
                f"{env} has a task space already, {env.get_wrapper_attr('task_space')}; a second one would leave the "
                "first to chance. Put all dimensions into one."
            )
        self.task_space = task_space
        self.success_threshold = success_threshold
        if success_threshold is None and type(self).step is TaskWrapper.step and not self._replaces_env:
            self.step = env.step  # type: ignore[method-assign]  # nothing to add, once per step
        self.task: NDArray[np.float64] | None = None
        self._rng: np.random.Generator | None = None
        self._return = 0.0
        self._discrete = bool(task_space.discrete.any())
        self._names = (task_space.names, [_converter(dimension) for dimension in task_space])

    @abstractmethod
    def _apply(self, task: dict[str, Any]) -> None:
        """Make the next ``reset`` of the environment begin this task.

        Args:
            task: Values by name: floats, ints or categories.
        """

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: Passed on; the tasks drawn from here on follow from it, too.
            options: ``{"task": row or dict}``, and whatever the environment itself takes.

        Returns:
            The first observation and the info dict, with ``"task"``.

        Raises:
            ValueError: A task outside the space, of another shape or with unknown names.
        """
        if seed is not None:
            self._rng = np.random.default_rng([seed, _STREAM])
        given = options.get("task") if options else None
        if given is None:
            row = self.task_space.sample(1, self._generator())[0]
        elif isinstance(given, dict):
            row = self.task_space.from_dict(given)
        else:
            row = self._row(given)
        if options is not None:
            options = {name: value for name, value in options.items() if name != "task"} or None
        self._apply({name: convert(value) for name, convert, value in zip(*self._names, row.tolist(), strict=True)})
        self.task = row
        self._return = 0.0
        observation, info = self.env.reset(seed=self._seed_for_reset(seed), options=options)
        info["task"] = row.copy()
        return observation, info

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment; with a ``success_threshold``, judge the episode at its end."""
        if self.success_threshold is None:
            return self.env.step(action)
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._return += float(reward)
        if terminated or truncated:
            info["is_success"] = self._return >= self.success_threshold
        return observation, reward, terminated, truncated, info

    def _row(self, given: Any) -> NDArray[np.float64]:
        space = self.task_space
        if isinstance(given, np.ndarray) and given.dtype == np.float64 and given.shape == (space.n_dims,):
            inside = (given >= space.low) & (given <= space.high)
            if not self._discrete and np.count_nonzero(inside) == len(inside):
                return given.copy()
        row = space.validate(given)
        if row.ndim != 1:
            raise ValueError(f"Expected one task of shape ({space.n_dims},), got {row.shape}.")
        return row

    def _seed_for_reset(self, seed: int | None) -> int | None:
        return seed

    def _generator(self) -> np.random.Generator:
        if self._rng is None:
            self._rng = np.random.default_rng([int(self.env.np_random.integers(2**63)), _STREAM])
        return self._rng


def _converter(dimension: Dimension) -> Callable[[float], Any]:
    """Return what turns a value of a valid row into a float, an int or a category."""
    if dimension.kind == "continuous":
        return float
    if dimension.kind == "integer":
        return int
    return lambda value: dimension.categories[int(value)]
