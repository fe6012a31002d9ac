"""The Gaussian oracle: a Gaussian that walks from an easy task to a hard one."""

import numpy as np
import pytest
from tutelage import TaskSpace, make_teacher
from tutelage.teachers.expert_knowledge import ExpertKnowledge

from .frontier_student import FrontierStudent, answer, foreign, teach

STUMPS = TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))


def walker(**arguments):
    return make_teacher("gaussian-oracle", STUMPS, **{"seed": 0, "easy": [0.0, 6.0], **arguments})


def test_the_means_lie_on_the_line_from_easy_to_hard():
    teacher = walker(n_stages=4, stage_episodes=1)
    means = [teacher.mean.tolist()]
    for _ in range(4):
        answer(teacher, 230.0)
        means.append(teacher.mean.tolist())
    np.testing.assert_allclose(means, [[0, 6], [1, 4], [2, 2], [3, 0], [3, 0]], atol=1e-12)


def test_it_goes_on_when_the_mean_of_the_latest_fifty_reaches_the_good_return():
    teacher = walker()
    answer(teacher, 0.0, 30)
    answer(teacher, 230.0, 49)
    assert teacher.metrics()["stage"] == 0.0
    answer(teacher, 230.0, 1)  # the fifty of the student's best are complete, whatever came before
    assert teacher.metrics()["stage"] == 1.0
    answer(teacher, 230.0, 49)
    assert teacher.metrics()["stage"] == 1.0


def test_tasks_are_gaussian_around_the_mean():
    teacher = walker(easy=[1.5, 3.0], std=0.02)
    values = teacher.sample(20_000).values
    np.testing.assert_allclose(values.mean(axis=0), [1.5, 3.0], atol=0.01)
    np.testing.assert_allclose(values.std(axis=0), [0.06, 0.12], rtol=0.03)


def test_the_spread_can_be_in_task_units():
    values = walker(easy=[1.5, 3.0], std=0.05**0.5, unit="task").sample(20_000).values
    np.testing.assert_allclose(values.var(axis=0), [0.05, 0.05], rtol=0.05)


def test_the_density_integrates_to_one_over_the_unit_cube():
    teacher = walker(easy=[1.5, 3.0])
    places = (np.arange(200) + 0.5) / 200
    grid = STUMPS.from_unit(np.stack(np.meshgrid(places, places), -1).reshape(-1, 2))
    assert np.isclose(teacher.density(grid).mean(), 1.0, atol=1e-6)


def test_without_knowledge_it_walks_from_the_low_corner_to_the_high_one():
    teacher = make_teacher("gaussian-oracle", STUMPS, seed=0, n_stages=2, stage_episodes=1)
    assert teacher.mean.tolist() == [0.0, 0.0]
    answer(teacher, 300.0)
    assert teacher.mean.tolist() == [3.0, 6.0]


def test_the_hard_task_is_given_or_the_target_mean_or_the_corner_opposite():
    expert = ExpertKnowledge(initial_mean=[0.0, 5.0], target_mean=[2.0, 1.0], good_return=10.0)
    for arguments, end in [
        ({"expert": expert, "easy": None}, [2.0, 1.0]),
        ({"expert": expert, "hard": [1.0, 1.0]}, [1.0, 1.0]),
        ({"easy": [1.0, 4.0]}, [3.0, 0.0]),
    ]:
        teacher = walker(n_stages=2, stage_episodes=1, **arguments)
        answer(teacher, 300.0)
        np.testing.assert_allclose(teacher.mean, end)


def test_an_episode_of_an_earlier_gaussian_does_not_count():
    teacher = walker()
    answer(teacher, 300.0, 200, batch=200)
    assert teacher.metrics()["stage"] == 1.0


def test_an_episode_of_another_run_counts_within_three_standard_deviations():
    teacher = walker(stage_episodes=10)
    teacher.update(foreign([[0.5, 5.5]] * 30, 300.0))
    assert teacher.metrics()["stage"] == 0.0
    teacher.update(foreign([[0.4, 5.5]] * 10, 300.0))
    assert teacher.metrics()["stage"] == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_it_keeps_a_student_at_its_frontier(seed):
    space = TaskSpace(x=(0.0, 1.0))
    teacher = make_teacher("gaussian-oracle", space, seed=seed, good_return=60.0, n_stages=20)
    student = FrontierStudent(space)
    shares, chance = teach(teacher, student, 1_500)
    assert student.competence.mean() > 0.5
    assert shares.mean() > 1.5 * chance.mean()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n_stages": 1}, "n_stages must be at least 2"),
        ({"std": 0.0}, "std must be finite and positive"),
        ({"hard": [9.0, 0.0]}, "hard: Task"),
        ({"easy": [9.0, 0.0]}, "easy: Task"),
        ({"unit": "tsk"}, "Did you mean 'task'"),
        ({"good_return": np.inf}, "good_return must be finite"),
    ],
)
def test_impossible_hyperparameters_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        walker(**arguments)


def test_a_state_with_another_line_is_refused():
    with pytest.raises(ValueError, match="end="):
        walker().load_state_dict(walker(hard=[1.0, 1.0]).state_dict())
