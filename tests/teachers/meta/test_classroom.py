"""A classroom on disk: what goes in comes out, and finds its neighbours."""

import copy
import json
import os
import pickle
import shutil
import subprocess
import sys

import numpy as np
import pytest
from tutelage import TaskSpace
from tutelage.errors import RequestError, RunError
from tutelage.teachers.meta import Classroom, ClassroomDescription, GaussianHistory, StudentRecord

from .small_classroom import SPACE, history, make_room, student

A, B, C = (
    student("a", [1, 0, 0], [10, 0, 0]),
    student("b", [0, 1, 0], [25, 25, 0]),
    student("c", [0.9, 0.1, 0], [0, 0, 20]),
)
"""The students of the worked example: knowledge at the pre-test, and final knowledge with the sums 10, 50 and 20."""


@pytest.fixture
def room(tmp_path):
    return make_room(tmp_path / "room", A, B, C)


# --- Writing and reading ----------------------------------------------------------------------------------------------


def test_what_goes_in_comes_out(room):
    again = Classroom(room.folder)
    assert (len(again), again.names) == (3, ["a", "b", "c"])
    found = again.record(2)
    np.testing.assert_array_equal(found.competences, C.competences)
    np.testing.assert_array_equal(found.final, C.final)
    np.testing.assert_array_equal(found.gaussians.means, C.gaussians.means)
    assert (found.name, found.score) == ("c", 20.0)


def test_a_classroom_says_what_its_students_have_in_common(tmp_path):
    room = make_room(
        tmp_path / "room", pretests=[10, 20], unit="steps", bounds=(-150, 350), test_set_sha256="ab", test_set="grid"
    )
    what = Classroom(room.folder).description
    assert what == ClassroomDescription(SPACE, "grid", "ab", 3, (10, 20), "steps", (-150.0, 350.0))


def test_the_files_are_json_and_matrices_that_numpy_reads(room):
    assert json.loads((room.folder / "classroom.json").read_text())["format"] == 1
    np.testing.assert_array_equal(np.load(room.folder / "pretest_0.npy", allow_pickle=False)[1], [0, 1, 0])
    assert np.load(room.folder / "summaries.npy", mmap_mode="r").shape == (3, 6)


def test_kinds_are_kept(tmp_path):
    room = make_room(tmp_path / "room", student("a", kind={"legs": 0.5, "body": "langbeinig — ü"}), student("b"))
    assert Classroom(room.folder).kinds == [{"legs": 0.5, "body": "langbeinig — ü"}, {}]


def test_summaries_are_a_few_numbers_of_each_student(tmp_path):
    gaussians = history(alps=[0.3], returns=[-1.0, 4.0])
    summaries = make_room(tmp_path / "room", student("a", [1, 2, 3], [4, 5, 6], gaussians, score=80)).summaries()
    assert {name: column.tolist() for name, column in summaries.items()} == {
        "first": [6.0],
        "final": [15.0],
        "score": [80.0],
        "alp": [0.3],
        "low": [-1.0],
        "high": [4.0],
    }


def test_small_integers_do_not_overflow(tmp_path):
    knows = np.full(4, 100, dtype=np.int8)
    record = student("a", knows, knows)
    room = make_room(tmp_path / "room", record, n_components=4)
    assert room.summaries()["final"].tolist() == [400.0]
    assert room.nearest(knows, 0, 1).tolist() == [0]


def test_knowledge_is_clipped_and_scaled_where_the_classroom_has_bounds(tmp_path):
    room = make_room(tmp_path / "room", student("a", [-999, 100, 350], [350, 350, 999]), bounds=(-150, 350))
    np.testing.assert_allclose(np.load(room.folder / "pretest_0.npy"), [[0.0, 0.5, 1.0]])
    assert room.summaries()["final"].tolist() == [3.0]
    assert room.record(0).competences.tolist() == [[-999.0, 100.0, 350.0]]


def test_a_number_that_no_student_has_is_refused(room):
    for index in (3, -1):
        with pytest.raises(IndexError, match="the classroom has 3"):
            room.record(index)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda room: pickle.loads(pickle.dumps(room))])
def test_a_classroom_can_be_copied(room, duplicate):
    assert duplicate(room).names == room.names


# --- Making one -------------------------------------------------------------------------------------------------------


def test_a_classroom_begins_without_students(tmp_path):
    room = make_room(tmp_path / "a" / "b" / "room")
    assert (len(room), room.names, room.kinds, room.check()) == (0, [], [], [])
    assert room.nearest([0, 0, 0], 0, 5).tolist() == []
    assert all(len(column) == 0 for column in room.summaries().values())


