"""Tasks that come back through float32, as observations and files of single precision have them, are the same tasks."""

from __future__ import annotations

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher

SPACE = TaskSpace(x=(0.0, 1.0), y=(-3.0, 7.0))
POINTS = [[i / 7.0, i / 3.0 - 1.0] for i in range(6)]
TEACHERS = {
    "bandit": ({"arms": POINTS}, "arms_played"),
    "ladder": ({"stages": POINTS, "gate": "mastery(0.5, min_episodes=5)"}, "mastered"),
    "paced": ({"tasks": POINTS, "difficulty": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "pacing": "ability", "window": "ability"},
              "ability"),
    "paced:sari": ({"tasks": POINTS}, "mean_difficulty"),
    "generator": ({"n_attempts": 2}, "judged"),
    "candidate:online-filtering": ({}, "selected"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEACHERS)
def test_a_task_that_comes_back_in_single_precision_is_known(name):
    arguments, metric = TEACHERS[name]
    found = []
    for precision in (np.float64, np.float32):
        teacher = make_teacher(name, SPACE, seed=0, **arguments)
        before, rng = teacher.metrics()[metric], np.random.default_rng(0)
        for _ in range(30):
            tasks = teacher.sample(10)
            success = (rng.random(10) < 0.6).astype(float)
            teacher.update(
                Outcomes(
                    tasks=tasks.values.astype(precision).astype(float),
                    ids=tasks.ids,
                    returns=success,
                    lengths=[1] * 10,
                    success=success,
                )
            )
        assert teacher.metrics()[metric] != before
        found.append(teacher.metrics()[metric])
    assert found[0] == pytest.approx(found[1])


def test_keys_tell_whole_numbers_of_wide_ranges_apart():
    space = TaskSpace(seed=range(2**31), x=(0.0, 1.0))
    rows = [[2**30, 0.1], [2**30 + 1, 0.1], [2**30, np.float32(0.1)], [2**30, -0.0], [2**30, 0.0]]
    first, second, third, minus, zero = space.keys(rows)
    assert first == third
    assert first != second
    assert minus == zero
