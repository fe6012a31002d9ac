"""State on disk: what is saved is loaded, what is damaged is named, what was there stays."""

from __future__ import annotations

import contextlib
import errno
import os
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from tutelage.errors import RunError
from tutelage.state import load_state, save_state, write_atomic, write_text

DTYPES = st.sampled_from([np.float64, np.float32, np.int64, np.uint8, np.bool_, np.dtype("U4"), np.complex128])
ARRAYS = DTYPES.flatmap(lambda dtype: arrays(dtype, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
VALUES = st.recursive(
    st.one_of(SCALARS, ARRAYS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=8,
)
STATES = st.dictionaries(st.text(max_size=6), VALUES, max_size=4)

STATE = {"step": 3, "history": {"returns": np.linspace(0.0, 1.0, 7)}, "ids": np.arange(5), "name": "a", "empty": []}


def same(a, b) -> bool:
    """Whether two states hold the same values of the same types; NaN equals NaN."""
    if isinstance(a, np.ndarray):
        return (
            isinstance(b, np.ndarray)
            and a.dtype == b.dtype
            and a.shape == b.shape
            and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
        )
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b or (a != a and b != b)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("state") / "state.npz"


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "state.npz"
    save_state(path, STATE)
    return path


# --- Saving and loading ----------------------------------------------------------------------------------------------


@given(state=STATES)
def test_any_nested_state_is_loaded_as_it_was_saved(scratch, state):
    save_state(scratch, state)
    assert same(load_state(scratch), state)


@pytest.mark.parametrize(
    "value",
    [
        np.empty((0, 3)),
        np.array(2.5),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([np.nan, np.inf, -0.0]),
        2**200,
        float("nan"),
        float("-inf"),
        {},
        [],
        {"a": {"b": [{"c": np.arange(3)}, None]}},
        "ünï\ud800\n",
    ],
    ids=repr,
)
def test_a_special_value_is_loaded_as_it_was_saved(tmp_path, value):
    save_state(tmp_path / "state.npz", {"value": value})
    assert same(load_state(tmp_path / "state.npz"), {"value": value})


def test_the_state_of_a_random_generator_is_loaded_exactly(tmp_path):
    rng = np.random.default_rng(7)
    save_state(tmp_path / "state.npz", rng.bit_generator.state)
    other = np.random.default_rng(0)
    other.bit_generator.state = load_state(tmp_path / "state.npz")
    assert rng.random() == other.random()


def test_a_tuple_is_loaded_as_a_list(tmp_path):
    save_state(tmp_path / "state.npz", {"pair": (1, 2.0)})
    assert load_state(tmp_path / "state.npz") == {"pair": [1, 2.0]}


@pytest.mark.parametrize("value", [np.float64(1.5), np.int32(3), np.bool_(True), np.str_("a")], ids=repr)
def test_a_numpy_scalar_is_loaded_as_a_python_one(tmp_path, value):
    save_state(tmp_path / "state.npz", {"value": value})
    assert same(load_state(tmp_path / "state.npz"), {"value": value.item()})


@pytest.mark.parametrize("key", ["file", "__tree__", "a0", "", "a/b", "../x"])
def test_any_string_is_a_key(tmp_path, key):
    save_state(tmp_path / "state.npz", {key: np.arange(3), "nested": {key: 1}})
    assert same(load_state(tmp_path / "state.npz"), {key: np.arange(3), "nested": {key: 1}})


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"bytes", 1j, np.array([None]), np.array([{}], dtype=object), lambda: 0, np.longdouble(1)],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_plain_data_is_refused_with_its_place(tmp_path, value):
    with pytest.raises(TypeError, match=r"state\['a'\]\[1\]"):
        save_state(tmp_path / "state.npz", {"a": [0, value]})


def test_a_refused_state_leaves_the_old_file_alone(saved):
    with pytest.raises(TypeError):
        save_state(saved, {"a": object()})
    assert same(load_state(saved), STATE)


def test_a_key_that_is_no_string_is_refused(tmp_path):
    with pytest.raises(TypeError, match="must be strings, got 1"):
        save_state(tmp_path / "state.npz", {1: 2})


def test_saving_replaces_the_older_state(saved):
    save_state(saved, {"step": 4})
    assert load_state(saved) == {"step": 4}


def test_saving_leaves_no_other_file(saved):
    assert os.listdir(saved.parent) == [saved.name]


def test_text_is_written_as_utf_8(tmp_path):
    write_text(tmp_path / "text", "größer\n")
    assert (tmp_path / "text").read_bytes() == "größer\n".encode()


def test_a_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "plain").touch()
    write_text(tmp_path / "atomic", "x")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


# --- Writing that fails ----------------------------------------------------------------------------------------------


def full_disk(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("call", ["replace", "fsync", "chmod"])
def test_a_full_disk_is_an_error_that_names_the_file(saved, monkeypatch, call):
    monkeypatch.setattr(os, call, full_disk)
    with pytest.raises(RunError, match=r"state\.npz: No space left"):
        save_state(saved, {"step": 4})


@pytest.mark.parametrize("call", ["replace", "fsync", "chmod"])
def test_a_full_disk_leaves_the_old_file_alone(saved, monkeypatch, call):
    before = saved.read_bytes()
    monkeypatch.setattr(os, call, full_disk)
    with pytest.raises(RunError):
        save_state(saved, {"step": 4})
    assert saved.read_bytes() == before


@pytest.mark.parametrize("call", ["replace", "fsync", "chmod"])
def test_a_full_disk_leaves_no_temporary_file(saved, monkeypatch, call):
    monkeypatch.setattr(os, call, full_disk)
    with pytest.raises(RunError):
        save_state(saved, {"step": 4})
    assert os.listdir(saved.parent) == [saved.name]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), ValueError("no"), KeyboardInterrupt()], ids=repr)
