"""The single maze, on MiniGrid; what all environments must do is tested in test_environments.py."""

from __future__ import annotations

import pickle
import warnings

import gymnasium as gym
import numpy as np
import pytest
import tutelage.envs  # noqa: F401 - registers the environments
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from minigrid.minigrid_env import MiniGridEnv
from minigrid.wrappers import (
    FullyObsWrapper,
    ImgObsWrapper,
    OneHotPartialObsWrapper,
    RGBImgObsWrapper,
    RGBImgPartialObsWrapper,
    SymbolicObsWrapper,
    ViewSizeWrapper,
)
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from tutelage.envs import MazeEnv, MazeSpace, level_from_arrays, level_from_text, level_to_text

LEFT, RIGHT, FORWARD = 0, 1, 2


def known_level(direction):
    """The layout whose observations are known: walls at (1, 0), (1, 1) and (5, 12), goal (2, 0), start (0, 0)."""
    walls = np.zeros((13, 13))
    walls[[0, 1, 12], [1, 1, 5]] = 1
    return level_from_arrays(walls, goal=2, start=0, direction=direction)


def play(env, level, actions):
    env.reset(options={"task": level})
    return [env.step(action) for action in actions]


# --- What the agent sees -------------------------------------------------------------------------------------

PATTERNS = [
    (0, "22111/22111/22811/22221/22111"),
    (1, "11122/11122/11122/12122/82122"),
    (2, "22222/22222/22222/22222/11122"),
    (3, "22222/22222/22222/22222/22128"),
]


@pytest.mark.parametrize(("direction", "pattern"), PATTERNS)
def test_the_agent_looks_up_from_the_bottom_of_its_view_and_through_walls(direction, pattern):
    observation, _ = MazeEnv().reset(options={"task": known_level(direction)})
    image = observation["image"]
    assert "/".join("".join(str(cell) for cell in row) for row in image[:, :, 0].T) == pattern
    np.testing.assert_array_equal(image[:, :, 1], np.select([image[:, :, 0] == 2, image[:, :, 0] == 8], [5, 1], 0))
    assert (image[:, :, 2] == 0).all()
    assert observation["direction"] == direction


def test_the_flat_observation_is_one_hot_of_the_same():
    env, flat = MazeEnv(), MazeEnv(observation="flat")
    first, vector = (each.reset(options={"task": known_level(1)})[0] for each in (env, flat))
    assert vector.shape == (5 * 5 * 3 + 4,)
    assert vector.dtype == np.float32
    np.testing.assert_array_equal(vector[:75].reshape(5, 5, 3), first["image"][:, :, :1] == [1, 2, 8])
    assert vector[75:].tolist() == [0, 1, 0, 0]


def test_the_full_view_is_that_of_minigrids_wrapper():
    whole, wrapped = MazeEnv(view="full"), FullyObsWrapper(MazeEnv())
    for direction in range(4):
        seen, _ = whole.reset(options={"task": known_level(direction)})
        expected, _ = wrapped.reset(options={"task": known_level(direction)})
        assert seen["image"].shape == (15, 15, 3)
        np.testing.assert_array_equal(seen["image"], expected["image"])
        assert seen["image"][1, 1].tolist() == [10, 0, direction]


def test_the_full_flat_view_has_a_class_for_the_agent():
    vector, _ = MazeEnv(view="full", observation="flat").reset(options={"task": known_level(3)})
    cells = vector[:-4].reshape(15, 15, 4)
    assert (cells.sum(axis=2) == 1).all()
    assert cells[1, 1].tolist() == [0, 0, 0, 1]
    assert cells[3, 1].tolist() == [0, 0, 1, 0]
    assert cells[0].argmax(axis=1).tolist() == [1] * 15


@pytest.mark.parametrize("view", [3, 5, 7, 9, "full"])
@pytest.mark.parametrize("observation", ["dict", "flat"])
@pytest.mark.parametrize("size", [(3, 2), (4, 9)])
def test_gymnasium_and_stable_baselines3_find_no_fault(view, observation, size):
    env = MazeEnv(*size, view=view, observation=observation, max_steps=9)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        gymnasium_check_env(env, skip_render_check=True)
        # This is no image of pixels: it takes no CNN for such, whose bounds and size the checker misses.
        warnings.filterwarnings("ignore", "It seems that your observation|The minimal resolution")
        sb3_check_env(env)


# --- Rewards and ends ----------------------------------------------------------------------------------------


