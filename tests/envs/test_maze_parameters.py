"""Mazes described by parameters; what all environments must do is tested in test_environments.py."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import tutelage.envs  # noqa: F401 - registers the environments
from hypothesis import given, settings
from hypothesis import strategies as st
from tutelage import make_teacher
from tutelage.envs import (
    MazeEnv,
    MazeParametersEnv,
    MazeParametersVecEnv,
    MazeSpace,
    count_walls,
    is_solvable,
    shortest_path_lengths,
)
from tutelage.envs.maze_layouts import levels_from_parameters
from tutelage.envs.maze_parameters import LAYOUTS
from tutelage.wrappers import CurriculumVecEnv

SPACE = MazeSpace(13, 13)


def levels_of(n=200, height=13, width=13, seed=0, **changes):
    """Levels of one task, which is dense, narrow and far but for what is changed."""
    task = {"layout": "perfect", "wall_density": 0.45, "corridor_width": 1, "goal_distance": 1.0, **changes}
    row = MazeParametersEnv().task_space.from_dict(task)
    return levels_from_parameters(np.tile(row, (n, 1)), np.arange(seed, seed + n), height, width)


@settings(max_examples=60)
@given(
    size=st.sampled_from([(7, 7), (7, 30), (13, 13), (20, 9)]),
    density=st.floats(0.0, 0.45),
    width=st.integers(1, 3),
    distance=st.floats(0.0, 1.0),
    layout=st.sampled_from(LAYOUTS),
    seed=st.integers(0, 2**32),
)
def test_every_level_can_be_solved(size, density, width, distance, layout, seed):
    arguments = {"layout": layout, "wall_density": density, "corridor_width": width, "goal_distance": distance}
    levels = levels_of(4, *size, seed=seed, **arguments)
    space = MazeSpace(*size)
    assert space.contains_all(levels)
    assert is_solvable(levels, space).all()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("name", "low", "high"), [("wall_density", 0.1, 0.45), ("corridor_width", 1, 3), ("goal_distance", 0.2, 1.0)]
)
def test_every_parameter_changes_the_levels_of_every_layout(layout, name, low, high):
    one, other = (levels_of(50, layout=layout, **{name: value}) for value in (low, high))
    assert (one != other).any(axis=1).mean() > 0.9


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_denser_maze_has_more_walls(layout):
    walls = [
        count_walls(levels_of(layout=layout, wall_density=density), SPACE).mean() for density in (0, 0.15, 0.3, 0.45)
    ]
    assert (np.diff(walls) > 1).all()


def test_the_density_of_scattered_walls_is_their_share():
    for density in (0.0, 0.2, 0.45):
        for width in (1, 2, 3):
            levels = levels_of(layout="scattered", wall_density=density, corridor_width=width)
            assert count_walls(levels, SPACE).mean() == pytest.approx(density * 169, abs=2.0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_larger_distance_takes_the_goal_further_away(layout):
    moves = [
        shortest_path_lengths(levels_of(layout=layout, goal_distance=distance), SPACE).mean()
        for distance in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert moves[0] == 1
    assert (np.diff(moves) > 1).all()


@pytest.mark.parametrize("layout", ["rooms", "corridors", "perfect"])
def test_wider_passages_mean_fewer_walls(layout):
    walls = [count_walls(levels_of(layout=layout, corridor_width=width), SPACE).mean() for width in (1, 2, 3)]
    assert (np.diff(walls) < -1).all()


def test_wide_scattered_walls_are_blocks():
    for level in levels_of(20, layout="scattered", corridor_width=3, wall_density=0.3):
        walls = level[:-3].reshape(13, 13)
        blocks = np.lib.stride_tricks.sliding_window_view(walls, (3, 3)).all(axis=(2, 3))
        covered = np.zeros((13, 13))
        for y, x in np.argwhere(blocks):
            covered[y : y + 3, x : x + 3] = 1
        np.testing.assert_array_equal(covered, walls)


def test_a_dense_perfect_maze_is_a_tree():
    # Seven times seven places and the 48 passages of a tree; everything else is wall.
    assert set(count_walls(levels_of(layout="perfect"), SPACE).tolist()) == {169 - 49 - 48}


def test_a_dense_maze_of_rooms_has_as_few_doors_as_connect_it():
    # Two lines of walls each way, less eight doors for nine rooms.
    assert set(count_walls(levels_of(layout="rooms"), SPACE).tolist()) == {4 * 13 - 4 - 8}


def test_a_dense_maze_of_corridors_has_one_opening_in_each_wall():
    for level in levels_of(30, layout="corridors"):
        walls = level[:-3].reshape(13, 13)
        walls = walls if walls[1].sum() == 12 else walls.T
        assert walls[1::2].sum(axis=1).tolist() == [12] * 6
        assert walls[::2].sum() == 0


def test_start_and_direction_are_drawn():
    levels = levels_of(400, wall_density=0.0, goal_distance=0.5)
    assert len(set(levels[:, -2])) > 50
    np.testing.assert_allclose(np.bincount(levels[:, -1].astype(int)), 100, atol=35)


def test_a_task_and_a_seed_fix_the_level():
    np.testing.assert_array_equal(levels_of(20), levels_of(20))
    assert (levels_of(20) != levels_of(20, seed=100)).any(axis=1).all()


# --- The environment -----------------------------------------------------------------------------------------


def test_the_level_is_drawn_anew_at_each_reset_with_the_environments_own_numbers():
    env = gym.make("tutelage/MazeParameters-v0").unwrapped
    task = env.task_space.sample(1, np.random.default_rng(0))[0]
    runs = []
    for _ in range(2):
        env.reset(seed=3, options={"task": task})
        first = env.level.copy()
        env.reset(options={"task": task})
        runs.append((first, env.level.copy()))
    np.testing.assert_array_equal(*runs)
    assert (runs[0][0] != runs[0][1]).any()


def test_it_plays_as_the_maze_of_its_level():
    env, maze = MazeParametersEnv(7, 9, max_steps=50), MazeEnv(7, 9, max_steps=50)
    rng = np.random.default_rng(0)
    for seed in range(5):
        observation, _ = env.reset(seed=seed)
        expected, _ = maze.reset(options={"task": env.level})
        np.testing.assert_array_equal(observation["image"], expected["image"])
        ended = False
        while not ended:
            action = rng.integers(7)
            one, other = env.step(action), maze.step(action)
            np.testing.assert_array_equal(one[0]["image"], other[0]["image"])
            assert one[1:] == other[1:]
            ended = one[2] or one[3]


def test_its_tasks_are_of_mixed_kinds():
    space = MazeParametersEnv().task_space
    assert space.names == ("layout", "wall_density", "corridor_width", "goal_distance")
    assert space.kinds == ("categorical", "continuous", "integer", "continuous")


@pytest.mark.parametrize("size", [(6, 13), (13, 6)])
def test_a_maze_too_small_for_its_parameters_is_refused(size):
    for make in (MazeParametersEnv, lambda *size: MazeParametersVecEnv(1, *size)):
        with pytest.raises(ValueError, match="at least 7 × 7"):
            make(*size)


@pytest.mark.parametrize(
    ("task", "complaint"),
    [
        ([4, 0.1, 1, 0.5], "layout"),
        ([0, 0.5, 1, 0.5], "wall_density"),
        ([0, 0.1, 1.5, 0.5], "corridor_width"),
        ([0, 0.1, 1, np.nan], "goal_distance"),
        ([0, 0.1, 1], "shape"),
    ],
)
def test_a_task_outside_the_space_is_refused(task, complaint):
    with pytest.raises(ValueError, match=complaint):
        MazeParametersEnv().reset(options={"task": task})
    with pytest.raises(ValueError, match=complaint):
        MazeParametersVecEnv(1).begin([0], [task])


# --- The batch -----------------------------------------------------------------------------------------------


def test_a_batch_plays_levels_of_its_tasks():
    venv = MazeParametersVecEnv(6, seed=0, max_steps=5)
    observations = venv.reset()
    for _ in range(20):
        assert venv.task_space.contains_all(venv.current_tasks)
        assert is_solvable(venv.current_levels, SPACE).all()
        observations, *_ = venv.step(np.zeros(6, dtype=int))
    maze = MazeEnv()
    for i, level in enumerate(venv.current_levels):
        if venv._steps[i] == 0:
            expected, _ = maze.reset(options={"task": level})
            np.testing.assert_array_equal(observations["image"][i], expected["image"])


def test_a_task_given_to_the_batch_is_played():
    venv = MazeParametersVecEnv(20, seed=0, autoreset=False)
    venv.begin(np.arange(20), np.tile([3, 0.45, 1, 0.0], (20, 1)))
    assert shortest_path_lengths(venv.current_levels, SPACE).tolist() == [1] * 20
    assert set(count_walls(venv.current_levels, SPACE).tolist()) == {72}


def test_a_seed_fixes_tasks_and_levels_of_a_batch():
    levels = []
    for seed in (0, 0, 1):
        venv = MazeParametersEnv.vec_env(4, seed=seed, max_steps=3)
        venv.reset()
        for _ in range(9):
            venv.step(np.zeros(4, dtype=int))
        levels.append(venv.current_levels.copy())
    np.testing.assert_array_equal(levels[0], levels[1])
    assert (levels[0] != levels[2]).any()


def test_levels_of_mazes_described_by_parameters_are_not_mutated():
    for thing in (MazeParametersEnv(), MazeParametersVecEnv(1)):
        assert not hasattr(thing, "mutate")
    with pytest.raises(AttributeError, match="mutate"):
        MazeParametersVecEnv(1).env_method("mutate", None)


@pytest.mark.parametrize("name", ["random", "alp-gmm"])
def test_a_teacher_chooses_its_tasks(name):
    inner = MazeParametersEnv.vec_env(4, max_steps=4, autoreset=False)
    teacher = make_teacher(name, inner.task_space, seed=0)
    venv = CurriculumVecEnv(inner, teacher)
    venv.reset()
    for _ in range(300):
        venv.step(np.full(4, 2))
        np.testing.assert_array_equal(venv.current_tasks, inner.current_tasks)
    assert teacher.metrics()["outcomes"] >= 300
