"""A corpus of random tasks as sequences of tokens, all different, drawn as it is read.

Importing this module imports numba.
"""

from __future__ import annotations

from collections.abc import Iterator

import numba
import numpy as np
from numpy.typing import NDArray

from .task_codec import TaskCodec

IntArray = NDArray[np.int64]

_CHUNK = 32_768
"""Sequences drawn at a time."""


class TaskCorpus:
    """Different sequences of random tasks, the same for the same seed, of which none is kept in memory.

    Which have been there already is known by numbers of 64 bits: among 10 million sequences, one is left out wrongly
    with a chance of 3 in a million. They take 8 to 16 bytes for each sequence.

    Args:
        codec: Draws the sequences.
        size: How many there are; less where a codec has not as many.
        seed: Of the corpus.
        sort: Whether tokens whose order does not matter are sorted.

    Raises:
        ValueError: A size below 1.

    Example:
        >>> from tutelage.envs import MazeSpace
        >>> from tutelage.envs.maze_codec import MazeCodec
        >>> corpus = TaskCorpus(MazeCodec(MazeSpace(5, 5)), 1000, seed=0)
        >>> [len(batch) for batch in corpus.batches(400)]
        [400, 400, 200]
        >>> len(set(map(bytes, np.concatenate(list(corpus.batches(400))))))
        1000
    """

    def __init__(self, codec: TaskCodec, size: int, seed: int, *, sort: bool = True) -> None:
        if size < 1:
            raise ValueError(f"Expected a corpus of at least 1 sequence, got {size}.")
        self.codec, self.size, self.seed, self.sort = codec, int(size), int(seed), bool(sort)

    def batches(self, n: int) -> Iterator[IntArray]:
        """Draw the corpus from its beginning.

        Args:
            n: Sequences of a batch; the last one may have less.

        Yields:
            Sequences of shape ``(n, sequence_length)``.
        """
        if n < 1:
            raise ValueError(f"Expected batches of at least 1 sequence, got {n}.")
        waiting = np.empty((0, self.codec.sequence_length), dtype=np.int64)
        for chunk in self._chunks():
            waiting = np.concatenate([waiting, chunk])
            whole = len(waiting) - len(waiting) % n
            yield from np.split(waiting[:whole], whole // n) if whole else ()
            waiting = waiting[whole:]
        if len(waiting):
            yield waiting

    def _chunks(self) -> Iterator[IntArray]:
        """Different sequences, until there are enough or none of a chunk is new."""
        rng = np.random.default_rng(self.seed)
        seen = np.zeros(1 << (3 * self.size // 2).bit_length(), dtype=np.uint64)
        left = self.size
        while left:
            drawn = self.codec.sample_sequences(_CHUNK, rng, sort=self.sort)
            new = np.zeros(len(drawn), dtype=np.bool_)
            count = _mark_new(drawn, seen, left, new)
            if not count:
                return
            left -= count
            yield drawn[new]


@numba.njit(cache=True, nogil=True)
def _mark_new(rows: NDArray[np.int64], seen: NDArray[np.uint64], most: int, new: NDArray[np.bool_]) -> int:
    """Enter rows into a hash table with open addressing, and mark those that were not in it, at most so many."""
    mask = np.uint64(len(seen) - 1)
    count = 0
    for i in range(len(rows)):
        if count == most:
            break
        z = np.uint64(0)
        for k in range(rows.shape[1]):
            z = (z + np.uint64(rows[i, k]) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
            z ^= z >> np.uint64(29)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
        if z == np.uint64(0):  # stands for an empty place
            z = np.uint64(1)
        place = z & mask
        while seen[place] != np.uint64(0) and seen[place] != z:
            place = (place + np.uint64(1)) & mask
        if seen[place] == np.uint64(0):
            seen[place] = z
            new[i] = True
            count += 1
    return count
