"""ALP-GMM: the properties any correct implementation has, and the authors' literal behaviour."""

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.teachers.learning_progress import alp_gmm as module

SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
STUMPS = TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))


def outcomes(tasks, returns, ids=None):
    tasks = np.asarray(tasks, float)
    ids = np.full(len(tasks), -1) if ids is None else ids
    return Outcomes(tasks=tasks, ids=ids, returns=returns, lengths=np.ones(len(tasks), int))


def alp_of(teacher, tasks, returns):
    """The learning progress of each episode, as the teacher's window holds it."""
    teacher.update(outcomes(tasks, returns))
    return teacher._window[: len(tasks), -1]


def play(teacher, episodes, student, batch=1):
    """Let a student (a function of tasks) play; returns the tasks."""
    handed_out = []
    for _ in range(episodes // batch):
        tasks = teacher.sample(batch)
        handed_out.append(tasks.values)
        teacher.update(outcomes(tasks.values, student(tasks.values), tasks.ids))
    return np.concatenate(handed_out)


def progress_on_the_right():
    """A student whose return keeps changing where x > 0.7 and is constant elsewhere."""
    rng = np.random.default_rng(0)
    return lambda tasks: np.where(tasks[:, 0] > 0.7, rng.random(len(tasks)), 0.0)


@pytest.fixture
def fits(monkeypatch):
    """Records (points, ks, chosen) of each fit."""
    seen = []
    original = module.fit_mixtures

    def recording(points, ks, **kwargs):
        result = original(points, ks, **kwargs)
        seen.append((np.array(points), tuple(ks), result))
        return result

    monkeypatch.setattr(module, "fit_mixtures", recording)
    return seen


# --- Learning progress (facts: traces T1, T2, T3) -----------------------------------------------------------------


def test_progress_is_the_difference_to_the_nearest_earlier_task():
    teacher = make_teacher("alp-gmm", TaskSpace(x=(0.0, 1.0)), seed=0)
    tasks = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.12, 0.59, 0.12, 0.31, 0.45]
    returns = [0, 0, 0, 0, 0, 0, 0.5, 0.25, 0.75, 1, 0.1]
    progress = alp_of(teacher, np.array(tasks)[:, None], returns)
    np.testing.assert_allclose(progress, [0, 0, 0, 0, 0, 0, 0.5, 0.25, 0.25, 1, 0.1], atol=1e-12)


@pytest.mark.parametrize(
    ("compat", "expected"),
    [(None, [0.1, 0.1, 0.2, 0.4, 0.2, 1.0]), ("portelas2019", [0.1, 0.1, 0.3, 0.7, 0.9, 0.1])],
)
def test_duplicates_are_compared_with_the_newest_or_in_compat_with_the_oldest(compat, expected):
    teacher = make_teacher("alp-gmm", TaskSpace(x=(0.0, 1.0)), seed=0, compat=compat)
    tasks = [[0.1 * i] for i in range(6)] + [[0.9]] * 6
    progress = alp_of(teacher, tasks, [0] * 6 + [0.1, 0.2, 0.4, 0.8, 1.0, 0.0])
    np.testing.assert_allclose(progress[6:], expected, atol=1e-12)


@pytest.mark.parametrize(("compat", "expected"), [("portelas2019", [1.0, 0.5]), (None, [0.5, 0.5])])
def test_distances_are_in_the_unit_cube_or_in_compat_in_raw_units(compat, expected):
    space = TaskSpace(x=(0.0, 1.0), y=(0.0, 60.0))
    teacher = make_teacher("alp-gmm", space, seed=0, compat=compat)
    tasks = [[0.1 * i, 0.0] for i in range(6)] + [[0.0, 5.0], [0.5, 4.9], [0.5, 2.4]]
    returns = [0.1 * i for i in range(6)] + [1.0, 0.0, 0.0]
    progress = alp_of(teacher, tasks, returns)
    # In the unit cube y hardly counts: (0.5, 0) with return 0.5 is nearest to both.
    np.testing.assert_allclose(progress[7:], expected, atol=1e-12)


