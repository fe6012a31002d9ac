"""How fast a curriculum over a pool of tasks goes on: by a schedule, by accuracy, or by ability."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...schedules import Schedule, schedule_of
from ...specs import build_part
from ..hyperparameters import real, whole
from ..state_checks import counter, finite_array, number


class AccuracyPaced:
    """A centre that moves forward with accuracy (GAIN-RL).

    μ ← μ + clip(n tanh(α (accuracy − β)) + n tanh(α · extra), 0, cap).

    Args:
        n: The largest push in ranks; below 1 it is a share of the pool.
        alpha: How sharply it depends on the accuracy.
        beta: The accuracy from which on it moves.
        extra: A push that does not depend on it, in the units of the accuracy.
        cap: The largest move, like n.
        patience: Rounds in a row without a single success after which the centre moves on by ``cap`` all the same, from
            the end to the beginning, so that impossible tasks do not hold it up for ever; None for never.

    Example:
        >>> pacing = AccuracyPaced(n=500, extra=0.03, cap=1000)
        >>> [round(pacing.shift(accuracy, 10_000), 3) for accuracy in (0.8, 0.5, 0.2)]
        [298.489, 29.964, 0.0]
    """

    def __init__(
        self,
        n: float = 0.05,
        alpha: float = 2.0,
        beta: float = 0.5,
        extra: float = 0.0,
        cap: float = 0.1,
        patience: int | None = 4,
    ) -> None:
        given = {"n": n, "alpha": alpha, "beta": beta, "extra": extra, "cap": cap}
        self.n, self.alpha, self.beta, self.extra, self.cap = (
            real(f"{name} of accuracy", value) for name, value in given.items()
        )
        if not all(np.isfinite(value) for value in given.values()) or min(self.n, self.alpha, self.cap) <= 0.0:
            raise ValueError(f"accuracy expects finite numbers, and n, alpha and cap above 0, got {given}.")
        self.patience = None if patience is None else whole("patience of accuracy", patience, 1)
        self.centre, self.failed = 0.0, 0

    def shift(self, accuracy: float, pool: int) -> float:
        """Return by how many ranks the centre moves on, at least 0."""
        n, cap = self._ranks(self.n, pool), self._ranks(self.cap, pool)
        push = n * math.tanh(self.alpha * (accuracy - self.beta)) + n * math.tanh(self.alpha * self.extra)
        return min(max(push, 0.0), cap)

    def learn(self, accuracy: float, pool: int) -> None:
        """Move on after a round."""
        self.failed = self.failed + 1 if accuracy == 0.0 else 0
        if self.failed == self.patience:
            self.failed = 0
            self.centre = 0.0 if self.centre >= pool - 1.0 else self.centre + self._ranks(self.cap, pool)
        self.centre = min(self.centre + self.shift(accuracy, pool), pool - 1.0)

    @staticmethod
    def _ranks(value: float, pool: int) -> float:
        return value if value >= 1.0 else value * pool

    def get_state(self) -> dict[str, Any]:
        """Return plain data."""
        return {"centre": self.centre, "failed": self.failed}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `get_state` returned."""
        centre, failed = number(state, "centre", low=0.0), counter(state, "failed")
        self.centre, self.failed = centre, failed


class IRTAbility:
    """The student's ability by item response theory, from its latest answers (PUDF).

    Args:
        target_p: Tasks are open that it solves with at least this chance.
        stall_bump: What is added to the ability for each two rounds in which it has not changed.
        answers: How many of the latest answers are used.

    Example:
        >>> pacing = IRTAbility(target_p=0.5)
        >>> pacing.learn(np.array([1.0, 1.0, 1.0, 0.0, 0.0]), np.array([-2.0, -1.0, 0.0, 1.0, 2.0]))
        >>> round(pacing.ability, 4)
        0.27
    """

    _STILL = 1e-3

    def __init__(self, target_p: float = 0.5, stall_bump: float = 0.1, answers: int = 200) -> None:
        self.target_p, self.stall_bump = real("target_p of ability", target_p), real("stall_bump", stall_bump)
        if not 0.0 < self.target_p < 1.0:
            raise ValueError(f"target_p of ability must lie between 0 and 1, got {target_p}.")
        if not (np.isfinite(self.stall_bump) and self.stall_bump >= 0.0):
            raise ValueError(f"stall_bump of ability must be finite and at least 0, got {stall_bump}.")
        self.answers = whole("answers of ability", answers, 1)
        self.estimate, self.bump, self.still = 0.0, 0.0, 0
        self._correct, self._difficulties = np.empty(0), np.empty(0)

    @property
    def ability(self) -> float:
        """θ̂, with what was added because it stood still."""
        return self.estimate + self.bump

    def learn(self, correct: np.ndarray[Any, np.dtype[np.float64]], difficulties: Any) -> None:
        """Estimate the ability anew after a round of answers."""
        from .item_response import ability

        self._correct = np.concatenate([self._correct, correct])[-self.answers :]
        self._difficulties = np.concatenate([self._difficulties, difficulties])[-self.answers :]
        before, self.estimate = self.estimate, ability(self._correct, self._difficulties)
        if abs(self.estimate - before) > self._STILL:
            self.bump, self.still = 0.0, 0
        else:
            self.still += 1
            if self.still % 2 == 0:
                self.bump += self.stall_bump

    def get_state(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "estimate": self.estimate,
            "bump": self.bump,
            "still": self.still,
            "correct": self._correct.copy(),
            "difficulties": self._difficulties.copy(),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `get_state` returned."""
        estimate, bump, still = number(state, "estimate"), number(state, "bump", low=0.0), counter(state, "still")
        correct = finite_array(state, "correct", (None,), low=0.0, high=1.0)
        self._difficulties = finite_array(state, "difficulties", (len(correct),))
        self.estimate, self.bump, self.still, self._correct = estimate, bump, still, correct


Pacing = Schedule | AccuracyPaced | IRTAbility
_KINDS = {"accuracy": AccuracyPaced, "ability": IRTAbility}


def pacing_of(spec: Any) -> Pacing:
    """Return the pacing that plain data stands for: ``accuracy(…)``, ``ability(…)``, or a schedule.

    Example:
        >>> pacing_of("ability(0.6)").target_p, pacing_of("competence(0.1)")(1.0)
        (0.6, 1.0)
    """
    if isinstance(spec, (AccuracyPaced, IRTAbility)):
        return spec
    name = spec if isinstance(spec, str) else next(iter(spec)) if isinstance(spec, Mapping) and spec else ""
    if str(name).partition("(")[0].strip() in _KINDS:
        return build_part("pacing", spec, _KINDS)  # type: ignore[no-any-return]
    return schedule_of(spec)


def rising_weights(easiness: Any, t: float, m: int) -> Any:
    """Return the weights of tasks in iteration t: d + (t/m)(1 − d) until m, then 1 (re-ranking curricula).

    Example:
        >>> [round(rising_weights(0.2, t, 10), 2) for t in (0, 5, 10, 99)]
        [0.2, 0.6, 1.0, 1.0]
    """
    return easiness + min(1.0, t / m) * (1.0 - easiness)
