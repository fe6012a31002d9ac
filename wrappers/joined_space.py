"""A task space made of others, side by side."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..spaces import TaskSpace

FloatArray = NDArray[np.float64]


def join_spaces(parts: Sequence[TaskSpace], names: Sequence[str] | None = None) -> TaskSpace:
    """Return the task space whose rows are those of others, one after the other.

    Args:
        parts: The spaces.
        names: New names for all dimensions, in order.

    Raises:
        ValueError: Names that are not all different, or not as many as there are dimensions.

    Example:
        >>> join_spaces([TaskSpace(x=(0.0, 1.0)), TaskSpace(budget=range(16, 257))])
        TaskSpace(x=(0.0, 1.0), budget=range(16, 257))
    """
    joined = JoinedSpace(parts, names)
    plain = all(type(part) is TaskSpace for part in parts)
    return TaskSpace({dim.name: dim for dim in joined}) if plain else joined


class JoinedSpace(TaskSpace):
    """Task spaces side by side, each with its own rules, e.g. a maze and the number of steps one has in it.

    Args:
        parts: The spaces.
        names: New names for all dimensions, in order.

    Attributes:
        parts: The spaces.

    Raises:
        ValueError: Names that are not all different, or not as many as there are dimensions.

    Example:
        >>> from tutelage.envs import MazeSpace
        >>> space = JoinedSpace([MazeSpace(1, 3), TaskSpace(budget=range(8, 17))])
        >>> space.names
        ('wall_0', 'wall_1', 'wall_2', 'goal', 'start', 'direction', 'budget')
        >>> space.contains([[0, 1, 0, 0, 2, 3, 8], [0, 1, 0, 0, 1, 3, 8]]).tolist()
        [True, False]
    """

    def __init__(self, parts: Sequence[TaskSpace], names: Sequence[str] | None = None) -> None:
        self.parts: tuple[TaskSpace, ...] = tuple(parts)
        dimensions = [dim for part in self.parts for dim in part]
        given = [dim.name for dim in dimensions] if names is None else list(names)
        if len(given) != len(dimensions) or len(set(given)) != len(given):
            raise ValueError(f"Expected {len(dimensions)} different names of dimensions, got {given}.")
        super().__init__(dict(zip(given, dimensions, strict=True)))
        ends = np.cumsum([part.n_dims for part in self.parts]).tolist()
        self._slices = [slice(end - part.n_dims, end) for part, end in zip(self.parts, ends, strict=True)]

    @property
    def size(self) -> float:
        """The number of tasks (the largest float where there are more, ``inf`` if a dimension is continuous)."""
        if not all(part.is_finite for part in self.parts):
            return math.inf
        return min(math.prod(part.size for part in self.parts), sys.float_info.max)

    def __repr__(self) -> str:
        return f"JoinedSpace([{', '.join(map(repr, self.parts))}])"

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw ``n`` tasks as each part draws its own.

        Args:
            n: Number of tasks, at least 0.
            rng: The caller's generator.

        Returns:
            Tasks of shape ``(n, d)``.
        """
        return np.concatenate([part.sample(n, rng) for part in self.parts], axis=1)

    def contains(self, tasks: ArrayLike) -> NDArray[np.bool_]:
        """Tell for each row whether every part contains its own.

        Args:
            tasks: Shape ``(n, d)`` or ``(d,)``.
        """
        rows = self._as_rows(tasks)
        inside = [part.contains(rows[..., place]) for part, place in zip(self.parts, self._slices, strict=True)]
        return np.asarray(np.logical_and.reduce(inside))

    def contains_all(self, tasks: ArrayLike) -> bool:
        """Tell whether every row is a task.

        Args:
            tasks: Shape ``(n, d)`` or ``(d,)``.
        """
        return bool(self.contains(tasks).all())

    def clip(self, tasks: ArrayLike) -> FloatArray:
        """Return a task near each row, as each part finds it."""
        rows = self._as_rows(tasks)
        return self._each("clip", rows)

    def from_unit(self, unit: ArrayLike) -> FloatArray:
        """Map points of the unit cube to tasks, as each part does."""
        return self._each("from_unit", self._as_rows(unit))

    def _each(self, method: str, rows: FloatArray) -> FloatArray:
        done = [getattr(part, method)(rows[..., place]) for part, place in zip(self.parts, self._slices, strict=True)]
        return np.concatenate(done, axis=-1)

    def _product(self, axes: Sequence[NDArray[Any]]) -> FloatArray:
        rows = super()._product(axes)
        return rows[self.contains(rows)]

    def _complaint(self, row: FloatArray) -> str:
        for part, place in zip(self.parts, self._slices, strict=True):
            if not part.contains(row[place]):
                return part._complaint(row[place])
        return super()._complaint(row)

    @classmethod
    def from_gym(cls, space: Any) -> TaskSpace:
        """Not offered; `TaskSpace.from_gym` converts a Gymnasium space.

        Raises:
            TypeError: Always.
        """
        raise TypeError("A JoinedSpace is built from other task spaces; TaskSpace.from_gym() converts.")

    @classmethod
    def from_json(cls, data: Any) -> TaskSpace:
        """Not offered; `TaskSpace.from_json` reads the dimensions without the rules of the parts.

        Raises:
            TypeError: Always.
        """
        raise TypeError("A JoinedSpace is built from other task spaces, not from its dimensions.")
