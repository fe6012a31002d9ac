"""A small conditional Real NVP on the unit cube: samples and their exact density, for a wanted feasibility f.

Dinh, Sohl-Dickstein, Bengio (2017), "Density estimation using Real NVP", section 3. Logistic noise passes through
affine coupling layers, whose scales and shifts see one half of the coordinates and f, and then through a sigmoid.
Logistic noise is what the inverse of the sigmoid makes of uniform noise: with all scales 1 and shifts 0, as at the
start, the samples are exactly uniform.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .flat_networks import initial_weights, layer_shapes, n_weights, perceptron, unpack

if TYPE_CHECKING:
    from torch import Tensor

_LOG_SCALE = 1.5
"""Largest logarithm of the scale of one layer."""

_SMALLEST = 1e-4
"""Points are kept this far from the faces of the cube before they are mapped back."""


class CouplingFlow:
    """The shape of the flow; its weights are a flat array that the caller owns.

    Args:
        n_dims: Dimensions of the cube, d.
        hidden: Width of the two hidden layers of each coupling.
        n_layers: Coupling layers; the coordinates they see are in turn the left half, the right half, the even and
            the odd ones (in one dimension, none).

    Example:
        >>> import numpy as np, torch
        >>> flow = CouplingFlow(2, hidden=8, n_layers=4)
        >>> weights = torch.from_numpy(flow.initial(np.random.default_rng(0)))
        >>> noise, f = torch.tensor([[0.0, 1.0]]), torch.tensor([0.5])
        >>> points, log_density = flow.forward(weights, noise, f)
        >>> [round(float(x), 4) for x in points[0]], round(float(log_density[0]), 4)
        ([0.5, 0.7311], 0.0)
    """

    def __init__(self, n_dims: int, *, hidden: int, n_layers: int) -> None:
        self.n_dims = n_dims
        self.masks = _masks(n_dims, n_layers)
        self.shapes: list[list[tuple[int, ...]]] = [
            layer_shapes([_size(seen, n_dims) + 2, hidden, hidden, 2 * _size(moved, n_dims)])
            for seen, moved in self.masks
        ]
        self.sizes = [n_weights(shapes) for shapes in self.shapes]

    def initial(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Return weights with which every sample is uniform, whatever f."""
        return np.concatenate([initial_weights(shapes, rng, last_gain=0.0) for shapes in self.shapes])

    def forward(self, weights: Tensor, noise: Tensor, f: Tensor) -> tuple[Tensor, Tensor]:
        """Return points of the cube, ``(n, d)``, and the logarithms of their density, ``(n,)``.

        Args:
            weights: Flat.
            noise: Standard logistic, shape ``(n, d)``.
            f: Wanted feasibility, in (0, 1), shape ``(n,)``.
        """
        import torch

        x, logs = noise, _log_logistic(noise)
        condition = _condition(f)
        for i, part in enumerate(torch.split(weights, self.sizes)):
            x, log_scale = self._couple(x, condition, part, i, inverse=False)
            logs = logs - log_scale
        return torch.sigmoid(x), logs - _log_logistic(x)

    def log_density(self, weights: Tensor, points: Tensor, f: Tensor) -> Tensor:
        """Return the logarithm of the density at points of the cube, shape ``(n,)``; uniform is 0."""
        import torch

        x = points.clamp(_SMALLEST, 1.0 - _SMALLEST).logit()
        logs = -_log_logistic(x)
        condition = _condition(f)
        for i, part in reversed(list(enumerate(torch.split(weights, self.sizes)))):
            x, log_scale = self._couple(x, condition, part, i, inverse=True)
            logs = logs - log_scale
        return logs + _log_logistic(x)

    def _couple(self, x: Tensor, condition: Tensor, weights: Tensor, i: int, *, inverse: bool) -> tuple[Tensor, Tensor]:
        """Dinh et al. 2017, eqs. 7 and 8: y₂ = x₂ · exp(s(x₁, f)) + t(x₁, f), or back; and Σ s."""
        import torch

        seen, moved = self.masks[i]
        part = x[:, moved]
        # The tails of the logistic are squashed for the network only.
        inputs = torch.cat([torch.tanh(x[:, seen] / 4.0) * 2.0, condition], dim=1)
        out = perceptron(inputs, unpack(weights, self.shapes[i]), torch.tanh)
        raw_scale, shift = out.chunk(2, dim=1)
        log_scale = _LOG_SCALE * torch.tanh(raw_scale)
        part = (part - shift) * torch.exp(-log_scale) if inverse else part * torch.exp(log_scale) + shift
        x = x.clone()
        x[:, moved] = part
        return x, log_scale.sum(dim=1)


def _masks(n_dims: int, n_layers: int) -> list[tuple[slice, slice]]:
    """The coordinates that each layer sees and moves."""
    if n_dims == 1:
        return [(slice(0, 0), slice(None))] * n_layers
    left, right = slice(0, n_dims // 2), slice(n_dims // 2, None)
    even, odd = slice(0, None, 2), slice(1, None, 2)
    cycle = [(left, right), (right, left), (even, odd), (odd, even)]
    return [cycle[i % 4] for i in range(n_layers)]


def _size(part: slice, n_dims: int) -> int:
    return len(range(n_dims)[part])


def _condition(f: Tensor) -> Tensor:
    import torch

    return torch.stack([2.0 * f - 1.0, f.logit() / 4.0], dim=1)


def _log_logistic(x: Tensor) -> Tensor:
    """Σ log density of the standard logistic, which is the logarithm of the sigmoid's slope, shape ``(n,)``."""
    import torch

    return (torch.nn.functional.logsigmoid(x) + torch.nn.functional.logsigmoid(-x)).sum(dim=1)
