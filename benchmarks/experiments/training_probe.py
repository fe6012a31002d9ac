"""How fast a training run is, from its first seconds."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger

from ...teachers.teacher import needs_rollouts
from ..training.config import TrainConfig
from ..training.parts import RunParts

_MOST_SECONDS = 12.0
_STEPS = 2_000
"""What is timed of a student without rollouts in the sense of PPO's, after it has begun to learn."""


def seconds_per_step(config: TrainConfig) -> float:
    """Train for a moment, write nothing, and return how long a step takes: that of the second rollout and its learning.

    A run whose rollouts take longer than some seconds is judged by its steps alone, without the learning. A teacher
    that withholds tasks from the student's learning does so more at the beginning than later: it is judged by the
    student's time under random tasks, which is at least as long.

    Raises:
        RequestError: Something in the configuration does not exist or does not fit.
        RunError: The environment fails.

    Example:
        >>> config = TrainConfig("CartPole-v1", "random", task=["length=0.2:2.0"], n_envs=2,
        ...                      student_args={"n_steps": 64, "batch_size": 64})
        >>> 0.0 < seconds_per_step(config) < 1.0
        True
    """
    from ...students.checkpointing import begin_episodes
    from ...students.paired_training import PairedTraining
    from ...students.teacher_callback import TeacherCallback

    parts = RunParts(config, quiet=True)
    if parts.teacher.withholds:
        parts = RunParts(replace(config, teacher="random", teacher_args={}), quiet=True)
    with parts.students(None) as students:
        student = students.student
        student.set_logger(Logger(None, []))
        on_policy = hasattr(student, "rollout_buffer")
        rollout = student.n_steps * student.n_envs if on_policy else _STEPS
        first = rollout if on_policy else int(student.learning_starts)
        watch = _Stopwatch(first)
        callback: Any = (
            PairedTraining(students.antagonist, seed=config.seed)
            if needs_rollouts(parts.teacher)
            else TeacherCallback(seed=config.seed)
        )
        begin_episodes(student, config.seed)
        student.learn(first + rollout, callback=[callback, watch], log_interval=None, reset_num_timesteps=False)
        return watch.seconds_per_step(student.num_timesteps)


class _Stopwatch(BaseCallback):
    """Notes when the first part of the training is over, and ends a training that takes too long."""

    def __init__(self, first: int) -> None:
        super().__init__()
        self._first = first
        self._marks: list[tuple[float, int]] = []

    def _on_training_start(self) -> None:
        self._marks = [(time.perf_counter(), 0)]

    def _on_rollout_start(self) -> None:
        if len(self._marks) == 1 and self.num_timesteps >= self._first:
            self._marks.append((time.perf_counter(), self.num_timesteps))

    def _on_step(self) -> bool:
        return time.perf_counter() - self._marks[0][0] < _MOST_SECONDS

    def seconds_per_step(self, steps: int) -> float:
        begun, at = self._marks[-1]
        return (time.perf_counter() - begun) / max(1, steps - at)
