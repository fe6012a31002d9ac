"""``tutelage evaluate``: score the student of a run's latest checkpoint on a test set.

The numbers depend on the checkpoint, the test set, the number of episodes and the seed alone: the same command writes
the same files again. The student is read from a file with pickled Python objects: evaluate runs of people you trust.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..checkpoints import Checkpoint
from ..errors import RequestError, RunError
from ..spaces import Dimension, TaskSpace
from ..state import write_text
from .evaluation import Evaluation, evaluate
from .training.config import MOST_EPISODES
from .training.saved_run import SavedRun

SCORES = ("return", "length", "success", "mastered")
_GRID_FROM = 30
_MOST_COLUMNS = 64
_WIDTH = 100

_ATTEMPTS = 3
"""How often the latest checkpoint is looked for again that a training run has removed meanwhile."""


def evaluate_run(
    run: str | Path,
    *,
    test_set: str | None = None,
    episodes: int = 1,
    seed: int = 0,
    deterministic: bool = True,
    out: str | Path | None = None,
    summary_only: bool = False,
    antagonist: bool = False,
) -> str:
    """Evaluate the student of a run and write a table of its scores.

    Args:
        run: The run directory.
        test_set: A frozen test set or ``"uniform-50"``; by default the one of the run.
        episodes: Episodes for each test task, at least 1.
        seed: Seed of the episodes.
        deterministic: Whether the student takes its most likely action.
        out: Folder for ``<test set>.csv`` (one row per task) and ``.json`` (totals); by default ``evaluation`` in the
            run directory.
        summary_only: Leave the rows of the tasks out of the text.
        antagonist: Evaluate the second student of a run with two; its files are named ``antagonist-…``.

    Returns:
        The text to print.

    Raises:
        RequestError: There is no run, no checkpoint or no such test set, or the test set is of another task space.
        RunError: A file of the run is damaged, or ``out`` cannot be written.

    Example:
        >>> import tempfile
        >>> from tutelage.benchmarks import TrainConfig, train
        >>> config = TrainConfig("CartPole-v1", task=["length=0.2:2.0"], steps=256, n_envs=2,
        ...                      student_args={"n_steps": 128, "batch_size": 64})
        >>> folder = tempfile.mkdtemp()
        >>> _ = train(config, folder, quiet=True)
        >>> print(evaluate_run(folder, summary_only=True).splitlines()[2])
        test set     uniform-50: 50 tasks, 1 episode each, seed 0
    """
    if not 1 <= episodes <= MOST_EPISODES:
        raise RequestError(f"Expected 1 to {MOST_EPISODES:,} episodes for each test task, got {episodes}.")
    saved = open_for_evaluation(run, seed)
    name, tasks = saved.test_tasks(test_set)
    checkpoint, student, normalize = latest_student(saved, antagonist=antagonist)
    folder = evaluation_folder(saved, out)
    with progress_of_episodes(len(tasks) * episodes) as advance:
        result = evaluate(
            student,
            saved.make_env,
            tasks,
            episodes=episodes,
            seed=seed,
            deterministic=deterministic,
            normalize=normalize,
            success_above=saved.config.success_above,
            progress=advance,
        )
    stem = file_stem(name.replace("/", "-"), antagonist)
    write_text(folder / f"{stem}.csv", _csv(result))
    totals = {**_totals(saved, checkpoint, name, result, episodes, seed), "deterministic": deterministic}
    totals |= {"role": "antagonist"} if antagonist else {}
    write_text(folder / f"{stem}.json", json.dumps(totals, indent=2, allow_nan=False) + "\n")
    header = [
        *header_lines(saved, checkpoint, antagonist),
        f"test set     {name}: {len(tasks)} tasks, {episodes} episode{'s' * (episodes > 1)} each, seed {seed}",
    ]
    footer = _footer(result, folder / stem)
    table = [] if summary_only else ["", *table_lines(result, _labels(name))]
    return "\n".join([*header, *table, "", *footer])


def open_for_evaluation(run: str | Path, seed: int) -> SavedRun:
    """Open a run to evaluate its student.

    Raises:
        RequestError: There is no run, or the seed is negative or of more than 31 bits.
        RunError: The run is damaged.
    """
    if not 0 <= seed < 2**31:
        raise RequestError(f"Expected a seed between 0 and {2**31 - 1}, got {seed}.")
    return SavedRun.open(run)


def latest_student(saved: SavedRun, *, antagonist: bool = False) -> tuple[Checkpoint, Any, Any]:
    """Return the latest checkpoint of a run, verified, its student, and what its observations are normalised with.

    A run that is being trained removes old checkpoints; then the next one is taken.

    Raises:
        RequestError: There is none yet, or no antagonist.
        RunError: It is damaged.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        latest = saved.latest_step()
        if latest is None:
            raise RequestError(f"The run in {saved.run.path} has no checkpoint yet; there is no student to evaluate.")
        try:
            checkpoint = saved.checkpoint()
            assert checkpoint is not None
            return (checkpoint, *saved.load_student(checkpoint, antagonist=antagonist))
        except RunError:
            if saved.latest_step() == latest or attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def evaluation_folder(saved: SavedRun, out: str | Path | None) -> Path:
    """Return the folder for the results, ``evaluation`` in the run directory by default, and make it.

    Raises:
        RequestError: It cannot be made.
    """
    folder = Path(out) if out is not None else saved.run.path / "evaluation"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"Cannot write to {folder}: {error.strerror or error}; choose another folder.") from error
    return folder


