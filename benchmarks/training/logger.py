"""The log of a run: CSV and TensorBoard through Stable-Baselines3's logger, continued when the run is resumed."""

from __future__ import annotations

from stable_baselines3.common.logger import Logger

from ...run_directory import RunDirectory
from .event_file import EventFile
from .progress_table import ProgressTable


def make_logger(run: RunDirectory, steps: int) -> Logger:
    """Return a logger for a run that has taken a number of steps; later rows of an earlier session are dropped.

    Raises:
        RunError: ``progress.csv`` is damaged, or a file cannot be written.
    """
    table = ProgressTable(run.progress_file, steps)
    begun = any(run.path.glob("events.out.tfevents.*"))
    return Logger(str(run.path), [table, EventFile(run.path, steps if begun else None)])
