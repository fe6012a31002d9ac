"""Hint: what is given, how often, and to whom."""

import gymnasium as gym
import numpy as np
import pytest
from controlled_environments import Corridor, Plain, halfway
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from stable_baselines3.common.monitor import Monitor
from tutelage.schedules import SigmoidOff
from tutelage.wrappers import Below, Clock, Hint, group_share

SIX = {"task": [6]}
FOUR = {"task": [4]}


def distance(env, observation):
    """A feature: how far the goal is."""
    return [env.unwrapped.length - env.unwrapped.cell]


def two_steps(env, observation):
    """A demonstration."""
    return [1, 1]


def episode(env, action, **arguments):
    """Play an episode; returns whether it was hinted."""
    _, info = env.reset(**arguments)
    over = False
    while not over:
        *_, terminated, truncated, _ = env.step(action)
        over = terminated or truncated
    return info["hinted"]


class Dicts(gym.ObservationWrapper):
    def __init__(self, env, key="state"):
        super().__init__(env)
        self.key = key
        self.observation_space = gym.spaces.Dict({key: env.observation_space})

    def observation(self, observation):
        return {self.key: observation}


# --- How often ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("probability", "share"), [(0.0, 0.0), (1.0, 1.0), (0.3, 0.3)])
def test_a_hint_is_given_with_its_probability(probability, share):
    env = Hint(Plain(), halfway, probability, kind="start")
    env.reset(seed=0)
    assert np.mean([env.reset()[1]["hinted"] for _ in range(1000)]) == pytest.approx(share, abs=0.05)


@pytest.mark.parametrize(("steps", "probability"), [(180, 0.9241), (200, 0.5), (220, 0.0759), (10_000, 0.0)])
def test_hints_fade_as_in_ruscarl(steps, probability):
    env = Hint(Plain(), halfway, SigmoidOff(0.2, 125), kind="start", clock=Clock(per=1000))
    env.set_clock(steps=steps)
    assert env.reset()[1]["hint_probability"] == pytest.approx(probability, abs=6e-5)


def test_two_hints_have_names_and_luck_of_their_own():
    inner = Hint(Plain(), halfway, 0.5, kind="start")
    with pytest.raises(ValueError, match="Hint inside has a quantity 'hint_probability' already"):
        Hint(inner, halfway, 0.5, kind="start")
    both = Hint(inner, halfway, 0.5, kind="start", name="outer")
    both.reset(seed=0)
    infos = [both.reset()[1] for _ in range(20)]
    assert {"outer", "hint_probability"} <= set(infos[0])


def test_the_members_of_a_group_get_falling_shares_of_hints():
    assert [group_share(i, 5) for i in range(5)] == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert group_share(0, 1) == 1.0
    schedule = group_share(1, 5) * SigmoidOff(0.2, 125)
    assert Hint(Plain(), halfway, schedule, kind="start").reset()[1]["hint_probability"] == pytest.approx(0.75)


@pytest.mark.parametrize(("index", "size"), [(5, 5), (-1, 5), (0, 0)])
def test_a_member_outside_of_its_group_is_refused(index, size):
    with pytest.raises(ValueError, match="Expected a member from 0 to"):
        group_share(index, size)


# --- What --------------------------------------------------------------------------------------------------------


def test_a_start_is_an_option_of_the_reset():
    observation, info = Hint(Corridor(), halfway, 1.0, kind="start").reset(options=SIX)
    assert (observation[0], info["hinted"]) == (1.0, True)


def test_a_start_may_change_the_environment_itself():
    def widen(env):
        env.unwrapped.limit = 99

    env = Hint(Corridor(), widen, 1.0, kind="start")
    env.reset(options=SIX)
    assert env.unwrapped.limit == 99


