"""Expectation–maximisation for full-covariance Gaussian mixtures, compiled with numba.

The algorithm is the one behind ``sklearn.mixture.GaussianMixture(covariance_type="full")``: greedy k-means++
(Arthur & Vassilvitskii 2007, with ``2 + log k`` candidates a step), Lloyd's k-means, then EM (Dempster, Laird
& Rubin 1977; Bishop 2006, section 9.2.2) until the mean log-likelihood changes by less than ``tol``.

Why it is fast: every mixture of a refit is fitted in one compiled call, and points are columns, ``(D, N)``,
so that each inner loop runs over points and becomes SIMD code. N is padded to a multiple of 32 with points of
weight zero, which leaves no scalar remainder. Sums over dimensions take four rows at a time. numba turns
``math.exp`` and ``math.log`` into SIMD code only where Intel's SVML is installed, so both are written here as
polynomials (relative error below 1e-15 for exp, below 1e-15 absolute near 1 for log).

What differs from scikit-learn: a cluster that k-means loses takes over the point furthest from its centre
without scikit-learn's partial sums; a component that no point belongs to stays where it was rather than move
to the origin; a covariance that is not positive definite gets a growing ridge (`_cholesky`) rather than an
exception; of several restarts the one with the highest final log-likelihood is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from .mixture import Mixture, MixtureProblem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., Any])

# Sums may be reordered (hence vectorised), but NaN and infinity keep their meaning.
REORDER = {"contract", "reassoc", "nsz", "arcp"}
PADDING = 32
KMEANS_MAX_ITER = 300
KMEANS_TOL = 1e-4
EMPTY = 10 * np.finfo(np.float64).eps

LOG2_E = 1.4426950408889634
LN2_HIGH = 0.6931471803691238  # the leading 32 bits of log(2): its product with a small integer is exact
LN2_LOW = 1.9082149292705877e-10
ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the nearest integer in the low bits
MANTISSA = 0x000FFFFFFFFFFFFF
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
EXPONENT_ONE = 0x3FF0000000000000
TWO_52_BITS = 0x4330000000000000  # with a small integer in its low bits: that integer plus 2**52
TWO_52_BIASED = 2.0**52 + 1023.0
LN2 = math.log(2)
LOG_2PI = math.log(2 * math.pi)


def njit(fastmath: set[str], inline: bool = True) -> Callable[[F], F]:
    """`numba.njit` with a cache on disk, typed so that the function keeps its signature.

    The functions that `fit_all` calls become part of it. As functions of their own, a process that compiles would run
    other copies of them than one that loads `fit_all` from the cache, with sums in another order: results would differ
    in the last bit, and a run resumed by a second process would part from the first.
    """
    decorator = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=fastmath, forceinline=inline)
    return cast("Callable[[F], F]", decorator)


@njit(fastmath={"contract"})
def _exp(x: float) -> float:
    """exp(x) for x <= 700, branch-free; arguments below -200 count as -200.

    The floor, 1e-87, is nothing next to a responsibility and keeps products out of the slow subnormal range.
    """
    x = max(x, -200.0)
    shifted = x * LOG2_E + ROUND
    n = shifted - ROUND
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    p = 2.763263963904103e-07 + r * 2.5110037605963777e-08
    p = 2.755724091857897e-06 + r * p
    p = 2.4801485482328494e-05 + r * p
    p = 0.00019841269890047113 + r * p
    p = 0.0013888888952314775 + r * p
    p = 0.008333333333319601 + r * p
    p = 0.0416666666664881 + r * p
    p = 0.1666666666666668 + r * p
    p = 0.5000000000000019 + r * p
    p = 1.0 + r * (1.0 + r * p)
    power: float = np.int64((np.float64(shifted).view(np.int64) + 1023) << 52).view(np.float64)
    return p * power


@njit(fastmath={"contract"})
def _log(x: float) -> float:
    """log(x) for normal x > 0, branch-free: x = 2**n * m with m in [sqrt(1/2), sqrt(2))."""
    shifted = np.float64(x).view(np.int64) - SQRT_HALF_BITS
    n: float = np.int64(((shifted + EXPONENT_ONE) >> 52) | TWO_52_BITS).view(np.float64) - TWO_52_BIASED
    m: float = np.int64((shifted & MANTISSA) + SQRT_HALF_BITS).view(np.float64)
    f = (m - 1.0) / (m + 1.0)
    t = f * f
    p = 0.15331721600556042 + t * 0.14616449685043406
    p = 0.18182889125261723 + t * p
    p = 0.2222221113479508 + t * p
    p = 0.28571428625975487 + t * p
    p = 0.39999999999899505 + t * p
    p = 0.666666666666667 + t * p
    return n * LN2 + f * (2.0 + t * p)


@njit(fastmath=REORDER)
def _squared_distances(x: Floats, centre: Floats, out: Floats) -> None:
    """out[n] = |x[:, n] - centre|^2."""
    dims, size = x.shape
    first = dims % 4
    c0, c1, c2 = centre[0], centre[min(1, dims - 1)], centre[min(2, dims - 1)]
    if first == 0:
        for n in range(size):
            out[n] = 0.0
    elif first == 1:
        for n in range(size):
            out[n] = (x[0, n] - c0) ** 2
    elif first == 2:
        for n in range(size):
            out[n] = (x[0, n] - c0) ** 2 + (x[1, n] - c1) ** 2
    else:
        for n in range(size):
            out[n] = (x[0, n] - c0) ** 2 + (x[1, n] - c1) ** 2 + (x[2, n] - c2) ** 2
    for d in range(first, dims, 4):
        c0, c1, c2, c3 = centre[d], centre[d + 1], centre[d + 2], centre[d + 3]
        for n in range(size):
            near = (x[d, n] - c0) ** 2 + (x[d + 1, n] - c1) ** 2
            out[n] += near + (x[d + 2, n] - c2) ** 2 + (x[d + 3, n] - c3) ** 2


@njit(fastmath=REORDER)
def _minimum_sum(a: Floats, b: Floats, count: int) -> float:
    """Sum over the first `count` of min(a, b)."""
    total = 0.0
    for n in range(count):
        total += a[n] if a[n] < b[n] else b[n]
    return total


@njit(fastmath=REORDER)
def _kmeans_plus_plus(x: Floats, count: int, k: int, draws: Floats, centres: Floats) -> None:
    """Greedy k-means++: centres[:k] from `draws`, one number for the first and `2 + log k` for each other."""
    trials = 2 + int(math.log(k))
    size = x.shape[1]
    closest, trial, chosen = np.empty(size), np.empty(size), np.empty(size)
    pick = min(int(draws[0] * count), count - 1)
    centres[0] = x[:, pick]
    _squared_distances(x, centres[0], closest)
    for j in range(1, k):
        total = 0.0
        for n in range(count):
            total += closest[n]
        best = math.inf
        for t in range(trials):
            level = draws[1 + (j - 1) * trials + t] * total
            pick, reached = 0, closest[0]
            while reached < level and pick < count - 1:
                pick += 1
                reached += closest[pick]
            centres[j] = x[:, pick]
            _squared_distances(x, centres[j], trial)
            potential = _minimum_sum(closest, trial, count)
            if potential < best:
                best = potential
                chosen[:] = trial
                chosen_point = pick
        centres[j] = x[:, chosen_point]
        for n in range(count):
            closest[n] = min(closest[n], chosen[n])


@njit(fastmath=REORDER)
def _assign(x: Floats, centres: Floats, k: int, labels: Ints, nearest: Floats, trial: Floats) -> None:
    """Labels each point with its nearest centre (the first of equals)."""
    size = x.shape[1]
    _squared_distances(x, centres[0], nearest)
    labels[:] = 0
    for j in range(1, k):
        _squared_distances(x, centres[j], trial)
        for n in range(size):
            closer = trial[n] < nearest[n]
            labels[n] = j if closer else labels[n]
            nearest[n] = trial[n] if closer else nearest[n]


@njit(fastmath=REORDER)
def _lloyd(x: Floats, count: int, k: int, tol: float, centres: Floats, labels: Ints) -> None:
    """Lloyd's k-means until no label changes or the centres move by at most `tol` in total."""
    dims, size = x.shape
    previous = np.full(size, -1)
    nearest, trial = np.empty(size), np.empty(size)
    sums, sizes = np.empty(k), np.empty(k, np.int64)
    for _ in range(KMEANS_MAX_ITER):
        _assign(x, centres, k, labels, nearest, trial)
        changed = 0
        for n in range(count):
            changed += labels[n] != previous[n]
        if changed == 0:
            return
        previous[:] = labels
        sizes[:] = 0
        for n in range(count):
            sizes[labels[n]] += 1
        for j in range(k):
            if sizes[j] == 0:
                far = np.argmax(nearest[:count])
                if nearest[far] > 0.0:
                    sizes[labels[far]] -= 1
                    sizes[j] = 1
                    labels[far] = j
                    nearest[far] = 0.0
        shift = 0.0
        for d in range(dims):
            sums[:] = 0.0
            for n in range(count):
                sums[labels[n]] += x[d, n]
            for j in range(k):
                if sizes[j] > 0:
                    new = sums[j] / sizes[j]
                    shift += (new - centres[j, d]) ** 2
                    centres[j, d] = new
        if shift <= tol:
            break
    _assign(x, centres, k, labels, nearest, trial)


