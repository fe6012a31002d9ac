"""Several calls of ``learn``: episodes go on between them, and what was broken off is not told."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
import tutelage
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback, EvalCallback
from stable_baselines3.common.vec_env import VecNormalize
from tutelage.errors import RunError
from tutelage.students import Follower, PairedTraining, TeacherCallback, make_student
from tutelage.wrappers import TaskAttributes, make_curriculum_vec_env

SPACE = tutelage.TaskSpace(length=(0.2, 2.0))


def pole():
    return TaskAttributes(gym.make("CartPole-v1", max_episode_steps=24), SPACE)


def teacher_of(name="random"):
    return tutelage.make_teacher(name, SPACE, seed=0)


class Noting(tutelage.Teacher):
    """Notes the signals of each episode."""

    needs = frozenset({"initial_value", "mean_value"})

    def __init__(self, task_space, *, seed=None):
        super().__init__(task_space, seed=seed)
        self.rows = []

    def _sample(self, n):
        return self.task_space.sample(n, self.rng)

    def _update(self, outcomes):
        columns = (outcomes.ids, outcomes.column("initial_value"), outcomes.column("mean_value"))
        self.rows += [[float(value) for value in row] for row in zip(*columns, strict=True)]


def signals(pieces, *, same_callback=True):
    teacher, callback = Noting(SPACE, seed=0), TeacherCallback()
    env = make_curriculum_vec_env(pole, teacher, 1, seed=0)
    student = PPO("MlpPolicy", env, n_steps=16, batch_size=16, learning_rate=0.0, seed=0)
    for i in range(pieces):
        one = callback if same_callback else TeacherCallback()
        student.learn(96 // pieces, callback=one, reset_num_timesteps=i == 0)
    return teacher.rows


@pytest.mark.parametrize("same_callback", [True, False])
def test_signals_of_an_episode_go_on_from_one_call_to_the_next(same_callback):
    whole = signals(1)
    assert len(whole) > 2
    assert signals(6, same_callback=same_callback) == whole


class Stop(BaseCallback):
    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def _on_step(self):
        return self.num_timesteps < self.steps


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("name", ["plr", "random"])
def test_training_goes_on_after_it_was_stopped_inside_a_rollout(name, reset):
    teacher = teacher_of(name)
    env = make_curriculum_vec_env(pole, teacher, 2, seed=0)
    student = PPO("MlpPolicy", env, n_steps=64, batch_size=64, seed=0)
    student.learn(1000, callback=[Stop(100), TeacherCallback()])
    before = teacher.metrics()["outcomes"]
    student.learn(256, callback=TeacherCallback(), reset_num_timesteps=reset)
    assert teacher.metrics()["outcomes"] > before


def test_paired_training_goes_on_after_it_was_stopped_inside_a_rollout():
    teacher = teacher_of("paired")
    protagonist, antagonist = (
        make_student("ppo", make_curriculum_vec_env(pole, who, n_envs=2), seed=seed, n_steps=64, batch_size=32)
        for seed, who in enumerate((teacher, Follower(SPACE)))
    )
    protagonist.learn(1000, callback=[Stop(200), PairedTraining(antagonist)])
    before = teacher.metrics()["outcomes"]
    protagonist.learn(128, callback=PairedTraining(antagonist))
    assert teacher.metrics()["outcomes"] == before + 2


@pytest.mark.parametrize("name", ["ppo", "dqn"])
def test_weights_that_are_no_numbers_are_said_before_anything_is_saved(name, tmp_path):
    from tutelage.checkpoints import CheckpointStore

    store = CheckpointStore(tmp_path)
    sizes = {"n_steps": 32, "batch_size": 32} if name == "ppo" else {"learning_starts": 10**6, "buffer_size": 64}
    student = make_student(name, make_curriculum_vec_env(pole, teacher_of(), n_envs=1), seed=0, **sizes)
    student.learn(32, callback=TeacherCallback(checkpoints=store, checkpoint_every=32))
    with torch.no_grad():
        next(iter(student.policy.parameters())).fill_(np.nan)
    with pytest.raises(RunError, match=r"The weights of the student .* have become NaN or infinite"):
        student.learn(64, callback=TeacherCallback(checkpoints=store, checkpoint_every=32), reset_num_timesteps=False)
    assert store.latest().step == 32


def test_an_action_that_is_no_number_is_not_played():
    space = tutelage.TaskSpace(g=(5.0, 15.0))
    env = make_curriculum_vec_env(
        lambda: TaskAttributes(gym.make("Pendulum-v1"), space), tutelage.make_teacher("random", space, seed=0), 1
    )
    env.reset()
    with pytest.raises(RunError, match="chose an action that is NaN or infinite"):
        env.step(np.full((1, 1), np.nan, dtype=np.float32))


def test_an_evaluation_callback_has_a_curriculum_of_its_own():
    env, test = (VecNormalize(make_curriculum_vec_env(pole, teacher_of(), n), training=n > 1) for n in (2, 1))
    callback = EvalCallback(test, n_eval_episodes=1, eval_freq=32, verbose=0)
    PPO("MlpPolicy", env, n_steps=32, batch_size=32).learn(128, callback=[TeacherCallback(), callback])
    assert callback.best_mean_reward > 0
