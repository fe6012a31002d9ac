"""``tutelage evaluate --suite``: score the student of a run on mazes it has not seen.

The numbers depend on the checkpoint, the suite, the time limit, the number of episodes and the seed alone: the same
command writes the same files again.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..envs.maze_suites import TIME_LIMITS, MazeTest, list_maze_suites, maze_suite, maze_test
from ..errors import RequestError, unknown_name
from ..state import write_text
from .evaluate_run import (
    evaluation_folder,
    file_stem,
    header_lines,
    latest_student,
    open_for_evaluation,
    progress_of_episodes,
)
from .maze_cvar import EPISODES as EPISODES_OF_CVAR
from .maze_cvar import LEVELS, evaluate_cvar
from .maze_evaluation import EPISODES, evaluate_levels
from .training.config import MOST_EPISODES
from .training.saved_run import SavedRun

CVAR = "cvar"
"""The name of the protocol of `evaluate_cvar` among the suites."""


def evaluate_run_on_mazes(
    run: str | Path,
    suite: str,
    *,
    episodes: int | None = None,
    deterministic: bool = False,
    time_limit: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    summary_only: bool = False,
    antagonist: bool = False,
) -> str:
    """Evaluate the student of a run on a suite of mazes and write a table of its scores.

    Args:
        run: The run directory of a run on mazes.
        suite: A suite of `tutelage.envs.list_maze_suites`, or ``"cvar"`` for the win rate on the hardest of 10,000
            random mazes.
        episodes: Episodes for each maze, 100 by default; with ``"cvar"`` for each level and run, 10 by default.
        deterministic: Whether the student takes its most likely action.
        time_limit: Steps of an episode on mazes of 13 × 13 cells: 250 (by default) or 450.
        seed: Of the student's actions; with ``"cvar"`` of the first run, the second has the next one.
        out: Folder for the table (CSV) and all numbers (JSON); by default ``evaluation`` in the run directory.
        summary_only: Leave the rows of the mazes out of the text.
        antagonist: Evaluate the second student of a run with two; its files are named ``antagonist-…``.

    Returns:
        The text to print.

    Raises:
        RequestError: There is no run or no checkpoint, the run is not one on mazes, or the suite, the time limit or the
            number of episodes is none that there is.
        RunError: A file of the run is damaged, or ``out`` cannot be written.
    """
    if suite not in (CVAR, *list_maze_suites()):
        raise RequestError(unknown_name("suite of mazes", suite, [CVAR, *list_maze_suites()]))
    if episodes is not None and not 1 <= episodes <= MOST_EPISODES:
        raise RequestError(f"Expected 1 to {MOST_EPISODES:,} episodes for each maze, got {episodes}.")
    if time_limit is not None and time_limit not in TIME_LIMITS:
        raise RequestError(f"Expected a time limit of {' or '.join(map(str, TIME_LIMITS))} steps, got {time_limit}.")
    tests = _mazes(suite, time_limit)
    saved = open_for_evaluation(run, seed)
    env_args = _arguments_of_the_student(saved)
    checkpoint, student, normalize = latest_student(saved, antagonist=antagonist)
    folder = evaluation_folder(saved, out)
    common: dict[str, Any] = {"deterministic": deterministic, "normalize": normalize, "env_args": env_args}
    try:
        played = (_play_cvar if suite == CVAR else _play_suite)(student, suite, tests, episodes, seed, common)
    except ValueError as error:
        raise RequestError(str(error)) from error
    totals = {
        "env": saved.make_env.env_id,
        "teacher": saved.config.teacher,
        "student": saved.config.student,
        "checkpoint_step": checkpoint.step,
        "suite": suite,
        "deterministic": deterministic,
        **({"role": "antagonist"} if antagonist else {}),
        **played.totals,
        "rows": played.rows,
        "metrics": played.metrics,
    }
    steps = [test.max_steps for test in tests if _is_13_x_13(test)][:1]
    stem = "-".join([suite, *(f"T{t}" for t in steps), *(["deterministic"] if deterministic else [])])
    stem = file_stem(stem, antagonist)
    write_text(folder / f"{stem}.csv", _csv(played.rows))
    write_text(folder / f"{stem}.json", json.dumps(totals, indent=2, allow_nan=False) + "\n")
    policy = "deterministic" if deterministic else "stochastic"
    lines = [*header_lines(saved, checkpoint, antagonist), f"mazes        {played.what}, {policy} policy"]
    lines += [] if summary_only else ["", *played.table]
    return "\n".join([*lines, "", *played.footer, f"written to   {folder / stem}.csv, {stem}.json"])


def _mazes(suite: str, time_limit: int | None) -> Sequence[MazeTest]:
    limit = TIME_LIMITS[0] if time_limit is None else time_limit
    tests = (maze_test(LEVELS, time_limit=limit),) if suite == CVAR else maze_suite(suite, time_limit=limit)
    if time_limit is not None and not any(map(_is_13_x_13, tests)):
        raise RequestError(
            f"--time-limit is for mazes of 13 x 13 cells; those of the suite {suite} have other sizes and time limits "
            "of their own."
        )
    return tests


def _is_13_x_13(test: MazeTest) -> bool:
    return (test.space.height, test.space.width) == (13, 13)


def _arguments_of_the_student(saved: SavedRun) -> dict[str, Any]:
    """Return the arguments of the run's environment that decide what the student sees and can do."""
    from ..envs.maze_game import MazeGame

    env = saved.make_env()
    env.close()
    if not isinstance(env.unwrapped, MazeGame):
        raise RequestError(
            f"--suite is for runs on mazes, but the run in {saved.run.path} is on {saved.make_env.env_id}: leave it "
            "out, or name a test set of that environment with --test-set."
        )
    config = env.unwrapped.config
    return {name: getattr(config, name) for name in ("view", "observation", "n_actions", "visits")}


