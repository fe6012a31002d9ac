"""Gaussian Oracle: a narrow Gaussian that walks on a straight line from an easy to a hard task.

The hand-made curriculum of Portelas, Romac, Hofmann, Oudeyer (2020), "Meta automatic curriculum learning": the mean
takes 50 places on the line from the easiest task to the hardest one, and goes on to the next when the mean return of
the latest 50 episodes reaches 230. It never goes back.

What differs from the authors' code:

- Line and spread are in the unit cube, so that the spread means the same in every dimension. Theirs was a variance of
  0.05 in task units (``std=0.05 ** 0.5, unit="task"``).
- An episode counts for the Gaussian its task was drawn from: in parallel environments, the last episodes of the easier
  one do not speed up the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import whole
from .staged import StagedTeacher, unit_point
from .units import half_cells, in_unit_cube

FloatArray = NDArray[np.float64]

_REACH = 3.0
"""A foreign task counts for a Gaussian if it is within so many standard deviations of its mean in every dimension."""

_LARGEST_LOG = 700.0
"""exp of more would overflow."""


class GaussianOracle(StagedTeacher):
    """Draws tasks from a Gaussian that walks from an easy task to a hard one.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        expert: Where the line begins and ends (``initial_mean``, ``target_mean``) and which return is good
            (``good_return``), for what is not given below.
        easy: The task the line begins at, in task units, shape ``(d,)``; by default, and without an expert's initial
            mean, the corner of the low ends.
        hard: The task it ends at; by default, and without an expert's target mean, the corner opposite to ``easy``: in
            each dimension the end farther from it (the high one if both are equally far).
        std: Standard deviation of the tasks around the line, a scalar or shape ``(d,)``.
        unit: ``"range"`` if ``std`` is a share of the range, ``"task"`` if it is in task units.
        n_stages: Number of places on the line, both ends included.
        good_return: The mean goes on if the mean return reaches this; 230 by default.
        stage_episodes: Number of latest episodes it is a mean of.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter that is no number.
        ValueError: A hyperparameter out of range, an end of the line outside the space, expert knowledge that does not
            fit.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> space = TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))
        >>> teacher = GaussianOracle(space, seed=0, easy=[0.0, 6.0], n_stages=3)
        >>> for _ in range(50):
        ...     tasks = teacher.sample()
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[230.0], lengths=[900]))
        >>> teacher.mean.tolist()
        [1.5, 3.0]
    """

    strict = False
    sliding = True

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        easy: ArrayLike | None = None,
        hard: ArrayLike | None = None,
        std: ArrayLike = 0.05,
        unit: str = "range",
        n_stages: int = 50,
        good_return: float | None = None,
        stage_episodes: int = 50,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(
            task_space,
            seed=seed,
            ignore_warmup=ignore_warmup,
            expert=expert,
            good_return=good_return,
            stage_episodes=stage_episodes,
        )
        self.n_stages = whole("n_stages", n_stages)
        if self.n_stages < 2:
            raise ValueError(f"n_stages must be at least 2, for the line has two ends; got {n_stages}.")
        self._std = in_unit_cube(task_space, "std", std, unit)
        begin = self._easy_point(easy)
        self._begin = half_cells(task_space) if begin is None else begin
        self._end = self._hard_point(hard)
        self._free = ~task_space.fixed
        self._half = half_cells(task_space)

    def _hard_point(self, hard: ArrayLike | None) -> FloatArray:
        space = self.task_space
        if hard is not None:
            return unit_point(space, hard, "hard")
        target = self.expert.target(space)
        if target is not None:
            return space.to_unit(target[0])
        return space.to_unit(np.where(self._begin > 0.5, space.low, space.high))

    @property
    def _mean(self) -> FloatArray:
        share = self.stage / (self.n_stages - 1)
        return self._begin + share * (self._end - self._begin)

    @property
    def mean(self) -> FloatArray:
        """The task at the centre of the current Gaussian, shape ``(d,)``."""
        return self.task_space.from_unit(self._mean)

    def _sample(self, n: int) -> FloatArray:
        return self.task_space.from_unit(self._mean + self._std * self.rng.standard_normal((n, len(self._std))))

    def _covers(self, tasks: FloatArray) -> NDArray[np.bool_]:
        distance = np.abs(self.task_space.to_unit(tasks) - self._mean)
        return np.asarray((distance <= _REACH * self._std + self._half)[:, self._free].all(axis=1))

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the density of the current Gaussian; draws clipped to the faces of the space are not part of it."""
        unit = self.task_space.to_unit(np.atleast_2d(self.task_space.validate(tasks)))[:, self._free]
        std = self._std[self._free]
        logs = -0.5 * (((unit - self._mean[self._free]) / std) ** 2).sum(axis=1)
        logs -= np.log(std).sum() + 0.5 * len(std) * np.log(2.0 * np.pi)
        density: FloatArray = np.exp(np.minimum(logs, _LARGEST_LOG))
        return density

    def _identity(self) -> dict[str, Any]:
        return {
            **super()._identity(),
            "begin": self._begin.tolist(),
            "end": self._end.tolist(),
            "std": self._std.tolist(),
        }
