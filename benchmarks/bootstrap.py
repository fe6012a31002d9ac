"""Intervals by the stratified bootstrap: the runs of each task are drawn anew, with replacement, task by task.

Agarwal et al. (2021), "Deep reinforcement learning at the edge of the statistical precipice", section 4.1. An interval
spans the middle 95 % of a statistic's values over resamples (the percentile method). It tells how much the number would
change with other seeds; with ``tasks=True`` the tasks are drawn anew as well, and it tells how much the number would
change with other seeds and other tasks of the kind.

Where a row of the table is one student that was tested on every task, its scores go up and down together, and drawing
them task by task makes intervals too narrow: ``whole_runs=True`` draws rows.

One run says nothing about how much runs differ. There is no interval then: ``low`` and ``high`` are None.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import unknown_name
from .band import Band
from .estimate import Estimate
from .statistics import (
    METRICS,
    FloatArray,
    Statistic,
    finite_scores,
    performance_profile,
    probability_of_improvement,
    same_tasks,
    score_table,
)

RESAMPLES = 2_000

IntArray = NDArray[np.int64]


def estimate(
    scores: ArrayLike,
    statistic: str | Statistic = "iqm",
    *,
    tasks: bool = False,
    whole_runs: bool = False,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Return a statistic of scores and its interval.

    Args:
        scores: Shape ``(n_runs,)`` or ``(n_runs, n_tasks)``.
        statistic: ``iqm``, ``mean``, ``median`` or ``optimality_gap`` (of scores whose goal is 1), or a function that
            maps tables, shape ``(..., n_runs, n_tasks)``, to numbers, shape ``(...)``.
        tasks: Draw tasks anew, too.
        whole_runs: Draw rows instead of the scores of each task on their own.
        level: Of the interval.
        resamples: How many.
        seed: Of the resampling: the same scores have the same interval.

    Raises:
        ValueError: No score, one that is not finite, an unknown statistic, or a level or number out of range.

    Example:
        >>> found = estimate(np.arange(20.0))
        >>> found.value, found.runs, 5.0 < found.low < 9.5 < found.high < 14.0
        (9.5, 20, True)
        >>> print(estimate([[0.5, 0.7]], "mean"))
        0.6 (1 run: no interval)
    """
    _check(level, resamples)
    table, compute = score_table(scores), statistic_of(statistic)
    value = float(compute(table))
    choices = _choices(table, resamples, np.random.default_rng(seed), tasks, whole_runs)
    if choices is None:
        return Estimate(value, None, None, len(table), level)
    low, high = _ends(compute(table.ravel()[choices]), level)
    return Estimate(value, float(low), float(high), len(table), level)


