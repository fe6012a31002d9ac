"""How much of a training run mazes and a replay teacher take: PPO on them against PPO on an environment of nothing.

Both have 256 environments, the same observations, actions and hyperparameters; they run in turns in one process, and
the ratio is the median over the turns. Run it with

    python -m tutelage.benchmarks.performance.maze_training
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from ..workers import one_thread

TARGET = 0.85
N_ENVS = 256
TURNS, ROLLOUTS = 5, 4


class NothingVecEnv(VecEnv):
    """Environments in which nothing happens: the observations are zeros, the rewards 0, no episode ends.

    Example:
        >>> from gymnasium.spaces import Box, Discrete
        >>> venv = NothingVecEnv(2, Box(0.0, 1.0, (3,)), Discrete(3))
        >>> venv.step(np.zeros(2))[1].tolist()
        [0.0, 0.0]
    """

    def __init__(self, n_envs: int, observation_space: Any, action_space: Any) -> None:
        super().__init__(n_envs, observation_space, action_space)
        self._observations = np.zeros((n_envs, *observation_space.shape), observation_space.dtype)

    def reset(self) -> Any:
        """Return zeros."""
        return self._observations

    def step_async(self, actions: np.ndarray) -> None:
        """Do nothing."""

    def step_wait(self) -> Any:
        """Return zeros."""
        n = self.num_envs
        return self._observations, np.zeros(n, np.float32), np.zeros(n, np.bool_), [{} for _ in range(n)]

    def close(self) -> None:
        """Do nothing."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return None for each environment."""
        return [None] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Do nothing."""

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Return None for each environment."""
        return [None] * self.num_envs

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Return False for each environment."""
        return [False] * self.num_envs


def learner(teacher_name: str | None) -> tuple[Any, list[Any]]:
    """Return a PPO of the preset `maze` under a teacher, or on nothing (None), and its callbacks."""
    from ... import make_teacher
    from ...envs import MazeVecEnv
    from ...students import TeacherCallback, make_student
    from ...wrappers import CurriculumVecEnv

    mazes = MazeVecEnv(N_ENVS, observation="flat", n_actions=3, seed=0)
    if teacher_name is None:
        nothing = NothingVecEnv(N_ENVS, mazes.observation_space, mazes.action_space)
        return make_student("ppo", nothing, preset_name="maze", seed=0), []
    teacher = make_teacher(teacher_name, mazes.task_space, seed=0)
    venv = CurriculumVecEnv(mazes, teacher)
    return make_student("ppo", venv, preset_name="maze", seed=0), [TeacherCallback()]


def speeds(teachers: tuple[str, ...] = ("random", "plr")) -> dict[str, list[float]]:
    """Steps a second of each turn, by teacher; ``"nothing"`` is the run on an environment of nothing."""
    learners = {name or "nothing": learner(name) for name in (None, *teachers)}
    measured: dict[str, list[float]] = {name: [] for name in learners}
    with one_thread():
        for turn in range(TURNS + 1):
            for name, (student, callbacks) in learners.items():
                steps = student.n_steps * N_ENVS * ROLLOUTS
                begin = time.process_time()
                student.learn(steps, callback=callbacks, reset_num_timesteps=False)
                if turn:  # the first compiles
                    measured[name].append(steps / (time.process_time() - begin))
    return measured


def main() -> int:
    """Print the ratios; return 0 if the target was met, else 1."""
    measured = speeds()
    nothing = measured.pop("nothing")
    print(f"  PPO of the preset maze, {N_ENVS} environments: thousands of steps a second, ratio to nothing")
    print(f"  {'nothing':<10} {statistics.median(nothing) / 1e3:8.1f}")
    passed = True
    for name, values in measured.items():
        ratio = statistics.median(a / b for a, b in zip(values, nothing, strict=True))
        passed &= ratio >= TARGET
        verdict = f"target {TARGET}   {'pass' if ratio >= TARGET else 'FAIL'}"
        print(f"  {name:<10} {statistics.median(values) / 1e3:8.1f}   {ratio:5.2f}   {verdict}")
    return 0 if passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
