"""Teachers that do not adapt but look as if they did, and one that does, to check the check of adaptation with."""

from __future__ import annotations

import numpy as np
from tutelage import Teacher

_MEMORY = 100
_SPREAD = 0.05


class Lazy(Teacher):
    """Hands out uniform tasks for ever, and counts."""

    def __init__(self, task_space, *, seed=None, expert=None):
        super().__init__(task_space, seed=seed)
        self.expert = expert
        self.count = 0

    def _sample(self, n):
        return self.task_space.sample(n, self.rng)

    def _update(self, outcomes):
        self.count += len(outcomes)
        self.rng.random(len(outcomes))

    def metrics(self):
        return {**super().metrics(), "updates": float(self.count)}


class LazyWithDensity(Lazy):
    """Uniform too, with a density that changes at the first update, by a thousandth."""

    def density(self, tasks):
        unit = self.task_space.to_unit(np.atleast_2d(tasks))
        return np.ones(len(unit)) if self.count == 0 else 1.0 + 2e-3 * (unit[:, 0] - 0.5)


class Stuck(Lazy):
    """Stays for ever where an expert would begin."""

    def _sample(self, n):
        mean, std = self.expert.initial(self.task_space)
        return self.task_space.clip(mean + std * self.rng.standard_normal((n, len(mean))))


class Untrained(Lazy):
    """Has no tasks that are to be learned from."""

    def _sample(self, n):
        return self.task_space.sample(n, self.rng), np.zeros(n, dtype=bool)


class Simple(Lazy):
    """Adapts: varies those of the latest 100 tasks whose return was neither low nor high. It has no density."""

    def __init__(self, task_space, *, seed=None, expert=None):
        super().__init__(task_space, seed=seed, expert=expert)
        self.tasks, self.returns = np.empty((0, task_space.n_dims)), np.empty(0)

    @property
    def medium(self):
        return self.task_space.to_unit(self.tasks[np.abs(self.returns - 0.5) < 0.35])

    def _sample(self, n):
        tasks, medium = super()._sample(n), self.medium
        if len(medium) == 0:
            return tasks
        near = medium[self.rng.integers(len(medium), size=n)] + _SPREAD * self.rng.standard_normal((n, medium.shape[1]))
        return np.where(self.rng.random((n, 1)) < 0.2, tasks, self.task_space.from_unit(near))

    def _update(self, outcomes):
        self.tasks = np.concatenate([self.tasks, outcomes.tasks])[-_MEMORY:]
        self.returns = np.concatenate([self.returns, outcomes.returns])[-_MEMORY:]


class SimpleWithUniformDensity(Simple):
    """Adapts, but says that it does not."""

    def density(self, tasks):
        return np.ones(len(np.atleast_2d(tasks)))


class Boaster(Simple):
    """Knows where the frontier is and has it as its density, but hands out uniform tasks."""

    def _sample(self, n):
        return self.task_space.sample(n, self.rng)

    def density(self, tasks):
        unit, medium = self.task_space.to_unit(np.atleast_2d(tasks)), self.medium
        if len(medium) == 0:
            return None
        squares = ((unit[:, None] - medium) ** 2).sum(-1) / _SPREAD**2
        return np.exp(-0.5 * squares).mean(1) / (2.0 * np.pi * _SPREAD**2)
