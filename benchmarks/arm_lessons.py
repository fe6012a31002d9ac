"""How long a teacher takes to teach a student with arms, and what it spends the time on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..envs import ArmStudent
from ..outcomes import Outcomes
from ..teachers.teacher import Teacher

BATCH, CAP = 16, 400
"""Episodes of an update, and after how many updates a teacher has failed."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """How a student was taught.

    Attributes:
        updates: After how many updates all learnable arms were mastered; the cap if they were not.
        kinds: The kind of each arm.
        shares: The share of the episodes that each arm got, shape ``(K,)``.

    Example:
        >>> Lesson(3, ("learnable", "noisy"), np.array([0.75, 0.25])).share_of("noisy")
        0.25
    """

    updates: int
    kinds: tuple[str, ...]
    shares: NDArray[np.float64]

    def share_of(self, kind: str) -> float:
        """Return the share of the episodes that the arms of a kind got together."""
        return float(self.shares[[each == kind for each in self.kinds]].sum())


def teach(teacher: Teacher, student: ArmStudent, seed: int, *, batch: int = BATCH, cap: int = CAP) -> Lesson:
    """Let a teacher teach a student, one batch of episodes an update, until everything is mastered.

    Args:
        teacher: Of the student's task space. A signal that it needs is the advantage within a batch
            (`ArmStudent.signals`).
        student: Begins anew.
        seed: Of its luck.
        batch: Episodes of an update.
        cap: The most updates.

    Example:
        >>> from tutelage import make_teacher
        >>> student = ArmStudent("arms-clean")
        >>> teach(make_teacher("random", student.task_space, seed=0), student, 0).updates < 120
        True
    """
    student.reset(seed)
    counts = np.zeros(len(student.kinds))
    columns = sorted(set(teacher.needs) - {"success"})
    updates = 0
    while updates < cap and student.score() < 100.0:
        updates += 1
        tasks = teacher.sample(batch)
        success = student.play(tasks.values)
        counts += np.bincount(tasks.values[:, 0].astype(np.int64), minlength=len(counts))
        teacher.update(
            Outcomes(
                tasks=tasks.values,
                ids=tasks.ids,
                returns=success,
                lengths=np.ones(batch, dtype=np.int64),
                success=success,
                signals=student.signals(tasks.values, success, columns),
            )
        )
    return Lesson(updates, student.kinds, counts / max(counts.sum(), 1.0))
