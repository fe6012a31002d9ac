"""Stump Tracks: geometry, physics, rewards, lidar."""

import gc
import math

import Box2D
import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.box2d import bipedal_walker
from tutelage import TaskSpace
from tutelage.envs.bipedal_tracks import GOAL, BipedalTracks
from tutelage.envs.lidar import N_RAYS, RANGE, RAYS, cast_rays
from tutelage.envs.simulation import WalkerSimulation
from tutelage.envs.stump_tracks import StumpTracks
from tutelage.envs.terrain import GROUND_HEIGHT, LENGTH, START_PAD, STEP, Terrain, convex_hull

FLAT = np.array([(0.0, GROUND_HEIGHT), (LENGTH, GROUND_HEIGHT)])


def _stumps(height, spacing, seed=0, **kwargs):
    env = StumpTracks(**kwargs)
    env.reset(seed=seed, options={"task": [height, spacing]})
    return env.terrain.obstacles


def _heights(stumps):
    """Heights in terrain steps."""
    return (stumps[:, :, 1].max(axis=1) - GROUND_HEIGHT) / STEP


# --- Geometry ----------------------------------------------------------------------------------


@pytest.mark.parametrize("height", [0.5, 1.5, 3.0])
def test_heights_scatter_around_the_task_by_a_tenth_of_a_step(height):
    heights = np.concatenate([_heights(_stumps(height, 0.0, seed)) for seed in range(5)])
    assert abs(heights.mean() - height) < 0.02
    assert abs(heights.std() - 0.1) < 0.02


def test_no_stump_is_lower_than_a_twentieth_of_a_step():
    heights = _heights(_stumps(0.0, 0.0))
    assert heights.min() == pytest.approx(0.05)
    assert (heights < 0.0501).mean() > 0.3


def test_negative_heights_give_the_lowest_stumps():
    heights = _heights(_stumps(-1.0, 3.0, min_stump_height=-1.0))
    np.testing.assert_allclose(heights, 0.05)


@pytest.mark.parametrize("spacing", [0.3, 2.0, 6.0])
def test_the_gap_between_stumps_is_the_spacing(spacing):
    stumps = _stumps(1.0, spacing)
    left, right = stumps[:, :, 0].min(axis=1), stumps[:, :, 0].max(axis=1)
    np.testing.assert_allclose(left[1:] - right[:-1], spacing)


def test_the_narrowest_gap_is_a_hundredth():
    stumps = _stumps(1.0, 0.0)
    np.testing.assert_allclose(stumps[1:, 0, 0] - stumps[:-1, 1, 0], 0.01, atol=1e-9)


def test_stumps_are_one_step_wide_and_stand_on_the_ground():
    stumps = _stumps(1.0, 2.0)
    np.testing.assert_allclose(np.ptp(stumps[:, :, 0], axis=1), STEP)
    np.testing.assert_allclose(stumps[:, :, 1].min(axis=1), GROUND_HEIGHT)


def test_stumps_begin_behind_a_start_pad_of_twenty_steps_and_reach_the_goal():
    stumps = _stumps(1.0, 3.0)
    assert stumps[:, :, 0].min() == pytest.approx(20 * STEP)
    assert stumps[:, :, 0].max() > GOAL - 3.5


def test_the_ground_reaches_beyond_the_goal():
    env = StumpTracks()
    env.reset(seed=0, options={"task": [1.0, 6.0]})
    assert env.terrain.ground[-1, 0] > GOAL


def test_the_arguments_set_the_bounds_of_the_task_space():
    env = StumpTracks(max_stump_height=9.0, max_obstacle_spacing=4.0, min_stump_height=-3.0)
    assert env.task_space == TaskSpace(stump_height=(-3.0, 9.0), obstacle_spacing=(0.0, 4.0))


def test_bounds_the_wrong_way_round_are_refused():
    with pytest.raises(ValueError, match="stump_height"):
        StumpTracks(min_stump_height=5.0)


# --- Bodies ------------------------------------------------------------------------------------


def test_an_unknown_body_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="Did you mean 'quadruped'"):
        StumpTracks(body="quadro")


