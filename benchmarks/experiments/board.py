"""Progress bars of an experiment: one for all of it, one for each run that is being played."""

from __future__ import annotations

import sys
import time
from typing import Any

from tqdm import tqdm

from .kinds import KINDS
from .run import ExperimentRun

_SECONDS = 1.5
"""Runs shorter than this get no bar of their own."""


class RunBoard:
    """Shows how far an experiment is; on a terminal only, unless it is told to be quiet.

    Args:
        total: Runs of the whole experiment.
        before: Those that had ended before.
        quiet: Show nothing.

    Attributes:
        ended: Runs that have ended, by now.
        failed: Runs that have failed meanwhile, and why.
        busy: Runs that were left to another process, and what there is to say about it.

    Example:
        >>> board = RunBoard(2, 0, quiet=True)
        >>> run = ExperimentRun("small", "random", "", "", 0, "toy", {"episodes": 100})
        >>> board.begin(run)
        >>> board.end(run, None)
        >>> board.ended
        1
    """

    def __init__(self, total: int, before: int, quiet: bool) -> None:
        self._quiet, self._hidden = quiet, quiet or not sys.stderr.isatty()
        self._all = tqdm(total=total, initial=before, unit="run", disable=self._hidden, dynamic_ncols=True, position=0)
        self._bars: dict[str, tqdm[Any]] = {}
        self._begun: dict[str, float] = {}
        self._places: dict[str, int] = {}
        self.total, self.ended = total, before
        self.failed: dict[str, str] = {}
        self.busy: dict[str, str] = {}

    def begin(self, run: ExperimentRun) -> None:
        """A run is being played from now on."""
        self._begun[run.key] = time.monotonic()

    def reach(self, run: ExperimentRun, amount: int) -> None:
        """A run has come so far, in steps or episodes."""
        if self._hidden or time.monotonic() - self._begun.get(run.key, 0.0) < _SECONDS:
            return
        if run.key not in self._bars:
            taken, kind = self._places.values(), KINDS[run.kind]
            place = self._places[run.key] = next(i for i in range(1, len(taken) + 2) if i not in taken)
            self._bars[run.key] = tqdm(
                total=kind.budget(run.content),
                desc=str(run),
                unit=kind.unit.rpartition(" ")[2].removesuffix("s"),
                unit_scale=True,
                position=place,
                leave=False,
                dynamic_ncols=True,
            )
        bar = self._bars[run.key]
        bar.update(amount - bar.n)

    def end(self, run: ExperimentRun, failure: str | None) -> None:
        """A run has ended, or failed."""
        self.leave(run)
        if failure is None:
            self.ended += 1
            self._all.update()
        else:
            self.failed[run.key] = failure
            self.say(f"{run} failed: {failure}")

    def pass_over(self, run: ExperimentRun, why: str) -> None:
        """A run is left to another process."""
        self.leave(run)
        self.busy[run.key] = why
        self.say(why)

    def leave(self, run: ExperimentRun) -> None:
        """A run is not being played any more."""
        self._begun.pop(run.key, None)
        self._places.pop(run.key, None)
        bar = self._bars.pop(run.key, None)
        if bar is not None:
            bar.close()

    def say(self, text: str) -> None:
        """Print a line to standard error, above the bars."""
        if not self._all.disable:
            tqdm.write(text, file=sys.stderr)
        elif not self._quiet:
            print(text, file=sys.stderr)

    def close(self) -> None:
        """Take the bars away."""
        for bar in self._bars.values():
            bar.close()
        self._all.close()
