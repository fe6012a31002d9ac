"""Compiled loops of `CURROT`: a Nadaraya–Watson estimate, and the walk over the candidates of each particle.

The estimate at a point is the average of the data within `RADIUS` lengthscales, weighted by exp(−distance² / 2), with
distances in lengthscales (Nadaraya 1964; Watson 1964). Data come as rows ``(m, d)`` with one value each.

Why it is fast: candidates of a particle lie within a ball, so that data out of its reach are left out once for all of
them, and a candidate that cannot become the choice is not looked at. What remains is columns, ``(d, m)``, so that the
inner loops run over data and become SIMD code, for which the exponential is written as a polynomial.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., Any])

RADIUS = 3.0
"""Data further away than this many lengthscales does not count."""

SQUARED_RADIUS = RADIUS**2
SLACK = 1.0 + 1e-9
"""On distances within which data count, so that rounding leaves none out."""

TINY = 1e-12
"""A distance of nothing."""

# Sums may be reordered (hence vectorised), but infinity keeps its meaning.
REORDER = {"contract", "reassoc", "nsz"}


def njit(inline: bool) -> Callable[[F], F]:
    """`numba.njit` with a cache on disk, typed so that the function keeps its signature.

    Functions that others call become part of them: as functions of their own, a process that compiles could run other
    copies of them than one that loads the caller from the cache, with sums in another order.
    """
    decorator = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=REORDER, forceinline=inline)
    return cast("Callable[[F], F]", decorator)


@njit(inline=True)
def _weight(squared: float) -> float:
    """exp(9/4 − squared / 2) within the radius, else 0; branch-free, relative error below 1e-10.

    The constant factor leaves an argument of at most 9/4 in size. Of a 32nd of it the Taylor polynomial of exp, to the
    power of 32.
    """
    x = (0.5 * SQUARED_RADIUS - min(squared, SQUARED_RADIUS)) * (0.5 / 32.0)
    p = 1.0 / 120.0 + x * (1.0 / 720.0)
    p = 1.0 / 24.0 + x * p
    p = 1.0 / 6.0 + x * p
    p = 0.5 + x * p
    p = 1.0 + x * p
    p = 1.0 + x * p
    p *= p
    p *= p
    p *= p
    p *= p
    p *= p
    return p if squared <= SQUARED_RADIUS else 0.0


@njit(inline=True)
def _distances(columns: Floats, count: int, point: Floats, squared: Floats) -> None:
    """Write the squared distances from a point to the first ``count`` data; arguments as for `_estimate`."""
    dims = len(point)
    x, at_x = columns[0], point[0]
    if dims % 2 == 1:
        for k in range(count):
            squared[k] = (x[k] - at_x) * (x[k] - at_x)
    else:
        y, at_y = columns[1], point[1]
        for k in range(count):
            squared[k] = (x[k] - at_x) * (x[k] - at_x) + (y[k] - at_y) * (y[k] - at_y)
    for j in range(2 - dims % 2, dims, 2):
        x, y, at_x, at_y = columns[j], columns[j + 1], point[j], point[j + 1]
        for k in range(count):
            squared[k] += (x[k] - at_x) * (x[k] - at_x) + (y[k] - at_y) * (y[k] - at_y)


@njit(inline=True)
def _estimate(columns: Floats, values: Floats, count: int, point: Floats, squared: Floats) -> float:
    """The estimate at a point from the first ``count`` data; −∞ where none is within the radius.

    Args:
        columns: Data in lengthscales, (d, m).
        values: (m,).
        count: How many of them to use.
        point: In lengthscales, (d,).
        squared: Scratch, (m,).
    """
    total, pull = 0.0, 0.0
    if len(point) == 2:  # without the scratch it takes half the time
        x, y, at_x, at_y = columns[0], columns[1], point[0], point[1]
        for k in range(count):
            weight = _weight((x[k] - at_x) * (x[k] - at_x) + (y[k] - at_y) * (y[k] - at_y))
            total += weight
            pull += weight * values[k]
    else:
        _distances(columns, count, point, squared)
        for k in range(count):
            weight = _weight(squared[k])
            total += weight
            pull += weight * values[k]
    return pull / total if total > 0.0 else -np.inf


@njit(inline=False)
def average(points: Floats, columns: Floats, values: Floats, result: Floats) -> None:
    """Write the estimates at points; −∞ where there is no datum within the radius.

    Args:
        points: In lengthscales, (n, d).
        columns: Data in lengthscales, (d, m).
        values: (m,).
        result: Out, (n,).
    """
    squared = np.empty(len(values))
    for i in range(len(points)):
        result[i] = _estimate(columns, values, len(values), points[i], squared)


@njit(inline=False)
def choose(
    particles: Floats,
    ways: Floats,
    reach: Floats,
    facing: NDArray[np.bool_],
    straight: int,
    directions: Floats,
    picks: Ints,
    lengths: Floats,
    columns: Floats,
    values: Floats,
    scale: float,
    chosen: Floats,
) -> None:
    """Choose for each particle the candidate nearest its destination whose estimate is at least 0, else the best one.

    First come candidates on the line to the destination, from the furthest one to the particle itself, then random
    ones. None is looked at that is further from the destination than the choice so far. Of equally good ones the first
    is taken, but random ones are preferred. Where no candidate has an estimate the particle stays.

    Args:
        particles: In the unit cube, (n, d).
        ways: From particles to destinations in the unit cube, (n, d).
        reach: How far a candidate may be from its particle, (n,).
        facing: Whether random candidates of a particle are turned to the side of its destination, (n,).
        straight: Candidates on the line to the destination, at least 2.
        directions: Unit vectors, (p, d).
        picks: Of the random candidates of each particle, which direction they are in, (n, c).
        lengths: How far they are from their particles, up to the reach, (n, c); those outside the cube are moved to its
            faces.
        columns: Data in lengthscales, (d, m).
        values: (m,).
        scale: Lengthscale.
        chosen: Out, (n, d).
    """
    dims, m = columns.shape
    around, near, squared, inside = np.empty((dims, m)), np.empty(m), np.empty(m), np.empty(m, np.int64)
    step, point, per_scale = np.empty(dims), np.empty(dims), 1.0 / scale
    for i in range(len(particles)):
        distance = 0.0
        for j in range(dims):
            chosen[i, j] = particles[i, j]
            distance += ways[i, j] * ways[i, j]
            point[j] = particles[i, j] * per_scale
        distance = np.sqrt(distance)

        within = (reach[i] * per_scale + RADIUS) * SLACK
        _distances(columns, m, point, squared)
        count, top = 0, -np.inf
        for k in range(m):  # without a branch, which would often be mispredicted
            inside[count] = k
            count += 1 if squared[k] <= within * within else 0
        for j in range(dims):
            for k in range(count):
                around[j, k] = columns[j, inside[k]] - point[j]
        for k in range(count):
            near[k] = values[inside[k]]
            top = max(top, near[k])

        remaining, best, ties = np.inf, -np.inf, False
        for c in range(straight + picks.shape[1] if count > 0 else 0):
            if c < straight:
                stride = (straight - 1 - c) / (straight - 1) * min(reach[i] / max(distance, TINY), 1.0)
                for j in range(dims):
                    step[j] = stride * ways[i, j]
            else:
                if c == straight:
                    ties = True
                length, pick = lengths[i, c - straight], picks[i, c - straight]
                if distance - length >= remaining:
                    continue  # nowhere at this length is nearer
                if facing[i]:
                    ahead = 0.0
                    for j in range(dims):
                        ahead += directions[pick, j] * ways[i, j]
                    if ahead < 0.0:
                        length = -length
                for j in range(dims):
                    step[j] = min(max(particles[i, j] + length * directions[pick, j], 0.0), 1.0) - particles[i, j]
            gap = 0.0
            for j in range(dims):
                gap += (step[j] - ways[i, j]) * (step[j] - ways[i, j])
            if gap >= remaining * remaining:
                continue
            for j in range(dims):
                point[j] = step[j] * per_scale
            estimate = _estimate(around, near, count, point, squared)
            if estimate >= 0.0:
                remaining = np.sqrt(gap)
            elif remaining < np.inf:
                continue
            elif estimate > best or (ties and estimate == best and estimate > -np.inf):
                best = estimate
            else:
                continue
            for j in range(dims):
                chosen[i, j] = min(max(particles[i, j] + step[j], 0.0), 1.0)
            if ties and remaining == np.inf:
                if best >= top:
                    break  # no average exceeds the highest value
                ties = False
