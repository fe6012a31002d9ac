"""State on disk: nested dicts of arrays, numbers and strings as one npz file that holds data and no code.

A file is written next to its place and moved there when it is complete, so that a reader sees the old file or the
new one and a full disk or a kill leaves the old one. Files are read with ``allow_pickle=False``: one from a stranger
can be wrong but cannot run anything.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .errors import RunError

_TREE = "__tree__"


def write_atomic(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Write a file completely or not at all.

    Args:
        path: Where the file will be; its folder must exist.
        write: Is called with a binary file and writes into it.

    Raises:
        RunError: The disk is full or the folder cannot be written to; an older file stays as it was.
    """
    target = Path(path)
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
        temporary = None
    except OSError as error:
        raise RunError(f"Cannot write {target}: {error.strerror or error}. What was saved before is intact.") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    # Reading the mask means setting it; a second thread could only notice in between.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file atomically, in UTF-8."""

    def write(file: BinaryIO) -> None:
        file.write(text.encode("utf-8"))

    write_atomic(path, write)


def save_state(path: str | os.PathLike[str], state: Mapping[str, Any], *, compress: bool = False) -> None:
    """Save a nested state: dicts and lists of arrays, numbers, strings, booleans and None.

    Args:
        path: The npz file to write, atomically.
        state: What `Teacher.state_dict` returns, for example.
        compress: Spend time on a smaller file; `load_state` reads both kinds.

    Raises:
        TypeError: A value that is not plain data; nothing is written.
        RunError: The file cannot be written.

    Example:
        >>> import tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "state.npz")
        >>> save_state(path, {"step": 3, "history": {"returns": np.array([1.0, 2.0])}})
        >>> load_state(path)["history"]["returns"].tolist()
        [1.0, 2.0]
    """
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    tree = json.dumps(_pack(state, arrays, "state"))
    arrays[_TREE] = np.frombuffer(tree.encode("utf-8"), dtype=np.uint8)
    write = np.savez_compressed if compress else np.savez
    write_atomic(path, lambda file: write(file, **arrays))  # type: ignore[arg-type]


def load_state(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Load what `save_state` wrote.

    Raises:
        RunError: The file is missing, damaged or not one of these; the message names it.
    """
    source = Path(path)
    try:
        with zipfile.ZipFile(io.BytesIO(source.read_bytes())) as archive:
            # Whole members, so that their checksums are compared: np.load stops where a damaged header says.
            members = {name.removesuffix(".npy"): io.BytesIO(archive.read(name)) for name in archive.namelist()}
        arrays = {name: np.lib.format.read_array(data, allow_pickle=False) for name, data in members.items()}
        tree = json.loads(arrays.pop(_TREE).tobytes().decode("utf-8"))
        state = _unpack(tree, arrays)
    except FileNotFoundError as error:
        raise RunError(f"{source} does not exist.") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise RunError(f"{source} is damaged or was not written by tutelage: {error}.") from error
    except Exception as error:  # zlib and struct errors of damaged archives have no common base
        raise RunError(f"{source} is damaged: {error}.") from error
    if not isinstance(state, dict):
        raise RunError(f"{source} holds a {type(state).__name__}, expected a state.")
    return state


def _pack(value: Any, arrays: dict[str, np.ndarray[Any, Any]], where: str) -> Any:
    if isinstance(value, Mapping):
        bad = [key for key in value if not isinstance(key, str)]
        if bad:
            raise TypeError(f"{where}: the keys of a state must be strings, got {bad[0]!r}.")
        return {"dict": {key: _pack(item, arrays, f"{where}[{key!r}]") for key, item in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"list": [_pack(item, arrays, f"{where}[{i}]") for i, item in enumerate(value)]}
    if isinstance(value, (np.ndarray, np.generic)):
        if value.dtype.hasobject:
            raise TypeError(f"{where}: an array of objects is not plain data.")
        if isinstance(value, np.generic):
            if isinstance(item := value.item(), np.generic):  # a long double has no Python equivalent
                raise TypeError(f"{where}: a number of type {type(value).__name__} is not plain data.")
            return _pack(item, arrays, where)
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if value is None or isinstance(value, (bool, int, float, str)):
        return {"value": value}
    raise TypeError(f"{where}: expected arrays, numbers, strings, dicts and lists, got {type(value).__name__}.")


def _unpack(node: Any, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Any:
    ((kind, content),) = node.items()
    if kind == "dict":
        return {key: _unpack(item, arrays) for key, item in content.items()}
    if kind == "list":
        return [_unpack(item, arrays) for item in content]
    return arrays[content] if kind == "array" else content
