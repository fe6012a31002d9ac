"""The lidar: ten rays from the hull, forward and down, as one numba kernel.

The terrain does not move, so the rays are intersected with its lines and polygons directly. The fractions are
those of Box2D's ``b2World.RayCast`` with the closest hit (a polygon is hit from outside only) up to single
precision.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .bodies import PIXELS_PER_UNIT

N_RAYS = 10
RANGE = 160 / PIXELS_PER_UNIT
"""Length of a ray in world units."""

ANGLES = 1.5 * np.arange(N_RAYS) / N_RAYS
"""Angles of the rays from straight down towards straight ahead in radians; they do not turn with the hull."""

RAYS = np.stack([np.sin(ANGLES), -np.cos(ANGLES)], axis=1) * RANGE
"""The rays as vectors, shape ``(10, 2)``."""


@njit(cache=True)
def cast_rays(
    x: float,
    y: float,
    ground: NDArray[np.float64],
    obstacles: NDArray[np.float64],
    spans: NDArray[np.float64],
    observation: NDArray[np.float32],
) -> None:
    """Write how far each ray gets, as a fraction of its range in [0, 1], into the last ten entries.

    Args:
        x: Horizontal position of the hull.
        y: Vertical position of the hull.
        ground: See `Terrain`, shape ``(m, 2)``.
        obstacles: See `Terrain`, shape ``(n, k, 2)``.
        spans: See `Terrain`, shape ``(n, 2)``.
        observation: Written in place.
    """
    first = observation.size - N_RAYS
    nearest = np.ones(N_RAYS)
    reach = x + RANGE

    for i in range(ground.shape[0] - 1):
        ax, ay = ground[i, 0], ground[i, 1]
        bx, by = ground[i + 1, 0], ground[i + 1, 1]
        if bx < x or ax > reach:
            continue
        ex, ey = bx - ax, by - ay
        px, py = ax - x, ay - y
        for ray in range(N_RAYS):
            dx, dy = RAYS[ray, 0], RAYS[ray, 1]
            denominator = dx * ey - dy * ex
            if denominator == 0.0:
                continue
            fraction = (px * ey - py * ex) / denominator
            along = (px * dy - py * dx) / denominator
            if 0.0 <= fraction < nearest[ray] and 0.0 <= along <= 1.0:
                nearest[ray] = fraction

    for k in range(obstacles.shape[0]):
        if spans[k, 1] < x or spans[k, 0] > reach:
            continue
        for ray in range(N_RAYS):
            fraction = _enter_polygon(x, y, RAYS[ray, 0], RAYS[ray, 1], obstacles[k], nearest[ray])
            if fraction < nearest[ray]:
                nearest[ray] = fraction

    for ray in range(N_RAYS):
        observation[first + ray] = nearest[ray]


@njit(cache=True)
def _enter_polygon(x: float, y: float, dx: float, dy: float, corners: NDArray[np.float64], limit: float) -> float:
    """Return where a ray enters a convex polygon (Cyrus–Beck clipping), or 2.0 if not before ``limit``."""
    enter, leave = 0.0, limit
    outside = False
    n = corners.shape[0]
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        # The outward normal of the edge from corner i to corner j of a counter-clockwise polygon.
        normal_x = corners[j, 1] - corners[i, 1]
        normal_y = corners[i, 0] - corners[j, 0]
        distance = normal_x * (corners[i, 0] - x) + normal_y * (corners[i, 1] - y)
        speed = normal_x * dx + normal_y * dy
        if speed == 0.0:
            if distance < 0.0:
                return 2.0
        elif speed < 0.0:
            if distance < enter * speed:
                enter = distance / speed
                outside = True
        elif distance < leave * speed:
            leave = distance / speed
        if leave < enter:
            return 2.0
    return enter if outside else 2.0
