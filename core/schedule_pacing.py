"""Schedules of the share of tasks that are open, for curricula from easy to hard."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .schedule import LARGEST_EXPONENT, Schedule, check_finite, check_positive, share_of


@dataclass(frozen=True)
class Competence(Schedule):
    """Share of the tasks that are open, growing with the root or linearly: the competence of curricula by difficulty.

    ``root``: √(x (1 − c₀²) + c₀²), ``linear``: x (1 − c₀) + c₀, at most 1.

    Args:
        start: c₀, the share at the beginning, between 0 and 1.
        shape: ``"root"`` or ``"linear"``.
        duration: When everything is open.

    Example:
        >>> [round(Competence(0.01)(x), 4) for x in (0, 0.1, 0.5, 1)]
        [0.01, 0.3164, 0.7071, 1.0]
    """

    start: float = 0.01
    shape: str = "root"
    duration: float = 1.0
    name = "competence"

    def __post_init__(self) -> None:
        check_finite("Competence", start=self.start)
        check_positive("Competence", "duration", self.duration)
        if not 0.0 <= self.start <= 1.0:
            raise ValueError(f"Competence: start must lie between 0 and 1, got {self.start}.")
        if self.shape not in ("root", "linear"):
            raise ValueError(f"Competence: shape must be 'root' or 'linear', got {self.shape!r}.")

    def _at(self, t: float) -> float:
        x, c = share_of(t, 0.0, self.duration), self.start
        return min(1.0, math.sqrt(x * (1.0 - c * c) + c * c) if self.shape == "root" else x * (1.0 - c) + c)


@dataclass(frozen=True)
class Pacing(Schedule):
    """Share of the tasks that are open, easiest first, in one of the shapes that CLIMB compares.

    With u the progress from ``begin`` to ``end``: ``linear`` u, ``quad`` u², ``root`` √u, ``step`` 0 until u = 1,
    ``exp`` (e^{cu} − 1) / (e^c − 1), ``log`` 1 + ln(u + e^{−c}) / c; the share is least + (1 − least) times that.

    Args:
        shape: One of these names.
        begin: Until when only the ``least`` share is open.
        end: From when everything is.
        least: The share at the beginning.
        c: How bent ``exp`` and ``log`` are.

    Example:
        >>> [round(Pacing("log")(x), 4) for x in (0, 0.1, 0.25, 0.5, 0.875)]
        [0.1, 0.7233, 0.868, 0.9443, 1.0]
    """

    shape: str = "linear"
    begin: float = 0.0625
    end: float = 0.875
    least: float = 0.1
    c: float = 10.0
    name = "pacing"

    def __post_init__(self) -> None:
        check_finite("Pacing", begin=self.begin, end=self.end, least=self.least)
        check_positive("Pacing", "c", self.c)
        if self.c > LARGEST_EXPONENT:
            raise ValueError(f"Pacing: c must be at most {LARGEST_EXPONENT:g}, got {self.c}.")
        if self.shape not in ("linear", "quad", "root", "step", "exp", "log"):
            raise ValueError(f"Pacing: shape must be linear, quad, root, step, exp or log, got {self.shape!r}.")
        if self.end <= self.begin or not 0.0 <= self.least <= 1.0:
            raise ValueError(
                f"Pacing: expected begin < end and least between 0 and 1, got {self.begin}, {self.end}, {self.least}."
            )

    def _at(self, t: float) -> float:
        u = share_of(t, self.begin, self.end - self.begin)
        if self.shape == "exp":
            grown = math.expm1(self.c * u) / math.expm1(self.c)
        elif self.shape == "log":
            grown = 1.0 + math.log(u + math.exp(-self.c)) / self.c
        else:
            grown = {"linear": u, "quad": u * u, "root": math.sqrt(u), "step": float(u == 1.0)}[self.shape]
        return min(1.0, self.least + (1.0 - self.least) * grown)
