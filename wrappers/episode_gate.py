"""The gate in front of each environment of a vector environment.

A worker of Stable-Baselines3's vector environments resets its environment the moment an episode ends, without
a task. The gate swallows that reset until the parent process, which has the teacher, begins the next episode.
The decision is thus made with every outcome so far, and needs no queue and no second process that samples
tasks.
"""

from __future__ import annotations

import time
import traceback
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import ArrayLike

from ..errors import RunError
from ..spaces import TaskSpace
from .checks import describe_task, same_task
from .failure import FAILURE, Failure, failure_message

TASK_TABLE = "task_table"
"""Option of ``reset``: the tasks of all environments, shape ``(n_envs, d)``; each gate takes the row of its
index."""

IDLE_STEP = "idle_step"
"""Option of ``reset``: True if the next step is to be none: it returns the first observation again, for no reward."""


class EpisodeGate(gym.Wrapper, RecordConstructorArgs):
    """Holds an environment at the end of an episode until the next task is decided.

    It sits outermost in each worker, outside Monitor. On its own it changes nothing. Once a
    `CurriculumVecEnv` or a `CurriculumVectorEnv` is attached:

    * a ``reset()`` without seed and without task after the end of an episode does nothing and returns the
      last observation; `begin` does the real reset. Any other reset is real.
    * an exception in the environment is turned into one `RunError` that names the environment and the task.
      In a worker process it travels to the parent in the info dict, with a reward of NaN, and the worker
      stays alive.
    * the environment must play the task it was given (``info["task"]`` of its reset, where it has one) and
      must keep its observation and action space.

    At the end of an episode ``info["episode"]`` is filled with ``{"r", "l", "t"}`` if no Monitor did it; like
    Monitor's, the return is rounded to six decimals.

    Args:
        env: A task environment, usually ``Monitor(env)``.

    Attributes:
        index: The place of the environment in the vector environment; −1 while nothing is attached.
        attached: Whether a curriculum wrapper decides about the next task.
        remote: Whether errors must travel to another process.
        counts: Whether it counts returns and lengths itself, for no Monitor inside sees the end of every episode.
        gate_name: The name of the class, by which the parent sees whether the gate is the outermost wrapper.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage import TaskSpace
        >>> from tutelage.wrappers import EpisodeGate, TaskAttributes
        >>> env = TaskAttributes(gym.make("CartPole-v1", max_episode_steps=1), TaskSpace(gravity=(1.0, 20.0)))
        >>> gate = EpisodeGate(env)
        >>> gate.attach(0)
        >>> _ = gate.reset(seed=0, options={"task": [9.8]})
        >>> last, _, _, truncated, _ = gate.step(0)
        >>> held, _ = gate.reset()
        >>> bool((held == last).all())
        True
        >>> first, info = gate.begin([1.6])
        >>> info["task"]
        array([1.6])
    """

    def __init__(self, env: gym.Env) -> None:
        RecordConstructorArgs.__init__(self)
        gym.Wrapper.__init__(self, env)
        self.index = -1
        self.attached = False
        self.remote = False
        self.gate_name = type(self).__name__
        self._ended = False
        self._idle = False
        self._return = 0.0
        self._length = 0
        self._since = time.time()
        self.counts = not sees_every_end(env)
        self._task: Any = None
        self._last_observation: Any = None
        self._held_info: dict[str, Any] = {}
        self._failure: Failure | None = None
        self._space = self._task_space()
        self._spaces = (env.observation_space, env.action_space)

    def attach(self, index: int | None = None, remote: bool = False) -> None:
        """Let a curriculum wrapper decide about the next task.

        Args:
            index: The place of this environment in the vector environment; None leaves it as it is.
            remote: Whether the gate lives in another process than the wrapper.
        """
        self.attached, self.remote = True, remote
        if index is not None:
            self.index = index

    def detach(self) -> None:
        """Make the gate transparent again."""
        self.attached = self.remote = self._ended = False

    def begin(self, task: ArrayLike) -> tuple[Any, dict[str, Any]]:
        """Reset the environment to a task.

        Args:
            task: The task, shape ``(d,)``.

        Returns:
            The first observation and the info dict of the reset.

        Raises:
            RunError: The environment failed (in a worker process the error travels in the info dict instead).
        """
        observation, info = self._really_reset(None, {"task": task})
        # SB3's workers keep the dict of the automatic reset and send it along with every step.
        self._held_info.clear()
        self._held_info.update(info)
        return observation, info

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Reset the environment, or do nothing if this is the automatic reset at the end of an episode.

        Args:
            seed: Passed on.
            options: Passed on; ``{"task": row}`` sets the task.

        Raises:
            RunError: As in `begin`.
        """
        if self._ended and self.attached and seed is None and not options:
            self._held_info = {}
            return self._last_observation, self._held_info
        return self._really_reset(seed, options)

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment.

        Raises:
            RunError: As in `begin`.
        """
        if self._idle:
            self._idle = False
            return self._last_observation, 0.0, False, False, {}
        try:
            result = self.env.step(action)
            if self.counts:
                self._return += float(result[1])
                self._length += 1
        except Exception as error:
            info = self._fail(error, "step()", self._task)
            return self.observation_space.sample(), np.nan, False, False, info
        if result[2] or result[3]:
            self._ended = True
            self._last_observation = result[0]
            info = result[4]
            if self.counts and "episode" not in info:
                elapsed = round(time.time() - self._since, 6)
                info["episode"] = {"r": round(self._return, 6), "l": self._length, "t": elapsed}
        return result

    def _really_reset(self, seed: int | None, options: dict[str, Any] | None) -> tuple[Any, dict[str, Any]]:
        idle = False
        if options and TASK_TABLE in options:
            table, idle = options[TASK_TABLE], options.get(IDLE_STEP, False)
            options = {key: value for key, value in options.items() if key not in (TASK_TABLE, IDLE_STEP)}
            options["task"] = table[self.index]
        task = options.get("task") if options else None
        try:
            observation, info = self.env.reset(seed=seed, options=options)
            if self.attached:
                self._verify(task, observation, info)
        except Exception as error:
            return self.observation_space.sample(), self._fail(error, "reset()", task)
        self._ended, self._idle = False, idle
        if idle:
            self._last_observation = observation
        self._return, self._length = 0.0, 0
        self._task = info.get("task") if task is None else task
        return observation, info

    def _verify(self, task: Any, observation: Any, info: dict[str, Any]) -> None:
        """Raise if the environment plays another task or has changed its spaces."""
        played = info.get("task")
        space = self._space
        if task is not None and played is not None and not same_task(task, played, space):
            raise ValueError(
                f"the environment plays {describe_task(played, space)} (info['task'] of its reset) instead; "
                "it must play exactly the task of options['task']"
            )
        env = self.env
        for name, before, now in zip(
            ("observation", "action"), self._spaces, (env.observation_space, env.action_space), strict=True
        ):
            if now is not before and now != before:
                raise ValueError(
                    f"the task changed the {name} space from {before} to {now}, but all tasks must share one; pad the "
                    "observations to a common shape"
                )
        expected = self._spaces[0]
        if isinstance(expected, gym.spaces.Box) and np.shape(observation) != expected.shape:
            raise ValueError(
                f"the first observation has shape {np.shape(observation)}, the observation space {expected.shape}; all "
                "tasks must share one shape"
            )

    def _task_space(self) -> TaskSpace | None:
        space = self.env.get_wrapper_attr("task_space") if self.env.has_wrapper_attr("task_space") else None
        return space if isinstance(space, TaskSpace) else None

    def _fail(self, error: Exception, where: str, task: Any) -> dict[str, Any]:
        """Raise for the parent in the same process, or return the info dict that tells another one."""
        if not self.attached:
            raise error
        if self._failure is not None:  # nobody listened to the first report
            raise RunError(self._failure.message) from error
        message = failure_message(self.index, where, describe_task(task, self._space), error)
        if not self.remote:
            raise RunError(message) from error
        self._failure = Failure(message, "".join(traceback.format_exception(error)))
        return {FAILURE: self._failure}


def is_monitored(env: gym.Env) -> bool:
    """Tell whether a wrapper inside fills ``info["episode"]``: SB3's Monitor or RecordEpisodeStatistics."""
    layer: Any = env
    while isinstance(layer, gym.Wrapper):
        if _counts(layer):
            return True
        layer = layer.env
    return False


def sees_every_end(env: gym.Env) -> bool:
    """Tell whether a wrapper inside fills ``info["episode"]`` whenever an episode ends.

    It does not where a wrapper around it may end episodes: any that has a ``step`` of its own, such as ``TimeLimit``.

    Example:
        >>> from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit
        >>> env = RecordEpisodeStatistics(gym.make("CartPole-v1"))
        >>> sees_every_end(env), sees_every_end(TimeLimit(env, 9))
        (True, False)
    """
    layer: Any = env
    while isinstance(layer, gym.Wrapper):
        if _counts(layer):
            return True
        if type(layer).step is not gym.Wrapper.step and not getattr(type(layer), "ends_no_episode", False):
            return False
        layer = layer.env
    return False


def _counts(layer: gym.Wrapper) -> bool:
    return any(cls.__name__ in ("Monitor", "RecordEpisodeStatistics", "EpisodeCounter") for cls in type(layer).__mro__)
