"""A trolley on a rail that has to stop at a mark while the wind blows against it."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import tutelage

_LIMIT = 100


class Trolley(gym.Env):
    """Push left, not at all or right; the episode is won when the trolley stands at the mark.

    The task is how far away the mark is and how strong the wind blows; above a wind of 1 nobody gets there.
    """

    task_space = tutelage.TaskSpace(distance=(0.5, 6.0), wind=(0.0, 1.2))
    observation_space = gym.spaces.Box(-50.0, 50.0, (3,), np.float32)
    action_space = gym.spaces.Discrete(3)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin the task in the options, or one drawn uniformly."""
        super().reset(seed=seed)
        task = (options or {}).get("task")
        row = self.task_space.sample(1, self.np_random)[0] if task is None else self.task_space.validate(task)
        self.distance, self.wind = row.tolist()
        self.position, self.speed, self.time = float(self.np_random.uniform(-0.1, 0.1)), 0.0, 0
        return self._observe(), {"task": row}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Push for a tenth of a second."""
        before = abs(self.distance - self.position)
        self.speed = float(np.clip(self.speed + 0.1 * (int(action) - 1 - self.wind), -5.0, 5.0))
        self.position = float(np.clip(self.position + 0.1 * self.speed, -20.0, 20.0))
        self.time += 1
        after = abs(self.distance - self.position)
        won = after < 0.2 and abs(self.speed) < 0.4
        late = self.time >= _LIMIT and not won
        return self._observe(), before - after - 0.01 + 2.0 * won, won, late, {"is_success": won}

    def _observe(self) -> np.ndarray:
        return np.array([self.distance - self.position, self.speed, self.wind], dtype=np.float32)
