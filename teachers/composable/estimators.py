"""What is known of each arm of a bandit: moving averages, windows, and counts of successes.

An estimator learns from rounds of episodes, so that the order of the episodes within a round does not matter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...specs import build_part
from ..hyperparameters import real, whole
from ..state_checks import finite_array

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Estimator(ABC):
    """One number for each of K arms.

    Attributes:
        can_decay: Whether arms without an episode in a round can lose what was known of them.
        rates_only: Whether values must lie between 0 and 1.
    """

    can_decay: ClassVar[bool] = False
    rates_only: ClassVar[bool] = False

    @abstractmethod
    def start(self, n_arms: int) -> None:
        """Begin with arms of which nothing is known."""

    @abstractmethod
    def update(self, arms: IntArray, values: FloatArray, *, decay: bool = False) -> None:
        """Learn from a round: the value of each episode, and of which arm it was; any number, also none of an arm.

        Args:
            arms: Shape ``(m,)``.
            values: Shape ``(m,)``.
            decay: Arms without an episode in the round go on towards 0.
        """

    @property
    @abstractmethod
    def estimates(self) -> FloatArray:
        """Shape ``(K,)``."""

    @abstractmethod
    def get_state(self) -> dict[str, Any]:
        """Return what is known as plain data."""

    @abstractmethod
    def set_state(self, state: Mapping[str, Any], n_arms: int) -> None:
        """Take over what `get_state` returned, or raise a ValueError and change nothing."""


class EMA(Estimator):
    """An exponential moving average of the rounds' means: Q ← (1 − α) Q + α r̄ (SEC).

    Args:
        lr: α, above 0 and at most 1.
        initial: Q before the first round.

    Example:
        >>> average = EMA(0.5)
        >>> average.start(2)
        >>> average.update(np.array([0, 0]), np.array([0.1, 0.3]))
        >>> average.estimates.tolist()
        [0.1, 0.0]
    """

    can_decay = True

    def __init__(self, lr: float = 0.5, initial: float = 0.0) -> None:
        self.lr, self.initial = real("lr of ema", lr), real("initial of ema", initial)
        if not 0.0 < self.lr <= 1.0:
            raise ValueError(f"lr of ema must lie above 0 and not above 1, got {lr}.")
        if not np.isfinite(self.initial):
            raise ValueError(f"initial of ema must be finite, got {initial}.")

    def start(self, n_arms: int) -> None:
        """Begin with arms of which nothing is known."""
        self._q = np.full(n_arms, self.initial)

    def update(self, arms: IntArray, values: FloatArray, *, decay: bool = False) -> None:
        """Learn from a round."""
        counts = np.bincount(arms, minlength=len(self._q))
        means = np.bincount(arms, values, minlength=len(self._q)) / np.maximum(counts, 1)
        moved = (1.0 - self.lr) * self._q + self.lr * means  # facts of SEC: TD(0) without a next state
        self._q = moved if decay else np.where(counts > 0, moved, self._q)

    @property
    def estimates(self) -> FloatArray:
        """Return the estimates, shape ``(K,)``."""
        return self._q

    def get_state(self) -> dict[str, Any]:
        """Return what is known as plain data."""
        return {"q": self._q.copy()}

    def set_state(self, state: Mapping[str, Any], n_arms: int) -> None:
        """Take over what `get_state` returned."""
        self._q = finite_array(state, "q", (n_arms,))


class Window(Estimator):
    """The mean of the latest episodes of each arm (DUMP); 0 before the first.

    Args:
        size: How many of each.

    Example:
        >>> window = Window(2)
        >>> window.start(1)
        >>> window.update(np.array([0, 0, 0]), np.array([9.0, 1.0, 2.0]))
        >>> window.estimates.tolist()
        [1.5]
    """

    def __init__(self, size: int = 300) -> None:
        self.size = whole("size of window", size, 1)

    def start(self, n_arms: int) -> None:
        """Begin with arms of which nothing is known."""
        self._values, self._seen = np.zeros((n_arms, self.size)), np.zeros(n_arms, dtype=np.int64)
        self._means = np.zeros(n_arms)

    def update(self, arms: IntArray, values: FloatArray, *, decay: bool = False) -> None:
        """Learn from a round."""
        for arm in np.unique(arms):
            new = values[arms == arm]
            places = (self._seen[arm] + np.arange(len(new))) % self.size
            self._values[arm, places[-self.size :]] = new[-self.size :]
            self._seen[arm] += len(new)
            self._means[arm] = self._mean(arm)

    def _mean(self, arm: int) -> float:
        known = self._values[arm, : min(int(self._seen[arm]), self.size)]
        return float((known / len(known)).sum()) if len(known) else 0.0

    @property
    def estimates(self) -> FloatArray:
        """Return the estimates, shape ``(K,)``."""
        return self._means

    def get_state(self) -> dict[str, Any]:
        """Return what is known as plain data."""
        return {"values": self._values.copy(), "seen": self._seen.copy()}

    def set_state(self, state: Mapping[str, Any], n_arms: int) -> None:
        """Take over what `get_state` returned."""
        values = finite_array(state, "values", (n_arms, self.size))
        seen = finite_array(state, "seen", (n_arms,), np.int64, low=0)
        self._values, self._seen = values, seen
        self._means = np.array([self._mean(arm) for arm in range(n_arms)])


class Beta(Estimator):
    """The mean of a Beta posterior of the chance of success, (s + a) / (s + f + a + b) (CurES).

    Args:
        a: Successes before the first episode, above 0.
        b: Failures before it, above 0.
        discount: What earlier successes and failures count after each round, above 0 and at most 1. A student learns:
            with 1 the first failures count for ever.

    Example:
        >>> beta = Beta()
        >>> beta.start(2)
        >>> beta.update(np.array([0, 0, 0, 0]), np.array([1.0, 1.0, 0.0, 0.0]))
        >>> beta.estimates.tolist()
        [0.5, 0.5]
    """

    rates_only = True

    def __init__(self, a: float = 1.0, b: float = 1.0, discount: float = 1.0) -> None:
        self.a, self.b, self.discount = (
            real(f"{name} of beta", value) for name, value in (("a", a), ("b", b), ("discount", discount))
        )
        if not (0.0 < self.a < np.inf and 0.0 < self.b < np.inf):
            raise ValueError(f"a and b of beta must be finite and above 0, got {a} and {b}.")
        if not 0.0 < self.discount <= 1.0:
            raise ValueError(f"discount of beta must lie above 0 and not above 1, got {discount}.")

    def start(self, n_arms: int) -> None:
        """Begin with arms of which nothing is known."""
        self._successes, self._failures = np.zeros(n_arms), np.zeros(n_arms)

    def update(self, arms: IntArray, values: FloatArray, *, decay: bool = False) -> None:
        """Learn from a round."""
        k = len(self._successes)
        self._successes = self.discount * self._successes + np.bincount(arms, values, minlength=k)
        self._failures = self.discount * self._failures + np.bincount(arms, 1.0 - values, minlength=k)

    @property
    def estimates(self) -> FloatArray:
        """Return the estimates, shape ``(K,)``."""
        s, f = self._successes, self._failures
        return (s + self.a) / (s + f + self.a + self.b)

    def get_state(self) -> dict[str, Any]:
        """Return what is known as plain data."""
        return {"successes": self._successes.copy(), "failures": self._failures.copy()}

    def set_state(self, state: Mapping[str, Any], n_arms: int) -> None:
        """Take over what `get_state` returned."""
        successes, failures = (finite_array(state, name, (n_arms,), low=0.0) for name in ("successes", "failures"))
        self._successes, self._failures = successes, failures


ESTIMATORS: dict[str, type[Estimator]] = {"ema": EMA, "window": Window, "beta": Beta}
"""By name."""


def estimator_of(spec: Any) -> Estimator:
    """Return the estimator that plain data stands for, or a given one.

    Example:
        >>> estimator_of("beta(discount=0.9)").discount
        0.9
    """
    if isinstance(spec, Estimator):
        return spec
    return build_part("estimator", spec, ESTIMATORS)  # type: ignore[no-any-return]
