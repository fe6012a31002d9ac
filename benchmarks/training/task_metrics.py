"""The part of a run's log that says what was handed out, see `curriculum_metrics`."""

from __future__ import annotations

from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from ...spaces import TaskSpace
from ...task_log import TaskLog
from .curriculum_metrics import task_metrics

WINDOW = 1_000
"""The latest so many tasks that were handed out are looked at."""


class TaskMetrics(BaseCallback):
    """Records ``tasks/…``: entropy and effective ratio of the latest tasks, and what environments want to be logged.

    It reads the task log when a rollout ends, so that steps and episodes cost nothing; a run that is resumed logs the
    same. Numbers that environments name in ``metadata["logged_info"]`` and put into the info dict of an episode's last
    step are averaged over the episodes of a row. Put this after the callback that reports outcomes and before the one
    that writes the log.

    Args:
        space: The tasks' space.
        log: Where they are written down.
        window: How many of the latest are looked at.

    Example:
        >>> from stable_baselines3 import PPO
        >>> student = PPO("MlpPolicy", "CartPole-v1", n_steps=64, device="cpu")
        >>> _ = student.learn(64, callback=TaskMetrics(TaskSpace(x=(0.0, 1.0)), TaskLog(1)))
    """

    def __init__(self, space: TaskSpace, log: TaskLog, window: int = WINDOW) -> None:
        super().__init__()
        self.space, self.log, self.window = space, log, window
        self._wanted: tuple[str, ...] = ()
        self._on_policy = True

    def _init_callback(self) -> None:
        self._on_policy = hasattr(self.model, "rollout_buffer")
        venv: Any = self.training_env
        metadata = venv.get_attr("metadata", indices=0)[0] if venv.has_attr("metadata") else None
        self._wanted = tuple((metadata or {}).get("logged_info", ()))

    def _on_step(self) -> bool:
        if self._on_policy and not self._wanted:
            return True
        ended = np.flatnonzero(self.locals["dones"])
        for i in ended.tolist() if self._wanted else ():
            info = self.locals["infos"][i]
            for name in self._wanted:
                if name in info:
                    self.logger.record_mean(f"tasks/{name}", float(info[name]))
        if len(ended) and not self._on_policy:  # these log when an episode ends
            self._record()
        return True

    def _on_rollout_end(self) -> None:
        if self._on_policy:
            self._record()

    def _record(self) -> None:
        tasks, success = self.log.tasks[-self.window :], self.log.success[-self.window :]
        for name, value in task_metrics(self.space, tasks, success).items():
            self.logger.record(f"tasks/{name}", value)
