"""Small random changes of tasks of any space."""

import numpy as np
import pytest
from tutelage import TaskSpace
from tutelage.teachers.replay.mutation import mutate_tasks

MIXED = TaskSpace(height=(0.0, 10.0), rooms=range(2, 7), ids=range(1000), ground=["grass", "ice", "mud"], width=(1, 1))


def changes(space, task, n_edits=1, n=6000, **arguments):
    tasks = np.tile(np.asarray(task, float), (n, 1))
    return mutate_tasks(tasks, np.random.default_rng(0), space, n_edits=n_edits, **arguments) - tasks


def test_no_edit_changes_nothing():
    assert not changes(MIXED, [5.0, 4, 500, 1, 1], n_edits=0).any()


def test_an_edit_changes_one_dimension_at_most_and_none_that_is_fixed():
    moved = changes(MIXED, [5.0, 4, 500, 1, 1]) != 0.0
    assert moved.sum(axis=1).max() == 1
    np.testing.assert_allclose(moved.mean(axis=0), [1 / 6, 1 / 6, 1 / 6, 1 / 6, 0.0], atol=0.02)


def test_a_continuous_value_moves_up_or_down_by_up_to_a_twentieth_of_its_range():
    steps = changes(TaskSpace(x=(0.0, 10.0)), [5.0])
    assert np.abs(steps).max() == pytest.approx(0.5, abs=0.01)
    assert (steps > 0.0).mean() == pytest.approx(1 / 3, abs=0.02)
    assert (steps < 0.0).mean() == pytest.approx(1 / 3, abs=0.02)


def test_the_step_can_be_chosen():
    assert np.abs(changes(TaskSpace(x=(0.0, 10.0)), [5.0], step=0.3)).max() == pytest.approx(3.0, abs=0.05)


def test_an_integer_moves_by_one_where_there_are_few():
    assert set(changes(TaskSpace(rooms=range(2, 7)), [4]).ravel()) == {-1.0, 0.0, 1.0}


def test_an_integer_moves_by_more_where_there_are_many():
    steps = changes(TaskSpace(ids=range(101)), [50]).ravel()
    assert set(np.abs(steps)) == {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}


def test_a_category_is_exchanged_for_any_other():
    space = TaskSpace(ground=["grass", "ice", "mud", "sand"])
    ends = changes(space, [1]).ravel() + 1.0
    np.testing.assert_allclose(np.bincount(ends.astype(int)) / len(ends), [2 / 9, 1 / 3, 2 / 9, 2 / 9], atol=0.02)


def test_tasks_at_the_bounds_stay_inside():
    space = MIXED
    rng = np.random.default_rng(0)
    for task in (space.low, space.high):
        tasks = mutate_tasks(np.tile(task, (500, 1)), rng, space, n_edits=5)
        assert space.contains(tasks).all()


def test_a_space_of_one_task_has_nothing_to_change():
    assert not changes(TaskSpace(x=(1.0, 1.0)), [1.0]).any()


def test_the_tasks_given_are_not_written_to():
    tasks = np.full((5, 1), 0.5)
    mutate_tasks(tasks, np.random.default_rng(0), TaskSpace(x=(0.0, 1.0)), n_edits=3)
    assert (tasks == 0.5).all()
