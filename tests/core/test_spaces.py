"""Task spaces: round trips, membership, readable forms, Gymnasium and what is refused."""

from __future__ import annotations

import json
import math
import pickle
from collections import OrderedDict

import numpy as np
import pytest
from gymnasium import spaces as gym_spaces
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tutelage import Dimension, TaskSpace

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)
CONTINUOUS = st.tuples(NUMBERS, NUMBERS).map(lambda pair: (min(pair), max(pair)))
FIXED = NUMBERS.map(lambda value: (value, value))
INTEGER = st.tuples(st.integers(-1000, 1000), st.integers(0, 200)).map(lambda p: range(p[0], p[0] + p[1] + 1))
CATEGORICAL = st.lists(st.text(max_size=5), min_size=1, max_size=5, unique=True)
ANY = st.one_of(CONTINUOUS, FIXED, INTEGER, CATEGORICAL)


def spaces_of(kind: st.SearchStrategy, max_dims: int = 6) -> st.SearchStrategy[TaskSpace]:
    return st.lists(kind, min_size=1, max_size=max_dims).map(
        lambda specs: TaskSpace({f"dim {i}": spec for i, spec in enumerate(specs)})
    )


SPACES = spaces_of(ANY)
FLOAT32 = spaces_of(  # bounds that float32 does not round to zero
    st.one_of(
        CONTINUOUS.map(lambda pair: (round(pair[0], 6), round(pair[1], 6))),
        FIXED.map(lambda pair: (round(pair[0], 6),) * 2),
    )
)
SEEDS = st.integers(0, 2**32 - 1)


def mixed() -> TaskSpace:
    return TaskSpace(height=(0.0, 3.0), rooms=range(2, 7), terrain=["grass", "ice", "mud"], gravity=(9.8, 9.8))


# --- The unit cube ---------------------------------------------------------------------------------------------------


@given(SPACES, SEEDS)
def test_tasks_survive_the_trip_through_the_unit_cube(space, seed):
    tasks = space.sample(20, np.random.default_rng(seed))
    back = space.from_unit(space.to_unit(tasks))
    np.testing.assert_allclose(back, tasks, rtol=1e-12, atol=1e-9)


@given(SPACES, SEEDS)
def test_discrete_values_survive_the_trip_through_the_unit_cube_exactly(space, seed):
    tasks = space.sample(20, np.random.default_rng(seed))
    back = space.from_unit(space.to_unit(tasks))
    assert (back == tasks)[:, space.discrete | (space.low == space.high)].all()


@given(spaces_of(CONTINUOUS.filter(lambda pair: pair[1] - pair[0] > 1e-3)), SEEDS)
def test_points_of_the_unit_cube_survive_the_trip_through_continuous_tasks(space, seed):
    points = np.random.default_rng(seed).random((20, space.n_dims))
    np.testing.assert_allclose(space.to_unit(space.from_unit(points)), points, atol=1e-6)


@given(SPACES, st.data())
def test_every_point_of_the_unit_cube_is_a_task(space, data):
    points = data.draw(arrays(np.float64, (5, space.n_dims), elements=st.floats(0.0, 1.0)))
    tasks = space.from_unit(points)
    assert space.contains(tasks).all()


@given(SPACES, st.data())
def test_points_outside_the_unit_cube_are_clipped_into_it(space, data):
    points = data.draw(arrays(np.float64, (5, space.n_dims), elements=st.floats(-10.0, 10.0)))
    np.testing.assert_array_equal(space.from_unit(points), space.from_unit(np.clip(points, 0.0, 1.0)))


@given(SPACES, SEEDS)
def test_unit_coordinates_lie_between_zero_and_one(space, seed):
    unit = space.to_unit(space.sample(20, np.random.default_rng(seed)))
    assert ((unit >= 0.0) & (unit <= 1.0)).all()


def test_a_fixed_dimension_lies_in_the_middle_of_the_unit_interval():
    assert TaskSpace(x=(2.5, 2.5)).to_unit([2.5]).tolist() == [0.5]


def test_an_integer_lies_in_the_middle_of_its_cell():
    assert TaskSpace(k=range(10, 14)).to_unit([[10], [11], [12], [13]]).ravel().tolist() == [
        0.125,
        0.375,
        0.625,
        0.875,
    ]


