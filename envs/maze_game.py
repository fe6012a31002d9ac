"""A maze of MiniGrid: one agent, walls, a goal. What `MazeEnv` and `MazeParametersEnv` have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded
from minigrid.core.constants import COLOR_TO_IDX, OBJECT_TO_IDX
from minigrid.core.grid import Grid
from minigrid.core.mission import MissionSpace
from minigrid.core.world_object import Goal, Wall
from minigrid.minigrid_env import MiniGridEnv
from numpy.typing import NDArray

from ..spaces import TaskSpace
from ..task_options import chosen_task
from .maze_config import CLASSES, MOST_VISITS, MazeConfig, visits_as_numbers

FloatArray = NDArray[np.float64]

_CLASSES = np.array(CLASSES, dtype=np.uint8)
_SHOWN_VISITS = visits_as_numbers()


class MazeGame(MiniGridEnv):
    """A maze environment, but for what its tasks are.

    A subclass makes a level, a row of `tutelage.envs.MazeSpace`, of a task.

    Args:
        task_space: The tasks.
        config: Sizes, view, actions.
        render_mode: ``None``, ``"rgb_array"`` or ``"human"``.

    Attributes:
        task_space: The tasks.
        config: Sizes, view, actions.
        level: The level being played, shape ``(height·width + 3,)``.

    Raises:
        ValueError: An unknown render mode.

    Example:
        >>> from tutelage.envs import MazeEnv
        >>> env = MazeEnv(height=3, width=5)
        >>> isinstance(env, MazeGame), env.observation_space["image"].shape
        (True, (5, 5, 3))
    """

    task_space: TaskSpace

    def __init__(self, task_space: TaskSpace, config: MazeConfig, render_mode: str | None) -> None:
        if render_mode not in (None, "human", "rgb_array"):
            raise ValueError(f"Expected render_mode None, 'rgb_array' or 'human', got {render_mode!r}.")
        super().__init__(
            mission_space=MissionSpace(_mission),
            width=int(config.width) + 2,
            height=int(config.height) + 2,
            max_steps=int(config.max_steps),
            see_through_walls=True,
            agent_view_size=7 if config.view == "full" else int(config.view),
            render_mode=render_mode,
            highlight=not config.is_full,
        )
        self.task_space = task_space
        self.config = config
        self.observation_space = config.observation_space
        self.action_space = config.action_space
        self.level: FloatArray = np.empty(0)
        self._visits = np.zeros((int(config.width) + 2, int(config.height) + 2), dtype=np.uint8)
        self._counted: tuple[int, int] | None = None  # the place of the last visit that was counted
        self._task: FloatArray | None = None
        self._ended = False

    @abstractmethod
    def _level_of(self, task: FloatArray) -> FloatArray:
        """Return a level for a valid task."""

    # --- Gymnasium ------------------------------------------------------------------------------------------------

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: Restarts the environment's random numbers.
            options: ``{"task": …}`` with a row of shape ``(d,)`` or a dict from names to values; without it the task
                is drawn by ``task_space.sample``. Other keys are ignored.

        Returns:
            The observation, and an info with the float64 row ``"task"``.

        Raises:
            ValueError: A task outside the task space, with a NaN or of a wrong shape.
        """
        gym.Env.reset(self, seed=seed)
        task = chosen_task((options or {}).get("task"), self.task_space, self.np_random)
        self.level = self._level_of(task)
        self._task, self._ended = task, False
        observation, _ = super().reset()
        return observation, {"task": task.copy()}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Turn or move.

        Args:
            action: 0 turn left, 1 turn right, 2 forward; with ``n_actions=7`` also 3 to 6, which do nothing.

        Returns:
            The observation; the reward, 1 − 0.9·t/max_steps for reaching the goal with step t and else 0; whether the
            goal was reached; whether the time is up; and an info with ``"is_success"``, whether the goal was reached.

        Raises:
            ResetNeeded: Before `reset`, or after the end of the episode.
            ValueError: No such action.
        """
        if self._task is None or self._ended:
            raise ResetNeeded("Call reset() before step(): there is no episode under way.")
        if not self.action_space.contains(action):
            raise ValueError(f"Expected an action from 0 to {self.config.n_actions - 1}, got {action!r}.")
        observation, reward, terminated, truncated, _ = super().step(int(action))
        self._ended = terminated or truncated
        return observation, float(reward), terminated, truncated and not terminated, {"is_success": terminated}

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """Return a picture of the maze with the agent, and show it with ``render_mode="human"``."""
        if self._task is None:
            raise ResetNeeded("Call reset() before render().")
        if self.render_mode is None:
            gym.logger.warn('render() does nothing without render_mode="rgb_array" or "human".')
            return None
        return super().render()

    # --- MiniGrid -------------------------------------------------------------------------------------------------

    def gen_obs(self) -> Any:
        """Return the observation: MiniGrid's image and direction, or the two as one vector."""
        if self.config.is_full:
            image = self.grid.encode()
            x, y = self.agent_pos
            image[x, y] = OBJECT_TO_IDX["agent"], COLOR_TO_IDX["red"], self.agent_dir
        else:
            grid, visible = self.gen_obs_grid()
            image = grid.encode(visible)
        parts: dict[str, Any] = {"image": image, "direction": self.agent_dir}
        if self.config.visits:
            parts["visits"] = self._seen_visits()
        if self.config.observation == "dict":
            return parts
        kinds = image[:, :, :1] == _CLASSES[: self.config.n_classes]
        vectors = [kinds.ravel(), np.arange(4) == self.agent_dir]
        if self.config.visits:
            vectors.append(_SHOWN_VISITS[parts["visits"].ravel()])
        return np.concatenate(vectors).astype(np.float32)

    def _seen_visits(self) -> NDArray[np.uint8]:
        """Count a visit of a cell that was entered; return the counts of those in view, shape ``(columns, rows)``."""
        x, y = (int(i) for i in self.agent_pos)
        if (x, y) != self._counted:
            self._counted = x, y
            self._visits[x, y] = min(int(self._visits[x, y]) + 1, MOST_VISITS)
        if self.config.is_full:
            return self._visits.copy()
        side = self.agent_view_size
        left, top, right, bottom = (int(i) + side for i in self.get_view_exts(side))
        seen = np.pad(self._visits, side)[left:right, top:bottom]
        for _ in range(self.agent_dir + 1):  # as MiniGrid turns its grid
            seen = seen.T[:, ::-1]
        return np.ascontiguousarray(seen)

    def _gen_grid(self, width: int, height: int) -> None:
        self.grid = Grid(width, height)
        self.grid.wall_rect(0, 0, width, height)
        columns = width - 2
        goal, start, direction = self.level[-3:].astype(int).tolist()
        for cell in np.flatnonzero(self.level[:-3]).tolist():
            self.grid.set(cell % columns + 1, cell // columns + 1, Wall())
        self.put_obj(Goal(), goal % columns + 1, goal // columns + 1)
        self.agent_pos = (start % columns + 1, start // columns + 1)
        self._visits[:], self._counted = 0, None
        self.agent_dir = direction
        self.mission = _mission()


def _mission() -> str:
    return "reach the goal"
