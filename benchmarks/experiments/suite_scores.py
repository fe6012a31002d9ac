"""The scores of a trained student on a suite of mazes, as ``tutelage evaluate --suite`` writes them."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from ...checkpoints import CheckpointStore
from ...envs.maze_suites import maze_suite
from ...errors import RunError
from ..maze_evaluation import EPISODES
from ..maze_run import evaluate_run_on_mazes
from .task_scores import TaskScores


def evaluate_on_suite(folder: Path, suite: str) -> TaskScores:
    """Return a run's scores on a suite of mazes; what has been evaluated at its end, and by default, is read.

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
    scores = _read(folder, suite, None if latest is None else latest.step)
    if scores is None:
        evaluate_run_on_mazes(folder, suite)
        scores = _read(folder, suite, None)
    if scores is None:
        raise RunError(f"{folder / 'evaluation'} has no evaluation on {suite}.")
    return scores


def _read(folder: Path, suite: str, step: int | None) -> TaskScores | None:
    """Read an evaluation; None where there is none, or one of another checkpoint or with settings of one's own."""
    file = suite_file(folder, suite)
    if file is None:
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        scores = _scores(content)
        limits = [test.max_steps for test in maze_suite(suite)]
        default = [content["episodes"], content["seed"], *(row["max_steps"] for row in content["rows"])]
        fits = default == [EPISODES, 0, *limits] and step in (None, content["checkpoint_step"])
        return scores if fits else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        mend = "Delete it, and the same command writes it anew."
        raise RunError(f"{file} is damaged: {error!r}. {mend}") from error


def suite_file(folder: Path, suite: str) -> Path | None:
    """Return the file of an evaluation on a suite by the policy's own chances, or None where there is none."""
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
