"""What counts as a success, for the teachers that learn from successes instead of returns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..outcomes import Outcomes
from .expert_knowledge import ExpertKnowledge
from .hyperparameters import real


def success_threshold(success_above: float | None, expert: ExpertKnowledge) -> float | None:
    """Return the argument, else the expert's ``success_above``, else None.

    Raises:
        TypeError: A threshold that is no number.
        ValueError: One that is not finite.
    """
    if success_above is None:
        success_above = expert.success_above
    if success_above is None:
        return None
    threshold = real("success_above", success_above)
    if not np.isfinite(threshold):
        raise ValueError(f"success_above must be finite, got {success_above}.")
    return threshold


def success_of(outcomes: Outcomes, success_above: float | None) -> NDArray[np.float64]:
    """Return for each episode its success where known, else whether its return exceeds the threshold, else NaN.

    Example:
        >>> two = Outcomes(tasks=[[0.2], [0.7]], ids=[0, 1], returns=[1.0, 9.0], lengths=[5, 5], success=[1.0, np.nan])
        >>> success_of(two, 5.0).tolist(), success_of(two, None).tolist()
        ([1.0, 1.0], [1.0, nan])
    """
    if success_above is None:
        return outcomes.success
    return np.where(np.isnan(outcomes.success), outcomes.returns > success_above, outcomes.success)


def demand_success(
    outcomes: Outcomes, success_above: float | None, *, owner: object, ignore_warmup: bool, mend: str = "success_above="
) -> None:
    """Refuse episodes of which nobody can tell whether they were successes.

    Raises:
        ValueError: An episode to learn from has neither a known success nor is there a threshold of the return.
    """
    unknown = np.isnan(success_of(outcomes, success_above))
    if ignore_warmup:
        unknown &= ~outcomes.warmup
    if unknown.any():
        i = int(np.argmax(unknown))
        raise ValueError(
            f"{type(owner).__name__} learns from successes, but the success of task {outcomes.tasks[i].tolist()} "
            f"(id {outcomes.ids[i]}) is unknown. Let the environment report info['is_success'] at the end of an "
            f"episode, or give the teacher a threshold of the return with {mend}."
        )