@pytest.mark.parametrize(
    ("body", "observation", "action"), [("default", 24, 4), ("short", 24, 4), ("quadruped", 34, 8)]
)
def test_spaces_have_the_sizes_of_the_body(body, observation, action):
    env = StumpTracks(body=body)
    assert env.observation_space.shape == (observation,)
    assert env.action_space.shape == (action,)


def test_every_foot_of_the_quadruped_reports_the_ground():
    env = StumpTracks(body="quadruped")
    env.reset(seed=0, options={"task": [0.0, 6.0]})
    touched = np.zeros(4)
    for _ in range(200):
        observation, _, terminated, _, _ = env.step(np.zeros(8, dtype=np.float32))
        touched = np.maximum(touched, observation[[8, 13, 18, 23]])
        if terminated:
            break
    assert touched.tolist() == [1.0, 1.0, 1.0, 1.0]


def test_an_unknown_render_mode_is_refused():
    with pytest.raises(ValueError, match="rgb_array"):
        StumpTracks(render_mode="ansi")


# --- Dynamics: the default body does what BipedalWalker-v3 does --------------------------------


class _FixedPush:
    """An RNG whose draw for the initial push is 2.5."""

    def __init__(self):
        self._rng = np.random.default_rng(1)

    def uniform(self, low, high):
        return 2.5 if (low, high) == (-5, 5) else self._rng.uniform(low, high)

    def __getattr__(self, name):
        return getattr(self._rng, name)


class _Theirs(bipedal_walker.BipedalWalker):
    """BipedalWalker-v3, on one flat line or on its own ground."""

    def __init__(self, flat):
        super().__init__()
        self.flat = flat
        self._np_random = _FixedPush()

    def _generate_terrain(self, hardcore):
        if not self.flat:
            super()._generate_terrain(hardcore)
            self.ground = np.stack([self.terrain_x, self.terrain_y], axis=1)
            return
        self.ground, self.terrain_poly = FLAT, []
        self.fd_edge.shape.vertices = [tuple(point) for point in FLAT]
        self.terrain = [self.world.CreateStaticBody(fixtures=self.fd_edge)]
        self.terrain[0].color1 = self.terrain[0].color2 = (0, 0, 0)


class _Ours(BipedalTracks):
    def __init__(self, ground):
        super().__init__(TaskSpace(nothing=(0.0, 0.0)))
        self.ground = ground
        self._np_random = _FixedPush()

    def make_terrain(self, task):
        return Terrain([], self.ground)


def _random_policy():
    rng = np.random.default_rng(0)
    return lambda observation: rng.uniform(-1, 1, 4).astype(np.float32)


def _walking_policy():
    heuristic = bipedal_walker.BipedalWalkerHeuristics()
    heuristic.a = np.zeros(4)
    return heuristic.step_heuristic


def _run_both(flat, policy, n_steps):
    theirs = _Theirs(flat)
    expected, _ = theirs.reset()
    ours = _Ours(theirs.ground)
    found, _ = ours.reset(options={"task": [0.0]})
    pairs = [(expected, found, 0.0, 0.0, False, False)]
    for _ in range(n_steps):
        action = policy(expected)
        expected, reward, terminated, _, _ = theirs.step(action)
        found, our_reward, our_terminated, _, _ = ours.step(action)
        pairs.append((expected, found, reward, our_reward, terminated, our_terminated))
        if terminated or our_terminated:
            break
    return [np.array(column) for column in zip(*pairs, strict=True)]


@pytest.mark.parametrize("policy", [_random_policy, _walking_policy])
def test_on_flat_ground_the_default_body_does_what_bipedal_walker_does(policy):
    expected, found, reward, our_reward, terminated, our_terminated = _run_both(True, policy(), 800)
    assert len(expected) > 100
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(our_reward, reward, atol=1e-5)
    np.testing.assert_array_equal(our_terminated, terminated)


def test_on_rough_ground_only_the_contact_flags_differ_from_bipedal_walker():
    expected, found, reward, our_reward, *_ = _run_both(False, _walking_policy(), 800)
    flags = [8, 13]
    np.testing.assert_allclose(np.delete(found, flags, 1), np.delete(expected, flags, 1), atol=1e-4)
    np.testing.assert_allclose(our_reward, reward, atol=1e-4)
    assert (found[:, flags] >= expected[:, flags]).all()  # theirs forgets a contact when another ends


