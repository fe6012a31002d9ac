"""Labs and classrooms: toy students that are remembered, teachers that ask for a pre-test, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from tutelage import Outcomes, make_teacher
from tutelage.benchmarks.lab.folder import LabFolder, identity
from tutelage.benchmarks.lab.lab import LabConfig, run_lab
from tutelage.benchmarks.lab.pretests import cell_middles, kind_of
from tutelage.benchmarks.lab.run import LabRun, play_run, runs_of
from tutelage.cli import main
from tutelage.envs import ToyStudent
from tutelage.errors import RequestError, RunError
from tutelage.teachers.meta import Classroom, StudentRecord

SPACE = "2d-10"


def small(**changes):
    settings = {"seeds": 2, "episodes": 1_200, "evaluations": 4, "animate": []}
    return LabConfig(**{"teachers": ["alp-gmm", "random"], "spaces": [SPACE], **settings, **changes})


@pytest.fixture(scope="module")
def room_of_three(tmp_path_factory):
    """A classroom with three students of ALP-GMM; treat it as read-only."""
    folder = tmp_path_factory.mktemp("labs")
    config = small(teachers=["alp-gmm"], seeds=3, classroom=str(folder / "room"), pretests=[200, 400])
    run_lab(config, folder / "lab", quiet=True)
    return folder / "room"


@pytest.fixture
def room(room_of_three, tmp_path):
    return Path(shutil.copytree(room_of_three, tmp_path / "room"))


def again(room, **changes):
    return small(teachers=["again"], first_seed=50, teacher_args={"again": {"classroom": str(room), **changes}})


# --- Students that are remembered ------------------------------------------------------------------------------------


def test_every_student_of_a_lab_is_remembered(room_of_three):
    room = Classroom(room_of_three)
    assert room.names == [f"alp-gmm on {SPACE}, seed {seed}" for seed in range(3)]
    assert room.check() == []
    what = room.description
    assert (what.test_set, what.n_components) == (f"cells of {SPACE}", 100)
    assert (what.pretests, what.unit) == ((200, 400), "episodes")


def test_what_is_remembered_are_competences_at_the_tests_and_at_the_end(room_of_three):
    student = ToyStudent(SPACE, 1)
    teacher = make_teacher("alp-gmm", student.task_space, seed=1)
    record, tests = teacher.record_history(), {}
    for episode in range(1, 1_201):
        tasks = teacher.sample()
        returns = student.play(tasks.values)
        teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=[1]))
        if episode in (200, 400, 1_200):
            tests[episode] = 100.0 * student.competence_at(cell_middles(SPACE))
    found = Classroom(room_of_three).record(1)
    np.testing.assert_allclose(found.competences, [tests[200], tests[400]])
    np.testing.assert_allclose(found.final, tests[1_200])
    np.testing.assert_array_equal(found.gaussians.returns, record.returns)
    np.testing.assert_array_equal(found.gaussians.means, record.means)
    assert found.score == student.score()


def test_remembering_does_not_change_the_scores(room_of_three):
    config = small(teachers=["alp-gmm"], seeds=3)
    recorded = small(teachers=["alp-gmm"], seeds=3, classroom=str(room_of_three), pretests=[200, 400])
    lab = LabFolder(room_of_three.parent / "lab")
    for plain, run in zip(runs_of(config), runs_of(recorded), strict=True):
        np.testing.assert_array_equal(lab.load(run)["scores"], play_run(plain)["scores"])


def test_the_tests_are_at_the_end_of_a_batch(tmp_path):
    config = small(teachers=["random"], seeds=1, batch=150, classroom=str(tmp_path / "room"), pretests=[290, 295])
    run_lab(config, tmp_path / "lab", quiet=True)
    assert Classroom(tmp_path / "room").record(0).episodes.tolist() == [300, 300]


def test_a_test_in_the_middle_of_a_large_batch_is_refused(tmp_path):
    config = small(teachers=["random"], batch=150, classroom=str(tmp_path / "room"), pretests=[200])
    with pytest.raises(RequestError, match="after 200 episodes, in the middle of a batch of 150"):
        run_lab(config, tmp_path / "lab", quiet=True)
    assert list(tmp_path.iterdir()) == []


def test_a_lab_that_was_interrupted_adds_each_student_once(tmp_path, monkeypatch):
    config = small(classroom=str(tmp_path / "room"))
    saved = LabFolder.save

    def killed(self, run, result):
        if run.seed == 1 and run.teacher == "alp-gmm":
            raise KeyboardInterrupt  # its student is in the classroom, its results are not saved
        saved(self, run, result)

    with monkeypatch.context() as patch:
        patch.setattr(LabFolder, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            run_lab(config, tmp_path / "lab", quiet=True)
    assert len(Classroom(tmp_path / "room")) == 3
    run_lab(config, tmp_path / "lab", quiet=True)
    assert sorted(Classroom(tmp_path / "room").names) == sorted(str(run) for run in runs_of(config))


def test_parallel_processes_add_their_students_to_the_same_classroom(tmp_path):
    config = small(teachers=["random"], seeds=6, episodes=300, classroom=str(tmp_path / "room"))
    run_lab(config, tmp_path / "lab", jobs=2, quiet=True)
    room = Classroom(tmp_path / "room")
    assert sorted(room.names) == [f"random on {SPACE}, seed {seed}" for seed in range(6)]
    assert room.check() == []


def test_without_more_a_student_is_tested_after_a_twentieth_and_a_tenth(tmp_path):
    run_lab(small(seeds=1, teachers=["random"], classroom=str(tmp_path / "room")), tmp_path / "lab", quiet=True)
    assert Classroom(tmp_path / "room").description.pretests == (60, 120)
    assert LabFolder(tmp_path / "lab").read_config().pretests == [60, 120]


def test_a_lab_without_a_classroom_is_described_as_ever(tmp_path):
    LabFolder(tmp_path / "lab").begin(small())
    content = yaml.safe_load((tmp_path / "lab" / "lab.yaml").read_text())
    assert set(content) & {"classroom", "pretests", "first_seed"} == set()
    assert set(identity(LabRun("random", SPACE, 0, 100))) & {"classroom", "pretests", "restart"} == set()


def test_where_the_classroom_lies_does_not_decide_the_numbers():
    one, two = (LabRun("random", SPACE, 0, 100, classroom=folder, pretests=(5,)) for folder in "ab")
    assert identity(one) == identity(two)


# --- What kind of student --------------------------------------------------------------------------------------------


def test_the_kind_of_a_toy_student_is_where_it_begins():
    kinds = [kind_of(ToyStudent("classroom-v1", seed)) for seed in range(12)]
    assert {kind["rotation"] for kind in kinds} == {0, 1, 2, 3}
    assert len({tuple(kind.items()) for kind in kinds}) == 4
    assert {(kind["start_0"], kind["start_1"]) for kind in kinds} == {(0, 0), (0, 19), (19, 0), (19, 19)}
    assert set(kind_of(ToyStudent("classroom-v2", 0))) == {"start_0", "start_1"}


@pytest.mark.parametrize("space", ["classroom-v1", "classroom-v2", "rugged", "3d-4+2"])
def test_its_results_are_those_on_tasks_whichever_way_its_grid_is_turned(space):
    student, cells = ToyStudent(space, 3), cell_middles(space)
    student.play(student.start_task()[None])
    results = student.competence_at(cells)
    assert results.sum() == pytest.approx(0.01)
    kind = kind_of(student)
    begin = [kind[f"start_{i}"] for i in range(student.config.n_dims)]
    assert np.argmax(results) == np.ravel_multi_index(begin, student.config.shape)


# --- A teacher that waits for a pre-test -----------------------------------------------------------------------------


def test_again_follows_an_expert_after_its_pretest(room):
    config = again(room)
    result = play_run(runs_of(config)[0])
    shares = result["metrics"]["expert_share"]
    assert result["expert"] in Classroom(room).names
    assert result["points"].tolist() == [0, 300, 600, 900, 1_200]
    assert (shares[:2] == 0.0).all()  # the pre-test is after 400 episodes
    assert (shares[2:] > 0.0).all()


def test_a_pretest_at_an_evaluation_comes_after_it(room):
    result = play_run(LabRun("again", SPACE, 50, 1_200, evaluations=3, args={"classroom": str(room)}, restart=True))
    assert result["points"].tolist() == [0, 400, 800, 1_200]
    assert result["metrics"]["expert_share"][1] > 0.0


def test_a_student_that_begins_anew_knows_nothing_after_the_pretest(room, monkeypatch):
    resets = []
    original = ToyStudent.reset

    def reset(self, seed=None):
        resets.append(getattr(self, "n_episodes", None))
        original(self, seed)

    monkeypatch.setattr(ToyStudent, "reset", reset)
    play_run(LabRun("again", SPACE, 50, 600, evaluations=2, args={"classroom": str(room)}, restart=True))
    assert resets[-1] == 400
    assert resets.count(400) == 1


def test_the_kind_is_told_where_students_are_matched_by_it(tmp_path):
    config = LabConfig(
        ["alp-gmm"], ["classroom-v1"], seeds=6, episodes=600, evaluations=2, animate=[],
        classroom=str(tmp_path / "room"), pretests=[300],
    )  # fmt: skip
    run_lab(config, tmp_path / "lab", quiet=True)
    room = Classroom(tmp_path / "room")
    for seed in (50, 51):
        args = {"classroom": str(tmp_path / "room"), "match": "kind", "alp_threshold": 0.0, "k": 1}
        name = play_run(LabRun("again", "classroom-v1", seed, 600, evaluations=2, args=args))["expert"]
        own = ToyStudent("classroom-v1", seed).rotation
        if own in {kind["rotation"] for kind in room.kinds}:
            assert room.kinds[room.names.index(name)]["rotation"] == own


def test_the_numbers_depend_neither_on_interruptions_nor_on_processes(room, tmp_path):
    one = run_lab(again(room), tmp_path / "one", quiet=True)
    two = run_lab(again(room), tmp_path / "two", jobs=2, quiet=True)
    np.testing.assert_array_equal(one.cells["again", SPACE].scores, two.cells["again", SPACE].scores)


def test_restart_is_no_hyperparameter_of_the_teacher(room):
    config = again(room, restart=True)
    assert config.restarts("again")
    assert config.args_of("again") == {"classroom": str(room)}
    assert not small().restarts("alp-gmm")


def test_seeds_can_begin_anywhere():
    assert sorted({run.seed for run in runs_of(small(first_seed=7))}) == [7, 8]
    assert small(first_seed=7, animate=["all"]).is_filmed(SPACE, 7)


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.fixture
def fails(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*words, status=2):
        before = sorted(tmp_path.rglob("*"))
        flags = ["lab", "--spaces", SPACE, "--seeds", "1", "--episodes", "600", "--out", "lab", "--jobs", "1"]
        assert main([*flags, *map(str, words)]) == status
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1, err
        assert sorted(tmp_path.rglob("*")) == before
        return err

    return run


AGAIN = ["--teachers", "again", "--teacher-arg"]


def test_a_classroom_of_another_space_is_refused(room, fails):
    cells = "cells of 2d-10"
    text = fails("--spaces", "2d-20", "--teachers", "random", "--classroom", room)
    assert f"its test set is {cells!r}, expected 'cells of 2d-20'" in text
    text = fails("--spaces", "2d-20", *AGAIN, f"again.classroom={room}")
    assert f"were tested on {cells!r}, this run tests on 'cells of 2d-20'" in text
    assert "irrelevant_2" in fails("--spaces", "2d-10+3", "--teachers", "random", "--classroom", room)
    text = fails("--spaces", "3d-4", *AGAIN, f"again.classroom={room}")
    assert "is of TaskSpace(x0=(0.0, 1.0), x1=(0.0, 1.0))" in text


def test_a_classroom_is_for_one_toy_space(fails):
    text = fails("--spaces", SPACE, "3d-4", "--teachers", "random", "--classroom", "room")
    assert "A classroom is for the students of one toy space, got 2d-10, 3d-4" in text


def test_a_missing_or_damaged_classroom_is_refused(room, fails):
    assert "There is no classroom in nowhere" in fails(*AGAIN, "again.classroom=nowhere")
    (room / "classroom.json").write_text('{"format": 99}')
    assert "is of format 99" in fails(*AGAIN, f"again.classroom={room}")
    assert "is of format 99" in fails("--teachers", "random", "--classroom", room)
    (room / "classroom.json").write_text("{")
    assert "classroom.json cannot be used" in fails(*AGAIN, f"again.classroom={room}", status=1)


def test_experts_are_not_looked_up_in_the_classroom_that_a_lab_fills(room, fails):
    text = fails(*AGAIN, f"again.classroom={room}", "--classroom", room)
    assert "its results would depend on the order of the runs" in text


def test_an_archive_has_no_students(room, fails):
    text = fails("--teachers", "random", "--classroom", room, "--take", "scores.npz")
    assert "give either take or classroom" in text


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--pretests", "100"], "pretests are those of a classroom"),
        (
            ["--pretests", "1000", "--classroom", "new"],
            "The run has 600 episodes, and its classroom tests students after",
        ),
        (["--first-seed", "-1"], "first_seed must be a whole number of at least 0, got -1"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_wrong_settings_are_refused(flags, said, fails):
    assert said in fails("--teachers", "random", *flags)


def test_restart_is_true_or_false(room):
    with pytest.raises(RequestError, match="restart must be true or false, got 'yes please'"):
        again(room, restart="yes please")


def test_a_lab_whose_classroom_lost_its_students_is_not_continued(tmp_path):
    config = small(teachers=["random"], classroom=str(tmp_path / "room"))
    run_lab(config, tmp_path / "lab", quiet=True)
    what = Classroom(tmp_path / "room").description
    shutil.rmtree(tmp_path / "room")
    with pytest.raises(RequestError, match="There is no classroom in"):
        run_lab(small(teachers=["random"], classroom=str(tmp_path / "room"), pretests=[60, 120]), tmp_path / "lab",
                quiet=True)  # fmt: skip
    Classroom.open_or_create(tmp_path / "room", what)
    with pytest.raises(RunError, match=r"2 of the 2 runs that have ended in .* are not in .*, first random on 2d-10"):
        run_lab(config, tmp_path / "lab", quiet=True)


def test_a_student_that_learned_nothing_spoils_no_other(room, tmp_path):
    students = Classroom(room)
    one = students.record(0)
    students.append(StudentRecord(**{**vars(one), "name": "nothing", "final": np.zeros(100), "score": 0.0}))
    results = run_lab(again(room, k=4), tmp_path / "lab", quiet=True)
    lab = LabFolder(tmp_path / "lab")
    assert all(lab.load(run)["expert"] != "nothing" for run in runs_of(results.config))


def test_an_empty_classroom_leaves_alp_gmm_and_a_warning(room, tmp_path):
    Classroom.open_or_create(tmp_path / "empty", Classroom(room).description)
    with pytest.warns(UserWarning, match="has no students: AGAIN goes on as ALP-GMM"):
        results = run_lab(again(tmp_path / "empty"), tmp_path / "lab", quiet=True)
    assert results.cells["again", SPACE].scores.shape == (2, 5)


def test_a_run_whose_student_cannot_be_added_fails_and_leaves_the_others(tmp_path, monkeypatch):
    config = small(teachers=["random"], classroom=str(tmp_path / "room"))
    append = Classroom.append

    def full(self, student):
        if student.name.endswith("seed 0"):
            raise RunError("The disk is full.")
        return append(self, student)

    with monkeypatch.context() as patch:
        patch.setattr(Classroom, "append", full)
        with pytest.raises(RunError, match=r"1 of 2 runs failed, the first being random on 2d-10, seed 0: The disk"):
            run_lab(config, tmp_path / "lab", quiet=True)
    run_lab(config, tmp_path / "lab", quiet=True)
    assert len(Classroom(tmp_path / "room")) == 2


def test_the_command_and_a_file_have_the_same_settings(tmp_path):
    settings = {"teachers": ["random"], "spaces": [SPACE], "seeds": 1, "episodes": 600, "animate": []}
    settings |= {"classroom": str(tmp_path / "room"), "pretests": [100, 200], "first-seed": 9, "quiet": True}
    (tmp_path / "lab.yaml").write_text(yaml.safe_dump(settings))
    assert main(["lab", "--config", str(tmp_path / "lab.yaml"), "--out", str(tmp_path / "lab"), "--jobs", "1"]) == 0
    assert Classroom(tmp_path / "room").names == [f"random on {SPACE}, seed 9"]
    assert main(["lab", "--out", str(tmp_path / "lab"), "--jobs", "1", "--quiet"]) == 0
    page = (tmp_path / "lab" / "results.md").read_text()
    assert "1 seeds from 9 on" in page
    assert "Students were tested after 100 and 200 episodes, and added to the classroom" in page
