"""Many copies of an `ArrayGame` as a vector environment of Stable-Baselines3."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from .array_game import ArrayGame
from .batch_vec_env import BatchVecEnv, check_n_envs

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class GameVecEnv(BatchVecEnv):
    """A batch of copies of a game, which behave like as many `GameEnv`; `CurriculumVecEnv` takes it without gates.

    Args:
        make_game: Makes the game for a number of copies.
        n_envs: How many.
        seed: Of all chance in the batch.
        autoreset: Whether an episode that ends is followed at once by one on a task that the batch draws, as
            Stable-Baselines3 expects. If not, the copy waits for `begin`.
        render_mode: ``None`` or ``"rgb_array"``.

    Attributes:
        task_space: The tasks.
        game: The game.
        autoreset: As above; may be changed at any time.
        current_tasks: The task of each copy, shape ``(n_envs, d)``.

    Raises:
        ValueError: Less than one copy, a negative seed, or an unknown render mode.
        TypeError: A number of copies that is no whole number.

    Example:
        >>> from tutelage.envs import NParity
        >>> venv = NParity.vec_env(2, seed=0, n_max=4)
        >>> venv.begin([0, 1], [[2], [4]]).shape, venv.step(np.array([0, 1]))[2].tolist()
        ((2, 5), [False, False])
    """

    def __init__(
        self,
        make_game: Callable[[int], ArrayGame],
        n_envs: int,
        *,
        seed: int | None = None,
        autoreset: bool = True,
        render_mode: str | None = None,
    ) -> None:
        check_n_envs(n_envs)
        self.game = make_game(int(n_envs))
        super().__init__(
            n_envs,
            self.game.task_space,
            self.game.observation_space,
            self.game.action_space,
            seed=seed,
            autoreset=autoreset,
            render_mode=render_mode,
        )
        n = self.num_envs
        self.metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "logged_info": self.game.logged_info}
        self._heads = self.action_space.shape if isinstance(self.action_space, spaces.MultiDiscrete) else ()
        self._lengths, self._returns = np.zeros(n, dtype=np.int64), np.zeros(n)

    def _begin(self, which: IntArray, tasks: FloatArray) -> NDArray[np.float32]:
        if len(which):
            self.game.begin(which, tasks, self._rng)
        self._over[which] = False
        self._lengths[which], self._returns[which] = 0, 0.0
        self._note_tasks(which, tasks)
        return self.game.observe(which)

    def step_async(self, actions: np.ndarray) -> None:
        """Take note of the actions of all copies.

        Raises:
            ValueError: Actions of another shape, or that are none.
        """
        given = np.asarray(actions)
        shape = (self.num_envs, *self._heads)
        if given.shape != shape or given.dtype.kind not in "iu" or not self.game.accepts(given).all():
            raise ValueError(
                f"Expected actions of {self.action_space}, as whole numbers of shape {shape}; got {given}."
            )
        self._actions = given.astype(np.int64)

    def step_wait(self) -> VecEnvStepReturn:
        """Take a step in every copy.

        Returns:
            Observations, rewards, whether the episodes ended, and infos. On the last step of an episode the info has
            ``"episode"`` (return ``"r"``, length ``"l"``, seconds ``"t"``), ``"is_success"``,
            ``"TimeLimit.truncated"``, ``"terminal_observation"``, ``"task"`` and what the game adds; else it is empty.

        Raises:
            ResetNeeded: Before `reset`, or if a copy waits for `begin`; nothing has changed then.
        """
        actions = self._taken_actions()
        if self._over.any():
            self._refuse_ended(int(self._over.argmax()))
        step = self.game.step(actions)
        self._lengths += 1
        self._returns += step.rewards
        dones = step.terminated | step.truncated
        self._over = dones.copy()
        observations = self.game.observe(self._all)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        ended = np.flatnonzero(dones)
        if len(ended):
            seconds = round(time.monotonic() - self._started, 6)
            for i in ended.tolist():
                infos[i] = {
                    "episode": {"r": float(self._returns[i]), "l": int(self._lengths[i]), "t": seconds},
                    "is_success": bool(step.success[i]),
                    "TimeLimit.truncated": bool(step.truncated[i]),
                    "terminal_observation": observations[i].copy(),
                    "task": self.current_tasks[i].copy(),
                    **self.game.describe(i),
                }
            if self.autoreset:
                observations[ended] = self._begin(ended, self._draw(len(ended)))
        return observations, step.rewards.astype(np.float32), dones, infos

    def _pictures(self, which: IntArray) -> Sequence[NDArray[np.uint8]]:
        return [self.game.picture(i) for i in which.tolist()]
