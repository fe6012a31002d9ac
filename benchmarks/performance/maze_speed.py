"""How many steps a second a batch of mazes plays, in one core: random actions, observations and resets included.

``python -m tutelage.benchmarks.performance.maze_speed``. MiniGrid plays the same levels for comparison.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ..workers import one_thread

Row = dict[str, Any]

TARGET = 5e6
N_ENVS = 1_024
SECONDS = 2.0


def batch_speed(n_envs: int = N_ENVS, seconds: float = SECONDS, **kwargs: Any) -> float:
    """Steps a second of a `MazeVecEnv` that begins new random levels by itself."""
    from ...envs import MazeVecEnv

    venv = MazeVecEnv(n_envs, seed=0, **kwargs)
    actions = np.random.default_rng(0).integers(0, venv.config.n_actions, (997, n_envs))
    venv.reset()
    for i in range(20):  # compiles
        venv.step(actions[i])
    steps, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        for i in range(50):
            venv.step(actions[(steps + i) % 997])
        steps += 50
    return steps * n_envs / (time.perf_counter() - begin)


def single_speed(seconds: float = SECONDS) -> float:
    """Steps a second of one maze as an environment of MiniGrid, which begins a new level when one has ended."""
    import gymnasium as gym

    from ... import envs  # noqa: F401 - registers it

    env = gym.make("tutelage/Maze-v0", disable_env_checker=True)
    actions = np.random.default_rng(0).integers(0, 7, 997).tolist()
    env.reset(seed=0)
    steps, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        steps += len(actions)
    return steps / (time.perf_counter() - begin)


def run() -> list[Row]:
    """One row a variant; the first has the target."""
    with one_thread():
        return [
            {"what": f"batch of {N_ENVS:,}", "speed": (speed := batch_speed()), "passed": speed >= TARGET},
            {"what": f"batch of {N_ENVS:,}, flat", "speed": batch_speed(observation="flat")},
            {"what": f"batch of {N_ENVS:,}, view of 7", "speed": batch_speed(view=7)},
            {"what": "batch of 256, flat", "speed": batch_speed(256, observation="flat")},
            {"what": "one maze of MiniGrid", "speed": single_speed()},
        ]


def main() -> int:
    """Print the table; return 0 if the target was met, else 1."""
    rows = run()
    print("  thousands of steps a second")
    for row in rows:
        verdict = f"target {TARGET / 1e3:,.0f}   {'pass' if row['passed'] else 'FAIL'}" if "passed" in row else ""
        print(f"  {row['what']:<28} {row['speed'] / 1e3:10,.1f}   {verdict}")
    return 0 if all(row.get("passed", True) for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