def test_a_goal_reached_with_step_t_is_worth_1_less_09_t_by_the_time_limit():
    steps = play(MazeEnv(), level_from_arrays(np.zeros((13, 13)), goal=8, start=0), [FORWARD] * 8)
    assert [step[1] for step in steps[:-1]] == [0.0] * 7
    _, reward, terminated, truncated, info = steps[-1]
    assert reward == pytest.approx(0.9712, abs=1e-12)
    assert (terminated, truncated, info["is_success"]) == (True, False, True)


def test_the_last_observation_shows_the_agent_on_the_goal():
    level = level_from_text(">.G.")
    last = play(MazeEnv(1, 4), level, [FORWARD] * 2)[-1][0]
    assert last["image"][2, :, 0].tolist() == [2, 2, 2, 1, 1]
    last = play(MazeEnv(1, 4, view="full"), level, [FORWARD] * 2)[-1][0]
    assert last["image"][:, 1, 0].tolist() == [2, 1, 1, 10, 1, 2]


def test_time_is_up_after_exactly_max_steps():
    steps = play(MazeEnv(), known_level(0), [LEFT] * 250)
    assert not any(step[2] or step[3] for step in steps[:-1])
    _, reward, terminated, truncated, info = steps[-1]
    assert (reward, terminated, truncated, info["is_success"]) == (0.0, False, True, False)


def test_a_goal_reached_with_the_last_step_is_a_success():
    _, reward, terminated, truncated, info = play(MazeEnv(1, 4, max_steps=3), level_from_text(">..G"), [FORWARD] * 3)[
        -1
    ]
    assert reward == pytest.approx(0.1)
    assert (terminated, truncated, info["is_success"]) == (True, False, True)


def test_walls_and_the_border_stop_the_agent():
    env = MazeEnv(2, 2)
    play(env, level_from_text(">#\n.G"), [FORWARD, LEFT, FORWARD, LEFT, FORWARD])
    assert tuple(env.agent_pos) == (1, 1)
    assert env.agent_dir == 2


def test_turns_go_round():
    env = MazeEnv()
    directions = [step[0]["direction"] for step in play(env, known_level(0), [LEFT] * 4 + [RIGHT] * 4)]
    assert directions == [3, 2, 1, 0, 1, 2, 3, 0]


def test_the_other_four_actions_only_cost_time():
    env = MazeEnv(1, 3)
    first, _ = env.reset(options={"task": level_from_text(">G.")})
    for action in (3, 4, 5, 6):
        observation, reward, terminated, _, _ = env.step(action)
        np.testing.assert_array_equal(observation["image"], first["image"])
        assert (reward, terminated) == (0.0, False)
    assert env.step(FORWARD)[1] == pytest.approx(1 - 0.9 * 5 / 250)


@pytest.mark.parametrize(("n_actions", "action"), [(3, 3), (7, 7), (7, -1), (7, 1.5), (7, "left"), (7, None)])
def test_an_action_that_is_none_is_refused(n_actions, action):
    env = MazeEnv(n_actions=n_actions)
    env.reset(seed=0)
    with pytest.raises(ValueError, match=f"from 0 to {n_actions - 1}"):
        env.step(action)


def test_a_step_after_the_end_is_refused():
    env = MazeEnv(1, 3)
    play(env, level_from_text(">G."), [FORWARD])
    with pytest.raises(ResetNeeded, match="reset"):
        env.step(FORWARD)
    env.reset()
    env.step(FORWARD)


# --- Tasks ---------------------------------------------------------------------------------------------------


def test_the_task_is_the_level_that_is_played():
    env = MazeEnv(4, 7)
    for level in env.task_space.sample(20, np.random.default_rng(0)):
        _, info = env.reset(options={"task": level})
        np.testing.assert_array_equal(info["task"], level)
        np.testing.assert_array_equal(env.level, level)
        drawn = [line[::2] for line in env.pprint_grid().splitlines()]
        inside = "\n".join(line[1:-1] for line in drawn[1:-1]).replace("W", "#").replace(" ", ".").replace("V", "v")
        assert inside == level_to_text(level, env.task_space)


def test_levels_drawn_by_the_environment_have_as_many_walls_as_it_was_told():
    env = MazeEnv(walls=(3, 5))
    env.reset(seed=0)
    counts = {int(env.reset()[1]["task"][:-3].sum()) for _ in range(60)}
    assert {3, 4, 5} <= counts <= {1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("level", "complaint"),
    [
        ([0, 1, 0, 1, 0, 0], "the goal is on a wall"),
        ([1, 0, 0, 2, 0, 0], "the start is on a wall"),
        ([0, 0, 0, 1, 1, 0], "the start is on the goal"),
        ([0, 0, np.nan, 1, 0, 0], "wall_2 is not a number"),
        ([0, 0, 0, 0, 1, 0, 0], "shape"),
    ],
)
def test_what_is_no_level_is_refused(level, complaint):
    with pytest.raises(ValueError, match=complaint):
        MazeEnv(1, 3).reset(options={"task": level})


