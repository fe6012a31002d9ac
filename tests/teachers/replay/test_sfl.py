"""SFL: which levels are tried and kept, what is handed out when, and whether it adapts."""

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.teachers.replay.row_index import RowIndex

from .regret_student import RegretStudent, surely_above, teach

LINE = TaskSpace(x=(0.0, 1.0))
SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
SEEDS = range(20)


def build(space=LINE, **hyperparameters):
    return make_teacher("sfl", space, **{"seed": 0, **hyperparameters})


def small(**hyperparameters):
    """A teacher that tries 0.0, 0.1, … 0.5 twice, keeps two and goes on for 10 tasks; new levels are 0.9."""
    made = []

    def generator(n, rng):
        made.append(n)
        return np.arange(6)[:, None] / 10 if n == 6 else np.full((n, 1), 0.9)

    settings = {"n_candidates": 6, "episodes_per_level": 2, "keep": 2, "refresh_every": 10}
    return build(generator=generator, **{**settings, **hyperparameters})


def answer(teacher, tasks, success, rows=slice(None)):
    n = len(tasks.values[rows])
    success = np.broadcast_to(np.asarray(success, float), n)
    teacher.update(
        Outcomes(tasks=tasks.values[rows], ids=tasks.ids[rows], returns=np.zeros(n), lengths=[5] * n, success=success)
    )


# --- Does it adapt? -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 8, 60])
def test_its_tasks_are_more_often_open_than_uniform_ones(batch):
    shares = []
    for seed in SEEDS:
        _, is_open, train = teach(build(SQUARE, seed=seed), RegretStudent(seed), 600, batch=batch)
        shares.append(is_open[train].mean())
    assert surely_above(shares, 0.35)  # half of them are new levels; uniform: 0.22


def test_the_levels_kept_follow_a_student_that_learns():
    teacher, student = build(SQUARE, refresh_every=100), RegretStudent()
    teach(teacher, student, 300)
    before = teacher.buffer.tasks[:, 0].mean()
    student.frontier = 0.7
    teach(teacher, student, 300)
    assert before == pytest.approx(0.3, abs=0.1)
    assert teacher.buffer.tasks[:, 0].mean() == pytest.approx(0.7, abs=0.1)


# --- Trying -------------------------------------------------------------------------------------------------------


def test_it_begins_by_trying_new_levels_which_are_not_learned_from():
    teacher = small()
    tasks = teacher.sample(12)
    np.testing.assert_allclose(tasks.values[:, 0], np.tile(np.arange(6) / 10, 2))
    assert not tasks.train.any()


def test_then_those_of_the_highest_learnability_are_kept():
    teacher = small()
    tasks = teacher.sample(12)
    # Both successes, one, none …
    answer(teacher, tasks, [1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0])
    later = teacher.sample(10)
    np.testing.assert_allclose(teacher.buffer.tasks[:, 0], [0.1, 0.3])
    assert teacher.buffer.scores.tolist() == [0.25, 0.25]
    assert later.train.all()
    assert set(later.values[:, 0].round(3)) <= {0.1, 0.3, 0.9}


def test_half_of_the_tasks_are_kept_levels_and_equally_likely():
    teacher = small(refresh_every=100_000)
    answer(teacher, teacher.sample(12), [1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0])
    values = teacher.sample(20_000).values[:, 0].round(3)
    counts = [(values == x).mean() for x in (0.1, 0.3, 0.9)]
    np.testing.assert_allclose(counts, [0.25, 0.25, 0.5], atol=0.01)


def test_new_levels_are_tried_again_after_so_many_tasks():
    teacher = small()
    answer(teacher, teacher.sample(12), [1, 0] * 6)
    tasks = teacher.sample(30)
    assert tasks.train.tolist() == [True] * 10 + [False] * 12 + [True] * 8


def test_a_batch_may_begin_in_one_phase_and_end_in_another():
    teacher, flags = small(), []
    for n in (5, 9, 1, 13, 7):
        flags += teacher.sample(n).train.tolist()
    assert flags == ([False] * 12 + [True] * 20 + [False] * 12)[:35]


def test_equal_candidates_are_one():
    teacher = build(generator=lambda n, rng: np.full((n, 1), 0.5), n_candidates=20, episodes_per_level=3)
    assert teacher.sample(5).train.tolist() == [False] * 3 + [True] * 2


def test_in_a_small_space_there_are_fewer_candidates():
    teacher = build(TaskSpace(room=range(4)), n_candidates=40, episodes_per_level=2)
    teacher.sample(8)
    assert teacher.metrics()["candidates"] == 4.0
    assert teacher.sample(1).train.all()


