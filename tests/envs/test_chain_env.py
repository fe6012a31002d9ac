"""The chain of locks; what all environments must do is tested in test_environments.py."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from tutelage.envs import ChainEnv
from tutelage.envs.chain_game import ChainConfig


def play(env, links, wrong_at=None, seed=0):
    """The steps of an episode with the right keys, but for one link."""
    observation, _ = env.reset(seed=seed, options={"task": [links]})
    steps = []
    while not steps or not steps[-1][2]:
        link, n = len(steps), env.game.config.n_signs
        sign = int(observation.argmax()) % n
        key = int(env.game.keys[link, sign])
        steps.append(env.step((key + 1) % env.action_space.n if link == wrong_at else key))
        observation = steps[-1][0]
    return steps


@pytest.mark.parametrize("links", [1, 2, 8])
def test_only_the_last_lock_pays(links):
    steps = play(ChainEnv(), links)
    assert [step[1] for step in steps] == [0.0] * (links - 1) + [1.0]
    assert steps[-1][4] == {"is_success": True, "links_solved": links}


@pytest.mark.parametrize("wrong_at", [0, 1, 2])
def test_a_wrong_key_ends_the_episode_with_nothing(wrong_at):
    steps = play(ChainEnv(), 3, wrong_at)
    assert len(steps) == wrong_at + 1
    assert sum(step[1] for step in steps) == 0.0
    assert steps[-1][4] == {"is_success": False, "links_solved": wrong_at}


def test_random_keys_open_h_locks_with_probability_one_over_n_keys_to_the_h():
    venv = ChainEnv.vec_env(20_000, seed=0, n_keys=4, autoreset=False)
    venv.set_options({"task": np.array([2.0])})
    venv.reset()
    rng = np.random.default_rng(1)
    step = venv.game.step(rng.integers(4, size=20_000))
    solved = venv.game.step(rng.integers(4, size=20_000)).success & ~step.terminated
    assert solved.mean() == pytest.approx(1 / 16, abs=0.006)


def test_tables_are_the_same_for_all_episodes_and_differ_with_their_seed():
    one, other, another = (ChainConfig(tables=seed).keys() for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, other)
    assert (one != another).any()


def test_each_link_has_a_table_of_its_own_unless_they_share_one():
    assert len(np.unique(ChainConfig().keys(), axis=0)) == 8
    shared = ChainEnv(distinct=False)
    assert len(np.unique(shared.game.keys, axis=0)) == 1
    assert shared.observation_space.shape == (4,)


def test_the_student_sees_link_and_sign():
    env = ChainEnv(most_links=3, n_signs=2)
    places = {int(step[0].argmax()) // 2 for seed in range(9) for step in play(env, 3, seed=seed)[:-1]}
    assert env.observation_space.shape == (6,)
    assert places == {1, 2}


def test_it_is_made_by_its_id_and_has_a_batch():
    env = gym.make("tutelage/Chain-v0", most_links=5)
    assert env.get_wrapper_attr("task_space").high.tolist() == [5.0]
    assert ChainEnv.vec_env(3, most_links=5).task_space == env.get_wrapper_attr("task_space")


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"most_links": 0}, ValueError, "most_links must be between 1"),
        ({"n_keys": 1}, ValueError, "n_keys must be between 2"),
        ({"n_signs": 1.5}, TypeError, "n_signs must be a whole number"),
        ({"distinct": "no"}, TypeError, "distinct must be True or False"),
        ({"tables": -1}, ValueError, "tables must be at least 0"),
        ({"render_mode": "human"}, ValueError, "render_mode None or 'rgb_array'"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, said):
    with pytest.raises(error, match=said):
        ChainEnv(**arguments)
