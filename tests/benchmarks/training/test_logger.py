"""The log of a run: progress.csv and TensorBoard events."""

from __future__ import annotations

import csv
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tutelage.benchmarks.training.logger import make_logger
from tutelage.benchmarks.training.progress_table import STEP, ProgressTable
from tutelage.errors import RunError
from tutelage.run_directory import RunDirectory


def rows(file):
    with open(file, newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def run(tmp_path):
    return RunDirectory.create(tmp_path / "run", {})


def log(run, steps, upto, **values):
    logger = make_logger(run, steps)
    for step in range(steps + 100, upto + 100, 100):
        for name, value in {STEP: step, "loss": step / 7, **values}.items():
            logger.record(name, value)
        logger.dump(step)
    logger.close()


def test_a_log_goes_on_without_the_rows_after_the_checkpoint(run):
    log(run, 0, 500, epoch=1)
    log(run, 300, 600, epoch=2)
    assert [row[STEP] for row in rows(run.progress_file)] == ["100", "200", "300", "400", "500", "600"]
    assert [row["epoch"] for row in rows(run.progress_file)] == ["1", "1", "1", "2", "2", "2"]


def test_a_log_begins_anew_where_there_is_no_checkpoint(run):
    log(run, 0, 300)
    log(run, 0, 100)
    assert len(rows(run.progress_file)) == 1


def test_new_columns_are_empty_in_older_rows(run):
    log(run, 0, 100)
    log(run, 100, 200, late=np.float32(0.1))
    first, second = rows(run.progress_file)
    assert first["late"] == ""
    assert float(second["late"]) == float(np.float32(0.1))


def test_a_row_cut_off_by_a_kill_is_dropped(run):
    log(run, 0, 300)
    with open(run.progress_file, "a") as file:
        file.write("12")
    log(run, 300, 400)
    assert [row[STEP] for row in rows(run.progress_file)] == ["100", "200", "300", "400"]


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n", b"loss,time/total_timesteps\n1\n", b"\xff\n", b"loss,time/total_timesteps\n1,x\n"]
)
def test_a_damaged_log_is_named(run, content):
    run.progress_file.write_bytes(content)
    with pytest.raises(RunError, match=r"progress\.csv is damaged: .*Delete it"):
        make_logger(run, 100)


def test_a_log_with_text_that_needs_quotes_is_read_back(tmp_path):
    table = ProgressTable(tmp_path / "progress.csv")
    table.write({STEP: 1, "note": 'a "b", c'}, {STEP: (), "note": ()})
    table.write({STEP: 2, "new": True}, {STEP: (), "new": ()})
    table.close()
    assert [row["note"] for row in rows(tmp_path / "progress.csv")] == ['a "b", c', ""]


def test_what_is_excluded_from_the_table_is_left_out(tmp_path):
    table = ProgressTable(tmp_path / "progress.csv")
    table.write({STEP: 1, "secret": 2}, {STEP: (), "secret": ("csv",)})
    table.close()
    assert list(rows(tmp_path / "progress.csv")[0]) == [STEP]


def test_tensorboard_reads_the_numbers_and_forgets_those_after_the_checkpoint(run):
    log(run, 0, 500)
    log(run, 300, 400)
    events = EventAccumulator(str(run.path))
    events.Reload()
    found = {event.step: event.value for event in events.Scalars("loss")}
    assert found == {step: pytest.approx(step / 7) for step in (100, 200, 300, 400)}


def test_a_progress_bar_is_shown_on_a_terminal(tmp_path):
    words = ["train", "small_environments:Walk-v0", "--steps", "512", "--n-envs", "1", "--out", str(tmp_path / "run"),
             "--student-arg", "n_steps=256", "--student-arg", "n_epochs=1"]  # fmt: skip
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "TERM": "xterm"}
    process = subprocess.Popen([sys.executable, "-m", "tutelage", *words], stdout=subprocess.DEVNULL, stderr=terminal,
                               env=environment)  # fmt: skip
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(main, 4_096):
            shown += part
    except OSError:  # the other end is closed
        pass
    assert process.wait() == 0
    os.close(main)
    assert b"512/512" in shown
    assert b"evaluating" in shown
