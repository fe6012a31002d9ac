"""A small conditional Real NVP on the unit cube: samples and their exact density, for a wanted feasibility f.

Dinh, Sohl-Dickstein, Bengio (2017), "Density estimation using Real NVP", section 3. Logistic noise passes through
affine coupling layers, whose scales and shifts see one half of the coordinates and f, and then through a sigmoid.
Logistic noise is what the inverse of the sigmoid makes of uniform noise: with all scales 1 and shifts 0, as at the
start, the samples are exactly uniform.

Gradients are written out, in NumPy: at the batches a teacher trains with, torch would spend most of the time on calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .flat_networks import Float32Array, activations, add_gradient, initial_weights, layer_shapes, n_weights, views

_LOG_SCALE = 1.5
"""Largest logarithm of the scale of one layer."""

_SMALLEST = 1e-4
"""Points are kept this far from the faces of the cube before they are mapped back."""

Layers = Sequence[Sequence[Float32Array]]


class _Step(NamedTuple):
    """What a coupling computed on the way, for its gradient."""

    kept: list[Float32Array]  # of its network
    squashed: Float32Array  # the logarithm of the scale, divided by its largest value
    factor: Float32Array  # what the moved coordinates were multiplied with
    before: Float32Array  # the moved coordinates
    after: Float32Array


class Pass:
    """What a pass through the flow computed on the way, for its gradient.

    Attributes:
        steps: The couplings, in the order in which they were passed.
        first: The coordinates before the first of them, shape ``(n, d)``.
        last: Those after the last one.
    """

    __slots__ = ("first", "last", "steps")

    def __init__(self, first: Float32Array) -> None:
        self.steps: list[_Step] = []
        self.first = self.last = first


class CouplingFlow:
    """The shape of the flow; its weights are a flat array that the caller owns.

    Args:
        n_dims: Dimensions of the cube, d.
        hidden: Width of the two hidden layers of each coupling.
        n_layers: Coupling layers; the coordinates they see are in turn the left half, the right half, the even and
            the odd ones (in one dimension, none).

    Example:
        >>> import numpy as np
        >>> flow = CouplingFlow(2, hidden=8, n_layers=4)
        >>> layers = flow.layers(flow.initial(np.random.default_rng(0)))
        >>> points, log_density, _ = flow.forward(layers, np.float32([[0.0, 1.0]]), np.float32([0.5]))
        >>> [round(float(x), 4) for x in points[0]], abs(round(float(log_density[0]), 4))
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

    def initial(self, rng: np.random.Generator) -> Float32Array:
        """Return weights with which every sample is uniform, whatever f."""
        return np.concatenate([initial_weights(shapes, rng, last_gain=0.0) for shapes in self.shapes])

    def layers(self, weights: Float32Array) -> list[list[Float32Array]]:
        """Return views of flat weights, or of a flat gradient, as the other methods take them."""
        parts = np.split(weights, np.cumsum(self.sizes)[:-1])
        return [views(part, shapes) for part, shapes in zip(parts, self.shapes, strict=True)]

    def forward(self, layers: Layers, noise: Float32Array, f: Float32Array) -> tuple[Float32Array, Float32Array, Pass]:
        """Return points of the cube, ``(n, d)``, the logarithms of their density, ``(n,)``, and what to go back by.

        Args:
            layers: Of `layers`.
            noise: Standard logistic, shape ``(n, d)``.
            f: Wanted feasibility, in (0, 1), shape ``(n,)``.
        """
        made, logs = self._pass(layers, noise, f, _log_logistic(noise), inverse=False)
        logs -= _log_logistic(made.last)
        return 0.5 + 0.5 * np.tanh(0.5 * made.last), logs, made

    def log_density(self, layers: Layers, points: Float32Array, f: Float32Array) -> tuple[Float32Array, Pass]:
        """Return the log density at points of the cube, ``(n,)``, uniform being 0, and what to go back by."""
        inside = np.minimum(np.maximum(points, _SMALLEST), 1.0 - _SMALLEST)
        x = np.log(inside) - np.log(1.0 - inside)
        made, logs = self._pass(layers, x, f, -_log_logistic(x), inverse=True)
        logs += _log_logistic(made.last)
        return logs, made

    def add_forward_gradient(
        self, layers: Layers, made: Pass, points: Float32Array, slope: Float32Array, log_slope: float, into: Layers
    ) -> None:
        """Add the gradient of a loss of what `forward` returned.

        Args:
            layers: As given to `forward`.
            made: What to go back by.
            points: Those it returned.
            slope: Of the loss by the points, shape ``(n, d)``.
            log_slope: Of the loss by each log density.
            into: `layers` of the flat gradient.
        """
        x_slope = slope * points * (1.0 - points) + log_slope * np.tanh(0.5 * made.last)
        for i in reversed(range(len(self.masks))):
            self._add_gradient(i, layers[i], made.steps[i], x_slope, log_slope, into[i], inverse=False)

    def add_density_gradient(self, layers: Layers, made: Pass, log_slope: float, into: Layers) -> None:
        """Add the gradient of a loss of what `log_density` returned; see `add_forward_gradient`."""
        x_slope = -log_slope * np.tanh(0.5 * made.last)
        for i, step in enumerate(reversed(made.steps)):
            self._add_gradient(i, layers[i], step, x_slope, log_slope, into[i], inverse=True)

    def _pass(
        self, layers: Layers, x: Float32Array, f: Float32Array, logs: Float32Array, *, inverse: bool
    ) -> tuple[Pass, Float32Array]:
        """Dinh et al. 2017, eqs. 7 and 8: y₂ = x₂ · exp(s(x₁, f)) + t(x₁, f), or back; in both, logs − Σ s."""
        made, width = Pass(x), 0
        condition = np.stack([2.0 * f - 1.0, 0.25 * (np.log(f) - np.log(1.0 - f))], axis=1)
        for i in reversed(range(len(layers))) if inverse else range(len(layers)):
            seen, moved = self.masks[i]
            width = _size(seen, self.n_dims)
            inputs = np.empty((len(x), width + 2), np.float32)
            # The tails of the logistic are squashed for the network only.
            inputs[:, :width] = 2.0 * np.tanh(0.25 * x[:, seen])
            inputs[:, width:] = condition
            kept = activations(inputs, layers[i], "tanh")
            out, half = kept[-1], kept[-1].shape[1] // 2
            squashed, shift = np.tanh(out[:, :half]), out[:, half:]
            log_scale = _LOG_SCALE * squashed
            before = x[:, moved]
            factor = np.exp(-log_scale) if inverse else np.exp(log_scale)
            after = (before - shift) * factor if inverse else before * factor + shift
            x = x.copy()
            x[:, moved] = after
            logs -= log_scale.sum(axis=1)
            made.steps.append(_Step(kept, squashed, factor, before, after))
        made.last = x
        return made, logs

    def _add_gradient(
        self,
        i: int,
        layers: Sequence[Float32Array],
        step: _Step,
        slope: Float32Array,
        log_slope: float,
        into: Sequence[Float32Array],
        *,
        inverse: bool,
    ) -> None:
        """Back through one coupling: ``slope`` by its output becomes, in place, that by its input."""
        seen, moved = self.masks[i]
        width = _size(seen, self.n_dims)
        moved_slope = slope[:, moved]
        before_slope = moved_slope * step.factor
        scale_slope = -moved_slope * step.after if inverse else before_slope * step.before
        scale_slope -= log_slope
        scale_slope *= _LOG_SCALE * (1.0 - step.squashed * step.squashed)
        out_slope = np.concatenate([scale_slope, -before_slope if inverse else moved_slope], axis=1)
        input_slope = add_gradient(step.kept, layers, out_slope, "tanh", into)
        slope[:, moved] = before_slope
        squashed = step.kept[0][:, :width]
        slope[:, seen] += input_slope[:, :width] * (0.5 - 0.125 * squashed * squashed)


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


def _log_logistic(x: Float32Array) -> Float32Array:
    """Σ log density of the standard logistic, which is the logarithm of the sigmoid's slope, shape ``(n,)``."""
    size = np.abs(x)
    logs: Float32Array = -(size + 2.0 * np.log(1.0 + np.exp(-size))).sum(axis=1)
    return logs
