"""Evaluation: deterministic by seed, and without a trace in the training."""

from __future__ import annotations

import random

import gymnasium as gym
import numpy as np
import pytest
import torch
from small_environments import Walk
from tutelage import TaskSpace, make_teacher
from tutelage.benchmarks import evaluate
from tutelage.benchmarks.environments import EnvironmentMaker
from tutelage.benchmarks.evaluation import Evaluation
from tutelage.benchmarks.native_batch import native_batch
from tutelage.benchmarks.training.evaluation_log import EvaluationLog
from tutelage.envs import MazeEnv, MazeSpace, MazeVecEnv
from tutelage.errors import RunError
from tutelage.state import load_state, save_state
from tutelage.students import TeacherCallback, make_student
from tutelage.wrappers import TaskFunction, make_curriculum_vec_env

TASKS = Walk.task_space.sample(7, np.random.default_rng(0))


def student(name="ppo", env=Walk, **kwargs):
    venv = make_curriculum_vec_env(env, make_teacher("random", Walk.task_space, seed=0), n_envs=2, seed=0)
    small = {"n_steps": 32, "batch_size": 32} if "ppo" in name else {"learning_starts": 10, "buffer_size": 100}
    return make_student(name, venv, seed=0, **small, **kwargs).learn(64, callback=TeacherCallback())


@pytest.fixture(scope="module")
def normalised():
    return student(normalize_observations=True)


def same(a, b):
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("returns", "lengths", "success"))


@pytest.mark.parametrize("name", ["ppo", "recurrent-ppo", "sac"])
def test_the_result_is_the_same_for_a_seed(name):
    one = student(name)
    assert same(*(evaluate(one, Walk, TASKS, episodes=2, seed=5) for _ in range(2)))
    assert not same(*(evaluate(one, Walk, TASKS, episodes=2, seed=seed) for seed in (5, 6)))


def test_the_global_random_generators_are_left_as_they_were(normalised):
    class Greedy(Walk):
        def step(self, action):
            random.random()
            np.random.random()  # noqa: NPY002
            torch.rand(1)
            return super().step(action)

    def draw():
        return random.random(), np.random.random(), float(torch.rand(1))  # noqa: NPY002

    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(3)
    expected = draw()
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(3)
    evaluate(normalised, Greedy, TASKS, normalize=normalised.get_vec_normalize_env())
    assert draw() == expected


def test_the_statistics_of_the_normalisation_are_used_and_left_as_they_were(normalised):
    normalization = normalised.get_vec_normalize_env()
    before = normalization.obs_rms.mean.copy(), normalization.obs_rms.count
    one = evaluate(normalised, Walk, TASKS, normalize=normalization)
    assert (normalization.obs_rms.mean == before[0]).all()
    assert normalization.obs_rms.count == before[1]
    assert not same(one, evaluate(normalised, Walk, TASKS))


def test_the_training_environments_are_left_alone(normalised):
    envs = normalised.get_env().venv.venv.envs
    before = [env.unwrapped.episodes for env in envs]
    evaluate(normalised, Walk, TASKS)
    assert [env.unwrapped.episodes for env in envs] == before


@pytest.mark.parametrize("n_envs", [1, 3, 50])
def test_any_number_of_environments_plays_every_episode(n_envs):
    class Still:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            return np.zeros((len(observation), 1), np.float32), None

    assert same(*(evaluate(Still(), Walk, TASKS, episodes=3, n_envs=n) for n in (n_envs, 16)))


def test_discrete_and_dict_observations_can_be_evaluated():
    for observations in ("discrete", "dict"):
        one = student(env=lambda observations=observations: Walk(observations=observations))
        result = evaluate(one, lambda observations=observations: Walk(observations=observations), TASKS)
        assert np.isfinite(result.returns).all()


