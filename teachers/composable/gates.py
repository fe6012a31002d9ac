"""When a stage of a ladder counts as mastered, so that the next may open."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...specs import build_part
from ..hyperparameters import real, whole

RULES = ("each", "mean_and_newest")


class Mastery:
    """A stage is mastered when its success rate exceeds a threshold.

    Args:
        threshold: The rate to exceed, between 0 and 1.
        window: Over how many probes the rate is averaged.
        rule: ``"each"``: the stage's own rate; ``"mean_and_newest"``: also the mean over all stages in play.
        min_episodes: Episodes of a stage that make one probe.

    Example:
        >>> gate = Mastery(0.98, rule="mean_and_newest")
        >>> gate.passes(0.99, [0.975, 0.99]), gate.passes(0.985, [0.97, 0.985]), gate.passes(0.975, [1.0, 0.975])
        (True, False, False)
    """

    def __init__(self, threshold: float = 0.8, window: int = 1, rule: str = "each", min_episodes: int = 50) -> None:
        self.threshold = real("threshold of mastery", threshold)
        if not 0.0 <= self.threshold < 1.0:
            raise ValueError(f"threshold of mastery must be at least 0 and below 1, got {threshold}.")
        self.window, self.min_episodes = whole("window of mastery", window, 1), whole("min_episodes", min_episodes, 1)
        if rule not in RULES:
            raise ValueError(f"rule of mastery must be 'each' or 'mean_and_newest', got {rule!r}.")
        self.rule = rule

    def passes(self, newest: float, active: ArrayLike) -> bool:
        """Tell whether a stage is mastered, from its rate and those of all stages in play."""
        if self.rule == "mean_and_newest" and not float(np.mean(np.asarray(active, dtype=np.float64))) > self.threshold:
            return False
        return newest > self.threshold


class Steps:
    """A stage is left after a number of episodes.

    Args:
        episodes: How many are reported from the moment it has opened.

    Example:
        >>> Steps(200).episodes
        200
    """

    def __init__(self, episodes: int) -> None:
        self.episodes = whole("episodes of steps", episodes, 1)


class Never:
    """No stage is ever left.

    Example:
        >>> type(gate_of("never")).__name__
        'Never'
    """


Gate = Mastery | Steps | Never
GATES: dict[str, type[Gate]] = {"mastery": Mastery, "steps": Steps, "never": Never}
"""By name."""


def gate_of(spec: Any) -> Gate:
    """Return the gate that plain data stands for, or a given one.

    Example:
        >>> gate_of("mastery(0.98, min_episodes=20)").min_episodes
        20
    """
    if isinstance(spec, (Mastery, Steps, Never)):
        return spec
    return build_part("gate", spec, GATES)  # type: ignore[no-any-return]
