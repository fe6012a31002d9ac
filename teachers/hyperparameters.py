"""Hyperparameters as the user gave them: refused by name where they are no number or no pair, never rounded."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np


def whole(name: str, value: Any, least: int | None = None) -> int:
    """Return a hyperparameter that counts something as an int; 10.0 is as good as 10.

    Args:
        name: What the user calls it.
        value: What the user gave.
        least: The smallest value allowed; None if the caller checks that.

    Raises:
        TypeError: No number.
        ValueError: A number that is not whole, NaN, infinite, or below ``least``.

    Example:
        >>> whole("fit_rate", 10.0, 1)
        10
        >>> whole("fit_rate", 11.9, 1)
        Traceback (most recent call last):
            ...
        ValueError: fit_rate must be a whole number of at least 1, got 11.9.
    """
    expected = "a whole number" if least is None else f"a whole number of at least {least}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be {expected}, got {value!r}.")
    if not isinstance(value, Integral) and not float(value).is_integer():
        raise ValueError(f"{name} must be {expected}, got {value}.")
    number = int(value) if isinstance(value, Integral) else int(float(value))
    if least is not None and number < least:
        raise ValueError(f"{name} must be at least {least}, got {number}.")
    return number


def real(name: str, value: Any) -> float:
    """Return a hyperparameter that is a number as a float; NaN and infinity are for the caller to refuse.

    Args:
        name: What the user calls it.
        value: What the user gave.

    Raises:
        TypeError: No number.

    Example:
        >>> real("noise", 1)
        1.0
        >>> real("noise", "low")
        Traceback (most recent call last):
            ...
        TypeError: noise must be a number, got 'low'.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    return float(value)


def switch(name: str, value: Any) -> bool:
    """Return a hyperparameter that is on or off.

    Raises:
        TypeError: It is neither True nor False.

    Example:
        >>> switch("mix", np.True_)
        True
        >>> switch("mix", "no")
        Traceback (most recent call last):
        ...
        TypeError: mix must be True or False, got 'no'.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}.")
    return bool(value)


def pair(name: str, value: Any) -> tuple[float, float]:
    """Return a hyperparameter that consists of two numbers, e.g. a lower and an upper bound.

    Args:
        name: What the user calls it.
        value: What the user gave: a tuple, list or array of two numbers.

    Raises:
        TypeError: No sequence, or an entry that is no number.
        ValueError: More or fewer than two numbers.

    Example:
        >>> pair("goid", [0.25, 1])
        (0.25, 1.0)
        >>> pair("goid", [0.25])
        Traceback (most recent call last):
            ...
        ValueError: goid must be two numbers, got [0.25].
    """
    numbers = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(numbers, (list, tuple)):
        raise TypeError(f"{name} must be two numbers, got {value!r}.")
    if len(numbers) != 2:
        raise ValueError(f"{name} must be two numbers, got {value!r}.")
    first, second = (real(f"Each number of {name}", number) for number in numbers)
    return first, second
