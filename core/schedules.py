"""The shapes of schedules: linear, exponential, cosine, sigmoid, tanh, stages, multiplicative, cyclic, triangle, mixes.

Each is a pure function of progress in [0, 1], or of a number of steps where a ``duration``, a ``period`` or the places
of stages say so; see `Schedule` for how they are combined.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .schedule import (
    LARGEST_EXPONENT,
    SCHEDULES,
    Clip,
    Constant,
    Floor,
    Product,
    Round,
    Schedule,
    Sum,
    check_finite,
    check_positive,
    share_of,
)
from .schedule import as_schedule as as_schedule
from .schedule_mix import InterpolateMix, normalised_weights
from .schedule_pacing import Competence, Pacing
from .specs import parse_spec


def schedule_of(spec: Any) -> Schedule:
    """Build a schedule from plain data: a number, a name with arguments, or what `Schedule.to_plain` returned.

    Args:
        spec: A `Schedule`, a number, ``"linear(0, 1)"``, ``{"linear": {"start": 0, "end": 1}}``, or the name of one of
            `tutelage.schedule_presets.SCHEDULE_PRESETS`, e.g. ``"tlts"``.

    Raises:
        TypeError: Anything else.
        ValueError: An unknown name, or arguments that the schedule refuses.

    Example:
        >>> schedule_of("cosine(0, 1)")(1)
        1.0
        >>> schedule_of({"clip": {"of": {"linear": [0, 10]}, "high": 4}})(0.9)
        4.0
    """
    if isinstance(spec, Schedule):
        return spec
    if not isinstance(spec, (str, Mapping)):
        return as_schedule(spec)
    from .schedule_presets import SCHEDULE_PRESETS

    if isinstance(spec, str) and spec in SCHEDULE_PRESETS:
        return schedule_of(SCHEDULE_PRESETS[spec].schedule)
    name, args, kwargs = parse_spec("schedule", spec, [*SCHEDULES, *SCHEDULE_PRESETS])
    if name in ("sum", "product"):
        parts = tuple(schedule_of(part) for part in [*args, *kwargs.get("of", [])])
        return Sum(parts) if name == "sum" else Product(parts)
    if name in ("clip", "round", "floor"):
        if args:
            args[0] = schedule_of(args[0])
        if "of" in kwargs:
            kwargs["of"] = schedule_of(kwargs["of"])
    try:
        return SCHEDULES[name](*args, **kwargs)
    except TypeError as error:
        raise ValueError(f"schedule {spec!r}: {error}") from error


@dataclass(frozen=True)
class Linear(Schedule):
    """From ``start`` to ``end`` in a straight line.

    Args:
        start: The value until ``begin``.
        end: The value from ``begin + duration`` on.
        duration: How long it takes: 1 of the progress by default, or a number of steps.
        begin: When it begins.

    Example:
        >>> Linear(0.07, 0.1, duration=50)(25)
        0.085
    """

    start: float
    end: float
    duration: float = 1.0
    begin: float = 0.0
    name = "linear"

    def __post_init__(self) -> None:
        check_finite("Linear", start=self.start, end=self.end, begin=self.begin)
        check_positive("Linear", "duration", self.duration)

    def _at(self, t: float) -> float:
        share = share_of(t, self.begin, self.duration)
        return self.end if share == 1.0 else self.start + share * (self.end - self.start)


@dataclass(frozen=True)
class Exponential(Schedule):
    """``start · gamma^(t / every)``, in steps by default: B(t) = B₀ γ^⌊t/T⌋ (TLTS).

    Args:
        start: The value at 0.
        gamma: The factor, above 0.
        every: After how long it applies once more.
        smooth: Without steps: γ^(t/T).

    Example:
        >>> [Exponential(256, 0.7).floor()(step) for step in range(5)]
        [256.0, 179.0, 125.0, 87.0, 61.0]
    """

    start: float
    gamma: float
    every: float = 1.0
    smooth: bool = False
    name = "exponential"

    def __post_init__(self) -> None:
        check_finite("Exponential", start=self.start)
        check_positive("Exponential", "gamma", self.gamma)
        check_positive("Exponential", "every", self.every)

    def _at(self, t: float) -> float:
        times = t / self.every
        if not self.smooth:
            times = math.floor(times + 1e-9 * max(1.0, times))  # 0.3 / 0.1 is a little less than 3
        largest = LARGEST_EXPONENT - max(0.0, math.log(abs(self.start))) if self.start else 0.0
        return self.start * math.exp(min(math.log(self.gamma) * times, largest))


@dataclass(frozen=True)
class Cosine(Schedule):
    """From ``start`` to ``end`` along half a cosine (SPEAR).

    Args:
        start: The value at 0.
        end: The value from ``duration`` on.
        duration: How long it takes.

    Example:
        >>> [round(Cosine(0, 1)(x), 4) for x in (0, 0.25, 0.5, 1)]
        [0.0, 0.1464, 0.5, 1.0]
    """

    start: float
    end: float
    duration: float = 1.0
    name = "cosine"

    def __post_init__(self) -> None:
        check_finite("Cosine", start=self.start, end=self.end)
        check_positive("Cosine", "duration", self.duration)

    def _at(self, t: float) -> float:
        rise = 0.5 * (1.0 - math.cos(math.pi * share_of(t, 0.0, self.duration)))
        return self.start + rise * (self.end - self.start)


@dataclass(frozen=True)
class SigmoidOff(Schedule):
    """``1 / (1 + exp(k (t − x0)))``: on before ``x0``, off after it (RuscaRL).

    Args:
        x0: Where it is ½.
        k: How steep it is, above 0.

    Example:
        >>> [round(SigmoidOff(0.2, 125)(x), 4) for x in (0.18, 0.2, 0.22, 10)]
        [0.9241, 0.5, 0.0759, 0.0]
    """

    x0: float
    k: float
    name = "sigmoid_off"

    def __post_init__(self) -> None:
        check_finite("SigmoidOff", x0=self.x0)
        check_positive("SigmoidOff", "k", self.k)

    def _at(self, t: float) -> float:
        return 1.0 / (1.0 + math.exp(min(self.k * (t - self.x0), LARGEST_EXPONENT)))


@dataclass(frozen=True)
class Tanh(Schedule):
    """``½ (1 + tanh((t − centre) / width))``: from nearly 0 to nearly 1 (CAPE).

    The ends are not reached: with a centre of ½ and a width of 0.2 it runs from 0.0067 to 0.9933.

    Args:
        centre: Where it is ½.
        width: How gentle it is, above 0.
        exact: Stretch it so that it is 0 at 0 and 1 at ``2 centre``, and stays in between.

    Example:
        >>> horizon = (Tanh(0.5, 0.2) * 40).floor().clip(1, 40)
        >>> [horizon(x) for x in (0, 0.25, 0.5, 0.75, 1)]
        [1.0, 3.0, 20.0, 36.0, 39.0]
        >>> (Tanh(0.5, 0.2, exact=True) * 40)(1)
        40.0
    """

    centre: float
    width: float
    exact: bool = False
    name = "tanh"

    def __post_init__(self) -> None:
        check_finite("Tanh", centre=self.centre)
        check_positive("Tanh", "width", self.width)
        if self.exact and self.centre <= 0.0:
            raise ValueError(f"Tanh: centre must be above 0 where it is exact, got {self.centre}.")

    def _at(self, t: float) -> float:
        value = math.tanh((t - self.centre) / self.width)
        if self.exact:
            value = min(1.0, max(-1.0, value / math.tanh(self.centre / self.width)))
        return 0.5 * (1.0 + value)


@dataclass(frozen=True)
class Stage(Schedule):
    """One value after the other.

    Args:
        values: The values.
        at: When each begins, ascending, the first at 0; by default equal parts of [0, 1].

    Raises:
        ValueError: No values, or places that do not fit.

    Example:
        >>> resolution = Stage([160, 192, 224], at=[0, 180, 240])
        >>> [resolution(epoch) for epoch in (0, 179, 180, 300)]
        [160.0, 160.0, 192.0, 224.0]
    """

    values: tuple[float, ...]
    at: tuple[float, ...] | None = None
    name = "stage"

    def __post_init__(self) -> None:
        values = tuple(float(value) for value in self.values)
        if not values:
            raise ValueError("Stage: expected at least one value.")
        places = [i / len(values) for i in range(len(values))] if self.at is None else [float(at) for at in self.at]
        if len(places) != len(values) or places[0] != 0.0 or sorted(set(places)) != places:
            raise ValueError(
                f"Stage: at must ascend from 0 with one place for each of {len(values)} values, got {self.at}."
            )
        check_finite("Stage", **{f"value {i}": value for i, value in enumerate(values)}, last=places[-1])
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "at", tuple(places))

    def _at(self, t: float) -> float:
        return self.values[sum(t >= place for place in self.at or ()) - 1]


@dataclass(frozen=True)
class Multiplicative(Schedule):
    """``clip(low · i, low, high)`` in iteration i = 1, 2, … (TTI); t = 0 is the first.

    Args:
        low: The value of the first iteration, above 0.
        high: The highest value.

    Example:
        >>> [Multiplicative(10, 30)(t) for t in range(4)]
        [10.0, 20.0, 30.0, 30.0]
    """

    low: float
    high: float
    name = "multiplicative"

    def __post_init__(self) -> None:
        check_positive("Multiplicative", "low", self.low)
        check_finite("Multiplicative", high=self.high)
        if self.high < self.low:
            raise ValueError(f"Multiplicative: high must be at least low, got {self.high} and {self.low}.")

    def _at(self, t: float) -> float:
        return float(min(self.low * (math.floor(t) + 1), self.high))


@dataclass(frozen=True)
class Cyclic(Schedule):
    """Grows by 1/alpha each step up to ``end``, shrinks by alpha down to ``start``, and so on (cyclical curricula).

    Args:
        start: The least value, above 0.
        end: The greatest, above ``start``.
        alpha: The factor, between 0 and 1.

    Example:
        >>> [Cyclic(0.25, 1, 0.5)(t) for t in range(6)]
        [0.25, 0.5, 1.0, 0.5, 0.25, 0.5]
        >>> len(Cyclic(0.25, 1, 0.5).until(6.0))
        11
    """

    start: float
    end: float
    alpha: float
    name = "cyclic"

    def __post_init__(self) -> None:
        check_positive("Cyclic", "start", self.start)
        check_finite("Cyclic", end=self.end, alpha=self.alpha)
        if self.end <= self.start:
            raise ValueError(f"Cyclic: end must be above start, got {self.end} and {self.start}.")
        if not 0.0 < self.alpha < 1.0:
            raise ValueError(f"Cyclic: alpha must lie between 0 and 1, got {self.alpha}.")

    def _wave(self) -> list[float]:
        up, down = [float(self.start)], [float(self.end)]
        while up[-1] / self.alpha < self.end:
            up.append(up[-1] / self.alpha)
        while down[-1] * self.alpha > self.start:
            down.append(down[-1] * self.alpha)
        return [*up, *down]

    def _at(self, t: float) -> float:
        wave = self._wave()
        return wave[math.floor(t) % len(wave)]

    def until(self, budget: float) -> list[float]:
        """Return the values from the first on until their sum reaches a budget."""
        check_finite("Cyclic", budget=budget)
        values: list[float] = []
        while sum(values) < budget:
            values.append(self._at(float(len(values))))
        return values


@dataclass(frozen=True)
class Triangle(Schedule):
    """0 → amplitude → 0 → −amplitude → 0, again and again (CyclicReflex).

    Args:
        amplitude: The greatest value.
        period: How long one wave takes.

    Example:
        >>> [Triangle(3, 100)(t) for t in (0, 25, 50, 75)]
        [0.0, 3.0, 0.0, -3.0]
    """

    amplitude: float
    period: float
    name = "triangle"

    def __post_init__(self) -> None:
        check_finite("Triangle", amplitude=self.amplitude)
        check_positive("Triangle", "period", self.period)

    def _at(self, t: float) -> float:
        phase = (t / self.period + 0.25) % 1.0
        return self.amplitude * (1.0 - 4.0 * abs(phase - 0.5))


__all__ = [
    "Clip",
    "Competence",
    "Constant",
    "Cosine",
    "Cyclic",
    "Exponential",
    "Floor",
    "InterpolateMix",
    "Linear",
    "Multiplicative",
    "Pacing",
    "Product",
    "Round",
    "Schedule",
    "SigmoidOff",
    "Stage",
    "Sum",
    "Tanh",
    "Triangle",
    "normalised_weights",
    "schedule_of",
]
