"""An adapter for environments whose parameters are attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs

from ..errors import unknown_name
from ..spaces import TaskSpace
from .task_env import TaskWrapper


def _total_mass(env: Any) -> float:
    return float(env.masspole + env.masscart)


def _polemass_length(env: Any) -> float:
    return float(env.masspole * env.length)


DERIVED: dict[str, dict[str, Callable[[Any], float]]] = {
    "gymnasium.envs.classic_control.cartpole:CartPoleEnv": {
        "total_mass": _total_mass,
        "polemass_length": _polemass_length,
    },
}
"""Attributes that an environment computes once from others, and how. Of Gymnasium's classic control, only
CartPole has such attributes in its equations of motion; Pendulum, Acrobot and both MountainCars read their
parameters at each step."""


class TaskAttributes(TaskWrapper):
    """Sets attributes of an environment before each reset.

    Each dimension of the task space is named after an attribute. It is set on the layer that has it: the
    first wrapper from the outside, or the environment itself. Integer dimensions set ints, categorical ones
    the category.

    An environment may have computed further attributes from these in its constructor, and setting the one
    leaves the other stale. For CartPole this is taken care of (`DERIVED`: ``total_mass`` and
    ``polemass_length`` follow ``masscart``, ``masspole`` and ``length``); for other environments pass
    ``derive``. Spaces are not recomputed: with a larger ``max_speed``, say, observations may leave the space.
    CartPole's ``length`` is half the pole's length.

    Args:
        env: The environment.
        task_space: Its tasks; the names are attributes.
        derive: Called with the unwrapped environment after the attributes are set, to recompute what follows
            from them.
        success_threshold: See `TaskWrapper`.

    Raises:
        ValueError: A name that is no attribute (with the nearest ones), or is a method; or the environment
            has a task space already.
        TypeError: ``task_space`` is no `TaskSpace`.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage import TaskSpace
        >>> from tutelage.wrappers import TaskAttributes
        >>> space = TaskSpace(length=(0.2, 2.0), force_mag=(2.0, 20.0))
        >>> env = TaskAttributes(gym.make("CartPole-v1"), space)
        >>> _ = env.reset(seed=0, options={"task": [2.0, 10.0]})
        >>> env.unwrapped.length, env.unwrapped.polemass_length
        (2.0, 0.2)
    """

    def __init__(
        self,
        env: gym.Env,
        task_space: TaskSpace,
        *,
        derive: Callable[[Any], None] | None = None,
        success_threshold: float | None = None,
    ) -> None:
        if derive is not None and not callable(derive):
            raise TypeError(f"Expected a function derive(env) or None, got {derive!r}.")
        RecordConstructorArgs.__init__(self, task_space=task_space, derive=derive, success_threshold=success_threshold)
        super().__init__(env, task_space, success_threshold=success_threshold)
        for name in task_space.names:
            if not env.has_wrapper_attr(name):
                hint = "TaskAttributes sets attributes the environment has; see TaskFunction for anything else."
                raise ValueError(unknown_name(f"attribute of {env.unwrapped}", name, _attributes(env), hint))
            if callable(env.get_wrapper_attr(name)):
                raise ValueError(f"{name} is a method of {env.unwrapped}, not a parameter to set; see TaskFunction.")
        self._user_derive = derive
        self._applied: dict[str, Any] = {}
        self._derived = {
            name: formula
            for cls in type(env.unwrapped).__mro__
            for name, formula in DERIVED.get(f"{cls.__module__}:{cls.__qualname__}", {}).items()
            if name not in task_space.names
        }

    def _apply(self, task: dict[str, Any]) -> None:
        self._applied = task
        for name, value in task.items():
            try:
                self.env.set_wrapper_attr(name, value, force=False)
            except AttributeError as error:
                raise ValueError(
                    f"The attribute {name} of {self.unwrapped} cannot be set ({error}); see TaskFunction."
                ) from error
        env: Any = self.unwrapped
        for name, formula in self._derived.items():
            setattr(env, name, formula(env))
        if self._user_derive is not None:
            self._user_derive(env)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode, see `TaskWrapper.reset`.

        Raises:
            ValueError: As there; and if the environment's own ``reset`` sets an attribute anew.
        """
        observation, info = super().reset(seed=seed, options=options)
        for name, value in self._applied.items():
            now = self.env.get_wrapper_attr(name)
            if now is not value and not _same(now, value):
                raise ValueError(
                    f"The reset of {self.unwrapped} sets {name} anew, to {now!r}, so that the task's value, {value!r}, "
                    "is not played; see TaskFunction."
                )
        return observation, info


def _same(now: Any, value: Any) -> bool:
    """Tell whether an attribute has a value, up to a trip through float32."""
    if isinstance(value, float) and np.ndim(now) == 0:
        try:
            return abs(float(now) - value) <= 1e-6 * max(1.0, abs(value))
        except (TypeError, ValueError):
            return False
    return np.ndim(now) == 0 and bool(now == value)


def _attributes(env: gym.Env) -> list[str]:
    """Return the names of the public attributes of an environment and its wrappers that are not methods."""
    names: set[str] = set()
    layer: Any = env
    while True:
        names |= {name for name in vars(layer) if not name.startswith("_") and name != "env"}
        if layer is layer.unwrapped:
            break
        layer = layer.env
    cls = type(layer)
    names |= {name for name in dir(cls) if not name.startswith("_") and not callable(getattr(cls, name, None))}
    return sorted(names)
