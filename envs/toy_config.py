"""The description of a toy space: a grid of cells whose competences grow where they are practised."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, Literal

import numpy as np

from ..errors import unknown_name
from ..spaces import TaskSpace

MAX_COMPETENCE = 100
UNLOCKS = 75
"""A cell with at least this competence opens its neighbours; a cell with more than this is mastered."""

N_INTERVALS = 4
"""A rugged space has each of its relevant dimensions cut into this many intervals."""

_MOST_CELLS = 10_000_000
_MOST_DIMS = 16

Region = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class ToyConfig:
    """What a toy space is like; what is drawn at random is drawn from the seed of the student.

    Attributes:
        n_dims: Relevant dimensions D, 1 to 16.
        n_cells: Cells n along each of them; there are n**D, at most ten million.
        n_irrelevant: Further dimensions of the task space, which change nothing.
        unlock: Which cells open a cell: ``"lower"`` (the 2**D − 1 that one gets by lowering any of its indices by
            one, not below 0) or ``"adjacent"`` (the 2·D that share a face with it).
        start: The cell that is open from the beginning: 0 is the one at the origin, number i lies at
            (i % n, i // n % n, …); ``"random"`` draws it.
        rotation: Quarter turns (anticlockwise) of a task about the centre before its cell is looked up, in two
            dimensions only; ``"random"`` draws 0 to 3.
        rugged: Cut each relevant dimension into four intervals and shuffle them.
        trivial: Share of the range of ``x0``, from its low end, in which all tasks are like those at 0: the rest is
            stretched over the cells, and what is wide for the teacher is one column of them.
        unlearnable: Boxes ``(low, high)`` of the unit cube of relevant dimensions; a cell whose centre lies in one
            never learns.
        impossible: Share of the cells, scattered at random, that never learn: their return is 0.
        noisy: Share of the cells, scattered at random, that never learn and return a number drawn uniformly from
            [0, 1).
        forget_every: All competences go back to 0 after each so many episodes; None is never.

    Raises:
        ValueError: A value of another type or out of range, or values that do not fit together.

    Example:
        >>> config = ToyConfig(n_dims=2, n_cells=4, n_irrelevant=1)
        >>> config.task_space
        TaskSpace(x0=(0.0, 1.0), x1=(0.0, 1.0), irrelevant_0=(0.0, 1.0))
        >>> config.n_total
        16
    """

    n_dims: int = 2
    n_cells: int = 10
    n_irrelevant: int = 0
    unlock: Literal["lower", "adjacent"] = "lower"
    start: int | Literal["random"] = 0
    rotation: int | Literal["random"] = 0
    rugged: bool = False
    trivial: float = 0.0
    unlearnable: tuple[Region, ...] = ()
    impossible: float = 0.0
    noisy: float = 0.0
    forget_every: int | None = None

    def __post_init__(self) -> None:
        """Check the values, and make plain ones of NumPy's."""
        self._whole("n_dims", 1, _MOST_DIMS)
        self._whole("n_cells", 1, _MOST_CELLS)
        self._whole("n_irrelevant", 0, 10_000)
        if self.n_total > _MOST_CELLS:
            raise ValueError(
                f"n_cells ** n_dims must be at most {_MOST_CELLS:,}, got {self.n_cells} ** {self.n_dims} = "
                f"{self.n_total:,}; take fewer cells or dimensions."
            )
        if self.unlock not in ("lower", "adjacent"):
            raise ValueError(unknown_name("unlock", self.unlock, ["lower", "adjacent"]))
        object.__setattr__(self, "unlock", str(self.unlock))
        if self.start != "random":
            self._whole("start", 0, self.n_total - 1)
        if self.rotation != "random":
            self._whole("rotation", 0, 3)
        if self.rotation != 0 and self.n_dims != 2:
            raise ValueError(f"rotation needs n_dims=2, got rotation={self.rotation!r} with n_dims={self.n_dims}.")
        if not isinstance(self.rugged, (bool, np.bool_)):
            raise ValueError(f"rugged must be True or False, got {self.rugged!r}.")
        object.__setattr__(self, "rugged", bool(self.rugged))
        object.__setattr__(self, "unlearnable", tuple(self._region(region) for region in self._regions()))
        for name, whole in (("trivial", "range of x0"), ("impossible", "cells"), ("noisy", "cells")):
            share = getattr(self, name)
            if isinstance(share, bool) or not isinstance(share, Real) or not 0.0 <= float(share) < 1.0:
                raise ValueError(f"{name} must be a share of the {whole} in [0, 1), got {share!r}.")
            object.__setattr__(self, name, float(share))
        if self.impossible + self.noisy >= 1.0:
            raise ValueError(
                f"impossible + noisy must be below 1, for some cells must be left; got {self.impossible:g} and "
                f"{self.noisy:g}."
            )
        if self.forget_every is not None:
            self._whole("forget_every", 1, 2**53)

    def _whole(self, name: str, low: int, high: int) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
            raise ValueError(f"{name} must be a whole number between {low} and {high}, got {value!r}.")
        object.__setattr__(self, name, int(value))

    def _regions(self) -> Sequence[Any]:
        if not isinstance(self.unlearnable, (list, tuple)):
            raise ValueError(f"unlearnable must be a list of boxes [low, high], got {self.unlearnable!r}.")
        return self.unlearnable

    def _region(self, region: Any) -> Region:
        try:
            box = np.asarray(region, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"unlearnable: expected boxes [low, high], got {region!r}.") from error
        if box.shape != (2, self.n_dims) or not (box[0] <= box[1]).all():
            raise ValueError(
                f"unlearnable: expected boxes [low, high] of {self.n_dims} numbers each with low ≤ high, "
                f"got {region!r}."
            )
        return tuple(box[0].tolist()), tuple(box[1].tolist())

    @property
    def n_total(self) -> int:
        """The number of cells, n**D."""
        return math.prod([self.n_cells] * self.n_dims)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the grid of cells, ``(n,) * D``."""
        return (self.n_cells,) * self.n_dims

    @property
    def task_space(self) -> TaskSpace:
        """The unit cube: ``x0``, ``x1``, … and ``irrelevant_0``, ``irrelevant_1``, …."""
        names = [f"x{i}" for i in range(self.n_dims)] + [f"irrelevant_{i}" for i in range(self.n_irrelevant)]
        return TaskSpace(dict.fromkeys(names, (0.0, 1.0)))

    def to_plain(self) -> dict[str, Any]:
        """Return what differs from the defaults, as plain data for YAML and JSON."""
        plain: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                boxes = field.name == "unlearnable"
                plain[field.name] = [[list(low), list(high)] for low, high in value] if boxes else value
        return plain
