"""Small random changes of mazes, which a teacher such as ACCEL makes to levels that have proved useful.

ACCEL: Parker-Holder et al. (2022), section 4. Three editors are in use; all of them leave a level in which goal and
start exist and differ, and none of them looks whether the goal can still be reached.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import unknown_name
from .maze_paths import as_levels
from .maze_space import MazeSpace

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

Editor = Literal["minimax", "accel", "jaxued"]


def mutate_levels(
    rows: ArrayLike, rng: np.random.Generator, space: MazeSpace, n_edits: int = 20, editor: Editor = "minimax"
) -> FloatArray:
    """Change levels a little.

    Args:
        rows: Levels, shape ``(n, d)`` or ``(d,)``.
        rng: The caller's generator.
        space: The maze.
        n_edits: How many edits each level gets, at least 0, which changes nothing.
        editor: What an edit is.

            - ``"minimax"``, of the minimax library and JaxUED's examples, with 20 and 5 edits: with equal chances
              nothing, a wall put or taken away in a cell that is neither goal nor start, or the goal moved to a free
              cell.
            - ``"accel"``, of the authors' code, with 5 edits: a cell is cleared, then becomes wall, stays floor or
              becomes the goal, with equal chances. Cells are drawn with replacement and edited once. A goal or a start
              that got lost is put on a free cell at the end, the start with a new direction.
            - ``"jaxued"``, JaxUED's other editor: with equal chances a wall put, a wall taken away, the start moved to
              a free cell with a new direction, or the goal moved to a free cell.

    Returns:
        New levels of the shape given.

    Raises:
        ValueError: No levels of this maze, a negative number of edits, or an unknown editor.
        TypeError: A number of edits that is no whole number.

    Example:
        >>> space = MazeSpace(5, 5)
        >>> rng = np.random.default_rng(0)
        >>> parents = space.sample(3, rng)
        >>> children = mutate_levels(parents, rng, space, n_edits=3)
        >>> (children != parents).any(axis=1).tolist(), space.contains_all(children)
        ([True, True, True], True)
    """
    if editor not in get_args(Editor):
        raise ValueError(unknown_name("editor", editor, get_args(Editor)))
    if isinstance(n_edits, bool) or not isinstance(n_edits, (int, np.integer)):
        raise TypeError(f"Expected a number of edits, got {n_edits!r}.")
    if n_edits < 0:
        raise ValueError(f"Expected at least 0 edits, got {n_edits}.")
    levels = as_levels(rows, space)
    if editor == "accel":
        _edit_cells(levels, int(n_edits), rng)
    else:
        for _ in range(n_edits):
            _edit_minimax(levels, rng) if editor == "minimax" else _edit_jaxued(levels, rng)
    return levels.reshape(np.shape(rows))


def _edit_minimax(levels: FloatArray, rng: np.random.Generator) -> None:
    what = rng.integers(0, 3, len(levels))
    walls = levels[:, :-3]
    cell, exists = _choose(_neither_goal_nor_start(levels), rng)
    flip = np.flatnonzero((what == 1) & exists)
    walls[flip, cell[flip]] = 1.0 - walls[flip, cell[flip]]
    _move(levels, -3, what == 2, rng)


def _edit_jaxued(levels: FloatArray, rng: np.random.Generator) -> None:
    what = rng.integers(0, 4, len(levels))
    walls, inner = levels[:, :-3], _neither_goal_nor_start(levels)
    for edit, candidates in ((0, inner & (walls == 0.0)), (1, walls != 0.0)):
        cell, exists = _choose(candidates, rng)
        chosen = np.flatnonzero((what == edit) & exists)
        walls[chosen, cell[chosen]] = 1.0 - edit
    turned = rng.integers(0, 4, len(levels))
    moved = _move(levels, -2, what == 2, rng)
    levels[moved, -1] = turned[moved]
    _move(levels, -3, what == 3, rng)


def _edit_cells(levels: FloatArray, n_edits: int, rng: np.random.Generator) -> None:
    n, n_cells = len(levels), levels.shape[1] - 3
    walls, goal, start = levels[:, :-3], levels[:, -3].astype(np.int64), levels[:, -2].astype(np.int64)
    cells, what = rng.integers(0, n_cells, (n, n_edits)), rng.integers(0, 3, (n, n_edits))
    each = np.arange(n)
    for k in range(n_edits):
        new = np.flatnonzero(~(cells[:, :k] == cells[:, k : k + 1]).any(axis=1))
        cell, made = cells[new, k], what[new, k]
        goal[new[goal[new] == cell]] = -1
        start[new[start[new] == cell]] = -1
        walls[new, cell] = made == 0
        goal[new[made == 2]] = cell[made == 2]
    for end, other in ((goal, start), (start, goal)):
        lost = end < 0
        taken = np.zeros((n, n_cells), dtype=np.bool_)
        taken[each[other >= 0], other[other >= 0]] = True
        free = ~taken & (walls == 0.0)
        free[~free.any(axis=1)] = ~taken[~free.any(axis=1)]  # every other cell is a wall: one of them is removed
        cell, _ = _choose(free, rng)
        end[lost] = cell[lost]
        walls[each[lost], end[lost]] = 0.0
        if end is start:
            levels[lost, -1] = rng.integers(0, 4, n)[lost]
    levels[:, -3], levels[:, -2] = goal, start


def _neither_goal_nor_start(levels: FloatArray) -> BoolArray:
    inner = np.ones(levels[:, :-3].shape, dtype=np.bool_)
    each = np.arange(len(levels))
    inner[each, levels[:, -3].astype(np.int64)] = False
    inner[each, levels[:, -2].astype(np.int64)] = False
    return inner


def _move(levels: FloatArray, column: int, where: BoolArray, rng: np.random.Generator) -> IntArray:
    """Move the goal or the start to a free cell where asked and where there is one; return where that was."""
    cell, exists = _choose(_neither_goal_nor_start(levels) & (levels[:, :-3] == 0.0), rng)
    moved = np.flatnonzero(where & exists)
    levels[moved, column] = cell[moved]
    return moved


def _choose(candidates: BoolArray, rng: np.random.Generator) -> tuple[IntArray, BoolArray]:
    """Draw one candidate of each row uniformly; tell also where there is any."""
    lots = np.where(candidates, rng.random(candidates.shape), -1.0)
    cell = lots.argmax(axis=1)
    return cell, np.asarray(candidates.any(axis=1))
