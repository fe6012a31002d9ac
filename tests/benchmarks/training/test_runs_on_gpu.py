"""Runs whose networks are on a GPU: trained, killed, resumed, evaluated. Skipped where torch finds none."""

from __future__ import annotations

import io
import zipfile

import pytest
import torch
from tutelage.benchmarks import TrainConfig, train
from tutelage.benchmarks.evaluate_run import evaluate_run
from tutelage.checkpoints import CheckpointStore
from tutelage.teachers.replay.scores import SCORES

from . import test_killed_runs, test_paired_runs
from .test_killed_runs import assert_same_runs, kill_and_resume

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")

WALK, MAZE = test_killed_runs.CONFIGS["ppo"], test_paired_runs.MAZE
SMALL_BUFFER = {"buffer_size": 16, "min_fill": 0.5}
CONFIGS = {
    **test_killed_runs.CONFIGS,
    **test_paired_runs.CONFIGS,
    "fits-on-gpu": {**WALK, "teacher_args": {**WALK["teacher_args"], "backend": "torch", "device": "cuda"}},
    "forgetting": {**WALK, "forget_every": 200},
    "initial-value": {**WALK, "teacher": "candidate:pcl", "teacher_args": {"predictor": "value"}},
    **{
        f"maze-{score}": {**MAZE, "teacher": "plr", "teacher_args": {**SMALL_BUFFER, "score": score}}
        for score in SCORES
    },
    "recurrent-maze-pace": {
        **MAZE,
        "teacher": "plr",
        "teacher_args": {**SMALL_BUFFER, "score": "pace"},
        "student": "recurrent-ppo",
        "student_args": {**MAZE["student_args"], "policy_kwargs": {"lstm_hidden_size": 8}},
    },
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_run_on_the_gpu_is_trained_evaluated_killed_and_resumed(name, tmp_path):
    config = {**CONFIGS[name], "device": "cuda"}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(TrainConfig(**config), whole, quiet=True)
    kill_and_resume(killed, config, [("saving", 2)])
    assert_same_runs(whole, killed)
    assert {tensor.device.type for tensor in tensors(whole)} == {"cuda"}
    evaluate_run(whole, out=tmp_path / "scores", summary_only=True)
    assert list((tmp_path / "scores").glob("*.json"))


def tensors(run):
    """The networks' tensors of the last checkpoint, where they were saved."""
    file = CheckpointStore(run / "checkpoints").latest().path / "student.zip"
    with zipfile.ZipFile(file) as archive:
        return torch.load(io.BytesIO(archive.read("policy.pth"))).values()
