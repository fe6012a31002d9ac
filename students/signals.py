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

from ..errors import RequestError
from ..outcomes import Outcomes
from ..teachers.teacher import Teacher

SIGNALS: dict[str, Callable[[Any], NDArray[np.floating[Any]]]] = {
    # Positive value loss: mean of max(advantage, 0)
    # (Jiang et al. 2021, "Replay-guided adversarial environment design").
    "positive_value_loss": lambda buffer: np.maximum(buffer.advantages, 0.0),
    # L1 value loss: mean of |advantage| (Jiang et al. 2021, "Prioritized level replay", section 3.1).
    "l1_value_loss": lambda buffer: np.abs(buffer.advantages),
}
"""What each signal averages over an episode: an array ``(steps, n_envs)`` from a rollout buffer."""


_FROM_ENVIRONMENT = frozenset({"tasks", "ids", "returns", "lengths", "success", "truncated", "warmup"})


def available_signals(algorithm: Any) -> frozenset[str]:
    """Return the signals an algorithm (a class or a student) can give: all if it is on-policy, else none.

    Example:
        >>> from stable_baselines3 import PPO, SAC
        >>> sorted(available_signals(PPO)), sorted(available_signals(SAC))
        (['l1_value_loss', 'positive_value_loss'], [])
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
        complete = outcomes[:]
        complete.signals = {**outcomes.signals, **dict(zip(self.names, table.T, strict=True))}
        return complete

    def keep_only(self, ids: Iterable[int]) -> None:
        """Forget episodes that are neither finished nor running any more."""
        kept = set(ids)
        self._sums = {i: s for i, s in self._sums.items() if i in kept}
        self._counts = {i: c for i, c in self._counts.items() if i in kept}
