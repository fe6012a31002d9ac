"""Checkpoints: whole or not there; damage is named, with the way back."""

from __future__ import annotations

import os

import pytest
from tutelage.checkpoints import CheckpointStore
from tutelage.errors import RunError


@pytest.fixture
def store(tmp_path):
    return CheckpointStore(tmp_path / "checkpoints")


def write(store, step, text="weights"):
    with store.writing(step, {"n_tasks": step // 10}) as folder:
        (folder / "weights.txt").write_text(text)


def test_a_checkpoint_is_found_with_its_step_and_meta(store):
    write(store, 100)
    latest = store.latest()
    assert (latest.step, latest.meta) == (100, {"n_tasks": 10})
    assert (latest.path / "weights.txt").read_text() == "weights"


def test_there_is_none_at_the_beginning(store):
    assert store.latest() is None
    assert store.latest_step() is None


def test_the_latest_is_the_one_with_the_most_steps(store):
    for step in (900, 10_000_000_000_000, 1_000):
        write(CheckpointStore(store.folder, keep=9), step)
    assert store.latest().step == store.latest_step() == 10_000_000_000_000


def test_only_the_latest_are_kept(store):
    for step in (1, 2, 3):
        write(store, step)
    assert [path.name for path in sorted(store.folder.iterdir())] == ["step_000000000002", "step_000000000003"]


def test_a_checkpoint_of_the_same_step_is_replaced(store):
    write(store, 1)
    write(store, 1, "other")
    assert (store.latest().path / "weights.txt").read_text() == "other"


def test_an_error_while_writing_leaves_the_older_ones_and_nothing_else(store):
    write(store, 1)
    with pytest.raises(ZeroDivisionError), store.writing(2, {}):
        raise ZeroDivisionError
    assert [path.name for path in store.folder.iterdir()] == ["step_000000000001"]


def test_what_a_killed_process_was_writing_or_removing_is_swept_away(store):
    write(store, 1)
    for name in (".writing-abc", ".removing-abc"):
        (store.folder / name).mkdir()
        (store.folder / name / "half").write_text("x")
    write(store, 2)
    assert sorted(path.name for path in store.folder.iterdir()) == ["step_000000000001", "step_000000000002"]


def test_a_full_disk_is_one_sentence_and_the_older_ones_are_intact(store, monkeypatch):
    write(store, 1)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tutelage.checkpoints._sync", full)
    with pytest.raises(RunError, match=r"Cannot write a checkpoint in .*: No space left on device"):
        write(store, 2)
    assert store.latest().step == 1


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"Cannot write a checkpoint in .*file/checkpoints"):
        write(CheckpointStore(tmp_path / "file" / "checkpoints"), 1)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("weights.txt", b"weighs", "is damaged: its content is not what was written"),
        ("weights.txt", b"WEIGHTS", "is damaged: its content is not what was written"),
        ("weights.txt", None, "is missing"),
        ("manifest.json", b"{", "is damaged"),
        ("manifest.json", b'{"step": 1, "meta": {}, "files": {"weights.txt": 3}}', "is damaged"),
        ("manifest.json", b"[]", "is damaged"),
        ("manifest.json", None, "is missing"),
    ],
)
def test_a_damaged_file_is_named_with_the_way_back(store, file, content, said):
    write(store, 1)
    write(store, 2)
    path = store.latest().path / file
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RunError) as error:
        store.latest()
    assert str(error.value).startswith(f"{path} {said}")
    assert str(error.value).endswith(f"Delete {path.parent} to go back to step_000000000001.")


@pytest.mark.parametrize(
    ("before", "after"),
    [('"n_tasks": 10', '"n_tasks": 9'), ('"step": 100', '"step": 900'), ('"sha256": "', '"sha256": "0')],
)
def test_a_manifest_whose_content_is_not_what_was_written_is_damaged(store, before, after):
    write(store, 100)
    file = store.folder / "step_000000000100" / "manifest.json"
    assert before in file.read_text()
    file.write_text(file.read_text().replace(before, after))
    with pytest.raises(RunError, match=r"manifest\.json is damaged"):
        store.latest()


def test_a_manifest_that_is_no_text_or_nested_without_end_is_damaged(store):
    write(store, 100)
    file = store.folder / "step_000000000100" / "manifest.json"
    for content in (b"\xff\xfe" * 5000, b"[" * 100_000):
        file.write_bytes(content)
        with pytest.raises(RunError, match=r"manifest\.json is damaged") as caught:
            store.latest()
        assert len(str(caught.value)) < 600


def test_without_an_older_checkpoint_the_way_back_is_the_beginning(store):
    write(store, 1)
    (store.latest().path / "weights.txt").unlink()
    with pytest.raises(RunError, match="to begin anew, for there is no older checkpoint"):
        store.latest()


def test_the_mend_works(store):
    write(store, 1)
    write(store, 2)
    damaged = store.latest().path
    os.truncate(damaged / "weights.txt", 2)
    damaged.rename(store.folder.parent / "elsewhere")
    assert store.latest().step == 1


def test_keeping_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 1"):
        CheckpointStore(tmp_path, keep=0)
