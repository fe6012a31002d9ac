"""Making the task environment that a name on the command line stands for."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import RequestError, unknown_name
from ..spaces import TaskSpace
from ..task_flags import parse_task_space


@dataclass(frozen=True)
class EnvironmentMaker:
    """Makes one task environment; a picklable callable, so that worker processes can have it.

    Args:
        env_id: A Gymnasium id.
        kwargs: Passed to ``gymnasium.make``.
        task_flags: Dimensions as on the command line; with any, the environment's attributes become its tasks.

    Example:
        >>> env = EnvironmentMaker("CartPole-v1", task_flags=("length=0.2:2.0",))()
        >>> env.reset(seed=0, options={"task": [1.5]})[1]["task"]
        array([1.5])
    """

    env_id: str
    kwargs: dict[str, Any] = field(default_factory=dict)
    task_flags: tuple[str, ...] = ()

    def __call__(self) -> Any:
        """Make the environment.

        Raises:
            RequestError: An argument or attribute it does not have.
        """
        import gymnasium as gym

        from .. import envs  # noqa: F401 - registers our environments
        from ..wrappers import TaskAttributes

        if multiprocessing.parent_process() is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then saves
        try:
            env = gym.make(self.env_id, **self.kwargs)
        except gym.error.Error as error:
            raise RequestError(f"Gymnasium cannot make {self.env_id!r}: {error}") from error
        except ImportError as error:
            raise RequestError(f"{self.env_id!r} needs a package that is not installed: {error}") from error
        except (TypeError, ValueError) as error:
            raise RequestError(f"{self.env_id!r} refuses its arguments {self.kwargs}: {error}") from error
        if not self.task_flags:
            return env
        try:
            return TaskAttributes(env, parse_task_space(self.task_flags))
        except (TypeError, ValueError) as error:
            raise RequestError(str(error)) from error


def resolve_environment(name: str) -> str:
    """Return the Gymnasium id a name stands for: ours may be written without namespace and version.

    Raises:
        RequestError: An unknown name, with the nearest known ones.

    Example:
        >>> resolve_environment("StumpTracks"), resolve_environment("CartPole-v1")
        ('tutelage/StumpTracks-v0', 'CartPole-v1')
    """
    import gymnasium as gym

    ours = our_environments()
    short = {env_id.removeprefix("tutelage/").rpartition("-v")[0].lower(): env_id for env_id in ours}
    if name.lower() in short:
        return short[name.lower()]
    bare = name.partition(":")[2] or name
    if bare in gym.registry or ":" in name:
        return name
    raise RequestError(
        unknown_name(
            "environment", name, [*(i.removeprefix("tutelage/").rpartition("-v")[0] for i in ours), *gym.registry]
        )
    )


def our_environments() -> list[str]:
    """Return the ids of the environments that come with the library."""
    import gymnasium as gym

    from .. import envs  # noqa: F401

    return sorted(env_id for env_id in gym.registry if env_id.startswith("tutelage/"))


def task_space_of(env: Any, env_id: str) -> TaskSpace:
    """Return an environment's task space.

    Raises:
        RequestError: It has none.
    """
    if not env.has_wrapper_attr("task_space"):
        raise RequestError(
            f"{env_id} has no task space. Name attributes to vary, e.g. `--task gravity=5:15`, or wrap it in code "
            "(tutelage.wrappers.TaskAttributes, TaskFunction, TaskRebuild)."
        )
    space: TaskSpace = env.get_wrapper_attr("task_space")
    return space
