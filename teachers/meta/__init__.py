"""Meta-ACL: teachers that learn from the students they taught before, and the classrooms that remember these."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ...registry import register_teacher

if TYPE_CHECKING:
    from .classroom import Classroom as Classroom
    from .classroom_description import ClassroomDescription as ClassroomDescription
    from .gaussian_history import GaussianHistory as GaussianHistory
    from .pretested import Pretested as Pretested
    from .pretested import PretestPlan as PretestPlan
    from .student_record import StudentRecord as StudentRecord
    from .student_record import tasks_sha256 as tasks_sha256

register_teacher("again", "tutelage.teachers.meta.again:AGAIN")

_PLACES = {
    "Classroom": "classroom",
    "ClassroomDescription": "classroom_description",
    "GaussianHistory": "gaussian_history",
    "PretestPlan": "pretested",
    "Pretested": "pretested",
    "StudentRecord": "student_record",
    "tasks_sha256": "student_record",
}

__all__ = list(_PLACES)


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f".{_PLACES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
