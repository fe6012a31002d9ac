"""How much a new student still progresses in the last Gaussians of an expert's curriculum."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..state_checks import counter, finite_array

EVERY = 100
"""Episodes between two estimates, and the most of them that one is made from, for each Gaussian."""


class ALPEstimates:
    """The mean of the latest absolute learning progresses (ALP) in each of a few Gaussians.

    Args:
        n_gaussians: How many Gaussians.

    Example:
        >>> estimates = ALPEstimates(2)
        >>> for _ in range(99):
        ...     new = estimates.observe(0, 0.5)
        >>> estimates.observe(0, 0.5).tolist()  # the hundredth; nothing was seen of the other one
        [0.5, 0.0]
    """

    def __init__(self, n_gaussians: int) -> None:
        self._latest: list[deque[float]] = [deque(maxlen=EVERY) for _ in range(n_gaussians)]
        self._count = 0

    def observe(self, gaussian: int, alp: float) -> NDArray[np.float64] | None:
        """Note the ALP of an episode whose task was drawn from a Gaussian.

        Returns:
            New estimates, shape ``(n_gaussians,)``, after every 100 episodes; 0 where nothing was seen.
        """
        self._latest[gaussian].append(alp)
        self._count += 1
        if self._count % EVERY:
            return None
        return np.array([sum(latest) / len(latest) if latest else 0.0 for latest in self._latest])

    def get_state(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "sizes": np.array([len(latest) for latest in self._latest], dtype=np.int64),
            "latest": np.array([alp for latest in self._latest for alp in latest], dtype=np.float64),
            "count": self._count,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], n_gaussians: int) -> ALPEstimates:
        """Build the estimates of which `get_state` was called.

        Raises:
            ValueError: An entry is missing or does not fit.
        """
        sizes = finite_array(state, "sizes", (n_gaussians,), np.int64, low=0, high=EVERY)
        latest = finite_array(state, "latest", (int(sizes.sum()),), low=0.0)
        found = cls(n_gaussians)
        found._count = counter(state, "count")
        for part, own in zip(np.split(latest, np.cumsum(sizes)[:-1]), found._latest, strict=True):
            own.extend(part.tolist())
        return found
