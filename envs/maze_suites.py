"""Suites of test mazes: what an agent trained on mazes is tested on without having seen them.

A suite is a list of mazes, each with levels that never change and with a number of steps after which an episode ends.
The mazes are those on which methods of unsupervised environment design have been compared since Dennis et al. (2020)
and Jiang et al. (2021); ``zero-shot-12`` is the list of Parker-Holder et al. (2022). Published numbers differ in the
number of steps on mazes of 13 × 13 cells: 250 as in training, or twice the area with its border, 450. Here it is 250
unless 450 is asked for, and the names of all results carry it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import unknown_name
from .frozen import list_test_sets, load_test_set
from .maze_space import MazeSpace

ENV_ID = "tutelage/Maze-v0"
TIME_LIMITS = (250, 450)
"""Steps of an episode on mazes of 13 × 13 cells: the first unless another is asked for."""

_SUITES = {
    "zero-shot-12": (
        "maze/sixteen-rooms",
        "maze/sixteen-rooms-fewer-doors",
        "maze/labyrinth",
        "maze/labyrinth-2",
        "maze/maze",
        "maze/maze-2",
        "maze/maze-3",
        "maze/simple-crossing",
        "maze/four-rooms",
        "maze/small-corridor",
        "maze/large-corridor",
        "maze/perfect-medium",
    ),
    "fixed-8": (
        "maze/sixteen-rooms",
        "maze/sixteen-rooms-fewer-doors",
        "maze/labyrinth",
        "maze/labyrinth-flipped",
        "maze/labyrinth-2",
        "maze/maze",
        "maze/maze-2",
        "maze/maze-3",
    ),
    "perfect": ("maze/perfect-small", "maze/perfect-medium", "maze/perfect-large", "maze/perfect-extra-large"),
}


@dataclass(frozen=True, eq=False)
class MazeTest:
    """A maze to test on.

    Attributes:
        name: E.g. ``"maze/labyrinth"``.
        space: Its size.
        levels: Shape ``(n, d)``, read-only: one level, or one for each of 100 episodes where the maze is random.
        max_steps: Steps after which an episode ends.
        sha256: The hash of the file of its levels.

    Example:
        >>> maze_test("maze/four-rooms").levels.shape
        (100, 292)
    """

    name: str
    space: MazeSpace
    levels: NDArray[np.float64]
    max_steps: int
    sha256: str


def list_maze_suites() -> list[str]:
    """Return the names of the suites.

    Example:
        >>> list_maze_suites()
        ['fixed-8', 'perfect', 'zero-shot-12']
    """
    return sorted(_SUITES)


def list_maze_tests() -> list[str]:
    """Return the names of the mazes, whether they are part of a suite or not.

    Example:
        >>> list_maze_tests()[:3]
        ['maze/fixed-8-13x13', 'maze/four-rooms', 'maze/labyrinth']
    """
    return list_test_sets(ENV_ID)


def maze_suite(name: str, *, time_limit: int = TIME_LIMITS[0]) -> tuple[MazeTest, ...]:
    """Load the mazes of a suite, in its order.

    Args:
        name: One of `list_maze_suites`.
        time_limit: Steps of an episode on the mazes of 13 × 13 cells, 250 or 450; on others it is fixed.

    Raises:
        ValueError: An unknown suite, or another time limit.
        RunError: A missing or damaged file.

    Example:
        >>> [(maze.name, maze.max_steps) for maze in maze_suite("zero-shot-12", time_limit=450)][::4]
        [('maze/sixteen-rooms', 450), ('maze/maze', 450), ('maze/four-rooms', 250)]
    """
    if name not in _SUITES:
        raise ValueError(unknown_name("suite of mazes", name, _SUITES))
    return tuple(maze_test(maze, time_limit=time_limit) for maze in _SUITES[name])


def maze_test(name: str, *, time_limit: int = TIME_LIMITS[0]) -> MazeTest:
    """Load one maze.

    Args:
        name: One of `list_maze_tests`.
        time_limit: Steps of an episode if the maze has 13 × 13 cells, 250 or 450.

    Raises:
        ValueError: An unknown maze, or another time limit.
        RunError: A missing or damaged file.

    Example:
        >>> maze_test("maze/four-room")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        ValueError: Unknown maze 'maze/four-room'. Did you mean 'maze/four-rooms'...
    """
    if time_limit not in TIME_LIMITS:
        raise ValueError(f"Expected a time limit of {' or '.join(map(str, TIME_LIMITS))} steps, got {time_limit!r}.")
    if name not in list_maze_tests():
        raise ValueError(unknown_name("maze", name, list_maze_tests()))
    time_limit = int(time_limit)
    found = load_test_set(name)
    height, width, max_steps = (found.env_args[key] for key in ("height", "width", "max_steps"))
    space = MazeSpace(height, width)
    return MazeTest(name, space, found.tasks, time_limit if (height, width) == (13, 13) else max_steps, found.sha256)
