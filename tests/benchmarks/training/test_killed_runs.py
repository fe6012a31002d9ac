"""A run killed with SIGKILL and resumed ends like one that was never interrupted, bit for bit."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from tutelage.benchmarks import TrainConfig, resume, train
from tutelage.checkpoints import CheckpointStore
from tutelage.run_directory import RunDirectory
from tutelage.state import load_state
from tutelage.task_log import TaskLog

DRIVER = Path(__file__).parents[1] / "killed_run.py"

COMMON = {
    "env": "small_environments:Walk-v0",
    "teacher_args": {"fit_rate": 10, "n_bootstrap": 10},
    "n_envs": 2,
    "seed": 3,
    "test_set": "uniform-50",
    "steps": 512,
    "eval_every": 150,
    "checkpoint_every": 120,
}
PPO = {"n_steps": 32, "batch_size": 32, "n_epochs": 2, "normalize_observations": True}
OFF_POLICY = {
    "learning_starts": 100,
    "batch_size": 16,
    "buffer_size": 300,
    "normalize_observations": True,
    "policy_kwargs": {"net_arch": [16]},
}
CONFIGS = {
    "ppo": {**COMMON, "student": "ppo", "student_args": PPO},
    "ppo-subproc": {**COMMON, "student": "ppo", "student_args": PPO, "vec_env": "subproc"},
    "ppo-sde": {**COMMON, "student": "ppo", "student_args": {**PPO, "use_sde": True}},
    "ppo-dict": {**COMMON, "student": "ppo", "student_args": PPO, "env_args": {"observations": "dict"}},
    "a2c-one-env": {**COMMON, "student": "a2c", "n_envs": 1},
    "sac": {**COMMON, "student": "sac", "student_args": OFF_POLICY},
    "sac-sde": {**COMMON, "student": "sac", "student_args": {**OFF_POLICY, "use_sde": True}},
    "td3": {**COMMON, "student": "td3", "student_args": {**OFF_POLICY, "action_noise_std": 0.1}},
    "dqn": {**COMMON, "student": "dqn", "student_args": OFF_POLICY, "env_args": {"actions": "discrete"}},
    "recurrent-ppo": {
        **COMMON,
        "student": "recurrent-ppo",
        "student_args": {**PPO, "policy_kwargs": {"lstm_hidden_size": 8}},
    },
}

QUICK = [
    ("ppo", [("stepping", 25)]),  # before the first checkpoint
    ("ppo", [("saving", 2), ("listing", 2)]),  # twice, each time while a checkpoint is written
    ("sac", [("stepping", 150)]),  # between checkpoints
]
SLOW = [
    (name, [(moment, count)])
    for name in CONFIGS
    for moment, count in [
        ("stepping", 10), ("stepping", 170), ("saving", 1), ("saving", 3), ("listing", 3), ("pruning", 1),
        ("noting", 2), ("evaluating", 70), ("logging", 1 if "a2c" in name else 4), ("concluding", 1),
    ]
] + [(name, [("pruning", 1), ("stepping", 3), ("saving", 1), ("evaluating", 1)]) for name in CONFIGS] + [
    ("ppo-subproc", [("evaluating", 120)]), ("recurrent-ppo", [("logging", 5)]),
]  # fmt: skip


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Runs that were never interrupted, by name, each trained once."""
    runs: dict[str, Path] = {}

    def get(name):
        if name not in runs:
            runs[name] = tmp_path_factory.mktemp(name) / "run"
            train(TrainConfig(**CONFIGS[name]), runs[name], quiet=True)
        return runs[name]

    return get


def kill_and_resume(folder, config, kills):
    for i, (moment, count) in enumerate(kills):
        words = [str(folder), json.dumps(None if i else config), moment, str(count)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, DRIVER, *words], capture_output=True, text=True, env=environment)
        assert done.returncode == -signal.SIGKILL, done.stderr
    return resume(folder, quiet=True)


def weights(folder):
    """The last checkpoint's weights, optimizers included, by name."""
    with zipfile.ZipFile(folder / "student.zip") as archive:
        parts = {name: torch.load(io.BytesIO(archive.read(name))) for name in archive.namelist() if name[-3:] == "pth"}
    return flat(parts)


