"""Scheduled mixture: several teachers, or tiers of tasks, whose shares change as training goes on (RMT, TAPIR)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...schedule import SCHEDULES
from ...schedules import Schedule, schedule_of
from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import whole
from .mixture import Mixture

FloatArray = NDArray[np.float64]


class ScheduledMixture(Mixture):
    """Asks one of several teachers for each task, at random in proportion to weights that follow schedules.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        teachers: As for `Mixture`. By default random tasks and a bandit.
        weights: A schedule of a vector, e.g. ``"interpolate_mix([1, 0], [0, 1])"``, a schedule or number for each
            teacher in a list, or a mapping from the teachers' names to them. By default from equal shares to a tenth
            for the first teacher.
        duration: Tasks handed out until the schedules' moment is 1.
        unit: What schedules are functions of: the ``"progress"``, or the number of ``"tasks"`` handed out.
        expert: Expert knowledge, given to those teachers that take it and have none of their own.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: Teachers or schedules that are none.
        ValueError: No teacher, or weights that do not fit.

    Example:
        >>> from tutelage import TaskSpace
        >>> easy, hard = ({"teacher": "bandit", "arms": [{"x": bounds}]} for bounds in ([0.0, 0.3], [0.3, 1.0]))
        >>> teacher = ScheduledMixture(TaskSpace(x=(0.0, 1.0)), seed=0, teachers={"easy": easy, "hard": hard},
        ...                            weights={"easy": "linear(1, 0)", "hard": "linear(0, 1)"}, duration=100)
        >>> tasks = teacher.sample(50)
        >>> bool((tasks.values <= 0.3).all()), teacher.weights.tolist()
        (True, [0.5, 0.5])
    """

    _DEFAULT = ("random", "bandit")

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        teachers: Mapping[str, Any] | Sequence[Any] | None = None,
        weights: Any = None,
        duration: int = 1000,
        unit: str = "progress",
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        self.duration = whole("duration", duration, 1)
        if unit not in ("progress", "tasks"):
            raise ValueError(f"unit must be 'progress' or 'tasks', got {unit!r}.")
        self.unit = unit
        super().__init__(
            task_space, seed=seed, teachers=teachers, weights=weights, expert=expert, ignore_warmup=ignore_warmup
        )

    def _set_weights(self, weights: Any, default: bool) -> None:
        k = len(self._members)
        if weights is None:
            last = [0.1, *([0.9 / (k - 1)] * (k - 1))] if k > 1 else [1.0]
            weights = {"interpolate_mix": {"first": [1.0 / k] * k, "last": last}}
        if isinstance(weights, Mapping) and (
            set(weights) == set(self._members.names) or not set(weights) <= set(SCHEDULES)
        ):
            weights = self._in_order(weights)
        if isinstance(weights, (list, tuple, np.ndarray)):
            self._schedules: list[Schedule] = [schedule_of(weight) for weight in weights]
        else:
            self._schedules = [schedule_of(weights)]
        self._at(0.0)

    def _at(self, moment: float) -> FloatArray:
        values = [schedule(moment) for schedule in self._schedules]
        weights = np.atleast_1d(np.asarray(values[0] if len(values) == 1 else values, dtype=np.float64))
        k = len(self._members)
        if weights.shape != (k,) or not np.isfinite(weights).all() or weights.min() < 0.0:
            raise ValueError(
                f"weights must be numbers of at least 0 for each of {k} teachers, got {weights.tolist()} at {moment:g}."
            )
        total = weights.sum()
        return weights / total if total > 0.0 else np.full(k, 1.0 / k)

    @property
    def weights(self) -> FloatArray:
        """The probability of each teacher at this moment, shape ``(K,)``; equal ones where all are 0."""
        return self._at(self._next_id / self.duration if self.unit == "progress" else float(self._next_id))
