"""What a benchmark would do: the commands of its runs, and how long they would take."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from .benchmark_tables import duration
from .experiments.experiment import Experiment
from .experiments.folder import ExperimentFolder
from .experiments.kinds import KINDS
from .experiments.run import ExperimentRun
from .workers import one_thread

_MOST_SECONDS = 90.0
"""After so long, what has not been probed is judged by what has."""


def plan_lines(
    experiment: Experiment, out: str | Path, source: str, *, jobs: int, retry_failed: bool = False, quiet: bool = False
) -> Iterator[str]:
    """Return a shell script that plays what has not been played, each run by commands of its own, with estimates.

    Args:
        experiment: What to play.
        out: The folder; nothing is written to it.
        source: The experiment's file or name, for runs that have no other command.
        jobs: Runs at a time, for the estimate.
        retry_failed: Count runs that have failed before.
        quiet: Show no progress.
    """
    folder = ExperimentFolder(out)
    todo = unplayed(folder, experiment, retry_failed)
    seconds = estimates(todo, quiet=quiet)
    cells: dict[tuple[str, str], list[ExperimentRun]] = {}
    for run in todo:
        cells.setdefault((run.label, run.column), []).append(run)
    for (label, column), runs in cells.items():
        kind = KINDS[runs[0].kind]
        about = f"{kind.budget(runs[0].content):,} {kind.unit}, about {duration(seconds[label, column])} each"
        yield f"# {label} on {column}: {about}"
        for run in runs:
            yield from commands_of(run, folder, source)
    total = sum(seconds[run.label, run.column] for run in todo)
    longest = max((seconds[run.label, run.column] for run in todo), default=0.0)
    number = f"{len(todo):,} run{'s' * (len(todo) != 1)}"
    ended = f"{len(experiment.distinct) - len(todo):,} of {len(experiment.distinct):,}"
    long = duration(max(total / jobs, longest))
    yield f"# {number} to play, {ended} are not played again: about {long} with {jobs} at a time, tests not included."


def unplayed(folder: ExperimentFolder, experiment: Experiment, retry_failed: bool) -> list[ExperimentRun]:
    """Return the runs that have not ended, without those that have failed unless these are to be played again."""
    todo = [run for run in experiment.distinct if not folder.has_ended(run)]
    return [run for run in todo if retry_failed or folder.failure(run) is None]


def commands_of(run: ExperimentRun, folder: ExperimentFolder, source: str) -> list[str]:
    """Return the commands that play a run into its folder."""
    own = KINDS[run.kind].commands(run.content, str(folder.folder_of(run)))
    words = ["tutelage", "benchmark", source, "--out", str(folder.path), "--run", run.name]
    return own or [shlex.join(words)]


def print_lines(folder: ExperimentFolder, experiment: Experiment, retry_failed: bool) -> Iterator[str]:
    """Return a line for each run that has not ended, for an array of jobs on a cluster."""
    for run in unplayed(folder, experiment, retry_failed):
        yield shlex.join(["tutelage", "benchmark", str(folder.path), "--run", run.name])


def estimates(runs: Sequence[ExperimentRun], *, quiet: bool = True) -> dict[tuple[str, str], float]:
    """Return how many seconds a run takes, by teacher and environment, from a few seconds of one of each.

    Where there are many, the last ones are not tried, and take as long for each step as the others of their kind.
    """
    firsts: dict[tuple[str, str], ExperimentRun] = {}
    for run in runs:
        firsts.setdefault((run.label, run.column), run)
    found: dict[tuple[str, str], float] = {}
    rates: dict[str, list[float]] = {}
    deadline = time.monotonic() + _MOST_SECONDS
    hide = quiet or not sys.stderr.isatty()
    with one_thread(), tqdm(total=len(firsts), unit="probe", disable=hide, dynamic_ncols=True, leave=False) as bar:
        for place, run in firsts.items():
            kind = KINDS[run.kind]
            budget = kind.budget(run.content)
            if time.monotonic() < deadline or run.kind not in rates:
                found[place] = kind.probe(run.content)
                rates.setdefault(run.kind, []).append(found[place] / budget)
            else:
                found[place] = float(np.mean(rates[run.kind])) * budget
            bar.update()
    return found
