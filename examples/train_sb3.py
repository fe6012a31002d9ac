"""Train a Stable-Baselines3 agent while a teacher chooses the task of every episode.

CartPole with poles from 0.4 to 4 metres and pushes from weak to strong. Everything is Stable-Baselines3's own, but for
the vector environment, in which the teacher decides, and the callback, which logs its metrics (``teacher/…`` in the
table). The last lines save the student and the teacher, and show that both can be loaded again.

    python examples/train_sb3.py
    python examples/train_sb3.py --teacher random --steps 20000
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import gymnasium as gym
import numpy as np
import torch
import tutelage
from stable_baselines3 import PPO
from tutelage.benchmarks import evaluate
from tutelage.state import load_state, save_state
from tutelage.students import TeacherCallback
from tutelage.wrappers import TaskAttributes, make_curriculum_vec_env

# CartPole's `length` is half of the pole's. An episode is a success if the pole stays up for 475 of 500 steps.
SPACE = tutelage.TaskSpace(length=(0.2, 2.0), force_mag=(4.0, 15.0))


def make_env() -> gym.Env:
    return TaskAttributes(gym.make("CartPole-v1"), SPACE, success_threshold=475.0)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train PPO on CartPole under a teacher.")
    parser.add_argument("--steps", type=int, default=150_000, help="environment steps")
    parser.add_argument("--teacher", default="alp-gmm", help=", ".join(tutelage.list_teachers()))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None, help="folder for student and teacher; default: a new one")
    args = parser.parse_args()
    torch.set_num_threads(1)  # networks this small are faster on one thread

    # A run of some hundred episodes: let ALP-GMM learn from the latest 50, not 250.
    hyperparameters = {"fit_rate": 50} if args.teacher == "alp-gmm" else {}
    teacher = tutelage.make_teacher(args.teacher, SPACE, seed=args.seed, **hyperparameters)
    venv = make_curriculum_vec_env(make_env, teacher, n_envs=8, seed=args.seed)
    student = PPO(
        "MlpPolicy",
        venv,
        n_steps=128,
        batch_size=256,
        n_epochs=6,
        learning_rate=lambda remaining: 1e-3 * remaining,
        ent_coef=0.005,
        seed=args.seed,
        verbose=1,
        device="cpu",
    )
    test_tasks = SPACE.grid(5)
    before = evaluate(student, make_env, test_tasks, seed=args.seed)
    student.learn(args.steps, callback=TeacherCallback(), log_interval=25)
    after = evaluate(student, make_env, test_tasks, seed=args.seed)

    print("\nlength  force   return before   after")
    for task, old, new in zip(test_tasks, before.returns, after.returns, strict=True):
        print(f"{task[0]:>6.2f} {task[1]:>6.1f} {np.mean(old):>15.0f} {np.mean(new):>7.0f}")
    print(f"mastered {before.mastered:.0f} % of the test tasks before, {after.mastered:.0f} % after")

    folder = args.out or Path(tempfile.mkdtemp(prefix="tutelage-"))
    folder.mkdir(parents=True, exist_ok=True)
    student.save(folder / "student.zip")
    save_state(folder / "teacher.npz", teacher.state_dict())
    again = tutelage.make_teacher(args.teacher, SPACE, **hyperparameters)
    again.load_state_dict(load_state(folder / "teacher.npz"))
    PPO.load(folder / "student.zip", device="cpu")
    same = np.array_equal(again.sample(5).values, teacher.sample(5).values)
    print(f"saved to {folder}; the loaded teacher goes on with the same tasks: {same}")


if __name__ == "__main__":
    main()
