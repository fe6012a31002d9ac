"""The subgoal wrapper, on a corridor where everything can be counted."""

from __future__ import annotations

import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv
from gymnasium.wrappers import TimeLimit
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv
from subgoal_corridor import Ahead, Arrived, Corridor, Places, RandomPlaces
from tutelage.schedules import Linear
from tutelage.wrappers import Clock, EpisodeGate, Subgoals, subgoal_success_rates

STAY, GO, BACK = range(3)


def corridor(*places, length=10, max_steps=270, shape="box", **kwargs):
    env = Corridor(length, max_steps, shape)
    return Subgoals(env, Places(*places), Ahead(), Arrived(), **kwargs)


def play(env, actions):
    """All that an episode gives: observations, rewards, infos."""
    observation, info = env.reset(seed=0)
    observations, rewards, infos = [observation], [], [info]
    for action in actions:
        observation, reward, *_, info = env.step(action)
        observations.append(observation)
        rewards.append(reward)
        infos.append(info)
    return observations, rewards, infos


def shown(observations):
    return [float(observation["subgoal"][0]) for observation in observations]


# --- What is paid ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("horizon", "expected"), [(270, 0.16296), (1080, 0.19074)])
def test_a_subgoal_after_50_steps_pays_what_the_paper_pays(horizon, expected):
    _, rewards, _ = play(corridor(1, 10, max_steps=horizon), [STAY] * 49 + [GO])
    assert rewards[-1] == pytest.approx(expected, abs=5e-6)
    assert rewards[:-1] == [0.0] * 49


def test_steps_are_counted_from_the_last_subgoal():
    _, rewards, _ = play(corridor(2, 5, 10, max_steps=100), [GO] * 5)
    assert rewards == pytest.approx([0, 0.2 * 0.98, 0, 0, 0.2 * 0.97])


def test_the_last_subgoal_pays_nothing():
    _, rewards, infos = play(corridor(2, 5, max_steps=100), [GO] * 5)
    assert rewards[4] == 0.0
    assert infos[5]["subgoal_bonus"] == 0.0


def test_a_list_of_one_pays_nothing_and_shows_nothing():
    observations, rewards, infos = play(corridor(10), [GO] * 10)
    assert rewards == [0.0] * 9 + [1.0]
    assert set(shown(observations)) == {-1_000.0}
    assert infos[-1]["subgoals_in_order"] == (True,)


def test_the_bonus_comes_on_top_of_the_reward():
    env = corridor(10, 10, max_steps=100)
    assert play(env, [GO] * 10)[1][-1] == pytest.approx(1.0 + 0.2 * 0.9)


def test_without_alpha_there_is_no_bonus_but_the_subgoal_is_shown():
    observations, rewards, _ = play(corridor(3, 10, alpha=0.0), [GO] * 3)
    assert rewards == [0.0] * 3
    assert shown(observations) == [3, 2, 1, -1_000]


def test_evaluation_switches_the_bonus_off_and_counts_it():
    observations, rewards, infos = play(corridor(3, 10, evaluation=True, max_steps=100), [GO] * 10)
    assert rewards == [0.0] * 9 + [1.0]
    assert infos[-1]["return_without_bonus"] == 1.0
    assert infos[-1]["return_with_bonus"] == pytest.approx(1.0 + 0.2 * 0.97)
    assert shown(observations)[0] == 3


def test_the_returns_of_training_are_the_same():
    _, rewards, infos = play(corridor(3, 10, max_steps=100), [GO] * 10)
    assert sum(rewards) == pytest.approx(infos[-1]["return_with_bonus"])
    assert infos[-1]["return_without_bonus"] == 1.0


def test_evaluation_and_hiding_can_be_switched():
    env = corridor(3, 10)
    env.switch(evaluation=True)
    assert sum(play(env, [GO] * 3)[1]) == 0.0
    env.switch(evaluation=False, hide=True)
    observations, rewards, _ = play(env, [GO] * 3)
    assert sum(rewards) > 0.0
    assert set(shown(observations)) == {-1_000.0}


