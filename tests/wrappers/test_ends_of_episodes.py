"""Who tells the return of an episode, whatever counts and whatever ends it."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import tutelage
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit
from stable_baselines3.common.monitor import Monitor
from tutelage.wrappers import CurriculumEnv, TaskAttributes, make_curriculum_vec_env, make_curriculum_vector_env

SPACE = tutelage.TaskSpace(length=(0.2, 2.0))
BUILDERS = pytest.mark.parametrize("build", [make_curriculum_vec_env, make_curriculum_vector_env])


class Told:
    """Listens to what the teacher is told."""

    def __init__(self):
        self.returns, self.lengths = [], []

    def on_tasks(self, tasks, indices):
        pass

    def on_outcomes(self, outcomes):
        self.returns += outcomes.returns.tolist()
        self.lengths += outcomes.lengths.tolist()


def told(build, make, steps=80, **arguments):
    env, listener = build(make, tutelage.make_teacher("random", SPACE, seed=0), 2, seed=0, **arguments), Told()
    env.add_listener(listener)
    env.reset()
    for _ in range(steps):
        env.step(np.zeros(2, dtype=int))
    env.close()
    return listener


def pole():
    return TaskAttributes(gym.make("CartPole-v1"), SPACE)


@BUILDERS
def test_an_episode_that_a_wrapper_outside_the_statistics_ends_has_its_return(build):
    found = told(build, "CartPole-v1", wrapper_class=lambda env: TimeLimit(TaskAttributes(env, SPACE), 9))
    assert found.returns == found.lengths
    assert max(found.lengths) == 9
    assert min(found.lengths) > 0


@BUILDERS
@pytest.mark.parametrize("statistics", [RecordEpisodeStatistics, Monitor])
def test_an_environment_that_has_statistics_already_is_taken(build, statistics):
    assert told(build, lambda: statistics(pole())).returns == told(build, pole).returns


class Single(gym.Wrapper):
    """Rewards of another type, which add up to another sum."""

    def step(self, action):
        observation, _, terminated, truncated, info = self.env.step(action)
        return observation, np.float32(np.sin(7.0 * observation[2])), terminated, truncated, info


def test_rewards_of_another_type_have_the_same_returns_everywhere():
    one, other = (
        told(build, lambda: Single(pole())) for build in (make_curriculum_vec_env, make_curriculum_vector_env)
    )
    assert one.returns == other.returns


class Boasting(gym.Wrapper):
    """Has something of its own to say about episodes."""

    def __init__(self, env, word):
        super().__init__(env)
        self.word = word

    def step(self, action):
        *result, info = self.env.step(action)
        return (*result, {**info, "episode": self.word})


@pytest.mark.parametrize("word", [{"r": 99.0, "l": 99}, 7], ids=str)
def test_what_an_environment_says_of_itself_is_not_taken_for_statistics(word):
    env, listener = CurriculumEnv(Boasting(pole(), word), tutelage.make_teacher("random", SPACE, seed=0)), Told()
    env.add_listener(listener)
    env.reset(seed=0)
    while not listener.returns:
        env.step(0)
    assert listener.returns[0] < 20


def test_an_environment_may_take_the_task_out_of_its_options():
    class Popping(gym.Wrapper):
        def reset(self, *, seed=None, options=None):
            task = options.pop("task")
            return self.env.reset(seed=seed, options={"task": task})

    env = CurriculumEnv(Popping(pole()), tutelage.make_teacher("random", SPACE, seed=0))
    assert env.reset(seed=0)[1]["task"] == env.current_tasks[0]


def test_methods_and_attributes_of_the_environments_are_reached():
    env = make_curriculum_vector_env(pole, tutelage.make_teacher("random", SPACE, seed=0), 2, seed=0)
    env.set_attr("gravity", [1.0, 2.0])
    assert env.get_attr("gravity") == env.call("gravity") == (1.0, 2.0)


@pytest.mark.parametrize(
    ("space", "off"),
    [(tutelage.TaskSpace(layout=range(10_000_000)), 10), (tutelage.TaskSpace(friction=(0.0, 1e-5)), 9e-6)],
    ids=["a wide range", "a tiny range"],
)
def test_a_task_that_is_nearly_the_one_given_is_another(space, off):
    from tutelage.wrappers.checks import same_task

    task = space.low
    assert same_task(task, task.astype(np.float32), space)
    assert not same_task(task, task + off, space)
