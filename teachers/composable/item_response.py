"""Item response theory with one parameter: P(correct) = σ(θ − b).

θ is the ability of a student, b the difficulty of a task. Used as by PUDF: difficulties come from the answers of a
crowd of models, once; abilities are estimated anew again and again from the latest episodes. Both have a standard
normal prior, so that they are finite where everything or nothing was right.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

_TOLERANCE = 1e-10
_MOST_STEPS = 100


def ability(correct: ArrayLike, difficulties: ArrayLike) -> float:
    """Return the most likely ability after some answers, argmax log N(θ; 0, 1) + Σ log P(answer).

    Args:
        correct: 1 for right, 0 for wrong, anything in between for a rate, shape ``(n,)``.
        difficulties: b of the tasks answered, shape ``(n,)``.

    Example:
        >>> b = [-2, -1, 0, 1, 2]
        >>> round(ability([1, 1, 1, 0, 0], b), 4), round(ability([1] * 5, b), 4), ability([], [])
        (0.27, 1.3771, 0.0)
    """
    y, b = np.asarray(correct, dtype=np.float64), np.asarray(difficulties, dtype=np.float64)
    return float(_solve(y[None], b[None])[0])


def fit_difficulties(responses: ArrayLike, *, iterations: int = 50) -> FloatArray:
    """Return the difficulties of tasks from the answers of a crowd, found in turns with the abilities of the crowd.

    Args:
        responses: 1 for right, 0 for wrong, shape ``(models, tasks)``.
        iterations: Of both.

    Raises:
        ValueError: No matrix, or answers outside [0, 1].

    Example:
        >>> fit_difficulties([[1, 1, 0], [1, 0, 0], [1, 1, 1]]).argsort().tolist()
        [0, 1, 2]
    """
    y = np.asarray(responses, dtype=np.float64)
    if y.ndim != 2 or not y.size or not ((y >= 0.0) & (y <= 1.0)).all():
        raise ValueError(f"responses must be a matrix of models × tasks with numbers from 0 to 1, got shape {y.shape}.")
    b = np.zeros(y.shape[1])
    for _ in range(iterations):
        theta = _solve(y, np.broadcast_to(b, y.shape))
        b = -_solve(y.T, np.broadcast_to(-theta, y.T.shape))  # σ(θ − b) = σ((−b) − (−θ)): the roles swapped
    return b


def _solve(y: FloatArray, b: FloatArray) -> FloatArray:
    """The root in θ of −θ + Σ (y − σ(θ − b)), for each row: it falls steadily, so bounded steps of Newton meet it."""
    theta = np.zeros(len(y))
    for _ in range(_MOST_STEPS):
        p = 0.5 * (1.0 + np.tanh(0.5 * (theta[:, None] - b)))
        slope = 1.0 + (p * (1.0 - p)).sum(axis=1)
        step = np.clip((-theta + (y - p).sum(axis=1)) / slope, -1.0, 1.0)
        theta = theta + step
        if np.abs(step).max() < _TOLERANCE:
            break
    return theta


def hardest_for(theta: float, target_p: float) -> float:
    """Return the difficulty that a student of an ability solves with a chance: θ + ln(1/p − 1).

    Example:
        >>> round(hardest_for(0.333, 0.6), 4)
        -0.0725
    """
    return theta + math.log(1.0 / target_p - 1.0)
