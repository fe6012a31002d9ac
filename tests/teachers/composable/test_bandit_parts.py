"""Estimators, scores, policies and regions, against numbers worked out by hand and from the papers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tutelage import Outcomes, TaskSpace
from tutelage.teachers.composable.estimators import EMA, Beta, Window, estimator_of
from tutelage.teachers.composable.feedback import Feedback
from tutelage.teachers.composable.policies import cap_shares, epsilon_greedy, largest_remainder, policy_of
from tutelage.teachers.composable.regions import regions_of
from tutelage.teachers.composable.scores import effective_ratio, score_of

RATES = np.array([0.0, 0.125, 0.25, 0.5, 0.75, 1.0])

# --- Scores ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "values"),
    [
        ("tent", [0, 0.25, 0.5, 1, 0.5, 0]),
        ("solvable_gaussian", [0, 0.0796, 0.3247, 1, 0.3247, 0]),
        ("gaussian(0.5, 0.2)", [0.0439, 0.1724, 0.4578, 1, 0.4578, 0.0439]),
        ("min_p_q", [0, 0.125, 0.25, 0.5, 0.25, 0]),
        ("reverse", [1, 0.875, 0.75, 0.5, 0.25, 0]),
        ("bernoulli_var", [0, 0.109375, 0.1875, 0.25, 0.1875, 0]),
        ("identity", RATES),
        ("band(0.2, 0.5)", [0, 0, 1, 1, 0, 0]),
        ({"neg_exp": {"k": 1.0}}, np.exp(-RATES)),
    ],
    ids=str,
)
def test_a_score_has_its_values(score, values):
    np.testing.assert_allclose(score_of(score)(RATES), values, atol=6e-5)


def test_the_effective_ratio_of_four_episodes():
    np.testing.assert_allclose(effective_ratio([0.5, 0.25, 0.1], 4), [0.875, 0.6797, 0.3438], atol=6e-5)


@pytest.mark.parametrize(
    ("score", "sentence"),
    [
        ("bernouli_std", "Did you mean"),
        ("band(0.8, 0.2)", "ascending"),
        ("gaussian(0.5, 0)", "sigma"),
        ("neg_exp(-1)", "above 0"),
        ("effective_ratio(1)", "at least 2"),
        ("band(1, 2, 3)", "positional"),
    ],
)
def test_a_score_that_cannot_be_is_refused(score, sentence):
    with pytest.raises(ValueError, match=sentence):
        score_of(score)


def test_the_lowest_return_first_does_not_overflow():
    assert np.isfinite(score_of("neg_exp(5)")(np.array([-1e9, 1e9]))).all()


# --- Policies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "cap", "capped"), [([0.8, 0.1, 0.1], 0.5, [0.5, 0.25, 0.25]), ([0.7, 0.2, 0.1], 0.4, [0.4, 0.4, 0.2])]
)
def test_what_is_above_the_cap_goes_to_the_others(p, cap, capped):
    np.testing.assert_allclose(cap_shares(p, cap), capped)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(weights=st.lists(st.floats(0.0, 1e6), min_size=1, max_size=12), slack=st.floats(0.0, 1.0))
def test_capped_shares_sum_to_one_and_keep_their_order(weights, slack):
    k, total = len(weights), sum(weights)
    p = np.full(k, 1.0 / k) if total <= 0.0 else np.array(weights) / total
    cap = 1.0 / k + slack * (1.0 - 1.0 / k)
    capped = cap_shares(p, cap)
    assert capped.sum() == pytest.approx(1.0)
    assert capped.max() <= cap + 1e-9
    assert (np.diff(capped[np.argsort(p)]) >= -1e-9).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(weights=st.lists(st.floats(0.0, 1e6), min_size=1, max_size=12), budget=st.integers(0, 500))
def test_quotas_always_sum_to_the_budget(weights, budget):
    quotas = largest_remainder(weights, budget)
    assert (int(quotas.sum()), bool((quotas >= 0).all())) == (budget, True)


def test_a_cap_shares_equally_where_the_others_have_nothing():
    np.testing.assert_allclose(cap_shares([1.0, 0.0, 0.0], 0.5), [0.5, 0.25, 0.25])


def test_a_cap_below_the_even_share_is_refused():
    with pytest.raises(ValueError, match=r"at least 1/K = 0.3333 for 3 arms, got 0.3"):
        cap_shares([0.8, 0.1, 0.1], 0.3)


def test_signals_of_any_size_do_not_overflow():
    p = policy_of("boltzmann(0.2)")(np.array([1e4, 1e150, -1e150]))
    np.testing.assert_allclose(p, [0, 1, 0], atol=1e-12)


def test_a_constant_on_all_scores_changes_nothing():
    policy, scores = policy_of("boltzmann(0.3)"), np.array([0.3, 0.1, 0.7])
    np.testing.assert_allclose(policy(scores + 17.0), policy(scores))


def test_greedy_takes_another_arm_than_the_best_with_epsilon():
    np.testing.assert_allclose(epsilon_greedy(0.1)(np.array([0.1, 0.9, 0.2])), [0.05, 0.9, 0.05])


def test_nothing_above_zero_is_uniform():
    np.testing.assert_allclose(policy_of("proportional")(np.array([0.0, -1.0])), [0.5, 0.5])


@pytest.mark.parametrize(
    "policy", ["boltzmann(0)", "boltzmann(nan)", "proportional(-1)", "epsilon_greedy(2)", "softmax(1)"]
)
def test_a_policy_that_cannot_be_is_refused(policy):
    with pytest.raises(ValueError):
        policy_of(policy)


def test_quotas_are_whole_and_sum_to_the_budget():
    quotas = largest_remainder([0.5, 0.3727, 0.3727, 0.4714], 32)
    assert (quotas.tolist(), int(quotas.sum())) == ([9, 7, 7, 9], 32)
    assert largest_remainder([0.0, 0.0], 5, minimum=1).tolist() == [3, 2]


def test_a_budget_below_the_minimum_is_refused():
    with pytest.raises(ValueError, match="budget of 3"):
        largest_remainder([1.0, 1.0], 3, minimum=2)


# --- Estimators ------------------------------------------------------------------------------------------------------


def test_the_window_forgets():
    window = Window(300)
    window.start(2)
    window.update(np.zeros(300, int), np.full(300, 9.0))
    window.update(np.zeros(300, int), np.full(300, 0.5))
    np.testing.assert_allclose(window.estimates, [0.5, 0.0])


def test_a_window_takes_more_than_its_size_at_once():
    window = Window(3)
    window.start(1)
    window.update(np.zeros(10, int), np.arange(10.0))
    np.testing.assert_allclose(window.estimates, [8.0])


def test_a_discount_forgets_the_first_failures():
    beta = Beta(discount=0.5)
    beta.start(1)
    beta.update(np.zeros(8, int), np.zeros(8))
    for _ in range(10):
        beta.update(np.zeros(1, int), np.ones(1))
    assert beta.estimates[0] > 0.7


@pytest.mark.parametrize("estimator", [EMA(0.5), Window(7), Beta(discount=0.9)], ids=lambda e: type(e).__name__)
def test_a_round_without_episodes_is_legal(estimator):
    estimator.start(3)
    estimator.update(np.zeros(0, int), np.zeros(0))
    assert np.isfinite(estimator.estimates).all()


@pytest.mark.parametrize("spec", ["ema(0)", "ema(1.5)", "window(0)", "beta(0, 1)", "beta(discount=2)", "ewma"])
def test_an_estimator_that_cannot_be_is_refused(spec):
    with pytest.raises(ValueError):
        estimator_of(spec)


# --- Regions ---------------------------------------------------------------------------------------------------------

SPACE = TaskSpace(height=(0.0, 2.0), rooms=range(2, 7), terrain=["grass", "ice"])


def test_every_task_lies_in_one_bin_and_is_drawn_from_it():
    regions, rng = regions_of(SPACE, 3), np.random.default_rng(0)
    tasks = SPACE.sample(200, rng)
    assert (regions.contains(tasks).sum(axis=1) == 1).all()
    drawn = regions.sample(np.arange(len(regions)), rng)
    assert regions.contains(drawn).diagonal().all()
    assert SPACE.contains(drawn).all()


def test_the_bounds_of_the_space_lie_in_a_bin():
    assert (regions_of(SPACE, 4).contains([SPACE.low, SPACE.high]).sum(axis=1) == 1).all()


def test_volumes_sum_to_one():
    assert regions_of(SPACE, 3).volumes.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("spec", "n"),
    [
        (None, 4 * 3 * 2),
        (2, 8),
        ({"rooms": 5}, 5),
        ({"terrain": ["grass", "ice"], "rooms": [2, [3, 6]]}, 4),
        ([{"terrain": "ice"}, {"height": [0, 1]}, [0.5, 3, 1]], 3),
        ({"slippery": {"terrain": "ice"}, "low": {"height": [0, 1]}}, 2),
    ],
    ids=str,
)
def test_regions_are_chosen_by_plain_data(spec, n):
    regions = regions_of(SPACE, spec)
    assert len(regions) == len(set(regions.names)) == n


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ([], "at least one"),
        ({}, "at least one"),
        (0, "at least one"),
        (3.5, "number of bins"),
        ([{"hight": 1}], "Did you mean 'height'"),
        ([{"terrain": "mud"}], "one of"),
        ([{"height": [1, 0]}], "lower bounds"),
        ([{"height": 7}], "outside"),
        ([[1, 2]], "shape"),
        ([[1, 3.5, 0]], "whole number"),
        ({"rooms": 0}, "at least one bin"),
    ],
    ids=str,
)
def test_regions_that_cannot_be_are_refused(spec, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        regions_of(SPACE, spec)


def test_too_many_bins_are_refused():
    with pytest.raises(ValueError, match="limit 10,000"):
        regions_of(TaskSpace({f"x{i}": (0, 1) for i in range(9)}), 10)


# --- Feedback --------------------------------------------------------------------------------------------------------


def episodes(**signals):
    return Outcomes(tasks=[[0.5]] * 2, ids=[-1, -1], returns=[1.0, -1e300], lengths=[1, 1], signals=signals)


def test_a_signal_is_a_column_of_its_own_name():
    feedback = Feedback("column:regret")
    assert feedback.needs == {"regret"}
    assert feedback.values(episodes(regret=[0.5, 2.0])).tolist() == [0.5, 2.0]


def test_signals_are_bounded():
    assert Feedback("return").values(episodes()).tolist() == [1.0, -1e150]


def test_a_misspelt_signal_gets_the_nearest_one():
    with pytest.raises(ValueError, match="Did you mean 'success'"):
        Feedback("sucess")


@pytest.mark.parametrize("values", [[np.nan, 1.0], [1.0], "text"])
def test_a_function_that_gives_no_numbers_is_refused(values):
    with pytest.raises(ValueError):
        Feedback(lambda outcomes: values).check(episodes(), owner=None, ignore_warmup=True)
