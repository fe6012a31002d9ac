"""Task spaces and keyword arguments written on a command line or in a YAML file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from .errors import RequestError
from .spaces import TaskSpace

_FORMS = "NAME=LOW:HIGH (continuous), NAME=LOW..HIGH (integers) or NAME=A,B,C (categories)"


def parse_task_space(flags: Sequence[str]) -> TaskSpace:
    """Build a task space from flags such as ``length=0.2:2.0``, ``rooms=2..6`` and ``terrain=grass,ice``.

    Raises:
        RequestError: A flag of another form, or bounds the wrong way round.

    Example:
        >>> parse_task_space(["length=0.2:2.0", "rooms=2..6", "terrain=grass,ice"])
        TaskSpace(length=(0.2, 2.0), rooms=range(2, 7), terrain=['grass', 'ice'])
    """
    specs: dict[str, Any] = {}
    for flag in flags:
        name, equals, text = (part.strip() for part in flag.partition("="))
        if name in specs:
            raise RequestError(f"--task {flag!r}: the dimension {name!r} is given twice.")
        if not (equals and name and text):
            raise RequestError(f"--task {flag!r}: expected {_FORMS}.")
        if match := re.fullmatch(r"(-?\d+)\.\.(-?\d+)", text):
            low, high = int(match[1]), int(match[2])
            if low > high:
                raise RequestError(f"--task {flag!r}: low must not exceed high. Did you mean {name}={high}..{low}?")
            specs[name] = range(low, high + 1)
        elif ":" in text:
            specs[name] = _pair(flag, text)
        elif "," in text:
            specs[name] = [parse_value(part, f"--task {flag!r}") for part in text.split(",")]
        else:
            raise RequestError(f"--task {flag!r}: expected {_FORMS}.")
    try:
        return TaskSpace(specs)
    except (TypeError, ValueError) as error:
        raise RequestError(f"--task: {error}") from error


def _pair(flag: str, text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(":"))
    except ValueError as error:
        raise RequestError(f"--task {flag!r}: expected two numbers, LOW:HIGH.") from error
    return low, high


def parse_arguments(flags: Any, option: str) -> dict[str, Any]:
    """Read keyword arguments from flags such as ``fit_rate=150`` and ``ks=[2,3,4]``, or from a mapping of values.

    Args:
        flags: Words ``NAME=VALUE`` (the value is YAML), a mapping from names to values, or None.
        option: What the error message names.

    Raises:
        RequestError: Something of another form.

    Example:
        >>> parse_arguments(["fit_rate=150", "criterion=bic", "learning_rate=3e-4"], "--teacher-arg")
        {'fit_rate': 150, 'criterion': 'bic', 'learning_rate': 0.0003}
    """
    if flags is None:
        return {}
    if isinstance(flags, Mapping):
        bad = [name for name in flags if not (isinstance(name, str) and name.isidentifier())]
        if bad:
            raise RequestError(f"{option}: expected names of arguments, got {bad[0]!r}.")
        return {name: plain_numbers(value) for name, value in flags.items()}
    if isinstance(flags, str) or not isinstance(flags, Sequence) or not all(isinstance(flag, str) for flag in flags):
        raise RequestError(f"{option}: expected NAME=VALUE, or a mapping from names to values, got {flags!r}.")
    arguments: dict[str, Any] = {}
    for flag in flags:
        name, equals, text = flag.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name.isidentifier():
            raise RequestError(f"{option} {flag!r}: expected NAME=VALUE.")
        if name in arguments:
            raise RequestError(f"{option} {flag!r}: {name} is given twice.")
        arguments[name] = parse_value(text, f"{option} {flag!r}")
    return arguments


def parse_value(text: str, where: str) -> Any:
    """Read one YAML value.

    Raises:
        RequestError: It is not YAML; ``where`` opens the message.

    Example:
        >>> parse_value("[1e3, ice]", "--env-arg")
        [1000.0, 'ice']
    """
    try:
        return plain_numbers(yaml.safe_load(text))
    except (yaml.YAMLError, ValueError) as error:  # a ValueError for a date such as 2020-13-40
        raise RequestError(f"{where}: the value is not YAML ({' '.join(str(error).split())}).") from error


def plain_numbers(value: Any) -> Any:
    """Read numbers such as ``3e-4``, which YAML 1.1 takes for text, as numbers, also inside lists and mappings.

    Example:
        >>> plain_numbers({"learning_rate": "3e-4", "name": "e4"})
        {'learning_rate': 0.0003, 'name': 'e4'}
    """
    if isinstance(value, Mapping):
        return {key: plain_numbers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain_numbers(item) for item in value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+", value.strip()):
        return float(value)
    return value
