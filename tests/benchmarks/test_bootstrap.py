"""Bootstrap intervals: against SciPy's, against numbers worked out by hand, and on simulated data."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats
from tutelage.benchmarks.bootstrap import estimate, estimate_curve, estimate_improvement, estimate_profile
from tutelage.benchmarks.estimate import Estimate, clear_winner
from tutelage.benchmarks.statistics import (
    METRICS,
    interquartile_mean,
    mean_score,
    median_score,
    optimality_gap,
    performance_profile,
    probability_of_improvement,
)


def ends(found):
    return found.low, found.high


# --- Known answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "plain"),
    [("iqm", interquartile_mean), ("mean", mean_score), ("median", median_score), ("optimality_gap", optimality_gap)],
)
def test_the_value_is_that_of_the_statistic(name, plain):
    scores = np.random.default_rng(0).random((7, 5))
    assert estimate(scores, name, resamples=10).value == plain(scores)
    batch = np.random.default_rng(1).random((3, 4, 7, 5))
    assert METRICS[name](batch)[2, 3] == pytest.approx(plain(batch[2, 3]))


def test_the_interval_of_one_task_is_scipys():
    scores = np.random.default_rng(3).normal(50.0, 10.0, 24)
    theirs = stats.bootstrap(
        (scores,),
        lambda x, axis: stats.trim_mean(x, 0.25, axis=axis),
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    np.testing.assert_allclose(ends(estimate(scores, resamples=20_000)), theirs, atol=0.15)


def test_the_interval_of_several_tasks_is_that_of_scipy_with_a_sample_a_task():
    scores = np.random.default_rng(3).normal([50.0, 70.0, 90.0], 10.0, (12, 3))
    theirs = stats.bootstrap(
        tuple(scores.T),
        lambda *tasks, axis: stats.trim_mean(np.concatenate(tasks, axis=axis), 0.25, axis=axis),
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    np.testing.assert_allclose(ends(estimate(scores, resamples=20_000)), theirs, atol=0.25)


def test_two_runs_have_the_interval_that_four_resamples_give():
    # Of scores 0 and 1, a quarter of the resamples have a mean of 0, a half 0.5, and a quarter 1.
    assert ends(estimate([0.0, 1.0], "mean")) == (0.0, 1.0)
    assert ends(estimate([0.0, 1.0], "mean", level=0.4)) == (0.5, 0.5)


def test_runs_are_drawn_task_by_task():
    # Drawing each task's runs on their own always gives five scores of each.
    table = np.column_stack([np.zeros(5), np.full(5, 10.0)])
    assert ends(estimate(table, "mean")) == (5.0, 5.0)
    assert ends(estimate(table, "mean", whole_runs=True)) == (5.0, 5.0)


def test_drawing_tasks_anew_shows_how_much_tasks_differ():
    table = np.column_stack([np.zeros(5), np.full(5, 10.0)])
    assert ends(estimate(table, "mean", tasks=True)) == (0.0, 10.0)  # a quarter of the time twice the same task
    band = estimate_profile(table, [5.0], tasks=True)
    assert (band.low[0], band.middle[0], band.high[0]) == (0.0, 0.5, 1.0)


def test_whole_runs_keep_together_what_one_student_scored():
    scores = np.repeat(np.random.default_rng(0).normal(size=(10, 1)), 8, axis=1)
    alone, apart = estimate(scores[:, 0], "mean"), estimate(scores, "mean")
    together = estimate(scores, "mean", whole_runs=True)
    assert ends(together) == pytest.approx(ends(alone))
    assert apart.high - apart.low < 0.5 * (together.high - together.low)


def test_the_same_scores_have_the_same_interval():
    scores = np.random.default_rng(0).random(9)
    assert estimate(scores) == estimate(scores)
    assert estimate(scores) != estimate(scores, seed=1)


def test_a_statistic_may_be_a_function():
    found = estimate([[1.0, 2.0], [3.0, 8.0]], lambda tables: tables.max(axis=(-2, -1)))
    assert (found.value, found.high) == (8.0, 8.0)


def test_the_probability_of_improvement_surrounds_itself():
    rng = np.random.default_rng(0)
    one, two = rng.normal(1.0, 1.0, (20, 3)), rng.normal(0.0, 1.0, (12, 3))
    found = estimate_improvement(one, two)
    assert found.value == probability_of_improvement(one, two)
    assert 0.5 < found.low < found.value < found.high < 1.0
    assert found.runs == 12


def test_the_probability_of_improvement_of_resamples_is_that_of_their_pairs():
    rng = np.random.default_rng(0)
    one, two = rng.integers(0, 5, (6, 2)).astype(float), rng.integers(0, 5, (4, 2)).astype(float)
    draw = np.random.default_rng(7)
    first = np.take_along_axis(one[None], draw.integers(6, size=(200, 6, 2)), axis=1)
    second = np.take_along_axis(two[None], draw.integers(4, size=(200, 4, 2)), axis=1)
    values = [probability_of_improvement(a, b) for a, b in zip(first, second, strict=True)]
    found = estimate_improvement(one, two, resamples=200, seed=7)
    assert ends(found) == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])))


@pytest.mark.parametrize("averaged", [False, True])
def test_the_band_of_a_profile_is_that_of_its_resamples(averaged):
    scores = np.random.default_rng(0).random((6, 3))
    chosen = np.random.default_rng(5).integers(6, size=(200, 6, 3))
    draws = np.take_along_axis(scores[None], chosen, axis=1)
    thresholds = np.linspace(0.0, 1.0, 9)
    values = [performance_profile(draw, thresholds, averaged=averaged) for draw in draws]
    band = estimate_profile(scores, thresholds, averaged=averaged, resamples=200, seed=5)
    np.testing.assert_allclose(band.middle, performance_profile(scores, thresholds, averaged=averaged))
    np.testing.assert_allclose([band.low, band.high], np.quantile(values, [0.025, 0.975], axis=0))


def test_a_curve_has_the_statistic_of_each_evaluation():
    scores = np.random.default_rng(0).random((12, 7))
    band = estimate_curve(scores)
    np.testing.assert_allclose(band.middle, [interquartile_mean(column) for column in scores.T])
    assert ((band.low <= band.middle) & (band.middle <= band.high)).all()


def test_a_curve_over_tasks_has_the_intervals_of_its_evaluations():
    scores = np.random.default_rng(0).random((6, 4, 3))
    band = estimate_curve(scores, "mean", seed=3)
    for i in range(3):
        alone = estimate(scores[:, :, i], "mean", seed=3)
        assert (band.middle[i], band.low[i], band.high[i]) == pytest.approx((alone.value, alone.low, alone.high))


# --- Edges ------------------------------------------------------------------------------------------------------------


def test_one_run_has_no_interval():
    found = estimate([[0.2, 0.4, 0.9]])
    assert (found.low, found.high, found.runs) == (None, None, 1)
    assert f"{found:.1f}" == "0.5 (1 run: no interval)"
    assert not found.excludes(0.0)
    assert estimate([[0.2, 0.4, 0.9]], tasks=True).low is None


def test_one_run_on_either_side_leaves_no_interval_of_an_improvement():
    assert estimate_improvement([1.0], [0.0, 2.0]) == Estimate(0.5, None, None, runs=1)
    assert estimate_improvement([1.0, 2.0, 3.0], [0.0]).low is None


def test_one_run_has_no_bands():
    assert estimate_profile([[0.1, 0.9]], [0.5]).low is None
    assert estimate_curve([[0.1, 0.9]]).high is None


def test_the_interval_of_equal_scores_is_a_point():
    assert ends(estimate([7.0] * 5)) == (7.0, 7.0)
    assert ends(estimate_improvement([1.0] * 4, [0.0] * 4)) == (1.0, 1.0)
    assert ends(estimate_improvement([1.0] * 4, [1.0] * 4)) == (0.5, 0.5)


def test_scores_that_are_none_are_refused_by_name():
    for compute in (estimate, estimate_curve, lambda scores: estimate_profile(scores, [0.0])):
        with pytest.raises(ValueError, match="that of run 1, column 0 is nan"):
            compute([[1.0, 2.0], [np.nan, 3.0]])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"statistic": "iqn"}, "Did you mean 'iqm'"),
        ({"level": 95}, "a level between 0 and 1, got 95"),
        ({"resamples": 0}, "at least 1 resample, got 0"),
    ],
)
def test_settings_out_of_range_are_refused_for_any_number_of_runs(settings, said):
    for scores in ([1.0], [1.0, 2.0]):
        with pytest.raises(ValueError, match=said):
            estimate(scores, **settings)


def test_curves_of_one_axis_are_refused():
    with pytest.raises(ValueError, match=r"\(n_runs, m\) or \(n_runs, n_tasks, m\), got \(2,\)"):
        estimate_curve([1.0, 2.0])


def test_only_an_interval_apart_from_all_others_wins():
    far, near = Estimate(9.0, 8.0, 10.0, 5), Estimate(7.0, 6.0, 7.5, 5)
    assert clear_winner({"a": far, "b": near}) == "a"
    assert clear_winner({"a": far, "b": near, "c": Estimate(8.5, 7.9, 9.0, 5)}) is None
    assert clear_winner({"a": far, "b": near}, lowest=True) == "b"
    assert clear_winner({"a": far, "b": Estimate(0.0, None, None, 1)}) is None
    assert clear_winner({"a": far}) is None


# --- Simulated data with known answers --------------------------------------------------------------------------------


def coverage(repetitions, resamples, n_runs, compute, truth):
    """How often an interval holds the truth."""
    rng = np.random.default_rng(1)
    found = [compute(rng, n_runs, resamples) for _ in range(repetitions)]
    return np.mean([low <= truth <= high for low, high in found])


def interquartile_interval(rng, n_runs, resamples):
    # Three tasks of one kind: their scores are symmetric around 0.
    return ends(estimate(rng.normal([-1.0, 0.0, 1.0], 1.0, (n_runs, 3)), resamples=resamples))


def mean_interval(rng, n_runs, resamples):
    return ends(estimate(rng.exponential(1.0, (n_runs, 2)), "mean", resamples=resamples))


def improvement(rng, n_runs, resamples):
    return ends(estimate_improvement(rng.normal(0.5, 1.0, n_runs), rng.normal(0.0, 1.0, n_runs), resamples=resamples))


def share_above_half(rng, n_runs, resamples):
    band = estimate_profile(rng.normal(0.0, 1.0, (n_runs, 2)), [0.5], resamples=resamples)
    return band.low[0], band.high[0]


CASES = [
    (interquartile_interval, 0.0),
    (mean_interval, 1.0),
    (improvement, NormalDist().cdf(0.5 / 2**0.5)),
    (share_above_half, 1.0 - NormalDist().cdf(0.5)),
]


@pytest.mark.parametrize(("compute", "truth"), CASES)
def test_intervals_cover_about_as_often_as_they_say(compute, truth):
    # 400 repetitions have a standard error of 1.1 points; the percentile bootstrap of 40 runs is about one short.
    assert 0.91 <= coverage(400, 300, 40, compute, truth) <= 0.98


@pytest.mark.slow
@pytest.mark.parametrize(("compute", "truth"), CASES)
def test_intervals_cover_at_the_stated_rate(compute, truth):
    # Three standard errors of 4,000 repetitions are 1.0 points; half a point is the bootstrap's own at 100 runs.
    assert abs(coverage(4_000, 1_000, 100, compute, truth) - 0.95) < 0.015


def test_intervals_task_by_task_are_too_narrow_for_students_that_were_tested_on_all_tasks():
    def student(rng, n_runs, resamples, **settings):
        scores = rng.normal(0.0, 1.0, (n_runs, 1)) + rng.normal(0.0, 0.3, (n_runs, 8))
        return ends(estimate(scores, "mean", resamples=resamples, **settings))

    assert coverage(200, 200, 40, student, 0.0) < 0.7
    together = coverage(200, 200, 40, lambda *args: student(*args, whole_runs=True), 0.0)
    assert 0.9 <= together <= 0.99
