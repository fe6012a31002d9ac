"""The log of a run: CSV and TensorBoard through Stable-Baselines3's logger, continued when the run is resumed."""

from __future__ import annotations

import csv
import io

from stable_baselines3.common.logger import CSVOutputFormat, Logger, TensorBoardOutputFormat

from ..errors import RunError
from ..run_directory import RunDirectory
from ..state import write_text

_STEP = "time/total_timesteps"


def make_logger(run: RunDirectory, steps: int) -> Logger:
    """Return a logger for a run that has taken a number of steps; later rows of an earlier session are dropped.

    Raises:
        RunError: ``progress.csv`` is damaged.
    """
    rows: list[dict[str, str]] = []
    names: list[str] = []
    if steps and run.progress_file.exists():
        rows, names = _read(run, steps)
    writer = CSVOutputFormat(str(run.progress_file))
    if names:
        text = io.StringIO()
        table = csv.DictWriter(text, names, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        write_text(run.progress_file, text.getvalue())
        writer.close()
        writer.file = open(run.progress_file, "r+", encoding="utf-8")  # noqa: SIM115 - the logger closes it
        writer.file.seek(0, io.SEEK_END)
        writer.keys = list(names)
    return Logger(str(run.path), [writer, TensorBoardOutputFormat(str(run.path))])


def _read(run: RunDirectory, steps: int) -> tuple[list[dict[str, str]], list[str]]:
    try:
        with open(run.progress_file, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            names = list(reader.fieldnames or [])
        # The last line may have been cut off by a kill; it is later than the checkpoint then.
        kept = [row for row in rows if (row.get(_STEP) or "").isdigit() and int(row[_STEP]) <= steps]
        if any(None in row or None in row.values() for row in kept):
            raise ValueError("a row has another number of columns than the header")
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise RunError(f"{run.progress_file} is damaged: {error}. Delete it to go on without it.") from error
    return kept, names
