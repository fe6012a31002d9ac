"""Estimates of regret: how much better the antagonist does on a task than the protagonist.

The regret of a student on a task is the return of the best policy minus its own. The best policy is unknown; a second
student, the antagonist, stands for it (Dennis et al. 2020, "Emergent complexity and zero-shot transfer via unsupervised
environment design", section 4). With U the returns of the episodes that a student finished on the task within a
rollout, mean and maximum 0 if there are none:

==================  ===================================================================  ==========================
kind                estimate                                                             used by
==================  ===================================================================  ==========================
``paired``          max U_antagonist − mean U_protagonist                                PAIRED in facebookresearch/dcd
                                                                                         (clipped), JaxUED (not)
``flexible``        max U_better − mean U_other; better is who has the higher maximum,   flexible PAIRED, CLUTR
                    the protagonist where they are equal
``relative``        the same as ``paired``                                               the minimax library's name
``mean-relative``   mean U_antagonist − mean U_protagonist                               the minimax library
``population``      max over students of max U − mean over students of mean U            the minimax library
``minimax``         − max U_protagonist: no regret, the aim of a minimax adversary       facebookresearch/dcd
==================  ===================================================================  ==========================
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...outcomes import Outcomes
from .running_scale import RunningScale

FloatArray = NDArray[np.float64]

_PROTAGONIST_MEAN, _PROTAGONIST_MAX = "protagonist_mean_return", "protagonist_max_return"
_ANTAGONIST_MEAN, _ANTAGONIST_MAX = "antagonist_mean_return", "antagonist_max_return"

NEEDS: dict[str, frozenset[str]] = {
    "paired": frozenset({_ANTAGONIST_MAX, _PROTAGONIST_MEAN}),
    "flexible": frozenset({_ANTAGONIST_MEAN, _ANTAGONIST_MAX, _PROTAGONIST_MEAN, _PROTAGONIST_MAX}),
    "relative": frozenset({_ANTAGONIST_MAX, _PROTAGONIST_MEAN}),
    "mean-relative": frozenset({_ANTAGONIST_MEAN, _PROTAGONIST_MEAN}),
    "population": frozenset({_ANTAGONIST_MEAN, _ANTAGONIST_MAX, _PROTAGONIST_MEAN, _PROTAGONIST_MAX}),
    "minimax": frozenset({_PROTAGONIST_MAX}),
}
"""The columns of the outcomes that each kind is made of."""

_UNCLIPPED = ("population", "minimax")
"""Kinds that nothing is clipped off where the caller does not say."""

_LARGEST = 1e308


def check_regret(kind: str, clip: bool | None = None, ceiling: float | None = None) -> None:
    """Refuse what `regret` cannot compute.

    Args:
        kind: One of `NEEDS`.
        clip: See `regret`.
        ceiling: See `regret`.

    Raises:
        ValueError: An unknown kind; ``minimax`` with ``clip``; a ceiling that is not above 0.
        TypeError: A ``clip`` that is neither True, False nor None.

    Example:
        >>> check_regret("flexibel")
        Traceback (most recent call last):
            ...
        ValueError: Unknown regret 'flexibel'. Did you mean 'flexible'?
    """
    if kind not in NEEDS:
        raise ValueError(unknown_name("regret", kind, NEEDS))
    if clip not in (None, True, False):
        raise TypeError(f"clip must be true, false or None, got {clip!r}.")
    if clip and kind == "minimax":
        raise ValueError("The regret 'minimax' is minus a return: clip=True would leave nothing of it.")
    if ceiling is not None and not 0.0 < ceiling < np.inf:
        raise ValueError(f"ceiling must be finite and above 0, or None; got {ceiling}.")


def regret(
    kind: str,
    *,
    protagonist_mean_return: ArrayLike | None = None,
    protagonist_max_return: ArrayLike | None = None,
    antagonist_mean_return: ArrayLike | None = None,
    antagonist_max_return: ArrayLike | None = None,
    clip: bool | None = None,
    ceiling: float | None = None,
    normalise: RunningScale | None = None,
) -> FloatArray:
    """Estimate the regret of each task.

    Args:
        kind: ``"paired"``, ``"flexible"``, ``"relative"``, ``"mean-relative"``, ``"population"`` or ``"minimax"``,
            see the module.
        protagonist_mean_return: Mean return over the episodes of the rollout, shape ``(n,)``, 0 where there was none;
            this and the next three may be left out where the kind does not need them (`NEEDS`).
        protagonist_max_return: Highest return.
        antagonist_mean_return: Mean return of the antagonist.
        antagonist_max_return: Its highest return.
        clip: Whether negative estimates become 0; None does as published: yes, but for ``"population"`` and
            ``"minimax"``.
        ceiling: Larger estimates become this (and, without ``clip``, those below its negative); None is no limit.
        normalise: Learns from the estimates, then divides them by their standard deviation; after clipping.

    Returns:
        The estimates, finite, shape ``(n,)``.

    Raises:
        ValueError: An unknown kind, a ceiling that is not above 0, a column that is missing, or columns of several
            shapes or that are not finite.

    Example:
        >>> columns = {"protagonist_mean_return": [0.15, 0.9, 0.0, 0.0], "protagonist_max_return": [0.3, 0.9, 0.0, 0.0],
        ...            "antagonist_mean_return": [0.8, 0.3, 0.0, 0.6], "antagonist_max_return": [0.9, 0.5, 0.0, 0.6]}
        >>> regret("paired", **columns).tolist(), regret("paired", **columns, ceiling=0.5).tolist()
        ([0.75, 0.0, 0.0, 0.6], [0.5, 0.0, 0.0, 0.5])
        >>> regret("flexible", **columns).round(4).tolist(), regret("minimax", **columns).tolist()
        ([0.75, 0.6, 0.0, 0.6], [-0.3, -0.9, 0.0, 0.0])
    """
    check_regret(kind, clip, ceiling)
    given = {
        _PROTAGONIST_MEAN: protagonist_mean_return,
        _PROTAGONIST_MAX: protagonist_max_return,
        _ANTAGONIST_MEAN: antagonist_mean_return,
        _ANTAGONIST_MAX: antagonist_max_return,
    }
    missing = sorted(name for name in NEEDS[kind] if given[name] is None)
    if missing:
        raise ValueError(f"The regret {kind!r} needs {' and '.join(missing)}.")
    columns = {name: np.asarray(given[name], dtype=np.float64) for name in NEEDS[kind]}
    shapes = {column.shape for column in columns.values()}
    if len(shapes) > 1 or len(next(iter(shapes))) != 1:
        raise ValueError(f"The columns have shapes {sorted(shapes)}, expected one and the same, (n,).")
    for name, column in columns.items():
        if not np.isfinite(column).all():
            raise ValueError(f"{name} must be finite, got {column.tolist()}.")
    with np.errstate(over="ignore"):
        values = _estimate(kind, columns)
    low = -np.inf
    if kind not in _UNCLIPPED if clip is None else clip:
        low = 0.0
    elif ceiling is not None:
        low = -ceiling
    values = np.clip(values, max(low, -_LARGEST), _LARGEST if ceiling is None else ceiling)
    values = values + 0.0  # a negative zero is a zero
    if normalise is not None:
        normalise.update(values)
        values = normalise.divide(values)
    return values


def regret_of(outcomes: Outcomes, kind: str, *, clip: bool | None = None, ceiling: float | None = None) -> FloatArray:
    """Estimate the regret of each outcome from its columns.

    Args:
        outcomes: With the signals that the kind needs (`NEEDS`).
        kind: See `regret`.
        clip: See `regret`.
        ceiling: See `regret`.

    Returns:
        Shape ``(n,)``.

    Raises:
        ValueError: As `regret`.

    Example:
        >>> one = Outcomes(tasks=[[0.5]], ids=[0], returns=[0.1], lengths=[4], signals={
        ...     "protagonist_mean_return": [0.1], "antagonist_max_return": [0.7]})
        >>> regret_of(one, "paired").round(4).tolist()
        [0.6]
    """
    columns: dict[str, Any] = {name: outcomes.column(name) for name in NEEDS.get(kind, ())}
    return regret(kind, **columns, clip=clip, ceiling=ceiling)


def _estimate(kind: str, columns: dict[str, FloatArray]) -> FloatArray:
    if kind == "minimax":
        return -columns[_PROTAGONIST_MAX]
    mean = columns[_PROTAGONIST_MEAN]
    if kind == "mean-relative":
        return columns[_ANTAGONIST_MEAN] - mean
    if kind in ("paired", "relative"):
        return columns[_ANTAGONIST_MAX] - mean
    other_mean = columns[_ANTAGONIST_MEAN]
    best, other_best = columns[_PROTAGONIST_MAX], columns[_ANTAGONIST_MAX]
    if kind == "population":
        best_of_all = np.maximum(best, other_best)
        return 0.5 * (best_of_all - mean) + 0.5 * (best_of_all - other_mean)
    return np.where(best >= other_best, best - other_mean, other_best - mean)
