"""Small multilayer perceptrons whose weights are one flat float32 array, for teachers that are networks.

A teacher keeps its weights and the moments of its optimiser as NumPy arrays, which are its state. All random numbers
are drawn by the caller, so that no generator but the teacher's own is ever involved. Gradients are written out, in
NumPy: for batches of dozens of rows a step of torch takes two to ten times as long, most of it on calls. The optimisers
are written out, too, for on a single flat vector they are a few lines each.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]
Activation = Literal["tanh", "relu", "leaky_relu"]

_LEAK = np.float32(0.01)
"""Slope of the leaky ReLU below 0, that of Maas et al. 2013 and of torch."""


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


def views(weights: Float32Array, shapes: Sequence[tuple[int, ...]]) -> list[Float32Array]:
    """Return views of a flat array in these shapes."""
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
    return [part.reshape(shape) for part, shape in zip(np.split(weights, ends), shapes, strict=True)]


def activations(x: Float32Array, layers: Sequence[Float32Array], activation: Activation) -> list[Float32Array]:
    """Return what a perceptron computes: the inputs of its layers, the first of which is ``x``, and its output.

    Args:
        x: Shape ``(n, in)``.
        layers: As `views` returns them.
        activation: Of all layers but the last, which is linear.

    Example:
        >>> layers = views(np.array([1.0, -1.0, 0.0, 0.5, 2.0], np.float32), [(1, 2), (1,), (1, 1), (1,)])
        >>> [part.tolist() for part in activations(np.array([[3.0, 1.0]], np.float32), layers, "relu")]
        [[[3.0, 1.0]], [[2.0]], [[3.0]]]
    """
    kept = [x]
    for i in range(0, len(layers), 2):
        x = x.dot(layers[i].T)
        x += layers[i + 1]
        if i < len(layers) - 2:
            _activate(x, activation)
        kept.append(x)
    return kept


def _activate(x: Float32Array, activation: Activation) -> None:
    if activation == "tanh":
        np.tanh(x, out=x)
    else:
        np.maximum(x, 0.0 if activation == "relu" else _LEAK * x, out=x)


def _slope(output: Float32Array, activation: Activation) -> NDArray[np.floating] | NDArray[np.bool_]:
    """The derivative of an activation where it gave ``output``."""
    if activation == "tanh":
        return 1.0 - output * output
    positive = output > 0.0
    return positive if activation == "relu" else np.where(positive, np.float32(1.0), _LEAK)


def add_gradient(
    kept: Sequence[Float32Array],
    layers: Sequence[Float32Array],
    slope: Float32Array,
    activation: Activation,
    into: Sequence[Float32Array] | None,
) -> Float32Array:
    """Pass a gradient back through a perceptron.

    Args:
        kept: What `activations` returned.
        layers: The layers it was given.
        slope: Of the loss by the output, shape ``(n, out)``.
        activation: The one it was given.
        into: Where the slopes by the weights are added, as `views` of a flat array; None where they are not wanted.

    Returns:
        The slope by the input, shape ``(n, in)``.
    """
    ones = np.ones(len(slope), np.float32)
    for i in range(len(layers) - 2, -1, -2):
        below = kept[i // 2]
        if into is not None:
            into[i][...] += slope.T.dot(below)
            into[i + 1][...] += ones.dot(slope)
        slope = slope.dot(layers[i])
        if i:
            slope *= _slope(below, activation)
    return slope


def adam_(
    weights: Float32Array, gradient: Float32Array, mean: Float32Array, square: Float32Array, step: int, rate: float
) -> None:
    """One step of Adam (Kingma & Ba 2015, algorithm 1), in place; ``step`` counts from 1."""
    mean *= 0.9
    mean += 0.1 * gradient
    square *= 0.999
    square += 0.001 * (gradient * gradient)
    scale = np.sqrt(square * (1.0 / (1.0 - 0.999**step)))
    scale += 1e-8
    weights -= (rate / (1.0 - 0.9**step)) * (mean / scale)


def rmsprop_(
    weights: Float32Array, gradient: Float32Array, square: Float32Array, rate: float, decay: float = 0.9
) -> None:
    """One step of RMSProp (Tieleman & Hinton 2012), in place; ``square`` is its running mean square.

    It stays above 1e-30, next to which the 1e-8 of the denominator is all there is: the squares of a unit without a
    gradient would become subnormal numbers, with which a processor is ten times as slow.
    """
    square *= decay
    square += (1.0 - decay) * (gradient * gradient)
    np.maximum(square, 1e-30, out=square)
    scale = np.sqrt(square)
    scale += 1e-8
    np.divide(gradient, scale, out=scale)
    scale *= rate
    weights -= scale


def clip_norm_(gradient: Float32Array, largest: float) -> None:
    """Scale a gradient to at most this norm, in place; one that is not finite becomes 0."""
    norm = math.sqrt(square) if math.isfinite(square := float(gradient.dot(gradient))) else math.inf
    if norm == math.inf:
        gradient[...] = 0.0
    elif norm > largest:
        gradient *= largest / norm
