"""The teacher that a configuration names, with what only its environment knows."""

from __future__ import annotations

import inspect
from typing import Any

from ...errors import RequestError
from ...registry import make_teacher, teacher_class
from ...spaces import TaskSpace
from ...teachers.teacher import Teacher
from .config import TrainConfig

_OFFERED = {"mutate": "mutate", "builder": "level_builder"}
"""Arguments of teachers, and the attributes of environments that fill them."""


def teacher_of(config: TrainConfig, space: TaskSpace, env: Any) -> Teacher:
    """Make the teacher of a run.

    Args:
        config: Names it and its hyperparameters.
        space: The task space.
        env: An environment of the run; it may be closed.

    Raises:
        RequestError: There is no such teacher, it refuses its hyperparameters or the space, or it cannot do without
            something that the environment does not offer.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage import envs
        >>> env = gym.make("tutelage/Maze-v0")
        >>> teacher = teacher_of(TrainConfig("Maze", "accel"), env.unwrapped.task_space, env)
        >>> teacher.mutate == env.unwrapped.mutate
        True
    """
    arguments = {**_offered_by(env, space, config), **config.teacher_args}
    try:
        teacher = make_teacher(config.teacher, space, seed=config.seed, **arguments)
    except (TypeError, ValueError) as error:
        raise RequestError(str(error)) from error
    try:
        teacher.state_dict()
    except (TypeError, ValueError) as error:
        raise RequestError(f"{config.teacher} cannot be saved, and its run could not go on: {error}") from error
    return teacher


def _offered_by(env: Any, space: TaskSpace, config: TrainConfig) -> dict[str, Any]:
    """What the environment offers of that which the teacher takes and was not given."""
    accepted = inspect.signature(teacher_class(config.teacher)).parameters
    offered = {}
    for name, attribute in _OFFERED.items():
        if name not in accepted or name in config.teacher_args:
            continue
        if env.has_wrapper_attr(attribute):
            offered[name] = env.get_wrapper_attr(attribute)
        elif accepted[name].default is inspect.Parameter.empty:
            raise RequestError(
                f"The teacher {config.teacher} needs a {name}, but {config.env} has no attribute {attribute}; choose "
                "an environment that has one, or another teacher."
            )
    if "codec" in accepted and "codec" not in config.teacher_args:
        from ..vae_command import codec_of

        offered["codec"] = codec_of(env, space)
    return offered
