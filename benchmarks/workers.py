"""Worker processes for runs that have nothing to do with each other, one thread each.

A worker begins the next run when it has ended one. One that dies, or a run that fails, does not stop the others; when
the parent stops, on Ctrl-C too, the workers are ended, and when it is killed they end themselves: the same command,
given again, must not find them at work on its runs.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context, parent_process
from typing import Any

from ..errors import RequestError, RunError

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Environment variables that say how many threads numerical libraries have."""

Event = tuple[int, str, Any]
"""Number of the job, ``"done"`` or ``"failed"``, and what comes with it."""


def work(
    jobs: Sequence[Any],
    do: Callable[[Any, Callable[[int], None]], Any],
    n_workers: int,
    tell: Callable[[int, int], None] = lambda number, amount: None,
) -> Iterator[Event]:
    """Do jobs, in this process (one worker) or in several; yields those that have ended, in that order.

    Args:
        jobs: Plain data.
        do: Does one; an importable function. Its second argument tells how far it is.
        n_workers: How many processes; with 1 it is this one.
        tell: Is called with the number of a job and how far it is.

    Yields:
        Number of the job, and ``"done"`` with the result or ``"failed"`` with a sentence.

    Example:
        >>> [event for event in work([3, 4], lambda job, tell: job * job, 1)]
        [(0, 'done', 9), (1, 'done', 16)]
    """
    if n_workers == 1 or len(jobs) < 2:
        with one_thread():
            for i, job in enumerate(jobs):
                yield _here(i, job, do, tell)
        return
    waiting = iter(range(len(jobs)))
    busy: dict[Any, tuple[Any, int]] = {}

    def begin() -> None:
        """Start a worker with the next job, if there is one."""
        number = next(waiting, None)
        if number is not None:
            process, pipe = _start(do)
            busy[pipe] = (process, number)
            pipe.send(jobs[number])

    try:
        for _ in range(n_workers):
            begin()
        while busy:
            for ready in connection.wait(list(busy)):
                pipe: Any = ready
                process, number = busy[pipe]
                try:
                    kind, content = pipe.recv()
                except (EOFError, OSError):
                    del busy[pipe]
                    process.join()
                    yield number, "failed", f"its worker process died with exit status {process.exitcode}"
                    begin()
                    continue
                if kind == "progress":
                    tell(number, content)
                    continue
                following = next(waiting, None)
                pipe.send(None if following is None else jobs[following])
                if following is None:
                    del busy[pipe]
                    process.join()
                else:
                    busy[pipe] = (process, following)
                yield number, kind, content
    finally:
        for process, _ in busy.values():
            process.terminate()
            process.join()


def _start(do: Callable[[Any, Callable[[int], None]], Any]) -> tuple[Any, Any]:
    """Start a worker process; returns it and our end of its pipe."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, do, list(sys.path)), daemon=True)
    process.start()
    there.close()
    return process, here


def _here(i: int, job: Any, do: Callable[[Any, Callable[[int], None]], Any], tell: Callable[[int, int], None]) -> Event:
    try:
        return i, "done", do(job, lambda amount: tell(i, amount))
    except Exception as error:
        return i, "failed", error_sentence(error)


def error_sentence(error: BaseException) -> str:
    """Return what an error says, in one line, with its type where it is none of ours.

    Example:
        >>> error_sentence(KeyError("a"))
        "KeyError: 'a'"
    """
    text = " ".join(str(error).split())
    return text if isinstance(error, (RequestError, RunError)) else f"{type(error).__name__}: {text}".rstrip(": ")


def default_jobs() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep numerical libraries to one thread meanwhile, those that are imported meanwhile too."""
    from threadpoolctl import threadpool_limits

    torch = sys.modules.get("torch")
    before = default_jobs() if torch is None else torch.get_num_threads()
    environment = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    with threadpool_limits(1):
        if torch is not None:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            for name, value in environment.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
            if (torch := sys.modules.get("torch")) is not None:
                torch.set_num_threads(before)


def _serve(pipe: Any, do: Callable[[Any, Callable[[int], None]], Any], path: list[str]) -> None:
    """Do jobs until there is none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    sys.path[:] = path
    with one_thread(), suppress(OSError, EOFError):  # the parent has gone
        while (job := pipe.recv()) is not None:
            try:
                result = do(job, lambda amount: pipe.send(("progress", amount)))
            except Exception as error:
                pipe.send(("failed", error_sentence(error)))
            else:
                pipe.send(("done", result))


def end_with_the_parent() -> None:
    """Wait for the end of the parent process, then end this one at once."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
