"""GuideHorizon: who acts when, and that the student learns from its own actions only."""

import gymnasium as gym
import numpy as np
import pytest
from controlled_environments import Corridor, right
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor
from tutelage.schedules import Linear
from tutelage.wrappers import Clock, GuideHorizon

SIX = {"task": [6]}


class Log:
    """A guide that goes right and remembers what it saw."""

    def __init__(self):
        self.seen = []

    def __call__(self, observation):
        self.seen.append(observation.tolist())
        return 1


def test_the_student_begins_where_the_guide_has_brought_it():
    env = GuideHorizon(Corridor(), right, 4)
    observation, info = env.reset(options=SIX)
    assert observation.tolist() == [4, 6, 4]
    assert (info["guided"], info["prelude_steps"], info["guide_horizon"]) == (True, 4, 4)
    assert env.step(1)[4]["guided"] is False


def test_a_guide_sees_each_observation():
    guide = Log()
    GuideHorizon(Corridor(), guide, 2).reset(options=SIX)
    assert guide.seen == [[0, 6, 0], [1, 6, 1]]


def test_a_guide_that_would_end_the_episode_stops_a_step_before():
    observation, info = GuideHorizon(Corridor(), right, 9).reset(options=SIX)
    assert observation.tolist() == [5, 6, 5]
    assert (info["prelude_steps"], info["guide_horizon"]) == (5, 9)


def test_a_guide_that_fails_again_is_given_half_as_many_steps():
    class Shrinking(Corridor):
        """Its corridor is shorter each time."""

        def reset(self, *, seed=None, options=None):
            observation, info = super().reset(seed=seed, options=options)
            self.length = 7.0 - 2 * len(self.resets)
            return observation, info

    env = GuideHorizon(Shrinking(), right, 9)
    _, info = env.reset(options=SIX)
    assert env.unwrapped.actions == [1] * (
        5 + 3 + 1
    )  # 5 steps end it; 4 would end it at 3; half of 3 is 1, which ends it
    assert (info["prelude_steps"], info["guided"]) == (0, False)


def test_a_horizon_of_0_leaves_everything_to_the_student():
    observation, info = GuideHorizon(Corridor(), right, 0).reset(options=SIX)
    assert (observation.tolist(), info["guided"]) == ([0, 6, 0], False)


def test_the_horizon_shrinks_with_its_schedule():
    env = GuideHorizon(Corridor(), right, Linear(4, 0), clock=Clock(per=8))
    horizons = []
    for steps in (0, 2, 4, 6, 8):
        env.set_clock(steps=steps)
        horizons.append(env.reset(options=SIX)[0][0])
    assert horizons == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(("steps", "own"), [(0, 1), (250, 3), (500, 20), (750, 36), (1000, 39)])
def test_the_students_own_part_grows_as_in_cape(steps, own):
    env = GuideHorizon(Corridor(limit=100), lambda _: 0, "cape", first="student", clock=Clock(per=1000))
    env.set_clock(steps=steps)
    assert env.reset(options=SIX)[1]["guide_horizon"] == own


def test_a_guide_that_goes_last_finishes_the_episode_within_the_students_last_step():
    env = GuideHorizon(Corridor(), right, 2, first="student")
    env.reset(options=SIX)
    assert env.step(1)[1:4] == (-1.0, False, False)
    observation, reward, terminated, truncated, info = env.step(1)
    assert (observation.tolist(), reward, terminated, truncated) == ([6, 6, 6], -4.0 + 10.0, True, False)
    assert (info["guided"], info["is_success"]) == (True, True)


def test_the_rewards_of_the_hidden_part_are_discounted():
    env = GuideHorizon(Corridor(), right, 4, first="student", discount=0.5)
    env.reset(options=SIX)
    for _ in range(4):
        reward = env.step(1)[1]
    assert reward == -1.0 - 0.5 + 0.25 * 10.0


def test_an_episode_that_the_student_ends_itself_needs_no_guide():
    env = GuideHorizon(Corridor(), right, 6, first="student")
    env.reset(options=SIX)
    steps = [env.step(1) for _ in range(6)]
    assert (steps[-1][1], steps[-1][2], steps[-1][4]["guided"]) == (10.0, True, False)


