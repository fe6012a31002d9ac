"""Two tiny runs that the tests of this folder share."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tutelage.benchmarks import TrainConfig, train

sys.path.insert(0, str(Path(__file__).parent))  # so that the environments of these tests are importable in workers, too


@pytest.fixture(scope="session")
def cartpole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CartPole whose pole and force are the task, a few hundred steps; treat it as read-only."""
    folder = tmp_path_factory.mktemp("runs") / "cartpole"
    config = TrainConfig(
        "CartPole-v1",
        task=["length=0.2:2.0", "force_mag=2:20"],
        steps=1_024,
        n_envs=2,
        student_args={"n_steps": 128, "batch_size": 64, "n_epochs": 1},
        teacher_args={"fit_rate": 10},
        eval_every=512,
        checkpoint_every=512,
        success_above=20.0,
    )
    train(config, folder, quiet=True)
    return folder


@pytest.fixture(scope="session")
def stump_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stump Tracks, too short to learn anything; treat it as read-only."""
    folder = tmp_path_factory.mktemp("runs") / "stumps"
    config = TrainConfig(
        "StumpTracks",
        steps=256,
        n_envs=2,
        student_args={"n_steps": 128, "batch_size": 64, "n_epochs": 1},
        test_set="stump-tracks/uniform-50",
        eval_every=10_000,
    )
    train(config, folder, quiet=True)
    return folder


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    """Copies a run, to be damaged or reported on."""

    def copy(run: Path) -> Path:
        return Path(shutil.copytree(run, tmp_path / run.name))

    return copy
