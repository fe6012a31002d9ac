"""Comparing runs: % mastered over environment steps, by teacher, from their run directories.

``python -m tutelage.benchmarks.compare_runs RUN … --out FOLDER`` writes ``comparison.md`` (a table with the mean over
seeds and each seed's own number), ``comparison.csv`` (every evaluation of every run) and ``comparison.png``.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RequestError
from ..run_directory import RunDirectory
from ..state import write_text
from .evaluation import EvaluationLog
from .figures.style import new_figure, save_figure, steps_axis, style

_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]


@dataclass(frozen=True, eq=False)
class Curve:
    """The evaluations of one run.

    Attributes:
        teacher: Its name.
        seed: The run's seed.
        test_set: Name of the test set.
        steps: Environment steps, shape ``(m,)``.
        mastered: Percent of test tasks mastered, shape ``(m,)``.
        returns: Mean test return, shape ``(m,)``.
    """

    teacher: str
    seed: int
    test_set: str
    steps: NDArray[np.int64]
    mastered: NDArray[np.float64]
    returns: NDArray[np.float64]


def read_curve(folder: str | Path) -> Curve:
    """Read the evaluations of a run.

    Raises:
        RequestError: There is no run, or it has not been evaluated.
        RunError: A damaged file.
    """
    run = RunDirectory.open(folder)
    if not run.evaluations_file.exists():
        raise RequestError(f"The run in {run.path} has not been evaluated yet.")
    log = EvaluationLog.load(run.evaluations_file)
    returns = np.array([r.mean() for r in log.returns])
    return Curve(
        str(run.config["teacher"]), int(run.config["seed"]), log.test_set, np.array(log.steps), log.mastered, returns
    )


def compare(folders: Sequence[str | Path], out: str | Path) -> str:
    """Compare runs that were evaluated on one test set.

    Args:
        folders: Run directories.
        out: Folder for the table, the numbers and the picture.

    Returns:
        The table, as Markdown.

    Raises:
        RequestError: No runs, different test sets, or evaluations at different steps.
    """
    curves = [read_curve(folder) for folder in folders]
    if not curves:
        raise RequestError("Name at least one run directory.")
    first = curves[0]
    for folder, curve in zip(folders, curves, strict=True):
        if curve.test_set != first.test_set:
            raise RequestError(f"{folder} was evaluated on {curve.test_set}, {folders[0]} on {first.test_set}.")
    n = min(len(curve.steps) for curve in curves)
    if any((curve.steps[:n] != first.steps[:n]).any() for curve in curves):
        raise RequestError("The runs were evaluated at different steps.")
    groups: dict[str, list[Curve]] = defaultdict(list)
    for curve in sorted(curves, key=lambda c: (c.teacher, c.seed)):
        groups[curve.teacher].append(curve)
    target = Path(out)
    target.mkdir(parents=True, exist_ok=True)
    text = _table(groups, first.steps[:n])
    write_text(target / "comparison.md", text + "\n")
    write_text(target / "comparison.csv", _numbers(groups))
    with style():
        save_figure(_figure(groups, first.test_set), target / "comparison.png")
    return text


def _table(groups: dict[str, list[Curve]], steps: NDArray[np.int64]) -> str:
    heads = [f"{teacher} (seeds {', '.join(str(c.seed) for c in group)})" for teacher, group in groups.items()]
    lines = ["| steps | " + " | ".join(heads) + " |", "|---:|" + "---|" * len(heads)]
    for i, step in enumerate(steps):
        cells = []
        for group in groups.values():
            values = [curve.mastered[i] for curve in group]
            cells.append(f"**{np.mean(values):.1f}** ({', '.join(f'{v:.0f}' for v in values)})")
        lines.append(f"| {step / 1e6:.2f} M | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _numbers(groups: dict[str, list[Curve]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["teacher", "seed", "test_set", "steps", "mastered", "mean_return"])
    for group in groups.values():
        for curve in group:
            for step, mastered, mean in zip(curve.steps, curve.mastered, curve.returns, strict=True):
                writer.writerow(
                    [curve.teacher, curve.seed, curve.test_set, step, round(float(mastered), 3), round(float(mean), 3)]
                )
    return text.getvalue()


def _figure(groups: dict[str, list[Curve]], test_set: str) -> Any:
    figure = new_figure(3.8)
    left, right = figure.subplots(1, 2)
    for colour, (teacher, group) in zip(_COLOURS * len(groups), groups.items(), strict=False):
        n = min(len(curve.steps) for curve in group)
        steps = group[0].steps[:n]
        for axes, name in ((left, "mastered"), (right, "returns")):
            values = np.array([getattr(curve, name)[:n] for curve in group])
            axes.plot(steps, values.T, color=colour, linewidth=1.0, alpha=0.4)
            axes.plot(steps, values.mean(axis=0), color=colour, linewidth=2.5, label=f"{teacher}, mean of {len(group)}")
    left.set_ylabel("test tasks mastered (%)")
    right.set_ylabel("mean test return")
    largest = max(int(curve.steps[-1]) for group in groups.values() for curve in group)
    for axes in (left, right):
        axes.grid(True)
        axes.set_xlim(left=0, right=largest * 1.01)
        steps_axis(axes, largest)
    left.set_ylim(bottom=0)
    left.legend(loc="upper left")
    figure.suptitle(f"test set {test_set}; thin lines are single seeds", fontsize=10)
    return figure


def main() -> int:
    """Read the command line and compare."""
    import argparse
    import sys

    from ..errors import RunError

    parser = argparse.ArgumentParser(prog="python -m tutelage.benchmarks.compare_runs", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, help="run directories")
    parser.add_argument("--out", type=Path, required=True, help="folder for comparison.md, .csv and .png")
    flags = parser.parse_args()
    try:
        print(compare(flags.runs, flags.out))
    except (RequestError, RunError) as error:
        print(f"compare_runs: {error}", file=sys.stderr)
        return 2 if isinstance(error, RequestError) else 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
