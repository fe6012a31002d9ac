"""The evaluations of a run, on disk as ``evaluations.npz``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import RunError
from ...state import load_state, save_state

if TYPE_CHECKING:
    from ..evaluation import Evaluation


class EvaluationLog:
    """The evaluations of a run: returns, lengths and successes for each test task at each time.

    Args:
        tasks: The test tasks, shape ``(n, d)``.
        test_set: Their name.

    Attributes:
        steps: Environment steps of each evaluation, a list of length m.
        returns: Arrays of shape ``(n, episodes)``, one per evaluation; likewise ``lengths`` and ``success``.

    Example:
        >>> log = EvaluationLog(np.array([[0.0], [1.0]]), "two tasks")
        >>> len(log.steps)
        0
    """

    def __init__(self, tasks: NDArray[np.float64], test_set: str) -> None:
        self.tasks = tasks
        self.test_set = test_set
        self.steps: list[int] = []
        self.returns: list[NDArray[np.float64]] = []
        self.lengths: list[NDArray[np.int64]] = []
        self.success: list[NDArray[np.float64]] = []

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, step: int, result: Evaluation) -> None:
        """Append an evaluation."""
        self.steps.append(step)
        self.returns.append(result.returns)
        self.lengths.append(result.lengths)
        self.success.append(result.success)

    @property
    def mastered(self) -> NDArray[np.float64]:
        """Percent of tasks mastered at each evaluation (more than half of the episodes), shape ``(m,)``."""
        rates = np.array([s.mean(axis=1) for s in self.success]).reshape(len(self.steps), len(self.tasks))
        shares: NDArray[np.float64] = 100.0 * (rates > 0.5).mean(axis=1)
        return np.where(np.isnan(rates).any(axis=1), np.nan, shares)

    def truncate(self, step: int) -> None:
        """Drop the evaluations later than a step."""
        keep = sum(s <= step for s in self.steps)
        del self.steps[keep:], self.returns[keep:], self.lengths[keep:], self.success[keep:]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the log as npz, atomically."""
        columns = {name: np.array(getattr(self, name)) for name in ("returns", "lengths", "success")}
        steps = np.array(self.steps, dtype=np.int64)
        save_state(path, {"test_set": self.test_set, "tasks": self.tasks, "steps": steps, **columns})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> EvaluationLog:
        """Read a log back.

        Raises:
            RunError: The file is missing or damaged.
        """
        state = load_state(Path(path))
        try:
            log = cls(np.asarray(state["tasks"], np.float64), str(state["test_set"]))
            log.steps = [int(s) for s in state["steps"]]
            returns = np.asarray(state["returns"], np.float64)
            lengths = np.asarray(state["lengths"], np.int64)
            success = np.asarray(state["success"], np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"{path} is damaged: {error!r}.") from error
        expected = (len(log.steps), len(log.tasks)) if log.steps else (0,)
        if log.tasks.ndim != 2 or any(column.shape[:2] != expected for column in (returns, lengths, success)):
            raise RunError(f"{path} is damaged: its columns have different lengths.")
        log.returns, log.lengths, log.success = list(returns), list(lengths), list(success)
        return log
