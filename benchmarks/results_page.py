"""Experiments, played one after the other, and one page of the documentation that holds what came of them.

``python -m tutelage.benchmarks.results_page FILE... --preface FILE --page FILE --runs FOLDER``: what has been played is
not played again, as with ``tutelage benchmark``. Only the preface, with which the page begins, is written by hand.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import RequestError, RunError
from ..state import write_text
from .benchmark import play_experiment
from .benchmark_figures import radars
from .benchmark_page import INTERVALS, answers, made_with, notes
from .benchmark_report import scores_csv
from .benchmark_results import BenchmarkResults, collect
from .benchmark_tables import Table, environment_table, final_estimates, overview_table
from .bootstrap import estimate
from .experiments.experiment import Experiment
from .experiments.files import read_experiment
from .experiments.folder import ExperimentFolder
from .figures.intervals import intervals_figure
from .figures.style import save_figure, style
from .score_table import ScoreTable
from .significance import welch_tests
from .statistics import area_under_curve

_WELCH = (
    "Differences of the {what} from `{baseline}`, and in brackets the p of Welch's two-sided test after Holm's "
    "correction for all tests of this table; bold below 0.05, – where no score of either varies or a teacher has a "
    "single run."
)
_LISTS = (
    "The sentences above the tables go by these intervals, one teacher at a time and without a correction for how many "
    "there are; Welch's tests below the tables have one."
)
_NOTHING = "**Nothing has been played yet**: there are no numbers to report."


def write_results_page(
    files: Sequence[str | Path], page: str | Path, *, preface: str, runs: str | Path, command: str = ""
) -> Path:
    r"""Write a page of what has been played.

    Args:
        files: The experiments.
        page: Where to, Markdown. Pictures and scores, as CSV, are put into the folder of the same name beside it.
        preface: What the page begins with, Markdown.
        runs: The folder that holds a folder of each experiment, named after its file.
        command: What the page says it was made by.

    Returns:
        The page.

    Raises:
        RequestError: There is no experiment of that name, two have one name, or results do not fit together.
        RunError: A file of a run is damaged.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "coins.yaml").write_text("seeds: 1\nteachers: [random]\nenvironments: [2d-10]\n")
        >>> page = write_results_page([folder / "coins.yaml"], folder / "page.md", preface="# Coins", runs=folder)
        >>> page.read_text().splitlines()[:3]
        ['# Coins', '', '## Coins']
    """
    page, beside = Path(page), Path(page).with_suffix("")
    experiments = _experiments(files)
    beside.mkdir(parents=True, exist_ok=True)
    parts = [preface.rstrip()]
    for file, experiment in experiments:
        parts += _section(file, experiment, Path(runs) / experiment.name, beside)
    parts += ["## How to read the tables", f"{INTERVALS} {_LISTS}"]
    if command:
        parts += ["## To repeat it", f"All of it, and this page:\n\n```sh\n{command}\n```"]
    write_text(page, "\n\n".join(part for part in parts if part) + "\n")
    return page


def _experiments(files: Sequence[str | Path]) -> list[tuple[str, Experiment]]:
    found = [(str(file), read_experiment(str(file))[0]) for file in files]
    names = [experiment.name for _, experiment in found]
    if not names or len(set(names)) < len(names):
        raise RequestError(f"Expected experiments of different names, at least one, got {', '.join(names) or 'none'}.")
    return found


def _section(file: str, experiment: Experiment, folder: Path, beside: Path) -> list[str]:
    parts = [f"## {experiment.name.replace('_', ' ').capitalize()}", experiment.about]
    command = f"```sh\ntutelage benchmark {shlex.quote(file)} --out {shlex.quote(str(folder))}\n```"
    kept = ExperimentFolder(folder)
    if not any(kept.has_ended(run) for run in experiment.distinct):
        return [*parts, _NOTHING, command]
    with kept.locked():
        kept.begin(experiment)
    results = collect([kept])
    several = len(results.columns) > 1
    parts += [_size(results), "\n".join(f"- {each}" for each in answers(results))]
    parts += [f"> {note}" for note in notes(results)]
    if several:
        parts.append(overview_table(results).markdown)
    for column in results.columns:
        parts += [f"### {column}"] if several else []
        parts.append(environment_table(results, column).markdown)
    for what, table in (
        ("means of the final scores", results.table()),
        ("mean areas under the curve", _areas(results)),
    ):
        tests = None if table is None else welch_table(table, results.baseline)
        parts += [] if tests is None else [tests.markdown, _WELCH.format(what=what, baseline=results.baseline)]
    parts.append(_pictures(results, beside))
    write_text(beside / f"{results.name}.csv", scores_csv(results))
    return [*parts, "\n".join(f"- {line}" for line in made_with(results)), command]


def _size(results: BenchmarkResults) -> str:
    seeds = sorted({each.run.seed for each in results.ended})
    minutes = np.nansum([each.scores.costs.seconds for each in results.ended]) / 60.0
    budgets = {
        column: f"{results.first(column).scores.budget:,} {results.first(column).scores.unit}"
        for column in results.columns
    }
    each = (
        f"{next(iter(budgets.values()))} each"
        if len(set(budgets.values())) == 1
        else "; ".join(f"{column}: {budget}" for column, budget in budgets.items())
    )
    return (
        f"{len(results.labels)} teachers, {len(seeds)} seed{'s' * (len(seeds) > 1)}, {len(results.ended):,} runs of "
        f"{each}: {minutes:,.1f} minutes in all, one core a run."
    )


def welch_table(table: ScoreTable, baseline: str | None) -> Table | None:
    """Return Welch's tests against a baseline, a row a teacher, a column an environment; None where there are none.

    Args:
        table: The scores.
        baseline: The label that the others are compared with.

    Example:
        >>> scores = {"uniform": [1.0, 2.0, 3.0], "ladder": [5.0, 6.0, 7.0]}
        >>> print(welch_table(ScoreTable.from_arrays(scores, ["chain"]), "uniform").markdown)
        | Teacher | chain |
        | --- | ---: |
        | `ladder` | **+4.0 (0.008)** |
    """
    if baseline not in table.labels or len(table.labels) < 2:
        return None
    tests = welch_tests(table, baseline)
    rows = []
    for (label, _), differences, corrected in zip(tests.pairs, tests.difference, tests.p_holm, strict=True):
        cells = [_test(difference, p) for difference, p in zip(differences, corrected, strict=True)]
        rows.append([f"`{label}`", *cells])
    return Table(["Teacher", *tests.tasks], rows)


def _areas(results: BenchmarkResults) -> ScoreTable | None:
    """Return the area under each run's learning curve; None where the curves of an environment have other points."""
    rows = []
    for column in results.columns:
        curves = results.curves_on(column)
        if isinstance(curves, str):
            return None
        points, each = curves
        for label, runs in each.items():
            areas = area_under_curve(points, runs)
            seeds = [ended.run.seed for ended in results.cell(label, column)]
            rows += [(label, column, seed, float(area)) for seed, area in zip(seeds, areas, strict=True)]
    return ScoreTable(rows)


