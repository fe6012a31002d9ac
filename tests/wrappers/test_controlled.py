"""What all wrappers with a quantity that changes do alike, whether it is a constant, a schedule or part of the task."""

import pickle

import gymnasium as gym
import numpy as np
import pytest
from controlled_environments import KINDS, LENGTHS, MODES, Corridor, Plain, make
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from tutelage import TaskSpace
from tutelage.schedules import InterpolateMix, Linear, Stage
from tutelage.wrappers import Budget, Clock, Controlled, GuideHorizon, Hint, TaskAttributes

pytestmark = pytest.mark.filterwarnings("ignore:.*different from the unwrapped version")
ALL = pytest.mark.parametrize("kind", sorted(KINDS))


def actions(env, n, seed=0):
    return np.random.default_rng(seed).integers(0, 2, n)


def whole(kind, value):
    """A number of steps or links is rounded down."""
    return int(value) if kind in ("budget", "guide_horizon", "chain") else value


def play(env, n=30, **arguments):
    """Everything that a student sees in some steps."""
    seen = [env.reset(**arguments)]
    for action in actions(env, n):
        seen.append(env.step(action))
        if seen[-1][2] or seen[-1][3]:
            seen.append(env.reset())
    return repr(seen)


# --- Gymnasium and Stable-Baselines3 -----------------------------------------------------------------------------


@ALL
@pytest.mark.parametrize("mode", MODES)
def test_gymnasium_check_env_passes(kind, mode):
    # It compares episodes after the same seed, so the schedule must not have moved in between.
    gymnasium_check_env(make(kind, mode, clock=Clock(per=1e30)), skip_render_check=True)


@ALL
@pytest.mark.parametrize("mode", MODES)
def test_stable_baselines3_check_env_passes(kind, mode):
    sb3_check_env(make(kind, mode, clock=Clock(per=1e30)), warn=False)


@ALL
@pytest.mark.parametrize("mode", MODES)
def test_the_same_seed_gives_the_same_steps(kind, mode):
    assert play(make(kind, mode), seed=3) == play(make(kind, mode), seed=3)


@ALL
def test_a_wrapper_can_be_made_from_its_spec(kind):
    if "test/Corridor-v0" not in gym.registry:
        gym.register("test/Corridor-v0", Corridor)
    env = make(kind, "dimension", gym.make("test/Corridor-v0"))
    again = env.spec.make()
    assert again.get_wrapper_attr("task_space") == env.task_space
    assert type(again) is type(env)


@ALL
def test_what_the_wrappers_are_built_from_can_be_pickled(kind):
    _, _, *controls = KINDS[kind]
    assert pickle.loads(pickle.dumps([*controls, Clock(n_envs=2)]))[-1] == Clock(n_envs=2)


# --- Values ------------------------------------------------------------------------------------------------------


@ALL
def test_a_constant_is_the_value_of_every_episode(kind):
    env = make(kind, "constant")
    _, name, constant, *_ = KINDS[kind]
    assert [env.reset()[1][name] for _ in range(3)] == [constant] * 3


@ALL
def test_a_schedule_is_asked_at_the_steps_taken_so_far(kind):
    env = make(kind, "schedule")
    _, name, _, schedule, _ = KINDS[kind]
    assert env.reset(seed=0)[1][name] == schedule(0)
    for taken in range(1, 21):
        _, _, terminated, truncated, _ = env.step(0)
        if terminated or truncated:
            assert env.reset()[1][name] == whole(kind, schedule(taken))
    assert env.moment == 20


@ALL
def test_a_schedule_of_episodes_is_asked_at_those_before_this_one(kind):
    env = make(kind, "schedule", clock=Clock("episodes", per=0.1))
    _, name, _, schedule, _ = KINDS[kind]
    assert [env.reset()[1][name] for _ in range(5)] == [whole(kind, schedule(10 * k)) for k in range(5)]


@ALL
def test_the_clock_can_be_set_to_the_steps_of_the_training(kind):
    env = make(kind, "schedule", clock=Clock(n_envs=8))
    env.set_clock(steps=40)
    assert env.reset()[1][KINDS[kind][1]] == whole(kind, KINDS[kind][3](40))


@ALL
def test_the_clock_goes_on_where_another_one_was(kind):
    env, other = (make(kind, "schedule", clock=Clock(n_envs=8)) for _ in range(2))
    play(env, seed=0)
    other.set_clock_state(env.clock_state())
    assert other.moment == env.moment > 0
    assert other.reset()[1][KINDS[kind][1]] == env.reset()[1][KINDS[kind][1]]
    with pytest.raises(ValueError, match="expected the clocks of"):
        other.set_clock_state([])


