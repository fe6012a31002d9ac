"""The pictures of a comparison on mazes."""

from __future__ import annotations

import numpy as np
from tutelage.benchmarks.comparison_figures import _line, write_figures
from tutelage.benchmarks.figures.style import new_figure
from tutelage.benchmarks.training.config import TrainConfig
from tutelage.benchmarks.training.training import train

SMALL = {"steps": 256, "n_envs": 4, "test_set": "uniform-50", "eval_episodes": 1}
STUDENT = {"rollout_steps": 128, "batch_size": 64}


def test_runs_whose_tasks_are_no_levels_have_no_pictures_of_levels(tmp_path):
    train(TrainConfig("MazeParameters", "random", student_args=STUDENT, **SMALL), tmp_path / "run", quiet=True)
    assert write_figures(tmp_path, {"parameters": [tmp_path / "run"]}, 256) == []


def test_a_teacher_that_measures_regret_has_a_picture_of_it(tmp_path):
    train(TrainConfig("Maze", "minimax", student_args=STUDENT, **SMALL), tmp_path / "run", quiet=True)
    files = write_figures(tmp_path, {"minimax": [tmp_path / "run"]}, 256)
    assert {file.name for file in files} == {"levels.png", "gallery.png", "regret.png"}
    assert all(file.is_file() for file in files)


def test_a_line_weighs_levels_by_the_steps_spent_in_them():
    axes = new_figure(2.0).subplots()
    steps, values, lengths = np.array([1, 2, 3]), np.array([10.0, 40.0, np.nan]), np.array([30, 10, 50])
    _line(axes, 0, "one", [(steps, values, lengths)], 20)
    x, y = axes.lines[0].get_data()
    np.testing.assert_allclose(x, [1.5, 2.5])
    np.testing.assert_allclose(y, [10.0, 40.0])
    _line(axes, 1, "coarse", [(steps, values, lengths)], 200)
    np.testing.assert_allclose(axes.lines[1].get_data()[1], [(10 * 30 + 40 * 10) / 40])
