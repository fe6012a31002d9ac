"""The running standard deviation by which regrets are divided where returns have no natural scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..state_checks import counter, number

FloatArray = NDArray[np.float64]

_SMALLEST = 1e-8
"""Numbers that vary less are divided by 1."""

_LARGEST = 1e150
"""Numbers are cut off there, so that their squares are finite."""


class RunningScale:
    """The standard deviation of all numbers seen so far; no mean is subtracted, so that 0 stays 0.

    Numbers are taken in one after the other (Welford's algorithm), so that it makes no difference in how many parts
    they come.

    Example:
        >>> scale = RunningScale()
        >>> scale.update([1.0, 3.0])
        >>> scale.std, scale.divide([4.0]).tolist()
        (1.0, [4.0])
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean = 0.0
        self._squares = 0.0  # sum of the squared deviations

    @property
    def std(self) -> float:
        """The standard deviation; 1 before there are two different numbers."""
        std = math.sqrt(self._squares / self._count) if self._count > 1 else 0.0
        return std if std > _SMALLEST else 1.0

    def update(self, values: ArrayLike) -> None:
        """Take numbers into account.

        Args:
            values: Finite, shape ``(n,)``.
        """
        for value in np.clip(np.asarray(values, dtype=np.float64), -_LARGEST, _LARGEST).tolist():
            self._count += 1
            deviation = value - self._mean
            self._mean += deviation / self._count
            self._squares = min(self._squares + deviation * (value - self._mean), 1e305)

    def divide(self, values: ArrayLike) -> FloatArray:
        """Return numbers divided by the standard deviation so far, shape ``(n,)``."""
        result: FloatArray = np.asarray(values, dtype=np.float64) / self.std
        return result

    def state_dict(self) -> dict[str, Any]:
        """Return its state as plain data."""
        return {"count": self._count, "mean": self._mean, "squares": self._squares}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where `state_dict` was called.

        Raises:
            ValueError: A damaged state; nothing has changed.
        """
        count = counter(state, "count")
        mean = number(state, "mean", low=-_LARGEST, high=_LARGEST)
        self._squares = number(state, "squares", low=0.0)
        self._count, self._mean = count, mean
