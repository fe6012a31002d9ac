"""Gaussian mixtures: the three backends, the criteria, and data that break naive EM."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture
from tutelage.teachers.kernels.mixture import (
    Mixture,
    fit_mixtures,
    information_criterion,
    kmeans_trials,
    log_density,
    n_parameters,
    select,
)

ON_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")
GPU = pytest.param("cuda", marks=ON_GPU)
NUMBA = pytest.param({"backend": "numba"}, id="numba")
TORCH = pytest.param({"backend": "torch"}, id="torch")
TORCH_ON_GPU = pytest.param({"backend": "torch", "device": "cuda"}, id="torch-cuda", marks=ON_GPU)
SKLEARN = pytest.param({"backend": "sklearn"}, id="sklearn")


def numpy_twin(points, k, seed):
    """K-means++, Lloyd and EM as `fit_mixtures` specifies them, for one start and nothing degenerate."""
    centre = points.mean(axis=0)
    x = points - centre
    n, dims = x.shape
    trials = kmeans_trials(k)
    skipped = sum(1 + (i - 1) * kmeans_trials(i) for i in range(1, k))
    draws = np.random.default_rng([seed, 0]).random(skipped + 1 + (k - 1) * trials)[skipped:]
    centres = x[[int(draws[0] * n)]]
    for row in draws[1:].reshape(k - 1, trials):
        closest = ((x[:, None] - centres) ** 2).sum(axis=2).min(axis=1)
        picks = np.searchsorted(closest.cumsum(), row * closest.sum()).clip(max=n - 1)
        potentials = [np.minimum(closest, ((x - x[i]) ** 2).sum(axis=1)).sum() for i in picks]
        centres = np.vstack([centres, x[picks[np.argmin(potentials)]]])
    labels = np.full(n, -1)
    for _ in range(300):
        new = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        if np.array_equal(new, labels):
            break
        labels = new
        moved = np.array([x[labels == j].mean(axis=0) for j in range(k)])
        shift, centres = ((moved - centres) ** 2).sum(), moved
        if shift <= 1e-4 * (x**2).mean():
            labels = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
            break
    resp = np.eye(k)[labels]
    bounds = [-np.inf]
    while True:
        mass = resp.sum(axis=0)
        means = resp.T @ x / mass[:, None]
        centred = x - means[:, None]
        covs = np.einsum("nk,kni,knj->kij", resp, centred, centred) / mass[:, None, None] + 1e-6 * np.eye(dims)
        if len(bounds) > 2 and abs(bounds[-1] - bounds[-2]) < 1e-3:
            return mass / n, means + centre, covs
        quadratic = np.einsum("kni,kij,knj->nk", centred, np.linalg.inv(covs), centred)
        joint = np.log(mass / n) - 0.5 * (quadratic + np.log(np.linalg.det(2 * np.pi * covs)))
        density = np.log(np.exp(joint).sum(axis=1))
        resp = np.exp(joint - density[:, None])
        bounds.append(density.mean())


def blobs(seed=0, n=240, dims=3):
    rng = np.random.default_rng(seed)
    return rng.random((4, dims))[rng.integers(4, size=n)] + 0.1 * rng.normal(size=(n, dims))


def assert_same(one: Mixture, other: Mixture, tolerance=1e-6):
    assert np.allclose(one.weights, other.weights, rtol=0, atol=tolerance)
    assert np.allclose(one.means, other.means, rtol=0, atol=tolerance)
    assert np.allclose(one.covariances, other.covariances, rtol=0, atol=tolerance)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=tolerance, abs=tolerance)


def assert_usable(mixture: Mixture):
    assert np.isfinite(mixture.log_likelihood)
    assert np.isfinite(mixture.means).all()
    assert mixture.weights.sum() == pytest.approx(1)
    assert (mixture.weights >= 0).all()
    assert np.array_equal(mixture.covariances, mixture.covariances.transpose(0, 2, 1))
    np.linalg.cholesky(mixture.covariances)


CONSTANT = np.column_stack([np.random.default_rng(1).random((40, 2)), np.full(40, 0.5)])
DEGENERATE = {
    "all points identical": np.full((30, 3), 0.3),
    "all points zero": np.zeros((30, 2)),
    "a constant dimension": CONSTANT,
    "three distinct points": np.repeat(np.eye(3), 10, axis=0),
    "as many components as points": np.random.default_rng(2).random((8, 2)),
    "a single column": np.random.default_rng(3).random((50, 1)),
    "clipped to the faces of the box": np.random.default_rng(4).normal(0.5, 1.0, (100, 4)).clip(0, 1),
    "mostly zeros": np.where(np.random.default_rng(5).random((60, 3)) < 0.9, 0.0, 1.0),
    "one far outlier": np.vstack([np.zeros((20, 2)), [[1e12, -1e12]]]),
    "tiny values": 1e-160 * np.random.default_rng(6).random((40, 3)),
    "a rank-one cloud": np.outer(np.random.default_rng(7).random(60), [1.0, 2.0, 3.0, 4.0]),
}


@pytest.mark.parametrize(("k", "dims", "expected"), [(10, 3, 99), (10, 13, 1049), (1, 1, 2)])
def test_parameter_count_includes_means_covariances_and_free_weights(k, dims, expected):
    assert n_parameters(k, dims) == expected


@pytest.mark.parametrize("dims", [1, 2, 3, 4, 5, 6, 8, 11])
def test_numba_equals_the_numpy_twin(dims):
    points = blobs(seed=dims, dims=dims)
    for mixture in fit_mixtures(points, [2, 3, 5], seed=4):
        weights, means, covariances = numpy_twin(points, mixture.n_components, 4)
        assert np.allclose(mixture.weights, weights, rtol=0, atol=1e-6)
        assert np.allclose(mixture.means, means, rtol=0, atol=1e-6)
        assert np.allclose(mixture.covariances, covariances, rtol=0, atol=1e-6)


@pytest.mark.parametrize("n_init", [1, 3])
@pytest.mark.parametrize("dims", [1, 3, 6, 11])
@pytest.mark.parametrize("device", ["cpu", GPU])
def test_torch_and_numba_agree_to_a_millionth(device, dims, n_init):
    points = blobs(seed=dims, dims=dims, n=150)
    ours = fit_mixtures(points, range(2, 8), seed=1, n_init=n_init)
    theirs = fit_mixtures(points, range(2, 8), seed=1, n_init=n_init, backend="torch", device=device)
    for one, other in zip(ours, theirs, strict=True):
        assert_same(one, other)
        assert (one.n_iter, one.converged) == (other.n_iter, other.converged)


@pytest.mark.parametrize("place", [NUMBA, TORCH, TORCH_ON_GPU])
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_data_give_finite_mixtures(name, place):
    for mixture in fit_mixtures(DEGENERATE[name], [1, 2, 4, 8], **place):
        assert_usable(mixture)


@pytest.mark.parametrize("place", [NUMBA, TORCH, TORCH_ON_GPU])
def test_without_regularisation_a_singular_covariance_is_repaired(place):
    for mixture in fit_mixtures(CONSTANT, [1, 3], reg_covar=0.0, **place):
        assert_usable(mixture)


@pytest.mark.parametrize("place", [NUMBA, TORCH, TORCH_ON_GPU, SKLEARN])
def test_the_same_seed_gives_the_same_mixtures(place):
    for one, other in zip(*(fit_mixtures(blobs(), [2, 4], seed=0, **place) for _ in range(2)), strict=True):
        assert np.array_equal(one.means, other.means)
        assert one.log_likelihood == other.log_likelihood


def test_different_seeds_start_differently():
    points = np.random.default_rng(0).random((250, 3))
    scores = {fit_mixtures(points, [10], seed=seed)[0].log_likelihood for seed in range(5)}
    assert len(scores) == 5


def test_a_generator_gives_one_integer_seed():
    drawn = int(np.random.default_rng(5).integers(2**32))
    one = fit_mixtures(blobs(), [3], seed=np.random.default_rng(5))[0]
    assert np.array_equal(one.means, fit_mixtures(blobs(), [3], seed=drawn)[0].means)


@pytest.mark.parametrize("place", [NUMBA, TORCH, TORCH_ON_GPU, SKLEARN])
def test_a_mixture_does_not_depend_on_the_other_ks(place):
    together = fit_mixtures(blobs(), [5, 2, 3], seed=1, **place)
    alone = fit_mixtures(blobs(), [3], seed=1, **place)[0]
    assert_same(together[2], alone, 1e-9)


@pytest.mark.parametrize("place", [NUMBA, TORCH, TORCH_ON_GPU, SKLEARN])
def test_global_random_state_is_left_alone(place):
    numpy_before, torch_before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    fit_mixtures(blobs(), [2, 3], **place)
    assert np.array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torch_before)


def test_points_are_not_changed():
    points = blobs()
    before = points.copy()
    fit_mixtures(points, [3])
    assert np.array_equal(points, before)


def test_one_component_is_the_sample_mean_and_covariance():
    points = blobs()
    mixture = fit_mixtures(points, [1], reg_covar=0.0)[0]
    assert np.allclose(mixture.means[0], points.mean(axis=0))
    assert np.allclose(mixture.covariances[0], np.cov(points.T, bias=True))


@pytest.mark.parametrize("place", [NUMBA, TORCH, TORCH_ON_GPU, SKLEARN])
def test_log_likelihood_is_the_sum_of_log_densities(place):
    for mixture in fit_mixtures(blobs(), [1, 3, 6], **place):
        assert mixture.log_likelihood == pytest.approx(log_density(mixture, blobs()).sum(), rel=1e-9)


def test_log_density_equals_sklearn_score_samples():
    model = GaussianMixture(4, random_state=0).fit(blobs())
    mixture = Mixture(model.weights_, model.means_, model.covariances_, 0.0)
    assert np.allclose(log_density(mixture, blobs(1)), model.score_samples(blobs(1)), rtol=0, atol=1e-9)


def test_aic_and_bic_equal_those_of_sklearn():
    points = blobs()
    model = GaussianMixture(4, random_state=0).fit(points)
    score = float(model.score_samples(points).sum())
    mixture = Mixture(model.weights_, model.means_, model.covariances_, score)
    assert information_criterion(mixture, len(points), "aic") == pytest.approx(model.aic(points))
    assert information_criterion(mixture, len(points), "bic") == pytest.approx(model.bic(points))


def test_aicc_is_infinite_where_parameters_outnumber_points():
    mixture = fit_mixtures(np.random.default_rng(0).random((20, 3)), [2])[0]
    assert information_criterion(mixture, 20, "aicc") == np.inf


def test_where_every_aicc_is_infinite_aic_decides():
    points = np.random.default_rng(0).random((20, 3))
    mixtures = fit_mixtures(points, [2, 3, 4])
    assert select(mixtures, 20, "aicc") is select(mixtures, 20, "aic")


@pytest.mark.parametrize("criterion", ["bic", "aicc"])
def test_two_tight_clusters_are_found_by_bic_and_aicc(criterion):
    rng = np.random.default_rng(0)
    left = np.column_stack([rng.normal(0.2, 0.03, (125, 2)), rng.normal(0.5, 0.02, 125)])
    right = np.column_stack([rng.normal(0.8, 0.03, (125, 2)), np.abs(rng.normal(0, 0.02, 125))])
    mixtures = fit_mixtures(np.vstack([left, right]), range(2, 11))
    assert select(mixtures, 250, criterion).n_components == 2


def test_restarts_never_lower_the_likelihood():
    points = np.random.default_rng(0).random((200, 3))
    one, many = (fit_mixtures(points, [3, 6, 9], n_init=n) for n in (1, 5))
    assert all(b.log_likelihood >= a.log_likelihood for a, b in zip(one, many, strict=True))
    assert sum(m.log_likelihood for m in many) > sum(m.log_likelihood for m in one)


@pytest.mark.parametrize("place", [NUMBA, TORCH, TORCH_ON_GPU, SKLEARN])
def test_a_warm_start_from_a_converged_fit_converges_at_once(place):
    first = fit_mixtures(blobs(), [2, 4], tol=1e-9, max_iter=2000)
    again = fit_mixtures(blobs(), [2, 4], warm_start=first, **place)
    for one, other in zip(first, again, strict=True):
        assert other.n_iter == 2
        assert_same(one, other, 1e-4)


def test_a_warm_start_that_is_not_finite_is_refused():
    broken = Mixture(np.ones(1), np.zeros((1, 3)), np.full((1, 3, 3), np.nan), 0.0)
    with pytest.raises(ValueError, match="not finite"):
        fit_mixtures(blobs(), [1], warm_start=[broken])


def test_running_out_of_iterations_is_reported():
    mixture = fit_mixtures(np.random.default_rng(0).random((200, 3)), [8], max_iter=2)[0]
    assert not mixture.converged
    assert mixture.n_iter == 2


def test_more_components_than_points_are_refused_by_name():
    with pytest.raises(ValueError, match=r"k=6 .* got 5"):
        fit_mixtures(np.zeros((5, 2)), [2, 6])


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e150])
def test_unusable_points_are_refused_with_their_row(value):
    points = np.zeros((5, 2))
    points[3, 1] = value
    with pytest.raises(ValueError, match="row 3"):
        fit_mixtures(points, [2])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backend": "jax"}, "numba, torch, sklearn, got 'jax'"),
        ({"device": "cuda"}, "use backend='torch'"),
        ({"n_init": 0}, "n_init must be at least 1"),
        ({"seed": -1}, "seed must not be negative"),
        ({"tol": -1.0}, "tol must be"),
        ({"warm_start": []}, "warm_start must hold"),
    ],
)
def test_a_wrong_argument_says_how_to_mend_it(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit_mixtures(blobs(), [2], **arguments)


def test_importing_the_module_loads_no_backend():
    code = (
        "import sys, tutelage.teachers.kernels.mixture, tutelage.teachers.kernels.nearest\n"
        "print([name for name in ('numba', 'torch', 'sklearn', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_process_that_compiles_and_one_that_loads_from_the_cache_agree_bit_for_bit(tmp_path):
    code = (
        "import hashlib, numpy as np\n"
        "from tutelage.teachers.kernels.mixture import fit_mixtures\n"
        "digest = hashlib.sha1()\n"
        "for seed in range(4):\n"
        "    points = np.random.default_rng(seed).random((250, 3))\n"
        "    for mixture in fit_mixtures(points, range(2, 11), seed=seed):\n"
        "        digest.update(mixture.means.tobytes() + mixture.covariances.tobytes())\n"
        "print(digest.hexdigest())\n"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    outputs = [
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert outputs[0] == outputs[1]
