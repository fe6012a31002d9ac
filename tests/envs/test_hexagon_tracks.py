"""Hexagon Tracks: the geometry of the hexagons."""

import numpy as np
import pytest
from tutelage.envs.hexagon_tracks import DEFAULT_HEXAGON, OFFSET_STD, HexagonTracks
from tutelage.envs.terrain import GROUND_HEIGHT, START_PAD, STEP, convex_hull


def _hexagons(task, seed=0):
    env = HexagonTracks()
    env.reset(seed=seed, options={"task": task})
    return env.terrain.obstacles


def _in_steps(hexagons):
    """Corners relative to the positions of the hexagons, in terrain steps."""
    positions = np.stack([START_PAD + 9.0 * np.arange(len(hexagons)), np.full(len(hexagons), GROUND_HEIGHT)], axis=1)
    return (hexagons - positions[:, None]) / STEP


def _shape(*offsets):
    return np.array(offsets, dtype=float).ravel()


def test_the_space_has_twelve_dimensions_from_zero_to_four():
    space = HexagonTracks().task_space
    assert space.n_dims == 12
    assert space.low.tolist() == [0.0] * 12
    assert space.high.tolist() == [4.0] * 12


def test_the_names_tell_corner_and_axis():
    assert HexagonTracks().task_space.names[:3] == ("corner_0_x", "corner_0_y", "corner_1_x")


def test_a_hexagon_stands_every_nine_units():
    hexagons = _hexagons(np.zeros(12))
    centres = hexagons[:, :, 0].min(axis=1)
    assert len(hexagons) == 10
    np.testing.assert_allclose(np.diff(centres), 9.0, atol=0.4)


def test_without_offsets_the_corners_are_the_default_ones_but_for_the_noise():
    corners = np.concatenate([_in_steps(_hexagons(np.zeros(12), seed)) for seed in range(30)])
    bottom_left = corners[:, :, 0].min(axis=1)
    assert bottom_left.mean() == pytest.approx(-0.55, abs=0.05)
    assert corners[:, :, 1].max(axis=1).mean() == pytest.approx(0.55, abs=0.05)


def test_the_offset_of_an_upper_corner_moves_it_up_and_right():
    task = _shape((0, 0), (0, 0), (0, 3), (1, 3), (0, 0), (0, 0))
    corners = _in_steps(_hexagons(task))
    expected = DEFAULT_HEXAGON[2] + (0, 3), DEFAULT_HEXAGON[3] + (1, 3)
    for corner in expected:
        nearest = np.abs(corners - corner).max(axis=2).min(axis=1)
        assert (nearest < 5 * OFFSET_STD).all()


def test_the_first_and_the_last_corner_stay_on_the_ground():
    corners = _in_steps(_hexagons(np.full(12, 4.0)))
    on_ground = np.abs(corners[:, :, 1]) < 1e-9
    assert (on_ground.sum(axis=1) >= 2).all()


def test_the_heights_of_the_first_and_the_last_corner_change_nothing():
    one, other = np.full(12, 1.0), np.full(12, 1.0)
    other[1], other[11] = 4.0, 3.0
    np.testing.assert_array_equal(_hexagons(one), _hexagons(other))


@pytest.mark.parametrize("dimension", [d for d in range(12) if d not in (1, 11)])
def test_every_other_dimension_changes_the_track(dimension):
    one, other = np.full(12, 1.0), np.full(12, 1.0)
    other[dimension] = 3.5
    assert not np.array_equal(_hexagons(one), _hexagons(other))


def test_hexagons_differ_from_each_other_within_a_track():
    corners = _in_steps(_hexagons(np.zeros(12)))
    assert len(np.unique(corners.round(6), axis=0)) == len(corners)


def test_the_terrain_does_not_use_the_global_rng():
    np.random.seed(0)  # noqa: NPY002
    one = _hexagons(np.ones(12))
    np.random.seed(1)  # noqa: NPY002
    np.testing.assert_array_equal(one, _hexagons(np.ones(12)))


def test_box2d_takes_the_hull_that_the_lidar_sees():
    env = HexagonTracks()
    env.reset(seed=0, options={"task": env.task_space.sample(1, np.random.default_rng(5))[0]})
    static = env._simulation._world.bodies[0]
    polygons = [fixture.shape.vertices for fixture in static.fixtures if len(fixture.shape.vertices) > 2]
    ours = {tuple(np.round(np.unique(polygon, axis=0).sum(axis=0), 3)) for polygon in env.terrain.obstacles}
    theirs = {tuple(np.round(np.array(polygon).sum(axis=0), 3)) for polygon in polygons}
    assert len(theirs) == 10
    for mine in ours:
        assert min(np.abs(np.array(mine) - np.array(other)).max() for other in theirs) < 0.01


def test_the_convex_hull_drops_inner_points_and_keeps_the_length():
    hull = convex_hull([(0.0, 0.0), (1.0, 1.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0), (1.0, 0.0)])
    assert len(hull) == 6
    assert set(hull) == {(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)}
