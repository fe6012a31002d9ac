"""Small multilayer perceptrons whose weights are one flat float32 array, for teachers that are networks.

A teacher keeps its weights and the moments of its optimiser as NumPy arrays, which are its state; torch is used
for the time of a forward or a training pass only. All random numbers are drawn by the caller, so that no generator
but the teacher's own is ever involved. RMSProp and Adam are written out, for on a single flat vector they are one
line each.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Float32Array = NDArray[np.float32]


def layer_shapes(sizes: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the shapes of weights and biases, in turn, of a perceptron with these layer sizes.

    Example:
        >>> layer_shapes([2, 8, 1])
        [(8, 2), (8,), (1, 8), (1,)]
    """
    return [shape for inner, outer in itertools.pairwise(sizes) for shape in ((outer, inner), (outer,))]


def initial_weights(
    shapes: Sequence[tuple[int, ...]], rng: np.random.Generator, *, gain: float = 1.0, last_gain: float | None = None
) -> Float32Array:
    """Return flat weights: normal with variance gain² · 2/(in + out) (Glorot & Bengio 2010, eq. 16), biases 0.

    Args:
        shapes: Of `layer_shapes`.
        rng: The caller's generator.
        gain: Factor on the weights.
        last_gain: Another one for the last layer; 0 makes the output 0.
    """
    parts: list[NDArray[np.float64]] = []
    for i, shape in enumerate(shapes):
        if len(shape) == 1:
            parts.append(np.zeros(shape))
            continue
        factor = last_gain if last_gain is not None and i == len(shapes) - 2 else gain
        parts.append(factor * np.sqrt(2.0 / sum(shape)) * rng.standard_normal(shape))
    return np.concatenate([part.ravel() for part in parts]).astype(np.float32)


def n_weights(shapes: Sequence[tuple[int, ...]]) -> int:
    """Return the number of weights of these shapes."""
    return sum(math.prod(shape) for shape in shapes)


def unpack(weights: Tensor, shapes: Sequence[tuple[int, ...]]) -> list[Tensor]:
    """Return views of a flat tensor in these shapes."""
    import torch

    parts = torch.split(weights, [math.prod(shape) for shape in shapes])
    return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]


def perceptron(x: Tensor, layers: Sequence[Tensor], activation: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the linear output of a perceptron for inputs of shape ``(n, in)``; layers as `unpack` returns them."""
    for i in range(0, len(layers), 2):
        x = x @ layers[i].t() + layers[i + 1]
        if i < len(layers) - 2:
            x = activation(x)
    return x


def rmsprop_(weights: Tensor, gradient: Tensor, square: Tensor, rate: float, decay: float = 0.9) -> None:
    """One step of RMSProp (Tieleman & Hinton 2012), in place; ``square`` is its running mean square."""
    square.mul_(decay).addcmul_(gradient, gradient, value=1.0 - decay)
    weights.addcdiv_(gradient, square.sqrt().add_(1e-8), value=-rate)


def adam_(weights: Tensor, gradient: Tensor, mean: Tensor, square: Tensor, step: int, rate: float) -> None:
    """One step of Adam (Kingma & Ba 2015, algorithm 1), in place; ``step`` counts from 1."""
    mean.mul_(0.9).add_(gradient, alpha=0.1)
    square.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
    scale = (square / (1.0 - 0.999**step)).sqrt_().add_(1e-8)
    weights.addcdiv_(mean, scale, value=-rate / (1.0 - 0.9**step))


def clip_norm_(gradient: Tensor, largest: float) -> None:
    """Scale a gradient to at most this norm, in place; one that is not finite becomes 0."""
    norm = gradient.norm()
    if not bool(norm.isfinite()):
        gradient.zero_()
    elif float(norm) > largest:
        gradient.mul_(largest / float(norm))
