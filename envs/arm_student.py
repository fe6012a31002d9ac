"""A student of arithmetic with learnable, noisy and impossible arms.

It has one skill θ and succeeds at an arm of difficulty b with the chance p = σ(k (θ − b)), the model of item-response
theory. An episode of a learnable arm raises θ by ``rate`` · p (1 − p): a task that is solved always or never teaches
nothing. A noisy arm is a coin toss and an impossible one is never solved; neither teaches anything.

It learns best where p is near ½ by construction, and so favours teachers that look for that. Use it to see what
captures a teacher, not as evidence that one teacher is better than another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arm_config import LEARNABLE, NOISY, ArmConfig
from .arm_forms import arm_form

FloatArray = NDArray[np.float64]

MASTERED = 0.9
"""An arm with at least this chance of success is mastered."""

SIGNALS = ("l1_value_loss",)
"""What the student can tell of an episode beside its success, see `ArmStudent.signals`."""


class ArmStudent:
    """Plays batches of arms.

    A batch is played in order: the result is the same as that of its tasks one by one.

    Args:
        config: What it is like, or the name of one (`arm_form`).
        seed: Of its luck; 0 is a seed.

    Attributes:
        config: What it is like.
        task_space: The number of the arm.
        kinds: The kind of each arm.
        skill: θ; may be written to.
        n_episodes: Episodes played since the last `reset`.

    Raises:
        RequestError: An unknown name.
        ValueError: A negative seed.

    Example:
        >>> student = ArmStudent("arms-noisy")
        >>> student.play([[0]] * 40).sum() > 20, bool(student.skill > 0.3), student.score()
        (np.True_, True, 0.0)
        >>> student.skill = 10.0
        >>> student.score()
        100.0
    """

    def __init__(self, config: ArmConfig | str = "arms-clean", seed: int = 0) -> None:
        self.config = arm_form(config).config if isinstance(config, str) else config
        self.task_space = self.config.task_space
        self.kinds = self.config.kinds
        self._difficulties = np.array(self.config.learnable)
        self._rest = np.array([0.5 if kind == NOISY else 0.0 for kind in self.kinds if kind != LEARNABLE])
        self.reset(seed)

    def reset(self, seed: int | None = None) -> None:
        """Begin anew: a student with the skill of its easiest arm.

        Args:
            seed: Of its luck; None goes on with the same luck.

        Raises:
            ValueError: A negative seed.
        """
        if seed is not None:
            if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
                raise ValueError(f"seed must be a whole number of at least 0, got {seed!r}.")
            self._rng = np.random.default_rng([int(seed), 0xA23])
        self.skill, self.n_episodes = self.config.learnable[0], 0

    def chances(self) -> FloatArray:
        """Return the chance of success at each arm, shape ``(K,)``."""
        exponent = np.clip(self.config.steepness * (self._difficulties - self.skill), -700.0, 700.0)
        return np.concatenate([1.0 / (1.0 + np.exp(exponent)), self._rest])

    def play(self, tasks: ArrayLike) -> FloatArray:
        """Play one episode of each task, in order.

        Args:
            tasks: Shape ``(n, 1)``.

        Returns:
            1 for a success and 0 for a failure, shape ``(n,)``.

        Raises:
            ValueError: Tasks of another shape, or that are none; nothing has been played then.
        """
        arms = self._arms(tasks)
        returns = np.empty(len(arms))
        luck = self._rng.random(len(arms)).tolist()
        k, rate, difficulties = self.config.steepness, self.config.rate, self.config.learnable
        n_learnable, rest, skill = len(difficulties), self._rest.tolist(), self.skill
        for i, arm in enumerate(arms.tolist()):
            if arm < n_learnable:
                p = 1.0 / (1.0 + math.exp(min(k * (difficulties[arm] - skill), 700.0)))
                skill += rate * p * (1.0 - p)
            else:
                p = rest[arm - n_learnable]
            returns[i] = luck[i] < p
        self.skill = skill
        self.n_episodes += len(arms)
        return returns

    def score(self) -> float:
        """Return how many percent of the learnable arms are mastered."""
        mastered = self.chances()[: len(self._difficulties)] >= MASTERED
        return 100.0 * float(mastered.mean())

    def signals(self, tasks: ArrayLike, success: ArrayLike, names: Iterable[str] = SIGNALS) -> dict[str, FloatArray]:
        """Return what a student would tell that compares the episodes of an arm within a batch.

        It is the absolute advantage as group-relative students have it, ``|y − ȳ| / √(ȳ (1 − ȳ))`` with the mean
        success ȳ of the arm in the batch, and 0 where all of its episodes were solved or none.

        Args:
            tasks: The batch, shape ``(n, 1)``.
            success: What became of it, shape ``(n,)``.
            names: Under which names.

        Example:
            >>> ArmStudent().signals([[0], [0], [1]], [1, 0, 1])["l1_value_loss"].tolist()
            [1.0, 1.0, 0.0]
        """
        arms, solved = self._arms(tasks), np.asarray(success, dtype=np.float64)
        counts = np.maximum(np.bincount(arms, minlength=len(self.kinds)), 1)
        mean = (np.bincount(arms, solved, minlength=len(self.kinds)) / counts)[arms]
        spread = np.sqrt(mean * (1.0 - mean))
        advantage = np.divide(np.abs(solved - mean), spread, out=np.zeros(len(arms)), where=spread > 0.0)
        return {name: advantage.copy() for name in names}

    def start_task(self) -> FloatArray:
        """Return the easiest arm as a task, shape ``(1,)``."""
        return np.zeros(1)

    def target_task(self) -> FloatArray:
        """Return the hardest learnable arm as a task, shape ``(1,)``."""
        return np.array([len(self._difficulties) - 1.0])

    def _arms(self, tasks: ArrayLike) -> NDArray[np.int64]:
        rows = np.asarray(tasks, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != 1:
            raise ValueError(f"Expected tasks of shape (n, 1), got {rows.shape}. One task is a matrix of one row.")
        return self.task_space.validate(rows)[:, 0].astype(np.int64)
