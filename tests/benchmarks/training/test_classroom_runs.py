"""Training runs and classrooms: students that are remembered, teachers that ask for a pre-test, and what is refused."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from tutelage import TaskSpace
from tutelage.benchmarks import TrainConfig, resume, train
from tutelage.benchmarks.enrolment import check_plan, classroom_for
from tutelage.benchmarks.pretest_settings import checked_classroom, parse_pretests
from tutelage.benchmarks.training.evaluation_log import EvaluationLog
from tutelage.benchmarks.training.pretests import kind_of
from tutelage.benchmarks.training.saved_run import SavedRun
from tutelage.cli import main
from tutelage.errors import RequestError, RunError
from tutelage.run_directory import RunDirectory
from tutelage.state import load_state
from tutelage.task_log import TaskLog
from tutelage.teachers.meta import Classroom, GaussianHistory, PretestPlan, StudentRecord, tasks_sha256

from .test_killed_runs import DRIVER, assert_same, assert_same_runs, kill_and_resume

WALK = "small_environments:Walk-v0"
COMMON = {
    "env": WALK,
    "teacher_args": {"fit_rate": 10, "n_bootstrap": 10},
    "n_envs": 2,
    "test_set": "uniform-50",
    "steps": 384,
    "eval_every": 150,
    "checkpoint_every": 100,
    "student_args": {"n_steps": 32, "batch_size": 32, "n_epochs": 1},
}
PRETESTS = [120, 250]


def again(room, **changes):
    args = {**COMMON["teacher_args"], "classroom": str(room), "alp_threshold": 0.01, "k": 2}
    return {**COMMON, "teacher": "again", "seed": 7, "teacher_args": args, **changes}


@pytest.fixture(scope="module")
def room_of_three(tmp_path_factory):
    """A classroom with three students that were trained; treat it as read-only."""
    folder = tmp_path_factory.mktemp("classrooms")
    for seed in range(3):
        config = TrainConfig(**COMMON, seed=seed, classroom=str(folder / "room"), pretests=PRETESTS)
        train(config, folder / f"run-{seed}", quiet=True)
    return folder / "room"


@pytest.fixture
def room(room_of_three, tmp_path):
    return Path(shutil.copytree(room_of_three, tmp_path / "room"))


@pytest.fixture
def fails(capsys, tmp_path, monkeypatch):
    """Run a command that must fail: returns its one line on standard error; nothing was written."""
    monkeypatch.chdir(tmp_path)

    def run(*words, status=2):
        before = sorted(tmp_path.rglob("*"))
        assert main([str(word) for word in words]) == status
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1, err
        assert sorted(tmp_path.rglob("*")) == before
        return err

    return run


# --- Students that are remembered ------------------------------------------------------------------------------------


def test_a_run_that_has_ended_is_a_student_with_its_tests_and_its_history(room_of_three):
    room = Classroom(room_of_three)
    assert room.names == ["run-0", "run-1", "run-2"]
    assert room.check() == []
    run = RunDirectory.open(room_of_three.parent / "run-1")
    log, student = EvaluationLog.load(run.evaluations_file), room.record(1)
    at = [next(i for i, steps in enumerate(log.steps) if steps >= amount) for amount in PRETESTS]
    np.testing.assert_allclose(student.competences, [log.returns[i].mean(axis=1) for i in at], rtol=1e-6)
    np.testing.assert_allclose(student.final, log.returns[-1].mean(axis=1), rtol=1e-6)
    assert student.score == run.read_summary()["mastered"]
    tasks = TaskLog.load(run.tasks_file)
    assert len(student.gaussians.returns) == np.isfinite(tasks.returns).sum()
    assert len(student.gaussians.alps) > 0
    assert 0 < student.episodes[0] < student.episodes[1] < len(student.gaussians.returns)
    assert student.kind == {"student": "ppo"}


def test_the_classroom_knows_the_tasks_the_test_set_and_the_tests(room_of_three):
    what = Classroom(room_of_three).description
    tasks = EvaluationLog.load(room_of_three.parent / "run-0" / "evaluations.npz").tasks
    assert (what.test_set, what.test_set_sha256, what.n_components) == ("uniform-50", tasks_sha256(tasks), 50)
    assert (what.pretests, what.unit, what.bounds) == ((120, 250), "steps", None)


def test_the_summary_says_where_the_student_is(room_of_three):
    summary = RunDirectory.open(room_of_three.parent / "run-2").read_summary()
    assert (summary["classroom"], summary["classroom_name"]) == (str(room_of_three), "run-2")


def test_remembering_changes_neither_the_tasks_nor_the_weights(room_of_three, tmp_path):
    plain = TrainConfig(**COMMON, seed=1)
    train(plain, tmp_path / "run", quiet=True)
    one, two = (load_state(run / "tasks.npz") for run in (room_of_three.parent / "run-1", tmp_path / "run"))
    assert_same(one, two)
    logs = [EvaluationLog.load(run / "evaluations.npz") for run in (room_of_three.parent / "run-1", tmp_path / "run")]
    assert set(logs[1].steps) < set(logs[0].steps)
    assert_same(logs[0].returns[-1], logs[1].returns[-1])


def test_a_run_without_a_classroom_has_no_history(tmp_path):
    train(TrainConfig(**{**COMMON, "steps": 128}), tmp_path / "run", quiet=True)
    checkpoint = SavedRun.open(tmp_path / "run").checkpoint()
    assert "record" not in load_state(checkpoint.path / "teacher.npz")["algorithm"]
    assert set(checkpoint.meta) == {"n_tasks", "n_evaluations", "log", "clocks"}


def test_a_student_of_a_teacher_without_gaussians_is_remembered_too(room, tmp_path):
    config = {**COMMON, "teacher": "random", "teacher_args": {}, "classroom": str(room)}
    train(TrainConfig(**config), tmp_path / "random", quiet=True)
    assert len(Classroom(room).record(3).gaussians.alps) == 0


def test_an_existing_classroom_says_what_is_tested_and_when(room, tmp_path):
    config = {**COMMON, "test_set": None, "classroom": str(room), "seed": 4}
    train(TrainConfig(**config), tmp_path / "run", quiet=True)
    plain = RunDirectory.open(tmp_path / "run").config
    assert (plain["test_set"], plain["pretests"]) == ("uniform-50", PRETESTS)
    assert len(Classroom(room)) == 4


def test_without_more_a_student_is_tested_after_a_twentieth_and_a_tenth(tmp_path):
    space = TaskSpace(x=(0.0, 1.0))
    what = classroom_for(tmp_path / "new", space, "five", space.grid(5), unit="steps", amount=1_000_000)
    assert what.pretests == (50_000, 100_000)


def test_the_same_run_again_is_not_added_twice_and_another_one_gets_a_number(room):
    students = Classroom(room)
    one = students.record(0)
    assert students.enrol(one)[0] == "run-0"
    other = StudentRecord(**{**vars(one), "score": one.score + 1.0})
    assert students.enrol(other)[0] == "run-0 (2)"
    assert students.enrol(other)[0] == "run-0 (2)"
    assert len(students) == 4


def test_a_damaged_student_does_not_keep_another_one_of_its_name_out(room):
    students = Classroom(room)
    one = students.record(0)
    (room / "students" / "00000000.npz").write_bytes(b"nothing")
    assert students.enrol(one)[0] == "run-0 (2)"


def test_a_student_that_cannot_be_added_is_added_when_that_is_mended(room, tmp_path, monkeypatch):
    config = TrainConfig(**COMMON, seed=4, classroom=str(room))
    with monkeypatch.context() as patch:
        patch.setattr(Classroom, "append", lambda self, student: (_ for _ in ()).throw(RunError("The disk is full.")))
        with pytest.raises(RunError, match=r"cannot be added to its classroom: The disk is full\. `tutelage resume"):
            train(config, tmp_path / "run", quiet=True)
    assert resume(tmp_path / "run", quiet=True)["classroom_name"] == "run"
    assert len(Classroom(room)) == 4


# --- A teacher that waits for a pre-test -----------------------------------------------------------------------------


def test_again_is_told_the_results_of_its_pretest_and_follows_an_expert(room, tmp_path):
    train(TrainConfig(**again(room)), tmp_path / "run", quiet=True)
    saved = SavedRun.open(tmp_path / "run")
    teacher = saved.load_teacher(saved.checkpoint())
    log = EvaluationLog.load(saved.run.evaluations_file)
    assert teacher.pretest_plan is None
    vector = log.returns[next(i for i, steps in enumerate(log.steps) if steps >= 250)].mean(axis=1)
    nearest = Classroom(room).nearest(vector, pretest=1, k=2)
    assert teacher.expert in {f"run-{i}" for i in nearest}


def test_the_test_set_of_the_teachers_classroom_is_taken(room, tmp_path):
    train(TrainConfig(**again(room, test_set=None, steps=128, teacher_args={"classroom": str(room), "pretest": 1})),
          tmp_path / "run", quiet=True)  # fmt: skip
    assert RunDirectory.open(tmp_path / "run").config["test_set"] == "uniform-50"


@pytest.mark.parametrize(
    "kills",
    [
        [("stepping", 60)],  # between the checkpoint before the pre-test and the pre-test
        [("noting", 2)],  # after the pre-test, before the checkpoint that knows of it
        pytest.param([("saving", 3), ("stepping", 20)], marks=pytest.mark.slow),
        [("concluding", 1)],  # the student has been added, the summary is not there
    ],
    ids=str,
)
def test_a_killed_and_resumed_run_is_told_the_same_and_added_once(kills, room, tmp_path):
    folders = [tmp_path / "one" / "run", tmp_path / "two" / "run"]
    rooms = [str(tmp_path / name / "room") for name in ("one", "two")]
    ways = [{**again(room), "classroom": each, "pretests": PRETESTS} for each in rooms]
    train(TrainConfig(**ways[0]), folders[0], quiet=True)
    (tmp_path / "two").mkdir()
    kill_and_resume(folders[1], ways[1], kills)
    for folder in folders:  # the two classrooms lie in different places
        content = json.loads((folder / "summary.json").read_text())
        (folder / "summary.json").write_text(json.dumps({**content, "classroom": ""}))
    assert_same_runs(*folders)
    one, two = (Classroom(folder.parent / "room") for folder in folders)
    assert one.names == two.names == ["run"]
    assert_same(one.record(0).to_plain(), two.record(0).to_plain())


def test_after_its_pretest_a_run_goes_on_without_the_teachers_classroom(room, tmp_path):
    train(TrainConfig(**again(room)), tmp_path / "whole", quiet=True)
    words = [str(tmp_path / "run"), json.dumps(again(room)), "noting", "3"]  # the second checkpoint knows the expert
    done = subprocess.run([sys.executable, DRIVER, *words], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    shutil.rmtree(room)
    resume(tmp_path / "run", quiet=True)
    one, two = (load_state(tmp_path / run / "tasks.npz") for run in ("whole", "run"))
    assert_same(one, two)


def test_the_kind_of_a_walker_is_its_body(tmp_path):
    import gymnasium as gym
    from tutelage import envs  # noqa: F401

    env = gym.make("tutelage/StumpTracks-v0", body="default(legs=0.8)")
    kind = kind_of(env, {"body": "default(legs=0.8)"}, "ppo")
    assert (kind["body"], kind["legs"], kind["student"]) == ("default", 0.8, "ppo")


def test_numbers_and_words_among_the_arguments_of_an_environment_belong_to_the_kind():
    from small_environments import Walk

    class Told(Walk):
        def has_wrapper_attr(self, name):
            return hasattr(self, name)

    kind = kind_of(Told(), {"actions": "continuous", "tell": True, "more": [1], "far": -np.inf}, "sac")
    assert kind == {"actions": "continuous", "tell": True, "student": "sac"}


def test_a_run_with_a_very_long_name_joins_the_classroom(tmp_path):
    folder = tmp_path / ("r" * 230)
    train(TrainConfig(**COMMON, seed=0, classroom=str(tmp_path / "room"), pretests=PRETESTS), folder, quiet=True)
    assert Classroom(tmp_path / "room").names == ["r" * 200]


# --- What is refused -------------------------------------------------------------------------------------------------

WORDS = ["train", WALK, "--steps", "384", "--n-envs", "2", "--out", "run"]


def words(room, *more, teacher=False):
    if teacher:
        return [*WORDS, *more, "--teacher", "again", "--teacher-arg", f"classroom={room}"]
    return [*WORDS, *more, "--classroom", room]


@pytest.mark.parametrize("teacher", [False, True], ids=["classroom", "teacher"])
def test_another_test_set_is_refused(teacher, room, fails, tmp_path):
    changed = json.loads((room / "classroom.json").read_text())
    (room / "classroom.json").write_text(json.dumps({**changed, "test_set": "grid-9"}))
    text = fails(*words(room, "--test-set", "uniform-50", teacher=teacher))
    assert "'grid-9'" in text
    assert "'uniform-50'" in text


@pytest.mark.parametrize("teacher", [False, True], ids=["classroom", "teacher"])
def test_other_tasks_of_the_same_name_are_refused(teacher, room, fails):
    changed = json.loads((room / "classroom.json").read_text())
    (room / "classroom.json").write_text(json.dumps({**changed, "test_set_sha256": "0" * 64}))
    assert "hash" in fails(*words(room, teacher=teacher))


@pytest.mark.parametrize("teacher", [False, True], ids=["classroom", "teacher"])
def test_a_classroom_of_other_tasks_is_refused(teacher, room, fails):
    words_of_cartpole = [word if word != WALK else "CartPole-v1" for word in words(room, teacher=teacher)]
    text = fails(*words_of_cartpole, "--task", "length=0.2:2", "--test-set", "uniform-50")
    assert "TaskSpace(length=range(6, 30), push=(0.0, 1.0))" in text
    assert "length=(0.2, 2.0)" in text


@pytest.mark.parametrize("teacher", [False, True], ids=["classroom", "teacher"])
def test_a_test_set_that_the_environment_does_not_have_is_named_with_the_classroom(teacher, room, fails):
    changed = json.loads((room / "classroom.json").read_text())
    (room / "classroom.json").write_text(json.dumps({**changed, "test_set": "grid-9"}))
    assert f"in {room} were tested on 'grid-9': Unknown test set 'grid-9'" in fails(*words(room, teacher=teacher))


@pytest.mark.parametrize("teacher", [False, True], ids=["classroom", "teacher"])
@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        ('{"format": 99}', 2, "is of format 99, this version of Tutelage reads format 1"),
        ("{", 1, "classroom.json cannot be used"),
    ],
    ids=["version", "damaged"],
)
def test_a_damaged_classroom_or_one_of_another_version_is_refused(content, status, said, teacher, room, fails):
    (room / "classroom.json").write_text(content)
    assert said in fails(*words(room, "--test-set", "uniform-50", teacher=teacher), status=status)


def test_a_classroom_whose_matrix_is_cut_off_is_refused(room, fails):
    file = room / "pretest_1.npy"
    file.write_bytes(file.read_bytes()[:-10])
    assert f"{file} is damaged" in fails(*words(room, teacher=True), status=1)


def test_a_teachers_classroom_that_does_not_exist_is_refused(fails):
    assert "There is no classroom in nowhere" in fails(*words("nowhere", teacher=True))


def test_a_folder_with_other_files_is_no_classroom(fails, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    assert "There is no classroom in full: it has no classroom.json, and other files" in fails(*words("full"))


@pytest.mark.parametrize("teacher", [False, True], ids=["classroom", "teacher"])
def test_a_run_that_ends_before_the_pretest_is_refused(teacher, room, fails):
    assert "after 250" in fails(*words(room, "--steps", "200", teacher=teacher))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--pretests", "100"], "pretests are those of a classroom: name its folder"),
        (["--pretests", "200,100", "--classroom", "new"], "pretests must ascend, each once, got [200, 100]"),
        (["--pretests", "soon", "--classroom", "new"], "pretests must be whole numbers of at least 1"),
        (["--pretests", "1e9", "--classroom", "new"], "The run has 384 steps, and its classroom tests students after"),
        (
            ["--pretests", "100", "--classroom", "new"],
            "after 100 steps, but here it would be after 4,096, for a rollout",
        ),
        (["--pretests", "4000,4096", "--steps", "9000", "--classroom", "new"], "(4,000, 4,096) would be one"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_wrong_pretests_are_refused(flags, said, fails):
    assert said in fails(*WORDS, *flags)


def test_a_teacher_whose_pretest_would_come_late_is_refused(room, fails):
    text = fails(*words(room, "--student-arg", "n_steps=256", "--student-arg", "batch_size=256", teacher=True))
    assert "The students of the teacher's classroom were tested after 250 steps, but here it would be after 512" in text


def test_default_pretests_are_whole_rollouts_before_the_end(tmp_path):
    space = TaskSpace(x=(0.0, 1.0))

    def pretests(amount, rollout):
        run = {"unit": "steps", "amount": amount, "rollout": rollout}
        return classroom_for(tmp_path / "new", space, "five", space.grid(5), **run).pretests

    assert pretests(6_000, 500) == (500, 1_000)
    assert pretests(100_000, 16_384) == (16_384,)
    with pytest.raises(RequestError, match="train for longer"):
        pretests(9_000, 16_384)


def test_other_pretests_than_the_classrooms_are_refused(room, fails):
    assert "its pre-tests is (120, 250), expected (121,)" in fails(*words(room, "--pretests", "121"))


def test_an_interrupted_run_whose_classroom_has_gone_is_not_resumed(room, tmp_path):
    train(TrainConfig(**COMMON, seed=4, classroom=str(room)), tmp_path / "run", quiet=True)
    (tmp_path / "run" / "summary.json").unlink()
    shutil.rmtree(room)
    with pytest.raises(RequestError, match="There is no classroom in"):
        resume(tmp_path / "run", quiet=True)


def test_an_empty_classroom_leaves_alp_gmm_and_a_warning(room_of_three, tmp_path):
    what = Classroom(room_of_three).description
    Classroom.open_or_create(tmp_path / "empty", what)
    with pytest.warns(UserWarning, match="has no students: AGAIN goes on as ALP-GMM"):
        train(TrainConfig(**again(tmp_path / "empty")), tmp_path / "run", quiet=True)


def test_a_plan_that_counts_episodes_is_due_by_the_teachers_own_count(room_of_three, tmp_path):
    one = Classroom(room_of_three)
    plain = {**vars(one.description), "pretests": (12,), "unit": "episodes"}
    other = Classroom.open_or_create(tmp_path / "room", type(one.description)(**plain))
    student = one.record(0)
    other.append(StudentRecord(**{**vars(student), "episodes": [12], "competences": student.competences[:1]}))
    train(TrainConfig(**again(tmp_path / "room")), tmp_path / "run", quiet=True)
    saved = SavedRun.open(tmp_path / "run")
    assert saved.load_teacher(saved.checkpoint()).expert == "run-0"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"test_set": "four"}, "on 'four', this run tests on 'three'"),
        ({"sha256": "0" * 64}, "other tasks of the name 'three'"),
        ({"n_components": 4}, "other tasks of the name 'three'"),
        ({"at": 2_000}, r"after 2,000 steps, this run has 1,000"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_a_pretest_that_a_run_cannot_give_is_refused(change, said):
    tasks = np.zeros((3, 1))
    plan = PretestPlan(50, "steps", "three", tasks_sha256(tasks), 3)._replace(**change)
    with pytest.raises(RequestError, match=said):
        check_plan(plan, "three", tasks, "steps", 1_000)


# --- Settings --------------------------------------------------------------------------------------------------------


def test_pretests_are_numbers_texts_or_lists():
    assert parse_pretests("500000,1e6") == parse_pretests(["500000", 1e6]) == [500_000, 1_000_000]
    assert parse_pretests(3) == [3]


@pytest.mark.parametrize("value", [True, "1.5", [0], [-1], {"a": 1}, "nan", [None]], ids=repr)
def test_what_is_no_amount_of_training_is_refused(value):
    with pytest.raises(RequestError, match="pretests must be whole numbers of at least 1"):
        parse_pretests(value)


@pytest.mark.parametrize("value", ["", 3, ["a"]], ids=repr)
def test_a_classroom_is_a_folder(value):
    with pytest.raises(RequestError, match="classroom must be a folder"):
        checked_classroom(value, None)


def test_classroom_and_pretests_come_from_yaml_too(tmp_path, capsys):
    settings = {**COMMON, "steps": 128, "classroom": str(tmp_path / "room"), "pretests": "64, 128", "quiet": True}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(settings))
    assert main(["train", "--config", str(tmp_path / "run.yaml"), "--out", str(tmp_path / "run")]) == 0
    assert main(["train", "--config", str(tmp_path / "run" / "config.yaml"), "--out", str(tmp_path / "twice")]) == 0
    assert f"classroom    {tmp_path / 'room'}, as 'run'" not in capsys.readouterr().out  # the first was quiet
    assert Classroom(tmp_path / "room").description.pretests == (64, 128)
    assert Classroom(tmp_path / "room").names == ["run", "twice"]


def test_a_history_without_gaussians_fits_any_classroom():
    assert GaussianHistory.empty(2).n_dims == 2
