"""MiniGrid in words: an instruction for each object, and the grid as a text that a language model can read."""

from __future__ import annotations

from typing import Any

import gymnasium as gym

from .minigrid_subgoal import MiniGridSubgoal

_VERBS = {"key": "pick up", "ball": "pick up", "box": "open"}
_DIRECTIONS = ("right", "down", "left", "up")
_LETTERS = {"wall": "#", "door": "D", "key": "K", "ball": "B", "box": "X", "goal": "G", "lava": "L", "floor": "."}


def instruction_for(content: Any | None) -> str:
    """Return what there is to do with the content of a cell.

    Args:
        content: An object of MiniGrid, None for an empty cell.

    Example:
        >>> from minigrid.core.world_object import Box, Door, Goal, Key
        >>> [instruction_for(each) for each in (Key("red"), Door("blue", is_locked=True), Goal(), None)]
        ['pick up the red key', 'open the locked blue door', 'go to the green goal', 'go to the empty cell']
    """
    if content is None:
        return "go to the empty cell"
    if content.type == "door":
        if content.is_open:
            return f"go through the open {content.color} door"
        return f"open the {'locked ' if content.is_locked else ''}{content.color} door"
    return f"{_VERBS.get(content.type, 'go to')} the {content.color} {content.type}"


def subgoal_at(world: Any, cell: tuple[int, int]) -> MiniGridSubgoal:
    """Return the subgoal of doing what there is to do in a cell.

    Args:
        world: The unwrapped environment.
        cell: Column and row.
    """
    return MiniGridSubgoal(cell, instruction_for(world.grid.get(*cell)))


def describe_grid(env: gym.Env) -> str:
    """Return the whole grid as a text: its size, the agent, the mission, a map and a list of objects.

    What is in a box is not told.

    Args:
        env: A MiniGrid environment after its reset.

    Example:
        >>> import gymnasium as gym
        >>> import minigrid
        >>> env = gym.make("MiniGrid-ObstructedMaze-1Dlh-v0")
        >>> _ = env.reset(seed=0)
        >>> print(describe_grid(env))  # doctest: +ELLIPSIS
        The grid has 11 columns (x = 0 to 10, to the right) and 6 rows (y = 0 to 5, downwards).
        The agent stands at x = ..., y = ... and looks .... It carries nothing.
        The mission: pick up the blue ball.
        ...
    """
    world: Any = env.unwrapped
    grid, (x, y) = world.grid, (int(i) for i in world.agent_pos)
    carried = "nothing" if world.carrying is None else f"a {world.carrying.color} {world.carrying.type}"
    rows = []
    objects = []
    for row in range(grid.height):
        line = ""
        for column in range(grid.width):
            content = grid.get(column, row)
            line += "A" if (column, row) == (x, y) else "." if content is None else _LETTERS.get(content.type, "?")
            if content is not None and content.type != "wall":
                objects.append(f"- {_name(content)} at x = {column}, y = {row}")
        rows.append(line)
    return "\n".join(
        [
            f"The grid has {grid.width} columns (x = 0 to {grid.width - 1}, to the right) and {grid.height} rows "
            f"(y = 0 to {grid.height - 1}, downwards).",
            f"The agent stands at x = {x}, y = {y} and looks {_DIRECTIONS[int(world.agent_dir)]}. "
            f"It carries {carried}.",
            f"The mission: {world.mission}.",
            "The map (# wall, . empty, A agent, D door, K key, B ball, X box, G goal):",
            *rows,
            "The objects:",
            *objects,
        ]
    )


def _name(content: Any) -> str:
    if content.type == "door":
        state = "open" if content.is_open else "locked" if content.is_locked else "closed"
        return f"{state} {content.color} door"
    return f"{content.color} {content.type}"
