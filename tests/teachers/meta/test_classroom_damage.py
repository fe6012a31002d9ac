"""Damage to a classroom: one sentence that names the file, and the other students are as they were."""

import json

import numpy as np
import pytest
from tutelage.errors import RequestError, RunError
from tutelage.state import load_state, save_state
from tutelage.teachers.meta import Classroom
from tutelage.teachers.meta.matching import find_expert

from .small_classroom import make_room, student


@pytest.fixture
def room(tmp_path):
    return make_room(tmp_path / "room", *(student(f"s{i}", [i, 0, 0]) for i in range(3)))


def student_file(room, index):
    return room.folder / "students" / f"{index:08d}.npz"


def test_a_folder_without_a_classroom_is_one_sentence(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(RequestError, match=r"There is no classroom in .*: it has no classroom.json"):
            Classroom(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '"text"', '{"format": 1}', "\x00"])
def test_a_damaged_description_is_named(room, text):
    (room.folder / "classroom.json").write_text(text)
    with pytest.raises(RunError, match=r"classroom.json cannot be used"):
        Classroom(room.folder)


@pytest.mark.parametrize(
    "change",
    [
        {"pretests": "many"},
        {"pretests": [5, 1]},
        {"n_components": None},
        {"task_space": [{"name": "x"}]},
        {"task_space": 3},
        {"unit": "years"},
        {"bounds": [1, 0]},
        {"test_set": 4},
    ],
    ids=str,
)
def test_a_description_that_makes_no_sense_is_named(room, change):
    file = room.folder / "classroom.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(RunError, match=r"classroom.json cannot be used"):
        Classroom(room.folder)


def test_a_classroom_of_another_version_is_refused_in_one_sentence(room):
    file = room.folder / "classroom.json"
    file.write_text(file.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(RequestError, match="it is of format 2, this version of Tutelage reads format 1"):
        Classroom(room.folder)


@pytest.mark.parametrize("name", ["pretest_0.npy", "summaries.npy"])
@pytest.mark.parametrize("size", [0, 20, 128, 130])
def test_a_matrix_that_was_cut_off_is_named(room, name, size):
    file = room.folder / name
    file.write_bytes(file.read_bytes()[:size])
    for call in (room.check_sizes, lambda: room.nearest([0, 0, 0], 0, 1), lambda: room.append(student("new"))):
        with pytest.raises(RunError, match=f"{name} is damaged"):
            call()
    assert any(name in problem for problem in room.check())


@pytest.mark.parametrize("name", ["pretest_0.npy", "summaries.npy"])
def test_a_matrix_that_is_missing_is_named(room, name):
    (room.folder / name).unlink()
    with pytest.raises(RunError, match=f"{name} cannot be read"):
        room.check_sizes()
    assert any(name in problem for problem in room.check())


def test_a_matrix_of_another_width_is_named(room):
    np.save(room.folder / "pretest_0.npy", np.zeros((3, 5), np.float32))
    with pytest.raises(RunError, match=r"pretest_0.npy is damaged: it is no matrix of 3 columns of float32"):
        room.nearest([0, 0, 0], 0, 1)


def test_a_matrix_with_fewer_students_is_named(room, tmp_path):
    smaller = make_room(tmp_path / "smaller", student("s0"))
    (room.folder / "pretest_0.npy").write_bytes((smaller.folder / "pretest_0.npy").read_bytes())
    with pytest.raises(RunError, match=r"pretest_0.npy is damaged: it has 1 students, expected 3"):
        room.nearest([0, 0, 0], 0, 1)


def test_an_array_of_objects_is_not_unpickled(room):
    np.save(room.folder / "pretest_0.npy", np.array([{"a": 1}] * 3, dtype=object), allow_pickle=True)
    with pytest.raises(RunError, match=r"pretest_0.npy is damaged"):
        room.nearest([0, 0, 0], 0, 1)
    np.savez(student_file(room, 0), a=np.array([print], dtype=object))
    with pytest.raises(RunError, match=r"00000000.npz is damaged"):
        room.record(0)


DAMAGE = {
    "missing": lambda file: file.unlink(),
    "empty": lambda file: file.write_bytes(b""),
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:200]),
    "another version": lambda file: save_state(file, {**load_state(file), "format": 2}),
    "no version": lambda file: save_state(file, {k: v for k, v in load_state(file).items() if k != "format"}),
    "without its Gaussians": lambda file: save_state(file, {**load_state(file), "gaussians": {}}),
    "another test set": lambda file: save_state(file, {**load_state(file), "final": np.zeros(4)}),
    "nan": lambda file: save_state(file, {**load_state(file), "score": np.nan}),
    "another student": lambda file: save_state(file, {"format": 1, **student("other").to_plain()}),
    "other knowledge": lambda file: save_state(file, {**load_state(file), "competences": np.ones((1, 3))}),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_student_is_named_and_spoils_no_other(room, how):
    DAMAGE[how](student_file(room, 1))
    (problem, *others) = room.check()
    assert "00000001.npz" in problem
    assert all("Row 1" in other for other in others)
    assert [room.record(i).name for i in (0, 2)] == ["s0", "s2"]
    assert (len(room), room.nearest([0, 0, 0], 0, 1).tolist()) == (3, [0])
    assert room.append(student("new")) == 3