def test_a_candidate_played_often_enough_is_left_out_of_further_rounds():
    teacher = small()
    tasks = teacher.sample(6)
    answer(teacher, tasks, [1, 0, 1, 0, 1, 0])
    again = teacher.repeat(tasks[:2])
    answer(teacher, again, [0, 0])
    later = teacher.sample(5)
    np.testing.assert_allclose(later.values[:4, 0], [0.2, 0.3, 0.4, 0.5])
    assert later.train.tolist() == [False] * 4 + [True]


# --- Outcomes late, in any order, or never ------------------------------------------------------------------------


def test_if_nothing_comes_back_all_tasks_are_new_levels():
    teacher = small(refresh_every=1000)
    teacher.sample(12)
    assert (teacher.sample(200).values == 0.9).all()


def test_levels_kept_before_stay_in_use_until_most_candidates_came_back():
    teacher = small()
    answer(teacher, teacher.sample(12), [1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0])
    teacher.sample(10)
    tasks = teacher.sample(12)
    answer(teacher, tasks, [1, 1, 1, 0, 1, 1, 0, 1, 1, 0], rows=range(10))  # of twelve
    teacher.sample(1)
    np.testing.assert_allclose(teacher.buffer.tasks[:, 0], [0.1, 0.3])
    answer(teacher, tasks, [0], rows=[10])
    teacher.sample(1)
    np.testing.assert_allclose(teacher.buffer.tasks[:, 0], [0.0, 0.4])


def test_where_most_candidates_never_come_back_it_chooses_among_those_that_did():
    teacher = small()
    tasks = teacher.sample(12)
    answer(teacher, tasks, [1, 0, 1], rows=[4, 10, 5])
    assert (teacher.sample(10).values == 0.9).all()
    teacher.sample(1)
    np.testing.assert_allclose(teacher.buffer.tasks, [[0.4]])


def test_new_candidates_are_tried_though_the_last_never_came_back():
    teacher = small()
    teacher.sample(12)
    assert teacher.sample(30).train.tolist() == [True] * 20 + [False] * 10


def test_levels_always_or_never_solved_are_not_kept():
    teacher = small(refresh_every=1000)
    answer(teacher, teacher.sample(12), np.tile([1, 1, 1, 0, 0, 0], 2))
    assert (teacher.sample(100).values == 0.9).all()
    assert len(teacher.buffer.tasks) == 0


def test_what_comes_late_changes_the_choice():
    teacher = small()
    tasks = teacher.sample(12)
    answer(teacher, tasks, [1, 1], rows=[4, 10])
    teacher.sample(11)
    answer(teacher, tasks, [0, 1, 1, 0], rows=[9, 2, 3, 8])
    teacher.sample(1)
    np.testing.assert_allclose(teacher.buffer.tasks[:, 0], [0.2, 0.3])


def test_what_comes_after_the_next_trial_has_begun_does_not_count():
    teacher = small()
    tasks = teacher.sample(12)
    answer(teacher, teacher.sample(26)[20:], [1, 0, 1, 0, 1, 0])  # of the next six candidates
    before = teacher.metrics()["candidate_success"]
    answer(teacher, tasks, np.ones(12))
    assert teacher.metrics()["candidate_success"] == before


def test_episodes_that_were_learned_from_do_not_count():
    teacher = small()
    answer(teacher, teacher.sample(12), [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    for _ in range(2):
        tasks = teacher.sample(5)
        kept = tasks.values[:, 0] < 0.6
        answer(teacher, tasks[kept], 1.0)
    assert teacher.buffer.scores.tolist() == [0.25, 0.25]


def test_episodes_of_another_run_count_if_they_are_of_a_candidate():
    teacher = small()
    teacher.sample(12)
    teacher.update(
        Outcomes(tasks=[[0.3], [0.3], [0.77]], ids=[-1] * 3, returns=[0.0] * 3, lengths=[5] * 3, success=[1, 0, 1])
    )
    teacher.sample(11)
    np.testing.assert_allclose(teacher.buffer.tasks, [[0.3]])


def test_a_positive_return_is_a_success_where_the_environment_does_not_tell():
    teacher = small()
    tasks = teacher.sample(12)
    returns = np.tile([0.5, 0.0, 0.0, 0.0, 0.0, 0.0], 2)
    teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=[5] * 12))
    assert teacher.metrics()["candidate_success"] == pytest.approx(1 / 6)


def test_without_a_threshold_an_unknown_success_is_refused():
    teacher = small(success_above=None)
    tasks = teacher.sample(1)
    with pytest.raises(ValueError, match=r"SFL learns from successes.*success_above="):
        teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[1.0], lengths=[5]))


# --- Levels kept for a rollout ------------------------------------------------------------------------------------


def test_where_levels_are_kept_for_a_rollout_a_batch_is_all_candidates_or_all_to_learn_from():
    teacher, flags = small(hold="rollout"), []
    for _ in range(9):
        flags.append(teacher.sample(5).train.tolist())
    assert flags == [[False] * 5] * 3 + [[True] * 5] * 4 + [[False] * 5] * 2