def flat(value, name=""):
    if isinstance(value, dict):
        return {key: item for part in value for key, item in flat(value[part], f"{name}/{part}").items()}
    if isinstance(value, (list, tuple)):
        return flat(dict(enumerate(value)), name)
    return {name: value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)}


def assert_same(a, b):
    a, b = flat(a), flat(b)
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def progress(run):
    with open(run / "progress.csv", newline="") as file:
        return [without_clocks(row) for row in csv.DictReader(file)]


def without_clocks(row):
    clocks = ("time/fps", "time/time_elapsed", "time/iterations", "teacher/fit_seconds")  # of the session
    return {name: value for name, value in row.items() if name not in clocks}


def assert_same_runs(a, b):
    for name in ("tasks.npz", "evaluations.npz"):
        assert_same(load_state(a / name), load_state(b / name))
    one, two = (CheckpointStore(run / "checkpoints").latest() for run in (a, b))
    assert one.step == two.step
    metas = [{**checkpoint.meta, "log": without_clocks(checkpoint.meta["log"])} for checkpoint in (one, two)]
    assert_same(*metas)
    assert sorted(file.name for file in one.path.iterdir()) == sorted(file.name for file in two.path.iterdir())
    for file in one.path.glob("*.npz"):
        assert_same(load_state(file), load_state(two.path / file.name))
    assert_same(weights(one.path), weights(two.path))
    assert progress(a) == progress(b)
    summaries = [RunDirectory.open(run).read_summary() for run in (a, b)]
    assert [{**summary, "seconds_of_last_session": 0} for summary in summaries] == [
        {**summaries[0], "seconds_of_last_session": 0}
    ] * 2
    assert not [path for path in b.rglob(".*") if path.name.startswith((".writing", ".removing"))]


@pytest.mark.parametrize(("name", "kills"), QUICK, ids=str)
def test_a_killed_and_resumed_run_ends_like_an_uninterrupted_one(name, kills, uninterrupted, tmp_path):
    kill_and_resume(tmp_path / "run", CONFIGS[name], kills)
    assert_same_runs(uninterrupted(name), tmp_path / "run")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kills"), SLOW, ids=str)
def test_a_run_of_any_student_killed_at_any_moment_ends_like_an_uninterrupted_one(name, kills, uninterrupted, tmp_path):
    kill_and_resume(tmp_path / "run", CONFIGS[name], kills)
    assert_same_runs(uninterrupted(name), tmp_path / "run")


def test_the_same_configuration_gives_the_same_run_again(uninterrupted, tmp_path):
    config = TrainConfig.from_mapping(RunDirectory.open(uninterrupted("ppo")).config)
    train(config, tmp_path / "run", quiet=True)
    assert_same_runs(uninterrupted("ppo"), tmp_path / "run")


def test_worker_processes_make_no_difference(uninterrupted):
    one, two = (load_state(uninterrupted(name) / "tasks.npz") for name in ("ppo", "ppo-subproc"))
    assert_same(one, two)


@pytest.mark.parametrize("vec_env", ["dummy", pytest.param("subproc", marks=pytest.mark.slow)])
def test_the_clocks_of_wrappers_go_on_where_they_were(vec_env, tmp_path):
    small = {"n_steps": 32, "batch_size": 64, "n_epochs": 1}
    config = TrainConfig("small_environments:Budgeted-v0", "random", steps=384, n_envs=2, vec_env=vec_env,
                         student_args=small, eval_every=10_000, checkpoint_every=128)  # fmt: skip
    train(config, tmp_path / "run", quiet=True)
    before = TaskLog.load(tmp_path / "run" / "tasks.npz")
    (tmp_path / "run" / "summary.json").unlink()
    shutil.rmtree(sorted((tmp_path / "run" / "checkpoints").iterdir())[-1])
    resume(tmp_path / "run", quiet=True)
    after = TaskLog.load(tmp_path / "run" / "tasks.npz")
    assert np.array_equal(before.returns, after.returns, equal_nan=True)