def test_an_episode_longer_than_max_steps_is_never_fined():
    env = Subgoals(Corridor(), Places(1, 10), Ahead(), Arrived(), max_steps=5)
    assert play(env, [STAY] * 20 + [GO])[1][-1] == 0.0


def test_one_step_pays_once_however_many_entries_it_completes():
    _, rewards, infos = play(corridor(3, 3, 3, 10, max_steps=100), [GO] * 4)
    assert rewards == pytest.approx([0, 0, 0.2 * 0.97, 0])
    assert infos[3]["subgoal_index"] == 3


# --- What is shown ---------------------------------------------------------------------------------------------------


def test_the_current_subgoal_is_shown_and_the_last_one_never():
    observations, _, _ = play(corridor(2, 4, 10), [GO] * 5)
    assert shown(observations) == [2, 1, 2, 1, -1_000, -1_000]


def test_hidden_subgoals_are_still_tracked():
    observations, _, infos = play(corridor(3, 10, hide=True), [GO] * 10)
    assert set(shown(observations)) == {-1_000.0}
    assert infos[-1]["subgoals_in_order"] == (True, True)


def test_an_observation_that_is_no_dict_becomes_a_part_of_one():
    env = corridor(3, 10)
    assert set(env.observation_space.spaces) == {"observation", "subgoal"}
    assert env.observation_space.contains(env.reset(seed=0)[0])


def test_a_dict_gets_one_more_part():
    assert set(corridor(3, 10, shape="dict").observation_space.spaces) == {"place", "subgoal"}


def test_bonus_only_leaves_the_observation_as_it_is():
    env = Subgoals(Corridor(), Places(3, 10), progress=Arrived(), observe_subgoal=False)
    observations, rewards, _ = play(env, [GO] * 3)
    assert env.observation_space == Corridor().observation_space
    assert observations[3].tolist() == [3.0]
    assert rewards[2] > 0.0


def test_without_a_provider_nothing_is_asked_shown_or_paid():
    observations, rewards, infos = play(Subgoals(Corridor(), None, Ahead()), [GO] * 10)
    assert rewards == [0.0] * 9 + [1.0]
    assert set(shown(observations)) == {-1_000.0}
    assert (infos[0]["subgoals"], infos[-1]["subgoals_in_order"]) == ((), ())


# --- What is tracked -------------------------------------------------------------------------------------------------


def test_a_subgoal_done_too_early_has_to_be_done_again():
    env = corridor(4, 2, 10)
    infos = play(env, [GO] * 4)[2]
    assert [info["subgoal_index"] for info in infos[1:]] == [0, 0, 0, 1]
    for action in (BACK, BACK):
        _, reward, _, _, info = env.step(action)
    assert info["subgoal_index"] == 2
    assert reward > 0.0


def test_a_wrong_order_can_get_stuck():
    _, rewards, infos = play(corridor(4, 2, 10), [GO] * 10)
    assert infos[-1]["subgoals_any_order"] == (True, True, True)
    assert infos[-1]["subgoals_in_order"] == (True, False, False)
    assert sum(rewards) == pytest.approx(1.0 + 0.2 * (1 - 4 / 270))


def test_success_is_told_on_the_last_step_only():
    _, _, infos = play(corridor(3, 10), [GO] * 10)
    assert all("subgoals_any_order" not in info for info in infos[:-1])
    assert infos[-1]["subgoals_any_order"] == (True, True)


def test_success_is_told_when_time_is_up():
    _, _, infos = play(corridor(3, 10, max_steps=4), [GO] * 3 + [STAY])
    assert infos[-1]["subgoals_any_order"] == (True, False)


def test_each_episode_begins_anew():
    env = corridor(3, 10)
    first, second = play(env, [GO] * 10), play(env, [GO] * 10)
    assert first[1] == second[1]
    assert first[2][-1]["return_with_bonus"] == second[2][-1]["return_with_bonus"]


