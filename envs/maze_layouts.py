"""Levels from a few parameters: how the maze is laid out, how dense, how wide, how far away the goal is.

Importing this module imports numba; the kernels are compiled at their first call and kept in numba's cache on disk.

Every level can be solved, by construction: the open places of a layout are joined by a random spanning tree, and start
and goal are taken from the largest connected region (which matters for scattered walls only).
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .maze_kernel import flood, neighbour
from .maze_parameters import LAYOUTS, MAX_DENSITY

FloatArray = NDArray[np.float64]

SCATTERED, ROOMS, CORRIDORS, PERFECT = (LAYOUTS.index(name) for name in ("scattered", "rooms", "corridors", "perfect"))

_ROOM = 4
"""A room and its wall take at least so many cells."""

_GOLDEN, _MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def levels_from_parameters(tasks: ArrayLike, seeds: ArrayLike, height: int, width: int) -> FloatArray:
    """Make a level of each task.

    Args:
        tasks: Layout (index into `LAYOUTS`), wall density, corridor width and goal distance, shape ``(n, 4)``; valid.
        seeds: Whole numbers from 0 to 2**64 − 1, shape ``(n,)``: the same task and seed give the same level.
        height: Rows of cells.
        width: Columns of cells.

    Returns:
        Levels that can be solved, rows of `tutelage.envs.MazeSpace`, shape ``(n, height·width + 3)``.

    Example:
        >>> from tutelage.envs import MazeSpace, level_to_text
        >>> level = levels_from_parameters([[3, 0.45, 1, 1.0]], [0], 5, 9)[0]
        >>> print(level_to_text(level, MazeSpace(5, 9)))
        .#.#.#.#.
        .#.#.#.#.
        .........
        .#####.#>
        ..G#...#.
    """
    rows = np.zeros((len(np.atleast_2d(tasks)), height * width + 3))
    numbers = np.ascontiguousarray(seeds, dtype=np.uint64)
    _build(np.ascontiguousarray(tasks, dtype=np.float64), numbers, height, width, rows)
    return rows


@numba.njit(cache=True, nogil=True)
def _build(
    tasks: NDArray[np.float64], seeds: NDArray[np.uint64], height: int, width: int, rows: NDArray[np.float64]
) -> None:
    n_cells = height * width
    distance, queue = np.empty(n_cells, dtype=np.int64), np.empty(n_cells, dtype=np.int64)
    region = np.empty(n_cells, dtype=np.int64)
    random = np.empty(1, dtype=np.uint64)
    for k in range(len(tasks)):
        random[0] = seeds[k]
        layout, density, corridor = int(tasks[k, 0]), tasks[k, 1], int(tasks[k, 2])
        walls = rows[k, :n_cells]
        if layout == SCATTERED:
            _scatter(walls, height, width, density, corridor, random)
        else:
            _partition(walls, height, width, layout, density, corridor, random)
        size = _largest_region(walls, height, width, distance, queue, region)
        start = region[_below(random, size)]
        if size == 1:
            other = -1
            while other < 0:
                other = neighbour(start, _below(random, 4), height, width)
            walls[other] = 0.0
        size = flood(walls, start, height, width, distance, queue)
        farthest = distance[queue[size - 1]]
        wanted = 1 + round(tasks[k, 3] * (farthest - 1))
        # The queue is ordered by distance.
        first = 0
        while distance[queue[first]] < wanted:
            first += 1
        last = first
        while last < size and distance[queue[last]] == wanted:
            last += 1
        rows[k, n_cells] = queue[first + _below(random, last - first)]
        rows[k, n_cells + 1] = start
        rows[k, n_cells + 2] = _below(random, 4)


@numba.njit(cache=True, nogil=True)
def _scatter(walls: Any, height: int, width: int, density: float, side: int, random: Any) -> None:
    """Put square blocks of walls anywhere, overlapping or not, until their share of the cells is reached."""
    side = min(side, min(height, width))
    wanted, count = round(density * height * width), 0
    for _ in range(10 * height * width):
        if count == wanted:
            break
        x, y = _below(random, width - side + 1), _below(random, height - side + 1)
        new = 0
        for i in range(y, y + side):
            for j in range(x, x + side):
                new += walls[i * width + j] == 0.0
        if count + new <= wanted:
            count += new
            for i in range(y, y + side):
                for j in range(x, x + side):
                    walls[i * width + j] = 1.0


@numba.njit(cache=True, nogil=True)
def _partition(walls: Any, height: int, width: int, layout: int, density: float, corridor: int, random: Any) -> None:
    """Cut the maze into a lattice of places by straight walls, and open some of the sides between neighbours.

    A spanning tree of sides is always open, of the others a share of 1 − density / MAX_DENSITY.
    """
    pitch = _ROOM if layout == ROOMS else corridor + 1
    columns, rows = max(1, (width + 1) // pitch), max(1, (height + 1) // pitch)
    for number in range(1, columns):
        for y in range(height):
            walls[y * width + _line(number, columns, width)] = 1.0
    for number in range(1, rows):
        for x in range(width):
            walls[_line(number, rows, height) * width + x] = 1.0
    # Side s < across is between place (i, j) and (i + 1, j), the others between (i, j) and (i, j + 1).
    across = (columns - 1) * rows
    n_sides = across + columns * (rows - 1)
    order = np.arange(n_sides)
    for last in range(n_sides - 1, 0, -1):
        other = _below(random, last + 1)
        order[last], order[other] = order[other], order[last]
    lying = _below(random, 2) == 0  # corridors run along the rows
    if layout == CORRIDORS:  # the sides along a corridor come first
        along = np.empty(n_sides, dtype=np.int64)
        place = 0
        for wanted in (True, False):
            for s in order:
                if ((s < across) == lying) == wanted:
                    along[place] = s
                    place += 1
        order = along
    parent = np.arange(columns * rows)
    for s in order:
        if s < across:
            i, j = s % (columns - 1), s // (columns - 1)
            a, b = j * columns + i, j * columns + i + 1
        else:
            i, j = (s - across) % columns, (s - across) // columns
            a, b = j * columns + i, (j + 1) * columns + i
        while parent[a] != a:
            a = parent[a]
        while parent[b] != b:
            b = parent[b]
        parent[a] = b
        if a == b and _uniform(random) < density / MAX_DENSITY:
            continue
        before = _line(j, rows, height) if s < across else _line(i, columns, width)
        after = _line(j + 1, rows, height) if s < across else _line(i + 1, columns, width)
        length = after - before - 1
        inside_corridor = layout == CORRIDORS and (s < across) == lying
        opening = length if layout == PERFECT or inside_corridor else min(corridor, length)
        first = before + 1 + _below(random, length - opening + 1)
        for c in range(first, first + opening):
            if s < across:
                walls[c * width + _line(i + 1, columns, width)] = 0.0
            else:
                walls[_line(j + 1, rows, height) * width + c] = 0.0


@numba.njit(cache=True, nogil=True)
def _line(i: Any, n: int, cells: int) -> int:
    """Where wall number i is that separates n places over some cells; number 0 and n are the border."""
    return (2 * i * (cells + 1) + n) // (2 * n) - 1


@numba.njit(cache=True, nogil=True)
def _largest_region(walls: Any, height: int, width: int, distance: Any, queue: Any, region: Any) -> int:
    """Write the cells of the largest connected region, and return how many they are."""
    seen = np.zeros(len(walls), dtype=np.bool_)
    best = 0
    for cell in range(len(walls)):
        if seen[cell] or walls[cell] != 0.0:
            continue
        size = flood(walls, cell, height, width, distance, queue)
        for i in range(size):
            seen[queue[i]] = True
        if size > best:
            best = size
            for i in range(size):
                region[i] = queue[i]
    return best


# --- Random numbers --------------------------------------------------------------------------------------------


@numba.njit(cache=True, nogil=True)
def _uniform(random: Any) -> float:
    """A number in [0, 1) (SplitMix64)."""
    random[0] += _GOLDEN
    z = random[0]
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@numba.njit(cache=True, nogil=True)
def _below(random: Any, n: int) -> int:
    """A whole number from 0 to n − 1."""
    return int(_uniform(random) * n)
