"""What is taken from a past student's run, and how it is followed."""

import numpy as np
import pytest
from tutelage.teachers.meta import GaussianHistory
from tutelage.teachers.meta.alp_estimates import ALPEstimates
from tutelage.teachers.meta.expert_curriculum import ExpertCurriculum, Pool, Reward, Time

from .small_classroom import history


def extract(gaussians, **arguments):
    return ExpertCurriculum.extract(gaussians, **{"alp_threshold": 0.2, **arguments})


def steps(n_steps=3, thresholds=None, episodes=None, low=0.0):
    """A curriculum with two Gaussians a step."""
    return ExpertCurriculum(
        starts=2 * np.arange(n_steps + 1),
        episodes=250 * (1 + np.arange(n_steps)) if episodes is None else np.array(episodes),
        thresholds=np.full(n_steps, 0.5) if thresholds is None else np.array(thresholds),
        means=np.zeros((2 * n_steps, 2)),
        covariances=np.tile(np.eye(2), (2 * n_steps, 1, 1)),
        alps=np.full(2 * n_steps, 0.5),
        low=low,
    )


# --- Extraction -------------------------------------------------------------------------------------------------------


def test_only_gaussians_above_the_threshold_are_kept():
    found = extract(history([[0.1, 0], [0.2, 0], [0.3, 0], [0.4, 0]], alps=[0.19, 0.2, 0.21, 0.9], refits=[0, 0, 0, 1]))
    assert found.means[:, 0].tolist() == [0.3, 0.4]
    assert found.alps.tolist() == [0.21, 0.9]


def test_refits_without_such_a_gaussian_are_dropped():
    found = extract(history(np.zeros((5, 2)), alps=[0.5, 0.1, 0.1, 0.6, 0.7], refits=[0, 1, 2, 3, 3]))
    assert found.n_steps == 2
    assert found.starts.tolist() == [0, 1, 3]
    assert found.episodes.tolist() == [250, 1000]
    assert found.step_of.tolist() == [0, 1, 1]


def test_the_threshold_is_a_share_of_the_range_of_returns():
    gaussians = history(np.zeros((2, 2)), alps=[70.0, 90.0], returns=[-100.0, 300.0])
    assert extract(gaussians).alps.tolist() == [90.0]
    assert extract(gaussians, alp_threshold=0.1).alps.tolist() == [70.0, 90.0]


def test_returns_and_progress_are_scaled_by_bounds():
    gaussians = history(
        np.zeros((2, 2)), alps=[90.0, 250.0], returns=[-900.0, 100.0, 225.0, 900.0], origins=[1, 1, 1, 1]
    )
    found = extract(gaussians, return_bounds=(-150.0, 350.0))
    assert (found.alps.tolist(), found.low) == ([0.5], 0.0)
    assert found.thresholds[0] == pytest.approx((0.0 + 0.5 + 0.75 + 1.0) / 4)


@pytest.mark.parametrize("gaussians", [history(alps=[0.1]), history(returns=[0.7, 0.7], alps=[0.0]), history([])])
def test_a_student_that_learned_nothing_has_no_steps(gaussians):
    assert extract(gaussians).n_steps == 0


def test_a_student_whose_teacher_had_no_gaussians_has_no_steps():
    assert extract(GaussianHistory.empty(2)).n_steps == 0


def test_a_threshold_is_the_mean_of_returns_from_the_gaussians_kept():
    gaussians = history(
        np.zeros((3, 2)),
        alps=[0.5, 0.1, 0.5],
        refits=[0, 0, 1],
        returns=[0.0, 0.4, 0.9, 0.6, 1.0, 0.8],
        origins=[-1, 0, 1, 0, 2, -1],
    )
    np.testing.assert_allclose(extract(gaussians).thresholds, [0.5, 1.0])


def test_a_threshold_is_the_mean_of_the_latest_fifty():
    returns = np.concatenate([np.zeros(30), np.full(50, 0.8)])
    gaussians = history(returns=returns, origins=np.zeros(80), alps=[0.5])
    np.testing.assert_allclose(extract(gaussians).thresholds, [0.8])
    np.testing.assert_allclose(extract(history(returns=returns[:40], origins=np.zeros(40))).thresholds, [0.2])


