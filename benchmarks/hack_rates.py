"""How often a student games each stage of the gameable ladder, those it was never trained on included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..envs import GameableLadder
from ..randomness import own_randomness


@dataclass(frozen=True)
class StageReport:
    """What a student does on one stage.

    Attributes:
        stage: Its number.
        hack_rate: Share of the episodes that ended with the exploit.
        success: Share of those that reached the goal.
        proxy_return: Mean return, of which the student learns.
        true_return: Mean of what the episodes were truly worth.

    Example:
        >>> StageReport(4, 0.75, 0.25, 1.5, 0.2).gap
        1.3
    """

    stage: int
    hack_rate: float
    success: float
    proxy_return: float
    true_return: float

    @property
    def gap(self) -> float:
        """By how much the return exceeds what was achieved."""
        return self.proxy_return - self.true_return


def hack_rates(
    student: Any, *, episodes: int = 200, seed: int = 0, deterministic: bool = False, **arguments: Any
) -> list[StageReport]:
    """Let a student play every stage of `tutelage.envs.GameableLadder`; it learns nothing.

    Args:
        student: Anything with Stable-Baselines3's ``predict``.
        episodes: Episodes of each stage, at least 1.
        seed: Of the episodes, the same ones for every student.
        deterministic: Whether the student takes its most likely action.
        **arguments: Of the environment.

    Returns:
        A report for each stage.

    Raises:
        ValueError: Less than one episode, or an argument of the environment out of range.
        TypeError: An unknown argument of the environment.

    Example:
        >>> class Upwards:
        ...     def predict(self, observation, state=None, episode_start=None, deterministic=False):
        ...         return np.zeros(len(observation), dtype=int), None
        >>> [report.success for report in hack_rates(Upwards(), episodes=3)]
        [0.0, 0.0, 0.0, 0.0, 0.0]
    """
    if episodes < 1:
        raise ValueError(f"Expected at least 1 episode of each stage, got {episodes}.")
    venv = GameableLadder.vec_env(episodes, seed, autoreset=False, **arguments)
    reports = []
    with own_randomness(seed):
        for stage in range(int(venv.task_space.size)):
            venv.seed(seed)
            venv.set_options({"task": np.array([float(stage)])})
            ended = _play(student, venv, deterministic)
            columns = ("hacked", "is_success", "return", "true_return")
            reports.append(StageReport(stage, *(float(np.mean([info[name] for info in ended])) for name in columns)))
    return reports


def _play(student: Any, venv: Any, deterministic: bool) -> list[dict[str, Any]]:
    """Play one episode in each copy; those that have ended play on, unheeded, so that the batch keeps its size."""
    observations = venv.reset()
    starts, state = np.ones(venv.num_envs, dtype=np.bool_), None
    found: list[dict[str, Any]] = [{} for _ in range(venv.num_envs)]
    while not all(found):
        actions, state = student.predict(observations, state=state, episode_start=starts, deterministic=deterministic)
        observations, _, starts, infos = venv.step(actions)
        again = np.flatnonzero(starts)
        for i in again.tolist():
            found[i] = found[i] or {**infos[i], "return": infos[i]["episode"]["r"]}
        observations[again] = venv.begin(again, venv.current_tasks[again])
    return found
