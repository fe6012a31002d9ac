"""The gate in front of each environment."""

import gymnasium as gym
import numpy as np
import pytest
from environments import SPACE, Counting
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from stable_baselines3.common.monitor import Monitor
from tutelage import TaskSpace
from tutelage.errors import RunError
from tutelage.wrappers import EnvironmentTraceback, EpisodeGate, TaskAttributes
from tutelage.wrappers.failure import FAILURE

TASK = np.array([2.0, 0.5])


def gate(attached=True, remote=False, monitor=True, **kwargs):
    env = Counting(**kwargs)
    result = EpisodeGate(Monitor(env) if monitor else env)
    if attached:
        result.attach(3, remote)
    return result


def finish(env):
    env.reset(seed=0, options={"task": TASK})
    env.step(0)
    return env.step(0)


def test_the_automatic_reset_returns_the_last_observation():
    env = gate()
    last = finish(env)[0]
    np.testing.assert_array_equal(env.reset()[0], last)


def test_the_automatic_reset_touches_nothing():
    env = gate()
    finish(env)
    env.reset()
    assert env.unwrapped.resets == 1


def test_begin_resets_to_the_task():
    env = gate()
    finish(env)
    env.reset()
    observation, info = env.begin(np.array([4.0, 0.25]))
    assert info["task"].tolist() == [4.0, 0.25]
    assert observation[:3].tolist() == [4.0, 0.25, 0.0]


def test_the_info_of_begin_appears_in_the_dict_the_worker_kept():
    env = gate()
    finish(env)
    _, kept = env.reset()
    _, info = env.begin(TASK)
    assert kept == info


@pytest.mark.parametrize("arguments", [{"seed": 1}, {"options": {"task": TASK}}])
def test_an_explicit_reset_is_real(arguments):
    env = gate()
    finish(env)
    env.reset(**arguments)
    assert env.unwrapped.resets == 2


def test_a_reset_within_an_episode_is_real():
    env = gate()
    env.reset()
    env.step(0)
    env.reset()
    assert env.unwrapped.resets == 2


@pytest.mark.parametrize("attached", [True, False])
def test_a_first_reset_without_a_task_is_real(attached):
    env = gate(attached)
    assert SPACE.contains(env.reset()[1]["task"])


def test_without_a_curriculum_wrapper_the_gate_is_open():
    env = gate(attached=False)
    finish(env)
    assert env.reset()[0][2] == 0


def test_a_detached_gate_is_open_again():
    env = gate()
    finish(env)
    env.detach()
    assert env.reset()[0][2] == 0


def test_the_episode_is_counted_where_there_is_no_monitor():
    info = finish(gate(monitor=False))[-1]
    assert (info["episode"]["r"], info["episode"]["l"]) == (1.0, 2)


def test_the_count_starts_anew_with_each_episode():
    env = gate(monitor=False)
    finish(env)
    assert finish(env)[-1]["episode"]["l"] == 2


def test_a_monitor_inside_keeps_its_word():
    env = gate()
    info = finish(env)[-1]
    assert info["episode"]["r"] == env.env.get_episode_rewards()[0]


def test_an_error_in_the_same_process_names_the_environment_and_the_task():
    env = gate(crash="step")
    env.reset(options={"task": [4, 0.5]})
    env.step(0)
    with pytest.raises(RunError, match=r"Environment 3 failed in step\(\) on task \{steps: 4, gain: 0.5\}: ZeroDiv"):
        env.step(0)


def test_the_original_error_is_the_cause():
    env = gate(crash="reset")
    env.reset()
    with pytest.raises(RunError) as caught:
        env.begin(TASK)
    assert isinstance(caught.value.__cause__, ValueError)


def test_an_error_in_a_worker_travels_in_the_info_with_a_reward_of_nan():
    env = gate(remote=True, crash="step")
    env.reset(options={"task": [4, 0.5]})
    env.step(0)
    _, reward, terminated, truncated, info = env.step(0)
    assert np.isnan(reward)
    assert not terminated
    assert not truncated
    error = info[FAILURE].error()
    assert isinstance(error.__cause__, EnvironmentTraceback)
    assert "in step\n    raise ZeroDivisionError" in error.__cause__.text


def test_an_error_nobody_listened_to_is_raised_at_the_next_one():
    env = gate(remote=True, crash="step")
    env.reset(options={"task": [4, 0.5]})
    env.step(0)
    env.step(0)
    env.unwrapped.t = 1
    with pytest.raises(RunError):
        env.step(0)


def test_without_a_curriculum_wrapper_errors_stay_as_they_are():
    env = gate(attached=False, crash="step")
    env.reset(options={"task": [4, 0.5]})
    env.step(0)
    with pytest.raises(ZeroDivisionError):
        env.step(0)


def test_an_environment_that_plays_another_task_is_found_out():
    with pytest.raises(RunError, match=r"on task \{.*\}: ValueError: the environment plays"):
        gate(lie=True).begin(np.array([3.0, 0.5]))


def test_a_trip_through_float32_is_no_other_task():
    env = gate()
    task = np.array([3.0, 0.1], np.float32)
    assert env.begin(task)[1]["task"].dtype == np.float64


def test_gymnasium_check_env_passes():
    env = TaskAttributes(gym.make("CartPole-v1"), TaskSpace(length=(0.2, 2.0)))
    gymnasium_check_env(EpisodeGate(env), skip_render_check=False)


def test_stable_baselines3_check_env_passes():
    sb3_check_env(gate(attached=False))


def test_the_gate_can_be_made_from_its_spec():
    env = EpisodeGate(gym.make("CartPole-v1"))
    assert isinstance(env.spec.make(), EpisodeGate)
