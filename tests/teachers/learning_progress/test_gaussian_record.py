"""What ALP-GMM and Covar-GMM record for a classroom."""

import copy

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.state import load_state, save_state
from tutelage.teachers.learning_progress.gaussian_record import GaussianRecord
from tutelage.teachers.learning_progress.gaussians import to_task_units, to_unit_cube
from tutelage.teachers.meta import GaussianHistory

SPACE = TaskSpace(x=(10.0, 14.0), fixed=(3.0, 3.0), k=range(5))

both = pytest.mark.parametrize("name", ["alp-gmm", "covar-gmm"])


def recorded(name="alp-gmm", **arguments):
    teacher = make_teacher(name, SPACE, seed=0, **{"fit_rate": 40, "ks": [2, 3], **arguments})
    teacher.record_history()
    return teacher


def outcomes_of(tasks, factor=1.0):
    returns = factor * (tasks.values[:, 0] > 12.0) * np.cos(tasks.ids)
    return Outcomes(tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=np.ones(len(tasks), int))


def play(teacher, episodes, batch=4, factor=1.0):
    played = []
    for _ in range(episodes // batch):
        tasks = teacher.sample(batch)
        played.append(tasks.values)
        teacher.update(outcomes_of(tasks, factor))
    return np.concatenate(played)


@both
def test_recording_does_not_change_the_tasks(name):
    silent = make_teacher(name, SPACE, seed=0, fit_rate=40, ks=[2, 3])
    np.testing.assert_array_equal(play(recorded(name), 200), play(silent, 200))


@both
def test_each_refit_is_recorded_with_its_gaussians(name):
    teacher, sizes = recorded(name), []
    for _ in range(3):
        play(teacher, 40)
        sizes.append(teacher.mixture.n_components)
    assert teacher.record.refit_episodes.tolist() == [40, 80, 120]
    assert teacher.record.refits.tolist() == np.repeat([0, 1, 2], sizes).tolist()


def test_the_gaussians_are_those_of_the_mixture_in_task_units():
    teacher = recorded()
    play(teacher, 80)
    record, k = teacher.record, teacher.mixture.n_components
    unit = teacher.mixture.means[:, :2]
    np.testing.assert_allclose(
        record.means[-k:], np.column_stack([10 + 4 * unit[:, 0], np.full(k, 3), 5 * unit[:, 1] - 0.5])
    )
    np.testing.assert_allclose(record.alps[-k:], teacher.mixture.means[:, -1])
    np.testing.assert_allclose(record.covariances[-k:, 0, 2], 20.0 * teacher.mixture.covariances[:, 0, 1])
    assert (record.covariances[:, 1] == 0.0).all()


def test_each_episode_has_the_gaussian_its_task_was_drawn_from():
    teacher = recorded(random_task_ratio=0.0)
    tasks = play(teacher, 200)
    record = teacher.record
    assert (record.origins[:40] == -1).all()
    refit = record.refits[record.origins[40:]]
    np.testing.assert_array_equal(refit, np.repeat([0, 1, 2, 3], 40))
    spread = np.sqrt(record.covariances[record.origins[40:], 0, 0])
    assert (np.abs(tasks[40:, 0] - record.means[record.origins[40:], 0]) < 5.0 * spread).all()


def test_random_tasks_have_no_gaussian():
    teacher = recorded(random_task_ratio=0.3)
    play(teacher, 2040)
    assert 0.25 < (teacher.record.origins[40:] == -1).mean() < 0.35


def test_returns_are_recorded_in_the_order_of_the_outcomes():
    teacher = recorded()
    tasks = [teacher.sample(1) for _ in range(3)]
    for i in (2, 0, 1):
        teacher.update(Outcomes(tasks=tasks[i].values, ids=tasks[i].ids, returns=[float(i)], lengths=[1]))
    assert teacher.record.returns.tolist() == [2.0, 0.0, 1.0]


def test_an_outcome_that_comes_after_a_refit_keeps_its_gaussian():
    teacher = recorded(random_task_ratio=0.0)
    play(teacher, 40)
    late, n_first = teacher.sample(3), teacher.mixture.n_components
    play(teacher, 40)
    teacher.update(outcomes_of(late))
    assert (teacher.record.origins[-3:] < n_first).all()
    assert (teacher.record.origins[-3:] >= 0).all()


def test_episodes_of_another_run_have_no_gaussian():
    teacher = recorded(random_task_ratio=0.0)
    play(teacher, 40)
    tasks = teacher.sample(2)
    for ids in ([-1, -1], [10**9, 77]):
        teacher.update(Outcomes(tasks=tasks.values, ids=ids, returns=[0.0, 0.0], lengths=[1, 1]))
    assert teacher.record.origins[-4:].tolist() == [-1] * 4


def test_a_task_that_is_handed_out_again_has_no_gaussian():
    teacher = recorded(random_task_ratio=0.0)
    play(teacher, 40)
    again = teacher.repeat(teacher.sample(1))
    teacher.update(outcomes_of(again))
    play(teacher, 4)
    assert (teacher.record.origins[-5:] >= 0).tolist() == [False, True, True, True, True]


def test_a_batch_is_recorded_like_its_episodes_one_by_one():
    batch, single = recorded(), recorded()
    for _ in range(6):
        tasks = batch.sample(30)
        single.sample(30)
        outcomes = outcomes_of(tasks)
        batch.update(outcomes)
        for i in range(30):
            single.update(outcomes[i : i + 1])
    for name in ("returns", "origins", "refits", "refit_episodes", "alps"):
        np.testing.assert_array_equal(getattr(batch.record, name), getattr(single.record, name))


def test_progress_is_recorded_in_units_of_the_return_whatever_the_bounds():
    plain, bounded = recorded(), recorded(return_bounds=(-100.0, 300.0))
    for teacher in (plain, bounded):
        play(teacher, 40, batch=40, factor=50.0)
    assert bounded.record.alps.max() > 10.0
    np.testing.assert_allclose(bounded.record.alps, 400.0 * bounded.mixture.means[:, -1])
    np.testing.assert_allclose(plain.record.returns, bounded.record.returns)


def test_progress_of_covar_gmm_is_the_growth_of_the_return_in_a_window():
    teacher = make_teacher("covar-gmm", SPACE, seed=0, fit_rate=200, ks=[1])
    record = teacher.record_history()
    tasks = teacher.sample(200)
    teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=np.linspace(0.0, 5.0, 200), lengths=[1] * 200))
    assert record.alps[0] == pytest.approx(5.0, rel=0.02)


