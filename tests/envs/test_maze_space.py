"""The space of a maze's levels."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tutelage import TaskSpace, make_teacher
from tutelage.envs import MazeSpace, count_walls

SIZES = [(1, 2), (2, 1), (3, 5), (13, 13)]


def rng(seed=0):
    return np.random.default_rng(seed)


def level(space, **changes):
    """An empty maze with the goal in the last cell and the start in the first."""
    row = np.zeros(space.n_dims)
    row[-3] = space.n_cells - 1
    for name, value in changes.items():
        row[space.names.index(name)] = value
    return row


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_what_is_drawn_is_in_the_space(height, width):
    space = MazeSpace(height, width)
    levels = space.sample(500, rng())
    assert levels.shape == (500, height * width + 3)
    assert space.contains(levels).all()
    assert TaskSpace.contains(space, levels).all()


def test_no_level_is_a_batch_too():
    space = MazeSpace()
    assert space.sample(0, rng()).shape == (0, 172)
    assert space.contains(np.empty((0, 172))).shape == (0,)


def test_the_number_of_walls_is_drawn_uniformly_and_duplicates_collapse():
    # 25 draws from 169 cells leave 23.3 walls on average, 60 leave 50.6; goal and start remove 2/169 of them.
    for draws, expected in ((25, 23.3), (60, 50.6)):
        space = MazeSpace(walls=draws)
        walls = count_walls(space.sample(3000, rng()), space)
        assert walls.max() <= draws
        assert walls.mean() == pytest.approx(expected * (1 - 2 / 169), abs=0.15)
    space = MazeSpace(100, 100, walls=(2, 4))
    assert set(count_walls(space.sample(200, rng()), space).tolist()) >= {2, 3, 4}


def test_a_fixed_number_of_walls_is_one_number():
    assert MazeSpace(walls=7).walls == (7, 7)
    assert count_walls(MazeSpace(walls=0).sample(9, rng()), MazeSpace()).tolist() == [0] * 9


def test_goal_start_and_direction_are_uniform():
    space = MazeSpace(2, 2)
    goal, start, direction = space.sample(24_000, rng())[:, -3:].astype(int).T
    pairs = np.bincount(4 * goal + start, minlength=16).reshape(4, 4)
    assert (np.diag(pairs) == 0).all()
    np.testing.assert_allclose(pairs[~np.eye(4, dtype=bool)], 2000, rtol=0.1)
    np.testing.assert_allclose(np.bincount(direction), 6000, rtol=0.05)


def test_the_same_seed_draws_the_same_levels():
    np.testing.assert_array_equal(MazeSpace().sample(5, rng(3)), MazeSpace().sample(5, rng(3)))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"wall_3": 2}, r"wall_3 = 2 is outside \[0, 1\]"),
        ({"wall_3": 0.5}, "wall_3 = 0.5 must be a whole number"),
        ({"wall_3": np.nan}, "wall_3 is not a number"),
        ({"goal": 6}, r"goal = 6 is outside \[0, 5\]"),
        ({"goal": np.inf}, "goal = inf is outside"),
        ({"start": -1}, "start = -1 is outside"),
        ({"direction": 4}, r"direction = 4 is outside \[0, 3\]"),
        ({"direction": 1.5}, "direction = 1.5 must be a whole number"),
        ({"wall_5": 1}, r"the goal is on a wall \(cell 5: x = 2, y = 1\)"),
        ({"wall_0": 1}, r"the start is on a wall \(cell 0: x = 0, y = 0\)"),
        ({"goal": 0}, r"the start is on the goal \(cell 0\)"),
    ],
)
def test_what_is_no_level_is_refused_with_the_reason(changes, complaint):
    space = MazeSpace(2, 3)
    good, bad = level(space), level(space, **changes)
    assert space.contains([good, bad]).tolist() == [True, False]
    assert not space.contains_all([good, bad])
    assert not space.contains(bad)
    with pytest.raises(ValueError, match=complaint):
        space.validate([good, bad])


@pytest.mark.parametrize(
    "rows", [np.zeros(8), np.zeros((2, 10)), np.zeros((1, 1, 9)), 3.0, "abc", ["a"] * 9, [[0] * 9, [0] * 8]]
)
def test_rows_of_another_form_are_refused_in_one_short_sentence(rows):
    with pytest.raises(ValueError, match=r"shape \(n, 9\) or \(9,\).*2 × 3 maze") as caught:
        MazeSpace(2, 3).validate(rows)
    assert len(str(caught.value)) < 250


def test_an_unsolvable_level_is_a_level():
    assert MazeSpace(1, 3).contains([0, 1, 0, 2, 0, 0])


@settings(max_examples=50, deadline=None)
@given(size=st.sampled_from(SIZES), seed=st.integers(0, 2**32))
def test_clip_makes_levels_of_anything_and_leaves_levels_alone(size, seed):
    space = MazeSpace(*size)
    anything = rng(seed).normal(0.5, 3.0, (20, space.n_dims))
    assert space.contains(space.clip(anything)).all()
    assert space.contains(space.clip(anything[0]))
    levels = space.sample(20, rng(seed))
    np.testing.assert_array_equal(space.clip(levels), levels)


@settings(max_examples=50, deadline=None)
@given(size=st.sampled_from(SIZES), seed=st.integers(0, 2**32))
def test_the_unit_cube_and_back_is_the_same_level(size, seed):
    space = MazeSpace(*size)
    levels = space.sample(20, rng(seed))
    unit = space.to_unit(levels)
    assert ((unit > 0) & (unit < 1)).all()
    np.testing.assert_array_equal(space.from_unit(unit), levels)
    assert space.contains(space.from_unit(rng(seed).random((20, space.n_dims)))).all()


def test_clip_keeps_a_nan_where_it_is():
    clipped = MazeSpace(1, 2).clip([[np.nan, 0, 1, 0, 9], [0, 0, 1, 0, 9]])
    assert np.isnan(clipped[0, 0])
    assert clipped[:, -1].tolist() == [3, 3]


def test_all_levels_of_a_small_maze_can_be_listed():
    space = MazeSpace(2, 2)
    levels = space.enumerate()
    assert len(levels) == space.size == 4 * 3 * 4 * 2**2
    assert space.contains(levels).all()
    assert len(np.unique(levels, axis=0)) == len(levels)


def test_a_large_maze_has_too_many_levels_to_list():
    for space in (MazeSpace(), MazeSpace(101, 101)):
        with pytest.raises(ValueError, match="too many"):
            space.enumerate()


def test_a_level_goes_through_names():
    space = MazeSpace(1, 3)
    names = {"wall_0": 0, "wall_1": 1, "wall_2": 0, "goal": 2, "start": 0, "direction": 3}
    assert space.to_dict([0, 1, 0, 2, 0, 3]) == names
    assert space.from_dict(names).tolist() == [0, 1, 0, 2, 0, 3]
    with pytest.raises(ValueError, match="on a wall"):
        space.from_dict({**names, "wall_0": 1})


def test_spaces_are_equal_when_their_sizes_are():
    assert MazeSpace(3, 4) == MazeSpace(3, 4, walls=2)
    assert MazeSpace(3, 4) != MazeSpace(4, 3)
    assert hash(MazeSpace(3, 4)) == hash(MazeSpace(3, 4, walls=2))
    assert pickle.loads(pickle.dumps(MazeSpace(3, 4, walls=5))).walls == (5, 5)
    assert repr(MazeSpace(3, 4)) == "MazeSpace(3, 4, walls=(0, 60))"


def test_a_teacher_on_it_can_be_saved_and_loaded():
    teacher, other = (make_teacher("random", MazeSpace(3, 4), seed=seed) for seed in (0, 1))
    teacher.sample(3)
    other.load_state_dict(teacher.state_dict())
    np.testing.assert_array_equal(teacher.sample(2).values, other.sample(2).values)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"height": 0}, "two cells"),
        ({"height": 1, "width": 1}, "two cells"),
        ({"walls": (3, 2)}, "fewest"),
        ({"walls": -1}, "fewest"),
        ({"walls": (1, 2, 3)}, "pair"),
    ],
)
def test_sizes_and_numbers_of_walls_out_of_range_are_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        MazeSpace(**arguments)


@pytest.mark.parametrize("arguments", [{"height": 3.0}, {"width": "3"}, {"height": True}, {"walls": (0.5, 2)}])
def test_sizes_that_are_no_whole_numbers_are_refused(arguments):
    with pytest.raises(TypeError, match="whole number"):
        MazeSpace(**arguments)


def test_it_is_not_built_from_dimensions():
    space = MazeSpace(1, 2)
    for build in (MazeSpace.from_gym, MazeSpace.from_json):
        with pytest.raises(TypeError, match="size"):
            build(space.to_json())
    assert TaskSpace.from_json(space.to_json()) == space


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_grid_of_one_value_is_one_level(height, width):
    space = MazeSpace(height, width)
    assert space.contains(space.grid(1)).tolist() == [True]


def test_what_would_have_to_be_built_counts_for_the_limit_of_levels():
    with pytest.raises(ValueError, match=r"6,881,280 levels of a 3 × 5 maze are too many .* 29,491,200 rows"):
        MazeSpace(3, 5).enumerate()


@pytest.mark.parametrize("walls", [None, 5.5])
def test_walls_that_are_neither_a_number_nor_a_pair_are_refused(walls):
    with pytest.raises(TypeError, match="Expected walls as a pair"):
        MazeSpace(walls=walls)