def test_writing_that_breaks_off_leaves_the_old_file_and_no_other(saved, error):
    before = saved.read_bytes()

    def write(file):
        file.write(b"half of")
        raise error

    with pytest.raises((RunError, ValueError, KeyboardInterrupt)):
        write_atomic(saved, write)
    assert (os.listdir(saved.parent), saved.read_bytes()) == ([saved.name], before)


def test_a_folder_that_does_not_exist_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(RunError, match=r"missing.state\.npz"):
        save_state(tmp_path / "missing" / "state.npz", STATE)


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path):
    (tmp_path / "state.npz").mkdir()
    with pytest.raises(RunError, match=r"state\.npz"):
        save_state(tmp_path / "state.npz", STATE)


# --- Damaged files ---------------------------------------------------------------------------------------------------


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(RunError, match=r"state\.npz does not exist"):
        load_state(tmp_path / "state.npz")


def test_a_folder_is_an_error_that_names_it(tmp_path):
    with pytest.raises(RunError, match=tmp_path.name):
        load_state(tmp_path)


def test_a_file_cut_off_anywhere_is_an_error_that_names_it(saved):
    whole = saved.read_bytes()
    for length in range(0, len(whole), 7):
        saved.write_bytes(whole[:length])
        with pytest.raises(RunError, match=r"state\.npz"):
            load_state(saved)


def test_a_flipped_byte_is_an_error_or_has_no_effect(saved):
    whole = saved.read_bytes()
    unnoticed = []
    for position in range(len(whole)):
        saved.write_bytes(whole[:position] + bytes([whole[position] ^ 0x07]) + whole[position + 1 :])
        with contextlib.suppress(RunError):
            if not same(load_state(saved), STATE):
                unnoticed.append(position)
    assert unnoticed == []


def test_a_damaged_size_of_a_large_array_is_an_error_that_names_the_file(tmp_path):
    path = tmp_path / "state.npz"
    save_state(path, {"returns": np.arange(9000.0)})
    path.write_bytes(path.read_bytes().replace(b"(9000,)", b"(1000,)"))
    with pytest.raises(RunError, match=r"state\.npz"):
        load_state(path)


@given(data=st.binary(max_size=300))
def test_random_bytes_are_an_error_that_names_the_file(scratch, data):
    scratch.write_bytes(data)
    with pytest.raises(RunError, match=r"state\.npz"):
        load_state(scratch)


class Bomb:
    """Would run code if it were unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("the file ran code",))


def test_a_pickle_inside_the_archive_is_not_run(tmp_path):
    np.savez(tmp_path / "state.npz", a0=np.array([Bomb()], dtype=object), __tree__=np.zeros(1, np.uint8))
    with pytest.raises(RunError, match=r"state\.npz"):
        load_state(tmp_path / "state.npz")


def test_a_bare_pickle_is_not_run(tmp_path):
    (tmp_path / "state.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(RunError, match=r"state\.npz"):
        load_state(tmp_path / "state.npz")


def test_an_archive_of_someone_else_is_an_error_that_names_it(tmp_path):
    np.savez(tmp_path / "state.npz", weights=np.zeros(3))
    with pytest.raises(RunError, match=r"state\.npz"):
        load_state(tmp_path / "state.npz")


@pytest.mark.parametrize("tree", ["[]", "3", '{"dict": 3}', '{"array": "a9"}', '{"list": [{"value": 1}]}', "{", "null"])
def test_a_tree_that_makes_no_sense_is_an_error_that_names_the_file(tmp_path, tree):
    np.savez(tmp_path / "state.npz", __tree__=np.frombuffer(tree.encode(), np.uint8))
    with pytest.raises(RunError, match=r"state\.npz"):
        load_state(tmp_path / "state.npz")
