"""A number that was computed from several runs, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A statistic with its interval.

    Attributes:
        value: The statistic of all runs.
        low: Lower end of the interval; None where one run leaves nothing to tell how much runs differ.
        high: Upper end, or None.
        runs: Runs on each task.
        level: Of the interval.

    Example:
        >>> print(f"{Estimate(31.24, 28.0, 34.91, runs=20):.1f}")
        31.2 [28.0, 34.9]
        >>> print(f"{Estimate(31.24, None, None, runs=1):.1f}")
        31.2 (1 run: no interval)
    """

    value: float
    low: float | None
    high: float | None
    runs: int
    level: float = 0.95

    def __format__(self, spec: str) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:{spec}} ({self.runs} run{'s' * (self.runs != 1)}: no interval)"
        return f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"

    def __str__(self) -> str:
        return format(self, ".4g")

    def excludes(self, value: float) -> bool:
        """Tell whether there is an interval and a value lies outside it.

        Example:
            >>> Estimate(0.8, 0.6, 0.9, runs=5).excludes(0.5), Estimate(0.8, None, None, runs=1).excludes(0.5)
            (True, False)
        """
        return self.low is not None and self.high is not None and not self.low <= value <= self.high


def clear_winner(estimates: Mapping[str, Estimate], *, lowest: bool = False) -> str | None:
    """Return the name whose interval lies beyond all others'; None where there is no such one.

    Intervals that do not overlap are more than a test would ask for: without a winner there may still be a difference.

    Args:
        estimates: By name. One without an interval cannot win, and nobody wins against it.
        lowest: The lowest wins, e.g. an optimality gap.

    Example:
        >>> one, two = Estimate(9.0, 8.0, 10.0, runs=5), Estimate(7.0, 6.0, 7.9, runs=5)
        >>> clear_winner({"a": one, "b": two}), clear_winner({"a": one, "b": two}, lowest=True)
        ('a', 'b')
        >>> clear_winner({"a": one, "b": Estimate(7.0, 6.0, 8.1, runs=5)}) is None
        True
    """
    ends: dict[str, tuple[float, float]] = {}
    for name, each in estimates.items():
        if each.low is None or each.high is None:
            return None
        ends[name] = (-each.high, -each.low) if lowest else (each.low, each.high)
    if len(ends) < 2:
        return None
    best = max(ends, key=lambda name: ends[name][0])
    return best if all(high < ends[best][0] for name, (_, high) in ends.items() if name != best) else None
