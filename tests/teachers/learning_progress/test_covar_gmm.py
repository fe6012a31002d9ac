"""Covar-GMM: the properties any correct implementation has, and the authors' literal behaviour.

What it shares with ALP-GMM is tested in test_gmm_teacher.py.
"""

from dataclasses import replace

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.state import load_state, save_state
from tutelage.teachers.kernels.mixture import Mixture
from tutelage.teachers.learning_progress import covar_gmm as module

from .toy_grid import ToyGrid

SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
STUMPS = TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))
BOTH = pytest.mark.parametrize("compat", [None, "portelas2019"])


def outcomes(tasks, returns, ids=None):
    tasks = np.asarray(tasks, float)
    ids = np.full(len(tasks), -1) if ids is None else ids
    return Outcomes(tasks=tasks, ids=ids, returns=returns, lengths=np.ones(len(tasks), int))


def covar(space=SQUARE, seed=0, **hyperparameters):
    return make_teacher("covar-gmm", space, seed=seed, **{"fit_rate": 100, **hyperparameters})


def play(teacher, episodes, student, batch=10):
    """Let a student (a function of tasks) play; returns the tasks."""
    handed_out = []
    for _ in range(episodes // batch):
        tasks = teacher.sample(batch)
        handed_out.append(tasks.values)
        teacher.update(outcomes(tasks.values, student(tasks.values), tasks.ids))
    return np.concatenate(handed_out)


def changing_on_the_right(change):
    """A student whose return changes with every episode where x > 0.7 and is noise elsewhere."""
    played, rng = [0], np.random.default_rng(0)

    def returns(tasks):
        played[0] += len(tasks)
        return np.where(tasks[:, 0] > 0.7, change * played[0] / 1000.0, 0.1 * rng.random(len(tasks)))

    return returns


@pytest.fixture
def fits(monkeypatch):
    """Records (points, ks, mixtures) of each fit."""
    seen = []
    original = module.fit_mixtures

    def recording(points, ks, **kwargs):
        result = original(points, ks, **kwargs)
        seen.append((np.array(points), tuple(ks), result))
        return result

    monkeypatch.setattr(module, "fit_mixtures", recording)
    return seen


# --- What a fit sees -------------------------------------------------------------------------------------------------


def test_a_fit_sees_task_time_and_return_of_the_last_episodes(fits):
    teacher = covar(STUMPS, fit_rate=50, return_bounds=(0.0, 1.0))
    rng = np.random.default_rng(0)
    tasks, returns = STUMPS.sample(110, rng), rng.random(110)
    for part in (slice(0, 30), slice(30, 31), slice(31, 110)):
        teacher.update(outcomes(tasks[part], returns[part]))
    points = fits[-1][0]
    np.testing.assert_allclose(points[:, :2], STUMPS.to_unit(tasks[50:100]))
    np.testing.assert_allclose(points[:, 2], np.arange(50) / 50)
    np.testing.assert_allclose(points[:, 3], returns[50:100])


def test_returns_are_divided_by_their_range_so_far(fits):
    teacher = covar(fit_rate=50)
    tasks, returns = SQUARE.sample(100, np.random.default_rng(0)), np.linspace(-100.0, 300.0, 100)
    teacher.update(outcomes(tasks[:50], returns[:50]))
    teacher.update(outcomes(tasks[50:], returns[50:]))
    np.testing.assert_allclose(fits[-1][0][:, -1], returns[50:] / 400.0)


def test_in_compat_tasks_and_returns_are_raw(fits):
    teacher = covar(STUMPS, fit_rate=50, compat="portelas2019")
    tasks, returns = STUMPS.sample(50, np.random.default_rng(0)), np.linspace(-100.0, 300.0, 50)
    teacher.update(outcomes(tasks, returns))
    np.testing.assert_allclose(fits[-1][0], np.column_stack([tasks, np.arange(50) / 50, returns]))


@BOTH
def test_returns_can_be_mapped_to_one_by_known_bounds(fits, compat):
    teacher = covar(fit_rate=50, compat=compat, return_bounds=(-150.0, 350.0))
    teacher.update(outcomes(SQUARE.sample(50, np.random.default_rng(0)), np.linspace(-400.0, 600.0, 50)))
    np.testing.assert_allclose(fits[-1][0][:, -1], np.clip(np.linspace(-0.5, 1.5, 50), 0.0, 1.0))


def test_the_chosen_mixture_has_the_lowest_aic(fits):
    teacher = covar()
    play(teacher, 100, changing_on_the_right(1.0))
    _points, ks, fitted = fits[-1]
    parameters = [k * (4 * 5 / 2 + 4 + 1) - 1 for k in ks]  # D = d + 2 = 4
    scores = [2 * p - 2 * mixture.log_likelihood for p, mixture in zip(parameters, fitted, strict=True)]
    assert teacher.metrics()["k"] == ks[int(np.argmin(scores))]


# --- Progress of a component (C1, C2) --------------------------------------------------------------------------------


def with_covariances(values, **hyperparameters):
    """A teacher whose components have these covariances of time and return."""
    teacher = covar(**hyperparameters)
    k = len(values)
    covariances = np.tile(np.diag([0.01, 0.01, 0.08, 1.0]), (k, 1, 1))
    covariances[:, -2, -1] = covariances[:, -1, -2] = values
    teacher._mixture = Mixture(np.full(k, 1.0 / k), np.full((k, 4), 0.5), covariances, 0.0)
    teacher._count = teacher.fit_rate
    teacher._prepare_sampling()
    return teacher


@BOTH
def test_components_are_drawn_in_proportion_to_their_positive_covariance(compat):
    teacher = with_covariances([0.1, -0.2, 0.05, 0.0], compat=compat)
    np.testing.assert_allclose(teacher._probabilities, [2 / 3, 0.0, 1 / 3, 0.0])
    assert teacher.metrics()["growing"] == 2.0
    assert teacher.metrics()["max_component_growth"] == pytest.approx(1.2)


@BOTH
def test_without_a_positive_covariance_all_components_have_the_same_chance(compat):
    np.testing.assert_array_equal(with_covariances([-0.1, -0.2], compat=compat)._probabilities, [0.5, 0.5])


def test_absolute_covariances_count_on_request():
    teacher = with_covariances([0.1, -0.2, 0.05, 0.0], absolute_lp=True)
    np.testing.assert_allclose(teacher._probabilities, np.array([0.1, 0.2, 0.05, 0.0]) / 0.35)


def test_absolute_progress_is_the_same_when_time_runs_backwards():
    rng = np.random.default_rng(0)
    tasks, returns = np.tile([[0.4, 0.6]], (100, 1)), rng.random(100) + np.linspace(0.0, 1.0, 100)
    progress = {}
    for absolute in (True, False):
        for step in (1, -1):
            teacher = covar(ks=[1], absolute_lp=absolute)
            teacher.update(outcomes(tasks, returns[::step]))
            progress[absolute, step] = teacher._progress(teacher.mixture)[0]
    assert progress[True, 1] == pytest.approx(progress[True, -1], rel=1e-6)
    assert progress[False, 1] == progress[True, 1] > 0.0
    assert progress[False, -1] == 0.0


def test_linear_growth_of_the_return_is_its_metric():
    teacher = covar(ks=[1], return_bounds=None)
    teacher.update(outcomes(SQUARE.sample(100, np.random.default_rng(0)), np.linspace(50.0, 90.0, 100)))
    assert teacher.metrics()["max_component_growth"] == pytest.approx(40.0, rel=0.02)
    assert teacher.metrics()["mean_return"] == pytest.approx(70.0)


@pytest.mark.parametrize("value", [0.3, 1e9, -1e50, 1e-300])
def test_constant_returns_give_components_equal_chances(value):
    teacher = covar()
    play(teacher, 100, lambda tasks: np.full(len(tasks), value))
    assert len(set(teacher._probabilities)) == 1


# --- Does it adapt? --------------------------------------------------------------------------------------------------


@BOTH
def test_it_finds_where_returns_grow(compat):
    shares, densities = [], []
    for seed in range(5):
        teacher = covar(seed=seed, compat=compat)
        tasks = play(teacher, 1_000, changing_on_the_right(1.0))
        shares.append((tasks[500:, 0] > 0.7).mean())
        densities.append(teacher.density(SQUARE.grid(21))[SQUARE.grid(21)[:, 0] > 0.7].mean())
    assert np.mean(shares) > 0.55  # uniform: 0.3
    assert np.mean(densities) > 1.5  # uniform: 1


def test_it_practises_what_is_forgotten_only_with_absolute_progress():
    shares = {}
    for absolute in (False, True):
        tasks = [
            play(covar(seed=seed, absolute_lp=absolute), 1_000, changing_on_the_right(-1.0))[500:] for seed in range(4)
        ]
        shares[absolute] = (np.concatenate(tasks)[:, 0] > 0.7).mean()
    assert shares[False] < 0.3 < 0.5 < shares[True]  # uniform: 0.3


def test_it_aims_at_what_the_student_is_about_to_learn():
    at_frontier, mastered = [], []
    for seed in range(4):
        teacher, student = make_teacher("covar-gmm", SQUARE, seed=seed), ToyGrid()
        student.train(teacher, 6_000)
        at_frontier.append(student.density_at_the_frontier(teacher))
        mastered.append(student.mastered)
    assert np.mean(at_frontier) > 1.4  # uniform: 1
    assert min(mastered) > 0.07  # under random tasks: 0.01


def test_the_curriculum_does_not_depend_on_the_unit_of_the_return():
    tasks = SQUARE.sample(300, np.random.default_rng(1))
    returns = np.sin(9 * tasks[:, 0]) * np.arange(300)
    drawn = []
    for scaled in (returns, 400.0 * returns - 100.0):
        teacher = covar()
        teacher.update(outcomes(tasks, scaled))
        drawn.append(teacher.sample(50).values)
    np.testing.assert_allclose(drawn[0], drawn[1], atol=1e-6)


def test_integers_and_categories_are_whole_and_adapt():
    space = TaskSpace(rooms=range(2, 12), terrain=["grass", "ice", "sand", "rock"])
    played = [0]

    def student(tasks):
        played[0] += 1
        return np.where(tasks[:, 0] > 8, 0.01 * played[0], 0.0)

    values = play(covar(space), 1_000, student)
    assert (values == np.rint(values)).all()
    assert (values[500:, 0] > 8).mean() > 0.45  # uniform: 0.3


# --- State, presets, refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hyperparameters", [{}, {"warm_start": True}, {"compat": "portelas2019"}], ids=str)
def test_a_state_restored_from_disk_continues_identically(hyperparameters, tmp_path):
    teacher, other = covar(**hyperparameters), covar(seed=9, **hyperparameters)
    play(teacher, 330, changing_on_the_right(1.0))
    save_state(tmp_path / "state.npz", teacher.state_dict())
    other.load_state_dict(load_state(tmp_path / "state.npz"))
    first, second = (play(each, 300, lambda t: t[:, 0] * t[:, 1]) for each in (teacher, other))
    np.testing.assert_array_equal(first, second)


def test_the_state_of_another_kind_of_progress_is_refused():
    with pytest.raises(ValueError, match="absolute_lp=False"):
        covar(absolute_lp=True).load_state_dict(covar().state_dict())


def test_a_mixture_of_another_dimension_is_refused():
    teacher = covar()
    play(teacher, 100, changing_on_the_right(1.0))
    state = teacher.state_dict()
    smaller = replace(
        teacher.mixture, means=np.zeros((2, 3)), weights=np.ones(2), covariances=np.tile(np.eye(3), (2, 1, 1))
    )
    plain = {name: getattr(smaller, name) for name in ("weights", "means", "covariances")}
    state["algorithm"]["mixture"] = {**state["algorithm"]["mixture"], **plain}
    with pytest.raises(ValueError, match="dimension 3, expected 4"):
        teacher.load_state_dict(state)


def test_presets_are_those_of_the_papers():
    paper, benchmark = (make_teacher("covar-gmm", SQUARE, preset=name) for name in ("paper", "teachmyagent"))
    assert (paper.fit_rate, paper.random_task_ratio, paper.ks) == (250, 0.2, tuple(range(2, 11)))
    assert (benchmark.fit_rate, benchmark.random_task_ratio, benchmark.ks) == (150, 0.1, tuple(range(2, 15)))