def test_a_late_episode_counts_for_the_step_its_task_is_from():
    gaussians = history(np.zeros((2, 2)), returns=[0.0, 0.2, 1.0, 0.4], origins=[-1, 0, 1, 0])
    np.testing.assert_allclose(extract(gaussians).thresholds, [0.3, 1.0])


def test_a_step_without_returns_takes_the_threshold_before_it():
    gaussians = history(np.zeros((4, 2)), returns=[0.0, 0.3, 1.0], origins=[-1, 1, 2])
    np.testing.assert_allclose(extract(gaussians).thresholds, [0.3, 0.3, 1.0, 1.0])


def test_without_any_returns_the_threshold_is_the_lowest():
    assert extract(history(np.zeros((2, 2)), returns=[-3.0, -2.0], origins=[-1, -1])).thresholds.tolist() == [
        -3.0,
        -3.0,
    ]


def test_thresholds_are_never_nan():
    rng = np.random.default_rng(0)
    for _ in range(30):
        n = int(rng.integers(1, 40))
        gaussians = history(np.zeros((6, 2)), alps=rng.random(6), returns=rng.random(n), origins=rng.integers(-1, 6, n))
        assert np.isfinite(extract(gaussians, alp_threshold=0.0).thresholds).all()


def test_a_curriculum_comes_back_from_plain_data():
    found = extract(history(np.ones((3, 2)), refits=[0, 1, 1]))
    again = ExpertCurriculum.from_plain(found.to_plain(), 2)
    for name, value in found.to_plain().items():
        np.testing.assert_array_equal(getattr(again, name), value)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("starts", [0, 2, 1]),
        ("starts", [0, 0, 3]),
        ("starts", [1, 2, 3]),
        ("episodes", [500, 250]),
        ("thresholds", [np.nan, 0.0]),
        ("means", np.zeros((3, 3))),
        ("alps", [-1.0, 0.0, 0.0]),
        ("covariances", np.full((3, 2, 2), -1.0)),
        ("low", np.inf),
    ],
)
def test_a_damaged_curriculum_is_refused(entry, value):
    plain = extract(history(np.ones((3, 2)), refits=[0, 1, 1])).to_plain()
    with pytest.raises(ValueError):
        ExpertCurriculum.from_plain({**plain, entry: value}, 2)


# --- Reward -----------------------------------------------------------------------------------------------------------


def feed(pace, step, *returns):
    for value in returns:
        pace.observe(step, value)
    return pace.index


def test_the_next_step_comes_when_enough_returns_are_high_enough():
    pace = Reward(steps(), n_returns=3)
    assert feed(pace, 0, 0.9, 0.9) == 0
    assert feed(pace, 0, 0.9) == 1


def test_only_the_latest_returns_count():
    pace = Reward(steps(), n_returns=2)
    assert feed(pace, 0, 0.0, 0.0, 0.0, 0.8) == 0
    assert feed(pace, 0, 0.3) == 1  # (0.8 + 0.3) / 2 ≥ 0.5


def test_counting_begins_anew_at_each_step():
    pace = Reward(steps(), n_returns=2)
    feed(pace, 0, 1.0, 1.0)
    assert feed(pace, 1, 1.0) == 1
    assert feed(pace, 1, 1.0) == 2


def test_a_mean_that_is_just_the_threshold_is_enough():
    for threshold in (0.1, 0.3, 0.7, 1.0, -0.1):
        rounded = float(np.float32(threshold))  # as a past student's returns are kept
        assert feed(Reward(steps(thresholds=[rounded] * 3, low=-1.0), n_returns=10), 0, *[threshold] * 10) == 1


def test_returns_from_other_steps_do_not_count():
    pace = Reward(steps(), n_returns=2)
    assert feed(pace, 1, 1.0, 1.0, 1.0) == 0
    feed(pace, 0, 1.0, 1.0)
    assert feed(pace, 0, 1.0, 1.0, 1.0) == 1


def test_the_index_advances_by_one_and_never_falls():
    pace, rng, before = Reward(steps(20), n_returns=3), np.random.default_rng(0), 0
    for _ in range(300):
        pace.observe(pace.index, float(rng.random()))
        assert pace.index - before in (0, 1)
        before = pace.index
    assert pace.at_end


