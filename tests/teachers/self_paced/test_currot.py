"""CURROT: the estimate, the buffer of what went well, how particles move, and where the cloud ends up."""

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher

from ..noisy_student import capable_on_the_left, is_medium

SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
LINE = TaskSpace(x=(0.0, 1.0))
HARD = {"target_mean": [0.9, 0.9], "target_std": 0.03}


def outcomes(tasks, returns, ids=None, **columns):
    tasks = np.asarray(tasks, float)
    ids = np.full(len(tasks), -1) if ids is None else ids
    return Outcomes(tasks=tasks, ids=ids, returns=returns, lengths=np.ones(len(tasks), int), **columns)


def play(teacher, episodes, student, batch=25):
    """Let a student (a function from tasks to returns) play; returns the tasks."""
    handed_out = []
    for _ in range(episodes // batch):
        tasks = teacher.sample(batch)
        handed_out.append(tasks.values)
        teacher.update(outcomes(tasks.values, student(tasks.values), tasks.ids))
    return np.concatenate(handed_out)


class Walker:
    """A student that can do what is near to what it has just practised."""

    def __init__(self):
        self.level = 0.25

    def __call__(self, tasks):
        hard = tasks.max(axis=1)
        done = hard < self.level
        self.level += 0.004 * (done & (hard > self.level - 0.15)).sum()
        return np.where(done, 10.0, 0.0)


def build(space=SQUARE, **hyperparameters):
    return make_teacher("currot", space, **{"seed": 0, "delta": 0.5, **hyperparameters})


# --- Does it adapt? -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_cloud_stays_where_the_student_succeeds_and_gathers_at_the_border(seed):
    teacher = build(seed=seed)
    tasks = play(teacher, 1000, capable_on_the_left(seed))
    assert is_medium(tasks[500:]).mean() > 0.5  # uniform: 0.22
    points = SQUARE.grid(21)
    density = teacher.density(points)
    assert density[is_medium(points)].mean() > 1.5 * density.mean()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_cloud_arrives_at_the_target_with_a_student_that_learns(seed):
    teacher = build(seed=seed, delta=5.0, expert={"initial_mean": [0.1, 0.1], "initial_std": 0.03, **HARD})
    student = Walker()
    tasks = play(teacher, 1500, student)
    assert student.level > 0.9
    assert np.abs(tasks[-100:] - 0.9).mean() < 0.1
    assert teacher.metrics()["target_distance"] < 0.05


def test_the_same_student_with_uniform_tasks_of_the_target_learns_nothing():
    student = Walker()
    for _ in range(60):
        student(0.9 + 0.03 * np.random.default_rng(0).standard_normal((25, 2)))
    assert student.level == 0.25


@pytest.mark.parametrize("d", [1, 2, 50])
def test_a_student_that_never_succeeds_gets_varied_tasks(d):
    space = TaskSpace({f"x{i}": (0.0, 1.0) for i in range(d)})
    teacher = build(space)
    tasks = play(teacher, 1500, lambda tasks: np.zeros(len(tasks)))
    assert tasks[-300:].std(axis=0).mean() > 0.1
    assert np.isfinite(list(teacher.metrics().values())).all()
    assert np.isfinite(teacher.density(tasks)).all()
    assert teacher.metrics()["delta_reached"] == 0.0


@pytest.mark.parametrize("d", [1, 2, 50])
def test_a_student_that_always_succeeds_gets_the_target(d):
    space = TaskSpace({f"x{i}": (0.0, 1.0) for i in range(d)})
    expert = {"target_mean": [0.8] * d, "target_std": 0.05}
    teacher = build(space, expert=expert)
    tasks = play(teacher, 1500, lambda tasks: np.ones(len(tasks)))
    np.testing.assert_allclose(tasks[-300:].mean(axis=0), 0.8, atol=0.1)


def test_before_delta_is_reached_the_cloud_climbs_towards_better_returns():
    teacher = build(delta=100.0)
    tasks = play(teacher, 750, lambda tasks: 50.0 * tasks[:, 0])
    assert tasks[-100:, 0].mean() > 0.8


def test_a_student_that_forgets_everything_is_taken_back():
    teacher = build()
    play(teacher, 200, lambda tasks: np.ones(len(tasks)))
    assert teacher.metrics()["delta_reached"] == 1.0
    play(teacher, 600, lambda tasks: np.zeros(len(tasks)))
    assert teacher.metrics()["delta_reached"] == 0.0


def test_thousands_of_repetitions_of_one_task_are_survived():
    teacher = build()
    teacher.update(outcomes(np.tile([0.2, 0.8], (2000, 1)), np.ones(2000)))
    assert np.isfinite(teacher.density(SQUARE.grid(4))).all()


# --- The estimate -------------------------------------------------------------------------------------------------


def margin(teacher, points, data):
    return teacher._margin(np.asarray(points, float), np.asarray(data, float))


@pytest.mark.parametrize("epsilon", [0.08, 0.001])
def test_the_estimate_is_that_of_nadaraya_and_watson(epsilon):
    teacher = build(epsilon=epsilon)
    rng = np.random.default_rng(0)
    scale = 0.3 * epsilon * np.sqrt(2.0)
    data = np.column_stack([0.5 + 2.0 * scale * rng.standard_normal((40, 2)), rng.random(40)])
    points = 0.5 + 2.0 * scale * rng.standard_normal((30, 2))
    expected = np.full(30, -np.inf)
    for i, point in enumerate(points):
        distance = np.sqrt(((data[:, :2] - point) ** 2).sum(axis=1)) / scale
        weight = np.where(distance <= 3.0, np.exp(-0.5 * distance**2), 0.0)
        if weight.sum() > 0.0:
            expected[i] = (weight * (data[:, 2] - 0.5)).sum() / weight.sum()
    expected /= np.abs(data[:, 2] - 0.5).max()
    np.testing.assert_allclose(margin(teacher, points, data), expected, rtol=0, atol=1e-9)


def test_the_performance_far_from_all_data_is_unknown():
    assert margin(build(LINE), [[0.9]], [[0.1, 1.0]]) == [-np.inf]


@pytest.mark.parametrize("value", [180.0, 1.0 / 3.0, 1e-300, -7e49])
def test_returns_of_exactly_delta_reach_it(value):
    teacher = build(LINE, delta=value)
    assert (margin(teacher, [[0.1], [0.11]], [[0.1, value], [0.12, value]]) >= 0.0).all()


# --- One update ---------------------------------------------------------------------------------------------------


def test_an_update_comes_every_fit_rate_episodes():
    teacher, clouds = build(fit_rate=20), []
    for _ in range(60):
        play(teacher, 1, lambda tasks: tasks[:, 0], batch=1)
        clouds.append(teacher._particles.copy())
    changes = [i + 1 for i in range(1, 60) if (clouds[i] != clouds[i - 1]).any()]
    assert changes == [20, 40, 60]


def test_no_particle_moves_further_than_epsilon_once_it_is_learned():
    teacher = build(epsilon=0.05, expert=HARD)
    play(teacher, 200, lambda tasks: np.ones(len(tasks)))
    before = teacher._particles.copy()
    data = np.column_stack([before, np.ones(100)])
    after = teacher._move(before, np.ones(100, bool), data)
    assert np.sqrt(((after - before) ** 2).sum(axis=1)).max() <= 0.05 * np.sqrt(2.0) + 1e-12


def test_a_learned_particle_moves_to_where_it_is_learned_only():
    teacher = build(expert=HARD)
    particles = np.full((100, 2), 0.5)
    data = np.column_stack([np.random.default_rng(0).random((300, 2)), np.zeros(300)])
    data[:, 2] = data[:, 0] < 0.52
    moved = teacher._move(particles, np.ones(100, bool), data)
    assert (margin(teacher, moved, data) >= 0.0).all()
    assert (moved.sum(axis=1) > 1.0).all()


def test_particles_that_are_too_hard_are_exchanged_for_what_went_well():
    teacher = build(LINE, n_particles=4)
    teacher._buffer = np.array([[0.1, 1.0, 0.0], [0.3, 1.0, 1.0]])
    result = teacher._exchange(np.array([[0.2], [0.9], [0.8], [0.05]]), np.array([True, False, False, True]))
    assert result[[0, 3], 0].tolist() == [0.2, 0.05]
    assert sorted(result[[1, 2], 0]) == [0.1, 0.3]


def test_before_delta_is_reached_the_better_half_is_kept():
    teacher = build(LINE, n_particles=40, fit_rate=10, delta=100.0)
    teacher.update(outcomes(np.linspace(0.0, 1.0, 10)[:, None], np.arange(10.0)))
    assert sorted(teacher._buffer[:, 1]) == [5.0, 6.0, 7.0, 8.0, 9.0]
    assert teacher.metrics()["delta_reached"] == 0.0


def test_once_delta_is_reached_only_tasks_that_reach_it_are_kept():
    teacher = build(LINE, n_particles=20, fit_rate=10, delta=6.5)
    teacher.update(outcomes(np.linspace(0.0, 1.0, 10)[:, None], np.arange(10.0)))
    assert sorted(teacher._buffer[:, 1]) == [7.0, 8.0, 9.0]
    assert teacher.metrics()["delta_reached"] == 1.0


def test_a_full_buffer_keeps_what_lies_best_for_the_target():
    expert = {"target_mean": [0.9], "target_std": 0.02}
    teacher = build(LINE, n_particles=10, fit_rate=20, expert=expert)
    teacher.update(outcomes(np.linspace(0.0, 1.0, 20)[:, None], np.ones(20)))
    assert len(teacher._buffer) == 10
    assert teacher._buffer[:, 0].min() > 0.5


def test_a_success_by_chance_among_failures_is_forgotten():
    teacher = build(LINE, n_particles=20, fit_rate=20)
    tasks = np.concatenate([np.linspace(0.0, 0.2, 10), np.full(9, 0.9), [0.9]])[:, None]
    teacher.update(outcomes(tasks, [1.0] * 10 + [0.0] * 9 + [1.0]))
    assert teacher._buffer[:, 0].max() <= 0.2


def test_transport_brings_the_cloud_to_the_target_without_crossing():
    teacher = build(n_particles=60, expert=HARD)
    destinations = teacher._destinations(teacher._particles)
    nearest = np.sqrt(((destinations[:, None] - teacher._targets) ** 2).sum(axis=2)).min(axis=1)
    assert nearest.mean() < 0.02
    line = build(LINE, n_particles=60)
    order = np.argsort(line._particles[:, 0])
    np.testing.assert_allclose(line._destinations(line._particles)[order, 0], np.sort(line._targets[:, 0]), atol=1e-9)


@pytest.mark.parametrize("n_particles", [1, 5])
@pytest.mark.parametrize("space", [LINE, SQUARE])
def test_transport_leaves_the_cloud_where_it_is(space, n_particles):
    teacher = build(space, n_particles=n_particles)
    before = teacher._particles.copy()
    teacher._destinations(teacher._particles)
    assert (teacher._particles == before).all()


def test_a_learned_particle_goes_straight_ahead_where_everything_is_learned():
    teacher = build(expert=HARD)
    particles = np.full((100, 2), 0.5)
    tasks = np.random.default_rng(0).random((2000, 2))
    moved = teacher._move(particles, np.ones(100, bool), np.column_stack([tasks, np.ones(2000)]))
    length = np.sqrt(((moved - particles) ** 2).sum(axis=1))
    np.testing.assert_allclose(length, 0.08 * np.sqrt(2.0))
    np.testing.assert_allclose((moved - particles).min(axis=1), (moved - particles).max(axis=1), atol=0.04)


def test_a_batch_longer_than_the_memory_of_episodes_equals_single_episodes():
    tasks = np.random.default_rng(0).random((70, 1))
    whole, single = (build(LINE, n_particles=5, fit_rate=8) for _ in range(2))
    whole.update(outcomes(tasks, tasks[:, 0]))
    for task in tasks:
        single.update(outcomes([task], task))
    np.testing.assert_array_equal(whole._recent, single._recent)
    np.testing.assert_array_equal(whole._particles, single._particles)


def test_tasks_are_particles_with_a_thousandth_of_noise():
    space = TaskSpace(x=(0.0, 10.0))
    teacher = build(space)
    distance = np.abs(teacher.sample(200).values - 10.0 * teacher._particles.T).min(axis=1)
    assert 0.0 < distance.max() <= 0.01 + 1e-12


# --- Performance, hyperparameters, state --------------------------------------------------------------------------


def test_without_delta_success_is_what_counts():
    teacher = make_teacher("currot", LINE, seed=0)
    teacher.update(outcomes([[0.2]], [-50.0], success=[1.0]))
    assert teacher._recent[0, -1] == 1.0


def test_without_delta_unknown_success_is_refused_and_both_mends_are_named():
    teacher = make_teacher("currot", LINE, seed=0)
    with pytest.raises(ValueError, match=r"is_success.*delta="):
        teacher.update(outcomes([[0.2]], [1.0]))
    assert teacher.metrics()["outcomes"] == 0.0


def test_the_experts_good_return_is_delta_unless_another_is_given():
    assert make_teacher("currot", LINE, expert={"good_return": 180.0}).delta == 180.0
    assert make_teacher("currot", LINE, expert={"good_return": 90.0}, preset="teachmyagent").delta == 90.0
    assert make_teacher("currot", LINE, expert={"good_return": 180.0}, delta=3.0).delta == 3.0


def test_a_preset_fills_in_what_is_not_given():
    teacher = make_teacher("currot", LINE, preset="teachmyagent", fit_rate=20)
    assert (teacher.delta, teacher.n_particles, teacher.fit_rate) == (180.0, 500, 20)


def test_the_distance_of_the_paper_preset_is_that_of_its_point_mass():
    diagonal = np.hypot(8.0, 7.5)
    assert abs(make_teacher("currot", LINE, preset="paper").epsilon - np.sqrt(0.5) / diagonal) < 0.001


def test_the_distance_of_the_teachmyagent_preset_is_that_of_its_stump_tracks():
    diagonal = np.hypot(3.0, 6.0)
    epsilon = make_teacher("currot", LINE, preset="teachmyagent").epsilon
    assert epsilon == pytest.approx(np.sqrt(0.05 * diagonal) / diagonal, abs=5e-4)


def test_the_cloud_begins_at_the_experts_initial_distribution():
    teacher = build(expert={"initial_mean": [0.2, 0.9], "initial_std": 0.01})
    np.testing.assert_allclose(teacher.sample(50).values, np.tile([0.2, 0.9], (50, 1)), atol=0.06)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"preset": "teachmyagents"}, "Did you mean 'teachmyagent'"),
        ({"n_particles": 0}, "n_particles must be at least 1"),
        ({"fit_rate": 0}, "fit_rate must be at least 1"),
        ({"epsilon": 0.0}, "epsilon must be finite and positive"),
        ({"delta": np.nan}, "delta must be finite"),
        ({"expert": {"target_mean": [9.0, 0.0]}}, "outside"),
    ],
)
def test_impossible_hyperparameters_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        build(**arguments)


def test_a_state_with_other_hyperparameters_is_refused():
    with pytest.raises(ValueError, match="epsilon"):
        build(epsilon=0.1).load_state_dict(build().state_dict())


def test_a_single_particle_is_enough():
    teacher = build(n_particles=1)
    tasks = play(teacher, 200, lambda tasks: np.ones(len(tasks)))
    assert SQUARE.contains(tasks).all()
