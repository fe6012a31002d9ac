"""The signals of an episode against numbers computed with the reference implementations of PLR."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from stable_baselines3.common.buffers import RolloutBuffer
from tutelage import Outcomes
from tutelage.students.episode_signals import EpisodeSignals
from tutelage.students.rollout import Rollout

REWARDS, VALUES, BOOTSTRAP = [0, 0, 0.8, 0, 0, 0], [0.2, 0.3, 0.5, 0.4, 0.1, 0.2], 0.6
STARTS = [1, 0, 0, 1, 0, 0]


def rollout(gamma=0.995, lam=0.95):
    buffer = RolloutBuffer(6, Box(0.0, 1.0, (1,)), Discrete(2), device="cpu", gamma=gamma, gae_lambda=lam)
    for reward, value, start in zip(REWARDS, VALUES, STARTS, strict=True):
        zero = np.zeros((1, 1))
        buffer.add(zero, zero, np.array([reward]), np.array([start]), torch.tensor([value]), torch.zeros(1))
    buffer.compute_returns_and_advantage(torch.tensor([BOOTSTRAP]), np.array([False]))

    def predict_values(observation):
        return torch.full((1, 1), BOOTSTRAP)

    student = SimpleNamespace(
        rollout_buffer=buffer,
        policy=SimpleNamespace(predict_values=predict_values),
        device="cpu",
        _last_obs=np.zeros((1, 1)),
        _last_episode_starts=np.array([False]),
    )
    return Rollout(student, np.array([[0], [0], [0], [1], [1], [1]]), np.array(REWARDS)[:, None])


def signal(name, **arguments):
    """Of the first of the two episodes, which has three steps."""
    signals = EpisodeSignals([name])
    signals.add(rollout(**arguments))
    done = Outcomes(tasks=[[0.0]], ids=[0], returns=[0.8], lengths=[3])
    return signals.complete(done).signals[name].item()


@pytest.mark.parametrize(
    ("gamma", "lam", "expected"),
    [
        (0.995, 0.95, [0.553236, 0.481075, 0.3, 0.147798, 0.474264, 0.397]),
        (0.995, 0.98, [0.576328, 0.49003, 0.3, 0.17351, 0.486115, 0.397]),
        (0.9, 0.8, [0.33352, 0.366, 0.3, -0.076144, 0.3248, 0.34]),
    ],
)
def test_the_advantages_of_the_buffer(gamma, lam, expected):
    np.testing.assert_allclose(rollout(gamma, lam).advantages.ravel(), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["positive_value_loss", "l1_value_loss", "mean_advantage"])
def test_value_losses(name):
    assert signal(name) == pytest.approx(0.444770, abs=1e-6)


@pytest.mark.parametrize(("highest", "expected"), [(0.8, 0.466667), (0.25, -0.083333)])
def test_maximum_monte_carlo_regret_from_the_mean_value(highest, expected):
    assert highest - signal("mean_value") == pytest.approx(expected, abs=1e-6)


def test_its_form_for_dense_rewards_from_the_initial_value():
    assert 0.8 - signal("initial_value") == pytest.approx(0.6)


def test_the_td_errors_are_those_that_the_advantages_are_made_of():
    scored = rollout(lam=0.0)
    signals = EpisodeSignals(["one_step_td_error", "l1_value_loss"])
    signals.add(scored)
    both = Outcomes(tasks=[[0.0]] * 2, ids=[0, 1], returns=[0.8, 0.0], lengths=[3, 3])
    columns = signals.complete(both).signals
    np.testing.assert_allclose(columns["one_step_td_error"], columns["l1_value_loss"], rtol=1e-6)
    expected = np.mean([0.995 * 0.3 - 0.2, 0.995 * 0.5 - 0.3, 0.8 - 0.5])
    assert columns["one_step_td_error"][0] == pytest.approx(expected)
