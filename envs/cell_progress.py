"""When a subgoal of MiniGrid is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym

from .minigrid_subgoal import MiniGridSubgoal

Code = tuple[int, int, int] | None


class CellProgress:
    """A subgoal is done when the agent stands on its cell, or what is in the cell changed in this step.

    Changes are: an object is taken, dropped or appears out of a box, a door is opened, closed or unlocked. Standing on
    the cell is enough, even in a step that moved nothing. Source: Words as Beacons, the authors' code
    (gym_minigrid/envs/subgoal_generator.py).

    Example:
        >>> import gymnasium as gym
        >>> import minigrid
        >>> env, progress = gym.make("MiniGrid-MultiRoom-N2-S4-v0"), CellProgress()
        >>> _ = env.reset(seed=1)
        >>> x, y = env.unwrapped.agent_pos
        >>> subgoals = [MiniGridSubgoal((int(x), int(y)), "stay"), MiniGridSubgoal((0, 0), "go there")]
        >>> before = progress.look(env, subgoals)
        >>> _ = env.step(0)
        >>> progress.completed(env, subgoals, before)
        [True, False]
    """

    def look(self, env: gym.Env, subgoals: Sequence[MiniGridSubgoal]) -> list[Code]:
        """Return the codes of what is in the cells."""
        grid = env.unwrapped.grid  # type: ignore[attr-defined]
        found = [grid.get(*subgoal.cell) for subgoal in subgoals]
        return [None if content is None else content.encode() for content in found]

    def completed(self, env: gym.Env, subgoals: Sequence[MiniGridSubgoal], before: Sequence[Code]) -> list[bool]:
        """Tell of each subgoal whether the step since ``before`` completed it."""
        world: Any = env.unwrapped
        here = (int(world.agent_pos[0]), int(world.agent_pos[1]))
        after = self.look(env, subgoals)
        return [subgoal.cell == here or then != now for subgoal, then, now in zip(subgoals, before, after, strict=True)]
