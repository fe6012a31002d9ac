"""The adapters that make a task environment out of any other."""

import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from hypothesis import given
from hypothesis import strategies as st
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from stable_baselines3.common.monitor import Monitor
from tutelage import TaskSpace
from tutelage.wrappers import TaskAttributes, TaskFunction, TaskRebuild

LENGTHS = TaskSpace(length=(0.2, 2.0), force_mag=(2.0, 20.0))
GRAVITY = TaskSpace(g=(1.0, 20.0))


def set_gravity(env, task):
    env.unwrapped.g = task["g"]


def pendulum(g=10.0):
    return gym.make("Pendulum-v1", g=g)


def attributes():
    return TaskAttributes(gym.make("CartPole-v1"), LENGTHS)


def function():
    return TaskFunction(gym.make("Pendulum-v1"), GRAVITY, set_gravity)


def rebuild():
    return TaskRebuild(pendulum, GRAVITY)


ALL = [attributes, function, rebuild]


def episode(env, **arguments):
    """Return the first observation and those of five steps."""
    env.action_space.seed(0)
    first = env.reset(**arguments)[0]
    return np.stack([first, *(env.step(env.action_space.sample())[0] for _ in range(5))])


@pytest.mark.parametrize("make", ALL)
def test_gymnasium_check_env_passes(make):
    gymnasium_check_env(make())


@pytest.mark.parametrize("make", ALL)
def test_stable_baselines3_check_env_passes(make):
    sb3_check_env(make(), warn=False)


@pytest.mark.parametrize("make", ALL)
def test_the_task_given_is_the_task_in_the_info(make):
    env = make()
    task = env.task_space.from_unit(np.full(env.task_space.n_dims, 0.25))
    np.testing.assert_array_equal(env.reset(options={"task": task})[1]["task"], task)


@pytest.mark.parametrize("make", ALL)
def test_a_task_by_name_is_the_same_task(make):
    env = make()
    task = env.task_space.from_unit(np.full(env.task_space.n_dims, 0.25))
    named = env.reset(options={"task": env.task_space.to_dict(task)})[1]["task"]
    np.testing.assert_array_equal(named, task)


@pytest.mark.parametrize("make", ALL)
def test_without_a_task_one_is_drawn_that_follows_from_the_seed(make):
    env = make()
    tasks = [env.reset(seed=seed)[1]["task"].tolist() for seed in (1, 1, 2)]
    assert tasks[0] == tasks[1] != tasks[2]


@pytest.mark.parametrize("make", ALL)
def test_drawn_tasks_vary_without_a_seed(make):
    env = make()
    assert env.reset()[1]["task"].tolist() != env.reset()[1]["task"].tolist()


@pytest.mark.parametrize("make", ALL)
def test_the_same_seed_and_task_give_the_same_episode(make):
    tasks = make().task_space.sample(3, np.random.default_rng(0))
    runs = []
    for env in (make(), make()):
        runs.append(episode(env, seed=5, options={"task": tasks[0]}))
        runs.append(np.stack([episode(env, options={"task": task}) for task in tasks]))
    np.testing.assert_array_equal(runs[0], runs[2])
    np.testing.assert_array_equal(runs[1], runs[3])


@pytest.mark.parametrize("make", ALL)
def test_different_tasks_give_different_episodes(make):
    env = make()
    low, high = env.task_space.low, env.task_space.high
    first, second = (episode(env, seed=5, options={"task": task}) for task in (low, high))
    assert not np.allclose(first, second)


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("bad", [1e6, np.nan])
def test_a_task_outside_the_space_is_refused(make, bad):
    env = make()
    with pytest.raises(ValueError, match=f"{env.task_space.names[0]} = "):
        env.reset(options={"task": np.full(env.task_space.n_dims, bad)})


@pytest.mark.parametrize("make", ALL)
def test_a_batch_of_tasks_is_refused(make):
    env = make()
    with pytest.raises(ValueError, match="one task of shape"):
        env.reset(options={"task": env.task_space.sample(2, np.random.default_rng(0))})


@pytest.mark.parametrize("make", ALL)
def test_a_second_task_space_is_refused(make):
    with pytest.raises(ValueError, match="has a task space already"):
        TaskFunction(make(), GRAVITY, set_gravity)


@pytest.mark.parametrize("make", [attributes, function])
def test_an_adapter_can_be_made_from_its_spec(make):
    env = make()
    assert env.spec.make().task_space == env.task_space


# --- TaskAttributes -------------------------------------------------------------------------------


@given(st.floats(0.2, 2.0), st.floats(2.0, 20.0))
def test_attributes_take_the_values_of_the_task(length, force):
    env = attributes()
    env.reset(options={"task": [length, force]})
    assert (env.unwrapped.length, env.unwrapped.force_mag) == (length, force)


def test_what_cartpole_derives_from_its_attributes_follows_them():
    space = TaskSpace(length=(0.2, 2.0), masspole=(0.1, 1.0), masscart=(0.5, 2.0))
    env = TaskAttributes(gym.make("CartPole-v1"), space)
    env.reset(options={"task": [2.0, 0.5, 1.5]})
    assert env.unwrapped.polemass_length == 1.0
    assert env.unwrapped.total_mass == 2.0


