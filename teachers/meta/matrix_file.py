"""A matrix in an .npy file that grows by rows and is read where it lies, without loading it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ...errors import RunError
from ...state import write_atomic

_HEADER = 128
"""Bytes before the first row: room for any number of rows."""

_BLOCK, _PART = 16384, 256
"""Rows that are mapped at a time, and computed with: so many stay in the processor's cache."""

_SPARE = 20
"""Rows whose distance is computed again in double precision, beyond the nearest ones."""


class MatrixFile:
    """An .npy file of shape ``(n, columns)`` to which rows are added.

    Rows are written first, and then, in one small write at the beginning of the file, their number: a reader sees the
    old matrix or the new one. Several writers must keep out of each other's way.

    Args:
        path: The file.
        n_columns: Its columns.
        dtype: Of its numbers; they lie on the disk in little-endian order.

    Example:
        >>> import tempfile
        >>> file = MatrixFile(Path(tempfile.mkdtemp()) / "matrix.npy", 3, np.float32)
        >>> file.create()
        >>> file.write(0, np.eye(3))
        >>> file.write(2, np.ones((2, 3)))
        >>> file.n_rows(), np.load(file.path).sum(axis=1).tolist()
        (4, [1.0, 1.0, 3.0, 3.0])
    """

    def __init__(self, path: Path, n_columns: int, dtype: DTypeLike) -> None:
        self.path = path
        self.n_columns = n_columns
        self.dtype = np.dtype(dtype).newbyteorder("<")
        self.row_bytes = n_columns * self.dtype.itemsize

    def create(self) -> None:
        """Write a matrix without rows.

        Raises:
            RunError: The file cannot be written.
        """
        write_atomic(self.path, lambda file: file.write(self._header(0)))

    def n_rows(self) -> int:
        """Return how many rows there are.

        Raises:
            RunError: The file is missing, damaged, or another matrix than expected.
        """
        try:
            with open(self.path, "rb") as file:
                header = file.read(_HEADER)
                size = os.fstat(file.fileno()).st_size
        except OSError as error:
            raise RunError(f"{self.path} cannot be read: {error.strerror or error}.") from error
        try:
            text = header[10:].decode("latin1")
            n = int(text.split("'shape': (")[1].split(",")[0])
        except (IndexError, ValueError):
            n = -1
        if n < 0 or header != self._header(n):
            raise RunError(f"{self.path} is damaged: it is no matrix of {self.n_columns} columns of {self.dtype.name}.")
        if size < _HEADER + n * self.row_bytes:
            raise RunError(
                f"{self.path} is damaged: it says {n} rows and has {(size - _HEADER) // self.row_bytes}; it was cut "
                "off."
            )
        return n

    def write(self, start: int, rows: NDArray[Any]) -> None:
        """Write rows from number ``start`` on; they are the last ones then.

        Raises:
            RunError: The disk is full or the file cannot be written to; the matrix is as it was, or ends at ``start``.
        """
        data = np.ascontiguousarray(rows, dtype=self.dtype)
        try:
            with open(self.path, "r+b") as file:
                file.seek(_HEADER + start * self.row_bytes)
                file.write(data.tobytes())
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
                os.pwrite(file.fileno(), self._header(start + len(data)), 0)
                os.fsync(file.fileno())
        except OSError as error:
            raise RunError(f"Cannot write {self.path}: {error.strerror or error}.") from error

    def blocks(self, n: int, rows: int) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield the first ``n`` rows in memory-mapped blocks, each with the number of its first row.

        Each block is unmapped with its last reference: only one is in memory at a time.

        Args:
            n: At most `n_rows`.
            rows: Of a block.

        Raises:
            RunError: The file cannot be read.
        """
        for start in range(0, n, rows):
            shape = (min(rows, n - start), self.n_columns)
            try:
                block = np.memmap(self.path, self.dtype, "r", _HEADER + start * self.row_bytes, shape)
            except (OSError, ValueError) as error:
                raise RunError(f"{self.path} cannot be read: {error}.") from error
            yield start, block

    def read(self, n: int) -> NDArray[Any]:
        """Return the first ``n`` rows as an array.

        Raises:
            RunError: The file cannot be read.
        """
        parts = [np.array(block) for _, block in self.blocks(n, max(1, n))]
        return parts[0] if parts else np.empty((0, self.n_columns), self.dtype)

    def rows(self, numbers: Iterable[int]) -> NDArray[Any]:
        """Return some rows, shape ``(len(numbers), columns)``.

        Raises:
            RunError: The file cannot be read.
        """
        try:
            with open(self.path, "rb") as file:
                parts = [os.pread(file.fileno(), self.row_bytes, _HEADER + i * self.row_bytes) for i in numbers]
            return np.frombuffer(b"".join(parts), self.dtype).reshape(len(parts), self.n_columns)
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path} cannot be read: {error}.") from error

    def nearest(
        self, query: NDArray[np.float64], n: int, k: int, among: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """Return which of the first ``n`` rows are nearest to a point, by Euclidean distance.

        Args:
            query: The point, shape ``(columns,)``.
            n: At most `n_rows`.
            k: How many rows.
            among: Which rows come into question, shape ``(n,)``; all by default.

        Returns:
            Up to ``k`` numbers of rows, nearest first, lower numbers first among equals; rows with NaN are left out.

        Raises:
            RunError: The file cannot be read.
        """
        squares = np.empty(n, dtype=np.float32)
        point, part = query.astype(np.float32), np.empty((_PART, self.n_columns), dtype=np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            for start, block in self.blocks(n, _BLOCK):
                for at in range(0, len(block), _PART):
                    rows = block[at : at + _PART]
                    difference = np.subtract(rows, point, out=part[: len(rows)])
                    end = start + at + len(rows)
                    np.einsum("ij,ij->i", difference, difference, out=squares[start + at : end])
        squares[~np.isfinite(squares)] = np.inf
        if among is not None:
            squares[~among] = np.inf
        few = _smallest(squares, k + _SPARE)
        exact = ((self.rows(few.tolist()) - query) ** 2).sum(axis=1)
        found: NDArray[np.int64] = few[np.lexsort((few, exact))[:k]]
        return found

    def _header(self, n: int) -> bytes:
        """The header of NumPy's format 1.0 for ``n`` rows, always of the same length."""
        text = f"{{'descr': '{self.dtype.str}', 'fortran_order': False, 'shape': ({n}, {self.n_columns}), }}"
        body = text.ljust(_HEADER - 11) + "\n"
        return b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body.encode("latin1")


def _smallest(values: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Where the ``k`` smallest finite values are, the first of equals."""
    size = min(k, int(np.count_nonzero(np.isfinite(values))))
    if size == 0:
        return np.zeros(0, dtype=np.int64)
    limit = np.partition(values, size - 1)[size - 1]
    candidates = np.flatnonzero(values <= limit)
    found: NDArray[np.int64] = candidates[np.argsort(values[candidates], kind="stable")[:size]]
    return found