def test_a_demonstration_is_played_before_the_students_first_action():
    env = Hint(Corridor(), two_steps, 1.0, kind="demonstration")
    observation, info = env.reset(options=SIX)
    assert (observation.tolist(), info["prelude_steps"]) == ([2, 6, 2], 2)
    assert env.reset(options=SIX)[0].tolist() == [2, 6, 2]


def test_a_demonstration_that_reaches_the_goal_stops_a_step_before():
    env = Hint(Corridor(), lambda env, observation: [1] * 9, 1.0, kind="demonstration")
    assert env.reset(options=SIX)[0].tolist() == [5, 6, 5]


def test_a_demonstration_is_not_in_the_episode_that_a_monitor_inside_tells():
    env = Hint(Monitor(Corridor()), two_steps, 1.0, kind="demonstration")
    env.reset(options=FOUR)
    env.step(1)
    info = env.step(1)[4]
    assert (info["episode"]["r"], info["episode"]["l"]) == (9.0, 2)


def test_without_a_hint_no_demonstration_is_played():
    env = Hint(Corridor(), two_steps, 0.0, kind="demonstration")
    assert env.reset(options=SIX)[0].tolist() == [0, 6, 0]


def test_a_feature_is_shown_at_every_step_and_followed_by_a_1():
    env = Hint(Corridor(), distance, 1.0, space=1)
    assert env.reset(options=SIX)[0].tolist() == [0, 6, 0, 6, 1]
    assert env.step(1)[0].tolist() == [1, 6, 1, 5, 1]


def test_without_a_hint_there_are_zeros_in_its_place():
    env = Hint(Corridor(), distance, 0.0, space=1)
    assert env.reset(options=SIX)[0].tolist() == [0, 6, 0, 0, 0]
    assert env.step(1)[0].tolist() == [1, 6, 1, 0, 0]


def test_the_observation_space_holds_the_feature():
    env = Hint(Corridor(), distance, 1.0, space=gym.spaces.Box(2.0, 30.0, (1,)))
    assert env.observation_space.low.tolist() == [-20, -20, -20, 0, 0]
    assert env.observation_space.high.tolist() == [20, 20, 20, 30, 1]


def test_a_dict_gets_a_key():
    env = Hint(Dicts(Corridor()), distance, 1.0, space=1)
    observation, _ = env.reset(options=SIX)
    assert {key: value.tolist() for key, value in observation.items()} == {"state": [0, 6, 0], "hint": [6, 1]}
    sb3_check_env(env, warn=False)


@pytest.mark.parametrize("hint", [lambda env, obs: [1.0, 2.0], lambda env, obs: [np.nan], lambda env, obs: 3.0])
def test_a_feature_of_another_shape_or_that_is_not_finite_is_refused(hint):
    with pytest.raises(ValueError, match="expected 1 finite numbers"):
        Hint(Corridor(), hint, 1.0, space=1).reset()


# --- To whom -----------------------------------------------------------------------------------------------------


def test_below_its_threshold_the_gate_is_open():
    gate = Below(0.3, window=10)
    assert gate([True] * 2 + [False] * 8)
    assert not gate([True] * 3 + [False] * 7)


def test_before_a_whole_window_there_are_no_hints():
    assert not Below(0.3, window=10)([False] * 9)


def test_a_student_gets_hints_once_it_has_failed():
    env = Hint(Corridor(), halfway, 1.0, kind="start", gate=Below(0.3, window=4))
    assert [episode(env, 0) for _ in range(6)] == [False] * 4 + [True] * 2


def test_a_student_that_succeeds_gets_no_more():
    env = Hint(Corridor(), halfway, 1.0, kind="start", gate=Below(0.5, window=2))
    assert [episode(env, action) for action in (0, 0, 1, 1)] == [False, False, True, False]


def test_hints_come_after_failures_in_a_row_as_in_egsr():
    env = Hint(Corridor(), halfway, 1.0, kind="start", gate=Below(1 / 3, window=3))
    assert [episode(env, action) for action in (0, 1, 0, 0, 0)] == [False] * 5
    assert episode(env, 0)


