"""Give a student without a memory one: what it has seen, or where it has been.

A maze is seen through a window of 5 x 5 cells, so that places look alike. PPO with a small network learns mazes under
ALP-GMM and is tested on the mazes of the literature, which it has never seen. ``--memory frames`` shows it the latest
observations at once (Stable-Baselines3's VecFrameStack around the vector environment in which the teacher decides),
``visits`` how often it has been in each cell of its window, ``none`` neither.

    python examples/maze_memory.py
    python examples/maze_memory.py --memory frames --frames 4 --steps 10000000
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import tutelage
from stable_baselines3.common.vec_env import VecFrameStack
from tutelage.benchmarks import evaluate_levels
from tutelage.envs import MazeParametersVecEnv
from tutelage.students import TeacherCallback, make_student
from tutelage.wrappers import CurriculumVecEnv


def main() -> None:
    parser = argparse.ArgumentParser(description="Train PPO on mazes with one kind of memory or another.")
    parser.add_argument("--memory", choices=["none", "visits", "frames"], default="visits")
    parser.add_argument("--frames", type=int, default=4, help="observations that are seen at once with `frames`")
    parser.add_argument("--steps", type=int, default=1_000_000, help="environment steps")
    parser.add_argument("--teacher", default="alp-gmm", help="who chooses the mazes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--suite", default="zero-shot-12", help="the mazes of the test")
    parser.add_argument("--out", type=Path, default=None, help="file for the solved rates (JSON)")
    args = parser.parse_args()

    env_args = {"observation": "flat", "n_actions": 3, "visits": args.memory == "visits"}
    mazes = MazeParametersVecEnv(256, seed=args.seed, **env_args)
    teacher = tutelage.make_teacher(args.teacher, mazes.task_space, seed=args.seed)
    venv = CurriculumVecEnv(mazes, teacher)
    frame_stack = args.frames if args.memory == "frames" else None
    seen = venv if frame_stack is None else VecFrameStack(venv, frame_stack)
    student = make_student("ppo", seen, preset_name="maze", seed=args.seed)

    began = time.perf_counter()
    student.learn(args.steps, callback=TeacherCallback())
    seconds = time.perf_counter() - began
    result = evaluate_levels(student, args.suite, env_args=env_args, frame_stack=frame_stack, seed=args.seed)

    for test, rate in zip(result.tests, result.solved_rates, strict=True):
        print(f"{test.name:28} {100 * rate:4.0f} %")
    print(
        f"mean {100 * result.mean_solved_rate:.1f} %, interquartile mean {100 * result.iqm_solved_rate:.1f} % "
        f"after {student.num_timesteps:,} steps in {seconds:.0f} s"
    )
    if args.out is not None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        rates = {test.name: float(rate) for test, rate in zip(result.tests, result.solved_rates, strict=True)}
        args.out.write_text(json.dumps({**vars(args), "out": None, "seconds": seconds, "solved": rates}, indent=2))


if __name__ == "__main__":
    main()