def test_a_table_environment_with_a_function_as_task_is_trained_and_evaluated():
    space = TaskSpace(slip=(0.0, 0.9))

    def make():
        return TaskFunction(gym.make("FrozenLake-v1"), space, lambda env, task: None)

    venv = make_curriculum_vec_env(make, make_teacher("random", space, seed=0), n_envs=1, seed=0)
    one = make_student("dqn", venv, seed=0, learning_starts=10, buffer_size=100).learn(50, callback=TeacherCallback())
    result = evaluate(one, make, space.grid(3), success_above=0.5)
    assert set(result.success.ravel().tolist()) <= {0.0, 1.0}


def test_a_task_outside_the_space_is_refused_by_name():
    with pytest.raises(ValueError, match="push"):
        evaluate(None, Walk, [[10, 3.0]])


def test_no_task_is_refused():
    with pytest.raises(ValueError, match="at least one task"):
        evaluate(None, Walk, np.empty((0, 2)))


def test_a_parameter_named_like_a_score_keeps_its_value_in_the_rows():
    result = Evaluation(Walk.task_space, TASKS[:1], np.ones((1, 1)), np.full((1, 1), 9), np.full((1, 1), np.nan))
    (row,) = result.rows()
    assert (row["task_length"], row["length"], row["mastered"]) == (int(TASKS[0, 0]), 9.0, None)


# --- Environments that are batched natively --------------------------------------------------------------------------


class Marked(gym.Wrapper):
    """Changes nothing, but evaluation cannot know that."""


def make_maze(**kwargs):
    return gym.make("tutelage/Maze-v0", **{"max_steps": 40, "height": 5, "width": 5, **kwargs})


@pytest.mark.parametrize("kwargs", [{}, {"observation": "flat", "n_actions": 3}, {"view": "full"}], ids=str)
@pytest.mark.parametrize("name", ["ppo", "recurrent-ppo"])
def test_a_batch_gives_the_same_result_as_single_environments(name, kwargs, monkeypatch):
    space = {"max_steps": 40, "height": 5, "width": 5, **kwargs}
    small = {"n_steps": 64, "batch_size": 64, "n_epochs": 1}
    if name == "recurrent-ppo":
        small["policy_kwargs"] = {"lstm_hidden_size": 8}
    one = make_student(name, MazeEnv.vec_env(4, seed=0, **space), seed=0, **small).learn(256)
    tasks = MazeSpace(5, 5, walls=5).sample(20, np.random.default_rng(0))
    made = []
    monkeypatch.setattr(MazeVecEnv, "reset", lambda self, reset=MazeVecEnv.reset: made.append(1) or reset(self))
    batch = evaluate(one, lambda: make_maze(**kwargs), tasks, episodes=2, n_envs=16)
    assert len(made) == 1
    single = evaluate(one, lambda: Marked(make_maze(**kwargs)), tasks, episodes=2, n_envs=16)
    assert len(made) == 1
    assert same(batch, single)
    assert not np.isnan(batch.success).any()


def test_a_batch_is_used_by_default_for_an_environment_of_the_command_line():
    make_env = EnvironmentMaker("tutelage/Maze-v0", {"observation": "flat"})
    assert isinstance(native_batch(make_env(), 3, seed=0), MazeVecEnv)
    assert native_batch(make_env(), 3, seed=0).num_envs == 3


@pytest.mark.parametrize(
    "env",
    [
        lambda: gym.make("CartPole-v1"),
        lambda: MazeEnv(),
        lambda: Marked(make_maze()),
        lambda: gym.make("tutelage/Maze-v0", max_episode_steps=10),
    ],
)
def test_a_batch_is_not_used_where_it_might_behave_differently(env):
    assert native_batch(env(), 3, seed=0) is None


