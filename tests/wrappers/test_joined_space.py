"""JoinedSpace: task spaces side by side, each with its own rules."""

import pickle

import numpy as np
import pytest
from tutelage import TaskSpace
from tutelage.envs import MazeSpace
from tutelage.wrappers import JoinedSpace
from tutelage.wrappers.joined_space import join_spaces

MAZE = MazeSpace(3, 4, walls=(2, 5))
BUDGETS = TaskSpace(budget=range(8, 33))
SPACE = JoinedSpace([MAZE, BUDGETS])


def rng():
    return np.random.default_rng(0)


def test_plain_spaces_make_a_plain_space():
    joined = join_spaces([TaskSpace(x=(0.0, 1.0)), TaskSpace(k=range(3), c=["a", "b"])])
    assert type(joined) is TaskSpace
    assert joined == TaskSpace(x=(0.0, 1.0), k=range(3), c=["a", "b"])


def test_a_space_with_rules_of_its_own_keeps_them():
    assert isinstance(join_spaces([MAZE, BUDGETS]), JoinedSpace)


def test_dimensions_can_be_renamed():
    assert join_spaces([BUDGETS, BUDGETS], ["first", "second"]).names == ("first", "second")


@pytest.mark.parametrize("names", [None, ["a"], ["a", "a"]])
def test_names_that_are_not_all_different_are_refused(names):
    with pytest.raises(ValueError, match="Expected 2 different names"):
        join_spaces([BUDGETS, BUDGETS], names)


def test_each_part_draws_its_own():
    rows = SPACE.sample(50, rng())
    assert MAZE.contains_all(rows[:, :-1])
    assert BUDGETS.contains_all(rows[:, -1:])


def test_each_part_decides_what_is_a_task():
    row = SPACE.sample(1, rng())[0]
    broken = row.copy()
    broken[-3] = broken[-4]  # the start on the goal
    late = row.copy()
    late[-1] = 33
    assert SPACE.contains([row, broken, late]).tolist() == [True, False, False]
    assert SPACE.contains(row)
    assert not SPACE.contains_all([row, late])


def test_each_part_says_what_is_wrong():
    row = SPACE.sample(1, rng())[0]
    row[-3] = row[-4]
    with pytest.raises(ValueError, match="the start is on the goal"):
        SPACE.validate(row)
    row = SPACE.sample(1, rng())[0]
    row[-1] = 99
    with pytest.raises(ValueError, match="budget = 99 is outside"):
        SPACE.validate(row)


def test_points_of_the_unit_cube_are_tasks():
    points = rng().random((200, SPACE.n_dims))
    assert SPACE.contains_all(SPACE.from_unit(points))
    assert SPACE.from_unit(points[0]).shape == (SPACE.n_dims,)


def test_the_unit_cube_and_back_is_the_same_task():
    rows = SPACE.sample(50, rng())
    np.testing.assert_array_equal(SPACE.from_unit(SPACE.to_unit(rows)), rows)


def test_clipping_gives_a_task():
    assert SPACE.contains_all(SPACE.clip(rng().normal(0, 30, (100, SPACE.n_dims))))


def test_the_size_is_the_product():
    assert SPACE.size == MAZE.size * 25
    assert JoinedSpace([MAZE, TaskSpace(x=(0.0, 1.0))]).size == float("inf")
    assert np.isfinite(JoinedSpace([MazeSpace(40, 40)] * 2, [str(i) for i in range(2 * 1603)]).size)


def test_a_small_space_can_be_enumerated():
    small = JoinedSpace([MazeSpace(1, 2), TaskSpace(k=range(3))])
    rows = small.enumerate()
    assert len(rows) == small.size == 24
    assert small.contains_all(rows)


def test_a_space_can_be_sent_to_another_process():
    again = pickle.loads(pickle.dumps(SPACE))
    assert again == SPACE
    np.testing.assert_array_equal(again.sample(3, rng()), SPACE.sample(3, rng()))


def test_its_dimensions_are_plain_data():
    assert TaskSpace.from_json(SPACE.to_json()).names == SPACE.names


@pytest.mark.parametrize("build", [JoinedSpace.from_json, JoinedSpace.from_gym])
def test_it_is_built_from_spaces_only(build):
    with pytest.raises(TypeError, match="built from other task spaces"):
        build(None)
