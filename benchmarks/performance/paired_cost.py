"""How much of an iteration the teachers of two students take: making 256 mazes of 13 × 13 cells, learning from them.

An iteration is the building of the levels, a rollout of each of two students of the preset `maze` (a small MLP, 64
steps in each of 256 mazes), their updates and the teacher's. The share is the median over the iterations of one
process. PAIRED builds the mazes wall by wall, CLUTR decodes them with a task VAE of the preset `small` (untrained: its
weights do not change what it costs). Run it with

    python -m tutelage.benchmarks.performance.paired_cost
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from ..workers import one_thread

TARGET = 0.30
N_ENVS = 256
ITERATIONS = 8
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "paired": ("paired", {}),
    "clutr": ("clutr", {}),
    "paired, recurrent": ("paired", {"recurrent": True}),
}
"""Teachers measured, by label."""
WITH_TARGET = ("paired", "clutr")
"""Those that the target is for."""


class Stopwatch:
    """Sums up the time that some functions take.

    Example:
        >>> watch = Stopwatch()
        >>> watch.timed(max)(2, 3), watch.seconds >= 0.0
        (3, True)
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with its time taken."""

        def call(*args: Any, **kwargs: Any) -> Any:
            begin = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.process_time() - begin

        return call


def make_level_teacher(name: str, mazes: Any, **hyperparameters: Any) -> Any:
    """Return a teacher that makes the levels of a batch of mazes."""
    from ... import make_teacher
    from ...teachers.latent.latent_decoder import LatentDecoder
    from ...teachers.latent.vae_config import VAEConfig
    from ...teachers.latent.vae_training import new_vae

    if name == "clutr":
        codec = mazes.task_codec
        hyperparameters["vae"] = LatentDecoder(new_vae(VAEConfig.of("small"), codec, seed=0).eval(), codec)
    else:
        hyperparameters["builder"] = mazes.level_builder
    return make_teacher(name, mazes.task_space, seed=0, **hyperparameters)


def shares(name: str, **hyperparameters: Any) -> tuple[list[float], float]:
    """Return the teacher's share of each iteration, and the steps of the protagonist a second over all of them."""
    from ...envs import MazeVecEnv
    from ...students import Follower, PairedTraining, make_student
    from ...wrappers import CurriculumVecEnv

    mazes = [MazeVecEnv(N_ENVS, observation="flat", n_actions=3, seed=i) for i in range(2)]
    space = mazes[0].task_space
    teacher = make_level_teacher(name, mazes[0], **hyperparameters)
    protagonist, antagonist = (
        make_student("ppo", CurriculumVecEnv(venv, who), preset_name="maze", seed=i)
        for i, (venv, who) in enumerate(zip(mazes, (teacher, Follower(space)), strict=True))
    )
    watch = Stopwatch()
    for name in ("sample", "update"):
        setattr(teacher, name, watch.timed(getattr(teacher, name)))
    callback, steps = PairedTraining(antagonist), protagonist.n_steps * N_ENVS
    found, begin = [], 0.0
    with one_thread():
        for iteration in range(ITERATIONS + 2):
            if iteration == 2:  # the first ones compile, and have nothing to learn from
                begin = time.process_time()
            start, watch.seconds = time.process_time(), 0.0
            protagonist.learn(steps, callback=callback, reset_num_timesteps=False)
            if iteration >= 2:
                found.append(watch.seconds / (time.process_time() - start))
    return found, ITERATIONS * steps / (time.process_time() - begin)


def main() -> int:
    """Print the shares; return 0 if the target was met, else 1."""
    print(f"  {N_ENVS} mazes, two PPOs of the preset maze: the teacher's share of an iteration")
    passed = True
    for label, (name, hyperparameters) in KINDS.items():
        found, speed = shares(name, **hyperparameters)
        share = statistics.median(found)
        verdict = ""
        if label in WITH_TARGET:
            passed &= share <= TARGET
            verdict = f"   target {TARGET:.0%}   {'pass' if share <= TARGET else 'FAIL'}"
        print(f"  {label:<18} {share:6.1%}   {speed / 1e3:6.1f} thousand steps of the protagonist a second{verdict}")
    return 0 if passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