@njit(fastmath={"contract"})
def _cholesky(cov: Floats, factor: Floats) -> None:
    """Lower Cholesky factor of `cov`.

    Until there is one, a ridge of 1e-10, 1e-9, … times the mean variance is added to `cov`.
    """
    dims = cov.shape[0]
    ridge = 0.0
    while True:
        fine = True
        for d in range(dims):
            for e in range(d + 1):
                s = cov[d, e]
                for i in range(e):
                    s -= factor[d, i] * factor[e, i]
                if d > e:
                    factor[d, e] = s * (1.0 / factor[e, e])
                elif s > 0.0:
                    factor[d, d] = math.sqrt(s)
                else:
                    fine = False
            if not fine:
                break
        if fine:
            return
        if ridge == 0.0:
            trace = 0.0
            for d in range(dims):
                trace += cov[d, d]
            ridge = 1e-10 * trace / dims if trace > 0.0 else 1e-10
        else:
            ridge *= 10.0
        for d in range(dims):
            cov[d, d] += ridge


@njit(fastmath=REORDER)
def _log_joint_small(x: Floats, constant: float, mean: Floats, factor: Floats, out: Floats) -> None:
    """`_log_joint` for at most four dimensions, in one pass; absent dimensions get coefficients of zero."""
    dims, size = x.shape
    b, c, d = min(1, dims - 1), min(2, dims - 1), dims - 1
    s0, s1, s2, s3 = 1.0 / factor[0, 0], 0.0, 0.0, 0.0
    c10, c20, c21, c30, c31, c32 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    if dims > 1:
        s1 = 1.0 / factor[1, 1]
        c10 = factor[1, 0] * s1
    if dims > 2:
        s2 = 1.0 / factor[2, 2]
        c20, c21 = factor[2, 0] * s2, factor[2, 1] * s2
    if dims > 3:
        s3 = 1.0 / factor[3, 3]
        c30, c31, c32 = factor[3, 0] * s3, factor[3, 1] * s3, factor[3, 2] * s3
    m0, m1, m2, m3 = mean[0], mean[b], mean[c], mean[d]
    if dims < 4:
        for n in range(size):
            z0 = (x[0, n] - m0) * s0
            z1 = (x[b, n] - m1) * s1 - c10 * z0
            z2 = (x[c, n] - m2) * s2 - c20 * z0 - c21 * z1
            out[n] = constant - 0.5 * (z0 * z0 + z1 * z1 + z2 * z2)
    else:
        for n in range(size):
            z0 = (x[0, n] - m0) * s0
            z1 = (x[b, n] - m1) * s1 - c10 * z0
            z2 = (x[c, n] - m2) * s2 - c20 * z0 - c21 * z1
            z3 = (x[d, n] - m3) * s3 - c30 * z0 - c31 * z1 - c32 * z2
            out[n] = constant - 0.5 * (z0 * z0 + z1 * z1 + z2 * z2 + z3 * z3)


