"""The ground and the obstacles of a track, as plain geometry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .bodies import PIXELS_PER_UNIT

STEP = 14 / PIXELS_PER_UNIT
"""One terrain step in world units."""

LENGTH = 200 * STEP
"""Length of a track in world units; it is finished ten steps before its end."""

START_PAD = 20 * STEP
"""Length of the flat, empty ground at the start in world units; the walker starts in its middle."""

GROUND_HEIGHT = 400 / PIXELS_PER_UNIT / 4
"""Height of the flat ground in world units."""


class Terrain:
    """A ground line and convex obstacles on it.

    Args:
        obstacles: Convex polygons, shape ``(n, k, 2)``, corners counter-clockwise, in world units; a polygon
            with fewer than k corners repeats its last one. Ordered by their left ends.
        ground: Points of the ground line from left to right, shape ``(m, 2)``; flat over the whole track by
            default.

    Attributes:
        obstacles: As given, float64.
        ground: As given, float64.
        spans: Left and right end of every obstacle, shape ``(n, 2)``.

    Raises:
        ValueError: Arrays of another shape.

    Example:
        >>> stump = [(9.0, 3.0), (9.5, 3.0), (9.5, 4.0), (9.0, 4.0)]
        >>> Terrain([stump]).spans.tolist()
        [[9.0, 9.5]]
    """

    def __init__(self, obstacles: ArrayLike, ground: ArrayLike | None = None) -> None:
        if ground is None:
            ground = [(0.0, GROUND_HEIGHT), (LENGTH, GROUND_HEIGHT)]
        self.ground: NDArray[np.float64] = np.ascontiguousarray(ground, dtype=np.float64)
        if self.ground.ndim != 2 or self.ground.shape[1] != 2 or len(self.ground) < 2:
            raise ValueError(f"Expected a ground line of shape (m >= 2, 2), got shape {self.ground.shape}.")
        polygons = np.ascontiguousarray(obstacles, dtype=np.float64)
        if polygons.size == 0:
            polygons = np.empty((0, 3, 2))
        if polygons.ndim != 3 or polygons.shape[1] < 3 or polygons.shape[2] != 2:
            raise ValueError(f"Expected obstacles of shape (n, k >= 3, 2), got shape {polygons.shape}.")
        self.obstacles: NDArray[np.float64] = polygons
        self.spans: NDArray[np.float64] = np.stack(
            [polygons[:, :, 0].min(axis=1), polygons[:, :, 0].max(axis=1)], axis=1
        )


def convex_hull(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the convex hull counter-clockwise, its last corner repeated up to the number of points.

    Example:
        >>> convex_hull([(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0), (1.0, 1.0)])
        [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0), (0.0, 2.0)]
    """
    ordered = sorted(points)
    hull: list[tuple[float, float]] = []
    for chain in (ordered, ordered[::-1]):
        base = len(hull)
        for x, y in chain:
            while len(hull) >= base + 2:
                (ax, ay), (bx, by) = hull[-2], hull[-1]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0.0:
                    break
                hull.pop()
            hull.append((x, y))
        hull.pop()
    return hull + [hull[-1]] * (len(points) - len(hull))
