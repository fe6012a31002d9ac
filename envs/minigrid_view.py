"""MiniGrid's environments as students and teachers of this library read them."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from minigrid.core.constants import OBJECT_TO_IDX
from minigrid.minigrid_env import MiniGridEnv

from ..spaces import TaskSpace
from ..task_options import chosen_task

_STREAM = 0x3E1D
"""Sets the layouts that are drawn apart from what is drawn within one."""


class MiniGridView(gym.Wrapper, RecordConstructorArgs):
    """A MiniGrid environment whose observations and infos are those of this library's mazes.

    * The observation is a Dict of ``image``, a Box from 0 to 10 of shape ``(size, size, 3)``, and ``direction``. The
      mission is left out. MiniGrid's own Box goes up to 255, which Stable-Baselines3 takes for a picture.
    * Every step has ``info["is_success"]``: whether it ended the episode with a reward.
    * A step that solves the task in the last moment is not also ``truncated``.
    * With ``layouts`` it has a task space of one dimension, ``layout``: task k is the layout that MiniGrid draws after
      ``reset(seed=k)``. Layouts that come back are what lets a language model's answers be used again.

    Args:
        env: A MiniGrid environment.
        layouts: The seeds of the layouts, e.g. ``range(1000)``; None for any, without a task space.

    Attributes:
        task_space: The layouts, if they are limited.

    Raises:
        TypeError: Another environment, or layouts that are no range.
        ValueError: Layouts that are not at least one whole number from 0 on in steps of one.

    Example:
        >>> import gymnasium as gym
        >>> import minigrid
        >>> env = MiniGridView(gym.make("MiniGrid-MultiRoom-N2-S4-v0"), layouts=range(1000))
        >>> observation, info = env.reset(options={"task": {"layout": 7}})
        >>> sorted(observation), info
        (['direction', 'image'], {'task': array([7.])})
    """

    def __init__(self, env: gym.Env, *, layouts: range | None = None) -> None:
        RecordConstructorArgs.__init__(self, layouts=layouts)
        gym.Wrapper.__init__(self, env)
        if not isinstance(env.unwrapped, MiniGridEnv):
            raise TypeError(f"MiniGridView expects a MiniGrid environment, got {env.unwrapped}.")
        self._layouts = layouts
        self._rng: np.random.Generator | None = None
        if layouts is not None:
            if not isinstance(layouts, range):
                raise TypeError(f"Expected layouts as a range of seeds, e.g. range(1000), got {layouts!r}.")
            if not layouts or layouts.step != 1 or layouts.start < 0:
                raise ValueError(f"Expected layouts as seeds from 0 on, in steps of one, got {layouts!r}.")
            self.task_space = TaskSpace(layout=layouts)
        shape = env.observation_space["image"].shape  # type: ignore[index]
        self.observation_space = spaces.Dict(
            image=spaces.Box(0, max(OBJECT_TO_IDX.values()), shape, np.uint8), direction=spaces.Discrete(4)
        )

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: MiniGrid's seed; with ``layouts``, of which one is drawn.
            options: With ``layouts``, ``{"task": row or dict}`` chooses one. The rest is passed on.

        Returns:
            The first observation and the info dict, with ``"task"`` if there are ``layouts``.

        Raises:
            ValueError: A task outside of the task space.
        """
        if self._layouts is None:
            observation, info = self.env.reset(seed=seed, options=options)
            return _seen(observation), info
        if seed is not None:
            self._rng = np.random.default_rng([seed, _STREAM])
        if self._rng is None:
            self._rng = np.random.default_rng()
        row = chosen_task((options or {}).get("task"), self.task_space, self._rng)
        options = {name: value for name, value in (options or {}).items() if name != "task"} or None
        observation, info = self.env.reset(seed=int(row[0]), options=options)
        return _seen(observation), {**info, "task": row}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Step the environment."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        info["is_success"] = bool(terminated and float(reward) > 0.0)
        return _seen(observation), float(reward), terminated, truncated and not terminated, info


def _seen(observation: Any) -> dict[str, Any]:
    return {"image": observation["image"], "direction": observation["direction"]}
