"""Schedules: their shapes, how they are combined, and that plain data brings them back."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from tutelage.schedule_presets import SCHEDULE_PRESETS
from tutelage.schedules import (
    Clip,
    Competence,
    Constant,
    Cosine,
    Cyclic,
    Exponential,
    InterpolateMix,
    Linear,
    Multiplicative,
    Pacing,
    SigmoidOff,
    Stage,
    Tanh,
    Triangle,
    schedule_of,
)

# --- Numbers of the papers -------------------------------------------------------------------------------------------

NUMBERS = [
    (Exponential(256, 0.7).floor(), [0, 1, 2, 3, 4], [256, 179, 125, 87, 61]),
    (Exponential(800, 0.2, smooth=True).floor(), [0, 0.25, 0.5, 0.75, 1], [800, 534, 357, 239, 160]),
    (Cosine(0, 1), [0, 0.25, 0.5, 1], [0, 0.1464, 0.5, 1]),
    (SigmoidOff(0.2, 125), [0.18, 0.2, 0.22], [0.9241, 0.5, 0.0759]),
    ((Tanh(0.5, 0.2) * 40).floor().clip(1, 40), [0, 0.25, 0.5, 0.75, 1], [1, 3, 20, 36, 39]),
    (Multiplicative(10, 30), [0, 1, 2, 3], [10, 20, 30, 30]),
    (Triangle(3, 100), [0, 25, 50, 75], [0, 3, 0, -3]),
    (Linear(0.07, 0.1), [0, 0.5, 1], [0.07, 0.085, 0.1]),
    (Pacing("log"), [0, 0.1, 0.25, 0.5, 0.875], [0.1, 0.7233, 0.8680, 0.9443, 1]),
    (Pacing("linear"), [0, 0.1, 0.25, 0.5, 0.875], [0.1, 0.1415, 0.3077, 0.5846, 1]),
    (Competence(0.01), [0, 0.1, 0.5, 1], [0.01, 0.3164, 0.7071, 1]),
    (schedule_of("tti"), [0, 1, 2, 3, 9], [10, 20, 20, 30, 30]),
    (schedule_of("spear-tool"), [0, 50, 100, 200], [1, 0.5, 0, 0]),
    (schedule_of("tlts"), [0, 1, 2, 3, 4], [256, 179, 125, 87, 87]),
]


@pytest.mark.parametrize(("schedule", "moments", "values"), NUMBERS, ids=lambda value: str(value)[:40])
def test_a_schedule_has_the_papers_values(schedule, moments, values):
    assert [schedule(t) for t in moments] == pytest.approx(values, abs=6e-5)


def test_no_decay_is_lost_to_rounding():
    schedule = Exponential(256, 0.7, every=0.1)
    assert [round(schedule(t / 10), 4) for t in range(12)] == [round(256 * 0.7**t, 4) for t in range(12)]


def test_an_exponential_never_overflows():
    assert np.isfinite([Exponential(start, 2.0)(5000) for start in (1e6, -1e300, 1e-300, 0.0)]).all()


def test_the_budget_of_mid_training_has_a_floor():
    assert [schedule_of("rmt-budget")(t) for t in (0, 1, 2, 19)] == [800, 160, 160, 160]


def test_the_mix_of_three_tiers_moves_from_easy_to_hard():
    mix = InterpolateMix((0.6, 0.3, 0.1), (0.1, 0.3, 0.6), 0.3, 0.7)
    np.testing.assert_allclose([mix(x) for x in (0.2, 0.5, 0.8)], [[0.6, 0.3, 0.1], [0.35, 0.3, 0.35], [0.1, 0.3, 0.6]])


def test_the_reward_of_a_tolerance_follows_its_schedule():
    alpha = schedule_of("time-r1")
    rewards = [math.exp(-alpha(batch) * 6) for batch in (0, 25, 50)]
    assert rewards == pytest.approx([0.657, 0.6005, 0.5488], abs=6e-5)


@pytest.mark.parametrize(
    ("cyclic", "budget", "sizes"),
    [
        (Cyclic(0.25, 1, 0.5), 6, [0.25, 0.5, 1, 0.5, 0.25, 0.5, 1, 0.5, 0.25, 0.5, 1]),
        (Cyclic(0.2, 1, 0.5), 4, [0.2, 0.4, 0.8, 1, 0.5, 0.25, 0.2, 0.4, 0.8]),
    ],
)
def test_a_cycle_has_the_papers_sizes(cyclic, budget, sizes):
    assert cyclic.until(budget) == pytest.approx(sizes)


# --- Outside of the range --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "before", "after"),
    [
        (Linear(1, 3), 1, 3),
        (Cosine(1, 3), 1, 3),
        (Stage([1, 2, 3]), 1, 3),
        (Competence(0.1), 0.1, 1),
        (Pacing("quad"), 0.1, 1),
        (Multiplicative(2, 5), 2, 5),
    ],
    ids=str,
)
def test_a_schedule_keeps_its_end_values_outside_of_its_range(schedule, before, after):
    assert (schedule(-5), schedule(1e9)) == (before, after)


@pytest.mark.parametrize("schedule", [SigmoidOff(0.2, 125), Exponential(2, 3), Tanh(0.5, 1e-3)], ids=str)
def test_no_schedule_overflows(schedule):
    assert all(math.isfinite(schedule(t)) for t in (10, 1e12))


@pytest.mark.parametrize("moment", [math.nan, math.inf, -math.inf])
def test_a_moment_that_is_not_finite_is_refused(moment):
    with pytest.raises(ValueError, match="finite moment"):
        Linear(0, 1)(moment)


@pytest.mark.parametrize("moment", [None, "0.5", True, [0.1]])
def test_a_moment_that_is_no_number_is_refused(moment):
    with pytest.raises(TypeError, match="moment as a number"):
        Linear(0, 1)(moment)


BAD = [
    (lambda: Linear(0, 1, duration=0), "duration"),
    (lambda: Linear(math.nan, 1), "start"),
    (lambda: Exponential(1, 0), "gamma"),
    (lambda: Exponential(1, 0.5, every=-1), "every"),
    (lambda: Cosine(0, math.inf), "end"),
    (lambda: SigmoidOff(0.2, 0), "k must"),
    (lambda: Tanh(0.5, 0), "width"),
    (lambda: Tanh(0, 0.1, exact=True), "centre"),
    (lambda: Stage([]), "at least one"),
    (lambda: Stage([1, 2], at=[0]), "at must"),
    (lambda: Stage([1, 2], at=[1, 2]), "at must"),
    (lambda: Multiplicative(0, 3), "low"),
    (lambda: Multiplicative(4, 3), "high"),
    (lambda: Cyclic(1, 1, 0.5), "end"),
    (lambda: Cyclic(0.2, 1, 1), "alpha"),
    (lambda: Triangle(1, 0), "period"),
    (lambda: InterpolateMix([1], [1, 2]), "first has 1"),
    (lambda: InterpolateMix([0, 0], [1, 2]), "first"),
    (lambda: InterpolateMix([1], [1], 0.7, 0.3), "high"),
    (lambda: Competence(2), "start"),
    (lambda: Competence(0.1, "cubic"), "shape"),
    (lambda: Pacing("cubic"), "shape"),
    (lambda: Pacing("linear", 0.9, 0.1), "begin < end"),
    (lambda: Clip(Constant(1), 3, 2), "low"),
]


@pytest.mark.parametrize(("build", "name"), BAD)
def test_a_number_out_of_range_is_refused_by_name(build, name):
    with pytest.raises(ValueError, match=name):
        build()


# --- Combined --------------------------------------------------------------------------------------------------------


def test_schedules_are_added_and_multiplied():
    schedule = 2 * Linear(0, 10) + Constant(1.0)
    assert [schedule(x) for x in (0, 0.5, 1)] == [1.0, 11.0, 21.0]


def test_schedules_are_rounded_and_bounded():
    assert [Linear(0, 10).round().clip(2, 8)(x) for x in (0, 0.26, 1)] == [2.0, 3.0, 8.0]


def test_weights_are_multiplied_like_numbers():
    mix = InterpolateMix([1, 1], [0, 1]) * 2
    assert mix(1.0).tolist() == [0.0, 2.0]


def test_an_exact_tanh_reaches_both_ends():
    schedule = Tanh(0.5, 0.2, exact=True)
    assert (schedule(0), schedule(0.5), schedule(1), schedule(7)) == (0.0, 0.5, 1.0, 1.0)


# --- Plain data ------------------------------------------------------------------------------------------------------

ALL = [schedule for schedule, _, _ in NUMBERS] + [
    Stage([1, 5, 2], at=[0, 3, 7]),
    InterpolateMix([0.6, 0.4], [0.1, 0.9], 0.2, 0.8) * 0.5 + 1,
    Cyclic(0.25, 1, 0.5),
]


@pytest.mark.parametrize("schedule", ALL, ids=lambda schedule: type(schedule).__name__)
def test_a_schedule_comes_back_from_json(schedule):
    again = schedule_of(json.loads(json.dumps(schedule.to_plain())))
    for t in (0, 0.1, 0.5, 1, 3, 50):
        np.testing.assert_array_equal(again(t), schedule(t))


@pytest.mark.parametrize("spec", [3, 3.0, "constant(3)", {"constant": 3}, {"constant": {"value": 3}}, Constant(3.0)])
def test_a_schedule_is_chosen_by_plain_data(spec):
    assert schedule_of(spec)(0.5) == 3.0


@pytest.mark.parametrize("name", SCHEDULE_PRESETS)
def test_every_preset_is_a_schedule(name):
    assert np.isfinite(schedule_of(name)(0.3)).all()


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("liner(0, 1)", "Did you mean 'linear'"),
        ("linear(0, 1", "cannot be read"),
        ("linear(0, x)", "cannot be read"),
        ("linear()", "start"),
        ({"linear": {"begining": 3}}, "begining"),
        ("linear(0, 1, -3)", "duration"),
    ],
)
def test_plain_data_that_is_no_schedule_is_refused(spec, sentence):
    with pytest.raises(ValueError, match=sentence):
        schedule_of(spec)


@pytest.mark.parametrize("spec", [None, [1, 2], {"linear": 1, "cosine": 2}, True])
def test_what_is_no_schedule_is_refused(spec):
    with pytest.raises(TypeError):
        schedule_of(spec)
