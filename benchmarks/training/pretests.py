"""The pre-tests of a training run: the one that its teacher waits for, and those that its classroom remembers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from ...errors import RunError
from ...spaces import TaskSpace
from ...teachers.meta.classroom_description import ClassroomDescription
from ...teachers.meta.pretested import Pretested, PretestPlan
from ...teachers.meta.student_record import StudentRecord, checked_kind
from ...teachers.teacher import Teacher
from ..enrolment import recorded_history
from ..evaluation import Evaluation
from .evaluation_log import EvaluationLog

_TRACKS, _TRACK_RETURNS = ("Tracks-v0", "WalkerClimber-v0"), (-150.0, 350.0)
"""Portelas et al. (2020) scale the returns of their walkers so."""


class RunPretests:
    """Says when a student must be tested, tells its teacher, and makes the record of the student in the end.

    Args:
        teacher: Of the run, where it goes on.
        plan: The test that it waits for; None where there is none (any more).
        classroom: The classroom that the run's student is for; None for no classroom.
        kind: What kind of student it is.

    Attributes:
        episodes: Episodes of training before each pre-test of the classroom so far.

    Example:
        >>> from tutelage import make_teacher
        >>> what = ClassroomDescription(TaskSpace(x=(0.0, 1.0)), "two", "", 2, (100, 200), "steps")
        >>> pretests = RunPretests(make_teacher("random", what.task_space), None, what, {})
        >>> pretests.due(90, 0), pretests.due(120, 90), pretests.due(150, 120), pretests.due(210, 150)
        (False, True, False, True)
    """

    def __init__(
        self,
        teacher: Teacher,
        plan: PretestPlan | None,
        classroom: ClassroomDescription | None,
        kind: Mapping[str, Any],
    ) -> None:
        self.teacher, self.plan, self.classroom, self.kind = teacher, plan, classroom, dict(kind)
        self.episodes: list[int] = []

    def due(self, steps: int, last: int) -> bool:
        """Tell whether the student must be tested now.

        Args:
            steps: Environment steps so far.
            last: At the latest evaluation.
        """
        wanted = self.classroom is not None and any(last < at <= steps for at in self.classroom.pretests)
        return wanted or self._teacher_waits(steps)

    def _teacher_waits(self, steps: int) -> bool:
        if self.plan is None or not isinstance(self.teacher, Pretested):
            return False
        return steps >= self.plan.at if self.plan.unit == "steps" else self.teacher.pretest_due

    def note(self, steps: int, result: Evaluation, episodes: int) -> None:
        """Note an evaluation.

        Args:
            steps: Environment steps so far.
            result: What came out.
            episodes: Episodes that have ended so far.
        """
        if self.classroom is not None:
            missing = sum(at <= steps for at in self.classroom.pretests) - len(self.episodes)
            self.episodes += [episodes] * missing
        if self._teacher_waits(steps):
            assert isinstance(self.teacher, Pretested)
            self.teacher.pretest(result.returns.mean(axis=1), kind=self.kind)
            self.plan = None

    def get_state(self) -> dict[str, Any]:
        """Return what a checkpoint must remember; nothing without a classroom."""
        return {"pretest_episodes": list(self.episodes)} if self.classroom is not None else {}

    def set_state(self, meta: Mapping[str, Any], log: EvaluationLog) -> None:
        """Go on from a checkpoint.

        Args:
            meta: What `get_state` returned, among others.
            log: The evaluations until then.

        Raises:
            RunError: They do not fit each other.
        """
        if self.classroom is None:
            return
        episodes = meta.get("pretest_episodes", [])
        if len(episodes) != sum(at <= max(log.steps, default=0) for at in self.classroom.pretests):
            raise RunError(f"The checkpoint knows of {len(episodes)} pre-tests, the evaluations of others.")
        self.episodes = [int(n) for n in episodes]

    def record(self, name: str, log: EvaluationLog, space: TaskSpace) -> StudentRecord:
        """Return the record of the student, whose run has ended.

        Args:
            name: Of the student.
            log: All evaluations, the last one at the end of the training.
            space: The tasks.
        """
        assert self.classroom is not None
        at = np.searchsorted(log.steps, self.classroom.pretests)  # the first evaluation that is late enough
        mastered = float(log.mastered[-1])
        return StudentRecord(
            name=name,
            kind=self.kind,
            episodes=np.array(self.episodes, dtype=np.int64),
            competences=np.array([log.returns[i].mean(axis=1) for i in at]),
            final=log.returns[-1].mean(axis=1),
            score=float(log.returns[-1].mean()) if np.isnan(mastered) else mastered,
            gaussians=recorded_history(self.teacher),
            task_space=space,
            test_set=self.classroom.test_set,
            test_set_sha256=self.classroom.test_set_sha256,
        )


def return_bounds_of(env_id: str) -> tuple[float, float] | None:
    """Return between which bounds returns are told apart in a classroom; None where nothing is known about them.

    Example:
        >>> return_bounds_of("tutelage/StumpTracks-v0"), return_bounds_of("CartPole-v1")
        ((-150.0, 350.0), None)
    """
    return _TRACK_RETURNS if env_id.endswith(_TRACKS) else None


def kind_of(env: Any, env_args: Mapping[str, Any], student: str) -> dict[str, float | int | str]:
    """Return what kind of student learns in an environment: numbers and words by name.

    Args:
        env: The environment; what it says itself (an attribute ``kind``, as of our tracks: the body) comes first.
        env_args: Its arguments; those that are finite numbers or words belong to the kind.
        student: The algorithm.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage import envs
        >>> kind = kind_of(gym.make("tutelage/StumpTracks-v0", body="short"), {"body": "short"}, "ppo")
        >>> kind["body"], kind["student"]
        ('short', 'ppo')
    """
    own = env.get_wrapper_attr("kind") if env.has_wrapper_attr("kind") else {}
    found: dict[str, float | int | str] = {}
    for name, value in {**env_args, **(own if isinstance(own, Mapping) else {})}.items():
        with suppress(ValueError):  # neither a finite number nor a word
            found |= checked_kind({name: value})
    return {**found, "student": student}
