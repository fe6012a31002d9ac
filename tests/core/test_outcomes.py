"""Outcomes: the columns of finished episodes, their shapes and what is refused."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tutelage import Outcomes

COLUMNS = ("tasks", "ids", "returns", "lengths", "success", "truncated", "warmup")


def outcomes(n: int = 3, d: int = 2, **columns) -> Outcomes:
    given = {
        "tasks": np.arange(n * d, dtype=float).reshape(n, d),
        "ids": np.arange(n),
        "returns": np.arange(n) * 1.5,
        "lengths": np.full(n, 10),
    }
    return Outcomes(**{**given, **columns})


def assert_same(a: Outcomes, b: Outcomes) -> None:
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)
    assert a.signals.keys() == b.signals.keys()
    for name in a.signals:
        np.testing.assert_array_equal(a.signals[name], b.signals[name], err_msg=name)


def test_columns_have_fixed_types():
    batch = outcomes(truncated=[1, 0, 1], signals={"regret": [1, 2, 3]})
    assert [getattr(batch, name).dtype.str[1:] for name in COLUMNS] == ["f8", "i8", "f8", "i8", "f8", "b1", "b1"]
    assert batch.signals["regret"].dtype == np.float64


def test_success_is_unknown_by_default():
    assert np.isnan(outcomes().success).all()


def test_nothing_is_truncated_or_warm_up_by_default():
    batch = outcomes()
    assert not batch.truncated.any()
    assert not batch.warmup.any()


def test_columns_are_copies():
    returns = np.zeros(3)
    batch = outcomes(returns=returns)
    returns[:] = 7.0
    assert (batch.returns == 0.0).all()


def test_an_empty_batch_has_no_episodes():
    assert len(Outcomes(tasks=[], ids=[], returns=[], lengths=[])) == 0


def test_an_empty_batch_keeps_its_number_of_dimensions():
    assert Outcomes(tasks=np.empty((0, 4)), ids=[], returns=[], lengths=[]).tasks.shape == (0, 4)


@pytest.mark.parametrize("name", ["ids", "returns", "lengths", "success", "truncated", "warmup"])
@pytest.mark.parametrize(
    "values", [np.zeros(2), np.zeros((3, 1)), 0.0, np.zeros(4)], ids=["short", "2-d", "0-d", "long"]
)
def test_a_column_of_another_shape_is_refused_by_name(name, values):
    with pytest.raises(ValueError, match=rf"{name} of shape \(3,\)"):
        outcomes(**{name: values})


def test_a_signal_of_another_length_is_refused_by_name():
    with pytest.raises(ValueError, match=r"signals\['regret'\] of shape \(3,\)"):
        outcomes(signals={"regret": [1.0]})


@pytest.mark.parametrize("tasks", [np.zeros(3), np.zeros((3, 2, 1)), 1.0], ids=["1-d", "3-d", "0-d"])
def test_tasks_that_are_no_matrix_are_refused_with_the_mend(tasks):
    with pytest.raises(ValueError, match=r"tasks=\[task\]"):
        outcomes(tasks=tasks)


@pytest.mark.parametrize("name", ["tasks", "ids", "returns", "lengths", "success", "truncated", "warmup"])
@pytest.mark.parametrize("value", ["1", 1j, [1, 2], object()], ids=["string", "complex", "ragged", "object"])
def test_what_is_no_number_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=name):
        outcomes(**{name: [0, 0, value] if name != "tasks" else [[0, 0], [0, 0], [0, value]]})


@pytest.mark.parametrize("name", ["ids", "lengths"])
@pytest.mark.parametrize("value", [0.5, np.nan, np.inf, 1e300, 2**63, 2**70])
def test_ids_and_lengths_are_whole_numbers_of_a_sane_size(name, value):
    with pytest.raises(ValueError, match=f"whole numbers for {name}"):
        outcomes(**{name: [0, 1, value]})


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.uint64, np.float32, np.int64])
def test_whole_numbers_of_any_type_are_accepted_as_ids(dtype):
    assert outcomes(ids=np.array([0, 1, 2], dtype)).ids.tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["truncated", "warmup"])
@pytest.mark.parametrize("value", [np.nan, 2.0, -1.0])
def test_flags_are_true_or_false(name, value):
    with pytest.raises(ValueError, match=f"True or False for {name}"):
        outcomes(**{name: [0, 1, value]})


@given(st.lists(st.integers(0, 9), max_size=12))
def test_rows_are_picked_from_every_column(rows):
    batch = outcomes(10, signals={"regret": np.arange(10) / 3})
    picked = batch[np.array(rows, dtype=int)]
    assert len(picked) == len(rows)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(picked, name), getattr(batch, name)[rows])
    np.testing.assert_array_equal(picked.signals["regret"], batch.signals["regret"][rows])


@given(st.integers(0, 8), st.integers(0, 8))
def test_a_batch_cut_in_three_joins_to_itself(first, second):
    batch = outcomes(8, success=np.linspace(0, 1, 8), signals={"regret": np.arange(8.0)})
    low, high = sorted((first, second))
    assert_same(Outcomes.concatenate([batch[:low], batch[low:high], batch[high:]]), batch)


def test_a_signal_that_a_batch_lacks_is_nan_after_joining():
    joined = Outcomes.concatenate([outcomes(1, signals={"regret": [2.0]}), outcomes(1)])
    np.testing.assert_array_equal(joined.signals["regret"], [2.0, np.nan])


def test_empty_batches_do_not_matter_when_joining():
    nothing = Outcomes(tasks=[], ids=[], returns=[], lengths=[])
    assert_same(Outcomes.concatenate([nothing, outcomes(), nothing]), outcomes())


def test_empty_batches_join_to_an_empty_batch():
    nothing = Outcomes(tasks=np.empty((0, 3)), ids=[], returns=[], lengths=[])
    assert Outcomes.concatenate([nothing, nothing]).tasks.shape == (0, 3)


def test_joining_nothing_is_refused():
    with pytest.raises(ValueError, match=r"at least one batch"):
        Outcomes.concatenate([])


def test_joining_tasks_of_different_spaces_is_refused():
    with pytest.raises(ValueError, match=r"\[2, 3\]"):
        Outcomes.concatenate([outcomes(d=2), outcomes(d=3)])


def test_columns_and_signals_are_found_by_name():
    batch = outcomes(signals={"regret": [1.0, 2.0, 3.0]})
    assert batch.column("regret") is batch.signals["regret"]
    assert batch.column("returns") is batch.returns


@pytest.mark.parametrize("name", ["novelty", "signals", "__len__"])
def test_there_is_no_column_of_another_name(name):
    assert outcomes().column(name) is None


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda batch: pickle.loads(pickle.dumps(batch))])
def test_a_batch_can_be_copied_and_pickled(duplicate):
    batch = outcomes(signals={"regret": [1.0, 2.0, 3.0]})
    assert_same(duplicate(batch), batch)
