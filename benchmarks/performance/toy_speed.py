"""How many episodes a second a toy student plays under a uniform teacher, in one core.

``python -m tutelage.benchmarks.performance.toy_speed``
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ... import Outcomes, make_teacher
from ...envs import ToyStudent
from ..workers import one_thread

Row = dict[str, Any]

TARGET = 2e6
BATCH = 10_000
SPACES = ("2d-10", "2d-100", "6d-4", "2d-10+50", "rugged", "noisy", "classroom-v2")


def measure(space: str, batch: int = BATCH, seconds: float = 1.0) -> tuple[float, float]:
    """Episodes a second of the whole loop (``sample``, ``play``, ``update``), and of ``play`` alone."""
    student = ToyStudent(space, 0)
    teacher = make_teacher("random", student.task_space, seed=0)
    lengths = np.ones(batch, dtype=np.int64)

    def episode_batch() -> float:
        tasks = teacher.sample(batch)
        begin = time.perf_counter()
        returns = student.play(tasks.values)
        spent = time.perf_counter() - begin
        teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=lengths))
        return spent

    for _ in range(3):  # compiles
        episode_batch()
    n, playing, begin = 0, 0.0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        playing += episode_batch()
        n += batch
    return n / (time.perf_counter() - begin), n / playing


def run() -> list[Row]:
    """One row a space; the target is that of the first."""
    rows = []
    with one_thread():
        for space in SPACES:
            whole, alone = measure(space)
            row: Row = {"space": space, "loop": whole, "student": alone}
            if space == SPACES[0]:
                row |= {"target": TARGET, "passed": whole >= TARGET}
            rows.append(row)
    return rows


def main() -> int:
    """Print the table; return 0 if the target was met, else 1."""
    rows = run()
    print(f"  millions of episodes a second, batches of {BATCH:,}")
    for row in rows:
        verdict = f"target {row['target'] / 1e6:.0f}   {'pass' if row['passed'] else 'FAIL'}" if "target" in row else ""
        print(f"  {row['space']:<14} loop {row['loop'] / 1e6:6.2f}   student {row['student'] / 1e6:7.1f}   {verdict}")
    return 0 if all(row.get("passed", True) for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
