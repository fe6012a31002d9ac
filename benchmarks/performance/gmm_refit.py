"""How much faster a refit of ALP-GMM is than scikit-learn's, and whether its mixtures are as good.

A refit fits mixtures of 2 to 10 full-covariance Gaussians to 250 points (task and progress) and keeps the one
with the lowest AIC. Both sides run in this process on one thread, in turns, on the same data; the numba kernel
is compiled beforehand, and each time is the median over the rounds.

    python -m tutelage.benchmarks.performance.gmm_refit
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...teachers.kernels.mixture import Mixture, fit_mixtures, information_criterion, select

Row = dict[str, Any]
Floats = NDArray[np.float64]

N_POINTS = 250
KS = range(2, 11)
SPEED_TARGETS = {3: 40.0, 6: 25.0, 11: 15.0}
AIC_TARGET = 0.005
N_DATA_SETS = 100
N_SEEDS = 3


def _uniform(rng: np.random.Generator, dims: int) -> Floats:
    return rng.random((N_POINTS, dims))


def _clusters(rng: np.random.Generator, dims: int) -> Floats:
    centres = rng.random((int(rng.integers(2, 7)), dims))
    return centres[rng.integers(len(centres), size=N_POINTS)] + rng.normal(0, 0.07, (N_POINTS, dims))


def _clipped(rng: np.random.Generator, dims: int) -> Floats:
    """Gaussians clipped to the unit box: many coordinates lie exactly on its faces."""
    return (_clusters(rng, dims) + rng.normal(0, 0.25, (N_POINTS, dims))).clip(0, 1)


def _learning_progress(rng: np.random.Generator, dims: int) -> Floats:
    """Uniform tasks; progress is often exactly zero, else heavy-tailed and concentrated in one region."""
    points = rng.random((N_POINTS, dims))
    hot = np.exp(-8 * (points[:, 0] - rng.random()) ** 2)
    progress = hot * np.minimum(rng.pareto(2.5, N_POINTS) * 0.1, 1)
    points[:, -1] = np.where(rng.random(N_POINTS) < 0.4, 0.0, progress)
    return points


def _correlated(rng: np.random.Generator, dims: int) -> Floats:
    mixing = rng.normal(size=(dims, dims)) * np.geomspace(0.3, 0.03, dims)
    points: Floats = 0.5 + rng.normal(size=(N_POINTS, dims)) @ mixing.T
    return points


def _low_rank(rng: np.random.Generator, dims: int) -> Floats:
    """A curved surface of two dimensions with a little noise."""
    hidden = rng.random((N_POINTS, 2))
    bent = np.sin(3 * hidden @ rng.normal(size=(2, dims)))
    return 0.5 + 0.4 * bent + rng.normal(0, 0.02, (N_POINTS, dims))


SHAPES: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "uniform": _uniform,
    "clusters": _clusters,
    "clipped": _clipped,
    "learning progress": _learning_progress,
    "correlated": _correlated,
    "low rank": _low_rank,
}


def _ours(points: Floats, seed: int) -> Mixture:
    return select(fit_mixtures(points, KS, seed=seed), N_POINTS)


def _sklearn_fits(points: Floats, seed: int) -> list[Any]:
    from sklearn.mixture import GaussianMixture

    return [GaussianMixture(k, covariance_type="full", random_state=seed).fit(points) for k in KS]


def measure_speed(rounds: int = 15) -> list[Row]:
    """Median milliseconds per refit of both sides and their ratio, one row per dimension D of the points."""
    rows: list[Row] = []
    for dims, target in SPEED_TARGETS.items():
        times: dict[str, list[float]] = {"sklearn": [], "ours": []}
        data = [shape(np.random.default_rng([index, dims]), dims) for index, shape in enumerate(SHAPES.values())]
        _ours(data[0], 0)
        for i in range(rounds):
            points = data[i % len(data)]
            begin = time.perf_counter()
            _sklearn_fits(points, i)
            middle = time.perf_counter()
            _ours(points, i)
            times["ours"].append(time.perf_counter() - middle)
            times["sklearn"].append(middle - begin)
        ratio = float(np.median(np.array(times["sklearn"]) / np.array(times["ours"])))
        rows.append(
            {
                "D": dims,
                "sklearn_ms": 1e3 * float(np.median(times["sklearn"])),
                "ours_ms": 1e3 * float(np.median(times["ours"])),
                "ratio": ratio,
                "target": target,
                "passed": ratio >= target,
            }
        )
    return rows


def compare_quality(n_data_sets: int = N_DATA_SETS, n_seeds: int = N_SEEDS) -> Row:
    """Difference of the selected AIC, ours minus scikit-learn's, relative to its size; positive is worse.

    Both sides average their selected AIC over the same seeds. Where an AIC happens to lie near zero its
    relative difference is large, so the sum of differences over the sum of sizes is given as well, and both
    must meet the target.
    """
    differences, sizes = [], []
    for i in range(n_data_sets):
        dims = list(SPEED_TARGETS)[i % 3]
        shape = list(SHAPES.values())[(i // 3) % len(SHAPES)]
        points = shape(np.random.default_rng([7, i]), dims)
        seeds = range(i * n_seeds, (i + 1) * n_seeds)
        theirs = np.mean([min(model.aic(points) for model in _sklearn_fits(points, seed)) for seed in seeds])
        ours = np.mean([information_criterion(_ours(points, seed), N_POINTS) for seed in seeds])
        differences.append(float(ours - theirs))
        sizes.append(float(abs(theirs)))
    relative = np.array(differences) / np.array(sizes)
    mean, pooled = float(relative.mean()), float(np.sum(differences) / np.sum(sizes))
    return {
        "data_sets": n_data_sets,
        "mean_difference": mean,
        "standard_error": float(relative.std() / np.sqrt(n_data_sets)),
        "median_difference": float(np.median(relative)),
        "pooled_difference": pooled,
        "wins": int((np.array(differences) < 0).sum()),
        "target": AIC_TARGET,
        "passed": max(mean, pooled) <= AIC_TARGET,
    }


def run() -> list[Row]:
    """All measurements: one row of speed per dimension, then one of quality."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [*measure_speed(), compare_quality()]


def main() -> int:
    """Prints the table; returns 0 if every target was met, else 1."""
    *speed, quality = run()
    print(f"One refit: k = 2..10, {N_POINTS} points, one thread, medians")
    for row in speed:
        print(
            f"  D={row['D']:<3} scikit-learn {row['sklearn_ms']:7.1f} ms   ours {row['ours_ms']:6.2f} ms   "
            f"ratio {row['ratio']:6.1f}   target {row['target']:4.0f}   {'pass' if row['passed'] else 'FAIL'}"
        )
    print(f"Selected AIC, ours minus scikit-learn's, {quality['data_sets']} data sets, {N_SEEDS} seeds each")
    print(
        f"  mean {quality['mean_difference']:+.3%} ± {quality['standard_error']:.3%}   "
        f"median {quality['median_difference']:+.3%}   pooled {quality['pooled_difference']:+.3%}   "
        f"ours lower in {quality['wins']}   target ≤ {quality['target']:.1%}   "
        f"{'pass' if quality['passed'] else 'FAIL'}"
    )
    return 0 if all(row["passed"] for row in [*speed, quality]) else 1


if __name__ == "__main__":
    raise SystemExit(main())
