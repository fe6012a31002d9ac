"""Many copies of a small game at once, as arrays: the rules, without Gymnasium and without Stable-Baselines3.

`GameEnv` makes a Gymnasium environment of one copy and `GameVecEnv` a vector environment of many, so that both play by
the same lines of code.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ..spaces import TaskSpace

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class GameStep(NamedTuple):
    """What a step did in each copy."""

    rewards: FloatArray
    """Shape ``(n,)``."""
    terminated: BoolArray
    """Shape ``(n,)``."""
    truncated: BoolArray
    """Shape ``(n,)``; never where terminated."""
    success: BoolArray
    """Whether the episode has been a success so far, shape ``(n,)``."""


class ArrayGame(ABC):
    """The rules of a game, for n copies that are played at once.

    Args:
        n: How many copies.
        task_space: The tasks.
        observation_space: What a student sees, a Box.
        action_space: What it can do, a Discrete or a MultiDiscrete.

    Attributes:
        n: How many copies.
        task_space: The tasks.
        observation_space: What a student sees.
        action_space: What it can do.

    Example:
        >>> from tutelage.envs.bit_games import BitConfig, ParityGame
        >>> game = ParityGame(2, BitConfig(n_max=3))
        >>> game.begin(np.array([0, 1]), np.array([[2.0], [3.0]]), np.random.default_rng(0))
        >>> game.observe(np.array([0, 1])).shape, game.step(np.array([0, 1])).terminated.tolist()
        ((2, 4), [False, False])
    """

    logged_info: ClassVar[tuple[str, ...]] = ()
    """Numbers in the info dict of an episode's last step that are worth a mean in the log of a training run."""

    def __init__(
        self, n: int, task_space: TaskSpace, observation_space: spaces.Box, action_space: spaces.Space[Any]
    ) -> None:
        self.n = n
        self.task_space = task_space
        self.observation_space = observation_space
        self.action_space = action_space

    @abstractmethod
    def begin(self, which: IntArray, tasks: FloatArray, rng: np.random.Generator) -> None:
        """Begin an episode in some of the copies.

        Args:
            which: Their positions, shape ``(k,)``.
            tasks: What they play, valid rows of shape ``(k, d)``.
            rng: Where all chance of these episodes comes from.
        """

    @abstractmethod
    def step(self, actions: IntArray) -> GameStep:
        """Take a step in every copy.

        Args:
            actions: Members of the action space, shape ``(n,)`` or ``(n, heads)``.
        """

    @abstractmethod
    def observe(self, which: IntArray) -> NDArray[np.float32]:
        """Return what the students of some copies see, shape ``(k, …)``; a new array."""

    def describe(self, i: int) -> dict[str, Any]:
        """Return what else there is to be said of the episode of copy i when it has ended."""
        return {}

    @abstractmethod
    def picture(self, i: int) -> NDArray[np.uint8]:
        """Draw copy i, shape ``(height, width, 3)``."""

    def accepts(self, actions: NDArray[Any]) -> BoolArray:
        """Tell for each row of whole numbers whether it is an action, shape ``(k,)``."""
        limits = np.asarray(getattr(self.action_space, "nvec", getattr(self.action_space, "n", 0)))
        inside = (actions >= 0) & (actions < limits)
        return np.asarray(inside if inside.ndim == 1 else inside.all(axis=1))


def blocks(colours: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return a picture of squares with a line between them.

    Args:
        colours: Of the squares, shape ``(rows, columns, 3)``.
        side: Pixels along a square.

    Example:
        >>> blocks(np.zeros((2, 3, 3), np.uint8), 10).shape
        (20, 30, 3)
    """
    picture = np.repeat(np.repeat(colours, side, axis=0), side, axis=1)
    picture[::side] = picture[:, ::side] = 90
    return picture