def test_a_guide_that_never_ends_is_cut_off():
    env = GuideHorizon(Monitor(Corridor(limit=10**6)), lambda _: 0, 1, first="student", most_guide_steps=50)
    env.reset(options=SIX)
    _, reward, terminated, truncated, info = env.step(0)
    assert (reward, terminated, truncated, info["guided"]) == (-51.0, False, True, True)
    assert (info["episode"]["r"], info["episode"]["l"]) == (-51.0, 1)


def test_visible_steps_of_the_guide_are_flagged_and_tell_its_action():
    env = GuideHorizon(Corridor(), right, 2, hidden=False)
    observation, info = env.reset(options=SIX)
    assert (observation.tolist(), info["guided"]) == ([0, 6, 0], False)
    infos = [env.step(0)[4] for _ in range(3)]
    assert [info["guided"] for info in infos] == [True, True, False]
    assert [info.get("action") for info in infos] == [1, 1, None]
    assert env.unwrapped.actions == [1, 1, 0]


def test_a_visible_guide_may_go_last():
    env = GuideHorizon(Corridor(), right, 2, first="student", hidden=False)
    env.reset(options=SIX)
    assert [env.step(0)[4]["guided"] for _ in range(4)] == [False, False, True, True]


def test_a_monitor_inside_is_corrected_to_the_students_part():
    env = GuideHorizon(Monitor(Corridor()), right, 4)
    env.reset(options=SIX)
    env.step(1)
    info = env.step(1)[4]
    assert (info["episode"]["r"], info["episode"]["l"]) == (9.0, 2)


def test_an_agent_of_stable_baselines3_can_be_the_guide():
    class Agent:
        """Remembers like a recurrent agent: goes right in every second step."""

        def predict(self, observation, state=None, episode_start=None, deterministic=False):
            assert deterministic
            state = 0 if episode_start[0] else state + 1
            return np.array(state % 2), state

    env = GuideHorizon(Corridor(), Agent(), 3)
    for _ in range(2):
        env.reset(options=SIX)
    assert env.unwrapped.actions == [0, 1, 0] * 2


@pytest.mark.parametrize(("first", "horizon"), [("guide", 3), ("student", 2)])
def test_no_action_of_a_hidden_guide_is_in_the_rollout_buffer(first, horizon):
    class Recording(Corridor):
        """Remembers whose action each was: the guide's are marked before they are played."""

    guide_steps = []

    def guide(observation):
        guide_steps.append(len(inner.actions))
        return 1

    inner = Recording()
    model = PPO("MlpPolicy", GuideHorizon(inner, guide, horizon, first=first), n_steps=64, batch_size=64, seed=0)
    model.learn(64)
    own = np.delete(inner.actions, guide_steps)
    assert guide_steps
    np.testing.assert_array_equal(model.rollout_buffer.actions.ravel(), own)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"guide": "right"}, TypeError, "function from observations to actions"),
        ({"guide": None}, TypeError, "function from observations to actions"),
        ({"first": "teacher"}, ValueError, "Unknown order of GuideHorizon 'teacher'"),
        ({"first": "students"}, ValueError, "Did you mean 'student'"),
        ({"discount": 1.5}, ValueError, "discount must be between 0 and 1"),
        ({"discount": float("nan")}, ValueError, "discount must be between 0 and 1"),
        ({"most_guide_steps": 0}, ValueError, "most_guide_steps must be at least 1"),
        ({"horizon": 0, "first": "student"}, ValueError, "guide_horizon must be at least 1, got 0"),
        ({"horizon": range(-2, 3)}, ValueError, "guide_horizon must be at least 0, got -2"),
    ],
)
def test_an_argument_that_does_not_fit_is_refused(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        GuideHorizon(Corridor(), **{"guide": right, "horizon": 2, **arguments})


def test_the_guide_plays_continuous_actions_too():
    env = GuideHorizon(gym.make("Pendulum-v1"), lambda _: np.zeros(1, np.float32), 5)
    assert env.reset(seed=0)[1]["prelude_steps"] == 5
