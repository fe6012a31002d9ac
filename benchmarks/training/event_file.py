"""TensorBoard events of a run, written without a thread of their own."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.logger import KVWriter, filter_excluded_keys

from ...errors import RunError


class EventFile(KVWriter):
    """Writes the numbers of Stable-Baselines3's log as TensorBoard events.

    TensorBoard's own writer has a thread that prints a traceback when the disk is full; this one raises where the log
    is dumped. Only numbers are written.

    Args:
        folder: Where the event file goes.
        steps: Tell TensorBoard to forget what earlier files hold beyond this number of steps; None to forget nothing.

    Raises:
        RunError: The file cannot be written.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> events = EventFile(folder)
        >>> events.write({"train/loss": 0.5}, {"train/loss": ()}, step=64)
        >>> events.close()
        >>> len(list(folder.glob("events.out.tfevents.*")))
        1
    """

    def __init__(self, folder: Path, steps: int | None = None) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.summary.writer.record_writer import RecordWriter

        name = f"events.out.tfevents.{time.time_ns() // 1_000}.{socket.gethostname()}.{os.getpid()}"
        self.path = folder / name
        try:
            self._file = open(self.path, "xb")  # noqa: SIM115 - close() closes it
        except OSError as error:
            raise RunError(f"Cannot write {self.path}: {error.strerror or error}.") from error
        self._records = RecordWriter(self._file)
        self._event = Event
        self._add(Event(wall_time=time.time(), file_version="brain.Event:2"))
        if steps is not None:
            start = SessionLog(status=SessionLog.START)
            self._add(Event(wall_time=time.time(), step=steps + 1, session_log=start))

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Write the numbers among the values.

        Raises:
            RunError: The file cannot be written.
        """
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = filter_excluded_keys(key_values, key_excluded, "tensorboard")
        numbers = [
            Summary.Value(tag=name, simple_value=float(value))
            for name, value in sorted(values.items())
            if isinstance(value, (bool, int, float, np.number, np.bool_))
        ]
        self._add(self._event(wall_time=time.time(), step=step, summary=Summary(value=numbers)))

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(OSError):  # the events that could not be written, once more
            self._file.close()

    def _add(self, event: Any) -> None:
        try:
            self._records.write(event.SerializeToString())
            self._file.flush()
        except OSError as error:
            raise RunError(f"Cannot write {self.path}: {error.strerror or error}.") from error
