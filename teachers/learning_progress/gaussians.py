"""Gaussians over tasks: in task units and in the unit cube, and how to draw from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...spaces import TaskSpace

FloatArray = NDArray[np.float64]

_LEAST_JITTER = 1e-14
"""Added to the variances of a covariance that is not positive definite, as a share of its largest entry …"""

_LEAST_SCALE = 1e-6
"""… or of this, in the units of the unit cube."""


def to_task_units(
    space: TaskSpace, free: NDArray[np.bool_], means: FloatArray, covariances: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return Gaussians over the unit cube's free dimensions as Gaussians over all dimensions in task units.

    Args:
        space: The tasks.
        free: Which dimensions they are over, shape ``(d,)``; in the others the variance is 0.
        means: Shape ``(k, f)``.
        covariances: Shape ``(k, f, f)``.

    Returns:
        Means ``(k, d)`` and covariances ``(k, d, d)``.

    Example:
        >>> space = TaskSpace(x=(2.0, 4.0), fixed=(1.0, 1.0))
        >>> means, _ = to_task_units(space, ~space.fixed, np.array([[0.25]]), np.array([[[0.01]]]))
        >>> means.tolist()
        [[2.5, 1.0]]
    """
    origin, width = _frame(space)
    k, d = len(means), space.n_dims
    all_means = np.tile(np.where(free, 0.0, space.low), (k, 1))
    all_means[:, free] = origin[free] + means * width[free]
    all_covariances = np.zeros((k, d, d))
    all_covariances[np.ix_(np.arange(k), free, free)] = covariances * np.outer(width[free], width[free])
    return all_means, all_covariances


def to_unit_cube(
    space: TaskSpace, free: NDArray[np.bool_], means: FloatArray, covariances: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return Gaussians in task units as Gaussians over the free dimensions of the unit cube; undoes `to_task_units`.

    Example:
        >>> space = TaskSpace(x=(2.0, 4.0), fixed=(1.0, 1.0))
        >>> to_unit_cube(space, ~space.fixed, np.array([[2.5, 1.0]]), np.zeros((1, 2, 2)))[0].tolist()
        [[0.25]]
    """
    origin, width = _frame(space)
    scale = np.where(width[free] == 0.0, 1.0, width[free])
    points = (means[:, free] - origin[free]) / scale
    return points, covariances[np.ix_(np.arange(len(means)), free, free)] / np.outer(scale, scale)


def _frame(space: TaskSpace) -> tuple[FloatArray, FloatArray]:
    """What 0 of the unit cube stands for in each dimension, and how wide the cube is there."""
    origin = np.where(space.discrete, space.low - 0.5, space.low)
    return origin, np.where(space.discrete, space.high + 0.5, space.high) - origin


def cholesky_factors(covariances: FloatArray) -> FloatArray:
    """Lower Cholesky factors; a matrix without one, singular but for rounding, gets the least jitter that gives it one.

    Args:
        covariances: Shape ``(k, d, d)``.

    Example:
        >>> cholesky_factors(np.array([[[4.0, 0.0], [0.0, 9.0]]])).tolist()
        [[[2.0, 0.0], [0.0, 3.0]]]
    """
    try:
        return np.asarray(np.linalg.cholesky(covariances), dtype=np.float64)
    except np.linalg.LinAlgError:
        if not np.isfinite(covariances).all():
            raise
    factors, eye = np.empty_like(covariances), np.eye(covariances.shape[1])
    for matrix, factor in zip(covariances, factors, strict=True):
        jitter = _LEAST_JITTER * max(float(np.abs(matrix).max()), _LEAST_SCALE)
        while True:
            try:
                factor[...] = np.linalg.cholesky(matrix + jitter * eye)
                break
            except np.linalg.LinAlgError:
                jitter *= 10.0
    return factors
