"""The toy student's episodes, one after the other: numba kernels over arrays.

Importing this module imports numba; the kernels are compiled at their first call and kept in numba's cache on disk.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from .toy_config import MAX_COMPETENCE, N_INTERVALS, UNLOCKS

LEARNS, IMPOSSIBLE, NOISY = 0, 1, 2
"""Kinds of cells."""

TOLERANCE = 1e-6
"""A task may lie outside the unit cube by this much (a trip through float32 costs that)."""

_GOLDEN, _MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@numba.njit(cache=True)
def _bin_of(u: float, n: int) -> int:
    """The bin of [0, 1] with edges k/n that u lies in; the right edge of all is in the last."""
    i = int(u * n)
    if (i + 1) / n <= u:  # u·n is rounded: (1/49)·49 is below 1
        i += 1
    elif i / n > u:
        i -= 1
    return min(max(i, 0), n - 1)


@numba.njit(cache=True)
def find_cells(
    tasks: NDArray[np.float64],
    trivial: float,
    shuffle: NDArray[np.int64],
    rotation: int,
    n: int,
    indices: NDArray[np.int64],
) -> int:
    """Find the cell of each task.

    Args:
        tasks: Shape (m, D and more).
        trivial: Share of the range of the first dimension that is like its low end; the rest is stretched.
        shuffle: Where each interval of each dimension lies in the student's grid, (D, 4); (0, 4) if nowhere else.
        rotation: Quarter turns.
        n: Cells along each dimension.
        indices: Out, (m, D).

    Returns:
        The first row that is no task, or −1.
    """
    n_dims = indices.shape[1]
    for row in range(len(tasks)):
        for d in range(tasks.shape[1]):
            if not -TOLERANCE <= tasks[row, d] <= 1.0 + TOLERANCE:
                return row
        for d in range(n_dims):
            u = min(max(tasks[row, d], 0.0), 1.0)
            if d == 0:
                u = max(0.0, (u - trivial) / (1.0 - trivial))
            if len(shuffle) and n % N_INTERVALS == 0:  # intervals of whole cells
                i, size = _bin_of(u, n), n // N_INTERVALS
                i = shuffle[d, i // size] * size + i % size
            elif len(shuffle):
                part = _bin_of(u, N_INTERVALS)
                place = shuffle[d, part]
                i = _bin_of((place + (N_INTERVALS * u - part)) / N_INTERVALS, n)
                # The right edge of an interval belongs to it where it is the last one.
                i = min(i, (n * (place + 1) + N_INTERVALS - 1) // N_INTERVALS - 1)
            else:
                i = _bin_of(u, n)
            indices[row, d] = i
        for _ in range(rotation):
            indices[row, 0], indices[row, 1] = n - 1 - indices[row, 1], indices[row, 0]
    return -1


@numba.njit(cache=True)
def _chance(seed: Any, episode: int) -> float:
    """A number in [0, 1) that depends on nothing but its arguments (SplitMix64)."""
    z = seed + (np.uint64(episode) + np.uint64(1)) * _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@numba.njit(cache=True)
def _opened(competence: NDArray[np.int64], index: NDArray[np.int64], at: int, n: int, adjacent: bool) -> bool:
    """Whether one of the neighbours of a cell has the competence to open it."""
    n_dims = len(index)
    if adjacent:
        stride = 1
        for d in range(n_dims - 1, -1, -1):
            if index[d] > 0 and competence[at - stride] >= UNLOCKS:
                return True
            if index[d] < n - 1 and competence[at + stride] >= UNLOCKS:
                return True
            stride *= n
        return False
    for subset in range(1, 1 << n_dims):
        stride, other = 1, at
        for d in range(n_dims - 1, -1, -1):
            if (subset >> d) & 1 and index[d] > 0:
                other -= stride
            stride *= n
        if competence[other] >= UNLOCKS:
            return True
    return False


@numba.njit(cache=True)
def play(
    indices: NDArray[np.int64],
    competence: NDArray[np.int64],
    kinds: NDArray[np.int8],
    n: int,
    start: int,
    adjacent: bool,
    forget_every: int,
    episodes: int,
    seed: Any,
    returns: NDArray[np.float64],
) -> None:
    """Play one episode in each of some cells, in order.

    Args:
        indices: The cells, (m, D).
        competence: Of each cell of the grid, flat, in C order; updated.
        kinds: `LEARNS`, `IMPOSSIBLE` or `NOISY` for each cell, flat.
        n: Cells along each dimension.
        start: The cell that is open from the beginning.
        adjacent: Whether neighbours are the cells that share a face, else the lower ones.
        forget_every: Episodes after which all is forgotten, or 0.
        episodes: How many have been played before.
        seed: Of the returns of noisy cells, uint64.
        returns: Out, (m,).
    """
    n_dims = indices.shape[1]
    for row in range(len(indices)):
        episode = episodes + row
        if forget_every > 0 and episode > 0 and episode % forget_every == 0:
            competence[:] = 0
        at = 0
        for d in range(n_dims):
            at = at * n + indices[row, d]
        if kinds[at] == IMPOSSIBLE:
            returns[row] = 0.0
        elif kinds[at] == NOISY:
            returns[row] = _chance(seed, episode)
        else:
            c = competence[at]
            if c < MAX_COMPETENCE and (at == start or _opened(competence, indices[row], at, n, adjacent)):
                c += 1
                competence[at] = c
            returns[row] = c / MAX_COMPETENCE


@numba.njit(cache=True)
def spread(
    kinds: NDArray[np.int8], n_dims: int, n: int, start: int, adjacent: bool, reached: NDArray[np.bool_]
) -> None:
    """Find the cells to which learning can spread from the start cell, each looked at once.

    Args:
        kinds: Of each cell of the grid, flat, in C order, see `play`.
        n_dims: D.
        n: Cells along each dimension.
        start: The cell that is open from the beginning.
        adjacent: Whether neighbours are the cells that share a face, else the lower ones.
        reached: Out, flat; all False before.
    """
    if kinds[start] != LEARNS:
        return
    if adjacent:
        waiting = np.empty(len(kinds), dtype=np.int32)
        waiting[0], n_waiting = start, 1
        reached[start] = True
        while n_waiting > 0:
            n_waiting -= 1
            at = np.int64(waiting[n_waiting])
            stride = 1
            for _ in range(n_dims):
                i = at // stride % n
                for step in (-1, 1):
                    if 0 <= i + step < n:
                        other = at + step * stride
                        if kinds[other] == LEARNS and not reached[other]:
                            reached[other] = True
                            waiting[n_waiting] = other
                            n_waiting += 1
                stride *= n
        return
    # Bit d of a cell: whether it, or one that is lower by one in any of the last d dimensions, is reached.
    below = np.zeros(len(kinds), dtype=np.int32)
    for at in range(start, len(kinds)):  # lower neighbours come before their cell
        found, stride, bits = False, 1, 0
        for d in range(n_dims):
            found = found or (at // stride % n > 0 and (below[at - stride] >> d) & 1 == 1)
            stride *= n
            if found:
                bits |= 1 << (d + 1)
        if kinds[at] == LEARNS and (found or at == start):
            reached[at] = True
            bits = (1 << (n_dims + 1)) - 1
        below[at] = bits
