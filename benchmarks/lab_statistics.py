"""Statistics over seeds: interquartile mean, bootstrap intervals, probability of improvement.

Agarwal, Schwarzer, Castro, Courville, Bellemare (2021), "Deep reinforcement learning at the edge of the statistical
precipice", sections 4.1 to 4.3. Scores are matrices of shape ``(n_seeds, n_spaces)``; a bootstrap draws seeds with
replacement, for each space on its own (stratified).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import mannwhitneyu, trim_mean

FloatArray = NDArray[np.float64]

RESAMPLES = 2_000


def interquartile_mean(scores: ArrayLike) -> float:
    """Return the mean of the middle half of all scores: a quarter is cut off at each end, rounded down.

    Args:
        scores: Of any shape, at least one.

    Raises:
        ValueError: No score, or one that is not finite.

    Example:
        >>> interquartile_mean([1, 2, 3, 4, 5, 6, 7, 80])
        4.5
    """
    return float(trim_mean(_finite(scores).ravel(), 0.25))


def bootstrap_interval(
    scores: ArrayLike,
    statistic: Callable[[FloatArray], FloatArray] | None = None,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """Return a percentile bootstrap interval, of the interquartile mean by default, stratified by column.

    Args:
        scores: Shape ``(n_seeds,)`` or ``(n_seeds, n_spaces)``.
        statistic: Maps resamples, shape ``(resamples, n_seeds, n_spaces)``, to numbers, shape ``(resamples,)``.
        level: Of the interval.
        resamples: How many.
        seed: Of the resampling: the same scores have the same interval.

    Example:
        >>> low, high = bootstrap_interval(np.arange(20.0))
        >>> 5.0 < low < 9.5 < high < 14.0
        True
    """
    table = _finite(scores)
    table = table[:, None] if table.ndim == 1 else table
    draws = _resampled(table, resamples, np.random.default_rng(seed))
    values = (statistic or _middle)(draws)
    low, high = np.quantile(values, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def interquartile_curve(scores: ArrayLike, *, seed: int = 0) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the interquartile mean of each column and its 95 % bootstrap interval, resampling whole seeds.

    Args:
        scores: One row a seed, one column an evaluation, shape ``(n_seeds, m)``.
        seed: Of the resampling.

    Returns:
        Interquartile mean, lower and upper end, each of shape ``(m,)``.

    Example:
        >>> [values.tolist() for values in interquartile_curve([[0.0, 1.0], [0.0, 1.0]])]
        [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]
    """
    table = _finite(scores)
    chosen = np.random.default_rng(seed).integers(len(table), size=(RESAMPLES, len(table)))
    middle = np.empty(table.shape[1])
    low, high = np.empty_like(middle), np.empty_like(middle)
    for i, column in enumerate(table.T):
        middle[i] = trim_mean(column, 0.25)
        low[i], high[i] = np.quantile(trim_mean(column[chosen], 0.25, axis=1), [0.025, 0.975])
    return middle, low, high


def probability_of_improvement(scores: ArrayLike, others: ArrayLike) -> float:
    """Return the probability that a score is above one of the others, ties counting half; the mean over spaces.

    Args:
        scores: Shape ``(n_seeds,)`` or ``(n_seeds, n_spaces)``.
        others: The same with any number of seeds.

    Raises:
        ValueError: Different numbers of spaces.

    Example:
        >>> probability_of_improvement([3.0, 3.0, 1.0], [1.0, 2.0])
        0.75
    """
    one, two = _tables(scores, others)
    # U counts the pairs in which the first is larger, ties half (Mann–Whitney).
    count = mannwhitneyu(one, two, axis=0, method="asymptotic", use_continuity=False).statistic
    return float(np.mean(count / (len(one) * len(two))))


def improvement_interval(
    scores: ArrayLike, others: ArrayLike, *, level: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of `probability_of_improvement`, resampling both, space by space.

    Example:
        >>> improvement_interval([3.0, 4.0], [1.0, 2.0])
        (1.0, 1.0)
    """
    one, two = _tables(scores, others)
    rng = np.random.default_rng(seed)
    first, second = _resampled(one, resamples, rng), _resampled(two, resamples, rng)
    values = np.zeros(resamples)
    for i in range(one.shape[1]):
        difference = np.sign(first[:, :, None, i] - second[:, None, :, i])
        values += 0.5 + 0.5 * difference.mean(axis=(1, 2))
    low, high = np.quantile(values / one.shape[1], [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def first_reached(points: ArrayLike, scores: ArrayLike, threshold: float = 50.0) -> FloatArray:
    """Return after how many episodes each seed's score was at the threshold first; inf where it never was.

    Args:
        points: Episodes at the evaluations, shape ``(m,)``.
        scores: Shape ``(n_seeds, m)``.
        threshold: In percent.

    Example:
        >>> first_reached([0, 10, 20], [[0.0, 60.0, 40.0], [0.0, 10.0, 20.0]]).tolist()
        [10.0, inf]
    """
    table = np.asarray(scores, dtype=np.float64)
    reached = table >= threshold
    episodes = np.asarray(points, dtype=np.float64)[np.argmax(reached, axis=1)]
    return np.where(reached.any(axis=1), episodes, np.inf)


def _finite(scores: ArrayLike) -> FloatArray:
    table = np.asarray(scores, dtype=np.float64)
    if table.size == 0 or not np.isfinite(table).all():
        raise ValueError(f"Expected at least one score, all finite; got {table.tolist()}.")
    return table


def _tables(scores: ArrayLike, others: ArrayLike) -> tuple[FloatArray, FloatArray]:
    one, two = _finite(scores), _finite(others)
    one, two = (table[:, None] if table.ndim == 1 else table for table in (one, two))
    if one.shape[1] != two.shape[1]:
        raise ValueError(f"Expected scores of the same spaces, got {one.shape[1]} and {two.shape[1]} columns.")
    return one, two


def _resampled(table: FloatArray, resamples: int, rng: np.random.Generator) -> FloatArray:
    chosen = rng.integers(len(table), size=(resamples, *table.shape))
    return np.take_along_axis(table[None], chosen, axis=1)


def _middle(draws: FloatArray) -> FloatArray:
    values: FloatArray = trim_mean(draws.reshape(len(draws), -1), 0.25, axis=1)
    return values
