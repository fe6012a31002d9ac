"""The run directory: made once, opened again, damaged."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from tutelage.errors import RequestError, RunError
from tutelage.run_directory import RunDirectory

SUMMARY = {"steps": 5, "tasks": 2, "test_set": "uniform-50", "mean_return": 1.5, "mastered": None}


@pytest.fixture
def run(tmp_path):
    return RunDirectory.create(tmp_path / "run", {"env": "CartPole-v1", "seed": 0})


def test_the_configuration_is_read_back_with_the_versions(run):
    config = RunDirectory.open(run.path).config
    assert (config["env"], config["seed"]) == ("CartPole-v1", 0)
    assert {"python", "numpy", "torch", "tutelage"} <= set(config["versions"])


def test_missing_parents_are_made(tmp_path):
    assert RunDirectory.create(tmp_path / "a" / "b", {}).config_file.is_file()


def test_an_empty_folder_is_taken(tmp_path):
    RunDirectory.create(tmp_path, {})


def test_what_a_killed_creation_left_is_no_obstacle(tmp_path):
    (tmp_path / ".config.yaml.abc.tmp").touch()
    RunDirectory.create(tmp_path, {})


def test_a_run_that_exists_is_left_alone_and_resuming_is_proposed(run):
    with pytest.raises(RequestError, match=r"exists and is not empty: .*`tutelage resume .*run` goes on with it"):
        RunDirectory.create(run.path, {})


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(RequestError, match=r"exists and is not empty: choose another folder\.$"):
        RunDirectory.create(tmp_path, {})


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RequestError, match="is a file"):
        RunDirectory.create(tmp_path / "file", {})


@pytest.mark.parametrize("path", ["/proc/run", "/dev/null/run"])
def test_a_folder_that_cannot_be_made_is_named(path):
    with pytest.raises(RequestError, match=f"Cannot make {path}: "):
        RunDirectory.create(path, {})


def test_a_full_disk_is_a_failure_and_no_wrong_request(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(RunError, match="No space left on device"):
        RunDirectory.create(tmp_path / "run", {})


@pytest.mark.parametrize("value", [np.float64(1.0), object(), len])
def test_a_configuration_that_is_not_plain_data_is_refused_and_nothing_is_written(tmp_path, value):
    with pytest.raises(RequestError, match="must be plain data"):
        RunDirectory.create(tmp_path / "run", {"teacher_args": {"x": value}})
    assert not (tmp_path / "run").exists()


def test_a_folder_that_does_not_exist_is_no_run(tmp_path):
    with pytest.raises(RequestError, match=r"There is no run in .*: the folder does not exist"):
        RunDirectory.open(tmp_path / "nowhere")


def test_a_folder_without_configuration_is_no_run(tmp_path):
    with pytest.raises(RequestError, match=r"it has no config\.yaml"):
        RunDirectory.open(tmp_path)


@pytest.mark.parametrize("content", [b"a: [1", b"\xff\xfe\x00", b"- 1", b"", b"a: !!python/name:os.system"])
def test_a_damaged_configuration_is_named(run, content):
    run.config_file.write_bytes(content)
    with pytest.raises(RunError, match=r"config\.yaml is damaged: .*Restore it from a copy"):
        RunDirectory.open(run.path)


def test_the_summary_is_read_back(run):
    run.write_summary(SUMMARY)
    assert run.read_summary() == SUMMARY


def test_a_run_that_has_not_ended_has_an_empty_summary(run):
    assert run.read_summary() == {}


@pytest.mark.parametrize("content", ["{", "[]", "3", "{}", '{"steps": 5}'])
def test_a_damaged_summary_is_named_with_the_mend(run, content):
    run.summary_file.write_text(content)
    with pytest.raises(
        RunError, match=r"summary\.json is damaged: .*Delete it, and `tutelage resume .*` writes it anew"
    ):
        run.read_summary()


def test_a_second_process_is_kept_out(run):
    with run.locked(), pytest.raises(RequestError, match="Another process is training in "), run.locked():
        pass


def test_the_lock_is_released(run):
    for _ in range(2):
        with run.locked():
            pass


@pytest.mark.parametrize("content", ["x: 2020-13-40\nversions: {}", "[" * 5000, "env: CartPole-v1\n"])
def test_a_configuration_that_cannot_be_read_or_has_lost_its_end_is_damaged(run, content):
    run.config_file.write_text(content)
    with pytest.raises(RunError, match=r"config\.yaml is damaged"):
        RunDirectory.open(run.path)
