"""Signals: scores of finished episodes read from an on-policy student's rollout buffer.

Some teachers need more than returns, for example how wrong the student's value estimates were. Every step of a rollout
has an advantage estimate (GAE, Schulman et al. 2016) and a value estimate that are computed anyway; a signal is the
mean of a function of these over the steps of an episode, or its value in the first step. An episode that crosses
rollouts is merged by step count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RequestError
from ..outcomes import Outcomes
from ..teachers.teacher import Teacher

SIGNALS: dict[str, Callable[[Any], NDArray[np.floating[Any]]]] = {
    # Positive value loss: mean of max(advantage, 0)
    # (Jiang et al. 2021, "Replay-guided adversarial environment design").
    "positive_value_loss": lambda buffer: np.maximum(buffer.advantages, 0.0),
    # L1 value loss: mean of |advantage| (Jiang et al. 2021, "Prioritized level replay", section 3.1).
    "l1_value_loss": lambda buffer: np.abs(buffer.advantages),
    # Value estimate of the initial state (Klink et al. 2020, "Self-paced deep reinforcement learning"), in units of the
    # discounted return as the student sees it: of normalised rewards, if they are.
    "initial_value": lambda buffer: buffer.values,
}
"""What each signal is made of: an array ``(steps, n_envs)`` from a rollout buffer."""

OF_FIRST_STEP = frozenset({"initial_value"})
"""The signals that are taken from the first step of an episode; the others are means over its steps."""

_FROM_ENVIRONMENT = frozenset({"tasks", "ids", "returns", "lengths", "success", "truncated", "warmup"})


def available_signals(algorithm: Any) -> frozenset[str]:
    """Return the signals an algorithm (a class or a student) can give: all if it is on-policy, else none.

    Example:
        >>> from stable_baselines3 import PPO, SAC
        >>> sorted(available_signals(PPO)), sorted(available_signals(SAC))
        (['initial_value', 'l1_value_loss', 'positive_value_loss'], [])
    """
    from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

    cls = algorithm if isinstance(algorithm, type) else type(algorithm)
    return frozenset(SIGNALS) if issubclass(cls, OnPolicyAlgorithm) else frozenset()


def wanted_signals(teacher: Teacher, algorithm: Any) -> list[str]:
    """Return the names of the signals that a teacher needs from a student.

    Args:
        teacher: The teacher.
        algorithm: The student, or its class.

    Raises:
        RequestError: The student cannot give one of them.
    """
    wanted = sorted(teacher.needs - _FROM_ENVIRONMENT)
    given = available_signals(algorithm)
    lacking = [name for name in wanted if name not in given]
    if lacking:
        student = algorithm.__name__ if isinstance(algorithm, type) else type(algorithm).__name__
        if set(lacking) <= set(SIGNALS):
            mend = "choose an on-policy student (ppo, a2c, recurrent-ppo)"
        else:
            mend = f"there is {', '.join(sorted(SIGNALS))}, from on-policy students"
        raise RequestError(
            f"{type(teacher).__name__} needs {' and '.join(map(repr, lacking))}, which {student} cannot give; {mend}."
        )
    return wanted


class EpisodeSignals:
    """Averages per-step values over episodes, or takes the first of them, across rollouts.

    Args:
        names: The signals to compute.

    Example:
        >>> class Buffer:
        ...     advantages = np.array([[1.0], [-3.0], [5.0]])
        ...     values = np.array([[7.0], [8.0], [9.0]])
        >>> signals = EpisodeSignals(["positive_value_loss", "initial_value"])
        >>> signals.add(Buffer, ids=np.array([[0], [0], [1]]))  # episode 0 has two steps, episode 1 goes on
        >>> done = Outcomes(tasks=[[0.0]], ids=[0], returns=[1.0], lengths=[2])
        >>> {name: column.tolist() for name, column in signals.complete(done).signals.items()}
        {'positive_value_loss': [0.5], 'initial_value': [7.0]}
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        self._of_first_step = np.array([name in OF_FIRST_STEP for name in self.names], dtype=np.bool_)
        self._sums: dict[int, NDArray[np.float64]] = {}
        self._counts: dict[int, int] = {}

    def add(self, buffer: Any, ids: NDArray[np.int64]) -> None:
        """Add a rollout.

        Args:
            buffer: The rollout buffer after its advantages have been computed.
            ids: The id of the task each step belongs to, shape ``(steps, n_envs)``.
        """
        episodes, first, position = np.unique(ids.ravel(), return_index=True, return_inverse=True)
        counts = np.bincount(position, minlength=len(episodes))
        steps = [np.asarray(SIGNALS[name](buffer), np.float64).ravel() for name in self.names]
        sums = np.stack([np.bincount(position, weights=s, minlength=len(episodes)) for s in steps], axis=1)
        firsts = np.stack([s[first] for s in steps], axis=1)  # rows are steps, so the first in C order is the earliest
        begin = np.where(self._of_first_step, firsts, sums)
        goes_on = np.where(self._of_first_step, 0.0, sums)
        for i, (episode, count) in enumerate(zip(episodes.tolist(), counts.tolist(), strict=True)):
            self._sums[episode] = self._sums[episode] + goes_on[i] if episode in self._sums else begin[i]
            self._counts[episode] = self._counts.get(episode, 0) + count

    def complete(self, outcomes: Outcomes) -> Outcomes:
        """Return finished episodes with their signals as columns; NaN for one of which no step was seen."""
        nothing = np.full(len(self.names), np.nan)
        rows = [self._pop(i) if i in self._sums else nothing for i in outcomes.ids.tolist()]
        table = np.array(rows).reshape(len(outcomes), len(self.names))
        complete = outcomes[:]
        complete.signals = {**outcomes.signals, **dict(zip(self.names, table.T, strict=True))}
        return complete

    def _pop(self, episode: int) -> NDArray[np.float64]:
        total, count = self._sums.pop(episode), self._counts.pop(episode)
        return np.where(self._of_first_step, total, total / count)

    def keep_only(self, ids: Iterable[int]) -> None:
        """Forget episodes that are neither finished nor running any more."""
        kept = set(ids)
        self._sums = {i: s for i, s in self._sums.items() if i in kept}
        self._counts = {i: c for i, c in self._counts.items() if i in kept}
