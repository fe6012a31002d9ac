"""What an estimate is worth: scores of estimated success rates or returns, and of proposals by a generator.

Each is a function of an array of estimates. They are chosen by name with their arguments, ``"band(0.2, 0.8)"``, by a
mapping, ``{"band": [0.2, 0.8]}``, or given as a function.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...specs import build_part
from ..hyperparameters import real, whole

FloatArray = NDArray[np.float64]
Score = Callable[[FloatArray], FloatArray]

_LARGEST_EXPONENT = 300.0
"""Sums of exp of this stay finite."""


def score_of(spec: Any, name: str = "score") -> Score:
    """Return the score that plain data or a function stands for.

    Args:
        spec: A function, or the name of one of `SCORES` with its arguments.
        name: What the hyperparameter is called, for messages.

    Raises:
        TypeError: Anything else.
        ValueError: An unknown name, or arguments out of range.

    Example:
        >>> score_of("bernoulli_std")(np.array([0.5, 0.1])).round(2).tolist()
        [0.5, 0.3]
    """
    if callable(spec):
        return spec  # type: ignore[no-any-return]
    return build_part(name, spec, SCORES)  # type: ignore[no-any-return]


def effective_ratio(success_rates: ArrayLike, n: int) -> FloatArray:
    """Return the chance that n episodes are neither all solved nor all failed, 1 − pⁿ − (1 − p)ⁿ (PCL).

    Args:
        success_rates: p, between 0 and 1.
        n: Episodes of each task.

    Example:
        >>> effective_ratio([0.5, 0.25, 0.1], 4).round(4).tolist()
        [0.875, 0.6797, 0.3438]
    """
    p = _rates(success_rates)
    return 1.0 - p**n - (1.0 - p) ** n


def _identity(values: FloatArray) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def _bernoulli_var(p: FloatArray) -> FloatArray:
    return _rates(p) * (1.0 - _rates(p))


def _bernoulli_std(p: FloatArray) -> FloatArray:
    return np.sqrt(_bernoulli_var(p))


def _band(values: FloatArray, low: float, high: float) -> FloatArray:
    return ((np.asarray(values) >= low) & (np.asarray(values) <= high)).astype(np.float64)


def _gaussian(values: FloatArray, mu: float, sigma: float) -> FloatArray:
    return np.exp(-0.5 * np.minimum(((np.asarray(values, dtype=np.float64) - mu) / sigma) ** 2, 2 * _LARGEST_EXPONENT))


def _solvable_gaussian(p: FloatArray, mu: float, sigma: float) -> FloatArray:
    return np.where((np.asarray(p) <= 0.0) | (np.asarray(p) >= 1.0), 0.0, _gaussian(p, mu, sigma))


def _tent(p: FloatArray) -> FloatArray:
    return 1.0 - 2.0 * np.abs(_rates(p) - 0.5)


def _min_p_q(p: FloatArray) -> FloatArray:
    return np.minimum(_rates(p), 1.0 - _rates(p))


def _reverse(p: FloatArray) -> FloatArray:
    return 1.0 - np.asarray(p, dtype=np.float64)


def _neg_exp(values: FloatArray, k: float) -> FloatArray:
    return np.exp(np.clip(-k * np.asarray(values), -_LARGEST_EXPONENT, _LARGEST_EXPONENT))


def identity() -> Score:
    """The estimate itself."""
    return _identity


def bernoulli_std() -> Score:
    """The standard deviation of a success, √(p (1 − p)) (CurES)."""
    return _bernoulli_std


def bernoulli_var() -> Score:
    """The variance p (1 − p)."""
    return _bernoulli_var


def effective(n: int = 4) -> Score:
    """`effective_ratio` of n episodes."""
    return partial(effective_ratio, n=whole("n of effective_ratio", n, 2))


def band(low: float = 0.2, high: float = 0.8) -> Score:
    """1 between two bounds, inclusive, else 0 (online difficulty filtering)."""
    low, high = real("low of band", low), real("high of band", high)
    if not low <= high:
        raise ValueError(f"band expects bounds in ascending order, got {low} and {high}.")
    return partial(_band, low=low, high=high)


def gaussian(mu: float = 0.5, sigma: float = 0.2) -> Score:
    """exp(−(p − μ)² / (2σ²)) (Socratic-Zero; SPELL with σ = 0.5 / 3)."""
    mu, sigma = _checked_gaussian(mu, sigma)
    return partial(_gaussian, mu=mu, sigma=sigma)


def solvable_gaussian(mu: float = 0.5, sigma: float = 0.5 / 3.0) -> Score:
    """`gaussian`, but 0 where the estimate is 0 or 1 (SPELL)."""
    mu, sigma = _checked_gaussian(mu, sigma)
    return partial(_solvable_gaussian, mu=mu, sigma=sigma)


def _checked_gaussian(mu: float, sigma: float) -> tuple[float, float]:
    mu, sigma = real("mu of gaussian", mu), real("sigma of gaussian", sigma)
    if not (np.isfinite(mu) and 0.0 < sigma < np.inf):
        raise ValueError(f"gaussian expects a finite mu and a sigma above 0, got {mu} and {sigma}.")
    return mu, sigma


def tent() -> Score:
    """1 − 2 |p − ½| (Agent0)."""
    return _tent


def min_p_q() -> Score:
    """min(p, 1 − p) (Agent0's code)."""
    return _min_p_q


def reverse() -> Score:
    """1 − p: the harder the better."""
    return _reverse


def neg_exp(k: float = 5.0) -> Score:
    """exp(−k v): the lowest return first (SkillMimic-V2). It assumes that every task can be solved."""
    rate = real("k of neg_exp", k)
    if not 0.0 < rate < np.inf:
        raise ValueError(f"k of neg_exp must be finite and above 0, got {rate}.")
    return partial(_neg_exp, k=rate)


def _rates(values: ArrayLike) -> FloatArray:
    return np.clip(np.asarray(values, dtype=np.float64), 0.0, 1.0)


SCORES: dict[str, Callable[..., Score]] = {
    "identity": identity,
    "bernoulli_std": bernoulli_std,
    "bernoulli_var": bernoulli_var,
    "effective_ratio": effective,
    "band": band,
    "gaussian": gaussian,
    "solvable_gaussian": solvable_gaussian,
    "tent": tent,
    "min_p_q": min_p_q,
    "reverse": reverse,
    "neg_exp": neg_exp,
}
"""The scores by name."""
