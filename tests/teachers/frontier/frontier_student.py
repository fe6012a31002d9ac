"""A student that learns outwards from the easy end of the first dimension."""

import numpy as np
from tutelage import Outcomes

_CELLS = 20


class FrontierStudent:
    """A competence for each of 20 intervals of the first unit coordinate; an episode returns 100 times it.

    An interval is learned if it is among the first three or the one before it is mastered by half.
    """

    def __init__(self, space):
        self.space = space
        self.competence = np.zeros(_CELLS)

    def play(self, tasks):
        returns = np.empty(len(tasks))
        for i, x in enumerate(self.space.to_unit(tasks)[:, 0]):
            cell = min(int(x * _CELLS), _CELLS - 1)
            returns[i] = 100.0 * self.competence[cell]
            if self.learnable()[cell]:
                self.competence[cell] = min(1.0, self.competence[cell] + 0.05)
        return returns

    def learnable(self):
        """Which intervals an episode would improve, shape (20,)."""
        reachable = np.concatenate([[True], self.competence[:-1] > 0.5]) | (np.arange(_CELLS) < 3)
        return reachable & (self.competence < 1.0)


def teach(teacher, student, episodes, batch=5):
    """Let the student play; return for each batch the share of its tasks that were learnable, and that by chance."""
    shares, chance = [], []
    for _ in range(episodes // batch):
        tasks = teacher.sample(batch)
        learnable = student.learnable()
        cells = np.minimum((student.space.to_unit(tasks.values)[:, 0] * _CELLS).astype(int), _CELLS - 1)
        shares.append(learnable[cells].mean())
        chance.append(learnable.mean())
        teacher.update(
            Outcomes(tasks=tasks.values, ids=tasks.ids, returns=student.play(tasks.values), lengths=np.full(batch, 10))
        )
    return np.array(shares), np.array(chance)


def answer(teacher, value, n=1, batch=None):
    """Let a student that always returns ``value`` play ``n`` episodes, ``batch`` at a time; return the tasks."""
    played = []
    for size in [n] if batch == n else [batch or 1] * (n // (batch or 1)):
        tasks = teacher.sample(size)
        played.append(tasks.values)
        teacher.update(
            Outcomes(tasks=tasks.values, ids=tasks.ids, returns=np.full(size, float(value)), lengths=np.ones(size))
        )
    return np.concatenate(played)


def foreign(tasks, returns):
    """Outcomes of another run."""
    tasks = np.asarray(tasks, float)
    n = len(tasks)
    return Outcomes(tasks=tasks, ids=np.full(n, -1), returns=np.broadcast_to(returns, n), lengths=np.ones(n))
