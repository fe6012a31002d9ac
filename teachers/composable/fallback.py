"""Fallback: another teacher takes over while everything that the first one proposes fails, or is mastered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ...tasks import Tasks
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import pair, whole
from ..state_checks import counter, finite_array, flag
from ..success import demand_success, success_of, success_threshold
from ..teacher import Teacher
from .members import Members, with_expert

FloatArray = NDArray[np.float64]


class Fallback(Teacher):
    """Asks one teacher as long as the student succeeds at its tasks sometimes, and else another one for a while.

    When the mean success at the latest tasks of the first teacher leaves a range, the other teacher chooses until as
    many of its tasks have come back; the first one, which learns from these too, is then given another chance.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        teacher: The first teacher: a name, ``{"teacher": name, …}`` with hyperparameters, or a `Teacher`.
        fallback: The other one.
        success_range: The mean success at which the first teacher keeps the word, bounds included.
        window: Over how many episodes it is taken.
        rest: After how many episodes of the other teacher the first one has another chance.
        success_above: A return above which an episode is a success, where the environment does not tell;
            ``expert.success_above`` by default.
        expert: Expert knowledge, given to those teachers that take it and have none of their own.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: Teachers that are none.
        ValueError: A hyperparameter out of range.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> hard = {"teacher": "bandit", "arms": [{"x": [0.9, 1.0]}]}
        >>> teacher = Fallback(TaskSpace(x=(0.0, 1.0)), seed=0, teacher=hard, fallback="random", window=10)
        >>> tasks = teacher.sample(10)
        >>> teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[0.0] * 10, lengths=[9] * 10,
        ...                         success=[0.0] * 10))
        >>> teacher.in_charge, bool(teacher.sample(20).values.min() < 0.5)
        ('fallback', True)
    """

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        teacher: Any = "bandit",
        fallback: Any = "random",
        success_range: tuple[float, float] = (0.02, 0.98),
        window: int = 50,
        rest: int = 50,
        success_above: float | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        given = with_expert({"teacher": teacher, "fallback": fallback}, expert, task_space)
        self._members = Members(task_space, given, self.rng)
        self.needs = self._members.needs  # type: ignore[misc]  # this teacher's, not the class's
        self.hold, self.withholds = self._members.hold, self._members.withholds
        self.success_range = pair("success_range", success_range)
        if not 0.0 <= self.success_range[0] <= self.success_range[1] <= 1.0:
            raise ValueError(f"success_range must be two numbers in ascending order in [0, 1], got {success_range}.")
        self.window, self.rest = whole("window", window, 1), whole("rest", rest, 1)
        self.success_above = success_threshold(success_above, ExpertKnowledge.of(expert, task_space))
        self._latest: list[float] = []  # successes at the first teacher's tasks since it took the word
        self._resting, self._n_rested, self._n_switches = False, 0, 0

    @property
    def in_charge(self) -> str:
        """``"teacher"`` or ``"fallback"``."""
        return "fallback" if self._resting else "teacher"

    def _sample(self, n: int) -> tuple[FloatArray, NDArray[np.bool_]]:
        return self._members.sample(np.full(n, int(self._resting)), self._next_id)

    def _repeat(self, tasks: Tasks) -> None:
        self._members.repeat(tasks)

    def _validate(self, outcomes: Outcomes) -> None:
        super()._validate(outcomes)
        if len(outcomes):
            demand_success(outcomes, self.success_above, owner=self, ignore_warmup=self.ignore_warmup)
        self._members.check(outcomes)

    def _update(self, outcomes: Outcomes) -> None:
        success = success_of(outcomes, self.success_above).tolist()
        owners = self._members.update(outcomes, listeners=(0,)).tolist()
        for owner, solved in zip(owners, success, strict=True):
            if self._resting:
                self._n_rested += owner != 0  # what the first teacher chose before is not what it rests for
                if self._n_rested >= self.rest:
                    self._resting, self._n_rested, self._latest = False, 0, []
                    self._n_switches += 1
            elif owner <= 0:
                self._latest = [*self._latest, solved][-self.window :]
                low, high = self.success_range
                if len(self._latest) == self.window and not low <= sum(self._latest) / self.window <= high:
                    self._resting = True
                    self._n_switches += 1

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the density of the teacher in charge."""
        weights = np.array([1.0, 0.0])[:: -1 if self._resting else 1]
        return self._members.density(np.atleast_2d(self.task_space.validate(tasks)), weights)

    def metrics(self) -> dict[str, float]:
        """Return who is in charge, and how often that has changed."""
        return {
            **super().metrics(),
            "resting": float(self._resting),
            "switches": float(self._n_switches),
            "success": sum(self._latest) / max(1, len(self._latest)),
        }

    def _get_state(self) -> dict[str, Any]:
        return {
            "latest": np.array(self._latest, dtype=np.float64),
            "resting": self._resting,
            "n_rested": self._n_rested,
            "n_switches": self._n_switches,
            **self._members.get_state(),
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        latest = finite_array(state, "latest", (None,), low=0.0, high=1.0)
        if len(latest) > self.window:
            raise ValueError(f"It has {len(latest)} successes, expected at most {self.window}.")
        resting, n_rested, n_switches = flag(state, "resting"), counter(state, "n_rested"), counter(state, "n_switches")
        self._members.set_state(state)
        self._latest, self._resting, self._n_rested, self._n_switches = latest.tolist(), resting, n_rested, n_switches