@contextmanager
def progress_of_episodes(total: int) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on a terminal, moved by a function of the numbers of finished and of all episodes."""

    def advance(finished: int, _: int) -> None:
        bar.update(finished - bar.n)

    with tqdm(total=total, unit="episode", disable=not sys.stderr.isatty(), dynamic_ncols=True, leave=False) as bar:
        yield advance


def file_stem(name: str, antagonist: bool) -> str:
    """Return the name of the files of an evaluation, without their endings."""
    return f"antagonist-{name}" if antagonist else name


def header_lines(saved: SavedRun, checkpoint: Checkpoint, antagonist: bool = False) -> list[str]:
    """Return the lines that say what was evaluated."""
    config, env_id = saved.config, saved.make_env.env_id
    student = f"antagonist, {config.student}" if antagonist else config.student
    return [
        f"run          {saved.run.path} ({student} under {config.teacher}, {env_id})",
        f"checkpoint   {checkpoint.step:,} steps",
    ]


def column_names(space: TaskSpace) -> list[str]:
    """Return the names of the dimensions, with ``task_`` before those that are also the name of a score.

    Example:
        >>> column_names(TaskSpace(length=(0.2, 2.0), force_mag=(2.0, 20.0)))
        ['task_length', 'force_mag']
    """
    return [f"task_{name}" if name in SCORES else name for name in space.names]


def _csv(result: Evaluation) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*column_names(result.task_space), *SCORES])
    returns, lengths = result.returns.mean(axis=1), result.lengths.mean(axis=1)
    for task, mean_return, length, rate in zip(
        result.tasks, returns, lengths, result.success.mean(axis=1), strict=True
    ):
        known: list[Any] = ["", ""] if np.isnan(rate) else [float(rate), int(rate > 0.5)]
        values = result.task_space.to_dict(task).values()
        table.writerow([*values, float(mean_return), float(length), *known])
    return text.getvalue()


def test_set_hash(name: str, tasks: NDArray[np.float64]) -> str:
    """Return the SHA-256 of a test set: of the CSV file of a frozen one, else of its rows as little-endian float64."""
    from ..envs import list_test_sets, load_test_set

    if name in list_test_sets():
        return load_test_set(name).sha256
    return hashlib.sha256(np.ascontiguousarray(tasks, dtype="<f8").tobytes()).hexdigest()


test_set_hash.__test__ = False  # type: ignore[attr-defined]  # not a test of pytest


def _totals(
    saved: SavedRun, checkpoint: Checkpoint, name: str, result: Evaluation, episodes: int, seed: int
) -> dict[str, Any]:
    rate, mastered = float(result.success.mean()), result.mastered
    return {
        "env": saved.make_env.env_id,
        "teacher": saved.config.teacher,
        "student": saved.config.student,
        "checkpoint_step": checkpoint.step,
        "test_set": name,
        "test_set_sha256": test_set_hash(name, result.tasks),
        "tasks": len(result.tasks),
        "episodes": episodes,
        "seed": seed,
        "mean_return": result.mean_return,
        "mean_length": float(result.lengths.mean()),
        "success_rate": None if math.isnan(rate) else rate,
        "mastered": None if math.isnan(mastered) else mastered,
    }


def _footer(result: Evaluation, stem: Path) -> list[str]:
    rate, mastered = float(result.success.mean()), result.mastered
    mean_return = _number_format(np.array([result.mean_return])).format(result.mean_return)
    lines = [f"mean return  {mean_return}"]
    if math.isnan(mastered):
        lines.append("success      unknown: the environment does not tell (train with --success-above)")
    else:
        lines.append(f"success      {100 * rate:.0f} % of the episodes")
        lines.append(f"mastered     {mastered:.0f} % of the tasks (success in more than half of the episodes)")
    return [*lines, f"written to   {stem}.csv, {stem.name}.json"]


# --- The table of tasks ----------------------------------------------------------------------------------------------


def _labels(test_set: str) -> Sequence[str]:
    from ..envs import list_test_sets, load_test_set

    return load_test_set(test_set).labels if test_set in list_test_sets() else ()


def table_lines(result: Evaluation, labels: Sequence[str] = ()) -> list[str]:
    r"""Return a readable table: one row per task, or the grid itself for a large test set that is one.

    Args:
        result: The scores.
        labels: Names of the tasks; their numbers otherwise, where not all parameters of a task can be shown.

    Example:
        >>> from tutelage import TaskSpace
        >>> space = TaskSpace(x=(0.0, 1.0))
        >>> result = Evaluation(space, np.array([[0.0], [1.0]]), *np.array([[[9.0], [1.0]], [[5], [5]], [[1], [0]]]))
        >>> print("\n".join(table_lines(result)))
           x  return  length  success  mastered
        0.00    9.00       5    100 %       yes
        1.00    1.00       5      0 %        no
    """
    grid = grid_axes(result.tasks) if len(result.tasks) > _GRID_FROM else None
    if grid is not None and 8 * len(grid[1]) + 10 <= _WIDTH:
        return _grid_lines(result, *grid)
    return _row_lines(result, labels)


def grid_axes(tasks: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the values of both dimensions where the tasks are a full two-dimensional grid, else None.

    Example:
        >>> grid_axes(np.array([[0.0, 5.0], [0.0, 6.0], [1.0, 5.0], [1.0, 6.0]]))
        (array([0., 1.]), array([5., 6.]))
    """
    if tasks.shape[1] != 2:
        return None
    first, second = np.unique(tasks[:, 0]), np.unique(tasks[:, 1])
    full = len(first) * len(second) == len(tasks) == len(np.unique(tasks, axis=0))
    return (first, second) if full and min(len(first), len(second)) > 1 else None


