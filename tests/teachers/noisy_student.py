"""A student that is capable on the left of the task space and succeeds by chance in between."""

from __future__ import annotations

import numpy as np


def chance(tasks):
    """The chance of success, which falls from 1 to 0 around x = 0.3."""
    return 1.0 / (1.0 + np.exp((tasks[:, 0] - 0.3) / 0.05))


def is_medium(tasks):
    """Whether the outcome of each task is open."""
    return (chance(tasks) > 0.1) & (chance(tasks) < 0.9)


def capable_on_the_left(seed):
    """Return the student, a function from tasks to success (1 or 0)."""
    rng = np.random.default_rng(seed)
    return lambda tasks: (rng.random(len(tasks)) < chance(tasks)).astype(float)
