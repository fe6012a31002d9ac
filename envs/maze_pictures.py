"""Pictures of batches of mazes, the same that MiniGrid draws of one."""

from __future__ import annotations

from functools import cache

import numpy as np
from minigrid.core.grid import Grid
from minigrid.core.world_object import Goal, Wall
from numpy.typing import NDArray


def draw_mazes(
    codes: NDArray[np.uint8],
    x: NDArray[np.int64],
    y: NDArray[np.int64],
    direction: NDArray[np.int64],
    seen: NDArray[np.bool_],
    tile: int,
) -> NDArray[np.uint8]:
    """Draw mazes.

    Args:
        codes: 0 empty, 1 wall, 2 goal: shape ``(n, columns, rows)``.
        x: Columns of the agents, shape ``(n,)``.
        y: Rows of the agents, shape ``(n,)``.
        direction: Where they look, shape ``(n,)``.
        seen: Which cells are lit, shape ``(n, columns, rows)``.
        tile: Pixels along the side of a cell.

    Returns:
        Shape ``(n, rows·tile, columns·tile, 3)``.

    Example:
        >>> codes, zero = np.zeros((1, 4, 3), dtype=np.uint8), np.zeros(1, dtype=np.int64)
        >>> draw_mazes(codes, zero, zero, zero, codes == 1, 8).shape
        (1, 24, 32, 3)
    """
    n, columns, rows = codes.shape
    kinds = codes.astype(np.int64)
    each = np.arange(n)
    kinds[each, x, y] += 3 * (1 + direction)
    pictures = _tiles(tile)[seen.astype(np.int64), kinds]  # (n, columns, rows, tile, tile, 3)
    return pictures.transpose(0, 2, 3, 1, 4, 5).reshape(n, rows * tile, columns * tile, 3)


@cache
def _tiles(tile: int) -> NDArray[np.uint8]:
    """Every tile there is: dark and lit; without an agent and with one in each direction; empty, wall, goal."""
    tiles = [
        [
            Grid.render_tile(item, agent_dir=agent, highlight=lit, tile_size=tile)
            for agent in (None, 0, 1, 2, 3)
            for item in (None, Wall(), Goal())
        ]
        for lit in (False, True)
    ]
    return np.array(tiles, dtype=np.uint8)
