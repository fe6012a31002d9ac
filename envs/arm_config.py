"""The description of a student with arms: which can be learned, which are noise, which are impossible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from ..spaces import TaskSpace
from .arguments import number, whole_number

LEARNABLE, NOISY, IMPOSSIBLE = "learnable", "noisy", "impossible"
"""Kinds of arms."""

_MOST_ARMS = 10_000


@dataclass(frozen=True)
class ArmConfig:
    """What a student with arms is like.

    Attributes:
        learnable: Difficulties of the arms that can be learned, rising.
        noisy: How many arms are coin tosses.
        impossible: How many are never solved.
        steepness: k of the chance of success, σ(k (θ − b)) at skill θ and difficulty b.
        rate: How much the skill grows with an episode of p (1 − p) = 1.

    Raises:
        TypeError: A value of another type.
        ValueError: A value out of range, no learnable arm, or difficulties that fall.

    Example:
        >>> ArmConfig(noisy=1).task_space, ArmConfig(learnable=(0, 1), impossible=1).kinds
        (TaskSpace(arm=range(0, 6)), ('learnable', 'learnable', 'impossible'))
    """

    learnable: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0, 4.0)
    noisy: int = 0
    impossible: int = 0
    steepness: float = 3.0
    rate: float = 0.06

    def __post_init__(self) -> None:
        """Check the values, and make plain ones of NumPy's."""
        given = self.learnable
        if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
            raise TypeError(f"learnable must be a list of difficulties, got {given!r}.")
        difficulties = tuple(number("learnable", each, -1e6, 1e6) for each in given)
        if not difficulties:
            raise ValueError("learnable must have at least one difficulty, or there is nothing to learn.")
        if list(difficulties) != sorted(difficulties):
            raise ValueError(f"learnable must rise, for arms are numbered by difficulty; got {given!r}.")
        object.__setattr__(self, "learnable", difficulties)
        for name in ("noisy", "impossible"):
            object.__setattr__(self, name, whole_number(name, getattr(self, name), 0, _MOST_ARMS))
        object.__setattr__(self, "steepness", number("steepness", self.steepness, 1e-6, 1e6))
        object.__setattr__(self, "rate", number("rate", self.rate, 1e-9, 1e6))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of each arm: first the learnable ones, then the noisy, then the impossible."""
        return (LEARNABLE,) * len(self.learnable) + (NOISY,) * self.noisy + (IMPOSSIBLE,) * self.impossible

    @property
    def task_space(self) -> TaskSpace:
        """The number of the arm."""
        return TaskSpace(arm=range(len(self.kinds)))

    def to_plain(self) -> dict[str, Any]:
        """Return what differs from the defaults, as plain data for YAML and JSON."""
        plain: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                plain[field.name] = list(value) if field.name == "learnable" else value
        return plain
