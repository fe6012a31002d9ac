"""Success by return, for environments that do not tell."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs


class SuccessAbove(gym.Wrapper, RecordConstructorArgs):
    """Adds ``info["is_success"]`` to the last step of an episode where the environment has none.

    Args:
        env: The environment.
        threshold: The return above which an episode is a success.

    Example:
        >>> env = SuccessAbove(gym.make("CartPole-v1", max_episode_steps=2), threshold=1.5)
        >>> _ = env.reset(seed=0)
        >>> _ = env.step(0)
        >>> env.step(0)[4]["is_success"]
        True
    """

    def __init__(self, env: gym.Env, threshold: float) -> None:
        RecordConstructorArgs.__init__(self, threshold=threshold)
        gym.Wrapper.__init__(self, env)
        self.threshold = threshold
        self._return = 0.0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        self._return = 0.0
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment, and judge the episode at its end."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._return += float(reward)
        if (terminated or truncated) and "is_success" not in info:
            info["is_success"] = self._return > self.threshold
        return observation, reward, terminated, truncated, info
