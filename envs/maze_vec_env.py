"""Many mazes at once, as a vector environment of Stable-Baselines3: `MazeEnv`, hundreds of times as fast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .maze_batch import MazeBatch
from .maze_builder import MazeBuilder
from .maze_config import MazeConfig, Observation, View
from .maze_levels import Editor, mutate_levels
from .maze_space import MazeSpace

if TYPE_CHECKING:
    from .maze_codec import MazeCodec

FloatArray = NDArray[np.float64]


class MazeVecEnv(MazeBatch):
    """A batch of mazes that share everything but their levels, and behave like as many `tutelage.envs.MazeEnv`.

    With a teacher: ``CurriculumVecEnv(MazeVecEnv(32), teacher)``.

    Args:
        n_envs: How many mazes.
        height: Rows of cells, without the border.
        width: Columns of cells, without the border.
        walls: How many walls a level drawn by the batch itself gets, see `tutelage.envs.MazeSpace`.
        view: Side of the square that the agents see, an odd number; ``"full"`` for the whole maze from above.
        observation: ``"dict"``: MiniGrid's image and the direction. ``"flat"``: one-hot in one vector.
        max_steps: After so many steps an episode is truncated.
        n_actions: 7 as in MiniGrid, or 3 without the four that do nothing here.
        visits: Whether the agent also sees how often it has been in each cell of its view: a memory outside the
            student. ``"dict"`` observations then have counts under ``"visits"``, ``"flat"`` ones 1 − 2⁻ⁿ for n visits
            at their end.
        seed: Of the levels that the batch draws itself.
        autoreset: Whether an episode that ends is followed at once by one on a level that the batch draws, as
            Stable-Baselines3 expects. If not, the maze waits for `begin`.
        render_mode: ``None`` or ``"rgb_array"``.

    Attributes:
        task_space: The levels, a `tutelage.envs.MazeSpace`.
        autoreset: As above; may be changed at any time.
        current_tasks: The level of each maze, shape ``(n_envs, d)``.

    Raises:
        ValueError: An argument out of range.
        TypeError: A number that is no whole number.

    Example:
        >>> venv = MazeVecEnv(1024, seed=0)
        >>> observations = venv.reset()
        >>> observations["image"].shape, observations["direction"].shape
        ((1024, 5, 5, 3), (1024,))
        >>> observations, rewards, dones, infos = venv.step(np.full(1024, 2))
        >>> rewards.shape, dones.dtype, len(infos)
        ((1024,), dtype('bool'), 1024)
    """

    task_space: MazeSpace

    def __init__(
        self,
        n_envs: int,
        height: int = 13,
        width: int = 13,
        *,
        walls: int | Sequence[int] = (0, 60),
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
        space = MazeSpace(height, width, walls=walls)
        super().__init__(n_envs, space, config, seed=seed, autoreset=autoreset, render_mode=render_mode)

    def _levels_of(self, tasks: FloatArray) -> FloatArray:
        return tasks

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
