"""Runs that go wrong: one sentence, exit status 1, and nothing that was saved is lost."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tutelage.benchmarks import TrainConfig, evaluate, resume, train
from tutelage.checkpoints import CheckpointStore
from tutelage.cli import main
from tutelage.errors import RunError
from tutelage.run_directory import RunDirectory
from tutelage.spaces import TaskSpace
from tutelage.state import load_state, save_state

WALK = "small_environments:Walk-v0"
WORDS = [
    *("train", WALK, "--steps", "512", "--n-envs", "2", "--test-set", "uniform-50", "--teacher-arg", "fit_rate=10"),
    *("--student-arg", "n_steps=32", "--student-arg", "batch_size=32", "--student-arg", "n_epochs=1"),
    *("--student-arg", "normalize_observations=true", "--checkpoint-every", "128", "--eval-every", "128"),
]


@pytest.fixture
def fails(capfd):
    """Run a command that must fail: returns its last line on standard error, the only one that is no message."""

    def run(*words, status=1):
        assert main([str(word) for word in words]) == status
        out, err = capfd.readouterr()
        *messages, last = err.splitlines()
        assert out == ""
        assert last.startswith("tutelage: ")
        assert all(
            line.startswith(("Training ", "Compiling ")) or " steps: mean return" in line for line in messages
        ), err
        return last

    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad") / "run"
    assert main([*WORDS, "--out", str(folder), "--quiet"]) == 0
    return folder


@pytest.fixture
def interrupted(finished, tmp_path):
    """A copy of a run that was killed before its summary."""
    copy = Path(shutil.copytree(finished, tmp_path / "run"))
    (copy / "summary.json").unlink()
    return copy


# --- Environments that fail ------------------------------------------------------------------------------------------


STEP = "failed in step() on task {length: "
REWARD = "returned a reward of nan on task {length: "
OBSERVATION = "returned an observation that is NaN or infinite on task {length: "


@pytest.mark.parametrize(
    ("fail", "vec_env", "said"),
    [
        ("raise", "dummy", STEP),
        ("raise", "subproc", STEP),
        ("nan reward", "dummy", REWARD),
        ("nan reward", "subproc", REWARD),
        ("nan observation", "dummy", OBSERVATION),
    ],
)
def test_an_environment_that_fails_is_named_with_its_task(fail, vec_env, said, fails, tmp_path):
    text = fails(*WORDS, "--out", tmp_path / "run", "--env-arg", f"fail={fail}", "--vec-env", vec_env)
    assert "Environment " in text
    assert said in text
    assert f"`tutelage resume {tmp_path / 'run'}` begins anew when that is mended." in text


def test_an_environment_that_dies_in_its_worker_is_named(fails, tmp_path):
    text = fails(*WORDS, "--out", tmp_path / "run", "--env-arg", "fail=exit", "--vec-env", "subproc")
    assert "The worker process of environment " in text
    assert "died (exit code 3) on task {length: " in text


@pytest.mark.parametrize(
    ("fail", "said"),
    [
        ("construct", "'small_environments:Walk-v0' cannot be made: RuntimeError: the wheel is missing"),
        ("start", "small_environments:Walk-v0 failed in its first step on task {'length': "),
    ],
)
def test_an_environment_that_fails_at_once_leaves_no_run_behind(fail, said, fails, tmp_path):
    assert said in fails(*WORDS, "--out", tmp_path / "run", "--env-arg", f"fail={fail}")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("fail", ["raise", "nan reward", "nan observation"])
def test_an_environment_that_fails_in_an_evaluation_is_named_with_its_task(fail):
    from small_environments import Walk

    class Still:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            return [[0.0]] * len(observation), None

    with pytest.raises(RunError, match=r"on the test task \{length: 7, push: 0"):
        evaluate(Still(), lambda: Walk(fail=fail), [[7, 0.0]], episodes=3, n_envs=1)


def test_what_was_saved_before_an_environment_failed_can_be_resumed(tmp_path, monkeypatch):
    from small_environments import Walk

    small = {"n_steps": 32, "batch_size": 32}
    config = TrainConfig(WALK, steps=512, n_envs=2, student_args=small, checkpoint_every=128, test_set="uniform-50")
    step, steps = Walk.step, []

    def sick(self, action):
        steps.append(1)
        if len(steps) > 400:
            raise OSError("the disk with the maps is gone")
        return step(self, action)

    monkeypatch.setattr(Walk, "step", sick)
    with pytest.raises(
        RunError, match=r"maps is gone\. `tutelage resume .* goes on after 384 steps when that is mended"
    ):
        train(config, tmp_path / "run", quiet=True)
    monkeypatch.setattr(Walk, "step", step)
    assert resume(tmp_path / "run", quiet=True)["steps"] == 512


def test_a_teacher_that_needs_success_is_helped_by_a_threshold(tmp_path, monkeypatch):
    from tutelage import Teacher, registry

    class Ambitious(Teacher):
        needs = frozenset({"success"})

        def _sample(self, n):
            return self.task_space.sample(n, self.rng)

        def _update(self, outcomes):
            pass

    monkeypatch.setitem(registry._TEACHERS, "ambitious", Ambitious)
    words = [*WORDS, "--teacher", "ambitious", "--env-arg", "tell=false", "--quiet"]
    words = [word for i, word in enumerate(words) if "fit_rate" not in word and words[i + 1 : i + 2] != ["fit_rate=10"]]
    assert main([*words, "--out", str(tmp_path / "a")]) == 1
    assert main([*words, "--out", str(tmp_path / "b"), "--success-above", "3"]) == 0


# --- Damaged runs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["student.zip", "teacher.npz", "normalization.npz", "manifest.json"])
@pytest.mark.parametrize("command", ["resume", "evaluate"])
def test_a_damaged_checkpoint_is_named_with_the_way_back_which_works(file, command, interrupted, fails):
    checkpoints = interrupted / "checkpoints"
    last, before = sorted(checkpoints.iterdir())[::-1]
    os.truncate(last / file, (last / file).stat().st_size // 2)
    text = fails(command, interrupted)
    assert f"{last / file} is damaged" in text
    assert f"Delete {last} to go back to {before.name}." in text
    shutil.rmtree(last)
    if command == "resume":
        assert main(["resume", str(interrupted), "--quiet"]) == 0


@pytest.mark.parametrize("file", ["tasks.npz", "evaluations.npz"])
@pytest.mark.parametrize("damage", ["missing", "cut off", "short", "another"])
def test_a_damaged_record_is_named_and_never_skipped(file, damage, interrupted, fails):
    path = interrupted / file
    state = load_state(path)
    if damage == "missing":
        path.unlink()
    elif damage == "cut off":
        os.truncate(path, path.stat().st_size // 2)
    elif damage == "short":
        save_state(path, {name: value if np_scalar(value) else value[:1] for name, value in state.items()})
    else:
        save_state(path, {"x": 1})
    text = fails("resume", interrupted)
    assert str(path) in text
    assert "Restore it from a copy; without it the run cannot go on." in text


def np_scalar(value):
    return isinstance(value, str)


def test_a_damaged_log_is_named_with_the_mend_which_works(interrupted, fails):
    file = interrupted / "progress.csv"
    shutil.rmtree(sorted((interrupted / "checkpoints").iterdir())[-1])
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], lines[1] + ",3", *lines[2:]]) + "\n")
    text = fails("resume", interrupted)
    assert f"{file} is damaged: a row has another number of columns" in text
    assert "Delete it to go on without its rows." in text
    file.unlink()
    assert main(["resume", str(interrupted), "--quiet"]) == 0


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("config.yaml", "env: [", "config.yaml is damaged"),
        ("config.yaml", "env: CartPole-v1\nstep: 3\nversions: {}", "config.yaml is damaged: Unknown setting 'step'"),
        ("config.yaml", "steps: 3\nversions: {}", "config.yaml is damaged: The configuration names no environment"),
        ("config.yaml", "env: CartPole-v1\nsteps: 3", "config.yaml is damaged: its end, with the versions, is missing"),
        ("summary.json", "{", "summary.json is damaged"),
    ],
)
def test_a_damaged_text_file_is_named(name, content, said, interrupted, fails):
    (interrupted / name).write_text(content)
    assert said in fails("resume", interrupted)


def test_a_checkpoint_of_another_task_space_is_named(interrupted, fails):
    file = sorted((interrupted / "checkpoints").iterdir())[-1] / "teacher.npz"
    state = load_state(file)
    save_state(file, {**state, "task_space": TaskSpace(x=(0.0, 1.0)).to_json()})
    manifest = json.loads((file.parent / "manifest.json").read_text())
    del manifest["files"]["teacher.npz"], manifest["sha256"]
    manifest["sha256"] = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    (file.parent / "manifest.json").write_text(json.dumps(manifest))
    assert f"{file} does not fit this run" in fails("resume", interrupted)


def test_a_run_that_another_process_trains_is_left_alone(interrupted, fails):
    with RunDirectory.open(interrupted).locked():
        assert "Another process is training in" in fails("resume", interrupted, status=2)


def test_a_run_with_other_versions_goes_on_with_a_word_about_it(interrupted, capsys):
    config = (interrupted / "config.yaml").read_text()
    versions = RunDirectory.open(interrupted).config["versions"]
    (interrupted / "config.yaml").write_text(config.replace(f"torch: {versions['torch']}", "torch: 1.0.0"))
    assert main(["resume", str(interrupted)]) == 0
    assert "The run was begun with torch 1.0.0 (now " in capsys.readouterr().err


# --- Full disks ------------------------------------------------------------------------------------------------------


def full(*_, **__):
    raise OSError(28, "No space left on device")


def last_checkpoint(folder):
    return CheckpointStore(folder / "checkpoints").latest()


@pytest.mark.parametrize(
    "place",
    [
        "tutelage.state.os.fsync",
        "tutelage.checkpoints._sync",
        "tensorboard.summary.writer.record_writer.RecordWriter.write",
        "tutelage.benchmarks.training.progress_table.ProgressTable._write_all",
    ],
)
def test_a_full_disk_is_one_sentence_wherever_it_is_met(place, fails, interrupted, monkeypatch):
    shutil.rmtree(sorted((interrupted / "checkpoints").iterdir())[-1])  # so that there is something to do
    before = last_checkpoint(interrupted)
    monkeypatch.setattr(place, full)
    text = fails("resume", interrupted)
    assert "No space left on device" in text
    assert f"`tutelage resume {interrupted}` goes on after {before.step} steps when that is mended." in text
    assert last_checkpoint(interrupted) == before
    monkeypatch.undo()
    assert main(["resume", str(interrupted), "--quiet"]) == 0


def test_a_full_disk_while_a_row_is_written_is_one_sentence(fails, tmp_path, monkeypatch):
    from tutelage.benchmarks.training.progress_table import ProgressTable

    monkeypatch.setattr(ProgressTable, "_open", lambda self: open("/dev/full", "w"))  # noqa: SIM115
    text = fails(*WORDS, "--out", tmp_path / "run")
    assert f"Cannot write {tmp_path / 'run' / 'progress.csv'}: No space left on device" in text


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 300 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a file system is not permitted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_run_on_a_disk_that_fills_up_fails_in_one_sentence_and_goes_on_when_there_is_room(small_disk, fails):
    run = small_disk / "run"
    assert "No space left on device" in fails(*WORDS, "--out", run)
    subprocess.run(["mount", "-o", "remount,size=20m", small_disk], check=True)
    assert main(["resume", str(run), "--quiet"]) == 0


def test_a_read_only_disk_is_a_wrong_request(small_disk, fails):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert f"Cannot make {small_disk / 'run'}: Read-only file system" in fails(
        *WORDS, "--out", small_disk / "run", status=2
    )


def test_python_leaves_without_a_word_after_a_full_disk(tmp_path):
    code = f"""
import sys
from tutelage.benchmarks.training.progress_table import ProgressTable
ProgressTable._open = lambda self: open("/dev/full", "w")
from tutelage.cli import main
sys.exit(main({[*WORDS, "--out", str(tmp_path / "run")]!r}))
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("tutelage: Cannot write ")
