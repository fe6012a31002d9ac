"""The ground, the ceiling and the obstacles of a track, as plain geometry."""

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


BAND = 0.5
"""Height of the climbable band under a ceiling in world units."""


class Terrain:
    """A ground line with convex obstacles on it, and maybe a ceiling from which others hang.

    Args:
        obstacles: Convex polygons, shape ``(n, k, 2)``, corners counter-clockwise, in world units; a polygon
            with fewer than k corners repeats its last one. Ordered by their left ends.
        ground: Points of the ground line from left to right, shape ``(m, 2)``; flat over the whole track by
            default.
        ceiling: Height of the flat ceiling; None for the open sky.
        spikes: Obstacles that hang from the ceiling, in the same form.

    Attributes:
        obstacles: As given, float64.
        ground: As given, float64.
        spans: Left and right end of every obstacle, shape ``(n, 2)``.
        ceiling: As given.
        spikes: As given, float64.

    Raises:
        ValueError: Arrays of another shape, or spikes without a ceiling.

    Example:
        >>> stump = [(9.0, 3.0), (9.5, 3.0), (9.5, 4.0), (9.0, 4.0)]
        >>> Terrain([stump]).spans.tolist()
        [[9.0, 9.5]]
    """

    def __init__(
        self,
        obstacles: ArrayLike,
        ground: ArrayLike | None = None,
        ceiling: float | None = None,
        spikes: ArrayLike = (),
    ) -> None:
        if ground is None:
            ground = [(0.0, GROUND_HEIGHT), (LENGTH, GROUND_HEIGHT)]
        self.ground: NDArray[np.float64] = np.ascontiguousarray(ground, dtype=np.float64)
        if self.ground.ndim != 2 or self.ground.shape[1] != 2 or len(self.ground) < 2:
            raise ValueError(f"Expected a ground line of shape (m >= 2, 2), got shape {self.ground.shape}.")
        self.obstacles = _polygons("obstacles", obstacles)
        self.spans: NDArray[np.float64] = np.stack(
            [self.obstacles[:, :, 0].min(axis=1), self.obstacles[:, :, 0].max(axis=1)], axis=1
        )
        self.ceiling = ceiling
        self.spikes = _polygons("spikes", spikes)
        if ceiling is None and len(self.spikes):
            raise ValueError("Expected the height of a ceiling from which the spikes hang, got None.")

    def upside_down(self) -> Terrain:
        """Return what is overhead as ground and obstacles, all heights negated.

        Raises:
            ValueError: There is no ceiling.

        Example:
            >>> spike = [(9.0, 12.0), (9.5, 12.0), (9.5, 13.0), (9.0, 13.0)]
            >>> turned = Terrain([], ceiling=13.0, spikes=[spike]).upside_down()
            >>> turned.ground[0].tolist(), turned.obstacles[0].tolist()
            ([0.0, -13.0], [[9.0, -13.0], [9.5, -13.0], [9.5, -12.0], [9.0, -12.0]])
        """
        if self.ceiling is None:
            raise ValueError("Expected a terrain with a ceiling, got one under the open sky.")
        ends = self.ground[[0, -1], 0]
        line = np.stack([ends, np.full(2, -self.ceiling)], axis=1)
        return Terrain(self.spikes[:, ::-1] * (1.0, -1.0), line)


def _polygons(name: str, corners: ArrayLike) -> NDArray[np.float64]:
    polygons = np.ascontiguousarray(corners, dtype=np.float64)
    if polygons.size == 0:
        polygons = np.empty((0, 3, 2))
    if polygons.ndim != 3 or polygons.shape[1] < 3 or polygons.shape[2] != 2:
        raise ValueError(f"Expected {name} of shape (n, k >= 3, 2), got shape {polygons.shape}.")
    return polygons


def boxes(left: NDArray[np.float64], width: float, bottom: ArrayLike, top: ArrayLike) -> NDArray[np.float64]:
    """Return upright boxes as polygons, shape ``(n, 4, 2)``.

    Args:
        left: Their left ends, shape ``(n,)``.
        width: Their width.
        bottom: Their lower ends, a number or shape ``(n,)``.
        top: Their upper ends, likewise.

    Example:
        >>> boxes(np.array([9.0]), 0.5, 3.0, np.array([4.0])).tolist()
        [[[9.0, 3.0], [9.5, 3.0], [9.5, 4.0], [9.0, 4.0]]]
    """
    right = left + width
    low, high = np.broadcast_to(bottom, left.shape), np.broadcast_to(top, left.shape)
    corners_x = np.stack([left, right, right, left], axis=1)
    corners_y = np.stack([low, low, high, high], axis=1)
    return np.stack([corners_x, corners_y], axis=2)


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
