"""A student at whose frontier any teacher can be expected to be, and a measure of how much of a run was spent there."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from tutelage import Outcomes, Tasks, TaskSpace, Teacher
from tutelage.teachers.expert_knowledge import ExpertKnowledge

SPACE = TaskSpace(height=(0.0, 3.0), slope=(-2.0, 2.0))

_CELLS = 30
_POINTS = SPACE.from_unit((np.stack(np.indices((_CELLS, _CELLS)), -1).reshape(-1, 2) + 0.5) / _CELLS)
"""Where densities are looked at."""

_BATCH = 10
_LOOKS = 8
"""How often a density is looked at in the second half of a run."""

_START, _WAY = 0.2, 0.6
_WIDTH = 0.04
_AHEAD = 0.1
_NOISE = 0.03
_STEPS = 50


class AdaptationStudent:
    """A student that succeeds by chance at its frontier, a strip across the space, and pushes that on by practice.

    One of the two dimensions is the difficulty, which grows from one of its ends. Which one and from which end depends
    on the seed: over any four seeds in a row no region of the space is at the frontier more than its mirror images.

    The chance of success p falls from 1 to 0 around the reach, which begins at 0.2 of the range. *The frontier at this
    moment* is where p lies between 0.1 and 0.9, a strip 0.18 of the range wide around the reach. An episode there that
    is to be learned from moves the reach outwards, any other teaches nothing. If all were, the reach would end at 0.8:
    there is a frontier at all times.

    An episode returns p plus a little noise, and is a success with the chance p. Its signals are 4 p (1 − p) plus
    noise, but for estimates of the value, which are near p, and for the returns of two students: those of the
    protagonist are this student's, and those of the antagonist what this student would get if its reach were 0.1 more.

    Args:
        seed: Of its luck and of its direction.
        episodes: How many it will play.
    """

    def __init__(self, seed: int, episodes: int) -> None:
        self.reach = _START
        self._rng = np.random.default_rng([seed, 0xADA])
        self._dimension, self._from_the_high_end = seed % 2, seed // 2 % 2 == 1
        self._pace = _WAY / episodes

    @property
    def expert(self) -> ExpertKnowledge:
        """What a human would know: where it is easy and where it is hard, and which returns are bad and good."""
        easy, hard = np.full(2, 0.5), np.full(2, 0.5)
        easy[self._dimension], hard[self._dimension] = (0.9, 0.1) if self._from_the_high_end else (0.1, 0.9)
        return ExpertKnowledge(
            initial_mean=SPACE.from_unit(easy),
            target_mean=SPACE.from_unit(hard),
            bad_return=0.1,
            good_return=0.5,
            success_above=0.5,
        )

    def chance(self, tasks: np.ndarray, ahead: float = 0.0) -> np.ndarray:
        """The chance of success at this moment, or with a reach that much larger, of tasks of shape (n, 2)."""
        place = SPACE.to_unit(tasks)[:, self._dimension]
        difficulty = 1.0 - place if self._from_the_high_end else place
        return 1.0 / (1.0 + np.exp((difficulty - self.reach - ahead) / _WIDTH))

    def at_frontier(self, tasks: np.ndarray) -> np.ndarray:
        """Whether tasks of shape (n, 2) are at the frontier at this moment."""
        return np.abs(self.chance(tasks) - 0.5) < 0.4

    @property
    def frontier_share(self) -> float:
        """The share of uniform tasks that are at the frontier at this moment."""
        half = _WIDTH * math.log(9.0)
        return min(1.0, self.reach + half) - max(0.0, self.reach - half)

    def play(self, tasks: Tasks, needs: Iterable[str] = ()) -> Outcomes:
        """Play a batch of tasks and return the outcomes, with the signals in use and any others in ``needs``."""
        n, p = len(tasks), self.chance(tasks.values)
        success = (self._rng.random(n) < p).astype(float)
        loss = np.maximum(4.0 * p * (1.0 - p) + 0.1 * self._rng.standard_normal(n), 0.0)
        names = {"positive_value_loss", "l1_value_loss", "one_step_td_error", "policy_gradient_norm"}
        names |= {"negative_advantage", "transition_error", *needs} - {"success", "truncated", "warmup"}
        signals = dict.fromkeys(sorted(names), loss)
        signals["initial_value"] = np.clip(p + 0.1 * self._rng.standard_normal(n), 0.0, 1.0)
        signals["mean_value"] = success - loss
        for who, ahead in (("protagonist", 0.0), ("antagonist", _AHEAD)):
            if any(name.startswith(who) for name in names):
                column = self.chance(tasks.values, ahead) + _NOISE * self._rng.standard_normal(n)
                signals |= {f"{who}_mean_return": column, f"{who}_max_return": column, f"{who}_episodes": np.ones(n)}
                signals[f"{who}_mean_value"] = column - loss
        self.reach += self._pace * np.count_nonzero(self.at_frontier(tasks.values) & tasks.train)
        return Outcomes(
            tasks=tasks.values,
            ids=tasks.ids,
            returns=p + _NOISE * self._rng.standard_normal(n),
            lengths=np.full(n, _STEPS),
            success=success,
            signals=signals,
        )


@dataclass(frozen=True)
class Adaptation:
    """How much of the second half of a run was at the frontier, relative to uniform tasks, for which both are 1.

    Attributes:
        tasks: Mean over the tasks handed out to be learned from, each compared with the frontier when it was handed
            out; 0 if there were none.
        density: Mean of the density over the frontier, relative to its mean over the space, at eight moments; None if
            the teacher had none at any of them.
    """

    tasks: float
    density: float | None


def measure_adaptation(teacher: Teacher, student: AdaptationStudent, episodes: int) -> Adaptation:
    """Let the teacher teach the student, ten tasks at a time, and measure the second half of it."""
    n_batches = episodes // _BATCH
    half, every = n_batches // 2, n_batches // (2 * _LOOKS)
    on_tasks: list[float] = []
    on_density: list[float] = []
    for i in range(n_batches):
        tasks = teacher.sample(_BATCH)
        if i >= half:
            there = student.at_frontier(tasks.values)[tasks.train]
            on_tasks += (there / student.frontier_share).tolist()
            density = teacher.density(_POINTS) if i % every == 0 else None
            if density is not None:
                on_density.append(density[student.at_frontier(_POINTS)].mean() / density.mean())
        teacher.update(student.play(tasks, teacher.needs))
    return Adaptation(float(np.mean(on_tasks)) if on_tasks else 0.0, float(np.mean(on_density)) if on_density else None)
