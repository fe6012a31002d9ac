"""What a teacher costs per step: vector environments with a curriculum against the same ones without.

The case is the worst one: CartPole, which hardly computes anything, under a random policy, so that an episode ends
every 22 steps. All variants run in turns in one process, and the factor is the median over the turns of the ratio of
two neighbouring timings. What stays in this process is timed by its CPU time, so that other programs do not count;
worker processes are timed by the clock. Run it with

    python -m tutelage.benchmarks.performance.wrapper_overhead
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

from ... import TaskSpace, make_teacher
from ...wrappers import TaskAttributes

N_ENVS = 8
TARGET = 1.2
SPACE = TaskSpace(length=(0.4, 0.6))
"""Narrow, so that the episodes are as short with a teacher as without."""

Stepper = Callable[[int], float]


def adapted(env: gym.Env) -> gym.Env:
    """Make CartPole a task environment; at the top of the module, so that worker processes find it."""
    return TaskAttributes(env, SPACE)


def plain(env: gym.Env) -> gym.Env:
    """Leave CartPole as it is."""
    return env


def sb3_without_teacher(vec_env_cls: str, layer: Callable[[gym.Env], gym.Env]) -> Any:
    """Build Stable-Baselines3's vector environment with Monitors and no teacher."""
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv

    cls: Any = {"dummy": DummyVecEnv, "subproc": SubprocVecEnv}[vec_env_cls]
    return make_vec_env("CartPole-v1", N_ENVS, seed=0, vec_env_cls=cls, wrapper_class=layer)


def sb3_with_teacher(vec_env_cls: str) -> Any:
    """Build the same with a teacher."""
    from ...wrappers import make_curriculum_vec_env

    teacher = make_teacher("random", SPACE, seed=0)
    return make_curriculum_vec_env(
        "CartPole-v1", teacher, N_ENVS, seed=0, vec_env_cls=vec_env_cls, wrapper_class=adapted
    )


def gymnasium_without_teacher() -> Any:
    """Build Gymnasium's synchronous vector environment, which resets in the same step."""
    return gym.make_vec(
        "CartPole-v1",
        N_ENVS,
        "sync",
        vector_kwargs={"autoreset_mode": gym.vector.AutoresetMode.SAME_STEP},
        wrappers=[gym.wrappers.RecordEpisodeStatistics, adapted],  # type: ignore[list-item]
    )


def gymnasium_with_teacher() -> Any:
    """Build the same with a teacher."""
    from ...wrappers import make_curriculum_vector_env

    teacher = make_teacher("random", SPACE, seed=0)
    return make_curriculum_vector_env("CartPole-v1", teacher, N_ENVS, "sync", seed=0, wrapper_class=adapted)


def stepper(env: Any, clock: Callable[[], float] = time.process_time) -> Stepper:
    """Reset an environment and return a function that times a number of its steps, in seconds."""
    env.reset()
    actions = np.random.default_rng(0).integers(0, 2, (997, N_ENVS))
    state = {"t": 0}

    def run(steps: int) -> float:
        t, step = state["t"], env.step
        start = clock()
        for i in range(t, t + steps):
            step(actions[i % 997])
        state["t"] = t + steps
        return clock() - start

    return run


def factor(base: Stepper, other: Stepper, steps: int, repeats: int) -> tuple[float, float, float]:
    """Return how many times slower the second is, and both speeds in environment steps per second."""
    base(steps // 4)
    other(steps // 4)
    ratios, speeds = [], []
    for turn in range(repeats):
        first, second = (base, other) if turn % 2 == 0 else (other, base)
        a, b = first(steps), second(steps)
        slow, fast = (b, a) if turn % 2 == 0 else (a, b)
        ratios.append(slow / fast)
        speeds.append((steps * N_ENVS / fast, steps * N_ENVS / slow))
    return (
        statistics.median(ratios),
        statistics.median(speed[0] for speed in speeds),
        statistics.median(speed[1] for speed in speeds),
    )


def run(steps: int = 600, repeats: int = 15, processes: bool = True) -> list[dict[str, Any]]:
    """Measure all variants.

    Args:
        steps: Vector steps per timing.
        repeats: Pairs of timings per variant.
        processes: Whether to measure `SubprocVecEnv`, too, which takes some seconds to start.

    Returns:
        Rows with ``name``, ``value``, ``unit``, ``target`` (None for information) and ``ok``.
    """
    pairs: list[tuple[str, Any, Any, float | None, int]] = [
        (
            "DummyVecEnv, curriculum ÷ the same task environment drawing its own tasks",
            sb3_without_teacher("dummy", adapted),
            sb3_with_teacher("dummy"),
            TARGET,
            steps,
        ),
        (
            "DummyVecEnv, curriculum and adapter ÷ plain CartPole",
            sb3_without_teacher("dummy", plain),
            sb3_with_teacher("dummy"),
            TARGET,
            steps,
        ),
        (
            "SyncVectorEnv, curriculum ÷ the same task environment drawing its own tasks",
            gymnasium_without_teacher(),
            gymnasium_with_teacher(),
            None,
            steps,
        ),
    ]
    if processes:
        pairs.append(
            (
                "SubprocVecEnv, curriculum ÷ the same task environment drawing its own tasks",
                sb3_without_teacher("subproc", adapted),
                sb3_with_teacher("subproc"),
                None,
                max(steps // 4, 10),
            )
        )
    rows: list[dict[str, Any]] = []
    for name, without, with_teacher, target, count in pairs:
        clock = time.perf_counter if "Subproc" in name else time.process_time
        ratio, fast, slow = factor(stepper(without, clock), stepper(with_teacher, clock), count, repeats)
        rows.append({"name": name, "value": ratio, "unit": "×", "target": target, "ok": not target or ratio <= target})
        kind = name.split(",")[0]
        for what, speed in (("without", fast), ("with", slow)):
            rows.append(
                {"name": f"{kind} {what} a teacher", "value": speed, "unit": "steps/s", "target": None, "ok": True}
            )
        without.close()
        with_teacher.close()
    return rows


def main() -> int:
    """Print the measurements; return 1 if a target is missed."""
    rows = run()
    for row in rows:
        value = f"{row['value']:.3f}" if row["unit"] == "×" else f"{row['value']:,.0f}"
        target = f"  (target at most {row['target']:g}: {'met' if row['ok'] else 'MISSED'})" if row["target"] else ""
        print(f"{row['name']:<78} {value:>9} {row['unit']}{target}")
    return 0 if all(row["ok"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
