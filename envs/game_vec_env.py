"""Many copies of an `ArrayGame` as a vector environment of Stable-Baselines3."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from numpy.typing import ArrayLike, NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, VecEnvStepReturn, tile_images

from .array_game import ArrayGame

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_SHOWN = 16
"""Copies in the picture of a batch."""


class GameVecEnv(VecEnv):
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
        if isinstance(n_envs, bool) or not isinstance(n_envs, (int, np.integer)):
            raise TypeError(f"Expected a number of environments, got {n_envs!r}.")
        if n_envs < 1:
            raise ValueError(f"Expected at least 1 environment, got n_envs={n_envs}.")
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"Expected render_mode None or 'rgb_array', got {render_mode!r}.")
        self.render_mode = render_mode
        self.game = make_game(int(n_envs))
        self.task_space = self.game.task_space
        self.autoreset = autoreset
        super().__init__(int(n_envs), self.game.observation_space, self.game.action_space)
        n = self.num_envs
        self.metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "logged_info": self.game.logged_info}
        self._heads = self.action_space.shape if isinstance(self.action_space, spaces.MultiDiscrete) else ()
        self._all = np.arange(n)
        self._over = np.ones(n, dtype=np.bool_)
        self._lengths, self._returns = np.zeros(n, dtype=np.int64), np.zeros(n)
        self.current_tasks: FloatArray = np.full((n, self.task_space.n_dims), np.nan)
        self._actions: IntArray | None = None
        self._started = time.monotonic()
        self._rng = np.random.default_rng(seed)

    # --- Episodes -------------------------------------------------------------------------------------------------

    def reset(self) -> VecEnvObs:
        """Begin a new episode in every copy.

        A copy for which ``set_options`` named a ``"task"`` plays that, the others play tasks that are drawn.
        ``seed(number)`` before restarts the random numbers of the batch.

        Returns:
            The first observations, stacked.

        Raises:
            ValueError: A task outside the task space, with a NaN or of a wrong shape; nothing has changed then.
        """
        wanted = [options.get("task") for options in self._options]
        given = [i for i, task in enumerate(wanted) if task is not None]
        rows = [self.task_space.from_dict(t) if isinstance(t, Mapping) else t for t in wanted if t is not None]
        tasks = np.empty((self.num_envs, self.task_space.n_dims))
        if rows:
            if any(np.ndim(row) != 1 for row in rows):
                raise ValueError(f"Expected a task of shape ({self.task_space.n_dims},) for each environment.")
            tasks[given] = np.stack([self.task_space.validate(row) for row in rows])
        if self._seeds[0] is not None:
            self._rng = np.random.default_rng(self._seeds[0])
        drawn = np.setdiff1d(self._all, given)
        tasks[drawn] = self.task_space.sample(len(drawn), self._rng)
        self._reset_seeds()
        self._reset_options()
        self._actions = None
        return self._begin(self._all, tasks)

    def begin(self, indices: ArrayLike, tasks: ArrayLike) -> VecEnvObs:
        """Begin new episodes in some of the copies; those under way there are abandoned.

        Args:
            indices: Which copies, shape ``(k,)``.
            tasks: What they play, shape ``(k, d)``.

        Returns:
            The first observations of these copies, stacked.

        Raises:
            ValueError: Indices that are out of range or named twice, or tasks outside the task space; nothing has
                changed then.
        """
        which = np.asarray(indices)
        rows = self.task_space.validate(tasks)
        if which.ndim != 1 or (which.size and which.dtype.kind not in "iu") or rows.shape[:-1] != which.shape:
            raise ValueError(
                f"Expected indices of shape (k,) and tasks of shape (k, {self.task_space.n_dims}), "
                f"got {which.shape} ({which.dtype}) and {rows.shape}."
            )
        if which.size and (which.min() < 0 or which.max() >= self.num_envs):
            raise ValueError(f"Expected indices from 0 to {self.num_envs - 1}, got {which.tolist()}.")
        if len(set(which.tolist())) != len(which):
            raise ValueError(f"Expected each environment once, got the indices {which.tolist()}.")
        return self._begin(which.astype(np.int64), rows)

    def _begin(self, which: IntArray, tasks: FloatArray) -> NDArray[np.float32]:
        if len(which):
            self.game.begin(which, tasks, self._rng)
        self.current_tasks[which] = tasks
        self._over[which] = False
        self._lengths[which], self._returns[which] = 0, 0.0
        for i, task in zip(which.tolist(), tasks, strict=True):
            self.reset_infos[i] = {"task": task.copy()}
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
        if self._actions is None:
            raise ResetNeeded("Call step_async(actions) before step_wait(), and reset() before that.")
        actions, self._actions = self._actions, None
        if self._over.any():
            i = int(self._over.argmax())
            raise ResetNeeded(
                f"Environment {i} has no episode under way: call reset(), or begin([{i}], tasks) if autoreset is off."
            )
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
                observations[ended] = self._begin(ended, self.task_space.sample(len(ended), self._rng))
        return observations, step.rewards.astype(np.float32), dones, infos

    # --- The rest of a VecEnv -------------------------------------------------------------------------------------

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return an attribute of the batch, once for each copy asked for.

        Raises:
            AttributeError: The batch has none of that name.
        """
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of the batch.

        Raises:
            ValueError: For some of the copies only; they share their attributes.
        """
        if set(self._get_indices(indices)) != set(range(self.num_envs)):
            raise ValueError(f"The copies of a batch share their attributes: set {attr_name!r} for all of them.")
        setattr(self, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> Any:
        """Call ``render()`` for some of the copies.

        Raises:
            AttributeError: Any other method, as the copies of a batch are no environments of their own.
        """
        if method_name == "render":
            return [self.game.picture(i) for i in self._get_indices(indices)]
        raise AttributeError(
            f"The copies of a {type(self).__name__} are no environments of their own: env_method() cannot call "
            f"{method_name!r}. Use the methods of the batch, e.g. begin(indices, tasks)."
        )

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        """Return False for each copy asked for."""
        return [False for _ in self._get_indices(indices)]

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Return a picture of each copy; None without ``render_mode``."""
        if self.render_mode is None:
            return [None] * self.num_envs
        return [self.game.picture(i) for i in range(self.num_envs)]

    def render(self, mode: str | None = None) -> np.ndarray | None:
        """Return one picture of the first 16 copies.

        Args:
            mode: As for Stable-Baselines3; None takes ``render_mode``.
        """
        if self.render_mode is None or mode not in (None, "rgb_array"):
            return super().render(mode)
        return tile_images([self.game.picture(i) for i in range(min(self.num_envs, _SHOWN))])
