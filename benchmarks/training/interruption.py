"""Ctrl-C during a training run."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interruptible(callback: Any, say: Callable[[str], None], hint: str) -> Iterator[None]:
    """Let the first Ctrl-C (or SIGTERM) finish the rollout and save, and the second stop at once.

    Outside the main thread signals are left alone.

    Args:
        callback: Gets ``stop_requested = True``; see `TeacherCallback`.
        say: Shows a line to the user.
        hint: How to go on, for the message of the second.

    Raises:
        KeyboardInterrupt: The second signal.
    """

    def stop(number: int, frame: Any) -> None:
        if callback.stop_requested:
            raise KeyboardInterrupt(f"Stopped at once; what was saved before is intact. {hint}")
        callback.stop_requested = True
        say("Finishing the rollout, then saving; press Ctrl-C again to stop at once.")

    handlers: dict[signal.Signals, Any] = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            handlers[number] = signal.signal(number, stop)
    except ValueError:  # not in the main thread
        pass
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