# --- Rewards and the end -----------------------------------------------------------------------


def test_the_reward_is_progress_less_tilt_less_torque():
    env = StumpTracks()
    env.reset(seed=0, options={"task": [0.5, 5.0]})
    simulation = env._simulation
    before = 130 * simulation.x / 30 - 5 * abs(simulation.hull.angle)
    action = np.array([0.5, -2.0, 0.0, -0.25], dtype=np.float32)
    _, reward, *_ = env.step(action)
    after = 130 * simulation.x / 30 - 5 * abs(simulation.hull.angle)
    assert reward == pytest.approx(after - before - 0.00035 * 80 * (0.5 + 1.0 + 0.25), abs=1e-6)


def test_the_quadruped_pays_an_eighth_for_its_torque():
    env = StumpTracks(body="quadruped")
    env.reset(seed=0, options={"task": [0.5, 5.0]})
    simulation = env._simulation
    before = 130 * simulation.x / 30 - 5 * abs(simulation.hull.angle)
    _, reward, *_ = env.step(np.ones(8, dtype=np.float32))
    after = 130 * simulation.x / 30 - 5 * abs(simulation.hull.angle)
    assert reward == pytest.approx(after - before - 0.00035 / 8 * 300 * 8, abs=1e-6)


def test_a_fall_ends_the_episode_with_minus_a_hundred():
    env = StumpTracks()
    env.action_space.seed(0)
    env.reset(seed=0, options={"task": [1.0, 3.0]})
    for _ in range(2000):
        _, reward, terminated, _, info = env.step(env.action_space.sample())
        if terminated:
            break
    assert reward == -100.0
    assert info["is_success"] is False


def _place(env, x):
    """Move the whole walker."""
    shift = x - env._simulation.hull.position.x
    for body in (env._simulation.hull, *env._simulation.limbs):
        body.position = (body.position.x + shift, body.position.y + 3.0)


def test_leaving_the_track_to_the_left_is_a_fall():
    env = StumpTracks()
    env.reset(seed=0, options={"task": [1.0, 3.0]})
    _place(env, -0.5)
    _, reward, terminated, _, _ = env.step(np.zeros(4, dtype=np.float32))
    assert (reward, terminated) == (-100.0, True)


def test_passing_the_goal_ends_the_episode_as_a_success():
    env = StumpTracks()
    env.reset(seed=0, options={"task": [1.0, 3.0]})
    _place(env, GOAL + 0.1)
    _, reward, terminated, _, info = env.step(np.zeros(4, dtype=np.float32))
    assert terminated
    assert reward > 230.0
    assert info["is_success"] is True


def test_the_goal_is_ten_steps_before_the_end_of_two_hundred():
    assert pytest.approx(190 * 14 / 30) == GOAL
    assert pytest.approx(20 * 14 / 30) == START_PAD


def test_success_is_judged_anew_in_every_episode():
    env = StumpTracks()
    for _ in range(2):
        env.reset(seed=0, options={"task": [1.0, 3.0]})
        assert env.step(np.zeros(4, dtype=np.float32))[4]["is_success"] is False
        _place(env, GOAL + 0.1)
        assert env.step(np.zeros(4, dtype=np.float32))[4]["is_success"] is True


@pytest.mark.parametrize("action", [np.zeros(3), np.zeros((4, 1)), np.float32(0.0)])
def test_an_action_of_a_wrong_shape_is_refused(action):
    env = StumpTracks()
    env.reset(seed=0)
    with pytest.raises(ValueError, match="shape"):
        env.step(action)


def test_an_action_with_a_nan_is_refused():
    env = StumpTracks()
    env.reset(seed=0)
    with pytest.raises(ValueError, match="NaN"):
        env.step(np.array([0.0, np.nan, 0.0, 0.0], dtype=np.float32))


def test_actions_are_clipped():
    ends = []
    for scale in (1.0, 7.0):
        env = StumpTracks()
        env.reset(seed=0, options={"task": [1.0, 3.0]})
        for _ in range(20):
            observation, *_ = env.step(np.full(4, scale, dtype=np.float32))
        ends.append(observation)
    np.testing.assert_array_equal(*ends)