@pytest.mark.parametrize("compat", [None, "portelas2019"])
def test_the_order_of_the_dimensions_does_not_matter_for_progress(compat):
    """Facts: property P3."""
    rng = np.random.default_rng(0)
    tasks, returns = rng.random((300, 4)), rng.random(300)
    tasks[200:] = tasks[:100]  # and neither for ties
    order = [2, 0, 3, 1]
    ranges = {"a": (0.0, 1.0), "b": (0.0, 2.0), "c": (-1.0, 1.0), "d": (0.0, 1.0)}
    shuffled = TaskSpace({list(ranges)[i]: list(ranges.values())[i] for i in order})
    first, second = (
        alp_of(make_teacher("alp-gmm", space, seed=0, fit_rate=300, compat=compat), rows, returns)
        for space, rows in ((TaskSpace(ranges), tasks), (shuffled, tasks[:, order]))
    )
    np.testing.assert_array_equal(first, second)
    assert first[6:].min() >= 0.0
    assert first.max() > 0.5


def test_the_first_six_episodes_have_no_progress():
    teacher = make_teacher("alp-gmm", SQUARE, seed=0)
    assert (alp_of(teacher, SQUARE.sample(6, np.random.default_rng(0)), np.arange(6.0)) == 0).all()


def test_return_bounds_clip_and_scale_returns():
    teacher = make_teacher("alp-gmm", TaskSpace(x=(0.0, 1.0)), seed=0, return_bounds=(-150, 350))
    progress = alp_of(teacher, [[0.1 * i] for i in range(6)] + [[0.5], [0.0]], [-150] * 6 + [600, 100])
    np.testing.assert_allclose(progress[6:], [1.0, 0.5])


# --- When and on what it fits -------------------------------------------------------------------------------------


def test_the_first_fit_is_at_episode_fit_rate_and_then_at_each_multiple(fits):
    teacher = make_teacher("alp-gmm", SQUARE, seed=0, fit_rate=50)
    student, counts = progress_on_the_right(), []
    for _ in range(160):
        play(teacher, 1, student)
        counts.append(len(fits))
    assert [counts.index(n) + 1 for n in (1, 2, 3)] == [50, 100, 150]


def test_a_fit_sees_the_last_fit_rate_episodes_only(fits):
    teacher = make_teacher("alp-gmm", SQUARE, seed=0, fit_rate=40)
    tasks = play(teacher, 80, progress_on_the_right())
    np.testing.assert_allclose(fits[-1][0][:, :2], tasks[40:], atol=1e-12)


def test_the_chosen_mixture_has_the_lowest_criterion(fits):
    for criterion in ("aic", "bic", "aicc"):
        teacher = make_teacher("alp-gmm", SQUARE, seed=0, fit_rate=101, criterion=criterion)
        play(teacher, 101, progress_on_the_right(), batch=1)
        _points, ks, fitted = fits[-1]
        scores = []
        for k, mixture in zip(ks, fitted, strict=True):
            p = k * ((9 - 3) / 2 + 2 * 3 + 1) - 1  # D = d + 1 = 3
            aic = 2 * p - 2 * mixture.log_likelihood
            spare = 101 - p - 1
            aicc = 2 * p * (p + 1) / spare if spare > 0 else np.inf
            scores.append(aic + {"aic": 0.0, "bic": p * np.log(101) - 2 * p, "aicc": aicc}[criterion])
        assert teacher.metrics()["k"] == ks[int(np.argmin(scores))]


