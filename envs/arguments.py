"""Arguments of small environments: refused by name where they are no number or out of range."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np


def whole_number(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return an argument that counts something.

    Args:
        name: What the user calls it.
        value: What the user gave.
        low: The least value.
        high: The greatest; None for no limit.

    Raises:
        TypeError: No whole number.
        ValueError: Out of range.

    Example:
        >>> whole_number("n_max", 5, 2)
        5
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number, got {value!r}.")
    if value < low or (high is not None and value > high):
        limits = f"at least {low}" if high is None else f"between {low} and {high}"
        raise ValueError(f"{name} must be {limits}, got {value}.")
    return int(value)


def number(name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """Return an argument that is a number, in [low, high].

    Args:
        name: What the user calls it.
        value: What the user gave.
        low: The least value.
        high: The greatest.

    Raises:
        TypeError: No number.
        ValueError: Out of range, NaN or infinite.

    Example:
        >>> number("u", 1, 0.0, 1.0)
        1.0
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    if not low <= float(value) <= high or not math.isfinite(value):
        if math.isfinite(low) or math.isfinite(high):
            raise ValueError(f"{name} must be a number between {low:g} and {high:g}, got {value}.")
        raise ValueError(f"{name} must be a finite number, got {value}.")
    return float(value)


def truth(name: str, value: Any) -> bool:
    """Return an argument that is yes or no.

    Raises:
        TypeError: Something else.

    Example:
        >>> truth("distinct", True)
        True
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}.")
    return bool(value)
