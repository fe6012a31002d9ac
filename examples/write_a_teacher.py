"""Write a teacher, register it, and compare it with random tasks.

The teacher divides the task space into a grid and keeps two running means of the return for each cell, a fast and a
slow one. Where they differ, something is being learned (or forgotten), and there it sends the student. The student is
simulated, so the comparison takes seconds: it can learn a task only next to what it knows, starting in one corner.

    python examples/write_a_teacher.py
    python examples/write_a_teacher.py --episodes 4000 --seeds 20
"""

from __future__ import annotations

import argparse

import numpy as np
import tutelage

# --- The teacher: what to play next, and what to learn from what came back -------------------------------------------


class GridProgress(tutelage.Teacher):
    """Prefers the cells of a grid whose returns have changed lately."""

    def __init__(self, task_space, *, seed=None, cells=8):
        super().__init__(task_space, seed=seed)
        self.shape = (cells,) * task_space.n_dims
        self.fast, self.slow = np.zeros(self.shape), np.zeros(self.shape)

    def _sample(self, n):
        progress = np.abs(self.fast - self.slow).ravel()
        share = progress + 0.25 * progress.mean() + 1e-9  # a fifth of the tasks is drawn anywhere
        cells = np.unravel_index(self.rng.choice(len(share), n, p=share / share.sum()), self.shape)
        return self.task_space.from_unit((np.transpose(cells) + self.rng.random((n, len(cells)))) / self.shape)

    def _update(self, outcomes):
        cells = (self.task_space.to_unit(outcomes.tasks) * self.shape).astype(int).clip(max=self.shape[0] - 1)
        for cell, outcome in zip(map(tuple, cells), outcomes.returns, strict=True):
            self.fast[cell] += 0.3 * (outcome - self.fast[cell])
            self.slow[cell] += 0.05 * (outcome - self.slow[cell])


tutelage.register_teacher("grid-progress", GridProgress)

# --- A simulated student and the comparison --------------------------------------------------------------------------


class Student:
    """A skill between 0 and 1 for each cell of a grid; practice helps only next to a cell with half of it."""

    def __init__(self, cells: int = 10) -> None:
        self.skill = np.zeros((cells, cells))

    def play(self, unit: np.ndarray) -> float:
        """Practise a task of the unit square once and return how well it went."""
        row, column = np.minimum(unit * len(self.skill), len(self.skill) - 1).astype(int)
        around = self.skill[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        if (row, column) == (0, 0) or around.max() >= 0.5:
            self.skill[row, column] = min(1.0, self.skill[row, column] + 0.1)
        return float(self.skill[row, column])


def mastered(name: str, episodes: int, seed: int) -> float:
    """Return the share of the student's cells with a skill above one half, in percent."""
    space = tutelage.TaskSpace(height=(0.0, 3.0), spacing=(0.0, 6.0))
    teacher, student = tutelage.make_teacher(name, space, seed=seed), Student()
    for _ in range(0, episodes, 10):
        tasks = teacher.sample(10)
        returns = [student.play(unit) for unit in space.to_unit(tasks.values)]
        teacher.update(tutelage.Outcomes(tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=np.ones(10)))
    return 100.0 * float((student.skill > 0.5).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare a teacher of your own with the registered ones.")
    parser.add_argument("--episodes", type=int, default=4_000)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--teachers", nargs="+", default=["random", "grid-progress"])
    args = parser.parse_args()
    print(f"Share of the task space mastered after {args.episodes:,} episodes, {args.seeds} students each:")
    for name in args.teachers:
        shares = [mastered(name, args.episodes, seed) for seed in range(args.seeds)]
        print(f"{name:<14} mean {np.mean(shares):5.1f} %   lowest {min(shares):5.1f} %   highest {max(shares):5.1f} %")


if __name__ == "__main__":
    main()
