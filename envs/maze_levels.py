"""Levels of mazes: as text, as arrays and as sequences of tokens; how they are measured, edited and compared.

A level is a row of `tutelage.envs.MazeSpace`. This module has the text, the arrays and the comparison, and collects
what is in `maze_tokens`, `maze_paths` and `maze_mutation`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .maze_mutation import Editor as Editor
from .maze_mutation import mutate_levels as mutate_levels
from .maze_paths import as_levels
from .maze_paths import count_walls as count_walls
from .maze_paths import fewest_actions as fewest_actions
from .maze_paths import is_solvable as is_solvable
from .maze_paths import optimal_returns as optimal_returns
from .maze_paths import shortest_path_lengths as shortest_path_lengths
from .maze_space import MazeSpace
from .maze_tokens import level_from_tokens as level_from_tokens
from .maze_tokens import level_to_tokens as level_to_tokens

FloatArray = NDArray[np.float64]

_ARROWS = ">v<^"


# --- Text ----------------------------------------------------------------------------------------------------


def level_from_text(text: str) -> FloatArray:
    """Read a level from a drawing.

    ``#`` is a wall, ``.`` a free cell, ``G`` the goal, and ``>``, ``v``, ``<`` or ``^`` the start and where the agent
    looks. The border is not drawn. Blank lines and spaces at the ends of lines do not matter.

    Args:
        text: One line for each row of cells.

    Returns:
        The level, shape ``(d,)``; its maze has as many rows and columns as the drawing.

    Raises:
        TypeError: No text.
        ValueError: Lines of different lengths, another character, or not exactly one goal and one start.

    Example:
        >>> level_from_text('''
        ...     >#G
        ...     ...
        ... ''').tolist()
        [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0]
    """
    if not isinstance(text, str):
        raise TypeError(f"Expected a drawing of a maze as a text, one line for each row of cells; got {text!r}.")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise ValueError("Expected a drawing of a maze, one line for each row of cells; got an empty text.")
    width = len(lines[0])
    for number, line in enumerate(lines):
        if len(line) != width:
            raise ValueError(f"Row {number} of the maze has {len(line)} cells, row 0 has {width}: {line!r}.")
    cells = "".join(lines)
    for i, character in enumerate(cells):
        if character not in "#.G" + _ARROWS:
            raise ValueError(
                f"Unknown character {character!r} in column {i % width} of row {i // width}; expected '#' (wall), "
                "'.' (free), 'G' (goal), or '>', 'v', '<', '^' (start)."
            )
    starts = [i for i, character in enumerate(cells) if character in _ARROWS]
    if cells.count("G") != 1 or len(starts) != 1:
        raise ValueError(
            f"A level has one goal 'G' and one start '>', 'v', '<' or '^'; found {cells.count('G')} and {len(starts)}."
        )
    row = np.zeros(len(cells) + 3)
    row[: len(cells)] = [character == "#" for character in cells]
    row[-3:] = cells.index("G"), starts[0], _ARROWS.index(cells[starts[0]])
    return row


def level_to_text(row: ArrayLike, space: MazeSpace) -> str:
    """Draw a level; `level_from_text` reads the drawing.

    Args:
        row: One level, shape ``(d,)``.
        space: The maze.

    Raises:
        ValueError: No level of this maze.

    Example:
        >>> print(level_to_text([0, 1, 0, 0, 0, 0, 2, 0, 3], MazeSpace(2, 3)))
        ^#G
        ...
    """
    level = one_level(row, space)
    cells = ["#" if wall else "." for wall in level[:-3]]
    goal, start, direction = level[-3:].astype(int).tolist()
    cells[goal], cells[start] = "G", _ARROWS[direction]
    return "\n".join("".join(cells[y * space.width : (y + 1) * space.width]) for y in range(space.height))


# --- Arrays --------------------------------------------------------------------------------------------------


def level_from_arrays(walls: ArrayLike, goal: ArrayLike, start: ArrayLike, direction: ArrayLike = 0) -> FloatArray:
    """Put levels together.

    Args:
        walls: True where there is a wall, shape ``(n, height, width)`` or ``(height, width)``.
        goal: Cell of the goal, ``y·width + x``: shape ``(n,)`` or one number.
        start: Cell of the start, likewise.
        direction: 0 right, 1 down, 2 left, 3 up, likewise.

    Returns:
        Levels of shape ``(n, d)``, or ``(d,)`` for walls of shape ``(height, width)``.

    Raises:
        ValueError: Shapes that do not fit together, or no level (e.g. a goal on a wall).

    Example:
        >>> level_from_arrays([[0, 1, 0]], goal=2, start=0, direction=1).tolist()
        [0.0, 1.0, 0.0, 2.0, 0.0, 1.0]
    """
    grid = np.asarray(walls)
    if grid.ndim not in (2, 3):
        raise ValueError(f"Expected walls of shape (n, height, width) or (height, width), got {grid.shape}.")
    n, height, width = grid.shape if grid.ndim == 3 else (1, *grid.shape)
    rows = np.empty((n, height * width + 3))
    rows[:, :-3] = grid.reshape(n, height * width)
    for column, name, given in ((-3, "goal", goal), (-2, "start", start), (-1, "direction", direction)):
        values = np.asarray(given)
        if values.shape not in ((), (n,)):
            raise ValueError(f"Expected {name} as one number or of shape ({n},), as walls; got {values.shape}.")
        rows[:, column] = values
    rows = MazeSpace(height, width).validate(rows)
    return rows if grid.ndim == 3 else rows[0]


def level_to_arrays(
    rows: ArrayLike, space: MazeSpace
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Take levels apart.

    Args:
        rows: Shape ``(n, d)``, or ``(d,)`` for a batch of one.
        space: The maze.

    Returns:
        Walls, bool of shape ``(n, height, width)``; goal, start and direction, int64 of shape ``(n,)``.

    Raises:
        ValueError: No levels of this maze.

    Example:
        >>> walls, goal, start, direction = level_to_arrays([[0, 1, 0, 2, 0, 1]], MazeSpace(1, 3))
        >>> walls.tolist(), goal.tolist(), start.tolist(), direction.tolist()
        ([[[False, True, False]]], [2], [0], [1])
    """
    levels = np.atleast_2d(space.validate(rows))
    ends = levels[:, -3:].astype(np.int64)
    walls = (levels[:, :-3] != 0.0).reshape(-1, space.height, space.width)
    return walls, ends[:, 0], ends[:, 1], ends[:, 2]


