"""What a teacher handed out over time: how often which values of each dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...spaces import Dimension, TaskSpace

MOST_DIMS = 4
"""Of a space with more dimensions, the first are kept."""

_PARTS, _CELLS = 40, 24


@dataclass(frozen=True, eq=False)
class HandedOut:
    """Counts of tasks by dimension, part of the run and value.

    Attributes:
        dimensions: The dimensions, with more than one value each.
        n_dims: How many such dimensions the space has, of which the first are kept.
        end: Where the last part ends, in steps or episodes; the first begins at 0, and all are equally long.
        counts: By dimension, shape ``(parts, cells)``; the cells divide the range of a continuous dimension, or one of
            many integers, into equal parts, and are the values themselves of any other.

    Example:
        >>> import tutelage
        >>> space = tutelage.TaskSpace(height=(0.0, 3.0), rooms=range(2, 5))
        >>> found = HandedOut.of(space, [[0.1, 2], [2.9, 4]], at=[0, 99], end=100)
        >>> [counts.shape for counts in found.counts], found.counts[1].sum(axis=0).tolist()
        ([(40, 24), (40, 3)], [1, 0, 1])
    """

    dimensions: tuple[Dimension, ...]
    n_dims: int
    end: int
    counts: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(cls, space: TaskSpace, tasks: ArrayLike, at: ArrayLike, end: int) -> HandedOut:
        """Count tasks.

        Args:
            space: Of the tasks.
            tasks: Shape ``(n, k)``, the first k dimensions of each.
            at: When each was handed out, shape ``(n,)``.
            end: When the run ended.
        """
        rows = np.asarray(tasks, dtype=np.float64)
        part = np.clip(np.asarray(at, np.float64) * _PARTS / max(1, end), 0, _PARTS - 1).astype(np.int64)
        free = [i for i, dim in enumerate(space.dimensions) if dim.high > dim.low]
        kept = [i for i in free if i < rows.shape[1]][:MOST_DIMS]
        counts = []
        for i in kept:
            dim = space.dimensions[i]
            n = n_cells(dim)
            low, high = _limits(dim)
            cell = np.clip((rows[:, i] - low) * n / (high - low), 0, n - 1).astype(np.int64)
            counts.append(np.bincount(part * n + cell, minlength=_PARTS * n).reshape(_PARTS, n))
        return cls(tuple(space.dimensions[i] for i in kept), len(free), int(end), tuple(counts))

    @classmethod
    def together(cls, several: Sequence[HandedOut]) -> HandedOut:
        """Add up what was handed out in several runs of the same space.

        Raises:
            ValueError: There is none, or the spaces are not the same.
        """
        if not several or any(each.dimensions != several[0].dimensions for each in several):
            raise ValueError("Expected what was handed out in one or more runs of the same task space.")
        first = several[0]
        added = tuple(sum(each.counts[i] for each in several) for i in range(len(first.dimensions)))
        return cls(first.dimensions, first.n_dims, first.end, added)  # type: ignore[arg-type]

    def shares(self, i: int) -> NDArray[np.float64]:
        """Return the share of each value of a dimension in each part, shape ``(parts, cells)``; NaN in empty parts."""
        total = self.counts[i].sum(axis=1, keepdims=True)
        return np.where(total > 0, self.counts[i] / np.maximum(total, 1), np.nan)

    def to_plain(self) -> dict[str, Any]:
        """Return plain data; `from_plain` reads it back."""
        dims = [[d.name, d.kind, d.low, d.high, [str(c) for c in d.categories]] for d in self.dimensions]
        return {"dimensions": dims, "n_dims": self.n_dims, "end": self.end, "counts": list(self.counts)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> HandedOut:
        """Read what `to_plain` returned.

        Raises:
            KeyError: Something is missing.
            ValueError: Something does not fit.
            TypeError: Something is of another type.
        """
        dims = tuple(
            Dimension(str(name), str(kind), float(low), float(high), tuple(categories))  # type: ignore[arg-type]
            for name, kind, low, high, categories in plain["dimensions"]
        )
        counts = tuple(np.asarray(each, dtype=np.int64) for each in plain["counts"])
        if [each.shape for each in counts] != [(_PARTS, n_cells(dim)) for dim in dims]:
            raise ValueError("its counts of tasks do not fit the dimensions")
        return cls(dims, int(plain["n_dims"]), int(plain["end"]), counts)


def n_cells(dim: Dimension) -> int:
    """Return into how many cells the values of a dimension are sorted."""
    if dim.kind == "continuous":
        return _CELLS
    values = int(dim.high - dim.low) + 1
    return values if dim.kind == "categorical" or values <= _CELLS else _CELLS


def _limits(dim: Dimension) -> tuple[float, float]:
    return (dim.low, dim.high) if dim.kind == "continuous" else (dim.low - 0.5, dim.high + 0.5)
