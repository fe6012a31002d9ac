"""Walker–Climber: geometry, grips, falls, rewards, lidar, and whether one can climb at all."""

import math

import gymnasium as gym
import numpy as np
import pytest
from brachiation import climb
from tutelage import TaskSpace
from tutelage.envs import HexagonTracks, StumpTracks, WalkerClimber, load_test_set, random_body
from tutelage.envs.bipedal_tracks import GOAL
from tutelage.envs.bodies import get_body
from tutelage.envs.climber_simulation import ClimberSimulation
from tutelage.envs.lidar import RANGE
from tutelage.envs.terrain import BAND, GROUND_HEIGHT, START_PAD, STEP, Terrain
from tutelage.envs.walker_climber import CEILING, GAP, SHORTEST

HIGH, HOLD = GROUND_HEIGHT + CEILING, get_body("chimpanzee").resting_action.astype(np.float32)
TOUCHES, GRIPS = (18, 24), (19, 25)
"""Where the flags of the far and the near hand are in an observation."""


def _env(task, body="default", seed=0, **kwargs):
    env = WalkerClimber(body=body, **kwargs)
    env.reset(seed=seed, options={"task": task})
    return env


def _heights(task, seeds=20):
    """Heights of the stumps and lengths of the spikes."""
    terrains = [_env(task, seed=seed).terrain for seed in range(seeds)]
    stumps, spikes = (np.concatenate([getattr(t, name) for t in terrains]) for name in ("obstacles", "spikes"))
    return stumps[:, :, 1].max(axis=1) - GROUND_HEIGHT, HIGH - spikes[:, :, 1].min(axis=1)


def _with_grips(*grips):
    action = HOLD.copy()
    action[-2:] = grips
    return action


# --- Geometry ----------------------------------------------------------------------------------


def test_the_task_is_where_the_gap_is_and_how_far_apart_obstacles_are():
    assert WalkerClimber().task_space == TaskSpace(gap_position=(2.5, 7.5), obstacle_spacing=(0.0, 6.0))


@pytest.mark.parametrize("position", [3.5, 5.0, 6.5])
def test_an_obstacle_leaves_a_gap_of_five_units_centred_on_the_task(position):
    stumps, spikes = _heights([position, 1.0])
    assert stumps.mean() == pytest.approx(position - 2.5, abs=0.02)
    assert CEILING - spikes.mean() == pytest.approx(position + 2.5, abs=0.03)
    assert CEILING - spikes.mean() - stumps.mean() == pytest.approx(GAP, abs=0.05)


def test_stumps_and_spikes_scatter_as_in_the_paper():
    stumps, spikes = _heights([5.0, 0.5])
    assert stumps.std() == pytest.approx(0.05, abs=0.005)
    assert spikes.std() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(("position", "low"), [(2.5, "stumps"), (7.5, "spikes")])
def test_at_the_ends_one_of_the_two_all_but_vanishes(position, low):
    stumps, spikes = _heights([position, 1.0])
    lowest = stumps if low == "stumps" else spikes
    assert lowest.min() == pytest.approx(SHORTEST)
    assert 0.3 < (lowest < SHORTEST + 0.001).mean() < 0.95


@pytest.mark.parametrize(("spacing", "gap"), [(0.0, 0.01), (2.0, 2.0), (6.0, 6.0)])
def test_the_distance_between_obstacles_is_the_spacing(spacing, gap):
    terrain = _env([5.0, spacing]).terrain
    for boxes in (terrain.obstacles, terrain.spikes):
        left, right = boxes[:, :, 0].min(axis=1), boxes[:, :, 0].max(axis=1)
        np.testing.assert_allclose(left[1:] - right[:-1], gap, atol=1e-9)
        np.testing.assert_allclose(right - left, STEP)
        assert left[0] == pytest.approx(START_PAD)


def test_a_spike_hangs_above_every_stump():
    terrain = _env([4.0, 2.0]).terrain
    np.testing.assert_array_equal(terrain.obstacles[:, :, 0], terrain.spikes[:, :, 0])
    np.testing.assert_allclose(terrain.spikes[:, :, 1].max(axis=1), HIGH)


def test_the_environment_has_its_frozen_grid():
    tasks = load_test_set("walker-climber/grid-225").tasks
    np.testing.assert_array_equal(np.unique(tasks[:, 0]), np.linspace(2.5, 7.5, 15))
    np.testing.assert_array_equal(np.unique(tasks[:, 1]), np.linspace(0.0, 6.0, 15))
    assert len(np.unique(tasks, axis=0)) == 225


