"""What must be mastered before what: a graph without cycles, and plans over it (GraphMASAL)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import unknown_name


class Prerequisites:
    """The stages that each stage requires.

    Args:
        stages: The names of the stages, in order.
        requires: A mapping from stages to those they require; None for a chain, in which each requires the one before.
            Stages are given by name, or by their number from 0.

    Raises:
        ValueError: An unknown stage, or a cycle.

    Example:
        >>> graph = Prerequisites("ABCDE", {"B": ["A"], "C": ["A"], "D": ["B", "C"], "E": ["C"]})
        >>> graph.plan(weak=["A", "C", "D"], goals=["D"])
        ['A', 'C', 'D']
    """

    def __init__(
        self, stages: Sequence[str], requires: Mapping[Any, Iterable[Any]] | None = None, left_out: Iterable[int] = ()
    ) -> None:
        self.stages = list(stages)
        self.required: list[set[int]] = [set() for _ in self.stages]
        if requires is None:
            chain = [i for i in range(len(self.stages)) if i not in set(left_out)]
            for before, after in itertools.pairwise(chain):
                self.required[after] = {before}
        else:
            for stage, needed in requires.items():
                if isinstance(needed, (str, int, np.integer)):
                    needed = [needed]
                self.required[self.number(stage)] |= {self.number(each) for each in needed}
        self.order = self._sorted()

    def number(self, stage: Any) -> int:
        """Return the number of a stage, given by name or number; −1 is the last one.

        Raises:
            ValueError: There is none.
        """
        number = isinstance(stage, (int, np.integer)) and not isinstance(stage, bool)
        if number and -len(self.stages) <= stage < len(self.stages):
            return int(stage) % len(self.stages) if str(stage) not in self.stages else self.stages.index(str(stage))
        if str(stage) in self.stages:
            return self.stages.index(str(stage))
        raise ValueError(unknown_name("stage", stage, self.stages))

    def _sorted(self) -> list[int]:
        """The stages with their prerequisites first, else in their own order (Kahn)."""
        order: list[int] = []
        left = set(range(len(self.stages)))
        while left:
            ready = [i for i in sorted(left) if not self.required[i] & left]
            if not ready:
                raise ValueError(f"The prerequisites have a cycle: {' → '.join(self._cycle(left))}.")
            order.append(ready[0])
            left.discard(ready[0])
        return order

    def _cycle(self, left: set[int]) -> list[str]:
        path = [min(left)]
        while len(path) == len(set(path)):
            path.append(min(self.required[path[-1]] & left))
        loop = path[path.index(path[-1]) :]
        return [self.stages[i] for i in loop]

    def plan(self, weak: Iterable[Any], goals: Iterable[Any]) -> list[str]:
        """Return what to learn for some goals: the weak ones among them and what they require, prerequisites first.

        Args:
            weak: Stages that are not mastered.
            goals: Stages to be mastered.

        Raises:
            ValueError: An unknown stage.
        """
        lacking = {self.number(stage) for stage in weak}
        wanted, open_ends = set[int](), [self.number(goal) for goal in goals]
        while open_ends:
            stage = open_ends.pop()
            if stage not in wanted:
                wanted.add(stage)
                open_ends += sorted(self.required[stage])
        return [self.stages[i] for i in self.order if i in wanted & lacking]
