"""A schedule: a quantity that changes while training goes on, as a pure function of how far it is.

What it is a function of is up to whoever calls it: the progress from 0 to 1, or a number of steps, updates or
episodes. Schedules hold no state; they are added, multiplied, bounded and rounded, and written as plain data.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Number = int | float

SCHEDULES: dict[str, Callable[..., Schedule]] = {}
"""The kinds of schedules by name."""

LARGEST_EXPONENT = 700.0
"""exp of more would overflow."""


class Schedule(ABC):
    """A number, or a vector of weights, for each moment of a training.

    A subclass is a frozen dataclass with a ``name`` and a method ``_at``; its fields are its plain data.

    Example:
        >>> from tutelage.schedules import Linear
        >>> budget = (Linear(10.0, 30.0, duration=100) * 2.0).round().clip(25, None)
        >>> [budget(step) for step in (0, 50, 100, 900)]
        [25.0, 40.0, 60.0, 60.0]
        >>> budget.to_plain()  # doctest: +ELLIPSIS
        {'clip': {'of': {'round': {'of': {'product': [{'linear': {'start': 10.0, ...
    """

    name: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" in vars(cls):
            SCHEDULES[cls.name] = cls

    @abstractmethod
    def _at(self, t: float) -> float | FloatArray:
        """Return the value at a finite ``t`` ≥ 0."""

    def __call__(self, t: float) -> float | FloatArray:
        """Return the value at a moment.

        Args:
            t: Progress or a number of steps; one below 0 counts as 0. Whatever has an end keeps its last value after
                it.

        Raises:
            TypeError: No number.
            ValueError: NaN or infinity.
        """
        if isinstance(t, bool) or not isinstance(t, (int, float, np.integer, np.floating)):
            raise TypeError(f"A schedule expects a moment as a number, got {t!r}.")
        if not math.isfinite(t):
            raise ValueError(f"A schedule expects a finite moment, got {t}.")
        return self._at(max(0.0, float(t)))

    def __add__(self, other: Schedule | Number) -> Schedule:
        return Sum((self, as_schedule(other)))

    def __mul__(self, other: Schedule | Number) -> Schedule:
        return Product((self, as_schedule(other)))

    __radd__ = __add__
    __rmul__ = __mul__

    def clip(self, low: float | None = None, high: float | None = None) -> Schedule:
        """Return the schedule bounded from below and above; None is no bound."""
        return Clip(self, low, high)

    def round(self) -> Schedule:
        """Return the schedule rounded to whole numbers."""
        return Round(self)

    def floor(self) -> Schedule:
        """Return the schedule rounded down to whole numbers."""
        return Floor(self)

    def to_plain(self) -> dict[str, Any]:
        """Return plain data that JSON and YAML can hold; `tutelage.schedules.schedule_of` reads it back."""
        if not is_dataclass(self):
            raise TypeError(f"{type(self).__name__} must be a dataclass to be written as plain data.")
        return {self.name: {field.name: _plain(getattr(self, field.name)) for field in fields(self)}}


def as_schedule(value: Schedule | Number) -> Schedule:
    """Return a schedule as it is and a number as a constant one.

    Raises:
        TypeError: Anything else.
        ValueError: NaN or infinity.
    """
    if isinstance(value, Schedule):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"Expected a Schedule or a number, got {value!r}.")
    return Constant(float(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Schedule):
        return value.to_plain()
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def check_finite(owner: str, **numbers: float | None) -> None:
    """Refuse numbers that are none or not finite, by name.

    Raises:
        TypeError: No number.
        ValueError: NaN or infinity.
    """
    for name, value in numbers.items():
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise TypeError(f"{owner}: {name} must be a number, got {value!r}.")
        if not math.isfinite(value):
            raise ValueError(f"{owner}: {name} must be finite, got {value}.")


def check_positive(owner: str, name: str, value: float) -> None:
    """Refuse a number that is none, not finite, or not above 0, by name.

    Raises:
        TypeError: No number.
        ValueError: One that is not above 0, NaN or infinity.
    """
    check_finite(owner, **{name: value})
    if value <= 0.0:
        raise ValueError(f"{owner}: {name} must be above 0, got {value}.")


def share_of(t: float, begin: float, duration: float) -> float:
    """Return how much of a time has passed, from 0 to 1.

    Example:
        >>> share_of(30, 10, 40)
        0.5
    """
    return min(1.0, max(0.0, (t - begin) / duration))


# --- Combinations ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Constant(Schedule):
    """The same number for ever.

    Example:
        >>> Constant(3.0)(17)
        3.0
    """

    value: float
    name = "constant"

    def __post_init__(self) -> None:
        check_finite("Constant", value=self.value)

    def _at(self, t: float) -> float:
        return self.value


class _Combined(Schedule):
    of: tuple[Schedule, ...]

    def to_plain(self) -> dict[str, Any]:
        return {self.name: [part.to_plain() for part in self.of]}


@dataclass(frozen=True)
class Sum(_Combined):
    """Schedules added up, written as ``a + b``.

    Example:
        >>> (Constant(1.0) + 2)(0)
        3.0
    """

    of: tuple[Schedule, ...]
    name = "sum"

    def _at(self, t: float) -> float | FloatArray:
        total: Any = 0.0
        for part in self.of:
            total = total + part(t)
        return total  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Product(_Combined):
    """Schedules multiplied, written as ``a * b``.

    Example:
        >>> (Constant(2.0) * 4)(0)
        8.0
    """

    of: tuple[Schedule, ...]
    name = "product"

    def _at(self, t: float) -> float | FloatArray:
        total: Any = 1.0
        for part in self.of:
            total = total * part(t)
        return total  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Clip(Schedule):
    """A schedule between bounds, written as ``schedule.clip(low, high)``.

    Raises:
        ValueError: Bounds the wrong way round or not finite.

    Example:
        >>> Constant(9.0).clip(None, 4.0)(0)
        4.0
    """

    of: Schedule
    low: float | None = None
    high: float | None = None
    name = "clip"

    def __post_init__(self) -> None:
        check_finite("Clip", low=self.low, high=self.high)
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"Clip: low must not exceed high, got {self.low} and {self.high}.")

    def _at(self, t: float) -> float | FloatArray:
        value = self.of(t)
        if self.low is not None:
            value = np.maximum(value, self.low)
        if self.high is not None:
            value = np.minimum(value, self.high)
        return _like(value)


@dataclass(frozen=True)
class Round(Schedule):
    """A schedule rounded to whole numbers, written as ``schedule.round()``.

    Example:
        >>> Constant(2.6).round()(0)
        3.0
    """

    of: Schedule
    name = "round"

    def _at(self, t: float) -> float | FloatArray:
        return _like(np.rint(self.of(t)))


@dataclass(frozen=True)
class Floor(Schedule):
    """A schedule rounded down to whole numbers, written as ``schedule.floor()``.

    Example:
        >>> Constant(2.6).floor()(0)
        2.0
    """

    of: Schedule
    name = "floor"

    def _at(self, t: float) -> float | FloatArray:
        return _like(np.floor(self.of(t)))


def _like(value: Any) -> float | FloatArray:
    """A vector as it is, anything else as a float."""
    return value if isinstance(value, np.ndarray) and value.ndim else float(value)
