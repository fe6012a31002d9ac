"""Mazes with a structure, drawn at random: corridors, four rooms, crossings, perfect mazes.

They are what agents trained on scattered walls are tested on. Each function draws ``n`` levels of one kind and returns
them in parts; ``tutelage.envs.level_from_arrays(*mazes)`` puts them together. Sizes are those of the inside, without
the border. Every maze can be solved.

The kinds follow MiniGrid (Chevalier-Boisvert et al. 2023: four rooms, crossings) and the test mazes of Dennis et al.
(2020) and Jiang et al. (2021: corridors, perfect mazes).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

_RIGHT, _DIRECTIONS = 0, 4


class Mazes(NamedTuple):
    """Levels in parts.

    Attributes:
        walls: True where there is a wall, shape ``(n, height, width)``.
        goal: Cells ``y·width + x``, shape ``(n,)``.
        start: Likewise.
        direction: 0 right, 1 down, 2 left, 3 up, shape ``(n,)``.

    Example:
        >>> corridors(2, 5, np.random.default_rng(0)).start.tolist()
        [10, 10]
    """

    walls: NDArray[np.bool_]
    goal: NDArray[np.int64]
    start: NDArray[np.int64]
    direction: NDArray[np.int64]


def corridors(n: int, size: int, rng: np.random.Generator) -> Mazes:
    """Draw corridors: one long passage all around, and dead ends from it to both sides of a wall in the middle.

    The agent starts at the left end of that wall and looks right. The goal lies at the inner end of a dead end; all of
    them have their turn, in random order, before one has its second.

    Args:
        n: Number of levels.
        size: Height and width, odd, at least 5.
        rng: The caller's generator.

    Raises:
        ValueError: Another size.

    Example:
        >>> mazes = corridors(1, 7, np.random.default_rng(0))
        >>> print(drawing(mazes))
        #########
        #.......#
        #.#.#.#.#
        #.#.#.#.#
        #>#####.#
        #.#G#.#.#
        #.#.#.#.#
        #.......#
        #########
    """
    _check_odd("corridors", size, 5)
    middle = size // 2
    walls = np.zeros((size, size), dtype=bool)
    walls[1:-1, 1::2] = True
    walls[middle, 1:-1] = True
    columns = np.arange(2, size - 1, 2)
    ends = np.concatenate([(middle - 1) * size + columns, (middle + 1) * size + columns])
    turns = -(-n // len(ends))
    goal = np.concatenate([rng.permutation(ends) for _ in range(turns)] or [ends])[:n]
    return Mazes(np.tile(walls, (n, 1, 1)), goal, _all(n, middle * size), _all(n, _RIGHT))


def four_rooms(n: int, size: int, rng: np.random.Generator) -> Mazes:
    """Draw four rooms with one door in each of the four walls between them; goal, start and direction are anywhere.

    Args:
        n: Number of levels.
        size: Height and width, odd, at least 3.
        rng: The caller's generator.

    Raises:
        ValueError: Another size.

    Example:
        >>> print(drawing(four_rooms(1, 5, np.random.default_rng(1))))
        #######
        #G.^..#
        #..#..#
        ##.##.#
        #..#..#
        #.....#
        #######
    """
    _check_odd("four_rooms", size, 3)
    half = size // 2
    walls = np.zeros((n, size, size), dtype=bool)
    walls[:, half, :] = walls[:, :, half] = True
    each = np.arange(n)
    for first in (0, half + 1):
        walls[each, rng.integers(first, first + half, n), half] = False
        walls[each, half, rng.integers(first, first + half, n)] = False
    goal, start = np.empty(n, np.int64), np.empty(n, np.int64)
    for i in range(n):
        goal[i], start[i] = rng.choice(np.flatnonzero(~walls[i]), 2, replace=False)
    return Mazes(walls, goal, start, rng.integers(0, _DIRECTIONS, n))


def crossings(n: int, size: int, n_walls: int, rng: np.random.Generator) -> Mazes:
    """Draw crossings: walls from border to border, each with one gap, between the start top left and the goal.

    The gaps lie along a random way that only leads right and down, so that the goal, bottom right, can always be
    reached. The agent looks right.

    Args:
        n: Number of levels.
        size: Height and width, odd, at least 3.
        n_walls: How many walls, at most ``size - 1``, in either direction, on odd coordinates.
        rng: The caller's generator.

    Raises:
        ValueError: Another size or number of walls.

    Example:
        >>> print(drawing(crossings(1, 7, 3, np.random.default_rng(0))))
        #########
        #>......#
        #######.#
        #.....#.#
        #.....#.#
        #.....#.#
        #######.#
        #.....#G#
        #########
    """
    _check_odd("crossings", size, 3)
    places = np.arange(1, size - 1, 2)
    if not 0 <= n_walls <= 2 * len(places):
        raise ValueError(f"Expected 0 to {2 * len(places)} walls in crossings of size {size}, got {n_walls}.")
    walls = np.zeros((n, size, size), dtype=bool)
    for i in range(n):
        chosen = rng.permutation(2 * len(places))[:n_walls]
        columns = np.sort(places[chosen[chosen < len(places)]])
        rows = np.sort(places[chosen[chosen >= len(places)] - len(places)])
        walls[i][:, columns] = True
        walls[i][rows, :] = True
        _open_a_way(walls[i], columns, rows, rng)
    return Mazes(walls, _all(n, size * size - 1), _all(n, 0), _all(n, _RIGHT))


def perfect_mazes(n: int, size: int, rng: np.random.Generator) -> Mazes:
    """Draw perfect mazes: between any two free cells there is exactly one way.

    The cells with even coordinates are joined by a spanning tree, found by Kruskal's algorithm with edges in random
    order. Start and goal are two different corners; the agent looks right.

    Args:
        n: Number of levels.
        size: Height and width, odd, at least 3.
        rng: The caller's generator.

    Raises:
        ValueError: Another size.

    Example:
        >>> print(drawing(perfect_mazes(1, 7, np.random.default_rng(0))))
        #########
        #...#..G#
        #.###.###
        #.....#.#
        #####.#.#
        #...#.#.#
        #.#.#.#.#
        #>#.....#
        #########
    """
    _check_odd("perfect_mazes", size, 3)
    side = size // 2 + 1
    nodes = np.arange(side * side).reshape(side, side)
    ends = np.concatenate(
        [
            np.stack([nodes[:, :-1].ravel(), nodes[:, 1:].ravel()], axis=1),
            np.stack([nodes[:-1].ravel(), nodes[1:].ravel()], axis=1),
        ]
    )
    walls = np.ones((n, size, size), dtype=bool)
    walls[:, ::2, ::2] = False
    corners = np.array([0, size - 1, size * (size - 1), size * size - 1])
    goal, start = np.empty(n, np.int64), np.empty(n, np.int64)
    for i in range(n):
        (ay, by), (ax, bx) = np.divmod(_spanning_tree(ends[rng.permutation(len(ends))], side * side).T, side)
        walls[i, ay + by, ax + bx] = False
        start[i], goal[i] = rng.permutation(corners)[:2]
    return Mazes(walls, goal, start, _all(n, _RIGHT))


def drawing(mazes: Mazes, index: int = 0) -> str:
    """Draw one of the mazes and the border around it, with the characters of `tutelage.envs.level_to_text`.

    Example:
        >>> print(drawing(Mazes(np.zeros((1, 1, 3), bool), np.array([2]), np.array([0]), np.array([0]))))
        #####
        #>.G#
        #####
    """
    height, width = mazes.walls.shape[1:]
    cells = ["#" if wall else "." for wall in mazes.walls[index].ravel()]
    cells[int(mazes.goal[index])] = "G"
    cells[int(mazes.start[index])] = ">v<^"[int(mazes.direction[index])]
    lines = ["".join(cells[y * width : (y + 1) * width]) for y in range(height)]
    border = "#" * width
    return "\n".join(f"#{line}#" for line in [border, *lines, border])


# --- Parts -----------------------------------------------------------------------------------------------------------


def _open_a_way(
    walls: NDArray[np.bool_], columns: NDArray[np.int64], rows: NDArray[np.int64], rng: np.random.Generator
) -> None:
    """Open a gap in each wall, on the way from room to room between the top left and the bottom right one."""
    size = len(walls)
    x_ends, y_ends = [-1, *columns.tolist(), size], [-1, *rows.tolist(), size]
    x_room = y_room = 0
    for through_column in rng.permutation([True] * len(columns) + [False] * len(rows)):
        if through_column:
            x_room += 1
            walls[rng.integers(y_ends[y_room] + 1, y_ends[y_room + 1]), x_ends[x_room]] = False
        else:
            y_room += 1
            walls[y_ends[y_room], rng.integers(x_ends[x_room] + 1, x_ends[x_room + 1])] = False


def _spanning_tree(edges: NDArray[np.int64], n_nodes: int) -> NDArray[np.int64]:
    """Return the edges, shape ``(n_nodes − 1, 2)``, that Kruskal's algorithm keeps of edges taken in their order."""
    weights = np.arange(1, len(edges) + 1)
    tree = minimum_spanning_tree(coo_array((weights, edges.T), shape=(n_nodes, n_nodes)))
    return np.stack(tree.nonzero(), axis=1)


def _all(n: int, value: int) -> NDArray[np.int64]:
    return np.full(n, value, dtype=np.int64)


def _check_odd(kind: str, size: int, least: int) -> None:
    if size < least or size % 2 == 0:
        raise ValueError(f"The size of {kind} must be odd and at least {least}, got {size}.")
