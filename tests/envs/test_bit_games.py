"""N-parity and delayed match-to-sample; what all environments must do is tested in test_environments.py."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from tutelage.envs import DelayedMatch, NParity, shortcut_accuracy
from tutelage.envs.bit_games import BitConfig, MatchGame, ParityGame

ENVS = (NParity, DelayedMatch)


def parity(bits, n):
    return int(sum(bits[-n:]) % 2)


def match(bits, n):
    return int(bits[-n] == bits[-1])


ANSWERS = {NParity: parity, DelayedMatch: match}


def play(env, n, seed, answer):
    """The bits of an episode, and the last step; ``answer(bits)`` acts when the last bit is seen, else 0."""
    observation, _ = env.reset(seed=seed, options={"task": [n]})
    blank = np.zeros(env.action_space.shape, dtype=int) if env.action_space.shape else 0
    bits, step = [], None
    while step is None or not (step[2] or step[3]):
        bits.append(int(observation[0] > 0))
        step = env.step(answer(bits) if observation[1] == 1.0 else blank)
        observation = step[0]
    return bits, step


@pytest.mark.parametrize("cls", ENVS)
@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_right_answer_is_rewarded_and_the_wrong_one_is_not(cls, n):
    env = cls(n_max=5)
    for seed in range(20):
        assert play(env, n, seed, lambda bits: ANSWERS[cls](bits, n))[1][1:3] == (1.0, True)
        _, step = play(env, n, seed, lambda bits: 1 - ANSWERS[cls](bits, n))
        assert (step[1], step[2], step[4]["is_success"]) == (0.0, True, False)


@pytest.mark.parametrize("cls", ENVS)
def test_actions_before_the_last_step_change_nothing(cls):
    env = cls(n_max=4)
    env.reset(seed=0, options={"task": [4]})
    one = [env.step(0)[0].tolist() for _ in range(5)]
    env.reset(seed=0, options={"task": [4]})
    assert [env.step(1)[0].tolist() for _ in range(5)] == one


@pytest.mark.parametrize("cls", ENVS)
def test_an_episode_has_from_n_plus_2_to_4n_plus_1_bits(cls):
    env = cls(n_max=6)
    lengths = {len(play(env, 3, seed, lambda bits: 0)[0]) for seed in range(300)}
    assert lengths == set(range(5, 14))


def test_a_range_of_lengths_includes_both_ends():
    env = NParity(n_max=3, lengths=(4, 6))
    assert {len(play(env, 2, seed, lambda bits: 0)[0]) for seed in range(60)} == {4, 5, 6}


def test_the_student_sees_the_bit_the_end_and_which_n():
    env = NParity(n_min=2, n_max=4, lengths=(4, 4))
    first, _ = env.reset(seed=0, options={"task": [3]})
    assert (abs(first[0]), first[1:].tolist()) == (1.0, [0.0, 0.0, 1.0, 0.0])
    assert [env.step(0)[0][1] for _ in range(3)] == [0.0, 0.0, 1.0]


def test_which_n_can_be_hidden():
    assert NParity(show_n=False).observation_space.shape == (2,)


# --- Chance ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("game", [ParityGame, MatchGame])
def test_a_constant_answer_is_right_in_half_of_the_episodes(game):
    n = 20_000
    copies = game(n, BitConfig(n_max=6))
    tasks = np.random.default_rng(0).integers(2, 7, (n, 1)).astype(float)
    copies.begin(np.arange(n), tasks, np.random.default_rng(1))
    answers = copies._answers[np.arange(n), copies._head]
    for k in range(2, 7):
        assert answers[tasks[:, 0] == k].mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(("n", "ceiling"), [(2, 0.667), (3, 0.625), (4, 0.6), (6, 0.571)])
def test_the_shortcut_of_a_uniform_u_is_worth_a_half_and_a_little(n, ceiling):
    assert shortcut_accuracy(n, "uniform") == pytest.approx(ceiling, abs=5e-4)
    u = (np.arange(100_000) + 0.5) / 100_000
    even = (1 + (1 - 2 * u) ** n) / 2
    assert shortcut_accuracy(n, "uniform") == pytest.approx(np.maximum(even, 1 - even).mean(), abs=1e-6)


def test_whoever_knows_u_guesses_as_often_right_as_is_said():
    n = 40_000
    game = ParityGame(n, BitConfig(n_min=2, n_max=2, u="uniform", lengths=(2, 2)))
    game.begin(np.arange(n), np.full((n, 1), 2.0), np.random.default_rng(0))
    # Two bits agree with probability u² + (1 − u)² ≥ ½: the likelier parity is always even.
    assert (game._answers == 0).mean() == pytest.approx(shortcut_accuracy(2, "uniform"), abs=0.01)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_nothing_but_the_parity_helps_at_one_half(n):
    assert shortcut_accuracy(n) == 0.5


def test_a_known_u_helps():
    assert shortcut_accuracy(1, 0.9) == pytest.approx(0.9)
    assert shortcut_accuracy(2, 0.9) == pytest.approx(0.82)


def test_u_is_the_share_of_ones():
    n = 5_000
    for u in (0.0, 0.2, 1.0):
        game = ParityGame(n, BitConfig(u=u, n_max=4))
        game.begin(np.arange(n), np.full((n, 1), 4.0), np.random.default_rng(0))
        assert game._bits.mean() == pytest.approx(u, abs=0.01)


# --- Several heads ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", ENVS)
def test_each_head_answers_for_its_n_and_those_up_to_the_task_count(cls):
    env = cls(n_max=5, heads="multi")
    assert env.action_space == gym.spaces.MultiDiscrete([2, 2, 2, 2])
    answer = ANSWERS[cls]
    for seed in range(10):
        right = play(env, 4, seed, lambda bits: np.array([answer(bits, n) for n in (2, 3, 4)] + [0]))[1]
        assert (right[1], right[4]["is_success"]) == (1.0, True)
        older = play(env, 4, seed, lambda bits: np.array([1 - answer(bits, 2), *(answer(bits, n) for n in (3, 4)), 0]))
        assert (older[1][1], older[1][4]["is_success"]) == (pytest.approx(2 / 3), True)
        newest = play(env, 4, seed, lambda bits: np.array([answer(bits, 2), answer(bits, 3), 1 - answer(bits, 4), 0]))
        assert (newest[1][1], newest[1][4]["is_success"]) == (pytest.approx(2 / 3), False)


def test_old_heads_can_stop_counting():
    env = NParity(n_max=5, heads="multi", counted=2)

    def wrong_below(n):
        return lambda bits: np.array([parity(bits, k) if k >= n else 1 - parity(bits, k) for k in (2, 3, 4, 5)])

    assert play(env, 5, 0, wrong_below(4))[1][1] == 1.0
    assert play(env, 5, 0, wrong_below(5))[1][1] == 0.5


# --- Bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"n_min": 0}, ValueError, "n_min must be at least 1"),
        ({"n_min": 2.0}, TypeError, "n_min must be a whole number"),
        ({"n_min": 5, "n_max": 4}, ValueError, "n_max must be between 5"),
        ({"heads": "multy"}, ValueError, "Did you mean 'multi'"),
        ({"counted": 2}, ValueError, "heads='multi'"),
        ({"heads": "multi", "counted": 0}, ValueError, "counted must be at least 1"),
        ({"lengths": (3, 9)}, ValueError, "n_max = 8"),
        ({"lengths": (9, 8)}, ValueError, "lengths must rise"),
        ({"lengths": 9}, TypeError, "lengths must be a pair"),
        ({"u": 1.5}, ValueError, "u must be a number between 0 and 1"),
        ({"u": float("nan")}, ValueError, "u must be a number between 0 and 1"),
        ({"u": "unifrom"}, ValueError, "'uniform'"),
        ({"show_n": 1}, TypeError, "show_n must be True or False"),
        ({"render_mode": "human"}, ValueError, "render_mode None or 'rgb_array'"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, said):
    with pytest.raises(error, match=said):
        NParity(**arguments)


def test_a_match_with_itself_is_refused():
    with pytest.raises(ValueError, match="n_min must be at least 2"):
        DelayedMatch(n_min=1)


def test_a_match_takes_no_u():
    with pytest.raises(TypeError, match="'u'"):
        DelayedMatch.vec_env(1, u=0.3)


@pytest.mark.parametrize(("n", "u", "error"), [(0, 0.5, ValueError), (2, 2.0, ValueError), (2, "half", TypeError)])
def test_the_shortcut_of_nonsense_is_refused(n, u, error):
    with pytest.raises(error):
        shortcut_accuracy(n, u)
