"""What makes a level worth replaying: scores of its episodes, read from the outcomes.

Most are estimates of regret made of the student's advantages, which an on-policy student gives as signals: its
positive or absolute value loss (Jiang et al. 2021), how far its value estimates lie below the best return (MaxMC), how
far returns fall below the best value estimate on the way (MNA), the size of the update it asks for (PACE). Learnability
needs nothing but successes (Rutherford et al. 2024).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...outcomes import Outcomes
from ..success import success_of

FloatArray = NDArray[np.float64]


class Score(NamedTuple):
    """How episodes become the score of a level."""

    needs: frozenset[str]
    """The signals."""
    rule: str
    """What `LevelBuffer` does with the values of the episodes."""


SCORES: dict[str, Score] = {
    # Jiang et al. 2021a, section 3.1: mean |A|, the L1 value loss of GAE.
    "l1_value_loss": Score(frozenset({"l1_value_loss"}), "mean"),
    # Jiang et al. 2021b; Parker-Holder et al. 2022, eq. 5: mean max(A, 0).
    "positive_value_loss": Score(frozenset({"positive_value_loss"}), "mean"),
    # Jiang et al. 2021a: mean |δ|.
    "one_step_td_error": Score(frozenset({"one_step_td_error"}), "mean"),
    # Jiang et al. 2021b: the highest return on the level so far minus the mean value estimate.
    "max_mc": Score(frozenset({"mean_value"}), "max_mc"),
    # Rutherford et al. 2024: p (1 − p).
    "learnability": Score(frozenset(), "learnability"),
    # MNA: the summed falls below the best value estimate so far, on levels that were ever solved.
    "mna": Score(frozenset({"negative_advantage"}), "solved_mean"),
    # TRACED: the positive value loss plus α times the error of a model of the transitions.
    "traced": Score(frozenset({"positive_value_loss", "transition_error"}), "mean"),
    # PACE: the squared norm of the update that the level asks for.
    "pace": Score(frozenset({"policy_gradient_norm"}), "mean"),
}
"""The scores by name."""

_COLUMNS = {"max_mc": "mean_value", "mna": "negative_advantage", "pace": "policy_gradient_norm"}
_FROM_SUCCESS = ("learnability", "mna")


def uses_success(score: str) -> bool:
    """Tell whether a score needs to know which episodes were successes."""
    return score in _FROM_SUCCESS


def episode_values(
    score: str, outcomes: Outcomes, *, transition_weight: float, success_above: float | None
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return what is averaged over the episodes of a level, and which of them were successes.

    Args:
        score: One of `SCORES`.
        outcomes: The episodes, with the signals the score needs.
        transition_weight: α, what the transition error counts for ``"traced"``.
        success_above: A return above which an episode is a success where the environment does not tell.

    Returns:
        Values and successes, shape ``(n,)`` each; the successes are False where the score does not use them.

    Example:
        >>> one = Outcomes(tasks=[[0.5]], ids=[0], returns=[1.0], lengths=[4], signals={
        ...     "positive_value_loss": [0.1], "transition_error": [1 / 6]})
        >>> episode_values("traced", one, transition_weight=1.0, success_above=None)[0].round(4).tolist()
        [0.2667]
    """
    solved = np.zeros(len(outcomes), dtype=np.bool_)
    if score in _FROM_SUCCESS:
        success = success_of(outcomes, success_above)
        solved = success >= 0.5
        if score == "learnability":
            return np.ascontiguousarray(success), solved
    if score == "traced":
        # Difficulty = PVL + α · ATPL, the mean error of the predicted next observations.
        with np.errstate(over="ignore"):
            values = outcomes.signals["positive_value_loss"] + transition_weight * outcomes.signals["transition_error"]
        return np.clip(values, -1e308, 1e308), solved
    return np.ascontiguousarray(outcomes.signals[_COLUMNS.get(score, score)]), solved


def learnability(success_rates: ArrayLike) -> FloatArray:
    """Return p (1 − p), which is largest, 0.25, where success and failure are equally likely.

    Args:
        success_rates: p, between 0 and 1, any shape.

    Example:
        >>> learnability([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]).round(4).tolist()
        [0.0, 0.09, 0.1875, 0.25, 0.1875, 0.09, 0.0]
    """
    p = np.asarray(success_rates, dtype=np.float64)
    return p * (1.0 - p)