# --- Lidar -------------------------------------------------------------------------------------


class _Nearest(Box2D.b2.rayCastCallback):
    def ReportFixture(self, fixture, point, normal, fraction):  # noqa: N802
        if fixture.filterData.categoryBits != 1:
            return -1
        self.fraction = fraction
        return fraction


def _box2d_lidar(world, x, y):
    result = []
    for dx, dy in RAYS:
        callback = _Nearest()
        callback.fraction = 1.0
        world.RayCast(callback, (x, y), (x + float(dx), y + float(dy)))
        result.append(callback.fraction)
    return np.array(result)


def _random_terrain(rng, n=25):
    polygons = []
    for x in np.sort(rng.uniform(0.0, 40.0, n)):
        corners = rng.uniform(0.0, 2.0, (6, 2)) + np.array([x, GROUND_HEIGHT - 0.5])
        polygons.append(convex_hull([tuple(corner) for corner in corners.tolist()]))
    ground_x = np.linspace(0.0, LENGTH, 150)
    return Terrain(polygons, np.stack([ground_x, GROUND_HEIGHT + rng.uniform(-0.3, 0.3, 150)], axis=1))


def test_the_lidar_sees_what_box2d_sees():
    rng = np.random.default_rng(0)
    differences = []
    for _ in range(5):
        terrain = _random_terrain(rng)
        simulation = WalkerSimulation(StumpTracks().body, terrain, push=0.0)
        for _ in range(80):
            x, y = np.float32(rng.uniform(0.0, 40.0)), np.float32(GROUND_HEIGHT + rng.uniform(0.4, 4.0))
            observation = np.empty(N_RAYS, dtype=np.float32)
            cast_rays(float(x), float(y), terrain.ground, terrain.obstacles, terrain.spans, observation)
            differences.append(np.abs(observation - _box2d_lidar(simulation._world, float(x), float(y))))
    differences = np.array(differences)
    assert (differences < 1e-5).mean() > 0.999  # a ray that grazes a corner may hit in one precision only


def test_a_ray_that_hits_nothing_reads_one():
    observation = np.empty(N_RAYS, dtype=np.float32)
    terrain = Terrain([])
    cast_rays(10.0, GROUND_HEIGHT + 2 * RANGE, terrain.ground, terrain.obstacles, terrain.spans, observation)
    np.testing.assert_array_equal(observation, 1.0)


def test_the_first_ray_measures_the_height_above_the_ground():
    observation = np.empty(N_RAYS, dtype=np.float32)
    terrain = Terrain([])
    cast_rays(10.0, GROUND_HEIGHT + 2.0, terrain.ground, terrain.obstacles, terrain.spans, observation)
    assert observation[0] == pytest.approx(2.0 / RANGE)
    assert observation[4] == pytest.approx(2.0 / RANGE / math.cos(0.6))


def test_the_kernel_compiles_to_what_python_computes():
    terrain = _random_terrain(np.random.default_rng(3))
    compiled, interpreted = np.empty((2, N_RAYS), dtype=np.float32)
    cast_rays(7.0, GROUND_HEIGHT + 1.5, terrain.ground, terrain.obstacles, terrain.spans, compiled)
    cast_rays.py_func(7.0, GROUND_HEIGHT + 1.5, terrain.ground, terrain.obstacles, terrain.spans, interpreted)
    np.testing.assert_allclose(compiled, interpreted, atol=1e-6)


# --- Memory ------------------------------------------------------------------------------------


def _resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_a_thousand_episodes_do_not_grow_the_memory():
    pytest.importorskip("resource")
    try:
        _resident_bytes()
    except OSError:
        pytest.skip("no /proc here")
    env = StumpTracks()

    def episodes(n):
        for _ in range(n):
            env.reset(options={"task": [1.0, 1.0]})
            env.step(np.zeros(4, dtype=np.float32))
        gc.collect()

    env.reset(seed=0)
    episodes(300)
    before = _resident_bytes()
    episodes(1000)
    assert _resident_bytes() - before < 5e6


def test_the_time_limit_is_two_thousand_steps():
    assert gym.make("tutelage.envs:tutelage/StumpTracks-v0").spec.max_episode_steps == 2000
