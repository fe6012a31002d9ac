"""Locks in a row, of which only the last pays: the chain of atomic tasks of h1 as a game of a few numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ..spaces import TaskSpace
from .arguments import truth, whole_number
from .array_game import ArrayGame, FloatArray, GameStep, IntArray, blocks

_MOST = 1_000
_SQUARE = 40
_OPEN, _SHUT, _LATER, _BEYOND = (60, 150, 80), (220, 120, 30), (110, 110, 120), (30, 30, 34)


@dataclass(frozen=True)
class ChainConfig:
    """The arguments of the chain, checked.

    Attributes:
        most_links: The most links of a chain.
        n_signs: Signs that a lock can show.
        n_keys: Keys there are; each sign of a lock asks for one of them.
        distinct: Whether each link has a table of its own of which key opens which sign; else all have the same, and
            the student does not see which link it is at.
        tables: Seed of these tables, which are the same for all episodes.

    Raises:
        TypeError: An argument of another type.
        ValueError: An argument out of range.

    Example:
        >>> ChainConfig(most_links=3).keys().shape
        (3, 4)
    """

    most_links: int = 8
    n_signs: int = 4
    n_keys: int = 8
    distinct: bool = True
    tables: int = 0

    def __post_init__(self) -> None:
        for name, least in (("most_links", 1), ("n_signs", 1), ("n_keys", 2)):
            whole_number(name, getattr(self, name), least, _MOST)
        whole_number("tables", self.tables, 0)
        truth("distinct", self.distinct)

    def keys(self) -> IntArray:
        """Return which key each sign asks for at each link, shape ``(most_links, n_signs)``."""
        rng = np.random.default_rng([self.tables, 0x10C4])
        rows = self.most_links if self.distinct else 1
        table = rng.integers(self.n_keys, size=(rows, self.n_signs))
        return np.broadcast_to(table, (self.most_links, self.n_signs)).copy()


class ChainGame(ArrayGame):
    """Each step is a link: the right key leads to the next, a wrong one ends the episode.

    Args:
        n: How many copies.
        config: What they are like.

    Attributes:
        config: What they are like.
        keys: Which key each sign asks for at each link, shape ``(most_links, n_signs)``.

    Example:
        >>> game = ChainGame(1, ChainConfig(most_links=2, n_signs=1))
        >>> game.begin(np.array([0]), np.array([[2.0]]), np.random.default_rng(0))
        >>> [game.step(game.keys[link]).rewards.item() for link in range(2)]
        [0.0, 1.0]
    """

    def __init__(self, n: int, config: ChainConfig) -> None:
        width = config.n_signs * (config.most_links if config.distinct else 1)
        super().__init__(
            n,
            TaskSpace(links=range(1, config.most_links + 1)),
            spaces.Box(0.0, 1.0, (width,), np.float32),
            spaces.Discrete(config.n_keys),
        )
        self.config = config
        self.keys = config.keys()
        self._links, self._link = np.ones(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self._signs = np.zeros((n, config.most_links), dtype=np.int64)
        self._opened = np.zeros(n, dtype=np.int64)
        self._copies = np.arange(n)

    def begin(self, which: IntArray, tasks: FloatArray, rng: np.random.Generator) -> None:
        """Draw the signs of some chains."""
        self._links[which] = tasks[:, 0].astype(np.int64)
        self._link[which] = self._opened[which] = 0
        self._signs[which] = rng.integers(self.config.n_signs, size=(len(which), self.config.most_links))

    def step(self, actions: IntArray) -> GameStep:
        """Try a key."""
        right = actions == self.keys[self._link, self._signs[self._copies, self._link]]
        self._opened += right
        solved = right & (self._opened == self._links)
        ends = solved | ~right
        self._link += ~ends
        return GameStep(solved.astype(np.float64), ends, np.zeros_like(ends), solved)

    def observe(self, which: IntArray) -> NDArray[np.float32]:
        """Return, one-hot, the sign of the lock; where each link has a table of its own, the link and its sign."""
        seen = np.zeros((len(which), *self.observation_space.shape), dtype=np.float32)
        link = self._link[which]
        first = self.config.n_signs * link if self.config.distinct else 0
        seen[np.arange(len(which)), first + self._signs[which, link]] = 1.0
        return seen

    def describe(self, i: int) -> dict[str, int]:
        """Return how many locks were opened."""
        return {"links_solved": int(self._opened[i])}

    def picture(self, i: int) -> NDArray[np.uint8]:
        """Draw the chain: opened locks, the one that is next, those to come, and what the episode has not."""
        colours = np.full((2, self.config.most_links, 3), _BEYOND, dtype=np.uint8)
        colours[0, : self._links[i]] = _LATER
        colours[0, self._link[i]] = _SHUT
        colours[0, : self._opened[i]] = _OPEN
        shade = 60 + 180 * self._signs[i, self._link[i]] // max(1, self.config.n_signs - 1)
        colours[1, self._link[i]] = shade
        return blocks(colours, _SQUARE)
