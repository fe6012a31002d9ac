"""The settings ``classroom`` and ``pretests`` of runs and labs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import RequestError
from ..task_flags import plain_numbers


def parse_pretests(value: Any) -> list[int]:
    """Read amounts of training: a list, a number, or text such as ``500000,1e6``.

    Raises:
        RequestError: Something else, or amounts that do not ascend.

    Example:
        >>> parse_pretests("5e5, 1000000"), parse_pretests([20_000]), parse_pretests(None)
        ([500000, 1000000], [20000], [])
    """
    parts = [] if value is None else value.split(",") if isinstance(value, str) else value
    parts = list(parts) if isinstance(parts, (list, tuple)) else [parts]
    numbers = [plain_numbers(part) for part in parts]
    numbers = [int(n) if isinstance(n, str) and n.strip().isdigit() else n for n in numbers]
    for number in numbers:
        fits = isinstance(number, (int, float)) and not isinstance(number, bool) and math.isfinite(number)
        if not (fits and number == int(number) and 1 <= number < 2**53):
            raise RequestError(f"pretests must be whole numbers of at least 1, e.g. 500000,1000000; got {value!r}.")
    amounts = [int(number) for number in numbers]
    if amounts != sorted(set(amounts)):
        raise RequestError(f"pretests must ascend, each once, got {amounts}.")
    return amounts


def checked_classroom(classroom: Any, pretests: Any) -> tuple[str | None, list[int]]:
    """Return the folder of a classroom, or None, and its pre-tests.

    Raises:
        RequestError: Something else, or pre-tests without a classroom.

    Example:
        >>> checked_classroom(Path("rooms/walkers"), 500_000)
        ('rooms/walkers', [500000])
    """
    if classroom is not None and not (isinstance(classroom, (str, Path)) and str(classroom)):
        raise RequestError(f"classroom must be a folder, got {classroom!r}.")
    amounts = parse_pretests(pretests)
    if amounts and classroom is None:
        raise RequestError("pretests are those of a classroom: name its folder, e.g. --classroom rooms/walkers.")
    return None if classroom is None else str(classroom), amounts


def default_pretests(amount: int) -> tuple[int, ...]:
    """Return after how much training a student is tested where nothing is said: 5 % and 10 % of its run.

    The first is that of the paper's Parkour (500,000 of 10 million steps), the second that of its toy spaces (20,000
    of 200,000 episodes).

    Example:
        >>> default_pretests(200_000), default_pretests(5)
        ((10000, 20000), (1,))
    """
    return tuple(sorted({max(1, amount // 20), max(1, amount // 10)}))


def amounts_text(amounts: Sequence[int]) -> str | None:
    """Return amounts as they are written on the command line, None where there are none.

    Example:
        >>> amounts_text([500_000, 1_000_000])
        '500000,1000000'
    """
    return ",".join(map(str, amounts)) or None
