"""A teacher that stays near what the student could do lately."""

from __future__ import annotations

import numpy as np
import tutelage


class NearSuccess(tutelage.Teacher):
    """Hands out tasks near those of the latest successes, and a share of uniform ones.

    Args:
        task_space: The tasks.
        seed: Of its random numbers.
        spread: Standard deviation around a success, as a share of the range of each dimension.
        remembered: How many successes it remembers.
        uniform: Share of uniform tasks.
    """

    needs = frozenset({"success"})

    def __init__(self, task_space, *, seed=None, spread=0.1, remembered=100, uniform=0.2):
        super().__init__(task_space, seed=seed)
        if not (spread > 0.0 and remembered >= 1 and 0.0 <= uniform <= 1.0):
            raise ValueError("Expected spread above 0, remembered of at least 1 and uniform between 0 and 1.")
        self.spread, self.remembered, self.uniform = spread, remembered, uniform
        self.successes = np.empty((0, task_space.n_dims))

    def _sample(self, n):
        tasks = self.task_space.sample(n, self.rng)
        near = np.flatnonzero(self.rng.random(n) >= self.uniform)
        if len(self.successes) and len(near):
            chosen = self.rng.integers(len(self.successes), size=len(near))
            unit = self.task_space.to_unit(self.successes[chosen])
            tasks[near] = self.task_space.from_unit(np.clip(self.rng.normal(unit, self.spread), 0.0, 1.0))
        return tasks

    def _update(self, outcomes):
        solved = outcomes.tasks[outcomes.success == 1.0]
        self.successes = np.concatenate([self.successes, solved])[-self.remembered :]