def test_the_smallest_ranges_reach_the_upper_end_of_the_unit_interval():
    assert TaskSpace(x=(0.0, 5e-324)).to_unit([[0.0], [5e-324]]).ravel().tolist() == [0.0, 1.0]


def test_one_row_maps_to_one_row():
    assert mixed().to_unit([1.0, 3, 2, 9.8]).shape == (4,)


# --- Sampling, clipping, membership ----------------------------------------------------------------------------------


@given(SPACES, SEEDS, st.integers(0, 50))
def test_samples_lie_inside_the_bounds(space, seed, n):
    tasks = space.sample(n, np.random.default_rng(seed))
    assert tasks.shape == (n, space.n_dims)
    assert ((tasks >= space.low) & (tasks <= space.high)).all()


@given(SPACES, SEEDS)
def test_discrete_samples_are_whole_numbers(space, seed):
    tasks = space.sample(50, np.random.default_rng(seed))[:, space.discrete]
    assert (tasks == np.rint(tasks)).all()


def test_integers_are_sampled_uniformly():
    tasks = TaskSpace(k=range(-3, 4)).sample(70_000, np.random.default_rng(0))
    counts = np.unique(tasks, return_counts=True)[1]
    assert len(counts) == 7
    assert (np.abs(counts - 10_000) < 5 * math.sqrt(10_000)).all()


def test_sampling_uses_only_the_generator_it_is_given():
    first = mixed().sample(5, np.random.default_rng(3))
    np.testing.assert_array_equal(first, mixed().sample(5, np.random.default_rng(3)))


@given(SPACES, st.data())
def test_clipped_tasks_lie_inside(space, data):
    tasks = data.draw(arrays(np.float64, (5, space.n_dims), elements=st.floats(-1e9, 1e9)))
    assert space.contains(space.clip(tasks)).all()


@given(SPACES, st.data())
def test_clipping_twice_changes_nothing_more(space, data):
    tasks = data.draw(arrays(np.float64, (5, space.n_dims), elements=st.floats(-1e9, 1e9)))
    once = space.clip(tasks)
    np.testing.assert_array_equal(space.clip(once), once)


@given(SPACES, SEEDS)
def test_clipping_leaves_tasks_inside_alone(space, seed):
    tasks = space.sample(10, np.random.default_rng(seed))
    np.testing.assert_array_equal(space.clip(tasks), tasks)


def test_clipping_moves_infinity_to_the_bound_and_keeps_nan():
    clipped = TaskSpace(x=(0.0, 3.0)).clip([[np.inf], [-np.inf], [np.nan]]).ravel()
    np.testing.assert_array_equal(clipped, [3.0, 0.0, np.nan])


def test_clipping_does_not_write_into_its_argument():
    tasks = np.array([[9.0, 9.0, 9.0, 9.0]])
    mixed().clip(tasks)
    assert (tasks == 9.0).all()


@given(FLOAT32, SEEDS)
def test_tasks_that_went_through_float32_are_still_inside(space, seed):
    tasks = np.vstack([space.sample(10, np.random.default_rng(seed)), space.low, space.high])
    assert space.contains(tasks.astype(np.float32)).all()


@given(FLOAT32, SEEDS)
def test_validation_puts_tasks_that_went_through_float32_back_inside(space, seed):
    tasks = np.vstack([space.sample(10, np.random.default_rng(seed)), space.low, space.high])
    rows = space.validate(tasks.astype(np.float32))
    assert ((rows >= space.low) & (rows <= space.high)).all()


@pytest.mark.parametrize("value", [1.0 + 1e-7, -1e-7])
def test_a_millionth_of_the_range_is_tolerated(value):
    assert TaskSpace(x=(0.0, 1.0)).contains([value])


@pytest.mark.parametrize("value", [1.00001, -0.00001, np.nan, np.inf, -np.inf])
def test_more_than_a_millionth_of_the_range_is_outside(value):
    assert not TaskSpace(x=(0.0, 1.0)).contains([value])


def test_the_integer_next_to_a_wide_range_is_outside():
    assert TaskSpace(k=range(5_000_000)).contains([[-1], [0], [4_999_999], [5_000_000]]).tolist() == [
        False,
        True,
        True,
        False,
    ]


