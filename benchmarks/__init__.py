"""Experiments: training runs, evaluation on test sets, reports, and the lab of toy spaces."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .evaluation import Evaluation as Evaluation
    from .evaluation import evaluate as evaluate
    from .lab import run_lab as run_lab
    from .lab_config import LabConfig as LabConfig
    from .train_config import TrainConfig as TrainConfig
    from .training import resume as resume
    from .training import train as train

_PUBLIC = {
    "Evaluation": ".evaluation",
    "LabConfig": ".lab_config",
    "TrainConfig": ".train_config",
    "evaluate": ".evaluation",
    "resume": ".training",
    "run_lab": ".lab",
    "train": ".training",
}

__all__ = ["Evaluation", "LabConfig", "TrainConfig", "evaluate", "resume", "run_lab", "train"]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
