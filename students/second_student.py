"""A second student in the loop of a first one: it plays what it is told, and learns from that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.utils import safe_mean

from ..errors import RequestError
from .checkpointing import reset_environments
from .follower import Follower
from .prefixed_logger import PrefixedLogger
from .rollout_callback import RolloutCallback
from .teacher_callback import find_curriculum

FloatArray = NDArray[np.float64]


class SecondStudent:
    """An unmodified on-policy algorithm that is driven rollout by rollout.

    Args:
        student: Its environment is a `CurriculumVecEnv` whose teacher is a `Follower`.
        signals: Signals to average over the episodes of each task.
        logger: Returns the log into which it writes, under ``antagonist/``.

    Raises:
        RequestError: The student is off-policy, or its environment has another teacher.

    Example:
        >>> import gymnasium as gym, tutelage
        >>> from tutelage.students import make_student
        >>> from tutelage.wrappers import TaskAttributes, make_curriculum_vec_env
        >>> space, log = tutelage.TaskSpace(length=(0.2, 2.0)), Logger(None, [])
        >>> make = lambda: TaskAttributes(gym.make("CartPole-v1", max_episode_steps=5), space)
        >>> env = make_curriculum_vec_env(make, Follower(space), n_envs=2)
        >>> second = SecondStudent(make_student("ppo", env, n_steps=8, batch_size=16), (), lambda: log)
        >>> second.play_and_learn([[0.5], [1.0]], [True, True])["antagonist_mean_return"].tolist()
        [5.0, 5.0]
        >>> second.student.num_timesteps, bool(log.name_to_value["antagonist/train/loss"])
        (16, True)
    """

    def __init__(self, student: Any, signals: Iterable[str], logger: Callable[[], Logger]) -> None:
        if not hasattr(student, "rollout_buffer"):
            raise RequestError(
                f"The antagonist, {type(student).__name__}, has no rollouts; choose an on-policy student (ppo, a2c, "
                "recurrent-ppo)."
            )
        teacher = find_curriculum(student.env).teacher
        if not isinstance(teacher, Follower):
            raise RequestError(
                f"The antagonist's tasks are chosen by {type(teacher).__name__}, but it is to play those of the "
                "protagonist: build its environment with tutelage.students.Follower(task_space)."
            )
        self.student, self.follower = student, teacher
        self.callback = RolloutCallback(signals)
        self.callback.role = "antagonist"
        self._logger = PrefixedLogger("antagonist", logger)
        self._ready = False

    def play_and_learn(
        self, tasks: ArrayLike, train: ArrayLike, progress: tuple[int, int] = (0, 1)
    ) -> dict[str, FloatArray]:
        """Play a rollout on tasks and learn from it.

        Args:
            tasks: One for each environment, shape ``(n_envs, d)``.
            train: Whether it may learn from them, shape ``(n_envs,)``.
            progress: Steps taken and to be taken by the first student, for learning rates that change.

        Returns:
            What became of each task, see `RolloutCallback.columns`.
        """
        student = self.student
        self.follower.follow(tasks, train)
        reset_environments(student)  # once, for it uses up the seeds of the environments
        if not self._ready:
            student.set_logger(self._logger)
            student._setup_learn(0, self.callback, reset_num_timesteps=False)
            self.callback.on_training_start(locals(), globals())
            self._ready = True
        student.collect_rollouts(student.env, self.callback, student.rollout_buffer, n_rollout_steps=student.n_steps)
        student._update_current_progress_remaining(*progress)
        self._log()
        student.train()
        return self.callback.columns("antagonist")

    def _log(self) -> None:
        student = self.student
        if student.ep_info_buffer:
            self._logger.record("rollout/ep_rew_mean", safe_mean([info["r"] for info in student.ep_info_buffer]))
            self._logger.record("rollout/ep_len_mean", safe_mean([info["l"] for info in student.ep_info_buffer]))
        if student.ep_success_buffer:
            self._logger.record("rollout/success_rate", safe_mean(student.ep_success_buffer))
        self._logger.record("time/total_timesteps", student.num_timesteps, exclude="tensorboard")
