"""Worker processes that play runs one after the other, and can be killed at any moment.

Each run is played in a thread of its worker, not the main one. There, a training run takes no notice of signals, and a
worker that is told to end does so at once: what it has not saved is played again from the latest checkpoint, to the
same numbers. (On its own, `tutelage.benchmarks.train` finishes its rollout and saves where an uninterrupted run would
not have, and goes another way from there.) A worker ends when its parent is gone, however that came about.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context
from typing import Any, Literal, NamedTuple

from ...errors import BusyError
from ..workers import THREADS, end_with_the_parent, error_sentence, one_thread

Play = Callable[[Any, Callable[[int], None]], object]
"""Plays a job; the second argument is called with how far it is."""

_TELL_SECONDS = 0.25


class Failed(NamedTuple):
    """What a job raised."""

    sentence: str
    """What it says, in one line."""
    busy: bool = False
    """Whether another process is at the job, which then is to be left to it."""


class PoolEvent(NamedTuple):
    """What a pool has to tell."""

    number: int
    """Of the job."""
    kind: Literal["begun", "progress", "ended", "died"]
    """A job that has ended may have failed: what comes of it is what it wrote."""
    content: Any
    """How far it is; what a job raised (`Failed`), or else None; or the exit status of its worker."""


def play_jobs(jobs: Sequence[Any], play: Play, n_workers: int) -> Generator[PoolEvent, None, None]:
    """Play jobs in worker processes; yields what happens, as it happens.

    When the generator is closed, or an exception passes through it, the workers are killed.

    Args:
        jobs: Plain data.
        play: An importable function.
        n_workers: How many processes, of one thread each.

    Yields:
        For each job ``begun``, any number of ``progress``, and ``ended`` or ``died``.

    Example:
        >>> from tutelage.benchmarks.experiments.pool import play_jobs
        >>> [(event.number, event.kind) for event in play_jobs([], print, 2)]
        []
    """
    waiting = iter(range(len(jobs)))
    busy: dict[Any, _Worker] = {}

    def next_job(worker: _Worker) -> Iterator[PoolEvent]:
        """Give a worker the next job, if there is one; a worker that has died meanwhile is replaced."""
        for number in waiting:
            if not worker.begin(number, jobs[number]):
                worker.kill()
                worker = _Worker(play)
                if not worker.begin(number, jobs[number]):
                    yield PoolEvent(number, "died", worker.kill())
                    continue
            busy[worker.pipe] = worker
            yield PoolEvent(number, "begun", None)
            return
        worker.end()

    try:
        for _ in range(min(n_workers, len(jobs))):
            yield from next_job(_Worker(play))
        while busy:
            for ready in connection.wait(list(busy)):
                worker = busy[ready]
                try:
                    kind, content = worker.pipe.recv()
                except (EOFError, OSError):
                    del busy[ready]
                    yield PoolEvent(worker.number, "died", worker.kill())
                    yield from next_job(_Worker(play))
                    continue
                if kind == "ended":
                    del busy[ready]
                yield PoolEvent(worker.number, kind, content)
                if kind == "ended":
                    yield from next_job(worker)
    finally:
        for worker in busy.values():
            worker.kill()


class _Worker:
    """A worker process, seen from its parent."""

    def __init__(self, play: Play) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.number = -1
        self._process = context.Process(target=_serve, args=(theirs, play, list(sys.path)), daemon=True)
        with _one_thread_each():
            self._process.start()
        theirs.close()

    def begin(self, number: int, job: Any) -> bool:
        """Send a job; tells whether the worker is there to take it."""
        self.number = number
        try:
            self.pipe.send(job)
        except OSError:
            return False
        return True

    def end(self) -> None:
        """Let it go home."""
        with suppress(OSError):
            self.pipe.send(None)
        self._process.join()
        self.pipe.close()

    def kill(self) -> int | None:
        """End it at once; returns its exit status."""
        self._process.kill()
        self._process.join()
        self.pipe.close()
        return self._process.exitcode


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let a process that is started meanwhile have one thread from its first import on."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


# --- In the worker ---------------------------------------------------------------------------------------------------


def _serve(pipe: Any, play: Play, path: list[str]) -> None:
    """Play jobs until there is none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    sys.path[:] = path
    with suppress(OSError, EOFError):  # the parent has gone
        while (job := pipe.recv()) is not None:
            pipe.send(("ended", in_a_thread(play, job, lambda amount: pipe.send(("progress", amount)))))


def in_a_thread(play: Play, job: Any, tell: Callable[[int], None]) -> Failed | None:
    """Play a job in a thread of its own, and tell from this one how far it is.

    Args:
        play: Plays it.
        job: What to play.
        tell: Called now and then, from this thread, with how far the job is.

    Returns:
        What it raised, or None.

    Example:
        >>> in_a_thread(lambda job, tell: tell(job), 3, print)
        >>> in_a_thread(lambda job, tell: job / 0, 3, print)
        Failed(sentence='ZeroDivisionError: division by zero', busy=False)
    """
    done: Future[None] = Future()
    reached = [0, 0]  # now, and when it was told last

    def note(amount: int) -> None:
        reached[0] = amount

    def carry_out() -> None:
        try:
            with one_thread():
                play(job, note)
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    threading.Thread(target=carry_out, daemon=True).start()
    while True:
        try:
            error = done.exception(timeout=_TELL_SECONDS)
        except NotYet:
            if reached[0] != reached[1]:
                reached[1] = reached[0]
                tell(reached[0])
            continue
        return None if error is None else Failed(error_sentence(error), isinstance(error, BusyError))
