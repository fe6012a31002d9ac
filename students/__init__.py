"""Students: Stable-Baselines3 algorithms, unmodified, with presets and the callback that ties them to a teacher."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .building import list_students as list_students
    from .building import make_student as make_student
    from .building import student_class as student_class
    from .presets import list_presets as list_presets
    from .teacher_callback import TeacherCallback as TeacherCallback

_PUBLIC = {
    "TeacherCallback": ".teacher_callback",
    "list_presets": ".presets",
    "list_students": ".building",
    "make_student": ".building",
    "student_class": ".building",
}

__all__ = ["TeacherCallback", "list_presets", "list_students", "make_student", "student_class"]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