@pytest.mark.parametrize("compat", [None, "portelas2019"])
def test_constant_returns_are_no_progress_anywhere_and_give_components_equal_chances(compat, fits):
    """Facts: trace T6."""
    teacher = make_teacher("alp-gmm", SQUARE, seed=0, fit_rate=50, compat=compat)
    for episodes in (50, 100):
        play(teacher, 50, lambda tasks: np.full(len(tasks), 0.3), batch=10)
        assert len(fits) == episodes // 50
        assert (teacher._window[:, -1] == 0.0).all()
        assert all((mixture.means[:, -1] == 0.0).all() for mixture in fits[-1][2])
        assert (teacher.mixture.means[:, -1] == 0.0).all()
        assert (teacher._probabilities == 1.0 / teacher.mixture.n_components).all()
        assert (teacher.metrics()["mean_alp"], teacher.metrics()["max_component_alp"]) == (0.0, 0.0)
    teacher = make_teacher("alp-gmm", SQUARE, seed=0, fit_rate=50, compat=compat, random_task_ratio=0.0, ks=[4])
    play(teacher, 50, lambda tasks: np.full(len(tasks), 0.3), batch=10)
    teacher._means = np.array([[0.2, 0.2], [0.2, 0.8], [0.8, 0.2], [0.8, 0.8]])  # so that a task tells its component
    teacher._factors = np.tile(1e-3 * np.eye(2), (4, 1, 1))
    drawn = np.rint(teacher.sample(8000).values) @ [2, 1]
    np.testing.assert_allclose(np.bincount(drawn.astype(int)) / 8000, 0.25, atol=0.02)


def test_components_are_drawn_in_proportion_to_their_mean_progress_not_their_weight():
    teacher = make_teacher("alp-gmm", SQUARE, seed=0, fit_rate=100)
    play(teacher, 100, progress_on_the_right(), batch=20)
    means = teacher.mixture.means[:, -1]
    np.testing.assert_allclose(teacher._probabilities, means / means.sum())


def test_the_density_is_that_of_the_samples():
    teacher = make_teacher("alp-gmm", STUMPS, seed=0, fit_rate=100, random_task_ratio=0.0)
    play(teacher, 100, lambda t: (t[:, 0] > 2) * np.random.default_rng(0).random(len(t)), batch=20)
    drawn = STUMPS.to_unit(teacher.sample(20_000).values)
    inside = ((drawn > 0.0) & (drawn < 1.0)).all(axis=1)  # clipped samples lie on the faces
    counts, _edges = np.histogramdd(drawn[inside], bins=5, range=[(0, 1), (0, 1)])[:2]
    fine = (np.arange(100) + 0.5) / 100
    grid = np.stack(np.meshgrid(fine, fine, indexing="ij"), -1).reshape(-1, 2)
    expected = teacher.density(STUMPS.from_unit(grid)).reshape(5, 20, 5, 20).mean(axis=(1, 3)) / 25
    np.testing.assert_allclose(counts / 20_000, expected, atol=0.012)


def test_a_share_of_tasks_is_uniform():
    teacher = make_teacher("alp-gmm", SQUARE, seed=0, fit_rate=50, random_task_ratio=0.3)
    play(teacher, 50, progress_on_the_right(), batch=10)
    teacher._means[:] = -9.0  # every task of the mixture is clipped to the corner
    values = teacher.sample(10_000).values
    assert 0.28 < (values > 0.0).any(axis=1).mean() < 0.32


def test_ratio_zero_leaves_nothing_to_chance_and_one_leaves_everything():
    for ratio, share in ((0.0, 0.0), (1.0, 1.0)):
        teacher = make_teacher("alp-gmm", SQUARE, seed=0, fit_rate=50, random_task_ratio=ratio)
        play(teacher, 50, progress_on_the_right(), batch=10)
        teacher._means[:] = -9.0
        assert (teacher.sample(200).values > 0.0).any(axis=1).mean() == share


def test_it_finds_where_progress_is_made():
    shares = []
    for seed in range(5):
        teacher = make_teacher("alp-gmm", SQUARE, seed=seed, fit_rate=100)
        tasks = play(teacher, 1_000, progress_on_the_right(), batch=10)
        shares.append((tasks[500:, 0] > 0.7).mean())
    assert np.mean(shares) > 0.55  # uniform: 0.3


