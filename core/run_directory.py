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

import errno
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from .errors import BusyError, RequestError, RunError
from .file_lock import lock_file
from .state import write_text

_PACKAGES = ("tutelage", "numpy", "scipy", "scikit-learn", "numba", "torch", "gymnasium", "stable-baselines3",
             "sb3-contrib", "box2d", "minigrid")  # fmt: skip

NUMERICS = ("tutelage", "numpy", "numba", "torch", "gymnasium", "stable-baselines3", "sb3-contrib", "box2d")
"""The packages whose versions decide the numbers of a run."""

_SUMMARY = ("steps", "tasks", "test_set", "mean_return", "mastered")

_RESTORE = "Restore it from a copy, or train anew in another folder."


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
    def check_new(cls, path: str | os.PathLike[str]) -> None:
        """Check that a new run can go into a folder: it does not exist, or is empty but for hidden files.

        Raises:
            RequestError: It cannot.
        """
        run = cls(path)
        try:
            if run.path.is_dir():
                if any(not entry.name.startswith(".") for entry in run.path.iterdir()):
                    hint = f"; `tutelage resume {run.path}` goes on with it" if run.config_file.exists() else ""
                    raise RequestError(f"{run.path} exists and is not empty: choose another folder{hint}.")
            elif os.path.lexists(run.path):
                raise RequestError(f"{run.path} is a file: choose a folder for the run.")
        except OSError as error:
            raise RequestError(f"Cannot read {run.path}: {error.strerror or error}; choose another folder.") from error

    @classmethod
    def create(cls, path: str | os.PathLike[str], config: Mapping[str, Any]) -> RunDirectory:
        """Make the folder of a new run and write its configuration.

        Args:
            path: The folder, new or empty.
            config: Plain data.

        Raises:
            RequestError: The folder is not empty or cannot be made, or the configuration is not plain data.
            RunError: The disk is full or the folder cannot be written to.
        """
        cls.check_new(path)
        run = cls(path)
        run.config = {**config, "versions": versions()}
        try:
            text = yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True)
        except yaml.YAMLError as error:
            raise RequestError(
                "The configuration must be plain data (numbers, texts, lists and mappings), so that config.yaml can "
                f"repeat the run: {' '.join(str(error).split())}."
            ) from error
        try:
            run.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            kind = RunError if error.errno == errno.ENOSPC else RequestError
            raise kind(f"Cannot make {run.path}: {error.strerror or error}; choose another folder.") from error
        write_text(run.config_file, text)
        return run

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RunDirectory:
        """Open the folder of a run that exists.

        Raises:
            RequestError: It does not exist or is not a run.
            RunError: Its configuration is damaged.
        """
        run = cls(path)
        if not run.path.is_dir():
            raise RequestError(f"There is no run in {run.path}: the folder does not exist.")
        if not run.config_file.is_file():
            raise RequestError(f"There is no run in {run.path}: it has no config.yaml.")
        try:
            config = yaml.safe_load(run.config_file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            raise RunError(f"{run.config_file} is damaged: {' '.join(str(error).split())}. {_RESTORE}") from error
        if not isinstance(config, dict):
            raise RunError(f"{run.config_file} is damaged: expected names and values. {_RESTORE}")
        if "versions" not in config:  # the last thing that is written
            raise RunError(f"{run.config_file} is damaged: its end, with the versions, is missing. {_RESTORE}")
        run.config = config
        return run

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from writing into the run meanwhile; a killed process keeps nobody out.

        Raises:
            BusyError: Another process is at it.
            RunError: The folder cannot be written to.
        """
        try:
            file = open(self.config_file, "r+b")  # noqa: SIM115 - closed below
        except OSError as error:
            raise RunError(f"Cannot write to {self.path}: {error.strerror or error}.") from error
        with file:
            try:
                lock_file(file)
            except BlockingIOError as error:
                raise BusyError(f"Another process is training in {self.path}: wait for it, or end it.") from error
            yield

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
        mend = f"Delete it, and `tutelage resume {self.path}` writes it anew."
        try:
            summary = json.loads(self.summary_file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"{self.summary_file} is damaged: {error}. {mend}") from error
        missing = [name for name in _SUMMARY if name not in summary] if isinstance(summary, dict) else _SUMMARY
        if missing:
            raise RunError(f"{self.summary_file} is damaged: it has no {missing[0]!r}. {mend}")
        found: dict[str, Any] = summary
        return found


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
