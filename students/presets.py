"""Hyperparameters of students, by name: Stable-Baselines3's own, the papers', and ours for the tracks and the maze.

A preset is a dict of constructor arguments of the algorithm, plus ``normalize_observations`` (wrap the environment in
``VecNormalize`` with ``norm_reward=False``), ``action_noise_std`` and ``gradient_steps_per_env``
(Stable-Baselines3 counts ``train_freq`` in steps of all environments at once, so that the ratio of gradient steps to
environment steps is kept by as many times more gradient steps) and ``rollout_steps`` (the steps of a rollout over all
environments). Sources are given beside each.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ..errors import RequestError, unknown_name

_RELU_400_300 = {"net_arch": [400, 300], "activation_fn": "relu"}

# Ours for the maze, with many environments that are batched natively (256, say): rollouts of 16,384 steps however many
# there are, large batches, and the discount factor and λ of the papers' maze students. A policy that has become nearly
# deterministic walks in circles in some mazes: hence the weight of the entropy and a learning rate that falls to 0, for
# at a constant one the solved rates of single mazes go up and down by tens of points.
_MAZE = {
    "rollout_steps": 16_384,
    "batch_size": 2_048,
    "n_epochs": 4,
    "learning_rate": "lin_1e-3",
    "gamma": 0.995,
    "gae_lambda": 0.95,
    "clip_range": 0.2,
    "ent_coef": 1e-2,
    "vf_coef": 0.5,
    "max_grad_norm": 0.5,
}

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "ppo": {
        "sb3": {},
        # TeachMyAgent's PPO2 for Stump Tracks (Romac et al. 2021, appendix; one environment of 20,000 steps there).
        # Theirs normalises rewards as well, and policy and value function share their layers.
        "teachmyagent": {
            "n_steps": 20_000,
            "batch_size": 1_000,
            "n_epochs": 5,
            "learning_rate": 3e-4,
            "gamma": 0.99,
            "gae_lambda": 0.95,
            "clip_range": 0.2,
            "ent_coef": 0.0,
            "vf_coef": 0.5,
            "max_grad_norm": 0.5,
            "policy_kwargs": {"net_arch": [400, 300], "activation_fn": "tanh"},
            "normalize_observations": True,
        },
        # Ours: rollouts of 4,096 steps however many environments there are, few and large batches. Observations are
        # normalised and rewards are not: a fall costs 100 and fills the value loss, whose gradient the usual clipping
        # at norm 0.5 would let crowd out the policy's; hence 20. As the
        # policy gets less random, the same step changes it more: hence the falling learning rate and the limit on KL.
        "tracks": {
            "rollout_steps": 4_096,
            "batch_size": 256,
            "n_epochs": 5,
            "learning_rate": "lin_1e-3",
            "gamma": 0.995,
            "gae_lambda": 0.95,
            "clip_range": 0.2,
            "ent_coef": 0.0,
            "max_grad_norm": 20.0,
            "target_kl": 0.05,
            "policy_kwargs": {"net_arch": [64, 64], "activation_fn": "tanh"},
            "normalize_observations": True,
        },
        # The quick one, for flat observations (observation="flat").
        "maze": {**_MAZE, "policy_kwargs": {"net_arch": [128, 128], "activation_fn": "tanh"}},
        # For Dict observations: the papers' features without their memory.
        "maze-conv": {
            **_MAZE,
            "policy_kwargs": {
                "features_extractor_class": "MazeExtractor",
                "net_arch": [128],
                "activation_fn": "tanh",
            },
        },
        # The student of Words as Beacons (Ruiz-Gonzalez et al. 2024), for 16 environments: scripts/train.py and
        # model.py of the authors' code. Theirs does not normalise advantages, and its last layer begins larger.
        "words-as-beacons": {
            "n_steps": 128,
            "batch_size": 256,
            "n_epochs": 4,
            "learning_rate": 1e-4,
            "gamma": 0.99,
            "gae_lambda": 0.95,
            "clip_range": 0.2,
            "ent_coef": 5e-4,
            "vf_coef": 0.5,
            "max_grad_norm": 0.5,
            "policy_kwargs": {
                "features_extractor_class": "SubgoalExtractor",
                "net_arch": [],
                "optimizer_kwargs": {"eps": 1e-8},
            },
        },
    },
    "sac": {
        "sb3": {},
        # The Soft Actor-Critic of Portelas et al. 2019, section 5 (SpinningUp's): fixed entropy coefficient, one
        # gradient step for every ten environment steps. Theirs are taken at the end of each episode, ours every ten
        # steps; theirs learns a state-value network besides.
        "portelas2019": {
            "learning_rate": 1e-3,
            "gamma": 0.99,
            "tau": 0.005,
            "ent_coef": 0.005,
            "batch_size": 1_000,
            "buffer_size": 2_000_000,
            "learning_starts": 10_000,
            "train_freq": 10,
            "gradient_steps_per_env": 1,
            "policy_kwargs": _RELU_400_300,
        },
    },
    # Fujimoto et al. 2018, table 3: noise of standard deviation 0.1, batches of 100, 400-300 units.
    "td3": {
        "sb3": {},
        "fujimoto2018": {
            "learning_rate": 1e-3,
            "batch_size": 100,
            "tau": 0.005,
            "policy_delay": 2,
            "train_freq": 1,
            "gradient_steps_per_env": 1,
            "action_noise_std": 0.1,
            "learning_starts": 10_000,
            "policy_kwargs": _RELU_400_300,
        },
    },
    # Mnih et al. 2016, section 5.1, as far as a synchronous version has them: 5-step returns, RMSProp with decay 0.99.
    "a2c": {
        "sb3": {},
        "mnih2016": {
            "n_steps": 5,
            "learning_rate": 7e-4,
            "gamma": 0.99,
            "gae_lambda": 1.0,
            "ent_coef": 0.01,
            "rms_prop_eps": 1e-5,
            "use_rms_prop": True,
        },
    },
    # Stable-Baselines3's zoo for CartPole-v1.
    "dqn": {
        "sb3": {},
        "cartpole": {
            "learning_rate": 2.3e-3,
            "batch_size": 64,
            "buffer_size": 100_000,
            "learning_starts": 1_000,
            "gamma": 0.99,
            "target_update_interval": 10,
            "train_freq": 256,
            "gradient_steps_per_env": 128,
            "exploration_fraction": 0.16,
            "exploration_final_eps": 0.04,
            "policy_kwargs": {"net_arch": [256, 256]},
        },
    },
    "recurrent-ppo": {
        "sb3": {},
        # As the tracks' PPO, with a small LSTM.
        "tracks": {
            "rollout_steps": 4_096,
            "batch_size": 256,
            "n_epochs": 5,
            "learning_rate": "lin_1e-3",
            "gamma": 0.995,
            "max_grad_norm": 20.0,
            "target_kl": 0.05,
            "policy_kwargs": {"net_arch": [64], "lstm_hidden_size": 64},
            "normalize_observations": True,
        },
        # The maze students of robust PLR (Jiang et al. 2021) and ACCEL (Parker-Holder et al. 2022), for Dict
        # observations: network, and PPO with one batch of the whole rollout (32 environments of 256 steps there).
        "maze-lstm": {
            "n_steps": 256,
            "batch_size": None,
            "n_epochs": 5,
            "learning_rate": 1e-4,
            "gamma": 0.995,
            "gae_lambda": 0.95,
            "clip_range": 0.2,
            "clip_range_vf": 0.2,
            "ent_coef": 0.0,
            "vf_coef": 0.5,
            "max_grad_norm": 0.5,
            "policy": "MazeLstmPolicy",
            "policy_kwargs": {
                "features_extractor_class": "MazeExtractor",
                "lstm_hidden_size": 256,
                "shared_lstm": True,
                "enable_critic_lstm": False,
                "net_arch": {"pi": [32], "vf": [32]},
                "activation_fn": "tanh",
            },
        },
    },
}


def list_presets(student: str) -> list[str]:
    """Return the names of a student's presets.

    Example:
        >>> list_presets("sac")
        ['portelas2019', 'sb3']
    """
    return sorted(PRESETS.get(student, {}))


def preset(student: str, name: str) -> dict[str, Any]:
    """Return a preset's arguments, a copy.

    Raises:
        RequestError: An unknown name.

    Example:
        >>> preset("sac", "portelas2019")["ent_coef"]
        0.005
    """
    known = PRESETS.get(student, {})
    if name not in known:
        raise RequestError(unknown_name(f"preset of {student}", name, known))
    return deepcopy(known[name])