def test_fits_of_batches_equal_those_of_single_outcomes():
    student = lambda t: np.sin(9 * t[:, 0]) * t[:, 1]  # noqa: E731
    tasks = SQUARE.sample(1_030, np.random.default_rng(1))
    whole, single = (make_teacher("alp-gmm", SQUARE, seed=3, fit_rate=100) for _ in range(2))
    whole.update(outcomes(tasks, student(tasks)))
    for row in tasks:
        single.update(outcomes(row[None], student(row[None])))
    np.testing.assert_array_equal(whole.mixture.means, single.mixture.means)


def test_skipped_fits_in_a_batch_are_made_when_each_starts_from_the_last(fits):
    teacher = make_teacher("alp-gmm", SQUARE, seed=0, fit_rate=100, warm_start=True)
    tasks = SQUARE.sample(500, np.random.default_rng(1))
    teacher.update(outcomes(tasks, tasks[:, 0]))
    assert len(fits) == 5


def test_the_curriculum_does_not_depend_on_the_unit_of_the_return():
    tasks = SQUARE.sample(300, np.random.default_rng(1))
    returns = np.sin(9 * tasks[:, 0]) * tasks[:, 1]
    drawn = []
    for scaled in (returns, 400.0 * returns - 100.0):
        teacher = make_teacher("alp-gmm", SQUARE, seed=3, fit_rate=100)
        teacher.update(outcomes(tasks, scaled))
        drawn.append(teacher.sample(50).values)
    np.testing.assert_allclose(drawn[0], drawn[1], atol=1e-6)


# --- Bootstrap, history, kinds of dimensions ----------------------------------------------------------------------


def test_the_bootstrap_can_be_a_gaussian():
    teacher = make_teacher("alp-gmm", STUMPS, seed=0, bootstrap_mean=[0.5, 5.0], bootstrap_std=[0.01, 0.1])
    values = teacher.sample(200).values
    np.testing.assert_allclose(values.mean(axis=0), [0.5, 5.0], atol=0.05)
    assert (values.std(axis=0) < [0.02, 0.2]).all()


def test_the_bootstrap_ends_when_its_episodes_have_come_back():
    teacher = make_teacher("alp-gmm", SQUARE, seed=0, fit_rate=50, n_bootstrap=120)
    play(teacher, 149, progress_on_the_right())
    assert teacher.mixture is None  # the first multiple of 50 at or after 120 is 150
    play(teacher, 1, progress_on_the_right())
    assert teacher.mixture is not None


def test_the_history_is_capped_exactly():
    teacher = make_teacher("alp-gmm", SQUARE, seed=0, max_history=10)
    sizes = []
    for _ in range(25):
        play(teacher, 1, progress_on_the_right())
        sizes.append(teacher.metrics()["history"])
    assert sizes[:10] == list(range(1, 11))
    assert set(sizes[10:]) == {10}


def test_in_compat_the_history_is_cut_only_when_its_buffer_is_full(monkeypatch):
    monkeypatch.setattr(module, "_COMPATIBLE_BUFFER", 5)
    teacher = make_teacher("alp-gmm", SQUARE, seed=0, max_history=10, compat="portelas2019")
    sizes = []
    for _ in range(31):
        play(teacher, 1, progress_on_the_right())
        sizes.append(teacher.metrics()["history"])
    assert sizes[20:31] == [11, 12, 13, 14, 15, 11, 12, 13, 14, 15, 11]


def test_in_compat_aicc_counts_as_the_authors_did(fits):
    space = TaskSpace({f"x{i}": (0.0, 1.0) for i in range(12)})
    teacher = make_teacher("alp-gmm", space, seed=0, criterion="aicc", compat="portelas2019", ks=[2, 3, 10])
    rng = np.random.default_rng(0)
    teacher.update(outcomes(rng.random((250, 12)), rng.random(250)))
    assert teacher.metrics()["k"] == 3  # its correction is −6457 there, see facts


