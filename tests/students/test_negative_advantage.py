"""Negative advantages: worked examples, and a plain twin of the kernel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tutelage.students.negative_advantage import negative_advantages


def of_one_episode(rewards, values, gamma=0.9, lam=0.5, last_value=None):
    """A⁻ of the steps of one episode; it ends with the last of them unless there is a last value."""
    dones = np.zeros((len(rewards), 1), bool)
    dones[-1] = last_value is None
    following = [*values[1:], 0.0 if last_value is None else last_value]
    columns = [np.array(column, np.float64)[:, None] for column in (rewards, values, following)]
    return negative_advantages(*columns, dones, gamma, lam).ravel()


def test_a_solved_episode_that_falls_below_its_best_estimate():
    falls = of_one_episode([0, 0, 0.5], [0.4, 0.8, 0.6])
    np.testing.assert_allclose(falls, [-0.13725, -0.305, -0.1], atol=1e-12)
    assert -falls.sum() == pytest.approx(0.54225)


@pytest.mark.parametrize(("lam", "expected"), [(0.0, [0, -0.26, -0.1]), (1 - 1e-9, [-0.315, -0.35, -0.1])])
def test_the_ends_of_lambda(lam, expected):
    np.testing.assert_allclose(of_one_episode([0, 0, 0.5], [0.4, 0.8, 0.6], lam=lam), expected, atol=1e-7)


def test_an_episode_without_reward():
    falls = of_one_episode([0, 0, 0], [0.4, 0.8, 0.6])
    np.testing.assert_allclose(falls, [-0.2385, -0.53, -0.6], atol=1e-12)
    assert -falls.sum() == pytest.approx(1.3685)


def test_a_surprise_is_no_fall():
    assert of_one_episode([0, 0, 1], [0.2, 0.3, 0.4]).tolist() == [0.0, 0.0, 0.0]


def test_an_episode_that_goes_on_is_bootstrapped():
    falls = of_one_episode([0, 0, 0], [0.4, 0.8, 0.6], last_value=0.5)
    np.testing.assert_allclose(falls, [-0.147375, -0.3275, -0.15], atol=1e-12)
    assert -falls.sum() == pytest.approx(0.624875)


def plain(rewards, values, following, dones, gamma, lam):
    """The definition, step by step."""
    steps, n_envs = rewards.shape
    errors = rewards + gamma * following - values
    result = np.zeros((steps, n_envs))
    for env in range(n_envs):
        for start in range(steps):
            end = next((t for t in range(start, steps) if dones[t, env]), steps - 1)
            falls, fall = [], 0.0
            for i, t in enumerate(range(start, end + 1)):
                fall = min(0.0, fall + gamma**i * errors[t, env])
                falls.append(fall)
            mixed = (1 - lam) * sum(lam**i * f for i, f in enumerate(falls))
            result[start, env] = mixed + lam ** len(falls) * falls[-1]
    return result


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_kernel_equals_its_definition(seed, gamma, lam):
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(1, 20)), int(rng.integers(1, 4)))
    dones = rng.random(shape) < 0.2
    following = np.where(dones, 0.0, rng.normal(size=shape))
    arguments = (rng.normal(size=shape), rng.normal(size=shape), following, dones, gamma, lam)
    np.testing.assert_allclose(negative_advantages(*arguments), plain(*arguments), atol=1e-12)
