"""An adapter for environments whose parameters are fixed when they are built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

from ..spaces import TaskSpace
from .task_env import TaskWrapper


class TaskRebuild(TaskWrapper):
    """Builds the environment anew for each task, with the task as keyword arguments.

    The slowest of the adapters, for environments that offer no other way. The environment is kept while the
    task stays the same, and closed before the next one is built. Each reset without a seed is given one that
    follows from the seed of an earlier reset, so that a run repeats although its environments come and go.
    Observation and action space are those of the first environment.

    Since it is built from a function, its ``spec`` is None.

    Args:
        make_env: Called as ``make_env(**task)`` with floats, ints or categories.
        task_space: The tasks; the names are the arguments' names.
        success_threshold: See `TaskWrapper`.

    Raises:
        TypeError: ``make_env`` cannot be called with these names, or ``task_space`` is no `TaskSpace`.
        ValueError: At a reset, if the environment of a task has other spaces than the first.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage import TaskSpace
        >>> from tutelage.wrappers import TaskRebuild
        >>> def make_env(g):
        ...     return gym.make("Pendulum-v1", g=g)
        >>> env = TaskRebuild(make_env, TaskSpace(g=(1.0, 20.0)))
        >>> _ = env.reset(seed=0, options={"task": [3.7]})
        >>> env.unwrapped.g
        3.7
    """

    _replaces_env = True

    def __init__(
        self,
        make_env: Callable[..., gym.Env],
        task_space: TaskSpace,
        *,
        success_threshold: float | None = None,
    ) -> None:
        if not callable(make_env):
            raise TypeError(f"Expected a function make_env(**task), got {make_env!r}.")
        if not isinstance(task_space, TaskSpace):
            raise TypeError(
                f"TaskRebuild expects a tutelage.TaskSpace, got {type(task_space).__name__}. "
                "TaskSpace.from_gym() converts a Gymnasium space."
            )
        first = task_space.to_dict(task_space.from_unit(np.full(task_space.n_dims, 0.5)))
        super().__init__(make_env(**first), task_space, success_threshold=success_threshold)
        self._make_env = make_env
        self._built: dict[str, Any] | None = first
        self.observation_space = self.env.observation_space
        self.action_space = self.env.action_space

    @property
    def spec(self) -> None:  # type: ignore[override]
        """None: this environment cannot be made from a spec."""
        return None

    def _apply(self, task: dict[str, Any]) -> None:
        if task == self._built:
            return
        self._built = None
        self._generator()  # before the environment it may come from is gone
        self.env.close()
        self.env = self._make_env(**task)
        for name in ("observation_space", "action_space"):
            before, now = getattr(self, name), getattr(self.env, name)
            if before != now:
                raise ValueError(
                    f"The environment of task {task} has the {name} {now}, expected {before}, for all tasks must share "
                    "one. Pad or crop the observations to a common shape in make_env."
                )
        self._built = task

    def _seed_for_reset(self, seed: int | None) -> int | None:
        return int(self._generator().integers(2**31)) if seed is None else seed
