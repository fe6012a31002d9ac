"""Teachers that want to know what a new student can do, before they go on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from numpy.typing import ArrayLike


class PretestPlan(NamedTuple):
    """The test that a teacher waits for.

    Example:
        >>> PretestPlan(20_000, "episodes", "grid-100", "", 100).at
        20000
    """

    at: int
    """After how much training, counted from its beginning."""
    unit: Literal["episodes", "steps"]
    """Of ``at``: finished episodes that the student learned from, or environment steps."""
    test_set: str
    """The name of the test set."""
    sha256: str
    """The hash of its tasks (`tasks_sha256`), empty where unknown."""
    n_components: int
    """How many tasks it has, m."""


class Pretested(ABC):
    """What a teacher of this kind and whoever owns the test set say to each other.

    A teacher touches neither a student nor an environment. Whoever trains the student, and can test it, asks for
    `pretest_plan` before the training, tests the student when it is time, and reports with `pretest`::

        plan = teacher.pretest_plan if isinstance(teacher, Pretested) else None
        while training:
            if plan is not None and episodes_so_far >= plan.at:  # or steps, see plan.unit
                teacher.pretest(test(student))
                plan = None
            …

    `pretest_due` tells the same by the teacher's own count, for whoever keeps none. Nobody has to: a teacher that never
    hears of its pre-test goes on without it. Whether the student goes on or begins anew after the test is for its
    trainer to decide; the teacher does not see the difference.
    """

    @property
    @abstractmethod
    def pretest_plan(self) -> PretestPlan | None:
        """The test that is waited for; None where there is none, or it has been done.

        Raises:
            RequestError: What the teacher was given to compare with does not fit its tasks.
        """

    @property
    @abstractmethod
    def pretest_due(self) -> bool:
        """Whether it is time for the test, by the outcomes that the teacher has learned from."""

    @abstractmethod
    def pretest(self, components: ArrayLike, *, kind: Mapping[str, Any] | None = None) -> None:
        """Report the result of the test.

        Args:
            components: How well the student did each task of the test set, higher is better, shape ``(m,)``: the same
                measure as that of the students it is compared with.
            kind: What kind of student it is, where that is known and asked for.

        Raises:
            ValueError: No test is waited for, or numbers that do not fit it.
        """
