"""Statistics of scores over runs and tasks: the numbers themselves. Their intervals are in `bootstrap`.

Agarwal, Schwarzer, Castro, Courville, Bellemare (2021), "Deep reinforcement learning at the edge of the statistical
precipice", with the definitions of their library rliable. Scores are tables of shape ``(n_runs, n_tasks)``; one column
alone may be of shape ``(n_runs,)``. Runs of different tasks have nothing to do with each other: a row is no unit.

Functions of curves take the evaluations as the last axis, and return one number a run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import trapezoid
from scipy.stats import mannwhitneyu, trim_mean

FloatArray = NDArray[np.float64]

Statistic = Callable[[FloatArray], FloatArray]
"""Maps many tables at once, shape ``(..., n_runs, n_tasks)``, to a number each, shape ``(...)``."""


def finite_scores(scores: ArrayLike) -> FloatArray:
    """Return scores as an array.

    Raises:
        ValueError: There is none, or one is not finite; the message says which.

    Example:
        >>> finite_scores([[1.0, 2.0], [3.0, float("nan")]])
        Traceback (most recent call last):
        ...
        ValueError: Expected at least one score, all finite; that of run 1, column 1 is nan.
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.size == 0:
        raise ValueError(f"Expected at least one score, all finite; got none, shape {table.shape}.")
    wrong = np.argwhere(~np.isfinite(table))
    if len(wrong):
        first = tuple(int(i) for i in wrong[0])
        where = f"run {first[0]}" if first else "the score"
        where += "".join(f", column {i}" for i in first[1:])
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise ValueError(f"Expected at least one score, all finite; that of {where} is {table[first]}{more}.")
    return table


def score_table(scores: ArrayLike) -> FloatArray:
    """Return scores as a table; one column alone gets its second axis.

    Raises:
        ValueError: No score, one that is not finite, or more than two axes.

    Example:
        >>> score_table([1.0, 2.0, 3.0]).shape
        (3, 1)
    """
    table = finite_scores(scores)
    if table.ndim not in (1, 2):
        raise ValueError(f"Expected scores of shape (n_runs,) or (n_runs, n_tasks), got {table.shape}.")
    return table[:, None] if table.ndim == 1 else table


# --- One number for many runs and tasks ------------------------------------------------------------------------------


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
    return float(trim_mean(finite_scores(scores).ravel(), 0.25))


def mean_score(scores: ArrayLike) -> float:
    """Return the mean over tasks of the means over runs.

    Args:
        scores: Shape ``(n_runs,)`` or ``(n_runs, n_tasks)``.

    Raises:
        ValueError: No score, or one that is not finite.

    Example:
        >>> mean_score([[1.0, 2.0], [3.0, 6.0]])
        3.0
    """
    return float(_mean(score_table(scores)))


def median_score(scores: ArrayLike) -> float:
    """Return the median over tasks of the means over runs: not the median of all scores.

    Of one task alone this is the mean of its runs.

    Args:
        scores: Shape ``(n_runs,)`` or ``(n_runs, n_tasks)``.

    Raises:
        ValueError: No score, or one that is not finite.

    Example:
        >>> median_score([[0.0, 5.0, 90.0], [2.0, 7.0, 10.0]])
        6.0
    """
    return float(_median(score_table(scores)))


def optimality_gap(scores: ArrayLike, gamma: float = 1.0) -> float:
    """Return by how much scores fall short of a goal on average; what is above the goal does not make up for it.

    Args:
        scores: Shape ``(n_runs,)`` or ``(n_runs, n_tasks)``.
        gamma: The goal, in the unit of the scores: 100 for percent.

    Raises:
        ValueError: No score, or one that is not finite.

    Example:
        >>> optimality_gap([[0.5, 3.0], [1.0, 0.0]])
        0.375
    """
    return float(_gap(score_table(scores), gamma))


def _interquartile_mean(tables: FloatArray) -> FloatArray:
    pooled: FloatArray = trim_mean(tables.reshape(*tables.shape[:-2], -1), 0.25, axis=-1)
    return pooled


def _mean(tables: FloatArray) -> FloatArray:
    means: FloatArray = tables.mean(axis=(-2, -1))
    return means


def _median(tables: FloatArray) -> FloatArray:
    medians: FloatArray = np.median(tables.mean(axis=-2), axis=-1)
    return medians


def _gap(tables: FloatArray, gamma: float = 1.0) -> FloatArray:
    gaps: FloatArray = gamma - np.minimum(tables, gamma).mean(axis=(-2, -1))
    return gaps


METRICS: Mapping[str, Statistic] = MappingProxyType(
    {"iqm": _interquartile_mean, "median": _median, "mean": _mean, "optimality_gap": _gap}
)
"""What `bootstrap.estimate` knows by name. The optimality gap's goal is 1."""


# --- Profiles and comparisons ----------------------------------------------------------------------------------------


def performance_profile(scores: ArrayLike, thresholds: ArrayLike, *, averaged: bool = False) -> FloatArray:
    """Return which share of the scores is above each of some thresholds.

    Args:
        scores: Shape ``(n_runs,)`` or ``(n_runs, n_tasks)``.
        thresholds: Shape ``(k,)``, in any order.
        averaged: Count tasks by the mean of their runs (average-score distribution) instead of single runs (run-score
            distribution).

    Returns:
        Shares in [0, 1], shape ``(k,)``.

    Raises:
        ValueError: No score, or one that is not finite.

    Example:
        >>> performance_profile([[0.0, 0.5], [1.0, 0.5]], [0.0, 0.5, 1.0]).tolist()
        [0.75, 0.25, 0.0]
        >>> performance_profile([[0.0, 0.5], [1.0, 0.5]], [0.0, 0.5, 1.0], averaged=True).tolist()
        [1.0, 0.0, 0.0]
    """
    table = score_table(scores)
    counted = table.mean(axis=0) if averaged else table.ravel()
    shares: FloatArray = (counted[:, None] > np.asarray(thresholds, dtype=np.float64)).mean(axis=0)
    return shares