def estimate_improvement(
    scores: ArrayLike,
    others: ArrayLike,
    *,
    whole_runs: bool = False,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Return `probability_of_improvement` and its interval: the runs of both are drawn anew.

    Args:
        scores: Shape ``(n_runs,)`` or ``(n_runs, n_tasks)``.
        others: The same with any number of runs.
        whole_runs: Draw rows instead of the scores of each task on their own.
        level: Of the interval.
        resamples: How many.
        seed: Of the resampling.

    Returns:
        Its ``runs`` are those of the side with fewer.

    Raises:
        ValueError: Different numbers of tasks, no score, or one that is not finite.

    Example:
        >>> print(estimate_improvement([3.0, 4.0], [1.0, 2.0]))
        1 [1, 1]
    """
    _check(level, resamples)
    one, two = same_tasks(scores, others)
    value, runs = probability_of_improvement(one, two), min(len(one), len(two))
    rng = np.random.default_rng(seed)
    first, second = (_choices(table, resamples, rng, whole_runs=whole_runs) for table in (one, two))
    if first is None or second is None:
        return Estimate(value, None, None, runs, level)
    counts, others_counts = _counts(first, one.shape), _counts(second, two.shape)
    values = np.zeros(resamples)
    for i in range(one.shape[1]):
        signs = np.sign(one[:, None, i] - two[None, :, i])
        won = ((counts[:, :, i] @ signs) * others_counts[:, :, i]).sum(axis=1)  # pairs won less pairs lost
        values += 0.5 + 0.5 * (won / signs.size)
    low, high = _ends(values / one.shape[1], level)
    return Estimate(value, float(low), float(high), runs, level)


def estimate_profile(
    scores: ArrayLike,
    thresholds: ArrayLike,
    *,
    averaged: bool = False,
    tasks: bool = False,
    whole_runs: bool = False,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Band:
    """Return a `performance_profile` and an interval at each threshold.

    Args:
        scores: Shape ``(n_runs,)`` or ``(n_runs, n_tasks)``.
        thresholds: Shape ``(k,)``.
        averaged: Count tasks by the mean of their runs instead of single runs.
        tasks: Draw tasks anew, too.
        whole_runs: Draw rows instead of the scores of each task on their own.
        level: Of the intervals.
        resamples: How many.
        seed: Of the resampling.

    Raises:
        ValueError: No score, or one that is not finite.

    Example:
        >>> band = estimate_profile([[0.0, 1.0], [0.0, 1.0]], [0.5])
        >>> band.middle.tolist(), band.low.tolist(), band.high.tolist()
        ([0.5], [0.5], [0.5])
    """
    _check(level, resamples)
    table, tau = score_table(scores), np.asarray(thresholds, dtype=np.float64)
    middle = performance_profile(table, tau, averaged=averaged)
    choices = _choices(table, resamples, np.random.default_rng(seed), tasks, whole_runs)
    if choices is None:
        return Band(middle, None, None, len(table))
    if averaged:
        means = table.ravel()[choices].mean(axis=1)
        shares = np.stack([(means > each).mean(axis=1) for each in tau], axis=1)
    else:
        counts = _counts(choices, table.shape).reshape(resamples, -1)
        shares = counts @ (table.reshape(-1, 1) > tau).astype(np.float64) / table.size
    low, high = _ends(shares, level)
    return Band(middle, low, high, len(table))


def estimate_curve(
    scores: ArrayLike,
    statistic: str | Statistic = "iqm",
    *,
    whole_runs: bool = False,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Band:
    """Return a statistic at each evaluation and its interval: runs are drawn anew, each with its whole curve.

    Args:
        scores: Shape ``(n_runs, m)``: one column an evaluation; or ``(n_runs, n_tasks, m)``.
        statistic: As `estimate` takes it.
        whole_runs: Draw rows instead of the scores of each task on their own.
        level: Of the intervals.
        resamples: How many.
        seed: Of the resampling.

    Raises:
        ValueError: No score, one that is not finite, one axis or more than three, or an unknown statistic.

    Example:
        >>> band = estimate_curve([[0.0, 1.0], [0.0, 1.0]])
        >>> band.middle.tolist(), band.low.tolist(), band.high.tolist()
        ([0.0, 1.0], [0.0, 1.0], [0.0, 1.0])
    """
    _check(level, resamples)
    curves, compute = finite_scores(scores), statistic_of(statistic)
    if curves.ndim not in (2, 3):
        raise ValueError(f"Expected scores of shape (n_runs, m) or (n_runs, n_tasks, m), got {curves.shape}.")
    curves = curves.reshape(len(curves), -1, curves.shape[-1])
    at_each = [np.ascontiguousarray(curves[..., i]) for i in range(curves.shape[-1])]
    middle = np.array([compute(table) for table in at_each], dtype=np.float64)
    choices = _choices(at_each[0], resamples, np.random.default_rng(seed), whole_runs=whole_runs)
    if choices is None:
        return Band(middle, None, None, len(curves))
    ends = np.array([_ends(compute(table.ravel()[choices]), level) for table in at_each])
    return Band(middle, ends[:, 0], ends[:, 1], len(curves))


def statistic_of(statistic: str | Statistic) -> Statistic:
    """Return a statistic by its name; a function is its own.

    Raises:
        ValueError: There is none of that name.

    Example:
        >>> float(statistic_of("mean")(np.array([[1.0, 3.0]])))
        2.0
    """
    if not isinstance(statistic, str):
        return statistic
    if statistic not in METRICS:
        raise ValueError(unknown_name("statistic", statistic, list(METRICS)))
    return METRICS[statistic]


def _check(level: float, resamples: int) -> None:
    if not 0.0 < level < 1.0:
        raise ValueError(f"Expected a level between 0 and 1, got {level}.")
    if resamples < 1:
        raise ValueError(f"Expected at least 1 resample, got {resamples}.")


def _choices(
    table: FloatArray, resamples: int, rng: np.random.Generator, tasks: bool = False, whole_runs: bool = False
) -> IntArray | None:
    """Return which scores of a flat table make up each resample, shape ``(resamples, n_runs, n_tasks)``.

    None for a single run.
    """
    n_runs, n_tasks = table.shape
    if n_runs < 2:
        return None
    runs = rng.integers(n_runs, size=(resamples, n_runs, 1 if whole_runs else n_tasks))
    columns = rng.integers(n_tasks, size=(resamples, 1, n_tasks)) if tasks else np.arange(n_tasks)
    chosen: IntArray = runs * n_tasks + columns
    return chosen


def _counts(choices: IntArray, shape: tuple[int, ...]) -> FloatArray:
    """Return how often each score is in each resample, shape ``(resamples, n_runs, n_tasks)``."""
    resamples, size = len(choices), shape[0] * shape[1]
    flat = choices.reshape(resamples, -1) + size * np.arange(resamples)[:, None]
    return np.bincount(flat.ravel(), minlength=resamples * size).reshape(resamples, *shape).astype(np.float64)


def _ends(values: FloatArray, level: float) -> FloatArray:
    ends: FloatArray = np.quantile(values, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=0)
    return ends
