"""A student of arithmetic with learnable, noisy and impossible arms, and how long a teacher takes to teach it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tutelage import Outcomes, TaskSpace, Teacher

LEARNABLE, NOISY, IMPOSSIBLE = "learnable", "noisy", "impossible"
_MASTERED = 0.9


class ArmStudent:
    """One skill θ, with which it succeeds at an arm of difficulty b with the chance σ(k (θ − b)).

    An episode of a learnable arm raises θ in proportion to p (1 − p): a task that is solved always or never teaches
    nothing. A noisy arm is a coin toss and an impossible one is never solved; neither teaches anything. It teaches best
    where p is near ½ by construction, and so favours teachers that look for that.

    Args:
        learnable: Difficulties of the learnable arms.
        noisy: How many arms are coin tosses.
        impossible: How many are never solved.
        steepness: k.
        rate: How much θ grows with an episode of p (1 − p) = 1.

    Attributes:
        task_space: The number of the arm: first the learnable ones, then the noisy, then the impossible.
        kinds: The kind of each arm.
        n_episodes: Episodes played since the last `reset`.
    """

    def __init__(self, learnable=(0.0, 1.0, 2.0, 3.0, 4.0), *, noisy=0, impossible=0, steepness=3.0, rate=0.06):
        self.difficulties = np.array(learnable, dtype=float)
        self.kinds = [LEARNABLE] * len(learnable) + [NOISY] * noisy + [IMPOSSIBLE] * impossible
        self.task_space = TaskSpace(arm=range(len(self.kinds)))
        self.steepness, self.rate = steepness, rate
        self.reset(0)

    def reset(self, seed=None):
        """Begin anew; None goes on with the same luck."""
        if seed is not None:
            self._rng = np.random.default_rng([seed, 0xA23])
        self.skill, self.n_episodes = float(self.difficulties.min()), 0

    def chances(self):
        """The chance of success of each arm, shape (K,)."""
        p = 1.0 / (1.0 + np.exp(-self.steepness * (self.skill - self.difficulties)))
        rest = [0.5 if kind == NOISY else 0.0 for kind in self.kinds[len(p) :]]
        return np.concatenate([p, rest])

    def play(self, tasks):
        """Play one episode of each task, shape (n, 1), in order; returns 1 for a success and 0 otherwise."""
        arms = np.asarray(tasks)[:, 0].astype(int)
        returns = np.empty(len(arms))
        for i, arm in enumerate(arms):
            p = self.chances()[arm]
            returns[i] = float(self._rng.random() < p)
            if self.kinds[arm] == LEARNABLE:
                self.skill += self.rate * p * (1.0 - p)
        self.n_episodes += len(arms)
        return returns

    def score(self):
        """How many percent of the learnable arms are mastered, with p ≥ 0.9."""
        return 100.0 * float((self.chances()[: len(self.difficulties)] >= _MASTERED).mean())

    def signals(self, tasks, success, names=()):
        """What a student would tell that compares the episodes of an arm within a batch: |y − ȳ| / √(ȳ (1 − ȳ)).

        It is 0 where all or none of them were solved, as for any group-relative advantage.
        """
        arms = np.asarray(tasks)[:, 0].astype(int)
        counts = np.maximum(np.bincount(arms, minlength=len(self.kinds)), 1)
        mean = (np.bincount(arms, success, minlength=len(self.kinds)) / counts)[arms]
        spread = np.sqrt(mean * (1.0 - mean))
        advantage = np.divide(np.abs(success - mean), spread, out=np.zeros(len(arms)), where=spread > 0.0)
        return dict.fromkeys(names, advantage)


@dataclass(frozen=True)
class Lesson:
    """How long it took until all learnable arms were mastered, at most the cap, and the share of each arm."""

    updates: int
    shares: np.ndarray

    def share_of(self, student, kind):
        return float(self.shares[[each == kind for each in student.kinds]].sum())


def teach(teacher: Teacher, student: ArmStudent, seed: int, *, batch: int = 16, cap: int = 400) -> Lesson:
    """Let a teacher teach a student, one batch of episodes an update, until everything is mastered."""
    student.reset(seed)
    counts = np.zeros(len(student.kinds))
    columns = sorted(set(teacher.needs) - {"success"})
    updates = 0
    while updates < cap and student.score() < 100.0:
        updates += 1
        tasks = teacher.sample(batch)
        success = student.play(tasks.values)
        signals = student.signals(tasks.values, success, columns)
        counts += np.bincount(tasks.values[:, 0].astype(int), minlength=len(counts))
        teacher.update(
            Outcomes(
                tasks=tasks.values,
                ids=tasks.ids,
                returns=success,
                lengths=np.full(batch, 10),
                success=success,
                signals=signals,
            )
        )
    return Lesson(updates, counts / counts.sum())
