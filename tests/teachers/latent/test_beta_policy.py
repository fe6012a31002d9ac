"""The bandit's policy."""

import numpy as np
import pytest
from scipy import stats
from tutelage.teachers.latent.beta_policy import BetaPolicy, BetaPPO, entropy, log_density

PPO = BetaPPO(1e-3, 1, 0.2, False, 0.5, 0.0, 1e9)


def policy_of(n_dims=2, seed=0, **sizes):
    return BetaPolicy(n_dims, **{"n_noise": 3, "hidden": 4, **sizes}, rng=np.random.default_rng(seed))


def episodes(policy, n=16, seed=1):
    rng = np.random.default_rng(seed)
    noise = policy.observe(n, rng)
    return (noise, *policy.act(noise, rng), rng.standard_normal(n))


def test_densities_and_entropies_are_those_of_scipy():
    alpha, beta = np.array([1.0, 1.7, 4.0]), np.array([2.0, 1.7, 1.2])
    points = np.array([0.2, 0.5, 0.9])
    np.testing.assert_allclose(log_density(points, alpha, beta), stats.beta.logpdf(points, alpha, beta))
    np.testing.assert_allclose(entropy(alpha, beta), stats.beta.entropy(alpha, beta), atol=1e-12)


def test_the_policy_begins_with_nearly_the_same_beta_everywhere():
    alpha, beta = policy_of().parameters(np.random.default_rng(0).random((50, 3)))
    np.testing.assert_allclose([alpha, beta], 1.0 + np.log(2.0), atol=0.1)


@pytest.mark.parametrize(
    "ppo",
    [PPO, BetaPPO(1e-3, 1, 0.2, False, 0.0, 0.3, 1e9), BetaPPO(1e-3, 1, 0.05, True, 0.5, 0.1, 1e9)],
    ids=["plain", "entropy", "value clipped"],
)
def test_the_gradient_is_that_of_the_loss(ppo):
    policy, other = policy_of(), policy_of(seed=5)
    noise, points, _, _, rewards = episodes(policy)
    # Log-probabilities and values of another policy: ratios on both sides of the clip.
    value, alpha, beta = (other._forward(noise)[k] for k in (1, 3, 4))
    log_probs, values = log_density(points, alpha, beta).sum(axis=1), value
    before, seen = policy._weights.astype(np.float64), []
    policy._step = lambda noise, hidden, by_out, ppo: seen.append((hidden, by_out))
    policy.learn(noise, points, log_probs, values, rewards, ppo)
    hidden, by_out = seen[0]

    def loss(weights):
        policy._weights = weights
        _, value, _, alpha, beta = policy._forward(noise)
        ratio = np.exp(log_density(points, alpha, beta).sum(axis=1) - log_probs)
        advantage = rewards - values
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-5)
        clipped = np.clip(ratio, 1 - ppo.clip_range, 1 + ppo.clip_range)
        squares = (value - rewards) ** 2
        if ppo.clip_value:
            near = values + np.clip(value - values, -ppo.clip_range, ppo.clip_range)
            squares = np.maximum(squares, (near - rewards) ** 2)
        surrogate = np.minimum(ratio * advantage, clipped * advantage)
        bonus = entropy(alpha, beta).mean()
        return -surrogate.mean() + ppo.vf_coef * 0.5 * squares.mean() - ppo.ent_coef * bonus

    heads = before[4 * 3 + 4 : 4 * 3 + 4 + 5 * 4].reshape(5, 4)
    by_hidden = by_out @ heads
    parts = [by_hidden.T @ noise, by_hidden.sum(0), by_out.T @ hidden, by_out.sum(0)]
    ours = np.concatenate([part.ravel() for part in parts])
    steps = 1e-6 * np.eye(len(before))
    numeric = [(loss(before + step) - loss(before - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(ours, numeric, atol=1e-6)


def test_a_reward_moves_the_policy_there():
    policy, rng = policy_of(4), np.random.default_rng(0)
    ppo = BetaPPO(0.02, 5, 0.2, False, 0.5, 0.0, 0.5)
    for _ in range(80):
        noise = policy.observe(32, rng)
        points, log_probs, values = policy.act(noise, rng)
        policy.learn(noise, points, log_probs, values, -np.abs(points - 0.25).sum(axis=1), ppo)
    points, _, _ = policy.act(policy.observe(200, rng), rng)
    assert np.abs(points.mean(axis=0) - 0.25).max() < 0.1


def test_equal_rewards_leave_the_density_nearly_as_it_is():
    policy, rng = policy_of(), np.random.default_rng(0)
    before = policy.parameters(np.full((1, 3), 0.5))[0].copy()
    for _ in range(20):
        noise = policy.observe(32, rng)
        policy.learn(noise, *policy.act(noise, rng), np.full(32, 0.7), PPO)
    assert np.abs(policy.parameters(np.full((1, 3), 0.5))[0] - before).max() < 0.2


@pytest.mark.parametrize("scale", [0.0, 1e6])
def test_rewards_of_any_size_leave_the_weights_finite(scale):
    policy = policy_of()
    noise, points, log_probs, values, rewards = episodes(policy)
    for _ in range(20):
        policy.learn(noise, points, log_probs, values, scale * rewards, PPO)
    assert np.isfinite(policy.state_dict()["weights"]).all()


def test_a_state_continues_identically():
    policy, other = policy_of(), policy_of(seed=9)
    data = episodes(policy)
    policy.learn(*data, PPO)
    other.load_state_dict(policy.state_dict())
    for each in (policy, other):
        each.learn(*data, PPO)
    np.testing.assert_array_equal(policy.state_dict()["weights"], other.state_dict()["weights"])


@pytest.mark.parametrize(("key", "value"), [("weights", np.nan), ("weights", 1e30), ("square", -1.0), ("mean", np.inf)])
def test_a_damaged_state_is_refused_and_changes_nothing(key, value):
    policy = policy_of()
    state = policy.state_dict()
    state[key][0] = value
    before = policy.state_dict()["weights"]
    with pytest.raises(ValueError, match=key):
        policy.load_state_dict(state)
    np.testing.assert_array_equal(policy.state_dict()["weights"], before)