def test_a_fixed_dimension_is_left_out_of_the_mixture():
    space = TaskSpace(x=(0.0, 1.0), width=(0.25, 0.25), k=range(3, 4))
    teacher = make_teacher("alp-gmm", space, seed=0, fit_rate=50)
    values = play(teacher, 100, progress_on_the_right(), batch=10)
    assert teacher.mixture.means.shape[1] == 2
    assert (values[:, 1:] == [0.25, 3.0]).all()


def test_a_space_of_a_single_task_is_no_problem():
    teacher = make_teacher("alp-gmm", TaskSpace(x=(2.0, 2.0)), seed=0, fit_rate=20)
    assert (play(teacher, 60, lambda t: np.arange(len(t)), batch=10) == 2.0).all()


def test_integers_and_categories_are_whole_and_adapt():
    space = TaskSpace(rooms=range(2, 12), terrain=["grass", "ice", "sand", "rock"])
    teacher = make_teacher("alp-gmm", space, seed=0, fit_rate=100)
    rng = np.random.default_rng(0)
    values = play(teacher, 1_000, lambda t: np.where(t[:, 0] > 8, rng.random(len(t)), 0.0), batch=10)
    assert (values == np.rint(values)).all()
    assert (values[500:, 0] > 8).mean() > 0.45  # uniform: 0.3


@pytest.mark.parametrize("backend", ["torch", "sklearn"])
def test_other_backends_find_where_progress_is_made(backend):
    teacher = make_teacher("alp-gmm", SQUARE, seed=0, fit_rate=100, backend=backend, ks=[2, 3, 4])
    tasks = play(teacher, 500, progress_on_the_right(), batch=10)
    assert (tasks[250:, 0] > 0.7).mean() > 0.45


def test_torch_hands_out_the_tasks_of_numba():
    drawn = []
    for backend in ("numba", "torch"):
        teacher = make_teacher("alp-gmm", SQUARE, seed=0, fit_rate=100, backend=backend, ks=[2, 3, 4])
        drawn.append(play(teacher, 300, progress_on_the_right(), batch=10))
    np.testing.assert_allclose(drawn[0], drawn[1], atol=1e-6)


# --- Refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"fit_rate": 5}, "fit_rate must be at least the largest k"),
        ({"random_task_ratio": 1.5}, "between 0 and 1"),
        ({"criterion": "aik"}, "Did you mean 'aic'"),
        ({"ks": []}, "at least 1"),
        ({"backend": "numb"}, "Did you mean 'numba'"),
        ({"device": "cuda"}, "use backend='torch'"),
        ({"return_bounds": (3, 3)}, "low < high"),
        ({"compat": "portelas"}, "portelas2019"),
        ({"max_history": 3}, "at least 6"),
        ({"bootstrap_mean": [9.0, 9.0]}, "outside"),
        ({"bootstrap_std": 1.0}, "needs a bootstrap_mean"),
        ({"n_em_init": 0}, "n_em_init"),
    ],
)
def test_impossible_hyperparameters_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_teacher("alp-gmm", SQUARE, seed=0, **arguments)


def test_a_state_with_other_hyperparameters_is_refused():
    state = make_teacher("alp-gmm", SQUARE, seed=0, fit_rate=50).state_dict()
    with pytest.raises(ValueError, match="fit_rate=50"):
        make_teacher("alp-gmm", SQUARE, seed=0, fit_rate=60).load_state_dict(state)


@pytest.mark.parametrize("seed", range(4))
def test_a_state_with_the_largest_progress_there_is_is_taken_over(seed):
    space = TaskSpace(x=(0.0, 1.0))
    teacher = make_teacher("alp-gmm", space, seed=seed, fit_rate=20, ks=[2, 3])
    for _ in range(40):
        tasks = teacher.sample(2)
        returns = np.where(tasks.values[:, 0] > 0.5, 1e300, -1e300)
        returns[1] *= -1.0
        teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=[1, 1]))
    make_teacher("alp-gmm", space, seed=0, fit_rate=20, ks=[2, 3]).load_state_dict(teacher.state_dict())
