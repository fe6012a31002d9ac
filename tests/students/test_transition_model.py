"""The model behind ``transition_error``."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gymnasium import spaces
from tutelage.state import load_state, save_state
from tutelage.students.rollout import Rollout
from tutelage.students.transition_model import TransitionModel

BOX = spaces.Box(-np.inf, np.inf, (2,), np.float32)
VIEW = spaces.Dict(image=spaces.Box(0, 10, (5, 5, 3), np.uint8), direction=spaces.Discrete(4))
ACTIONS = spaces.Discrete(3)


def rollout(space=BOX, steps=6, n_envs=3, seed=0, dones=None):
    """A rollout of made-up observations."""
    rng = np.random.default_rng(seed)

    def draw(space, n):
        if isinstance(space, spaces.Discrete):
            return rng.integers(space.n, size=(n, n_envs, 1))
        if space.dtype == np.uint8:
            return rng.integers(11, size=(n, n_envs, *space.shape)).astype(np.uint8)
        return rng.normal(size=(n, n_envs, *space.shape)).astype(np.float32)

    dones = rng.random((steps, n_envs)) < 0.3 if dones is None else np.array(dones)
    if isinstance(space, spaces.Dict):
        observations = {key: draw(part, steps) for key, part in space.spaces.items()}
        last = {key: draw(part, 1)[0] for key, part in space.spaces.items()}
        last["direction"] = last["direction"].ravel()
    else:
        observations, last = draw(space, steps), draw(space, 1)[0]
    starts = np.concatenate([np.ones((1, n_envs)), dones[:-1]])
    buffer = SimpleNamespace(
        observations=observations, actions=rng.integers(3, size=(steps, n_envs, 1)), episode_starts=starts
    )
    student = SimpleNamespace(rollout_buffer=buffer, _last_obs=last, _last_episode_starts=dones[-1])
    ids = np.cumsum(starts, axis=0).astype(np.int64) * n_envs + np.arange(n_envs)
    return Rollout(student, ids, np.zeros((steps, n_envs)))


class Told(torch.nn.Module):
    """Predicts what it is told to."""

    def __init__(self, predictions):
        super().__init__()
        self.predictions = torch.nn.Parameter(torch.tensor(predictions))

    def forward(self, observations, extras, actions, lengths):
        return self.predictions.reshape(observations.shape)


@pytest.mark.parametrize(
    ("space", "errors"),
    [
        (spaces.Box(0.0, 1.0, (2, 1, 1), np.float32), [0.15, 0.2, 0.15]),  # an image: mean absolute difference
        (BOX, [0.025, 0.08, 0.025]),  # a vector: mean square
    ],
)
def test_the_error_of_images_and_of_vectors(space, errors):
    model = TransitionModel(space, ACTIONS)
    model.network = Told([[0.2, 0.4], [0.5, 0.5], [0.9, 0.1]])
    model.optimizer = torch.optim.SGD(model.network.parameters(), lr=0.0)
    scored = rollout(space, steps=3, n_envs=1, dones=[[False]] * 3)
    seen = np.array([[0.3, 0.3], [0.0, 0.5], [0.5, 0.1], [1.0, 0.3]], np.float32).reshape(4, 1, *space.shape)
    scored.buffer.observations, scored.student._last_obs = seen[:3], seen[3]
    np.testing.assert_allclose(model.measure_and_learn(scored).ravel(), errors, atol=1e-7)


def test_the_step_that_ends_an_episode_has_no_prediction():
    scored = rollout(dones=[[0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 1]])
    errors = TransitionModel(BOX, ACTIONS).measure_and_learn(scored)
    np.testing.assert_array_equal(errors > 0, ~scored.dones)


def test_an_episode_of_one_step_has_none_at_all():
    scored = rollout(steps=2, n_envs=1, dones=[[True], [True]])
    assert TransitionModel(BOX, ACTIONS).measure_and_learn(scored).tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize("space", [BOX, VIEW, spaces.Discrete(5)])
def test_the_model_learns_what_comes_next(space):
    model = TransitionModel(space, ACTIONS, seed=0)
    scored = rollout(space)
    errors = [model.measure_and_learn(scored).sum() for _ in range(60)]
    assert errors[-1] < 0.95 * errors[0]


def test_a_group_is_measured_before_its_own_step_and_after_those_before():
    scored = rollout(steps=8)
    model, twin = (TransitionModel(BOX, ACTIONS, seed=3, episodes_per_step=1) for _ in range(2))
    errors = model.measure_and_learn(scored)
    observations = np.concatenate([scored.buffer.observations, scored.student._last_obs[None]])
    for part in sorted(scored.segments, key=lambda part: part.length):
        steps = slice(part.start, part.stop - part.ended)
        if part.length == part.ended:
            continue
        seen = torch.tensor(observations[:, part.env])
        actions = torch.tensor(scored.buffer.actions[steps, part.env].astype(np.float32))
        n = len(actions)
        predicted = twin.network(seen[steps], torch.zeros(n, 0), actions, [n])
        loss = ((predicted - seen[part.start + 1 : part.start + 1 + n]) ** 2).mean()
        assert errors[steps, part.env].mean() == pytest.approx(loss.item(), rel=1e-5)
        twin.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(twin.network.parameters(), 0.5)
        twin.optimizer.step()
    group = twin.optimizer.param_groups[0]
    assert (group["lr"], group["weight_decay"]) == (1e-4, 1e-5)


def test_torch_s_own_generator_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    TransitionModel(VIEW, ACTIONS, seed=1).measure_and_learn(rollout(VIEW))
    assert torch.equal(torch.rand(3), expected)


def test_the_weights_follow_from_the_seed():
    def weights(seed):
        return torch.cat([p.flatten() for p in TransitionModel(VIEW, ACTIONS, seed=seed).network.parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_the_weights_are_spread_as_torch_s_are():
    ours = TransitionModel(VIEW, ACTIONS, seed=1).network
    torch.manual_seed(0)
    for mine, theirs in (
        (ours.lstm.weight_hh_l0, torch.nn.LSTM(3, 128).weight_hh_l0),
        (ours.encoder[5].weight, torch.nn.Linear(64 * 25, 128).weight),
        (ours.encoder[2].weight, torch.nn.Conv2d(32, 64, 3).weight),
    ):
        assert mine.abs().max().item() == pytest.approx(theirs.abs().max().item(), rel=1e-2)
        assert mine.std().item() == pytest.approx(theirs.std().item(), rel=5e-2)


def test_a_loaded_model_goes_on_as_the_saved_one(tmp_path):
    model = TransitionModel(VIEW, ACTIONS, seed=1)
    model.measure_and_learn(rollout(VIEW, seed=1))
    save_state(tmp_path / "model.npz", model.state_dict())
    loaded = TransitionModel(VIEW, ACTIONS, seed=2)
    loaded.load_state_dict(load_state(tmp_path / "model.npz"))
    for seed in (2, 3):
        one, two = (m.measure_and_learn(rollout(VIEW, seed=seed)) for m in (model, loaded))
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("state", [{}, {"weights": {}, "optimizer": {}}, {"weights": 3, "optimizer": {}}])
def test_a_state_of_something_else_is_refused(state):
    with pytest.raises(ValueError, match="not the state of a transition model"):
        TransitionModel(BOX, ACTIONS).load_state_dict(state)


def test_groups_of_no_episodes_are_refused():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        TransitionModel(BOX, ACTIONS, episodes_per_step=0)