@ALL
def test_a_value_holds_until_the_episode_ends_and_is_told_again_then(kind):
    env = make(kind, "schedule")
    _, name, *_ = KINDS[kind]
    value = env.reset(seed=0)[1][name]
    over = False
    while not over:
        *_, terminated, truncated, info = env.step(0)
        over = terminated or truncated
    assert info[name] == value == env.values[name]


@ALL
def test_plain_data_are_read_as_a_schedule(kind):
    (
        maker,
        name,
        *_,
    ) = KINDS[kind]
    assert maker(Corridor(), "linear(1, 1)").reset()[1][name] == 1
    assert maker(Corridor(), {"constant": 1}).reset()[1][name] == 1


def test_a_category_is_a_value():
    env = Budget(Corridor(), [4, 16, 64])
    assert env.reset(options={"task": [3, 2]})[1]["budget"] == 64
    assert env.reset(options={"task": {"length": 3, "budget": 16}})[1]["budget"] == 16


def test_n_environments_together_are_n_times_as_far():
    env = Budget(Corridor(), Linear(4, 12, duration=80), clock=Clock(n_envs=8))
    env.reset()
    for _ in range(4):
        _, _, _, truncated, _ = env.step(0)
    assert truncated
    assert env.moment == 32
    assert env.reset()[1]["budget"] == 7


def test_a_clock_by_progress_runs_from_0_to_1():
    env = Budget(Corridor(), Linear(4, 12), clock=Clock(per=8))
    env.reset()
    for _ in range(4):
        env.step(0)
    assert (env.moment, env.reset()[1]["budget"]) == (0.5, 8)


def test_setting_the_clock_reaches_the_wrappers_inside():
    env = Budget(Hint(Corridor(), right_start, Linear(1, 0, 100), kind="start"), Linear(2, 12, 100))
    env.set_clock(steps=50)
    info = env.reset()[1]
    assert (info["budget"], info["hint_probability"]) == (7, 0.5)
    other = Budget(Hint(Corridor(), right_start, Linear(1, 0, 100), kind="start"), Linear(2, 12, 100))
    other.set_clock_state(env.clock_state())
    info = other.reset()[1]
    assert (info["budget"], info["hint_probability"]) == (7, 0.5)


def right_start(env):
    return {"start": 1}


# --- The task ----------------------------------------------------------------------------------------------------


@ALL
def test_a_dimension_comes_behind_those_of_the_environment(kind):
    env = make(kind, "dimension")
    _, name, _, _, spec = KINDS[kind]
    assert env.get_wrapper_attr("task_space") == TaskSpace({"length": range(2, 7), name: spec})


@ALL
def test_the_environment_inside_gets_its_part_of_the_task(kind):
    env = make(kind, "dimension")
    _, name, *_ = KINDS[kind]
    _, info = env.reset(options={"task": [5, 1]})
    assert (env.unwrapped.length, info[name], info["task"].tolist()) == (5, 1, [5, 1])


@ALL
def test_a_task_may_be_given_by_name(kind):
    _, name, *_ = KINDS[kind]
    _, info = make(kind, "dimension").reset(options={"task": {"length": 5, name: 1}})
    assert info["task"].tolist() == [5, 1]


@ALL
def test_without_a_task_a_whole_one_is_drawn_that_follows_from_the_seed(kind):
    env = make(kind, "dimension")
    rows = [env.reset(seed=seed)[1]["task"] for seed in (1, 1, 2, 3)]
    np.testing.assert_array_equal(rows[0], rows[1])
    assert env.task_space.contains(rows).all()
    assert len({row.tobytes() for row in rows}) > 1


@ALL
@pytest.mark.parametrize("mode", ["constant", "schedule"])
def test_without_a_dimension_the_task_space_is_that_of_the_environment(kind, mode):
    env = make(kind, mode)
    assert env.get_wrapper_attr("task_space") == LENGTHS
    _, info = env.reset(options={"task": [4]})
    assert (env.unwrapped.length, info["task"].tolist()) == (4, [4])


@ALL
def test_an_environment_without_a_task_space_gets_one_of_this_dimension(kind):
    env = make(kind, "dimension", Plain())
    _, name, _, _, spec = KINDS[kind]
    assert env.task_space == TaskSpace({name: spec})
    assert env.reset(options={"task": [1]})[1][name] == 1


