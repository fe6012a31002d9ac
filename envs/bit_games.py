"""N-parity and delayed match-to-sample: a row of bits, and one question about it at the end.

The tasks of Khajehabdollahi et al. (2024), "Emergent mechanisms for long timescales depend on training curriculum and
affect performance in memory tasks" (paper #42 of docs/supported_papers.md), as games for reinforcement learning.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ..errors import unknown_name
from ..spaces import TaskSpace
from .arguments import number, truth, whole_number
from .array_game import ArrayGame, FloatArray, GameStep, IntArray, blocks

HEADS = ("single", "multi")

_LONGEST = 100_000
_SQUARE = 24
_SHOWN = 32
"""Bits in a picture."""


@dataclass(frozen=True)
class BitConfig:
    """The arguments of the two environments, checked.

    Attributes:
        n_min: The least N.
        n_max: The greatest N.
        heads: ``"single"``: one answer, about the task's N. ``"multi"``: one answer for each N there is.
        counted: With several heads: how many count, the task's N and those below it; None for all of them.
        lengths: Least and greatest number of bits of an episode; None draws from N + 2 to 4 N + 1, as in the paper.
        u: The chance of a 1, or ``"uniform"``, drawn from [0, 1] for each episode.
        show_n: Whether the student sees which N is asked for.

    Raises:
        TypeError: An argument of another type.
        ValueError: An argument out of range.

    Example:
        >>> BitConfig(n_max=4).ns.tolist(), BitConfig(n_max=4).longest
        ([2, 3, 4], 17)
    """

    n_min: int = 2
    n_max: int = 8
    heads: Literal["single", "multi"] = "single"
    counted: int | None = None
    lengths: tuple[int, int] | None = None
    u: float | Literal["uniform"] = 0.5
    show_n: bool = True

    def __post_init__(self) -> None:
        whole_number("n_min", self.n_min, 1)
        whole_number("n_max", self.n_max, self.n_min, _LONGEST // 8)
        if self.heads not in HEADS:
            raise ValueError(unknown_name("heads", self.heads, HEADS))
        if self.counted is not None:
            whole_number("counted", self.counted, 1)
            if self.heads == "single":
                raise ValueError(f"counted={self.counted} says which heads count, but there is one: use heads='multi'.")
        truth("show_n", self.show_n)
        if self.u != "uniform":
            if isinstance(self.u, str):
                raise ValueError(f"u must be a number between 0 and 1 or 'uniform', got {self.u!r}.")
            number("u", self.u, 0.0, 1.0)
        if self.lengths is not None:
            if not isinstance(self.lengths, (tuple, list)) or len(self.lengths) != 2:
                raise TypeError(f"lengths must be a pair (least, greatest) or None, got {self.lengths!r}.")
            least, greatest = (whole_number("lengths", each, 1, _LONGEST) for each in self.lengths)
            if least < self.n_max or greatest < least:
                raise ValueError(
                    f"lengths must rise and begin at n_max = {self.n_max} or more, or some questions would be about "
                    f"bits that never were; got {self.lengths!r}."
                )

    @property
    def ns(self) -> IntArray:
        """All N there are, shape ``(K,)``."""
        return np.arange(self.n_min, self.n_max + 1)

    @property
    def longest(self) -> int:
        """The most bits that an episode can have."""
        return 4 * self.n_max + 1 if self.lengths is None else int(self.lengths[1])


class BitGame(ArrayGame):
    """Shows one bit a step and asks one question at the last.

    A subclass answers it.

    Args:
        n: How many copies.
        config: What they are like.

    Attributes:
        config: What they are like.

    Example:
        >>> game = MatchGame(1, BitConfig(n_max=3, lengths=(3, 3)))
        >>> game.begin(np.array([0]), np.array([[2.0]]), np.random.default_rng(0))
        >>> [game.step(np.array([1])).terminated.item() for _ in range(3)]
        [False, False, True]
    """

    def __init__(self, n: int, config: BitConfig) -> None:
        k = len(config.ns)
        multi = config.heads == "multi"
        super().__init__(
            n,
            TaskSpace(n=range(config.n_min, config.n_max + 1)),
            spaces.Box(-1.0, 1.0, (2 + k * config.show_n,), np.float32),
            spaces.MultiDiscrete([2] * k) if multi else spaces.Discrete(2),
        )
        self.config = config
        self._multi = multi
        self._ns = config.ns
        self._copies = np.arange(n)
        self._bits = np.zeros((n, config.longest), dtype=np.int8)
        self._lengths, self._at = np.ones(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self._head = np.zeros(n, dtype=np.int64)  # of the task's N
        self._answers = np.zeros((n, k), dtype=np.int64)
        self._counts = np.zeros((n, k), dtype=np.bool_)  # the heads that count

    @abstractmethod
    def answers(self, recent: NDArray[np.int8]) -> IntArray:
        """Return the answers for all N.

        Args:
            recent: The last bits, the very last one first, shape ``(k, n_max)``.

        Returns:
            0 or 1, shape ``(k, K)``.
        """

    def begin(self, which: IntArray, tasks: FloatArray, rng: np.random.Generator) -> None:
        """Draw length and bits of some episodes."""
        k, config = len(which), self.config
        n = tasks[:, 0].astype(np.int64)
        least, greatest = (n + 2, 4 * n + 1) if config.lengths is None else config.lengths
        lengths = rng.integers(least, greatest, size=k, endpoint=True)
        u: Any = rng.random((k, 1)) if config.u == "uniform" else config.u
        bits = (rng.random((k, config.longest)) < u).astype(np.int8)
        recent = np.maximum(lengths[:, None] - 1 - np.arange(config.n_max), 0)
        head = n - config.n_min
        heads = np.arange(len(self._ns))
        least_head = head if not self._multi else head - (config.counted or len(heads)) + 1
        self._bits[which], self._lengths[which], self._at[which], self._head[which] = bits, lengths, 0, head
        self._answers[which] = self.answers(np.take_along_axis(bits, recent, axis=1))
        self._counts[which] = (heads <= head[:, None]) & (heads >= least_head[:, None])

    def step(self, actions: IntArray) -> GameStep:
        """Go on to the next bit; at the last one the action is the answer."""
        ends = self._at == self._lengths - 1
        given = actions if self._multi else actions[:, None]
        right = (given == self._answers) & self._counts
        newest = right[self._copies, self._head] & ends
        rewards = np.where(ends, right.sum(axis=1) / self._counts.sum(axis=1), 0.0)
        self._at += ~ends
        return GameStep(rewards, ends, np.zeros_like(ends), newest)

    def observe(self, which: IntArray) -> NDArray[np.float32]:
        """Return the bit as −1 or 1, whether it is the last one, and one-hot which N is asked for."""
        at = self._at[which]
        seen = np.zeros((len(which), *self.observation_space.shape), dtype=np.float32)
        seen[:, 0] = 2 * self._bits[which, at] - 1
        seen[:, 1] = at == self._lengths[which] - 1
        if self.config.show_n:
            seen[np.arange(len(which)), 2 + self._head[which]] = 1.0
        return seen

    def picture(self, i: int) -> NDArray[np.uint8]:
        """Draw the bits so far, the latest one on the right, above those that are asked about."""
        at, length, n = int(self._at[i]), int(self._lengths[i]), int(self._ns[self._head[i]])
        colours = np.full((2, _SHOWN, 3), 40, dtype=np.uint8)
        first = max(0, at + 1 - _SHOWN)
        for column, place in enumerate(range(first, at + 1)):
            colours[0, column] = (235, 235, 235) if self._bits[i, place] else (70, 90, 160)
            if place >= length - n:
                colours[1, column] = (220, 120, 30)
        return blocks(colours, _SQUARE)


class ParityGame(BitGame):
    """Asks for the sum of the last N bits modulo 2.

    Example:
        >>> game = ParityGame(1, BitConfig(n_max=4))
        >>> game.answers(np.array([[1, 1, 0, 1]], np.int8)).tolist()
        [[0, 0, 1]]
    """

    def answers(self, recent: NDArray[np.int8]) -> IntArray:
        """Return whether the sum of the last N bits is odd."""
        sums = np.cumsum(recent, axis=1, dtype=np.int64)
        return sums[:, self._ns - 1] % 2


class MatchGame(BitGame):
    """Asks whether the N-th bit from the end equals the last one.

    Example:
        >>> game = MatchGame(1, BitConfig(n_max=4))
        >>> game.answers(np.array([[1, 1, 0, 1]], np.int8)).tolist()
        [[1, 0, 1]]
    """

    def answers(self, recent: NDArray[np.int8]) -> IntArray:
        """Return whether the bit N − 1 steps before the last one equals it."""
        return (recent[:, self._ns - 1] == recent[:, :1]).astype(np.int64)


def shortcut_accuracy(n: int, u: float | Literal["uniform"] = 0.5) -> float:
    """Return how often one guesses the parity of N bits right who knows u and no bit.

    The sum of N bits is even with probability (1 + (1 − 2 u)ᴺ) / 2. With u = ½ that is a half whatever N; with u drawn
    uniformly, known (a long episode gives it away) and the likelier answer given, ½ + 1 / (2 (N + 1)).

    Args:
        n: N, at least 1.
        u: The chance of a 1, or ``"uniform"``.

    Raises:
        TypeError: No number.
        ValueError: Out of range.

    Example:
        >>> shortcut_accuracy(2), round(shortcut_accuracy(2, "uniform"), 3)
        (0.5, 0.667)
    """
    whole_number("n", n, 1)
    if u == "uniform":
        return 0.5 + 1.0 / (2.0 * (n + 1))
    return 0.5 + 0.5 * abs(1.0 - 2.0 * number("u", u, 0.0, 1.0)) ** n
