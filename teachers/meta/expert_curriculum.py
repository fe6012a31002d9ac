"""The curriculum of an expert: which Gaussians helped a past student, in order, and when to go on to the next ones.

Portelas, Romac, Hofmann, Oudeyer (2020), "Meta automatic curriculum learning", section on inferred progress niches: of
the Gaussians that ALP-GMM gave a past student, those are kept whose mean absolute learning progress (ALP) was high.
Each refit that has any left is a step of the curriculum. Three ways to follow it with a new student:

- `Pool`: all steps at once.
- `Time`: each step at the episode at which the past student had it.
- `Reward`: the next step when the returns are as high as those of the past student at the end of this one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..state_checks import counter, finite_array, number
from .gaussian_history import GaussianHistory

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_ROUNDING = 1e-6
"""The returns of the past student were rounded to single precision."""

_WINDOW = 50
"""A step's threshold is the mean of so many of its latest returns."""


@dataclass(frozen=True, eq=False)
class ExpertCurriculum:
    """Gaussians in the order of their steps; returns and ALPs are scaled where ``return_bounds`` were given.

    Attributes:
        starts: Step i has the Gaussians ``starts[i]:starts[i + 1]``, shape ``(s + 1,)``.
        episodes: After how many episodes of the past student each step began, shape ``(s,)``.
        thresholds: The mean of the latest returns of each step, shape ``(s,)``.
        means: In task units, shape ``(g, d)``.
        covariances: Shape ``(g, d, d)``.
        alps: Shape ``(g,)``.
        low: The lowest return: the lower bound, or that of the past student.

    Example:
        >>> history = GaussianHistory(
        ...     refits=[0, 0, 1, 2],
        ...     refit_episodes=[2, 4, 6],
        ...     means=[[0.1], [0.2], [0.5], [0.9]],
        ...     covariances=np.full((4, 1, 1), 0.01),
        ...     alps=[0.1, 0.3, 0.2, 0.6],
        ...     returns=[0.0, 0.0, 0.4, 0.5, 0.3, 0.3, 1.0, 1.0],
        ...     origins=[-1, -1, 1, 1, 2, 2, 3, -1],
        ... )
        >>> curriculum = ExpertCurriculum.extract(history, alp_threshold=0.2)
        >>> curriculum.means.tolist(), curriculum.thresholds.round(2).tolist(), curriculum.episodes.tolist()
        ([[0.2], [0.9]], [0.45, 1.0], [2, 6])
    """

    starts: IntArray
    episodes: IntArray
    thresholds: FloatArray
    means: FloatArray
    covariances: FloatArray
    alps: FloatArray
    low: float

    @property
    def n_steps(self) -> int:
        """Number of steps s; 0 where no Gaussian was worth keeping."""
        return len(self.episodes)

    @property
    def step_of(self) -> IntArray:
        """The step of each Gaussian, shape ``(g,)``."""
        steps: IntArray = np.repeat(np.arange(self.n_steps), np.diff(self.starts))
        return steps

    @classmethod
    def extract(
        cls,
        history: GaussianHistory,
        *,
        alp_threshold: float,
        return_bounds: tuple[float, float] | None = None,
    ) -> ExpertCurriculum:
        """Keep the Gaussians whose mean ALP is above a threshold.

        A step's threshold of return is the mean of its latest 50 returns, of episodes whose tasks were drawn from the
        Gaussians kept. One without such an episode, as the last often is, takes the threshold of the step before, or
        of the first step after it that has one, or, if none has, the lowest return.

        Args:
            history: What a past student was given.
            alp_threshold: As a share of the range of the returns (1 is the whole range).
            return_bounds: This range, ``(low, high)``, to which returns are clipped and by which returns and ALPs are
                scaled; by default the range of the past student's returns, and nothing is scaled.
        """
        returns, alps = history.returns, history.alps
        if return_bounds is None:
            low, high = history.return_range
            limit = alp_limit(low, high, alp_threshold)
        else:
            low, high = return_bounds
            returns, alps = (np.clip(returns, low, high) - low) / (high - low), alps / (high - low)
            low, limit = 0.0, alp_threshold
        kept = np.flatnonzero(alps > limit)
        refits, starts = np.unique(history.refits[kept], return_index=True)
        step_of = np.full(len(alps) + 1, -1)  # the last entry is that of tasks without a Gaussian
        step_of[kept] = np.searchsorted(refits, history.refits[kept])
        return cls(
            starts=np.append(starts, len(kept)).astype(np.int64),
            episodes=history.refit_episodes[refits],
            thresholds=_thresholds(step_of[history.origins], returns, len(refits), low),
            means=history.means[kept],
            covariances=history.covariances[kept],
            alps=alps[kept],
            low=low,
        )

    def to_plain(self) -> dict[str, Any]:
        """Return plain data."""
        return {name: _copied(getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], n_dims: int) -> ExpertCurriculum:
        """Read what `to_plain` returned.

        Raises:
            ValueError: An entry is missing, damaged or does not fit the others.
        """
        episodes = finite_array(plain, "episodes", (None,), np.int64, low=0)
        alps = finite_array(plain, "alps", (None,), low=0.0)
        s, g = len(episodes), len(alps)
        starts = finite_array(plain, "starts", (s + 1,), np.int64, low=0, high=g)
        if s == 0 or starts[0] != 0 or starts[-1] != g or (np.diff(starts) < 1).any() or (np.diff(episodes) < 0).any():
            raise ValueError("Its steps are not in order.")
        covariances = finite_array(plain, "covariances", (g, n_dims, n_dims))
        if np.diagonal(covariances, axis1=1, axis2=2).min() < 0.0:
            raise ValueError("Its entry 'covariances' has a negative variance.")
        means, thresholds = finite_array(plain, "means", (g, n_dims)), finite_array(plain, "thresholds", (s,))
        return cls(starts, episodes, thresholds, means, covariances, alps, number(plain, "low"))


