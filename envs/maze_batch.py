"""Many mazes at once as a vector environment: what `MazeVecEnv` and `MazeParametersVecEnv` have in common."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from ..spaces import TaskSpace
from .batch_vec_env import BatchVecEnv
from .maze_config import MazeConfig, visits_as_numbers
from .maze_kernel import begin, full_images, full_vectors, move, view_images, view_vectors, view_visits

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_BLOCK = 256
"""Tasks that are drawn at a time."""

_SHOWN_VISITS = visits_as_numbers()

_TILE = 16
"""Pixels along the side of a cell in pictures."""


class MazeBatch(BatchVecEnv):
    """A batch of mazes, but for what their tasks are.

    A subclass makes levels, rows of `tutelage.envs.MazeSpace`, of tasks.

    Args:
        n_envs: How many mazes.
        task_space: The tasks.
        config: Sizes, view, actions.
        seed: Of the tasks that the batch draws itself.
        autoreset: Whether an episode that ends is followed at once by one on a task of the batch's own choice, as
            Stable-Baselines3 expects. If not, the maze waits for `begin`.
        render_mode: ``None`` or ``"rgb_array"``.

    Attributes:
        task_space: The tasks.
        config: Sizes, view, actions.
        autoreset: As above; may be changed at any time.
        current_tasks: The task of each maze, shape ``(n_envs, d)``.
        current_levels: The level of each maze, shape ``(n_envs, height·width + 3)``.

    Raises:
        ValueError: Less than one maze, or an unknown render mode.
        TypeError: A number of mazes that is no whole number.

    Example:
        >>> from tutelage.envs import MazeVecEnv
        >>> venv = MazeVecEnv(2)
        >>> isinstance(venv, MazeBatch), venv.num_envs
        (True, 2)
    """

    def __init__(
        self,
        n_envs: int,
        task_space: TaskSpace,
        config: MazeConfig,
        *,
        seed: int | None,
        autoreset: bool,
        render_mode: str | None,
    ) -> None:
        self.config = config
        super().__init__(
            n_envs,
            task_space,
            config.observation_space,
            config.action_space,
            seed=seed,
            autoreset=autoreset,
            render_mode=render_mode,
        )
        n, view = self.num_envs, 1 if config.view == "full" else int(config.view)
        self._padding = max(1, view - 1)
        self._shape = (int(config.width) + 2 * self._padding, int(config.height) + 2 * self._padding)
        tall = self._shape[1]
        self._ahead = np.array([tall, 1, -tall, -1], dtype=np.int64)
        self._view = _view_offsets(view, tall)
        self._own = view // 2 * view + view - 1
        self._grid = np.ones((n, self._shape[0] * tall), dtype=np.uint8)  # walls, but for the levels
        self._visits = np.zeros(self._grid.shape if config.visits else (0, 0), dtype=np.uint8)
        self._place = np.full(n, self._padding * (tall + 1))
        self._direction = np.zeros(n, dtype=np.int64)
        self._steps = np.zeros(n, dtype=np.int64)
        self._success = np.zeros(n, dtype=np.bool_)
        self._ended = np.zeros(n, dtype=np.int64)
        self.current_levels: FloatArray = np.full((n, int(config.height) * int(config.width) + 3), np.nan)

    @abstractmethod
    def _levels_of(self, tasks: FloatArray) -> FloatArray:
        """Return levels for valid tasks, shape ``(k, height·width + 3)``."""

    # --- Episodes -------------------------------------------------------------------------------------------------

    def step_async(self, actions: np.ndarray) -> None:
        """Take note of the actions of all mazes, shape ``(n_envs,)``.

        Raises:
            ValueError: Actions of another shape, or that are no whole numbers.
        """
        given = np.asarray(actions)
        if given.shape != (self.num_envs,) or given.dtype.kind not in "iu":
            raise ValueError(
                f"Expected {self.num_envs} actions, whole numbers from 0 to {self.config.n_actions - 1}; "
                f"got shape {given.shape} of {given.dtype}."
            )
        self._actions = np.ascontiguousarray(given, dtype=np.int64)

    def step_wait(self) -> VecEnvStepReturn:
        """Take a step in every maze.

        Returns:
            Observations, rewards, whether the episodes ended, and infos. On the last step of an episode the info has
            ``"episode"`` (return ``"r"``, length ``"l"``, seconds ``"t"``), ``"is_success"``,
            ``"TimeLimit.truncated"``, ``"terminal_observation"`` and ``"task"``; else it is empty.

        Raises:
            ResetNeeded: Before `reset`, or if a maze waits for `begin`; nothing has changed then.
            ValueError: No such action; nothing has changed then.
        """
        actions = self._taken_actions()
        n = self.num_envs
        rewards = np.empty(n, dtype=np.float32)
        count = move(
            actions,
            self.config.n_actions,
            self._ahead,
            self.config.max_steps,
            self._grid,
            self._place,
            self._direction,
            self._steps,
            self._over,
            self._visits,
            rewards,
            self._success,
            self._ended,
        )
        if count < 0:
            self._refuse(-1 - count, actions)
        observations = self._observe(self._all)
        dones = self._over.copy()
        infos: list[dict[str, Any]] = [{} for _ in range(n)]
        if count:
            ended = self._ended[:count].copy()
            self._describe(ended, observations, infos)
            if self.autoreset:
                first = self._begin(ended, self._draw(count))
                if isinstance(observations, dict):
                    for key, part in observations.items():
                        part[ended] = first[key]  # type: ignore[call-overload, index]
                else:
                    observations[ended] = first
        return observations, rewards, dones, infos

    def _begin(self, which: IntArray, tasks: FloatArray) -> Any:
        levels = np.ascontiguousarray(self._levels_of(tasks))
        begin(
            levels,
            which,
            int(self.config.width),
            self._padding,
            self._grid,
            self._place,
            self._direction,
            self._steps,
            self._over,
            self._visits,
        )
        self.current_levels[which] = levels
        self._note_tasks(which, tasks)
        return self._observe(which)

    def _describe(self, ended: IntArray, observations: Any, infos: list[dict[str, Any]]) -> None:
        """Fill in the infos of episodes that ended."""
        seconds = round(time.monotonic() - self._started, 6)
        columns = ended.tolist(), self._steps[ended].tolist(), self._success[ended].tolist()
        for i, length, success in zip(*columns, strict=True):
            last: Any = (
                {key: part[i].copy() for key, part in observations.items()}
                if isinstance(observations, dict)
                else observations[i].copy()
            )
            total = 1.0 - 0.9 * (length / self.config.max_steps) if success else 0.0
            infos[i].update(
                {
                    "episode": {"r": total, "l": length, "t": seconds},
                    "is_success": success,
                    "TimeLimit.truncated": not success,
                    "terminal_observation": last,
                    "task": self.current_tasks[i].copy(),
                }
            )

    def _observe(self, which: IntArray) -> Any:
        state = which, self._grid, self._place, self._direction
        (columns, rows), k = self.config.image_shape, len(which)
        if self.config.observation == "flat":
            length = columns * rows * self.config.n_classes + 4
            vectors = np.zeros((k, length + self.config.visits * columns * rows), dtype=np.float32)
            if self.config.is_full:
                full_vectors(*state, vectors)
            else:
                view_vectors(*state, self._view, self._own, vectors)
            if self.config.visits:
                vectors[:, length:] = _SHOWN_VISITS[self._seen_visits(which)]
            return vectors
        image = np.empty((k, columns * rows * 3), dtype=np.uint8)
        if self.config.is_full:
            full_images(*state, image)
        else:
            view_images(*state, self._view, self._own, image)
        observations = {"image": image.reshape(k, columns, rows, 3), "direction": self._direction[which]}
        if self.config.visits:
            observations["visits"] = self._seen_visits(which).reshape(k, columns, rows)
        return observations

    def _seen_visits(self, which: IntArray) -> NDArray[np.uint8]:
        """How often the agents have been in each cell that they see, shape ``(k, columns·rows)``."""
        if self.config.is_full:
            return self._visits[which]
        counts = np.empty((len(which), self._view.shape[1]), dtype=np.uint8)
        view_visits(which, self._visits, self._place, self._direction, self._view, counts)
        return counts

    def _refuse(self, i: int, actions: IntArray) -> None:
        if self._over[i]:
            self._refuse_ended(i)
        raise ValueError(
            f"Expected actions from 0 to {self.config.n_actions - 1}, got {actions[i]} for environment {i}."
        )

    # --- Tasks ----------------------------------------------------------------------------------------------------

    def _restart(self, seed: int | None) -> None:
        super()._restart(seed)
        self._drawn = np.empty((0, self.task_space.n_dims))

    def _draw(self, n: int) -> FloatArray:
        """Take n tasks from the block drawn last, and draw another one when it is used up."""
        if n > len(self._drawn):
            more = self.task_space.sample(max(n, _BLOCK), self._rng)
            self._drawn = np.concatenate([self._drawn, more])
        tasks, self._drawn = self._drawn[:n], self._drawn[n:]
        return tasks

    # --- Pictures --------------------------------------------------------------------------------------------------

    def _pictures(self, which: IntArray) -> NDArray[np.uint8]:
        from .maze_pictures import draw_mazes

        k, outside = len(which), self._padding - 1
        seen = np.zeros((k, self._grid.shape[1]), dtype=np.bool_)
        if not self.config.is_full:
            seen[np.arange(k)[:, None], self._place[which, None] + self._view[self._direction[which]]] = True
        inside = np.s_[:, outside : self._shape[0] - outside, outside : self._shape[1] - outside]
        x, y = self._place[which] // self._shape[1] - outside, self._place[which] % self._shape[1] - outside
        codes, lit = self._grid[which].reshape(k, *self._shape)[inside], seen.reshape(k, *self._shape)[inside]
        return draw_mazes(codes, x, y, self._direction[which], lit, _TILE)


def _view_offsets(view: int, tall: int) -> IntArray:
    """How far in the grid each cell of a view is from the agent, shape ``(4, view²)``, for columns ``tall`` apart.

    The agent is at the bottom of its view, in the middle, and looks up: MiniGrid's convention.
    """
    x, y = np.divmod(np.arange(view * view), view)
    forward, right = view - 1 - y, x - view // 2
    offsets = []
    for dx, dy in ((1, 0), (0, 1), (-1, 0), (0, -1)):
        offsets.append((dx * forward - dy * right) * tall + dy * forward + dx * right)
    return np.array(offsets, dtype=np.int64)