def same_tasks(scores: ArrayLike, others: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return two tables of scores of the same tasks.

    Raises:
        ValueError: No score, one that is not finite, or different numbers of columns.
    """
    one, two = score_table(scores), score_table(others)
    if one.shape[1] != two.shape[1]:
        raise ValueError(f"Expected scores of the same spaces or tasks, got {one.shape[1]} and {two.shape[1]} columns.")
    return one, two


def probability_of_improvement(scores: ArrayLike, others: ArrayLike) -> float:
    """Return the probability that a score is above one of the others, ties counting half; the mean over tasks.

    Args:
        scores: Shape ``(n_runs,)`` or ``(n_runs, n_tasks)``.
        others: The same with any number of runs.

    Raises:
        ValueError: Different numbers of tasks, no score, or one that is not finite.

    Example:
        >>> probability_of_improvement([3.0, 3.0, 1.0], [1.0, 2.0])
        0.75
    """
    one, two = same_tasks(scores, others)
    # U counts the pairs in which the first is larger, ties half (Mann–Whitney).
    count = mannwhitneyu(one, two, axis=0, method="asymptotic", use_continuity=False).statistic
    return float(np.mean(count / (len(one) * len(two))))


def relative_scores(scores: ArrayLike, baseline: ArrayLike) -> FloatArray:
    """Return the mean score on each task, divided by the baseline's: the radii of TeachMyAgent's radar.

    Romac, Portelas, Hofmann, Oudeyer (2021), "TeachMyAgent: a benchmark for automatic curriculum learning in deep RL".

    Args:
        scores: Shape ``(n_runs,)`` or ``(n_runs, n_tasks)``, 0 or more.
        baseline: The same with any number of runs: those of the teacher ``random``.

    Returns:
        Shape ``(n_tasks,)``; 1 is as good as the baseline. NaN where the baseline's mean is 0: there is no ratio.

    Raises:
        ValueError: Different numbers of tasks, a negative score, none, or one that is not finite.

    Example:
        >>> relative_scores([[20.0, 5.0], [40.0, 7.0]], [[10.0, 0.0], [20.0, 0.0]]).tolist()
        [2.0, nan]
    """
    one, two = same_tasks(scores, baseline)
    lowest = min(one.min(), two.min())
    if lowest < 0.0:
        raise ValueError(f"Expected scores of at least 0, for a ratio of others says nothing; got {lowest}.")
    mean, base = one.mean(axis=0), two.mean(axis=0)
    return np.divide(mean, base, out=np.full_like(mean, np.nan), where=base > 0.0)


# --- Sample efficiency -----------------------------------------------------------------------------------------------


def area_under_curve(points: ArrayLike, scores: ArrayLike) -> FloatArray:
    """Return the area under learning curves, divided by the length of training: the mean score on the way.

    Evaluations are joined by straight lines.

    Args:
        points: Steps or episodes at the evaluations, increasing, shape ``(m,)``, at least two.
        scores: Shape ``(..., m)``.

    Returns:
        In the unit of the scores, shape ``(...)``: one number a run.

    Raises:
        ValueError: Points that do not increase or do not fit the scores, or a score that is not finite.

    Example:
        >>> area_under_curve([0, 10, 40], [[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]).tolist()
        [0.875, 0.375]
    """
    x, table = _curves(points, scores)
    if len(x) < 2:
        raise ValueError("Expected at least two evaluations, for one has no area under it.")
    return np.asarray(trapezoid(table, x, axis=-1) / (x[-1] - x[0]))


def steps_to_threshold(points: ArrayLike, scores: ArrayLike, threshold: float) -> FloatArray:
    """Return after how many steps each run's score was at a threshold first; inf where it never was.

    Such a run is censored: all that is known is that it needs more than its budget. What is inf must not be left out,
    and has no mean; see `StepsToThreshold`.

    Args:
        points: Steps or episodes at the evaluations, increasing, shape ``(m,)``.
        scores: Shape ``(..., m)``.
        threshold: In the unit of the scores.

    Returns:
        Shape ``(...)``, to the precision of the distance between evaluations.

    Raises:
        ValueError: Points that do not increase or do not fit the scores, or a score that is not finite.

    Example:
        >>> steps_to_threshold([0, 10, 20], [[0.0, 60.0, 40.0], [0.0, 10.0, 20.0]], 50.0).tolist()
        [10.0, inf]
    """
    x, table = _curves(points, scores)
    reached = table >= threshold
    return np.where(reached.any(axis=-1), x[np.argmax(reached, axis=-1)], np.inf)


def _curves(points: ArrayLike, scores: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, table = np.asarray(points, dtype=np.float64), finite_scores(scores)
    if x.ndim != 1 or table.ndim == 0 or table.shape[-1] != len(x):
        raise ValueError(f"Expected a score at each of {x.size} points, the last axis; got scores {table.shape}.")
    if not (np.isfinite(x).all() and (np.diff(x) > 0.0).all()):
        raise ValueError(f"Expected points that increase, got {_shortened(x)}.")
    return x, table


def _shortened(values: Any) -> str:
    return np.array2string(values, threshold=8, edgeitems=3, separator=", ")