def alp_limit(low: Any, high: Any, alp_threshold: float) -> Any:
    """Return the ALP above which Gaussians are kept: a share of the range of the returns, one student or many.

    Example:
        >>> alp_limit(-100.0, 300.0, 0.25)
        100.0
    """
    return alp_threshold * (high - low)


def _thresholds(step_of: IntArray, returns: FloatArray, n_steps: int, low: float) -> FloatArray:
    """The mean of the latest returns of each step, given the step of each episode (−1 for none)."""
    means = np.full(n_steps, np.nan)
    order = np.argsort(step_of, kind="stable")
    ends = np.searchsorted(step_of[order], np.arange(n_steps), side="right")
    begins = np.searchsorted(step_of[order], np.arange(n_steps), side="left")
    for step in np.flatnonzero(ends > begins):
        means[step] = returns[order[max(begins[step], ends[step] - _WINDOW) : ends[step]]].mean()
    known = np.flatnonzero(~np.isnan(means))
    if len(known) == 0:
        return np.full(n_steps, low)
    before = np.maximum(np.searchsorted(known, np.arange(n_steps), side="right") - 1, 0)
    filled: FloatArray = means[known[before]]
    return filled


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else float(value)


# --- How it is followed ----------------------------------------------------------------------------------------------


class Pace(ABC):
    """Where in a curriculum a student is.

    Args:
        curriculum: With at least one step.

    Attributes:
        index: The step it is at, from 0; it never falls.
    """

    def __init__(self, curriculum: ExpertCurriculum) -> None:
        self.curriculum = curriculum
        self.index = 0

    @property
    def rows(self) -> slice:
        """The Gaussians to draw from."""
        starts = self.curriculum.starts
        return slice(int(starts[self.index]), int(starts[self.index + 1]))

    @property
    def at_end(self) -> bool:
        """Whether it is at the last step."""
        return self.index == self.curriculum.n_steps - 1

    @abstractmethod
    def follow(self, episodes: int) -> None:
        """Note that the new student has learned from so many episodes."""

    @abstractmethod
    def observe(self, step: int, value: float) -> None:
        """Note the return of an episode whose task was drawn from a step."""

    def get_state(self) -> dict[str, Any]:
        """Return plain data."""
        return {"index": self.index}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `get_state` returned.

        Raises:
            ValueError: It is not that.
        """
        self.index = counter(state, "index", most=self.curriculum.n_steps - 1)


class Pool(Pace):
    """All Gaussians of all steps at once, for ever (the variant P).

    Example:
        >>> eye = np.ones((3, 1, 1))
        >>> steps = ExpertCurriculum(np.array([0, 1, 3]), np.zeros(2), np.zeros(2), eye[0], eye, np.ones(3), 0.0)
        >>> Pool(steps).rows
        slice(0, 3, None)
    """

    @property
    def rows(self) -> slice:
        """The Gaussians to draw from."""
        return slice(0, len(self.curriculum.alps))

    def follow(self, episodes: int) -> None:
        """Note that the new student has learned from so many episodes: nothing changes."""

    def observe(self, step: int, value: float) -> None:
        """Note a return: nothing changes."""


class Time(Pace):
    """The step at which the past student was after as many episodes (the variant T).

    Episodes are counted from the beginning of the training, those before the pre-test included, as the past student's
    are.

    Example:
        >>> eye = np.ones((2, 1, 1))
        >>> episodes = np.array([250, 750])
        >>> pace = Time(ExpertCurriculum(np.array([0, 1, 2]), episodes, np.zeros(2), eye[:, 0], eye, np.ones(2), 0.0))
        >>> pace.follow(749), pace.index, pace.follow(750), pace.index
        (None, 0, None, 1)
    """

    def follow(self, episodes: int) -> None:
        """Note that the new student has learned from so many episodes."""
        reached = int(np.searchsorted(self.curriculum.episodes, episodes, side="right")) - 1
        self.index = max(self.index, reached)

    def observe(self, step: int, value: float) -> None:
        """Note a return: nothing changes."""


class Reward(Pace):
    """The next step when the student is as good at this one as the past student was (the variant R).

    It goes on by one when it has the latest ``n_returns`` returns of tasks that were drawn from the present step, and
    their mean reaches the step's threshold. Then it begins to count anew.

    Args:
        curriculum: With at least one step.
        n_returns: How many returns.
        tolerance: What share of the threshold, measured from the lowest return, is enough.

    Example:
        >>> eye = np.ones((2, 1, 1))
        >>> goals = np.array([0.5, 0.0])
        >>> steps = ExpertCurriculum(np.array([0, 1, 2]), np.zeros(2), goals, eye[:, 0], eye, np.ones(2), 0.0)
        >>> pace = Reward(steps, n_returns=2)
        >>> for value in (0.9, 0.0, 1.0):
        ...     pace.observe(0, value)
        ...     print(pace.index)
        0
        0
        1
    """

    def __init__(self, curriculum: ExpertCurriculum, n_returns: int, tolerance: float = 1.0) -> None:
        super().__init__(curriculum)
        self.recent: deque[float] = deque(maxlen=n_returns)
        goals = curriculum.low + tolerance * (curriculum.thresholds - curriculum.low)
        self._goals = goals - _ROUNDING * np.maximum(np.abs(goals), abs(curriculum.low))

    def follow(self, episodes: int) -> None:
        """Note that the new student has learned from so many episodes: nothing changes."""

    def observe(self, step: int, value: float) -> None:
        """Note the return of an episode whose task was drawn from a step; other steps than the present do not count."""
        if step != self.index or self.at_end:
            return
        self.recent.append(value)
        if len(self.recent) == self.recent.maxlen and sum(self.recent) / len(self.recent) >= self._goals[step]:
            self.index += 1
            self.recent.clear()

    def get_state(self) -> dict[str, Any]:
        """Return plain data."""
        return {**super().get_state(), "recent": np.array(self.recent, dtype=np.float64)}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `get_state` returned.

        Raises:
            ValueError: It is not that.
        """
        recent = finite_array(state, "recent", (None,))
        if len(recent) > (self.recent.maxlen or 0):
            raise ValueError(f"Its entry 'recent' has {len(recent)} returns, expected up to {self.recent.maxlen}.")
        super().set_state(state)
        self.recent.clear()
        self.recent.extend(recent.tolist())
