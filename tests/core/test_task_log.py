"""The record of a run's tasks."""

from __future__ import annotations

import numpy as np
import pytest
from tutelage import Outcomes, Tasks, TaskSpace
from tutelage.errors import RunError
from tutelage.state import load_state, save_state
from tutelage.task_log import TaskLog


def hand_out(log, ids, envs=None):
    ids = np.array(ids)
    log.on_tasks(
        Tasks(ids[:, None] / 10.0, ids, np.ones(len(ids), bool)), np.zeros(len(ids), int) if envs is None else envs
    )


def finish(log, ids):
    ids = np.array(ids)
    log.on_outcomes(Outcomes(tasks=ids[:, None] / 10.0, ids=ids, returns=ids * 1.0, lengths=ids + 1, success=ids % 2))


def test_outcomes_find_their_tasks_in_any_order():
    log = TaskLog(1)
    hand_out(log, [0, 1, 2])
    finish(log, [2, 0])
    np.testing.assert_array_equal(log.returns, [0.0, np.nan, 2.0])
    np.testing.assert_array_equal(log.success, [0.0, np.nan, 0.0])
    assert log.lengths.tolist() == [1, 0, 3]


def test_outcomes_of_unknown_tasks_are_passed_over():
    log = TaskLog(1)
    hand_out(log, [0])
    finish(log, [7])
    assert np.isnan(log.returns).all()


def test_it_grows_to_any_size():
    log = TaskLog(1)
    for start in range(0, 3_000, 300):
        hand_out(log, range(start, start + 300))
    finish(log, range(3_000))
    assert log.ids.tolist() == log.returns.tolist() == list(range(3_000))


def test_the_clock_and_the_environment_are_noted():
    log = TaskLog(1, clock=lambda: 512)
    hand_out(log, [0, 1], envs=np.array([3, 5]))
    assert (log.steps.tolist(), log.envs.tolist()) == ([512, 512], [3, 5])


def test_it_is_loaded_as_it_was_saved(tmp_path):
    log = TaskLog(1)
    hand_out(log, range(300))
    finish(log, range(0, 300, 2))
    log.save(tmp_path / "tasks.npz")
    loaded = TaskLog.load(tmp_path / "tasks.npz")
    for name in ("tasks", "ids", "steps", "envs", "returns", "lengths", "success", "truncated", "warmup"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(log, name))


def test_it_goes_on_after_the_first_tasks(tmp_path):
    log = TaskLog(1)
    hand_out(log, range(10))
    log.save(tmp_path / "tasks.npz")
    loaded = TaskLog.load(tmp_path / "tasks.npz", 4)
    hand_out(loaded, [4, 5])
    finish(loaded, [4])
    assert loaded.ids.tolist() == [0, 1, 2, 3, 4, 5]
    assert loaded.returns[4] == 4.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"returns": None}, "no column 'returns'"),
        ({"returns": np.zeros(3)}, "columns have different lengths"),
        ({"tasks": np.zeros(5)}, "columns have different lengths"),
        ({"ids": {"a": 1}}, "is damaged"),
        ({"ids": ["a", "b", "c", "d", "e"]}, "is damaged"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, change, said):
    file = tmp_path / "tasks.npz"
    log = TaskLog(1)
    hand_out(log, range(5))
    log.save(file)
    state = {name: value for name, value in {**load_state(file), **change}.items() if value is not None}
    save_state(file, state)
    with pytest.raises(RunError, match=rf"tasks\.npz is damaged: .*{said}|tasks\.npz {said}"):
        TaskLog.load(file)


def test_a_file_with_too_few_tasks_is_named(tmp_path):
    TaskLog(1).save(tmp_path / "tasks.npz")
    with pytest.raises(RunError, match=r"tasks\.npz is damaged: it holds 0 tasks, expected at least 2"):
        TaskLog.load(tmp_path / "tasks.npz", 2)


def test_an_unknown_column_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'reward'"):
        _ = TaskLog(1).reward


def test_tasks_of_small_whole_numbers_are_kept_and_saved_as_such(tmp_path):
    space = TaskSpace(k=range(200))
    log = TaskLog(1, dtype=space.dtype)
    log.on_tasks(Tasks(np.array([[7.0], [199.0]]), np.array([0, 1]), np.ones(2, bool)), np.zeros(2, int))
    log.save(tmp_path / "tasks.npz")
    read = TaskLog.load(tmp_path / "tasks.npz")
    assert read.tasks.dtype == np.uint8
    assert read.tasks.tolist() == [[7], [199]]
    read.on_tasks(Tasks(np.array([[8.0]]), np.array([2]), np.ones(1, bool)), np.zeros(1, int))
    assert read.tasks.tolist() == [[7], [199], [8]]
