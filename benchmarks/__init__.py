"""Experiments: training runs, evaluation on test sets, reports, and the lab of toy spaces."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .evaluation import Evaluation as Evaluation
    from .evaluation import evaluate as evaluate
    from .lab.config import LabConfig as LabConfig
    from .lab.lab import run_lab as run_lab
    from .maze_cvar import CvarEvaluation as CvarEvaluation
    from .maze_cvar import conditional_value_at_risk as conditional_value_at_risk
    from .maze_cvar import evaluate_cvar as evaluate_cvar
    from .maze_evaluation import MazeEvaluation as MazeEvaluation
    from .maze_evaluation import evaluate_levels as evaluate_levels
    from .training.config import TrainConfig as TrainConfig
    from .training.training import resume as resume
    from .training.training import train as train

_PUBLIC = {
    "CvarEvaluation": ".maze_cvar",
    "Evaluation": ".evaluation",
    "LabConfig": ".lab.config",
    "MazeEvaluation": ".maze_evaluation",
    "TrainConfig": ".training.config",
    "conditional_value_at_risk": ".maze_cvar",
    "evaluate": ".evaluation",
    "evaluate_cvar": ".maze_cvar",
    "evaluate_levels": ".maze_evaluation",
    "resume": ".training.training",
    "run_lab": ".lab.lab",
    "train": ".training.training",
}

__all__ = [
    "CvarEvaluation",
    "Evaluation",
    "LabConfig",
    "MazeEvaluation",
    "TrainConfig",
    "conditional_value_at_risk",
    "evaluate",
    "evaluate_cvar",
    "evaluate_levels",
    "resume",
    "run_lab",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
