"""A program that trains or resumes a run and kills itself, with SIGKILL, at a chosen moment.

``python killed_run.py FOLDER CONFIG MOMENT COUNT``: CONFIG is JSON for a new run or ``null`` to resume; the process
ends the COUNT-th time it comes to the MOMENT, one of the functions below.
"""

from __future__ import annotations

import json
import os
import signal
import sys


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner, name, count):
    """End the process when a function is called for the count-th time."""
    original, calls = getattr(owner, name), []

    def wrapped(*args, **kwargs):
        calls.append(1)
        if len(calls) == count:
            kill()
        return original(*args, **kwargs)

    setattr(owner, name, wrapped)


def stepping(count):
    """In the middle of a rollout, after a number of calls of ``step``."""
    from tutelage.students import TeacherCallback

    before(TeacherCallback, "_on_step", count)


def saving(count):
    """While a checkpoint is written: the student is there, the teacher is not."""
    from tutelage.students import teacher_callback

    before(teacher_callback, "save_state", count)


def listing(count):
    """While a checkpoint is written: its files are there, the manifest is not."""
    from tutelage import checkpoints

    before(checkpoints, "write_text", count)


def pruning(count):
    """A checkpoint is written, an older one is about to be removed."""
    from tutelage.checkpoints import CheckpointStore

    before(CheckpointStore, "_retire", count)


def noting(count):
    """Between the record of the tasks and the checkpoint that belongs to it."""
    from tutelage.checkpoints import CheckpointStore

    before(CheckpointStore, "writing", count)


def evaluating(count):
    """During an evaluation, after a number of episodes."""
    from tutelage.benchmarks.training.progress_bar import ProgressBar

    before(ProgressBar, "evaluating", count)


def logging(count):
    """While a row of progress.csv is written."""
    from tutelage.benchmarks.training import progress_table

    original, calls = progress_table.ProgressTable.write, []

    def write(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == count:
            self._file.write("1,2")
            self._file.flush()
            kill()
        original(self, *args, **kwargs)

    progress_table.ProgressTable.write = write


def concluding(count):
    """All is done but the summary."""
    from tutelage.run_directory import RunDirectory

    before(RunDirectory, "write_summary", count)


if __name__ == "__main__":
    folder, config, moment, count = sys.argv[1:]
    from tutelage.benchmarks import TrainConfig, resume, train

    globals()[moment](int(count))
    given = json.loads(config)
    if given is None:
        resume(folder)
    else:
        train(TrainConfig(**given), folder)
