"""Parts chosen by plain data: ``"cosine(0, 1)"``, ``{"cosine": {"start": 0, "end": 1}}`` or an object that is one."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .errors import unknown_name


def parse_spec(kind: str, spec: Any, known: Sequence[str] | Mapping[str, Any]) -> tuple[str, list[Any], dict[str, Any]]:
    """Read the name of a part and its arguments from plain data.

    Args:
        kind: What the part is, for messages.
        spec: ``"name"``, ``"name(1, key=2)"``, or a mapping of one name to one argument, a list of them, or a mapping.
        known: The names there are; ``-`` and ``_`` are the same.

    Returns:
        The name, the arguments by place, and those by name.

    Raises:
        ValueError: An unknown name, or text that cannot be read.
        TypeError: Data of another form.

    Example:
        >>> parse_spec("schedule", "linear(0, end=2.5)", ["linear"])
        ('linear', [0], {'end': 2.5})
        >>> parse_spec("schedule", {"linear": [0, 2.5]}, ["linear"])
        ('linear', [0, 2.5], {})
        >>> parse_spec("schedule", "liner", ["linear"])
        Traceback (most recent call last):
            ...
        ValueError: Unknown schedule 'liner'. Did you mean 'linear'?
    """
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    if isinstance(spec, str):
        name, bracket, inner = spec.partition("(")
        name = name.strip()
        if bracket:
            args, kwargs = _arguments(kind, spec, inner)
    elif isinstance(spec, Mapping) and len(spec) == 1:
        ((name, value),) = spec.items()
        if isinstance(value, Mapping):
            kwargs = {str(key): item for key, item in value.items()}
        elif isinstance(value, (list, tuple)):
            args = list(value)
        elif value is not None:
            args = [value]
    else:
        raise TypeError(f"Expected a {kind} as a name, 'name(1, 2)' or {{name: arguments}}, got {spec!r}.")
    key = str(name).replace("-", "_")
    if key not in known:
        raise ValueError(unknown_name(kind, name, known))
    return key, args, kwargs


def build_part(kind: str, spec: Any, known: Mapping[str, Callable[..., Any]]) -> Any:
    """Build a part from plain data with the function or class of its name.

    Args:
        kind: What the part is, for messages.
        spec: As in `parse_spec`.
        known: Functions or classes by name.

    Raises:
        ValueError: As in `parse_spec`, arguments that the part does not take, or a value that it refuses.
        TypeError: Data of another form.

    Example:
        >>> build_part("number", "whole('7')", {"whole": int})
        7
        >>> build_part("number", "whole(7, 8, 9)", {"whole": int})
        Traceback (most recent call last):
            ...
        ValueError: number 'whole(7, 8, 9)': int() takes at most 2 arguments (3 given)
    """
    name, args, kwargs = parse_spec(kind, spec, known)
    try:
        return known[name](*args, **kwargs)
    except TypeError as error:
        raise ValueError(f"{kind} {spec!r}: {error}") from error


def _arguments(kind: str, spec: str, inner: str) -> tuple[list[Any], dict[str, Any]]:
    try:
        call = ast.parse(f"f({inner}", mode="eval").body
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)) or None in {
            w.arg for w in call.keywords
        }:
            raise ValueError("expected one pair of brackets with plain arguments")
        args = [ast.literal_eval(node) for node in call.args]
        kwargs = {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
    except (SyntaxError, ValueError) as error:
        raise ValueError(
            f"{kind} {spec!r} cannot be read: expected 'name(1, 2, key=3)' with numbers, lists and words in quotes, "
            "e.g. key=['one', 'two']."
        ) from error
    return args, kwargs
