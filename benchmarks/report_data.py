"""What a report is drawn from: everything a run has written so far, checked to belong together."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checkpoints import Checkpoint
from ..errors import RunError
from ..spaces import TaskSpace
from ..task_log import TaskLog
from ..teachers.kernels.nearest import History
from ..teachers.teacher import Teacher
from .evaluation import Evaluation, EvaluationLog
from .training.saved_run import SavedRun

HISTORY = 20_000
"""Learning progress is measured against the nearest of this many earlier episodes."""


@dataclass(frozen=True)
class Episodes:
    """Finished episodes in which the student did not act at random, in the order in which they were handed out.

    Attributes:
        tasks: Shape ``(n, d)``.
        steps: Environment steps when the task was handed out, shape ``(n,)``.
        returns: Shape ``(n,)``.
    """

    tasks: NDArray[np.float64]
    steps: NDArray[np.int64]
    returns: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.returns)


def learning_progress(
    space: TaskSpace, tasks: NDArray[np.float64], returns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the absolute learning progress of episodes, whatever their teacher measured.

    It is the difference between the return of an episode and that of the nearest earlier task in the unit cube
    (Portelas et al. 2019, section 3), among the 20,000 before it. The log does not tell in which order episodes ended,
    so they are taken in the order in which they were handed out.

    Example:
        >>> learning_progress(TaskSpace(x=(0.0, 1.0)), np.full((8, 1), 0.5), np.arange(8.0) ** 2).tolist()
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 11.0, 13.0]
    """
    free = ~space.fixed if (~space.fixed).any() else np.ones(space.n_dims, dtype=np.bool_)
    return History(int(free.sum()), max_size=HISTORY).update(space.to_unit(tasks)[:, free], returns)


class ReportData:
    """Reads a run.

    Args:
        path: The run directory.

    Attributes:
        saved: The run with its configuration, environment and task space.
        log: Its tasks, or None where none were written yet.
        evaluations: Its evaluations, or None where there was none yet.
        checkpoint: Its latest checkpoint, or None where there is none yet.
        teacher: The checkpoint's teacher, or None.
        progress: Rows of ``progress.csv``.
        summary: ``summary.json``; empty where the run has not ended.

    Raises:
        RequestError: There is no run.
        RunError: A file is damaged; the message names it.

    Example:
        >>> import tempfile
        >>> from tutelage.run_directory import RunDirectory
        >>> run = RunDirectory.create(tempfile.mkdtemp() + "/run", {"env": "StumpTracks"})
        >>> ReportData(run.path).missing
        ['no task log yet', 'no evaluation yet', 'no checkpoint yet']
    """

    def __init__(self, path: str | Path) -> None:
        self.saved = SavedRun.open(path)
        run, self.space = self.saved.run, self.saved.space
        self.log = TaskLog.load(run.tasks_file) if run.tasks_file.exists() else None
        if self.log is not None and self.log.tasks.shape[1] != self.space.n_dims:
            raise RunError(
                f"{run.tasks_file} does not fit the run: its tasks have {self.log.tasks.shape[1]} dimensions."
            )
        if self.log is not None and len(self.log) and not self.space.contains(self.log.tasks).all():
            raise RunError(f"{run.tasks_file} is damaged: it holds tasks outside {self.space}.")
        self.evaluations = EvaluationLog.load(run.evaluations_file) if run.evaluations_file.exists() else None
        if self.evaluations is not None:
            self._check_evaluations(self.evaluations, run.evaluations_file)
        self.checkpoint: Checkpoint | None = self.saved.checkpoint()
        self.teacher: Teacher | None = None if self.checkpoint is None else self.saved.load_teacher(self.checkpoint)
        self.progress = read_progress(run.progress_file)
        self.summary = run.read_summary()

    def _check_evaluations(self, log: EvaluationLog, file: Path) -> None:
        columns = [*log.returns, *log.lengths, *log.success]
        if any(np.ndim(c) != 2 or len(c) != len(log.tasks) for c in columns) or log.tasks.ndim != 2:
            raise RunError(f"{file} is damaged: its columns have different lengths.")
        if log.tasks.shape[1] != self.space.n_dims or not self.space.contains(log.tasks).all():
            raise RunError(f"{file} does not fit the run: its tasks lie outside {self.space}.")

    @property
    def missing(self) -> list[str]:
        """What the run has not written yet, in words."""
        known = {"task log": self.log, "evaluation": self.evaluations, "checkpoint": self.checkpoint}
        return [f"no {name} yet" for name, thing in known.items() if thing is None]

    @property
    def steps(self) -> int:
        """Environment steps of the run, as far as its files tell."""
        return max(
            0,
            int(self.summary.get("steps", 0)),
            self.checkpoint.step if self.checkpoint is not None else 0,
            *(
                int(row["time/total_timesteps"])
                for row in self.progress
                if (row.get("time/total_timesteps") or "").isdigit()
            ),
            int(self.log.steps[-1]) if self.log is not None and len(self.log) else 0,
            *(self.evaluations.steps if self.evaluations is not None else ()),
        )

    @cached_property
    def episodes(self) -> Episodes:
        """The finished episodes, see `Episodes`."""
        if self.log is None:
            tasks, steps, returns = np.empty((0, self.space.n_dims)), np.empty(0, np.int64), np.empty(0)
        else:
            keep = (self.log.lengths > 0) & np.isfinite(self.log.returns) & ~self.log.warmup
            tasks = self.log.tasks[keep].astype(np.float64)
            steps, returns = self.log.steps[keep], self.log.returns[keep]
        return Episodes(tasks, steps, returns)

    @cached_property
    def alps(self) -> NDArray[np.float64]:
        """The absolute learning progress of each of the `episodes`, shape ``(n,)``, see `learning_progress`."""
        return learning_progress(self.space, self.episodes.tasks, self.episodes.returns)

    @property
    def last_evaluation(self) -> Evaluation | None:
        """The latest evaluation, or None."""
        log = self.evaluations
        if log is None or not log.steps:
            return None
        return Evaluation(self.space, log.tasks, log.returns[-1], log.lengths[-1], log.success[-1])

    @property
    def free_dimensions(self) -> list[int]:
        """The dimensions that vary; the first one where none does."""
        return np.flatnonzero(~self.space.fixed).tolist() or [0]

    @property
    def teacher_metrics(self) -> dict[str, float]:
        """The teacher's metrics in the last row of ``progress.csv`` that has them."""
        for row in reversed(self.progress):
            found = {name.removeprefix("teacher/"): row[name] for name in row if name.startswith("teacher/")}
            if any(found.values()):
                return {name: float(value) for name, value in found.items() if value}
        return {}


def read_progress(file: Path) -> list[dict[str, Any]]:
    """Read the rows of ``progress.csv``; the last line may be cut off, for the run may be writing it."""
    if not file.exists():
        return []
    try:
        with open(file, newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        if rows and (None in rows[-1] or None in rows[-1].values()):
            rows.pop()
        if any(None in row or None in row.values() for row in rows):
            raise ValueError("a row has another number of columns than the header")
        for row in rows:
            for name, value in row.items():
                if name.startswith("teacher/") and value:
                    float(value)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise RunError(f"{file} is damaged: {error}.") from error
    return rows
