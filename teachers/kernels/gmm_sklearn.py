"""The reference backend: scikit-learn's ``GaussianMixture``, one fit after the other.

It is there to check the others against, and is some tens of times slower than numba. Its random numbers are
its own, so that its mixtures agree with the others' in quality, not number by number.
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from .mixture import Mixture, MixtureProblem


def fit(problem: MixtureProblem) -> list[Mixture]:
    """Fits every mixture of `problem`; those that did not converge say so in their `converged`."""
    scale = float(problem.points.var(axis=0).mean()) or 1.0
    mixtures = []
    for index in range(len(problem.ks)):
        ridge = 0.0
        while True:
            try:
                model = _fit_one(problem, index, ridge)
                break
            except (ValueError, np.linalg.LinAlgError):  # a covariance is singular, but for rounding
                ridge = 10.0 * ridge or 1e-10 * scale
                if ridge > scale:
                    raise
        mixtures.append(
            Mixture(
                weights=model.weights_,
                means=model.means_,
                covariances=model.covariances_,
                log_likelihood=float(model.score_samples(problem.points).sum()),
                converged=bool(model.converged_),
                n_iter=int(model.n_iter_),
            )
        )
    return mixtures


def _fit_one(problem: MixtureProblem, index: int, ridge: float) -> GaussianMixture:
    """Fits one mixture, with `ridge` added to the variances beside `reg_covar`.

    Raises:
        ValueError: If a covariance has no Cholesky factor.
        LinAlgError: If one of the warm start has no inverse.
    """
    model = GaussianMixture(
        int(problem.ks[index]),
        covariance_type="full",
        tol=problem.tol,
        reg_covar=problem.reg_covar + ridge,
        max_iter=problem.max_iter,
        n_init=problem.n_init if problem.warm_start is None else 1,
        random_state=problem.seed % 2**32,
    )
    if problem.warm_start is not None:
        start = problem.warm_start[index]
        model.set_params(
            weights_init=start.weights / start.weights.sum(),
            means_init=start.means,
            precisions_init=np.linalg.inv(start.covariances + ridge * np.eye(start.dimension)),
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(problem.points)
    return model
