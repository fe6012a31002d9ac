"""A batch of tasks handed out by a teacher."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, slots=True)
class Tasks:
    """A batch of tasks to play next, as columns.

    Attributes:
        values: The tasks, float64 of shape ``(n, d)``.
        ids: One number for each task handed out by this teacher, growing by one, int64 of shape ``(n,)``.
        train: False where the student must be scored on the task but must not learn from it, shape ``(n,)``.

    Example:
        >>> import tutelage
        >>> teacher = tutelage.make_teacher("random", tutelage.TaskSpace(x=(0.0, 1.0)), seed=0)
        >>> tasks = teacher.sample(3)
        >>> tasks.ids.tolist(), tasks.values.shape, tasks.train.all()
        ([0, 1, 2], (3, 1), np.True_)
    """

    values: NDArray[np.float64]
    ids: NDArray[np.int64]
    train: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: slice | NDArray[np.bool_] | NDArray[np.integer]) -> Tasks:
        """Return the tasks of a slice, a mask or an array of positions."""
        if isinstance(rows, (int, np.integer)):
            raise TypeError(f"Tasks[{rows}]: expected a slice, a mask or an array; one task is values[{rows}].")
        return Tasks(self.values[rows], self.ids[rows], self.train[rows])
