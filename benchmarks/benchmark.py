"""Playing an experiment: what has ended is skipped, what was interrupted goes on, what failed is kept apart.

The numbers do not depend on the engine, on how many processes there were, or on how often it was interrupted.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..errors import BusyError, RequestError, RunError, unknown_name
from .experiments.board import RunBoard
from .experiments.experiment import Experiment
from .experiments.folder import ExperimentFolder
from .experiments.kinds import KINDS
from .experiments.local_engine import play_here
from .experiments.run import ExperimentRun
from .workers import default_jobs

ENGINES = ("local", "ray", "print")


@dataclass
class Played:
    """What came of playing an experiment.

    Attributes:
        folder: Where it is.
        experiment: What it is.
        failed: Runs that have failed, and why, by name.
        busy: Runs that were left to another process, and what there is to say about it, by name.
    """

    folder: ExperimentFolder
    experiment: Experiment
    failed: dict[str, str] = field(default_factory=dict)
    busy: dict[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        """How many runs have ended."""
        return sum(self.folder.has_ended(run) for run in self.experiment.distinct)


def play_experiment(
    experiment: Experiment,
    out: str | Path,
    *,
    jobs: int | None = None,
    engine: Literal["local", "ray"] = "local",
    retry_failed: bool = False,
    only: str | None = None,
    quiet: bool = False,
) -> Played:
    """Play what has not been played yet.

    The calling script must be importable without running (``if __name__ == "__main__":``), for worker processes import
    it.

    Args:
        experiment: What to play.
        out: The folder; new, empty, or that of an experiment, which goes on.
        jobs: Runs at a time, one core each; by default as many as there are cores. ``ray`` has the cluster's.
        engine: Where: ``"local"`` processes, or a ``"ray"`` cluster.
        retry_failed: Play runs again that have failed before; they go on where they were.
        only: The name or the key of one run; nothing else is played, and other processes may play others meanwhile.
        quiet: Show nothing.

    Raises:
        RequestError: A teacher that does not suit an environment, a folder that holds something else, another process
            at work there, or no such run.
        RunError: A damaged file, which the message names.
        KeyboardInterrupt: Ctrl-C or SIGTERM; what has ended is kept, what has not goes on with the same command.

    Example:
        >>> import tempfile
        >>> plain = {"seeds": 2, "teachers": ["random"], "environments": ["2d-10"], "common": {"episodes": 200}}
        >>> experiment = Experiment.from_mapping(plain, "first")
        >>> play_experiment(experiment, tempfile.mkdtemp(), quiet=True).ended
        2
    """
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise RequestError(f"jobs must be a whole number of at least 1, got {jobs!r}.")
    if engine not in ("local", "ray"):
        raise RequestError(unknown_name("engine", engine, ENGINES))
    folder = ExperimentFolder(out)
    runs = experiment.distinct if only is None else [run_named(experiment, only)]
    if only is None:
        check_runs([run for run in experiment.runs if not folder.has_ended(run)])
    folder.make()
    if only is not None:
        if not folder.exists or runs[0].key not in {run.key for run in folder.read().runs}:
            with suppress(BusyError), folder.locked():  # others may begin it meanwhile
                folder.begin(experiment)
        return _play(Played(folder, experiment), runs, jobs or 1, engine, True, quiet)
    with folder.locked():
        folder.begin(experiment)
        return _play(Played(folder, experiment), runs, jobs or default_jobs(), engine, retry_failed, quiet)


def _play(
    played: Played, runs: Sequence[ExperimentRun], jobs: int, engine: str, retry_failed: bool, quiet: bool
) -> Played:
    folder = played.folder
    todo = [run for run in runs if not folder.has_ended(run)]
    given_up = {} if retry_failed else {run.key: folder.failure(run) for run in todo}
    todo = [run for run in todo if given_up.get(run.key) is None]
    played.failed = {run.name: why for run in runs if (why := given_up.get(run.key)) is not None}
    before = sum(folder.has_ended(run) for run in runs)
    board = RunBoard(len(runs), before, quiet)
    try:
        if not todo:
            board.say(f"{before:,} of {len(runs):,} runs have ended, and none is left to play: {folder.path}")
            return played
        known = f", {before:,} have ended before" if before else ""
        board.say(f"{len(todo):,} of {len(runs):,} runs to play{known}: {folder.path}")
        with _ended_by_signals():
            if engine == "ray":
                from .experiments.ray_engine import play_on_ray

                play_on_ray(folder, todo, board=board, say=board.say)
            else:
                play_here(folder, todo, jobs=jobs, board=board, say=board.say)
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(
            f"Stopped; {board.ended:,} of {board.total:,} runs have ended and are kept in {folder.path}; the same "
            "command goes on."
        ) from error
    finally:
        board.close()
    names = {run.key: run.name for run in runs}
    played.failed |= {names[key]: why for key, why in board.failed.items()}
    played.busy = {names[key]: why for key, why in board.busy.items()}
    folder.look_again()
    return played


def check_runs(runs: Sequence[ExperimentRun]) -> None:
    """Build what every cell of a grid is made of, once, so that what cannot be played is refused before it begins.

    Raises:
        RequestError: A teacher does not suit an environment, say.
        RunError: An environment fails.
    """
    seen: set[tuple[str, str]] = set()
    for run in runs:
        if (run.label, run.column) in seen:
            continue
        seen.add((run.label, run.column))
        try:
            KINDS[run.kind].check(run.content)
        except (RequestError, RunError) as error:
            raise type(error)(f"{run.label} on {run.column}: {error}") from error


def run_named(experiment: Experiment, name: str) -> ExperimentRun:
    """Return the run of a name or key.

    Raises:
        RequestError: There is none.
    """
    for run in experiment.runs:
        if name in (run.name, run.key) or name.endswith(f"-{run.key}"):
            return run
    raise RequestError(unknown_name("run", name, [run.name for run in experiment.runs][:20]))


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Take SIGTERM for Ctrl-C; outside the main thread signals are left alone."""

    def stop(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
