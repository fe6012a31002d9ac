"""Statistics of scores: against rliable's tests, rliable's definitions on published scores, and exact sums."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tutelage.benchmarks.statistics import (
    area_under_curve,
    interquartile_mean,
    mean_score,
    median_score,
    optimality_gap,
    performance_profile,
    probability_of_improvement,
    relative_scores,
    steps_to_threshold,
)
from tutelage.benchmarks.steps_to_threshold import StepsToThreshold

# The matrices of rliable's own tests (tests/rliable/metrics_test.py).
RLIABLE_X, RLIABLE_Y = [[1, 2], [2, 2], [1, 1], [2, 1]], [[1, 1], [2, 2], [3, 3]]

# Human-normalised scores of six runs of BBF on Alien, Amidar, Assault, Boxing, Breakout, Freeway, Private Eye and
# Skiing, to six decimals: the first six of google-research/bigger_better_faster/scores/RR8_BBF.csv (Schwarzer et al.
# 2023). The numbers expected of them are what the definitions of rliable's metrics.py and library.py give.
BBF = [
    [0.116625, 0.113164, 3.888087, 6.956666, 8.010417, 0.777027, -0.000358, -1.003369],
    [0.173959, 0.189835, 4.966859, 7.634167, 12.677083, 0.840203, 0.000188, -1.003308],
    [0.147727, 0.083276, 2.958083, 7.128334, 13.407639, 1.007770, 0.001080, -1.002839],
    [0.144524, 0.170718, 2.995689, 3.505833, 11.869792, 0.895270, -0.000358, 0.614269],
]
OTHERS = [
    [0.145248, 0.165280, 4.857487, 7.805000, 13.542361, 0.809459, -0.000358, -1.005518],
    [0.119929, 0.173368, 4.021228, 6.793334, 12.064584, 0.777365, 0.001080, -1.002752],
]


# --- Known answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statistic", [interquartile_mean, mean_score, median_score])
def test_what_rliable_tests_comes_out(statistic):
    assert statistic(RLIABLE_X) == 1.5
    assert statistic(RLIABLE_Y) == 2.0
    assert probability_of_improvement(RLIABLE_X, RLIABLE_Y) == pytest.approx(1 / 3, abs=1e-12)


@pytest.mark.parametrize(
    ("statistic", "of_bbf", "of_others"),
    [
        (mean_score, 2.758251625, 3.0791934375),
        (median_score, 0.512888125, 0.481368),
        (interquartile_mean, 1.15867393750, 1.3836705),
        (optimality_gap, 0.55444896875, 0.6135561875),
    ],
)
def test_published_scores_have_the_numbers_of_rliables_definitions(statistic, of_bbf, of_others):
    assert statistic(BBF) == pytest.approx(of_bbf, abs=1e-12)
    assert statistic(OTHERS) == pytest.approx(of_others, abs=1e-12)


def test_published_scores_have_the_probability_of_improvement_of_rliables_definition():
    assert probability_of_improvement(BBF, OTHERS) == pytest.approx(0.4609375, abs=1e-12)
    assert probability_of_improvement(OTHERS, BBF) == pytest.approx(0.5390625, abs=1e-12)


def test_published_scores_have_the_profiles_of_rliables_definitions():
    thresholds = [-1.0, 0.0, 0.5, 1.0, 5.0]
    assert performance_profile(BBF, thresholds).tolist() == [0.90625, 0.84375, 0.53125, 0.40625, 0.21875]
    assert performance_profile(BBF, thresholds, averaged=True).tolist() == [1.0, 0.875, 0.5, 0.375, 0.25]


@given(
    st.integers(1, 7).flatmap(
        lambda m: st.lists(st.lists(st.integers(-40, 40), min_size=m, max_size=m), min_size=1, max_size=7)
    )
)
def test_all_statistics_agree_with_exact_arithmetic(rows):
    table = [[Fraction(score, 8) for score in row] for row in rows]
    floats = np.array(table, dtype=np.float64)
    scores = sorted(score for row in table for score in row)
    cut = len(scores) // 4
    middle = scores[cut : len(scores) - cut]
    assert interquartile_mean(floats) == pytest.approx(float(sum(middle) / len(middle)))
    assert mean_score(floats) == pytest.approx(float(sum(scores) / len(scores)))
    means = sorted(sum(column) / len(column) for column in zip(*table, strict=True))
    half = len(means) // 2
    median = means[half] if len(means) % 2 else (means[half - 1] + means[half]) / 2
    assert median_score(floats) == pytest.approx(float(median))
    short = [max(Fraction(1) - score, Fraction(0)) for score in scores]
    assert optimality_gap(floats) == pytest.approx(float(sum(short) / len(short)))
    above = Fraction(sum(score > Fraction(1, 2) for score in scores), len(scores))
    assert performance_profile(floats, [0.5])[0] == pytest.approx(float(above))


# --- The statistics ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "mean"),
    [
        ([5.0], 5.0),
        ([1.0, 2.0, 6.0], 3.0),  # a quarter of three is no score
        ([0.0, 1.0, 2.0, 100.0], 1.5),
        ([[1, 2, 3, 4], [5, 6, 7, 80]], 4.5),  # all runs on all tasks together
    ],
)
def test_the_interquartile_mean_is_the_mean_of_the_middle_half(scores, mean):
    assert interquartile_mean(scores) == mean


def test_the_median_is_over_tasks_and_not_over_scores():
    assert median_score([[0.0, 0.0, 9.0], [0.0, 6.0, 9.0]]) == 3.0
    assert median_score([0.0, 0.0, 9.0]) == 3.0  # one task: the mean of its runs


def test_a_surplus_does_not_make_up_for_a_gap():
    assert optimality_gap([0.5, 100.0]) == 0.25
    assert optimality_gap([20.0, 100.0, 140.0], gamma=100.0) == pytest.approx(80.0 / 3)
    assert optimality_gap([1.0, 2.0]) == 0.0


def test_a_profile_counts_what_is_strictly_above():
    assert performance_profile([0.0, 0.5, 1.0, 1.0], [1.0, -1.0, 0.5]).tolist() == [0.0, 1.0, 0.5]


def test_the_profile_of_a_sample_is_that_of_its_distribution():
    scores = np.random.default_rng(0).normal(0.0, 1.0, (20_000, 2))
    thresholds = [-1.0, 0.0, 2.0]
    expected = [1.0 - NormalDist().cdf(tau) for tau in thresholds]
    np.testing.assert_allclose(performance_profile(scores, thresholds), expected, atol=0.01)


def test_the_area_below_a_profile_of_scores_in_the_unit_interval_is_their_mean():
    scores = np.random.default_rng(0).random((10, 5))
    thresholds = (np.arange(20_000) + 0.5) / 20_000
    assert performance_profile(scores, thresholds).mean() == pytest.approx(mean_score(scores), abs=1e-4)


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
def test_the_probability_of_improvement_counts_pairs_and_ties_half(scores, others, probability):
    assert probability_of_improvement(scores, others) == pytest.approx(probability)
    assert probability_of_improvement(others, scores) == pytest.approx(1.0 - probability)


def test_the_probability_of_improvement_of_samples_is_that_of_their_distributions():
    rng = np.random.default_rng(0)
    one, two = rng.normal(0.8, 1.0, 1_500), rng.normal(0.0, 1.0, 1_400)
    assert probability_of_improvement(one, two) == pytest.approx(NormalDist().cdf(0.8 / 2**0.5), abs=0.02)


def test_the_radar_divides_means_task_by_task():
    assert relative_scores([[30.0, 10.0], [50.0, 20.0]], [[10.0, 60.0]]).tolist() == [4.0, 0.25]


def test_there_is_no_ratio_to_nothing():
    assert np.isnan(relative_scores([3.0, 4.0], [0.0, 0.0])).all()
    assert relative_scores([0.0], [2.0]).tolist() == [0.0]
    with pytest.raises(ValueError, match="at least 0, for a ratio of others says nothing; got -1"):
        relative_scores([3.0], [-1.0, 4.0])


# --- Sample efficiency ------------------------------------------------------------------------------------------------


def test_the_area_under_a_curve_is_the_mean_score_on_the_way():
    assert area_under_curve([0, 5, 20], [7.0, 7.0, 7.0]) == 7.0
    assert area_under_curve([10, 20, 40], [[0.0, 10.0, 10.0]]).tolist() == [25.0 / 3.0]
    assert area_under_curve([0, 1], np.zeros((3, 4, 2))).shape == (3, 4)


def test_where_evaluations_lie_does_not_change_the_area_under_a_line():
    x = np.sort(np.random.default_rng(0).random(7))
    x[[0, -1]] = 0.0, 1.0
    assert area_under_curve(x, 3.0 * x) == pytest.approx(1.5)


def test_the_first_evaluation_at_the_threshold_counts():
    scores = [[0.0, 49.9, 50.0], [0.0, 80.0, 10.0], [0.0, 0.0, 49.0]]
    assert steps_to_threshold([0, 100, 200], scores, 50.0).tolist() == [200.0, 100.0, np.inf]


def test_censored_runs_are_counted_and_not_left_out():
    found = StepsToThreshold.of([0, 100, 200], [[0, 9, 9], [0, 9, 9], [0, 0, 9], [0, 0, 0]], 9)
    assert (found.median, found.reached, found.runs) == (150.0, 3, 4)  # without the censored run: 100
    assert found.high == np.inf
    assert str(found) == "150 [100, –] (3 of 4 runs)"


def test_where_half_of_the_runs_are_censored_there_is_no_median():
    found = StepsToThreshold.of([0, 100], [[0, 9], [0, 0]], 9)
    assert found.median == np.inf
    assert str(found) == "– (1 of 2 runs)"


def test_one_run_has_no_interval_of_steps():
    found = StepsToThreshold.of([0, 100], [[0, 9]], 9)
    assert (found.low, found.high) == (None, None)
    assert str(found) == "100 (1 of 1 run), no interval"


# --- Bad input --------------------------------------------------------------------------------------------------------

ALL = [interquartile_mean, mean_score, median_score, optimality_gap]


@pytest.mark.parametrize("statistic", [*ALL, lambda scores: performance_profile(scores, [0.0])])
@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([], "got none"),
        ([1.0, np.nan], "that of run 1 is nan"),
        ([[1.0, 2.0], [3.0, -np.inf]], "that of run 1, column 1 is -inf"),
        ([[np.nan, 2.0], [3.0, np.inf]], r"that of run 0, column 0 is nan \(and 1 more\)"),
    ],
)
def test_scores_that_are_none_are_refused_by_name(statistic, scores, said):
    with pytest.raises(ValueError, match=said):
        statistic(scores)


def test_scores_of_different_tasks_are_refused():
    with pytest.raises(ValueError, match="the same spaces or tasks, got 2 and 1 columns"):
        probability_of_improvement([[1.0, 2.0]], [[1.0]])


def test_scores_with_too_many_axes_are_refused():
    with pytest.raises(ValueError, match=r"shape \(n_runs,\) or \(n_runs, n_tasks\), got \(1, 1, 1\)"):
        mean_score([[[1.0]]])


@pytest.mark.parametrize(
    ("points", "scores", "said"),
    [
        ([0, 1], [[1.0, 2.0, 3.0]], "a score at each of 2 points"),
        ([0, 0], [[1.0, 2.0]], "points that increase"),
        ([0, np.nan], [[1.0, 2.0]], "points that increase"),
        ([0, 1], [[1.0, np.nan]], "that of run 0, column 1 is nan"),
        ([3], [[1.0]], "at least two evaluations"),
    ],
)
def test_curves_that_are_none_are_refused(points, scores, said):
    with pytest.raises(ValueError, match=said):
        area_under_curve(points, scores)


# --- The page ---------------------------------------------------------------------------------------------------------


def test_the_code_of_the_statistics_page_runs(tmp_path, monkeypatch, capsys):
    page = Path(__file__).resolve().parents[2] / "docs" / "statistics.md"
    if not page.exists():
        pytest.skip("needs the source tree")
    monkeypatch.chdir(tmp_path)
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    exec(compile(code, str(page), "exec"), {})
    assert "2,000 [1,000, –] (2 of 3 runs)" in capsys.readouterr().out
    assert (tmp_path / "profiles.png").exists()
