"""Perceptrons with flat weights: torch's own layers and optimisers are the reference."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tutelage.teachers.kernels import flat_networks as nets  # noqa: E402


def test_a_perceptron_equals_torchs_linear_layers():
    shapes = nets.layer_shapes([3, 5, 2])
    weights = torch.from_numpy(nets.initial_weights(shapes, np.random.default_rng(0)))
    w1, b1, w2, b2 = nets.unpack(weights, shapes)
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((4, 3)).astype(np.float32))
    expected = torch.nn.functional.linear(torch.relu(torch.nn.functional.linear(x, w1, b1)), w2, b2)
    torch.testing.assert_close(nets.perceptron(x, [w1, b1, w2, b2], torch.relu), expected)


def test_initial_weights_have_glorots_variance_and_no_bias():
    shapes = nets.layer_shapes([300, 200])
    weights = nets.initial_weights(shapes, np.random.default_rng(0))
    assert weights.dtype == np.float32
    assert weights[:-200].var() == pytest.approx(2.0 / 500.0, rel=0.03)
    assert (weights[-200:] == 0.0).all()
    assert (nets.initial_weights(shapes, np.random.default_rng(0), last_gain=0.0) == 0.0).all()


def gradients(n=20):
    rng = np.random.default_rng(0)
    return [torch.from_numpy(rng.standard_normal(7).astype(np.float32)) for _ in range(n)]


def test_adam_equals_the_formula():
    weights, mean, square = torch.zeros(7), torch.zeros(7), torch.zeros(7)
    w, m, v = np.zeros(7), np.zeros(7), np.zeros(7)
    for step, gradient in enumerate(gradients(), start=1):
        nets.adam_(weights, gradient, mean, square, step, 0.01)
        g = gradient.numpy().astype(float)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w -= 0.01 * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    np.testing.assert_allclose(weights, w, rtol=1e-4)


def test_rmsprop_equals_the_formula():
    weights, square = torch.zeros(7), torch.zeros(7)
    w, v = np.zeros(7), np.zeros(7)
    for gradient in gradients():
        nets.rmsprop_(weights, gradient, square, 0.01)
        g = gradient.numpy().astype(float)
        v = 0.9 * v + 0.1 * g**2
        w -= 0.01 * g / (np.sqrt(v) + 1e-8)
    np.testing.assert_allclose(weights, w, rtol=1e-4)


def test_a_gradient_is_clipped_by_its_norm_and_dropped_if_not_finite():
    long = torch.tensor([3.0, 4.0])
    nets.clip_norm_(long, 1.0)
    torch.testing.assert_close(long, torch.tensor([0.6, 0.8]))
    short = torch.tensor([0.3, 0.4])
    nets.clip_norm_(short, 1.0)
    torch.testing.assert_close(short, torch.tensor([0.3, 0.4]))
    broken = torch.tensor([1.0, float("nan")])
    nets.clip_norm_(broken, 1.0)
    assert (broken == 0.0).all()