def test_the_authors_literal_algorithm_is_recorded_too():
    teacher = recorded(compat="portelas2019")
    play(teacher, 40)
    np.testing.assert_allclose(teacher.record.means, teacher.mixture.means[:, :3])


def test_recording_begins_before_the_first_episode_or_not_at_all():
    teacher = make_teacher("alp-gmm", SPACE, seed=0, fit_rate=40, ks=[2])
    play(teacher, 8)
    with pytest.raises(ValueError, match="learned from 8 episodes that it did not record"):
        teacher.record_history()


def test_asking_for_the_record_again_returns_the_same():
    teacher = recorded()
    assert teacher.record_history() is teacher.record
    assert make_teacher("alp-gmm", SPACE, seed=0).record is None


# --- State ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("episodes", [0, 20, 100])
def test_a_resumed_teacher_goes_on_recording(episodes, tmp_path):
    teacher, other = recorded(), make_teacher("alp-gmm", SPACE, seed=9, fit_rate=40, ks=[2, 3])
    play(teacher, episodes + 4)
    pending = teacher.sample(4)
    save_state(tmp_path / "state.npz", teacher.state_dict())
    other.load_state_dict(load_state(tmp_path / "state.npz"))
    for each in (teacher, other):
        each.update(outcomes_of(pending))
        play(each, 80)
    for name in ("returns", "origins", "refits", "refit_episodes", "means", "covariances", "alps"):
        np.testing.assert_array_equal(getattr(teacher.record, name), getattr(other.record, name))
    assert len(other.record.returns) == episodes + 88


