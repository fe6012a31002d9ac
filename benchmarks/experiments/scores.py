"""What is left of a run of an experiment when it has ended: its scores, its costs, and what made it."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ...run_directory import versions
from .costs import RunCosts
from .handed_out import HandedOut
from .task_scores import TaskScores


@dataclass(frozen=True, eq=False)
class RunScores:
    """The results of one run.

    Attributes:
        test: The scores that count: the last evaluation is the run's result.
        on_the_way: The evaluations during training; the same as ``test`` where the student was tested on that set all
            the time.
        unit: What its points count: ``"environment steps"`` or ``"episodes"``.
        budget: How many of them the run has.
        costs: Time and steps.
        made_with: Versions of the packages that played it, and the git commit of the source tree.
        machine: Processor and number of cores.
        handed_out: What the teacher handed out over time; None where tasks are levels.

    Example:
        >>> import numpy as np
        >>> points, scores = np.array([0, 9]), np.array([[0.0], [5.0]])
        >>> test = TaskScores("2d-10", "", "", "cells mastered (%)", ["2d-10"], points, scores)
        >>> scores = RunScores(test, test, "episodes", 9, RunCosts(0.1), {}, {})
        >>> scores.result
        5.0
        >>> RunScores.from_plain(scores.to_plain()).result
        5.0
    """

    test: TaskScores
    on_the_way: TaskScores
    unit: str
    budget: int
    costs: RunCosts
    made_with: Mapping[str, str]
    machine: Mapping[str, str]
    handed_out: HandedOut | None = None

    @property
    def result(self) -> float:
        """The mean over test tasks at the end: the one number of the run."""
        return float(self.test.final.mean())

    def to_plain(self) -> dict[str, Any]:
        """Return plain data; `from_plain` reads it back."""
        same = self.test is self.on_the_way
        return {
            "test": self.test.to_plain(),
            "on_the_way": None if same else self.on_the_way.to_plain(),
            "unit": self.unit,
            "budget": self.budget,
            "costs": self.costs.to_plain(),
            "made_with": dict(self.made_with),
            "machine": dict(self.machine),
            "handed_out": None if self.handed_out is None else self.handed_out.to_plain(),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> RunScores:
        """Read what `to_plain` returned.

        Raises:
            KeyError: Something is missing.
            ValueError: Something does not fit.
            TypeError: Something is of another type.
        """
        test = TaskScores.from_plain(plain["test"])
        on_the_way = test if plain["on_the_way"] is None else TaskScores.from_plain(plain["on_the_way"])
        made_with, machine = ({str(k): str(v) for k, v in dict(plain[n]).items()} for n in ("made_with", "machine"))
        costs, budget = RunCosts.from_plain(plain["costs"]), int(plain["budget"])
        handed_out = None if plain["handed_out"] is None else HandedOut.from_plain(plain["handed_out"])
        return cls(test, on_the_way, str(plain["unit"]), budget, costs, made_with, machine, handed_out)


@cache
def these_versions() -> dict[str, str]:
    """Return the versions that this process has loaded, see `tutelage.run_directory.versions`."""
    return versions()


@cache
def this_machine() -> dict[str, str]:
    """Return what this machine is, without its name.

    Example:
        >>> sorted(this_machine())
        ['cores', 'processor', 'system']
    """
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count() or 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
