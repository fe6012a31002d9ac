"""From scores to probabilities: Boltzmann, proportional, ε-greedy, a share for all, and a cap on each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...specs import build_part
from ..hyperparameters import real

FloatArray = NDArray[np.float64]
Policy = Callable[[FloatArray], FloatArray]

_ROUNDING = 1e-12


def boltzmann(tau: float = 0.1) -> Policy:
    """Probabilities ∝ exp(score / τ). The maximum is subtracted first, so that nothing overflows.

    Example:
        >>> boltzmann(0.2)(np.array([0.4, 0.1, 0.0])).round(4).tolist()
        [0.7361, 0.1643, 0.0996]
    """
    tau = real("tau of boltzmann", tau)
    if not (np.isfinite(tau) and tau > 0.0):
        raise ValueError(f"tau of boltzmann must be finite and above 0, got {tau}.")
    return partial(_boltzmann, tau=tau)


def _boltzmann(scores: FloatArray, tau: float) -> FloatArray:
    with np.errstate(over="ignore", under="ignore"):
        weights: FloatArray = np.exp(np.maximum((scores - scores.max()) / tau, -745.0))
    p: FloatArray = weights / weights.sum()
    return p


def proportional(floor: float = 0.0) -> Policy:
    """Probabilities ∝ max(score, floor); uniform where nothing is above 0.

    Example:
        >>> proportional()(np.array([3.0, 1.0, -2.0])).tolist()
        [0.75, 0.25, 0.0]
    """
    floor = real("floor of proportional", floor)
    if not (np.isfinite(floor) and floor >= 0.0):
        raise ValueError(f"floor of proportional must be finite and at least 0, got {floor}.")
    return partial(_proportional, floor=floor)


def _proportional(scores: FloatArray, floor: float) -> FloatArray:
    weights: FloatArray = np.maximum(scores, floor)
    top = weights.max()
    if top <= 0.0:
        return np.full(len(scores), 1.0 / len(scores))
    with np.errstate(under="ignore"):
        weights = weights / top
    p: FloatArray = weights / weights.sum()
    return p


def epsilon_greedy(epsilon: float = 0.1) -> Policy:
    """The best with 1 − ε, one of the others, and never the best, with ε (SEC's code). Equal best ones share.

    Example:
        >>> epsilon_greedy(0.1)(np.array([0.4, 0.1, 0.0])).round(3).tolist()
        [0.9, 0.05, 0.05]
    """
    epsilon = real("epsilon of epsilon_greedy", epsilon)
    if not 0.0 <= epsilon <= 1.0:
        raise ValueError(f"epsilon of epsilon_greedy must lie between 0 and 1, got {epsilon}.")
    return partial(_epsilon_greedy, epsilon=epsilon)


def _epsilon_greedy(scores: FloatArray, epsilon: float) -> FloatArray:
    best = scores == scores.max()
    n_best, k = int(best.sum()), len(scores)
    if n_best == k:
        return np.full(k, 1.0 / k)
    return np.where(best, (1.0 - epsilon) / n_best, epsilon / (k - n_best))


POLICIES: dict[str, Callable[..., Policy]] = {
    "boltzmann": boltzmann,
    "proportional": proportional,
    "epsilon_greedy": epsilon_greedy,
}
"""By name."""


def policy_of(spec: Any) -> Policy:
    """Return the policy that plain data stands for, or a function of the scores, shape ``(K,)``, as it is.

    Example:
        >>> policy_of({"boltzmann": {"tau": 1.0}})(np.zeros(2)).tolist()
        [0.5, 0.5]
    """
    policy: Policy = spec if callable(spec) else build_part("policy", spec, POLICIES)
    return policy


def cap_shares(probabilities: ArrayLike, max_share: float) -> FloatArray:
    """Bound each probability; what is above the cap is shared among the others in proportion (water-filling).

    Where the others have nothing, they share equally.

    Args:
        probabilities: Shape ``(K,)``, sum 1.
        max_share: The cap, at least 1/K.

    Raises:
        ValueError: A cap below 1/K, with which the probabilities could not sum to 1.

    Example:
        >>> cap_shares([0.8, 0.1, 0.1], 0.5).tolist(), cap_shares([0.7, 0.2, 0.1], 0.4).round(2).tolist()
        ([0.5, 0.25, 0.25], [0.4, 0.4, 0.2])
    """
    p = np.array(probabilities, dtype=np.float64)
    k = len(p)
    if not max_share * k >= 1.0 - _ROUNDING:
        raise ValueError(f"max_share must be at least 1/K = {1.0 / k:.4g} for {k} arms, got {max_share:g}.")
    capped = np.zeros(k, dtype=np.bool_)
    while (over := (p > max_share) & ~capped).any():
        capped |= over
        left = 1.0 - max_share * int(capped.sum())
        rest = p[~capped]
        p[capped] = max_share
        total = rest.sum()
        if len(rest):
            p[~capped] = left * rest / total if total > 0.0 else left / len(rest)
    return p


def largest_remainder(weights: ArrayLike, budget: int, minimum: int = 0) -> NDArray[np.int64]:
    """Divide a number of episodes in proportion to weights, as whole numbers with the largest remainders first.

    Args:
        weights: At least 0, shape ``(K,)``; equal shares where all are 0.
        budget: How many episodes.
        minimum: How many everyone gets beforehand.

    Raises:
        ValueError: A budget that is below ``K · minimum`` or negative.

    Example:
        >>> largest_remainder([0.5, 0.3727, 0.3727, 0.4714], 32).tolist()
        [9, 7, 7, 9]
    """
    w = np.maximum(np.asarray(weights, dtype=np.float64), 0.0)
    k = len(w)
    if budget < k * minimum or budget < 0:
        raise ValueError(f"A budget of {budget} episodes is too small for a minimum of {minimum} for each of {k} arms.")
    top = w.max()
    share = np.full(k, 1.0 / k) if top <= 0.0 else (w / top) / (w / top).sum()
    exact = (budget - k * minimum) * share
    whole = np.floor(exact + 1e-9).astype(np.int64)
    rest = budget - k * minimum - int(whole.sum())
    whole[np.argsort(-(exact - whole), kind="stable")[:rest]] += 1
    return whole + minimum
