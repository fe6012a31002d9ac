"""The conditional Real NVP: its density is that of its samples."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tutelage.teachers.kernels.coupling_flow import CouplingFlow  # noqa: E402


def wild(flow, seed=0):
    """Weights that are far from the identity."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy((0.4 * rng.standard_normal(sum(flow.sizes))).astype(np.float32))


def logistic(n, d, seed=0):
    u = np.random.default_rng(seed).random((n, d)).astype(np.float32)
    return torch.from_numpy(np.log(u) - np.log1p(-u))


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_initial_weights_give_the_uniform_distribution(d):
    flow = CouplingFlow(d, hidden=8, n_layers=4)
    noise = logistic(50, d)
    points, logs = flow.forward(torch.from_numpy(flow.initial(np.random.default_rng(0))), noise, torch.full((50,), 0.3))
    np.testing.assert_allclose(points, torch.sigmoid(noise), atol=1e-6)
    np.testing.assert_allclose(logs, 0.0, atol=1e-4)


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_the_way_back_gives_the_density_of_the_way_there(d):
    flow = CouplingFlow(d, hidden=8, n_layers=4)
    f = torch.from_numpy(np.random.default_rng(1).random(200).astype(np.float32)).clamp(0.01, 0.99)
    weights = 0.5 * wild(flow)
    points, logs = flow.forward(weights, logistic(200, d), f)
    inside = ((points > 2e-3) & (points < 1.0 - 2e-3)).all(dim=1)
    assert inside.sum() > 50
    np.testing.assert_allclose(flow.log_density(weights, points, f)[inside], logs[inside], atol=0.02)


@pytest.mark.parametrize("f", [0.1, 0.9])
def test_the_density_integrates_to_one(f):
    flow = CouplingFlow(2, hidden=8, n_layers=4)
    centres = (np.arange(200) + 0.5) / 200
    grid = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2).astype(np.float32)
    logs = flow.log_density(0.5 * wild(flow), torch.from_numpy(grid), torch.full((len(grid),), f))
    assert float(logs.exp().mean()) == pytest.approx(1.0, abs=0.03)


def test_another_feasibility_gives_other_points():
    flow = CouplingFlow(2, hidden=8, n_layers=4)
    noise = logistic(1, 2)
    low, high = (flow.forward(wild(flow), noise, torch.tensor([f]))[0] for f in (0.1, 0.9))
    assert not torch.allclose(low, high, atol=1e-3)
