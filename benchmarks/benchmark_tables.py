"""The tables of a benchmark, and its answer in a few sentences."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .benchmark_results import BenchmarkResults
from .bootstrap import estimate, estimate_improvement
from .estimate import Estimate, clear_winner
from .significance import welch_tests
from .statistics import Statistic, area_under_curve
from .steps_to_threshold import StepsToThreshold


@dataclass(frozen=True)
class Table:
    """A table of texts; what is between two asterisks is bold.

    Attributes:
        heads: Of the columns.
        rows: Their cells.

    Example:
        >>> table = Table(["Teacher", "Score"], [["plr", "**3.1**"]])
        >>> print(table.markdown)
        | Teacher | Score |
        | --- | ---: |
        | plr | **3.1** |
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def markdown(self) -> str:
        """As Markdown."""
        lines = [self.heads, ["---"] + ["---:"] * (len(self.heads) - 1), *self.rows]
        cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines]
        return "\n".join("| " + " | ".join(line) + " |" for line in cells)

    @property
    def html(self) -> str:
        """As HTML."""
        marks = [""] + [' class="number"'] * (len(self.heads) - 1)
        head = "".join(f"<th{m}>{to_html(text)}</th>" for m, text in zip(marks, self.heads, strict=True))
        rows = [
            "".join(f"<td{m}>{to_html(cell)}</td>" for m, cell in zip(marks, row, strict=True)) for row in self.rows
        ]
        body = "".join(f"<tr>{row}</tr>\n" for row in rows)
        return f'<div class="wide"><table><tr>{head}</tr>\n{body}</table></div>'


def to_html(text: str) -> str:
    """Return a sentence with ``**bold**`` and `` `code` `` as HTML.

    Example:
        >>> to_html("**a** < `b`")
        '<b>a</b> &lt; <code>b</code>'
    """
    escaped = html.escape(text, quote=False)
    return re.sub(r"`(.+?)`", r"<code>\1</code>", re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escaped))


# --- What there is to say --------------------------------------------------------------------------------------------


def final_estimates(results: BenchmarkResults, column: str | None = None) -> dict[str, Estimate]:
    """Return the interquartile mean of each teacher's results and its interval.

    Args:
        results: What has ended.
        column: In one environment; by default over all of them, of the teachers and seeds that have all.
    """
    if column is not None:
        return {label: estimate(results.results_on(label, column)) for label in results.labels_on(column)}
    return {label: estimate(matrix) for label, matrix in results.table().matrices().items()}


def improvements(results: BenchmarkResults, column: str | None = None) -> dict[str, Estimate]:
    """Return each teacher's probability of improvement over the baseline; empty without one."""
    base = results.baseline
    if base is None:
        return {}
    if column is None:
        tables = results.table().matrices()
    else:
        tables = {label: results.results_on(label, column)[:, None] for label in results.labels_on(column)}
    if base not in tables:
        return {}
    return {label: estimate_improvement(table, tables[base]) for label, table in tables.items() if label != base}


def answer(results: BenchmarkResults) -> list[str]:
    """Return which teacher is better, and how sure that is, in a few sentences."""
    several = len(results.columns) > 1
    if several and not results.percent:
        return [
            "The environments have different scores, which have no common mean: see the table of each.",
            *(f"On {column}: {sentence}" for column in results.columns for sentence in _verdict(results, column)[:1]),
        ]
    return _verdict(results, None if several else results.columns[0])


