"""Scores by teacher, task and seed: what is missing is named and never averaged over."""

from __future__ import annotations

import numpy as np
import pytest
from tutelage.benchmarks.score_table import ScoreTable

ROWS = [
    ("plr", "maze", 0, 0.9),
    ("plr", "maze", 1, 0.8),
    ("plr", "stumps", 1, 0.3),
    ("plr", "stumps", 0, 0.4),
    ("random", "maze", 0, 0.5),
    ("random", "stumps", 0, 0.1),
]


def test_teachers_may_have_different_numbers_of_seeds():
    table = ScoreTable(ROWS)
    assert table.matrix("plr").tolist() == [[0.9, 0.4], [0.8, 0.3]]
    assert table.matrix("random").tolist() == [[0.5, 0.1]]
    assert table.missing == []


def test_seeds_that_are_not_on_every_task_are_left_out_and_named():
    table = ScoreTable([*ROWS, ("plr", "maze", 7, 0.0), ("random", "maze", 3, 0.0), ("random", "stumps", 4, 0.0)])
    assert table.matrix("plr").tolist() == [[0.9, 0.4], [0.8, 0.3]]
    assert table.runs("plr", "maze").tolist() == [0.9, 0.8, 0.0]
    assert table.missing == [
        "plr has seed 7 on some tasks only; what is computed over all tasks is without.",
        "random has seeds 3, 4 on some tasks only; what is computed over all tasks is without.",
    ]


def test_a_teacher_without_a_task_is_left_out_and_named():
    table = ScoreTable([*ROWS, ("accel", "maze", 0, 0.95)])
    assert list(table.matrices()) == ["plr", "random"]
    assert table.missing == ["accel has no run on stumps, and is left out of what is computed over all tasks."]
    assert table.runs("accel", "stumps").shape == (0,)
    with pytest.raises(ValueError, match="at least one seed with which accel was played on every task"):
        table.matrix("accel")


def test_a_teacher_with_another_seed_on_each_task_is_left_out_and_named():
    table = ScoreTable([*ROWS, ("accel", "maze", 0, 0.95), ("accel", "stumps", 1, 0.5)])
    assert "accel" not in table.matrices()
    assert table.missing == ["accel has no seed on every task, and is left out of what is computed over all tasks."]


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_refused_by_name(score):
    with pytest.raises(ValueError, match="that of random on maze with seed 3 is"):
        ScoreTable([*ROWS, ("random", "maze", 3, score)])


def test_the_same_run_twice_is_refused_by_name():
    with pytest.raises(ValueError, match="plr on maze with seed 1 is there twice"):
        ScoreTable([*ROWS, ("plr", "maze", 1, 0.8)])


def test_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one score"):
        ScoreTable([])


def test_a_misspelt_name_is_refused():
    table = ScoreTable(ROWS)
    with pytest.raises(ValueError, match="Did you mean 'random'"):
        table.matrix("randon")
    with pytest.raises(ValueError, match="Did you mean 'stumps'"):
        table.runs("plr", "stump")


def test_arrays_make_the_same_table():
    scores = {"plr": [[0.9, 0.4], [0.8, 0.3]], "random": [[0.5, 0.1]]}
    table = ScoreTable.from_arrays(scores, ["maze", "stumps"])
    assert {label: matrix.tolist() for label, matrix in table.matrices().items()} == scores
    with pytest.raises(ValueError, match=r"scores of plr of shape \(n_runs, 3\), got \(2, 2\)"):
        ScoreTable.from_arrays(scores, ["maze", "stumps", "hexagons"])
