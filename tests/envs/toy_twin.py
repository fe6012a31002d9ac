"""The toy student in plain Python, written from its definition: a twin of the kernel."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np

MASK = 2**64 - 1


def cell_of(coordinate: float, n: int) -> int:
    """The largest k with k/n (as float64) not above the coordinate; the right edge belongs to the last bin."""
    return max(k for k in range(n) if k / n <= coordinate)


def shuffled_cell(coordinate: float, n: int, order) -> int:
    """The cell of a coordinate in a dimension whose quarters are shuffled, in exact arithmetic."""
    if n % 4 == 0:
        part, rest = divmod(cell_of(coordinate, n), n // 4)
        return int(order[part]) * (n // 4) + rest
    part = min(int(Fraction(coordinate) * 4), 3)
    place = (int(order[part]) + Fraction(coordinate) * 4 - part) / 4
    last = -(-n * (int(order[part]) + 1) // 4) - 1
    return min(int(place * n), last)


def chance(seed: int, episode: int) -> float:
    """SplitMix64 as a number in [0, 1)."""
    z = (seed + (episode + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return ((z ^ (z >> 31)) >> 11) / 2**53


class ToyTwin:
    """Plays like a `ToyStudent`, whose layout it copies."""

    def __init__(self, student):
        self.config, self.student = student.config, student
        self.competence = np.zeros(student.config.shape, dtype=int)
        self.n_episodes = 0

    def index_of(self, task):
        n, easy = self.config.n_cells, self.config.trivial
        task = [max(0.0, (task[0] - easy) / (1.0 - easy)), *task[1:]]
        if len(self.student.shuffle):
            pairs = zip(task[: self.config.n_dims], self.student.shuffle, strict=True)
            index = [shuffled_cell(u, n, order) for u, order in pairs]
        else:
            index = [cell_of(u, n) for u in task[: self.config.n_dims]]
        for _ in range(self.student.rotation):
            index = [n - 1 - index[1], index[0]]
        return tuple(index)

    def neighbours(self, index):
        n, d = self.config.n_cells, self.config.n_dims
        if self.config.unlock == "adjacent":
            for axis, step in itertools.product(range(d), (-1, 1)):
                other = list(index)
                other[axis] += step
                if 0 <= other[axis] < n:
                    yield tuple(other)
        else:
            for subset in itertools.product((0, 1), repeat=d):
                if any(subset):
                    yield tuple(max(0, i - s) for i, s in zip(index, subset, strict=True))

    def play_one(self, task):
        index = self.index_of(task)
        every = self.config.forget_every
        if every and self.n_episodes and self.n_episodes % every == 0:
            self.competence[:] = 0
        self.n_episodes += 1
        kind = self.student.kinds[index]
        if kind == 1:
            return 0.0
        if kind == 2:
            return chance(int(self.student._noise_seed), self.n_episodes - 1)
        if index == self.student.start or any(self.competence[other] >= 75 for other in self.neighbours(index)):
            self.competence[index] = min(100, self.competence[index] + 1)
        return self.competence[index] / 100

    def play(self, tasks):
        return np.array([self.play_one(task) for task in tasks])
