"""When an on-policy student's log gets a row."""

from __future__ import annotations

import inspect

from stable_baselines3.common.callbacks import BaseCallback


class RolloutLog(BaseCallback):
    """Dumps the log of an on-policy student each time the algorithm's usual number of rollouts has ended.

    Stable-Baselines3 counts the rollouts of one call of ``learn``, so that a resumed run would log at other steps; this
    counts those of the whole run. Call ``learn`` with ``log_interval=None``, and put this after the callbacks that
    record something. Off-policy students log by themselves, every few episodes of the whole run.

    Example:
        >>> from stable_baselines3 import PPO
        >>> student = PPO("MlpPolicy", "CartPole-v1", n_steps=64, device="cpu")
        >>> _ = student.learn(128, callback=RolloutLog(), log_interval=None)
    """

    def _init_callback(self) -> None:
        self._every = int(inspect.signature(type(self.model).learn).parameters["log_interval"].default)

    def _on_rollout_end(self) -> None:
        if hasattr(self.model, "rollout_buffer"):
            rollout = self.model.num_timesteps // (self.model.n_steps * self.model.n_envs)  # type: ignore[attr-defined]
            if rollout % self._every == 0:
                self.model.dump_logs(rollout)  # type: ignore[call-arg]

    def _on_step(self) -> bool:
        return True
