"""Many environments at once, as arrays, as a vector environment of Stable-Baselines3."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from numpy.typing import ArrayLike, NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, tile_images

from ..spaces import TaskSpace
from .arguments import truth

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_SHOWN = 16
"""Environments in the picture of a batch."""


class BatchVecEnv(VecEnv):
    """A batch of environments that are played by the same lines of code; `CurriculumVecEnv` takes it without gates.

    A subclass begins episodes, takes steps and draws pictures.

    Args:
        n_envs: How many.
        task_space: The tasks.
        observation_space: What a student sees.
        action_space: What it can do.
        seed: Of the chance in the batch.
        autoreset: Whether an episode that ends is followed at once by one on a task that the batch draws, as
            Stable-Baselines3 expects. If not, the environment waits for `begin`.
        render_mode: ``None`` or ``"rgb_array"``.

    Attributes:
        task_space: The tasks.
        autoreset: As above; may be changed at any time.
        current_tasks: The task of each environment, shape ``(n_envs, d)``.

    Raises:
        ValueError: Less than one environment, or an unknown render mode.
        TypeError: A number of environments that is no whole number, or an ``autoreset`` that is not True or False.

    Example:
        >>> from tutelage.envs import MazeVecEnv, NParity
        >>> isinstance(MazeVecEnv(2), BatchVecEnv), isinstance(NParity.vec_env(2), BatchVecEnv)
        (True, True)
    """

    def __init__(
        self,
        n_envs: int,
        task_space: TaskSpace,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        *,
        seed: int | None,
        autoreset: bool,
        render_mode: str | None,
    ) -> None:
        check_n_envs(n_envs)
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"Expected render_mode None or 'rgb_array', got {render_mode!r}.")
        self.render_mode = render_mode
        self.task_space = task_space
        self.autoreset = truth("autoreset", autoreset)
        super().__init__(int(n_envs), observation_space, action_space)
        self._all = np.arange(self.num_envs)
        self._over = np.ones(self.num_envs, dtype=np.bool_)
        self.current_tasks: FloatArray = np.full((self.num_envs, task_space.n_dims), np.nan)
        self._actions: IntArray | None = None
        self._started = time.monotonic()
        self._restart(seed)

    # --- What a subclass does -------------------------------------------------------------------------------------

    @abstractmethod
    def _begin(self, which: IntArray, tasks: FloatArray) -> Any:
        """Begin episodes in some of the environments and return the first observations, stacked.

        Args:
            which: Which, each once, shape ``(k,)``.
            tasks: What they play, valid rows of shape ``(k, d)``.
        """

    @abstractmethod
    def _pictures(self, which: IntArray) -> Sequence[NDArray[np.uint8]] | NDArray[np.uint8]:
        """Draw some of the environments."""

    def _restart(self, seed: int | None) -> None:
        """Restart the random numbers of the batch."""
        self._rng = np.random.default_rng(seed)

    def _draw(self, n: int) -> FloatArray:
        """Draw n tasks of the batch's own choice."""
        return self.task_space.sample(n, self._rng)

    def _note_tasks(self, which: IntArray, tasks: FloatArray) -> None:
        """Write down what some of the environments play from now on."""
        self.current_tasks[which] = tasks
        for i, task in zip(which.tolist(), tasks, strict=True):
            self.reset_infos[i] = {"task": task.copy()}

    def _taken_actions(self) -> IntArray:
        """Return the actions of the step that was announced.

        Raises:
            ResetNeeded: None was.
        """
        if self._actions is None:
            raise ResetNeeded("Call step_async(actions) before step_wait(), and reset() before that.")
        actions, self._actions = self._actions, None
        return actions

    def _refuse_ended(self, i: int) -> None:
        """Refuse a step of an environment without an episode."""
        raise ResetNeeded(
            f"Environment {i} has no episode under way: call reset(), or begin([{i}], tasks) if autoreset is off."
        )

    # --- Episodes -------------------------------------------------------------------------------------------------

    def reset(self) -> VecEnvObs:
        """Begin a new episode in every environment.

        An environment for which ``set_options`` named a ``"task"`` plays that, the others play tasks that are drawn.
        In a list of options, None stands for none.
        ``seed(number)`` before restarts the random numbers of the batch.

        Returns:
            The first observations, stacked.

        Raises:
            ValueError: A task outside the task space, with a NaN or of a wrong shape; nothing has changed then.
        """
        wanted = [(options or {}).get("task") for options in self._options]
        given = [i for i, task in enumerate(wanted) if task is not None]
        rows = [self.task_space.from_dict(t) if isinstance(t, Mapping) else t for t in wanted if t is not None]
        tasks = np.empty((self.num_envs, self.task_space.n_dims))
        if rows:
            if any(np.ndim(row) != 1 for row in rows):
                raise ValueError(f"Expected a task of shape ({self.task_space.n_dims},) for each environment.")
            tasks[given] = np.stack([self.task_space.validate(row) for row in rows])
        if self._seeds[0] is not None:
            self._restart(self._seeds[0])
        drawn = np.setdiff1d(self._all, given)
        tasks[drawn] = self._draw(len(drawn))
        self._reset_seeds()
        self._reset_options()
        self._actions = None
        return self._begin(self._all, tasks)

    def begin(self, indices: ArrayLike, tasks: ArrayLike) -> VecEnvObs:
        """Begin new episodes in some of the environments; those under way there are abandoned.

        Args:
            indices: Which environments, shape ``(k,)``.
            tasks: What they play, shape ``(k, d)``.

        Returns:
            The first observations of these environments, stacked.

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

    # --- The rest of a VecEnv -------------------------------------------------------------------------------------

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return an attribute of the batch, once for each environment asked for.

        Raises:
            AttributeError: The batch has none of that name.
        """
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of the batch.

        Raises:
            ValueError: For some of the environments only; they share their attributes.
        """
        if set(self._get_indices(indices)) != set(range(self.num_envs)):
            raise ValueError(f"The environments of a batch share their attributes: set {attr_name!r} for all of them.")
        setattr(self, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> Any:
        """Call what single environments have, too: ``render()``, and ``mutate(tasks, rng)`` where there is one.

        Raises:
            AttributeError: Any other method, as those of a batch do not exist apart.
        """
        which = list(self._get_indices(indices))
        if method_name == "render":
            return list(self._pictures(np.array(which, dtype=np.int64)))
        if method_name == "mutate" and hasattr(self, "mutate"):
            return [self.mutate(*method_args, **method_kwargs) for _ in which]
        raise AttributeError(
            f"The environments of a {type(self).__name__} do not exist apart: env_method() cannot call "
            f"{method_name!r}. Use the methods of the batch, e.g. begin(indices, tasks)."
        )

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        """Return False for each environment asked for."""
        return [False for _ in self._get_indices(indices)]

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Return a picture of each environment, shape ``(height, width, 3)``; None without ``render_mode``."""
        if self.render_mode is None:
            return [None] * self.num_envs
        return list(self._pictures(self._all))

    def render(self, mode: str | None = None) -> np.ndarray | None:
        """Return one picture of the first 16 environments.

        Args:
            mode: As for Stable-Baselines3; None takes ``render_mode``.
        """
        if self.render_mode is None or mode not in (None, "rgb_array"):
            return super().render(mode)
        return tile_images(list(self._pictures(self._all[:_SHOWN])))


def check_n_envs(n_envs: object) -> None:
    """Refuse what is no number of environments.

    Raises:
        TypeError: No whole number.
        ValueError: Less than one.

    Example:
        >>> check_n_envs(0)
        Traceback (most recent call last):
        ...
        ValueError: Expected at least 1 environment, got n_envs=0.
    """
    if isinstance(n_envs, bool) or not isinstance(n_envs, (int, np.integer)):
        raise TypeError(f"Expected a number of environments, got {n_envs!r}.")
    if n_envs < 1:
        raise ValueError(f"Expected at least 1 environment, got n_envs={n_envs}.")
