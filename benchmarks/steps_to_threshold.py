"""How many steps teachers need until their students reach a score, runs that never do included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .bootstrap import RESAMPLES
from .statistics import steps_to_threshold


@dataclass(frozen=True)
class StepsToThreshold:
    """The median over runs of the steps to a score.

    Runs that never reach it are censored: they count as slower than all others. Where half of them or more are, there
    is no median.

    Attributes:
        median: Steps; inf where there is no median.
        low: Lower end of its 95 % bootstrap interval; None where one run leaves nothing to tell how much runs differ.
        high: Upper end; inf where it lies beyond the budget, or None.
        reached: Runs that reached the score.
        runs: All runs.

    Example:
        >>> curves = [[0, 30, 60], [0, 60, 70], [0, 10, 20]]
        >>> print(StepsToThreshold.of([0, 1000, 2000], curves, 50))
        2,000 [1,000, –] (2 of 3 runs)
        >>> print(StepsToThreshold.of([0, 1000, 2000], curves, 65))
        – (1 of 3 runs)
    """

    median: float
    low: float | None
    high: float | None
    reached: int
    runs: int

    @classmethod
    def of(
        cls, points: ArrayLike, scores: ArrayLike, threshold: float, *, resamples: int = RESAMPLES, seed: int = 0
    ) -> StepsToThreshold:
        """Find the first evaluation of each run at which its score was at the threshold.

        Args:
            points: Steps or episodes at the evaluations, increasing, shape ``(m,)``.
            scores: Of one task, shape ``(n_runs, m)``.
            threshold: In the unit of the scores.
            resamples: Of the interval.
            seed: Of the resampling.

        Raises:
            ValueError: Points that do not increase or do not fit the scores, or a score that is not finite.
        """
        steps = steps_to_threshold(points, scores, threshold)
        if steps.ndim != 1:
            raise ValueError(f"Expected scores of one task, shape (n_runs, m), got {np.shape(scores)}.")
        median, reached, n = float(np.median(steps)), int(np.isfinite(steps).sum()), len(steps)
        if n < 2:
            return cls(median, None, None, reached, n)
        drawn = np.random.default_rng(seed).integers(n, size=(resamples, n))
        medians = np.median(steps[drawn], axis=1)
        # What is inf cannot be interpolated: the ends are medians that occur.
        low, high = np.quantile(medians, [0.025, 0.975], method="inverted_cdf")
        return cls(median, float(low), float(high), reached, n)

    def __str__(self) -> str:
        counts = f"({self.reached} of {self.runs} run{'s' * (self.runs != 1)})"
        if not np.isfinite(self.median):
            return f"– {counts}"
        if self.low is None or self.high is None:
            return f"{self.median:,.0f} {counts}, no interval"
        high = f"{self.high:,.0f}" if np.isfinite(self.high) else "–"
        return f"{self.median:,.0f} [{self.low:,.0f}, {high}] {counts}"
