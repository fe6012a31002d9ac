"""Mixture: several teachers, each of which chooses a fixed share of the tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...outcomes import Outcomes
from ...schedules import normalised_weights
from ...spaces import TaskSpace
from ...tasks import Tasks
from ..expert_knowledge import ExpertKnowledge
from ..teacher import Teacher
from .members import Members, with_expert

FloatArray = NDArray[np.float64]


class Mixture(Teacher):
    """Asks one of several teachers for each task, at random in proportion to their weights.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        teachers: A list of teachers, or a mapping from names: names of teachers, ``{"teacher": name, …}`` with
            hyperparameters, or `Teacher` objects. By default a bandit and random tasks.
        weights: How much each is asked, a number for each or a mapping from their names; by default equal ones, and
            0.8 and 0.2 for the default teachers.
        expert: Expert knowledge, given to those teachers that take it and have none of their own.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: Teachers that are none.
        ValueError: No teacher, or weights that do not fit.

    Example:
        >>> from tutelage import TaskSpace
        >>> teacher = Mixture(TaskSpace(x=(0.0, 1.0)), seed=0, teachers=["alp-gmm", "random"], weights=[3, 1])
        >>> teacher.sample(8).values.shape, teacher.weights.tolist()
        ((8, 1), [0.75, 0.25])
    """

    _DEFAULT: Any = ("bandit", "random")

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        teachers: Mapping[str, Any] | Sequence[Any] | None = None,
        weights: Mapping[str, float] | Sequence[float] | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        given = self._DEFAULT if teachers is None else teachers
        self._members = Members(task_space, with_expert(given, expert, task_space), self.rng)
        self.needs = self._members.needs  # type: ignore[misc]  # this teacher's, not the class's
        self.hold, self.withholds = self._members.hold, self._members.withholds
        self._shares = np.zeros(len(self._members))
        self._n_of = np.zeros(len(self._members), dtype=np.int64)
        self._set_weights(weights, teachers is None)

    def _set_weights(self, weights: Any, default: bool) -> None:
        k = len(self._members)
        if weights is None:
            weights = (0.8, 0.2) if default else (1.0,) * k
        self._shares = np.array(normalised_weights("weights", self._in_order(weights)))
        if len(self._shares) != k:
            raise ValueError(f"weights must be one number for each of {k} teachers, got {len(self._shares)}.")

    def _in_order(self, weights: Any) -> Any:
        if not isinstance(weights, Mapping):
            return weights
        if set(weights) != set(self._members.names):
            raise ValueError(f"weights must name the teachers {self._members.names}, got {list(weights)}.")
        return [weights[name] for name in self._members.names]

    @property
    def teachers(self) -> dict[str, Teacher]:
        """The teachers by name."""
        return dict(zip(self._members.names, self._members.teachers, strict=True))

    @property
    def weights(self) -> FloatArray:
        """The probability of each teacher at this moment, shape ``(K,)``."""
        return np.array(self._shares)

    def _sample(self, n: int) -> tuple[FloatArray, NDArray[np.bool_]]:
        cumulative = np.cumsum(self.weights)
        which = np.searchsorted(cumulative, self.rng.random(n) * cumulative[-1], side="right")
        which = np.minimum(which, len(cumulative) - 1)
        self._n_of += np.bincount(which, minlength=len(cumulative))
        return self._members.sample(which, self._next_id)

    def _repeat(self, tasks: Tasks) -> None:
        self._members.repeat(tasks)

    def _validate(self, outcomes: Outcomes) -> None:
        super()._validate(outcomes)
        self._members.check(outcomes)

    def _update(self, outcomes: Outcomes) -> None:
        self._members.update(outcomes)

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the mean of the teachers' densities by their weights, of those that have one."""
        return self._members.density(np.atleast_2d(self.task_space.validate(tasks)), self.weights)

    def metrics(self) -> dict[str, float]:
        """Return how much each teacher is asked."""
        handed_out = max(1, int(self._n_of.sum()))
        shares = {f"share_{i}": float(self._n_of[i] / handed_out) for i in range(len(self._n_of))}
        return {**super().metrics(), **shares, "top_weight": float(self.weights.max())}

    def _get_state(self) -> dict[str, Any]:
        return {"names": list(self._members.names), "n_of": self._n_of.copy(), **self._members.get_state()}

    def _set_state(self, state: Mapping[str, Any]) -> None:
        if list(state["names"]) != self._members.names:
            raise ValueError(f"It was saved with {list(state['names'])}, this teacher has {self._members.names}.")
        n_of = np.asarray(state["n_of"], dtype=np.int64)
        if n_of.shape != self._n_of.shape or n_of.min() < 0:
            raise ValueError("Its entry 'n_of' does not fit the teachers.")
        self._members.set_state(state)
        self._n_of = n_of.copy()
