"""One copy of an `ArrayGame` as a Gymnasium environment."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from ..spaces import TaskSpace
from ..task_options import chosen_task
from .array_game import ArrayGame

if TYPE_CHECKING:
    from .game_vec_env import GameVecEnv

_ONLY = np.zeros(1, dtype=np.int64)


class GameEnv(gym.Env[NDArray[np.float32], Any]):
    """A Gymnasium environment that plays one copy of a game.

    A subclass makes the game of its arguments (`make_game`).

    Args:
        game: The game, of one copy.
        render_mode: ``None`` or ``"rgb_array"``.

    Attributes:
        task_space: The tasks.
        game: The game.

    Raises:
        ValueError: An unknown render mode.

    Example:
        >>> from tutelage.envs import NParity
        >>> env = NParity(n_max=4)
        >>> isinstance(env, GameEnv), env.task_space
        (True, TaskSpace(n=range(2, 5)))
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 4}  # noqa: RUF012

    def __init__(self, game: ArrayGame, render_mode: str | None) -> None:
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"Expected render_mode None or 'rgb_array', got {render_mode!r}.")
        self.game = game
        self.task_space: TaskSpace = game.task_space
        self.observation_space: Any = game.observation_space
        self.action_space = game.action_space
        self.render_mode = render_mode
        self._task: NDArray[np.float64] | None = None
        self._ended = False

    @classmethod
    @abstractmethod
    def make_game(cls, n: int, **arguments: Any) -> ArrayGame:
        """Return the game for n copies.

        Args:
            n: How many.
            **arguments: The arguments of the environment, but for ``render_mode``.

        Raises:
            TypeError: An unknown argument, or one of another type.
            ValueError: An argument out of range.
        """

    @classmethod
    def vec_env(
        cls,
        n_envs: int,
        seed: int | None = None,
        *,
        autoreset: bool = True,
        render_mode: str | None = None,
        **arguments: Any,
    ) -> GameVecEnv:
        """Make a batch of environments that behave like this one, a vector environment of Stable-Baselines3.

        Args:
            n_envs: How many.
            seed: Of all chance in the batch.
            autoreset: See `tutelage.envs.GameVecEnv`.
            render_mode: ``None`` or ``"rgb_array"``.
            **arguments: The arguments of this class.

        Raises:
            TypeError: An unknown argument, or one of another type.
            ValueError: An argument out of range.
        """
        from .game_vec_env import GameVecEnv

        known = list(inspect.signature(cls).parameters)
        for name in arguments:
            if name not in known:
                raise TypeError(f"{cls.__name__} takes no argument {name!r}; it takes {', '.join(known)}.")
        make = partial(cls.make_game, **arguments)
        return GameVecEnv(make, n_envs, seed=seed, autoreset=autoreset, render_mode=render_mode)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Start an episode.

        Args:
            seed: Restarts the environment's random numbers.
            options: ``{"task": …}`` with a row of shape ``(d,)`` or a dict from names to values; without it the task
                is drawn uniformly. Other keys are ignored.

        Returns:
            The observation, and an info with the float64 row ``"task"``.

        Raises:
            ValueError: A task outside the task space, with a NaN or of a wrong shape.
        """
        super().reset(seed=seed)
        task = chosen_task((options or {}).get("task"), self.task_space, self.np_random)
        self.game.begin(_ONLY, task[None], self.np_random)
        self._task, self._ended = task, False
        return self.game.observe(_ONLY)[0], {"task": task.copy()}

    def step(self, action: Any) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Take a step.

        Args:
            action: A member of the action space.

        Returns:
            The observation, the reward, whether the episode ended, whether time ran out, and an info with
            ``"is_success"``.

        Raises:
            ResetNeeded: Before `reset`, or after the end of the episode.
            ValueError: No such action.
        """
        if self._task is None or self._ended:
            raise ResetNeeded("Call reset() before step(): there is no episode under way.")
        if not self.action_space.contains(action):
            raise ValueError(f"Expected an action of {self.action_space}, got {action!r}.")
        step = self.game.step(np.array([action], dtype=np.int64))
        terminated, truncated = bool(step.terminated[0]), bool(step.truncated[0])
        self._ended = terminated or truncated
        info: dict[str, Any] = {"is_success": bool(step.success[0])}
        if self._ended:
            info.update(self.game.describe(0))
        return self.game.observe(_ONLY)[0], float(step.rewards[0]), terminated, truncated, info

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """Return a picture of the episode, shape ``(height, width, 3)``."""
        if self.render_mode is None:
            gym.logger.warn('render() does nothing without render_mode="rgb_array".')
            return None
        if self._task is None:
            raise ResetNeeded("Call reset() before render().")
        return self.game.picture(0)
