"""Mixtures and fall-backs of teachers."""

from __future__ import annotations

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.teachers.composable.fallback import Fallback
from tutelage.teachers.composable.mixture import Mixture
from tutelage.teachers.composable.scheduled_mixture import ScheduledMixture

LINE = TaskSpace(x=(0.0, 1.0))


def only(low, high):
    return {"teacher": "bandit", "arms": [{"x": [low, high]}]}


TIERS = {"easy": only(0.0, 0.3), "hard": only(0.7, 1.0)}


def report(teacher, tasks, success):
    n = len(tasks)
    teacher.update(
        Outcomes(tasks=tasks.values, ids=tasks.ids, returns=np.zeros(n), lengths=[1] * n, success=np.full(n, success))
    )


@pytest.mark.parametrize("weights", [[1, 3], {"hard": 3, "easy": 1}], ids=str)
def test_teachers_are_asked_by_their_weights(weights):
    tasks = Mixture(LINE, seed=0, teachers=TIERS, weights=weights).sample(2000).values
    assert (tasks > 0.5).mean() == pytest.approx(0.75, abs=0.03)


def test_a_teacher_learns_from_its_own_tasks_only():
    teacher = Mixture(LINE, seed=0, teachers={"one": "riac", "two": "riac"})
    tasks = teacher.sample(100)
    report(teacher, tasks, 1.0)
    seen = [each.metrics()["outcomes"] for each in teacher.teachers.values()]
    assert sum(seen) == 100
    assert min(seen) > 30


def test_episodes_of_another_run_are_learned_from_by_all():
    teacher = Mixture(LINE, seed=0, teachers={"one": "riac", "two": "random"})
    teacher.update(Outcomes(tasks=[[0.5]] * 3, ids=[-1] * 3, returns=[1] * 3, lengths=[1] * 3, success=[1] * 3))
    assert [each.metrics()["outcomes"] for each in teacher.teachers.values()] == [3.0, 3.0]


def test_a_task_that_is_handed_out_again_belongs_to_the_same_teacher():
    teacher = Mixture(LINE, seed=0, teachers=TIERS)
    tasks = teacher.sample(10)
    again = teacher.repeat(tasks)
    report(teacher, again, 1.0)
    assert sum(each.metrics()["outcomes"] for each in teacher.teachers.values()) == 10


def test_teachers_can_be_objects():
    inner = make_teacher("random", LINE, seed=3)
    assert Mixture(LINE, seed=0, teachers=[inner]).teachers == {"RandomTeacher": inner}


def test_a_mixture_needs_what_its_teachers_need():
    assert Mixture(LINE, teachers=["random", {"teacher": "plr", "score": "max_mc"}]).needs == {"mean_value"}


def test_the_expert_reaches_the_teachers_that_take_one():
    teacher = Mixture(LINE, teachers=["random", "bandit"], expert={"success_above": 5.0})
    report_unknown = Outcomes(tasks=[[0.5]], ids=[-1], returns=[7.0], lengths=[1])
    teacher.update(report_unknown)
    assert teacher.metrics()["outcomes"] == 1.0


def test_what_one_teacher_refuses_changes_none():
    teacher = Mixture(LINE, teachers=["random", "bandit"])
    with pytest.raises(ValueError, match="success"):
        teacher.update(Outcomes(tasks=[[0.5]], ids=[-1], returns=[7.0], lengths=[1]))
    assert [each.metrics()["outcomes"] for each in teacher.teachers.values()] == [0.0, 0.0]


# --- Schedules -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "weights", [{"easy": "linear(1, 0)", "hard": "linear(0, 1)"}, "interpolate_mix([1, 0], [0, 1])"], ids=str
)
def test_the_share_of_hard_tasks_rises_with_the_schedule(weights):
    teacher, shares = ScheduledMixture(LINE, seed=0, teachers=TIERS, weights=weights, duration=4000), []
    for _ in range(4):
        shares.append((np.concatenate([teacher.sample(10).values for _ in range(100)]) > 0.5).mean())
    np.testing.assert_allclose(shares, [0.125, 0.375, 0.625, 0.875], atol=0.05)


def test_the_tiers_of_rmt():
    teacher = ScheduledMixture(
        LINE, seed=0, teachers={"a": "random", "b": "random", "c": "random"}, weights="rmt-mix", duration=100
    )
    seen = []
    for n in (20, 30, 30):
        teacher.sample(n)
        seen.append(teacher.weights.tolist())
    np.testing.assert_allclose(seen, [[0.6, 0.3, 0.1], [0.35, 0.3, 0.35], [0.1, 0.3, 0.6]])


def test_a_schedule_may_count_tasks():
    teacher = ScheduledMixture(
        LINE,
        seed=0,
        teachers=TIERS,
        weights={"easy": "stage([1, 0], [0, 5])", "hard": "stage([0, 1], [0, 5])"},
        unit="tasks",
    )
    assert teacher.weights.tolist() == [1.0, 0.0]
    teacher.sample(5)
    assert teacher.weights.tolist() == [0.0, 1.0]


