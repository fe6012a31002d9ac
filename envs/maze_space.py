"""The levels of a maze as tasks: which cells are walls, where the goal and the start are, where the agent looks.

A level is a row of whole numbers, ``[wall_0 … wall_{hw−1}, goal, start, direction]``. Cell number ``y·width + x`` is
the one in column x and row y; the border around the cells is always wall and not part of the level.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..spaces import MAX_ENUMERATION, TaskSpace

FloatArray = NDArray[np.float64]


class MazeSpace(TaskSpace):
    """All levels of a maze of a size, solvable or not.

    A row of the space has ``height·width + 3`` entries: 0 or 1 for each cell (is it a wall?), the cell of the goal, the
    cell of the start, and the direction (0 right, 1 down, 2 left, 3 up). Every row in which the goal and the start are
    different cells without a wall is a level; whether the goal can be reached does not matter
    (`tutelage.envs.is_solvable` tells).

    `sample` is domain randomisation as in the studies of unsupervised environment design: a number of walls is drawn
    uniformly from ``walls``, so many cells are drawn with replacement (so that a few walls coincide), then a goal and
    another cell as the start, which remove a wall they fall on, and a direction.

    `grid` keeps the rows of a regular grid that are levels; the only one of `grid(1)` is made a level as by `clip`.

    Args:
        height: Rows of cells, without the border; at least 1.
        width: Columns of cells, without the border; at least 1.
        walls: How many walls `sample` draws, ``(fewest, most)`` (inclusive), or one number.

    Attributes:
        height: Rows of cells.
        width: Columns of cells.
        n_cells: ``height·width``.
        walls: The pair ``(fewest, most)``.

    Raises:
        TypeError: A size or a number of walls that is no whole number.
        ValueError: Less than two cells, or numbers of walls that are negative or the wrong way round.

    Example:
        >>> space = MazeSpace(2, 3, walls=(1, 2))
        >>> space.names
        ('wall_0', 'wall_1', 'wall_2', 'wall_3', 'wall_4', 'wall_5', 'goal', 'start', 'direction')
        >>> space.contains([[0, 1, 0, 0, 0, 0, 2, 0, 3], [0, 1, 0, 0, 0, 0, 1, 0, 3]]).tolist()
        [True, False]
        >>> space.sample(4, np.random.default_rng(0)).shape
        (4, 9)
    """

    def __init__(self, height: int = 13, width: int = 13, *, walls: int | Sequence[int] = (0, 60)) -> None:
        self.height, self.width = _whole("height", height), _whole("width", width)
        if self.height < 1 or self.width < 1 or self.height * self.width < 2:
            raise ValueError(f"A maze needs two cells, for the goal and the start; got {height} × {width}.")
        try:
            pair = (walls, walls) if isinstance(walls, (int, np.integer)) else tuple(walls)
        except TypeError:
            raise TypeError(f"Expected walls as a pair (fewest, most) or one whole number, got {walls!r}.") from None
        if len(pair) != 2:
            raise ValueError(f"Expected walls as a pair (fewest, most) or one number, got {walls!r}.")
        fewest, most = (_whole("a number of walls", number) for number in pair)
        if not 0 <= fewest <= most:
            raise ValueError(f"Expected numbers of walls 0 ≤ fewest ≤ most, got {walls!r}.")
        self.walls: tuple[int, int] = (fewest, most)
        self.n_cells = self.height * self.width
        cells = range(self.n_cells)
        super().__init__(
            {**{f"wall_{i}": range(2) for i in cells}, "goal": cells, "start": cells, "direction": range(4)}
        )

    # --- Description -------------------------------------------------------------------------------------------

    @property
    def size(self) -> float:
        """The number of levels (the largest float where there are more)."""
        if self.n_cells > 900:
            return sys.float_info.max
        return 4.0 * self.n_cells * (self.n_cells - 1) * 2.0 ** (self.n_cells - 2)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, MazeSpace):
            return (self.height, self.width) == (other.height, other.width)
        return super().__eq__(other)

    def __hash__(self) -> int:
        return super().__hash__()

    def __repr__(self) -> str:
        return f"MazeSpace({self.height}, {self.width}, walls={self.walls})"

    # --- Levels ------------------------------------------------------------------------------------------------

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw ``n`` levels: random walls, then a goal, a start and a direction (see the class).

        Args:
            n: Number of levels, at least 0.
            rng: The caller's generator.

        Returns:
            Levels of shape ``(n, d)``.

        Example:
            >>> MazeSpace(5, 5, walls=3).sample(2, np.random.default_rng(0))[:, :25].sum(axis=1).tolist()
            [3.0, 3.0]
        """
        rows = np.zeros((n, self.n_dims))
        fewest, most = self.walls
        counts = rng.integers(fewest, most + 1, n)
        cells = rng.integers(0, self.n_cells, (n, most))
        drawn = np.arange(most) < counts[:, None]
        rows[np.nonzero(drawn)[0], cells[drawn]] = 1.0
        goal = rng.integers(0, self.n_cells, n)
        start = (goal + rng.integers(1, self.n_cells, n)) % self.n_cells
        each = np.arange(n)
        rows[each, goal] = 0.0
        rows[each, start] = 0.0
        rows[:, -3], rows[:, -2], rows[:, -1] = goal, start, rng.integers(0, 4, n)
        return rows

    def contains(self, tasks: ArrayLike) -> NDArray[np.bool_]:
        """Tell for each row whether it is a level.

        Args:
            tasks: Shape ``(n, d)`` or ``(d,)``.

        Returns:
            Booleans of shape ``(n,)`` (or a scalar array for one row).
        """
        rows = self._as_rows(tasks)
        batch = np.atleast_2d(rows)
        walls, ends = batch[:, :-3], batch[:, -3:]
        inside = ((walls == 0.0) | (walls == 1.0)).all(axis=1)
        inside &= ((ends >= 0.0) & (ends <= self.high[-3:]) & (ends == np.floor(ends))).all(axis=1)
        goal, start = (np.where(inside, ends[:, i], 0.0).astype(np.int64) for i in (0, 1))
        each = np.arange(len(batch))
        inside &= (goal != start) & (walls[each, goal] == 0.0) & (walls[each, start] == 0.0)
        return inside if rows.ndim == 2 else np.asarray(inside[0])

    def contains_all(self, tasks: ArrayLike) -> bool:
        """Tell whether every row is a level.

        Args:
            tasks: Shape ``(n, d)`` or ``(d,)``.
        """
        return bool(self.contains(tasks).all())

    def clip(self, tasks: ArrayLike) -> FloatArray:
        """Return a level near each row, of the shape given; a row with a NaN keeps it.

        Numbers are rounded and moved into their bounds, a start on the goal moves to the next cell, and the goal and
        the start remove a wall they are on.
        """
        return self._repaired(super().clip(tasks))

    def from_unit(self, unit: ArrayLike) -> FloatArray:
        """Map points of the unit cube to levels, repaired as in `clip`.

        Args:
            unit: Shape ``(n, d)`` or ``(d,)``. Coordinates outside [0, 1] are clipped first.

        Returns:
            Levels of the same shape.

        Example:
            >>> MazeSpace(1, 3).from_unit([0.9, 0.9, 0.9, 0.0, 0.0, 0.0]).tolist()
            [0.0, 0.0, 1.0, 0.0, 1.0, 0.0]
        """
        return self._repaired(super().from_unit(unit))

    def _repaired(self, rows: FloatArray) -> FloatArray:
        batch = np.atleast_2d(rows)
        sound = np.flatnonzero(~np.isnan(batch).any(axis=1))
        goal, start = (batch[sound, i].astype(np.int64) for i in (-3, -2))
        start = np.where(start == goal, (goal + 1) % self.n_cells, start)
        batch[sound, -2] = start
        batch[sound, goal] = 0.0
        batch[sound, start] = 0.0
        return batch.reshape(rows.shape)

    def enumerate(self) -> FloatArray:
        """Return every level, shape ``(size, d)``, the last dimension running fastest.

        Raises:
            ValueError: More than ten million rows, levels or not, as mazes of 14 cells or more have.
        """
        rows = math.prod(int(dim.size) for dim in self.dimensions)
        if self.size <= MAX_ENUMERATION < rows:
            raise ValueError(
                f"The {self.size:,.0f} levels of a {self.height} × {self.width} maze are too many to enumerate: they "
                f"are picked from {rows:,} rows (limit {MAX_ENUMERATION:,}). Take a smaller maze, or sample()."
            )
        return super().enumerate()

    def _product(self, axes: Sequence[NDArray[Any]]) -> FloatArray:
        rows = super()._product(axes)
        return self._repaired(rows) if len(rows) == 1 else rows[self.contains(rows)]

    @classmethod
    def from_gym(cls, space: Any) -> TaskSpace:
        """Not offered: a maze is built from its size.

        Raises:
            TypeError: Always.
        """
        raise TypeError("A MazeSpace is built from its size, MazeSpace(height, width); TaskSpace.from_gym() converts.")

    @classmethod
    def from_json(cls, data: Any) -> TaskSpace:
        """Not offered: a maze is built from its size. `TaskSpace.from_json` reads the dimensions without the rules.

        Raises:
            TypeError: Always.
        """
        raise TypeError("A MazeSpace is built from its size, MazeSpace(height, width), not from its dimensions.")

    # --- Errors ------------------------------------------------------------------------------------------------

    def _complaint(self, row: FloatArray) -> str:
        where = f"This is no level of a {self.height} × {self.width} maze:"
        for value, dim in zip(row.tolist(), self.dimensions, strict=True):
            if math.isnan(value):
                return f"{where} {dim.name} is not a number (NaN); expected one in [{dim.low:g}, {dim.high:g}]."
            if not dim.low <= value <= dim.high:
                return f"{where} {dim.name} = {value:g} is outside [{dim.low:g}, {dim.high:g}]."
            if not value.is_integer():
                return f"{where} {dim.name} = {value:g} must be a whole number."
        goal, start = int(row[-3]), int(row[-2])
        mend = "MazeSpace.clip() repairs a level."
        if goal == start:
            return f"{where} the start is on the goal (cell {goal}). {mend}"
        what, cell = ("goal", goal) if row[goal] else ("start", start)
        return (
            f"{where} the {what} is on a wall (cell {cell}: x = {cell % self.width}, y = {cell // self.width}). {mend}"
        )

    def _as_rows(self, tasks: ArrayLike) -> FloatArray:
        try:
            return super()._as_rows(tasks)
        except ValueError:  # with the names of all dimensions in it
            shape = getattr(tasks, "shape", None)
            came = f"shape {shape}" if shape is not None else f"a {type(tasks).__name__}"
            if isinstance(tasks, (list, tuple)):
                came += f" of length {len(tasks)}"
            raise ValueError(
                f"Expected levels as numbers of shape (n, {self.n_dims}) or ({self.n_dims},): the {self.n_cells} walls "
                f"of a {self.height} × {self.width} maze, then goal, start and direction; got {came}."
            ) from None


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"Expected {name} as a whole number, got {value!r}.")
    return int(value)