def test_a_fraction_is_outside_of_an_integer_dimension():
    assert not TaskSpace(k=range(4)).contains([1.5])


def test_membership_is_told_for_each_row():
    assert mixed().contains([[1, 3, 2, 9.8], [4, 3, 2, 9.8], [1, 7, 2, 9.8], [1, 3, 3, 9.8]]).tolist() == [
        True,
        False,
        False,
        False,
    ]


def test_validation_copies():
    tasks = np.array([[1.0, 3.0, 2.0, 9.8]])
    assert not np.shares_memory(mixed().validate(tasks), tasks)


def test_an_empty_batch_is_valid():
    assert mixed().validate(np.empty((0, 4))).shape == (0, 4)


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "dimension"),
    [
        ([4.0, 3, 1, 9.8], "height = 4"),
        ([np.nan, 3, 1, 9.8], "height = nan"),
        ([np.inf, 3, 1, 9.8], "height = inf"),
        ([1.0, 9, 1, 9.8], "rooms = 9"),
        ([1.0, 3.5, 1, 9.8], "rooms = 3.5"),
        ([1.0, 3, 3, 9.8], "terrain = 3"),
        ([1.0, 3, 1, 9.9], "gravity = 9.9"),
    ],
)
def test_the_error_names_the_dimension_and_the_value(task, dimension):
    with pytest.raises(ValueError, match=dimension):
        mixed().validate(task)


def test_the_error_about_a_task_outside_names_the_bounds_and_the_mend():
    with pytest.raises(ValueError, match=r"outside \[0, 3\].*clip\(\)"):
        mixed().validate([4.0, 3, 1, 9.8])


def test_the_error_about_a_category_lists_the_categories():
    with pytest.raises(ValueError, match=r"'grass', 'ice', 'mud'"):
        mixed().validate([1.0, 3, 7, 9.8])


def test_the_error_about_a_batch_shows_the_first_bad_task():
    with pytest.raises(ValueError, match=r"height = 5"):
        mixed().validate([[1.0, 3, 1, 9.8], [5.0, 3, 1, 9.8], [6.0, 3, 1, 9.8]])


@pytest.mark.parametrize("tasks", [[1.0], [[1.0, 2.0]], 1.0, np.zeros((1, 1, 4)), []])
def test_a_wrong_shape_is_refused_with_both_shapes(tasks):
    with pytest.raises(ValueError, match=r"Expected tasks of shape \(n, 4\).*got shape"):
        mixed().validate(tasks)


@pytest.mark.parametrize("tasks", [["1", "3", "1", "9.8"], [1j, 3, 1, 9.8], {"height": 1}, [[1], [2, 3]]])
def test_tasks_that_are_no_numbers_are_refused(tasks):
    with pytest.raises(ValueError, match=r"Expected tasks"):
        mixed().validate(tasks)


@pytest.mark.parametrize("method", ["contains", "clip", "to_unit", "from_unit", "validate", "to_dicts"])
def test_every_method_refuses_a_wrong_number_of_dimensions(method):
    with pytest.raises(ValueError, match=r"height, rooms, terrain, gravity"):
        getattr(mixed(), method)(np.zeros((2, 3)))


def test_bounds_the_wrong_way_round_are_refused_with_the_right_way():
    with pytest.raises(ValueError, match=r"'height'.*Did you mean \(0, 3\)"):
        TaskSpace(height=(3.0, 0.0))


@pytest.mark.parametrize("bounds", [(np.nan, 1.0), (0.0, np.nan), (-np.inf, 1.0), (0.0, np.inf)])
def test_bounds_that_are_not_finite_are_refused(bounds):
    with pytest.raises(ValueError, match=r"'height'.*finite"):
        TaskSpace(height=bounds)


def test_bounds_whose_difference_overflows_are_refused():
    with pytest.raises(ValueError, match=r"'height'.*too far apart"):
        TaskSpace(height=(-1.7e308, 1.7e308))


@pytest.mark.parametrize("bounds", [("0", "3"), (False, True), (None, 1.0), (0, 10**400), ([0], [1])])
def test_bounds_that_are_no_numbers_are_refused(bounds):
    with pytest.raises(TypeError, match=r"'height'.*must be numbers.*list for categories"):
        TaskSpace(height=bounds)


