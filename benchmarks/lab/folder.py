"""The folder of a lab: its configuration, and one file for each run that has ended.

=============================================  ===================================================================
``lab.yaml``                                   everything that decides the numbers, and the versions it began with
``runs/<teacher>__<space>__<seed>.npz``        scores and costs of a run, and its film where it has one
``results.md``, ``results.csv``                the tables, and every score of every run
``curves_<heading>.png``, ``animations/*.gif`` the pictures
=============================================  ===================================================================
"""

from __future__ import annotations

import errno
import math
import os
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ...errors import RequestError, RunError
from ...run_directory import versions
from ...state import load_state, save_state, write_text
from ...teachers.meta.classroom import Classroom
from .config import LabConfig
from .film import film_problem
from .run import LabRun, evaluation_points, play_run

MEND = "Delete it, and the same command plays that run anew."
"""What to do about a damaged file of a run."""


class LabFolder:
    """The files of one lab.

    Args:
        path: The folder; new, empty or that of a lab.

    Example:
        >>> import tempfile
        >>> folder = LabFolder(tempfile.mkdtemp())
        >>> folder.begin(LabConfig(["random"], ["2d-10"]))
        >>> folder.read_config().teachers
        ['random']
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.config_file = self.path / "lab.yaml"
        self.runs_folder = self.path / "runs"
        self.animations_folder = self.path / "animations"

    @property
    def exists(self) -> bool:
        """Whether a lab has begun here."""
        return self.config_file.is_file()

    def read_config(self) -> LabConfig:
        """Read ``lab.yaml``.

        Raises:
            RunError: It is damaged.
        """
        return self._read()[0]

    def left_out(self) -> dict[str, str]:
        """Return the teachers that were left out, and why."""
        return self._read()[1]

    def _read(self) -> tuple[LabConfig, dict[str, str]]:
        content = self._content()
        try:
            return LabConfig.from_mapping(content), dict(content.get("left_out", {}))
        except (ValueError, TypeError) as error:
            raise self._damaged(error) from error

    def _content(self) -> Mapping[str, Any]:
        try:
            content = yaml.safe_load(self.config_file.read_text(encoding="utf-8"))
            if not isinstance(content, Mapping):
                raise ValueError("expected names and values.")
            for name in ("left_out", "versions"):
                if not isinstance(content.get(name, {}), Mapping):
                    raise ValueError(f"{name}: expected names and values.")
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise self._damaged(error) from error
        return content

    def _damaged(self, error: Exception) -> RunError:
        mend = "Restore it from a copy, or begin anew in another folder."
        return RunError(f"{self.config_file} is damaged: {' '.join(str(error).split())} {mend}")

    def begin(self, config: LabConfig, left_out: Mapping[str, str] | None = None, *, extend: bool = False) -> None:
        """Make the folder, or check that it is that of the same lab.

        Args:
            config: The lab.
            left_out: Teachers that cannot teach, and why.
            extend: Let teachers, spaces and seeds be added to a lab that exists.

        Raises:
            RequestError: The folder holds something else, or a lab with another configuration.
            RunError: Its configuration is damaged, or it cannot be written to.
        """
        others: dict[str, str] = {}
        if self.exists:
            before, others = self._read()
            different = _differences(before, config, extend)
            if different:
                how = "; --extend adds teachers, spaces and seeds" if not extend else ""
                raise RequestError(
                    f"{self.path} is a lab with another {', '.join(different)}: choose another folder, or give what "
                    f"{self.config_file} has{how}."
                )
            if before == config:
                return
            began = self._content().get("versions", {})
        else:
            self._make()
            began = versions()
        plain = {**config.to_plain(), "left_out": {**others, **(left_out or {})}, "versions": began}
        try:
            text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
        except yaml.YAMLError as error:
            raise RequestError(f"The configuration must be plain data: {' '.join(str(error).split())}.") from error
        write_text(self.config_file, text)

    def _make(self) -> None:
        try:
            if self.path.is_dir() and any(not entry.name.startswith(".") for entry in self.path.iterdir()):
                raise RequestError(f"{self.path} exists, is not empty and is no lab: choose another folder.")
            if os.path.lexists(self.path) and not self.path.is_dir():
                raise RequestError(f"{self.path} is a file: choose a folder for the lab.")
            self.runs_folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            kind = RunError if error.errno == errno.ENOSPC else RequestError
            raise kind(f"Cannot make {self.path}: {error.strerror or error}; choose another folder.") from error

    # --- Runs ------------------------------------------------------------------------------------------------------

    def file_of(self, run: LabRun) -> Path:
        """Return where a run's results are."""
        slug = re.sub(r"[^\w.@-]", "-", run.teacher)
        if slug != run.teacher:  # two places of classes may look the same
            slug += f"-{zlib.crc32(run.teacher.encode()):08x}"
        return self.runs_folder / f"{slug}__{run.space}__{run.seed}.npz"

    def begun_with(self) -> str:
        """Return the version that began the lab, as `this_version` writes it: that of runs which do not say theirs."""
        return versions_of(self._content().get("versions", {}))

    def save(self, run: LabRun, result: Mapping[str, Any]) -> None:
        """Write the results of a run, atomically, with the version that made it: ours, unless they name another.

        Raises:
            RunError: The disk is full or the folder cannot be written to.
        """
        self.runs_folder.mkdir(parents=True, exist_ok=True)
        save_state(self.file_of(run), {"made_with": this_version(), **result, "run": identity(run)})

    def load(self, run: LabRun) -> dict[str, Any] | None:
        """Read the results of a run; None if it has not ended.

        Raises:
            RunError: The file is damaged or that of another run.
        """
        file = self.file_of(run)
        if not file.exists():
            return None
        try:
            result = load_state(file)
        except RunError as error:
            raise RunError(f"{str(error).rstrip('.')}. {MEND}") from error
        problem = result_problem(run, result)
        if problem:
            raise RunError(f"{file} is damaged or of another lab: {problem}. {MEND}")
        return result


