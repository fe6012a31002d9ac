"""A teacher for a single environment."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs

from ..errors import RunError
from ..teachers.teacher import Teacher
from .checks import all_finite, check_task_spaces, check_teacher, describe_task, no_task_space, same_task
from .curriculum import Curriculum, success_of
from .episode_gate import is_monitored

_FIRST = np.array([0])


class CurriculumEnv(Curriculum, gym.Wrapper, RecordConstructorArgs):
    """Lets a teacher choose the task of every episode of one environment.

    ``reset()`` asks the teacher for a task, and the last step of an episode tells it how the episode went;
    its info has ``"task"`` and ``"task_id"``. A reset in the middle of an episode abandons it: the teacher
    never hears of it. An episode begun with ``reset(options={"task": …})`` plays that task and is not
    reported, for evaluation.

    The task follows from the teacher, not from the seed of ``reset``. So Gymnasium's ``check_env``, which
    compares two episodes after the same seed, passes only while the teacher hands out the same task; check
    the task environment.

    Args:
        env: A task environment, without auto-reset.
        teacher: Who chooses; its task space is the environment's.

    Raises:
        TypeError: ``env`` is no Gymnasium environment, or ``teacher`` no `Teacher`.
        ValueError: The environment has no task space or another one than the teacher.

    Example:
        >>> import gymnasium as gym, tutelage
        >>> from tutelage.wrappers import CurriculumEnv, TaskAttributes
        >>> space = tutelage.TaskSpace(length=(0.2, 2.0))
        >>> teacher = tutelage.make_teacher("random", space, seed=0)
        >>> env = CurriculumEnv(TaskAttributes(gym.make("CartPole-v1"), space), teacher)
        >>> observation, info = env.reset(seed=0)
        >>> bool(info["task"] == env.current_tasks[0])
        True
        >>> done = False
        >>> while not done:
        ...     _, _, terminated, truncated, info = env.step(0)
        ...     done = terminated or truncated
        >>> info["task_id"], teacher.metrics()["outcomes"]
        (0, 1.0)
    """

    def __init__(self, env: gym.Env, teacher: Teacher) -> None:
        check_teacher(teacher)
        RecordConstructorArgs.__init__(self, _disable_deepcopy=True, teacher=teacher)
        gym.Wrapper.__init__(self, env)
        if not env.has_wrapper_attr("task_space"):
            raise ValueError(no_task_space())
        check_task_spaces([env.get_wrapper_attr("task_space")], teacher)
        self._open(teacher, 1)
        self._monitored = is_monitored(env)
        self._running = False
        self._return = 0.0
        self._length = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode on the teacher's next task.

        Args:
            seed: Passed on.
            options: Passed on, with the task. A ``"task"`` given here is played instead, and not reported.

        Returns:
            The first observation and the info dict.

        Raises:
            ValueError: The environment plays another task than it was given.
            RunError: The first observation is NaN or infinite.
        """
        options = dict(options or {})
        self._running = False
        teach = "task" not in options
        task = self._new_tasks(_FIRST).values[0] if teach else options["task"]
        options["task"] = task.copy() if teach else task
        observation, info = self.env.reset(seed=seed, options=options)
        played = info.get("task")
        if played is not None and not same_task(task, played, self.task_space):
            raise ValueError(
                f"The environment was given task {describe_task(task, self.task_space)} but plays "
                f"{describe_task(played, self.task_space)} (info['task'] of its reset)."
            )
        if not all_finite(observation):
            raise RunError(
                "The environment returned a first observation that is NaN or infinite on task "
                f"{describe_task(task, self.task_space)}: {observation!r}."
            )
        self._running = teach
        self._return, self._length = 0.0, 0
        return observation, info

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment; at the end of the episode, tell the teacher.

        Raises:
            RunError: A reward or an observation that is NaN or infinite.
        """
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._return += float(reward)
        self._length += 1
        if not (np.isfinite(self._return) and all_finite(observation)):
            what = (
                f"a reward of {reward}" if not np.isfinite(self._return) else "an observation that is NaN or infinite"
            )
            task = describe_task(self.current_tasks[0], self.task_space)
            raise RunError(f"The environment returned {what} on task {task}.")
        if self._running:
            if self.warmup:
                self._warm[:] = True
            if terminated or truncated:
                self._running = False
                episode = info.get("episode") if self._monitored else None
                episode = episode or {"r": round(self._return, 6), "l": self._length}
                info = {**info, "task": self.current_tasks[0].copy(), "task_id": int(self.current_ids[0])}
                self._finish(
                    _FIRST,
                    [float(episode["r"])],
                    [int(episode["l"])],
                    [success_of(info)],
                    [bool(truncated and not terminated)],
                )
        return observation, reward, terminated, truncated, info
