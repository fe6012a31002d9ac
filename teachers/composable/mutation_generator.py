"""The generator that ships: it changes tasks that were of use, towards easier or harder ones or just a little."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...spaces import TaskSpace
from ..replay.checks import checked_levels
from ..replay.mutation import mutate_tasks

FloatArray = NDArray[np.float64]

TIERS = ("hard", "medium", "easy")
OPERATORS = ("simplify", "diversify", "extend")
_N_EDITS = 2


@dataclass(frozen=True)
class Context:
    """What a generator may look at.

    Attributes:
        space: The tasks.
        rng: The teacher's generator of random numbers.
        tasks: The archive, shape ``(k, d)``.
        rates: The student's success on each, shape ``(k,)``.
        fitness: Their fitness, shape ``(k,)``.
        recent: The tasks that were kept last, oldest first.
        tried: Tasks that were tried lately, kept or not, shape ``(h, d)``.
        tried_rates: The student's success on each, shape ``(h,)``.
        tiers: Up to which success a task is hard, and up to which it is medium.
    """

    space: TaskSpace
    rng: np.random.Generator
    tasks: FloatArray
    rates: FloatArray
    fitness: FloatArray
    recent: FloatArray
    tried: FloatArray
    tried_rates: FloatArray
    tiers: tuple[float, float]


Operator = Callable[[FloatArray, Context], ArrayLike]


class ProposingGenerator(Protocol):
    """What the teacher asks for tasks."""

    def propose(self, n: int, context: Context) -> ArrayLike:
        """Return n tasks, shape ``(n, d)``."""

    def learn(self, proposals: FloatArray, fitness: FloatArray) -> None:
        """Learn how good some of them were."""


def tier_of(rates: ArrayLike, tiers: tuple[float, float] = (0.3, 0.7)) -> list[str]:
    """Return the tier of each success rate (CLPO).

    Example:
        >>> tier_of([0.3, 0.7, 0.71])
        ['hard', 'medium', 'easy']
    """
    return [TIERS[int(i)] for i in np.searchsorted(tiers, np.asarray(rates, dtype=np.float64), side="left")]


class MutationGenerator:
    """Changes tasks of the archive by an operator that depends on how hard they are.

    Args:
        operators: By tier: ``"simplify"``, towards a tried task that the student solves more often; ``"extend"``,
            towards one that it solves less often; ``"diversify"``, a small random change; or a function of tasks and a
            `Context`.
        mutate: What makes small random changes, called with tasks and a random generator; with it, the space of levels
            has no straight lines, and all operators that have a name are this.

    Example:
        >>> space, none = TaskSpace(x=(0.0, 1.0)), np.empty((0, 1))
        >>> nothing = Context(space, np.random.default_rng(0), none, none[:, 0], none[:, 0], none, none, none[:, 0],
        ...                   (0.3, 0.7))
        >>> MutationGenerator().propose(3, nothing).shape
        (3, 1)
    """

    def __init__(self, operators: Mapping[str, str | Operator] | None = None, mutate: Any = None) -> None:
        default = dict(zip(TIERS, OPERATORS, strict=True))
        self.operators: dict[str, str | Operator] = {**default, **(operators or {})}
        for tier, operator in self.operators.items():
            if tier not in TIERS:
                raise ValueError(unknown_name("tier of the operators", tier, TIERS))
            if not callable(operator) and operator not in OPERATORS:
                raise ValueError(unknown_name("operator", operator, OPERATORS))
        if mutate is not None and not callable(mutate):
            raise TypeError(f"mutate must be callable with (tasks, rng), got {mutate!r}.")
        self.mutate = mutate

    def propose(self, n: int, context: Context) -> FloatArray:
        """Return n tasks: changed ones of the archive.

        While that is empty, tried ones are changed, so that proposals come to lie between those that the student
        solves and those that it does not; where it solves all or none, proposals are uniform.
        """
        tasks, rates, total = context.tasks, context.rates, context.fitness.sum()
        p = context.fitness / total if total > 0.0 else None
        if not len(tasks):
            tasks, rates, p = context.tried, context.tried_rates, None
            if not len(tasks) or np.ptp(rates) == 0.0:
                return context.space.sample(n, context.rng)
        parents = context.rng.choice(len(tasks), size=n, p=p)
        tiers = np.array(tier_of(rates[parents], context.tiers))
        rows: FloatArray = tasks[parents]  # a copy
        for tier in TIERS:
            places = np.flatnonzero(tiers == tier)
            if len(places):
                changed = self._apply(self.operators[tier], rows[places], rates[parents[places]], context)
                rows[places] = checked_levels(changed, len(places), context.space, f"The operator for {tier} tasks")
        return rows

    def learn(self, proposals: FloatArray, fitness: FloatArray) -> None:
        """Learn nothing."""

    def _apply(self, operator: str | Operator, tasks: FloatArray, rates: FloatArray, context: Context) -> ArrayLike:
        if not isinstance(operator, str):
            return operator(tasks, context)
        if self.mutate is not None:
            return self.mutate(tasks, context.rng)  # type: ignore[no-any-return]
        moved = tasks
        if operator != "diversify":
            moved = self._towards(tasks, rates, context, 1.0 if operator == "simplify" else -1.0)
        return mutate_tasks(moved, context.rng, context.space, n_edits=_N_EDITS)

    def _towards(self, tasks: FloatArray, rates: FloatArray, context: Context, sense: float) -> FloatArray:
        """Go up to half of the way to the nearest of a few tasks that are solved more (or less) often."""
        space, rng = context.space, context.rng
        start, known = space.to_unit(tasks), space.to_unit(context.tried)
        share = 0.5 * rng.random(len(tasks))
        for i in range(len(tasks)):
            other = np.flatnonzero(sense * (context.tried_rates - rates[i]) > 0.0)
            if len(other):
                few = rng.choice(other, size=min(4, len(other)), replace=False)
                nearest = few[np.argmin(((known[few] - start[i]) ** 2).sum(axis=1))]
                start[i] += share[i] * (known[nearest] - start[i])
        return space.from_unit(start)