def test_each_task_has_its_own_record():
    env = Hint(Corridor(), halfway, 1.0, kind="start", gate=Below(0.3, window=2, per_task=True))
    for task in (SIX, FOUR, SIX):
        assert not episode(env, 0, options=task)
    assert episode(env, 1, options=SIX)
    assert not episode(env, 1, options=FOUR)
    assert episode(env, 1, options={"task": {"length": 6}}) is False  # of the last two, one succeeded


def test_where_the_teacher_chooses_the_probability_a_task_is_known_by_the_rest():
    env = Hint(Corridor(), halfway, (0.0, 1.0), kind="start", gate=Below(0.3, window=2, per_task=True))
    for probability in (0.25, 0.5):
        assert not episode(env, 0, options={"task": [6, probability]})
    assert episode(env, 0, options={"task": [6, 1.0]})


def test_a_gate_does_not_change_whose_turn_it_would_be():
    runs = []
    for gate in (None, Below(1.0, window=1)):
        env = Hint(Corridor(), halfway, 0.5, kind="start", gate=gate)
        episode(env, 0, seed=0, options=SIX)
        runs.append([episode(env, 0, options=SIX) for _ in range(20)])
    assert runs[0] == runs[1]


def test_a_gate_needs_to_know_about_success():
    env = Hint(Corridor(success=False), halfway, 1.0, kind="start", gate=Below(0.3))
    with pytest.raises(ValueError, match=r"the gate needs info\['is_success'\]"):
        episode(env, 0)


# --- Bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"hint": "left"}, TypeError, "expected a function, got 'left'"),
        ({"kind": "features"}, ValueError, "Did you mean 'feature'"),
        ({"kind": "start", "space": 2}, ValueError, "kind='feature' needs a space, the other kinds have none"),
        ({"space": None}, ValueError, "kind='feature' needs a space"),
        ({"space": 0}, ValueError, "a number of features of at least 1"),
        ({"space": gym.spaces.Box(0, 1, (2, 2))}, ValueError, "a number of features of at least 1, or a Box"),
        ({"space": gym.spaces.Discrete(3)}, ValueError, "a number of features of at least 1, or a Box"),
        ({"gate": 0.3}, TypeError, r"gate must be a tutelage\.wrappers\.Below, got 0\.3"),
        ({"probability": 1.1}, ValueError, r"hint_probability must be between 0 and 1, got 1\.1"),
        ({"probability": (0.0, 2.0)}, ValueError, "hint_probability must be between 0 and 1, got 2"),
    ],
)
def test_an_argument_that_does_not_fit_is_refused(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        Hint(Corridor(), **{"hint": distance, "probability": 0.5, "space": 1, **arguments})


@pytest.mark.parametrize("space", [gym.spaces.Discrete(5), gym.spaces.Box(0, 255, (8, 8, 3), np.uint8)])
def test_observations_to_which_nothing_can_be_appended_are_refused_with_the_cure(space):
    env = Corridor()
    env.observation_space = space
    with pytest.raises(TypeError, match="Flatten the observations"):
        Hint(env, distance, 0.5, space=1)


def test_a_dict_with_a_hint_of_its_own_is_refused():
    with pytest.raises(ValueError, match="has a key 'hint' already"):
        Hint(Dicts(Corridor(), "hint"), distance, 0.5, space=1)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"threshold": 0.0}, ValueError),
        ({"threshold": 1.1}, ValueError),
        ({"threshold": float("nan")}, ValueError),
        ({"threshold": "low"}, TypeError),
        ({"threshold": 0.3, "window": 0}, ValueError),
        ({"threshold": 0.3, "window": 2.5}, TypeError),
    ],
)
def test_a_gate_out_of_range_is_refused(arguments, error):
    with pytest.raises(error, match=r"Below: (threshold|window) must be"):
        Below(**arguments)
