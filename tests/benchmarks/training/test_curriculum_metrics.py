"""The numbers that say what a curriculum did."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tutelage import TaskSpace
from tutelage.benchmarks.training.curriculum_metrics import (
    all_variants_success,
    effective_ratio,
    evaluation_metrics,
    expected_effective_ratio,
    forgetting,
    forgetting_aware,
    normalised_entropy,
    observed_effective_ratio,
    task_cells,
    task_metrics,
)
from tutelage.envs import MazeSpace


def rng(seed=0):
    return np.random.default_rng(seed)


# --- Effective ratio -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("p", "ratio"), [(0.5, 0.875), (0.25, 0.680), (0.1, 0.344), (0.0, 0.0), (1.0, 0.0)])
def test_the_effective_ratio_of_four_episodes(p, ratio):
    assert float(effective_ratio(p, 4)) == pytest.approx(ratio, abs=5e-4)


@pytest.mark.parametrize(
    ("solved", "failed", "ratio"), [(0, 0, 0.6), (0, 4, 0.4365), (2, 2, 0.7619), (8, 8, 0.8346), (4, 0, 0.4365)]
)
def test_what_is_expected_of_a_task_after_some_episodes(solved, failed, ratio):
    assert float(expected_effective_ratio(solved, failed)) == pytest.approx(ratio, abs=5e-5)


def test_with_many_episodes_all_three_agree():
    for p in (0.1, 0.5, 0.8):
        solved = int(p * 100_000)
        for estimate in (expected_effective_ratio, observed_effective_ratio):
            assert float(estimate(solved, 100_000 - solved)) == pytest.approx(float(effective_ratio(p, 4)), abs=1e-4)


@settings(deadline=None)
@given(p=st.floats(0.0, 1.0), n=st.integers(1, 5), total=st.integers(5, 12))
def test_the_observed_ratio_is_unbiased(p, n, total):
    counts = np.arange(total + 1)
    chance = np.array([math.comb(total, k) * p**k * (1 - p) ** (total - k) for k in counts])
    mean = float(chance @ observed_effective_ratio(counts, total - counts, n))
    assert mean == pytest.approx(1 - p**n - (1 - p) ** n, abs=1e-9)


def test_a_group_of_one_is_never_mixed():
    assert float(expected_effective_ratio(3, 5, 1)) == pytest.approx(0.0)
    assert float(observed_effective_ratio(3, 5, 1)) == pytest.approx(0.0)


@pytest.mark.parametrize("n", [0, -1, 2.5, True])
def test_a_group_that_is_none_is_refused(n):
    for estimate in (expected_effective_ratio, observed_effective_ratio):
        with pytest.raises(ValueError, match="n must be a whole number"):
            estimate(1, 1, n)


@pytest.mark.parametrize("counts", [(-1, 0), (0, -1), (math.nan, 0)])
def test_negative_counts_are_refused(counts):
    with pytest.raises(ValueError, match="at least 0"):
        expected_effective_ratio(*counts)


def test_a_prior_that_is_none_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        expected_effective_ratio(1, 1, prior=(0.0, 1.0))


# --- What was handed out ---------------------------------------------------------------------------------------------

CONTINUOUS = {1: 100, 2: 10, 3: 4, 4: 3, 5: 2, 6: 2}
"""Parts of each dimension by the number of dimensions."""


@pytest.mark.parametrize(("d", "parts"), CONTINUOUS.items())
def test_a_continuous_space_is_cut_into_at_most_100_cells(d, parts):
    space = TaskSpace({f"x{i}": (-3.0, 5.0) for i in range(d)})
    tasks = space.sample(5_000, rng())
    cells, n_cells = task_cells(space, tasks)
    assert n_cells == parts**d <= 100
    assert len(np.unique(cells)) == n_cells
    places = np.floor(space.to_unit(tasks) * parts)
    assert len(np.unique(np.column_stack([places, cells]), axis=0)) == n_cells


def test_both_ends_of_a_dimension_belong_to_its_cells():
    cells, _ = task_cells(TaskSpace(x=(0.0, 1.0)), np.array([[0.0], [0.001], [0.999], [1.0]]))
    assert cells.tolist() == [0, 0, 1, 1]


def test_in_a_small_finite_space_each_task_is_a_cell():
    space = TaskSpace(n=range(2, 9), terrain=["grass", "ice"])
    cells, n_cells = task_cells(space, space.enumerate())
    assert (n_cells, len(np.unique(cells))) == (14, 14)


def test_discrete_dimensions_of_a_mixed_space_keep_their_values():
    space = TaskSpace(layout=["a", "b"], density=(0.0, 1.0), width=range(1000))
    tasks = space.sample(3_000, rng())
    cells, n_cells = task_cells(space, tasks)
    assert n_cells == 2 * 4 * 4 == len(np.unique(cells))


def test_levels_are_cells_of_their_own():
    space = MazeSpace(5, 5)
    levels = space.sample(40, rng())
    cells, n_cells = task_cells(space, np.concatenate([levels, levels[:10]]).astype(space.dtype))
    assert cells.tolist() == [*range(40), *range(10)]
    assert n_cells > 1e6


def test_many_continuous_dimensions_are_cut_in_half():
    space = TaskSpace({f"x{i}": (0.0, 1.0) for i in range(12)})
    cells, n_cells = task_cells(space, np.array([[0.1] * 12, [0.4] * 12, [0.4] * 11 + [0.6]]))
    assert (cells.tolist(), n_cells) == ([0, 0, 1], 2.0**12)


def test_there_may_be_no_task():
    cells, n_cells = task_cells(TaskSpace(n=range(3)), np.empty((0, 1)))
    assert (len(cells), n_cells) == (0, 3.0)
    assert task_metrics(TaskSpace(n=range(3)), np.empty((0, 1)), []) == {}
    assert math.isnan(normalised_entropy([]))


def test_a_single_cell_has_nothing_to_choose():
    assert normalised_entropy([0, 0], 1) == 1.0


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=60))
def test_the_entropy_lies_between_0_and_1(cells):
    assert 0.0 <= normalised_entropy(cells, 10) <= 1.0


def test_the_entropy_of_a_known_distribution():
    assert normalised_entropy([0] * 3 + [1], 2) == pytest.approx(0.8113, abs=1e-4)


def test_uniform_tasks_have_an_entropy_near_1_and_a_single_one_has_none():
    space = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
    assert task_metrics(space, space.sample(1_000, rng()), np.full(1_000, np.nan))["entropy"] > 0.95
    assert task_metrics(space, np.full((1_000, 2), 0.3), np.full(1_000, np.nan))["entropy"] == 0.0


def test_tasks_that_are_always_or_never_solved_are_found():
    space = TaskSpace(n=range(4))
    tasks = np.repeat(np.arange(4.0), 50)[:, None]
    solved = np.concatenate(
        [np.ones(50), np.zeros(50), np.tile([0.0, 1.0], 25), np.tile([0.0, 0.0, 0.0, 0.0, 1.0], 10)]
    )
    metrics = task_metrics(space, tasks, solved)
    assert metrics["share_at_0_or_1"] == 0.5
    assert metrics["cells"] == 4.0
    assert metrics["effective_ratio"] == pytest.approx((0.875 + effective_ratio(0.2, 4)) / 4, abs=0.02)


def test_tasks_played_fewer_than_four_times_tell_nothing_of_their_ends():
    space = TaskSpace(n=range(2))
    metrics = task_metrics(space, np.array([[0.0]] * 3 + [[1.0]] * 3), [1, 1, 1, 0, 0, 0])
    assert set(metrics) == {"entropy", "cells", "effective_ratio_expected"}


def test_episodes_that_have_not_ended_are_left_out():
    space = TaskSpace(n=range(2))
    tasks = np.array([[0.0]] * 5 + [[1.0]] * 5)
    success = np.array([1.0] * 5 + [np.nan] * 5)
    metrics = task_metrics(space, tasks, success)
    assert (metrics["entropy"], metrics["share_at_0_or_1"]) == (1.0, 1.0)
    assert set(task_metrics(space, tasks, np.full(10, np.nan))) == {"entropy", "cells"}


# --- What was kept ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("forgotten", "value"), [(0.1, 1.4815), (0.4, 1.2121), (0.0, 1.6)])
def test_forgetting_lowers_f(forgotten, value):
    assert forgetting_aware(0.8, forgotten) == pytest.approx(value, abs=5e-5)


def test_everything_learned_and_nothing_forgotten_is_2():
    assert forgetting_aware(1.0, 0.0) == 2.0
    assert forgetting_aware(0.0, 0.0) == 0.0


def test_what_was_better_before_is_forgotten():
    assert forgetting([[0.2, 1.0], [0.9, 0.0], [0.5, 0.5]]) == pytest.approx((0.4 + 0.5) / 2)
    assert forgetting([[0.3, 0.7]]) == 0.0


def test_a_task_counts_if_every_variant_is_solved():
    assert all_variants_success([[1, 1, 1], [1, 1, 0], [0, 0, 0], [1, 1, 1]]) == 0.5


def test_evaluations_are_summed_up():
    first, last = np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([[0.0, 1.0], [1.0, 1.0]])
    metrics = evaluation_metrics([first, last])
    assert metrics["success"] == 0.75
    assert metrics["forgetting"] == 0.25
    assert metrics["forgetting_aware"] == pytest.approx(1.5 / (0.25 * 0.75 + 1))
    assert metrics["all_variants"] == 0.5


def test_unknown_successes_are_not_summed_up():
    assert evaluation_metrics([]) == {}
    assert evaluation_metrics([np.full((2, 2), np.nan)]) == {}
