"""Guide a student through MiniGrid by subgoals, as in Words as Beacons (Ruiz-Gonzalez et al. 2024).

Two students learn to get through a closed door to the goal in the next room. One is shown its current subgoal (first
the door) and paid a bonus for completing it; the other sees only the room and gets only the reward at the goal. Both
are tested on layouts they have not seen, without a bonus; the first also with its subgoals hidden. The subgoals come
from a planner, from a planner that errs as often as a language model did in the paper, or from a language model behind
a chat endpoint (TUTELAGE_LLM_URL, TUTELAGE_LLM_MODEL and, if needed, TUTELAGE_LLM_KEY say where).

    python examples/words_as_beacons.py
    python examples/words_as_beacons.py --subgoals deepseek --encoding representation --seed 1
    python examples/words_as_beacons.py --alpha 0                  # shown, not paid
    python examples/words_as_beacons.py --bonus-only               # paid, not shown
    python examples/words_as_beacons.py --env MiniGrid-KeyCorridorS3R3-v0 --steps 2000000
    python examples/words_as_beacons.py --subgoals chat --answers answers --layouts 200
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import gymnasium as gym
import minigrid  # noqa: F401 - registers its environments
import numpy as np
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv
from tutelage.envs import (
    CellProgress,
    ChatEndpoint,
    ChatSubgoals,
    MiniGridView,
    PlannerOracle,
    minigrid_encoding,
    simulated_llm,
)
from tutelage.students import make_student
from tutelage.wrappers import Subgoals, subgoal_success_rates

N_ENVS = 16
TEST_SEED = 1_000_000  # layouts that training does not meet


def provider_of(args: argparse.Namespace) -> Any:
    if args.subgoals == "oracle":
        return PlannerOracle()
    if args.subgoals == "chat":
        return ChatSubgoals(ChatEndpoint(cache=args.answers))
    return simulated_llm(args.subgoals, args.env, args.encoding)


def make_env(args: argparse.Namespace, provider: Any, layouts: range | None = None, **switches: Any) -> gym.Env:
    # Monitor is inside: what it reports is the environment's own return, without the bonus.
    env = Monitor(MiniGridView(gym.make(args.env), layouts=layouts))
    return Subgoals(env, provider, minigrid_encoding(args.encoding), CellProgress(), **switches)


def train(args: argparse.Namespace, provider: Any, **switches: Any) -> Any:
    layouts = None if args.layouts is None else range(args.layouts)
    venv = DummyVecEnv([lambda: make_env(args, provider, layouts, **switches)] * N_ENVS)
    student = make_student(
        "ppo", venv, preset_name="words-as-beacons", seed=args.seed, learning_rate=args.learning_rate
    )
    return student.learn(args.steps)


def test(args: argparse.Namespace, student: Any, provider: Any, **switches: Any) -> str:
    """Play unseen layouts without a bonus, and say how it went."""
    env = make_env(args, provider, evaluation=True, **switches)
    last = []
    for episode in range(args.episodes):
        observation, info = env.reset(seed=TEST_SEED + episode)
        over = False
        while not over:
            action, _ = student.predict(observation)
            observation, _, terminated, truncated, info = env.step(int(action))
            over = terminated or truncated
        last.append(info)
    text = f"solved {100 * np.mean([info['is_success'] for info in last]):.0f} %"
    text += f", return {np.mean([info['return_without_bonus'] for info in last]):.2f}"
    for order in ("any_order", "in_order"):
        rates = subgoal_success_rates([info[f"subgoals_{order}"] for info in last])
        if rates:
            text += f"; subgoals done {order.replace('_', ' ')} " + ", ".join(f"{100 * rate:.0f} %" for rate in rates)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description="Guide a student through MiniGrid by subgoals.")
    parser.add_argument("--env", default="MiniGrid-MultiRoom-N2-S4-v0", help="or a KeyCorridor, ObstructedMaze-1D…")
    parser.add_argument("--subgoals", choices=["oracle", "llama", "deepseek", "qwen", "chat"], default="oracle")
    parser.add_argument("--encoding", choices=["relative", "representation", "language"], default="relative")
    parser.add_argument("--alpha", type=float, default=0.2, help="the largest bonus; 0: none")
    parser.add_argument("--bonus-only", action="store_true", help="do not show the subgoals, pay for them only")
    parser.add_argument("--steps", type=int, default=40_000, help="environment steps for each student")
    parser.add_argument("--learning-rate", type=float, default=3e-4, help="the paper's is 1e-4, for 15 million steps")
    parser.add_argument("--episodes", type=int, default=100, help="episodes of a test")
    parser.add_argument("--layouts", type=int, default=None, help="train on so many layouts only; default: any")
    parser.add_argument("--answers", default=None, help="folder for the answers of a language model")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    began = time.perf_counter()
    provider = provider_of(args)
    guided = train(args, provider, alpha=args.alpha, hide=args.bonus_only)
    alone = train(args, None)
    print(f"{args.env}, {args.steps:,} steps each, subgoals: {args.subgoals} ({args.encoding}), seed {args.seed}")
    if not args.bonus_only:
        print(f"guided, subgoals shown:  {test(args, guided, provider)}")
    print(f"guided, subgoals hidden: {test(args, guided, PlannerOracle(), hide=True)}")
    print(f"without subgoals:        {test(args, alone, None)}")
    if isinstance(provider, ChatSubgoals):
        print(f"language model: {provider.counts}, {provider.endpoint.cached} questions answered by the folder")
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
