"""Returns and lengths of episodes, counted alike for every kind of vector environment."""

from __future__ import annotations

import time
from typing import Any, SupportsFloat

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs


class EpisodeCounter(gym.Wrapper, RecordConstructorArgs):
    """Writes ``info["episode"]`` at the end of an episode, as Stable-Baselines3's Monitor does.

    Gymnasium's ``RecordEpisodeStatistics`` sums rewards in their own type, so that a teacher would be told other
    returns, and choose other tasks, than with a Monitor where rewards are float32; and it refuses an environment that
    has statistics already, which are replaced here.

    Args:
        env: The environment.

    Example:
        >>> env = EpisodeCounter(gym.make("CartPole-v1", max_episode_steps=3))
        >>> _ = env.reset(seed=0)
        >>> [env.step(0)[-1].get("episode", {}).get("r") for _ in range(3)]
        [None, None, 3.0]
    """

    def __init__(self, env: gym.Env) -> None:
        RecordConstructorArgs.__init__(self)
        gym.Wrapper.__init__(self, env)
        self._return, self._length, self._since = 0.0, 0, time.time()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        self._return, self._length = 0.0, 0
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment and count."""
        result = self.env.step(action)
        self._return += float(result[1])
        self._length += 1
        if result[2] or result[3]:
            elapsed = round(time.time() - self._since, 6)
            result[4]["episode"] = {"r": round(self._return, 6), "l": self._length, "t": elapsed}
        return result
