"""How quickly AGAIN finds the expert of a new student among 100,000, and what memory it takes.

``python -m tutelage.benchmarks.performance.classroom_matching``

The classroom is written to the disk first, 160 MB of knowledge components; all of its students share one file with a
curriculum of 800 refits. The matching runs in a process of its own, whose whole memory is measured.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from ... import Outcomes, TaskSpace, make_teacher
from ...teachers.meta import Classroom, GaussianHistory, StudentRecord

STUDENTS, COMPONENTS = 100_000, 400
TARGET_MS, TARGET_MB = 100.0, 200.0
SPACE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))

Row = dict[str, Any]


def write_classroom(folder: str | os.PathLike[str], n: int = STUDENTS) -> None:
    """Write a classroom of ``n`` students with random knowledge; quicker than adding them one by one."""
    rng = np.random.default_rng(0)
    room = Classroom.create(folder, SPACE, "cells", pretests=[1_000], n_components=COMPONENTS)
    first = rng.integers(0, 101, COMPONENTS)
    room.append(_student(1_000, first, first, _history(rng)))
    summary = np.tile(room._summaries.read(1), (n, 1))
    summary[:, 1] += rng.random(n)
    students = room.folder / "students"
    for begin in range(1, n, 10_000):
        size = min(10_000, n - begin)
        room._pretests[0].write(begin, rng.integers(0, 101, (size, COMPONENTS)))
        for i in range(begin, begin + size):
            os.symlink(f"{0:08d}.npz", students / f"{i:08d}.npz")
    with open(room.folder / "students.jsonl", "a", encoding="utf-8") as lines:
        lines.writelines(json.dumps({"name": str(i), "kind": {}}) + "\n" for i in range(1, n))
    room._summaries.write(0, summary)


def _student(pretest: int, first: np.ndarray, final: np.ndarray, history: GaussianHistory) -> StudentRecord:
    first, final = first.astype(np.float32), final.astype(np.float32)
    return StudentRecord("0", {}, np.array([pretest]), first[None], final, float(final.sum()), history)


def _history(rng: np.random.Generator, refits: int = 800, k: int = 6, episodes: int = 200_000) -> GaussianHistory:
    g = refits * k
    return GaussianHistory(
        refits=np.repeat(np.arange(refits), k),
        refit_episodes=250 * (1 + np.arange(refits)),
        means=rng.random((g, 2)),
        covariances=np.tile(0.001 * np.eye(2), (g, 1, 1)),
        alps=rng.random(g),
        returns=np.round(rng.random(episodes), 2),
        origins=rng.integers(-1, g, episodes),
    )


def measure_here(folder: str, repeats: int = 15) -> None:
    """Print as JSON what matching costs in this process: median milliseconds, and megabytes at most."""
    from ...teachers.meta.matching import find_expert

    room, rng = Classroom(folder), np.random.default_rng(1)
    seconds: dict[str, list[float]] = {"nearest": [], "processor": [], "expert": []}
    for _ in range(repeats):
        query = rng.integers(0, 101, COMPONENTS)
        begin, busy = time.perf_counter(), time.process_time()
        room.nearest(query, 0, 5)
        middle = time.perf_counter()
        seconds["processor"].append(time.process_time() - busy)
        find_expert(room, query, pretest=0, k=5, alp_threshold=0.2, return_bounds=None, rng=rng)
        seconds["nearest"].append(middle - begin)
        seconds["expert"].append(time.perf_counter() - middle)
    times = {name: 1e3 * float(np.median(values)) for name, values in seconds.items()}
    print(json.dumps({**times, "first": 1e3 * seconds["nearest"][0], "memory": peak_megabytes()}))


def peak_megabytes() -> float:
    """The most memory that this process has taken, all that is mapped included."""
    try:  # what getrusage says begins with the memory of the process that started this one
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024.0
    except (OSError, IndexError):
        unit = 1024.0**2 if sys.platform == "darwin" else 1024.0
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def measure_teacher(name: str, episodes: int = 3_000, **arguments: Any) -> float:
    """Median microseconds of a task and its outcome."""
    teacher = make_teacher(name, SPACE, seed=0, **arguments)
    if name == "again":
        teacher.pretest(np.zeros(2))  # type: ignore[attr-defined]
    times = []
    for _ in range(episodes):
        begin = time.perf_counter()
        tasks = teacher.sample()
        teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=tasks.values[:, 0], lengths=[1]))
        times.append(time.perf_counter() - begin)
    return 1e6 * float(np.median(times[episodes // 3 :]))


def run() -> list[Row]:
    """One row per measurement; those without a target are for information."""
    with tempfile.TemporaryDirectory() as folder:
        write_classroom(f"{folder}/room")
        code = f"from {__package__}.classroom_matching import measure_here; measure_here({folder + '/room'!r})"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        room = Classroom.create(f"{folder}/small", SPACE, "two", pretests=[0], n_components=2)
        history = _history(np.random.default_rng(0), 40, episodes=10_000)
        room.append(_student(0, np.zeros(2), np.ones(2), history))
        alp_gmm, again = measure_teacher("alp-gmm"), measure_teacher("again", classroom=room)
    return [
        _row(f"nearest 5 of {STUDENTS:,} students", found["nearest"], "ms", TARGET_MS),
        _row("the same, processor time only", found["processor"], "ms"),
        _row("the same, for the first time", found["first"], "ms", TARGET_MS),
        _row("expert found, its curriculum read", found["expert"], "ms"),
        _row("all memory of the process", found["memory"], "MB", TARGET_MB),
        _row("a task and its outcome, alp-gmm", alp_gmm, "µs"),
        _row("a task and its outcome, again", again, "µs"),
    ]


def _row(what: str, value: float, unit: str, target: float | None = None) -> Row:
    return {"what": what, "value": value, "unit": unit, "target": target, "passed": target is None or value <= target}


def main() -> int:
    """Print the table; return 0 if the targets were met, else 1."""
    rows = run()
    for row in rows:
        verdict = f"target {row['target']:.0f}   {'pass' if row['passed'] else 'FAIL'}" if row["target"] else ""
        print(f"  {row['what']:<40} {row['value']:8.1f} {row['unit']:<3} {verdict}")
    return 0 if all(row["passed"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
