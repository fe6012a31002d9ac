"""Levels of mazes as sequences of tokens: the form in which a recurrent autoencoder reads and writes them.

The encoding is that of CLUTR (Azad et al., 2023), for any size of maze. Token t ≥ 1 stands for cell t − 1. A sequence
lists the walls in ascending order, then the goal, then the start; the direction is not part of it. Sorting the walls
matters: it leaves one sequence for each level (the paper's ablation finds unsorted ones much worse).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .maze_space import MazeSpace

FloatArray = NDArray[np.float64]


def level_to_tokens(row: ArrayLike, space: MazeSpace) -> NDArray[np.int64]:
    """Write a level as a sequence of tokens.

    Args:
        row: One level, shape ``(d,)``, or levels of shape ``(n, d)``.
        space: The maze.

    Returns:
        The tokens, shape ``(walls + 2,)``; for a batch ``(n, longest)``, shorter sequences being filled up with zeros
        at their ends.

    Raises:
        ValueError: No level of this maze.

    Example:
        >>> from tutelage.envs import level_from_text
        >>> level_to_tokens(level_from_text(">##.G"), MazeSpace(1, 5)).tolist()
        [2, 3, 5, 1]
    """
    levels = space.validate(row)
    batch = np.atleast_2d(levels)
    sequences = [[*(np.flatnonzero(level[:-3]) + 1), level[-3] + 1, level[-2] + 1] for level in batch]
    tokens = np.zeros((len(batch), max(map(len, sequences), default=0)), dtype=np.int64)
    for i, sequence in enumerate(sequences):
        tokens[i, : len(sequence)] = sequence
    return tokens if levels.ndim == 2 else tokens[0]


def level_from_tokens(
    tokens: Sequence[int] | Sequence[Sequence[int]] | NDArray[Any], space: MazeSpace, rng: np.random.Generator
) -> FloatArray:
    """Read a level from any sequence of tokens, as a decoder may produce it.

    The last token is the start, the one before it the goal, the others are walls; walls that are named twice collapse,
    and the goal and the start remove a wall they fall on. What the sequence leaves open is drawn: the direction always;
    the start where it falls on the goal, and a goal or a start that is missing from a sequence of less than two tokens,
    uniformly among the free cells.

    Args:
        tokens: One sequence or several, which need not have the same length; zeros are skipped.
        space: The maze.
        rng: Draws what the sequence leaves open.

    Returns:
        A level of shape ``(d,)`` for one sequence, else levels of shape ``(n, d)``; an empty list is one sequence.

    Raises:
        ValueError: A token outside 0 to ``space.n_cells``, or one that is no whole number.

    Example:
        >>> from tutelage.envs import level_to_text
        >>> space = MazeSpace(2, 3)
        >>> level = level_from_tokens([2, 2, 3, 1], space, np.random.default_rng(3))
        >>> print(level_to_text(level, space))
        ^#G
        ...
    """
    single = np.ndim(tokens) < 2 if isinstance(tokens, np.ndarray) else not len(tokens) or np.ndim(tokens[0]) == 0
    levels = np.array([_decoded(sequence, space, rng) for sequence in ([tokens] if single else tokens)])
    return levels[0] if single else levels.reshape(-1, space.n_dims)


def _decoded(sequence: Any, space: MazeSpace, rng: np.random.Generator) -> FloatArray:
    given = np.asarray(sequence)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iuf"):
        raise ValueError(f"Expected a sequence of whole numbers from 0 to {space.n_cells}, got {sequence!r}.")
    for token in given.tolist():
        if not 0 <= token <= space.n_cells or token != int(token):
            raise ValueError(
                f"Token {token} is not in the vocabulary; expected whole numbers from 1 (cell 0) to {space.n_cells} "
                f"(the last cell of a {space.height} × {space.width} maze), or 0 for none."
            )
    cells = given[given != 0].astype(np.int64) - 1
    row = np.zeros(space.n_dims)
    walls = row[:-3]
    walls[cells[:-2]] = 1.0
    goal = int(cells[-2]) if len(cells) > 1 else -1
    start = int(cells[-1]) if len(cells) else -1
    if goal >= 0:
        walls[goal] = 0.0
    if start >= 0:
        walls[start] = 0.0
    if start < 0 or start == goal:
        start = _free_cell(walls, goal, rng)
    if goal < 0:
        goal = _free_cell(walls, start, rng)
    row[-3:] = goal, start, rng.integers(4)
    return row


def _free_cell(walls: FloatArray, taken: int, rng: np.random.Generator) -> int:
    """Draw a cell without a wall that is not taken; where all others are walls, one of these is removed."""
    free = np.flatnonzero(walls == 0.0)
    free = free[free != taken]
    if not len(free):
        free = np.flatnonzero(np.arange(len(walls)) != taken)
    cell = int(rng.choice(free))
    walls[cell] = 0.0
    return cell
