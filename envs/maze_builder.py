"""Building mazes step by step, all levels of a batch at once: what a teacher such as PAIRED acts in.

Dennis et al. (2020), PAIRED, in the form of facebookresearch/dcd ("goal last"): a level begins empty; each step chooses
a cell, first for the walls, then for the goal, then for the start.
"""

from __future__ import annotations

import functools
from types import ModuleType

import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike, NDArray

from .arguments import whole_number
from .maze_space import MazeSpace

FloatArray = NDArray[np.float64]

_WALLS_SHARE = 0.3
"""Of the cells, by default: 50 of 169."""


@functools.cache
def _kernel() -> ModuleType:
    """The compiled loop; importing it loads numba."""
    from . import maze_builder_kernel

    return maze_builder_kernel


class MazeBuilder:
    """Builds n mazes in parallel: ``n_walls`` walls, then the goal, then the start, one cell a step.

    A wall on a wall has no effect, so that a level has ``n_walls`` walls or less. The goal and the start remove a wall
    they fall on; a start on the goal goes to a random free cell. The direction of the start is drawn uniformly.

    Args:
        n: How many levels.
        space: The maze.
        n_walls: How many steps put walls; by default the most that ``space`` draws, but not more than 30 % of the
            cells (50 in a maze of 13 × 13).
        n_noise: Numbers that are drawn for each level and shown at every step, so that one policy can build many
            levels.

    Attributes:
        observation_space: A Dict of ``"grid"``, walls and goal so far as two planes of 0 and 1, shape
            ``(2, height, width)``; ``"step"``, the share of the steps taken and whether the goal and the start are
            next, shape ``(3,)``; and ``"noise"``, uniform in [0, 1], shape ``(n_noise,)``.
        action_space: A Discrete of the cells.
        horizon: Steps until the levels are complete, ``n_walls + 2``.

    Raises:
        TypeError: A number that is no whole number.
        ValueError: Less than one level, or a negative number of walls or of noise.

    Example:
        >>> builder = MazeBuilder(2, MazeSpace(1, 5), n_walls=1)
        >>> observations = builder.reset(np.random.default_rng(0))
        >>> for cells in ([1, 2], [4, 0], [0, 0]):  # the second start falls on the goal
        ...     observations = builder.step(np.array(cells))
        >>> builder.tasks()[:, :-1].tolist()
        [[0.0, 1.0, 0.0, 0.0, 0.0, 4.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 3.0]]
    """

    def __init__(self, n: int, space: MazeSpace, *, n_walls: int | None = None, n_noise: int = 16) -> None:
        if n_walls is None:
            n_walls = min(space.walls[1], int(_WALLS_SHARE * space.n_cells))
        self.n, self.space = whole_number("n", n, 1), space
        self.n_walls, self.n_noise = whole_number("n_walls", n_walls, 0), whole_number("n_noise", n_noise, 0)
        self.horizon = self.n_walls + 2
        self.observation_space = spaces.Dict(
            {
                "grid": spaces.Box(0, 1, (2, space.height, space.width), np.uint8),
                "step": spaces.Box(0.0, 1.0, (3,), np.float32),
                "noise": spaces.Box(0.0, 1.0, (self.n_noise,), np.float32),
            }
        )
        self.action_space = spaces.Discrete(space.n_cells)
        self._steps = -1  # since the reset; there was none yet
        self._grid = np.zeros((self.n, 2, space.n_cells), dtype=np.uint8)
        self._goal = np.zeros(self.n, dtype=np.int64)
        self._start = np.zeros(self.n, dtype=np.int64)

    def reset(self, rng: np.random.Generator) -> dict[str, NDArray[np.generic]]:
        """Begin with empty mazes.

        Args:
            rng: The caller's generator; all that is random about the levels is drawn here.

        Returns:
            The first observations, stacked along the first axis.
        """
        self._steps = 0
        self._grid[:] = 0
        self._noise = rng.random((self.n, self.n_noise), dtype=np.float32)
        self._lots = rng.random(self.n)
        self._directions = rng.integers(0, 4, self.n)
        return self._observations()

    def step(self, actions: ArrayLike) -> dict[str, NDArray[np.generic]]:
        """Put the next wall, the goal or the start into every level.

        Args:
            actions: One cell for each level, shape ``(n,)``.

        Returns:
            The observations afterwards.

        Raises:
            ValueError: No such cells, or levels that are complete.
        """
        cells = np.asarray(actions)
        if not 0 <= self._steps < self.horizon:
            raise ValueError("Call reset() first: there are no levels being built.")
        if cells.shape != (self.n,) or cells.dtype.kind not in "iu":
            raise ValueError(f"Expected a cell for each of {self.n} levels, got {cells!r}.")
        if cells.min() < 0 or cells.max() >= self.space.n_cells:
            raise ValueError(f"Expected cells from 0 to {self.space.n_cells - 1}, got {cells.tolist()}.")
        what = max(0, self._steps - self.n_walls + 1)
        _kernel().edit(cells.astype(np.int64), what, self._lots, self._grid, self._goal, self._start)
        self._steps += 1
        return self._observations()

    def tasks(self) -> FloatArray:
        """Return the levels, shape ``(n, d)``.

        Raises:
            ValueError: They are not complete.
        """
        if self._steps != self.horizon:
            raise ValueError(f"The levels are complete after {self.horizon} steps, not after {max(0, self._steps)}.")
        rows = np.empty((self.n, self.space.n_dims))
        rows[:, :-3] = self._grid[:, 0]
        rows[:, -3], rows[:, -2], rows[:, -1] = self._goal, self._start, self._directions
        return rows

    def _observations(self) -> dict[str, NDArray[np.generic]]:
        left = self.horizon - self._steps
        step = np.array([self._steps / self.horizon, left == 2, left == 1], dtype=np.float32)
        return {
            "grid": self._grid.reshape(self.n, 2, self.space.height, self.space.width).copy(),
            "step": np.tile(step, (self.n, 1)),
            "noise": self._noise,
        }
