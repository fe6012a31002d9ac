"""Final scores by teacher, task and seed, whatever is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import unknown_name
from .statistics import score_table

FloatArray = NDArray[np.float64]


class ScoreTable:
    """Scores of runs; teachers may have different numbers of seeds, and cells may be missing.

    What is missing is neither guessed nor averaged over: `matrix` takes the seeds that a teacher has on every task, and
    `missing` says in a sentence each what that leaves out.

    Args:
        rows: Teacher (or another label), task, seed and score of each run.

    Raises:
        ValueError: No row, the same run twice, or a score that is not finite; the message names it.

    Example:
        >>> rows = [("alp-gmm", "maze", 0, 0.9), ("alp-gmm", "stumps", 0, 0.4), ("random", "maze", 0, 0.5)]
        >>> table = ScoreTable(rows)
        >>> table.labels, table.tasks, table.matrix("alp-gmm").tolist()
        (['alp-gmm', 'random'], ['maze', 'stumps'], [[0.9, 0.4]])
        >>> table.missing
        ['random has no run on stumps, and is left out of what is computed over all tasks.']
    """

    def __init__(self, rows: Iterable[tuple[str, str, int, float]]) -> None:
        cells: dict[tuple[str, str], dict[int, float]] = {}
        for label, task, seed, score in rows:
            if not np.isfinite(score):
                raise ValueError(f"Expected finite scores; that of {label} on {task} with seed {seed} is {score}.")
            cell = cells.setdefault((label, task), {})
            if seed in cell:
                raise ValueError(f"Expected each run once; {label} on {task} with seed {seed} is there twice.")
            cell[seed] = float(score)
        if not cells:
            raise ValueError("Expected at least one score.")
        self.labels = list(dict.fromkeys(label for label, _ in cells))
        self.tasks = list(dict.fromkeys(task for _, task in cells))
        self._cells = cells

    @classmethod
    def from_arrays(cls, scores: Mapping[str, ArrayLike], tasks: Sequence[str]) -> ScoreTable:
        """Make a table of arrays without gaps, whose rows are the seeds 0, 1, ….

        Args:
            scores: Shape ``(n_runs, n_tasks)`` by label.
            tasks: Their names.

        Raises:
            ValueError: An array of another number of columns, or a score that is not finite.

        Example:
            >>> ScoreTable.from_arrays({"random": [[0.5, 0.1], [0.7, 0.0]]}, ["maze", "stumps"]).runs("random", "maze")
            array([0.5, 0.7])
        """
        rows = []
        for label, each in scores.items():
            array = np.asarray(each, dtype=np.float64)
            array = array[:, None] if array.ndim == 1 else array
            if array.ndim != 2 or array.shape[1] != len(tasks):
                raise ValueError(f"Expected scores of {label} of shape (n_runs, {len(tasks)}), got {array.shape}.")
            rows += [(label, task, i, row[j]) for i, row in enumerate(array) for j, task in enumerate(tasks)]
        return cls(rows)

    def runs(self, label: str, task: str) -> FloatArray:
        """Return all scores of a label on a task in the order of the seeds, shape ``(n,)``, n = 0 where there is none.

        Raises:
            ValueError: An unknown label or task.
        """
        self._check(label, task)
        cell = self._cells.get((label, task), {})
        return np.array([cell[seed] for seed in sorted(cell)], dtype=np.float64)

    def common_seeds(self, label: str) -> list[int]:
        """Return the seeds that a label has on every task.

        Raises:
            ValueError: An unknown label.
        """
        self._check(label)
        return sorted(set.intersection(*(set(self._cells.get((label, task), {})) for task in self.tasks)))

    def matrix(self, label: str) -> FloatArray:
        """Return the scores of the seeds that a label has on every task, shape ``(n_runs, n_tasks)``.

        Raises:
            ValueError: An unknown label, or one without such a seed.
        """
        seeds = self.common_seeds(label)
        if not seeds:
            raise ValueError(f"Expected at least one seed with which {label} was played on every task; there is none.")
        return score_table([[self._cells[label, task][seed] for task in self.tasks] for seed in seeds])

    def matrices(self) -> dict[str, FloatArray]:
        """Return `matrix` of each label that has one."""
        return {label: self.matrix(label) for label in self.labels if self.common_seeds(label)}

    @property
    def missing(self) -> list[str]:
        """What is left out of `matrices`, a sentence each."""
        found = []
        for label in self.labels:
            seeds = set(self.common_seeds(label))
            without = [task for task in self.tasks if (label, task) not in self._cells]
            extra = {seed for task in self.tasks for seed in self._cells.get((label, task), {})} - seeds
            named = f"seed{'s' * (len(extra) > 1)} {', '.join(map(str, sorted(extra)))}"
            if seeds and extra:
                found.append(f"{label} has {named} on some tasks only; what is computed over all tasks is without.")
            elif not seeds:
                what = f"run on {', '.join(without)}" if without else "seed on every task"
                found.append(f"{label} has no {what}, and is left out of what is computed over all tasks.")
        return found

    def _check(self, label: str, task: str | None = None) -> None:
        if label not in self.labels:
            raise ValueError(unknown_name("label", label, self.labels))
        if task is not None and task not in self.tasks:
            raise ValueError(unknown_name("task", task, self.tasks))