@ALL
@pytest.mark.parametrize("mode", ["constant", "schedule"])
def test_an_environment_without_a_task_space_needs_none(kind, mode):
    env = make(kind, mode, Plain())
    assert not env.has_wrapper_attr("task_space")
    assert "task" not in env.reset(seed=0)[1]


@ALL
def test_other_options_reach_the_environment(kind):
    env = make(kind, "dimension")
    env.reset(options={"task": [5, 0.5 if kind in ("hint", "obs_detail", "reward_mix") else 1], "start": -3})
    assert env.unwrapped.cell in (-3, -2, 1)  # one step further behind a guide; a hint has its own start


def test_wrappers_inside_each_other_each_add_a_dimension():
    env = Budget(GuideHorizon(Corridor(), lambda _: 1, range(3)), range(2, 7))
    assert env.task_space.names == ("length", "guide_horizon", "budget")
    _, info = env.reset(options={"task": [6, 2, 4]})
    assert (info["task"].tolist(), info["guide_horizon"], info["budget"]) == ([6, 2, 4], 2, 4)


def test_their_draws_are_independent_although_they_have_the_same_seed():
    env = Budget(Hint(Plain(), right_start, (0.0, 1.0), kind="start", name="first"), (2.0, 200.0))
    rows = np.array([env.reset(seed=seed)[1]["task"] for seed in range(200)])
    assert abs(np.corrcoef(rows.T)[0, 1]) < 0.2


def test_an_adapter_inside_gives_its_dimensions_first():
    env = Budget(TaskAttributes(gym.make("CartPole-v1"), TaskSpace(length=(0.2, 2.0))), range(16, 257))
    _, info = env.reset(options={"task": [1.5, 20]})
    assert (env.unwrapped.length, info["budget"], info["task"].tolist()) == (1.5, 20, [1.5, 20])


def test_a_task_that_the_environment_does_not_play_can_be_seen():
    class Stubborn(Corridor):
        def reset(self, *, seed=None, options=None):
            return super().reset(seed=seed, options={**(options or {}), "task": [2]})

    assert Budget(Stubborn(), range(2, 7)).reset(options={"task": [5, 4]})[1]["task"].tolist() == [2, 4]


def test_mutation_leaves_the_quantity_as_it_is():
    env = Budget(Corridor(), range(2, 7))
    children = env.get_wrapper_attr("mutate")([[3, 4], [6, 2]], np.random.default_rng(0), n_edits=2)
    assert children.tolist() == [[5, 4], [6, 2]]


def test_what_does_not_fit_the_longer_task_is_hidden():
    class Built(Corridor):
        level_builder = "for rows of one number"

    env = Budget(Built(), range(2, 7))
    assert not env.has_wrapper_attr("level_builder")
    with pytest.raises(AttributeError, match="Budget changes the tasks; level_builder of"):
        env.get_wrapper_attr("level_builder")
    assert Budget(Built(), 4).get_wrapper_attr("level_builder") == "for rows of one number"


def test_a_maze_keeps_its_rules_beside_the_quantity():
    from tutelage.envs import MazeEnv

    env = Budget(MazeEnv(4, 4), range(8, 33))
    rows = env.task_space.sample(50, np.random.default_rng(0))
    assert env.task_space.contains_all(rows)
    for row in rows[:5]:
        np.testing.assert_array_equal(env.reset(options={"task": row})[1]["task"], row)
    children = env.get_wrapper_attr("mutate")(rows, np.random.default_rng(1), n_edits=3)
    assert env.task_space.contains_all(children)
    np.testing.assert_array_equal(children[:, -1], rows[:, -1])


# --- Bad input ---------------------------------------------------------------------------------------------------


@ALL
def test_a_name_that_is_a_dimension_already_is_refused(kind):
    maker, name, *_, spec = KINDS[kind]
    taken = TaskSpace({name: (0.0, 1.0)})

    class Taken(Plain):
        task_space = taken

    with pytest.raises(ValueError, match=f"has a dimension '{name}' already .*choose another name"):
        maker(Taken(), spec)


@ALL
def test_another_name_is_possible(kind):
    if kind == "reward_mix":
        return  # its names are those of the terms
    maker, _, *_, spec = KINDS[kind]
    assert maker(Corridor(), spec, name="other").task_space.names == ("length", "other")


@ALL
@pytest.mark.parametrize("control", [float("nan"), "linear(nan, 1)", (0.5, float("nan")), float("inf")])
def test_a_quantity_that_is_not_finite_is_refused_by_name(kind, control):
    maker, name, *_ = KINDS[kind]
    with pytest.raises(ValueError, match=rf"{name}|linear"):
        maker(Corridor(), control)


