"""What the states and the copies of all teachers must do; the registered ones are found without being listed."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from tutelage import TaskSpace
from tutelage.state import load_state, save_state

from .conformance import (
    PLAIN,
    SPACES,
    build,
    comparable,
    every_space,
    every_teacher,
    learned,
    state_of,
    view,
)
from .simulated_student import SimulatedStudent, outcomes_of, simulate


@every_space
@every_teacher
def test_a_state_restored_from_disk_continues_identically(name, space, tmp_path):
    teacher, other = build(name, space), build(name, space, seed=999)
    student = SimulatedStudent(teacher.task_space)
    simulate(teacher, 117, student=student)
    save_state(tmp_path / "state.npz", teacher.state_dict())
    other.load_state_dict(load_state(tmp_path / "state.npz"))
    for _ in range(3):
        assert view(other) == view(teacher)
        first = simulate(teacher, 30, student=copy.deepcopy(student))
        second = simulate(other, 30, student=student)
        np.testing.assert_array_equal(first.tasks, second.tasks)
        np.testing.assert_array_equal(first.ids, second.ids)


@pytest.mark.parametrize("handed_out", [0, 1, 200])
@every_teacher
def test_a_state_can_be_restored_while_all_outcomes_are_pending(name, handed_out, tmp_path):
    teacher, other = build(name), build(name, seed=1)
    tasks = teacher.sample(handed_out)
    save_state(tmp_path / "state.npz", teacher.state_dict())
    other.load_state_dict(load_state(tmp_path / "state.npz"))
    for each in (teacher, other):
        each.update(outcomes_of(each, tasks.values, tasks.ids, np.arange(float(handed_out))))
    assert state_of(other) == state_of(teacher)


@every_teacher
def test_a_restored_teacher_remembers_which_outcomes_it_has_seen(name):
    teacher, other = build(name), build(name)
    history = simulate(teacher, 110)
    other.load_state_dict(teacher.state_dict())
    before = learned(other)
    for outcomes in history.outcomes:
        other.update(outcomes)
    assert learned(other) == before


@every_teacher
def test_saving_the_state_changes_nothing(name):
    teacher = build(name)
    simulate(teacher, 110)
    assert state_of(teacher) == state_of(teacher)


@every_teacher
def test_the_state_does_not_change_with_the_teacher(name):
    teacher = build(name)
    simulate(teacher, 110)
    state = teacher.state_dict()
    before = comparable(state)
    simulate(teacher, 60)
    assert comparable(state) == before


@every_teacher
def test_a_teacher_does_not_write_into_the_state_it_was_given(name):
    teacher, other = build(name), build(name)
    simulate(teacher, 110)
    state = teacher.state_dict()
    before = comparable(state)
    other.load_state_dict(state)
    simulate(other, 60)
    assert comparable(state) == before


def refused(name: str, state) -> None:
    """Load a bad state into a teacher in the middle of its work: a ValueError, and nothing has changed."""
    teacher = build(name)
    simulate(teacher, 60)
    before = state_of(teacher)
    with pytest.raises(ValueError):
        teacher.load_state_dict(state)
    assert state_of(teacher) == before


def good_state(name: str, space: str | TaskSpace = PLAIN):
    teacher = build(name, space, seed=5)
    simulate(teacher, 110)
    return teacher.state_dict()


@every_teacher
def test_the_state_of_another_teacher_is_refused(name):
    refused(name, {**good_state(name), "teacher": "SomeoneElse"})


@every_teacher
def test_the_state_of_another_space_is_refused(name):
    wider = TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 7.0))
    refused(name, good_state(name, wider))


@pytest.mark.parametrize("state", [None, {}, [], 3, "state", {"teacher": 1}], ids=repr)
@every_teacher
def test_what_is_no_state_is_refused(name, state):
    refused(name, state)


@every_teacher
def test_a_state_without_one_of_its_entries_is_refused(name):
    state = good_state(name)
    for key in state:
        refused(name, {k: v for k, v in state.items() if k != key})


@every_teacher
def test_a_state_whose_algorithm_lacks_an_entry_is_refused(name):
    state = good_state(name)
    for key in state["algorithm"]:
        algorithm = {k: v for k, v in state["algorithm"].items() if k != key}
        refused(name, {**state, "algorithm": algorithm})


@pytest.mark.parametrize("garbage", [None, 3, "text", [1], {"unknown": 1}], ids=repr)
@pytest.mark.parametrize("key", ["task_space", "rng", "answered", "algorithm"])
@every_teacher
def test_a_state_with_garbage_in_an_entry_is_refused(name, key, garbage):
    refused(name, {**good_state(name), key: garbage})


MISFITS = {
    "negative next id": {"next_id": -1},
    "next id below the answered ones": {"next_id": 7},
    "next id that is a word": {"next_id": "many"},
    "window after the last id": {"first_open": 10_000},
    "window before the first id": {"first_open": -3},
    "answers of two columns": {"answered": np.zeros((110, 2), bool)},
    "no count": {"n_outcomes": None},
    "another generator": {"rng": {"bit_generator": "MT19937"}},
    "generator out of range": {
        "rng": {"bit_generator": "PCG64", "state": {"state": -1, "inc": 2**200}, "has_uint32": 0, "uinteger": 0}
    },
}


@pytest.mark.parametrize("misfit", MISFITS)
@every_teacher
def test_a_state_whose_numbers_do_not_fit_is_refused(name, misfit):
    refused(name, {**good_state(name), **MISFITS[misfit]})


def float_arrays(state, path=()):
    """Paths of the arrays of floats in plain data, with the arrays."""
    if isinstance(state, np.ndarray) and state.dtype.kind == "f" and state.size:
        yield path, state
    elif isinstance(state, (dict, list, tuple)):
        for key, item in state.items() if isinstance(state, dict) else enumerate(state):
            yield from float_arrays(item, (*path, key))


def damaged(state, path, where):
    """A copy of plain data with NaN in the array at a path: in its first number, or in all."""
    state = copy.deepcopy(state)
    array = state
    for key in path:
        array = array[key]
    array.flat[0 if where == "first" else slice(None)] = np.nan
    return state


@pytest.mark.parametrize("where", ["first", "all"])
@every_teacher
def test_a_state_with_nan_in_an_array_is_refused_or_does_no_harm(name, where):
    state, points = good_state(name), SPACES[PLAIN].grid(3)
    for path, _ in float_arrays(state["algorithm"]):
        teacher = build(name)
        before = state_of(teacher)
        try:
            teacher.load_state_dict({**state, "algorithm": damaged(state["algorithm"], path, where)})
        except ValueError:
            assert state_of(teacher) == before, path
            continue
        simulate(teacher, 60)
        density = teacher.density(points)
        assert teacher.task_space.contains(teacher.sample(50).values).all(), path
        assert all(np.isfinite(value) for value in teacher.metrics().values()), path
        assert density is None or np.isfinite(density).all(), path


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))], ids=["copy", "pickle"])
@every_space
@every_teacher
def test_a_copy_of_a_teacher_continues_identically(name, space, duplicate):
    teacher = build(name, space)
    student = SimulatedStudent(teacher.task_space)
    simulate(teacher, 117, student=student)
    other = duplicate(teacher)
    first = simulate(teacher, 60, student=copy.deepcopy(student))
    second = simulate(other, 60, student=student)
    np.testing.assert_array_equal(first.tasks, second.tasks)
    assert state_of(teacher) == state_of(other)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))], ids=["copy", "pickle"])
@every_teacher
def test_a_copy_of_a_teacher_is_independent(name, duplicate):
    teacher = build(name)
    simulate(teacher, 110)
    before = state_of(teacher)
    simulate(duplicate(teacher), 60)
    assert state_of(teacher) == before
