"""Teachers: who chooses the tasks, one algorithm a file, grouped by family.

Importing this package registers every teacher of every family and loads none of them.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .teacher import Teacher as Teacher

__all__ = ["Teacher"]

for _module in iter_modules(__path__):
    if _module.ispkg:
        import_module(f".{_module.name}", __name__)


def __getattr__(name: str) -> Any:
    if name == "Teacher":
        from .teacher import Teacher

        return Teacher
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
