"""A logger that writes into another one's rows, under names of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stable_baselines3.common.logger import Logger


class PrefixedLogger(Logger):
    """Records what a second student logs in the first one's log, with a prefix.

    Args:
        prefix: Comes before each name, with a slash.
        target: Returns the logger to write to.

    Example:
        >>> log = Logger(None, [])
        >>> PrefixedLogger("antagonist", lambda: log).record("train/loss", 0.5)
        >>> dict(log.name_to_value)
        {'antagonist/train/loss': 0.5}
    """

    def __init__(self, prefix: str, target: Callable[[], Logger]) -> None:
        super().__init__(None, [])
        self._prefix, self._target = prefix, target

    def record(self, key: str, value: Any, exclude: Any = None) -> None:
        """Record a value in the other log."""
        self._target().record(f"{self._prefix}/{key}", value, exclude)

    def record_mean(self, key: str, value: float | None, exclude: Any = None) -> None:
        """Record a value to be averaged in the other log."""
        self._target().record_mean(f"{self._prefix}/{key}", value, exclude)

    def dump(self, step: int = 0) -> None:
        """Do nothing: rows are written by the other log."""