@pytest.mark.parametrize("spec", [(1.0,), (1.0, 2.0, 3.0), ()])
def test_a_tuple_that_is_no_pair_is_refused(spec):
    with pytest.raises(ValueError, match=r"'height'.*pair \(low, high\)"):
        TaskSpace(height=spec)


@pytest.mark.parametrize("spec", ["grass", 3, 2.5, None, {"low": 0}, {1, 2}])
def test_a_specification_of_another_type_is_refused(spec):
    with pytest.raises(TypeError, match=r"'height'.*expected a pair"):
        TaskSpace(height=spec)


@pytest.mark.parametrize("spec", [range(0), range(5, 2), []])
def test_an_empty_dimension_is_refused(spec):
    with pytest.raises(ValueError, match=r"'rooms'.*empty"):
        TaskSpace(rooms=spec)


def test_a_range_with_steps_is_refused_with_a_list_to_use():
    with pytest.raises(ValueError, match=r"'rooms'.*step 2.*\[0, 2, 4, 6\]"):
        TaskSpace(rooms=range(0, 8, 2))


@pytest.mark.parametrize("spec", [range(10**400), range(-(2**63), 2**63), range(2**53 + 2)])
def test_integers_that_float64_cannot_hold_are_refused(spec):
    with pytest.raises(ValueError, match=r"'rooms'.*2\*\*53"):
        TaskSpace(rooms=spec)


def test_a_category_given_twice_is_refused():
    with pytest.raises(ValueError, match=r"'terrain'.*duplicate"):
        TaskSpace(terrain=["grass", "ice", "grass"])


@pytest.mark.parametrize("make", [lambda: TaskSpace({"x": (0, 1)}, x=(0, 1)), lambda: TaskSpace({1: (0, 1), "1": [3]})])
def test_a_name_given_twice_is_refused(make):
    with pytest.raises(ValueError, match=r"given twice"):
        make()


def test_a_space_without_dimensions_is_refused():
    with pytest.raises(ValueError, match=r"at least one dimension"):
        TaskSpace()


@pytest.mark.parametrize(
    "arguments",
    [
        ("x", "continuous", 3.0, 1.0),
        ("x", "continuous", 0.0, np.inf),
        ("x", "integer", 0.5, 2.0),
        ("x", "categorical", 0.0, 2.0, ("a", "b")),
        ("x", "logarithmic", 0.0, 1.0),
    ],
)
def test_a_dimension_built_by_hand_is_checked_too(arguments):
    with pytest.raises(ValueError, match=r"Dimension 'x'"):
        Dimension(*arguments)


# --- Finite sets -----------------------------------------------------------------------------------------------------


@given(spaces_of(st.one_of(FIXED, INTEGER.filter(lambda r: len(r) < 12), CATEGORICAL), max_dims=4))
def test_enumeration_returns_every_task_once(space):
    tasks = space.enumerate()
    assert len(tasks) == space.size == len(np.unique(tasks, axis=0))
    assert space.contains(tasks).all()


@pytest.mark.parametrize("value", [1e17, -0.9, 0.1, 1 / 3])
def test_a_fixed_dimension_enumerates_to_its_value(value):
    assert TaskSpace(x=(value, value)).enumerate().tolist() == [[value]]


def test_the_last_dimension_of_an_enumeration_runs_fastest():
    assert TaskSpace(a=range(2), b=["x", "y"]).enumerate().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_enumerating_a_continuous_dimension_is_refused_by_name():
    with pytest.raises(ValueError, match=r"height is continuous.*grid"):
        mixed().enumerate()


def test_enumerating_too_many_tasks_is_refused():
    with pytest.raises(ValueError, match=r"too many"):
        TaskSpace(a=range(10_000), b=range(10_000)).enumerate()


@given(SPACES.filter(lambda space: space.n_dims <= 4), st.integers(1, 5))
def test_every_point_of_a_grid_is_a_task(space, n):
    grid = space.grid(n)
    assert space.contains(grid).all()
    assert len(grid) == len(np.unique(grid, axis=0)) == math.prod(int(min(n, dim.size)) for dim in space)


def test_a_grid_holds_both_bounds():
    assert TaskSpace(x=(-1.0, 1.0)).grid(3).ravel().tolist() == [-1.0, 0.0, 1.0]


