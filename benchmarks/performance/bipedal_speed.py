"""Speed of Stump Tracks and Walker–Climber against Gymnasium's BipedalWalker-v3.

Run with ``python -m tutelage.benchmarks.performance.bipedal_speed``. All environments are made with ``gym.make`` and
driven by random actions, resets included, in one process and in turn, so that a busy machine slows all.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np

TARGET = 0.9
"""Each environment must make at least this share of the steps per second of BipedalWalker-v3."""

ROWS: dict[str, tuple[str, dict[str, Any], list[float], bool]] = {
    "StumpTracks-v0, easy": ("StumpTracks", {}, [0.1, 6.0], False),
    "StumpTracks-v0, middle": ("StumpTracks", {}, [1.5, 3.0], False),
    "WalkerClimber-v0, default": ("WalkerClimber", {}, [3.0, 3.0], False),
    "WalkerClimber-v0, chimpanzee": ("WalkerClimber", {"body": "chimpanzee"}, [7.0, 3.0], False),
    "the same, hands holding": ("WalkerClimber", {"body": "chimpanzee"}, [7.0, 3.0], True),
}
"""What is measured: environment, arguments, task, and whether hands hold fast (else a random climber falls at once)."""


@dataclass(frozen=True)
class Measurement:
    """Steps per second and milliseconds per reset of one environment, medians over the repeats.

    Attributes:
        name: What was measured.
        steps_per_second: Resets included.
        reset_ms: Milliseconds per reset.
        ratio: Median over the repeats of the steps per second over those of BipedalWalker-v3 in the same
            repeat.
    """

    name: str
    steps_per_second: float
    reset_ms: float
    ratio: float


def run(n_steps: int = 3000, n_repeats: int = 7) -> list[Measurement]:
    """Measure.

    Args:
        n_steps: Steps per repeat and environment.
        n_repeats: Interleaved repeats.

    Returns:
        BipedalWalker-v3 first, then `ROWS`.
    """
    walker = gym.make("BipedalWalker-v3")
    environments: dict[str, gym.Env] = {"BipedalWalker-v3": walker}
    runners: dict[str, Callable[[], Any]] = {"BipedalWalker-v3": walker.reset}
    actions = {"BipedalWalker-v3": np.random.default_rng(0).uniform(-1, 1, (n_steps, 4)).astype(np.float32)}
    for name, (env_id, kwargs, task, holding) in ROWS.items():
        env = environments[name] = gym.make(f"tutelage.envs:tutelage/{env_id}-v0", **kwargs)
        runners[name] = partial(env.reset, options={"task": task})
        shape = (n_steps, *(env.action_space.shape or ()))
        drawn = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
        if holding:
            drawn[:, -2:] = 1.0
        actions[name] = drawn
    for name, reset in runners.items():  # compile and warm up
        environments[name].reset(seed=0)
        _steps_per_second(environments[name], reset, actions[name][:200])

    speeds: dict[str, list[float]] = {name: [] for name in runners}
    resets: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(n_repeats):
        for name, reset in runners.items():
            speeds[name].append(_steps_per_second(environments[name], reset, actions[name]))
            start = time.perf_counter()
            for _ in range(20):
                reset()
            resets[name].append((time.perf_counter() - start) / 20 * 1e3)
    for env in environments.values():
        env.close()
    base = speeds["BipedalWalker-v3"]
    return [
        Measurement(
            name,
            statistics.median(speeds[name]),
            statistics.median(resets[name]),
            statistics.median(ours / theirs for ours, theirs in zip(speeds[name], base, strict=True)),
        )
        for name in runners
    ]


def _steps_per_second(env: gym.Env, reset: Callable[[], Any], actions: np.ndarray) -> float:
    start = time.perf_counter()
    reset()
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            reset()
    return len(actions) / (time.perf_counter() - start)


def main() -> int:
    """Print the table; return 0 if the target is met, else 1."""
    results = run()
    print(f"{'':30}{'steps/s':>10}{'ratio':>8}{'reset ms':>10}")
    for result in results:
        print(f"{result.name:30}{result.steps_per_second:10,.0f}{result.ratio:8.2f}{result.reset_ms:10.2f}")
    worst = min(result.ratio for result in results[1:])
    print(f"target: ratio >= {TARGET}; {'met' if worst >= TARGET else 'MISSED'} ({worst:.2f})")
    return 0 if worst >= TARGET else 1


if __name__ == "__main__":
    raise SystemExit(main())