def test_cartpole_moves_as_one_built_with_these_attributes():
    built = gym.make("CartPole-v1")
    base = built.unwrapped
    base.length, base.masspole = 1.5, 0.4
    base.polemass_length, base.total_mass = 0.4 * 1.5, 0.4 + base.masscart
    env = TaskAttributes(gym.make("CartPole-v1"), TaskSpace(length=(0.2, 2.0), masspole=(0.1, 1.0)))
    np.testing.assert_array_equal(episode(built, seed=1), episode(env, seed=1, options={"task": [1.5, 0.4]}))


def test_a_derived_attribute_that_is_a_dimension_is_left_as_the_task_says():
    env = TaskAttributes(gym.make("CartPole-v1"), TaskSpace(total_mass=(0.5, 5.0)))
    env.reset(options={"task": [3.0]})
    assert env.unwrapped.total_mass == 3.0


def test_derive_is_called_after_the_attributes_are_set():
    def derive(env):
        env.max_torque = 2 * env.m

    env = TaskAttributes(gym.make("Pendulum-v1"), TaskSpace(m=(0.5, 2.0)), derive=derive)
    env.reset(options={"task": [1.5]})
    assert env.unwrapped.max_torque == 3.0


def test_integers_and_categories_arrive_as_such():
    space = TaskSpace(max_speed=range(4, 12), kinematics_integrator=["euler", "semi"])
    base = gym.make("CartPole-v1")
    base.unwrapped.max_speed = 0
    env = TaskAttributes(base, space)
    env.reset(options={"task": [5, 1]})
    assert env.unwrapped.max_speed == 5
    assert isinstance(env.unwrapped.max_speed, int)
    assert env.unwrapped.kinematics_integrator == "semi"


def test_an_attribute_is_set_on_the_layer_that_has_it():
    env = TaskAttributes(Monitor(gym.make("CartPole-v1")), TaskSpace(length=(0.2, 2.0)))
    env.reset(options={"task": [1.0]})
    assert env.unwrapped.length == 1.0
    assert "length" not in vars(env.env)


def test_a_misspelt_attribute_gets_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'force_mag'"):
        TaskAttributes(gym.make("CartPole-v1"), TaskSpace(force_mg=(1.0, 2.0)))


def test_a_method_is_no_attribute_to_set():
    with pytest.raises(ValueError, match="step is a method"):
        TaskAttributes(gym.make("CartPole-v1"), TaskSpace(step=(1.0, 2.0)))


# --- TaskFunction, TaskRebuild and success --------------------------------------------------------


def test_other_options_reach_the_environment():
    env = TaskFunction(gym.make("Pendulum-v1"), GRAVITY, set_gravity)
    first, _ = env.reset(options={"task": [5.0], "x_init": 0.0, "y_init": 0.0})
    np.testing.assert_allclose(first, [1.0, 0.0, 0.0], atol=1e-6)


def test_a_rebuilt_environment_replaces_the_closed_one():
    closed = []

    class Closing(gym.Wrapper):
        def close(self):
            closed.append(self.unwrapped.g)
            super().close()

    env = TaskRebuild(lambda g: Closing(pendulum(g)), GRAVITY)
    env.reset(options={"task": [2.0]})
    env.reset(options={"task": [2.0]})
    env.reset(options={"task": [3.0]})
    assert closed == [10.5, 2.0]


def test_a_rebuilt_environment_with_other_spaces_is_refused():
    def make(size):
        env = gym.make("Pendulum-v1")
        env.observation_space = gym.spaces.Box(-1.0, 1.0, (size,), np.float32)
        return env

    env = TaskRebuild(make, TaskSpace(size=range(2, 5)))
    with pytest.raises(ValueError, match="all tasks must share one"):
        env.reset(options={"task": [4]})


@pytest.mark.parametrize(("threshold", "success"), [(5.0, True), (500.0, False)])
def test_success_is_a_return_that_reaches_the_threshold(threshold, success):
    env = TaskAttributes(gym.make("CartPole-v1"), LENGTHS, success_threshold=threshold)
    env.reset(seed=0)
    terminated = False
    while not terminated:
        _, _, terminated, _, info = env.step(0)
    assert info["is_success"] is success


def test_without_a_threshold_success_is_left_to_the_environment():
    env = attributes()
    env.reset(seed=0)
    terminated = False
    while not terminated:
        _, _, terminated, _, info = env.step(0)
    assert "is_success" not in info


def test_an_attribute_that_reset_sets_anew_is_refused():
    env = TaskAttributes(gym.make("CartPole-v1"), TaskSpace(state=(0.0, 1.0)))
    with pytest.raises(ValueError, match=r"The reset of .* sets state anew.*see TaskFunction"):
        env.reset(seed=0)


def test_an_environment_with_derived_attributes_can_be_pickled():
    env = TaskAttributes(gym.make("CartPole-v1"), TaskSpace(length=(0.2, 2.0)))
    copy = pickle.loads(pickle.dumps(env))
    copy.reset(seed=0, options={"task": [2.0]})
    assert copy.unwrapped.polemass_length == 0.2
