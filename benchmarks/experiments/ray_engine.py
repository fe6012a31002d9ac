"""Playing an experiment on a Ray cluster (the extra ``ray``).

Each run is a task of its own, one core, which Ray gives to another node when a node dies. The experiment's folder must
be on storage that all nodes share: there a training run has its checkpoints, from which it goes on elsewhere.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from ...errors import RequestError
from .board import RunBoard
from .folder import ExperimentFolder
from .kinds import KINDS
from .local_engine import note_end
from .player import Job, play_and_record
from .pool import Failed, in_a_thread
from .run import ExperimentRun

MOST_DEATHS = 5
"""So many times a run is given to another worker when its own has died, with its node or alone."""

_PATIENCE = 90.0
"""Seconds that a run waits for the worker of a node that is cut off, but has not noticed yet."""

_LOOK_SECONDS = 1.0


def play_on_ray(
    folder: ExperimentFolder,
    runs: Sequence[ExperimentRun],
    *,
    board: RunBoard,
    say: Callable[[str], None],
) -> None:
    """Play runs on the cluster at ``RAY_ADDRESS``, the one on this machine, or one that is started here for it.

    Args:
        folder: Of the experiment, on storage that all nodes share.
        runs: Those that have not ended.
        board: Shows how far they are.
        say: Shows a line to the user.

    Raises:
        RequestError: Ray is not installed, or there is no cluster at ``RAY_ADDRESS``.
    """
    try:
        ray: Any = import_module("ray")
    except ImportError as error:
        raise RequestError("The engine ray needs the package ray: `pip install tutelage[ray]`.") from error
    if not ray.is_initialized():
        _connect(ray, say)
    threads = max((int(run.content.get("torch_threads", 1)) for run in runs), default=1)
    play = ray.remote(num_cpus=threads, max_retries=MOST_DEATHS)(play_remotely)
    waiting = list(runs)
    playing: dict[Any, ExperimentRun] = {}
    path = str(folder.path.resolve())
    try:
        while waiting or playing:
            slots = max(1, int(ray.cluster_resources().get("CPU", 1)) // threads)
            while waiting and len(playing) < slots:
                run = waiting.pop(0)
                playing[play.remote(Job(path, run, _PATIENCE), list(sys.path))] = run
                board.begin(run)
            ended, _ = ray.wait(list(playing), timeout=_LOOK_SECONDS)
            for reference in ended:
                run = playing.pop(reference)
                _note(ray, reference, folder, run, board)
            for run in playing.values():
                board.reach(run, KINDS[run.kind].reached(folder.folder_of(run)))
    finally:
        for reference in playing:
            with suppress(Exception):  # whatever state the cluster is in
                ray.cancel(reference, force=True)


def _connect(ray: Any, say: Callable[[str], None]) -> None:
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "warning"}
    try:
        ray.init(address=os.environ.get("RAY_ADDRESS", "auto"), **options)
    except ConnectionError as error:
        if address := os.environ.get("RAY_ADDRESS"):
            text = " ".join(str(error).split()).rstrip(".")
            raise RequestError(f"There is no Ray cluster at RAY_ADDRESS={address}: {text}.") from error
        say("There is no Ray cluster on this machine, so one is started for this experiment.")
        ray.init(address="local", include_dashboard=False, **options)


def _note(ray: Any, reference: Any, folder: ExperimentFolder, run: ExperimentRun, board: RunBoard) -> None:
    """Note what came of a task."""
    try:
        failed = ray.get(reference)
    except ray.exceptions.RayError as lost:
        failed = Failed(f"its worker was lost {MOST_DEATHS + 1} times: {' '.join(str(lost).split())[:200]}")
    note_end(folder, run, failed, board)


def play_remotely(job: Job, path: list[str]) -> Failed | None:
    """Play a run in a worker of the cluster; returns what it raised."""
    sys.path[:] = [*path, *(entry for entry in sys.path if entry not in path)]
    if not ExperimentFolder(job.folder).exists:
        return Failed(f"{job.folder} is not there on another node: choose a folder on storage that all nodes share")
    return in_a_thread(play_and_record, job, lambda amount: None)