def test_a_grid_of_one_is_the_middle():
    assert TaskSpace(x=(-1.0, 2.0), k=range(5)).grid(1).tolist() == [[0.5, 2.0]]


def test_a_grid_of_a_hundred_dimensions_is_possible():
    assert TaskSpace({f"x{i}": (0.0, 1.0) for i in range(100)}).grid(1).shape == (1, 100)


def test_a_grid_that_does_not_fit_into_memory_is_refused():
    with pytest.raises(ValueError, match=r"too many"):
        TaskSpace({f"x{i}": (0.0, 1.0) for i in range(12)}).grid(10)


def test_a_grid_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"at least 1"):
        mixed().grid(0)


# --- Readable forms --------------------------------------------------------------------------------------------------


@given(SPACES, SEEDS)
def test_tasks_survive_the_trip_through_dicts(space, seed):
    tasks = space.sample(5, np.random.default_rng(seed))
    back = np.array([space.from_dict(named) for named in space.to_dicts(tasks)])
    np.testing.assert_array_equal(back, tasks)


def test_a_dict_holds_floats_ints_and_categories():
    assert mixed().to_dict([1, 3, 2, 9.8]) == {"height": 1.0, "rooms": 3, "terrain": "mud", "gravity": 9.8}


def test_a_missing_name_and_an_unknown_one_are_both_named():
    with pytest.raises(ValueError, match=r"missing: terrain, gravity; unknown: room"):
        mixed().from_dict({"height": 1.0, "rooms": 3, "room": 1})


def test_an_unknown_category_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"terrain = 'lava'.*'grass', 'ice', 'mud'"):
        mixed().from_dict({"height": 1.0, "rooms": 3, "terrain": "lava", "gravity": 9.8})


@pytest.mark.parametrize("value", ["1.0", None, [1.0, 2.0], 1j, "high"])
def test_a_value_that_is_no_number_is_refused_by_name(value):
    with pytest.raises(ValueError, match=r"height = "):
        mixed().from_dict({"height": value, "rooms": 3, "terrain": "ice", "gravity": 9.8})


@given(SPACES)
def test_a_space_survives_the_trip_through_json(space):
    assert TaskSpace.from_json(json.loads(json.dumps(space.to_json()))) == space


@given(SPACES)
def test_a_space_survives_pickling(space):
    assert pickle.loads(pickle.dumps(space)) == space


@given(SPACES)
def test_equal_spaces_have_equal_hashes(space):
    assert hash(TaskSpace.from_json(space.to_json())) == hash(space)


@given(SPACES)
def test_a_space_is_rebuilt_from_its_own_dimensions(space):
    assert TaskSpace({dim.name: dim.to_spec() for dim in space}) == space
    assert TaskSpace({dim.name: dim for dim in space}) == space


@pytest.mark.parametrize(
    "data",
    [
        None,
        "text",
        [],
        {},
        [1],
        ["x"],
        [{}],
        [{"name": "x", "kind": "continuous", "low": 0.0}],
        [{"name": "x", "kind": "continuous", "low": "a", "high": 1.0}],
        [{"name": "x", "kind": "continuous", "low": 2.0, "high": 1.0}],
        [{"name": "x", "kind": "integer", "low": 0.0, "high": math.inf}],
        [{"name": "x", "kind": "integer", "low": 0.5, "high": 2.0}],
        [{"name": "x", "kind": "curved", "low": 0.0, "high": 1.0}],
        [{"name": "x", "kind": "categorical", "categories": 3}],
        [{"name": "x", "kind": "continuous", "low": 0.0, "high": 1.0}] * 2,
    ],
)
def test_data_that_describes_no_space_is_refused(data):
    with pytest.raises(ValueError):
        TaskSpace.from_json(data)


def test_names_that_are_no_identifiers_are_shown_as_a_mapping():
    assert repr(TaskSpace({"stump height": (0.0, 3.0)})) == "TaskSpace('stump height': (0.0, 3.0))"


# --- Gymnasium -------------------------------------------------------------------------------------------------------


@given(spaces_of(st.one_of(CONTINUOUS, FIXED, INTEGER)))
def test_a_space_survives_the_trip_through_gymnasium(space):
    assert TaskSpace.from_gym(space.to_gym()) == space


