"""Comparing runs by their evaluations."""

import csv

import numpy as np
import pytest
from tutelage import TaskSpace
from tutelage.benchmarks.compare_runs import compare
from tutelage.benchmarks.evaluation import Evaluation, EvaluationLog
from tutelage.errors import RequestError
from tutelage.run_directory import RunDirectory

SPACE = TaskSpace(x=(0.0, 1.0))
TASKS = SPACE.grid(4)


def make_run(folder, teacher, seed, mastered, steps=(100, 200), test_set="four"):
    """A run directory with evaluations in which the given numbers of the four tasks were mastered."""
    run = RunDirectory.create(folder, {"env": "any", "teacher": teacher, "seed": seed})
    log = EvaluationLog(TASKS, test_set)
    for step, count in zip(steps, mastered, strict=True):
        success = (np.arange(4) < count).astype(float)[:, None]
        log.add(step, Evaluation(SPACE, TASKS, 10.0 * success, np.ones((4, 1), int), success))
    log.save(run.evaluations_file)
    return folder


@pytest.fixture
def runs(tmp_path):
    return [
        make_run(tmp_path / "a0", "alp-gmm", 0, (1, 3)),
        make_run(tmp_path / "a1", "alp-gmm", 1, (2, 4)),
        make_run(tmp_path / "r0", "random", 0, (0, 1)),
    ]


def test_the_table_has_the_mean_and_each_seed(runs, tmp_path):
    last = compare(runs, tmp_path / "out").splitlines()[-1]
    assert last == "| 0.00 M | **87.5** (75, 100) | **25.0** (25) |"


def test_every_evaluation_is_in_the_csv(runs, tmp_path):
    compare(runs, tmp_path / "out")
    with open(tmp_path / "out" / "comparison.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert rows[0]["mean_return"] == "2.5"


def test_the_picture_is_a_png(runs, tmp_path):
    compare(runs, tmp_path / "out")
    assert (tmp_path / "out" / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_an_unfinished_run_cuts_the_table_short(runs, tmp_path):
    runs.append(make_run(tmp_path / "r1", "random", 1, (1,), steps=(100,)))
    assert len(compare(runs, tmp_path / "out").splitlines()) == 3


def test_different_test_sets_are_refused(runs, tmp_path):
    runs.append(make_run(tmp_path / "x", "random", 2, (1, 1), test_set="other"))
    with pytest.raises(RequestError, match="evaluated on other"):
        compare(runs, tmp_path / "out")


def test_evaluations_at_different_steps_are_refused(runs, tmp_path):
    runs.append(make_run(tmp_path / "x", "random", 2, (1, 1), steps=(100, 300)))
    with pytest.raises(RequestError, match="different steps"):
        compare(runs, tmp_path / "out")


def test_a_run_without_evaluations_is_refused(tmp_path):
    RunDirectory.create(tmp_path / "x", {"env": "any", "teacher": "random", "seed": 0})
    with pytest.raises(RequestError, match="not been evaluated"):
        compare([tmp_path / "x"], tmp_path / "out")
