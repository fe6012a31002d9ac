"""The report of a run on mazes."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from tutelage.benchmarks import TrainConfig, train
from tutelage.benchmarks.figures.level_gallery import best_of_buffer
from tutelage.benchmarks.figures.level_history import binned
from tutelage.benchmarks.report import write_report
from tutelage.benchmarks.report_data import ReportData

PICTURES = ["learning_curve", "level_gallery", "level_history", "maze_curves"]


def maze_run(folder, teacher, **settings):
    config = TrainConfig(
        "Maze",
        teacher,
        n_envs=8,
        steps=1_024,
        student_args={"rollout_steps": 512, "batch_size": 128, "n_epochs": 1},
        eval_every=512,
        eval_episodes=2,
        **settings,
    )
    train(config, folder, quiet=True)
    return folder


@pytest.fixture(scope="module")
def accel_run(tmp_path_factory):
    small = {"buffer_size": 8, "min_fill": 0.1, "score": "learnability"}
    return maze_run(tmp_path_factory.mktemp("runs") / "accel", "accel", teacher_args=small, env_args={"max_steps": 40})


def test_levels_are_drawn_instead_of_points(accel_run, tmp_path):
    run = shutil.copytree(accel_run, tmp_path / "run")
    page = write_report(run).read_text(encoding="utf-8")
    assert sorted(file.stem for file in (run / "plots").glob("*.png")) == PICTURES
    assert page.count("<img") == len(PICTURES) + 1  # and the film
    assert "Levels the teacher handed out" in page


def test_a_run_without_anything_to_draw_says_so(accel_run, tmp_path):
    run = shutil.copytree(accel_run, tmp_path / "run")
    for name in ("tasks.npz", "evaluations.npz"):
        (run / name).unlink()
    page = write_report(run, gif=False).read_text(encoding="utf-8")
    assert "No level was handed out yet" in page
    assert not list((run / "plots").glob("level_*.png"))


def test_mazes_of_another_size_are_drawn_with_numbers_for_names(tmp_path):
    run = maze_run(tmp_path / "small", "random", env_args={"height": 4, "width": 6, "max_steps": 20})
    write_report(run, gif=False)
    assert sorted(file.stem for file in (run / "plots").glob("*.png")) == PICTURES


def test_the_buffers_best_levels_come_in_the_order_of_their_scores(accel_run):
    tasks, scores = best_of_buffer(ReportData(accel_run).teacher, 3)
    assert len(tasks) == len(scores) == 3
    assert (np.diff(scores) <= 0).all()
    assert best_of_buffer(object(), 3) is None


def test_levels_are_grouped_by_when_they_came():
    x, groups = binned(np.repeat([0, 1000], 300), np.repeat([1.0, 2.0], 300))
    assert x.tolist() == [0.0, 1000.0]
    assert [set(group) for group in groups] == [{1.0}, {2.0}]
