"""The page of a comparison of Meta-ACL: tables of scores and tests, whom students were matched with, and settings."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...run_directory import versions
from ..bootstrap import estimate
from ..score_table import ScoreTable
from ..significance import welch_tests
from ..statistics import steps_to_threshold
from .results import MetaResults

_CAPTIONS = {
    "curves": "Percent mastered over {steps}: interquartile means over students with 95 % bootstrap bands.",
    "expert_share": "Share of the tasks that are drawn from the expert's Gaussians, the mean over students with its "
    "95 % band. What is missing to 100 % is drawn from those of the live ALP-GMM, or at random. The dotted line is the "
    "pre-test.",
}
_SHARES = (0.25, 0.5)


def meta_page(preface: str, command: str, sections: Sequence[str]) -> str:
    """Return the page.

    Args:
        preface: What it begins with.
        command: What makes it.
        sections: See `meta_section`.

    Example:
        >>> print(meta_page("# A page", "", ["## One"])[:16])
        # A page
        <BLANKLINE>
        ## One
    """
    found = versions()
    names = ("tutelage", "numpy", "numba", "scikit-learn", "stable_baselines3", "torch")
    made = ", ".join(f"{name} {found[name]}" for name in names if name in found)
    by = [f"Made by\n\n```sh\n{command}\n```"] if command else []
    return "\n\n".join([preface, *by, *sections, f"Made with Python {platform.python_version()}, {made}."]) + "\n"


def meta_section(title: str, results: MetaResults, pictures: Mapping[str, str], numbers: str) -> str:
    """Return what the page says about one comparison.

    Args:
        title: Of the section.
        results: What has ended.
        pictures: Where they are, relative to the page, by kind.
        numbers: Where the numbers are, relative to the page.
    """
    parts = [
        f"## {title}",
        _about(results),
        scores_table(results),
        f"Each new student in one line: [{numbers.rpartition('/')[2]}]({numbers}).",
    ]
    if "curves" in pictures:
        parts += _picture("curves", pictures, results)
    parts += [
        f"### Against {results.baseline}",
        f"Welch's tests of the scores at the end. The difference is to the mean of {results.baseline}, and Holm's "
        "correction counts all tests of this table.",
        welch_table(results),
    ]
    if any(len(results.right(label)) for label in results.cells):
        parts += ["### Experts", _about_experts(results), experts_table(results)]
        if "expert_share" in pictures:
            parts += _picture("expert_share", pictures, results)
    return "\n\n".join([*parts, "### Conditions", "\n".join(results.settings)])


def scores_table(results: MetaResults) -> str:
    """Return the scores: a row a condition."""
    points = results.points
    at = sorted({int(np.argmin(np.abs(points - share * points[-1]))) for share in _SHARES} - {len(points) - 1})
    timed = any(cell.costs is not None for cell in results.cells.values())
    heads = ["Condition", *(f"{points[i]:,}" for i in at), f"{points[-1]:,}", "Mean ± SD", "All mastered"]
    heads += [f"{results.steps.capitalize()} to 50 %", *(["µs per episode"] if timed else [])]
    rows = []
    for label, cell in results.cells.items():
        n = len(cell.seeds)
        middle = float(np.median(steps_to_threshold(points, cell.scores, 50.0)))
        cost = [] if not timed else ["–" if cell.costs is None else f"{np.median(cell.costs):.0f}"]
        rows.append(
            [
                label,
                *(_interval(cell.scores[:, i]) for i in at),
                _interval(cell.final),
                f"{cell.final.mean():.1f} ± {cell.final.std(ddof=1):.1f}" if n > 1 else f"{cell.final.mean():.1f}",
                f"{int((cell.final >= 100.0).sum())}/{n}",
                f"{middle:,.0f}" if np.isfinite(middle) else "–",
                *cost,
            ]
        )
    return _table(heads, rows)


def welch_table(results: MetaResults) -> str:
    """Return Welch's tests against the first condition: a row a condition."""
    table = ScoreTable.from_arrays({label: cell.final for label, cell in results.cells.items()}, ["end"])
    tests = welch_tests(table, results.baseline)
    rows = []
    for i, (label, _) in enumerate(tests.pairs):
        t, df, p, holm = (float(column[i, 0]) for column in (tests.t, tests.df, tests.p, tests.p_holm))
        numbers = ["–"] * 4 if np.isnan(p) else [_signed(t, ".2f"), f"{df:.0f}", _p(p), _p(holm)]
        rows.append([label, _signed(float(tests.difference[i, 0]), ".1f"), *numbers])
    return _table(["Condition", "Difference", "t", "Degrees of freedom", "p", "p (Holm)"], rows)


def experts_table(results: MetaResults) -> str:
    """Return whom the students were matched with, and how much of their curriculum came from there."""
    rows = []
    for label, cell in results.cells.items():
        right, shares = results.right(label), results.expert_shares(label)
        if not len(right) or shares is None or cell.expert_steps is None:
            continue
        rows.append(
            [
                label,
                f"{right.sum()}/{len(right)} ({100.0 * right.mean():.1f} %)",
                *([f"{results.distances(label).mean():.2f}"] if results.near else []),
                f"{100.0 * shares.mean():.1f} %",
                f"{100.0 * cell.expert_steps.mean():.0f} %",
            ]
        )
    away = ["Mean distance"] if results.near else []
    return _table(["Condition", "Expert of the same kind", *away, "Tasks from the expert", "Of its curriculum"], rows)


def _about(results: MetaResults) -> str:
    former = results.former_scores
    spread = f" ± {former.std(ddof=1):.1f}" if len(former) > 1 else ""
    numbers = sorted({len(cell.seeds) for cell in results.cells.values()})
    many = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
    return (
        f"{results.about} There are {len(former)} of them, which had mastered {former.mean():.1f}{spread} % of the "
        f"{results.units} at the end, and {many} new students for each condition, the same for all.\n\n"
        f"Percent of the {results.units} mastered after so many {results.steps}, interquartile means over students "
        "with 95 % bootstrap intervals; *Mean ± SD* is that of the scores at the end, *All mastered* how many students "
        f"had 100 % there, *{results.steps.capitalize()} to 50 %* the median."
    )


def _about_experts(results: MetaResults) -> str:
    former = {results.kind(kind) for kind in results.former_kinds}
    new = {results.kind(kind) for kind in results.kinds.values()}
    named = f" *Mean distance* is that of the experts' {' and '.join(results.near)}." if results.near else ""
    return (
        f"The {len(results.former_kinds)} students of the classroom are of {len(former)} kinds, the "
        f"{len(results.kinds)} new ones of {len(new)}, of which {len(new & former)} are in the classroom.{named} "
        "*Tasks from the expert* is their share since the pre-test, the mean over evaluations and students; the rest "
        "comes from the live ALP-GMM or from chance. *Of its curriculum* is how far through the expert's steps the "
        "students are at the end; a pool of all steps at once has no such place, and stays at the first."
    )


def _picture(kind: str, pictures: Mapping[str, str], results: MetaResults) -> list[str]:
    caption = _CAPTIONS[kind].format(steps=results.steps)
    return [f"![{caption}]({pictures[kind]})", caption]


def _interval(scores: Any) -> str:
    found = estimate(scores)
    return f"{found.value:.1f}" if found.low is None else format(found, ".1f")


def _signed(value: float, spec: str) -> str:
    return f"{value:+{spec}}".replace("-", "−")


def _p(value: float) -> str:
    return "< 0.0001" if value < 1e-4 else f"{value:.2g}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
