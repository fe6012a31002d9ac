"""The toy student of Portelas et al. 2019 on a grid of ten by ten cells, reduced to what a test needs."""

import numpy as np
from tutelage import Outcomes, TaskSpace

SPACE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))


class ToyGrid:
    """A competence of 0 to 100 per cell, which an episode in it raises by 1 if a lower neighbour has 75."""

    def __init__(self):
        self.competence = np.zeros((10, 10), dtype=int)

    def learnable(self, i, j):
        below = self.competence[max(i - 1, 0) : i + 1, max(j - 1, 0) : j + 1]
        return (i == 0 and j == 0) or below.ravel()[:-1].max(initial=self.competence[i, j] * (i * j == 0)) >= 75

    def play(self, task):
        i, j = np.minimum((task * 10).astype(int), 9)
        if self.learnable(i, j):
            self.competence[i, j] = min(100, self.competence[i, j] + 1)
        return self.competence[i, j] / 100.0

    @property
    def mastered(self):
        """Share of cells above 75."""
        return (self.competence > 75).mean()

    @property
    def frontier(self):
        """Cells (10, 10) that the student can learn and has not learned yet."""
        able = np.array([[self.learnable(i, j) for j in range(10)] for i in range(10)])
        return able & (self.competence < 100)

    def train(self, teacher, episodes):
        """Play one task after the other; returns the tasks."""
        played = np.empty((episodes, 2))
        for e in range(episodes):
            tasks = teacher.sample()
            played[e] = tasks.values[0]
            returns = [self.play(tasks.values[0])]
            teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=[1]))
        return played

    def density_at_the_frontier(self, teacher):
        """Mean density of a teacher over the frontier's cells, relative to uniform."""
        fine = (np.arange(50) + 0.5) / 50
        grid = np.stack(np.meshgrid(fine, fine, indexing="ij"), -1).reshape(-1, 2)
        return teacher.density(grid).reshape(10, 5, 10, 5).mean(axis=(1, 3))[self.frontier].mean()
