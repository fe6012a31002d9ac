"""Estimates of regret: the numbers of the reference implementations, and what may come in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tutelage import Outcomes
from tutelage.teachers.regret.estimates import NEEDS, check_regret, regret, regret_of
from tutelage.teachers.regret.running_scale import RunningScale

PROTAGONIST = [[0.3, 0.0], [0.9], [0.0, 0.0], []]
ANTAGONIST = [[0.7, 0.9], [0.5, 0.1], [0.0], [0.6]]


def columns(protagonist=PROTAGONIST, antagonist=ANTAGONIST):
    """What a trainer makes of the returns of finished episodes; nothing finished is 0."""
    return {
        f"{who}_{what}_return": [float(function(episodes)) if episodes else 0.0 for episodes in returns]
        for who, returns in (("protagonist", protagonist), ("antagonist", antagonist))
        for what, function in (("mean", np.mean), ("max", max))
    }


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("paired", [0.75, 0.0, 0.0, 0.6]),
        ("flexible", [0.75, 0.6, 0.0, 0.6]),
        ("minimax", [-0.3, -0.9, 0.0, 0.0]),
    ],
)
def test_the_numbers_of_dcd(kind, expected):
    np.testing.assert_allclose(regret(kind, **columns()), expected, atol=1e-12)


@pytest.mark.parametrize(("kind", "expected"), [("relative", 0.75), ("mean-relative", 0.65), ("population", 0.425)])
def test_the_numbers_of_the_minimax_library(kind, expected):
    assert regret(kind, **columns([[0.3, 0.0]], [[0.7, 0.9]])) == pytest.approx(expected)


def test_a_ceiling_cuts_off():
    np.testing.assert_allclose(regret("paired", **columns(), ceiling=0.5), [0.5, 0.0, 0.0, 0.5])


def test_a_ceiling_cuts_off_on_both_sides_where_nothing_is_clipped():
    assert regret("minimax", **columns(), ceiling=0.5).tolist() == [-0.3, -0.5, 0.0, 0.0]


def test_unclipped_regret_may_be_negative():
    np.testing.assert_allclose(regret("paired", **columns(), clip=False), [0.75, -0.4, 0.0, 0.6])


def test_a_flexible_antagonist_is_whoever_did_best_and_the_protagonist_where_both_did():
    assert regret("flexible", **columns([[0.5, 0.1]], [[0.5, 0.5]]), clip=False) == pytest.approx(0.0)


returns = st.lists(st.lists(st.floats(-1e6, 1e6), max_size=4), min_size=1, max_size=5)


@given(returns, st.sampled_from(sorted(NEEDS)), st.data())
def test_clipped_regret_is_never_negative(protagonist, kind, data):
    if kind != "minimax":
        antagonist = data.draw(
            st.lists(st.lists(st.floats(-1e6, 1e6), max_size=4), min_size=len(protagonist), max_size=len(protagonist))
        )
        assert (regret(kind, **columns(protagonist, antagonist), clip=True) >= 0.0).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9))
def test_identical_students_have_no_regret_where_every_episode_of_a_task_has_the_same_return(values):
    same = [[value] * 2 for value in values]
    for kind in set(NEEDS) - {"minimax"}:
        assert not regret(kind, **columns(same, same), clip=False).any(), kind


@pytest.mark.parametrize("kind", sorted(NEEDS))
def test_returns_of_any_size_give_finite_estimates(kind):
    assert np.isfinite(regret(kind, **columns([[-1.7e308], [1.7e308]], [[1.7e308], [-1.7e308]]))).all()


@pytest.mark.parametrize("kind", sorted(NEEDS))
def test_only_the_columns_that_a_kind_needs_are_asked_for(kind):
    few = {name: column for name, column in columns().items() if name in NEEDS[kind]}
    np.testing.assert_array_equal(regret(kind, **few), regret(kind, **columns()))
    for name in few:
        with pytest.raises(ValueError, match=f"{kind}.*needs {name}"):
            regret(kind, **{**few, name: None})


def test_estimates_are_read_from_outcomes():
    outcomes = Outcomes(tasks=np.zeros((4, 1)), ids=range(4), returns=[0] * 4, lengths=[1] * 4, signals=columns())
    np.testing.assert_array_equal(regret_of(outcomes, "flexible"), regret("flexible", **columns()))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("flexibel",), "Did you mean 'flexible'"),
        (("minimax", True), "minus a return"),
        (("paired", None, 0.0), "ceiling must be finite and above 0"),
        (("paired", None, float("nan")), "ceiling must be finite and above 0"),
    ],
)
def test_what_cannot_be_computed_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        check_regret(*arguments)


def test_a_clip_that_is_no_truth_value_is_refused():
    with pytest.raises(TypeError, match="clip"):
        check_regret("paired", "yes")


# --- The running scale -----------------------------------------------------------------------------------------------


def test_a_running_scale_is_the_standard_deviation_of_all_numbers():
    numbers = np.random.default_rng(0).normal(3.0, 2.0, 100)
    scale = RunningScale()
    scale.update(numbers[:30])
    scale.update(numbers[30:])
    assert scale.std == pytest.approx(numbers.std())


def test_normalised_regret_is_divided_by_the_scale_and_nothing_is_subtracted():
    scale = RunningScale()
    normalised = regret("paired", **columns(), normalise=scale)
    np.testing.assert_allclose(normalised, np.array([0.75, 0.0, 0.0, 0.6]) / np.std([0.75, 0.0, 0.0, 0.6]))


def test_numbers_that_do_not_vary_are_divided_by_1():
    scale = RunningScale()
    scale.update([5.0, 5.0])
    assert scale.divide([5.0]).tolist() == [5.0]


def test_a_running_scale_goes_on_from_its_state_and_refuses_a_damaged_one():
    scale, other = RunningScale(), RunningScale()
    scale.update([1.0, 4.0])
    other.load_state_dict(scale.state_dict())
    assert other.std == scale.std
    with pytest.raises(ValueError, match="squares"):
        other.load_state_dict({**scale.state_dict(), "squares": -1.0})
    assert other.state_dict() == scale.state_dict()


@pytest.mark.parametrize(
    ("mean", "best", "sentence"),
    [
        ([np.nan, 1.0], [1.0, 2.0], "protagonist_mean_return must be finite"),
        ([0.0], [1.0, 2.0, 3.0], "expected one and the same"),
        (0.0, 1.0, "expected one and the same"),
    ],
)
def test_columns_that_do_not_fit_or_are_not_finite_are_refused(mean, best, sentence):
    with pytest.raises(ValueError, match=sentence):
        regret("paired", protagonist_mean_return=mean, antagonist_max_return=best)