@ALL
@pytest.mark.parametrize("control", [None, True, object()])
def test_what_is_no_quantity_is_refused(kind, control):
    maker, name, *_ = KINDS[kind]
    with pytest.raises(TypeError, match=f"{name} must be a number, a schedule, or a dimension of the task"):
        maker(Corridor(), control)


@ALL
def test_a_misspelt_schedule_gets_the_nearest(kind):
    maker, name, *_ = KINDS[kind]
    with pytest.raises(ValueError, match=f"{name}: .*Did you mean 'linear'"):
        maker(Corridor(), "liner(0, 1)")


@pytest.mark.parametrize("kind", ["budget", "hint", "guide_horizon", "obs_detail", "chain"])
def test_a_constant_out_of_range_is_refused(kind):
    maker, name, *_ = KINDS[kind]
    with pytest.raises(ValueError, match=f"{name} must be (at least|between) .*got -1"):
        maker(Corridor(), -1)


@pytest.mark.parametrize("kind", ["budget", "hint", "guide_horizon", "obs_detail", "chain"])
def test_a_dimension_out_of_range_is_refused(kind):
    maker, name, *_ = KINDS[kind]
    with pytest.raises(ValueError, match=f"{name} must be (at least|between)"):
        maker(Corridor(), (-1.0, 1.0))


@pytest.mark.parametrize("kind", ["budget", "hint", "guide_horizon", "obs_detail", "chain"])
def test_a_schedule_that_leaves_the_range_is_refused_when_it_does_with_the_moment_and_the_cure(kind):
    maker, name, *_ = KINDS[kind]
    env = maker(Corridor(), Stage([1, 1, -1], at=[0, 1, 2]), clock=Clock("episodes"))
    env.reset()
    env.reset()
    with pytest.raises(ValueError, match=rf"{name} must .*at moment 2 of its schedule; bound it: schedule\.clip\("):
        env.reset()


def test_a_schedule_of_several_weights_is_refused():
    with pytest.raises(ValueError, match="budget must be one number, its schedule gives 2"):
        Budget(Corridor(), InterpolateMix([1, 0], [0, 1]))


def test_categories_that_are_no_numbers_are_refused():
    with pytest.raises(TypeError, match="budget must be a number, got the category 'long'"):
        Budget(Corridor(), ["short", "long"][::-1])


@ALL
def test_a_task_outside_the_space_is_refused(kind):
    env = make(kind, "dimension")
    with pytest.raises(ValueError, match=f"{KINDS[kind][1]} = 99"):
        env.reset(options={"task": [3, 99]})


@ALL
def test_a_batch_of_tasks_is_refused(kind):
    with pytest.raises(ValueError, match="one task of shape"):
        make(kind, "dimension").reset(options={"task": [[3, 1], [3, 1]]})


def test_a_task_space_of_another_type_is_refused():
    class Foreign(Plain):
        task_space = gym.spaces.Discrete(3)

    with pytest.raises(TypeError, match=r"expected a tutelage\.TaskSpace"):
        Budget(Foreign(), 4)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"unit": "step"}, ValueError, "Did you mean 'steps'"),
        ({"n_envs": 0}, ValueError, "n_envs must be at least 1"),
        ({"n_envs": 2.5}, TypeError, "n_envs must be a whole number"),
        ({"per": 0}, ValueError, "per must be above 0"),
        ({"per": float("nan")}, ValueError, "per must be finite"),
    ],
)
def test_a_clock_that_cannot_run_is_refused(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        Clock(**arguments)


def test_a_clock_that_is_none_is_refused():
    with pytest.raises(TypeError, match=r"clock must be a tutelage\.wrappers\.Clock, got 'steps'"):
        Budget(Corridor(), 4, clock="steps")


@pytest.mark.parametrize("steps", [-1, float("nan")])
def test_a_clock_is_not_set_back_before_the_beginning(steps):
    with pytest.raises(ValueError, match="set_clock: steps must be at least 0"):
        Budget(Corridor(), 4).set_clock(steps=steps)


def test_a_wrapper_of_ones_own_has_quantities_too():
    class Wind(Controlled):
        def __init__(self, env, wind):
            super().__init__(env, {"wind": wind})

    env = Wind(Corridor(), (0.0, 2.0))
    assert env.reset(options={"task": [4, 1.5]})[1]["wind"] == 1.5
