"""``tutelage report`` for benchmarks: tables, pictures and one page that holds them all."""

from __future__ import annotations

import csv
import io
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..errors import RequestError
from ..state import write_text
from .benchmark_figures import write_pictures
from .benchmark_page import html_page, markdown_page
from .benchmark_results import BenchmarkResults, collect
from .experiments.folder import ExperimentFolder
from .experiments.kinds import KINDS
from .parquet_file import check_parquet, write_parquet


def write_benchmark_report(
    folders: Sequence[str | Path],
    *,
    out: str | Path | None = None,
    parquet: bool = False,
    command: str = "",
    quiet: bool = False,
) -> Path:
    """Write the report of one experiment, or of several together.

    Args:
        folders: Of the experiments.
        out: Where to; by default ``report`` in the folder, for several ``report-with-…`` in the first one.
        parquet: Whether to write the numbers as Parquet, too; needs pyarrow (the extra ``parquet``).
        command: What the page says it was made by.
        quiet: Show nothing.

    Returns:
        The page, ``report.html``. Beside it are ``report.md``, the pictures, ``scores.csv`` (the final score of every
        run on every test task) and ``curves.csv`` (every evaluation of every run).

    Raises:
        RequestError: There is no experiment, nothing has ended, the results must not be put into one table, or pyarrow
            is not installed.
        RunError: Every run failed, or a file is damaged; the message names it.

    Example:
        >>> import tempfile
        >>> from tutelage.benchmarks.benchmark import play_experiment
        >>> from tutelage.benchmarks.experiments.experiment import Experiment
        >>> plain = {"seeds": 2, "teachers": ["random"], "environments": ["2d-10"], "common": {"episodes": 200}}
        >>> folder = tempfile.mkdtemp()
        >>> _ = play_experiment(Experiment.from_mapping(plain, "first"), folder, quiet=True)
        >>> write_benchmark_report([folder], quiet=True).name
        'report.html'
    """
    if not folders:
        raise RequestError("Name at least one folder of a benchmark.")
    paths = [Path(folder) for folder in folders]
    if len({path.resolve() for path in paths}) < len(paths):
        raise RequestError("A folder is named twice.")
    if parquet:
        check_parquet()
    results = collect(ExperimentFolder(path) for path in paths)
    target = Path(out) if out is not None else _default_folder(paths)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"Cannot write to {target}: {error.strerror or error}.") from error
    hidden = quiet or not sys.stderr.isatty()
    with tqdm(unit="picture", disable=hidden, dynamic_ncols=True, leave=False) as bar:
        pictures = write_pictures(results, target, bar.update)
    words = [*map(str, paths), *(["--out", str(out)] if out is not None else []), *(["--parquet"] if parquet else [])]
    command = command or shlex.join(["tutelage", "report", *words])
    commands = list(_first_commands(results))
    write_text(target / "scores.csv", scores_csv(results))
    write_text(target / "curves.csv", curves_csv(results))
    if parquet:
        for name in ("scores", "curves"):
            write_parquet(target / f"{name}.csv", NUMBERS)
    write_text(target / "report.md", markdown_page(results, pictures, command, commands))
    page = target / "report.html"
    write_text(page, html_page(results, pictures, command, commands))
    return page


def _default_folder(paths: Sequence[Path]) -> Path:
    if len(paths) == 1:
        return ExperimentFolder(paths[0]).report_folder
    return paths[0] / ("report-with-" + "-".join(path.resolve().name for path in paths[1:]))


def _first_commands(results: BenchmarkResults) -> Iterator[str]:
    """The commands that make the first run of each cell."""
    for column in results.columns:
        for label in results.labels_on(column):
            each = results.cell(label, column)[0]
            commands = KINDS[each.run.kind].commands(each.run.content, str(each.folder))
            folder = shlex.quote(str(each.folder.parent.parent))
            yield from commands or [f"tutelage benchmark {folder} --run {shlex.quote(each.run.name)}"]


_RUN = ["environment", "student", "teacher", "expert", "seed", "run"]


NUMBERS = {"seed": int, "step": int, "score": float}
"""The columns of the tables that are no text."""


def scores_csv(results: BenchmarkResults) -> str:
    """Return the final score of every run on every test task, one a line."""
    heads = [*_RUN, "test_set", "task", "step", "unit", "measure", "score"]

    def rows() -> Iterator[list[Any]]:
        for each in results.ended:
            test = each.scores.test
            for task, score in zip(test.tasks, test.final, strict=True):
                tail = [test.test_set, task, test.points[-1], each.scores.unit, test.measure, f"{score:.6g}"]
                yield [*_run_cells(each.run), *tail]

    return _csv(heads, rows())


def curves_csv(results: BenchmarkResults) -> str:
    """Return the mean over test tasks at every evaluation of every run, one a line."""

    def rows() -> Iterator[list[Any]]:
        for each in results.ended:
            curve = each.scores.on_the_way
            for step, score in zip(curve.points, curve.curve, strict=True):
                tail = [curve.test_set, step, each.scores.unit, curve.measure, f"{score:.6g}"]
                yield [*_run_cells(each.run), *tail]

    return _csv([*_RUN, "test_set", "step", "unit", "measure", "score"], rows())


def _run_cells(run: Any) -> list[Any]:
    return [run.environment, run.student, run.teacher, run.expert, run.seed, run.key]


def _csv(heads: Sequence[str], rows: Iterator[list[Any]]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(heads)
    table.writerows(rows)
    return text.getvalue()
