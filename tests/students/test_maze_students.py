"""The students for mazes: the papers' network, its quick relatives, and how they are named."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import yaml
from gymnasium import spaces
from sb3_contrib import RecurrentPPO
from small_environments import Walk
from stable_baselines3 import PPO
from stable_baselines3.common.torch_layers import FlattenExtractor
from torch import nn
from tutelage.envs import MazeVecEnv
from tutelage.errors import RequestError
from tutelage.students import make_student
from tutelage.students.checkpointing import load_student, save_student
from tutelage.students.maze_extractor import MazeExtractor
from tutelage.students.maze_lstm_policy import MazeLstmPolicy
from tutelage.students.presets import preset
from tutelage.wrappers import CurriculumVecEnv, make_curriculum_vec_env

from .test_students import Heard, parameters
from .viewed_walk import ViewedWalk

VIEW = spaces.Dict(image=spaces.Box(0, 10, (5, 5, 3), np.uint8), direction=spaces.Discrete(4))


def views(n_envs=2, actions="seven", **kwargs):
    teacher = Heard(Walk.task_space, seed=0)
    return make_curriculum_vec_env(lambda: ViewedWalk(actions=actions, **kwargs), teacher, n_envs=n_envs, seed=0)


def lstm_student(**kwargs):
    return make_student("recurrent-ppo", views(), preset_name="maze-lstm", seed=0, **{"n_steps": 16, **kwargs})


@pytest.fixture(scope="module")
def policy():
    return lstm_student().policy


def test_the_papers_network_has_433953_parameters(policy):
    assert sum(p.numel() for p in policy.parameters()) == 433_953


@pytest.mark.parametrize(
    ("find", "shape"),
    [
        (lambda policy: policy.features_extractor.image[0].weight, (16, 3, 3, 3)),
        (lambda policy: policy.features_extractor.direction.weight, (5, 4)),
        (lambda policy: policy.lstm_actor.weight_ih_l0, (4 * 256, 144 + 5)),
        (lambda policy: policy.lstm_actor.weight_hh_l0, (4 * 256, 256)),
        (lambda policy: policy.mlp_extractor.policy_net[0].weight, (32, 256)),
        (lambda policy: policy.mlp_extractor.value_net[0].weight, (32, 256)),
        (lambda policy: policy.action_net.weight, (7, 32)),
        (lambda policy: policy.value_net.weight, (1, 32)),
    ],
)
def test_its_layers(policy, find, shape):
    assert find(policy).shape == shape


def test_its_heads_have_one_hidden_layer_of_hyperbolic_tangents(policy):
    for head in (policy.mlp_extractor.policy_net, policy.mlp_extractor.value_net):
        assert [type(layer) for layer in head] == [nn.Linear, nn.Tanh]


def test_actor_and_critic_share_the_lstm(policy):
    assert policy.shared_lstm
    assert policy.lstm_critic is None
    assert policy.critic is None


def gain(weight):
    """The gain of orthogonal rows or columns."""
    w = weight.detach().double()
    gram = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    square = gram.diagonal().mean()
    torch.testing.assert_close(gram, square * torch.eye(len(gram), dtype=gram.dtype), atol=1e-5, rtol=0.0)
    return square.sqrt().item()


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        (lambda policy: policy.features_extractor.direction, 2**0.5),
        (lambda policy: policy.mlp_extractor.policy_net[0], 2**0.5),
        (lambda policy: policy.mlp_extractor.value_net[0], 2**0.5),
        (lambda policy: policy.action_net, 0.01),
        (lambda policy: policy.value_net, 1.0),
    ],
)
def test_linear_layers_begin_orthogonal(policy, find, expected):
    assert gain(find(policy).weight) == pytest.approx(expected, rel=1e-4)
    assert not find(policy).bias.any()


def test_the_lstm_begins_orthogonal_with_zero_biases(policy):
    lstm = policy.lstm_actor
    assert gain(lstm.weight_ih_l0) == pytest.approx(1.0, rel=1e-4)
    assert gain(lstm.weight_hh_l0) == pytest.approx(1.0, rel=1e-4)
    assert not lstm.bias_ih_l0.any()
    assert not lstm.bias_hh_l0.any()


def test_the_convolution_begins_as_xavier_s(policy):
    convolution = policy.features_extractor.image[0]
    bound = (6 / (27 + 144)) ** 0.5
    assert 0.9 * bound < convolution.weight.abs().max().item() <= bound
    assert not convolution.bias.any()


def test_the_critic_teaches_the_lstm_too():
    student = lstm_student()
    policy, states = student.policy, student._last_lstm_states
    observation = {"image": torch.ones(2, 5, 5, 3), "direction": torch.zeros(2, 1)}
    values, log_prob, _ = policy.evaluate_actions(observation, torch.zeros(2), states, torch.ones(2))
    weight = policy.lstm_actor.weight_ih_l0
    assert torch.autograd.grad(values.sum(), weight, retain_graph=True)[0].abs().sum() > 0
    assert torch.autograd.grad(log_prob.sum(), weight)[0].abs().sum() > 0


def test_it_evaluates_as_it_acts():
    student = lstm_student()
    observation, states = student.policy.obs_to_tensor(student.env.reset())[0], student._last_lstm_states
    starts = torch.ones(2)
    with torch.no_grad():
        actions, values, log_prob, _ = student.policy(observation, states, starts)
        again = student.policy.evaluate_actions(observation, actions, states, starts)
    torch.testing.assert_close(again[0], values)
    torch.testing.assert_close(again[1], log_prob)


def test_its_ppo_is_that_of_the_papers():
    student = make_student("recurrent-ppo", views(), preset_name="maze-lstm")
    assert (student.n_steps, student.batch_size, student.n_epochs) == (256, None, 5)
    assert (student.learning_rate, student.gamma, student.gae_lambda) == (1e-4, 0.995, 0.95)
    assert (student.clip_range(1.0), student.clip_range_vf(1.0)) == (0.2, 0.2)
    assert student.policy.optimizer.param_groups[0]["eps"] == 1e-5


# --- The features ----------------------------------------------------------------------------------------------------


def test_the_features_are_the_rectified_convolution_of_the_scaled_view_and_the_direction():
    torch.manual_seed(0)
    extractor = MazeExtractor(VIEW)
    image = torch.randint(0, 11, (2, 5, 5, 3), dtype=torch.uint8)
    features = extractor({"image": image, "direction": torch.eye(4)[[3, 1]]})
    weight, bias = extractor.image[0].weight, extractor.image[0].bias
    for n in range(2):
        for place, (channel, x, y) in enumerate(np.ndindex(16, 3, 3)):
            patch = image[n, x : x + 3, y : y + 3].permute(2, 0, 1) / 10.0
            expected = max((weight[channel] * patch).sum().item() + bias[channel].item(), 0.0)
            assert features[n, place].item() == pytest.approx(expected, abs=1e-6)
    expected = extractor.direction.weight[:, [3, 1]].T + extractor.direction.bias
    torch.testing.assert_close(features[:, 144:], expected)


@pytest.mark.parametrize(("view", "features"), [(5, 149), (7, 405), (15, 2709)])
def test_the_number_of_features_of_larger_views(view, features):
    space = spaces.Dict(image=spaces.Box(0, 10, (view, view, 3), np.uint8), direction=spaces.Discrete(4))
    assert MazeExtractor(space).features_dim == features


@pytest.mark.parametrize(
    "space",
    [
        VIEW["image"],
        spaces.Dict(image=VIEW["image"]),
        spaces.Dict(image=spaces.Box(0, 10, (2, 5, 3), np.uint8), direction=spaces.Discrete(4)),
        spaces.Dict(image=spaces.Box(-np.inf, np.inf, (5, 5, 3)), direction=spaces.Discrete(4)),
        spaces.Dict(image=VIEW["image"], direction=spaces.Box(0, 1, (4,))),
    ],
)
def test_other_observations_are_refused(space):
    with pytest.raises(ValueError, match="MazeExtractor expects Dict observations"):
        MazeExtractor(space)


# --- Presets and names -----------------------------------------------------------------------------------------------

PRESETS = [("ppo", "maze"), ("ppo", "maze-conv"), ("recurrent-ppo", "maze-lstm")]


@pytest.mark.parametrize(("name", "chosen"), PRESETS)
def test_the_presets_are_plain_data(name, chosen):
    arguments = preset(name, chosen)
    assert yaml.safe_load(yaml.safe_dump(arguments)) == arguments


@pytest.mark.parametrize(
    ("name", "chosen", "cls"), [("ppo", "maze-conv", PPO), ("recurrent-ppo", "maze-lstm", RecurrentPPO)]
)
def test_they_learn_and_are_loaded_as_they_were_saved(tmp_path, name, chosen, cls):
    student = make_student(name, views(), preset_name=chosen, seed=0, n_steps=16, n_epochs=1).learn(32)
    save_student(student, tmp_path)
    loaded = load_student(cls, tmp_path, views())
    np.testing.assert_array_equal(parameters(loaded), parameters(student))
    assert type(loaded.policy) is type(student.policy)
    assert type(loaded.policy.features_extractor) is MazeExtractor


def test_they_are_found_by_their_names():
    student = lstm_student()
    assert type(student.policy) is MazeLstmPolicy
    assert type(student.policy.features_extractor) is MazeExtractor


def test_stable_baselines3_s_extractors_have_names_too():
    kwargs = {"features_extractor_class": "FlattenExtractor"}
    env = make_curriculum_vec_env(Walk, Heard(Walk.task_space, seed=0), seed=0)
    student = make_student("ppo", env, n_steps=16, batch_size=16, policy_kwargs=kwargs)
    assert type(student.policy.features_extractor) is FlattenExtractor


def test_a_misspelt_extractor_is_refused():
    with pytest.raises(RequestError, match=r"features_extractor_class 'MaseExtractor'. Did you mean 'MazeExtractor'"):
        make_student("ppo", views(), policy_kwargs={"features_extractor_class": "MaseExtractor"})


def test_an_extractor_for_other_observations_is_refused_in_one_sentence():
    env = make_curriculum_vec_env(Walk, Heard(Walk.task_space, seed=0), seed=0)
    with pytest.raises(RequestError, match="MazeExtractor expects Dict observations with a bounded Box 'image'"):
        make_student("ppo", env, preset_name="maze-conv")


@pytest.mark.parametrize(("name", "chosen"), PRESETS)
def test_the_presets_fit_the_mazes(name, chosen):
    mazes = MazeVecEnv(2, observation="flat" if chosen == "maze" else "dict")
    env = CurriculumVecEnv(mazes, Heard(mazes.task_space, seed=0))
    student = make_student(name, env, preset_name=chosen, seed=0, n_steps=8, batch_size=16, n_epochs=1).learn(16)
    assert np.isfinite(parameters(student)).all()
    if chosen == "maze-lstm":
        assert len(parameters(student)) == 433_953


def test_the_quick_preset_takes_rollouts_of_16384_steps():
    assert make_student("ppo", views(n_envs=4), preset_name="maze").n_steps == 4_096


def test_the_convolution_sees_visits_as_one_more_channel():
    space = MazeVecEnv(1, visits=True).observation_space
    extractor = MazeExtractor(space)
    assert extractor.image[0].weight.shape == (16, 4, 3, 3)
    view = {"image": torch.zeros(2, 5, 5, 3), "direction": torch.eye(4)[:2], "visits": torch.zeros(2, 5, 5)}
    without = extractor(view)
    view["visits"][1, 2, 4] = 1
    changed = (extractor(view) != without).any(dim=1)
    assert changed.tolist() == [False, True]
