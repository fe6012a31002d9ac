"""The oracle: a window that slides from easy to hard, and never back."""

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.teachers.expert_knowledge import ExpertKnowledge

from .frontier_student import FrontierStudent, answer, foreign, teach

SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
STUMPS = TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))


def corner(teacher):
    return np.round(teacher.window[0], 9).tolist()


def test_the_window_moves_by_its_step_after_fifty_good_episodes():  # facts, T11
    teacher = make_teacher("oracle", STUMPS, seed=0, easy=[0.0, 6.0])
    np.testing.assert_allclose(teacher.window[1] - teacher.window[0], [0.5, 1.0])
    assert corner(teacher) == [0.0, 5.0]
    answer(teacher, 231.0, 49)
    assert corner(teacher) == [0.0, 5.0]
    answer(teacher, 231.0, 1)
    assert corner(teacher) == [0.1, 4.8]
    answer(teacher, 231.0, 50)
    assert corner(teacher) == [0.2, 4.6]


def test_a_mean_of_exactly_the_good_return_is_not_enough():  # facts, T11
    teacher = make_teacher("oracle", STUMPS, seed=0, easy=[0.0, 6.0])
    answer(teacher, 230.0, 100)
    assert corner(teacher) == [0.0, 5.0]


def test_the_step_and_the_window_can_be_in_task_units():
    teacher = make_teacher("oracle", STUMPS, seed=0, easy=[0.0, 6.0], window=[0.5, 1.0], step=[0.1, 0.2], unit="task")
    answer(teacher, 231.0, 50)
    assert corner(teacher) == [0.1, 4.8]


def test_batches_of_episodes_do_not_overlap():
    teacher = make_teacher("oracle", STUMPS, seed=0)
    answer(teacher, 0.0, 50)
    answer(teacher, 300.0, 49)  # together with the last of before they would be good enough
    assert teacher.metrics()["stage"] == 0.0
    answer(teacher, 300.0, 1)
    assert teacher.metrics()["stage"] == 1.0


def test_the_window_arrives_at_the_hard_end_and_stays():
    teacher = make_teacher("oracle", STUMPS, seed=0, easy=[0.0, 6.0], stage_episodes=1)
    for _ in range(40):
        answer(teacher, 300.0)
    assert corner(teacher) == [2.5, 0.0]
    assert teacher.metrics()["progress"] == 1.0
    answer(teacher, -300.0, 10)
    assert corner(teacher) == [2.5, 0.0]


def test_a_step_that_does_not_divide_the_way_ends_at_the_end():
    teacher = make_teacher("oracle", SQUARE, seed=0, window=0.5, step=0.3, stage_episodes=1)
    corners = [corner(teacher)[0]]
    for _ in range(4):
        answer(teacher, 300.0)
        corners.append(corner(teacher)[0])
    assert corners == [0.0, 0.3, 0.5, 0.5, 0.5]


def test_tasks_are_uniform_in_the_window():
    teacher = make_teacher("oracle", STUMPS, seed=0, easy=[0.0, 6.0])
    values = teacher.sample(20_000).values
    low, high = teacher.window
    assert ((values >= low) & (values <= high)).all()
    np.testing.assert_allclose(values.mean(axis=0), (low + high) / 2, atol=0.01)
    np.testing.assert_allclose(values.std(axis=0), (high - low) / 12**0.5, rtol=0.03)


def test_the_density_is_that_of_the_tasks():
    space = TaskSpace(x=(0.0, 1.0), rooms=range(4), width=(2.0, 2.0))
    teacher = make_teacher("oracle", space, seed=0, window=0.4, step=0.2, stage_episodes=1, good_return=0.0)
    answer(teacher, 1.0)
    values = teacher.sample(40_000).values
    for rooms in range(4):
        share = (values[:, 1] == rooms).mean()
        expected = teacher.density([[0.4, rooms, 2.0]])[0] / 4 * 0.4  # times the cell and the window's other side
        np.testing.assert_allclose(share, expected, atol=0.01)
    assert teacher.density([[0.1, 1, 2.0], [0.7, 1, 2.0]]).tolist() == [0.0, 0.0]


def test_an_episode_of_an_earlier_window_does_not_count():
    teacher = make_teacher("oracle", STUMPS, seed=0)
    answer(teacher, 300.0, 120, batch=120)  # 50 of them move the window, 70 were on their way
    assert teacher.metrics()["stage"] == 1.0
    answer(teacher, 300.0, 49)
    assert teacher.metrics()["stage"] == 1.0
    answer(teacher, 300.0, 1)
    assert teacher.metrics()["stage"] == 2.0


