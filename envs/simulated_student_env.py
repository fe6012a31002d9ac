"""A simulated student as a Gymnasium environment: what `ToyGrid` and `ArmsEnv` have in common."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import fields, replace
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from gymnasium.utils import EzPickle
from numpy.typing import NDArray

from ..errors import unknown_name
from ..spaces import TaskSpace
from ..task_options import chosen_task


class SimulatedStudentEnv(EzPickle, gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """The environment is the student: an episode is one step, and the action changes nothing.

    A subclass makes the student, and says which rewards are a success.

    Args:
        form: The name of the form.
        config: That of the form, a dataclass with a ``task_space``.
        render_mode: ``None`` or ``"rgb_array"``.
        **arguments: Fields of the config, which take precedence.

    Attributes:
        config: What the student is like.
        task_space: The tasks.

    Raises:
        TypeError: An unknown argument, or one of another type.
        ValueError: An argument out of range, or an unknown render mode.

    Example:
        >>> from tutelage.envs import ToyGrid
        >>> isinstance(ToyGrid(), SimulatedStudentEnv)
        True
    """

    def __init__(self, form: str, config: Any, render_mode: str | None, **arguments: Any) -> None:
        EzPickle.__init__(self, form, render_mode, **arguments)
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"Expected render_mode None or 'rgb_array', got {render_mode!r}.")
        known = [field.name for field in fields(config)]
        for name in arguments:
            if name not in known:
                raise TypeError(unknown_name(f"argument of {type(self).__name__}", name, ["form", *known]))
        self.config = replace(config, **arguments)
        self.task_space: TaskSpace = self.config.task_space
        self.render_mode = render_mode
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.observation_space = spaces.Box(0.0, 1.0, (1,), np.float32)
        self._student: Any = None
        self._task: NDArray[np.float64] | None = None
        self._ended = True

    @abstractmethod
    def _make_student(self, seed: int) -> Any:
        """Return a new student."""

    @abstractmethod
    def _is_success(self, reward: float) -> bool:
        """Tell whether a reward is a success."""

    @abstractmethod
    def _picture(self, task: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Draw what the student can do, and the task."""

    @property
    def student(self) -> Any:
        """The student of this environment."""
        if self._student is None:
            raise ResetNeeded("There is no student before reset().")
        return self._student

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Start an episode.

        Args:
            seed: Begins a new student, with all that is left to chance drawn anew; None goes on.
            options: ``{"task": …}`` with a row of shape ``(d,)`` or a dict from names to values; without it the task
                is drawn uniformly. Other keys are ignored.

        Returns:
            The observation, always 0, and an info with the float64 row ``"task"``.

        Raises:
            ValueError: A task outside the task space, with a NaN or of a wrong shape.
        """
        super().reset(seed=seed)
        task = chosen_task((options or {}).get("task"), self.task_space, self.np_random)
        if seed is not None or self._student is None:
            self._student = self._make_student(int(self.np_random.integers(2**31)) if seed is None else seed)
        self._task, self._ended = task, False
        return np.zeros(1, dtype=np.float32), {"task": task.copy()}

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Practise the task once.

        Args:
            action: Anything; it changes nothing.

        Returns:
            The observation, the reward, True, False, and an info with ``"is_success"``.

        Raises:
            ResetNeeded: Before `reset`, or after the end of the episode.
        """
        if self._ended or self._task is None:
            raise ResetNeeded("Call reset() before step(): an episode is one step.")
        self._ended = True
        reward = float(self.student.play(self._task[None])[0])
        return np.zeros(1, dtype=np.float32), reward, True, False, {"is_success": self._is_success(reward)}

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """Return a picture of what the student can do, shape ``(height, width, 3)``; None without ``render_mode``."""
        if self.render_mode is None:
            gym.logger.warn('render() does nothing without render_mode="rgb_array".')
            return None
        if self._task is None:
            raise ResetNeeded("Call reset() before render().")
        return self._picture(self._task)
