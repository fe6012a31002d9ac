"""Every composable teacher on students with noisy and with impossible arms, which teach nothing.

The arms are numbered by difficulty, which ladders and paced pools go by; the others do not know it.
"""

from __future__ import annotations

import numpy as np
import pytest
from tutelage import make_teacher
from tutelage.benchmarks.arm_lessons import teach
from tutelage.envs import ArmStudent

CAP = 400
STUDENTS = {kind: ArmStudent(f"arms-{kind}") for kind in ("clean", "noisy", "impossible")}
TEACHERS = {
    "random": {},
    "bandit": {"arms": 99},
    "ladder": {"n_stages": 99, "gate": "mastery(0.8, min_episodes=30)"},
    "paced": {"width": 0.15},
    "candidate": {"predictor": "nearest(20, 200)"},
    "generator": {},
    "mixture": {},
    "scheduled-mixture": {},
    "fallback": {},
}


@pytest.fixture(scope="module")
def median():
    found = {}
    for name, arguments in TEACHERS.items():
        for kind, student in STUDENTS.items():
            lessons = [teach(make_teacher(name, student.task_space, seed=s, **arguments), student, s) for s in range(5)]
            found[name, kind] = float(np.median([lesson.updates for lesson in lessons]))
    return found


@pytest.mark.parametrize("kind", STUDENTS)
@pytest.mark.parametrize("name", TEACHERS)
def test_all_arms_that_can_be_learned_are_mastered(median, name, kind):
    assert median[name, kind] < CAP


@pytest.mark.parametrize("kind", STUDENTS)
@pytest.mark.parametrize("name", [name for name in TEACHERS if name != "random"])
def test_a_teacher_is_not_slower_than_uniform_tasks(median, name, kind):
    assert median[name, kind] <= 1.1 * median["random", kind]


def test_the_uniform_share_of_a_noisy_arm_is_a_sixth():
    student = STUDENTS["noisy"]
    lesson = teach(make_teacher("random", student.task_space, seed=0), student, 0)
    assert lesson.share_of("noisy") == pytest.approx(1 / 6, abs=0.03)
