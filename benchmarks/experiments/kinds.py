"""The kinds of runs that an experiment can have."""

from __future__ import annotations

from .run import RunKind
from .toy_runs import ToyRuns
from .training_runs import TrainingRuns

KINDS: dict[str, RunKind] = {"toy": ToyRuns(), "training": TrainingRuns()}
"""By name: a simulated student on a toy space, and a Stable-Baselines3 student in an environment."""
