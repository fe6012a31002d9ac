"""``tutelage benchmark``: from the words of the command to the report."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import BusyError, RequestError, RunError, unknown_name
from .benchmark import ENGINES, Played, check_runs, play_experiment, run_named
from .benchmark_page import answers
from .benchmark_plan import plan_lines, print_lines
from .benchmark_report import write_benchmark_report
from .benchmark_results import BenchmarkResults, collect
from .benchmark_tables import environment_table, overview_table
from .compilation import announced_compilation
from .experiments.experiment import Experiment
from .experiments.files import default_folder, read_experiment
from .experiments.folder import ExperimentFolder
from .workers import default_jobs


def run_benchmark(
    source: str,
    out: Path | None = None,
    *,
    jobs: int | None = None,
    engine: str = "local",
    dry_run: bool = False,
    retry_failed: bool = False,
    only: str | None = None,
    quiet: bool = False,
) -> int:
    """Play an experiment and write its report, or say what there would be to play.

    Args:
        source: A YAML file, the name of a ready-made experiment, or the folder of one that has begun.
        out: The folder; by default ``runs/benchmarks/<name>``.
        jobs: Runs at a time; by default as many as there are cores.
        engine: One of `benchmark.ENGINES`.
        dry_run: Print commands and estimates, and play nothing.
        retry_failed: Play runs again that have failed.
        only: The name or key of one run.
        quiet: Show nothing but errors and results.

    Returns:
        0.

    Raises:
        RequestError: There is no such experiment, something in it does not exist or does not fit, or another process is
            at work there.
        RunError: Runs failed; the report has what has ended.
        KeyboardInterrupt: Ctrl-C or SIGTERM; the same command goes on.
    """
    if engine not in ENGINES:
        raise RequestError(unknown_name("engine", engine, ENGINES))
    if jobs is not None and jobs < 1:
        raise RequestError(f"--jobs must be at least 1, got {jobs}.")
    experiment, folder = read_experiment(source)
    path = _folder(experiment, folder, out)
    if only is not None and (dry_run or engine == "print"):
        experiment = replace(experiment, runs=(run_named(experiment, only),))
    if dry_run:
        check_runs(experiment.runs)
        jobs = min(jobs or default_jobs(), default_jobs())
        for line in plan_lines(experiment, path, source, jobs=jobs, retry_failed=retry_failed, quiet=quiet):
            print(line)
        return 0
    if engine == "print":
        check_runs(experiment.runs)
        kept = ExperimentFolder(path)
        kept.make()
        with kept.locked():
            kept.begin(experiment)
        for line in print_lines(kept, experiment, retry_failed):
            print(line)
        return 0

    def say(text: str) -> None:
        if not quiet:
            print(text, file=sys.stderr)

    options: dict[str, Any] = {"jobs": jobs, "engine": engine, "retry_failed": retry_failed, "quiet": quiet}
    with announced_compilation(say):
        played = play_experiment(experiment, path, only=only, **options)
    if only is not None:
        return _one(played, only)
    _report(played)
    return 0


def _folder(experiment: Experiment, folder: Path | None, out: Path | None) -> Path:
    if folder is not None and out is not None and folder.resolve() != out.resolve():
        raise RequestError(f"{folder} goes on where it is: leave --out away, or name its experiment.yaml.")
    return folder or out or default_folder(experiment)


def _one(played: Played, only: str) -> int:
    run = run_named(played.experiment, only)
    if run.name in played.busy:
        raise BusyError(played.busy[run.name])
    if run.name in played.failed:
        raise RunError(f"{run} failed: {played.failed[run.name]}")
    print(played.folder.folder_of(run))
    return 0


def _report(played: Played) -> None:
    if played.busy and not played.ended:
        raise BusyError(next(iter(played.busy.values())))
    page = write_benchmark_report([played.folder.path])
    print("\n".join(summary_lines(collect([played.folder]))))
    print(f"\nreport  {page}")
    if played.failed:
        name, why = next(iter(played.failed.items()))
        raise RunError(
            f"{len(played.failed)} of {len(played.experiment.distinct)} runs failed, the first being {name}: "
            f"{why.rstrip('.')}. --retry-failed plays them again; the report has what has ended."
        )
    if played.busy:
        raise BusyError(
            f"{len(played.busy)} of {len(played.experiment.distinct)} runs are being played by other processes: when "
            "they have ended, the same command writes the report with them."
        )


def summary_lines(results: BenchmarkResults) -> list[str]:
    """Return the answer and the main table as plain text."""
    several = len(results.columns) > 1
    table = overview_table(results) if several else environment_table(results, results.columns[0])
    return [*(sentence.replace("**", "") for sentence in answers(results)), "", table.markdown]