def test_a_classroom_is_not_made_over_another(room):
    with pytest.raises(RequestError, match=r"There is a classroom in .* already"):
        make_room(room.folder)
    assert len(room) == 3


def test_a_classroom_is_not_made_in_a_folder_with_other_files(tmp_path):
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "thesis.txt").write_text("ten years of work")
    with pytest.raises(RequestError, match=r"Cannot make a classroom in .*; choose a new or empty folder"):
        make_room(tmp_path / "room")
    assert os.listdir(tmp_path) == ["room"]


def test_an_empty_folder_will_do(tmp_path):
    (tmp_path / "room").mkdir()
    assert len(make_room(tmp_path / "room")) == 0


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"pretests": []}, ValueError, "ascending"),
        ({"pretests": [20, 10]}, ValueError, "ascending"),
        ({"pretests": [10, 10]}, ValueError, "ascending"),
        ({"pretests": [10.5]}, ValueError, "pretests must be a whole number"),
        ({"pretests": 10}, TypeError, "list of whole numbers"),
        ({"n_components": 0}, ValueError, "n_components must be at least 1"),
        ({"unit": "episode"}, ValueError, "Did you mean 'episodes'"),
        ({"bounds": (1.0, 1.0)}, ValueError, "low < high"),
        ({"bounds": 3.0}, TypeError, "bounds must be two numbers"),
        ({"test_set": ""}, ValueError, "name of a test set"),
    ],
)
def test_a_classroom_that_makes_no_sense_is_refused_by_name(tmp_path, arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        make_room(tmp_path / "room", **arguments)
    assert not (tmp_path / "room").exists()


def test_a_link_to_an_empty_folder_will_do(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "room").symlink_to("disk")
    assert len(make_room(tmp_path / "room", A)) == 1
    assert (tmp_path / "disk" / "classroom.json").is_file()


def test_a_classroom_is_not_made_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequestError, match="cannot be made in the current folder; choose a new one in it"):
        make_room(".")


def test_what_a_killed_process_left_of_a_student_is_removed(room):
    left = room.folder / "students" / ".00000003.npz.abc.tmp"
    left.write_bytes(b"half")
    room.append(student("d"))
    assert not left.exists()


def test_opening_or_making_one_opens_the_one_there_is(room):
    assert len(Classroom.open_or_create(room.folder, room.description)) == 3


def test_opening_or_making_one_makes_it_where_there_is_none(room, tmp_path):
    assert len(Classroom.open_or_create(tmp_path / "new", room.description)) == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"task_space": TaskSpace(x=(0.0, 9.0), y=(0.0, 2.0))}, "its task space is"),
        ({"test_set": "others"}, "its test set is 'three tasks', expected 'others'"),
        ({"n_components": 4}, "its number of knowledge components is 3, expected 4"),
        ({"pretests": (100, 200)}, r"its pre-tests is \(100,\), expected \(100, 200\)"),
        ({"unit": "steps"}, "its unit of the pre-tests is"),
        ({"bounds": (0.0, 1.0)}, "its bounds of the knowledge components is None"),
    ],
)
def test_a_classroom_of_other_students_is_not_opened_for_these(room, change, sentence):
    with pytest.raises(RequestError, match=sentence):
        Classroom.open_or_create(room.folder, ClassroomDescription(**{**vars(room.description), **change}))


# --- The nearest ------------------------------------------------------------------------------------------------------


def test_the_nearest_come_first(room):
    assert room.nearest([1, 0, 0], 0, 3).tolist() == [0, 2, 1]


def test_there_are_no_more_neighbours_than_students(room):
    assert room.nearest([1, 0, 0], 0, 10).tolist() == [0, 2, 1]


def test_only_students_that_come_into_question_are_neighbours(room):
    assert room.nearest([1, 0, 0], 0, 2, among=np.array([False, True, True])).tolist() == [2, 1]
    assert room.nearest([1, 0, 0], 0, 2, among=np.zeros(3, bool)).tolist() == []


def test_each_pretest_has_neighbours_of_its_own(tmp_path):
    two = [
        student(name, episodes=[100, 200], competences=competences)
        for name, competences in [("a", [[1, 0, 0], [0, 0, 9]]), ("b", [[0, 0, 1], [9, 0, 0]])]
    ]
    room = make_room(tmp_path / "room", *two, pretests=[100, 200])
    assert [room.nearest([1, 0, 0], pretest, 1).item() for pretest in (0, 1)] == [0, 1]


def test_the_first_of_equals_comes_first(tmp_path):
    room = make_room(tmp_path / "room", *(student(f"s{i}", [i % 2, 0, 0]) for i in range(8)))
    assert room.nearest([0, 0, 0], 0, 5).tolist() == [0, 2, 4, 6, 1]