def test_an_episode_of_another_run_counts_where_its_task_lies_in_the_window():
    teacher = make_teacher("oracle", STUMPS, seed=0, stage_episodes=10)
    teacher.update(foreign([[2.0, 2.0]] * 30, 300.0))
    assert teacher.metrics()["stage"] == 0.0
    teacher.update(foreign([[0.4, 0.5]] * 10, 300.0))
    assert teacher.metrics()["stage"] == 1.0


def test_the_easy_end_is_the_nearer_one_or_the_low_one():
    assert corner(make_teacher("oracle", SQUARE, seed=0, window=0.25)) == [0.0, 0.0]
    assert corner(make_teacher("oracle", SQUARE, seed=0, window=0.25, easy=[0.5, 0.6])) == [0.0, 0.75]


def test_an_expert_says_where_to_begin_and_what_is_good_and_arguments_win():
    expert = ExpertKnowledge(initial_mean=[0.0, 6.0], good_return=10.0)
    teacher = make_teacher("oracle", STUMPS, seed=0, expert=expert)
    assert (corner(teacher), teacher.good_return) == ([0.0, 5.0], 10.0)
    teacher = make_teacher("oracle", STUMPS, seed=0, expert=expert, easy=[3.0, 0.0], good_return=20.0)
    assert (corner(teacher), teacher.good_return) == ([2.5, 0.0], 20.0)


def test_every_value_of_a_discrete_dimension_is_reached():
    space = TaskSpace(rooms=range(2, 7), terrain=["grass", "ice", "mud"], width=(1.0, 1.0))
    teacher = make_teacher("oracle", space, seed=0, stage_episodes=20, easy=[6, 0, 1.0])
    values = answer(teacher, 300.0, 800)
    assert values[:20].tolist() == [[6.0, 0.0, 1.0]] * 20
    assert values[-20:].tolist() == [[2.0, 2.0, 1.0]] * 20
    assert set(values[:, 0]) == {2, 3, 4, 5, 6}


@pytest.mark.parametrize("seed", range(3))
def test_it_keeps_a_student_at_its_frontier(seed):
    space = TaskSpace(x=(0.0, 1.0))
    teacher, student = make_teacher("oracle", space, seed=seed, good_return=60.0), FrontierStudent(space)
    shares, chance = teach(teacher, student, 1_500)
    assert student.competence.mean() > 0.6
    assert shares.mean() > 1.5 * chance.mean()
    frontier = (np.flatnonzero(student.learnable())[:3, None] + 0.5) / 20 if student.learnable().any() else [[0.95]]
    assert teacher.density(frontier).max() > 1.0


def test_a_student_that_learns_nothing_is_left_at_the_easy_end():
    teacher = make_teacher("oracle", STUMPS, seed=0)
    assert (answer(teacher, -100.0, 500) <= [0.5, 1.0]).all()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"easy": [9.0, 0.0]}, "easy: Task.*stump_height.*outside"),
        ({"easy": [0.0]}, "easy: .*shape"),
        ({"easy": [[0.0, 0.0]]}, "easy: .*one task"),
        ({"window": 0.0}, "window must be finite and positive"),
        ({"step": -0.1}, "step must be finite and positive"),
        ({"step": [0.1, 0.1, 0.1]}, "one for each of stump_height, obstacle_spacing"),
        ({"step": "far"}, "step must be a number"),
        ({"unit": "metre"}, "unit of window"),
        ({"good_return": np.nan}, "good_return must be finite"),
        ({"stage_episodes": 0}, "stage_episodes must be at least 1"),
        ({"expert": {"initial_mean": [9.0, 9.0]}}, "outside"),
    ],
)
def test_impossible_hyperparameters_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_teacher("oracle", STUMPS, seed=0, **arguments)


def test_a_state_with_other_hyperparameters_is_refused():
    state = make_teacher("oracle", STUMPS, seed=0, easy=[0.0, 6.0]).state_dict()
    with pytest.raises(ValueError, match="from_high"):
        make_teacher("oracle", STUMPS, seed=0).load_state_dict(state)


def test_a_state_that_is_past_the_end_is_refused():
    teacher = make_teacher("oracle", STUMPS, seed=0)
    state = teacher.state_dict()
    state["algorithm"]["stage"] = 99
    with pytest.raises(ValueError, match="do not fit"):
        teacher.load_state_dict(state)


def test_late_outcomes_of_the_current_window_count_in_any_order():
    teacher = make_teacher("oracle", STUMPS, seed=0)
    tasks = teacher.sample(50)
    order = np.random.default_rng(0).permutation(50)
    for i in order:
        teacher.update(Outcomes(tasks=tasks.values[i : i + 1], ids=tasks.ids[i : i + 1], returns=[240.0], lengths=[5]))
    assert teacher.metrics()["stage"] == 1.0
