"""The folder of an experiment: what it is, and one folder for each run.

=================================  ==================================================================================
``experiment.yaml``                the experiment, as its file had it
``runs/<label>-<key>/scores.npz``  results of a run that has ended; in the same folder, a training run's run directory
``failures/<key>.json``            why a run failed
``logs/<label>-<key>.txt``         what a run printed, where it printed anything
``report/``                        what ``tutelage report`` writes
=================================  ==================================================================================

A run is found by its key, the first digits of the hash of everything that decides its numbers; the label before it is
for people, and may change.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from ...errors import BusyError, RequestError, RunError
from ...file_lock import lock_file
from ...run_directory import versions
from ...state import load_state, save_state, write_text
from .experiment import Experiment
from .run import KEY_DIGITS, ExperimentRun
from .scores import RunScores

_FILE = "experiment.yaml"
_MEND = "Delete it, and the same command makes it anew."
_RESTORE = "Restore it from a copy, or begin anew in another folder."


class ExperimentFolder:
    """The files of one experiment.

    Args:
        path: The folder; new, empty or that of an experiment.

    Example:
        >>> import tempfile
        >>> plain = {"seeds": 1, "teachers": ["random"], "environments": ["2d-10"]}
        >>> folder = ExperimentFolder(tempfile.mkdtemp())
        >>> folder.begin(Experiment.from_mapping(plain, "first"))
        >>> folder.read().name, folder.load(folder.read().runs[0])
        ('first', None)
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.file = self.path / _FILE
        self.runs_folder = self.path / "runs"
        self.failures_folder = self.path / "failures"
        self.logs_folder = self.path / "logs"
        self.report_folder = self.path / "report"
        self._folders: dict[str, Path] | None = None

    @property
    def exists(self) -> bool:
        """Whether an experiment has begun here."""
        return self.file.is_file()

    # --- The experiment ----------------------------------------------------------------------------------------------

    def make(self) -> None:
        """Make the folder, if it is not there; it has no experiment then.

        Raises:
            RequestError: The folder holds something else, or cannot be made.
            RunError: The disk is full.
        """
        try:
            if os.path.lexists(self.path) and not self.path.is_dir():
                raise RequestError(f"{self.path} is a file: choose a folder for the experiment.")
            own = {folder.name for folder in (self.runs_folder, self.failures_folder, self.logs_folder)}
            if (
                self.path.is_dir()
                and not self.exists
                and any(not entry.name.startswith(".") and entry.name not in own for entry in self.path.iterdir())
            ):
                raise RequestError(f"{self.path} exists, is not empty and holds no experiment: choose another folder.")
            for folder in (self.runs_folder, self.failures_folder, self.logs_folder):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            kind = RunError if error.errno == errno.ENOSPC else RequestError
            raise kind(f"Cannot make {self.path}: {error.strerror or error}; choose another folder.") from error

    def begin(self, experiment: Experiment) -> None:
        """Make the folder and write down what the experiment is; one that is there is replaced, its runs are kept.

        While it is played, by the process alone that has it `locked`.

        Raises:
            RequestError: The folder holds something else, another experiment included, or cannot be made.
            RunError: The disk is full.
        """
        self.make()
        self._check_ours(experiment)
        text = yaml.safe_dump({"name": experiment.name, **experiment.plain}, sort_keys=False, allow_unicode=True)
        if not self.exists or self.file.read_text(encoding="utf-8") != text:
            write_text(self.file, text)

    def _check_ours(self, experiment: Experiment) -> None:
        """Refuse a folder in which an experiment of another name has been played, with none of the same runs."""
        played = {entry.name[-KEY_DIGITS:] for entry in self.runs_folder.iterdir() if entry.is_dir()}
        if not played or played & {run.key for run in experiment.runs} or not self.exists:
            return
        try:
            other = self.read()
        except (RequestError, RunError):  # it cannot be read, and is written anew
            return
        if other.name != experiment.name:
            raise RequestError(
                f"{self.path} holds the runs of another experiment, {other.name}, none of which {experiment.name} has: "
                "choose another folder."
            )

    def read(self) -> Experiment:
        """Read the experiment.

        Raises:
            RequestError: There is none.
            RunError: Its file is damaged.
        """
        if not self.exists:
            raise RequestError(f"There is no experiment in {self.path}: it has no {_FILE}.")
        try:
            content = yaml.safe_load(self.file.read_text(encoding="utf-8"))
            if not isinstance(content, dict) or not isinstance(content.get("name"), str):
                raise ValueError("its name is missing")
            name = content.pop("name")
        except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
            raise RunError(f"{self.file} is damaged: {' '.join(str(error).split()).rstrip('.')}. {_RESTORE}") from error
        try:
            return Experiment.from_mapping(content, name)
        except RequestError as error:
            raise RequestError(f"{self.file}: {error}") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from playing the experiment meanwhile.

        Raises:
            BusyError: Another process is at it.
        """
        with self._lock_file("experiment") as file:
            try:
                lock_file(file)
            except BlockingIOError as error:
                raise BusyError(f"Another process is at work in {self.path}: wait for it, or end it.") from error
            yield

    def _lock_file(self, name: str) -> Any:
        """Open the file that is locked for something; what it is about may be replaced meanwhile, it never is."""
        locks = self.path / ".locks"
        try:
            locks.mkdir(exist_ok=True)
            return open(locks / name, "ab")
        except OSError as error:
            raise RequestError(
                f"Cannot write to {locks}: {error.strerror or error}; mend that, or choose another folder."
            ) from error

    # --- Runs --------------------------------------------------------------------------------------------------------

    def look_again(self) -> None:
        """Notice the folders that other processes have made since a run was first looked for."""
        self._folders = None

    def folder_of(self, run: ExperimentRun) -> Path:
        """Return where a run is, or will be."""
        if self._folders is None:
            entries = self.runs_folder.iterdir() if self.runs_folder.is_dir() else ()
            self._folders = {entry.name[-KEY_DIGITS:]: entry for entry in entries if entry.is_dir()}
        return self._folders.get(run.key, self.runs_folder / run.name)

    @contextmanager
    def run_locked(self, run: ExperimentRun, patience: float = 0.0) -> Iterator[None]:
        """Keep other processes from playing a run meanwhile; a killed process keeps nobody out.

        Args:
            run: The run.
            patience: Seconds to wait for another process.

        Raises:
            BusyError: Another process is at it.
        """
        with self._lock_file(run.key) as file:
            deadline = time.monotonic() + patience
            while True:
                try:
                    lock_file(file)
                    break
                except BlockingIOError as error:
                    if time.monotonic() > deadline:
                        message = f"Another process is playing {run} in {self.path}: wait for it, or end it."
                        raise BusyError(message) from error
                time.sleep(0.2)
            yield

    def save(self, run: ExperimentRun, scores: RunScores) -> None:
        """Write the results of a run, atomically: from then on it has ended.

        Raises:
            RunError: The disk is full or the folder cannot be written to.
        """
        folder = self.folder_of(run)
        folder.mkdir(parents=True, exist_ok=True)
        save_state(folder / "scores.npz", {"run": run.identity, "scores": scores.to_plain()}, compress=True)

    def load(self, run: ExperimentRun) -> RunScores | None:
        """Read the results of a run; None if it has not ended.

        Raises:
            RunError: The file is damaged or that of another run; the message names it.
        """
        file = self.folder_of(run) / "scores.npz"
        if not file.exists():
            return None
        try:
            state = load_state(file)
        except RunError as error:
            raise RunError(f"{str(error).rstrip('.')}. {_MEND}") from error
        try:
            if state["run"] != run.identity:
                raise ValueError("it is that of another run")
            return RunScores.from_plain(state["scores"])
        except Exception as error:  # whatever a damaged file may hold
            raise RunError(f"{file} is damaged: {' '.join(str(error).split()).rstrip('.')}. {_MEND}") from error

    def has_ended(self, run: ExperimentRun) -> bool:
        """Tell whether there are results of a run, unread."""
        return (self.folder_of(run) / "scores.npz").exists()

    def strangers(self, experiment: Experiment) -> int:
        """Return how many folders of runs belong to none of an experiment's."""
        known = {run.key for run in experiment.runs}
        entries = self.runs_folder.iterdir() if self.runs_folder.is_dir() else ()
        return sum(entry.is_dir() and entry.name[-KEY_DIGITS:] not in known for entry in entries)

    # --- Failures ----------------------------------------------------------------------------------------------------

    def _failure_file(self, run: ExperimentRun) -> Path:
        return self.failures_folder / f"{run.key}.json"

    def write_failure(self, run: ExperimentRun, error: str, trace: str = "") -> None:
        """Write down why a run failed."""
        content = {"run": str(run), "error": error, "versions": versions(), "traceback": trace}
        self.failures_folder.mkdir(parents=True, exist_ok=True)
        write_text(self._failure_file(run), json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    def failure(self, run: ExperimentRun) -> str | None:
        """Return why a run failed, in a sentence; None if it did not."""
        file = self._failure_file(run)
        try:
            content: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return str(content["error"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return f"its error cannot be read: {file} is damaged"

    def forget_failure(self, run: ExperimentRun) -> None:
        """Forget that a run failed."""
        with suppress(FileNotFoundError):
            self._failure_file(run).unlink()

    def log_file(self, run: ExperimentRun) -> Path:
        """Return where a run's output is kept."""
        return self.logs_folder / f"{run.name}.txt"
