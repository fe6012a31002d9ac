"""The record of a run's tasks: each one handed out, and what came back."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import RunError
from .outcomes import Outcomes
from .state import load_state, save_state
from .tasks import Tasks

_COLUMNS: dict[str, Any] = {
    "ids": np.int64,
    "steps": np.int64,
    "envs": np.int64,
    "returns": np.float64,
    "lengths": np.int64,
    "success": np.float64,
    "truncated": np.bool_,
    "warmup": np.bool_,
}


class TaskLog:
    """Listens to a curriculum wrapper and remembers every task with its outcome.

    Columns (attributes, one entry a task): ``tasks`` of shape ``(n, d)``, ``ids``, ``steps`` (environment steps when
    the task was handed out), ``envs`` (index of the environment), ``returns`` and ``success`` (NaN until and unless
    the episode ends), ``lengths`` (0 likewise), ``truncated``, ``warmup``.

    Args:
        n_dims: Number of dimensions of a task.
        clock: Returns the number of environment steps taken; always 0 by default.
        dtype: In which the tasks are kept, see `TaskSpace.dtype`: the walls of a maze take an eighth of the room.

    Example:
        >>> log = TaskLog(1)
        >>> log.on_tasks(Tasks(np.array([[0.5]]), np.array([7]), np.array([True])), np.array([0]))
        >>> log.on_outcomes(Outcomes(tasks=[[0.5]], ids=[7], returns=[2.0], lengths=[30]))
        >>> log.returns.tolist(), log.lengths.tolist()
        ([2.0], [30])
    """

    def __init__(self, n_dims: int, clock: Callable[[], int] | None = None, dtype: Any = np.float64) -> None:
        self.clock = clock or (lambda: 0)
        self._n = 0
        self._tasks = np.empty((256, n_dims), dtype)
        self._data = {name: np.zeros(256, dtype) for name, dtype in _COLUMNS.items()}
        self._rows: dict[int, int] = {}

    def __len__(self) -> int:
        return self._n

    @property
    def tasks(self) -> NDArray[Any]:
        """The tasks in the order they were handed out, shape ``(n, d)``."""
        return self._tasks[: self._n]

    def __getattr__(self, name: str) -> NDArray[Any]:
        if name in _COLUMNS:
            column: NDArray[Any] = self._data[name][: self._n]
            return column
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def on_tasks(self, tasks: Tasks, env_indices: NDArray[np.integer[Any]]) -> None:
        """Remember tasks that were handed out."""
        start, end = self._n, self._n + len(tasks)
        if end > len(self._tasks):
            size = max(2 * len(self._tasks), end)
            self._tasks = _grown(self._tasks, size)
            self._data = {name: _grown(column, size) for name, column in self._data.items()}
        self._tasks[start:end] = tasks.values
        for name in _COLUMNS:
            self._data[name][start:end] = 0
        self._data["ids"][start:end] = tasks.ids
        self._data["steps"][start:end] = self.clock()
        self._data["envs"][start:end] = env_indices
        self._data["returns"][start:end] = np.nan
        self._data["success"][start:end] = np.nan
        self._rows.update(zip(tasks.ids.tolist(), range(start, end), strict=True))
        self._n = end

    def on_outcomes(self, outcomes: Outcomes) -> None:
        """Remember what came back; ids that were never handed out are passed over."""
        rows = np.array([self._rows.pop(i, -1) for i in outcomes.ids.tolist()], dtype=np.int64)
        known = rows >= 0
        for name in ("returns", "lengths", "success", "truncated", "warmup"):
            self._data[name][rows[known]] = getattr(outcomes, name)[known]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the log as npz, atomically; one whose tasks are not float64 is compressed."""
        columns = {"tasks": self.tasks, **{name: getattr(self, name) for name in _COLUMNS}}
        save_state(path, columns, compress=self._tasks.dtype != np.float64)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], n: int | None = None, clock: Callable[[], int] | None = None
    ) -> TaskLog:
        """Read a log back.

        Args:
            path: What `save` wrote.
            n: Keep the first ``n`` tasks only.
            clock: See the class.

        Raises:
            RunError: The file is damaged or holds fewer than ``n`` tasks.
        """
        state = load_state(path)
        missing = [name for name in ("tasks", *_COLUMNS) if name not in state]
        if missing:
            raise RunError(f"{path} is damaged: it has no column {missing[0]!r}.")
        try:
            tasks = np.asarray(state["tasks"])
            if tasks.dtype.kind not in "iuf":
                raise TypeError(f"its tasks are of type {tasks.dtype}")
            data = {name: np.asarray(state[name], dtype) for name, dtype in _COLUMNS.items()}
        except (TypeError, ValueError, OverflowError) as error:
            raise RunError(f"{path} is damaged: {error}.") from error
        if tasks.ndim != 2 or any(column.shape != (len(tasks),) for column in data.values()):
            raise RunError(f"{path} is damaged: its columns have different lengths.")
        size = len(tasks) if n is None else n
        if size > len(tasks):
            raise RunError(f"{path} is damaged: it holds {len(tasks)} tasks, expected at least {size}.")
        log = cls(tasks.shape[1], clock, tasks.dtype)
        log._tasks = _grown(tasks[:size], max(size, 256))
        log._data = {name: _grown(column[:size], max(size, 256)) for name, column in data.items()}
        log._n = size
        return log


def _grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    grown = np.zeros((size, *array.shape[1:]), dtype=array.dtype)
    grown[: len(array)] = array
    return grown
