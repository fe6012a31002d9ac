"""Gaussian mixtures with full covariances: fitting, comparing and evaluating them.

`fit_mixtures` fits one mixture per number of components by expectation–maximisation from a k-means++ start,
the way scikit-learn's ``GaussianMixture`` does, and `select` keeps the one that an information criterion
prefers: the two steps that ALP-GMM (Portelas et al. 2019) repeats every few hundred episodes.

Three backends fit: ``numba`` (the CPU's default), ``torch`` (all mixtures as one batch, for a GPU) and
``sklearn`` (the reference). numba and torch consume the same random numbers, drawn here, and agree to 1e-6.
This module needs NumPy only; a backend is imported by the first fit that asks for it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

BACKENDS = ("numba", "torch", "sklearn")
CRITERIA = ("aic", "bic", "aicc")
LARGEST = 1e50  # squares of larger coordinates could overflow inside a fit


def n_parameters(k: int, dimension: int) -> int:
    """Free parameters of a mixture of `k` Gaussians with full covariances.

    Each component has a covariance, D(D+1)/2, a mean, D, and a weight, 1; the weights sum to one.

    Args:
        k: Number of components.
        dimension: Dimension D of the points; for ALP-GMM the task's plus one.

    Example:
        >>> n_parameters(10, 3), n_parameters(10, 13)
        (99, 1049)
    """
    return k * (dimension * (dimension + 1) // 2 + dimension + 1) - 1


@dataclass(frozen=True, eq=False)
class Mixture:
    """A fitted mixture of k Gaussians in D dimensions.

    Attributes:
        weights: Component probabilities, shape (k,), summing to one.
        means: Shape (k, D).
        covariances: Shape (k, D, D), symmetric, positive definite.
        log_likelihood: Natural logarithm of the density of all fitted points together.
        converged: Whether EM stopped because the log-likelihood had settled.
        n_iter: EM iterations.

    Example:
        >>> Mixture(np.ones(1), np.zeros((1, 2)), np.eye(2)[None], -10.0).n_parameters
        5
    """

    weights: Floats
    means: Floats
    covariances: Floats
    log_likelihood: float
    converged: bool = True
    n_iter: int = 0

    @property
    def n_components(self) -> int:
        """Number of components k."""
        return len(self.weights)

    @property
    def dimension(self) -> int:
        """Dimension D of the points."""
        return int(self.means.shape[1])

    @property
    def n_parameters(self) -> int:
        """Free parameters, see `n_parameters`."""
        return n_parameters(self.n_components, self.dimension)


@dataclass(frozen=True, eq=False)
class MixtureProblem:
    """What a backend is asked to fit; built by `fit_mixtures` from checked arguments.

    Attributes:
        points: Centred points, shape (N, D).
        ks: Numbers of components, shape (F,).
        seed: For a backend with a generator of its own.
        draws: Uniform numbers in [0, 1) for k-means++.
        starts: Fit f uses ``draws[starts[f]:starts[f + 1]]``, an equal share per restart; shape (F + 1,).
        n_init: Restarts per fit.
        max_iter: Most EM iterations.
        tol: EM stops when the mean log-likelihood per point changes by less.
        reg_covar: Added to every variance.
        warm_start: Where each EM starts, in the frame of `points`; None for k-means.
        device: Where torch computes.
    """

    points: Floats
    ks: NDArray[np.int64]
    seed: int
    draws: Floats
    starts: NDArray[np.int64]
    n_init: int
    max_iter: int
    tol: float
    reg_covar: float
    warm_start: list[Mixture] | None
    device: str


def fit_mixtures(
    points: ArrayLike,
    ks: Sequence[int],
    *,
    seed: int | np.random.Generator = 0,
    n_init: int = 1,
    max_iter: int = 100,
    tol: float = 1e-3,
    reg_covar: float = 1e-6,
    backend: str = "numba",
    device: str = "cpu",
    warm_start: Sequence[Mixture] | None = None,
) -> list[Mixture]:
    """Fits one mixture for each number of components in `ks`.

    The result is a function of the arguments alone: the mixture for one k depends neither on the other
    entries of `ks` nor on NumPy's global generator. Degenerate data (constant columns, duplicates, fewer
    distinct points than components) give finite mixtures.

    Args:
        points: Shape (N, D), finite. k-means is not scale-invariant and `reg_covar` is absolute: bring the
            columns to comparable ranges first.
        ks: Numbers of components, each between 1 and N.
        seed: An integer, or a generator from which one integer is drawn.
        n_init: Independent restarts per mixture; the most likely is kept.
        max_iter: Most EM iterations.
        tol: EM stops when the mean log-likelihood per point changes by less.
        reg_covar: Added to every variance, in squared units of `points`.
        backend: "numba", "torch" or "sklearn".
        device: Where torch computes, such as "cuda"; other backends know "cpu" only.
        warm_start: Mixtures to start EM from in place of k-means, one per entry of `ks`; `n_init` is then
            ignored.

    Returns:
        One `Mixture` per entry of `ks`, in order.

    Raises:
        ValueError: If an argument is out of range, or `points` is not a finite (N, D) array.

    Example:
        >>> points = np.random.default_rng(0).normal(size=(60, 2))
        >>> one, two = fit_mixtures(points, [1, 2], seed=0)
        >>> bool(np.allclose(one.means[0], points.mean(axis=0))), two.means.shape
        (True, (2, 2))
    """
    data = _check_points(points)
    numbers = _check_ks(ks, len(data))
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}")
    if backend != "torch" and device != "cpu":
        raise ValueError(f"backend {backend!r} computes on the CPU, got device={device!r}; use backend='torch'")
    for name, value in (("n_init", n_init), ("max_iter", max_iter)):
        if operator.index(value) < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    for name, number in (("tol", tol), ("reg_covar", reg_covar)):
        if not (math.isfinite(number) and number >= 0):
            raise ValueError(f"{name} must be finite and not negative, got {number}")
    if isinstance(seed, np.random.Generator):
        seed = int(seed.integers(2**32))
    seed = operator.index(seed)
    if seed < 0:
        raise ValueError(f"seed must not be negative, got {seed}")
    centre = data.mean(axis=0)
    starting = None if warm_start is None else _check_warm_start(warm_start, numbers, centre)
    draws, starts = _kmeans_draws(numbers, n_init, seed)
    problem = MixtureProblem(
        points=data - centre,
        ks=numbers,
        seed=seed,
        draws=draws,
        starts=starts,
        n_init=n_init,
        max_iter=max_iter,
        tol=float(tol),
        reg_covar=float(reg_covar),
        warm_start=starting,
        device=device,
    )
    fit: Callable[[MixtureProblem], list[Mixture]] = import_module(f".gmm_{backend}", __package__).fit
    return [replace(mixture, means=mixture.means + centre) for mixture in fit(problem)]


def information_criterion(mixture: Mixture, n_points: int, criterion: str = "aic") -> float:
    """Penalised misfit of a mixture; lower is better.

    With p parameters, N points and log-likelihood L: AIC = 2p − 2L (Akaike 1974), BIC = p log N − 2L
    (Schwarz 1978), AICc = AIC + 2p(p+1)/(N−p−1) (Hurvich & Tsai 1989), infinite unless N > p + 1.

    Example:
        >>> mixture = Mixture(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1)), log_likelihood=-7.0)
        >>> information_criterion(mixture, 5, "aic"), information_criterion(mixture, 5, "aicc")
        (18.0, 24.0)
    """
    if criterion not in CRITERIA:
        raise ValueError(f"criterion must be one of {', '.join(CRITERIA)}, got {criterion!r}")
    p = mixture.n_parameters
    misfit = -2.0 * mixture.log_likelihood
    if criterion == "bic":
        return misfit + p * math.log(n_points)
    if criterion == "aic":
        return misfit + 2.0 * p
    spare = n_points - p - 1
    return misfit + 2.0 * p + 2.0 * p * (p + 1) / spare if spare > 0 else math.inf


def select(mixtures: Sequence[Mixture], n_points: int, criterion: str = "aic") -> Mixture:
    """The mixture with the lowest criterion, the first of equals.

    Where AICc is infinite for all of them (too few points for every candidate), AIC decides.

    Example:
        >>> points = np.random.default_rng(0).normal(size=(200, 2))
        >>> select(fit_mixtures(points, [1, 2, 3]), len(points), "bic").n_components
        1
    """
    if not mixtures:
        raise ValueError("select needs at least one mixture, got none")
    values = [information_criterion(mixture, n_points, criterion) for mixture in mixtures]
    if min(values) == math.inf:
        return select(mixtures, n_points, "aic")
    return mixtures[int(np.argmin(values))]


def log_density(mixture: Mixture, points: ArrayLike) -> Floats:
    """Natural logarithm of the mixture's density at each point.

    Args:
        mixture: In D dimensions.
        points: Shape (N, D).

    Returns:
        Shape (N,).

    Example:
        >>> normal = Mixture(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1)), 0.0)
        >>> log_density(normal, [[0.0], [1.0]]).round(3)
        array([-0.919, -1.419])
    """
    data = _check_points(points)
    if data.shape[1] != mixture.dimension:
        raise ValueError(f"points must have {mixture.dimension} columns like the mixture, got {data.shape[1]}")
    factors = np.linalg.cholesky(mixture.covariances)
    differences = (data - mixture.means[:, None]).transpose(0, 2, 1)
    whitened = np.linalg.solve(factors, differences)
    diagonals = np.diagonal(factors, axis1=1, axis2=2)
    constants = np.log(np.maximum(mixture.weights, np.finfo(float).tiny)) - np.log(diagonals).sum(axis=1)
    joint = constants[:, None] - 0.5 * (whitened**2).sum(axis=1) - 0.5 * mixture.dimension * math.log(2 * math.pi)
    top = joint.max(axis=0)
    density: Floats = top + np.log(np.exp(joint - top).sum(axis=0))
    return density


def _check_points(points: ArrayLike) -> Floats:
    data = np.asarray(points, dtype=np.float64)
    if data.ndim != 2 or data.shape[0] == 0 or data.shape[1] == 0:
        raise ValueError(f"points must have shape (N, D) with N and D at least 1, got {data.shape}")
    if not np.abs(data).max() <= LARGEST:
        row = int(np.argmin((np.abs(data) <= LARGEST).all(axis=1)))
        raise ValueError(f"points must be finite and within ±{LARGEST:g}; row {row} is {data[row].tolist()}")
    return data


def _check_ks(ks: Sequence[int], n_points: int) -> NDArray[np.int64]:
    numbers = [operator.index(k) for k in ks]
    if not numbers:
        raise ValueError("ks must name at least one number of components, got none")
    if min(numbers) < 1:
        raise ValueError(f"a mixture needs at least 1 component, got k={min(numbers)}")
    if max(numbers) > n_points:
        raise ValueError(
            f"a mixture of k={max(numbers)} components needs at least as many points, got {n_points}; "
            "lower k or fit on more points"
        )
    return np.array(numbers, dtype=np.int64)


def _check_warm_start(mixtures: Sequence[Mixture], ks: NDArray[np.int64], centre: Floats) -> list[Mixture]:
    """The mixtures in the frame where `centre` is the origin."""
    found = [(mixture.n_components, mixture.dimension) for mixture in mixtures]
    expected = [(int(k), len(centre)) for k in ks]
    if found != expected:
        raise ValueError(f"warm_start must hold mixtures with (k, D) = {expected}, got {found}")
    if not all(
        np.isfinite(part).all()
        for mixture in mixtures
        for part in (mixture.weights, mixture.means, mixture.covariances)
    ):
        raise ValueError("warm_start holds a mixture with a number that is not finite; leave it out")
    # A component that died keeps a weight whose logarithm exists.
    tiny = np.finfo(np.float64).tiny
    return [
        replace(mixture, means=mixture.means - centre, weights=np.maximum(mixture.weights, tiny))
        for mixture in mixtures
    ]


def kmeans_trials(k: int) -> int:
    """Candidates that greedy k-means++ compares per centre."""
    return 2 + int(math.log(k))


def _kmeans_draws(ks: NDArray[np.int64], n_init: int, seed: int) -> tuple[Floats, NDArray[np.int64]]:
    """Uniform numbers for k-means++, and where those of each fit start.

    Each restart has a generator of its own, and each k its own stretch of the stream: neither the other
    entries of `ks` nor `n_init` change what a start of k components draws.
    """
    needs = [1 + (k - 1) * kmeans_trials(k) for k in range(1, int(ks.max()) + 1)]
    begins = np.concatenate([[0], np.cumsum(needs)])
    stream = np.stack([np.random.default_rng([seed, r]).random(int(begins[-1])) for r in range(n_init)])
    draws = np.concatenate([stream[:, begins[k - 1] : begins[k]].ravel() for k in ks])
    starts = np.zeros(len(ks) + 1, dtype=np.int64)
    np.cumsum([n_init * needs[k - 1] for k in ks], out=starts[1:])
    return draws, starts
