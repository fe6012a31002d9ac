"""Signals: scores of finished episodes read from an on-policy student's rollout buffer.

Some teachers need more than returns, for example how wrong the student's value estimates were. Every step of a rollout
has an advantage estimate (GAE, Schulman et al. 2016) that is computed anyway; a signal is the mean of a function of it
over the steps of an episode. An episode that crosses rollouts is merged by step count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..outcomes import Outcomes

SIGNALS: dict[str, Callable[[Any], NDArray[np.floating[Any]]]] = {
    # Positive value loss: mean of max(advantage, 0) (Jiang et al. 2021, "Replay-guided adversarial environment design").
    "positive_value_loss": lambda buffer: np.maximum(buffer.advantages, 0.0),
    # L1 value loss: mean of |advantage| (Jiang et al. 2021, "Prioritized level replay", section 3.1).
    "l1_value_loss": lambda buffer: np.abs(buffer.advantages),
}
"""What each signal averages over an episode: an array ``(steps, n_envs)`` from a rollout buffer."""


def available_signals(student: Any) -> frozenset[str]:
    """Return the signals a student can give: all for on-policy algorithms, none for the others.

    Example:
        >>> available_signals(object())
        frozenset()
    """
    return frozenset(SIGNALS) if hasattr(student, "rollout_buffer") else frozenset()


class EpisodeSignals:
    """Averages per-step values over episodes, across rollouts.

    Args:
        names: The signals to compute.

    Example:
        >>> class Buffer:
        ...     advantages = np.array([[1.0], [-3.0], [5.0]])
        >>> signals = EpisodeSignals(["positive_value_loss"])
        >>> signals.add(Buffer, ids=np.array([[0], [0], [1]]))  # episode 0 has two steps, episode 1 goes on
        >>> done = Outcomes(tasks=[[0.0]], ids=[0], returns=[1.0], lengths=[2])
        >>> signals.complete(done).signals["positive_value_loss"].tolist()
        [0.5]
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        self._sums: dict[int, NDArray[np.float64]] = {}
        self._counts: dict[int, int] = {}

    def add(self, buffer: Any, ids: NDArray[np.int64]) -> None:
        """Add a rollout.

        Args:
            buffer: The rollout buffer after its advantages have been computed.
            ids: The id of the task each step belongs to, shape ``(steps, n_envs)``.
        """
        episodes, position = np.unique(ids.ravel(), return_inverse=True)
        counts = np.bincount(position, minlength=len(episodes))
        steps = [np.asarray(SIGNALS[name](buffer), np.float64).ravel() for name in self.names]
        sums = np.stack([np.bincount(position, weights=s, minlength=len(episodes)) for s in steps], axis=1)
        for episode, total, count in zip(episodes.tolist(), sums, counts.tolist(), strict=True):
            self._sums[episode] = self._sums.get(episode, 0.0) + total
            self._counts[episode] = self._counts.get(episode, 0) + count

    def complete(self, outcomes: Outcomes) -> Outcomes:
        """Return finished episodes with their signals as columns; NaN for one of which no step was seen."""
        nothing = np.full(len(self.names), np.nan)
        rows = [self._sums.pop(i) / self._counts.pop(i) if i in self._sums else nothing for i in outcomes.ids.tolist()]
        table = np.array(rows).reshape(len(outcomes), len(self.names))
        return Outcomes(
            tasks=outcomes.tasks,
            ids=outcomes.ids,
            returns=outcomes.returns,
            lengths=outcomes.lengths,
            success=outcomes.success,
            truncated=outcomes.truncated,
            warmup=outcomes.warmup,
            signals={**outcomes.signals, **dict(zip(self.names, table.T, strict=True))},
        )

    def keep_only(self, ids: Iterable[int]) -> None:
        """Forget episodes that are neither finished nor running any more."""
        kept = set(ids)
        self._sums = {i: s for i, s in self._sums.items() if i in kept}
        self._counts = {i: c for i, c in self._counts.items() if i in kept}
