"""Give an environment of your own a task space, and train on it under a teacher.

A trolley on a rail has to stop at a mark while the wind blows against it. Two numbers make an episode easy or hard:
how far away the mark is and how strong the wind blows. Above a wind of 1 the trolley cannot get there at all. The file
shows both ways to tell Tutelage about them:

* ``--variant function``: the environment stays as it is; `TaskFunction` sets it to a task before each reset;
* ``--variant native``: the environment has a ``task_space`` and its ``reset`` takes ``options={"task": row}``.

    python examples/wrap_your_env.py
    python examples/wrap_your_env.py --variant native --teacher random --steps 20000
"""

from __future__ import annotations

import argparse
from typing import Any

import gymnasium as gym
import numpy as np
import tutelage
from gymnasium.wrappers import TimeLimit
from stable_baselines3 import PPO
from tutelage.benchmarks import evaluate
from tutelage.students import TeacherCallback
from tutelage.wrappers import TaskFunction, make_curriculum_vec_env

SPACE = tutelage.TaskSpace(distance=(0.5, 6.0), wind=(0.0, 1.2))


# --- An environment that has never heard of Tutelage -----------------------------------------------------------------


class Trolley(gym.Env):
    """Push left, not at all or right; the episode is won when the trolley stands at the mark."""

    def __init__(self) -> None:
        self.observation_space = gym.spaces.Box(-50.0, 50.0, (3,), np.float32)
        self.action_space = gym.spaces.Discrete(3)
        self.distance, self.wind = 3.0, 0.0
        self.position = self.speed = 0.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Put the trolley to the start of the rail."""
        super().reset(seed=seed)
        self.position, self.speed = float(self.np_random.uniform(-0.1, 0.1)), 0.0
        return self._observe(), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Push for a tenth of a second."""
        before = abs(self.distance - self.position)
        self.speed = float(np.clip(self.speed + 0.1 * (int(action) - 1 - self.wind), -5.0, 5.0))
        self.position = float(np.clip(self.position + 0.1 * self.speed, -20.0, 20.0))
        after = abs(self.distance - self.position)
        won = after < 0.2 and abs(self.speed) < 0.4
        return self._observe(), before - after - 0.01 + 2.0 * won, won, False, {"is_success": won}

    def _observe(self) -> np.ndarray:
        return np.array([self.distance - self.position, self.speed, self.wind], dtype=np.float32)


# --- First way: leave it alone and say how to set it to a task -------------------------------------------------------


def set_task(env: gym.Env, task: dict[str, Any]) -> None:
    trolley: Any = env.unwrapped
    trolley.distance, trolley.wind = task["distance"], task["wind"]


def make_wrapped() -> gym.Env:
    return TaskFunction(TimeLimit(Trolley(), max_episode_steps=100), SPACE, set_task)


# --- Second way: the environment offers its tasks itself -------------------------------------------------------------


class TrolleyWithTasks(Trolley):
    """The same with a task space. Any environment like this one works with every part of Tutelage."""

    task_space = SPACE

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin the task in the options, or one drawn uniformly."""
        gym.Env.reset(self, seed=seed)
        task = (options or {}).get("task")
        row = SPACE.sample(1, self.np_random)[0] if task is None else SPACE.validate(task)
        self.distance, self.wind = row.tolist()
        observation, info = super().reset()
        return observation, {**info, "task": row}


def make_native() -> gym.Env:
    return TimeLimit(TrolleyWithTasks(), max_episode_steps=100)


# --- Train and look --------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description="Train on an environment of your own under a teacher.")
    parser.add_argument("--steps", type=int, default=60_000, help="environment steps")
    parser.add_argument("--variant", choices=["function", "native"], default="function")
    parser.add_argument("--teacher", default="alp-gmm", help=", ".join(tutelage.list_teachers()))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    make_env = make_native if args.variant == "native" else make_wrapped
    teacher = tutelage.make_teacher(args.teacher, SPACE, seed=args.seed)
    venv = make_curriculum_vec_env(make_env, teacher, n_envs=8, seed=args.seed)
    student = PPO("MlpPolicy", venv, n_steps=256, batch_size=256, seed=args.seed, device="cpu")
    student.learn(args.steps, callback=TeacherCallback())

    n = 5
    result = evaluate(student, make_env, SPACE.grid(n), episodes=2, seed=args.seed)
    success = result.success.mean(axis=1).reshape(n, n)
    winds = np.linspace(SPACE.low[1], SPACE.high[1], n)
    print(f"{int(teacher.metrics()['outcomes']):,} episodes chosen by {args.teacher}. Share of episodes won:")
    print("distance \\ wind " + "".join(f"{wind:>7.2f}" for wind in winds))
    for distance, row in zip(np.linspace(SPACE.low[0], SPACE.high[0], n), success, strict=True):
        print(f"{distance:>15.2f} " + "".join(f"{100 * share:>5.0f} %" for share in row))
    print(f"mastered {result.mastered:.0f} % of the {len(result.tasks)} test tasks")


if __name__ == "__main__":
    main()