def play_and_save(job: tuple[str, LabRun], tell: Callable[[int], None]) -> None:
    """Carry a run through, add its student to a classroom and write its results: what a worker process does.

    Args:
        job: The folder of the lab, and the run.
        tell: See `play_run`.
    """
    folder, run = job
    result = play_run(run, tell)
    student = result.pop("record", None)
    if student is not None and run.classroom is not None:
        result["student"], _ = Classroom(run.classroom).enrol(student)
    LabFolder(folder).save(run, result)


def identity(run: LabRun) -> dict[str, Any]:
    """Return everything that decides the numbers of a run, as plain data.

    Example:
        >>> identity(LabRun("random", "2d-10", 3, 500))["seed"]
        3
    """
    plain = asdict(run)
    del plain["filmed"], plain["classroom"]  # where it is does not matter
    unused: dict[str, Any] = {"restart": False, "pretests": []}
    plain["pretests"] = list(plain["pretests"])  # as it is read from a file
    plain = {name: value for name, value in plain.items() if name not in unused or value != unused[name]}
    return {**plain, "args": str(sorted(plain["args"].items()))}


@cache
def this_version() -> str:
    """Return which version of the library this process has loaded, with its git commit where it is a source tree."""
    return versions_of(versions())


def versions_of(found: Mapping[str, str]) -> str:
    """Return the part of `tutelage.run_directory.versions` that tells one version of the library from another.

    Example:
        >>> versions_of({"python": "3.11.7", "tutelage": "0.1.0", "git": "1a2b3c"})
        'tutelage 0.1.0, commit 1a2b3c'
    """
    commit = found.get("git")
    return f"tutelage {found.get('tutelage', '(unknown)')}" + (f", commit {commit}" if commit else "")


def result_problem(run: LabRun, result: Mapping[str, Any]) -> str:
    """Return what is wrong with the results of a run that were read from a file, or nothing.

    Example:
        >>> result_problem(LabRun("random", "2d-10", 0, 100), {})
        "it has no 'run'"
    """
    try:
        return _problem(run, result)
    except Exception as error:  # whatever a damaged file may hold
        return f"{type(error).__name__}: {' '.join(str(error).split()).rstrip('.')}"


def _problem(run: LabRun, result: Mapping[str, Any]) -> str:
    missing = [
        name for name in ("run", "points", "scores", "sample_seconds", "update_seconds", "film") if name not in result
    ]
    if missing:
        return f"it has no {missing[0]!r}"
    expected = identity(run)
    if result["run"] != expected:
        theirs = result["run"] if isinstance(result["run"], Mapping) else {}
        other = [name for name in expected if theirs.get(name) != expected[name]]
        return f"its {other[0] if other else 'run'} is another"
    points, scores = np.asarray(result["points"]), np.asarray(result["scores"])
    if points.dtype.kind not in "iu" or not np.array_equal(points, evaluation_points(run)):
        return "its evaluations do not fit"
    if scores.dtype.kind not in "fiu" or scores.shape != points.shape:
        return "its scores do not fit"
    if not (np.isfinite(scores).all() and (scores >= 0.0).all() and (scores <= 100.0).all()):
        return "its scores are no percentages"
    for name in ("sample_seconds", "update_seconds"):
        cost = result[name]
        if type(cost) not in (int, float) or not math.isfinite(cost) or cost < 0.0:
            return f"its {name} are {cost!r}"
    if not isinstance(result.get("made_with", ""), str):
        return f"its version is {result['made_with']!r}"
    if result["film"] is None:
        return "it has no film" if run.filmed else ""
    return film_problem(result["film"])


def _differences(before: LabConfig, after: LabConfig, extend: bool) -> list[str]:
    """The settings that are not the same (or not extended)."""
    old, new = before.to_plain(), after.to_plain()
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if not extend:
        return names
    kept = {
        "teachers": set(old["teachers"]) <= set(new["teachers"]),
        "spaces": set(old["spaces"]) <= set(new["spaces"]),
        "seeds": old["seeds"] <= new["seeds"],
        "teacher_args": all(new["teacher_args"].get(t, {}) == old["teacher_args"].get(t, {}) for t in old["teachers"]),
        "animate": all(before.is_filmed(space, 0) or not after.is_filmed(space, 0) for space in old["spaces"]),
    }
    return [name for name in names if not kept.get(name, False)]
