"""A student that succeeds on the left of its frontier and by chance around it; its signals are known functions."""

from __future__ import annotations

import numpy as np
from tutelage import Outcomes

_WIDTH = 0.05


class RegretStudent:
    """Succeeds at x with a chance that falls from 1 to 0 around the frontier.

    Its positive value loss and all other signals are 4 p (1 − p), plus noise.

    Args:
        seed: Of its luck.
        frontier: Where the chance is one half.
        pace: How far the frontier moves to the right for an episode at a level whose outcome is open.
    """

    def __init__(self, seed=0, frontier=0.3, pace=0.0, noise=0.1):
        self.rng = np.random.default_rng(seed)
        self.frontier, self.pace, self.noise = frontier, pace, noise

    def chance(self, tasks):
        return 1.0 / (1.0 + np.exp(np.clip((tasks[:, 0] - self.frontier) / _WIDTH, -50.0, 50.0)))

    def is_open(self, tasks):
        """Whether it may succeed or fail; a share of 0.22 of a uniform x where the frontier is far from the ends."""
        return np.abs(self.chance(tasks) - 0.5) < 0.4

    def play(self, tasks):
        """Play a batch of tasks and return the outcomes."""
        n, p = len(tasks), self.chance(tasks.values)
        success = (self.rng.random(n) < p).astype(float)
        loss = np.maximum(4.0 * p * (1.0 - p) + self.noise * self.rng.standard_normal(n), 0.0)
        names = ("positive_value_loss", "l1_value_loss", "one_step_td_error", "policy_gradient_norm")
        signals = dict.fromkeys((*names, "negative_advantage", "transition_error"), loss)
        signals["mean_value"] = success - loss
        self.frontier += self.pace * np.count_nonzero(self.is_open(tasks.values) & tasks.train)
        return Outcomes(
            tasks=tasks.values, ids=tasks.ids, returns=success, lengths=np.full(n, 10), success=success, signals=signals
        )


def teach(teacher, student, episodes, batch=5):
    """Let the student play; returns the tasks, whether each was open then, and whether it was to be learned from."""
    tasks, is_open, train = [], [], []
    for _ in range(episodes // batch):
        handed_out = teacher.sample(batch)
        tasks.append(handed_out.values)
        is_open.append(student.is_open(handed_out.values))
        train.append(handed_out.train)
        teacher.update(student.play(handed_out))
    return np.concatenate(tasks), np.concatenate(is_open), np.concatenate(train)


def surely_above(values, bound):
    """Whether the mean of independent values is above a bound by four standard errors."""
    values = np.asarray(values)
    return values.mean() - 4.0 * values.std(ddof=1) / np.sqrt(len(values)) > bound
