"""The network and the learner of a generator of levels, Stable-Baselines3's PPO. Importing this loads torch and SB3.

It is the only file of the teachers that knows Stable-Baselines3 and Gymnasium: a generator is one of its algorithms.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import ArrayLike
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.utils import obs_as_tensor
from torch import nn

if TYPE_CHECKING:
    from .generator_config import GeneratorConfig


class BuilderExtractor(BaseFeaturesExtractor):
    """What the policy reads of a level being built: a convolution of the grid, and the other parts as they are.

    Args:
        observation_space: A Dict of Boxes with a ``"grid"`` of shape ``(planes, height, width)``.
        filters: Of the convolution, 3 × 3 with a stride of 2.
        hidden: Features.

    Example:
        >>> space = spaces.Dict(grid=spaces.Box(0, 1, (2, 5, 5), np.uint8), step=spaces.Box(0, 1, (3,)))
        >>> extractor = BuilderExtractor(space, filters=4, hidden=8)
        >>> extractor({"grid": torch.zeros(6, 2, 5, 5), "step": torch.zeros(6, 3)}).shape
        torch.Size([6, 8])
    """

    def __init__(self, observation_space: spaces.Dict, filters: int, hidden: int) -> None:
        super().__init__(observation_space, hidden)
        planes, height, width = observation_space["grid"].shape  # type: ignore[misc]
        self.others = sorted(key for key in observation_space.spaces if key != "grid")
        shapes = [tuple(observation_space[key].shape or ()) for key in self.others]
        rest = sum(math.prod(shape) for shape in shapes)
        cells = ((height + 1) // 2) * ((width + 1) // 2)
        self.grid = nn.Sequential(nn.Conv2d(planes, filters, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten())
        self.together = nn.Sequential(nn.Linear(filters * cells + rest, hidden), nn.ReLU())

    def forward(self, observations: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return the features, shape ``(n, hidden)``."""
        parts = [self.grid(observations["grid"].float()), *(observations[key].flatten(1) for key in self.others)]
        features: torch.Tensor = self.together(torch.cat(parts, dim=1))
        return features


def make_learner(observation_space: Any, action_space: Any, horizon: int, config: GeneratorConfig) -> Any:
    """Build a PPO, or a RecurrentPPO, that has no environment: what it did is put into its rollout buffer.

    Args:
        observation_space: Of the builder.
        action_space: Of the builder.
        horizon: Steps of an episode.
        config: Hyperparameters.

    Example:
        >>> from tutelage.teachers.regret.generator_config import GeneratorConfig
        >>> make_learner(spaces.Box(0, 1, (2,)), spaces.Discrete(3), 4, GeneratorConfig()).n_steps
        4
    """
    policy_kwargs: dict[str, Any] = {"net_arch": [config.hidden, config.hidden], "activation_fn": nn.Tanh}
    if isinstance(observation_space, spaces.Dict) and "grid" in observation_space.spaces:
        policy_kwargs = {
            "features_extractor_class": BuilderExtractor,
            "features_extractor_kwargs": {"filters": config.filters, "hidden": config.hidden},
            "net_arch": [],
        }
    if isinstance(action_space, spaces.Box):
        policy_kwargs["log_std_init"] = config.log_std
    cls: Any = PPO
    if config.recurrent:
        from sb3_contrib import RecurrentPPO

        cls = RecurrentPPO
        policy_kwargs |= {"lstm_hidden_size": config.lstm, "shared_lstm": True, "enable_critic_lstm": False}
        policy_kwargs["net_arch"] = [config.hidden]
    kind = "MultiInput" if isinstance(observation_space, spaces.Dict) else "Mlp"
    learner = cls(
        f"{kind}{'Lstm' if config.recurrent else ''}Policy",
        None,
        learning_rate=config.learning_rate,
        n_steps=horizon,
        n_epochs=config.n_epochs,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        clip_range=config.clip_range,
        ent_coef=config.ent_coef,
        vf_coef=config.vf_coef,
        max_grad_norm=config.max_grad_norm,
        policy_kwargs=policy_kwargs,
        device="cpu",
        _init_setup_model=False,
    )
    learner.observation_space, learner.action_space, learner.n_envs = observation_space, action_space, 1
    learner._setup_model()
    learner.batch_size = config.batch_size
    learner.set_logger(Logger(None, []))
    return learner


def act(policy: Any, observation: Any, states: Any, starts: Any) -> tuple[Any, Any, Any, Any]:
    """Let a policy act.

    Args:
        policy: Of a learner.
        observation: An array or a dict of arrays, stacked along the first axis.
        states: Of its memory; None where it has none.
        starts: Whether episodes begin, shape ``(n,)``; of no meaning without a memory.

    Returns:
        Actions, values, log-probabilities, and the states afterwards.
    """
    tensors = obs_as_tensor(observation, policy.device)
    with torch.no_grad():
        if states is None:
            return (*policy(tensors), None)
        outcome: tuple[Any, Any, Any, Any] = policy(tensors, states, torch.as_tensor(starts, dtype=torch.float32))
        return outcome


def first_states(n: int, config: GeneratorConfig) -> Any:
    """Return the states of a memory before the first step of n episodes; None for a policy without one."""
    if not config.recurrent:
        return None
    from sb3_contrib.common.recurrent.type_aliases import RNNStates

    zeros = torch.zeros(1, n, config.lstm)
    return RNNStates((zeros, zeros), (zeros, zeros))


def box(low: ArrayLike, high: ArrayLike) -> spaces.Box:
    """Return a Box of single-precision numbers between bounds of shape ``(d,)``.

    Example:
        >>> box([-1.0], [1.0])
        Box(-1.0, 1.0, (1,), float32)
    """
    return spaces.Box(np.asarray(low, dtype=np.float32), np.asarray(high, dtype=np.float32))
