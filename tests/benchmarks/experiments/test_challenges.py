"""Rugged task spaces and students that forget, in runs."""

from __future__ import annotations

import numpy as np
import pytest
from tutelage import cli_flags
from tutelage.benchmarks import TrainConfig, resume, train
from tutelage.benchmarks.environments import EnvironmentMaker
from tutelage.benchmarks.experiments.training_runs import train_command
from tutelage.benchmarks.training.parts import RunParts
from tutelage.benchmarks.training.saved_run import SavedRun
from tutelage.checkpoints import CheckpointStore
from tutelage.cli_parsing import parse_flags
from tutelage.errors import RequestError
from tutelage.run_directory import RunDirectory
from tutelage.state import load_state
from tutelage.task_log import TaskLog
from tutelage.wrappers import ShuffledTasks

COMMON = {
    "env": "small_environments:Walk-v0",
    "teacher_args": {"fit_rate": 10, "n_bootstrap": 10},
    "n_envs": 2,
    "test_set": "uniform-50",
    "steps": 512,
    "eval_every": 512,
    "checkpoint_every": 120,
    "student_args": {"n_steps": 32, "batch_size": 32, "n_epochs": 1},
}


def final_teacher(folder):
    checkpoint = CheckpointStore(RunDirectory.open(folder).checkpoints_folder).latest()
    return load_state(checkpoint.path / "teacher.npz"), checkpoint.meta


def test_a_forgetting_student_that_was_interrupted_goes_on_bit_for_bit(tmp_path, monkeypatch):
    from tutelage.students import TeacherCallback

    config = TrainConfig(**COMMON, forget_every=200, seed=3)
    train(config, tmp_path / "whole", quiet=True)
    calls, step = [], TeacherCallback._on_step

    def cut(self):
        calls.append(1)
        if len(calls) == 140:  # 280 steps: the student has forgotten once
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(TeacherCallback, "_on_step", cut)
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "cut", quiet=True)
    monkeypatch.setattr(TeacherCallback, "_on_step", step)
    resume(tmp_path / "cut", quiet=True)
    logs = [TaskLog.load(RunDirectory.open(tmp_path / name).tasks_file) for name in ("whole", "cut")]
    assert np.array_equal(logs[0].returns, logs[1].returns, equal_nan=True)
    assert np.array_equal(logs[0].tasks, logs[1].tasks)
    assert final_teacher(tmp_path / "whole")[1]["forgotten"] == 2


def test_forgetting_changes_the_run(tmp_path):
    for name, every in (("never", None), ("often", 100)):
        train(TrainConfig(**COMMON, forget_every=every), tmp_path / name, quiet=True)
    logs = [TaskLog.load(RunDirectory.open(tmp_path / name).tasks_file) for name in ("never", "often")]
    assert not np.array_equal(logs[0].returns, logs[1].returns, equal_nan=True)


def test_a_rugged_run_is_trained_and_tested_in_the_same_shuffled_space(tmp_path):
    train(TrainConfig(**{**COMMON, "steps": 128}, rugged=True, seed=5), tmp_path / "run", quiet=True)
    env = SavedRun.open(tmp_path / "run").make_env()
    assert (
        env.get_wrapper_attr("order").tolist()
        == ShuffledTasks(EnvironmentMaker("small_environments:Walk-v0")(), seed=5).order.tolist()
    )


def test_the_command_of_a_rugged_run_can_be_given():
    words = train_command(TrainConfig("StumpTracks", "random", rugged=True, seed=3), "runs/a").split()
    assert parse_flags(cli_flags.Train, words[2:], "train").rugged is True


def test_mazes_are_not_played_as_one_batch_where_they_are_rugged():
    assert RunParts(TrainConfig("MazeParameters", "random")).config.vec_env == "native"
    assert RunParts(TrainConfig("MazeParameters", "random", rugged=True)).config.vec_env == "dummy"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"env": "Maze", "teacher": "random", "rugged": True}, "Maze-v0 cannot be rugged: .*continuous dimension"),
        ({"env": "Maze", "teacher": "paired", "forget_every": 9}, "forget_every is for teachers with one student"),
        ({"env": "Maze", "forget_every": 0}, "forget_every must be a whole number of at least 1"),
        ({"env": "Maze", "rugged": "yes"}, "rugged must be true or false"),
    ],
)
def test_what_does_not_fit_is_refused(settings, said):
    with pytest.raises(RequestError, match=said):
        RunParts(TrainConfig(**settings))
