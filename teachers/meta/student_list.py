"""The names and kinds of the students of a classroom: a text file with one line for each."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ...errors import RunError
from .student_record import check_name, checked_kind


class StudentList:
    """A file ``students.jsonl``, of which each line is read once.

    Args:
        path: The file.

    Example:
        >>> import tempfile
        >>> students = StudentList(Path(tempfile.mkdtemp()) / "students.jsonl")
        >>> students.path.touch()
        >>> students.write(0, "ann", {"legs": 0.5})
        >>> students.names(1), students.kinds(1)
        (['ann'], [{'legs': 0.5}])
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names: list[str] = []
        self._kinds: list[dict[str, Any]] = []
        self._end = 0  # of the last line that was read

    def names(self, n: int) -> list[str]:
        """Return the names of the first ``n`` students.

        Raises:
            RunError: The file is missing or damaged.
        """
        self._read(n)
        return self._names[:n]

    def kinds(self, n: int) -> list[dict[str, Any]]:
        """Return the kinds of the first ``n`` students.

        Raises:
            RunError: The file is missing or damaged.
        """
        self._read(n)
        return [dict(kind) for kind in self._kinds[:n]]

    def write(self, n: int, name: str, kind: dict[str, Any]) -> None:
        """Write the line of student number ``n`` behind those of the first ``n``; what follows them goes.

        Raises:
            RunError: The file is damaged or cannot be written to.
        """
        self._read(n)
        line = json.dumps({"name": name, "kind": kind}, ensure_ascii=False) + "\n"
        try:
            with open(self.path, "r+b") as lines:
                lines.seek(self._end)
                lines.truncate()
                lines.write(line.encode("utf-8"))
                lines.flush()
                os.fsync(lines.fileno())
        except OSError as error:
            raise RunError(f"Cannot write {self.path}: {error.strerror or error}.") from error

    def _read(self, n: int) -> None:
        """Read on up to line ``n``: lines of students that were added completely never change."""
        if len(self._names) >= n:
            return
        try:
            with open(self.path, "rb") as lines:
                lines.seek(self._end)
                while len(self._names) < n:
                    line = lines.readline()
                    entry = json.loads(line)
                    name, kind = entry["name"], checked_kind(entry["kind"])
                    check_name(name)
                    if not line.endswith(b"\n"):
                        raise ValueError
                    self._names.append(name)
                    self._kinds.append(kind)
                    self._end += len(line)
        except OSError as error:
            raise RunError(f"{self.path} cannot be read: {error.strerror or error}.") from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise RunError(f"{self.path} is damaged: line {len(self._names) + 1} of {n} is no student.") from error
