"""The toy space as a Gymnasium environment; what all environments must do is tested in test_environments.py."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import tutelage.envs  # noqa: F401 - registers the environments
from gymnasium.error import ResetNeeded
from tutelage import make_teacher
from tutelage.envs import ToyStudent
from tutelage.wrappers import CurriculumEnv


def play(env, task, seed=None):
    env.reset(seed=seed, options={"task": task})
    return env.step(env.action_space.sample())


def test_an_episode_is_one_step_whose_reward_is_the_competence_after_it():
    env = gym.make("tutelage/ToyGrid-v0")
    rewards = []
    for i in range(3):
        observation, reward, terminated, truncated, info = play(env, [0.05, 0.05], seed=0 if i == 0 else None)
        assert (terminated, truncated, info["is_success"], observation.tolist()) == (True, False, False, [0.0])
        rewards.append(reward)
    assert rewards == [0.01, 0.02, 0.03]


def test_it_is_the_batched_student():
    env = gym.make("tutelage/ToyGrid-v0", form="noisy").unwrapped
    student = ToyStudent("noisy", 7)
    tasks = student.task_space.sample(300, np.random.default_rng(0))
    rewards = [play(env, task, seed=7 if i == 0 else None)[1] for i, task in enumerate(tasks)]
    np.testing.assert_array_equal(rewards, student.play(tasks))


def test_a_reset_with_a_seed_begins_a_new_student_and_one_without_goes_on():
    env = gym.make("tutelage/ToyGrid-v0")
    assert play(env, [0.0, 0.0], seed=0)[1] == 0.01
    assert play(env, [0.0, 0.0])[1] == 0.02
    assert play(env, [0.0, 0.0], seed=0)[1] == 0.01


def test_the_first_reset_needs_no_seed():
    assert play(gym.make("tutelage/ToyGrid-v0", form="classroom-v2"), [0.5, 0.5])[1] in (0.0, 0.01)


def test_success_is_a_competence_above_75():
    env = gym.make("tutelage/ToyGrid-v0").unwrapped
    env.reset(seed=0)
    env.student.competence[0, 0] = 74
    assert [play(env, [0.0, 0.0])[4]["is_success"] for _ in range(2)] == [False, True]


def test_the_action_changes_nothing():
    env = gym.make("tutelage/ToyGrid-v0")
    rewards = []
    for action in (-1.0, 1.0):
        env.reset(seed=0, options={"task": [0.0, 0.0]})
        rewards.append(env.step(np.array([action], np.float32))[1])
    assert rewards == [0.01, 0.01]


def test_a_second_step_is_refused():
    env = gym.make("tutelage/ToyGrid-v0").unwrapped
    play(env, [0.0, 0.0], seed=0)
    with pytest.raises(ResetNeeded, match="an episode is one step"):
        env.step(env.action_space.sample())


def test_explicit_arguments_win_over_those_of_the_form():
    env = gym.make("tutelage/ToyGrid-v0", form="2d-10+20", n_irrelevant=1, n_cells=3).unwrapped
    assert env.task_space.names == ("x0", "x1", "irrelevant_0")
    assert env.config.n_cells == 3


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"form": "ruged"}, ValueError, "Did you mean 'rugged'"),
        ({"n_cell": 5}, TypeError, "Did you mean 'n_cells'"),
        ({"n_cells": 0}, ValueError, "n_cells must be"),
        ({"render_mode": "human"}, ValueError, "render_mode None or 'rgb_array'"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, said):
    from tutelage.envs import ToyGrid

    with pytest.raises(error, match=said):
        ToyGrid(**arguments)


@pytest.mark.parametrize("arguments", [{"n_dims": 1}, {"n_dims": 3}, {"form": "noisy"}, {"form": "2d-100"}])
def test_its_picture_shows_what_is_known(arguments):
    env = gym.make("tutelage/ToyGrid-v0", render_mode="rgb_array", **arguments).unwrapped
    play(env, np.full(env.task_space.n_dims, 0.3), seed=0)
    before = env.render()
    env.student.competence[:] = 100
    assert before.shape == (300, 300, 3)
    assert env.render().mean() > before.mean() + 20


def test_a_teacher_teaches_it_through_the_wrapper():
    env = gym.make("tutelage/ToyGrid-v0")
    teacher = make_teacher("random", env.get_wrapper_attr("task_space"), seed=0)
    wrapped = CurriculumEnv(env, teacher)
    for i in range(200):
        wrapped.reset(seed=0 if i == 0 else None)
        wrapped.step(wrapped.action_space.sample())
    assert teacher.metrics()["outcomes"] == 200
    assert env.unwrapped.student.n_episodes == 200
