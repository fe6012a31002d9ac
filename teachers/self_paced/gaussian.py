"""A Gaussian with its natural-gradient steps, for teachers whose curriculum is one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_LARGEST_EXPONENT = 20.0
"""A step multiplies no variance by more than exp of this, and by no less than exp of minus this."""


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A Gaussian with mean μ and covariance Σ = L Lᵀ.

    Attributes:
        mean: μ, shape ``(d,)``.
        factor: L, lower triangular with a positive diagonal, shape ``(d, d)``.

    Example:
        >>> narrow, wide = Gaussian(np.zeros(2), np.eye(2)), Gaussian(np.array([0.0, 3.0]), 2.0 * np.eye(2))
        >>> round(narrow.kl(wide), 3), narrow.kl(narrow)
        (1.761, 0.0)
    """

    mean: FloatArray
    factor: FloatArray

    @property
    def std(self) -> FloatArray:
        """The standard deviation of each coordinate, shape ``(d,)``."""
        return np.asarray(np.sqrt((self.factor**2).sum(axis=1)))

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw ``n`` points, shape ``(n, d)``."""
        noise = rng.standard_normal((n, len(self.mean), 1))
        return np.asarray(self.mean + (self.factor @ noise)[:, :, 0])  # row by row: no rounding depends on n

    def whiten(self, points: FloatArray) -> FloatArray:
        """Return L⁻¹(c − μ) for each point c, shape ``(n, d)``."""
        return np.asarray(np.linalg.solve(self.factor, (points - self.mean).T).T)

    def log_density(self, points: FloatArray) -> FloatArray:
        """Return the logarithm of the density at each point, shape ``(n,)``."""
        d = len(self.mean)
        logs = -0.5 * (self.whiten(points) ** 2).sum(axis=1) - 0.5 * d * np.log(2.0 * np.pi)
        return np.asarray(logs - np.log(np.diagonal(self.factor)).sum())

    def kl(self, other: Gaussian) -> float:
        """Return the Kullback–Leibler divergence KL(self‖other), at least 0."""
        ratio = np.linalg.solve(other.factor, self.factor)
        away = np.linalg.solve(other.factor, other.mean - self.mean)
        logs = np.log(np.diagonal(other.factor)).sum() - np.log(np.diagonal(self.factor)).sum()
        return max(0.0, float(0.5 * ((ratio**2).sum() + away @ away - len(away)) + logs))

    def stepped(self, shift: FloatArray, growth: FloatArray, low: FloatArray, high: float) -> Gaussian:
        """Return the Gaussian with mean μ + L·shift and covariance L exp(growth) Lᵀ, within limits.

        The exponential keeps the covariance positive definite whatever the step. The divergence from here is
        ½|shift|² + ¼‖growth‖² to second order: its metric in these coordinates is the Fisher information.

        Args:
            shift: Shape ``(d,)``.
            growth: Symmetric, shape ``(d, d)``.
            low: Least standard deviation of each coordinate, shape ``(d,)``. Along directions that are not axes
                the limit is that of the coordinates divided by these.
            high: Largest such deviation, as a multiple of ``low``.
        """
        values, vectors = np.linalg.eigh(growth)
        root = self.factor @ (vectors * np.exp(0.5 * np.clip(values, -_LARGEST_EXPONENT, _LARGEST_EXPONENT)))
        root = root / low[:, None]
        values, vectors = np.linalg.eigh(root @ root.T)
        root = low[:, None] * vectors * np.sqrt(np.clip(values, 1.0, high**2))
        # L of root rootᵀ without forming the product: root = (QR)ᵀ, so L = Rᵀ with a positive diagonal.
        upper: FloatArray = np.asarray(np.linalg.qr(root.T, mode="r"))
        factor = upper.T * np.where(np.diagonal(upper) < 0.0, -1.0, 1.0)
        mean = np.clip(self.mean + self.factor @ shift, 0.0, 1.0)
        return Gaussian(mean, np.tril(factor))
