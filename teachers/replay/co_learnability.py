"""Co-learnability: levels whose training made others easier are worth more (TRACED).

After each update of the student the mean fall in difficulty of the levels scored since the update before, D, is added,
times a weight, to the scores of the levels scored at that one. The bonus may be negative; it lasts until the level is
scored again. A level scored for the first time counts as a fall of 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..state_checks import finite_array
from .level_buffer import LevelBuffer

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


class CoLearnability:
    """Hands out the bonus.

    Args:
        weight: What the mean fall counts (β).

    Example:
        >>> buffer = LevelBuffer(10, 1)
        >>> bonus = CoLearnability(1.0)
        >>> levels = np.array([[0.0], [1.0], [2.0]])
        >>> for difficulty in ([0.5, 0.3, 0.2], [0.4, 0.35, 0.05]):  # falls of 0.1, −0.05 and 0.15
        ...     buffer.mark(levels)
        ...     before = bonus.before(buffer, levels)
        ...     bonus.after(buffer, before, buffer.update(levels, difficulty), trained=True)
        >>> round(bonus.latest, 4), buffer.scores.round(4).tolist()
        (0.0667, [0.4667, 0.4167, 0.1167])
    """

    def __init__(self, weight: float) -> None:
        self.weight = float(weight)
        self.latest = 0.0
        # Slot to (birth of its level, its difficulty before it was scored, NaN if it was new).
        self._current: dict[int, tuple[int, float]] = {}
        self._previous: dict[int, int] = {}  # slot to birth

    def before(self, buffer: LevelBuffer, rows: FloatArray) -> tuple[IntArray, FloatArray]:
        """Return where levels are and how difficult they were before an update of the buffer."""
        slots = buffer.find(rows)
        difficulty = np.full(len(slots), np.nan)
        known = slots >= 0
        difficulty[known] = buffer.raw_scores[slots[known]]
        return slots, difficulty

    def after(
        self, buffer: LevelBuffer, before: tuple[IntArray, FloatArray], slots: IntArray, *, trained: bool
    ) -> None:
        """Note the levels scored, and give out the bonus if the student was trained.

        Args:
            buffer: The buffer after its update.
            before: What `before` returned.
            slots: Where the levels are now, −1 for nowhere.
            trained: Whether this is the end of an update of the student.
        """
        births = buffer.births
        for slot, old_slot, difficulty in zip(slots.tolist(), before[0].tolist(), before[1].tolist(), strict=True):
            if slot >= 0 and self._current.get(slot, (-1, 0.0))[0] != births[slot]:
                self._current[slot] = (int(births[slot]), difficulty if old_slot == slot else np.nan)
        if not (trained and self._current):
            return
        falls = []
        for slot, (birth, difficulty) in self._current.items():
            if births[slot] == birth:  # it has not been replaced meanwhile
                falls.append(0.0 if np.isnan(difficulty) else difficulty - float(buffer.raw_scores[slot]))
        if falls:
            self.latest = sum(falls) / len(falls)  # D
            earlier = [slot for slot, birth in self._previous.items() if births[slot] == birth]
            buffer.set_scores(earlier, buffer.scores[earlier] + self.weight * self.latest)
        self._previous = {slot: birth for slot, (birth, _) in self._current.items()}
        self._current = {}

    def state_dict(self) -> dict[str, Any]:
        """Return what is remembered, as plain arrays."""
        return {
            "latest": self.latest,
            "current": np.array([[s, b] for s, (b, _) in self._current.items()], dtype=np.int64).reshape(-1, 2),
            "difficulties": np.array([d for _, d in self._current.values()], dtype=np.float64),
            "previous": np.array(list(self._previous.items()), dtype=np.int64).reshape(-1, 2),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Replace what is remembered by what `state_dict` returned.

        Raises:
            ValueError: Arrays that do not fit; nothing has changed.
        """
        latest = float(state["latest"])
        current = finite_array(state, "current", (None, 2), np.int64, low=0).tolist()
        difficulties = np.array(state["difficulties"], dtype=np.float64).reshape(-1).tolist()
        previous = finite_array(state, "previous", (None, 2), np.int64, low=0)
        entries = {slot: (birth, d) for (slot, birth), d in zip(current, difficulties, strict=True)}
        self.latest, self._current, self._previous = latest, entries, dict(zip(*previous.T.tolist(), strict=True))