@njit(fastmath=REORDER)
def _log_joint(x: Floats, weight: float, mean: Floats, factor: Floats, z: Floats, out: Floats) -> None:
    """out[n] = log(weight * N(x[:, n]; mean, L L^T)): solves L z = x - mean for all points at once."""
    dims, size = x.shape
    constant = _log(weight) - 0.5 * dims * LOG_2PI
    for d in range(dims):
        constant -= _log(factor[d, d])
    if dims <= 4:
        _log_joint_small(x, constant, mean, factor, out)
        return
    for d in range(dims):
        scale = 1.0 / factor[d, d]
        offset = mean[d] * scale
        first = d % 4
        l0, l1, l2 = factor[d, 0] * scale, factor[d, 1] * scale, factor[d, 2] * scale
        if first == 0:
            for n in range(size):
                z[d, n] = x[d, n] * scale - offset
        elif first == 1:
            for n in range(size):
                z[d, n] = x[d, n] * scale - offset - l0 * z[0, n]
        elif first == 2:
            for n in range(size):
                z[d, n] = x[d, n] * scale - offset - l0 * z[0, n] - l1 * z[1, n]
        else:
            for n in range(size):
                z[d, n] = x[d, n] * scale - offset - l0 * z[0, n] - l1 * z[1, n] - l2 * z[2, n]
        for e in range(first, d, 4):
            l0, l1 = factor[d, e] * scale, factor[d, e + 1] * scale
            l2, l3 = factor[d, e + 2] * scale, factor[d, e + 3] * scale
            for n in range(size):
                z[d, n] -= l0 * z[e, n] + l1 * z[e + 1, n] + l2 * z[e + 2, n] + l3 * z[e + 3, n]
    out[:] = constant
    for d in range(0, dims, 4):
        b, c, e = min(d + 1, dims - 1), min(d + 2, dims - 1), min(d + 3, dims - 1)
        h1 = -0.5 if d + 1 < dims else 0.0
        h2 = -0.5 if d + 2 < dims else 0.0
        h3 = -0.5 if d + 3 < dims else 0.0
        for n in range(size):
            out[n] += -0.5 * z[d, n] ** 2 + h1 * z[b, n] ** 2 + h2 * z[c, n] ** 2 + h3 * z[e, n] ** 2


