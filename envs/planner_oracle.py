"""A planner that knows the subgoals of some tasks of MiniGrid.

The lists of Words as Beacons (Ruiz-Gonzalez et al. 2024, arXiv:2410.08632), read off the grid after a reset.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from minigrid.envs.keycorridor import KeyCorridorEnv
from minigrid.envs.multiroom import MultiRoomEnv
from minigrid.envs.obstructedmaze import ObstructedMaze_1Dlhb

from .minigrid_subgoal import MiniGridSubgoal
from .minigrid_words import subgoal_at

Cell = tuple[int, int]

_AROUND = ((1, 0), (0, 1), (-1, 0), (0, -1))


class PlannerOracle:
    """The right subgoals of KeyCorridor, ObstructedMaze with one locked door, and MultiRoom.

    * KeyCorridor: key → locked door → object behind it. Doors that are only closed are not listed.
    * ObstructedMaze (1Dl, 1Dlh, 1Dlhb): key, or the box it is in → the ball in front of the door, if there is one →
      locked door → ball behind it.
    * MultiRoom: the doors on the shortest path → goal.

    Example:
        >>> import gymnasium as gym
        >>> import minigrid
        >>> env = gym.make("MiniGrid-ObstructedMaze-1Dlhb-v0")
        >>> _ = env.reset(seed=0)
        >>> [subgoal.text for subgoal in PlannerOracle().subgoals(env)]  # doctest: +ELLIPSIS
        ['open the grey box', 'pick up the green ball', 'open the locked ... door', 'pick up the blue ball']
    """

    def subgoals(self, env: gym.Env, rng: np.random.Generator | None = None) -> list[MiniGridSubgoal]:
        """Return the subgoals of the episode that has just begun.

        Args:
            env: One of the environments above, after its reset.
            rng: Not needed.

        Raises:
            ValueError: Another environment.
        """
        world: Any = env.unwrapped
        if isinstance(world, MultiRoomEnv):
            cells = _doors_to_the_goal(world)
        elif isinstance(world, (KeyCorridorEnv, ObstructedMaze_1Dlhb)):
            cells = _behind_the_locked_door(world)
        else:
            raise ValueError(
                "PlannerOracle knows MiniGrid's KeyCorridor, ObstructedMaze-1Dl, -1Dlh, -1Dlhb and MultiRoom, not "
                f"{type(world).__name__}; write a provider with a method subgoals(env, rng) for it."
            )
        return [subgoal_at(world, cell) for cell in cells]


def goal_cell(world: Any) -> Cell:
    """Return where the object of the mission, or the goal, is.

    Args:
        world: The unwrapped environment.

    Raises:
        ValueError: There is none in the grid.
    """
    target = getattr(world, "obj", None)
    for cell, content in contents(world):
        if content is target or (target is None and content.type == "goal"):
            return cell
    raise ValueError("There is nothing to reach in the grid: ask for subgoals right after the reset.")


def contents(world: Any) -> Iterator[tuple[Cell, Any]]:
    """Yield every cell with something in it, row by row, and what that is."""
    for index, content in enumerate(world.grid.grid):
        if content is not None:
            yield (index % world.grid.width, index // world.grid.width), content


def _behind_the_locked_door(world: Any) -> list[Cell]:
    found = list(contents(world))
    door_cell, door = next((cell, each) for cell, each in found if each.type == "door" and each.is_locked)
    target = goal_cell(world)

    def is_key(content: Any) -> bool:
        return content is not None and content.type == "key" and content.color == door.color

    key = next(cell for cell, each in found if cell != target and (is_key(each) or is_key(each.contains)))
    in_the_way = [
        cell
        for cell, each in found
        if cell not in (key, target) and each.can_pickup() and _distance(cell, door_cell) == 1
    ]
    return [key, *in_the_way, door_cell, target]


def _doors_to_the_goal(world: Any) -> list[Cell]:
    goal = goal_cell(world)
    start = (int(world.agent_pos[0]), int(world.agent_pos[1]))
    came_from: dict[Cell, Cell] = {start: start}
    queue = deque([start])
    while queue and goal not in came_from:
        x, y = queue.popleft()
        for dx, dy in _AROUND:
            cell = (x + dx, y + dy)
            inside = 0 <= cell[0] < world.grid.width and 0 <= cell[1] < world.grid.height
            if inside and cell not in came_from and not _is_wall(world.grid.get(*cell)):
                came_from[cell] = (x, y)
                queue.append(cell)
    path = [goal]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    path.reverse()
    on_the_way = [cell for cell in path[1:-1] if getattr(world.grid.get(*cell), "type", None) == "door"]
    return [*on_the_way, goal]


def _is_wall(content: Any) -> bool:
    return content is not None and content.type == "wall"


def _distance(a: Cell, b: Cell) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])
