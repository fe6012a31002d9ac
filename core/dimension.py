"""A named dimension of a task space."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Kind = Literal["continuous", "integer", "categorical"]

_MAX_INTEGER = 2**53
"""Tasks are float64 rows, which hold every whole number up to here."""


@dataclass(frozen=True)
class Dimension:
    """One named dimension of a task space.

    Attributes:
        name: Its name.
        kind: ``"continuous"``, ``"integer"`` or ``"categorical"``.
        low: Smallest value (inclusive); 0 for a categorical dimension.
        high: Largest value (inclusive); the number of categories − 1 for a categorical dimension.
        categories: The categories in order, or an empty tuple.

    Raises:
        ValueError: Bounds the wrong way round, not finite or too far apart, or that do not fit the kind.

    Example:
        >>> Dimension.parse("rooms", range(2, 7))
        Dimension(name='rooms', kind='integer', low=2.0, high=6.0, categories=())
    """

    name: str
    kind: Kind
    low: float
    high: float
    categories: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        where = f"Dimension {self.name!r}"
        if self.kind not in ("continuous", "integer", "categorical"):
            raise ValueError(f"{where}: the kind is continuous, integer or categorical, got {self.kind!r}.")
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise ValueError(f"{where}: the bounds must be finite, got ({self.low}, {self.high}).")
        if self.low > self.high:
            raise ValueError(
                f"{where}: low must not exceed high, got ({self.low:g}, {self.high:g}). "
                f"Did you mean ({self.high:g}, {self.low:g})?"
            )
        if not math.isfinite(self.high - self.low):
            raise ValueError(f"{where}: the bounds ({self.low:g}, {self.high:g}) are too far apart for float64.")
        if self.kind != "continuous" and not (float(self.low).is_integer() and float(self.high).is_integer()):
            raise ValueError(f"{where}: the bounds must be whole numbers, got ({self.low:g}, {self.high:g}).")
        if self.kind == "categorical" and (self.low, self.high) != (0, len(self.categories) - 1):
            raise ValueError(
                f"{where}: {len(self.categories)} categories have the bounds (0, {len(self.categories) - 1}), "
                f"got ({self.low:g}, {self.high:g})."
            )

    @classmethod
    def parse(cls, name: str, spec: Any) -> Dimension:
        """Build a dimension from a ``(low, high)`` pair, a ``range``, a list of categories or another dimension.

        Raises:
            ValueError: Bounds the wrong way round, not finite, an empty range, duplicate categories.
            TypeError: A specification of another type.
        """
        if isinstance(spec, Dimension):
            return cls(name, spec.kind, spec.low, spec.high, spec.categories)
        if isinstance(spec, range):
            if not spec:
                raise ValueError(f"Dimension {name!r}: {spec} is empty; expected at least one integer.")
            if spec.step != 1:
                raise ValueError(
                    f"Dimension {name!r}: {spec} has step {spec.step}; an integer dimension takes steps of 1. "
                    f"Use a list of categories, {list(spec)[:4]}…, for other steps."
                )
            if max(-spec.start, spec.stop - 1) > _MAX_INTEGER:
                raise ValueError(
                    f"Dimension {name!r}: {spec} is too wide; an integer dimension lies within ±2**53. Give it bounds."
                )
            return cls(name, "integer", float(spec.start), float(spec.stop - 1))
        if isinstance(spec, list):
            if not spec:
                raise ValueError(f"Dimension {name!r}: the list of categories is empty.")
            if not all(isinstance(value, (str, int, float)) for value in spec):
                raise TypeError(f"Dimension {name!r}: categories must be strings or numbers, got {spec}.")
            if any(spec[i] == spec[j] for i in range(len(spec)) for j in range(i)):
                raise ValueError(f"Dimension {name!r}: the categories {spec} contain a duplicate.")
            return cls(name, "categorical", 0.0, float(len(spec) - 1), tuple(spec))
        if isinstance(spec, tuple):
            if len(spec) != 2:
                raise ValueError(
                    f"Dimension {name!r}: expected a pair (low, high), got {len(spec)} values: {spec}. "
                    "Use a list for categories."
                )
            try:
                if any(isinstance(bound, (str, bytes, bool, np.bool_)) for bound in spec):
                    raise TypeError("a string or a truth value is no bound")
                low, high = float(spec[0]), float(spec[1])
            except (TypeError, ValueError, OverflowError) as error:
                raise TypeError(
                    f"Dimension {name!r}: the bounds must be numbers, got {spec}. Use a list for categories."
                ) from error
            return cls(name, "continuous", low, high)
        raise TypeError(
            f"Dimension {name!r}: expected a pair (low, high), a range or a list of categories, "
            f"got {type(spec).__name__}: {spec!r}."
        )

    @property
    def size(self) -> float:
        """Number of values: ``inf`` for a continuous dimension with low < high, 1 for a fixed one."""
        if self.kind == "continuous":
            return 1.0 if self.low == self.high else math.inf
        return self.high - self.low + 1.0

    def to_spec(self) -> Any:
        """Return what `parse` takes: a pair, a range or a list."""
        if self.kind == "continuous":
            return (self.low, self.high)
        if self.kind == "integer":
            return range(int(self.low), int(self.high) + 1)
        return list(self.categories)
