"""Robust PLR: what the student learns from, and whether it adapts."""

import numpy as np
import pytest
from tutelage import TaskSpace, make_teacher

from .regret_student import RegretStudent, surely_above, teach

SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
SEEDS = range(20)


def build(**hyperparameters):
    return make_teacher("robust-plr", SQUARE, **{"seed": 0, **hyperparameters})


def test_what_is_learned_from_is_more_often_open_than_uniform_tasks():
    shares = []
    for seed in SEEDS:
        _, is_open, train = teach(build(seed=seed), RegretStudent(seed), 800)
        shares.append(is_open[train].mean())
    assert surely_above(shares, 0.5)  # uniform: 0.22


@pytest.mark.parametrize("hold", ["episode", "rollout"])
def test_students_learn_from_replays_and_from_nothing_else(hold):
    teacher = build(buffer_size=30, hold=hold)
    student, both = RegretStudent(), set()
    for _ in range(100):
        tasks = teacher.sample(8)
        np.testing.assert_array_equal(tasks.train, teacher.buffer.find(tasks.values) >= 0)
        both |= set(tasks.train.tolist())
        teacher.update(student.play(tasks))
    assert both == {False, True}


def test_where_levels_are_kept_for_a_rollout_a_batch_is_all_new_or_all_replays():
    teacher, student = build(buffer_size=30, hold="rollout"), RegretStudent()
    shares = set()
    for _ in range(60):
        tasks = teacher.sample(8)
        shares.add(tasks.train.mean())
        teacher.update(student.play(tasks))
    assert shares == {0.0, 1.0}


def test_a_repetition_is_learned_from_if_the_level_is():
    teacher = build(buffer_size=10, min_fill=0.5)
    teach(teacher, RegretStudent(), 50)
    tasks = teacher.sample(20)
    assert set(tasks.train.tolist()) == {False, True}
    np.testing.assert_array_equal(teacher.repeat(tasks).train, tasks.train)


def test_it_makes_the_same_choices_as_plr():
    robust, plain = (make_teacher(name, SQUARE, seed=0) for name in ("robust-plr", "plr"))
    one, two = (teach(teacher, RegretStudent(), 400)[0] for teacher in (robust, plain))
    np.testing.assert_array_equal(one, two)