def test_success_rates_are_taken_over_the_lists_that_are_long_enough():
    assert subgoal_success_rates([]) == []
    assert subgoal_success_rates([(True,), (False, True), (False, False)]) == [1 / 3, 1 / 2]


# --- Randomness, schedules, tasks ------------------------------------------------------------------------------------


def random_corridor():
    return Subgoals(Corridor(), RandomPlaces(), Ahead(), Arrived())


def test_the_lists_follow_from_the_seed_of_reset():
    first, second = random_corridor(), random_corridor()
    assert first.reset(seed=3)[1]["subgoals"] == second.reset(seed=3)[1]["subgoals"]
    assert first.reset()[1]["subgoals"] == second.reset()[1]["subgoals"]
    assert first.reset(seed=4)[1]["subgoals"] != second.reset(seed=3)[1]["subgoals"]


def test_a_provider_that_draws_leaves_the_environments_random_numbers_alone():
    plain, wrapped = Corridor(), random_corridor()
    for seed in (3, None, None):
        assert plain.reset(seed=seed)[1]["layout"] == wrapped.reset(seed=seed)[1]["layout"]


def test_alpha_can_follow_a_schedule():
    env = corridor(1, 10, alpha=Linear(0.4, 0.0, duration=100), clock=Clock(per=1), max_steps=100)
    env.set_clock(steps=50)
    assert play(env, [GO])[1] == pytest.approx([0.2 * 0.99])


def test_alpha_can_be_a_dimension_of_the_task():
    env = corridor(1, 10, alpha=(0.0, 1.0), max_steps=100)
    _, info = env.reset(seed=0, options={"task": [0.5]})
    assert info["task"].tolist() == [0.5]
    assert env.step(GO)[1] == pytest.approx(0.5 * 0.99)


# --- In vector environments ------------------------------------------------------------------------------------------


def played(venv, steps=25):
    """Observations and rewards of a vector environment of Stable-Baselines3."""
    venv.seed(5)
    seen = [venv.reset()["subgoal"]]
    for step in range(steps):
        observations, rewards, _, _ = venv.step(np.array([GO, step % 3]))
        seen += [observations["subgoal"], rewards[:, None].astype(np.float32)]
    venv.close()
    return np.concatenate(seen, axis=1)


def test_it_works_in_worker_processes_of_stable_baselines3_as_in_one_process():
    makers = [random_corridor] * 2
    here, there = played(DummyVecEnv(makers)), played(SubprocVecEnv(makers, start_method="fork"))
    np.testing.assert_array_equal(here, there)
    assert len(set(here.ravel().tolist())) > 5


def test_stable_baselines3_gets_the_success_of_each_subgoal():
    venv = DummyVecEnv([lambda: Monitor(corridor(3, 10))])
    venv.reset()
    for _ in range(10):
        _, _, dones, infos = venv.step(np.array([GO]))
    assert dones[0]
    assert infos[0]["subgoals_in_order"] == (True, True)


def test_vector_environments_pass_a_switch_on():
    venv = DummyVecEnv([lambda: Monitor(corridor(1, 10))])
    venv.env_method("switch", evaluation=True)
    venv.reset()
    assert venv.step(np.array([GO]))[1][0] == 0.0


@pytest.mark.parametrize("kind", [SyncVectorEnv, AsyncVectorEnv])
def test_it_works_in_gymnasiums_vector_environments(kind):
    envs = kind([lambda: corridor(3, 10), lambda: corridor(2, 4, 10)])
    observations, infos = envs.reset(seed=0)
    assert observations["subgoal"].tolist() == [[3.0], [2.0]]
    assert infos["subgoals"].tolist() == [("3", "10"), ("2", "4", "10")]
    for _ in range(10):
        terminations, _, infos = envs.step(np.array([GO, GO]))[2:]
    assert terminations.tolist() == [True, True]
    assert infos["subgoals_in_order"].tolist() == [(True, True), (True, True, True)]
    envs.call("switch", evaluation=True)
    envs.reset()
    assert not any(envs.step(np.array([GO, GO]))[1].any() for _ in range(4))
    envs.close()


