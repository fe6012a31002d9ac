"""The pictures of a benchmark: which there are, what they are called, and what they show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .benchmark_results import BenchmarkResults
from .benchmark_tables import final_estimates, improvements
from .bootstrap import estimate
from .comparison_figures import write_figures
from .experiments.handed_out import HandedOut
from .figures.curves import curves_figure
from .figures.handed_out import handed_out_figure
from .figures.intervals import intervals_figure
from .figures.profiles import profiles_figure
from .figures.radar import radar_figure
from .figures.style import save_figure, style
from .figures.task_scores import task_scores_figure
from .lab.page import slug_of
from .score_table import ScoreTable
from .statistics import area_under_curve

_LEAST_SPOKES = 3
_MOST_COLUMNS = 4
_MOST_RADARS = 24


class Shown(NamedTuple):
    """A picture, or why there is none."""

    title: str
    path: Path | None
    caption: str
    column: str = ""
    """The environment it is about; empty for all of them."""


def write_pictures(results: BenchmarkResults, folder: Path, note: Callable[[], object] = lambda: None) -> list[Shown]:
    """Draw the pictures of a benchmark.

    Args:
        results: What has ended.
        folder: Where to.
        note: Called after each picture.

    Returns:
        In the order in which they are shown.
    """
    shown = []
    with style():
        for title, name, column, draw, caption in _figures(results):
            path = folder / f"{name}.png"
            drawn = draw()
            if isinstance(drawn, str):
                path.unlink(missing_ok=True)
                shown.append(Shown(title, None, drawn, column))
            else:
                save_figure(drawn, path)
                shown.append(Shown(title, path, caption, column))
            note()
    shown += _levels(results, folder)
    note()
    return shown


Figure = tuple[str, str, str, Callable[[], Any], str]
"""Title, file name, environment, drawing function (a text says why there is nothing to draw) and caption."""


def _figures(results: BenchmarkResults) -> Iterator[Figure]:
    several = len(results.columns) > 1
    intervals = (
        "Marks are interquartile means over runs, bars 95 % bootstrap intervals"
        + (", each environment's runs drawn on their own." if several else ".")
        + (f" Dashed: {results.baseline}." if results.baseline else "")
    )
    yield "How sure that is", "intervals", "", lambda: _intervals(results), intervals
    slugs = _slugs(results)
    for column in results.columns:
        slug = slugs[column]
        unit = results.first(column).scores.unit
        yield (
            f"Learning curves, {column}" if several else "Learning curves",
            f"curves_{slug}",
            column,
            partial(_curves, results, column),
            f"Interquartile mean over runs of the mean over test tasks, and its pointwise 95 % band, over {unit}.",
        )
        if len(results.first(column).scores.test.tasks) > 1:
            yield (
                f"Test tasks, {column}" if several else "Test tasks",
                f"tasks_{slug}",
                column,
                partial(_tasks, results, column),
                f"Mean over runs of the final score on each task of {results.first(column).scores.test.test_set}.",
            )
        histories = _histories(results, column)
        if histories:
            yield (
                f"Tasks handed out, {column}" if several else "Tasks handed out",
                f"history_{slug}",
                column,
                partial(handed_out_figure, histories, steps=unit),
                _history_caption(histories),
            )
    if several:
        yield (
            "Environments",
            "environments",
            "",
            lambda: _environments(results),
            "Mean over runs of the result in each environment.",
        )
    yield (
        "Performance profiles",
        "profiles",
        "",
        lambda: _profiles(results),
        (
            "The share of "
            + ("runs" if several else "runs and test tasks" if _one_suite(results) else "runs")
            + " that end above a score, for all scores: a curve above another everywhere belongs to the better teacher."
        ),
    )
    yield from radars(results)


def _slugs(results: BenchmarkResults) -> dict[str, str]:
    """Return a part of a file's name for each environment, no two alike."""
    found: dict[str, str] = {}
    for column in results.columns:
        slug, number = slug_of(column), 1
        while slug in found.values():
            number += 1
            slug = f"{slug_of(column)}-{number}"
        found[column] = slug
    return found


def _one_suite(results: BenchmarkResults) -> bool:
    return len(results.columns) == 1 and len(results.first(results.columns[0]).scores.test.tasks) > 1


def _intervals(results: BenchmarkResults) -> Any:
    if not results.percent:
        return "The environments have different scores."
    one = len(results.columns) == 1
    column = results.columns[0] if one else None
    measure = results.first(results.columns[0]).scores.test.measure
    panels = {f"{measure}, IQM" if one else "all, IQM": final_estimates(results, column)}
    better = improvements(results, column)
    lines = {}
    if better:
        name = f"P(better than {results.baseline})"
        panels[name], lines[name] = better, 0.5
    if one and not isinstance(curves := results.curves_on(results.columns[0]), str):
        points, each = curves
        panels["area under curve"] = {label: estimate(area_under_curve(points, runs)) for label, runs in each.items()}
    elif not one and len(results.columns) <= _MOST_COLUMNS:
        panels |= {each: final_estimates(results, each) for each in results.columns}
    panels = {name: found for name, found in panels.items() if found}
    if not panels:
        return "No teacher has a seed that has ended in every environment."
    return intervals_figure(panels, baseline=results.baseline, lines=lines)


