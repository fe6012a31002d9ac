"""Expectation–maximisation for Gaussian mixtures as batched torch operations, for a GPU.

The algorithm, its constants and its random numbers are those of `gmm_numba`, so that both agree to 1e-6; read
that file for the method. Here all fits of a refit form one batch: F fits of up to K components, where the
components beyond a fit's own k are masked. A fit that has finished keeps its result while the others go on.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from .mixture import Mixture, MixtureProblem, kmeans_trials

KMEANS_MAX_ITER = 300
KMEANS_TOL = 1e-4
EMPTY = 10 * float(np.finfo(np.float64).eps)


def _candidate_draws(problem: MixtureProblem, restart: int) -> tuple[Tensor, Tensor, Tensor]:
    """First draws (F,), further draws (F, K, T), and which of the T candidates a fit uses (F, T)."""
    k_max = int(problem.ks.max())
    trials = kmeans_trials(k_max)
    first = np.zeros(len(problem.ks))
    further = np.zeros((len(problem.ks), k_max, trials))
    used = np.zeros((len(problem.ks), trials), dtype=bool)
    for f, k in enumerate(problem.ks):
        share = (problem.starts[f + 1] - problem.starts[f]) // problem.n_init
        begin = problem.starts[f] + restart * share
        draws = problem.draws[begin : begin + share]
        own = kmeans_trials(int(k))
        first[f] = draws[0]
        further[f, 1:k, :own] = draws[1:].reshape(k - 1, own)
        used[f, :own] = True
    first_t, further_t, used_t = (torch.from_numpy(a).to(problem.device) for a in (first, further, used))
    return first_t, further_t, used_t


def _squared_distances(x: Tensor, centres: Tensor) -> Tensor:
    """(N, D) against (F, C, D) -> (F, C, N)."""
    return ((x - centres[:, :, None]) ** 2).sum(dim=-1)


def _kmeans_plus_plus(x: Tensor, first: Tensor, further: Tensor, used: Tensor) -> Tensor:
    """Greedy k-means++ centres, (F, K, D)."""
    count = len(x)
    picks = (first * count).long().clamp(max=count - 1)
    centres = [x[picks]]
    closest = _squared_distances(x, centres[0][:, None])[:, 0]
    for j in range(1, further.shape[1]):
        levels = further[:, j] * closest.sum(dim=1, keepdim=True)
        picks = torch.searchsorted(closest.cumsum(dim=1), levels).clamp(max=count - 1)
        trial = torch.minimum(closest[:, None], _squared_distances(x, x[picks]))
        best = torch.where(used, trial.sum(dim=2), math.inf).argmin(dim=1)
        fits = torch.arange(len(best), device=x.device)
        centres.append(x[picks[fits, best]])
        closest = trial[fits, best]
    return torch.stack(centres, dim=1)


def _revive_empty(labels: Tensor, nearest: Tensor, sizes: Tensor, present: Tensor) -> None:
    """Gives each empty cluster, in order, the point furthest from its centre; changes its arguments."""
    for j in range(sizes.shape[1]):
        for f in torch.nonzero((sizes[:, j] == 0) & present[:, j])[:, 0].tolist():
            far = nearest[f].argmax()
            if nearest[f, far] > 0:
                sizes[f, labels[f, far]] -= 1
                sizes[f, j] = 1
                labels[f, far] = j
                nearest[f, far] = 0


def _one_hot(labels: Tensor, k_max: int) -> Tensor:
    """(F, N) -> (F, K, N)."""
    return torch.nn.functional.one_hot(labels, k_max).transpose(1, 2).to(torch.float64)


def _lloyd(x: Tensor, centres: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Lloyd's k-means: the centres and labels (F, N) of every fit."""
    k_max = centres.shape[1]
    tol = KMEANS_TOL * float((x**2).mean())
    active = torch.ones(len(centres), dtype=torch.bool, device=x.device)
    labels = previous = torch.full((len(centres), len(x)), -1, device=x.device)
    for _ in range(KMEANS_MAX_ITER + 1):
        distances = _squared_distances(x, centres).masked_fill(~present[:, :, None], math.inf)
        nearest, found = distances.min(dim=1)
        labels = torch.where(active[:, None], found, labels)
        active = active & (labels != previous).any(dim=1)
        if not active.any():
            break
        previous = labels
        moved, sizes = labels.clone(), _one_hot(labels, k_max).sum(dim=2)
        if ((sizes == 0) & present & active[:, None]).any():
            _revive_empty(moved, nearest, sizes, present & active[:, None])
        new = _one_hot(moved, k_max) @ x / sizes.clamp(min=1)[:, :, None]
        new = torch.where((active[:, None] & (sizes > 0))[:, :, None], new, centres)
        settled = ((new - centres) ** 2).sum(dim=(1, 2)) <= tol
        centres = new
        # A fit whose centres have settled takes one more assignment, then compares equal and stops.
        final = _squared_distances(x, centres).masked_fill(~present[:, :, None], math.inf).argmin(dim=1)
        labels = torch.where((active & settled)[:, None], final, labels)
        active = active & ~settled
    return centres, labels


