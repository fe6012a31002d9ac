"""What a teacher costs per episode, one outcome at a time: 20,000 episodes of the 2-D, 10-cell toy grid, in one core.

``python -m tutelage.benchmarks.performance.teacher_cost``; with ``--curve docs/results/teacher_cost.png`` it plays
200,000 episodes with every teacher and draws how the cost grows. Compilation, imports and the student do not count.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...envs import ToyStudent
from ..figures.style import new_figure, save_figure, steps_axis, style
from ..lab.config import LabConfig
from ..lab.presets import lab_preset
from ..lab.run import LabRun, build_teacher, outcomes_of, play_run, refusals, runs_of
from ..workers import one_thread

Row = dict[str, Any]

SPACE = "2d-10"
EPISODES = 20_000
TARGETS = {"alp-gmm": 1.0, "covar-gmm": 1.0, "riac": 1.0, "adr": 0.5}
"""Seconds for so many episodes."""

CURVE_EPISODES, WINDOW = 200_000, 10_000


def runs(episodes: int = EPISODES) -> list[LabRun]:
    """One run a teacher, with the hyperparameters and the expert knowledge of the lab `toy-spaces`."""
    settings = {**lab_preset("toy-spaces"), "spaces": [SPACE], "seeds": 1, "episodes": episodes, "animate": []}
    config = LabConfig.from_mapping(settings)
    refused = refusals(config)  # a toy student has no value estimates, for one
    return [run for run in runs_of(config) if run.teacher not in refused]


def costs(run: LabRun, window: int) -> Iterator[float]:
    """Play a run; yields the seconds of processor time that the teacher took in each window of episodes."""
    play_run(LabRun(**{**vars(run), "episodes": 1_000, "evaluations": 1}))  # compiles
    student = ToyStudent(run.space, run.seed)
    teacher = build_teacher(run, student)
    clock = time.thread_time
    for _ in range(0, run.episodes, window):
        spent = 0.0
        for _ in range(window):
            begin = clock()
            tasks = teacher.sample(1)
            drawn = clock()
            outcomes = outcomes_of(tasks, student.play(tasks.values))
            played = clock()
            teacher.update(outcomes)
            spent += drawn - begin + clock() - played
        yield spent


def table() -> list[Row]:
    """One row a teacher; some have a target."""
    rows = []
    with one_thread():
        for run in runs():
            row: Row = {"teacher": run.teacher, "seconds": sum(costs(run, EPISODES))}
            if run.teacher in TARGETS:
                row |= {"target": TARGETS[run.teacher], "passed": row["seconds"] <= TARGETS[run.teacher]}
            rows.append(row)
    return rows


def curve(file: Path) -> None:
    """Play 200,000 episodes with every teacher, print the microseconds of each window and draw them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ends = np.arange(WINDOW, CURVE_EPISODES + 1, WINDOW)
    shown = [1, 2, 5, 10, 15, 20]
    print(f"  {'microseconds an episode, up to':<32}" + "".join(f"{ends[i - 1]:>9,}" for i in shown))
    measured: dict[str, list[float]] = {}
    with one_thread():
        for run in runs(CURVE_EPISODES):
            measured[run.teacher] = [seconds / WINDOW * 1e6 for seconds in costs(run, WINDOW)]
            cells = "".join(f"{measured[run.teacher][i - 1]:>9.1f}" for i in shown)
            print(f"  {run.teacher:<32}{cells}", flush=True)
    with style():
        figure = new_figure(4.6)
        axes = figure.subplots()
        for i, (teacher, values) in enumerate(sorted(measured.items(), key=lambda item: -item[1][-1])):
            axes.plot(ends, values, label=teacher, linestyle=("-", "--", ":")[i % 3], linewidth=1.6)
        axes.set_yscale("log")
        axes.set_ylim(8.0, None)
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(0, CURVE_EPISODES)
        axes.grid(True)
        axes.set_ylabel("microseconds an episode")
        axes.set_title(f"Cost of sample(1) and update(1) on {SPACE}, means of {WINDOW:,} episodes")
        steps_axis(axes, CURVE_EPISODES, "episodes")
        figure.legend(loc="outside right center")
        save_figure(figure, file)


def main(arguments: Sequence[str] = ()) -> int:
    """Print the table, or draw the curve; return 0 if the targets were met, else 1."""
    parser = argparse.ArgumentParser(prog="teacher_cost", description=__doc__)
    parser.add_argument("--curve", type=Path, help="draw the cost over 200,000 episodes into this PNG")
    chosen = parser.parse_args(list(arguments))
    if chosen.curve is not None:
        curve(chosen.curve)
        return 0
    rows = table()
    print(f"  {EPISODES:,} episodes of {SPACE}, one at a time: seconds of the teacher")
    for row in sorted(rows, key=lambda row: row["seconds"]):
        verdict = f"target {row['target']:.1f}   {'pass' if row['passed'] else 'FAIL'}" if "target" in row else ""
        each = row["seconds"] / EPISODES * 1e6
        print(f"  {row['teacher']:<16} {row['seconds']:7.2f} s   {each:8.1f} us an episode   {verdict}")
    return 0 if all(row.get("passed", True) for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