def test_spikes_need_a_ceiling():
    with pytest.raises(ValueError, match="ceiling"):
        Terrain([], spikes=[[(9.0, 12.0), (9.5, 12.0), (9.5, 13.0), (9.0, 13.0)]])


# --- Bodies ------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [StumpTracks, HexagonTracks])
def test_a_climber_is_refused_where_there_is_no_ceiling(cls):
    with pytest.raises(ValueError, match=rf"{cls.__name__} has no ceiling.*WalkerClimber-v0"):
        cls(body="chimpanzee")


def test_a_walker_has_the_spaces_of_the_tracks():
    walker, tracks = WalkerClimber(), StumpTracks()
    assert walker.observation_space == tracks.observation_space
    assert walker.action_space == tracks.action_space


def test_a_walker_walks_as_on_the_tracks():
    actions = np.random.default_rng(0).uniform(-1, 1, (40, 4)).astype(np.float32)
    pushes = []
    for env in (WalkerClimber(), StumpTracks()):
        env.np_random = np.random.default_rng(0)
        env.make_terrain = lambda task: Terrain([])
        pushes.append([env.reset()[0], *(env.step(action)[0] for action in actions)])
    np.testing.assert_array_equal(*pushes)


def test_a_body_without_arms_does_not_climb():
    with pytest.raises(ValueError, match="with arms"):
        ClimberSimulation(get_body("default"), Terrain([], ceiling=HIGH), 0.0)


def test_a_climber_needs_a_ceiling():
    with pytest.raises(ValueError, match="ceiling"):
        ClimberSimulation(get_body("chimpanzee"), Terrain([]), 0.0)


# --- Gripping ----------------------------------------------------------------------------------


def test_a_climber_starts_hanging_by_both_hands():
    env = WalkerClimber(body="chimpanzee")
    observation, _ = env.reset(seed=0)
    assert observation[[*TOUCHES, *GRIPS]].tolist() == [1.0] * 4
    assert observation[8] == observation[13] == 0.0


def test_a_climber_that_holds_fast_hangs_for_as_long_as_it_likes():
    env = _env([7.5, 6.0], "chimpanzee")
    hands = np.array([env._simulation.hand(arm) for arm in range(2)])
    for _ in range(1000):
        observation, _, terminated, *_ = env.step(HOLD)
        assert not terminated
    np.testing.assert_allclose([env._simulation.hand(arm) for arm in range(2)], hands, atol=0.01)
    assert abs(env._simulation.x - START_PAD / 2) < 0.2
    assert observation[list(GRIPS)].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("arm", [0, 1])
def test_a_hand_that_is_not_to_grip_lets_go_and_the_other_one_carries_the_body(arm):
    env = _env([7.5, 6.0], "chimpanzee")
    grips = [1.0, 1.0]
    grips[arm] = 0.0
    for _ in range(100):
        observation, _, terminated, *_ = env.step(_with_grips(*grips))
    assert observation[GRIPS[arm]] == 0.0
    assert observation[GRIPS[1 - arm]] == 1.0
    assert not terminated
    assert env._simulation.hand(arm)[1] < HIGH - BAND


def test_a_climber_that_lets_go_falls_and_the_fall_ends_the_episode():
    env = _env([7.5, 6.0], "chimpanzee")
    for _ in range(200):
        observation, reward, terminated, *_ = env.step(_with_grips(-1.0, -1.0))
        if terminated:
            break
    assert (terminated, reward) == (True, -100.0)
    assert observation[list(GRIPS)].tolist() == [0.0, 0.0]


def test_a_hand_below_the_band_finds_nothing_to_grip():
    env = _env([7.5, 6.0], "chimpanzee")
    env.step(_with_grips(0.0, 1.0))
    for _ in range(60):
        env.step(_with_grips(0.0, 1.0))
    assert not env._simulation.reaches(0)
    observation, *_ = env.step(_with_grips(1.0, 1.0))
    assert observation[[TOUCHES[0], GRIPS[0]]].tolist() == [0.0, 0.0]


def test_a_hand_in_the_band_grips_again():
    env = _env([7.5, 6.0], "chimpanzee")
    env.step(_with_grips(0.0, 1.0))
    observation, *_ = env.step(_with_grips(1.0, 1.0))
    assert observation[list(GRIPS)].tolist() == [1.0, 1.0]


