"""What a run does where its configuration does not say, and natively batched environments."""

from __future__ import annotations

import pytest
from tutelage.benchmarks import TrainConfig, train
from tutelage.benchmarks.training.parts import RunParts
from tutelage.errors import RequestError
from tutelage.run_directory import RunDirectory
from tutelage.wrappers import CurriculumVecEnv


@pytest.mark.parametrize(
    ("settings", "preset", "observation", "n_envs"),
    [
        ({}, "maze", "flat", 256),
        ({"env_args": {"observation": "dict"}}, "maze-conv", "dict", 256),
        ({"student": "recurrent-ppo"}, "maze-lstm", None, 32),
        ({"preset": "maze", "n_envs": 4}, "maze", "flat", 4),
        ({"preset": "maze", "env_args": {"n_actions": 7}}, "maze", "flat", 256),
    ],
)
def test_a_student_of_mazes_gets_the_observations_it_is_made_for(settings, preset, observation, n_envs):
    parts = RunParts(TrainConfig("Maze", "random", **settings))
    assert (parts.config.preset, parts.config.env_args.get("observation"), parts.config.n_envs) == (
        preset,
        observation,
        n_envs,
    )


def test_arguments_that_were_given_stay():
    parts = RunParts(TrainConfig("Maze", "random", env_args={"n_actions": 7}))
    assert parts.config.env_args == {"observation": "flat", "n_actions": 7, "visits": True}


def test_mazes_are_played_as_one_batch_by_default():
    parts = RunParts(TrainConfig("Maze", "random", n_envs=3))
    assert parts.config.vec_env == "native"
    with parts.environments() as venv:
        assert isinstance(venv, CurriculumVecEnv)
        assert type(venv.venv).__name__ == "MazeVecEnv"
        assert not venv.venv.autoreset


def test_other_environments_are_played_one_after_the_other():
    assert RunParts(TrainConfig("StumpTracks", "random")).config.vec_env == "dummy"


@pytest.mark.parametrize("settings", [{}, {"task": ["length=0.2:2.0"]}])
def test_a_batch_where_there_is_none_is_refused(settings):
    name = "CartPole-v1" if settings else "StumpTracks"
    parts = RunParts(TrainConfig(name, "random", vec_env="native", **settings))
    with pytest.raises(RequestError, match="no native batch"), parts.environments():
        pass


def test_accel_gets_the_edits_of_the_environment():
    assert callable(RunParts(TrainConfig("Maze", "accel", n_envs=2)).teacher.mutate)


def test_the_same_run_on_a_batch_and_on_single_mazes_hands_out_the_same_tasks(tmp_path):
    logs = []
    for vec_env in ("native", "dummy"):
        config = TrainConfig(
            "Maze",
            "plr",
            n_envs=4,
            steps=1_024,
            vec_env=vec_env,
            env_args={"height": 5, "width": 5, "max_steps": 20},
            student_args={"rollout_steps": 256, "batch_size": 64},
            teacher_args={"buffer_size": 16, "min_fill": 0.1},
            test_set="uniform-50",
            eval_every=1_024,
        )
        train(config, tmp_path / vec_env, quiet=True)
        from tutelage.task_log import TaskLog

        logs.append(TaskLog.load(RunDirectory.open(tmp_path / vec_env).tasks_file))
    assert len(logs[0]) == len(logs[1]) > 40
    assert (logs[0].tasks == logs[1].tasks).all()
    assert logs[0].tasks.dtype == "uint8"


@pytest.mark.parametrize(("name", "most"), [("torch_threads", 1024), ("eval_episodes", 100_000)])
def test_numbers_that_would_take_the_machine_down_are_refused(name, most):
    with pytest.raises(RequestError, match=f"{name} must be a whole number between 1 and {most}"):
        TrainConfig("StumpTracks", **{name: most + 1})
