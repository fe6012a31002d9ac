"""What ALP-GMM costs per episode, all of `Teacher.update` and `Teacher.sample` included.

``python -m tutelage.benchmarks.performance.alp_gmm_update``
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ... import Outcomes, TaskSpace, make_teacher

Row = dict[str, Any]

UPDATE_TARGET_US = 60.0
HISTORY = 20_000
BATCH = 10_000


def _outcomes(rng: np.random.Generator, space: TaskSpace, n: int) -> Outcomes:
    return Outcomes(
        tasks=space.sample(n, rng), ids=np.full(n, -1), returns=rng.random(n), lengths=np.ones(n, dtype=np.int64)
    )


def measure_update(dimension: int, repeats: int = 2_000) -> float:
    """Median microseconds of one ``update`` with one outcome at 20,000 episodes of history, between two fits."""
    rng = np.random.default_rng(0)
    space = TaskSpace({f"x{i}": (0.0, 1.0) for i in range(dimension)})
    teacher = make_teacher("alp-gmm", space, seed=0)
    teacher.update(_outcomes(rng, space, HISTORY))
    batches = [_outcomes(rng, space, 1) for _ in range(repeats)]
    times = []
    for batch in batches:
        begin = time.perf_counter()
        teacher.update(batch)
        times.append(time.perf_counter() - begin)
    return 1e6 * float(np.median(times))


def measure_batch(repeats: int = 5) -> float:
    """Median microseconds per outcome of one ``update`` with 10,000 outcomes, its fit included."""
    rng = np.random.default_rng(0)
    space = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
    batch = _outcomes(rng, space, BATCH)
    times = []
    for _ in range(repeats + 1):
        teacher = make_teacher("alp-gmm", space, seed=0)
        begin = time.perf_counter()
        teacher.update(batch)
        times.append(time.perf_counter() - begin)
    return 1e6 * float(np.median(times[1:])) / BATCH


def measure_run(episodes: int = 20_000) -> float:
    """Seconds for a run of 20,000 episodes, one task and one outcome at a time, its 80 fits included."""
    space = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
    teacher = make_teacher("alp-gmm", space, seed=0)
    begin = time.perf_counter()
    for _ in range(episodes):
        tasks = teacher.sample()
        teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=tasks.values[:, 0], lengths=[1]))
    return time.perf_counter() - begin


def run() -> list[Row]:
    """One row per measurement; those without a target are for information."""
    measure_run(600)  # compiles
    update = measure_update(2)
    return [
        {
            "what": f"one update at {HISTORY:,} episodes, 2-D",
            "value": update,
            "unit": "µs",
            "target": UPDATE_TARGET_US,
            "passed": update <= UPDATE_TARGET_US,
        },
        {"what": f"one update at {HISTORY:,} episodes, 10-D", "value": measure_update(10), "unit": "µs"},
        {"what": f"per outcome of one update with {BATCH:,}, 2-D", "value": measure_batch(), "unit": "µs"},
        {"what": "20,000 episodes one by one, 80 fits, 2-D", "value": measure_run(), "unit": "s"},
    ]


def main() -> int:
    """Print the table; return 0 if the target was met, else 1."""
    rows = run()
    for row in rows:
        verdict = f"target {row['target']:.0f}   {'pass' if row['passed'] else 'FAIL'}" if "target" in row else ""
        print(f"  {row['what']:<48} {row['value']:8.2f} {row['unit']:<3} {verdict}")
    return 0 if all(row.get("passed", True) for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