def _verdict(results: BenchmarkResults, column: str | None) -> list[str]:
    finals = final_estimates(results, column)
    if not finals:
        return ["No teacher has a seed that has ended in every environment: there is nothing to say over all of them."]
    if len(finals) == 1:
        ((label, found),) = finals.items()
        return [f"{label} alone has results: {found:.1f}."]
    alone = [label for label, found in finals.items() if found.low is None]
    if alone:
        who = "every teacher" if len(alone) == len(finals) else ", ".join(alone)
        return [
            f"One seed of {who} is no basis for a comparison: how much runs differ is unknown, so nothing is bold. "
            "More seeds would tell."
        ]
    ranked = sorted(finals, key=lambda label: -finals[label].value)
    winner = clear_winner(finals)
    best = finals[ranked[0]]
    if winner is not None:
        said = [f"**{winner}** is ahead with {best:.1f}: its interval lies above those of all others."]
    else:
        near = [label for label in ranked[1:] if (finals[label].high or 0.0) >= (best.low or 0.0)]
        highest = f"{ranked[0]} has the highest score, {best:.1f}"
        said = [f"No teacher is clearly ahead: {highest}, but its interval overlaps with {_those(near)}."]
    if all(_all_zero(results, label, column) for label in finals):
        said = ["All scores are 0: the runs are too short, or the tasks too hard, to tell the teachers apart."]
    better = improvements(results, column)
    groups = {
        "Better than": [label for label, each in better.items() if each.excludes(0.5) and each.value > 0.5],
        "Worse than": [label for label, each in better.items() if each.excludes(0.5) and each.value < 0.5],
        "No difference shown from": [label for label, each in better.items() if not each.excludes(0.5)],
    }
    parts = [f"{how} {results.baseline}: {', '.join(labels)}." for how, labels in groups.items() if labels]
    return [*said, *parts]


def _all_zero(results: BenchmarkResults, label: str, column: str | None) -> bool:
    columns = results.columns if column is None else [column]
    return not any(results.results_on(label, each).any() for each in columns)


def _those(labels: Sequence[str]) -> str:
    return "that of " + labels[0] if len(labels) == 1 else "those of " + ", ".join(labels)


# --- Tables ----------------------------------------------------------------------------------------------------------


def environment_table(results: BenchmarkResults, column: str) -> Table:
    """Return the table of one environment: a row a teacher, the best in bold only where its interval says so."""
    test, unit = results.first(column).scores.test, results.first(column).scores.unit
    finals, better = final_estimates(results, column), improvements(results, column)
    winner, curves = clear_winner(finals), results.curves_on(column)
    heads = ["Teacher", f"{_capital(test.measure)}, IQM", "Mean ± SD"]
    heads += [f"P(better than {results.baseline})"] if better else []
    heads += [] if isinstance(curves, str) else ["Area under curve", f"{_capital(unit)} to {results.threshold:g}"]
    rows = []
    for label in sorted(finals, key=lambda label: -finals[label].value):
        scores = results.results_on(label, column)
        row = [f"`{label}`", _bold(f"{finals[label]:.1f}", label == winner), _mean(scores)]
        row += [f"{better[label]:.2f}" if label in better else "–"] if better else []
        if not isinstance(curves, str):
            points, each = curves
            row.append(f"{estimate(area_under_curve(points, each[label])):.1f}")
            row.append(str(StepsToThreshold.of(points, each[label], results.threshold)))
        rows.append(row)
    return Table(heads, rows)


def overview_table(results: BenchmarkResults) -> Table:
    """Return the table over all environments: a row a teacher, with the interquartile mean of each environment.

    Over all of them only where their scores are all percentages.
    """
    overall, better = final_estimates(results) if results.percent else {}, improvements(results)
    each = {column: final_estimates(results, column) for column in results.columns}
    winners = {column: clear_winner(found) for column, found in each.items()}
    winner, matrices = clear_winner(overall), results.table().matrices()
    heads = [
        "Teacher",
        *(["All, IQM"] if results.percent else []),
        *([f"P(better than {results.baseline})"] if better else []),
        *results.columns,
    ]
    heads.append("Seeds")
    order = sorted(results.labels, key=lambda label: -overall[label].value if label in overall else np.inf)
    rows = []
    for label in order:
        row = [f"`{label}`"]
        if results.percent:
            row.append(_bold(f"{overall[label]:.1f}", label == winner) if label in overall else "–")
        row += [f"{better[label]:.2f}" if label in better else "–"] if better else []
        for column in results.columns:
            found = each[column].get(label)
            row.append("–" if found is None else _bold(f"{found.value:.0f}", label == winners[column]))
        rows.append([*row, str(len(matrices.get(label, [])))])
    return Table(heads, rows)


def summaries_table(results: BenchmarkResults) -> Table | None:
    """Return other summaries over all environments, with their intervals; None where there is no common mean."""
    if len(results.columns) < 2 or not results.percent:
        return None
    matrices = results.table().matrices()
    order = sorted(matrices, key=lambda label: -estimate(matrices[label]).value)
    statistics: list[str | Statistic] = ["iqm", "median", "mean", _gap]
    rows = [[f"`{label}`", *(f"{estimate(matrices[label], each):.1f}" for each in statistics)] for label in order]
    return Table(["Teacher", "IQM", "Median", "Mean", "Optimality gap"], rows) if rows else None