def test_a_hand_holds_on_to_where_it_gripped_however_the_motors_pull():
    env = _env([7.5, 6.0], "chimpanzee")
    hands = np.array([env._simulation.hand(arm) for arm in range(2)])
    rng = np.random.default_rng(0)
    for step in range(300):
        if step % 10 == 0:
            motors = rng.choice([-1.0, 1.0], 8)
        env.step(np.append(motors, [1.0, 1.0]).astype(np.float32))
        np.testing.assert_allclose([env._simulation.hand(arm) for arm in range(2)], hands, atol=0.05)


def test_gripping_costs_nothing_and_moving_what_the_default_body_pays():
    env = _env([7.5, 6.0], "chimpanzee")
    before = env._simulation.x
    _, reward, *_ = env.step(HOLD)
    assert reward == pytest.approx(130 / 30 * (env._simulation.x - before), abs=1e-6)
    before = env._simulation.x
    _, reward, *_ = env.step(np.ones(10, dtype=np.float32))
    assert reward == pytest.approx(130 / 30 * (env._simulation.x - before) - 4 * 80 * 0.00035, abs=1e-6)


@pytest.mark.parametrize("entry", [0, 9])
def test_an_action_with_a_nan_is_refused(entry):
    env = _env([7.5, 6.0], "chimpanzee")
    action = HOLD.copy()
    action[entry] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        env.step(action)


def test_an_action_of_a_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"\(10,\)"):
        _env([7.5, 6.0], "chimpanzee").step(HOLD[:8])


# --- Falls and the end -------------------------------------------------------------------------


def _place(env, x, lift=0.0):
    simulation = env._simulation
    for joint in simulation.grips:
        simulation._world.DestroyJoint(joint)
    simulation.grips = [None, None]
    shift = x - simulation.hull.position.x
    for body in (simulation.hull, *simulation.limbs, *simulation.arms):
        body.position = (body.position.x + shift, body.position.y + lift)


def test_a_climber_must_not_touch_a_stump():
    env = _env([7.5, 0.0], "chimpanzee")  # the stumps form a floor five units below the ceiling
    _place(env, 20.0)
    for _ in range(200):
        _, reward, terminated, *_ = env.step(_with_grips(0.0, 0.0))
        if terminated:
            break
    assert reward == -100.0
    assert env._simulation.y > GROUND_HEIGHT + 4.0


def test_a_climber_may_touch_the_ceiling_and_its_spikes():
    env = _env([2.5, 0.0], "chimpanzee")
    _place(env, START_PAD - 0.6)  # before a wall of spikes
    simulation = env._simulation
    for body in (simulation.hull, *simulation.limbs, *simulation.arms):
        body.linearVelocity = (8.0, 6.0)
    for _ in range(15):
        _, _, terminated, *_ = env.step(_with_grips(0.0, 0.0))
        assert not terminated
    assert simulation.x < START_PAD


def test_passing_the_goal_ends_the_episode_as_a_success():
    env = _env([7.5, 6.0], "chimpanzee")
    _place(env, GOAL + 0.1)
    _, reward, terminated, _, info = env.step(HOLD)
    assert terminated
    assert reward > 230.0
    assert info["is_success"] is True


def test_a_tilted_climber_loses_nothing():
    env = _env([7.5, 6.0], "chimpanzee")
    before = env._simulation.x
    env._simulation.hull.angularVelocity = 5.0
    observation, reward, *_ = env.step(HOLD)
    assert abs(observation[0]) > 0.02
    assert reward == pytest.approx(130 / 30 * (env._simulation.x - before), abs=1e-6)


def test_the_time_limit_is_two_thousand_steps():
    assert gym.spec("tutelage/WalkerClimber-v0").max_episode_steps == 2000


# --- Observations ------------------------------------------------------------------------------


def test_a_climber_looks_up_and_ahead():
    env = _env([7.5, 6.0], "chimpanzee")
    observation, *_ = env.step(HOLD)
    overhead = (HIGH - env._simulation.y) / RANGE
    assert observation[26] == pytest.approx(overhead, abs=1e-5)
    assert observation[28] == pytest.approx(overhead / math.cos(0.3), abs=1e-5)


def test_a_climber_sees_a_spike_ahead():
    env = _env([5.0, 6.0], "chimpanzee")
    observation, *_ = env.step(HOLD)
    distance = (START_PAD - env._simulation.x) / RANGE
    assert observation[-1] == pytest.approx(distance / math.sin(1.35), abs=1e-4)


