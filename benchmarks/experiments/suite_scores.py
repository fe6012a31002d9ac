"""The scores of a trained student on a suite of mazes, as ``tutelage evaluate --suite`` writes them."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from ...checkpoints import CheckpointStore
from ...errors import RunError
from ..maze_run import evaluate_run_on_mazes
from .task_scores import TaskScores


def evaluate_on_suite(folder: Path, suite: str) -> TaskScores:
    """Return a run's scores on a suite of mazes; what has been evaluated at its end is read.

    Args:
        folder: The run directory of a run on mazes that has ended.
        suite: One of `tutelage.envs.list_maze_suites`.

    Returns:
        Solved rates in percent, with one point: the steps of the checkpoint.

    Raises:
        RequestError: It is no run on mazes.
        RunError: A file is damaged; the message names it.
    """
    latest = CheckpointStore(folder / "checkpoints").latest()
    scores = _read(folder, suite)
    if scores is None or (latest is not None and int(scores.points[-1]) != latest.step):  # the run went on since
        evaluate_run_on_mazes(folder, suite)
        scores = _read(folder, suite)
    if scores is None:
        raise RunError(f"{folder / 'evaluation'} has no evaluation on {suite}.")
    return scores


def _read(folder: Path, suite: str) -> TaskScores | None:
    file = suite_file(folder, suite)
    if file is None:
        return None
    try:
        return _scores(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        mend = "Delete it, and the same command writes it anew."
        raise RunError(f"{file} is damaged: {error!r}. {mend}") from error


def suite_file(folder: Path, suite: str) -> Path | None:
    """Return the file of an evaluation on a suite with the default settings, or None where there is none."""
    pattern = re.compile(rf"{re.escape(suite)}(-T\d+)?\.json")
    return next((f for f in sorted((folder / "evaluation").glob("*.json")) if pattern.fullmatch(f.name)), None)


def _scores(content: dict[str, Any]) -> TaskScores:
    rows = content["rows"]
    joined = hashlib.sha256("".join(str(row["sha256"]) for row in rows).encode("ascii")).hexdigest()
    limits = sorted({int(row["max_steps"]) for row in rows})
    policy = "most likely" if content["deterministic"] else "stochastic"
    steps = str(limits[0]) if len(limits) == 1 else f"{limits[0]} to {limits[-1]}"
    return TaskScores(
        str(content["suite"]),
        joined,
        f"{int(content['episodes'])} episodes a maze of at most {steps} steps, {policy} actions",
        "solved (%)",
        [str(row["maze"]).removeprefix("maze/") for row in rows],
        np.array([int(content["checkpoint_step"])], dtype=np.int64),
        100.0 * np.array([[float(row["solved_rate"]) for row in rows]]),
    )
