"""Where a teacher aims that hands out single levels: a narrow Gaussian around each, in the unit cube."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...spaces import TaskSpace

FloatArray = NDArray[np.float64]

MOST_DIMENSIONS = 6
"""Up to so many free dimensions there is a density."""
BANDWIDTH = 0.05
_BLOCK = 256


def kernel_density(space: TaskSpace, tasks: FloatArray, levels: FloatArray, weights: FloatArray) -> FloatArray | None:
    """Return the density of levels at tasks, without what lies outside of the cube being put back into it.

    Args:
        space: The space of both.
        tasks: Where, shape ``(n, d)``.
        levels: Shape ``(m, d)``.
        weights: Probabilities of the levels, shape ``(m,)``.

    Returns:
        Shape ``(n,)``, relative to uniform; None for no level, and where no or more than six dimensions can vary.

    Example:
        >>> line = TaskSpace(x=(0.0, 1.0))
        >>> kernel_density(line, np.array([[0.5], [0.6]]), np.array([[0.5]]), np.ones(1)).round(2).tolist()
        [7.98, 1.08]
    """
    free = ~space.fixed
    d = int(free.sum())
    if not 1 <= d <= MOST_DIMENSIONS or not len(levels):
        return None
    points, centres = space.to_unit(tasks)[:, free], space.to_unit(levels)[:, free]
    result = np.zeros(len(points))
    for begin in range(0, len(centres), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        squared = ((points[:, None] - centres[block]) ** 2).sum(axis=2)
        result += np.exp(-0.5 * squared / BANDWIDTH**2) @ weights[block]
    density: FloatArray = result / (BANDWIDTH * np.sqrt(2.0 * np.pi)) ** d
    return density
