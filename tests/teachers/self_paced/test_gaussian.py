"""The Gaussian of self-paced learning: divergences, steps and limits."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from tutelage.teachers.self_paced.gaussian import Gaussian


def some(rng, d):
    root = rng.standard_normal((d, d)) / d
    return Gaussian(rng.random(d), np.linalg.cholesky(root @ root.T + 0.05 * np.eye(d)))


@pytest.mark.parametrize("d", [1, 3, 50])
def test_the_log_density_is_that_of_scipy(d):
    rng = np.random.default_rng(d)
    gaussian, points = some(rng, d), rng.random((7, d))
    expected = multivariate_normal(gaussian.mean, gaussian.factor @ gaussian.factor.T).logpdf(points)
    np.testing.assert_allclose(gaussian.log_density(points), expected, rtol=1e-9)


def test_the_divergence_is_the_expected_difference_of_the_log_densities():
    rng = np.random.default_rng(0)
    first, second = some(rng, 2), some(rng, 2)
    points = first.sample(400_000, rng)
    expected = (first.log_density(points) - second.log_density(points)).mean()
    assert np.isclose(first.kl(second), expected, rtol=0.02)


@pytest.mark.parametrize("d", [1, 4])
def test_a_small_step_diverges_as_its_fisher_information_says(d):
    rng = np.random.default_rng(0)
    gaussian = some(rng, d)
    shift, growth = 1e-3 * rng.standard_normal(d), 1e-3 * rng.standard_normal((d, d))
    growth = growth + growth.T
    new = gaussian.stepped(shift, growth, np.full(d, 1e-6), 1e9)
    expected = 0.5 * shift @ shift + 0.25 * (growth**2).sum()
    assert np.isclose(gaussian.kl(new), expected, rtol=0.02)


def test_a_step_of_nothing_changes_nothing():
    gaussian = some(np.random.default_rng(0), 3)
    new = gaussian.stepped(np.zeros(3), np.zeros((3, 3)), np.full(3, 1e-6), 1e9)
    np.testing.assert_allclose(new.mean, gaussian.mean)
    np.testing.assert_allclose(new.factor, gaussian.factor)


@pytest.mark.parametrize("size", [-1e9, -50.0, 50.0, 1e9], ids=str)
def test_no_step_leaves_the_limits(size):
    gaussian = some(np.random.default_rng(0), 3)
    low = np.array([0.01, 0.02, 0.03])
    new = gaussian.stepped(np.full(3, size), size * np.eye(3), low, 100.0)
    assert ((new.std >= low * (1 - 1e-9)) & (new.std <= 100.0 * low * (1 + 1e-9))).all()
    assert ((new.mean >= 0.0) & (new.mean <= 1.0)).all()
    assert (np.diagonal(new.factor) > 0.0).all()
