"""Playing an experiment on this machine: worker processes, one core and one thread each.

A worker that dies (killed, out of memory, a crash in C) costs nothing but the run it was at, which goes on in another
worker from its latest checkpoint; a run that does so to its workers three times has failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing

from ..workers import default_jobs
from .board import RunBoard
from .folder import ExperimentFolder
from .player import Job, play_and_record
from .pool import Failed, play_jobs
from .run import ExperimentRun

MOST_DEATHS = 3


def play_here(
    folder: ExperimentFolder,
    runs: Sequence[ExperimentRun],
    *,
    jobs: int,
    board: RunBoard,
    say: Callable[[str], None],
) -> None:
    """Play runs; what comes of them is in the folder.

    Args:
        folder: Of the experiment.
        runs: Those that have not ended.
        jobs: Worker processes, at most as many as there are cores.
        board: Shows how far they are.
        say: Shows a line to the user.
    """
    workers = fitting(jobs, runs, say)
    deaths: Counter[str] = Counter()
    todo = list(runs)
    while todo:
        died: list[ExperimentRun] = []
        tasks = [Job(str(folder.path), run, patience=5.0 if deaths[run.key] else 0.0) for run in todo]
        with closing(play_jobs(tasks, play_and_record, workers)) as events:
            for event in events:
                run = todo[event.number]
                if event.kind == "begun":
                    board.begin(run)
                elif event.kind == "progress":
                    board.reach(run, event.content)
                elif event.kind == "ended":
                    note_end(folder, run, event.content, board)
                elif folder.has_ended(run):  # killed while it told us so
                    board.end(run, None)
                else:
                    deaths[run.key] += 1
                    why = f"its worker process died with exit status {event.content}"
                    if deaths[run.key] < MOST_DEATHS:
                        died.append(run)
                        board.leave(run)
                        say(f"{run}: {why}; it goes on in another.")
                    else:
                        folder.write_failure(run, f"{why}, as {MOST_DEATHS - 1} others did before")
                        board.end(run, folder.failure(run))
        todo = died


def note_end(folder: ExperimentFolder, run: ExperimentRun, failed: Failed | None, board: RunBoard) -> None:
    """Note what came of a run that a worker has left.

    Args:
        folder: Of the experiment.
        run: The run.
        failed: What it raised; None where it did not.
        board: Shows it.
    """
    if failed is None or folder.has_ended(run):
        board.end(run, None)
    elif failed.busy:
        board.pass_over(run, failed.sentence)
    else:
        if folder.failure(run) is None:  # it could not even write that down
            folder.write_failure(run, failed.sentence)
        board.end(run, folder.failure(run))


def fitting(jobs: int, runs: Sequence[ExperimentRun], say: Callable[[str], None]) -> int:
    """Return how many workers fit on the cores, with the threads that their runs have."""
    threads = max((int(run.content.get("torch_threads", 1)) for run in runs), default=1)
    most = max(1, default_jobs() // threads)
    if jobs > most:
        cores = f"{default_jobs()} core{'s' * (default_jobs() > 1)}"
        say(f"{most} run{'s' * (most > 1)} at a time: there are {cores}, and no more threads than that.")
    return min(jobs, most)
