"""ADR: a box that grows, bound by bound, where the student does well on the bound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.teachers.expert_knowledge import ExpertKnowledge
from tutelage.teachers.frontier import adr as module

from .frontier_student import FrontierStudent, answer, foreign, teach

SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
LINE = TaskSpace(x=(0.0, 1.0))
STUMPS = TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))


def box(teacher):
    low, high = teacher.box
    return np.round(low, 9).tolist(), np.round(high, 9).tolist()


def grown(space=SQUARE, middle=0.5, **arguments):
    """A teacher whose box spans 0.4 to 0.6 of each dimension, with nothing in its queues."""
    start = space.from_unit(np.full(space.n_dims, middle))
    teacher = make_teacher("adr", space, **{"seed": 0, "initial": start, "step": 0.1, "queue_length": 10, **arguments})
    answer(teacher, 1000.0, 10)
    return teacher


def play_on(teacher, bound, value, n=10):
    """Let only the tasks put on one bound come back, until ``n`` of them have."""
    done = 0
    while done < n:
        tasks = teacher.sample()
        if teacher._pending.get(int(tasks.ids[0])) == bound:
            teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[value], lengths=[1]))
            done += 1


# --- Growth ---------------------------------------------------------------------------------------------------------


def test_a_point_grows_after_as_many_good_episodes_as_a_queue_is_long():  # facts, T12
    teacher = make_teacher("adr", STUMPS, seed=0, initial=[0.0, 6.0], step=0.1, unit="task")
    answer(teacher, 200.0, 9)
    assert box(teacher) == ([0.0, 6.0], [0.0, 6.0])
    answer(teacher, 200.0, 1)
    assert box(teacher) == ([0.0, 5.9], [0.1, 6.0])


def test_the_preset_of_teachmyagent_steps_in_task_units():
    teacher = make_teacher("adr", STUMPS, seed=0, initial=[0.0, 6.0], preset="teachmyagent")
    answer(teacher, 200.0, 10)
    assert box(teacher) == ([0.0, 5.9], [0.1, 6.0])
    assert teacher.boundary_probability == 0.7


def test_the_preset_of_the_paper_takes_small_steps_on_much_evidence():
    teacher = make_teacher("adr", STUMPS, seed=0, initial=[0.0, 6.0], preset="paper", good_return=20.0)
    answer(teacher, 20.0, 239)
    assert box(teacher) == ([0.0, 6.0], [0.0, 6.0])
    answer(teacher, 20.0, 1)
    np.testing.assert_allclose(teacher.box, [[0.0, 5.97], [0.015, 6.0]])


def test_an_argument_wins_over_a_preset_and_a_step_of_ones_own_is_a_share_of_the_range():
    teacher = make_teacher("adr", STUMPS, seed=0, initial=[0.0, 6.0], preset="teachmyagent", step=0.1)
    answer(teacher, 200.0, 10)
    assert box(teacher) == ([0.0, 5.4], [0.3, 6.0])


def test_a_step_can_differ_between_dimensions():
    teacher = make_teacher("adr", STUMPS, seed=0, initial=[1.0, 3.0], step=[0.1, 0.5], unit="task")
    answer(teacher, 200.0, 10)
    assert box(teacher) == ([0.9, 2.5], [1.1, 3.5])


@pytest.mark.parametrize(
    ("value", "place"), [(180.0, 0.7), (179.9, 0.6), (0.1, 0.6), (0.0, 0.5), (-50.0, 0.5)], ids=str
)
def test_the_mean_return_on_a_bound_moves_it_outwards_inwards_or_not(value, place):
    teacher = grown()
    assert box(teacher) == ([0.4, 0.4], [0.6, 0.6])
    play_on(teacher, 3, value)
    assert box(teacher) == ([0.4, 0.4], [0.6, place])


def test_a_queue_is_emptied_on_every_decision():
    teacher = grown()
    play_on(teacher, 3, 100.0)  # neither good nor bad
    play_on(teacher, 3, 1000.0, n=9)
    assert box(teacher)[1] == [0.6, 0.6]
    play_on(teacher, 3, 1000.0, n=1)
    assert box(teacher)[1] == [0.6, 0.7]


def test_only_as_many_hits_of_its_own_as_a_queue_is_long_move_a_bound():
    teacher = grown()
    play_on(teacher, 3, 1000.0, n=9)
    play_on(teacher, 0, 1000.0, n=9)
    assert box(teacher) == ([0.4, 0.4], [0.6, 0.6])


def test_a_bound_does_not_pass_the_opposite_one():
    teacher = grown()
    for _ in range(5):
        play_on(teacher, 3, -100.0)
        if box(teacher)[0][1] == box(teacher)[1][1]:
            break
    assert box(teacher) == ([0.4, 0.4], [0.6, 0.4])


def test_a_side_that_has_shrunk_to_a_point_grows_again_in_both_directions():
    teacher = grown()
    play_on(teacher, 3, -100.0, n=20)
    assert box(teacher) == ([0.4, 0.4], [0.6, 0.4])
    answer(teacher, 1000.0, 10)
    assert box(teacher)[0][1] == 0.3
    assert box(teacher)[1][1] == 0.5


def test_without_a_bad_return_a_bound_never_moves_inwards():
    teacher = grown(bad_return=-np.inf)
    answer(teacher, -1e9, 500)
    assert box(teacher) == ([0.4, 0.4], [0.6, 0.6])


def test_a_box_that_has_grown_full_stays_full():
    teacher = make_teacher("adr", SQUARE, seed=0, step=0.3, queue_length=1)
    answer(teacher, 1000.0, 200)
    assert box(teacher) == ([0.0, 0.0], [1.0, 1.0])
    assert teacher.metrics()["mean_width"] == 1.0
    answer(teacher, -1000.0, 200)
    assert box(teacher) == ([0.0, 0.0], [1.0, 1.0])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    returns=st.lists(st.sampled_from([-100.0, 100.0, 300.0]), max_size=120),
    step=st.sampled_from([0.07, 0.3, 2.0]),
    batch=st.integers(1, 7),
    seed=st.integers(0, 5),
)
def test_the_box_stays_in_the_space_with_low_below_high_and_moves_by_decisions_only(returns, step, batch, seed):
    space = TaskSpace(x=(0.0, 1.0), rooms=range(2, 6), terrain=["a", "b", "c"], width=(2.0, 2.0))  # facts, A1 to A3
    teacher = make_teacher("adr", space, seed=seed, step=step, queue_length=3)
    for i in range(0, len(returns), batch):
        values = returns[i : i + batch]
        before, moves = box(teacher), sum(v for k, v in teacher.metrics().items() if k.startswith("moves"))
        tasks = teacher.sample(len(values))
        assert space.contains(tasks.values).all()
        teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=values, lengths=np.ones(len(values))))
        low, high = teacher.box
        assert (space.low <= low).all()
        assert (low <= high).all()
        assert (high <= space.high).all()
        if sum(v for k, v in teacher.metrics().items() if k.startswith("moves")) == moves:
            assert box(teacher) == before


# --- Sampling -------------------------------------------------------------------------------------------------------


def test_tasks_are_uniform_in_the_box_and_a_share_of_them_lies_on_each_bound():
    teacher = grown(boundary_probability=0.4)
    values = teacher.sample(20_000).values
    assert ((values > 0.4 - 1e-9) & (values < 0.6 + 1e-9)).all()
    for i in range(2):
        for place in (0.4, 0.6):
            assert 0.09 < (np.abs(values[:, i] - place) < 1e-9).mean() < 0.11
        inner = values[(np.abs(values[:, i] - 0.5) < 0.1 - 1e-9), i]
        np.testing.assert_allclose([inner.mean(), inner.std()], [0.5, 0.2 / 12**0.5], atol=0.003)


def test_boundary_probability_zero_puts_no_task_on_a_bound_and_one_puts_all():
    for probability, share in ((0.0, 0.0), (1.0, 1.0)):
        values = grown(boundary_probability=probability).sample(500).values
        assert (np.abs(np.abs(values - 0.5) - 0.1) < 1e-9).any(axis=1).mean() == share


def test_a_bound_at_the_end_of_its_range_is_not_drawn_and_its_share_goes_to_the_opposite_one():
    teacher = grown(middle=0.0, boundary_probability=1.0)
    assert box(teacher) == ([0.0, 0.0], [0.1, 0.1])
    values = teacher.sample(2_000).values
    assert not (values == 0.0).any()
    assert 0.45 < (np.abs(values[:, 0] - 0.1) < 1e-9).mean() < 0.55


def test_where_no_bound_can_move_all_tasks_are_uniform():
    teacher = make_teacher("adr", LINE, seed=0, initial=[0.5], step=1.0, boundary_probability=1.0)
    answer(teacher, 1000.0, 10)
    values = teacher.sample(2_000).values
    assert not ((values == 0.0) | (values == 1.0)).any()
    assert 0.45 < values.mean() < 0.55


def test_one_task_at_a_time_is_drawn_like_many():
    single, many = grown(), grown()
    one = np.concatenate([single.sample().values for _ in range(300)])
    np.testing.assert_array_equal(one, many.sample(300).values)


def test_discrete_bounds_are_values_and_all_inner_values_are_equally_likely():
    space = TaskSpace(rooms=range(2, 12))
    teacher = make_teacher("adr", space, seed=0, initial=[6], step=0.01, boundary_probability=0.0)
    answer(teacher, 1000.0, 10)
    assert box(teacher) == ([5.0], [7.0])
    values, counts = np.unique(teacher.sample(6_000).values, return_counts=True)
    assert values.tolist() == [5, 6, 7]
    assert (np.abs(counts - 2_000) < 200).all()
    np.testing.assert_allclose(teacher.density([[5], [6], [8]]), [10 / 3, 10 / 3, 0.0])


# --- Which outcomes count -------------------------------------------------------------------------------------------


def test_a_task_that_lies_on_a_bound_by_chance_does_not_count():
    space = TaskSpace(rooms=range(3))
    teacher = make_teacher("adr", space, seed=0, initial=[1], boundary_probability=0.0)
    answer(teacher, 1000.0, 10)
    assert box(teacher) == ([0.0], [2.0])
    answer(teacher, -1000.0, 200)  # most of these are 0 or 2
    assert box(teacher) == ([0.0], [2.0])


def test_an_outcome_of_a_bound_that_has_moved_since_does_not_count():
    teacher = grown(boundary_probability=1.0)
    tasks = teacher.sample(400)
    teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=np.full(400, 1000.0), lengths=np.ones(400, int)))
    assert box(teacher) == ([0.3, 0.3], [0.7, 0.7])  # one step each, although each had about a hundred hits


def test_outcomes_that_never_come_back_are_forgotten(monkeypatch):
    monkeypatch.setattr(module, "_MAX_PENDING", 50)
    teacher = grown(boundary_probability=1.0)
    teacher.sample(500)
    for _ in range(100):
        teacher.sample()
    assert len(teacher._pending) == 50
    assert min(teacher._pending) == 560


def test_an_outcome_of_another_run_counts_where_its_task_lies_on_a_bound():
    teacher = grown()
    teacher.update(foreign([[0.5, 0.5]] * 10, 1000.0))
    assert box(teacher) == ([0.4, 0.4], [0.6, 0.6])
    on_bound = np.float32([[0.5, 0.6]] * 10)  # a trip through float32 does not move it away
    teacher.update(foreign(on_bound, 1000.0))
    assert box(teacher) == ([0.4, 0.4], [0.6, 0.7])


def test_the_order_of_late_outcomes_does_not_matter_for_whose_they_are():
    teacher = grown(boundary_probability=1.0)
    tasks = teacher.sample(60)
    bounds = {int(i): teacher._pending[int(i)] for i in tasks.ids}
    teacher.queue_length = 1_000
    for i in np.random.default_rng(0).permutation(60):
        row = slice(i, i + 1)
        teacher.update(Outcomes(tasks=tasks.values[row], ids=tasks.ids[row], returns=[float(i)], lengths=[1]))
    for bound, queue in enumerate(teacher._queues):
        assert sorted(queue) == sorted(float(k) for k, i in enumerate(tasks.ids) if bounds[int(i)] == bound)


# --- Knowledge ------------------------------------------------------------------------------------------------------


def test_without_knowledge_the_box_begins_at_a_random_task():
    starts = {tuple(box(make_teacher("adr", SQUARE, seed=seed))[0]) for seed in range(5)}
    assert len(starts) == 5


def test_an_expert_says_where_to_begin_and_what_is_good_and_bad_and_arguments_win():
    expert = ExpertKnowledge(initial_mean=[0.0, 6.0], bad_return=-5.0, good_return=10.0)
    teacher = make_teacher("adr", STUMPS, seed=0, expert=expert)
    assert (box(teacher)[0], teacher.bad_return, teacher.good_return) == ([0.0, 6.0], -5.0, 10.0)
    teacher = make_teacher("adr", STUMPS, seed=0, expert=expert, initial=[1.0, 1.0], good_return=20.0)
    assert (box(teacher)[0], teacher.bad_return, teacher.good_return) == ([1.0, 1.0], -5.0, 20.0)


def test_an_expert_at_the_level_low_leaves_the_beginning_to_chance():
    expert = ExpertKnowledge(initial_mean=[0.0, 6.0], bad_return=-5.0, good_return=10.0).at_level("low")
    teacher = make_teacher("adr", STUMPS, seed=0, expert=expert)
    assert box(teacher) == box(make_teacher("adr", STUMPS, seed=0))
    assert teacher.good_return == 10.0


@pytest.mark.parametrize("seed", range(3))
def test_it_keeps_a_student_at_its_frontier(seed):
    teacher = make_teacher("adr", LINE, seed=seed, initial=[0.05], bad_return=10.0, good_return=60.0)
    student = FrontierStudent(LINE)
    shares, chance = teach(teacher, student, 600)
    assert student.competence.mean() > 0.3
    assert shares.mean() > 1.3 * chance.mean()
    assert teacher.metrics()["moves_outwards"] > 3


def test_the_density_is_one_over_the_volume_of_the_box():
    teacher = grown(STUMPS)
    np.testing.assert_allclose(teacher.density([[1.5, 3.0], [1.5, 5.0]]), [25.0, 0.0])
    point = make_teacher("adr", STUMPS, seed=0, initial=[1.5, 3.0])
    np.testing.assert_allclose(point.density([[1.5, 3.0], [1.6, 3.0]]), [1e4, 0.0])


# --- Refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"boundary_probability": 1.5}, "boundary_probability must lie between 0 and 1"),
        ({"queue_length": 0}, "queue_length must be at least 1"),
        ({"bad_return": 200.0}, "bad_return must not exceed good_return, got 200 and 180.*give both"),
        ({"good_return": -20.0}, "bad_return must not exceed good_return, got 0 and -20"),
        ({"good_return": np.nan}, "must be finite"),
        ({"bad_return": np.nan}, "must be finite"),
        ({"step": 0.0}, "step must be finite and positive"),
        ({"step": [0.1, 0.1, 0.1]}, "one for each of"),
        ({"step": 0.1, "unit": "rang"}, "Did you mean 'range'"),
        ({"initial": [9.0, 0.0]}, "initial: Task"),
        ({"preset": "teachmyagnet"}, "Did you mean 'teachmyagent'"),
        ({"expert": {"bad_return": 3.0, "good_return": 1.0}}, "the wrong way round"),
    ],
)
def test_impossible_hyperparameters_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_teacher("adr", STUMPS, seed=0, **arguments)


@pytest.mark.parametrize(
    ("entry", "value", "sentence"),
    [
        ("places", np.array([0.6, 0.4, 0.4, 0.6]), "does not lie in the unit cube"),
        ("places", np.zeros(6), "shape"),
        ("queues", [[], [], [], [np.nan]], "not finite"),
        ("queues", [[1.0] * 10, [], [], []], "too long"),
        ("pending", np.array([[3, 9]]), "does not exist"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(entry, value, sentence):
    teacher = grown()
    state = teacher.state_dict()
    state["algorithm"][entry] = value
    with pytest.raises(ValueError, match=sentence):
        teacher.load_state_dict(state)


def test_a_state_with_other_hyperparameters_is_refused():
    with pytest.raises(ValueError, match=r"queue_length=10.*queue_length=20"):
        make_teacher("adr", SQUARE, seed=0, queue_length=20).load_state_dict(
            make_teacher("adr", SQUARE, seed=0).state_dict()
        )