def test_the_last_step_is_not_left():
    pace = Reward(steps(1), n_returns=1)
    assert feed(pace, 0, 1.0, 1.0) == 0


@pytest.mark.parametrize(("low", "enough"), [(0.0, 0.25), (-1.0, -0.25)])
def test_the_tolerance_is_a_share_of_the_way_from_the_lowest_return(low, enough):
    pace = Reward(steps(low=low), n_returns=1, tolerance=0.5)
    assert feed(pace, 0, enough - 0.01) == 0
    assert feed(pace, 0, enough) == 1


# --- Time and pool ----------------------------------------------------------------------------------------------------


def test_time_follows_the_episodes_of_the_past_student():
    pace, seen = Time(steps(episodes=[100, 300, 400])), []
    for episodes in (0, 99, 100, 299, 300, 399, 400, 10**6):
        pace.follow(episodes)
        seen.append(pace.index)
    assert seen == [0, 0, 0, 0, 1, 1, 2, 2]


def test_time_does_not_count_steps_that_were_dropped():
    """A step is taken when the expert had it, not so many steps later as refits were dropped before."""
    kept = extract(history(np.zeros((4, 2)), alps=[0.5, 0.0, 0.0, 0.5]))
    pace = Time(kept)
    pace.follow(700)
    assert pace.index == 0
    pace.follow(1000)
    assert pace.index == 1


def test_returns_do_not_move_time_or_pool():
    for pace in (Time(steps()), Pool(steps())):
        assert feed(pace, 0, *[1.0] * 100) == 0


def test_a_pool_is_all_steps_at_once():
    pace = Pool(steps())
    pace.follow(10**6)
    assert (pace.rows, pace.index) == (slice(0, 6), 0)


def test_steps_have_their_own_gaussians():
    pace = Time(steps())
    pace.follow(500)
    assert pace.rows == slice(2, 4)


@pytest.mark.parametrize("build", [lambda c: Reward(c, 3), Time, Pool])
def test_a_pace_comes_back_from_its_state(build):
    pace, other = build(steps(5)), build(steps(5))
    for each in (lambda p: feed(p, 0, 1.0, 1.0, 1.0), lambda p: p.follow(700), lambda p: feed(p, 1, 0.9, 0.1)):
        each(pace)
        other.set_state(pace.get_state())
        assert other.rows == pace.rows
    for value in (0.8, 0.0, 0.9):
        assert feed(pace, 1, value) == feed(other, 1, value)


@pytest.mark.parametrize(
    "state", [{"index": 3}, {"index": -1}, {"index": 0, "recent": [0.0] * 4}, {"index": 0, "recent": [np.nan]}]
)
def test_the_state_of_another_pace_is_refused(state):
    with pytest.raises(ValueError):
        Reward(steps(3), 3).set_state({"recent": [], **state})


# --- Estimates at the end ---------------------------------------------------------------------------------------------


def test_estimates_come_every_hundred_episodes():
    estimates = ALPEstimates(2)
    told = [estimates.observe(i % 2, float(i % 2)) for i in range(300)]
    assert [i for i, each in enumerate(told) if each is not None] == [99, 199, 299]
    assert told[99].tolist() == [0.0, 1.0]


def test_an_estimate_is_of_the_latest_hundred_of_each_gaussian():
    estimates = ALPEstimates(2)
    for value in (0.0, 1.0):
        for _ in range(100):
            last = estimates.observe(0, value)
    assert last.tolist() == [1.0, 0.0]
    for _ in range(100):
        last = estimates.observe(1, 0.5)
    assert last.tolist() == [1.0, 0.5]


def test_estimates_come_back_from_their_state():
    estimates = ALPEstimates(3)
    for i in range(250):
        estimates.observe(i % 2, i / 250)
    other = ALPEstimates.from_state(estimates.get_state(), 3)
    for _ in range(50):
        first, second = estimates.observe(2, 0.1), other.observe(2, 0.1)
    assert first.tolist() == second.tolist()


@pytest.mark.parametrize("change", [{"sizes": [1, 1]}, {"sizes": [101, 0, 0]}, {"latest": [np.nan]}, {"count": -1}])
def test_damaged_estimates_are_refused(change):
    with pytest.raises(ValueError):
        ALPEstimates.from_state({**ALPEstimates(3).get_state(), **change}, 3)
