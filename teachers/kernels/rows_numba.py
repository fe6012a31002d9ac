"""Compiled loops of `LevelBuffer` and `RowIndex`: finding a row among others by a hash of its bits.

Rows are found through a table of linked lists: ``heads`` has the first slot of each list, ``links`` the next one of
each slot, −1 at the end. The number of lists is a power of two.

Importing this module imports numba; the loops are compiled at their first call and kept in numba's cache on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bits = NDArray[np.uint64]
F = TypeVar("F", bound=Callable[..., object])

_GOLDEN, _MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def njit(function: F) -> F:
    """`numba.njit` with a cache on disk, typed so that the function keeps its signature."""
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


@njit
def _stir(h: Any, x: Any) -> Any:
    h = (h ^ x) * _MIX_1
    return h ^ (h >> np.uint64(32))  # whole numbers as floats differ in their highest bits, which multiplying loses


@njit
def hash_row(row: Bits) -> Any:
    """A number of 64 bits that depends on every bit of a row."""
    a, b, c, d = _GOLDEN, _MIX_1, _MIX_2, _GOLDEN + _MIX_1  # four chains, for each waits for its multiplications
    n = len(row) - len(row) % 4
    for i in range(0, n, 4):
        a, b = _stir(a, row[i]), _stir(b, row[i + 1])
        c, d = _stir(c, row[i + 2]), _stir(d, row[i + 3])
    for i in range(n, len(row)):
        a = _stir(a, row[i])
    return _stir(_stir(_stir(a, b), c), d)


@njit
def _same(a: Bits, b: Bits) -> bool:
    for i in range(len(a)):  # noqa: SIM110 - all() of a generator is not compiled
        if a[i] != b[i]:
            return False
    return True


@njit
def table_size(n: int) -> int:
    """The power of two for a table of n entries."""
    size = 2
    while size < 2 * n:
        size *= 2
    return size


@njit
def find(row: Bits, key: Any, tasks: Bits, hashes: Bits, heads: Ints, links: Ints) -> int:
    """The slot of a row whose hash is ``key``, or −1."""
    slot: int = heads[key & np.uint64(len(heads) - 1)]
    while slot >= 0 and not (hashes[slot] == key and _same(tasks[slot], row)):
        slot = links[slot]
    return slot


@njit
def find_all(rows: Bits, tasks: Bits, hashes: Bits, heads: Ints, links: Ints, slots: Ints) -> None:
    """Write the slot of each row, or −1, into ``slots``."""
    for i in range(len(rows)):
        slots[i] = find(rows[i], hash_row(rows[i]), tasks, hashes, heads, links)


@njit
def link(slot: int, key: Any, hashes: Bits, heads: Ints, links: Ints) -> None:
    """Enter a slot into the table under its hash."""
    at = key & np.uint64(len(heads) - 1)
    hashes[slot] = key
    links[slot] = heads[at]
    heads[at] = slot


@njit
def unlink(slot: int, hashes: Bits, heads: Ints, links: Ints) -> None:
    """Take a slot out of the table."""
    at = hashes[slot] & np.uint64(len(heads) - 1)
    if heads[at] == slot:
        heads[at] = links[slot]
        return
    before = heads[at]
    while links[before] != slot:
        before = links[before]
    links[before] = links[slot]


@njit
def link_rows(begin: int, end: int, tasks: Bits, hashes: Bits, heads: Ints, links: Ints) -> None:
    """Enter the slots ``begin`` … ``end − 1``, whose rows are in ``tasks``."""
    for slot in range(begin, end):
        link(slot, hash_row(tasks[slot]), hashes, heads, links)


@njit
def distinct(rows: Bits, first: Ints) -> int:
    """Write the positions of the rows that are equal to no earlier one into ``first``; returns their number."""
    heads = np.full(table_size(len(rows)), -1, np.int64)
    links, hashes = np.empty(len(rows), np.int64), np.empty(len(rows), np.uint64)
    count = 0
    for i in range(len(rows)):
        key = hash_row(rows[i])
        if find(rows[i], key, rows, hashes, heads, links) < 0:
            link(i, key, hashes, heads, links)
            first[count] = i
            count += 1
    return count
