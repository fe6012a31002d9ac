"""Many mazes described by parameters at once, as a vector environment of Stable-Baselines3."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .maze_batch import MazeBatch
from .maze_config import MazeConfig, Observation, View
from .maze_layouts import levels_from_parameters
from .maze_parameters import parameter_space

FloatArray = NDArray[np.float64]


class MazeParametersVecEnv(MazeBatch):
    """A batch of mazes described by parameters, which behave like as many `tutelage.envs.MazeParametersEnv`.

    Args:
        n_envs: How many mazes.
        height: Rows of cells, without the border; at least 7.
        width: Columns of cells, without the border; at least 7.
        view: Side of the square that the agents see, an odd number; ``"full"`` for the whole maze from above.
        observation: ``"dict"``: MiniGrid's image and the direction. ``"flat"``: one-hot in one vector.
        max_steps: After so many steps an episode is truncated.
        n_actions: 7 as in MiniGrid, or 3 without the four that do nothing here.
        visits: Whether the agent also sees how often it has been in each cell of its view: a memory outside the
            student. ``"dict"`` observations then have counts under ``"visits"``, ``"flat"`` ones 1 − 2⁻ⁿ for n visits
            at their end.
        seed: Of the levels, and of the tasks that the batch draws itself.
        autoreset: Whether an episode that ends is followed at once by one on a task that the batch draws, as
            Stable-Baselines3 expects. If not, the maze waits for `begin`.
        render_mode: ``None`` or ``"rgb_array"``.

    Attributes:
        task_space: ``layout``, ``wall_density``, ``corridor_width``, ``goal_distance``.
        autoreset: As above; may be changed at any time.
        current_tasks: The task of each maze, shape ``(n_envs, 4)``.
        current_levels: The level of each maze, a row of `tutelage.envs.MazeSpace`.

    Raises:
        ValueError: An argument out of range.
        TypeError: A number that is no whole number.

    Example:
        >>> venv = MazeParametersVecEnv(2, seed=0, autoreset=False)
        >>> venv.begin([0, 1], [[0, 0.2, 1, 0.5], [3, 0.4, 2, 1.0]])["image"].shape
        (2, 5, 5, 3)
    """

    def __init__(
        self,
        n_envs: int,
        height: int = 13,
        width: int = 13,
        *,
        view: View = 5,
        observation: Observation = "dict",
        max_steps: int = 250,
        n_actions: int = 7,
        visits: bool = False,
        seed: int | None = None,
        autoreset: bool = True,
        render_mode: str | None = None,
    ) -> None:
        config = MazeConfig(height, width, view, observation, max_steps, n_actions, visits)
        super().__init__(
            n_envs, parameter_space(config), config, seed=seed, autoreset=autoreset, render_mode=render_mode
        )

    def _levels_of(self, tasks: FloatArray) -> FloatArray:
        seeds = self._rng.integers(2**63, size=len(tasks))
        return levels_from_parameters(tasks, seeds, self.config.height, self.config.width)
