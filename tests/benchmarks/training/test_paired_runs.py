"""Runs with two students: trained, tested, killed, resumed and evaluated like any other."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import numpy as np
import pytest
import torch
from tutelage.benchmarks import TrainConfig, train
from tutelage.benchmarks.evaluate_run import evaluate_run
from tutelage.benchmarks.maze_run import evaluate_run_on_mazes
from tutelage.benchmarks.training.teacher import teacher_of
from tutelage.checkpoints import CheckpointStore
from tutelage.cli import main
from tutelage.errors import RequestError
from tutelage.registry import register_teacher
from tutelage.spaces import TaskSpace
from tutelage.state import load_state
from tutelage.teachers.regret.paired import SpaceBuilders
from tutelage.teachers.teacher import Teacher

from .test_killed_runs import assert_same, assert_same_runs, flat, kill_and_resume

WALK = {
    "env": "small_environments:Walk-v0",
    "teacher": "paired",
    "teacher_args": {"update_levels": 4},
    "n_envs": 2,
    "seed": 3,
    "test_set": "uniform-50",
    "steps": 512,
    "eval_every": 150,
    "checkpoint_every": 120,
    "student_args": {"n_steps": 32, "batch_size": 32, "n_epochs": 2, "normalize_observations": True},
}
MAZE = {
    "env": "Maze",
    "teacher": "paired",
    "n_envs": 8,
    "seed": 3,
    "env_args": {"height": 5, "width": 5, "max_steps": 20},
    "test_set": "uniform-50",
    "teacher_args": {"update_levels": 8},
    "steps": 8 * 16 * 6,
    "eval_every": 300,
    "eval_episodes": 1,
    "checkpoint_every": 200,
    "student_args": {"n_steps": 16, "batch_size": 64, "n_epochs": 1},
}
REPLAY = {"update_levels": 8, "buffer_size": 16, "replay_prob": 0.7, "min_fill": 0.5}
CONFIGS = {
    "walk": WALK,
    "walk-subproc": {**WALK, "vec_env": "subproc"},
    "maze": MAZE,
    "maze-recurrent-builder": {**MAZE, "teacher_args": {"update_levels": 8, "recurrent": True}},
    "maze-repaired": {**MAZE, "teacher": "repaired", "teacher_args": REPLAY},
    "maze-minimax": {**MAZE, "teacher": "minimax"},
}
QUICK = [("walk", [("stepping", 300)]), ("maze-repaired", [("saving", 3)])]
SLOW = [
    (name, [(moment, count)])
    for name in CONFIGS
    for moment, count in [("stepping", 10), ("stepping", 80), ("saving", 2), ("listing", 2), ("evaluating", 70)]
]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    runs = {}

    def get(name):
        if name not in runs:
            runs[name] = tmp_path_factory.mktemp(name) / "run"
            train(TrainConfig(**CONFIGS[name]), runs[name], quiet=True)
        return runs[name]

    return get


def weights(run, file):
    with zipfile.ZipFile(CheckpointStore(run / "checkpoints").latest().path / file) as archive:
        parts = {name: torch.load(io.BytesIO(archive.read(name))) for name in archive.namelist() if name[-3:] == "pth"}
    return flat(parts)


def assert_resumed_alike(name, kills, uninterrupted, folder):
    kill_and_resume(folder, CONFIGS[name], kills)
    assert_same_runs(uninterrupted(name), folder)
    if "minimax" not in name:
        file = "antagonist_student.zip"
        assert_same(weights(uninterrupted(name), file), weights(folder, file))


@pytest.mark.parametrize(("name", "kills"), QUICK, ids=str)
def test_a_killed_and_resumed_pair_ends_like_an_uninterrupted_one(name, kills, uninterrupted, tmp_path):
    assert_resumed_alike(name, kills, uninterrupted, tmp_path / "run")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kills"), SLOW, ids=str)
def test_any_pair_killed_at_any_moment_ends_like_an_uninterrupted_one(name, kills, uninterrupted, tmp_path):
    assert_resumed_alike(name, kills, uninterrupted, tmp_path / "run")


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_of_torch_before_a_run_make_no_difference(threads, uninterrupted, tmp_path):
    torch.set_num_threads(threads)
    train(TrainConfig(**WALK), tmp_path / "run", quiet=True)
    assert_same(load_state(uninterrupted("walk") / "tasks.npz"), load_state(tmp_path / "run" / "tasks.npz"))


def test_the_summary_has_the_steps_of_every_agent(uninterrupted):
    summary = json.loads((uninterrupted("maze") / "summary.json").read_text())
    steps, levels = 8 * 16 * 6, 8 * 6
    edits = levels * (7 + 2)
    assert summary["steps"] == steps
    assert summary["steps_of_all"] == {
        "protagonist": steps,
        "teacher": edits,
        "antagonist": steps,
        "total": 2 * steps + edits,
    }


def test_the_log_has_the_antagonist_apart(uninterrupted):
    with open(uninterrupted("maze") / "progress.csv", newline="") as file:
        *_, last = csv.DictReader(file)
    assert {"train/loss", "antagonist/train/loss", "antagonist/rollout/ep_rew_mean", "teacher/regret"} <= set(last)
    assert last["antagonist/time/total_timesteps"] == last["time/total_timesteps"] == str(8 * 16 * 6)


def test_the_protagonist_is_evaluated_and_the_antagonist_by_a_flag(uninterrupted, tmp_path, capsys):
    run = str(uninterrupted("maze"))
    assert main(["evaluate", run, "--out", str(tmp_path), "--summary-only"]) == 0
    assert main(["evaluate", run, "--out", str(tmp_path), "--summary-only", "--antagonist"]) == 0
    assert "(antagonist, ppo under paired" in capsys.readouterr().out
    one, two = (json.loads((tmp_path / f"{stem}.json").read_text()) for stem in ("uniform-50", "antagonist-uniform-50"))
    assert "role" not in one
    assert two["role"] == "antagonist"
    assert (one["mean_return"], one["mean_length"]) != (two["mean_return"], two["mean_length"])


def test_the_antagonist_plays_a_suite_of_mazes(uninterrupted, tmp_path):
    text = evaluate_run_on_mazes(
        uninterrupted("maze"), "fixed-8", episodes=1, out=tmp_path, summary_only=True, antagonist=True
    )
    assert "antagonist, ppo under paired" in text
    assert [file.name for file in tmp_path.glob("*.json")] == ["antagonist-fixed-8-T250.json"]


def test_a_run_without_an_antagonist_says_so(cartpole_run, tmp_path):
    with pytest.raises(RequestError, match="has no antagonist: alp-gmm needs none"):
        evaluate_run(cartpole_run, out=tmp_path, antagonist=True)


def test_an_off_policy_student_is_refused_before_anything_is_written(tmp_path):
    config = TrainConfig(**{**WALK, "student": "sac", "student_args": {}})
    with pytest.raises(RequestError, match="SAC has no rollouts, in which PAIRED compares"):
        train(config, tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


# --- What an environment offers --------------------------------------------------------------------------------------


class Env:
    """Offers what it is told to."""

    def __init__(self, **attributes):
        self.attributes = attributes

    def has_wrapper_attr(self, name):
        return name in self.attributes

    def get_wrapper_attr(self, name):
        return self.attributes[name]


class Demanding(Teacher):
    """Cannot do without a builder."""

    def __init__(self, task_space, *, seed=None, builder, mutate=None):
        super().__init__(task_space, seed=seed)
        self.builder, self.mutate = builder, mutate

    def _sample(self, n):
        return self.task_space.sample(n, self.rng)

    def _update(self, outcomes):
        pass


SPACE = TaskSpace(x=(0.0, 1.0))


@pytest.fixture(autouse=True, scope="module")
def demanding():
    from tutelage import registry

    register_teacher("demanding", Demanding, replace=True)
    yield
    del registry._TEACHERS["demanding"]


def test_a_teacher_gets_what_it_takes_and_the_environment_offers():
    config = TrainConfig("Some-v0", "demanding")
    teacher = teacher_of(config, SPACE, Env(level_builder="builder", mutate="mutate"))
    assert (teacher.builder, teacher.mutate) == ("builder", "mutate")


def test_what_is_not_offered_and_not_needed_is_left_out():
    assert teacher_of(TrainConfig("Some-v0", "demanding"), SPACE, Env(level_builder="builder")).mutate is None


def test_what_a_teacher_cannot_do_without_is_named_where_it_is_missing():
    with pytest.raises(
        RequestError, match="teacher demanding needs a builder, but Some-v0 has no attribute level_builder"
    ):
        teacher_of(TrainConfig("Some-v0", "demanding"), SPACE, Env(mutate="mutate"))


def test_paired_takes_the_builder_of_the_environment_or_builds_by_dimensions():
    builders = SpaceBuilders(SPACE)
    config = TrainConfig("Some-v0", "paired")
    assert teacher_of(config, SPACE, Env(level_builder=builders)).builder is builders
    assert isinstance(teacher_of(config, SPACE, Env()).builder, SpaceBuilders)


def test_the_episodes_of_the_protagonist_are_in_the_log_of_tasks(uninterrupted):
    log = load_state(uninterrupted("walk") / "tasks.npz")
    assert np.isfinite(log["returns"]).sum() > 15
