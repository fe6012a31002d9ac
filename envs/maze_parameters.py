"""Mazes described by four numbers: a small task space of mixed kinds for teachers that cannot choose single walls.

The maze is that of `MazeEnv`; the task says how it is laid out, how dense and how wide it is and how far away the goal
is, and the rest is drawn. ALP-GMM, GoalGAN, CURROT and the like can teach it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.utils import EzPickle
from numpy.typing import NDArray

from ..spaces import TaskSpace
from .maze_config import MazeConfig, Observation, View
from .maze_game import MazeGame

if TYPE_CHECKING:
    from .maze_parameters_vec_env import MazeParametersVecEnv

FloatArray = NDArray[np.float64]

LAYOUTS = ("scattered", "rooms", "corridors", "perfect")
"""The layouts, in the order of the task dimension."""

MAX_DENSITY = 0.45
"""Largest wall density: scattered walls still leave a region that is worth walking in."""


class MazeParametersEnv(EzPickle, MazeGame):
    """A maze whose layout, density, width and goal distance are the task, on MiniGrid.

    The level of a task is drawn anew at each reset, with the environment's own random numbers. It can always be
    solved; see docs/environments/maze_parameters.md for how it is made.

    Args:
        height: Rows of cells, without the border; at least 7.
        width: Columns of cells, without the border; at least 7.
        view: Side of the square that the agent sees, an odd number; ``"full"`` for the whole maze from above.
        observation: ``"dict"``: MiniGrid's image and the direction. ``"flat"``: one-hot in one vector.
        max_steps: After so many steps an episode is truncated.
        n_actions: 7 as in MiniGrid, or 3 without the four that do nothing here.
        visits: Whether the agent also sees how often it has been in each cell of its view: a memory outside the
            student. ``"dict"`` observations then have counts under ``"visits"``, ``"flat"`` ones 1 − 2⁻ⁿ for n visits
            at their end.
        render_mode: ``None``, ``"rgb_array"`` or ``"human"``.

    Attributes:
        task_space: ``layout``, ``wall_density``, ``corridor_width``, ``goal_distance``.
        level: The level being played, a row of `tutelage.envs.MazeSpace`.

    Raises:
        ValueError: An argument out of range.
        TypeError: A number that is no whole number.

    Example:
        >>> env = MazeParametersEnv()
        >>> task = {"layout": "perfect", "wall_density": 0.45, "corridor_width": 1, "goal_distance": 1.0}
        >>> observation, info = env.reset(seed=0, options={"task": task})
        >>> info["task"].tolist()
        [3.0, 0.45, 1.0, 1.0]

    Version history:
        v0: Initial version.
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "rgb_array"], "render_fps": 10}  # noqa: RUF012

    def __init__(
        self,
        height: int = 13,
        width: int = 13,
        *,
        view: View = 5,
        observation: Observation = "dict",
        max_steps: int = 250,
        n_actions: int = 7,
        visits: bool = False,
        render_mode: str | None = None,
    ) -> None:
        EzPickle.__init__(
            self,
            height,
            width,
            view=view,
            observation=observation,
            max_steps=max_steps,
            n_actions=n_actions,
            visits=visits,
            render_mode=render_mode,
        )
        config = MazeConfig(height, width, view, observation, max_steps, n_actions, visits)
        MazeGame.__init__(self, parameter_space(config), config, render_mode)

    def _level_of(self, task: FloatArray) -> FloatArray:
        from .maze_layouts import levels_from_parameters

        seed = self.np_random.integers(2**63, size=1)
        return levels_from_parameters(task[None], seed, self.config.height, self.config.width)[0]

    @classmethod
    def vec_env(cls, n_envs: int, seed: int | None = None, **kwargs: Any) -> MazeParametersVecEnv:
        """Make a batch of mazes that behave like this one, a vector environment of Stable-Baselines3.

        Args:
            n_envs: How many.
            seed: Of the levels, and of the tasks that the batch draws itself.
            **kwargs: The arguments of this class, and ``autoreset``.

        Raises:
            ValueError: An argument out of range.
            TypeError: An unknown argument.
        """
        from .maze_parameters_vec_env import MazeParametersVecEnv

        return MazeParametersVecEnv(n_envs, seed=seed, **kwargs)


def parameter_space(config: MazeConfig) -> TaskSpace:
    """Return the task space of mazes described by parameters.

    Args:
        config: Whose size must be at least 7 × 7, or some of the parameters would change nothing.

    Raises:
        ValueError: A smaller maze.

    Example:
        >>> parameter_space(MazeConfig()).names
        ('layout', 'wall_density', 'corridor_width', 'goal_distance')
    """
    if min(config.height, config.width) < 7:
        raise ValueError(f"Expected a maze of at least 7 × 7 cells, got {config.height} × {config.width}.")
    return TaskSpace(
        layout=list(LAYOUTS), wall_density=(0.0, MAX_DENSITY), corridor_width=range(1, 4), goal_distance=(0.0, 1.0)
    )
