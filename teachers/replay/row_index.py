"""Which of some levels a row is."""

from __future__ import annotations

import functools
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@functools.cache
def _kernels() -> ModuleType:
    """The compiled loops; importing them loads numba."""
    from ..kernels import rows_numba

    return rows_numba


class RowIndex:
    """Finds rows among the distinct ones of some.

    Args:
        rows: Shape ``(n, d)``; of equal rows the first is kept.

    Attributes:
        rows: The distinct rows in their order, shape ``(m, d)``.

    Example:
        >>> index = RowIndex(np.array([[0.0, 1.0], [2.0, 3.0], [0.0, 1.0]]))
        >>> len(index.rows), index.find(np.array([[2.0, 3.0], [2.0, 4.0]])).tolist()
        (2, [1, -1])
    """

    def __init__(self, rows: FloatArray) -> None:
        rows = np.ascontiguousarray(rows + 0.0)  # a zero has no sign, for rows are compared bit by bit
        first = np.empty(len(rows), dtype=np.int64)
        count = _kernels().distinct(rows.view(np.uint64), first) if len(rows) else 0
        self.rows: FloatArray = rows[first[:count]]
        self._bits = self.rows.view(np.uint64)
        self._hashes = np.zeros(count, dtype=np.uint64)
        self._heads = np.full(1 << max(1, (2 * count).bit_length()), -1, dtype=np.int64)
        self._links = np.full(count, -1, dtype=np.int64)
        _kernels().link_rows(0, count, self._bits, self._hashes, self._heads, self._links)

    def find(self, rows: FloatArray) -> IntArray:
        """Return the position of each row among the distinct ones, or −1, shape ``(n,)``."""
        bits = np.ascontiguousarray(rows + 0.0).view(np.uint64)
        found = np.empty(len(rows), dtype=np.int64)
        _kernels().find_all(bits, self._bits, self._hashes, self._heads, self._links, found)
        return found