def _cholesky(covariances: Tensor) -> tuple[Tensor, Tensor]:
    """Covariances, with a growing ridge where they need one, and their lower Cholesky factors."""
    factors, info = torch.linalg.cholesky_ex(covariances)
    ridge = torch.zeros_like(info, dtype=torch.float64)
    eye = torch.eye(covariances.shape[-1], dtype=torch.float64, device=covariances.device)
    while (info > 0).any():
        scale = covariances.diagonal(dim1=-2, dim2=-1).mean(dim=-1)
        first = torch.where(scale > 0, 1e-10 * scale, 1e-10)
        ridge = torch.where(info > 0, torch.where(ridge == 0, first, 10 * ridge), 0.0)
        covariances = covariances + ridge[..., None, None] * eye
        factors, info = torch.linalg.cholesky_ex(covariances)
    return covariances, factors


def _expectation(x: Tensor, weights: Tensor, means: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    """E-step: responsibilities (F, K, N) and total log-likelihoods (F,)."""
    centred = (x - means[:, :, None]).transpose(2, 3)
    whitened = torch.linalg.solve_triangular(factors, centred, upper=False)
    log_det = factors.diagonal(dim1=-2, dim2=-1).log().sum(dim=-1)
    constants = weights.log() - log_det - 0.5 * x.shape[1] * math.log(2 * math.pi)
    joint = constants[:, :, None] - 0.5 * (whitened**2).sum(dim=2)
    density = torch.logsumexp(joint, dim=1)
    return (joint - density[:, None]).exp(), density.sum(dim=1)


def _maximisation(
    x: Tensor, resp: Tensor, means: Tensor, present: Tensor, reg_covar: float
) -> tuple[Tensor, Tensor, Tensor]:
    """M-step: weights (F, K), means (F, K, D), covariances (F, K, D, D)."""
    mass = resp.sum(dim=2) + EMPTY
    means = (resp @ x + EMPTY * means) / mass[:, :, None]
    centred = x - means[:, :, None]
    covariances = (resp[..., None] * centred).transpose(2, 3) @ centred / mass[..., None, None]
    eye = torch.eye(x.shape[1], dtype=torch.float64, device=x.device)
    covariances = 0.5 * (covariances + covariances.transpose(2, 3))
    covariances = torch.where(present[..., None, None], covariances + reg_covar * eye, eye)
    mass = mass * present
    return mass / mass.sum(dim=1, keepdim=True), means, covariances


def _starting_point(problem: MixtureProblem, x: Tensor, present: Tensor, restart: int) -> list[Tensor]:
    """Weights, means and covariances that EM starts from, padded to K components."""
    if problem.warm_start is None:
        centres = _kmeans_plus_plus(x, *_candidate_draws(problem, restart))
        centres, labels = _lloyd(x, centres, present)
        resp = _one_hot(labels, present.shape[1])
        return list(_maximisation(x, resp, centres, present, problem.reg_covar))
    shape = tuple(present.shape)
    dims = x.shape[1]
    weights, means = np.zeros(shape), np.zeros((*shape, dims))
    covariances = np.tile(np.eye(dims), (*shape, 1, 1))
    for f, start in enumerate(problem.warm_start):
        k = start.n_components
        weights[f, :k], means[f, :k], covariances[f, :k] = start.weights, start.means, start.covariances
    return [torch.from_numpy(a).to(x.device) for a in (weights, means, covariances)]


def _fit_once(problem: MixtureProblem, x: Tensor, restart: int) -> list[Mixture]:
    ks = torch.from_numpy(problem.ks).to(x.device)
    present = torch.arange(int(problem.ks.max()), device=x.device) < ks[:, None]
    weights, means, covariances = _starting_point(problem, x, present, restart)
    covariances, factors = _cholesky(covariances)
    bound = torch.full(ks.shape, -math.inf, dtype=torch.float64, device=x.device)
    active = torch.ones_like(ks, dtype=torch.bool)
    n_iter = torch.zeros_like(ks)
    for _ in range(problem.max_iter):
        resp, scores = _expectation(x, weights, means, factors)
        new = _maximisation(x, resp, means, present, problem.reg_covar)
        weights = torch.where(active[:, None], new[0], weights)
        means = torch.where(active[:, None, None], new[1], means)
        covariances, factors = _cholesky(torch.where(active[:, None, None, None], new[2], covariances))
        n_iter += active
        mean_score = scores / len(x)
        active = active & ~((mean_score - bound).abs() < problem.tol)
        bound = mean_score
        if not active.any():
            break
    scores = _expectation(x, weights, means, factors)[1]
    columns = [t.cpu().numpy() for t in (weights, means, covariances)]
    return [
        Mixture(
            weights=columns[0][f, :k],
            means=columns[1][f, :k],
            covariances=columns[2][f, :k],
            log_likelihood=float(scores[f]),
            converged=not bool(active[f]),
            n_iter=int(n_iter[f]),
        )
        for f, k in enumerate(problem.ks.tolist())
    ]


def fit(problem: MixtureProblem) -> list[Mixture]:
    """Fits every mixture of `problem` on ``problem.device``, in float64."""
    with torch.no_grad():
        x = torch.from_numpy(problem.points).to(problem.device)
        restarts = 1 if problem.warm_start is not None else problem.n_init
        runs = [_fit_once(problem, x, restart) for restart in range(restarts)]
    return [max(candidates, key=lambda mixture: mixture.log_likelihood) for candidates in zip(*runs, strict=True)]
