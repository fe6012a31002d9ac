"""What a worker reports when its environment fails, and how the parent process raises it.

An exception that leaves an environment inside a worker process kills the worker, and all the parent sees is
an ``EOFError``. So the gate of a worker sends a `Failure` instead, and the parent raises one sentence for it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import RunError

FAILURE = "tutelage/failure"
"""The key of the info dict under which a gate reports a `Failure`."""

DEAD_WORKER = (EOFError, BrokenPipeError, ConnectionResetError)
"""What a pipe raises whose other end is gone."""


class EnvironmentTraceback(Exception):  # noqa: N818
    """The traceback of an exception in a worker process, as text: the cause of the `RunError` about it.

    Example:
        >>> EnvironmentTraceback("Traceback (most recent call last): …").text
        'Traceback (most recent call last): …'
    """

    def __init__(self, text: str) -> None:
        super().__init__(f"in the worker process:\n\n{text}")
        self.text = text


@dataclass(frozen=True)
class Failure:
    """An exception that left an environment in a worker.

    Attributes:
        message: One sentence: which environment, on which task, what went wrong.
        traceback: The original traceback.

    Example:
        >>> str(Failure("Environment 3 failed.", "Traceback …").error())
        'Environment 3 failed.'
    """

    message: str
    traceback: str

    def error(self) -> RunError:
        """Return the exception for the parent to raise, with the traceback as its cause."""
        error = RunError(self.message)
        error.__cause__ = EnvironmentTraceback(self.traceback)
        return error


def failure_message(index: int, where: str, task: str, error: BaseException) -> str:
    """Return the sentence about an exception that left an environment.

    Example:
        >>> failure_message(3, "step()", "{height: 1.5}", ZeroDivisionError("division by zero"))
        'Environment 3 failed in step() on task {height: 1.5}: ZeroDivisionError: division by zero'
    """
    return f"Environment {index} failed in {where} on task {task}: {type(error).__name__}: {error}"


def find_dead_worker(processes: Sequence[Any], patience: float = 2.0) -> tuple[int, int | None]:
    """Return the index of the worker that died and its exit code, waiting a little for the code to arrive.

    Args:
        processes: The worker processes in the order of their environments.
        patience: Seconds to wait for one of them to have an exit code.

    Returns:
        ``(index, exit code)``, or ``(-1, None)`` if all still run.
    """
    deadline = time.monotonic() + patience
    while True:
        for index, process in enumerate(processes):
            if process.exitcode is not None:
                return index, process.exitcode
        if time.monotonic() > deadline:
            return -1, None
        time.sleep(0.01)
