"""What a teacher learns of an episode: its success, its return, or a signal of the student."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import unknown_name
from ...outcomes import Outcomes
from ..success import demand_success, success_of

FloatArray = NDArray[np.float64]

COLUMNS = {
    "abs_advantage": "l1_value_loss",
    "td_error": "one_step_td_error",
    "oracle_gap": "oracle_return",
    "probe_gain": "probe_gain",
}
"""Signals that are, or are made of, a column of the outcomes; ``column:NAME`` is any other."""

SIGNALS = ("success", "return", "progress", "absolute_progress", *COLUMNS)
"""By name."""

LARGEST = 1e150
"""Signals are bounded by this, so that their squares are finite."""


class Feedback:
    """One number for each episode.

    Args:
        signal: ``"success"``; ``"return"``; ``"progress"`` or ``"absolute_progress"``, how much the return has changed
            since the arm was last played; ``"abs_advantage"``, the mean absolute advantage of an on-policy student;
            ``"td_error"``; ``"oracle_gap"``, how far the return is below the column ``oracle_return``;
            ``"probe_gain"``, a column; ``"column:NAME"``, any other column; or a function of the outcomes.
        success_above: A return above which an episode is a success, where the environment does not tell.

    Raises:
        ValueError: An unknown name.

    Example:
        >>> one = Outcomes(tasks=[[0.5]], ids=[0], returns=[3.0], lengths=[9], signals={"oracle_return": [5.0]})
        >>> gap = Feedback("oracle_gap")
        >>> sorted(gap.needs), gap.values(one).tolist()
        (['oracle_return'], [2.0])
    """

    def __init__(self, signal: str | Callable[[Outcomes], Any] = "success", success_above: float | None = None) -> None:
        self.signal, self.success_above = signal, success_above
        self.needs: frozenset[str] = frozenset()
        if callable(signal):
            return
        if not isinstance(signal, str):
            raise TypeError(f"signal must be a name or a function of the outcomes, got {signal!r}.")
        if signal.startswith("column:"):
            self.needs = frozenset({signal.removeprefix("column:")})
        elif signal not in SIGNALS:
            raise ValueError(unknown_name("signal", signal, SIGNALS, "A column is 'column:NAME'."))
        elif signal in COLUMNS:
            self.needs = frozenset({COLUMNS[signal]})

    @property
    def is_progress(self) -> bool:
        """Whether it is how much the return of an arm changes."""
        return self.signal in ("progress", "absolute_progress")

    def check(self, outcomes: Outcomes, *, owner: object, ignore_warmup: bool) -> None:
        """Refuse episodes of which the number is unknown.

        Raises:
            ValueError: A success that nobody knows, or a function that returned something else than finite numbers.
        """
        if self.signal == "success":
            demand_success(outcomes, self.success_above, owner=owner, ignore_warmup=ignore_warmup)
        elif callable(self.signal):
            self.values(outcomes)

    def values(self, outcomes: Outcomes) -> FloatArray:
        """Return the number of each episode, shape ``(n,)``; the return where it is progress."""
        if callable(self.signal):
            values = np.asarray(self.signal(outcomes), dtype=np.float64)
            if values.shape != (len(outcomes),) or not np.isfinite(values).all():
                raise ValueError(
                    f"The signal must return a finite number for each of {len(outcomes)} episodes, got {values!r}."
                )
        elif self.signal == "success":
            values = success_of(outcomes, self.success_above)
        elif self.signal == "return" or self.is_progress:
            values = outcomes.returns
        else:
            (name,) = self.needs
            values = np.asarray(outcomes.column(name), dtype=np.float64)
            if self.signal == "oracle_gap":
                with np.errstate(over="ignore"):
                    values = values - outcomes.returns
        return np.clip(values, -LARGEST, LARGEST)
