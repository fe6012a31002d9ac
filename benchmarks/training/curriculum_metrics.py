"""Numbers that say what a curriculum did: how much of it could teach, how varied it was, what was kept.

Pure functions of the tasks handed out, their successes, and evaluations. docs/students.md says under which keys a
training run logs them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...spaces import TaskSpace
from ...teachers.composable.scores import effective_ratio as effective_ratio

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

N = 4
"""Episodes of a task for effective ratios in the log of a run."""

MOST_CELLS = 100
"""A task space of few dimensions is cut into at most so many cells."""

_FEW_DIMS = 6


def expected_effective_ratio(
    successes: ArrayLike, failures: ArrayLike, n: int = N, *, prior: tuple[float, float] = (1.0, 1.0)
) -> FloatArray:
    """Return what the effective ratio of tasks is expected to be after some episodes, with a Beta prior on p.

    The effective ratio 1 − pⁿ − (1 − p)ⁿ is the chance that n more episodes are neither all solved nor all failed: a
    group that a group-relative student could learn from.

    Args:
        successes: Of each task so far.
        failures: Of each task so far.
        n: Episodes of the group, at least 1.
        prior: α and β of the Beta distribution.

    Raises:
        ValueError: Negative counts, a prior that is not positive, or less than one episode.

    Example:
        >>> expected_effective_ratio([0, 0, 2, 8], [0, 4, 2, 8]).round(4).tolist()
        [0.6, 0.4365, 0.7619, 0.8346]
    """
    solved, failed = np.asarray(successes, dtype=np.float64), np.asarray(failures, dtype=np.float64)
    if not ((solved >= 0.0).all() and (failed >= 0.0).all()):
        raise ValueError(f"Expected counts of at least 0, got {successes!r} and {failures!r}.")
    if not (prior[0] > 0.0 and prior[1] > 0.0):
        raise ValueError(f"The parameters of a Beta distribution are above 0, got {prior!r}.")
    _check_group(n)
    a, b = solved + prior[0], failed + prior[1]
    steps = np.arange(n).reshape(-1, *[1] * a.ndim)
    all_solved, all_failed = (np.prod((each + steps) / (a + b + steps), axis=0) for each in (a, b))
    return np.asarray(1.0 - all_solved - all_failed)


def observed_effective_ratio(successes: ArrayLike, failures: ArrayLike, n: int = N) -> FloatArray:
    """Return the share of the groups of n of a task's episodes that are neither all solved nor all failed.

    This estimates 1 − pⁿ − (1 − p)ⁿ without bias, and without a prior.

    Args:
        successes: Of each task.
        failures: Of each task.
        n: Episodes of a group, at least 1.

    Returns:
        The share; NaN for a task with fewer than n episodes.

    Raises:
        ValueError: Less than one episode.

    Example:
        >>> observed_effective_ratio([2, 0, 50], [2, 10, 50]).round(3).tolist()
        [1.0, 0.0, 0.883]
        >>> observed_effective_ratio([1], [2]).tolist()
        [nan]
    """
    _check_group(n)
    solved, failed = np.asarray(successes, dtype=np.float64), np.asarray(failures, dtype=np.float64)
    total = solved + failed
    steps = np.arange(n).reshape(-1, *[1] * total.ndim)
    left = np.where(total >= n, total, np.nan) - steps
    all_solved, all_failed = (np.prod(np.maximum(each - steps, 0.0) / left, axis=0) for each in (solved, failed))
    return np.asarray(1.0 - all_solved - all_failed)


def _check_group(n: int) -> None:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise ValueError(f"n must be a whole number of at least 1, got {n!r}.")


# --- What was handed out ---------------------------------------------------------------------------------------------


def task_cells(space: TaskSpace, tasks: NDArray[Any]) -> tuple[IntArray, float]:
    """Group tasks into cells of their space.

    - A space with at most 100 tasks: each task is a cell.
    - Up to 6 dimensions: each is cut into k equal parts of the unit cube, with the largest k for which all cells are at
      most 100 (at least 2); a discrete dimension with no more than k values has a part for each.
    - More dimensions, the walls of a maze for example: each value of a discrete dimension is a part, and a continuous
      one is cut in half. A level is a cell of its own, then.

    Args:
        space: The tasks' space.
        tasks: Shape ``(n, d)``.

    Returns:
        The number of each task's cell, counted from 0 in no particular order, shape ``(n,)``; and how many cells there
        are in the whole space (possibly ``inf``).

    Example:
        >>> cells, number = task_cells(TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0)), np.array([[0.01, 0.9], [0.09, 0.99]]))
        >>> cells.tolist(), number
        ([0, 0], 100.0)
    """
    if len(tasks) == 0:
        return np.empty(0, dtype=np.int64), _n_cells(space)
    few = space.size <= MOST_CELLS
    if few or (space.n_dims > _FEW_DIMS and bool(space.discrete.all())):
        parts = np.asarray(tasks)
    else:
        unit = space.to_unit(tasks)
        wide = np.where(space.discrete, space.high - space.low + 1.0, np.inf)
        parts = np.minimum(np.floor(unit * _parts(space)), _parts(space) - 1)
        own = space.discrete & (wide <= _parts(space)) if space.n_dims <= _FEW_DIMS else space.discrete
        parts = np.where(own, np.asarray(tasks, dtype=np.float64), parts)
    rows = np.ascontiguousarray(parts)
    known: dict[bytes, int] = {}
    labels = [known.setdefault(row.tobytes(), len(known)) for row in rows]
    return np.array(labels, dtype=np.int64), _n_cells(space)


def _parts(space: TaskSpace) -> int:
    """Into how many parts a dimension is cut."""
    if space.n_dims > _FEW_DIMS:
        return 2
    return max(2, math.floor(MOST_CELLS ** (1.0 / space.n_dims) + 1e-9))


def _n_cells(space: TaskSpace) -> float:
    if space.size <= MOST_CELLS:
        return float(space.size)
    cut = [math.inf if space.n_dims > _FEW_DIMS and dim.kind != "continuous" else _parts(space) for dim in space]
    logarithm = sum(math.log(min(dim.size, k)) for dim, k in zip(space, cut, strict=True))
    return math.exp(logarithm) if logarithm > 30.0 else float(round(math.exp(logarithm)))


def normalised_entropy(cells: ArrayLike, n_cells: float = math.inf) -> float:
    """Return the entropy of how often each cell occurs, as a share of the most there can be.

    Args:
        cells: The cell of each task, shape ``(n,)``.
        n_cells: How many cells there are.

    Returns:
        0 if all are the same, 1 if all cells occur equally often (or all tasks lie in different cells); NaN without a
        task, 1 where there is but one cell.

    Example:
        >>> normalised_entropy([0, 0, 1, 1], 2), normalised_entropy([3, 3, 3], 10), normalised_entropy([5, 6, 7])
        (1.0, 0.0, 1.0)
    """
    labels = np.asarray(cells)
    if not labels.size:
        return math.nan
    counts = np.unique(labels, return_counts=True)[1]
    most = min(float(n_cells), float(labels.size))
    if most <= 1.0:
        return 1.0
    entropy = math.log(labels.size) - float(np.sum(counts * np.log(counts))) / labels.size
    return min(1.0, max(0.0, entropy / math.log(most)))


def task_metrics(space: TaskSpace, tasks: NDArray[Any], success: ArrayLike) -> dict[str, float]:
    """Return what is to be said of the latest tasks that were handed out.

    Args:
        space: The tasks' space.
        tasks: Shape ``(n, d)``.
        success: 1 or 0, NaN for an episode that has not ended or of which it is not known, shape ``(n,)``.

    Returns:
        ``entropy`` and ``cells`` (how many were played), ``effective_ratio_expected`` of the episodes' cells, and, over
        the episodes of cells with at least four episodes, ``effective_ratio`` and ``share_at_0_or_1``. What cannot be
        told is left out.

    Example:
        >>> space = TaskSpace(n=range(2))
        >>> task_metrics(space, np.array([[0]] * 4 + [[1]] * 4), [1, 1, 1, 1, 1, 1, 0, 0])["share_at_0_or_1"]
        0.5
    """
    if not len(tasks):
        return {}
    cells, n_cells = task_cells(space, tasks)
    metrics = {"entropy": normalised_entropy(cells, n_cells), "cells": float(cells.max() + 1)}
    outcome = np.asarray(success, dtype=np.float64)
    known = np.isfinite(outcome)
    if not known.any():
        return metrics
    total = np.bincount(cells[known], minlength=int(cells.max()) + 1)
    solved = np.bincount(cells[known], outcome[known], minlength=len(total))
    failed = total - solved
    metrics["effective_ratio_expected"] = float(np.average(expected_effective_ratio(solved, failed), weights=total))
    enough = total >= N
    if enough.any():
        ratios = observed_effective_ratio(solved[enough], failed[enough])
        metrics["effective_ratio"] = float(np.average(ratios, weights=total[enough]))
        ends = (solved[enough] == 0.0) | (failed[enough] == 0.0)
        metrics["share_at_0_or_1"] = float(np.average(ends, weights=total[enough]))
    return metrics


# --- What was kept ---------------------------------------------------------------------------------------------------


def forgetting(rates: ArrayLike) -> float:
    """Return how much was unlearned: the mean over tasks of how far each has fallen below its best.

    Args:
        rates: Success rates of each task at each evaluation, shape ``(m, n)``, the latest last.

    Example:
        >>> forgetting([[1.0, 0.0], [0.5, 1.0]])
        0.25
    """
    history = np.atleast_2d(np.asarray(rates, dtype=np.float64))
    return float((history.max(axis=0) - history[-1]).mean())


def forgetting_aware(final: float, forgotten: float) -> float:
    """Return F = 2 f / (Δ f + 1) (Curriculum Designer): the harmonic mean of f and 1/Δ.

    Args:
        final: f, the final mean success.
        forgotten: Δ, how much was forgotten.

    Returns:
        Between 0 (nothing was learned) and 2 (all of it, and nothing forgotten).

    Example:
        >>> round(forgetting_aware(0.8, 0.1), 4), round(forgetting_aware(0.8, 0.4), 4)
        (1.4815, 1.2121)
    """
    return 2.0 * final / (forgotten * final + 1.0)


def all_variants_success(success: ArrayLike) -> float:
    """Return the share of tasks that were solved in every episode: in every variant of the task that chance makes.

    Args:
        success: 1 or 0, shape ``(n, episodes)``.

    Example:
        >>> all_variants_success([[1, 1, 1], [1, 0, 1]])
        0.5
    """
    return float((np.asarray(success, dtype=np.float64) == 1.0).all(axis=1).mean())


def evaluation_metrics(success: list[NDArray[np.float64]]) -> dict[str, float]:
    """Return what is to be said of a student's evaluations so far.

    Args:
        success: 1 or 0 for each task and episode, ``(n, episodes)`` for each evaluation, the latest last.

    Returns:
        ``success`` (the latest mean), ``forgetting``, ``forgetting_aware`` and ``all_variants``; nothing where a
        success is not known or there was no evaluation.

    Example:
        >>> evaluation_metrics([np.ones((2, 3)), np.array([[1, 1, 0], [1, 1, 1]])])["all_variants"]
        0.5
    """
    if not success or any(np.isnan(each).any() for each in success):
        return {}
    rates = np.array([each.mean(axis=1) for each in success])
    final, forgotten = float(rates[-1].mean()), forgetting(rates)
    return {
        "success": final,
        "forgetting": forgotten,
        "forgetting_aware": forgetting_aware(final, forgotten),
        "all_variants": all_variants_success(success[-1]),
    }
