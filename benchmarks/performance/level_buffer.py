"""What a full level buffer costs: 4,000 levels of 172 numbers, 32 of them drawn or updated at a time.

python -m tutelage.benchmarks.performance.level_buffer
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...teachers.replay.level_buffer import LevelBuffer
from ._microseconds import Row, print_table, row

CAPACITY, N_DIMS, BATCH = 4_000, 172, 32
TARGET_US = 100.0


def mazes(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Levels like those of a maze: zeros and ones."""
    return (rng.random((n, N_DIMS)) < 0.3).astype(np.float64)


def full_buffer(rng: np.random.Generator, **arguments: Any) -> LevelBuffer:
    """A full buffer in use: its levels differ in staleness."""
    buffer = LevelBuffer(CAPACITY, N_DIMS, **arguments)
    buffer.update(mazes(CAPACITY, rng), rng.random(CAPACITY))
    buffer.sample(CAPACITY, rng)
    return buffer


def median_us(function: Callable[[int], object], repeats: int) -> float:
    """Median microseconds of ``function(i)``, after a call that compiles."""
    times = []
    for i in range(repeats):
        begin = time.perf_counter()
        function(i)
        times.append(time.perf_counter() - begin)
    return 1e6 * float(np.median(times[1:]))


def measure_sample(repeats: int = 2_000, **arguments: Any) -> float:
    """Microseconds of a draw of 32."""
    rng = np.random.default_rng(0)
    buffer = full_buffer(rng, **arguments)
    return median_us(lambda _: buffer.sample(BATCH, rng), repeats)


def measure_update(n_new: int, repeats: int = 1_000, **arguments: Any) -> float:
    """Microseconds of an update of 32 levels, some of them new and good enough to enter."""
    rng = np.random.default_rng(0)
    buffer = full_buffer(rng, **arguments)
    batches = [mazes(BATCH, rng) for _ in range(repeats)]
    scores = 0.5 + rng.random((repeats, BATCH))

    def prepare_and_update(i: int) -> float:
        rows = batches[i]
        rows[n_new:] = buffer.tasks[rng.integers(CAPACITY, size=BATCH - n_new)]
        buffer.sample(BATCH, rng)
        begin = time.perf_counter()
        buffer.update(rows, scores[i])
        return time.perf_counter() - begin

    return 1e6 * float(np.median([prepare_and_update(i) for i in range(repeats)][1:]))


def run() -> list[Row]:
    """One row per measurement."""
    return [
        row("sample 32", measure_sample(), TARGET_US),
        row("update 32, all known", measure_update(0), TARGET_US),
        row("update 32, half of them new", measure_update(16), TARGET_US),
        row("update 32, all new", measure_update(32)),
        row("sample 32, proportional", measure_sample(prioritization="proportional", temperature=1.0)),
        row("update 32, half new, proportional", measure_update(16, prioritization="proportional", temperature=1.0)),
    ]


def main() -> int:
    """Print the table; return 0 if the targets were met, else 1."""
    return print_table(run())


if __name__ == "__main__":
    raise SystemExit(main())