@njit(fastmath=REORDER)
def _expectation(
    x: Floats, mask: Floats, k: int, weights: Floats, means: Floats, factors: Floats, resp: Floats
) -> float:
    """E-step: fills resp[:k] and returns the total log-likelihood."""
    size = x.shape[1]
    z = np.empty(x.shape)
    for j in range(k):
        _log_joint(x, weights[j], means[j], factors[j], z, resp[j])
    top = resp[0].copy()
    for j in range(1, k):
        for n in range(size):
            top[n] = max(resp[j, n], top[n])
    total = np.zeros(size)
    for j in range(k):
        for n in range(size):
            value = _exp(resp[j, n] - top[n])
            resp[j, n] = value
            total[n] += value
    log_likelihood: float = 0.0
    for n in range(size):
        log_likelihood += mask[n] * (top[n] + _log(total[n]))
        total[n] = mask[n] / total[n]
    for j in range(k):
        for n in range(size):
            resp[j, n] *= total[n]
    return log_likelihood


@njit(fastmath=REORDER)
def _maximise_one(x: Floats, resp: Floats, mean: Floats, cov: Floats, reg_covar: float, z: Floats) -> float:
    """M-step of one component (Bishop eqs. 9.24–9.27): updates `mean`, `cov`; returns its soft count."""
    dims, size = x.shape
    w = np.empty(size)
    mass: float = EMPTY
    for n in range(size):
        mass += resp[n]
    for d in range(dims):
        s = EMPTY * mean[d]
        for n in range(size):
            s += resp[n] * x[d, n]
        s /= mass
        mean[d] = s
        for n in range(size):
            z[d, n] = x[d, n] - s
    for d in range(dims):
        for n in range(size):
            w[n] = resp[n] * z[d, n]
        e = 0
        while e + 4 <= d + 1:
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for n in range(size):
                s0 += w[n] * z[e, n]
                s1 += w[n] * z[e + 1, n]
                s2 += w[n] * z[e + 2, n]
                s3 += w[n] * z[e + 3, n]
            cov[d, e], cov[d, e + 1], cov[d, e + 2], cov[d, e + 3] = s0, s1, s2, s3
            e += 4
        if e + 2 <= d + 1:
            s0, s1 = 0.0, 0.0
            for n in range(size):
                s0 += w[n] * z[e, n]
                s1 += w[n] * z[e + 1, n]
            cov[d, e], cov[d, e + 1] = s0, s1
            e += 2
        if e <= d:
            s0 = 0.0
            for n in range(size):
                s0 += w[n] * z[e, n]
            cov[d, e] = s0
        for e in range(d + 1):
            cov[d, e] /= mass
            cov[e, d] = cov[d, e]
        cov[d, d] += reg_covar
    return mass


@njit(fastmath=REORDER)
def _maximisation(
    x: Floats, k: int, resp: Floats, weights: Floats, means: Floats, covs: Floats, factors: Floats, reg_covar: float
) -> None:
    """M-step: updates the first `k` weights, means, covariances and Cholesky factors."""
    z = np.empty(x.shape)
    total = 0.0
    for j in range(k):
        weights[j] = _maximise_one(x, resp[j], means[j], covs[j], reg_covar, z)
        _cholesky(covs[j], factors[j])
        total += weights[j]
    for j in range(k):
        weights[j] /= total


