"""The run directory: one training run, one folder.

===================  ===========================================================================================
``config.yaml``      everything needed to repeat the run, versions included
``progress.csv``     Stable-Baselines3's log; the TensorBoard events lie next to it
``tasks.npz``        every task handed out, with its id, time, return and success
``evaluations.npz``  returns and successes for each test task and evaluation
``checkpoints/``     student, teacher and normalisation at the latest points from which the run can go on
``summary.json``     the final numbers
``plots/``           what ``tutelage report`` draws
===================  ===========================================================================================
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from .errors import RequestError, RunError
from .state import write_text

_PACKAGES = ("tutelage", "numpy", "scipy", "scikit-learn", "numba", "torch", "gymnasium", "stable-baselines3",
             "sb3-contrib", "box2d", "minigrid")  # fmt: skip


class RunDirectory:
    """The files of one run.

    Use `create` for a new run and `open` for one that exists.

    Args:
        path: The folder.

    Example:
        >>> import tempfile
        >>> run = RunDirectory.create(tempfile.mkdtemp() + "/run", {"teacher": "alp-gmm", "seed": 0})
        >>> RunDirectory.open(run.path).config["teacher"]
        'alp-gmm'
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.config_file = self.path / "config.yaml"
        self.progress_file = self.path / "progress.csv"
        self.tasks_file = self.path / "tasks.npz"
        self.evaluations_file = self.path / "evaluations.npz"
        self.summary_file = self.path / "summary.json"
        self.checkpoints_folder = self.path / "checkpoints"
        self.plots_folder = self.path / "plots"
        self.config: dict[str, Any] = {}

    @classmethod
    def create(cls, path: str | os.PathLike[str], config: Mapping[str, Any]) -> RunDirectory:
        """Make the folder of a new run and write its configuration.

        Raises:
            RequestError: The folder exists and is not empty, or cannot be made or written to.
            RunError: The disk is full.
        """
        import yaml

        run = cls(path)
        try:
            if run.path.exists() and not run.path.is_dir():
                raise RequestError(f"{run.path} is a file; choose a folder for the run.")
            if run.path.is_dir() and any(run.path.iterdir()):
                hint = f"`tutelage resume {run.path}` goes on with it." if run.config_file.exists() else ""
                raise RequestError(f"{run.path} exists and is not empty; choose another folder. {hint}".strip())
            run.path.mkdir(parents=True, exist_ok=True)
            run.checkpoints_folder.mkdir(exist_ok=True)
            if not os.access(run.path, os.W_OK):
                raise PermissionError(13, "Permission denied")
        except OSError as error:
            raise RequestError(
                f"Cannot write to {run.path}: {error.strerror or error}; choose another folder."
            ) from error
        run.config = {**config, "versions": versions()}
        write_text(run.config_file, yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True))
        return run

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RunDirectory:
        """Open the folder of a run that exists.

        Raises:
            RequestError: It does not exist or is not a run.
            RunError: Its configuration is damaged.
        """
        import yaml

        run = cls(path)
        if not run.path.is_dir():
            raise RequestError(f"There is no run in {run.path}: the folder does not exist.")
        if not run.config_file.is_file():
            raise RequestError(f"There is no run in {run.path}: it has no config.yaml.")
        try:
            config = yaml.safe_load(run.config_file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise RunError(f"{run.config_file} is damaged: {' '.join(str(error).split())}.") from error
        if not isinstance(config, dict):
            raise RunError(f"{run.config_file} is damaged: expected names and values, got {type(config).__name__}.")
        run.config = config
        return run

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write ``summary.json``."""
        write_text(self.summary_file, json.dumps(summary, indent=2, allow_nan=True) + "\n")

    def read_summary(self) -> dict[str, Any]:
        """Read ``summary.json``; empty where the run has not ended.

        Raises:
            RunError: The file is damaged.
        """
        if not self.summary_file.exists():
            return {}
        try:
            summary = json.loads(self.summary_file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"{self.summary_file} is damaged: {error}.") from error
        if not isinstance(summary, dict):
            raise RunError(f"{self.summary_file} is damaged: expected an object.")
        return summary


def versions() -> dict[str, str]:
    """Return the versions that decide what a run does: Python, the packages, and the git commit of the source tree."""
    found = {"python": sys.version.split()[0], "platform": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    commit = _git_commit()
    return {**found, "git": commit} if commit else found


def _git_commit() -> str | None:
    """The commit of this source tree, with ``+changes`` if it has any; None for an installed package."""
    here = Path(__file__).resolve().parent
    if not (here.parent / ".git").exists():
        return None
    try:
        git = ["git", "-C", str(here.parent)]
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True)
        status = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return commit.stdout.strip() + ("+changes" if status.stdout.strip() else "")
