"""Maze: find the goal among walls, all of which are the task. The benchmark of unsupervised environment design.

Dennis et al. (2020), PAIRED; Jiang et al. (2021), PLR; Parker-Holder et al. (2022), ACCEL. The rules, the view and the
rewards are those of these papers' environment; docs/environments/maze.md lists what differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.utils import EzPickle
from numpy.typing import ArrayLike, NDArray

from .maze_builder import MazeBuilder
from .maze_config import MazeConfig, Observation, View
from .maze_game import MazeGame
from .maze_levels import Editor, mutate_levels
from .maze_space import MazeSpace

if TYPE_CHECKING:
    from .maze_codec import MazeCodec
    from .maze_vec_env import MazeVecEnv

FloatArray = NDArray[np.float64]


class MazeEnv(EzPickle, MazeGame):
    """A maze whose walls, goal and start are the task, on MiniGrid.

    Args:
        height: Rows of cells, without the border.
        width: Columns of cells, without the border.
        walls: How many walls a level drawn by the environment itself gets, see `tutelage.envs.MazeSpace`.
        view: Side of the square that the agent sees, an odd number; ``"full"`` for the whole maze from above.
        observation: ``"dict"``: MiniGrid's image and the direction. ``"flat"``: one-hot in one vector.
        max_steps: After so many steps an episode is truncated.
        n_actions: 7 as in MiniGrid, or 3 without the four that do nothing here.
        visits: Whether the agent also sees how often it has been in each cell of its view: a memory outside the
            student. ``"dict"`` observations then have counts under ``"visits"``, ``"flat"`` ones 1 − 2⁻ⁿ for n visits
            at their end.
        render_mode: ``None``, ``"rgb_array"`` or ``"human"``.

    Attributes:
        task_space: The levels, a `tutelage.envs.MazeSpace`.
        level: The level being played.

    Raises:
        ValueError: An argument out of range.
        TypeError: A number that is no whole number.

    Example:
        >>> from tutelage.envs import level_from_text
        >>> env = MazeEnv(height=1, width=4)
        >>> observation, info = env.reset(options={"task": level_from_text(">..G")})
        >>> observation["image"][:, :, 0].T.tolist()  # 1 empty, 2 wall, 8 goal; the agent looks up
        [[2, 2, 2, 2, 2], [2, 2, 8, 2, 2], [2, 2, 1, 2, 2], [2, 2, 1, 2, 2], [2, 2, 1, 2, 2]]
        >>> rewards = [env.step(2)[1] for _ in range(3)]
        >>> [round(reward, 4) for reward in rewards]
        [0.0, 0.0, 0.9892]

    Version history:
        v0: Initial version.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": ["human", "rgb_array"],
        "render_fps": 10,
        "deterministic": True,
    }

    task_space: MazeSpace

    def __init__(
        self,
        height: int = 13,
        width: int = 13,
        *,
        walls: int | Sequence[int] = (0, 60),
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
            walls=walls,
            view=view,
            observation=observation,
            max_steps=max_steps,
            n_actions=n_actions,
            visits=visits,
            render_mode=render_mode,
        )
        config = MazeConfig(height, width, view, observation, max_steps, n_actions, visits)
        MazeGame.__init__(self, MazeSpace(height, width, walls=walls), config, render_mode)

    def _level_of(self, task: FloatArray) -> FloatArray:
        return task

    @property
    def task_codec(self) -> MazeCodec:
        """Levels as sequences of tokens, for a task VAE."""
        from .maze_codec import MazeCodec

        return MazeCodec(self.task_space)

    def mutate(
        self, tasks: ArrayLike, rng: np.random.Generator, *, n_edits: int = 20, editor: Editor = "minimax"
    ) -> FloatArray:
        """Change levels a little, see `tutelage.envs.mutate_levels`.

        Args:
            tasks: Levels, shape ``(n, d)`` or ``(d,)``.
            rng: The caller's generator.
            n_edits: How many edits each level gets.
            editor: ``"minimax"``, ``"accel"`` or ``"jaxued"``.

        Returns:
            New levels of the same shape.

        Raises:
            ValueError: No levels of this maze, a negative number of edits, or an unknown editor.
        """
        return mutate_levels(tasks, rng, self.task_space, n_edits, editor)

    def level_builder(self, n: int, *, n_walls: int | None = None, n_noise: int = 16) -> MazeBuilder:
        """Return a builder of levels, see `tutelage.envs.maze_builder`.

        Args:
            n: How many levels it builds at once.
            n_walls: How many steps put walls.
            n_noise: Random numbers that are shown at every step.

        Raises:
            ValueError: A number out of range.
        """
        return MazeBuilder(n, self.task_space, n_walls=n_walls, n_noise=n_noise)

    @classmethod
    def vec_env(cls, n_envs: int, seed: int | None = None, **kwargs: Any) -> MazeVecEnv:
        """Make a batch of mazes that behave like this one, a vector environment of Stable-Baselines3.

        Args:
            n_envs: How many.
            seed: Of the levels that the batch draws itself.
            **kwargs: The arguments of this class, and ``autoreset``.

        Raises:
            ValueError: An argument out of range.
            TypeError: An unknown argument.
        """
        from .maze_vec_env import MazeVecEnv

        return MazeVecEnv(n_envs, seed=seed, **kwargs)
