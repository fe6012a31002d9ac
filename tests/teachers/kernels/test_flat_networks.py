"""Perceptrons with flat weights: torch's own layers and optimisers are the reference."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tutelage.teachers.kernels import flat_networks as nets  # noqa: E402

from . import torch_flow  # noqa: E402


def test_initial_weights_have_glorots_variance_and_no_bias():
    shapes = nets.layer_shapes([300, 200])
    weights = nets.initial_weights(shapes, np.random.default_rng(0))
    assert weights.dtype == np.float32
    assert weights[:-200].var() == pytest.approx(2.0 / 500.0, rel=0.03)
    assert (weights[-200:] == 0.0).all()
    assert (nets.initial_weights(shapes, np.random.default_rng(0), last_gain=0.0) == 0.0).all()


@pytest.mark.parametrize(
    ("activation", "function"),
    [("tanh", torch.tanh), ("relu", torch.relu), ("leaky_relu", torch.nn.functional.leaky_relu)],
)
def test_gradients_written_out_are_those_of_torch(activation, function):
    shapes, rng = nets.layer_shapes([3, 6, 5, 2]), np.random.default_rng(0)
    weights = rng.standard_normal(nets.n_weights(shapes)).astype(np.float32)
    x, aim = (rng.standard_normal((9, width)).astype(np.float32) for width in (3, 2))

    layers, gradient = nets.views(weights, shapes), np.zeros_like(weights)
    kept = nets.activations(x, layers, activation)
    slope = nets.add_gradient(kept, layers, aim, activation, nets.views(gradient, shapes))

    leaf, inputs = torch.tensor(weights, requires_grad=True), torch.tensor(x, requires_grad=True)
    expected = torch_flow.perceptron(inputs, leaf, shapes, function)
    (expected * torch.tensor(aim)).sum().backward()
    np.testing.assert_allclose(kept[-1], expected.detach(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(slope, inputs.grad, rtol=1e-4, atol=1e-4)


def test_gradients_are_added_to_what_is_there():
    shapes = nets.layer_shapes([1, 1])
    layers, gradient = nets.views(np.array([2.0, 0.0], np.float32), shapes), np.array([10.0, 20.0], np.float32)
    one = np.ones((1, 1), np.float32)
    nets.add_gradient(nets.activations(3.0 * one, layers, "tanh"), layers, one, "tanh", nets.views(gradient, shapes))
    assert gradient.tolist() == [13.0, 21.0]


def gradients(n=20):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(7).astype(np.float32) for _ in range(n)]


def test_adam_equals_the_formula():
    weights, mean, square = np.zeros((3, 7), np.float32)
    w, m, v = np.zeros(7), np.zeros(7), np.zeros(7)
    for step, gradient in enumerate(gradients(), start=1):
        nets.adam_(weights, gradient, mean, square, step, 0.01)
        g = gradient.astype(float)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w -= 0.01 * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    np.testing.assert_allclose(weights, w, rtol=1e-4)
    assert weights.dtype == mean.dtype == square.dtype == np.float32


def test_rmsprop_equals_the_formula():
    weights, square = np.zeros((2, 7), np.float32)
    w, v = np.zeros(7), np.zeros(7)
    for gradient in gradients():
        nets.rmsprop_(weights, gradient, square, 0.01)
        g = gradient.astype(float)
        v = 0.9 * v + 0.1 * g**2
        w -= 0.01 * g / (np.sqrt(v) + 1e-8)
    np.testing.assert_allclose(weights, w, rtol=1e-4)


def test_rmsprop_leaves_the_weights_of_a_unit_without_a_gradient_and_keeps_its_square_out_of_the_subnormal_numbers():
    weights, square = np.ones(3, np.float32), np.full(3, 1e-29, np.float32)
    for _ in range(1_000):
        nets.rmsprop_(weights, np.zeros(3, np.float32), square, 0.01)
    assert (weights == 1.0).all()
    assert (square >= 1e-30).all()


@pytest.mark.parametrize(
    ("gradient", "expected"),
    [([3.0, 4.0], [0.6, 0.8]), ([0.3, 0.4], [0.3, 0.4]), ([1.0, np.nan], [0.0, 0.0]), ([np.inf, 1.0], [0.0, 0.0])],
    ids=["long", "short", "nan", "infinite"],
)
def test_a_gradient_is_clipped_by_its_norm_and_dropped_if_not_finite(gradient, expected):
    gradient = np.array(gradient, np.float32)
    nets.clip_norm_(gradient, 1.0)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6)