def one_level(row: ArrayLike, space: MazeSpace) -> FloatArray:
    """Return one valid level, shape ``(d,)``.

    Raises:
        ValueError: A batch, or no level of this maze.

    Example:
        >>> one_level([0, 0, 1, 0, 3], MazeSpace(1, 2)).tolist()
        [0.0, 0.0, 1.0, 0.0, 3.0]
    """
    level = space.validate(row)
    if level.ndim != 1:
        raise ValueError(f"Expected one level of shape ({space.n_dims},), got shape {level.shape}.")
    return level


# --- Comparison ----------------------------------------------------------------------------------------------


def level_hashes(rows: ArrayLike, space: MazeSpace) -> NDArray[np.uint64]:
    """Return a number for each level that is the same for equal levels, and for others practically never.

    The numbers are the same on every machine: ``numpy.unique(level_hashes(rows, space), return_index=True)[1]`` are the
    places of the different levels.

    Args:
        rows: Levels, shape ``(n, d)``, or ``(d,)`` for a batch of one.
        space: The maze.

    Returns:
        Shape ``(n,)``.

    Raises:
        ValueError: No levels of this maze.

    Example:
        >>> space = MazeSpace(3, 3)
        >>> levels = space.sample(2, np.random.default_rng(0))
        >>> hashes = level_hashes(levels[[0, 1, 0]], space)
        >>> bool(hashes[0] == hashes[2]), bool(hashes[0] == hashes[1])
        (True, False)
    """
    levels = as_levels(rows, space)
    with np.errstate(over="ignore"):  # whole numbers modulo 2**64
        factors = _mixed(np.arange(1, levels.shape[1] + 1, dtype=np.uint64))
        return _mixed((levels.astype(np.uint64) * factors).sum(axis=1, dtype=np.uint64))


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64: spread numbers over all 64 bits."""
    z = numbers * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