def test_the_neighbours_are_those_of_a_full_search(tmp_path):
    rng = np.random.default_rng(0)
    vectors = rng.random((40, 7))
    room = make_room(tmp_path / "room", *(student(f"s{i}", v, v) for i, v in enumerate(vectors)), n_components=7)
    for query in rng.random((10, 7)):
        expected = np.argsort(((vectors - query) ** 2).sum(axis=1))[:6]
        assert room.nearest(query, 0, 6).tolist() == expected.tolist()


def test_a_student_with_nan_in_its_row_is_nobodys_neighbour(room):
    rows = np.load(room.folder / "pretest_0.npy", mmap_mode="r+")
    rows[0, 1] = np.nan
    rows.flush()
    assert room.nearest([1, 0, 0], 0, 3).tolist() == [2, 1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([1, 0], 0, 1), r"knowledge components of shape \(3,\), one for each task of 'three tasks'"),
        (([[1, 0, 0]], 0, 1), "shape"),
        (([1, np.nan, 0], 0, 1), "component 1 is NaN"),
        ((["x", 0, 0], 0, 1), "as numbers"),
        (([1, 0, 0], 1, 1), "pretest must be a number from 0 to 0"),
        (([1, 0, 0], 0, 0), "k must be at least 1"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(room, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        room.nearest(*arguments)


# --- Students that do not belong here ---------------------------------------------------------------------------------

STRANGERS = {
    "its name is taken": (student("a"), "There is a student 'a' in .* already"),
    "other tasks": (student("d", task_space=TaskSpace(x=(0.0, 1.0), z=(0.0, 2.0))), "its tasks are"),
    "tasks of another dimension": (
        student("d", gaussians=GaussianHistory.empty(3)),
        "Gaussians have 3 dimensions, the tasks have 2",
    ),
    "another test set": (student("d", test_set="grid-9"), "the test set is 'grid-9', expected 'three tasks'"),
    "another test set of this name": (student("d", test_set_sha256="ff" * 32), "others than those of the classroom"),
    "more tests": (
        student("d", episodes=[100, 200], competences=np.zeros((2, 3))),
        "it had 2 pre-tests, expected 1",
    ),
    "a smaller test set": (student("d", [0, 0], [0, 0]), "tested on 2 tasks, three tasks has 3"),
    "later tests": (student("d", episodes=[150]), "tested after 150 episodes, expected 100"),
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_student_that_does_not_belong_here_is_refused_in_one_sentence(tmp_path, stranger):
    room = make_room(tmp_path / "room", A, test_set_sha256="00" * 32)
    record, sentence = STRANGERS[stranger]
    with pytest.raises(RequestError, match=sentence):
        room.append(record)
    assert (len(room), room.check()) == (1, [])


def test_what_is_no_student_is_refused(room):
    with pytest.raises(TypeError, match="StudentRecord"):
        room.append({"name": "d"})


def test_a_test_a_little_late_is_accepted(tmp_path):
    assert make_room(tmp_path / "room").append(student("d", episodes=[104])) == 0


def test_episodes_are_not_compared_where_pretests_are_counted_in_steps(tmp_path):
    assert make_room(tmp_path / "room", unit="steps").append(student("d", episodes=[3])) == 0


def test_students_of_the_same_tasks_and_test_are_accepted(tmp_path):
    room = make_room(tmp_path / "room", test_set_sha256="ab")
    room.append(student("d", task_space=SPACE, test_set="three tasks", test_set_sha256="ab"))
    assert len(room) == 1


# --- Several at a time, and interruptions -----------------------------------------------------------------------------


def test_several_processes_add_students_at_a_time(tmp_path):
    room = make_room(tmp_path / "room")
    code = """
import sys
from tutelage.teachers.meta import Classroom, GaussianHistory, StudentRecord
room = Classroom(sys.argv[1])
for i in range(6):
    name = f"{sys.argv[2]}-{i}"
    vector = [float(sys.argv[2]), i, 0]
    room.append(StudentRecord(name, {}, [100], [vector], vector, 1.0, GaussianHistory.empty(2)))
"""
    processes = [subprocess.Popen([sys.executable, "-c", code, str(room.folder), str(i)]) for i in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert sorted(room.names) == sorted(f"{p}-{i}" for p in range(3) for i in range(6))
    assert room.check() == []


@pytest.mark.parametrize("killed_at", ["students.jsonl", "pretest_0.npy", "summaries.npy"])
def test_an_interrupted_student_leaves_the_classroom_as_it_was(room, monkeypatch, killed_at):
    from tutelage.teachers.meta import classroom as module

    def kill(self, *arguments):
        if self.path.name != killed_at:
            return write[type(self)](self, *arguments)
        if killed_at == "students.jsonl":
            with open(self.path, "ab") as file:
                file.write(b'{"name": "d", "ki')
        raise KeyboardInterrupt

    write = {cls: cls.write for cls in (module.MatrixFile, module.StudentList)}
    for cls in write:
        monkeypatch.setattr(cls, "write", kill)
    with pytest.raises(KeyboardInterrupt):
        room.append(student("d", [5, 5, 5]))
    monkeypatch.undo()
    again = Classroom(room.folder)
    assert (again.names, again.check()) == (["a", "b", "c"], [])
    assert again.append(student("e", [7, 7, 7])) == 3
    assert (again.names, again.check()) == (["a", "b", "c", "e"], [])
    assert Classroom(room.folder).nearest([7, 7, 7], 0, 1).tolist() == [3]


def test_a_reader_sees_students_that_are_added_later(room):
    reader = Classroom(room.folder)
    assert reader.names == ["a", "b", "c"]
    room.append(student("d", [5, 5, 5]))
    assert reader.names == ["a", "b", "c", "d"]
    assert reader.nearest([5, 5, 5], 0, 1).tolist() == [3]


# --- Merging ----------------------------------------------------------------------------------------------------------


def test_merging_adds_the_students_of_another_classroom(room, tmp_path):
    other = make_room(tmp_path / "other", student("d", [9, 9, 9]), student("e"))
    assert room.merge(other) == (2, 0, [])
    assert (room.names, room.check()) == (["a", "b", "c", "d", "e"], [])
    assert room.nearest([9, 9, 9], 0, 1).tolist() == [3]


def test_a_student_that_is_here_already_is_not_added_again(room, tmp_path):
    other = make_room(tmp_path / "other", B, student("d"))
    assert room.merge(str(other.folder)) == (1, 1, [])
    assert room.merge(other) == (0, 2, [])


def test_another_student_of_the_same_name_gets_a_number(room, tmp_path):
    other = make_room(tmp_path / "other", student("a", final=[3, 3, 3]))
    room.merge(other)
    assert room.names == ["a", "b", "c", "a (2)"]
    assert room.merge(other) == (0, 1, [])


@pytest.mark.parametrize("change", [{"test_set": "others"}, {"pretests": [50]}, {"unit": "steps"}, {"bounds": (0, 1)}])
def test_a_classroom_with_other_tests_is_not_merged(room, tmp_path, change):
    other = make_room(tmp_path / "other", **change)
    with pytest.raises(RequestError, match=r"cannot be merged into .*: its"):
        room.merge(other)


def test_a_classroom_is_not_merged_into_itself(room):
    with pytest.raises(RequestError, match="is this classroom itself"):
        room.merge(room.folder)


def test_a_student_record_has_the_place_of_its_dataclass():
    assert list(StudentRecord.__dataclass_fields__)[:7] == [
        *("name", "kind", "episodes", "competences", "final", "score", "gaussians")
    ]


@pytest.mark.parametrize("how", ["pretests", "kind"])
def test_another_student_that_ended_alike_is_merged_under_a_number(tmp_path, how):
    other = {"knows": (0.5, 0.0, 0.0)} if how == "pretests" else {"kind": {"legs": 2.0}}
    here, there = make_room(tmp_path / "a", student("s")), make_room(tmp_path / "b", student("s", **other))
    assert here.merge(there) == (1, 0, [])
    assert here.names == ["s", "s (2)"]


def test_a_long_name_is_cut_for_its_number(tmp_path):
    name = "n" * 200
    here = make_room(tmp_path / "a", student(name))
    there = make_room(tmp_path / "b", student("first"), student(name, final=(2.0, 2.0, 2.0)), student("last"))
    assert here.merge(there) == (3, 0, [])
    assert here.names == [name, "first", "n" * 190 + " (2)", "last"]


def test_a_kind_that_the_list_has_wrong_is_found(tmp_path):
    room = make_room(tmp_path / "room", student("s", kind={"legs": 0.5}))
    file = room.folder / "students.jsonl"
    file.write_text(file.read_text().replace("0.5", "9.5"))
    (problem,) = Classroom(room.folder).check()
    assert "{'legs': 0.5}" in problem
    assert "{'legs': 9.5}" in problem


def test_a_classroom_that_has_gone_is_one_sentence(room):
    shutil.rmtree(room.folder)
    with pytest.raises(RunError):
        room.append(student("late"))


def test_knowledge_of_absurd_size_is_refused(room):
    with pytest.raises(ValueError, match="Knowledge component 1 is NaN, infinite or beyond"):
        room.nearest([0.0, 1e30, 0.0], 0, 1)


@pytest.mark.parametrize("name", ["", " ", "n" * 201, "\udcff", 7])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(ValueError, match="name"):
        student(name)
