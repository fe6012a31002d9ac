"""``progress.csv``: one row each time Stable-Baselines3 dumps its log."""

from __future__ import annotations

import contextlib
import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.logger import KVWriter, filter_excluded_keys

from ...errors import RunError
from ...state import write_text

STEP = "time/total_timesteps"


class ProgressTable(KVWriter):
    """Writes Stable-Baselines3's log as CSV; a kill at any moment costs one row at most.

    Rows are appended; when new names come, the file is written anew, atomically. Numbers, truth values and texts are
    written, nothing else.

    Args:
        file: The CSV file. One that exists is continued.
        steps: Drop its rows that are later than this number of steps.

    Raises:
        RunError: The file is damaged or cannot be written.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "progress.csv"
        >>> table = ProgressTable(file)
        >>> table.write({STEP: 512, "rollout/ep_rew_mean": 1.5}, {STEP: (), "rollout/ep_rew_mean": ()})
        >>> table.close()
        >>> print(file.read_text().strip())
        rollout/ep_rew_mean,time/total_timesteps
        1.5,512
    """

    def __init__(self, file: Path, steps: int = 0) -> None:
        self.path = file
        self.names: list[str] = []
        rows: list[list[str]] = []
        if steps and file.exists():
            self.names, rows = self._read()
            rows = [row for row in rows if self._step(row) <= steps]
        self._write_all(rows)
        self._file = self._open()

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Append a row.

        Raises:
            RunError: The file cannot be written.
        """
        values = filter_excluded_keys(key_values, key_excluded, "csv")
        texts = {name: _text(value) for name, value in values.items() if isinstance(value, (*_NUMBERS, str))}
        if new := sorted(set(texts) - set(self.names)):
            self._file.close()
            _, rows = self._read()
            self.names += new
            self._write_all([row + [""] * len(new) for row in rows])
            self._file = self._open()
        try:
            self._file.write(_line([texts.get(name, "") for name in self.names]))
            self._file.flush()
        except OSError as error:
            raise RunError(f"Cannot write {self.path}: {error.strerror or error}.") from error

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):  # the row that could not be written, once more
            self._file.close()

    def _open(self) -> Any:
        try:
            return open(self.path, "a", newline="", encoding="utf-8")
        except OSError as error:
            raise RunError(f"Cannot write {self.path}: {error.strerror or error}.") from error

    def _write_all(self, rows: list[list[str]]) -> None:
        write_text(self.path, "".join(map(_line, [self.names, *rows])) if self.names else "")

    def _read(self) -> tuple[list[str], list[list[str]]]:
        try:
            text = self.path.read_text(encoding="utf-8")
            whole = text[: text.rfind("\n") + 1]  # a kill may have cut off the last line
            names, *rows = list(csv.reader(io.StringIO(whole))) or [[]]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise self._damaged(error) from error
        if any(len(row) != len(names) for row in rows):
            raise self._damaged("a row has another number of columns than the header")
        return names, rows

    def _step(self, row: list[str]) -> int:
        try:
            return int(row[self.names.index(STEP)])
        except ValueError as error:
            raise self._damaged(error) from error

    def _damaged(self, why: object) -> RunError:
        return RunError(f"{self.path} is damaged: {why}. Delete it to go on without its rows.")


_NUMBERS = (bool, int, float, np.number, np.bool_)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
