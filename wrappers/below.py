"""When hints are given: only to a student that does badly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..schedule import check_finite


@dataclass(frozen=True)
class Below:
    """Gives hints while the share of successes of the last episodes is below a threshold.

    On tasks that the student masters, hints can hurt (AdaptMI). ``Below(1 / n, window=n)`` gives them after n failures
    in a row (EGSR). Before a whole window has been played there are none. Episodes with hints count like others: where
    hints make the student succeed they stop, and come back if it cannot do without.

    Args:
        threshold: The share, above 0 and at most 1.
        window: How many episodes are looked at, at least 1.
        per_task: Whether the episodes of each task are looked at apart. This is for tasks that come back, and needs
            them to be chosen from outside; the last 10,000 tasks are remembered.

    Raises:
        TypeError: A threshold that is no number, or a window that is no whole number.
        ValueError: One of them out of range.

    Example:
        >>> gate = Below(0.3, window=4)
        >>> gate([True, False, False, False]), gate([True, True, False, False]), gate([False])
        (True, False, False)
    """

    threshold: float
    window: int = 20
    per_task: bool = False

    def __post_init__(self) -> None:
        check_finite("Below", threshold=self.threshold)
        if not 0.0 < self.threshold <= 1.0:
            raise ValueError(f"Below: threshold must be above 0 and at most 1, got {self.threshold}.")
        if isinstance(self.window, bool) or not isinstance(self.window, int):
            raise TypeError(f"Below: window must be a whole number, got {self.window!r}.")
        if self.window < 1:
            raise ValueError(f"Below: window must be at least 1, got {self.window}.")

    def __call__(self, successes: Sequence[bool]) -> bool:
        """Tell whether hints are given.

        Args:
            successes: Whether the last episodes succeeded, at most ``window`` of them.
        """
        return len(successes) >= self.window and sum(successes) < self.threshold * len(successes)