def test_a_walker_sees_the_stump_and_no_ceiling():
    observation = WalkerClimber().reset(seed=0, options={"task": [2.5, 6.0]})[0]
    other = WalkerClimber().reset(seed=0, options={"task": [7.5, 6.0]})[0]
    assert observation[14] == pytest.approx(other[14])
    assert (observation[14:] >= other[14:]).all()


def test_the_tilt_of_a_climber_that_has_turned_around_is_that_of_one_that_has_not():
    env = _env([7.5, 6.0], "chimpanzee")
    observation, *_ = env.step(HOLD)
    env._simulation.hull.angle += 2 * math.tau
    assert env._simulation.observe()[0] == pytest.approx(observation[0], abs=1e-5)


def test_observed_speeds_stay_within_their_bounds():
    env = _env([7.5, 6.0], "chimpanzee")
    env._simulation.limbs[1].angularVelocity = 500.0
    assert env._simulation.observe()[7] == 10.0


# --- Physics -----------------------------------------------------------------------------------


def _stretch(simulation):
    """How far the two sides of a joint are apart, at most."""
    grips = [joint for joint in getattr(simulation, "grips", []) if joint is not None]
    return max((joint.anchorA - joint.anchorB).length for joint in [*simulation._joints, *grips])


def test_two_hundred_random_episodes_stay_within_the_observation_space():
    rng = np.random.default_rng(0)
    for episode in range(200):
        body = random_body(episode, bodies=("default", "chimpanzee"), legs=(0.5, 1.0))
        env = WalkerClimber(body=body)
        observation, info = env.reset(seed=episode)
        assert env.task_space.contains(info["task"][None]).all()
        for step in range(150):
            action = rng.uniform(-1, 1, env.action_space.shape)
            if body.arms and episode % 4 == 0:  # else both hands soon let go
                action[-2 + step // 20 % 2] = 1.0
            observation, reward, terminated, _, _ = env.step(action.astype(np.float32))
            assert env.observation_space.contains(observation)
            assert math.isfinite(reward)
            if terminated:
                break


def test_joints_hold_together_under_the_wildest_actions():
    rng = np.random.default_rng(0)
    stretches = []
    for episode in range(20):
        env = _env([7.5, 6.0], "chimpanzee", seed=episode)
        for step in range(200):
            if step % 6 == 0:
                action = np.append(rng.choice([-1.0, 1.0], 8), rng.permutation([1.0, rng.choice([-1.0, 1.0])]))
            if env.step(action.astype(np.float32))[2]:
                break
            stretches.append(_stretch(env._simulation))
    assert len(stretches) > 1000
    assert np.quantile(stretches, 0.95) < 0.01
    assert max(stretches) < 0.1


def test_no_hand_gets_far_into_the_ceiling():
    rng = np.random.default_rng(1)
    highest = 0.0
    for episode in range(20):
        env = _env([7.5, 6.0], "chimpanzee", seed=episode)
        for step in range(200):
            if step % 6 == 0:
                action = np.append(rng.choice([-1.0, 1.0], 8), rng.permutation([1.0, rng.choice([-1.0, 1.0])]))
            terminated = env.step(action.astype(np.float32))[2]
            highest = max(highest, *(env._simulation.hand(arm)[1] for arm in range(2)))
            if terminated:
                break
    assert highest < HIGH + 0.1  # for a moment


def test_one_can_climb_to_the_goal():
    ways, returns, _ = zip(*(climb([7.5, 6.0], seed) for seed in range(4)), strict=True)
    assert sum(total > 290.0 for total in returns) >= 2  # a run of a thousand steps depends on the last digits
    assert max(ways) > GOAL - START_PAD / 2 - 0.1
    assert min(ways) > 5.0


def test_long_spikes_stop_the_same_controller():
    assert climb([5.0, 6.0], 0)[0] < START_PAD / 2 + 1.0


# --- Pictures ----------------------------------------------------------------------------------


def test_the_ceiling_is_in_the_picture_and_a_gripping_hand_shows():
    env = _env([7.5, 6.0], "chimpanzee", render_mode="rgb_array")
    holding = env.render()
    env.step(_with_grips(0.0, 0.0))
    loose = env.render()
    yellow = [((picture == (250, 200, 40)).all(axis=2)).sum() for picture in (holding, loose)]
    assert yellow[0] > 4
    assert yellow[1] == 0
    assert (holding[2] == (146, 138, 150)).all()