def _gap(scores: np.ndarray) -> np.ndarray:
    """The optimality gap of percentages."""
    gap: np.ndarray = np.maximum(0.0, 100.0 - scores).mean(axis=(-2, -1))
    return gap


def costs_table(results: BenchmarkResults) -> Table:
    """Return what the runs cost: medians over the runs of each teacher in each environment."""
    heads = ["Teacher", "Environment", "Runs", "Time", "Teacher's share", "Steps of every agent", "Tasks handed out"]
    rows = []
    for column in results.columns:
        for label in results.labels_on(column):
            costs = [each.scores.costs for each in results.cell(label, column)]
            shares = [c.teacher_share for c in costs if np.isfinite(c.teacher_share)]
            steps: dict[str, list[int]] = {}
            for each in costs:
                for agent, number in each.steps.items():
                    steps.setdefault(agent, []).append(number)
            agents = [f"{agent} {np.median(numbers):,.0f}" for agent, numbers in steps.items()]
            total = f"; {np.median([c.total_steps for c in costs]):,.0f} in all" if len(agents) > 1 else ""
            seconds = [c.seconds for c in costs if np.isfinite(c.seconds)]
            row = [f"`{label}`", column, str(len(costs)), duration(float(np.median(seconds))) if seconds else "unknown"]
            row += [f"{100 * np.median(shares):.1f} %" if shares else "unknown", ", ".join(agents) + total]
            rows.append([*row, f"{np.median([c.tasks for c in costs]):,.0f}"])
    return Table(heads, rows)


def significance_table(results: BenchmarkResults) -> tuple[Table, list[str]] | None:
    """Return Welch's tests against the baseline, and what was not tested; None where there is nothing to compare."""
    table, base = results.table(), results.baseline
    if base is None or len(table.labels) < 2:
        return None
    tests = welch_tests(table, base)
    rows = []
    for i, (label, _) in enumerate(tests.pairs):
        for j, column in enumerate(tests.tasks):
            if np.isfinite(tests.p[i, j]):
                plain, holm = (_bold(_p(p), p < 0.05) for p in (tests.p[i, j], tests.p_holm[i, j]))
                row = [f"`{label}`", column, f"{tests.difference[i, j]:+.1f}", f"{tests.t[i, j]:.2f}"]
                rows.append([*row, f"{tests.df[i, j]:.1f}", plain, holm])
    heads = ["Teacher", "Environment", f"Difference from {base}", "t", "df", "p", "p after Holm"]
    return Table(heads, rows), tests.left_out


def task_table(results: BenchmarkResults, column: str) -> Table:
    """Return the mean score on each test task: a row a task, a column a teacher, and in brackets the single runs."""
    labels = results.labels_on(column)
    scores = {label: results.tasks_of(label, column) for label in labels}
    rows = []
    for i, task in enumerate(results.first(column).scores.test.tasks):
        cells = []
        for label in labels:
            each = scores[label][:, i]
            single = f" ({', '.join(f'{value:.0f}' for value in each)})" if 1 < len(each) <= 10 else ""
            cells.append(f"{each.mean():.0f}{single}")
        rows.append([task, *cells])
    return Table([_capital(results.first(column).scores.test.measure), *labels], rows)


def duration(seconds: float) -> str:
    """Return a time as a person would say it.

    Example:
        >>> [duration(s) for s in (0.04, 7.2, 95, 7_500)]
        ['0.04 s', '7 s', '1.6 min', '2.1 h']
    """
    if seconds < 60.0:
        return f"{seconds:.2g} s" if seconds < 1.0 else f"{seconds:.0f} s"
    return f"{seconds / 60.0:.1f} min" if seconds < 3_600.0 else f"{seconds / 3_600.0:.1f} h"


def _bold(text: str, bold: bool) -> str:
    return f"**{text}**" if bold else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _mean(scores: np.ndarray) -> str:
    spread = f" ± {np.std(scores, ddof=1):.1f}" if len(scores) > 1 else ""
    return f"{np.mean(scores):.1f}{spread}"
