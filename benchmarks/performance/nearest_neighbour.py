"""What the learning progress of one episode costs, one at a time and in a batch.

python -m tutelage.benchmarks.performance.nearest_neighbour
"""

from __future__ import annotations

import time

import numpy as np

from ...teachers.kernels.nearest import History
from ._microseconds import Row, print_table, row

SINGLE_TARGET_US = 60.0


def measure_single(dimension: int, size: int = 20_000, updates: int = 2_000) -> float:
    """Median microseconds of one single-row update at `size` entries, Python's share included."""
    rng = np.random.default_rng(0)
    history = History(dimension)
    history.update(rng.random((6, dimension)), rng.random(6))
    history.update(rng.random((1, dimension)), rng.random(1))
    history.load_state_dict({"tasks": rng.random((size, dimension)), "returns": rng.random(size)})
    tasks, returns = rng.random((updates, 1, dimension)), rng.random((updates, 1))
    times = []
    for task, value in zip(tasks, returns, strict=True):
        begin = time.perf_counter()
        history.update(task, value)
        times.append(time.perf_counter() - begin)
    return 1e6 * float(np.median(times))


def measure_batch(dimension: int, size: int = 10_000, repeats: int = 7) -> float:
    """Median microseconds per outcome of a batch of `size` outcomes into an empty history."""
    rng = np.random.default_rng(0)
    tasks, returns = rng.random((size, dimension)), rng.random(size)
    times = []
    for _ in range(repeats + 1):
        history = History(dimension)
        begin = time.perf_counter()
        history.update(tasks, returns)
        times.append(time.perf_counter() - begin)
    return 1e6 * float(np.median(times[1:])) / size


def run() -> list[Row]:
    """One row per measurement; those without a target are for information."""
    return [
        row("single update at 20,000 entries, 2-D", measure_single(2), SINGLE_TARGET_US),
        row("single update at 20,000 entries, 10-D", measure_single(10)),
        row("per outcome of a batch of 10,000, 2-D", measure_batch(2)),
        row("per outcome of a batch of 10,000, 10-D", measure_batch(10)),
    ]


def main() -> int:
    """Print the table; return 0 if the target was met, else 1."""
    return print_table(run())


if __name__ == "__main__":
    raise SystemExit(main())
