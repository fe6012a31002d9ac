"""PPO in one file, without Stable-Baselines3: a teacher in a loop of your own.

The algorithm is written out in the manner of CleanRL, on a Gymnasium vector environment. Tutelage takes part in two
lines: the teacher, and the vector environment in which it chooses the task of each episode. The student balances poles
of different lengths; at the end it is tested on five of them.

    python examples/cleanrl_loop.py
    python examples/cleanrl_loop.py --teacher random --steps 20000 --seed 1
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import torch
import tutelage
import tyro
from torch import nn
from torch.distributions import Categorical
from tutelage.wrappers import TaskAttributes, make_curriculum_vector_env

SPACE = tutelage.TaskSpace(length=(0.2, 2.0))
"""Half of the pole's length in metres, an attribute of CartPole."""


@dataclass
class Args:
    """Train PPO on CartPole with poles of different lengths, chosen by a teacher."""

    steps: int = 150_000
    """Environment steps."""
    teacher: str = "alp-gmm"
    """Who chooses the tasks: alp-gmm, random …"""
    seed: int = 0
    """Seed of teacher, environments and network."""
    num_envs: int = 8
    """Parallel environments."""
    num_steps: int = 128
    """Steps of each environment between two updates."""
    learning_rate: float = 1e-3
    """Learning rate at the start; it falls to zero."""
    gamma: float = 0.99
    """Discount factor."""
    gae_lambda: float = 0.95
    """λ of the generalised advantage estimate."""
    epochs: int = 6
    """Passes over a rollout."""
    minibatches: int = 4
    """Parts into which a rollout is divided in each pass."""
    clip: float = 0.2
    """Clipping of the probability ratio."""
    entropy: float = 0.005
    """Weight of the entropy bonus."""
    value: float = 0.5
    """Weight of the value loss."""
    max_grad_norm: float = 0.5
    """Clipping of the gradient."""