def test_weights_may_be_a_list():
    teacher = ScheduledMixture(LINE, teachers=TIERS, weights=[0.25, "linear(0.75, 0)"])
    assert teacher.weights.tolist() == [0.25, 0.75]


def test_weights_that_are_all_zero_are_equal():
    teacher = ScheduledMixture(LINE, teachers=TIERS, weights={"easy": 0, "hard": 0})
    assert teacher.weights.tolist() == [0.5, 0.5]


# --- Fall-backs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("success", [0.0, 1.0])
def test_the_other_teacher_takes_over_when_all_fail_or_all_succeed(success):
    teacher = Fallback(LINE, seed=0, teacher=only(0.7, 1.0), fallback=only(0.0, 0.3), window=20, rest=30)
    assert (teacher.sample(5).values >= 0.7).all()
    report(teacher, teacher.sample(20), success)
    assert teacher.in_charge == "fallback"
    assert (teacher.sample(5).values <= 0.3).all()
    report(teacher, teacher.sample(30), success)
    assert teacher.in_charge == "teacher"


def test_tasks_of_the_first_teacher_that_come_back_late_do_not_end_its_rest():
    teacher = Fallback(LINE, seed=0, teacher=only(0.7, 1.0), fallback=only(0.0, 0.3), window=20, rest=30)
    report(teacher, teacher.sample(100), 0.0)
    assert teacher.in_charge == "fallback"
    report(teacher, teacher.sample(29), 0.0)
    assert teacher.in_charge == "fallback"
    report(teacher, teacher.sample(1), 0.0)
    assert teacher.in_charge == "teacher"


def test_the_first_teacher_keeps_the_word_while_there_is_something_to_learn():
    teacher = Fallback(LINE, seed=0, teacher=only(0.7, 1.0), window=20)
    for _ in range(20):
        report(teacher, teacher.sample(5), 0.0)
        report(teacher, teacher.sample(5), 1.0)
    assert teacher.metrics()["switches"] == 0.0


def test_the_first_teacher_learns_from_the_others_tasks():
    teacher = Fallback(LINE, seed=0, teacher="riac", fallback="random", window=10, rest=50)
    report(teacher, teacher.sample(10), 0.0)
    report(teacher, teacher.sample(20), 0.0)
    assert [t.metrics()["outcomes"] for t in teacher._members.teachers] == [30.0, 20.0]


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Mixture(LINE, teachers=[]), "at least one teacher"),
        (lambda: Fallback(LINE, teacher="again"), "teacher waits for a pre-test of the student"),
        (lambda: Mixture(LINE, teachers=["randm"]), "Did you mean 'random'"),
        (lambda: Mixture(LINE, teachers=[{"teacher": "bandit", "arm": 3}]), "hyperparameter of bandit"),
        (lambda: Mixture(LINE, teachers=TIERS, weights=[1]), "each of 2 teachers"),
        (lambda: Mixture(LINE, teachers=TIERS, weights=[0, 0]), "not all 0"),
        (lambda: Mixture(LINE, teachers=TIERS, weights=[-1, 2]), "at least 0"),
        (lambda: Mixture(LINE, teachers=TIERS, weights={"easy": 1}), "must name the teachers"),
        (lambda: Mixture(LINE, teachers=[make_teacher("random", TaskSpace(y=(0, 1)))]), "is for TaskSpace"),
        (lambda: Mixture(LINE, teachers=["random", {"teacher": "plr", "hold": "rollout"}]), "same time"),
        (lambda: ScheduledMixture(LINE, teachers=TIERS, weights="linear(0, 1)"), "each of 2 teachers"),
        (lambda: ScheduledMixture(LINE, teachers=TIERS, weights={"easy": -1, "hard": 2}), "at least 0"),
        (lambda: ScheduledMixture(LINE, teachers=TIERS, weights={"esy": 1, "hard": 2}), "must name the teachers"),
        (lambda: ScheduledMixture(LINE, duration=0), "duration"),
        (lambda: ScheduledMixture(LINE, unit="epochs"), "unit"),
        (lambda: Fallback(LINE, success_range=(0.9, 0.1)), "success_range"),
        (lambda: Fallback(LINE, window=0), "window"),
    ],
)
def test_what_does_not_fit_is_refused(build, sentence):
    with pytest.raises(ValueError, match=sentence):
        build()


@pytest.mark.parametrize("teachers", ["random", 3, [3], [{"name": "random"}]], ids=str)
def test_what_is_no_teacher_is_refused(teachers):
    with pytest.raises(TypeError):
        Mixture(LINE, teachers=teachers)


def test_a_state_with_other_teachers_is_refused():
    with pytest.raises(ValueError, match="saved with"):
        Mixture(LINE, teachers=TIERS).load_state_dict(Mixture(LINE, teachers=["random"]).state_dict())
