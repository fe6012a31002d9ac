"""Welch's test and Holm's correction: against SciPy's test, worked examples, and simulated equal teachers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind
from tutelage.benchmarks.score_table import ScoreTable
from tutelage.benchmarks.significance import holm, welch_tests


@pytest.mark.parametrize(
    ("p", "corrected"),
    [
        ([0.04], [0.04]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # 3 · 0.01, 2 · 0.03, the same, 4 · 0.005
        ([0.02, 0.021, 0.9], [0.06, 0.06, 0.9]),  # 2 · 0.021 is less than one before it
        ([0.6, 0.7], [1.0, 1.0]),
        ([[0.01, 0.5], [0.03, 0.02]], [[0.04, 0.5], [0.06, 0.06]]),
        ([], []),
    ],
)
def test_holm_multiplies_the_smallest_by_the_number_of_tests_and_so_on(p, corrected):
    np.testing.assert_allclose(holm(p), corrected)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12))
def test_holm_lies_between_none_and_bonferroni_and_keeps_the_order(p):
    values, corrected = np.array(p), holm(p)
    assert (corrected >= values - 1e-12).all()
    assert (corrected <= np.minimum(1.0, len(p) * values) + 1e-12).all()
    assert (np.diff(corrected[np.argsort(values, kind="stable")]) >= 0.0).all()


@pytest.mark.parametrize("p", [[0.1, np.nan], [-0.1], [1.1]])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(ValueError, match=r"p-values in \[0, 1\]"):
        holm(p)


def table_of(**scores):
    first = np.asarray(next(iter(scores.values())))
    return ScoreTable.from_arrays(scores, [f"task {i}" for i in range(first.shape[1] if first.ndim == 2 else 1)])


def test_the_test_is_scipys_on_each_task():
    rng = np.random.default_rng(0)
    scores = {"a": rng.normal(1.0, 1.0, (9, 3)), "b": rng.normal(0.0, 3.0, (5, 3)), "c": rng.normal(0.0, 1.0, (4, 3))}
    tests = welch_tests(table_of(**scores))
    assert tests.pairs == [("a", "b"), ("a", "c"), ("b", "c")]
    for i, (one, two) in enumerate(tests.pairs):
        theirs = ttest_ind(scores[one], scores[two], equal_var=False)
        np.testing.assert_allclose(tests.t[i], theirs.statistic)
        np.testing.assert_allclose(tests.p[i], theirs.pvalue)
        np.testing.assert_allclose(tests.df[i], theirs.df)
    np.testing.assert_allclose(tests.p_holm, holm(tests.p))


def test_a_textbook_pair_of_samples():
    # The first example of Wikipedia's article on Welch's t-test.
    one = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4]
    two = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4]
    tests = welch_tests(table_of(one=one, two=two))
    assert tests.t[0, 0] == pytest.approx(-2.46, abs=0.005)
    assert tests.df[0, 0] == pytest.approx(25.0, abs=0.05)
    assert tests.p[0, 0] == pytest.approx(0.021, abs=0.0005)


def test_a_baseline_is_compared_with_each_other_one():
    tests = welch_tests(table_of(a=[1.0, 2.0], random=[1.0, 3.0], b=[5.0, 5.5]), "random")
    assert tests.pairs == [("a", "random"), ("b", "random")]
    assert tests.difference.ravel().tolist() == [-0.5, 3.25]


def test_one_run_is_not_tested_and_named():
    tests = welch_tests(table_of(a=[[1.0, 2.0]], b=[[1.0, 3.0], [2.0, 3.0]]))
    assert np.isnan(tests.p).all()
    assert not tests.significant().any()
    assert tests.left_out[0] == "a and b on task 0: one of them has less than two runs."


def test_scores_that_never_vary_are_not_tested_and_named():
    # 0.1 + 0.1 + 0.1 is not 3 · 0.1: rounding errors must not become a spread.
    tests = welch_tests(table_of(a=[[0.1, 0.2]] * 3, b=[[0.1, 0.1]] * 7))
    assert np.isnan(tests.p).all()
    assert tests.left_out == [
        "a and b on task 0: no score of either varies.",
        "a and b on task 1: no score of either varies.",
    ]
    assert tests.difference[0, 0] == 0.0


def test_one_side_may_be_constant():
    tests = welch_tests(table_of(a=[0.0, 0.0, 0.0], b=[1.0, 2.0, 4.0]))
    assert tests.p[0, 0] == pytest.approx(ttest_ind([0.0, 0.0, 0.0], [1.0, 2.0, 4.0], equal_var=False).pvalue)


def test_a_missing_cell_is_not_tested_and_does_not_count_for_the_correction():
    rows = [("a", "maze", i, float(i)) for i in range(4)] + [("b", "maze", i, i + 9.0) for i in range(4)]
    tests = welch_tests(ScoreTable([*rows, ("a", "stumps", 0, 1.0), ("a", "stumps", 1, 2.0)]))
    assert tests.p_holm[0, 0] == tests.p[0, 0] < 0.05
    assert np.isnan(tests.difference[0, 1])
    assert tests.left_out == ["a and b on stumps: one of them has less than two runs."]


def test_nothing_to_compare_is_refused():
    with pytest.raises(ValueError, match="at least two teachers to compare, got a only"):
        welch_tests(table_of(a=[1.0, 2.0]))
    with pytest.raises(ValueError, match="Did you mean 'random'"):
        welch_tests(table_of(a=[1.0], random=[1.0]), "randon")


def false_alarms(repetitions):
    """How often one of ten comparisons of equal teachers comes out as a difference, corrected and not; and each one."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(repetitions):
        scores = {name: rng.normal(0.0, spread, (8, 1)) for name, spread in zip("abcde", (1, 1, 2, 3, 1), strict=True)}
        tests = welch_tests(table_of(**scores))
        plain = tests.significant(corrected=False)
        found.append((tests.significant().any(), plain.any(), plain.mean()))
    return np.mean(found, axis=0)


def test_holm_keeps_the_chance_of_a_false_alarm():
    corrected, any_plain, each_plain = false_alarms(400)
    assert corrected <= 0.07
    assert any_plain > 0.2  # what the papers' uncorrected tests do
    assert 0.03 <= each_plain <= 0.07


@pytest.mark.slow
def test_the_test_is_wrong_as_often_as_it_says():
    corrected, _, each_plain = false_alarms(10_000)
    assert corrected <= 0.055
    assert abs(each_plain - 0.05) < 0.006
