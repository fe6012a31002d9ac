"""Ctrl-C and SIGTERM, sent to a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tutelage.benchmarks import resume
from tutelage.checkpoints import CheckpointStore
from tutelage.state import load_state

ROLLOUT = 2 * 512


@pytest.fixture
def start(tmp_path):
    """Start a long run in a process group of its own; returns when it has played some episodes."""
    processes = []

    def begin(*extra, n_steps=512):
        words = [
            *("train", "small_environments:Walk-v0", "--steps", "1e8", "--n-envs", "2", "--out", str(tmp_path / "run")),
            *("--test-set", "uniform-50", "--student-arg", f"n_steps={n_steps}", "--student-arg", "batch_size=512"),
            *extra,
        ]
        walking, messages = tmp_path / "walking", tmp_path / "messages"
        with open(messages, "w") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "tutelage", *words], stdout=subprocess.PIPE, stderr=file, text=True,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "WALKING": str(walking)},
            )  # fmt: skip
        processes.append(process)
        wait_for(process, walking.exists, messages)
        return process

    yield begin
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(process, event, messages):
    while not event():
        assert process.poll() is None, messages.read_text()
        time.sleep(0.01)


def ended(process, messages):
    """Wait for the end; returns the lines on standard error."""
    assert process.communicate(timeout=120)[0] == ""
    err = messages.read_text()
    assert "Traceback" not in err, err
    return err.splitlines()


@pytest.mark.parametrize("vec_env", ["dummy", pytest.param("subproc", marks=pytest.mark.slow)])
def test_ctrl_c_saves_after_the_rollout_and_says_how_to_go_on(vec_env, start, tmp_path):
    process = start("--vec-env", vec_env)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the worker processes, too
    *_, first, last = ended(process, tmp_path / "messages")
    assert process.returncode == 1
    checkpoint = CheckpointStore(tmp_path / "run" / "checkpoints").latest()
    assert checkpoint.step > 0
    assert checkpoint.step % ROLLOUT == 0
    assert first == "Finishing the rollout, then saving; press Ctrl-C again to stop at once."
    assert last == (
        f"tutelage: Stopped after {checkpoint.step:,} steps and saved; `tutelage resume {tmp_path / 'run'}` goes on."
    )
    assert len(load_state(tmp_path / "run" / "tasks.npz")["ids"]) == checkpoint.meta["n_tasks"]


def test_a_stopped_run_goes_on(start, tmp_path):
    process = start()
    process.send_signal(signal.SIGTERM)
    ended(process, tmp_path / "messages")
    assert process.returncode == 1
    step = CheckpointStore(tmp_path / "run" / "checkpoints").latest().step
    config = tmp_path / "run" / "config.yaml"
    config.write_text(config.read_text().replace("steps: 100000000", f"steps: {step + ROLLOUT}"))
    assert resume(tmp_path / "run", quiet=True)["steps"] == step + ROLLOUT


@pytest.mark.parametrize("vec_env", [pytest.param("dummy", marks=pytest.mark.slow), "subproc"])
def test_a_second_ctrl_c_stops_at_once(vec_env, start, tmp_path):
    process = start("--vec-env", vec_env, n_steps=1_000_000)
    os.killpg(process.pid, signal.SIGINT)
    messages = tmp_path / "messages"
    wait_for(process, lambda: "Finishing" in messages.read_text(), messages)
    os.killpg(process.pid, signal.SIGINT)
    lines = ended(process, tmp_path / "messages")
    assert process.returncode == 1
    assert lines[-1].startswith("tutelage: Stopped at once; what was saved before is intact. `tutelage resume ")
