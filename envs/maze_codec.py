"""Mazes as sequences of tokens, and random ones at full speed.

The encoding is that of CLUTR, see `tutelage.envs.maze_tokens`. Importing this module imports numba.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arguments import whole_number
from .maze_space import MazeSpace
from .maze_tokens import level_from_tokens, level_to_tokens
from .task_codec import fingerprint_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class MazeCodec:
    """Writes levels of a maze as sequences: the walls in ascending order, the goal, the start.

    Token t ≥ 1 is cell t − 1. The direction is not part of a sequence: it is drawn when one is read.

    Args:
        space: The maze.
        max_walls: Walls of the longest sequences; less in mazes that have not as many cells.

    Raises:
        TypeError: A number of walls that is no whole number.
        ValueError: A negative one.

    Example:
        >>> codec = MazeCodec(MazeSpace(13, 13))
        >>> codec.name, codec.vocabulary_size, codec.sequence_length
        ('maze-13x13-50', 169, 52)
        >>> level = codec.decode([[12, 40]], np.random.default_rng(0))[0]
        >>> level[:-3].sum(), level[-3:-1].tolist()
        (np.float64(0.0), [11.0, 39.0])
    """

    def __init__(self, space: MazeSpace, max_walls: int = 50) -> None:
        self.space = space
        self.max_walls = min(whole_number("max_walls", max_walls, 0), space.n_cells - 2)
        self.vocabulary_size = space.n_cells
        self.sequence_length = self.max_walls + 2
        self.tail = 2
        self.name = f"maze-{space.height}x{space.width}-{self.max_walls}"

    @property
    def fingerprint(self) -> str:
        """A text that tells sizes of mazes and lengths of sequences apart."""
        return fingerprint_of(codec="maze", height=self.space.height, width=self.space.width, walls=self.max_walls)

    def encode(self, tasks: ArrayLike) -> IntArray:
        """Write levels as sequences of shape ``(n, sequence_length)``.

        Args:
            tasks: Shape ``(n, d)``.

        Raises:
            ValueError: No level of this maze, or one with more than ``max_walls`` walls.
        """
        tokens = level_to_tokens(np.atleast_2d(np.asarray(tasks, dtype=np.float64)), self.space)
        if tokens.shape[1] > self.sequence_length:
            raise ValueError(
                f"A level has {tokens.shape[1] - 2} walls, sequences of {self.name} hold {self.max_walls}: "
                f"MazeCodec(space, max_walls={tokens.shape[1] - 2}) has longer ones."
            )
        return np.pad(tokens, ((0, 0), (0, self.sequence_length - tokens.shape[1])))

    def decode(self, tokens: ArrayLike, rng: np.random.Generator) -> FloatArray:
        """Read levels from any sequences, see `tutelage.envs.level_from_tokens`; every one has a goal and a start.

        Args:
            tokens: Shape ``(n, L)``, 0 to ``vocabulary_size``; zeros are skipped.
            rng: Draws the directions, and the goals and starts that are missing.

        Raises:
            ValueError: A token that does not exist.
        """
        rows = np.atleast_2d(np.asarray(tokens))
        return level_from_tokens(rows, self.space, rng).reshape(len(rows), self.space.n_dims)

    def sample_sequences(self, n: int, rng: np.random.Generator, *, sort: bool = True) -> IntArray:
        """Draw random sequences: uniform lengths, as many different cells, the last two being goal and start.

        Args:
            n: How many.
            rng: The caller's generator.
            sort: Whether the walls are in ascending order.
        """
        sequences = np.zeros((n, self.sequence_length), dtype=np.int64)
        seed = rng.integers(0, 2**64, dtype=np.uint64)
        _draw_sequences(seed, self.vocabulary_size, sort, sequences)
        return sequences


@numba.njit(cache=True, nogil=True)
def _mix(z: np.uint64) -> np.uint64:
    """SplitMix64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@numba.njit(cache=True, nogil=True)
def _draw_sequences(seed: np.uint64, n_cells: int, sort: bool, out: NDArray[np.int64]) -> None:
    """Fill rows with distinct cells + 1; the walls, all but the last two, sorted by a scan over a bitmap."""
    golden = np.uint64(0x9E3779B97F4A7C15)
    cells = np.arange(n_cells)
    wall = np.zeros(n_cells, dtype=np.bool_)
    longest = out.shape[1]
    state = seed
    for i in range(len(out)):
        state += golden
        length = 2 + np.int64(((_mix(state) >> np.uint64(32)) * np.uint64(longest - 1)) >> np.uint64(32))
        for k in range(length):  # Fisher-Yates; the order left by the row before does not matter
            state += golden
            rest = np.uint64(n_cells - k)
            j = k + np.int64(((_mix(state) >> np.uint64(32)) * rest) >> np.uint64(32))
            cells[k], cells[j] = cells[j], cells[k]
        n_walls = length - 2
        if sort:
            for k in range(n_walls):
                wall[cells[k]] = True
            k = 0
            for cell in range(n_cells):
                if wall[cell]:
                    out[i, k] = cell + 1
                    wall[cell] = False
                    k += 1
        else:
            for k in range(n_walls):
                out[i, k] = cells[k] + 1
        out[i, n_walls] = cells[n_walls] + 1
        out[i, n_walls + 1] = cells[n_walls + 1] + 1
