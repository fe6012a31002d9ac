"""What a proposal of a generator is worth: its score, less for repetitions, and nothing if it is not valid."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .scores import Score

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def fitness_of(
    rates: ArrayLike,
    score: Score,
    *,
    repeated: ArrayLike = 0,
    batch: int = 1,
    penalty: float = 0.0,
    valid: ArrayLike = True,
    bonus: ArrayLike = 0.0,
    floor: float = 0.0,
) -> FloatArray:
    """Return max(floor, score(p̂) + bonus − λ · repeated / batch) of valid proposals, and the floor of others (Agent0).

    A proposal that is not valid gets the floor, 0 by default: a negative one drives generators that learn into
    proposing nothing new.

    Args:
        rates: p̂, the student's success on each.
        score: What a success rate is worth.
        repeated: How many proposals of the batch are alike, itself included; 0 for none.
        batch: B, the proposals of the batch.
        penalty: λ.
        valid: Whether each is valid.
        bonus: Added to the score.
        floor: The least fitness.

    Example:
        >>> from .scores import tent
        >>> fitness_of([0.5] * 4, tent(), repeated=[0, 4, 8, 0], batch=8, penalty=1.0, valid=[1, 1, 1, 0]).tolist()
        [1.0, 0.5, 0.0, 0.0]
    """
    worth = np.asarray(score(np.asarray(rates, dtype=np.float64)), dtype=np.float64)
    worth = worth + np.asarray(bonus, dtype=np.float64) - penalty * np.asarray(repeated, dtype=np.float64) / batch
    return np.where(np.asarray(valid, dtype=np.bool_), np.maximum(worth, floor), floor)


def cluster_sizes(points: FloatArray, distance: float) -> IntArray:
    """Return with how many points each is closer than a distance, itself included; 0 where it is alone.

    Args:
        points: Shape ``(n, d)``, in the unit cube.
        distance: A share of the diagonal.

    Example:
        >>> cluster_sizes(np.array([[0.1], [0.11], [0.9]]), 0.05).tolist()
        [2, 2, 0]
    """
    if not points.shape[1]:
        return np.zeros(len(points), dtype=np.int64)
    apart = np.sqrt(((points[:, None] - points) ** 2).mean(axis=2))
    near = (apart < distance).sum(axis=1)
    return np.where(near > 1, near, 0).astype(np.int64)
