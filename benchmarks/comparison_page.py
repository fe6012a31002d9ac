"""The page of a comparison on mazes: its table, its pictures, and the commands that make it again."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..run_directory import RunDirectory, versions
from .bootstrap import estimate
from .report_data import read_progress
from .statistics import interquartile_mean

Results = Mapping[str, Sequence[dict[str, Any]]]
"""The evaluations of the runs that have ended, by label."""

_CAPTIONS = {
    "levels": "The levels that the students played, each counted as often as they made steps in it: mean and range "
    "over seeds.",
    "regret": "The regret that the teachers measured: mean and range over seeds.",
    "gallery": "Levels of the last tenth of the first run of each.",
}


def table_of(results: Results, minutes: Mapping[str, float] | None = None) -> str:
    """Return a Markdown table: a row a maze, a column a label, and below the means over the mazes.

    Args:
        results: What has been evaluated.
        minutes: How long the fastest run of each label took; None leaves the row out.
    """
    mazes = [row["maze"].removeprefix("maze/") for row in next(iter(results.values()))[0]["rows"]]
    scores = {
        label: np.array([[r["solved_rate"] for r in run["rows"]] for run in runs]) for label, runs in results.items()
    }
    lines = ["| Solved (%) | " + " | ".join(f"{label} ({len(s)})" for label, s in scores.items()) + " |"]
    lines.append("| --- |" + " ---: |" * len(scores))
    for i, maze in enumerate(mazes):
        cells = [f"{100 * s[:, i].mean():.0f} ({_each(s[:, i])})" for s in scores.values()]
        lines.append(f"| {maze} | " + " | ".join(cells) + " |")
    for name, statistic in (("mean", np.mean), ("interquartile mean", interquartile_mean)):
        cells = [f"**{100 * float(statistic(s)):.1f}** {_interval(s, name)}" for s in scores.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    if minutes is not None:
        lines.append("| minutes | " + " | ".join(f"{minutes[label]:.1f}" for label in scores) + " |")
    return "\n".join(lines)


def _each(values: Any) -> str:
    return ", ".join(f"{100 * value:.0f}" for value in values)


def _interval(scores: Any, name: str) -> str:
    # A row is one student on all mazes, whose scores go up and down together.
    found = estimate(scores, "mean" if name == "mean" else "iqm", whole_runs=True)
    if found.low is None or found.high is None:
        return "(1 seed: no interval)"
    return f"[{100 * found.low:.1f}, {100 * found.high:.1f}]"


def training_minutes(run: Path) -> float:
    """Return how long a run trained, over all its sessions."""
    total = last = 0.0
    for row in read_progress(RunDirectory(run).progress_file):
        elapsed = float(row.get("time/time_elapsed") or last)
        if elapsed < last:  # resumed
            total += last
        last = elapsed
    return (total + last) / 60.0


def comparison_page(
    table: str, commands: Sequence[str], command: str, pictures: Mapping[str, str], preface: str, what: str
) -> str:
    """Return the page.

    Args:
        table: See `table_of`.
        commands: What makes the first run of each label.
        command: What makes the page.
        pictures: Where they are, by name.
        preface: What it begins with.
        what: A sentence on the table.
    """
    found = versions()
    made = ", ".join(f"{name} {found[name]}" for name in ("tutelage", "stable_baselines3", "torch") if name in found)
    parts = [
        preface,
        f"## Solved rates\n\n{what} Made by\n\n```sh\n{command}\n```",
        table,
        *(f"![{_CAPTIONS[name]}]({file})\n\n{_CAPTIONS[name]}" for name, file in pictures.items()),
        "## Commands\n\nThe first run of each; the others have other seeds.\n\n```sh\n" + "\n".join(commands) + "\n```",
        f"Made with Python {platform.python_version()}, {made}.",
    ]
    return "\n\n".join(parts) + "\n"
