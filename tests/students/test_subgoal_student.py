"""The student of Words as Beacons: network, hyperparameters, and that it learns under each switch."""

from __future__ import annotations

import gymnasium as gym
import minigrid  # noqa: F401 - registers its environments
import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.vec_env import DummyVecEnv
from torch import nn
from tutelage.envs import CellProgress, MiniGridView, PlannerOracle, minigrid_encoding
from tutelage.students import SubgoalExtractor, make_student
from tutelage.students.presets import preset
from tutelage.wrappers import Subgoals

IMAGE = spaces.Box(0, 10, (7, 7, 3), np.uint8)


def view(**parts):
    return spaces.Dict(image=IMAGE, direction=spaces.Discrete(4), **parts)


def subgoal(size):
    return spaces.Box(-1.0, 1.0, (size,), np.float32)


def rooms(encoding="relative", provider=None, **kwargs):
    def make():
        env = MiniGridView(gym.make("MiniGrid-MultiRoom-N2-S4-v0"))
        return Subgoals(env, provider or PlannerOracle(), minigrid_encoding(encoding), CellProgress(), **kwargs)

    return DummyVecEnv([make] * 2)


def student(venv, **kwargs):
    return make_student("ppo", venv, preset_name="words-as-beacons", seed=0, **kwargs)


def test_its_hyperparameters_are_those_of_the_paper():
    given = preset("ppo", "words-as-beacons")
    assert (given["n_steps"], given["batch_size"], given["n_epochs"]) == (128, 256, 4)
    assert (given["learning_rate"], given["gamma"], given["gae_lambda"]) == (1e-4, 0.99, 0.95)
    assert (given["ent_coef"], given["clip_range"]) == (5e-4, 0.2)


@pytest.mark.parametrize(("size", "features"), [(2, 34), (3, 35), (384, 416)])
def test_the_subgoal_joins_the_32_features_of_the_convolution_before_the_layer_of_256(size, features):
    extractor = SubgoalExtractor(view(subgoal=subgoal(size)))
    assert (extractor.linear[0].in_features, extractor.linear[0].out_features) == (features, 256)


def test_without_a_subgoal_there_is_the_convolution_alone():
    assert SubgoalExtractor(view()).linear[0].in_features == 32


def test_the_direction_joins_on_request():
    extractor = SubgoalExtractor(view(subgoal=subgoal(2)), direction=True)
    assert extractor.linear[0].in_features == 38
    batch = {"image": torch.zeros(5, 7, 7, 3), "subgoal": torch.zeros(5, 2), "direction": torch.eye(4)[[0, 1, 2, 3, 0]]}
    features = extractor(batch)
    assert features.shape == (5, 256)
    assert not torch.equal(features[0], features[1])


def test_the_features_depend_on_image_and_subgoal():
    extractor = SubgoalExtractor(view(subgoal=subgoal(2)))
    plain = extractor({"image": torch.zeros(1, 7, 7, 3), "subgoal": torch.zeros(1, 2)})
    other_image = extractor({"image": torch.ones(1, 7, 7, 3), "subgoal": torch.zeros(1, 2)})
    other_subgoal = extractor({"image": torch.zeros(1, 7, 7, 3), "subgoal": torch.ones(1, 2)})
    assert not torch.equal(plain, other_image)
    assert not torch.equal(plain, other_subgoal)


def test_its_heads_are_linear():
    policy = student(rooms()).policy
    assert len(policy.mlp_extractor.policy_net) == len(policy.mlp_extractor.value_net) == 0
    assert policy.action_net.weight.shape == (7, 256)
    assert policy.value_net.weight.shape == (1, 256)
    assert policy.optimizer.defaults["eps"] == 1e-8


def test_actor_and_critic_share_the_features():
    policy = student(rooms()).policy
    assert policy.pi_features_extractor is policy.vf_features_extractor


def test_convolutions_begin_orthogonal():
    first = next(layer for layer in student(rooms()).policy.features_extractor.image if isinstance(layer, nn.Conv2d))
    weight = first.weight.detach().flatten(1)
    gram = weight.T @ weight if weight.shape[0] > weight.shape[1] else weight @ weight.T
    torch.testing.assert_close(gram, 2.0 * torch.eye(len(gram)), atol=1e-4, rtol=0.0)
    assert not first.bias.any()


@pytest.mark.parametrize(
    "switches",
    [
        {"encoding": "relative"},
        {"encoding": "representation"},
        {"encoding": "language"},
        {"alpha": 0.0},
        {"observe_subgoal": False},
        {"hide": True},
    ],
    ids=str,
)
def test_it_learns_with_each_encoding_and_each_switch(switches):
    learner = student(rooms(**switches), n_steps=32, batch_size=32)
    before = [parameter.detach().clone() for parameter in learner.policy.parameters()]
    assert learner.learn(64).num_timesteps == 64
    assert any(not torch.equal(old, new) for old, new in zip(before, learner.policy.parameters(), strict=True))


@pytest.mark.parametrize(
    "space",
    [
        IMAGE,
        spaces.Dict(subgoal=subgoal(2)),
        spaces.Dict(image=spaces.Box(0, 10, (49,), np.uint8)),
        view(subgoal=spaces.Discrete(3)),
        view(subgoal=spaces.Box(0.0, 1.0, (2, 2))),
    ],
)
def test_other_observations_are_refused(space):
    with pytest.raises(ValueError, match="SubgoalExtractor expects Dict observations"):
        SubgoalExtractor(space)


def test_a_direction_that_is_missing_is_refused():
    with pytest.raises(ValueError, match="a Discrete 'direction'"):
        SubgoalExtractor(spaces.Dict(image=IMAGE), direction=True)