def _grid_lines(result: Evaluation, first: NDArray[np.float64], second: NDArray[np.float64]) -> list[str]:
    row_dim, column_dim = result.task_space.dimensions
    number = _number_format(result.returns.mean(axis=1))
    mastered = result.success.mean(axis=1) > 0.5
    cells = {}
    for task, value, known in zip(result.tasks, result.returns.mean(axis=1), mastered, strict=True):
        cells[task[0], task[1]] = f"{number.format(value)}{'*' if known else ' '}"
    width = max(8, *(len(cell) + 1 for cell in cells.values()))
    label = max(len(row_dim.name), *(len(value_text(row_dim, v)) for v in first))
    lines = [
        f"mean return; rows: {row_dim.name}, columns: {column_dim.name}"
        + ("" if np.isnan(result.success).any() else "; * mastered"),
        " " * label + "".join(f"{value_text(column_dim, v):>{width - 1}} " for v in second),
    ]
    for v in first[::-1]:
        lines.append(f"{value_text(row_dim, v):>{label}}" + "".join(f"{cells[v, w]:>{width}}" for w in second))
    return [line.rstrip() for line in lines]


def _row_lines(result: Evaluation, labels: Sequence[str]) -> list[str]:
    returns, lengths = result.returns.mean(axis=1), result.lengths.mean(axis=1)
    success = result.success.mean(axis=1)
    number = _number_format(returns)
    scores = [
        ["return", *(number.format(r) for r in returns)],
        ["length", *(f"{length:.0f}" for length in lengths)],
        ["success", *("?" if np.isnan(s) else f"{100 * s:.0f} %" for s in success)],
        ["mastered", *("?" if np.isnan(s) else "yes" if s > 0.5 else "no" for s in success)],
    ]
    room = _WIDTH - sum(_width(column) + 2 for column in scores)
    shown: list[list[str]] = []
    if len(result.task_space) <= _MOST_COLUMNS:  # a few of the cells of a maze would tell nothing
        columns = [
            [name, *(value_text(dim, v) for v in column)]
            for name, dim, column in zip(
                column_names(result.task_space), result.task_space, result.tasks.T, strict=True
            )
        ]
        shown = [c for i, c in enumerate(columns) if sum(_width(other) + 2 for other in columns[: i + 1]) <= room]
    hidden = len(result.task_space) - len(shown)
    if labels or hidden:
        width = max(map(len, labels), default=0)
        names = [label.ljust(width) for label in labels] or [str(i) for i in range(len(returns))]
        shown = [["task".ljust(width), *names], *shown]
    table = [*shown, *scores]
    lines = ["  ".join(f"{column[i]:>{_width(column)}}" for column in table) for i in range(len(returns) + 1)]
    of_all = f"{hidden} more of the {len(result.task_space)}" if len(shown) > 1 else f"{hidden}"
    more = f"({'The ' * (len(shown) <= 1)}{of_all} dimensions are in the CSV file.)"
    return [*lines, more] if hidden else lines


def _width(column: list[str]) -> int:
    return max(map(len, column))


def _number_format(values: NDArray[np.float64]) -> str:
    largest = float(np.abs(values).max())
    return "{:.2f}" if largest < 10 else "{:.1f}" if largest < 10_000 else "{:.3g}"


def value_text(dim: Dimension, value: float) -> str:
    """Return a value of a dimension as a person would write it.

    Example:
        >>> value_text(Dimension.parse("height", (0.0, 3.0)), 1 / 3)
        '0.33'
    """
    if dim.kind == "categorical":
        return str(dim.categories[int(value)])
    if dim.kind == "integer":
        return str(int(value))
    spread = dim.high - dim.low
    if not spread or spread >= 1e5 or spread < 1e-3:
        return f"{value:.4g}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(spread)))}f}"
