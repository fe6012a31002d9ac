"""Handing tasks out again."""

import numpy as np
import pytest
from tutelage import Outcomes, Tasks, TaskSpace, Teacher, make_teacher

LINE = TaskSpace(x=(0.0, 1.0))


def test_the_same_tasks_come_under_new_ids():
    teacher = make_teacher("robust-plr", LINE, seed=0)
    tasks = teacher.sample(3)
    again = teacher.repeat(tasks[1:])
    np.testing.assert_array_equal(again.values, tasks.values[1:])
    assert (again.ids.tolist(), again.train.tolist()) == ([3, 4], [False, False])
    assert teacher.sample(1).ids.tolist() == [5]


def test_repeating_draws_no_random_number():
    teacher, other = (make_teacher("plr", LINE, seed=0) for _ in range(2))
    teacher.repeat(teacher.sample(3))
    other.sample(3)
    np.testing.assert_array_equal(teacher.sample(3).values, other.sample(3).values)


def test_each_repetition_is_an_episode_of_its_own():
    teacher = make_teacher("plr", LINE, seed=0)
    tasks = teacher.sample(1)
    for each in (tasks, teacher.repeat(tasks), tasks):
        signals = {"positive_value_loss": [0.5]}
        teacher.update(Outcomes(tasks=each.values, ids=each.ids, returns=[1.0], lengths=[3], signals=signals))
    assert teacher.metrics()["outcomes"] == 2.0


def test_writing_into_the_repetition_does_not_alter_the_original():
    teacher = make_teacher("plr", LINE, seed=0)
    tasks = teacher.sample(2)
    before = tasks.values.copy()
    teacher.repeat(tasks).values[:] = 7.0
    np.testing.assert_array_equal(tasks.values, before)


def test_nothing_can_be_repeated():
    teacher = make_teacher("plr", LINE, seed=0)
    assert len(teacher.repeat(teacher.sample(0))) == 0


@pytest.mark.parametrize("tasks", [None, [[0.5]], np.array([[0.5]])], ids=str)
def test_what_is_no_batch_of_tasks_is_refused(tasks):
    with pytest.raises(TypeError, match=r"Expected tutelage\.Tasks"):
        make_teacher("plr", LINE, seed=0).repeat(tasks)


def test_tasks_outside_the_space_are_refused():
    teacher = make_teacher("plr", LINE, seed=0)
    with pytest.raises(ValueError, match="x = 7 is outside"):
        teacher.repeat(Tasks(np.array([[7.0]]), np.array([0]), np.array([True])))
    assert teacher.sample(1).ids.tolist() == [0]


def test_teachers_hand_a_task_out_for_one_episode_by_default():
    assert Teacher.hold == "episode"
    assert make_teacher("alp-gmm", LINE).hold == "episode"


def test_how_long_a_task_is_held_is_no_part_of_the_state():
    teacher, other = (make_teacher("random", LINE, seed=0) for _ in range(2))
    teacher.hold = "rollout"
    other.load_state_dict(teacher.state_dict())
    assert other.hold == "episode"