def test_an_unsolvable_level_is_played_until_time_is_up():
    steps = play(MazeEnv(1, 3, max_steps=20), level_from_text(">#G"), [FORWARD] * 20)
    assert steps[-1][3]
    assert sum(step[1] for step in steps) == 0


def test_it_mutates_its_levels():
    env = MazeEnv(5, 5)
    parents = env.task_space.sample(10, np.random.default_rng(0))
    children = env.mutate(parents, np.random.default_rng(1), n_edits=3, editor="accel")
    assert env.task_space.contains_all(children)
    assert (children != parents).any(axis=1).all()


@pytest.mark.parametrize(
    ("arguments", "error", "complaint"),
    [
        ({"view": 4}, ValueError, "odd"),
        ({"view": 1}, ValueError, "odd"),
        ({"view": "all"}, ValueError, "odd"),
        ({"observation": "flt"}, ValueError, "Did you mean 'flat'"),
        ({"max_steps": 0}, ValueError, "max_steps"),
        ({"max_steps": 2.5}, TypeError, "max_steps"),
        ({"n_actions": 4}, ValueError, "n_actions"),
        ({"height": 0}, ValueError, "height"),
        ({"width": 2.0}, TypeError, "width"),
        ({"height": 1, "width": 1}, ValueError, "two cells"),
        ({"walls": (5, 3)}, ValueError, "walls"),
        ({"render_mode": "ansi"}, ValueError, "render_mode"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, error, complaint):
    with pytest.raises(error, match=complaint):
        MazeEnv(**arguments)


# --- MiniGrid ------------------------------------------------------------------------------------------------


def test_it_is_an_environment_of_minigrid():
    env = gym.make("tutelage/Maze-v0").unwrapped
    assert isinstance(env, MiniGridEnv)
    assert env.task_space == MazeSpace(13, 13)


@pytest.mark.parametrize(
    ("wrapper", "shape"),
    [
        (ImgObsWrapper, (5, 5, 3)),
        (lambda env: ImgObsWrapper(FullyObsWrapper(env)), (8, 6, 3)),
        (lambda env: ImgObsWrapper(RGBImgPartialObsWrapper(env, tile_size=8)), (40, 40, 3)),
        (lambda env: ImgObsWrapper(RGBImgObsWrapper(env, tile_size=8)), (48, 64, 3)),
        (lambda env: ImgObsWrapper(OneHotPartialObsWrapper(env)), (5, 5, 20)),
        (lambda env: ImgObsWrapper(ViewSizeWrapper(env, agent_view_size=7)), (7, 7, 3)),
        (lambda env: ImgObsWrapper(SymbolicObsWrapper(env)), (8, 6, 3)),
    ],
)
def test_minigrids_wrappers_work(wrapper, shape):
    env = wrapper(MazeEnv(4, 6))
    observation, _ = env.reset(seed=0)
    assert observation.shape == env.observation_space.shape == shape
    for _ in range(10):
        observation, *_ = env.step(env.action_space.sample())
        assert observation in env.observation_space


def test_the_picture_shows_walls_goal_and_agent():
    env = MazeEnv(1, 3, view="full", render_mode="rgb_array")
    env.reset(options={"task": level_from_text(">#G")})
    picture = env.render().reshape(3, 32, 5, 32, 3).mean(axis=(1, 3))
    assert picture.shape == (3, 5, 3)
    assert picture[1].argmax(axis=1).tolist()[1] == 0  # the agent is red
    assert picture[1].argmax(axis=1).tolist()[3] == 1  # the goal is green
    np.testing.assert_allclose(picture[1, 2], picture[0, 0])


def test_what_the_agent_sees_is_lit():
    env = MazeEnv(9, 9, render_mode="rgb_array")
    env.reset(options={"task": level_from_arrays(np.zeros((9, 9)), goal=80, start=0, direction=0)})
    picture = env.render().reshape(11, 32, 11, 32, 3).mean(axis=(1, 3, 4))
    assert picture[2, 2] > picture[8, 8]


def test_a_copy_by_pickle_has_the_same_arguments():
    env = MazeEnv(3, 4, walls=2, view=7, observation="flat", max_steps=9, n_actions=3)
    copy = pickle.loads(pickle.dumps(env))
    assert copy.config == env.config
    assert copy.task_space.walls == (2, 2)
