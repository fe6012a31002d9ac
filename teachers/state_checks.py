"""Entries of a saved state, read so that damage is refused by name before a teacher takes over any of it."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

LARGEST_COUNT = 2**62
"""No counter comes near it, and sums with it still fit into an int64."""


def finite_array(
    state: Mapping[str, Any],
    name: str,
    shape: Sequence[int | None],
    dtype: DTypeLike = np.float64,
    *,
    low: float | None = None,
    high: float | None = None,
) -> NDArray[Any]:
    """Return a copy of an array of a state.

    Args:
        state: Where it is.
        name: Its key.
        shape: The shape it must have; None stands for any length.
        dtype: What it is converted to.
        low: The smallest value allowed.
        high: The largest value allowed.

    Raises:
        ValueError: The entry is missing, is no array of numbers, has another shape, or holds a number that is NaN,
            infinite or out of range.

    Example:
        >>> finite_array({"points": [[0.0, 0.5]]}, "points", (None, 2), low=0.0, high=1.0)
        array([[0. , 0.5]])
        >>> finite_array({"points": [[0.0, np.nan]]}, "points", (None, 2))
        Traceback (most recent call last):
            ...
        ValueError: Its entry 'points' holds a number that is NaN or infinite.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # what does not fit is infinite, and refused below
            array = np.array(_entry(state, name), dtype=dtype)
    except (TypeError, OverflowError, ValueError) as error:
        raise ValueError(f"Its entry {name!r} is no array of numbers: {error}") from error
    if len(array.shape) != len(shape) or any(n not in (None, m) for n, m in zip(shape, array.shape, strict=True)):
        wanted = ", ".join("n" if n is None else str(n) for n in shape)
        raise ValueError(f"Its entry {name!r} has shape {array.shape}, expected ({wanted}{',' * (len(shape) == 1)}).")
    if not np.isfinite(array).all():
        raise ValueError(f"Its entry {name!r} holds a number that is NaN or infinite.")
    if array.size and ((low is not None and array.min() < low) or (high is not None and array.max() > high)):
        raise ValueError(
            f"Its entry {name!r} has numbers from {array.min():g} to {array.max():g}, expected {_range(low, high)}."
        )
    return array


def number(state: Mapping[str, Any], name: str, *, low: float | None = None, high: float | None = None) -> float:
    """Return a finite number of a state as a float.

    Args:
        state: Where it is.
        name: Its key.
        low: The smallest value allowed.
        high: The largest value allowed.

    Raises:
        ValueError: The entry is missing, no number, not finite, or out of range.

    Example:
        >>> number({"share": 0.5}, "share", low=0.0, high=1.0)
        0.5
    """
    return float(finite_array(state, name, (), low=low, high=high))


def counter(state: Mapping[str, Any], name: str, *, least: int = 0, most: int = LARGEST_COUNT) -> int:
    """Return a whole number of a state.

    Args:
        state: Where it is.
        name: Its key.
        least: The smallest value allowed.
        most: The largest value allowed.

    Raises:
        ValueError: The entry is missing, no whole number, or out of range.

    Example:
        >>> counter({"count": 3}, "count")
        3
        >>> counter({"count": -3}, "count")
        Traceback (most recent call last):
            ...
        ValueError: Its entry 'count' is -3, expected a whole number of at least 0.
    """
    given = _entry(state, name)
    expected = f"a whole number of at least {least}" + (f" and at most {most}" if most < LARGEST_COUNT else "")
    try:
        value = operator.index(given)
    except TypeError:
        raise ValueError(f"Its entry {name!r} is {given!r}, expected {expected}.") from None
    if not least <= value <= most:
        raise ValueError(f"Its entry {name!r} is {value}, expected {expected}.")
    return value


def flag(state: Mapping[str, Any], name: str) -> bool:
    """Return a truth value of a state.

    Raises:
        ValueError: The entry is missing, or neither true nor false.

    Example:
        >>> flag({"ready": True}, "ready")
        True
    """
    given = _entry(state, name)
    if not isinstance(given, (bool, np.bool_)):
        raise ValueError(f"Its entry {name!r} is {given!r}, expected true or false.")
    return bool(given)


def _entry(state: Mapping[str, Any], name: str) -> Any:
    if not isinstance(state, Mapping) or name not in state:
        raise ValueError(f"It has no entry {name!r}.")
    return state[name]


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"
