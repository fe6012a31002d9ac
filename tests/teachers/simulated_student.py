"""A student made of arithmetic: it gets better where it practises, and only next to what it can do already."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from tutelage import Outcomes, TaskSpace, Teacher

_CELLS = 5
_STEP = 0.1


class SimulatedStudent:
    """A competence between 0 and 1 for each cell of a grid over the first two dimensions of the unit cube.

    An episode returns 100 × the competence in its cell plus the first unit coordinate, and raises that competence if
    the cell is an easy one or it or a neighbour is within reach (above 0.3). Nothing is random.
    """

    def __init__(self, space: TaskSpace) -> None:
        self.space = space
        self.competence = np.zeros((_CELLS, _CELLS))

    def play(self, tasks: np.ndarray) -> np.ndarray:
        """Play one episode of each task, one after the other, and return the returns."""
        unit = self.space.to_unit(tasks)
        cells = np.zeros((len(tasks), 2), dtype=int)
        cells[:, : min(2, unit.shape[1])] = np.minimum(unit[:, :2] * _CELLS, _CELLS - 1).astype(int)
        returns = np.empty(len(tasks))
        for i, (row, column) in enumerate(cells):
            returns[i] = 100.0 * self.competence[row, column] + unit[i, 0]
            around = self.competence[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
            if (row == 1 and column <= 1) or around.max() > 0.3:
                self.competence[row, column] = min(1.0, self.competence[row, column] + _STEP)
        return returns


@dataclass
class History:
    """What a simulation handed out and brought back, one row an episode."""

    tasks: np.ndarray
    ids: np.ndarray
    train: np.ndarray
    outcomes: list[Outcomes] = field(default_factory=list)


def outcomes_of(teacher: Teacher | type[Teacher], tasks, ids, returns, **columns) -> Outcomes:
    """Outcomes with the returns given and every column that the teacher needs, computed from the returns."""
    tasks, returns = np.asarray(tasks, float), np.asarray(returns, float)
    level = 1.0 / (1.0 + np.exp(-np.clip(returns / 20.0 - 2.0, -50.0, 50.0)))
    needs = set(teacher.needs) - {"success", "truncated", "warmup"}
    return Outcomes(
        **{
            "tasks": tasks,
            "ids": ids,
            "returns": returns,
            "lengths": np.full(len(tasks), 10),
            "success": (level > 0.5).astype(float),
            "signals": dict.fromkeys(sorted(needs), level * (1.0 - level)),
            **columns,
        }
    )


def simulate(
    teacher: Teacher, episodes: int = 150, batch: int = 5, student: SimulatedStudent | None = None, **columns
) -> History:
    """Let a student play ``episodes`` tasks of the teacher, ``batch`` at a time; each outcome is reported at once.

    ``columns`` are values for further columns of all outcomes, e.g. ``warmup=True``.
    """
    student = SimulatedStudent(teacher.task_space) if student is None else student
    parts, outcomes = [], []
    for start in range(0, episodes, batch):
        tasks = teacher.sample(min(batch, episodes - start))
        parts.append((tasks.values.copy(), tasks.ids.copy(), tasks.train.copy()))
        full = {name: np.full(len(tasks), value) for name, value in columns.items()}
        outcomes.append(outcomes_of(teacher, tasks.values, tasks.ids, student.play(tasks.values), **full))
        teacher.update(outcomes[-1])
    return History(*(np.concatenate(column) for column in zip(*parts, strict=True)), outcomes)
