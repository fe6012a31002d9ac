"""Levels of mazes on disk: a drawing for one level, an npz file of packed bits for many."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .maze_levels import level_from_text, level_to_arrays
from .maze_space import MazeSpace

FloatArray = NDArray[np.float64]


def pack_levels(rows: ArrayLike, space: MazeSpace) -> bytes:
    """Return levels as the content of an npz file, eight cells a byte.

    Args:
        rows: Shape ``(n, d)``.
        space: The maze.

    Returns:
        An npz file with the arrays ``size`` (height and width), ``walls`` (packed bits, one row a level), ``goal``,
        ``start`` and ``direction``. The same levels give the same bytes with the same zlib.

    Raises:
        ValueError: No levels of this maze.

    Example:
        >>> space = MazeSpace(13, 13)
        >>> rows = space.sample(3, np.random.default_rng(0))
        >>> again, found = unpack_levels(pack_levels(rows, space))
        >>> again == space, (found == rows).all()
        (True, np.True_)
    """
    walls, goal, start, direction = level_to_arrays(rows, space)
    file = io.BytesIO()
    np.savez_compressed(
        file,
        size=np.array([space.height, space.width], dtype=np.int32),
        walls=np.packbits(walls.reshape(len(walls), -1), axis=1),
        goal=goal.astype(np.int32),
        start=start.astype(np.int32),
        direction=direction.astype(np.uint8),
    )
    return file.getvalue()


def unpack_levels(content: bytes) -> tuple[MazeSpace, FloatArray]:
    """Return the maze and the levels in the content of a file of `pack_levels`.

    Returns:
        The maze, and its levels of shape ``(n, d)``.

    Raises:
        ValueError: The content is something else.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        space = MazeSpace(*arrays["size"].tolist())
        walls = np.unpackbits(arrays["walls"], axis=1, count=space.n_cells)
        ends = [arrays[name] for name in ("goal", "start", "direction")]
    return space, space.validate(np.column_stack([walls, *ends]))


def read_drawing(content: bytes) -> tuple[MazeSpace, FloatArray]:
    r"""Return the maze and the one level of a drawing.

    Returns:
        The maze, and its level of shape ``(1, d)``.

    Raises:
        ValueError: No drawing of a maze.

    Example:
        >>> read_drawing(b">#.\n..G\n")
        (MazeSpace(2, 3, walls=(0, 60)), array([[0., 1., 0., 0., 0., 0., 5., 0., 0.]]))
    """
    text = content.decode("utf-8")
    level = level_from_text(text)
    width = len(text.split(maxsplit=1)[0])
    space = MazeSpace((len(level) - 3) // width, width)
    return space, space.validate(level)[None]