# --- Playing ---------------------------------------------------------------------------------------------------------


@dataclass
class _Played:
    """What to write down and to show of an evaluation."""

    rows: list[dict[str, Any]]
    metrics: dict[str, float]
    totals: dict[str, Any]
    what: str
    table: list[str]
    footer: list[str]


def _play_suite(
    student: Any, suite: str, tests: Sequence[MazeTest], episodes: int | None, seed: int, common: dict[str, Any]
) -> _Played:
    number = EPISODES if episodes is None else episodes
    with progress_of_episodes(number * len(tests)) as advance:
        result = evaluate_levels(student, tests, episodes=number, seed=seed, progress=advance, **common)
    mean, middle = result.mean_solved_rate, result.iqm_solved_rate
    return _Played(
        result.rows(),
        result.metrics(),
        {"episodes": number, "seed": seed, "mean_solved_rate": mean, "iqm_solved_rate": middle},
        f"{suite}: {len(tests)} mazes, {number} episode{'s' * (number > 1)} each, seed {seed}",
        _maze_lines(result.rows()),
        [f"mean solved  {100 * mean:.1f} %", f"IQM solved   {100 * middle:.1f} % (interquartile mean over the mazes)"],
    )


def _play_cvar(
    student: Any, suite: str, tests: Sequence[MazeTest], episodes: int | None, seed: int, common: dict[str, Any]
) -> _Played:
    (test,), seeds = tests, (seed, seed + 1)
    number = EPISODES_OF_CVAR if episodes is None else episodes
    with progress_of_episodes(2 * number * len(test.levels)) as advance:
        result = evaluate_cvar(student, test, episodes=number, seeds=seeds, progress=advance, **common)
    each = f"{number} episode{'s' * (number > 1)} each"
    return _Played(
        result.rows(),
        result.metrics(),
        {"episodes": number, "seeds": list(seeds), "test_set": test.name, "test_set_sha256": test.sha256},
        f"{suite}: {test.name}, T = {test.max_steps}, {each} in two runs, seeds {seed} and {seed + 1}",
        _cvar_lines(result.rows()),
        [f"mean solved  {100 * result.win_rate(100.0):.1f} %"],
    )


# --- Tables ----------------------------------------------------------------------------------------------------------


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def _maze_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    cells = [["maze", "size", "T", "solved", "return", "length"]]
    for row in rows:
        numbers = [f"{100 * row['solved_rate']:.0f} %", f"{row['mean_return']:.3f}", f"{row['mean_length']:.0f}"]
        name = row["maze"].removeprefix("maze/")
        cells.append([name, f"{row['height']}x{row['width']}", str(row["max_steps"]), *numbers])
    return _aligned(cells)


def _cvar_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    cells = [["hardest", "levels", "solved"]]
    cells += [[f"{row['alpha']:g} %", f"{row['levels']:,}", f"{100 * row['win_rate']:.1f} %"] for row in rows]
    return _aligned(cells)


def _aligned(cells: list[list[str]]) -> list[str]:
    """Return the lines of a table: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))])
        for line in cells
    ]
