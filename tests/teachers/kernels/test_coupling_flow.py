"""The conditional Real NVP: its density is that of its samples, its gradients are those of torch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tutelage.teachers.kernels.coupling_flow import CouplingFlow  # noqa: E402

from . import torch_flow  # noqa: E402

DIMENSIONS = pytest.mark.parametrize("d", [1, 2, 3, 5])


def wild(flow, scale=0.4, seed=0):
    """Flat weights that are far from the identity."""
    rng = np.random.default_rng(seed)
    return (scale * rng.standard_normal(sum(flow.sizes))).astype(np.float32)


def logistic(n, d, seed=0):
    u = np.random.default_rng(seed).random((n, d)).astype(np.float32)
    return np.log(u) - np.log1p(-u)


def feasibilities(n, seed=1):
    return np.clip(np.random.default_rng(seed).random(n), 0.01, 0.99).astype(np.float32)


@DIMENSIONS
def test_initial_weights_give_the_uniform_distribution(d):
    flow, noise = CouplingFlow(d, hidden=8, n_layers=4), logistic(50, d)
    layers = flow.layers(flow.initial(np.random.default_rng(0)))
    points, logs, _ = flow.forward(layers, noise, np.full(50, 0.3, np.float32))
    np.testing.assert_allclose(points, 1.0 / (1.0 + np.exp(-noise)), atol=1e-6)
    np.testing.assert_allclose(logs, 0.0, atol=1e-4)


@DIMENSIONS
def test_the_way_back_gives_the_density_of_the_way_there(d):
    flow, f = CouplingFlow(d, hidden=8, n_layers=4), feasibilities(200)
    layers = flow.layers(wild(flow, 0.2))
    points, logs, _ = flow.forward(layers, logistic(200, d), f)
    inside = ((points > 2e-3) & (points < 1.0 - 2e-3)).all(axis=1)
    assert inside.sum() > 50
    np.testing.assert_allclose(flow.log_density(layers, points, f)[0][inside], logs[inside], atol=0.02)


@pytest.mark.parametrize("f", [0.1, 0.9])
def test_the_density_integrates_to_one(f):
    flow = CouplingFlow(2, hidden=8, n_layers=4)
    centres = (np.arange(200) + 0.5) / 200
    grid = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2).astype(np.float32)
    logs, _ = flow.log_density(flow.layers(wild(flow, 0.2)), grid, np.full(len(grid), f, np.float32))
    assert np.exp(logs).mean() == pytest.approx(1.0, abs=0.03)


def test_another_feasibility_gives_other_points():
    flow = CouplingFlow(2, hidden=8, n_layers=4)
    layers, noise = flow.layers(wild(flow)), logistic(1, 2)
    low, high = (flow.forward(layers, noise, np.float32([f]))[0] for f in (0.1, 0.9))
    assert not np.allclose(low, high, atol=1e-3)


def test_far_out_noise_stays_in_the_cube_without_overflow():
    flow = CouplingFlow(2, hidden=8, n_layers=4)
    points, logs, _ = flow.forward(flow.layers(wild(flow)), np.float32([[300.0, -300.0]]), np.float32([0.5]))
    assert ((points >= 0.0) & (points <= 1.0)).all()
    assert np.isfinite(logs).all()


@DIMENSIONS
def test_points_and_their_gradient_are_those_of_torch(d):
    flow, noise, f = CouplingFlow(d, hidden=8, n_layers=5), logistic(40, d), feasibilities(40)
    weights = wild(flow)
    aim = np.random.default_rng(2).standard_normal((40, d)).astype(np.float32)

    layers, gradient = flow.layers(weights), np.zeros_like(weights)
    points, logs, made = flow.forward(layers, noise, f)
    flow.add_forward_gradient(layers, made, points, aim, 0.3, flow.layers(gradient))

    leaf = torch.tensor(weights, requires_grad=True)
    expected, expected_logs = torch_flow.forward(flow, leaf, torch.tensor(noise), torch.tensor(f))
    ((expected * torch.tensor(aim)).sum() + 0.3 * expected_logs.sum()).backward()
    np.testing.assert_allclose(points, expected.detach(), atol=1e-5)
    np.testing.assert_allclose(logs, expected_logs.detach(), atol=1e-4)
    np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-3, atol=1e-3)


@DIMENSIONS
def test_densities_and_their_gradient_are_those_of_torch(d):
    flow, f = CouplingFlow(d, hidden=8, n_layers=5), feasibilities(40)
    points = np.random.default_rng(3).uniform(0.02, 0.98, (40, d)).astype(np.float32)
    weights = wild(flow)

    layers, gradient = flow.layers(weights), np.zeros_like(weights)
    logs, made = flow.log_density(layers, points, f)
    flow.add_density_gradient(layers, made, 0.3, flow.layers(gradient))

    leaf = torch.tensor(weights, requires_grad=True)
    expected = torch_flow.log_density(flow, leaf, torch.tensor(points), torch.tensor(f))
    (0.3 * expected.sum()).backward()
    np.testing.assert_allclose(logs, expected.detach(), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(gradient, leaf.grad, rtol=2e-3, atol=2e-3 * float(leaf.grad.abs().max()))