@pytest.mark.parametrize("how", [how for how in DAMAGE if how not in ("another student", "other knowledge")])
def test_merging_into_a_new_classroom_leaves_a_damaged_student_behind(room, tmp_path, how):
    DAMAGE[how](student_file(room, 1))
    new = make_room(tmp_path / "new")
    added, known, (problem,) = new.merge(room)
    assert (added, known, new.names, new.check()) == (2, 0, ["s0", "s2"], [])
    assert "00000001.npz" in problem


@pytest.mark.parametrize(
    "text", ["", '{"name": "s0", "kind": {}}\n', "nonsense\n" * 3, '{"name": 3, "kind": {}}\n' * 3]
)
def test_a_damaged_list_of_names_is_named_and_spoils_no_student(room, text):
    (room.folder / "students.jsonl").write_text(text)
    fresh = Classroom(room.folder)
    with pytest.raises(RunError, match=r"students.jsonl is damaged: line \d of 3 is no student"):
        _ = fresh.names
    assert any("students.jsonl" in problem for problem in fresh.check())
    assert fresh.record(1).name == "s1"
    assert fresh.nearest([1, 0, 0], 0, 1).tolist() == [1]


def test_a_missing_list_of_names_is_named(room):
    (room.folder / "students.jsonl").unlink()
    with pytest.raises(RunError, match=r"students.jsonl cannot be read"):
        _ = Classroom(room.folder).kinds


def test_checking_tells_how_far_it_is(room):
    told = []
    assert room.check(lambda done, n: told.append((done, n))) == []
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_full_disk_leaves_the_classroom_as_it_was(room, monkeypatch):
    import tutelage.teachers.meta.classroom as module

    def full(*arguments, **keywords):
        raise RunError("Cannot write: No space left on device.")

    monkeypatch.setattr(module, "save_state", full)
    with pytest.raises(RunError, match="No space left"):
        room.append(student("new"))
    monkeypatch.undo()
    assert (room.names, room.check()) == (["s0", "s1", "s2"], [])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_summaries_that_are_not_finite_are_damage(room, value):
    matrix = np.lib.format.open_memmap(room.folder / "summaries.npy", mode="r+")
    matrix[1] = value
    matrix.flush()
    with pytest.raises(RunError, match=r"summaries\.npy is damaged: it has numbers that are not finite"):
        Classroom(room.folder).summaries()


def test_an_expert_whose_row_is_not_what_its_file_says_is_passed_over(tmp_path):
    room = make_room(tmp_path / "room", student("a", [0, 0, 0]), student("b", [9, 9, 9], [10, 10, 10]))
    for name in ("pretest_0.npy", "summaries.npy"):
        matrix = np.lib.format.open_memmap(room.folder / name, mode="r+")
        matrix[[0, 1]] = matrix[[1, 0]]
        matrix.flush()
    rng = np.random.default_rng(0)
    with pytest.warns(UserWarning, match=r"Row \d of .* is not what .* says\. The student is passed over"):
        expert = find_expert(
            Classroom(room.folder), [9, 9, 9], pretest=0, k=1, alp_threshold=0.0, return_bounds=None, rng=rng
        )
    assert expert is None


NO_STUDENTS = (
    '{"name": "b", "kind": {"legs": 1' + "0" * 400 + "}}",
    '{"name": "b", "kind": {"legs": Infinity}}',
    '{"name": "b", "kind": {"legs": [1]}}',
    '{"name": "", "kind": {}}',
    '{"name": "b\\n", "kind": {}}',
    '{"name": "\\ud800", "kind": {}}',
)


@pytest.mark.parametrize("line", NO_STUDENTS, ids=lambda line: line[:32])
def test_a_line_of_the_list_that_is_no_student_is_damage(room, line):
    lines = (room.folder / "students.jsonl").read_text().splitlines()
    (room.folder / "students.jsonl").write_text("\n".join([lines[0], line, *lines[2:]]) + "\n")
    with pytest.raises(RunError, match=r"students\.jsonl is damaged: line 2 of 3 is no student"):
        _ = Classroom(room.folder).kinds
