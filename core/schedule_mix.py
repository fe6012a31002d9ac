"""Schedules of weights, for mixtures of teachers and of rewards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .schedule import Schedule, check_finite, share_of

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class InterpolateMix(Schedule):
    """Weights that move from ``first`` before ``low`` to ``last`` after ``high`` (RMT).

    Args:
        first: Weights at the beginning, at least 0, not all 0; they are made to sum to 1.
        last: Weights at the end, as many.
        low: Until when the first weights hold.
        high: From when the last ones do.

    Raises:
        ValueError: Weights of different numbers, negative or all 0, or places the wrong way round.

    Example:
        >>> mix = InterpolateMix([0.6, 0.3, 0.1], [0.1, 0.3, 0.6], 0.3, 0.7)
        >>> [mix(x).round(2).tolist() for x in (0.2, 0.5, 0.8)]
        [[0.6, 0.3, 0.1], [0.35, 0.3, 0.35], [0.1, 0.3, 0.6]]
    """

    first: tuple[float, ...]
    last: tuple[float, ...]
    low: float = 0.0
    high: float = 1.0
    name = "interpolate_mix"

    def __post_init__(self) -> None:
        check_finite("InterpolateMix", low=self.low, high=self.high)
        if self.high <= self.low:
            raise ValueError(f"InterpolateMix: high must be above low, got {self.high} and {self.low}.")
        for name in ("first", "last"):
            object.__setattr__(self, name, normalised_weights(name, getattr(self, name)))
        if len(self.first) != len(self.last):
            raise ValueError(f"InterpolateMix: first has {len(self.first)} weights, last has {len(self.last)}.")

    def _at(self, t: float) -> FloatArray:
        share = share_of(t, self.low, self.high - self.low)
        return (1.0 - share) * np.array(self.first) + share * np.array(self.last)


def normalised_weights(name: str, weights: Sequence[float]) -> tuple[float, ...]:
    """Return weights that sum to 1.

    Raises:
        ValueError: No weights, or some that are negative, not finite or all 0.

    Example:
        >>> normalised_weights("weights", [1, 3])
        (0.25, 0.75)
    """
    try:
        given = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, got {weights!r}.") from error
    if given.ndim != 1 or not len(given) or not np.isfinite(given).all() or given.min() < 0.0 or given.sum() <= 0.0:
        raise ValueError(f"{name} must be numbers of at least 0 that are not all 0, got {weights!r}.")
    return tuple((given / given.max() / (given / given.max()).sum()).tolist())