@pytest.mark.parametrize("n_envs", [1, 7, 100])
def test_a_batch_of_any_size_plays_every_episode(n_envs):
    class Ahead:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            return np.full(len(episode_start), 2), None

    tasks = MazeSpace(5, 5).sample(10, np.random.default_rng(0))
    told = []
    result = evaluate(Ahead(), make_maze, tasks, episodes=3, n_envs=n_envs, progress=lambda *n: told.append(n))
    assert same(result, evaluate(Ahead(), make_maze, tasks, episodes=3))
    assert told == [(i, 30) for i in range(1, 31)]


def test_a_stochastic_student_is_the_same_for_a_seed():
    class Chance:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            return torch.randint(3, (len(episode_start),)).numpy(), None

    tasks = MazeSpace(5, 5).sample(10, np.random.default_rng(0))
    for make in (make_maze, lambda: Marked(make_maze())):
        one, again, other = (evaluate(Chance(), make, tasks, seed=seed, deterministic=False) for seed in (1, 1, 2))
        assert same(one, again)
        assert not same(one, other)


class Broken(MazeEnv):
    """A maze whose batch fails."""

    how = "raise"

    @classmethod
    def vec_env(cls, n_envs, seed=None, **kwargs):
        class Batch(MazeVecEnv):
            def step_wait(self):
                observations, rewards, dones, infos = super().step_wait()
                if cls.how == "raise":
                    raise ZeroDivisionError("the wall is gone")
                rewards[1] = np.nan
                return observations, rewards, dones, infos

        return Batch(n_envs, seed=seed, **kwargs)


gym.register("Broken-v0", entry_point=Broken)


@pytest.mark.parametrize(
    ("how", "message"),
    [("raise", "ZeroDivisionError: the wall is gone"), ("nan", r"a reward that is NaN .* on the test task \[0, 0")],
)
def test_a_batch_that_fails_is_reported(how, message, monkeypatch):
    class Still:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            return np.full(len(episode_start), 6), None

    monkeypatch.setattr(Broken, "how", how)
    tasks = MazeSpace(13, 13, walls=0).sample(4, np.random.default_rng(0))
    with pytest.raises(RunError, match=message):
        evaluate(Still(), lambda: gym.make("Broken-v0"), tasks)


# --- On disk ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def log():
    found = EvaluationLog(TASKS, "seven")
    for step in (100, 200, 300):
        shape = (len(TASKS), 2)
        found.add(
            step, Evaluation(Walk.task_space, TASKS, np.full(shape, step * 1.0), np.ones(shape, int), np.ones(shape))
        )
    return found


def test_evaluations_are_loaded_as_they_were_saved(log, tmp_path):
    log.save(tmp_path / "evaluations.npz")
    loaded = EvaluationLog.load(tmp_path / "evaluations.npz")
    assert (loaded.steps, loaded.test_set, loaded.mastered.tolist()) == ([100, 200, 300], "seven", [100.0] * 3)
    np.testing.assert_array_equal(loaded.returns, log.returns)


def test_later_evaluations_are_dropped(log):
    log.truncate(200)
    assert log.steps == [100, 200]
    assert len(log) == len(log.returns) == 2


@pytest.mark.parametrize("change", [{"steps": None}, {"returns": np.zeros(3)}, {"steps": np.zeros(2)}, {"tasks": "x"}])
def test_damaged_evaluations_are_named(log, change, tmp_path):
    file = tmp_path / "evaluations.npz"
    log.save(file)
    save_state(file, {name: value for name, value in {**load_state(file), **change}.items() if value is not None})
    with pytest.raises(RunError, match=r"evaluations\.npz is damaged"):
        EvaluationLog.load(file)


def test_an_environment_may_change_the_array_of_its_task():
    class Changing(Walk):
        def reset(self, *, seed=None, options=None):
            result = super().reset(seed=seed, options=options)
            options["task"] *= 0.5
            return result

    tasks = TASKS.copy()
    changed = evaluate(student(), Changing, tasks, episodes=3)
    assert same(changed, evaluate(student(), Walk, TASKS, episodes=3))
    assert np.array_equal(changed.tasks, TASKS)
