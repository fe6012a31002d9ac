"""Compiled loops of `RegionTree`: insertion along a path, the search for a split, the lowest return, the density.

A tree is a few flat arrays with one row per region. ``links`` holds (dimension of the cut or −1 for a leaf, left child,
right child), ``fifo`` (place of the oldest episode, number of episodes) of the region's ring of returns and points.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., object])

ROUNDING = 1e-12
"""Two means that differ by less than this share of their size are taken for equal."""


def njit(function: F) -> F:
    """`numba.njit` with a cache on disk, typed so that the function keeps its signature."""
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


@njit
def progress(returns: Floats, begin: int, count: int, window: int) -> float:
    """|mean of the older − mean of the newer half| of the newest ``window`` of ``count`` returns in a ring."""
    if count <= 2:
        return 0.0
    size = len(returns)
    used = min(count, window)
    newer = used // 2
    at = (begin + count - used) % size
    before, after = 0.0, 0.0
    for _ in range(used - newer):
        before += returns[at]
        at = at + 1 if at + 1 < size else 0
    for _ in range(newer):
        after += returns[at]
        at = at + 1 if at + 1 < size else 0
    before, after = before / (used - newer), after / newer
    gap = abs(before - after)
    return gap if gap > ROUNDING * (abs(before) + abs(after)) else 0.0


@njit
def insert(
    links: Ints,
    cuts: Floats,
    ring_points: Floats,
    ring_returns: Floats,
    fifo: Ints,
    alps: Floats,
    stack: Ints,
    overfull: Ints,
    points: Floats,
    returns: Floats,
    start: int,
    window: int,
    closed: bool,
) -> tuple[int, int]:
    """Insert episodes from ``start`` on into all regions they lie in, until a leaf is full.

    Args:
        links: (capacity, 3).
        cuts: (capacity,).
        ring_points: (capacity, size, d).
        ring_returns: (capacity, size).
        fifo: (capacity, 2).
        alps: (capacity,), progress of the regions.
        stack: Scratch, (capacity,).
        overfull: Out, full leaves.
        points: (n, d).
        returns: (n,).
        start: First episode to insert.
        window: Returns that count for progress.
        closed: Whether a point on a cut lies in both children.

    Returns:
        The episode to go on with, and how many leaves are full.
    """
    size, dims = ring_points.shape[1], ring_points.shape[2]
    for row in range(start, len(returns)):
        n_full, top = 0, 1
        stack[0] = 0
        while top > 0:
            top -= 1
            node = stack[top]
            begin, count = fifo[node, 0], fifo[node, 1]
            if count == size:
                at = begin
                begin = (begin + 1) % size
                fifo[node, 0] = begin
            else:
                at = (begin + count) % size
                count += 1
                fifo[node, 1] = count
            ring_returns[node, at] = returns[row]
            for j in range(dims):
                ring_points[node, at, j] = points[row, j]
            alps[node] = progress(ring_returns[node], begin, count, window)
            dim = links[node, 0]
            if dim < 0:
                if count == size and n_full < len(overfull):
                    overfull[n_full] = node
                    n_full += 1
                continue
            x = points[row, dim]
            if x > cuts[node] or (closed and x == cuts[node]):
                stack[top] = links[node, 2]
                top += 1
            if x <= cuts[node]:
                stack[top] = links[node, 1]
                top += 1
        if n_full > 0:
            return row + 1, n_full
    return len(returns), 0


@njit
def search(
    points: Floats,
    returns: Floats,
    low: Floats,
    high: Floats,
    levels: Floats,
    draws: Floats,
    min_size: int,
    min_width: float,
    window: int,
    closed: bool,
    best: Floats,
) -> int:
    """Try cuts of a region and remember the best.

    A cut that leaves at least ``min_size`` episodes on both sides is drawn at once, with the distribution that drawing
    a dimension and a place uniformly, again and again until it fits, has in the end.

    Args:
        points: The region's episodes in the order of their arrival, (n, d).
        returns: (n,).
        low: (d,).
        high: (d,).
        levels: Number of values of a discrete dimension, 0 for a continuous one; its cuts lie between values. (d,).
        draws: Uniform numbers, one row per attempt, (attempts, 2).
        min_size: Least episodes on each side.
        min_width: Least width of each side.
        window: Returns that count for progress.
        closed: Whether a point on the cut lies on both sides, and the score leaves out the sizes.
        best: Out, (cut, progress left and right of it, progress left and right in the last attempt), (5,).

    Returns:
        The dimension of the best cut, −1 if none is valid.
    """
    n, dims = points.shape
    if 2 * min_size > n:
        return -1
    starts, ends, shares = np.empty(dims), np.empty(dims), np.empty(dims)
    total, possible = 0.0, False
    slack = 1e-12
    for j in range(dims):
        ordered = np.sort(points[:, j])
        starts[j] = max(ordered[min_size - 1], low[j])
        ends[j] = min(ordered[n - min_size], high[j])
        width = high[j] - low[j]
        share = max(ends[j] - starts[j], 0.0) / width if width > 0.0 else 0.0
        total += share
        shares[j] = total
        first, last = max(starts[j], low[j] + min_width), min(ends[j], high[j] - min_width)
        # Values of a discrete dimension lie half a cell off the cuts between them.
        room = 0.5 / levels[j] if levels[j] > 0.0 else 0.0
        possible = possible or (share > 0.0 and first <= last + room + slack)
    if not possible:
        return -1
    chosen, best_score = -1, 0.0
    left, right = np.empty(n), np.empty(n)
    for attempt in range(len(draws)):
        target = draws[attempt, 0] * total
        dim = 0
        while dim < dims - 1 and not target < shares[dim]:
            dim += 1
        cut = starts[dim] + draws[attempt, 1] * (ends[dim] - starts[dim])
        if not cut < ends[dim]:
            cut = starts[dim]
        if levels[dim] > 0.0:
            cut = np.floor(cut * levels[dim] + 0.5 + 1e-9) / levels[dim]
        n_left, n_right = 0, 0
        for i in range(n):
            x = points[i, dim]
            if x <= cut:
                left[n_left] = returns[i]
                n_left += 1
            if x > cut or (closed and x == cut):
                right[n_right] = returns[i]
                n_right += 1
        if n_left < min_size or n_right < min_size:  # rounding
            continue
        best[3] = progress(left, 0, n_left, window)
        best[4] = progress(right, 0, n_right, window)
        narrower = min(cut - low[dim], high[dim] - cut)
        if narrower < min_width - slack or narrower <= 0.0:
            continue
        score = abs(best[3] - best[4])
        if not closed:
            score *= n_left * n_right
        if score >= best_score:
            best_score, chosen = score, dim
            best[0], best[1], best[2] = cut, best[3], best[4]
    return chosen


@njit
def lowest(ring_returns: Floats, fifo: Ints, regions: Ints) -> Ints:
    """The place in its ring of the lowest return of each region, the oldest of equals; −1 in an empty region."""
    size = ring_returns.shape[1]
    places = np.full(len(regions), -1, dtype=np.int64)
    for k in range(len(regions)):
        region = regions[k]
        least = np.inf
        for i in range(fifo[region, 1]):
            at = (fifo[region, 0] + i) % size
            if ring_returns[region, at] < least:
                least = ring_returns[region, at]
                places[k] = at
    return places


@njit
def locate(links: Ints, cuts: Floats, points: Floats) -> Ints:
    """The leaf that each point lies in, (n,)."""
    leaves = np.empty(len(points), dtype=np.int64)
    for k in range(len(points)):
        node = 0
        while links[node, 0] >= 0:
            node = links[node, 1] if points[k, links[node, 0]] <= cuts[node] else links[node, 2]
        leaves[k] = node
    return leaves


@njit
def accumulate(links: Ints, low: Floats, high: Floats, shares: Floats) -> Floats:
    """The density of a mixture of uniform distributions over the regions, in each region, (n,).

    A region contains its descendants, whose numbers are higher; the density in a leaf sums up over its ancestors.
    """
    n, dims = low.shape
    density = np.zeros(n)
    for node in range(n):
        volume = 1.0
        for j in range(dims):
            volume *= high[node, j] - low[node, j]
        if shares[node] > 0.0:
            density[node] += shares[node] / volume
        if links[node, 0] >= 0:
            density[links[node, 1]] = density[node]
            density[links[node, 2]] = density[node]
    return density
