"""A curve that was computed from several runs, and how sure each of its points is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Band:
    """A curve with an interval at each point: pointwise, so that now and then one of many leaves its interval.

    Attributes:
        middle: The statistic of all runs, shape ``(m,)``.
        low: Lower ends, shape ``(m,)``; None where one run leaves nothing to tell how much runs differ.
        high: Upper ends, or None.
        runs: Runs on each task.

    Example:
        >>> Band(np.array([0.0, 5.0]), None, None, runs=1).low is None
        True
    """

    middle: FloatArray
    low: FloatArray | None
    high: FloatArray | None
    runs: int
