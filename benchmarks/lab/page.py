"""The tables of a lab, as a Markdown page."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import RequestError
from ...run_directory import versions
from ..bootstrap import estimate, estimate_improvement
from ..estimate import Estimate
from ..statistics import interquartile_mean, steps_to_threshold
from .results import CellResults, LabResults
from .spaces import lab_space, units_of

BASELINE = "random"
_SHARES = (0.25, 0.5, 0.75, 1.0)

_PREFACE = """# Toy spaces

How much of a [toy space](../environments/toy_grid.md) a simulated student has mastered after so many episodes under \
each teacher."""


def groups_of(spaces: Iterable[str]) -> dict[str, list[str]]:
    """Return spaces by the heading they are listed under, in order.

    Example:
        >>> groups_of(["2d-10", "rugged", "2d-20"])
        {'More cells': ['2d-10', '2d-20'], 'Troubled spaces': ['rugged']}
    """
    groups: dict[str, list[str]] = {}
    for space in spaces:
        groups.setdefault(lab_space(space).group, []).append(space)
    return groups


def slug_of(text: str) -> str:
    """Return a text as a part of a file's name.

    Example:
        >>> slug_of("More cells")
        'more_cells'
    """
    return re.sub(r"[^\w.@+-]", "_", text).lower()


def space_table(results: LabResults, space: str) -> str:
    """Return the table of one space: a row a teacher."""
    teachers = results.teachers_on(space)
    cells = {teacher: results.cells[teacher, space] for teacher in teachers}
    baseline = cells.get(BASELINE)
    points = next(iter(cells.values())).points
    at = [int(points[np.argmin(np.abs(points - share * points[-1]))]) for share in _SHARES]
    heads = ["Teacher", *(f"{n:,}" for n in at), "Mean ± SD"]
    goal = lab_space(space).goal
    heads += ["P(better than random)", f"Episodes to {goal:g} %", "µs per episode"]
    rows = []
    best = max(interquartile_mean(cell.final) for cell in cells.values())
    for teacher, cell in cells.items():
        numbers = [_with_interval(cell.at(share)) for share in _SHARES]
        if interquartile_mean(cell.final) == best and best > 0.0:
            numbers[-1] = re.sub(r"^([\d.]+)", r"**\1**", numbers[-1])
        better = "–" if baseline is None or teacher == BASELINE else _better(cell.final, baseline.final)
        row = [*numbers, _mean(cell.final), better, _to_goal(cell, goal), f"{np.median(cell.costs):.0f}"]
        rows.append([f"`{teacher}`", *row])
    return _table(heads, rows)


def overview_table(results: LabResults) -> str:
    """Return the table over all spaces: final scores with stratified intervals."""
    baseline = results.common(BASELINE)
    rows = []
    for teacher in results.config.teachers:
        scores = results.common(teacher)
        if scores is None:
            continue
        better = "–" if baseline is None or teacher == BASELINE else _better(scores, baseline)
        costs = np.concatenate([results.cells[teacher, space].costs for space in results.config.spaces])
        rows.append([f"`{teacher}`", _with_interval(scores), better, f"{np.median(costs):.0f}", str(len(scores))])
    heads = ["Teacher", "% mastered", "P(better than random)", "µs per episode", "Seeds"]
    return _table(heads, rows)


def matrix_table(results: LabResults) -> str:
    """Return the interquartile means of the final scores: a row a teacher, a column a space."""
    spaces = results.config.spaces
    best = {
        space: max((interquartile_mean(results.cells[t, space].final) for t in results.teachers_on(space)), default=0.0)
        for space in spaces
    }
    rows = []
    for teacher in results.config.teachers:
        row = [f"`{teacher}`"]
        for space in spaces:
            cell = results.cells.get((teacher, space))
            if cell is None:
                row.append("–")
            else:
                value = interquartile_mean(cell.final)
                row.append(f"**{value:.0f}**" if value == best[space] and value > 0.0 else f"{value:.0f}")
        rows.append(row)
    return _table(["Teacher", *(f"{space}" for space in spaces)], rows)


def read_preface(path: str | os.PathLike[str]) -> str:
    """Read what a page begins with: Markdown whose first line is the title.

    Raises:
        RequestError: The file cannot be read, or its first line is no title.
    """
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"Cannot read {path}: {getattr(error, 'strerror', None) or error}.") from error
    if not text.startswith("# "):
        raise RequestError(f"{path}: a preface begins with the title of the page, e.g. `# Toy spaces`.")
    return text


def lab_page(
    results: LabResults,
    pictures: dict[str, str],
    animations: list[str],
    command: str,
    preface: str | None = None,
) -> str:
    """Return the page.

    Args:
        results: What has ended.
        pictures: Paths of the figures, relative to the page, by heading.
        animations: Paths of the animations, relative to the page.
        command: What makes this page.
        preface: What `read_preface` returned, instead of a title and a sentence on what the page is about.
    """
    config = results.config
    parts = [preface or _PREFACE, _introduction(results, command)]
    if len(config.spaces) > 1:
        mastered = f"Percent of {units_of(config.spaces)} mastered at the end"
        parts.append(f"## All spaces\n\n{mastered}, interquartile means over seeds:")
        parts.append(matrix_table(results))
        parts.append(
            "Over all spaces and seeds; the interval resamples the seeds of each space on their own. "
            "P(better than random) is the mean over spaces:"
        )
        parts.append(overview_table(results))
    for heading, spaces in groups_of(config.spaces).items():
        parts.append(f"## {heading}")
        if heading in pictures:
            parts.append(f"![Percent mastered over episodes: {heading.lower()}]({pictures[heading]})")
        for space in spaces:
            if not results.teachers_on(space):
                continue
            form = lab_space(space)
            parts.append(
                f"### {space}\n\n{form.text[0].upper()}{form.text[1:]}; {config.episodes_of(space):,} episodes."
            )
            parts.append(space_table(results, space))
    if animations:
        parts.append("## Animations\n\nThe first seed of each run:")
        parts.append("\n".join(f"- [{name.rpartition('/')[2]}]({name})" for name in animations))
    parts.append(_settings(results))
    return "\n\n".join(parts) + "\n"


def _introduction(results: LabResults, command: str) -> str:
    config = results.config
    goals = {lab_space(space).goal: lab_space(space).unit for space in config.spaces}
    times = " or ".join(f"*Episodes to {goal:g} %*" for goal in goals)
    shares = " or ".join(f"{'half' if goal == 50.0 else 'all'} of the {unit}" for goal, unit in goals.items())
    batch = "one outcome at a time" if config.batch == 1 else f"{config.batch:,} tasks at a time"
    alone = ", of which one seed has none" if config.seeds == 1 else ""
    since = f" from {config.first_seed} on" if config.first_seed else ""
    return (
        f"{config.seeds} seeds{since}, {batch}. Made by\n\n"
        f"```sh\n{command}\n```\n\n"
        f"Scores are interquartile means over seeds with 95 % bootstrap intervals{alone}; "
        "*Mean ± SD* is the arithmetic mean of the final scores and their standard deviation. "
        "P(better than random) is the probability that a run of the "
        f"teacher ends above a run of `random`, ties counting half. {times} is the median over seeds of the "
        f"first evaluation with {shares} mastered, – where half of the seeds or more never had one, and in how "
        "many seeds there was one. *µs per episode* is the teacher's own processor time, fits included, student and "
        "compilation excluded, the median over seeds. The highest final score of a space is bold."
    )


def _settings(results: LabResults) -> str:
    config = results.config
    lines = ["## Settings", ""]
    lines.append(f"Expert knowledge: {config.expert}, where a teacher takes some and nothing else is said.")
    if config.teacher_args:
        lines.append("\nHyperparameters other than the defaults:\n")
        for teacher, args in config.teacher_args.items():
            shown = ", ".join(f"`{name}={value}`" for name, value in args.items())
            lines.append(f"- `{teacher}`: {shown}")
    if config.classroom is not None:
        amounts = " and ".join(f"{amount:,}" for amount in config.pretests)
        lines.append(f"\nStudents were tested after {amounts} episodes, and added to the classroom {config.classroom}.")
    if results.left_out:
        lines.append("\nLeft out, for they cannot teach a toy student:\n")
        lines += [f"- `{teacher}`: {why}" for teacher, why in results.left_out.items()]
    missing = [
        f"`{teacher}` on {space} ({0 if cell is None else len(cell.seeds)} of {config.seeds})"
        for teacher in config.teachers
        for space in config.spaces
        if (cell := results.cells.get((teacher, space))) is None or len(cell.seeds) < config.seeds
    ]
    if missing:
        lines.append(f"\nNot all seeds have ended: {', '.join(missing)}.")
    known = versions()
    used = ", ".join(
        f"{name} {known[name]}" for name in ("tutelage", "numpy", "numba", "scikit-learn") if name in known
    )
    lines.append(f"\nMade with Python {platform.python_version()}, {used}.")
    return "\n".join(lines)


def _with_interval(scores: Any) -> str:
    return _in_words(estimate(scores), ".1f")


def _mean(scores: Any) -> str:
    spread = f" ± {np.std(scores, ddof=1):.1f}" if len(scores) > 1 else ""
    return f"{np.mean(scores):.1f}{spread}"


def _better(scores: Any, others: Any) -> str:
    return _in_words(estimate_improvement(scores, others), ".2f")


def _in_words(found: Estimate, spec: str) -> str:
    # One seed has no interval, as the page says above.
    return format(found.value, spec) if found.low is None else format(found, spec)


def _to_goal(cell: CellResults, goal: float) -> str:
    episodes = steps_to_threshold(cell.points, cell.scores, goal)
    middle = float(np.median(episodes))  # inf where half of the seeds or more never got there
    reached = int(np.isfinite(episodes).sum())
    return f"{f'{middle:,.0f}' if np.isfinite(middle) else '–'} ({reached}/{len(episodes)})"


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
