"""What a run of an experiment cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RunCosts:
    """Time and steps.

    Attributes:
        seconds: Wall-clock of the training, over all sessions of a run that was interrupted, with the tests on the way;
            NaN where it is unknown.
        teacher_share: Share of the processor time of the training that the teacher's ``sample`` and ``update`` took,
            in the session that ended the run; NaN where it is unknown.
        steps: Environment steps by agent; the teacher's are the edits of its levels.
        tasks: How many tasks were handed out.

    Example:
        >>> RunCosts(90.0, 0.02, {"student": 1_000_000}, 25_000).total_steps
        1000000
    """

    seconds: float
    teacher_share: float = math.nan
    steps: Mapping[str, int] = field(default_factory=dict)
    tasks: int = 0

    @property
    def total_steps(self) -> int:
        """The steps of all agents together."""
        return sum(self.steps.values())

    def to_plain(self) -> dict[str, Any]:
        """Return plain data; `from_plain` reads it back."""
        return {**vars(self), "steps": dict(self.steps)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> RunCosts:
        """Read what `to_plain` returned.

        Raises:
            KeyError: Something is missing.
            ValueError: Something does not fit.
            TypeError: Something is of another type.
        """
        seconds = float(plain["seconds"])
        if seconds < 0.0 or math.isinf(seconds):
            raise ValueError(f"its seconds are {seconds}")
        steps = {str(agent): int(n) for agent, n in dict(plain["steps"]).items()}
        return cls(seconds, float(plain["teacher_share"]), steps, int(plain["tasks"]))
