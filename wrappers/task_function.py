"""An adapter for environments that a function can set to a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from ..spaces import TaskSpace
from .task_env import TaskWrapper


class TaskFunction(TaskWrapper):
    """Sets an environment to a task by calling a function before each reset.

    Args:
        env: The environment.
        task_space: Its tasks.
        apply: Called as ``apply(env, task)`` with the wrapped environment and the task as a dict from names
            to floats, ints or categories. A function at the top of a module can be sent to worker processes
            by any start method.
        success_threshold: See `TaskWrapper`.

    Raises:
        TypeError: ``apply`` cannot be called, or ``task_space`` is no `TaskSpace`.
        ValueError: The environment has a task space already.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage import TaskSpace
        >>> from tutelage.wrappers import TaskFunction
        >>> def apply(env, task):
        ...     env.unwrapped.g = 9.81 if task["planet"] == "earth" else 3.72
        >>> env = TaskFunction(gym.make("Pendulum-v1"), TaskSpace(planet=["earth", "mars"]), apply)
        >>> _ = env.reset(options={"task": {"planet": "mars"}})
        >>> env.unwrapped.g
        3.72
    """

    def __init__(
        self,
        env: gym.Env,
        task_space: TaskSpace,
        apply: Callable[[gym.Env, dict[str, Any]], None],
        *,
        success_threshold: float | None = None,
    ) -> None:
        if not callable(apply):
            raise TypeError(f"Expected a function apply(env, task), got {apply!r}.")
        RecordConstructorArgs.__init__(self, task_space=task_space, apply=apply, success_threshold=success_threshold)
        super().__init__(env, task_space, success_threshold=success_threshold)
        self._function = apply

    def _apply(self, task: dict[str, Any]) -> None:
        self._function(self.env, task)
