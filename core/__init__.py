"""Tutelage: teachers that choose the tasks of reinforcement-learning students.

The public names of the package are loaded when they are first used, so that ``import tutelage`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .dimension import Dimension as Dimension
    from .outcomes import Outcomes as Outcomes
    from .registry import list_teachers as list_teachers
    from .registry import make_teacher as make_teacher
    from .registry import register_teacher as register_teacher
    from .spaces import TaskSpace as TaskSpace
    from .tasks import Tasks as Tasks
    from .teachers.teacher import Teacher as Teacher

__version__ = "0.1.0"

_PUBLIC = {
    "Dimension": ".dimension",
    "Outcomes": ".outcomes",
    "TaskSpace": ".spaces",
    "Tasks": ".tasks",
    "Teacher": ".teachers.teacher",
    "list_teachers": ".registry",
    "make_teacher": ".registry",
    "register_teacher": ".registry",
}

__all__ = [
    "Dimension",
    "Outcomes",
    "TaskSpace",
    "Tasks",
    "Teacher",
    "list_teachers",
    "make_teacher",
    "register_teacher",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        value = getattr(import_module(_PUBLIC[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