@njit(fastmath=REORDER, inline=False)
def fit_all(
    x: Floats,
    mask: Floats,
    count: int,
    ks: Ints,
    warm: NDArray[np.bool_],
    draws: Floats,
    starts: Ints,
    n_init: int,
    max_iter: int,
    tol: float,
    reg_covar: float,
    weights: Floats,
    means: Floats,
    covs: Floats,
    scores: Floats,
    iters: Ints,
) -> None:
    """Fits one mixture per entry of `ks` and writes them one after the other.

    Args:
        x: Centred points as columns, (D, M), padded with zeros to a multiple of 32.
        mask: 1 for the first `count` columns, 0 for padding, (M,).
        count: Number of points N.
        ks: Numbers of components, (F,).
        warm: Whether weights, means and covs hold the starting point of each fit, (F,).
        draws: Uniform numbers for k-means++.
        starts: Where the draws of each fit begin, (F + 1,).
        n_init: Restarts per fit, each with its own share of the draws.
        max_iter: Most EM iterations.
        tol: EM stops when the mean log-likelihood changes by less.
        reg_covar: Added to every variance.
        weights: Out, (sum of ks,).
        means: Out, (sum of ks, D).
        covs: Out, (sum of ks, D, D).
        scores: Out, total log-likelihoods, (F,).
        iters: Out, EM iterations, negative if `tol` was not reached, (F,).
    """
    dims, size = x.shape
    k_max = ks.max()
    resp = np.empty((k_max, size))
    labels = np.empty(size, np.int64)
    factors = np.zeros((k_max, dims, dims))
    wj, mj, cj = np.empty(k_max), np.empty((k_max, dims)), np.empty((k_max, dims, dims))
    kmeans_tol = 0.0
    for d in range(dims):
        for n in range(count):
            kmeans_tol += x[d, n] ** 2
    kmeans_tol *= KMEANS_TOL / (count * dims)
    offset = 0
    for f in range(len(ks)):
        k = ks[f]
        scores[f] = -math.inf
        restarts = 1 if warm[f] else n_init
        share = (starts[f + 1] - starts[f]) // n_init
        for restart in range(restarts):
            if warm[f]:
                wj[:k] = weights[offset : offset + k]
                mj[:k] = means[offset : offset + k]
                cj[:k] = covs[offset : offset + k]
                for j in range(k):
                    _cholesky(cj[j], factors[j])
            else:
                _kmeans_plus_plus(x, count, k, draws[starts[f] + restart * share :], mj)
                _lloyd(x, count, k, kmeans_tol, mj, labels)
                resp[:k] = 0.0
                for n in range(count):
                    resp[labels[n], n] = 1.0
                _maximisation(x, k, resp, wj, mj, cj, factors, reg_covar)
            bound = -math.inf
            used = -max_iter
            for iteration in range(1, max_iter + 1):
                new = _expectation(x, mask, k, wj, mj, factors, resp) / count
                _maximisation(x, k, resp, wj, mj, cj, factors, reg_covar)
                if abs(new - bound) < tol:
                    used = iteration
                    break
                bound = new
            score = _expectation(x, mask, k, wj, mj, factors, resp)
            if score > scores[f]:
                scores[f] = score
                iters[f] = used
                weights[offset : offset + k] = wj[:k]
                means[offset : offset + k] = mj[:k]
                covs[offset : offset + k] = cj[:k]
        offset += k


def fit(problem: MixtureProblem) -> list[Mixture]:
    """Fits every mixture of `problem` in one compiled call.

    The first call in a fresh installation compiles for some seconds; the result is cached on disk.
    """
    p, points, ks = problem, problem.points, problem.ks
    count, dims = points.shape
    size = -(-count // PADDING) * PADDING
    x = np.zeros((dims, size))
    x[:, :count] = points.T
    mask = np.zeros(size)
    mask[:count] = 1.0
    total = int(ks.sum())
    weights, means, covs = np.empty(total), np.empty((total, dims)), np.empty((total, dims, dims))
    warm = np.zeros(len(ks), np.bool_)
    ends = np.cumsum(ks)
    if problem.warm_start is not None:
        warm[:] = True
        for start, end in zip(problem.warm_start, ends, strict=True):
            begin = end - len(start.weights)
            weights[begin:end], means[begin:end], covs[begin:end] = (
                start.weights,
                start.means,
                start.covariances,
            )
    scores, iters = np.empty(len(ks)), np.empty(len(ks), np.int64)
    outputs = (weights, means, covs, scores, iters)
    fit_all(x, mask, count, ks, warm, p.draws, p.starts, p.n_init, p.max_iter, p.tol, p.reg_covar, *outputs)
    return [
        Mixture(
            weights=weights[end - k : end],
            means=means[end - k : end],
            covariances=covs[end - k : end],
            log_likelihood=float(score),
            converged=bool(n_iter > 0),
            n_iter=abs(int(n_iter)),
        )
        for k, end, score, n_iter in zip(ks, ends, scores, iters, strict=True)
    ]
