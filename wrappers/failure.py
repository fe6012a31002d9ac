"""What goes wrong in environments that step together, as one sentence that says where.

An exception that leaves an environment inside a worker process kills the worker, and all the parent sees is
an ``EOFError``. So the gate of a worker sends a `Failure` instead, and the parent raises one sentence for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from .checks import all_finite, first_bad_env, take

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


def dead_worker_error(processes: Sequence[Any], error: BaseException, describe: Callable[[int], str]) -> RunError:
    """Return the exception for a pipe whose other end is gone.

    Args:
        processes: The worker processes in the order of their environments.
        error: What the pipe raised.
        describe: Returns the task of the environment of an index.
    """
    index, code = find_dead_worker(processes)
    if index < 0:
        return RunError(f"The connection to a worker process was lost ({type(error).__name__}).")
    return RunError(
        f"The worker process of environment {index} died (exit code {code}) on task {describe(index)}; "
        "its own error output may say why (out of memory, a crash in native code, os._exit)."
    )


def not_finite_error(observations: Any, rewards: NDArray[Any], describe: Callable[[int], str]) -> RunError:
    """Return the exception for a step whose rewards, shape ``(n_envs,)``, or observations are not all finite.

    Example:
        >>> str(not_finite_error(np.zeros((2, 1)), np.array([1.0, np.inf]), lambda index: "{height: 1.5}"))
        'Environment 1 returned a reward of inf on task {height: 1.5}; expected a finite number.'
    """
    if not all_finite(rewards):
        i = first_bad_env(rewards, len(rewards))
        return RunError(
            f"Environment {i} returned a reward of {rewards[i]} on task {describe(i)}; expected a finite number."
        )
    i = first_bad_env(observations, len(rewards))
    return RunError(
        f"Environment {i} returned an observation that is NaN or infinite on task {describe(i)}: "
        f"{take(observations, i)!r}."
    )


def check_first_observations(observations: Any, indices: NDArray[np.int64], describe: Callable[[int], str]) -> None:
    """Raise a `RunError` if one of the first observations of some environments is NaN or infinite.

    Args:
        observations: Theirs alone, stacked.
        indices: Which environments, shape ``(k,)``.
        describe: Returns the task of the environment of an index.
    """
    if not all_finite(observations):
        place = first_bad_env(observations, len(indices))
        raise RunError(
            f"Environment {indices[place]} returned a first observation that is NaN or infinite on task "
            f"{describe(int(indices[place]))}: {take(observations, place)!r}."
        )
