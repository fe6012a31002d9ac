"""Making the task environment that a name on the command line stands for."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import RequestError, RunError, unknown_name
from ..plugins import ENVIRONMENTS, plugins
from ..spaces import TaskSpace
from ..task_flags import parse_task_space
from .native_batch import native_batch


@dataclass(frozen=True)
class EnvironmentMaker:
    """Makes one task environment; a picklable callable, so that worker processes can have it.

    Args:
        env_id: A Gymnasium id.
        kwargs: Passed to ``gymnasium.make``.
        task_flags: Dimensions as on the command line; with any, the environment's attributes become its tasks.
        success_above: See `SuccessAbove`; None leaves the success to the environment.
        rugged: The seed of `ShuffledTasks`; None leaves the task space as it is.

    Raises:
        RequestError: When called: an argument or an attribute the environment does not have.
        RunError: When called: the environment fails for another reason.

    Example:
        >>> env = EnvironmentMaker("CartPole-v1", task_flags=("length=0.2:2.0",))()
        >>> env.reset(seed=0, options={"task": [1.5]})[1]["task"]
        array([1.5])
    """

    env_id: str
    kwargs: dict[str, Any] = field(default_factory=dict)
    task_flags: tuple[str, ...] = ()
    success_above: float | None = None
    rugged: int | None = None
    spec: Any = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        """Look the id up here: a worker process need not import the package that registered it."""
        import gymnasium as gym

        from .. import envs  # noqa: F401 - registers our environments

        register_place(self.env_id)
        object.__setattr__(self, "spec", gym.registry.get(self.env_id))

    def __call__(self) -> Any:
        """Make the environment."""
        import gymnasium as gym

        from ..wrappers import ShuffledTasks, TaskAttributes
        from .success_above import SuccessAbove

        try:
            env = gym.make(self.spec or self.env_id, **self.kwargs)
        except gym.error.Error as error:
            raise RequestError(f"Gymnasium cannot make {self.env_id!r}: {error}") from error
        except ImportError as error:
            raise RequestError(f"{self.env_id!r} needs a package that is not installed: {error}") from error
        except (TypeError, ValueError, AssertionError) as error:
            given = f" with the arguments {self.kwargs}" if self.kwargs else ""
            raise RequestError(f"{self.env_id!r} cannot be made{given}: {error}") from error
        except Exception as error:
            raise RunError(f"{self.env_id!r} cannot be made: {type(error).__name__}: {error}") from error
        if self.task_flags:
            try:
                env = TaskAttributes(env, parse_task_space(self.task_flags))
            except (TypeError, ValueError) as error:
                raise RequestError(str(error)) from error
        if self.rugged is not None:
            try:
                env = ShuffledTasks(env, self.rugged)
            except (TypeError, ValueError) as error:
                raise RequestError(f"{self.env_id} cannot be rugged: {error}") from error
        return env if self.success_above is None else SuccessAbove(env, self.success_above)

    def vec_env(self, n_envs: int, seed: int | None = None) -> Any:
        """Make a natively batched vector environment of Stable-Baselines3's kind, see `native_batch`.

        Args:
            n_envs: How many environments.
            seed: Of their random numbers.

        Raises:
            RequestError: There is no such thing for this environment, or it refuses its arguments.
        """
        env = self()
        env.close()
        try:
            batch = native_batch(env, n_envs, seed)
        except (TypeError, ValueError) as error:
            raise RequestError(f"{self.env_id} cannot be made as a batch of {n_envs}: {error}") from error
        if batch is None:
            raise RequestError(
                f"{self.env_id} has no native batch, or its tasks or successes are wrapped around it: use "
                "`--vec-env dummy` or subproc."
            )
        return batch


@dataclass(frozen=True)
class WorkerMaker:
    """Makes an environment in a worker process, which leaves Ctrl-C to its parent.

    Args:
        make: Makes the environment.
    """

    make: Callable[[], Any]

    def __call__(self) -> Any:
        """Make the environment."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return self.make()


def resolve_environment(name: str) -> str:
    """Return the Gymnasium id a name stands for: ours may be written without namespace and version.

    What an installed package offers (`tutelage.plugins`) and the place of a class, ``"my_module:MyEnv"``, are names,
    too, and are registered with Gymnasium as such.

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
    register_place(name)
    if name in gym.registry or ":" in name:
        return name
    names = [env_id.removeprefix("tutelage/").rpartition("-v")[0] for env_id in ours]
    known = gym.registry if len(name) > 3 else ()  # hundreds of names are no help for an unlike one
    text = unknown_name("environment", name, [*names, *plugins(ENVIRONMENTS), *known])
    if "Did you mean" not in text:
        text = f"Unknown environment {name!r}. Ours are {', '.join(names)}; any other goes by its Gymnasium id."
    raise RequestError(text)


def register_place(name: str) -> None:
    """Register a class with Gymnasium under the name that a package offers it by, or under its place.

    Nothing happens for any other name, nor for a module that registers an id itself (``"my_module:MyEnv-v0"``).
    """
    import gymnasium as gym

    place = plugins(ENVIRONMENTS).get(name, name)
    module, colon, attribute = place.partition(":")
    if name in gym.registry or not colon:
        return
    try:
        known = hasattr(import_module(module), attribute) and attribute not in gym.registry
    except ImportError:
        return  # said by whoever makes it
    if known:
        gym.register(name, entry_point=place)


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
            f"{env_id} has no task space: name attributes to vary, e.g. `--task gravity=5:15`, or wrap it in code "
            "(tutelage.wrappers.TaskAttributes, TaskFunction, TaskRebuild)."
        )
    space = env.get_wrapper_attr("task_space")
    if not isinstance(space, TaskSpace):
        raise RequestError(f"The task_space of {env_id} is a {type(space).__name__}, expected a tutelage.TaskSpace.")
    return space


def try_out(env: Any, env_id: str) -> None:
    """Play one step of one task.

    What is broken is found before a run begins, and what must be compiled is compiled, once, before several worker
    processes need it.

    Raises:
        RunError: The environment fails.
    """
    space = task_space_of(env, env_id)
    task = space.sample(1, np.random.default_rng(0))[0]
    try:
        env.reset(seed=0, options={"task": task})
        env.action_space.seed(0)
        env.step(env.action_space.sample())
    except Exception as error:
        raise RunError(
            f"{env_id} failed in its first step on task {space.to_dict(task)}: {type(error).__name__}: {error}"
        ) from error
