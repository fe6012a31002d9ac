"""How long bandits take to teach the students with arms, against the calibration that their defaults rest on.

Medians over ten students of updates to mastery. Between students these differ by a few percent on clean arms and by up
to a fifth where chance decides whether a noisy arm takes over; the calibration was made with another implementation.
Hence a tolerance of a quarter.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tutelage import Teacher, make_teacher
from tutelage.benchmarks.arm_lessons import CAP, Lesson, teach
from tutelage.envs import ArmConfig, ArmStudent

SEC = {"signal": "abs_advantage", "score": "identity", "estimator": "ema(0.5)", "policy": "boltzmann(0.2)"}
DUMP = {
    "signal": "abs_advantage",
    "score": "identity",
    "estimator": "window(300)",
    "ucb": 1.0,
    "policy": "boltzmann(0.1)",
}
CURES = {"estimator": "beta(discount=0.95)", "policy": "boltzmann(0.1)"}
BAND = {"estimator": "beta(discount=0.98)", "score": "band(0.2, 0.8)", "policy": "proportional"}
LOWEST = {"signal": "return", "estimator": "ema(1.0)", "score": "neg_exp(5)", "policy": "proportional"}
PROGRESS = {
    "signal": "absolute_progress",
    "estimator": "ema(0.5)",
    "score": "identity",
    "policy": "proportional",
}


def mixed(arguments, uniform=0.1, cap=None):
    return {**arguments, "mix_uniform": uniform, "max_share": cap}


TEACHERS = {
    "uniform": None,
    "sec": mixed(SEC, 0.0),
    "sec mixed": mixed(SEC),
    "sec capped": mixed(SEC, cap="2/K"),
    "sec warm": mixed({**SEC, "policy": "boltzmann(0.5)"}),
    "dump": mixed(DUMP, 0.0),
    "dump mixed": mixed(DUMP),
    "dump capped": mixed(DUMP, cap="2/K"),
    "cures": mixed(CURES, 0.0),
    "cures mixed": mixed(CURES),
    "band": mixed(BAND, 0.0),
    "lowest first": mixed(LOWEST, 0.0),
    "lowest first, mixed": mixed(LOWEST),
    "progress": mixed(PROGRESS, 0.0),
    "progress mixed": mixed(PROGRESS),
}
UPDATES = {
    "uniform": (82, 132, 100),
    "sec": (38, 47, 400),
    "sec mixed": (40, 50, 391),
    "sec capped": (50, 80, 69),
    "sec warm": (48, 68, 92),
    "dump": (53, 67, 400),
    "dump mixed": (56, 72, 400),
    "dump capped": (68, 94, 107),
    "cures": (47, 53, 88),
    "cures mixed": (48, 56, 86),
    "band": (45, 50, 221),
    "lowest first": (160, 400, 156),
}
"""On clean arms, with three impossible ones, and with a noisy one."""
SHARES = {"uniform": 0.16, "sec": 0.94, "sec mixed": 0.84, "sec capped": 0.32, "sec warm": 0.41}
SHARES |= {"dump": 0.92, "dump mixed": 0.87, "dump capped": 0.33}
"""Of the noisy arm."""
KINDS = ("clean", "impossible", "noisy")


@cache
def lessons(name: str, kind: str) -> list[Lesson]:
    student = ArmStudent(f"arms-{kind}")
    space, arguments = student.task_space, TEACHERS[name]
    taught = []
    for seed in range(10):
        if arguments is None:
            teacher = make_teacher("random", space, seed=seed)
        else:
            arms = {"arm": list(range(int(space.size)))}
            teacher = make_teacher("bandit", space, seed=seed, arms=arms, **arguments)
        taught.append(teach(teacher, student, seed))
    return taught


def updates(name, kind):
    return float(np.median([lesson.updates for lesson in lessons(name, kind)]))


@pytest.mark.parametrize(("name", "place"), [(name, place) for name in UPDATES for place in range(3)])
def test_updates_to_mastery_are_those_of_the_calibration(name, place):
    assert updates(name, KINDS[place]) == pytest.approx(UPDATES[name][place], rel=0.25)


@pytest.mark.parametrize("name", SHARES)
def test_the_share_of_a_noisy_arm_is_that_of_the_calibration(name):
    share = np.median([lesson.share_of("noisy") for lesson in lessons(name, "noisy")])
    assert share == pytest.approx(SHARES[name], abs=0.03)


def test_the_lowest_return_first_is_trapped_by_impossible_arms_with_a_share_for_all_too():
    assert updates("lowest first, mixed", "impossible") > 2 * updates("uniform", "impossible")


def test_learning_progress_needs_a_share_for_all():
    assert updates("progress mixed", "clean") < updates("uniform", "clean") < updates("progress", "clean")


# --- Lessons ---------------------------------------------------------------------------------------------------------


class Fixed(Teacher):
    """Always the same arm."""

    def __init__(self, task_space, *, arm):
        super().__init__(task_space, seed=0)
        self.arm, self.n_updates = arm, 0

    def _sample(self, n):
        return np.full((n, 1), float(self.arm))

    def _update(self, outcomes):
        self.n_updates += 1


def test_a_lesson_ends_at_the_cap():
    student = ArmStudent("arms-impossible")
    teacher = Fixed(student.task_space, arm=5)
    lesson = teach(teacher, student, 0, batch=4, cap=7)
    assert (lesson.updates, teacher.n_updates, student.n_episodes) == (7, 7, 28)
    assert lesson.shares.tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]


def test_a_lesson_ends_when_everything_is_mastered():
    student = ArmStudent(ArmConfig(learnable=(0.0,)))
    lesson = teach(Fixed(student.task_space, arm=0), student, 0)
    assert lesson.updates < CAP
    assert student.score() == 100.0


def test_the_same_seed_teaches_the_same():
    student = ArmStudent("arms-noisy")
    one, other = (teach(make_teacher("bandit", student.task_space, seed=3), student, 3) for _ in range(2))
    assert one.updates == other.updates
    np.testing.assert_array_equal(one.shares, other.shares)
