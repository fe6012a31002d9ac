"""How hard a level of a maze is: its walls, the shortest way to the goal, and the return of the best agent."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .maze_space import MazeSpace

FloatArray = NDArray[np.float64]


def shortest_path_lengths(rows: ArrayLike, space: MazeSpace) -> NDArray[np.int64]:
    """Count the moves from start to goal between neighbouring cells (four neighbours, turns are free).

    Args:
        rows: Levels, shape ``(n, d)``, or ``(d,)`` for a batch of one.
        space: The maze.

    Returns:
        Shape ``(n,)``; −1 where the goal cannot be reached.

    Raises:
        ValueError: No levels of this maze.

    Example:
        >>> from tutelage.envs import level_from_arrays
        >>> level = level_from_arrays([[0, 1, 0], [0, 0, 0]], goal=2, start=0, direction=1)
        >>> shortest_path_lengths(level, MazeSpace(2, 3)).tolist()
        [4]
    """
    from .maze_kernel import path_lengths

    levels = as_levels(rows, space)
    lengths = np.empty(len(levels), dtype=np.int64)
    path_lengths(levels, space.height, space.width, lengths)
    return lengths


def fewest_actions(rows: ArrayLike, space: MazeSpace) -> NDArray[np.int64]:
    """Count the actions of the best agent from start to goal: left and right turns and moves.

    Args:
        rows: Levels, shape ``(n, d)``, or ``(d,)`` for a batch of one.
        space: The maze.

    Returns:
        Shape ``(n,)``; −1 where the goal cannot be reached.

    Raises:
        ValueError: No levels of this maze.

    Example:
        >>> from tutelage.envs import level_from_arrays
        >>> level = level_from_arrays([[0, 1, 0], [0, 0, 0]], goal=2, start=0, direction=1)
        >>> fewest_actions(level, MazeSpace(2, 3)).tolist()
        [6]
    """
    from .maze_kernel import action_counts

    levels = as_levels(rows, space)
    counts = np.empty(len(levels), dtype=np.int64)
    action_counts(levels, space.height, space.width, counts)
    return counts


def is_solvable(rows: ArrayLike, space: MazeSpace) -> NDArray[np.bool_]:
    """Tell whether the goal can be reached.

    Args:
        rows: Levels, shape ``(n, d)``, or ``(d,)`` for a batch of one.
        space: The maze.

    Returns:
        Shape ``(n,)``.

    Raises:
        ValueError: No levels of this maze.

    Example:
        >>> from tutelage.envs import level_from_text
        >>> is_solvable(level_from_text(">#G"), MazeSpace(1, 3)).tolist()
        [False]
    """
    return shortest_path_lengths(rows, space) >= 0


def optimal_returns(rows: ArrayLike, space: MazeSpace, max_steps: int = 250) -> FloatArray:
    """Return what the best agent gets, 1 − 0.9·t/T for a goal reached with action t of T.

    Args:
        rows: Levels, shape ``(n, d)``, or ``(d,)`` for a batch of one.
        space: The maze.
        max_steps: The time limit T, at least 1.

    Returns:
        Shape ``(n,)``, in [0.1, 1); 0 where the goal cannot be reached, or not in time.

    Raises:
        ValueError: No levels of this maze, or a time limit below 1.

    Example:
        >>> from tutelage.envs import level_from_text
        >>> optimal_returns(level_from_text(">..G"), MazeSpace(1, 4), max_steps=10).round(2).tolist()
        [0.73]
    """
    if max_steps < 1:
        raise ValueError(f"Expected max_steps of at least 1, got {max_steps}.")
    counts = fewest_actions(rows, space)
    return np.where((counts >= 0) & (counts <= max_steps), 1.0 - 0.9 * (counts / max_steps), 0.0)


def count_walls(rows: ArrayLike, space: MazeSpace) -> NDArray[np.int64]:
    """Count the walls, without the border.

    Args:
        rows: Levels, shape ``(n, d)``, or ``(d,)`` for a batch of one.
        space: The maze.

    Returns:
        Shape ``(n,)``.

    Raises:
        ValueError: No levels of this maze.

    Example:
        >>> from tutelage.envs import level_from_text
        >>> count_walls(level_from_text(">##G"), MazeSpace(1, 4)).tolist()
        [2]
    """
    return as_levels(rows, space)[:, :-3].sum(axis=1).astype(np.int64)


def as_levels(rows: ArrayLike, space: MazeSpace) -> FloatArray:
    """Return valid levels of shape ``(n, d)``, contiguous.

    Raises:
        ValueError: No levels of this maze.

    Example:
        >>> as_levels([0, 0, 1, 0, 3], MazeSpace(1, 2)).shape
        (1, 5)
    """
    return np.ascontiguousarray(np.atleast_2d(space.validate(rows)))
