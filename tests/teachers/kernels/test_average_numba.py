"""The kernel average of CURROT and the choice among its candidates, beside plain NumPy."""

import numpy as np
import pytest
from tutelage.teachers.kernels.average_numba import average, choose

STRAIGHT = 10


def numpy_average(points, tasks, values, scale):
    """Estimates at points, one at a time; −∞ where no datum is within three lengthscales."""
    result = np.full(len(points), -np.inf)
    for i, point in enumerate(points):
        distance = np.sqrt(((tasks - point) ** 2).sum(axis=1)) / scale
        weights = np.where(distance <= 3.0, np.exp(-0.5 * distance**2), 0.0)
        if weights.sum() > 0.0:
            result[i] = (weights * values).sum() / weights.sum()
    return result


def numpy_choice(case):
    """Evaluates every candidate of every particle, the random ones first."""
    particles, goals = case["particles"], case["particles"] + case["ways"]
    result = particles.copy()
    for i, (particle, way) in enumerate(zip(particles, case["ways"], strict=True)):
        distance = np.linalg.norm(way)
        offsets = case["directions"][case["picks"][i]] * case["lengths"][i][:, None]
        if case["facing"][i]:
            offsets[offsets @ way < 0.0] *= -1.0
        line = np.linspace(1.0, 0.0, STRAIGHT)[:, None] * min(case["reach"][i] / max(distance, 1e-12), 1.0) * way
        candidates = np.clip(particle + np.concatenate([offsets, line]), 0.0, 1.0)
        estimates = numpy_average(candidates, case["tasks"], case["values"], case["scale"])
        remaining = np.linalg.norm(candidates - goals[i], axis=1)
        if (estimates >= 0.0).any():
            result[i] = candidates[np.argmin(np.where(estimates >= 0.0, remaining, np.inf))]
        elif np.isfinite(estimates).any():
            result[i] = candidates[np.argmax(estimates)]
    return result


def make_case(d, seed=0, n=40, m=120, spread=0.25, values=None):
    """A cloud in the middle of the cube, data around it, and destinations anywhere."""
    rng = np.random.default_rng(seed)
    step = 0.08 * np.sqrt(d)
    particles = np.clip(0.5 + spread * rng.standard_normal((n, d)), 0.0, 1.0)
    tasks = np.clip(particles[rng.integers(n, size=m)] + 0.14 / np.sqrt(d) * rng.standard_normal((m, d)), 0.0, 1.0)
    ways = rng.random((n, d)) - particles
    facing = rng.random(n) < 0.6
    reach = np.where(facing, np.minimum(step, np.linalg.norm(ways, axis=1)), step)
    directions = rng.standard_normal((50, d))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return {
        "particles": particles,
        "ways": ways,
        "reach": reach,
        "facing": facing,
        "directions": directions,
        "picks": rng.integers(50, size=(n, 30)),
        "lengths": reach[:, None] * rng.random((n, 30)),
        "tasks": tasks,
        # Powers of two, of which the average of a single datum is exact, so that ties are ties in both.
        "values": rng.choice([-1.0, -0.5, -0.25, 0.25, 0.5], m) if values is None else np.full(m, values),
        "scale": 0.3 * step,
    }


def compiled_choice(case):
    chosen = np.empty_like(case["particles"])
    before = [case[name] for name in ("particles", "ways", "reach", "facing")]
    columns = np.ascontiguousarray(case["tasks"].T) / case["scale"]
    candidates = [case[name] for name in ("directions", "picks", "lengths")]
    choose(*before, STRAIGHT, *candidates, columns, case["values"], case["scale"], chosen)
    return chosen


def compiled_average(points, tasks, values, scale):
    result = np.empty(len(points))
    average(points / scale, np.ascontiguousarray(tasks.T) / scale, values, result)
    return result


@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 7, 20])
def test_the_average_equals_the_numpy_twin(dimension):
    case = make_case(dimension)
    points = np.concatenate([case["particles"], np.random.default_rng(1).random((20, dimension))])
    arguments = (points, case["tasks"], case["values"], case["scale"])
    np.testing.assert_allclose(compiled_average(*arguments), numpy_average(*arguments), rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 7, 20])
def test_the_choice_equals_that_of_the_numpy_twin(dimension, seed):
    case = make_case(dimension, seed)
    chosen = compiled_choice(case)
    np.testing.assert_allclose(chosen, numpy_choice(case), rtol=0, atol=1e-12)
    assert (chosen != case["particles"]).any(axis=1).mean() > 0.5


@pytest.mark.parametrize("dimension", [1, 2, 20])
def test_where_everything_fails_the_first_random_candidate_with_data_is_taken(dimension):
    case = make_case(dimension, values=-1.0)
    np.testing.assert_allclose(compiled_choice(case), numpy_choice(case), rtol=0, atol=1e-12)


def test_an_average_of_equal_values_is_exactly_that_value():
    case = make_case(2, values=-1.0)
    found = compiled_average(case["particles"], case["tasks"], case["values"], case["scale"])
    assert set(found) <= {-1.0, -np.inf}


def test_where_everything_goes_well_particles_go_as_far_as_the_data_reach():
    case = make_case(2, m=2000, spread=0.05, values=1.0)
    case["ways"] *= 1e-3
    np.testing.assert_allclose(compiled_choice(case), case["particles"] + case["ways"], rtol=0, atol=1e-12)


def test_particles_without_data_stay():
    case = make_case(2)
    case["tasks"] = case["tasks"] + 50.0
    assert (compiled_choice(case) == case["particles"]).all()


def test_a_datum_beyond_three_lengthscales_does_not_count():
    points = np.array([[0.2999], [0.3001]])
    assert compiled_average(points, np.zeros((1, 1)), np.ones(1), 0.1).tolist() == [1.0, -np.inf]


def test_choices_stay_in_the_cube_and_within_reach():
    case = make_case(2, spread=0.6)
    chosen = compiled_choice(case)
    assert ((chosen >= 0.0) & (chosen <= 1.0)).all()
    assert (np.linalg.norm(chosen - case["particles"], axis=1) <= case["reach"] + 1e-12).all()
