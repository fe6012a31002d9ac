"""The teacher that a configuration names, with what only its environment knows."""

from __future__ import annotations

import inspect
from typing import Any

from ..errors import RequestError
from ..registry import make_teacher, teacher_class
from ..spaces import TaskSpace
from ..teachers.teacher import Teacher
from .train_config import TrainConfig

_OFFERED = ("mutate",)
"""What a teacher may take and an environment may offer, as an argument and an attribute of this name."""


def teacher_of(config: TrainConfig, space: TaskSpace, env: Any) -> Teacher:
    """Make the teacher of a run.

    Args:
        config: Names it and its hyperparameters.
        space: The task space.
        env: An environment of the run; it may be closed.

    Raises:
        RequestError: There is no such teacher, or it refuses its hyperparameters or the space.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage import envs
        >>> env = gym.make("tutelage/Maze-v0")
        >>> teacher = teacher_of(TrainConfig("Maze", "accel"), env.unwrapped.task_space, env)
        >>> teacher.mutate == env.unwrapped.mutate
        True
    """
    arguments = dict(config.teacher_args)
    accepted = inspect.signature(teacher_class(config.teacher)).parameters
    for name in _OFFERED:
        if name in accepted and name not in arguments and env.has_wrapper_attr(name):
            arguments[name] = env.get_wrapper_attr(name)
    try:
        return make_teacher(config.teacher, space, seed=config.seed, **arguments)
    except (TypeError, ValueError) as error:
        raise RequestError(str(error)) from error
