"""Experiments of seconds, which the tests of benchmarks share, played in this process."""

from __future__ import annotations

from pathlib import Path

from tutelage.benchmarks.experiments.experiment import Experiment
from tutelage.benchmarks.experiments.folder import ExperimentFolder
from tutelage.benchmarks.experiments.player import Job, play_and_record

TOY = {
    "seeds": 3,
    "common": {"episodes": 300, "evaluations": 3},
    "teachers": ["random", "alp-gmm"],
    "environments": ["2d-10", "arms-noisy"],
}
POLE = {
    "seeds": 2,
    "common": {
        "steps": 512,
        "n_envs": 2,
        "eval_every": 256,
        "checkpoint_every": 128,
        "student_args": {"n_steps": 64, "batch_size": 64, "n_epochs": 1},
        "success_above": 20,
    },
    "teachers": {"random": {}, "alp-gmm": {"teacher_args": {"fit_rate": 10}}},
    "environments": {"pole": {"env": "CartPole-v1", "task": ["length=0.2:2.0", "force_mag=2:20"]}},
}


def experiment(plain: dict | None = None, name: str = "small", **changes) -> Experiment:
    """An experiment; what is given replaces what is in the file."""
    return Experiment.from_mapping({**(plain or TOY), **changes}, name)


def play(played: Experiment, path: Path, only=lambda run: True) -> ExperimentFolder:
    """Play runs one after the other."""
    folder = ExperimentFolder(path)
    folder.begin(played)
    for run in played.distinct:
        if only(run):
            play_and_record(Job(str(path), run, log=False), lambda amount: None)
    return folder