def test_a_state_that_was_not_recorded_leaves_nothing_recorded():
    silent, teacher = make_teacher("alp-gmm", SPACE, seed=0, fit_rate=40, ks=[2, 3]), recorded()
    play(silent, 40)
    play(teacher, 8)
    teacher.load_state_dict(silent.state_dict())
    assert teacher.record is None


def test_the_record_in_a_state_does_not_change_with_the_teacher():
    teacher = recorded()
    play(teacher, 80)
    state = teacher.state_dict()
    before = copy.deepcopy(state["algorithm"]["record"])
    play(teacher, 80)
    for name, value in before.items():
        np.testing.assert_array_equal(state["algorithm"]["record"][name], value)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("refits", [5] * 5),
        ("means", np.zeros((1, 1))),
        ("alps", "nan"),
        ("returns", np.zeros(3)),
        ("origins", np.full(80, 10**6)),
        ("drawn", np.full(80, -2)),
        ("first", 99),
        ("refit_episodes", [-1, 80]),
        ("drawn", None),
    ],
)
def test_a_damaged_record_is_refused_and_changes_nothing(entry, value):
    teacher, other = recorded(), recorded()
    play(teacher, 80)
    state = teacher.state_dict()
    if value is None:
        del state["algorithm"]["record"][entry]
    else:
        bad = np.full(len(teacher.record.alps), np.nan) if isinstance(value, str) else np.asarray(value)
        state["algorithm"]["record"][entry] = bad
    with pytest.raises(ValueError, match=f"'{entry}'|'origins'|'means'"):
        other.load_state_dict(state)
    assert len(other.record.returns) == 0


def test_an_episode_takes_twelve_bytes():
    record = GaussianRecord(2)
    record.add_tasks(0, np.full(10_000, -1))
    record.add_episodes(np.arange(10_000), np.zeros(10_000))
    arrays = [value for value in record.state_dict().values() if isinstance(value, np.ndarray)]
    assert sum(array.nbytes for array in arrays) == 120_000


def test_a_return_beyond_single_precision_is_kept_as_the_largest():
    record = GaussianRecord(1)
    record.add_episodes(np.array([-1]), np.array([-1e300]))
    record.add_episodes(np.array([-1, -1]), np.array([1e300, 1.0]))
    assert np.isfinite(record.returns).all()
    assert GaussianHistory.of(record).returns.tolist() == [-record.returns[1], record.returns[1], 1.0]


# --- Units ------------------------------------------------------------------------------------------------------------


def test_gaussians_come_back_from_task_units():
    rng = np.random.default_rng(0)
    means, factors = rng.random((4, 2)), rng.random((4, 2, 2))
    covariances = factors @ factors.transpose(0, 2, 1)
    there = to_task_units(SPACE, ~SPACE.fixed, means, covariances)
    back = to_unit_cube(SPACE, ~SPACE.fixed, *there)
    np.testing.assert_allclose(back[0], means)
    np.testing.assert_allclose(back[1], covariances)


@both
@pytest.mark.parametrize("batch", [7, 100, 1000])
def test_every_fit_is_recorded_however_many_there_are_in_a_batch(name, batch):
    teacher = recorded(name)
    rows = SPACE.sample(200, np.random.default_rng(0))
    for begin in range(0, 200, batch):
        part = rows[begin : begin + batch]
        returns = part[:, 0] + part[:, 2]
        teacher.update(Outcomes(tasks=part, ids=[-1] * len(part), returns=returns, lengths=[1] * len(part)))
    assert list(teacher.record.refit_episodes) == list(range(teacher.n_bootstrap // 40 * 40, 201, 40))
