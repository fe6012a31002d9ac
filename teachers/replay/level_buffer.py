"""The level buffer of prioritised level replay: levels with scores, drawn by score and by staleness.

Jiang, Grefenstette, Rocktäschel (2021), "Prioritized level replay", section 3: a level is replayed with probability
P = (1 − ρ) P_S + ρ P_C. P_S depends on its score: by rank, P_S ∝ (1/rank)^(1/β), or in proportion to score^(1/β); P_C
is proportional to its staleness, the number of levels replayed since it last was.

What differs from the published implementations:

- Of levels with the same score the one that was scored longest ago has the better rank, where they go by position; a
  buffer of equal scores is then replayed in turns.
- Levels are found by a hash of their row and kept sorted as scores come in, so that neither an update nor a draw
  computes anything for all levels, but for the search for the least likely one.
- All scores 0 or below, with proportional weights, or all levels equally stale: every level is equally likely.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ..hyperparameters import whole

_LARGEST_CLOCK = 2**40
"""No run comes near it, and its product with the size of a buffer still fits into an int64."""

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

PRIORITIZATIONS = ("rank", "proportional", "top-k", "softmax")
SCHEDULES = ("proportionate", "fixed")
REPLACEMENTS = ("support", "score")
RULES = ("mean", "max_mc", "solved_mean", "learnability")
"""In the order of the kernel's constants."""

EPISODE_MEMORY = 0.9
"""What an episode counts for the rate of successes of a level, relative to the next one: about ten episodes in all."""

_SMALLEST_SHARE = 1e-3
"""Added to the scores of a proportional prioritisation without staleness, which may otherwise forget a level."""


@functools.cache
def _kernels() -> ModuleType:
    """The compiled loops; importing them loads numba."""
    from ..kernels import replay_numba

    return replay_numba


@functools.cache
def _row_kernels() -> ModuleType:
    """Those that find rows."""
    from ..kernels import rows_numba

    return rows_numba