def test_a_teacher_hears_of_the_return_without_the_bonus_if_monitor_is_inside():
    env = EpisodeGate(Subgoals(Monitor(Corridor()), Places(3, 10), Ahead(), Arrived()))
    assert play(env, [GO] * 10)[2][-1]["episode"]["r"] == 1.0


@pytest.mark.parametrize("shape", ["box", "dict"])
def test_the_checkers_accept_it(shape):
    gymnasium_check_env(corridor(3, 10, shape=shape), skip_render_check=True)
    sb3_check_env(corridor(3, 10, shape=shape))


def test_it_can_be_made_again_from_its_spec():
    env = Subgoals(gym.make("CartPole-v1"), Places(3), Ahead(), Arrived())
    again = env.spec.make()
    assert isinstance(again, Subgoals)
    assert again.provider.places == (3,)


def test_the_parts_go_through_a_pipe():
    env = corridor(3, 10)
    assert pickle.loads(pickle.dumps(env)).reset(seed=0)[1]["subgoals"] == ("3", "10")


# --- Bad input -------------------------------------------------------------------------------------------------------


def test_the_horizon_is_that_of_the_time_limit_where_the_environment_does_not_say():
    env = Subgoals(gym.make("CartPole-v1", max_episode_steps=40), None, observe_subgoal=False)
    assert env._max_steps == 40


def test_an_environment_without_a_horizon_is_refused():
    env = Corridor()
    del env.max_steps
    with pytest.raises(ValueError, match="pass max_steps"):
        Subgoals(TimeLimit(env, 5), None, observe_subgoal=False)


@pytest.mark.parametrize("horizon", [0, -3, 2.5, True])
def test_a_horizon_that_is_none_is_refused(horizon):
    with pytest.raises(ValueError, match="max_steps as a positive whole number"):
        Subgoals(Corridor(), None, observe_subgoal=False, max_steps=horizon)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((object(), Ahead(), Arrived()), r"provider with subgoals\(env, rng\)"),
        ((Places, Ahead(), Arrived()), "the class Places; make an object of it"),
        ((Places(3), None, Arrived()), r"encoding with space\(env\)"),
        ((Places(3), Ahead(), None), "progress with look"),
    ],
)
def test_a_part_that_lacks_a_method_is_refused_by_name(parts, message):
    with pytest.raises(TypeError, match=message):
        Subgoals(Corridor(), *parts)


def test_a_negative_alpha_is_refused():
    with pytest.raises(ValueError, match="alpha must be at least 0"):
        corridor(3, 10, alpha=-0.1)


def test_an_alpha_that_is_no_number_is_refused():
    with pytest.raises((TypeError, ValueError), match="alpha"):
        corridor(3, 10, alpha=None)


def test_wrapping_twice_is_refused():
    with pytest.raises(ValueError, match="Subgoals inside has a quantity 'alpha' already"):
        Subgoals(corridor(3, 10), Places(3), Ahead(), Arrived())


def test_a_vector_of_another_shape_is_refused():
    class Longer(Ahead):
        def encode(self, env, subgoal):
            return [1.0, 2.0]

    env = Subgoals(Corridor(), Places(3, 10), Longer(), Arrived())
    with pytest.raises(ValueError, match=r"shape \(2,\), its space has \(1,\)"):
        env.reset(seed=0)


def test_progress_that_forgets_a_subgoal_is_refused():
    class Forgetful(Arrived):
        def completed(self, env, subgoals, before):
            return [False]

    env = Subgoals(Corridor(), Places(3, 10), Ahead(), Forgetful())
    env.reset(seed=0)
    with pytest.raises(ValueError, match="told of 1 subgoals, expected 2"):
        env.step(GO)
