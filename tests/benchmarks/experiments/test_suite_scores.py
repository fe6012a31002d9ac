"""Scores on a suite of mazes, which are those of a run's last checkpoint."""

from __future__ import annotations

import json

import pytest
from tutelage.benchmarks import TrainConfig, train
from tutelage.benchmarks.experiments.suite_scores import evaluate_on_suite, suite_file
from tutelage.errors import RunError


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mazes") / "run"
    student = {"n_steps": 16, "batch_size": 64, "n_epochs": 1}
    config = TrainConfig("Maze", "random", n_envs=8, steps=256, test_set="uniform-50", student_args=student)
    train(config, folder, quiet=True)
    evaluate_on_suite(folder, "fixed-8")
    return folder


def changed(run, **content):
    file = suite_file(run, "fixed-8")
    file.write_text(json.dumps({**json.loads(file.read_text()), **content}))


def marked(run):
    """Change the rate of the first maze, so that an evaluation that is read can be told from one that is played."""
    rows = json.loads(suite_file(run, "fixed-8").read_text())["rows"]
    return [{**rows[0], "solved_rate": 0.125}, *rows[1:]]


def test_what_was_evaluated_at_the_end_is_read(run):
    changed(run, rows=marked(run))
    assert evaluate_on_suite(run, "fixed-8").final[0] == 12.5


@pytest.mark.parametrize("change", [{"checkpoint_step": 128}, {"episodes": 7}, {"seed": 3}], ids=str)
def test_what_was_evaluated_before_the_end_or_otherwise_is_evaluated_again(run, change):
    changed(run, rows=marked(run), **change)
    scores = evaluate_on_suite(run, "fixed-8")
    assert scores.points.tolist() == [256]
    assert scores.final[0] != 12.5
    assert scores.how.startswith("100 episodes")


def test_a_damaged_evaluation_is_named(run):
    changed(run, rows=3)
    with pytest.raises(RunError, match=r"fixed-8.*\.json is damaged"):
        evaluate_on_suite(run, "fixed-8")