def test_the_order_of_the_names_survives_the_trip_through_gymnasium():
    space = TaskSpace(zebra=(0.0, 1.0), ant=range(3))
    assert TaskSpace.from_gym(space.to_gym()).names == ("zebra", "ant")


def test_categories_become_a_discrete_space_of_their_indices():
    assert TaskSpace(terrain=["grass", "ice"]).to_gym()["terrain"] == gym_spaces.Discrete(2)


@pytest.mark.parametrize(
    ("gym_space", "expected"),
    [
        (gym_spaces.Box(-1.0, 2.0, (), np.float64), {"x": (-1.0, 2.0)}),
        (gym_spaces.Box(-1.0, 2.0, (2,), np.float64), {"x_0": (-1.0, 2.0), "x_1": (-1.0, 2.0)}),
        (gym_spaces.Box(-1.0, 2.0, (2,), np.float32), {"x_0": (-1.0, 2.0), "x_1": (-1.0, 2.0)}),
        (
            gym_spaces.Box(np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]]), dtype=np.float64),
            {"x_0_0": (0.0, 2.0), "x_1_0": (1.0, 3.0)},
        ),
        (gym_spaces.Box(-3, 4, (1,), np.int64), {"x_0": range(-3, 5)}),
        (gym_spaces.Box(0, 255, (), np.uint8), {"x": range(256)}),
        (gym_spaces.Discrete(5), {"x": range(5)}),
        (gym_spaces.Discrete(5, start=-2), {"x": range(-2, 3)}),
        (gym_spaces.MultiDiscrete([2, 3]), {"x_0": range(2), "x_1": range(3)}),
        (gym_spaces.MultiDiscrete([2, 3], start=[5, -1]), {"x_0": range(5, 7), "x_1": range(-1, 2)}),
        (gym_spaces.MultiDiscrete([[2, 3], [4, 5]]), {f"x_{i}": range(2 + i) for i in range(4)}),
        (
            gym_spaces.Dict(
                OrderedDict(
                    stump=gym_spaces.Dict(height=gym_spaces.Box(0.0, 3.0, ()), width=gym_spaces.Box(0.0, 1.0, ())),
                    rooms=gym_spaces.Discrete(5, start=2),
                    seeds=gym_spaces.MultiDiscrete([3, 3]),
                )
            ),
            {
                "stump_height": (0.0, 3.0),
                "stump_width": (0.0, 1.0),
                "rooms": range(2, 7),
                "seeds_0": range(3),
                "seeds_1": range(3),
            },
        ),
    ],
    ids=str,
)
def test_a_gymnasium_space_becomes_named_dimensions(gym_space, expected):
    assert TaskSpace.from_gym(gym_space) == TaskSpace(expected)


@pytest.mark.parametrize(
    "gym_space", [gym_spaces.Discrete(4), gym_spaces.Box(0, 1, (2, 2)), gym_spaces.MultiDiscrete([2, 2])], ids=str
)
def test_a_space_from_gymnasium_returns_the_one_it_was_built_from(gym_space):
    assert TaskSpace.from_gym(gym_space).to_gym() == gym_space


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_an_unbounded_box_is_refused(dtype):
    with pytest.raises(ValueError, match=r"'x_0'.*(finite|too wide)"):
        TaskSpace.from_gym(gym_spaces.Box(-np.inf, np.inf, (2,), dtype))


@pytest.mark.parametrize("gym_space", [gym_spaces.MultiBinary(3), gym_spaces.Text(5), "Discrete(3)", None], ids=str)
def test_another_gymnasium_space_is_refused_with_the_possible_ones(gym_space):
    with pytest.raises(TypeError, match=r"Box, Discrete, MultiDiscrete or Dict"):
        TaskSpace.from_gym(gym_space)


@pytest.mark.parametrize("gym_space", [gym_spaces.Dict({}), gym_spaces.Box(0, 1, (0,))], ids=str)
def test_a_gymnasium_space_without_dimensions_is_refused(gym_space):
    with pytest.raises(ValueError, match=r"no dimension"):
        TaskSpace.from_gym(gym_space)


def test_two_entries_of_a_dict_that_get_the_same_name_are_refused():
    with pytest.raises(ValueError, match=r"'a_0'"):
        TaskSpace.from_gym(gym_spaces.Dict(a=gym_spaces.MultiDiscrete([2, 3]), a_0=gym_spaces.Discrete(9)))
