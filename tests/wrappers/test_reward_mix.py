"""RewardMix: auxiliary rewards, their weights, and what is told about them."""

import math

import pytest
from controlled_environments import Corridor, cells
from stable_baselines3.common.monitor import Monitor
from tutelage.schedules import Cosine, schedule_of
from tutelage.wrappers import Clock, RewardMix

SIX = {"task": [6]}


def rewards(env, actions, **arguments):
    env.reset(**arguments)
    return [env.step(action)[1] for action in actions]


def test_terms_are_added_with_their_weights():
    env = RewardMix(Corridor(), {"cells": cells, "place": "cell"}, {"env": 2.0, "cells": 10.0, "place": -1.0})
    assert rewards(env, [1, 1], options=SIX) == pytest.approx([-2.0 + 1.0 - 1.0, -2.0 + 2.0 - 2.0])


def test_a_weight_that_is_not_given_is_1():
    assert rewards(RewardMix(Corridor(), {"place": "cell"}), [1], options=SIX) == [0.0]


def test_without_weight_a_term_does_not_count():
    assert rewards(RewardMix(Corridor(), {"place": "cell"}, {"place": 0}), [1], options=SIX) == [-1.0]


def test_the_terms_are_told_without_their_weights():
    env = RewardMix(Corridor(), {"place": "cell"}, {"place": 0.5, "env": 0.0})
    env.reset(options=SIX)
    env.step(1)
    assert env.step(1)[4]["reward_terms"] == {"env": -1.0, "place": 2.0}


def test_a_term_sees_the_whole_step():
    seen = []

    def term(*step):
        seen.append(step)
        return 0.0

    env = RewardMix(Corridor(), {"term": term})
    env.reset(options=SIX)
    env.step(1)
    ((observation, action, reward, info),) = seen
    assert (observation.tolist(), action, reward, info["cell"]) == ([1, 6, 1], 1, -1.0, 1.0)


@pytest.mark.parametrize(("iteration", "weight"), [(0, 1.0), (25, 0.8536), (50, 0.5), (100, 0.0), (150, 0.0)])
def test_the_weight_of_an_auxiliary_reward_falls_as_in_spear(iteration, weight):
    env = RewardMix(Corridor(), {"tool": "cell"}, {"tool": "spear-tool"}, clock=Clock(per=2048))
    env.set_clock(steps=2048 * iteration)
    assert env.reset()[1]["weight_tool"] == pytest.approx(weight, abs=6e-5)


@pytest.mark.parametrize(("turns", "reward"), [(1, 0.1), (5, 0.5), (10, 1.0), (12, 1.0)])
def test_a_bounded_tool_reward_is_a_function(turns, reward):
    def tool(observation, action, reward, info):
        return min(1.0, 0.1 * info["cell"])

    env = RewardMix(Corridor(limit=99), {"tool": tool}, {"env": 0.0, "tool": Cosine(1, 0, 1e9)})
    env.unwrapped.length = 50
    env.reset(options={"task": [6], "start": -50})
    env.unwrapped.cell = turns - 1
    env.unwrapped.length = 50
    assert env.step(1)[1] == pytest.approx(reward)


@pytest.mark.parametrize(("x", "alpha", "reward"), [(0, 0.07, 0.657), (0.5, 0.085, 0.6005), (1, 0.1, 0.5488)])
def test_the_tolerance_of_an_error_tightens_as_in_time_r1(x, alpha, reward):
    def error(observation, action, reward, info):
        return 6.0

    def combine(terms, weights):
        return math.exp(-weights["error"] * terms["error"])

    env = RewardMix(
        Corridor(), {"error": error}, {"error": schedule_of("time-r1")}, combine=combine, clock=Clock(per=20)
    )
    env.set_clock(steps=50 * 20 * x)
    assert env.reset()[1]["weight_error"] == pytest.approx(alpha)
    assert env.step(1)[1] == pytest.approx(reward, abs=6e-5)


def test_a_weight_can_be_chosen_by_the_task():
    env = RewardMix(Corridor(), {"place": "cell"}, {"place": (0.0, 1.0), "env": [0, 1]})
    assert env.task_space.names == ("length", "weight_env", "weight_place")
    env.reset(options={"task": [6, 0, 0.25]})
    env.step(1)
    assert env.step(1)[1] == 0.5


def test_a_monitor_inside_keeps_the_raw_return():
    env = RewardMix(Monitor(Corridor()), {"place": "cell"})
    env.reset(options={"task": [2]})
    env.step(1)
    _, reward, _, _, info = env.step(1)
    assert (reward, info["episode"]["r"]) == (12.0, 9.0)


def test_a_missing_key_is_an_error_that_names_those_there_are():
    env = RewardMix(Corridor(), {"tool": "tool_turns"})
    env.reset()
    with pytest.raises(ValueError, match=r"no 'tool_turns' for the term 'tool'; it has 'cell'\. missing=0\.0 counts"):
        env.step(1)


def test_a_missing_key_can_count_as_a_number():
    env = RewardMix(Corridor(), {"solved": "is_success"}, missing=0.0)
    assert rewards(env, [1, 1], options={"task": [2]}) == [-1.0, 11.0]


@pytest.mark.parametrize("value", [math.nan, math.inf, "much", None])
def test_a_term_that_is_no_finite_number_is_refused_by_name(value):
    env = RewardMix(Corridor(), {"odd": lambda *step: value})
    env.reset()
    with pytest.raises(ValueError, match="RewardMix: odd must be"):
        env.step(1)


def test_a_combination_that_is_not_finite_is_refused():
    env = RewardMix(Corridor(), {"place": "cell"}, combine=lambda terms, weights: math.nan)
    env.reset()
    with pytest.raises(ValueError, match="the reward of combine must be finite"):
        env.step(1)


@pytest.mark.parametrize(
    ("terms", "arguments", "error", "sentence"),
    [
        ({}, {}, ValueError, "expected terms by name"),
        (["cell"], {}, ValueError, "expected terms by name"),
        ({"env": "cell"}, {}, ValueError, "'env' is the environment's own reward"),
        ({"place": 3}, {}, TypeError, "place must be a key of the info dict or a function"),
        ({"place": "cell"}, {"weights": {"plaice": 1.0}}, ValueError, "Did you mean 'place'"),
        ({"place": "cell"}, {"weights": {"place": math.nan}}, ValueError, "weight_place: .*must be finite, got nan"),
        ({"place": "cell"}, {"weights": {"place": None}}, TypeError, "weight_place must be a number, a schedule"),
        ({"place": "cell"}, {"combine": "sum"}, TypeError, "combine must be a function"),
        ({"place": "cell"}, {"missing": math.nan}, ValueError, "missing must be finite"),
    ],
)
def test_what_does_not_fit_is_refused(terms, arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        RewardMix(Corridor(), terms, **arguments)
