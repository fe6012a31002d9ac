"""Experiments: training runs, evaluation on test sets, reports."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .evaluation import Evaluation as Evaluation
    from .evaluation import evaluate as evaluate
    from .train_config import TrainConfig as TrainConfig
    from .training import resume as resume
    from .training import train as train

_PUBLIC = {
    "Evaluation": ".evaluation",
    "TrainConfig": ".train_config",
    "evaluate": ".evaluation",
    "resume": ".training",
    "train": ".training",
}

__all__ = ["Evaluation", "TrainConfig", "evaluate", "resume", "train"]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
