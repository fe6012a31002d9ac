"""A curriculum of stages laid out beforehand: the student moves on when its mean return is good enough."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import real, whole
from ..state_checks import finite_array
from ..teacher import Teacher

FloatArray = NDArray[np.float64]

_GOOD_RETURN = 230.0
"""What counts as mastered on Stump Tracks (Portelas et al. 2019)."""

_LARGEST_RETURN = 1e50
"""Larger returns are clipped, so that their sums stay finite."""


class StagedTeacher(Teacher):
    """Base of teachers that walk through a fixed list of distributions over tasks, and never back.

    An episode counts for the current stage if its task was handed out in it, or, where the teacher never handed it out,
    if `_covers` says that the stage could have. When ``stage_episodes`` of them have come back, their mean return
    decides.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        ignore_warmup: See `Teacher`.
        expert: Expert knowledge; its ``good_return`` stands in for the argument.
        good_return: The mean return that ends a stage; 230 where nobody gives one.
        stage_episodes: Number of episodes it is a mean of.

    Attributes:
        n_stages: Number of stages, which the subclass sets.
        strict: Whether the mean return must exceed ``good_return`` (else reach it).
        sliding: Whether the mean is over the latest episodes (else over one batch after the other).

    Raises:
        TypeError: A hyperparameter that is no number.
        ValueError: A hyperparameter out of range.
    """

    strict: ClassVar[bool] = True
    sliding: ClassVar[bool] = False

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None,
        ignore_warmup: bool,
        expert: ExpertKnowledge | Mapping[str, Any] | None,
        good_return: float | None,
        stage_episodes: int,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        self.expert = ExpertKnowledge.of(expert, task_space)
        if good_return is None:
            good_return = self.expert.good_return
        self.good_return = _GOOD_RETURN if good_return is None else real("good_return", good_return)
        self.stage_episodes = whole("stage_episodes", stage_episodes, 1)
        if not math.isfinite(self.good_return):
            raise ValueError(f"good_return must be finite, got {self.good_return}.")
        self.n_stages = 1
        self.stage = 0
        self._first_id = 0  # the first task handed out in this stage
        self._returns: list[float] = []
        self._mean_return = 0.0

    def _easy_point(self, easy: ArrayLike | None) -> FloatArray | None:
        """Return the task to begin with in the unit cube, shape ``(d,)``: ``easy``, else the expert's initial mean."""
        if easy is not None:
            return unit_point(self.task_space, easy, "easy")
        initial = self.expert.initial(self.task_space)
        return None if initial is None else self.task_space.to_unit(initial[0])

    @abstractmethod
    def _covers(self, tasks: FloatArray) -> NDArray[np.bool_]:
        """Tell which tasks, shape ``(n, d)``, the current stage could have handed out."""

    def _update(self, outcomes: Outcomes) -> None:
        returns = outcomes.returns.tolist()
        covered: NDArray[np.bool_] | None = None
        for i, task_id in enumerate(outcomes.ids.tolist()):
            if 0 <= task_id < self._next_id:
                if task_id < self._first_id:
                    continue  # of an earlier stage
            else:
                if covered is None:
                    covered = self._covers(outcomes.tasks)
                if not covered[i]:
                    continue
            self._returns.append(min(max(returns[i], -_LARGEST_RETURN), _LARGEST_RETURN))
            if len(self._returns) == self.stage_episodes and self._decide():
                covered = None

    def _decide(self) -> bool:
        """Move on if the mean return is good enough; tell whether it was."""
        self._mean_return = math.fsum(self._returns) / len(self._returns)
        good = self._mean_return > self.good_return or (not self.strict and self._mean_return == self.good_return)
        if good and self.stage < self.n_stages - 1:
            self.stage += 1
            self._first_id = self._next_id
            self._returns = []
            return True
        self._returns = self._returns[1:] if self.sliding else []
        return False

    def metrics(self) -> dict[str, float]:
        """Return the stage, how far that is along the curriculum (0 to 1), and the latest mean return."""
        return {
            **super().metrics(),
            "stage": float(self.stage),
            "progress": self.stage / (self.n_stages - 1) if self.n_stages > 1 else 1.0,
            "mean_return": self._mean_return,
        }

    # --- State ---------------------------------------------------------------------------------------------------

    def _identity(self) -> dict[str, Any]:
        """The hyperparameters as plain data; a subclass adds its own."""
        return {
            "good_return": self.good_return,
            "stage_episodes": self.stage_episodes,
            "n_stages": self.n_stages,
        }

    def _get_state(self) -> dict[str, Any]:
        return {
            "hyperparameters": self._identity(),
            "stage": self.stage,
            "first_id": self._first_id,
            "returns": list(self._returns),
            "mean_return": self._mean_return,
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        for name, mine in self._identity().items():
            theirs = state["hyperparameters"][name]
            if theirs != mine:
                raise ValueError(f"It was saved with {name}={theirs!r}, this teacher has {name}={mine!r}.")
        stage, first_id, mean = int(state["stage"]), int(state["first_id"]), float(state["mean_return"])
        returns = finite_array(state, "returns", (None,), low=-_LARGEST_RETURN, high=_LARGEST_RETURN).tolist()
        if not 0 <= stage < self.n_stages or len(returns) >= self.stage_episodes:
            raise ValueError(f"Its stage {stage} or its {len(returns)} returns do not fit.")
        if not np.isfinite(mean):
            raise ValueError("Its mean return is not finite.")
        self.stage, self._first_id, self._returns, self._mean_return = stage, first_id, returns, mean


def unit_point(space: TaskSpace, task: ArrayLike, name: str) -> FloatArray:
    """Return one task in the unit cube, shape ``(d,)``.

    Raises:
        ValueError: No task of the space; the message begins with ``name``.
    """
    try:
        row = space.validate(task)
        if row.ndim != 1:
            raise ValueError(f"expected one task of shape ({space.n_dims},), got shape {row.shape}.")
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    return space.to_unit(row)
