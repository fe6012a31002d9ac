"""Tasks as sequences of tokens: the form in which a recurrent autoencoder reads and writes them.

An environment offers its codec as the attribute ``task_codec``; `BinCodec` is one for any task space.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..spaces import TaskSpace

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@runtime_checkable
class TaskCodec(Protocol):
    """What turns tasks into sequences of tokens and back.

    A batch of sequences is an array of shape ``(n, sequence_length)``: tokens 1 to ``vocabulary_size``, filled up with
    zeros at the ends of shorter ones.

    Attributes:
        name: What it encodes, e.g. ``"maze-13x13-50"``.
        vocabulary_size: How many tokens there are.
        sequence_length: Tokens of the longest sequence.
        tail: How many tokens at the end of a sequence have a meaning by their place; those before them are a set, which
            is written in ascending order.
    """

    name: str
    vocabulary_size: int
    sequence_length: int
    tail: int

    @property
    def fingerprint(self) -> str:
        """A short text that is the same for codecs with the same tokens and the same meaning of them."""
        ...

    def encode(self, tasks: ArrayLike) -> IntArray:
        """Write tasks of shape ``(n, d)`` as sequences."""
        ...

    def decode(self, tokens: ArrayLike, rng: np.random.Generator) -> FloatArray:
        """Read tasks of shape ``(n, d)`` from any sequences; what these leave open, or get wrong, is drawn."""
        ...

    def sample_sequences(self, n: int, rng: np.random.Generator, *, sort: bool = True) -> IntArray:
        """Draw the sequences of ``n`` random tasks, unsorted on request where the order does not matter."""
        ...


def fingerprint_of(**meaning: Any) -> str:
    """Return a short text for plain data, the same on every machine.

    Example:
        >>> fingerprint_of(name="maze", cells=169) == fingerprint_of(cells=169, name="maze")
        True
    """
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode("utf-8")).hexdigest()[:12]


class BinCodec:
    """Writes the tasks of any space as one token for each dimension: which bin its value is in.

    Integers and categories with at most ``bins`` values have a bin each; of more values, several share one. The
    sequence has one token for each dimension, in their order; a bin is read back as a value drawn uniformly from it.

    Args:
        space: The tasks.
        bins: Bins of a continuous dimension.

    Raises:
        ValueError: Less than one bin.

    Example:
        >>> codec = BinCodec(TaskSpace(x=(0.0, 1.0), rooms=range(2, 5)), bins=10)
        >>> codec.encode([[0.25, 4.0]]).tolist()
        [[3, 13]]
        >>> task = codec.decode([[3, 13]], np.random.default_rng(0))[0]
        >>> bool(0.2 <= task[0] <= 0.3), float(task[1])
        (True, 4.0)
    """

    def __init__(self, space: TaskSpace, bins: int = 32) -> None:
        if bins < 1:
            raise ValueError(f"Expected bins of at least 1, got {bins}.")
        self.space = space
        counts = []
        for dim in space:
            values = bins if dim.kind == "continuous" else int(dim.high - dim.low) + 1
            counts.append(1 if dim.low == dim.high else min(values, bins))
        self._counts = np.array(counts, dtype=np.int64)
        self._first = np.concatenate([[0], np.cumsum(self._counts)[:-1]]) + 1
        shared = space.discrete & (space.high - space.low + 1.0 > self._counts)
        self._shared = {d: self._first_values(d) for d in np.flatnonzero(shared).tolist()}
        self.vocabulary_size = int(self._counts.sum())
        self.sequence_length = space.n_dims
        self.tail = 0
        self.name = f"bins-{space.n_dims}d-{self.vocabulary_size}"

    @property
    def fingerprint(self) -> str:
        """A text that tells spaces and bins apart."""
        return fingerprint_of(codec="bins", space=self.space.to_json(), counts=self._counts.tolist())

    def encode(self, tasks: ArrayLike) -> IntArray:
        """Write tasks as sequences.

        Args:
            tasks: Shape ``(n, d)``.

        Raises:
            ValueError: A task outside the space.
        """
        return self._bins(np.atleast_2d(self.space.validate(tasks))) + self._first

    def decode(self, tokens: ArrayLike, rng: np.random.Generator) -> FloatArray:
        """Read tasks from any sequences: the last token of a dimension counts; one without any is drawn.

        Args:
            tokens: Shape ``(n, L)``, 0 to ``vocabulary_size``.
            rng: The caller's generator.

        Raises:
            ValueError: A token that does not exist.
        """
        given = np.atleast_2d(np.asarray(tokens))
        if given.dtype.kind not in "iu" or (given.size and not 0 <= given.min() <= given.max() <= self.vocabulary_size):
            raise ValueError(f"Expected tokens as whole numbers from 0 to {self.vocabulary_size}, got {tokens!r}.")
        n = len(given)
        chosen = rng.integers(0, self._counts, (n, len(self._counts)))
        dims = np.searchsorted(self._first, given, side="right") - 1
        for column in range(given.shape[1]):
            rows = np.flatnonzero(given[:, column])
            which = dims[rows, column]
            chosen[rows, which] = given[rows, column] - self._first[which]
        where = rng.random(chosen.shape)
        unit = (chosen + where) / self._counts
        for d, firsts in self._shared.items():
            first, after = firsts[chosen[:, d]], firsts[chosen[:, d] + 1]
            value = np.minimum(first + np.floor(where[:, d] * (after - first)), after - 1.0)
            unit[:, d] = (value - firsts[0] + 0.5) / (firsts[-1] - firsts[0])
        return self.space.from_unit(unit)

    def _bins(self, rows: FloatArray) -> IntArray:
        unit = self.space.to_unit(rows)
        return np.minimum((unit * self._counts).astype(np.int64), self._counts - 1)

    def _first_values(self, d: int) -> FloatArray:
        """Return the least value in each bin of a dimension, and one more than the greatest of all."""
        low, high, bins = self.space.low[d], self.space.high[d], np.arange(self._counts[d])
        first = low + np.ceil(bins * ((high - low + 1.0) / len(bins)) - 0.5)
        near = np.clip(first[:, None] + np.arange(-1.0, 2.0), low, high)  # a value on an edge may be rounded off it
        rows = np.tile(self.space.low, (near.size, 1))
        rows[:, d] = near.ravel()
        reached = self._bins(rows)[:, d].reshape(near.shape) >= bins[:, None]
        return np.append(near[np.arange(len(bins)), reached.argmax(axis=1)], high + 1.0)

    def sample_sequences(self, n: int, rng: np.random.Generator, *, sort: bool = True) -> IntArray:
        """Draw the sequences of uniform tasks; unsorted, the dimensions come in random order.

        Args:
            n: How many.
            rng: The caller's generator.
            sort: Whether they come in their own.
        """
        sequences = self.encode(self.space.sample(n, rng)).reshape(n, self.sequence_length)
        return sequences if sort else rng.permuted(sequences, axis=1)
