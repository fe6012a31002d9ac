"""The paced pool: windows, pacing, orders and item response theory, against the papers' numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.benchmarks.arm_lessons import teach
from tutelage.envs import ArmStudent
from tutelage.teachers.composable.item_response import ability, fit_difficulties, hardest_for
from tutelage.teachers.composable.orders import contrast_order, contrast_score, mmd, order_of
from tutelage.teachers.composable.paced import Paced
from tutelage.teachers.composable.pacing import AccuracyPaced, IRTAbility, pacing_of, rising_weights


def space(k):
    return TaskSpace(n=range(k))


def paced(difficulty, **arguments):
    return Paced(
        space(len(difficulty)), seed=0, difficulty=difficulty, **{"window": "prefix", "pacing": 0.5, **arguments}
    )


def report(teacher, tasks, success):
    n = len(tasks)
    rows = np.array(tasks, dtype=float)[:, None]
    teacher.update(Outcomes(tasks=rows, ids=[-1] * n, returns=success, lengths=[1] * n, success=success))


# --- Windows ---------------------------------------------------------------------------------------------------------


def test_a_prefix_is_the_easiest_part():
    assert paced([3, 1, 2, 0]).probabilities.tolist() == [0, 0.5, 0, 0.5]


def test_a_prefix_grows_with_the_schedule():
    teacher, sizes = paced(list(range(10)), pacing="linear(0.1, 1)", duration=100), []
    for _ in range(5):
        sizes.append(int(np.count_nonzero(teacher.probabilities)))
        teacher.sample(25)
    assert sizes == [1, 3, 6, 8, 10]


def test_a_gaussian_window_of_seven():
    teacher = paced(list(range(7)), window="gaussian", pacing="accuracy", width=1.0)
    teacher._pacing.centre = 2.0
    expected = [0.0542, 0.2431, 0.4008, 0.2431, 0.0542, 0.0045, 0.0001]
    np.testing.assert_allclose(teacher.probabilities, expected, atol=6e-5)


def test_easiness_weights_are_reciprocal_losses():
    teacher = paced([0.1, 0.2, 0.4, 0.8], pacing=1.0, weights="easiness")
    np.testing.assert_allclose(teacher.probabilities, [0.5333, 0.2667, 0.1333, 0.0667], atol=6e-5)


def test_difficulties_below_zero_are_counted_from_the_easiest():
    weights = paced([-2.0, -1.0, 0.0, 2.0], window="prefix", pacing=1.0, weights="easiness").probabilities
    assert (np.diff(weights) < 0.0).all()


def test_rising_weights():
    assert [rising_weights(0.2, t, 10) for t in (0, 5, 10)] == pytest.approx([0.2, 0.6, 1.0])


def test_rising_weights_end_equal():
    teacher = paced([1.0, 2.0], pacing=1.0, weights={"rising": 2}, update_every_episodes=1)
    np.testing.assert_allclose(teacher.probabilities, [2 / 3, 1 / 3])
    report(teacher, [0, 1], [1.0, 0.0])
    np.testing.assert_allclose(teacher.probabilities, [0.5, 0.5])


def test_a_block_is_gone_through_in_order():
    teacher = paced([5, 4, 3, 2, 1, 0], window="block", n_blocks=2, pacing="linear(0, 1)", duration=8)
    assert teacher.sample(4).values[:, 0].tolist() == [5, 4, 3, 5]
    assert teacher.sample(4).values[:, 0].tolist() == [2, 1, 0, 2]


def test_subsets_of_a_cycle_have_its_sizes_and_no_task_twice():
    teacher = paced(list(range(1, 9)), window="subset", pacing="cyclic(0.25, 1, 0.5)", weights="easiness")
    tasks = teacher.sample(2 + 4 + 8 + 4 + 2).values[:, 0]
    for part in np.split(tasks, [2, 6, 14, 18]):
        assert len(set(part.tolist())) == len(part)


def test_ability_opens_what_the_student_can_do():
    b = [-2.0, -1.0, 0.0, 1.0, 2.0]
    teacher = paced(b, window="ability", pacing="ability", update_every_episodes=5)
    report(teacher, range(5), [1, 1, 1, 0, 0])
    assert np.flatnonzero(teacher.probabilities).tolist() == [0, 1, 2]
    other = paced(b, window="ability", pacing="ability", update_every_episodes=5)
    report(other, range(5), [1, 1, 0, 0, 0])
    assert np.flatnonzero(other.probabilities).tolist() == [0, 1]


def test_the_easiest_stay_open_when_none_is_easy_enough():
    teacher = paced([3.0, 5.0, 4.0], window="ability", pacing="ability", min_tasks=2)
    assert np.flatnonzero(teacher.probabilities).tolist() == [0, 2]


# --- Pacing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("accuracy", "shift"), [(0.8, 298.489), (0.5, 29.964), (0.2, 0.0)])
def test_gain_rl_moves_forward_only(accuracy, shift):
    assert AccuracyPaced(n=500, extra=0.03, cap=1000).shift(accuracy, 10_000) == pytest.approx(shift, abs=5e-4)


def test_a_share_of_the_pool_is_as_good_as_ranks():
    assert AccuracyPaced(n=0.05).shift(0.8, 1000) == pytest.approx(AccuracyPaced(n=50, cap=100).shift(0.8, 1000))


def test_impossible_tasks_are_passed_over():
    pacing = AccuracyPaced(patience=3)
    for _ in range(3):
        assert pacing.centre == 0.0
        pacing.learn(0.0, 100)
    assert pacing.centre == 10.0


def test_the_centre_ends_at_the_hardest_task():
    pacing = AccuracyPaced()
    for _ in range(50):
        pacing.learn(1.0, 10)
    assert pacing.centre == 9.0


def test_an_ability_that_stands_still_is_raised():
    pacing = IRTAbility(answers=5)
    for _ in range(3):
        pacing.learn(np.array([1.0, 1.0, 1.0, 0.0, 0.0]), np.array([-2.0, -1.0, 0.0, 1.0, 2.0]))
    assert pacing.ability == pytest.approx(0.37, abs=1e-4)


# --- Item response theory --------------------------------------------------------------------------------------------

B = [-2.0, -1.0, 0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("correct", "theta"),
    [([1, 1, 1, 0, 0], 0.27), ([1, 1, 0, 0, 0], -0.27), ([1] * 5, 1.3771), ([0] * 5, -1.3771)],
)
def test_the_ability_after_five_answers(correct, theta):
    assert ability(correct, B) == pytest.approx(theta, abs=6e-5)


def test_the_ability_after_a_hundred_answers():
    correct = np.concatenate([np.arange(20) < round(20 * rate) for rate in (0.95, 0.85, 0.6, 0.3, 0.1)])
    theta = ability(correct, np.repeat(B, 20))
    assert theta == pytest.approx(0.333, abs=1e-3)
    assert hardest_for(theta, 0.6) == pytest.approx(-0.0725, abs=1e-3)


def test_difficulties_come_back_from_a_crowd():
    rng, b = np.random.default_rng(0), np.linspace(-2, 2, 9)
    theta = rng.standard_normal(300)
    responses = rng.random((300, 9)) < 1 / (1 + np.exp(b - theta[:, None]))
    np.testing.assert_allclose(fit_difficulties(responses), b, atol=0.5)


# --- Orders ----------------------------------------------------------------------------------------------------------

LEVEL = np.array([2.0, 0.0, 1.0, 5.0, 3.0, 4.0])


@pytest.mark.parametrize(
    ("order", "tasks"),
    [
        ("ascending", [1, 2, 0, 4, 5, 3]),
        ("descending", [3, 5, 4, 0, 2, 1]),
        ("blocked", [0, 1, 2, 3, 4, 5]),
        ("interleaved", [0, 3, 1, 4, 2, 5]),
        ("blocked_curriculum", [1, 2, 0, 4, 5, 3]),
        ("interleaved_curriculum", [1, 4, 2, 5, 0, 3]),
        ("spiral(3)", [1, 4, 2, 5, 0, 3]),
        ([5, 4, 3, 2, 1, 0], [5, 4, 3, 2, 1, 0]),
    ],
    ids=str,
)
def test_an_order_by_difficulty_and_category(order, tasks):
    got = order_of(order, LEVEL, list("aaabbb"), LEVEL[:, None], np.random.default_rng(0))
    assert got.tolist() == tasks


def test_a_random_order_is_a_permutation():
    assert sorted(order_of("random", LEVEL, None, LEVEL[:, None], np.random.default_rng(0))) == list(range(6))


def test_a_shift_of_two_points_and_its_discrepancy():
    two = np.array([[0.0], [1.0]])
    found = [mmd(two, two + shift) for shift in (0, 0.5, 1, 2, 4)]
    assert found == pytest.approx([0, 0.1470, 0.4908, 1.1656, 1.3678], abs=6e-5)


def test_categories_are_taken_by_their_distance_from_the_source():
    features = np.array([[0.9], [0.0], [0.4], [0.1]])
    order = order_of({"mmd": {"source": "home"}}, np.zeros(4), ["far", "home", "near", "home"], features, None)
    assert order.tolist() == [1, 3, 2, 0]


def test_the_best_contrast_is_found_among_all_permutations():
    distances = np.abs(np.subtract.outer([0.0, 1.0, 2.5, 7.0, 3.0], [0.0, 1.0, 2.5, 7.0, 3.0]))
    best = contrast_score(distances, contrast_order(distances))
    assert best == max(contrast_score(distances, order) for order in itertools.permutations(range(5)))


def test_a_beam_finds_a_good_contrast_of_ten():
    rng = np.random.default_rng(0)
    points = rng.random(10)
    distances = np.abs(np.subtract.outer(points, points))
    order = contrast_order(distances)
    assert sorted(order) == list(range(10))
    assert contrast_score(distances, order) > max(contrast_score(distances, rng.permutation(10)) for _ in range(200))


# --- Measured difficulties -------------------------------------------------------------------------------------------


def test_probed_difficulties_come_first_and_are_not_learned_from():
    teacher = Paced(space(4), seed=0, difficulty="probe", window="prefix", pacing=0.5)
    tasks = teacher.sample(4)
    assert (tasks.train.any(), sorted(tasks.values[:, 0])) == (False, [0, 1, 2, 3])
    success = np.isin(tasks.values[:, 0], [1, 3])
    teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=success, lengths=[1] * 4, success=success))
    assert teacher.probabilities.tolist() == [0, 0.5, 0, 0.5]
    assert teacher.sample(4).train.all()


def test_probed_difficulties_may_be_gone_through_from_the_hardest_on():
    teacher = Paced(space(4), seed=0, difficulty="probe", order="descending", window="block", pacing=0.0, n_blocks=1)
    tasks = teacher.sample(4)
    success = np.isin(tasks.values[:, 0], [1, 3])
    teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=success, lengths=[1] * 4, success=success))
    assert teacher.sample(4).values[:, 0].tolist() == [0, 2, 1, 3]


def test_an_order_may_be_an_array():
    teacher = Paced(space(4), seed=0, difficulty="probe", order=np.array([2, 0, 1, 3]))
    report(teacher, [0, 1, 2, 3], [0.0] * 4)
    assert teacher.order.tolist() == [2, 0, 1, 3]


def test_episodes_after_the_probes_do_not_sort_again():
    teacher = Paced(space(4), seed=0, difficulty="probe", window="prefix", pacing=0.5)
    report(teacher, [0, 1, 2, 3], [0.0, 1.0, 0.0, 1.0])
    before = teacher.order.tolist()
    report(teacher, [0, 1, 2, 3], [1.0, 0.0, 1.0, 0.0])
    assert teacher.order.tolist() == before


def test_resorting_permutes_the_next_block_only():
    teacher = paced(list(range(9)), window="block", n_blocks=3, pacing="linear(0, 1)", duration=30, resort="next_block")
    teacher.sample(10)
    before = teacher.order.copy()
    tasks = teacher.sample(3)
    assert (tasks.values[:, 0].tolist(), tasks.train.any()) == ([3, 4, 5], False)
    success = [0.0, 1.0, 1.0]
    teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=success, lengths=[1] * 3, success=success))
    assert teacher.order.tolist() == [0, 1, 2, 4, 5, 3, 6, 7, 8]
    assert before.tolist() == list(range(9))
    assert teacher.sample(3).values[:, 0].tolist() == [4, 5, 3]


# --- A student -------------------------------------------------------------------------------------------------------


def test_a_moving_window_is_quicker_than_all_tasks_at_once():
    student = ArmStudent()
    updates = {}
    for name, arguments in {"window": {"width": 0.6 / 5}, "all": {"window": "prefix", "pacing": 1.0}}.items():
        lessons = [teach(Paced(student.task_space, seed=seed, **arguments), student, seed) for seed in range(5)]
        updates[name] = np.median([lesson.updates for lesson in lessons])
    assert updates["window"] < updates["all"]


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"tasks": []}, "pool of tasks is empty"),
        ({"tasks": np.empty((0, 1))}, "pool of tasks is empty"),
        ({"tasks": [[9]]}, "outside"),
        ({"difficulty": [1, 2]}, "each of 3 tasks"),
        ({"difficulty": [1, np.nan, 2]}, "finite number"),
        ({"difficulty": "prob"}, "difficulty"),
        ({"difficulty": {"irt": [[2, 0, 1]]}}, "responses"),
        ({"order": "rising"}, "order"),
        ({"order": [0, 1, 1]}, "each number"),
        ({"order": "blocked"}, "category"),
        ({"order": "blocked", "category": ["a"]}, "label for each of 3"),
        ({"order": "blocked", "category": "m"}, "dimension as category"),
        ({"window": "prefixes"}, "window"),
        ({"window": "ability"}, "need each other"),
        ({"pacing": "ability"}, "need each other"),
        ({"window": "block", "pacing": "accuracy"}, "needs window"),
        ({"pacing": "interpolate_mix([1], [1])"}, "schedule of one number"),
        ({"pacing": "liner(0, 1)"}, "schedule"),
        ({"pacing": "accuracy(0)"}, "above 0"),
        ({"weights": "rising"}, "weights"),
        ({"weights": "easiness", "window": "block", "pacing": 0.5}, "no use for weights"),
        ({"resort": "next_block"}, "window='block'"),
        ({"width": 0}, "width"),
        ({"mix_uniform": 2}, "mix_uniform"),
        ({"min_tasks": 0}, "min_tasks"),
    ],
    ids=str,
)
def test_a_hyperparameter_out_of_range_is_refused_by_name(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        Paced(space(3), **{"window": "prefix", "pacing": 0.5, **arguments})


@pytest.mark.parametrize("pacing", ["accuracy(n=500)", {"accuracy": {"n": 500}}])
def test_pacing_is_chosen_by_plain_data(pacing):
    assert pacing_of(pacing).n == 500


# --- Looking changes nothing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [lambda teacher: teacher.metrics(), lambda teacher: teacher.state_dict()])
def test_looking_at_a_teacher_that_sorts_again_does_not_change_its_tasks(look):
    def tasks(looks):
        teacher = make_teacher("paced:adcl", TaskSpace(x=(0.0, 1.0)), seed=0, n_tasks=40, duration=400)
        rng, played, waiting = np.random.default_rng(1), [], []
        for _ in range(300):
            if looks:
                look(teacher)
            task = teacher.sample(1)
            played.append(float(task.values[0, 0]))
            waiting.append(task)
            if len(waiting) > 4:
                done = waiting.pop(int(rng.integers(len(waiting))))
                teacher.update(
                    Outcomes(
                        tasks=done.values, ids=done.ids, returns=[0.0], lengths=[1], success=[float(rng.random() < 0.5)]
                    )
                )
        return played

    assert tasks(True) == tasks(False)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"weights": "rising(x)"}, "weights 'rising\\(x\\)' cannot be read"),
        ({"weights": "rising()"}, "weights must be None"),
        ({"order": "spiral(0)", "category": [0, 1, 0]}, "levels of spiral must be at least 1"),
        ({"order": "spiral(2.7)", "category": [0, 1, 0]}, "levels of spiral"),
        ({"order": "ascending(3)"}, "ascending takes no argument"),
    ],
)
def test_parts_with_arguments_that_they_do_not_have_are_refused_by_name(arguments, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        paced([0.0, 1.0, 2.0], **arguments)