def _test(difference: float, p: float) -> str:
    if not np.isfinite(difference):
        return "–"
    if not np.isfinite(p):
        return f"{difference:+.1f} (–)"
    said = f"{difference:+.1f} ({'< 0.001' if p < 0.001 else f'{p:.3f}'})"
    return f"**{said}**" if p < 0.05 else said


def _pictures(results: BenchmarkResults, beside: Path) -> str:
    """Draw the intervals of the final scores, and of the areas under the curve, in all environments, and radars."""
    areas = {}
    for column in results.columns:
        curves = results.curves_on(column)
        if not isinstance(curves, str):
            points, each = curves
            areas[column] = {label: estimate(area_under_curve(points, runs)) for label, runs in each.items()}
    finals = {column: final_estimates(results, column) for column in results.columns}
    said = "interquartile means over runs and their 95 % intervals"
    parts = []
    for name, what, panels in (
        (results.name, f"Final scores: {said}", finals),
        (f"{results.name}_area", f"Areas under the curve: {said}", areas),
    ):
        if panels:
            with style():
                save_figure(intervals_figure(panels, baseline=results.baseline), beside / f"{name}.png")
            parts.append(f"![{what}]({beside.name}/{name}.png)\n\n*{what}.*")
    for title, name, _, draw, caption in radars(results):
        with style():
            drawn = draw()
            if isinstance(drawn, str):
                parts.append(f"{title}: {drawn}")
                continue
            save_figure(drawn, beside / f"{results.name}_{name}.png")
        parts.append(f"![{caption}]({beside.name}/{results.name}_{name}.png)\n\n*{title}.* {caption}")
    return "\n\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tutelage.benchmarks.results_page", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="experiments, YAML")
    parser.add_argument("--page", required=True, help="where to write the page, Markdown")
    parser.add_argument("--preface", required=True, help="a Markdown file that the page begins with")
    parser.add_argument("--runs", required=True, help="folder for the runs, one in it for each experiment")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at a time, one core each")
    parser.add_argument("--play", nargs="*", metavar="NAME", help="play these experiments only; with no name, none")
    given = parser.parse_args(arguments)
    words = sys.argv[1:] if arguments is None else arguments
    command = " ".join(["python -m tutelage.benchmarks.results_page", *map(shlex.quote, words)])
    failed: list[str] = []
    try:
        preface = Path(given.preface).read_text(encoding="utf-8")
        experiments = _experiments(given.files)
        wanted = [experiment.name for _, experiment in experiments] if given.play is None else given.play
        for name in wanted:
            if name not in [experiment.name for _, experiment in experiments]:
                raise RequestError(f"--play: none of the files is the experiment {name!r}.")
        for _, experiment in experiments:
            if experiment.name in wanted:
                played = play_experiment(experiment, Path(given.runs) / experiment.name, jobs=given.jobs)
                failed += [f"{experiment.name}: {name}: {why}" for name, why in played.failed.items()]
        print(write_results_page(given.files, given.page, preface=preface, runs=given.runs, command=command))
    except (RequestError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if failed:
        print(f"error: {len(failed)} runs failed, the first being {failed[0]}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
