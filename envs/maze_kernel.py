"""Mazes in batches: moves, observations and shortest paths as numba kernels over arrays.

Importing this module imports numba; the kernels are compiled at their first call and kept in numba's cache on disk.

A batch of n mazes is held as ``grid``, uint8 of shape (n, columns·rows): one code for each cell of the padded maze, in
the order of the columns (index ``x·rows + y``), so that the view of an agent never leaves the array. ``place`` is the
index of the agent's cell, int64 of shape (n,), ``direction`` where it looks, int64 of shape (n,).
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

EMPTY, WALL, GOAL = 0, 1, 2
"""Codes of cells."""

LEFT, RIGHT, FORWARD = 0, 1, 2
"""Actions that do something."""

IMAGE = np.array([(1, 0, 0), (2, 5, 0), (8, 1, 0)], dtype=np.uint8)
"""MiniGrid's encoding (object, colour, state) of each code."""

AGENT = 10
"""MiniGrid's object number of the agent, which only the full view shows."""


@numba.njit(cache=True, nogil=True)
def begin(
    rows: NDArray[np.float64],
    which: NDArray[np.int64],
    width: int,
    padding: int,
    grid: NDArray[np.uint8],
    place: NDArray[np.int64],
    direction: NDArray[np.int64],
    steps: NDArray[np.int64],
    over: NDArray[np.bool_],
    visits: NDArray[np.uint8],
) -> None:
    """Put levels into some mazes of a batch.

    Args:
        rows: The levels, (k, d).
        which: Their places in the batch, (k,).
        width: Columns of a level.
        padding: Cells around a level that are wall.
        grid: Of the batch; updated.
        place: Of the batch; updated.
        direction: Of the batch; updated.
        steps: Since the start, (n,); updated.
        over: Whether the episode has ended, (n,); updated.
        visits: How often the agents have been in each cell, as ``grid``; updated. Of shape (0, 0) if nobody counts.
    """
    n_cells = rows.shape[1] - 3
    height = n_cells // width
    tall = height + 2 * padding
    for k in range(len(rows)):
        i = which[k]
        for y in range(height):
            for x in range(width):
                code = WALL if rows[k, y * width + x] != 0.0 else EMPTY
                grid[i, (x + padding) * tall + y + padding] = code
        goal, start = int(rows[k, n_cells]), int(rows[k, n_cells + 1])
        grid[i, (goal % width + padding) * tall + goal // width + padding] = GOAL
        place[i] = (start % width + padding) * tall + start // width + padding
        direction[i] = int(rows[k, n_cells + 2])
        steps[i] = 0
        over[i] = False
        if len(visits) > 0:
            visits[i, :] = 0
            visits[i, place[i]] = 1


@numba.njit(cache=True, nogil=True)
def move(
    actions: NDArray[np.int64],
    n_actions: int,
    ahead: NDArray[np.int64],
    max_steps: int,
    grid: NDArray[np.uint8],
    place: NDArray[np.int64],
    direction: NDArray[np.int64],
    steps: NDArray[np.int64],
    over: NDArray[np.bool_],
    visits: NDArray[np.uint8],
    rewards: NDArray[np.float32],
    success: NDArray[np.bool_],
    ended: NDArray[np.int64],
) -> int:
    """Take one step in every maze.

    Args:
        actions: (n,).
        n_actions: How many there are.
        ahead: How the index of a cell changes by a step in each direction, (4,).
        max_steps: After so many an episode ends.
        grid: Of the batch.
        place: Of the batch; updated.
        direction: Of the batch; updated.
        steps: Since the start, (n,); updated.
        over: Whether the episode has ended, (n,); updated.
        visits: As for `begin`; updated.
        rewards: Out, (n,).
        success: Out, whether the goal was reached by this step, (n,).
        ended: Out, the indices of the episodes that ended, of which there are as many as is returned, (n,).

    Returns:
        How many episodes ended; or −1 − i, with nothing changed, where action i is none or episode i is over.
    """
    n = len(actions)
    for i in range(n):
        if over[i] or actions[i] < 0 or actions[i] >= n_actions:
            return -1 - i
    count = 0
    for i in range(n):
        t = steps[i] + 1
        steps[i] = t
        action = actions[i]
        reward, reached = 0.0, False
        if action == FORWARD:
            cell = place[i] + ahead[direction[i]]
            code = grid[i, cell]
            if code != WALL:
                place[i] = cell
                if len(visits) > 0 and visits[i, cell] < 255:
                    visits[i, cell] += 1
            if code == GOAL:
                reached = True
                reward = 1.0 - 0.9 * (t / max_steps)
        elif action == LEFT:
            direction[i] = (direction[i] + 3) & 3
        elif action == RIGHT:
            direction[i] = (direction[i] + 1) & 3
        rewards[i] = reward
        success[i] = reached
        if reached or t >= max_steps:
            over[i] = True
            ended[count] = i
            count += 1
    return count


# --- Observations --------------------------------------------------------------------------------------------


@numba.njit(cache=True, nogil=True)
def view_images(
    which: NDArray[np.int64],
    grid: NDArray[np.uint8],
    place: NDArray[np.int64],
    direction: NDArray[np.int64],
    view: NDArray[np.int64],
    own: int,
    image: NDArray[np.uint8],
) -> None:
    """Encode what some agents see.

    Args:
        which: The agents, (k,).
        grid: Of the batch.
        place: Of the batch.
        direction: Of the batch.
        view: How far in the grid each cell of the view is from the agent, for each direction, (4, cells).
        own: The cell of the view that the agent is in, which is shown empty.
        image: Out, (k, cells·3).
    """
    for k in range(len(which)):
        i = which[k]
        at, cells = place[i], view[direction[i]]
        for c in range(len(cells)):
            code = grid[i, at + cells[c]]
            image[k, 3 * c] = IMAGE[code, 0]
            image[k, 3 * c + 1] = IMAGE[code, 1]
            image[k, 3 * c + 2] = 0
        image[k, 3 * own], image[k, 3 * own + 1] = IMAGE[EMPTY, 0], IMAGE[EMPTY, 1]


@numba.njit(cache=True, nogil=True)
def view_vectors(
    which: NDArray[np.int64],
    grid: NDArray[np.uint8],
    place: NDArray[np.int64],
    direction: NDArray[np.int64],
    view: NDArray[np.int64],
    own: int,
    vectors: NDArray[np.float32],
) -> None:
    """Encode what some agents see as one-hot vectors: for each cell empty, wall, goal; then the direction.

    Args:
        which: The agents, (k,).
        grid: Of the batch.
        place: Of the batch.
        direction: Of the batch.
        view: As for `view_images`.
        own: As for `view_images`.
        vectors: Out, (k, cells·3 + 4); zero before.
    """
    for k in range(len(which)):
        i = which[k]
        at, cells = place[i], view[direction[i]]
        for c in range(len(cells)):
            code = grid[i, at + cells[c]] if c != own else EMPTY
            vectors[k, 3 * c + code] = 1.0
        vectors[k, 3 * len(cells) + direction[i]] = 1.0


@numba.njit(cache=True, nogil=True)
def full_images(
    which: NDArray[np.int64],
    grid: NDArray[np.uint8],
    place: NDArray[np.int64],
    direction: NDArray[np.int64],
    image: NDArray[np.uint8],
) -> None:
    """Encode whole mazes with the agent, for a padding of one cell.

    Args:
        which: The agents, (k,).
        grid: Of the batch.
        place: Of the batch.
        direction: Of the batch.
        image: Out, (k, cells·3).
    """
    for k in range(len(which)):
        i = which[k]
        for c in range(grid.shape[1]):
            code = grid[i, c]
            image[k, 3 * c] = IMAGE[code, 0]
            image[k, 3 * c + 1] = IMAGE[code, 1]
            image[k, 3 * c + 2] = 0
        c = 3 * place[i]
        image[k, c], image[k, c + 1], image[k, c + 2] = AGENT, 0, direction[i]


@numba.njit(cache=True, nogil=True)
def full_vectors(
    which: NDArray[np.int64],
    grid: NDArray[np.uint8],
    place: NDArray[np.int64],
    direction: NDArray[np.int64],
    vectors: NDArray[np.float32],
) -> None:
    """Encode whole mazes as one-hot vectors: for each cell empty, wall, goal, agent; then the direction.

    Args:
        which: The agents, (k,).
        grid: Of the batch.
        place: Of the batch.
        direction: Of the batch.
        vectors: Out, (k, cells·4 + 4); zero before.
    """
    cells = grid.shape[1]
    for k in range(len(which)):
        i = which[k]
        for c in range(cells):
            code = grid[i, c] if c != place[i] else 3
            vectors[k, 4 * c + code] = 1.0
        vectors[k, 4 * cells + direction[i]] = 1.0


@numba.njit(cache=True, nogil=True)
def view_visits(
    which: NDArray[np.int64],
    visits: NDArray[np.uint8],
    place: NDArray[np.int64],
    direction: NDArray[np.int64],
    view: NDArray[np.int64],
    counts: NDArray[np.uint8],
) -> None:
    """Look up how often some agents have been in each cell that they see.

    Args:
        which: The agents, (k,).
        visits: Of the batch, as for `begin`.
        place: Of the batch.
        direction: Of the batch.
        view: As for `view_images`.
        counts: Out, (k, cells).
    """
    for k in range(len(which)):
        i = which[k]
        at, cells = place[i], view[direction[i]]
        for c in range(len(cells)):
            counts[k, c] = visits[i, at + cells[c]]


# --- Shortest paths ------------------------------------------------------------------------------------------


@numba.njit(cache=True, nogil=True)
def neighbour(cell: int, direction: int, height: int, width: int) -> int:
    """Return the cell next to one in a direction, or −1 at the border."""
    x, y = cell % width, cell // width
    if direction == 0:
        return cell + 1 if x + 1 < width else -1
    if direction == 1:
        return cell + width if y + 1 < height else -1
    if direction == 2:
        return cell - 1 if x > 0 else -1
    return cell - width if y > 0 else -1


@numba.njit(cache=True, nogil=True)
def flood(
    walls: NDArray[np.float64],
    source: int,
    height: int,
    width: int,
    distance: NDArray[np.int64],
    queue: NDArray[np.int64],
) -> int:
    """Find how many moves each cell is from one, by a breadth-first search.

    Args:
        walls: Not 0 where there is a wall, (cells and more).
        source: The cell to begin at, without a wall.
        height: Of the maze.
        width: Of the maze.
        distance: Out, −1 where there is no way, (cells,).
        queue: Out, the cells that were reached, nearest first, (cells,).

    Returns:
        How many cells were reached.
    """
    distance[:] = -1
    distance[source] = 0
    queue[0] = source
    first, last = 0, 1
    while first < last:
        cell = queue[first]
        first += 1
        for direction in range(4):
            other = neighbour(cell, direction, height, width)
            if other >= 0 and distance[other] < 0 and walls[other] == 0.0:
                distance[other] = distance[cell] + 1
                queue[last] = other
                last += 1
    return last


@numba.njit(cache=True, nogil=True)
def path_lengths(rows: NDArray[np.float64], height: int, width: int, lengths: NDArray[np.int64]) -> None:
    """Count the moves between neighbouring cells from start to goal.

    Args:
        rows: Levels, (n, d).
        height: Of the maze.
        width: Of the maze.
        lengths: Out, −1 where there is no way, (n,).
    """
    n_cells = height * width
    distance, queue = np.empty(n_cells, dtype=np.int64), np.empty(n_cells, dtype=np.int64)
    for i in range(len(rows)):
        flood(rows[i], int(rows[i, n_cells + 1]), height, width, distance, queue)
        lengths[i] = distance[int(rows[i, n_cells])]


@numba.njit(cache=True, nogil=True)
def action_counts(rows: NDArray[np.float64], height: int, width: int, counts: NDArray[np.int64]) -> None:
    """Count the actions from start to goal, turns included: a breadth-first search over cells and directions.

    Args:
        rows: Levels, (n, d).
        height: Of the maze.
        width: Of the maze.
        counts: Out, −1 where there is no way, (n,).
    """
    n_cells = height * width
    distance, queue = np.empty(4 * n_cells, dtype=np.int64), np.empty(4 * n_cells, dtype=np.int64)
    for i in range(len(rows)):
        goal = int(rows[i, n_cells])
        source = 4 * int(rows[i, n_cells + 1]) + int(rows[i, n_cells + 2])
        distance[:] = -1
        distance[source] = 0
        queue[0] = source
        first, last = 0, 1
        counts[i] = -1
        while first < last and counts[i] < 0:
            state = queue[first]
            first += 1
            cell, direction = state // 4, state % 4
            for action in range(3):
                if action == FORWARD:
                    other = neighbour(cell, direction, height, width)
                    if other < 0 or rows[i, other] != 0.0:
                        continue
                    after = 4 * other + direction
                else:
                    after = 4 * cell + (direction + (3 if action == LEFT else 1)) % 4
                if distance[after] < 0:
                    distance[after] = distance[state] + 1
                    queue[last] = after
                    last += 1
                    if after // 4 == goal:
                        counts[i] = distance[after]
                        break
