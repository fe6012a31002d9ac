"""A table of microseconds, some of which have a target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


def row(what: str, us: float, target: float | None = None) -> Row:
    """Return one line of the table; without a target it is for information.

    Example:
        >>> row("a step", 3.0, 10.0)["passed"]
        True
    """
    return {"what": what, "us": us, "target": target, "passed": target is None or us <= target}


def print_table(rows: Sequence[Row]) -> int:
    """Print the lines; return 0 if the targets were met, else 1.

    Example:
        >>> print_table([row("a step", 3.0, 10.0)])
        a step                                      3.00 µs   target 10 µs, ratio 3.3   pass
        0
    """
    for each in rows:
        text = f"{each['what']:<40} {each['us']:7.2f} µs"
        if each["target"] is not None:
            verdict = "pass" if each["passed"] else "FAIL"
            text += f"   target {each['target']:.0f} µs, ratio {each['target'] / each['us']:.1f}   {verdict}"
        print(text)
    return 0 if all(each["passed"] for each in rows) else 1