def test_repetitions_of_the_last_candidates_count():
    teacher = small(hold="rollout", episodes_per_level=1)
    tasks = teacher.sample(6)
    again = teacher.repeat(tasks)
    answer(teacher, tasks, 1.0)
    answer(teacher, again, [1, 1, 0, 0, 1, 1])
    learned = teacher.sample(6)
    np.testing.assert_allclose(teacher.buffer.tasks[:, 0], [0.2, 0.3])
    answer(teacher, learned, 1.0)
    answer(teacher, teacher.repeat(learned), 1.0)
    teacher.sample(1)
    assert teacher.buffer.scores.tolist() == [0.25, 0.25]


# --- Arguments, what it shows, and state --------------------------------------------------------------------------


def test_what_comes_back_late_is_waited_for():
    """Of many environments, those that fail take long: the first candidates to come back were all solved."""
    teacher = build(n_candidates=40, episodes_per_level=3, refresh_every=400, keep=10)
    tasks = teacher.sample(120)
    hard = tasks.values[:, 0] > 0.5
    solved = ~hard | (np.arange(120) % 3 == 0)
    answer(teacher, tasks[~hard], solved[~hard])
    first = teacher.sample(300)
    answer(teacher, tasks[hard], solved[hard])
    teacher.sample(1)
    assert first.train.all()
    assert len(teacher.buffer.tasks) == 10
    assert (teacher.buffer.tasks > 0.5).all()


def test_the_authors_preset_has_their_numbers():
    teacher = build(preset="minigrid")
    assert (teacher.n_candidates, teacher.keep, teacher.refresh_every) == (25_000, 1000, 25_600)


@pytest.mark.parametrize(
    ("hyperparameters", "match"),
    [
        ({"preset": "jaxnav"}, "Unknown preset 'jaxnav'"),
        ({"n_candidates": 0}, "n_candidates must be at least 1"),
        ({"episodes_per_level": 0}, "episodes_per_level"),
        ({"episodes_per_level": 1}, "one episode does not tell a chance"),
        ({"keep": 0}, "keep must be"),
        ({"refresh_every": 0}, "refresh_every"),
        ({"replay_share": 1.5}, "replay_share must lie between 0 and 1"),
        ({"success_above": np.nan}, "success_above"),
        ({"hold": "batch"}, "Unknown hold 'batch'"),
    ],
)
def test_hyperparameters_are_checked(hyperparameters, match):
    with pytest.raises(ValueError, match=match):
        build(**hyperparameters)


def test_a_generator_that_makes_no_levels_is_named():
    with pytest.raises(ValueError, match="generator returned what is no level"):
        build(generator=lambda n, rng: np.full((n, 1), 7.0)).sample(1)


def test_its_density_is_highest_where_the_student_succeeds_sometimes():
    teacher, student = build(SQUARE), RegretStudent()
    assert teacher.density([[0.3, 0.5]]) is None
    teach(teacher, student, 200)
    points = SQUARE.grid(21)
    density = teacher.density(points)
    assert density[student.is_open(points)].mean() > 3.0 * density[~student.is_open(points)].mean()


@pytest.mark.parametrize("hold", ["episode", "rollout"])
@pytest.mark.parametrize("episodes", [3, 35, 95, 133])
def test_a_restored_teacher_goes_on_identically(hold, episodes):
    settings = {"n_candidates": 20, "refresh_every": 50, "hold": hold}
    teacher, other = build(SQUARE, **settings), build(SQUARE, seed=1, **settings)
    teach(teacher, RegretStudent(3), episodes, batch=1)
    other.load_state_dict(teacher.state_dict())
    for one, two in zip(teach(teacher, RegretStudent(4), 200), teach(other, RegretStudent(4), 200), strict=True):
        np.testing.assert_array_equal(one, two)


def test_rows_are_found_among_many():
    rows = (np.random.default_rng(0).random((3000, 40)) < 0.4).astype(float)
    index = RowIndex(rows)
    distinct, first = np.unique(rows, axis=0, return_index=True)
    assert len(index.rows) == len(distinct)
    np.testing.assert_array_equal(index.rows, rows[np.sort(first)])
    np.testing.assert_array_equal(index.rows[index.find(rows)], rows)
    assert (index.find(rows + 1.0) == -1).all()


@pytest.mark.parametrize("n", [60, 480, 1000])
def test_levels_are_kept_however_many_tasks_are_asked_for_at_once(n):
    teacher, rng = build(), np.random.default_rng(0)
    for _ in range(max(4, 6000 // n)):
        tasks = teacher.sample(n)
        answer(teacher, tasks, rng.random(n) > tasks.values[:, 0])
    assert teacher.metrics()["levels"] > 0
    assert teacher.metrics()["replay_share"] > 0.2
