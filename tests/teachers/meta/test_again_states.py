"""States of AGAIN: restored at any moment, also where the classroom is gone, and refused where they are damaged."""

import copy
import shutil

import numpy as np
import pytest
from tutelage import make_teacher
from tutelage.state import load_state, save_state

from ..conformance import comparable, state_of
from .small_classroom import SPACE, make_room, student
from .test_again import again, expert_history, outcomes, play

SETTINGS = [
    {},
    {"stop": True},
    {"stop": True, "mix": False},
    {"curriculum": "time"},
    {"curriculum": "pool"},
    {"n_returns": 5, "end_random_ratio": 0.3, "stop": True},
]


@pytest.fixture
def room(tmp_path):
    gaussians = expert_history(refit_episodes=[50, 130, 200])
    return make_room(tmp_path / "room", student("expert", final=[9, 9, 9], gaussians=gaussians))


def journey(teacher, until, begin=0):
    """Play with a student that gets better, with the pre-test after 60 episodes; every third outcome is late."""
    waiting = None
    for i in range(begin, until):
        if i >= 60 and teacher.pretest_plan is not None:
            teacher.pretest([0, 0, 0])
        tasks = teacher.sample()
        for each in (waiting, tasks) if i % 3 else ():
            if each is not None:
                teacher.update(outcomes(each.values, min(1.0, i / 200) + 0.1 * np.sin(each.ids), each.ids))
        waiting = tasks if i % 3 == 0 else None
    return teacher.sample(3).values


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("moment", [0, 30, 60, 61, 90, 150, 400])
def test_a_state_restored_at_any_moment_continues_identically(room, settings, moment, tmp_path):
    teacher, other = again(room, **settings), again(room.folder, **settings)
    journey(teacher, moment)
    save_state(tmp_path / "state.npz", teacher.state_dict())
    other.load_state_dict(load_state(tmp_path / "state.npz"))
    assert state_of(other) == state_of(teacher)
    begin = moment + 3 - moment % 3
    np.testing.assert_array_equal(journey(teacher, moment + 150, begin), journey(other, moment + 150, begin))
    assert state_of(other) == state_of(teacher)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_run_with_an_expert_goes_on_where_the_classroom_is_gone(room, settings):
    teacher = again(room, **settings)
    journey(teacher, 90)
    state = teacher.state_dict()
    shutil.rmtree(room.folder)
    for classroom in (None, room.folder):
        other = again(classroom, **settings)
        other.load_state_dict(copy.deepcopy(state))
        assert other.expert == "expert"
        reference = copy.deepcopy(teacher)
        np.testing.assert_array_equal(journey(other, 200, 90), journey(reference, 200, 90))


def test_a_run_that_stays_alone_goes_on_so(tmp_path):
    empty = make_room(tmp_path / "room")
    teacher = again(empty)
    with pytest.warns(UserWarning, match="has no students"):
        play(teacher, 60)
    empty.append(student(gaussians=expert_history()))
    other = again(empty)
    other.load_state_dict(teacher.state_dict())
    assert other.pretest_plan is None
    np.testing.assert_array_equal(play(other, 100, 0.5), play(teacher, 100, 0.5))


def test_the_record_goes_on_with_the_state(room):
    teacher, other = again(room), again(room)
    teacher.record_history()
    journey(teacher, 120)
    other.load_state_dict(teacher.state_dict())
    for each in (teacher, other):
        journey(each, 250, 120)
    np.testing.assert_array_equal(other.record.origins, teacher.record.origins)


@pytest.mark.parametrize(
    "change",
    [{"curriculum": "pool"}, {"mix": False}, {"k": 2}, {"n_returns": 3}, {"stop": True}, {"alp_threshold": 0.3}],
    ids=str,
)
def test_the_state_of_other_hyperparameters_is_refused(room, change):
    teacher, other = again(room), again(room, **change)
    journey(teacher, 90)
    before = state_of(other)
    with pytest.raises(ValueError, match=f"It was saved with {next(iter(change))}"):
        other.load_state_dict(teacher.state_dict())
    assert state_of(other) == before


DAMAGES = [
    ("phase", "pretest"),
    ("phase", "alone"),
    ("phase", "somewhere"),
    ("phase", 3),
    ("n_steps", -1),
    ("pending", np.zeros((2, 3), int)),
    ("pending", np.array([[5, 99]])),
    ("pending", np.array([[-5, 0]])),
    ("expert", None),
    ("expert", {}),
    ("expert/curriculum/starts", np.array([0, 2, 1, 3])),
    ("expert/curriculum/means", np.full((3, 2), np.nan)),
    ("expert/curriculum/means", np.zeros((3, 4))),
    ("expert/curriculum/covariances", np.full((3, 2, 2), -1.0)),
    ("expert/curriculum/thresholds", np.full(3, np.nan)),
    ("expert/curriculum/alps", np.zeros(2)),
    ("expert/alps", np.full(3, np.nan)),
    ("expert/alps", np.zeros(5)),
    ("expert/pace/index", 3),
    ("expert/pace/index", 0.5),
    ("expert/pace/recent", np.zeros(99)),
    ("expert/ended_at", 40),
    ("expert/ended_at", -2),
    ("expert/dropped", True),
    ("expert/dropped", "yes"),
]


def replaced(state, path, value):
    state = copy.deepcopy(state)
    *parents, key = path.split("/")
    entry = state["algorithm"]
    for parent in parents:
        entry = entry[parent]
    entry[key] = value
    return state


@pytest.mark.parametrize(("path", "value"), DAMAGES, ids=str)
def test_damage_to_an_entry_is_refused_and_changes_nothing(room, path, value):
    teacher, other, twin = (again(room) for _ in range(3))
    journey(teacher, 90)
    for each in (other, twin):
        journey(each, 100)
    with pytest.raises(ValueError, match="cannot take over this state"):
        other.load_state_dict(replaced(teacher.state_dict(), path, value))
    assert state_of(other) == state_of(twin)
    np.testing.assert_array_equal(journey(other, 160, 100), journey(twin, 160, 100))


@pytest.mark.parametrize("key", ["sizes", "latest", "count"])
def test_damage_to_the_estimates_is_refused(room, key):
    teacher, other = again(room, stop=True), again(room, stop=True)
    journey(teacher, 400)
    state = teacher.state_dict()
    assert state["algorithm"]["expert"]["estimates"] is not None
    with pytest.raises(ValueError, match="cannot take over this state"):
        other.load_state_dict(replaced(state, f"expert/estimates/{key}", np.full(7, -1)))


def test_a_state_without_an_entry_is_refused(room):
    teacher = again(room)
    journey(teacher, 90)
    state = teacher.state_dict()
    for key in state["algorithm"]["expert"]:
        bad = copy.deepcopy(state)
        del bad["algorithm"]["expert"][key]
        if key == "estimates":  # not looked at before the end
            continue
        with pytest.raises(ValueError):
            again(room).load_state_dict(bad)


def test_the_state_does_not_change_with_the_teacher(room):
    teacher = again(room, stop=True)
    journey(teacher, 200)
    state = teacher.state_dict()
    before = comparable(state)
    journey(teacher, 500, 201)
    assert comparable(state) == before


def test_a_teacher_without_the_classroom_takes_over_a_state_before_the_pretest(room):
    teacher, other = again(room), make_teacher("again", SPACE, seed=3, fit_rate=50, ks=[2, 3])
    journey(teacher, 30)
    other.load_state_dict(teacher.state_dict())
    np.testing.assert_array_equal(play(other, 60, 0.5), play(teacher, 60, 0.5))
