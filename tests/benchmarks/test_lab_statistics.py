"""Statistics over seeds, against numbers worked out by hand and against SciPy's bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tutelage.benchmarks.lab_statistics import (
    bootstrap_interval,
    first_reached,
    improvement_interval,
    interquartile_curve,
    interquartile_mean,
    probability_of_improvement,
)


@pytest.mark.parametrize(
    ("scores", "mean"),
    [
        ([5.0], 5.0),
        ([1.0, 2.0, 6.0], 3.0),  # a quarter of three is no score
        ([0.0, 1.0, 2.0, 100.0], 1.5),
        ([1, 2, 3, 4, 5, 6, 7, 80], 4.5),
        ([[1, 2, 3, 4], [5, 6, 7, 80]], 4.5),  # all runs on all spaces together
        (list(range(20)), 9.5),
    ],
)
def test_the_interquartile_mean_is_the_mean_of_the_middle_half(scores, mean):
    assert interquartile_mean(scores) == mean
    assert interquartile_mean(np.flip(scores)) == mean


@pytest.mark.parametrize("scores", [[], [1.0, np.nan], [np.inf]])
def test_scores_that_are_none_are_refused(scores):
    with pytest.raises(ValueError, match="at least one score, all finite"):
        interquartile_mean(scores)


def test_the_bootstrap_agrees_with_scipys():
    scores = np.random.default_rng(3).normal(50.0, 10.0, 24)
    theirs = stats.bootstrap(
        (scores,),
        lambda x, axis: stats.trim_mean(x, 0.25, axis=axis),
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    np.testing.assert_allclose(bootstrap_interval(scores, resamples=20_000), theirs, atol=0.15)


def test_the_interval_of_equal_scores_is_a_point():
    assert bootstrap_interval([7.0] * 5) == (7.0, 7.0)


def test_the_bootstrap_is_stratified():
    # Two spaces with constant scores: drawing seeds space by space always gives five of each.
    table = np.column_stack([np.zeros(5), np.full(5, 10.0)])
    mean = bootstrap_interval(table, lambda draws: draws.mean(axis=(1, 2)))
    assert mean == (5.0, 5.0)


def test_the_same_scores_have_the_same_interval():
    scores = np.random.default_rng(0).random(9)
    assert bootstrap_interval(scores) == bootstrap_interval(scores)
    assert bootstrap_interval(scores) != bootstrap_interval(scores, seed=1)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        low, high = bootstrap_interval(rng.normal(0.0, 1.0, 30), resamples=400)
        hits += low <= 0.0 <= high
    assert 0.86 <= hits / 200 <= 0.99


def test_a_curve_has_the_interquartile_mean_of_each_column():
    scores = np.random.default_rng(0).random((12, 7))
    middle, low, high = interquartile_curve(scores)
    np.testing.assert_allclose(middle, [interquartile_mean(column) for column in scores.T])
    assert ((low <= middle) & (middle <= high)).all()


@pytest.mark.parametrize(
    ("scores", "others", "probability"),
    [
        ([2.0], [1.0], 1.0),
        ([1.0], [1.0], 0.5),
        ([1.0, 1.0], [2.0, 2.0, 2.0], 0.0),
        ([3.0, 3.0, 1.0], [1.0, 2.0], 0.75),  # 2 + 2 + 0.5 of six pairs
        ([[1.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]], 0.625),  # the mean of 1 and 0.25
    ],
)
def test_the_probability_of_improvement_counts_pairs(scores, others, probability):
    assert probability_of_improvement(scores, others) == pytest.approx(probability)
    assert probability_of_improvement(others, scores) == pytest.approx(1.0 - probability)


def test_the_interval_of_the_improvement_surrounds_it():
    rng = np.random.default_rng(0)
    one, two = rng.normal(0.5, 1.0, 20), rng.normal(0.0, 1.0, 20)
    low, high = improvement_interval(one, two)
    assert 0.0 < low < probability_of_improvement(one, two) < high < 1.0
    assert improvement_interval([1.0] * 4, [0.0] * 4) == (1.0, 1.0)
    assert improvement_interval([1.0] * 4, [1.0] * 4) == (0.5, 0.5)


def test_scores_of_different_spaces_are_refused():
    with pytest.raises(ValueError, match="the same spaces"):
        probability_of_improvement([[1.0, 2.0]], [[1.0]])


def test_the_first_evaluation_at_the_threshold_counts():
    scores = [[0.0, 49.9, 50.0], [0.0, 80.0, 10.0], [0.0, 0.0, 49.0]]
    assert first_reached([0, 100, 200], scores).tolist() == [200.0, 100.0, np.inf]
