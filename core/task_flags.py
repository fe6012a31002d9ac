"""Task spaces and keyword arguments written on a command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

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
        name, equals, text = flag.partition("=")
        name, text = name.strip(), text.strip()
        if not (equals and name and text):
            raise RequestError(f"--task {flag!r}: expected {_FORMS}.")
        if name in specs:
            raise RequestError(f"--task {flag!r}: the dimension {name!r} is given twice.")
        if match := re.fullmatch(r"(-?\d+)\.\.(-?\d+)", text):
            low, high = int(match[1]), int(match[2])
            if low > high:
                raise RequestError(f"--task {flag!r}: low must not exceed high. Did you mean {name}={high}..{low}?")
            specs[name] = range(low, high + 1)
        elif ":" in text:
            specs[name] = _pair(flag, text)
        elif "," in text:
            specs[name] = [_scalar(part) for part in text.split(",")]
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


def _scalar(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def parse_arguments(flags: Sequence[str] | Mapping[str, Any], option: str) -> dict[str, Any]:
    """Read keyword arguments from flags such as ``fit_rate=150`` and ``ks=[2,3,4]``; values are YAML.

    A number such as ``3e-4``, which YAML 1.1 takes for text, is read as a number.

    Raises:
        RequestError: A flag of another form.

    Example:
        >>> parse_arguments(["fit_rate=150", "criterion=bic", "learning_rate=3e-4"], "--teacher-arg")
        {'fit_rate': 150, 'criterion': 'bic', 'learning_rate': 0.0003}
    """
    import yaml

    if isinstance(flags, Mapping):
        return dict(flags)
    arguments: dict[str, Any] = {}
    for flag in flags:
        name, equals, text = flag.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name.isidentifier():
            raise RequestError(f"{option} {flag!r}: expected NAME=VALUE.")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise RequestError(f"{option} {flag!r}: the value is not YAML ({' '.join(str(error).split())}).") from error
        if isinstance(value, str) and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+", value.strip()):
            value = float(value)
        arguments[name] = value
    return arguments
