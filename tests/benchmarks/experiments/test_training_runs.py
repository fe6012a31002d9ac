"""Training runs of an experiment: what is taken for a run's score, and what is not."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
import yaml
from played_experiments import POLE, experiment, play
from tutelage.benchmarks.benchmark_results import collect
from tutelage.benchmarks.benchmark_tables import costs_table
from tutelage.benchmarks.experiments.experiment import Experiment
from tutelage.benchmarks.training.evaluation_log import EvaluationLog
from tutelage.errors import RequestError, RunError


def unscored(tmp_path: Path) -> tuple[Experiment, Path]:
    """An experiment of one run that has been trained but has no score yet, and its run directory."""
    played = experiment(POLE, seeds=1, teachers=["random"])
    folder = play(played, tmp_path / "a")
    run = folder.folder_of(played.runs[0])
    (run / "scores.npz").unlink()
    return played, run


@pytest.mark.parametrize("line", ["seed:", "test_set:", "success_above:", "versions:"])
def test_a_configuration_that_is_cut_short_does_not_become_another_run(tmp_path, line):
    played, run = unscored(tmp_path)
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(text[: text.index(f"\n{line}") + 1])
    with pytest.raises(RunError, match=re.escape(f"{run / 'config.yaml'} is damaged: its end")):
        play(played, tmp_path / "a")


@pytest.mark.parametrize("name", ["success_above", "eval_every", "n_envs", "task"])
def test_a_configuration_with_another_setting_is_another_run(tmp_path, name):
    played, run = unscored(tmp_path)
    config = yaml.safe_load((run / "config.yaml").read_text())
    config[name] = ["length=0.2:1.0"] if name == "task" else 32
    (run / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    with pytest.raises(RequestError, match=f"holds a run with another {name}, or its config.yaml is damaged"):
        play(played, tmp_path / "a")


def test_a_run_whose_last_evaluation_is_missing_has_no_score(tmp_path):
    played, run = unscored(tmp_path)
    log = EvaluationLog.load(run / "evaluations.npz")
    log.truncate(256)
    log.save(run / "evaluations.npz")
    with pytest.raises(RunError, match=r"evaluations.npz is damaged: it ends after 256 steps, the run after 512"):
        play(played, tmp_path / "a")


def test_what_a_run_cost_is_unknown_where_nobody_measured_it(tmp_path):
    played = experiment(POLE, seeds=1, teachers=["alp-gmm"])
    folder = play(played, tmp_path / "a")
    measured = folder.load(played.runs[0]).costs
    assert measured.seconds > 0.1
    assert 0.0 < measured.teacher_share < 1.0
    run = folder.folder_of(played.runs[0])
    (run / "scores.npz").unlink()
    (run / "progress.csv").unlink()
    costs = play(played, tmp_path / "a").load(played.runs[0]).costs
    assert math.isnan(costs.seconds)
    assert math.isnan(costs.teacher_share)
    assert costs_table(collect([folder])).rows[0][3:5] == ["unknown", "unknown"]