class LevelBuffer:
    """Levels, their scores, and which of them to replay.

    Args:
        capacity: Most levels kept, at least 1.
        n_dims: Length d of a level's row.
        prioritization: What P_S is: ``"rank"``, (1/rank)^(1/temperature); ``"proportional"``, score^(1/temperature),
            negative scores as 0, and 0.001 added to each if ``staleness`` is 0; ``"top-k"``, equal for the k levels
            with the highest scores; ``"softmax"``, exp(score / temperature).
        temperature: Above 0; no meaning with ``"top-k"``.
        top_k: How many levels ``"top-k"`` chooses from, at least 1.
        staleness: Share ρ of the staleness distribution, between 0 and 1.
        schedule: When to replay, once the buffer is filled to ``min_fill``: with probability ``replay_prob``
            (``"fixed"``), or at most its fill (``"proportionate"``).
        replay_prob: Between 0 and 1.
        min_fill: Share of the capacity that must be filled before anything is replayed, between 0 and 1.
        replace: Which level of a full buffer a new one replaces: the one least likely to be replayed (``"support"``)
            or the one of the lowest score (``"score"``).
        strict: A new level must score higher than the one it replaces, else at least as high.
        rule: How the episodes of a level become its score: the ``"mean"`` of their values; ``"max_mc"``, the highest
            return ever minus that mean; ``"solved_mean"``, the mean if the level was ever solved, else 0; or
            ``"learnability"``, p (1 − p) where p is the rate of successes, the values, over the latest ten or so
            episodes, with one success and one failure added. Means are taken over the episodes since the level was
            last drawn or marked (see `update`).

    Raises:
        ValueError: An argument out of range, or an unknown name.

    Example:
        >>> buffer = LevelBuffer(100, 2, temperature=1.0, staleness=0.0)
        >>> buffer.update([[0.0, 1.0], [2.0, 3.0], [0.0, 1.0]], [0.1, 0.9, 0.3]).tolist()
        [0, 1, 0]
        >>> len(buffer), buffer.tasks.tolist(), buffer.scores.tolist()
        (2, [[0.0, 1.0], [2.0, 3.0]], [0.2, 0.9])
        >>> buffer.probabilities().round(3).tolist()
        [0.333, 0.667]
        >>> buffer.sample(4, np.random.default_rng(0)).tolist()
        [1, 1, 0, 0]
    """

    def __init__(
        self,
        capacity: int,
        n_dims: int,
        *,
        prioritization: str = "rank",
        temperature: float = 0.3,
        top_k: int = 1,
        staleness: float = 0.3,
        schedule: str = "proportionate",
        replay_prob: float = 0.5,
        min_fill: float = 0.5,
        replace: str = "support",
        strict: bool = False,
        rule: str = "mean",
    ) -> None:
        self.capacity, self.n_dims = int(capacity), int(n_dims)
        self.prioritization, self.temperature, self.top_k = prioritization, float(temperature), whole("top_k", top_k)
        self.staleness, self.schedule = float(staleness), schedule
        self.replay_prob, self.min_fill = float(replay_prob), float(min_fill)
        self.replace, self.strict, self.rule = replace, bool(strict), rule
        self._check_arguments()

        kernels = _kernels()
        capacity = self.capacity
        self._tasks = np.zeros((capacity, self.n_dims))
        self._levels = kernels.Levels(
            tasks=self._tasks.view(np.uint64),
            hashes=np.zeros(capacity, dtype=np.uint64),
            heads=np.full(1 << max(1, (2 * capacity - 1).bit_length()), -1, dtype=np.int64),
            links=np.full(capacity, -1, dtype=np.int64),
            scores=np.zeros(capacity),
            raw=np.zeros(capacity),
            evidence=np.zeros((capacity, kernels.N_EVIDENCE)),
            order=np.zeros(capacity, dtype=np.int64),
            ticks=np.zeros(capacity, dtype=np.int64),
            born=np.zeros(capacity, dtype=np.int64),
            stamps=np.zeros(capacity),
            numbers=np.zeros(kernels.N_NUMBERS, dtype=np.int64),
        )
        ranks = np.arange(1, capacity + 1)
        table = (ranks <= self.top_k).astype(np.float64) if prioritization == "top-k" else _powers(ranks, temperature)
        self._priorities = kernels.Priorities(
            kind={"proportional": kernels.PROPORTIONAL, "softmax": kernels.SOFTMAX}.get(prioritization, kernels.RANK),
            table=table,
            sums=np.concatenate([[0.0], np.cumsum(table)]),
            weights=np.zeros(capacity),
            scale=np.zeros(2),
            temperature=self.temperature,
            shift=_SMALLEST_SHARE if prioritization == "proportional" and self.staleness == 0.0 else 0.0,
            staleness=self.staleness,
        )
        self._rule = RULES.index(rule)
        self._memory = EPISODE_MEMORY if rule == "learnability" else 1.0

    def _check_arguments(self) -> None:
        for name in ("capacity", "n_dims", "top_k"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}.")
        if not (math.isfinite(self.temperature) and self.temperature > 0.0):
            raise ValueError(f"temperature must be finite and above 0, got {self.temperature}.")
        for name in ("staleness", "replay_prob", "min_fill"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}.")
        known = {"prioritization": PRIORITIZATIONS, "schedule": SCHEDULES, "replace": REPLACEMENTS, "rule": RULES}
        for name, names in known.items():
            if getattr(self, name) not in names:
                raise ValueError(unknown_name(name, getattr(self, name), names))

    # --- Contents ------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return int(self._levels.numbers[0])

    @property
    def fill(self) -> float:
        """The share of the capacity that is in use."""
        return len(self) / self.capacity

    @property
    def tasks(self) -> FloatArray:
        """The levels by slot, shape (len, d); cannot be written to, and changes with the buffer."""
        return self._view(self._tasks)

    @property
    def scores(self) -> FloatArray:
        """Their scores, shape (len,); cannot be written to, and changes with the buffer."""
        return self._view(self._levels.scores)

    @property
    def raw_scores(self) -> FloatArray:
        """Their scores without what `set_scores` changed, shape (len,); cannot be written to."""
        return self._view(self._levels.raw)

    @property
    def max_returns(self) -> FloatArray:
        """The highest return of each level while it was in the buffer, shape (len,); cannot be written to."""
        return self._view(self._levels.evidence[:, _kernels().BEST])

    @property
    def mean_returns(self) -> FloatArray:
        """The mean return of each level over the episodes that its score counts, shape (len,); a copy."""
        evidence, kernels = self._levels.evidence[: len(self)], _kernels()
        means: FloatArray = evidence[:, kernels.RETURN] / np.maximum(evidence[:, kernels.WEIGHT], 1.0)
        return means

    @property
    def ages(self) -> IntArray:
        """The staleness of each level, the number of replays since it last was, shape (len,); a copy."""
        ages: IntArray = self._levels.numbers[1] - self._stamps()
        return ages

    def _stamps(self) -> IntArray:
        """The stamps by slot; the kernel has them by rank."""
        n = len(self)
        stamps = np.empty(n, dtype=np.int64)
        stamps[self._levels.order[:n]] = self._levels.stamps[:n]
        return stamps

    @property
    def births(self) -> IntArray:
        """Which episode brought each level into the buffer, shape (len,); it identifies the level of a slot."""
        return self._view(self._levels.born)

    def _view(self, array: NDArray[Any]) -> NDArray[Any]:
        view = array[: len(self)]
        view.flags.writeable = False
        return view

    def find(self, tasks: ArrayLike) -> IntArray:
        """Return the slot of each level, −1 for one that is not in the buffer, shape (n,)."""
        rows, levels = self._rows(tasks), self._levels
        slots = np.empty(len(rows), dtype=np.int64)
        _row_kernels().find_all(rows.view(np.uint64), levels.tasks, levels.hashes, levels.heads, levels.links, slots)
        return slots

    def _rows(self, tasks: ArrayLike) -> FloatArray:
        """A contiguous copy in which a zero has no sign, for levels are compared bit by bit."""
        rows = np.ascontiguousarray(np.asarray(tasks, dtype=np.float64) + 0.0)
        if rows.ndim != 2 or rows.shape[1] != self.n_dims:
            raise ValueError(f"Expected levels of shape (n, {self.n_dims}), got {rows.shape}.")
        return rows

    # --- Episodes ------------------------------------------------------------------------------------------------

    def update(
        self,
        tasks: ArrayLike,
        values: ArrayLike,
        *,
        returns: ArrayLike | None = None,
        solved: ArrayLike | None = None,
        restart: ArrayLike | None = None,
    ) -> IntArray:
        """Learn from finished episodes: levels in the buffer are scored anew, others are offered to it.

        A level's score is made of its episodes in this call and in earlier ones since it was last drawn by `sample` or
        given to `mark`; what it was before is overwritten. While the buffer has room each new level enters; then it
        replaces another one if its score is high enough (see ``replace`` and ``strict``). The levels known come first.

        Args:
            tasks: The levels played, shape (m, d), finite.
            values: What the rule takes the mean of, shape (m,), finite.
            returns: Undiscounted returns, shape (m,); the values by default.
            solved: Whether the episode was a success, shape (m,); False by default.
            restart: Whether earlier episodes of the level no longer count, shape (m,); False by default.

        Returns:
            The slot of each episode's level afterwards, −1 if it is not in the buffer, shape (m,).

        Raises:
            ValueError: A wrong shape, or a number that is not finite; nothing has changed then.
        """
        rows = self._rows(tasks)
        m = len(rows)
        numbers = [np.array(values if c is None else c, dtype=np.float64) for c in (values, returns)]
        flags = [np.zeros(m, dtype=np.bool_) if c is None else np.array(c, dtype=np.bool_) for c in (solved, restart)]
        for column in (*numbers, *flags):
            if column.shape != (m,):
                raise ValueError(f"Expected columns of shape ({m},), for there are {m} levels; got {column.shape}.")
        if not all(np.isfinite(array).all() for array in (rows, *numbers)):
            raise ValueError("Levels, values and returns must be finite; leave out the episodes that are not.")
        return self.update_unchecked(rows, numbers[0], numbers[1], flags[0], flags[1])[0]

    def update_unchecked(
        self, rows: FloatArray, values: FloatArray, returns: FloatArray, solved: BoolArray, restart: BoolArray
    ) -> tuple[IntArray, BoolArray]:
        """`update` for contiguous arrays of the right types and finite numbers, and rows without negative zeros.

        Returns:
            The slots, and whether a replay of the level was awaited, shape (m,) each.
        """
        m = len(rows)
        slots, replayed = np.empty(m, dtype=np.int64), np.empty(m, dtype=np.bool_)
        _kernels().observe(
            self._levels,
            self._priorities,
            rows.view(np.uint64),
            values,
            returns,
            solved,
            restart,
            self._rule,
            self._memory,
            self.replace == "score",
            self.strict,
            slots,
            replayed,
        )
        return slots, replayed

    def mark(self, tasks: ArrayLike) -> None:
        """Note that levels are about to be played as new ones: those in the buffer are neither stale nor scored."""
        if len(self):
            _kernels().mark(self._levels, self._rows(tasks).view(np.uint64))

    def set_scores(self, slots: ArrayLike, scores: ArrayLike) -> None:
        """Give levels other scores to be ranked by, until they are scored anew; shape (m,) each."""
        at, values = np.array(slots, dtype=np.int64), np.array(scores, dtype=np.float64)
        if at.ndim != 1 or values.shape != at.shape or not np.isfinite(values).all():
            raise ValueError(f"Expected slots and finite scores of one shape (m,), got {at.shape} and {values.shape}.")
        if len(at) and not 0 <= at.min() <= at.max() < len(self):
            raise ValueError(f"Expected slots from 0 to {len(self) - 1}, got {at.tolist()}.")
        _kernels().place_all(self._levels, at, values)

    # --- Replay --------------------------------------------------------------------------------------------------

    @property
    def replay_probability(self) -> float:
        """The probability with which the next level should be a replay, by the schedule."""
        fill = self.fill
        if fill < self.min_fill or not len(self):
            return 0.0
        return self.replay_prob if self.schedule == "fixed" else min(fill, self.replay_prob)

    def probabilities(self) -> FloatArray:
        """Return the probability P of each level to be drawn next, shape (len,)."""
        result = np.zeros(len(self))
        if len(self):
            _kernels().probabilities(self._levels, self._priorities, result)
        return result

    def sample(self, n: int, rng: np.random.Generator) -> IntArray:
        """Draw levels to replay, with replacement: n may exceed the number of levels.

        Each draw makes the other levels staler by 1 and the level drawn not stale at all, and changes the next one's
        probabilities accordingly.

        Args:
            n: How many, at least 0.
            rng: The caller's generator.

        Returns:
            Their slots, shape (n,).

        Raises:
            ValueError: The buffer is empty, or n is negative.
        """
        if n < 0:
            raise ValueError(f"Expected a number of levels of at least 0, got {n}.")
        if n and not len(self):
            raise ValueError("The buffer is empty: there is nothing to replay. See replay_probability.")
        slots = np.empty(n, dtype=np.int64)
        _kernels().draw(self._levels, self._priorities, rng.random((n, 2)), slots)
        return slots

    def forget_awaited(self) -> None:
        """Note that no replay drawn so far will come back."""
        self._levels.evidence[:, _kernels().AWAITED] = 0.0

    # --- State ---------------------------------------------------------------------------------------------------

    _ARGUMENTS = (
        *("capacity", "n_dims", "prioritization", "temperature", "top_k", "staleness"),
        *("schedule", "replay_prob", "min_fill", "replace", "strict", "rule"),
    )

    def __getstate__(self) -> dict[str, Any]:
        return {"arguments": {name: getattr(self, name) for name in self._ARGUMENTS}, "contents": self.state_dict()}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        # Not by copying the arrays, for two of them are one.
        self.__init__(**state["arguments"])  # type: ignore[misc]
        self.load_state_dict(state["contents"])

    _SAVED = ("scores", "raw", "evidence", "ticks", "born")

    def state_dict(self) -> dict[str, Any]:
        """Return the levels and all that is known of them, by slot, as plain arrays."""
        n = len(self)
        arrays = {name: getattr(self._levels, name)[:n].copy() for name in self._SAVED}
        clocks = self._levels.numbers[1:3].copy()
        return {"tasks": self._tasks[:n].copy(), **arrays, "stamps": self._stamps(), "clocks": clocks}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Replace the contents by what `state_dict` returned.

        Raises:
            ValueError: Arrays that do not fit this buffer or each other; nothing has changed.
            KeyError: A missing entry; nothing has changed.
        """
        levels, kernels = self._levels, _row_kernels()
        tasks = self._rows(state["tasks"]) if np.size(state["tasks"]) else np.zeros((0, self.n_dims))
        n = len(tasks)
        arrays = {name: np.array(state[name], dtype=getattr(levels, name).dtype) for name in self._SAVED}
        stamps, clocks = np.array(state["stamps"], dtype=np.int64), np.array(state["clocks"], dtype=np.int64)
        if n > self.capacity:
            raise ValueError(f"It holds {n} levels, this buffer has room for {self.capacity}.")
        for name, array in arrays.items():
            if n == 0:
                array = arrays[name] = array.reshape(0, *getattr(levels, name).shape[1:])
            if array.shape != (n, *getattr(levels, name).shape[1:]):
                raise ValueError(f"Its entry {name} has shape {array.shape}, which does not fit {n} levels.")
        if clocks.shape != (2,) or stamps.shape != (n,):
            raise ValueError(f"Its counters have shapes {clocks.shape} and {stamps.shape}, expected (2,) and ({n},).")
        if not all(np.isfinite(array).all() for array in (tasks, *(arrays[k] for k in ("scores", "raw", "evidence")))):
            raise ValueError("Its levels or scores are not finite.")
        ticks = arrays["ticks"]
        if clocks.max() > _LARGEST_CLOCK or (len(stamps) and stamps.min() < 0):
            raise ValueError(f"Its counters are larger than {_LARGEST_CLOCK}, or below 0.")
        if n and (len(np.unique(ticks)) < n or ticks.max() >= clocks[1] or stamps.max() > clocks[0]):
            raise ValueError("Its counters do not fit.")
        first = np.empty(n, dtype=np.int64)
        if kernels.distinct(tasks.view(np.uint64), first) < n:
            raise ValueError("It holds a level twice.")
        self._tasks[:n] = tasks
        for name, array in arrays.items():
            getattr(levels, name)[:n] = array
        levels.numbers[:] = n, clocks[0], clocks[1], stamps.sum()
        order = np.lexsort((ticks, -arrays["scores"]))
        levels.order[:n], levels.stamps[:n] = order, stamps[order]
        levels.heads[:] = -1
        kernels.link_rows(0, n, levels.tasks, levels.hashes, levels.heads, levels.links)


def _powers(ranks: IntArray, temperature: float) -> FloatArray:
    """(1/rank)^(1/temperature), 0 where that is too small for a number."""
    with np.errstate(under="ignore"):
        return np.exp(np.maximum(-np.log(ranks) / temperature, -745.0)) * (np.log(ranks) / temperature < 700.0)
