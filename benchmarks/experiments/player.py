"""Playing one run of an experiment, whatever engine asked for it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ...errors import BusyError
from ..workers import error_sentence
from .folder import ExperimentFolder
from .kinds import KINDS
from .run import ExperimentRun


class Job(NamedTuple):
    """A run and where it belongs."""

    folder: str
    """Of the experiment."""
    run: ExperimentRun
    """What to play."""
    patience: float = 0.0
    """Seconds to wait for another process that is at the run, and may be about to end."""
    log: bool = True
    """Whether what the run prints goes into its log file."""


def play_and_record(job: Job, tell: Callable[[int], None]) -> None:
    """Carry a run through, or go on with it, and write down what came of it; one that has ended is left alone.

    Args:
        job: The run.
        tell: Called with how far it is.

    Raises:
        BusyError: Another process is at the run; nothing was written.
        Exception: The run failed; the failure has been written down.
    """
    folder, run = ExperimentFolder(job.folder), job.run
    with folder.run_locked(run, job.patience):
        if folder.has_ended(run):
            return
        with _output_to(folder.log_file(run) if job.log else None):
            try:
                scores = KINDS[run.kind].play(run.content, folder.folder_of(run), tell)
            except BusyError:
                raise
            except BaseException as error:
                folder.write_failure(run, error_sentence(error), traceback.format_exc())
                raise
        folder.save(run, scores)
        folder.forget_failure(run)


@contextmanager
def _output_to(file: Path | None) -> Iterator[None]:
    """Send what the process prints into a file meanwhile, that of libraries in C too; an empty file is removed."""
    if file is None:
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    before = [os.dup(1), os.dup(2)]
    with open(file, "ab") as stream:
        try:
            for descriptor in (1, 2):
                os.dup2(stream.fileno(), descriptor)
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, saved in zip((1, 2), before, strict=True):
                os.dup2(saved, descriptor)
                os.close(saved)
    with suppress(OSError):
        if file.stat().st_size == 0:
            file.unlink()