def _curves(results: BenchmarkResults, column: str) -> Any:
    curves = results.curves_on(column)
    if isinstance(curves, str):
        return curves
    points, each = curves
    scores = results.first(column).scores
    return curves_figure(
        points,
        each,
        score=scores.on_the_way.measure,
        steps=scores.unit,
        baseline=results.baseline,
        order=ranking(results),
    )


def ranking(results: BenchmarkResults) -> list[str]:
    """Return the labels as figures have them, so that each has one colour: the best first, the baseline at the end."""
    overall = final_estimates(results) if results.percent else {}
    ranked = sorted(results.labels, key=lambda label: -overall[label].value if label in overall else np.inf)
    return [label for label in ranked if label != results.baseline] + [each for each in [results.baseline] if each]


def _histories(results: BenchmarkResults, column: str) -> dict[str, HandedOut]:
    """What each teacher handed out in an environment, over all its runs."""
    found = {}
    for label in ranking(results):
        each = [e.scores.handed_out for e in results.cell(label, column)]
        known = [history for history in each if history is not None and history.dimensions]
        if known:
            found[label] = HandedOut.together(known)
    return found


def _history_caption(histories: Mapping[str, HandedOut]) -> str:
    first = next(iter(histories.values()))
    shown, n = len(first.dimensions), first.n_dims
    of = f" The first {shown} of {n} dimensions." if n > shown else ""
    return (
        "How often each teacher handed out which values over the training, all runs together; 1 is as often as "
        f"uniformly.{of}"
    )


def _tasks(results: BenchmarkResults, column: str) -> Any:
    test = results.first(column).scores.test
    means = {label: results.tasks_of(label, column).mean(axis=0) for label in results.labels_on(column)}
    rows = test.rows if test.rows.size else None
    return task_scores_figure(means, test.tasks, score=test.measure, rows=rows, names=test.names)


def _environments(results: BenchmarkResults) -> Any:
    if not results.percent:
        return "The environments have different scores."
    means = {
        label: [
            results.results_on(label, column).mean() if results.cell(label, column) else np.nan
            for column in results.columns
        ]
        for label in results.labels
    }
    return task_scores_figure(means, results.columns, score="result (%)")


def _profiles(results: BenchmarkResults) -> Any:
    if not results.percent:
        return "The environments have different scores."
    if _one_suite(results):
        (column,) = results.columns
        tables = {label: results.tasks_of(label, column) for label in results.labels_on(column)}
    else:
        tables = results.table().matrices()
    if not tables:
        return "No teacher has a seed that has ended in every environment."
    measure = results.first(results.columns[0]).scores.test.measure
    # A row is one student that was tested on all tasks of a suite, whose scores go up and down together.
    return profiles_figure(tables, score=measure, whole_runs=_one_suite(results),
                           baseline=results.baseline, order=ranking(results))  # fmt: skip


def radars(results: BenchmarkResults) -> Iterator[Figure]:
    """Yield a radar for each level of expert knowledge.

    None of fewer than three environments, without a baseline, or of more teachers than a picture can show.
    """
    base = results.baseline
    if base is None or len(results.columns) < _LEAST_SPOKES or not results.percent:
        return
    of_label = {each.run.label: each.run.expert for each in results.ended}
    levels = list(dict.fromkeys(of_label[label] for label in results.labels if label != base))
    for level in [each for each in levels if each] or levels:  # who takes no knowledge is the same at each level
        others = [label for label in results.labels if of_label[label] in (level, "") and label != base]
        if len(others) > _MOST_RADARS:
            continue
        rows = [(e.run.label, e.run.column, e.run.seed, e.scores.result) for e in results.ended
                if e.run.label in (base, *others)]  # fmt: skip
        known = f", expert knowledge: {level}" if level else ""
        yield (
            f"Radar{known}",
            f"radar_{level}" if level else "radar",
            "",
            partial(_radar, rows, base),
            f"Each teacher's mean result in each environment, divided by that of {base}{known}.",
        )


def _radar(rows: Sequence[tuple[str, str, int, float]], base: str) -> Any:
    if not any(score for label, _, _, score in rows if label == base):
        return f"{base} has 0 in every environment, and nothing can be relative to that."
    return radar_figure(ScoreTable(rows), baseline=base)


def _levels(results: BenchmarkResults, folder: Path) -> list[Shown]:
    """The levels that teachers handed out, of environments whose tasks are levels."""
    shown = []
    for column in results.columns:
        runs = {
            label: [each.folder for each in results.cell(label, column) if (each.folder / "tasks.npz").exists()]
            for label in ranking(results)
        }
        runs = {label: paths for label, paths in runs.items() if paths}
        if not runs:
            continue
        target = folder / f"handed_out_{_slugs(results)[column]}"
        target.mkdir(exist_ok=True)
        for file in write_figures(target, runs, results.first(column).scores.budget):
            title, caption = _LEVELS[file.stem]
            shown.append(Shown(f"{title}, {column}" if len(results.columns) > 1 else title, file, caption, column))
        if not any(target.iterdir()):
            target.rmdir()
    return shown


_LEVELS = {
    "levels": (
        "Levels handed out",
        "The levels that the students played, each counted as often as they made steps in it: mean and range over "
        "seeds.",
    ),
    "regret": ("Regret", "The regret that the teachers measured: mean and range over seeds."),
    "gallery": ("Levels at the end", "Levels of the last tenth of the first run of each teacher."),
}
