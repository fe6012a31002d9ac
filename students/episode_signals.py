"""The signals of episodes, put together across rollouts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..outcomes import Outcomes
from .rollout import Rollout
from .signals import SIGNALS


class EpisodeSignals:
    """Makes one number of a signal's numbers for each step of an episode, across rollouts.

    Args:
        names: The signals to compute, of `signals.SIGNALS`.

    Example:
        >>> from types import SimpleNamespace
        >>> rollout = SimpleNamespace(
        ...     ids=np.array([[0], [0], [1]]),  # episode 0 has two steps, episode 1 goes on
        ...     dones=np.array([[False], [True], [False]]),
        ...     advantages=np.array([[1.0], [-3.0], [5.0]]),
        ...     values=np.array([[7.0], [8.0], [9.0]]),
        ... )
        >>> signals = EpisodeSignals(["positive_value_loss", "initial_value"])
        >>> signals.add(rollout)
        >>> done = Outcomes(tasks=[[0.0]], ids=[0], returns=[1.0], lengths=[2])
        >>> {name: column.tolist() for name, column in signals.complete(done).signals.items()}
        {'positive_value_loss': [0.5], 'initial_value': [7.0]}
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        merges = np.array([SIGNALS[name].merge for name in self.names])
        self._first, self._sum = merges == "first", merges == "sum"
        self._transitions = merges == "transition_mean"
        self._totals: dict[int, NDArray[np.float64]] = {}  # sums over the steps so far, or the value of the first
        self._counts: dict[int, NDArray[np.int64]] = {}  # steps, and steps that did not end the episode

    def add(self, rollout: Rollout) -> None:
        """Add a rollout.

        Args:
            rollout: The rollout, before the student learns from it.
        """
        episodes, first, position = np.unique(rollout.ids.ravel(), return_index=True, return_inverse=True)
        n = len(episodes)
        counts = np.stack(
            [np.bincount(position, minlength=n), np.bincount(position[~rollout.dones.ravel()], minlength=n)], axis=1
        )
        steps = [np.asarray(SIGNALS[name].per_step(rollout), np.float64).ravel() for name in self.names]
        sums = np.stack([np.bincount(position, weights=s, minlength=n) for s in steps], axis=1)
        firsts = np.stack([s[first] for s in steps], axis=1)  # rows are steps, so the first in C order is the earliest
        begin = np.where(self._first, firsts, sums)
        goes_on = np.where(self._first, 0.0, sums)
        for i, episode in enumerate(episodes.tolist()):
            if episode in self._totals:
                self._totals[episode] = self._totals[episode] + goes_on[i]
                self._counts[episode] = self._counts[episode] + counts[i]
            else:
                self._totals[episode], self._counts[episode] = begin[i], counts[i]

    def complete(self, outcomes: Outcomes) -> Outcomes:
        """Return finished episodes with their signals as columns; NaN for one of which no step was seen."""
        nothing = np.full(len(self.names), np.nan)
        rows = [self._pop(i) if i in self._totals else nothing for i in outcomes.ids.tolist()]
        table = np.array(rows).reshape(len(outcomes), len(self.names))
        complete = outcomes[:]
        complete.signals = {**outcomes.signals, **dict(zip(self.names, table.T, strict=True))}
        return complete

    def _pop(self, episode: int) -> NDArray[np.float64]:
        total, (steps, transitions) = self._totals.pop(episode), self._counts.pop(episode).tolist()
        divisor = np.where(self._first | self._sum, 1, np.where(self._transitions, max(transitions, 1), steps))
        result: NDArray[np.float64] = total / divisor
        return result

    def keep_only(self, ids: Iterable[int]) -> None:
        """Forget episodes that are neither finished nor running any more."""
        kept = set(ids)
        self._totals = {i: total for i, total in self._totals.items() if i in kept}
        self._counts = {i: count for i, count in self._counts.items() if i in kept}
