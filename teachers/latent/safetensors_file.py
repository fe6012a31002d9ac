"""Arrays in the safetensors format: a header in JSON, then the bytes. Data that cannot run anything.

The format is that of https://github.com/huggingface/safetensors: the length of the header as a little-endian unsigned
integer of 8 bytes; the header, which maps names to ``dtype``, ``shape`` and ``data_offsets``; the arrays' bytes, in
row-major order and little-endian. Files written here can be read by that package and the other way round.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import RunError
from ...state import write_atomic

_TYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}
_NAMES = {np.dtype(kind): name for name, kind in _TYPES.items()}
_LARGEST_HEADER = 100_000_000


def to_safetensors(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays as the content of a safetensors file.

    Args:
        arrays: float32, float64 or int64.

    Raises:
        TypeError: An array of another type.

    Example:
        >>> from_safetensors(to_safetensors({"bias": np.zeros(3, np.float32)}))["bias"].tolist()
        [0.0, 0.0, 0.0]
    """
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    for name, array in arrays.items():
        if array.dtype not in _NAMES:
            raise TypeError(f"{name} is an array of {array.dtype}, expected float32, float64 or int64.")
        content = np.ascontiguousarray(array, dtype=_TYPES[_NAMES[array.dtype]]).tobytes()
        shape = {"dtype": _NAMES[array.dtype], "shape": list(array.shape)}
        header[name] = {**shape, "data_offsets": [at, at + len(content)]}
        parts.append(content)
        at += len(content)
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)  # the arrays begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + b"".join(parts)


def from_safetensors(content: bytes) -> dict[str, NDArray[Any]]:
    """Read the content of a safetensors file.

    Raises:
        ValueError: It is none, or is damaged or cut off.
    """
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(_LARGEST_HEADER, len(content) - 8):
        raise ValueError("it is cut off or no safetensors file")
    data = memoryview(content)[8 + length :]
    try:
        header = json.loads(content[8 : 8 + length])
        found: dict[str, NDArray[Any]] = {}
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            kind, shape = np.dtype(_TYPES[entry["dtype"]]), tuple(int(n) for n in entry["shape"])
            first, last = (int(place) for place in entry["data_offsets"])
            if not 0 <= first <= last <= len(data) or last - first != kind.itemsize * math.prod(shape):
                raise ValueError(f"{name} is cut off")
            found[name] = np.frombuffer(data[first:last], dtype=kind).reshape(shape).copy()
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"its header is damaged: {error}") from error
    return found


def write_safetensors(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to a safetensors file, completely or not at all.

    Raises:
        TypeError: An array of a type that is not supported.
        RunError: The file cannot be written.
    """
    content = to_safetensors(arrays)
    write_atomic(path, lambda file: file.write(content))


def read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """Read a safetensors file.

    Raises:
        RunError: The file is missing, damaged or cut off.
    """
    try:
        return from_safetensors(path.read_bytes())
    except OSError as error:
        raise RunError(f"Cannot read {path}: {error.strerror or error}.") from error
    except ValueError as error:
        raise RunError(f"{path} is damaged: {error}.") from error
