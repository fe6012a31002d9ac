"""Hyperparameters that are no whole number, no number or no pair: refused by name, and never rounded."""

import numpy as np
import pytest
from tutelage import TaskSpace, make_teacher
from tutelage.teachers.hyperparameters import pair, real, whole

SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))

COUNTS = [
    *((name, key) for name in ("alp-gmm", "covar-gmm") for key in ("fit_rate", "n_bootstrap", "n_em_init")),
    ("alp-gmm", "max_history"),
    *(("goal-gan", key) for key in ("fit_rate", "n_rollouts", "buffer_size", "iterations")),
    *(("setter-solver", key) for key in ("fit_rate", "memory", "n_steps", "hidden", "n_layers")),
    *(("currot", key) for key in ("n_particles", "fit_rate")),
    *(("riac", key) for key in ("max_region_size", "n_split_attempts", "alp_window", "min_region_size")),
    *(("spdl", key) for key in ("update_offset", "update_frequency", "update_every_episodes", "alpha_offset")),
    ("adr", "queue_length"),
    ("oracle", "stage_episodes"),
    *(("gaussian-oracle", key) for key in ("stage_episodes", "n_stages")),
]
PAIRS = [
    ("goal-gan", "goid"),
    ("goal-gan", "hidden"),
    ("setter-solver", "feasibility"),
    ("alp-gmm", "return_bounds"),
    ("covar-gmm", "return_bounds"),
]


@pytest.mark.parametrize("value", [10.5, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("name", "key"), COUNTS)
def test_a_count_that_is_not_whole_is_refused_by_name(name, key, value):
    with pytest.raises(ValueError, match=rf"{key} must be a whole number.*got {value}"):
        make_teacher(name, SQUARE, seed=0, **{key: value})


@pytest.mark.parametrize("value", ["10", [10], True], ids=repr)
@pytest.mark.parametrize(("name", "key"), COUNTS)
def test_a_count_that_is_no_number_is_refused_by_name(name, key, value):
    with pytest.raises(TypeError, match=rf"{key} must be a whole number"):
        make_teacher(name, SQUARE, seed=0, **{key: value})


@pytest.mark.parametrize(("name", "key"), COUNTS)
def test_a_whole_float_counts_as_well_as_an_integer(name, key):
    first, second = (make_teacher(name, SQUARE, seed=0, **{key: number}) for number in (10, 10.0))
    assert getattr(first, key) == getattr(second, key) == 10
    assert type(getattr(second, key)) is int


@pytest.mark.parametrize("value", [[0.2], [], (0.1, 0.5, 0.9), np.array([0.5])], ids=repr)
@pytest.mark.parametrize(("name", "key"), PAIRS)
def test_a_pair_of_another_length_is_refused_by_name(name, key, value):
    with pytest.raises(ValueError, match=f"{key} must be two numbers, got"):
        make_teacher(name, SQUARE, seed=0, **{key: value})


@pytest.mark.parametrize("value", [0.5, "ab", {"low": 0.2}], ids=repr)
@pytest.mark.parametrize(("name", "key"), PAIRS)
def test_what_is_no_pair_is_refused_by_name(name, key, value):
    with pytest.raises(TypeError, match=f"{key} must be"):
        make_teacher(name, SQUARE, seed=0, **{key: value})


@pytest.mark.parametrize("ks", [[2, 2.5], [np.inf]], ids=repr)
def test_numbers_of_components_that_are_not_whole_are_refused(ks):
    with pytest.raises(ValueError, match="ks must be a whole number"):
        make_teacher("alp-gmm", SQUARE, ks=ks)


def test_a_single_number_of_components_is_no_list_of_them():
    with pytest.raises(TypeError, match="ks must be a list of whole numbers, got 3"):
        make_teacher("covar-gmm", SQUARE, ks=3)


def test_widths_that_are_not_whole_are_refused():
    with pytest.raises(ValueError, match=r"hidden .* whole number of at least 1, got 8.5"):
        make_teacher("goal-gan", SQUARE, hidden=(8.5, 4))


@pytest.mark.parametrize(("name", "key"), [("goal-gan", "noise"), ("currot", "epsilon"), ("adr", "good_return")])
def test_a_number_that_is_none_is_refused_by_name(name, key):
    with pytest.raises(TypeError, match=f"{key} must be a number, got 'x'"):
        make_teacher(name, SQUARE, **{key: "x"})


@pytest.mark.parametrize("value", [3, 3.0, np.int32(3), np.float32(3.0), np.uint8(3)], ids=repr)
def test_numbers_of_all_types_count(value):
    assert (whole("n", value, 3), real("n", value)) == (3, 3.0)


def test_a_number_beyond_every_float_is_whole():
    assert whole("n", 10**400) == 10**400


def test_a_count_below_the_least_says_what_is_allowed():
    with pytest.raises(ValueError, match="n must be at least 3, got 2"):
        whole("n", 2, 3)


@pytest.mark.parametrize("value", [(1, 2), [1.0, 2.0], np.array([1, 2])], ids=repr)
def test_two_numbers_are_a_pair(value):
    assert pair("n", value) == (1.0, 2.0)
