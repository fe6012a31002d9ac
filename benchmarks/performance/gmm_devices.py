"""When a GPU pays: one refit of ALP-GMM by each backend, from a window of 250 episodes to 100,000.

A refit fits mixtures of 2 to 10 full-covariance Gaussians. The backends run in this process in turns, on the same
points and from the same random numbers, the CPU on one thread; every one has run once before. A backend leaves the
race at the size at which it takes more than two seconds. Without a GPU the column is empty.

    python -m tutelage.benchmarks.performance.gmm_devices
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ...teachers.kernels.mixture import fit_mixtures

Row = dict[str, Any]

KS = range(2, 11)
SIZES = (250, 1_000, 10_000, 100_000)
DIMS = (3, 11)
TOO_LONG = 2.0
BACKENDS: dict[str, dict[str, Any]] = {
    "numba": {"backend": "numba"},
    "torch on the CPU": {"backend": "torch"},
    "torch on the GPU": {"backend": "torch", "device": "cuda"},
}


def _seconds(arguments: dict[str, Any], points: Any, seed: int) -> float:
    begin = time.perf_counter()
    fit_mixtures(points, KS, seed=seed, **arguments)  # returns arrays of the CPU, so a GPU has finished
    return time.perf_counter() - begin


def run(rounds: int = 5) -> list[Row]:
    """Median milliseconds per refit, one row for each number of points N and dimension D of the points."""
    import torch

    racers = {name: how for name, how in BACKENDS.items() if torch.cuda.is_available() or "device" not in how}
    rows = []
    with threadpool_limits(1):
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        for dims in DIMS:
            rng = np.random.default_rng(dims)
            centres = rng.random((6, dims))
            left = dict(racers)
            for n_points in SIZES:
                points = centres[rng.integers(6, size=n_points)] + 0.1 * rng.normal(size=(n_points, dims))
                times: dict[str, list[float]] = {name: [] for name in left}
                for seed in range(rounds + 1):
                    for name in left:
                        if not times[name] or times[name][0] <= TOO_LONG:
                            times[name].append(_seconds(left[name], points, seed))
                row: Row = {"D": dims, "N": n_points}
                for name, seconds in times.items():
                    row[name] = 1e3 * float(np.median(seconds[1:] or seconds))
                rows.append(row)
                left = {name: how for name, how in left.items() if row[name] <= 1e3 * TOO_LONG}
        torch.set_num_threads(threads)
    return rows


def main() -> int:
    """Prints the table; there is no target."""
    print("One refit, k = 2..10, median milliseconds")
    print("   D        N" + "".join(f"{name:>20}" for name in BACKENDS))
    for row in run():
        cells = (f"{row[name]:20,.1f}" if name in row else f"{'–':>20}" for name in BACKENDS)
        print(f"{row['D']:4} {row['N']:8,}" + "".join(cells))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
