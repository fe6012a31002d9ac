"""Building mazes in batches: one edit of every level, as a numba kernel over arrays.

Importing this module imports numba; the kernel is compiled at its first call and kept in numba's cache on disk.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True, nogil=True)
def edit(
    cells: NDArray[np.int64],
    what: int,
    lots: NDArray[np.float64],
    grid: NDArray[np.uint8],
    goal: NDArray[np.int64],
    start: NDArray[np.int64],
) -> None:
    """Put a wall, the goal or the start into every level of a batch.

    A wall falls on a wall without an effect; the goal and the start remove a wall that they fall on; a start that falls
    on the goal goes to a free cell, or, if all other cells are walls, to one of these.

    Args:
        cells: Where, one cell for each level, (n,).
        what: 0 for a wall, 1 for the goal, 2 for the start.
        lots: Numbers in [0, 1) that choose among the free cells, (n,).
        grid: Planes of walls and of the goal, 0 or 1, (n, 2, cells); updated.
        goal: The goal's cells, (n,); updated.
        start: The start's cells, (n,); updated.
    """
    n_cells = grid.shape[2]
    for i in range(len(cells)):
        cell = cells[i]
        if what == 0:
            grid[i, 0, cell] = 1
        elif what == 1:
            grid[i, 0, cell] = 0
            grid[i, 1, cell] = 1
            goal[i] = cell
        else:
            if cell == goal[i]:
                free = 0
                for c in range(n_cells):
                    if grid[i, 0, c] == 0 and c != goal[i]:
                        free += 1
                among = free if free > 0 else n_cells - 1
                rest = min(int(lots[i] * among), among - 1)
                for c in range(n_cells):
                    if c != goal[i] and (free == 0 or grid[i, 0, c] == 0):
                        if rest == 0:
                            cell = c
                            break
                        rest -= 1
            grid[i, 0, cell] = 0
            start[i] = cell
