"""``tutelage classroom``: what it shows of a classroom, what it finds wrong, and how classrooms are joined."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tutelage import TaskSpace
from tutelage.cli import main
from tutelage.teachers.meta import Classroom, GaussianHistory, StudentRecord

SPACE = TaskSpace(x=(0.0, 1.0))
NICHES = GaussianHistory([0], [50], [[0.8]], [[[1e-4]]], [0.5], [0.0, 1.0], [-1, 0])


def add(room, name, knows=(1.0, 0.0), final=(1.0, 1.0), gaussians=NICHES, **kind):
    room.append(StudentRecord(name, kind, [100], [knows], final, float(np.sum(final)), gaussians))


def make(folder, names="abc", **changes):
    room = Classroom.create(folder, changes.pop("space", SPACE), "two tasks", **{"pretests": [100], "n_components": 2,
                            **changes})  # fmt: skip
    for name in names:
        add(room, name, legs=0.5, body="short")
    return room


@pytest.fixture
def room(tmp_path):
    return make(tmp_path / "room")


@pytest.fixture
def command(capsys):
    """Run a command: returns its exit status, and the lines on both streams."""

    def run(*words):
        status = main(["classroom", *map(str, words)])
        out, err = capsys.readouterr()
        return status, out.splitlines(), err.splitlines()

    return run


@pytest.fixture
def refused(command):
    """Run a command that must fail: returns its one line on standard error."""

    def run(*words, status=2):
        found, out, err = command(*words)
        assert (found, out, len(err)) == (status, [], 1), (out, err)
        return err[0]

    return run


# --- Looking at one --------------------------------------------------------------------------------------------------


def test_the_list_says_what_students_have_in_common_and_has_a_line_for_each(room, command):
    add(room, "nothing learned", final=(0.0, 0.0))
    status, out, err = command("list", room.folder)
    assert (status, err) == (0, [])
    assert out[1:5] == [
        "students   4",
        "tasks      x=(0.0, 1.0)",
        "test set   two tasks, 2 tasks",
        "pre-tests  after 100 episodes",
    ]
    assert [line.split() for line in out[7:]] == [
        *(["012"[i], "abc"[i], "2", "1", "2", "yes", "legs=0.5,", "body=short"] for i in range(3)),
        ["3", "nothing", "learned", "0", "1", "0", "no"],
    ]


def test_an_empty_classroom_has_a_list_without_students(tmp_path, command):
    make(tmp_path / "room", "", bounds=(-150.0, 350.0), unit="steps")
    status, out, _ = command("list", tmp_path / "room")
    assert (status, out[1], out[-2:]) == (
        0,
        "students   0",
        ["pre-tests  after 100 steps", "bounds     results between -150 and 350 count, as 0 to 1"],
    )


@pytest.mark.parametrize("which", ["b", "1"])
def test_a_student_is_shown_by_its_name_or_its_number(which, room, command):
    status, out, err = command("show", room.folder, which)
    assert (status, err) == (0, [])
    assert out == [
        "student    b",
        "number     1",
        "kind       legs=0.5, body=short",
        "score      2",
        "test 1     after 100 episodes: sum 1, from 0 to 1",
        "at the end sum 2, from 1 to 1",
        "episodes   2, returns from 0 to 1",
        "curriculum 1 fits, 1 Gaussians, ALP up to 0.5",
        "of use     yes",
    ]


def test_a_name_that_is_a_number_is_a_name(tmp_path, command):
    room = make(tmp_path / "room", "21")
    assert command("show", room.folder, "1")[1][:2] == ["student    1", "number     1"]
    assert command("show", room.folder, "0")[1][:2] == ["student    2", "number     0"]


def test_why_a_student_is_of_no_use_is_said(room, command):
    add(room, "worse", final=(0.0, 0.0))
    add(room, "still", gaussians=GaussianHistory.empty(1))
    assert command("show", room.folder, "worse")[1][-1] == "of use     no: it knew less at the end"
    lines = command("show", room.folder, "still")[1]
    assert lines[-2:] == ["curriculum its teacher had no Gaussians",
                          "of use     no: no Gaussian above 0.2 of the range of returns"]  # fmt: skip
    assert "kind       not known" in lines


def test_a_student_that_is_not_there_is_refused(room, refused):
    assert "There is no student 3 in" in refused("show", room.folder, "3")
    assert "Unknown student 'd'." in refused("show", room.folder, "d")


# --- Checking one ----------------------------------------------------------------------------------------------------


def test_a_sound_classroom_has_no_problems(room, command):
    assert command("check", room.folder) == (0, [f"{room.folder}: 3 students, no problems."], [])


def test_what_is_wrong_is_named_and_the_status_is_one(room, command):
    (room.folder / "students" / "00000001.npz").write_bytes(b"what?")
    status, out, err = command("check", room.folder)
    assert (status, out) == (1, [f"{room.folder}: 3 students, 1 problem."])
    assert len(err) == 1
    assert "00000001.npz" in err[0]
    assert command("show", room.folder, "a")[0] == 0  # a bad student spoils no other


def test_a_classroom_whose_students_cannot_be_counted_is_checked_all_the_same(room, command):
    (room.folder / "summaries.npy").write_bytes(b"what?")
    status, out, err = command("check", room.folder)
    assert (status, out) == (1, [f"{room.folder}: an unknown number of students, 1 problem."])
    assert "summaries.npy" in err[0]


# --- Joining several -------------------------------------------------------------------------------------------------


def test_students_of_several_classrooms_come_into_a_new_one_once(tmp_path, room, command):
    make(tmp_path / "two", "cde")
    status, out, err = command("merge", tmp_path / "all", room.folder, tmp_path / "two")
    assert (status, err) == (0, [])
    assert out == [f"{tmp_path / 'all'}: 5 students added, 1 were there already, 5 in all."]
    assert Classroom(tmp_path / "all").names == list("abcde")


def test_students_come_into_a_classroom_that_exists(tmp_path, room, command):
    make(tmp_path / "two", "z")
    assert command("merge", room.folder, tmp_path / "two")[1] == [f"{room.folder}: 1 students added, 4 in all."]


def test_a_damaged_student_is_left_behind_and_named(tmp_path, room, command):
    (room.folder / "students" / "00000000.npz").unlink()
    status, out, err = command("merge", tmp_path / "all", room.folder)
    assert (status, out) == (0, [f"{tmp_path / 'all'}: 2 students added, 2 in all."])
    assert len(err) == 1
    assert "00000000.npz" in err[0]
    assert command("check", tmp_path / "all")[0] == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"space": TaskSpace(x=(0.0, 2.0))}, "its task space is"),
        ({"test_set_sha256": "1" * 64}, ""),
        ({"pretests": [50]}, "its pre-tests is (50,), expected (100,)"),
        ({"unit": "steps"}, "its unit of the pre-tests is 'steps', expected 'episodes'"),
        ({"bounds": (0.0, 1.0)}, "its bounds of the knowledge components is (0.0, 1.0), expected None"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_nothing_is_added_where_one_of_them_does_not_fit(change, said, tmp_path, room, command):
    make(tmp_path / "other", "", **change)
    make(tmp_path / "good", "x")
    status, _, err = command("merge", room.folder, tmp_path / "good", tmp_path / "other")
    if not said:  # a hash that the other one does not say is not compared
        assert status == 0
        return
    assert status == 2
    assert f"other cannot be merged into {room.folder}: {said}" in err[0]
    assert len(Classroom(room.folder)) == 3


def test_a_merge_that_makes_no_sense_is_refused(tmp_path, room, refused):
    assert "Name the classrooms" in refused("merge", room.folder)
    assert "is the classroom that the others are to be added to" in refused("merge", room.folder, room.folder)
    assert "There is no classroom in" in refused("merge", tmp_path / "all", tmp_path / "nowhere")
    assert not (tmp_path / "all").exists()


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["list", "show", "check"])
def test_a_folder_without_a_classroom_or_with_one_of_another_version_is_refused(name, tmp_path, room, refused):
    rest = ["a"] if name == "show" else []
    assert "There is no classroom in" in refused(name, tmp_path, *rest)
    file = room.folder / "classroom.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2}))
    assert "it is of format 2, this version of Tutelage reads format 1" in refused(name, room.folder, *rest)


@pytest.mark.parametrize("name", ["list", "show", "check"])
def test_a_damaged_description_is_a_failure(name, room, refused):
    (room.folder / "classroom.json").write_text("{")
    assert "cannot be used" in refused(name, room.folder, *(["a"] if name == "show" else []), status=1)


def test_a_damaged_list_of_names_is_a_failure(room, refused):
    (room.folder / "students.jsonl").write_text("what?\n")
    assert "students.jsonl" in refused("list", room.folder, status=1)


def test_a_misspelt_command_is_refused(refused):
    assert "Did you mean 'merge'?" in refused("merg", "room")


@pytest.mark.parametrize("words", [[], ["--help"]], ids=["none", "help"])
def test_without_a_command_they_are_listed(words, command):
    status, out, err = command(*words)
    assert (status, err) == (0, [])
    assert [line.split()[0] for line in out if line.startswith("  ")] == ["list", "show", "check", "merge"]