class Agent(nn.Module):
    """A policy and a value network."""

    def __init__(self, n_inputs: int, n_actions: int) -> None:
        super().__init__()
        self.actor = network(n_inputs, n_actions, 0.01)
        self.critic = network(n_inputs, 1, 1.0)

    def act(self, observations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return actions, their log-probabilities and values, each of shape ``(n,)``."""
        policy = Categorical(logits=self.actor(observations))
        actions = policy.sample()
        return actions, policy.log_prob(actions), self.values(observations)

    def values(self, observations: torch.Tensor) -> torch.Tensor:
        """Return the values of observations, shape ``(n,)``."""
        return self.critic(observations).squeeze(-1)


def network(n_inputs: int, n_outputs: int, gain: float) -> nn.Sequential:
    layers: list[Any] = [nn.Linear(n_inputs, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, n_outputs)]
    for layer, scale in zip(layers[::2], (np.sqrt(2), np.sqrt(2), gain), strict=True):
        nn.init.orthogonal_(layer.weight, scale)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


def make_env() -> gym.Env:
    return TaskAttributes(gym.make("CartPole-v1"), SPACE)


def test(agent: Agent, lengths: list[float]) -> list[float]:
    """Return the return of the most likely actions for each length; the teacher never hears of these episodes."""
    returns = []
    env = make_env()
    for length in lengths:
        observation, _ = env.reset(seed=0, options={"task": [length]})
        total, done = 0.0, False
        while not done:
            with torch.no_grad():
                action = int(agent.actor(torch.as_tensor(observation)).argmax())
            observation, reward, terminated, truncated, _ = env.step(action)
            total, done = total + float(reward), terminated or truncated
        returns.append(total)
    env.close()
    return returns


def main(args: Args) -> None:
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)  # networks this small are faster on one thread

    # A run of some hundred episodes: let ALP-GMM learn from the latest 50, not 250.
    hyperparameters = {"fit_rate": 50} if args.teacher == "alp-gmm" else {}

    # --- The two lines in which the teacher comes in ---
    teacher = tutelage.make_teacher(args.teacher, SPACE, seed=args.seed, **hyperparameters)
    envs: Any = make_curriculum_vector_env(make_env, teacher, num_envs=args.num_envs, seed=args.seed)

    n_inputs = int(np.prod(envs.single_observation_space.shape or ()))
    agent = Agent(n_inputs, int(envs.single_action_space.n))
    optimizer = torch.optim.Adam(agent.parameters(), lr=args.learning_rate, eps=1e-5)
    shape = (args.num_steps, args.num_envs)
    observations = torch.zeros((*shape, n_inputs))
    actions = torch.zeros(shape, dtype=torch.int64)
    log_probs, rewards, values = torch.zeros(shape), torch.zeros(shape), torch.zeros(shape)
    ends = torch.zeros(shape)

    batch = args.num_steps * args.num_envs
    updates = max(1, args.steps // batch)
    print(f"before: {in_words(agent)}")
    observation = torch.as_tensor(envs.reset()[0])
    recent: list[float] = []
    for update in range(updates):
        optimizer.param_groups[0]["lr"] = args.learning_rate * (1.0 - update / updates)
        for t in range(args.num_steps):
            observations[t] = observation
            with torch.no_grad():
                actions[t], log_probs[t], values[t] = agent.act(observation)
            following, reward, terminated, truncated, infos = envs.step(actions[t].numpy())
            rewards[t] = torch.as_tensor(reward)
            ends[t] = torch.as_tensor(terminated | truncated, dtype=torch.float32)
            # An episode that was cut off would have gone on: add the value of the observation it ended with.
            for i in np.flatnonzero(truncated & ~terminated):
                with torch.no_grad():
                    rewards[t, i] += args.gamma * agent.values(torch.as_tensor(infos["final_obs"][i]))
            if "final_info" in infos:
                recent += infos["final_info"]["episode"]["r"][infos["_final_info"]].tolist()
            observation = torch.as_tensor(following)

        # --- Generalised advantage estimation (Schulman et al. 2016) ---
        advantages = torch.zeros(shape)
        with torch.no_grad():
            next_value, advantage = agent.values(observation), torch.zeros(args.num_envs)
        for t in reversed(range(args.num_steps)):
            delta = rewards[t] + args.gamma * next_value * (1.0 - ends[t]) - values[t]
            advantage = delta + args.gamma * args.gae_lambda * (1.0 - ends[t]) * advantage
            advantages[t], next_value = advantage, values[t]
        returns = advantages + values

        # --- Clipped policy gradient (Schulman et al. 2017, equation 9) ---
        flat = (
            observations.reshape(batch, -1),
            actions.ravel(),
            log_probs.ravel(),
            advantages.ravel(),
            returns.ravel(),
        )
        for _ in range(args.epochs):
            for rows in torch.randperm(batch).chunk(args.minibatches):
                o, a, old, adv, target = (part[rows] for part in flat)
                adv = (adv - adv.mean()) / (adv.std() + 1e-8)
                policy = Categorical(logits=agent.actor(o))
                ratio = (policy.log_prob(a) - old).exp()
                gain = torch.min(ratio * adv, ratio.clamp(1.0 - args.clip, 1.0 + args.clip) * adv).mean()
                value_loss = 0.5 * (agent.values(o) - target).square().mean()
                loss = args.value * value_loss - gain - args.entropy * policy.entropy().mean()
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
                optimizer.step()

        if (update + 1) % max(1, updates // 10) == 0:
            recent = recent[-100:]
            metrics = "  ".join(f"{name} {value:.3g}" for name, value in teacher.metrics().items())
            print(f"{(update + 1) * batch:>8,} steps  return {np.mean(recent or [0.0]):>5.0f}  teacher: {metrics}")
    envs.close()
    print(f"after:  {in_words(agent)}")


def in_words(agent: Agent) -> str:
    lengths = SPACE.grid(5)[:, 0].tolist()
    returns = test(agent, lengths)
    return "  ".join(f"length {length:.2f}: {score:.0f}" for length, score in zip(lengths, returns, strict=True))


if __name__ == "__main__":
    main(tyro.cli(Args))
