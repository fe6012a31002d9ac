"""Budget: when an episode is cut off, and what is said then."""

import gymnasium as gym
import numpy as np
import pytest
from controlled_environments import Corridor, Plain
from gymnasium.wrappers import RecordEpisodeStatistics
from stable_baselines3.common.monitor import Monitor
from tutelage import TaskSpace
from tutelage.schedules import Exponential, schedule_of
from tutelage.wrappers import Budget, Clock, TaskAttributes, length_bonus


def play(env, actions, **arguments):
    """The steps of one episode."""
    env.reset(**arguments)
    steps = []
    for action in actions:
        steps.append(env.step(action))
        if steps[-1][2] or steps[-1][3]:
            break
    return steps


@pytest.mark.parametrize(("length", "bonus"), [(64, 0.5), (128, 1.0), (192, 0.5), (256, 0.0), (300, 0.0)])
def test_the_length_bonus_rises_to_the_budget_and_falls_to_its_double(length, bonus):
    assert length_bonus(length, 128) == bonus


def test_an_episode_is_truncated_and_not_terminated_when_its_budget_is_used_up():
    steps = play(Budget(Corridor(), 4), [0] * 9)
    assert [step[2:4] for step in steps] == [(False, False)] * 3 + [(False, True)]


def test_an_episode_that_ends_in_its_last_step_is_not_truncated():
    steps = play(Budget(Corridor(), 4), [1] * 9, options={"task": [4]})
    assert steps[-1][2:4] == (True, False)


def test_an_episode_that_is_cut_off_has_failed():
    assert play(Budget(Corridor(), 4), [0] * 9)[-1][4]["is_success"] is False


def test_success_is_left_to_an_environment_without_tasks():
    assert "is_success" not in play(Budget(Plain(), 4), [0] * 9)[-1][4]


def cart_pole(threshold):
    return TaskAttributes(gym.make("CartPole-v1"), TaskSpace(length=(0.2, 2.0)), success_threshold=threshold)


@pytest.mark.parametrize(("threshold", "success"), [(5.0, True), (6.0, False)])
def test_the_threshold_of_an_adapter_decides_about_an_episode_that_is_cut_off(threshold, success):
    assert play(Budget(cart_pole(threshold), 5), [0, 1] * 9, seed=0)[-1][4]["is_success"] is success


def test_without_a_threshold_it_is_left_open():
    assert "is_success" not in play(Budget(cart_pole(None), 5), [0, 1] * 9, seed=0)[-1][4]


def test_what_the_environment_says_about_success_stays():
    class Sure(Plain):
        def step(self, action):
            *step, _ = super().step(action)
            return *step, {"is_success": True}

    assert play(Budget(Sure(), 4), [0] * 9)[-1][4]["is_success"] is True


def test_budgets_decay_as_in_train_long_think_short():
    schedule = Exponential(256, 0.7, every=1000)
    env = Budget(Plain(), schedule)
    budgets = []
    for steps in (0, 1000, 2000, 3000, 4000):
        env.set_clock(steps=steps)
        budgets.append(env.reset()[1]["budget"])
    assert budgets == [256, 179, 125, 87, 61]


def test_budgets_shrink_as_in_reinforcement_mid_training():
    env = Budget(Plain(), "rmt-budget", clock=Clock(per=1000))
    budgets = []
    for steps in (0, 250, 500, 750, 1000):
        env.set_clock(steps=steps)
        budgets.append(env.reset()[1]["budget"])
    assert budgets == [800, 534, 357, 239, 160]


@pytest.mark.parametrize(("name", "budgets"), [("tti-multiplicative", [10, 20, 30, 30]), ("tti", [10, 20, 20, 30])])
def test_budgets_grow_as_in_thinking_vs_doing(name, budgets):
    env = Budget(Plain(), schedule_of(name), clock=Clock("episodes"))
    assert [env.reset()[1]["budget"] for _ in range(4)] == budgets


def test_the_length_bonus_is_added_to_the_last_reward():
    steps = play(Budget(Corridor(), 8, length_bonus=2.0), [1] * 9, options={"task": [4]})
    assert [step[1] for step in steps] == [-1.0, -1.0, -1.0, 11.0]


def test_a_limit_of_two_lets_the_bonus_sink_to_nothing():
    steps = play(Budget(Corridor(), 4, length_bonus=2.0, limit=2), [0] * 9)
    assert (len(steps), steps[-1][1]) == (8, -1.0)
    steps = play(Budget(Corridor(), 4, length_bonus=2.0, limit=2), [1] * 9, options={"task": [6]})
    assert steps[-1][1] == 11.0


def test_without_a_limit_nothing_is_cut():
    assert len(play(Budget(Corridor(), 4, limit=None), [0] * 20)) == 12


def test_a_cut_tells_the_raw_return_in_place_of_a_monitor_inside():
    info = play(Budget(Monitor(Corridor()), 4, length_bonus=1.0), [0] * 9)[-1][4]
    assert (info["episode"]["r"], info["episode"]["l"]) == (-4.0, 4)


@pytest.mark.parametrize("outside", [Monitor, RecordEpisodeStatistics])
def test_a_monitor_outside_sees_the_cut(outside):
    info = play(outside(Budget(Corridor(), 4)), [0] * 9)[-1][4]
    assert (info["episode"]["r"], info["episode"]["l"]) == (-4.0, 4)


def test_fractions_of_steps_are_rounded_down():
    assert Budget(Corridor(), (2.0, 9.0)).reset(options={"task": [3, 4.9]})[1]["budget"] == 4
    assert Budget(Corridor(), 0.1 * 30).reset()[1]["budget"] == 3


@pytest.mark.parametrize("budget", [0, 0.9, -3, range(5), (0.5, 2.0)])
def test_a_budget_below_one_step_is_refused(budget):
    with pytest.raises(ValueError, match="Budget: budget must be at least 1, got"):
        Budget(Corridor(), budget)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"length_bonus": float("nan")}, ValueError, "length_bonus must be finite, got nan"),
        ({"length_bonus": "1"}, TypeError, "length_bonus must be a number"),
        ({"limit": 0.5}, ValueError, "limit must be at least 1, or None"),
        ({"limit": float("nan")}, ValueError, "limit must be at least 1, or None"),
    ],
)
def test_an_argument_out_of_range_is_refused(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        Budget(Corridor(), 4, **arguments)


def test_the_observations_are_those_of_the_environment():
    np.testing.assert_array_equal(play(Budget(Corridor(), 4), [0, 0], options={"task": [5]})[-1][0], [-2, 5, 2])
