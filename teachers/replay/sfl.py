"""SFL, sampling for learnability: levels that the student sometimes solves, found by trying many.

Rutherford, Beukman, Willi, Lacerda, Hawes, Foerster (2024), "No regrets: investigating and improving regret
approximations for curriculum discovery", NeurIPS. Now and then many new levels are played a few times
without the student learning from them; those of the highest learnability p (1 − p), where p is the rate of successes,
are kept. Until the next time part of the tasks are drawn uniformly from these, the others are new levels.

What differs from the authors' code (amacrutherford/sampling-for-learnability):

- Levels are tried within the student's own environments, and every episode counts as one of the student's.
- Each candidate is handed out once before any is a second time; one that has been played often enough is left out of
  further rounds.
- Nothing is waited for: meanwhile the tasks are new levels and those kept before. The choice is made when 90 % of the
  episodes of candidates have come back, for the first to come back are the short ones, which tells of the student that
  it can solve everything; and made again when more does. Candidates of which more never come back are chosen among when
  it is time for the next ones, which are tried at the latest after twice ``refresh_every`` tasks.
- Levels that were always or never solved are not kept, even where there are fewer others than wanted: of a few
  candidates most are such.
- Whether a task is a kept level is drawn for each, where half of their environments have one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ...tasks import Tasks
from ..hyperparameters import whole
from ..presets import fill_from_preset
from ..state_checks import finite_array
from ..success import demand_success, success_of
from ..teacher import Teacher
from .checks import checked_levels
from .kernel_density import kernel_density
from .plr import HOLDS, Generator
from .row_index import RowIndex
from .scores import learnability

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

PRESETS: dict[str, dict[str, Any]] = {
    "default": {"refresh_every": 480, "n_candidates": 40, "episodes_per_level": 3, "keep": 10},
    "maze": {"refresh_every": 4000, "n_candidates": 500, "episodes_per_level": 4, "keep": 100},
    "minigrid": {"refresh_every": 25_600, "n_candidates": 25_000, "episodes_per_level": 8, "keep": 1000},
}
"""This library's for some thousands of episodes, and for a hundred thousand of 256 mazes; and the authors' on MiniGrid:
25,000 levels are tried for 2000 steps, eight episodes of the longest, after each 100 rollouts of 256 environments."""

_ENOUGH = 0.9
"""Share of the episodes of candidates that is enough to choose among them."""

_COUNTS = ("round", "n_since", "n_tried", "n_refreshes", "n_replayed", "n_again")
"""Of the state."""


class KeptLevels(NamedTuple):
    """The levels in use."""

    tasks: FloatArray
    """Shape ``(k, d)``, the most learnable first."""
    scores: FloatArray
    """Their learnabilities, shape ``(k,)``."""


class SFL(Teacher):
    """Hands out levels that the student solves about half of the time, among new ones.

    Args:
        task_space: The levels.
        seed: Seed of the teacher's own generator.
        preset: Whose hyperparameters stand where none is given: ``"default"``, ``"maze"`` or ``"minigrid"``.
        refresh_every: Tasks handed out to learn from before new candidates are tried; those that `repeat` hands out
            do not count.
        n_candidates: New levels tried each time; equal ones are one.
        episodes_per_level: How many episodes of each are wanted, at least 2 (1 where levels are held for a rollout, in
            which there may be several); it is handed out at most as often.
        keep: How many of them are used until the next time, at most: those with a learnability of 0 are not.
        replay_share: Share of tasks that are one of these, the others are new levels.
        success_above: A return above which an episode is a success, where the environment does not tell; None refuses
            such episodes.
        generator: Makes levels: called with a number n and a random generator, returns levels of shape ``(n, d)``;
            ``task_space.sample`` by default.
        hold: How long students keep a level, see `Teacher.hold`. Where it is a rollout, a batch is either all
            candidates or all for learning.
        ignore_warmup: See `Teacher`.

    Raises:
        ValueError: A hyperparameter out of range, or an unknown name.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = SFL(TaskSpace(x=(0.0, 1.0)), seed=0)
        >>> chance = np.random.default_rng(0)
        >>> for _ in range(40):
        ...     tasks = teacher.sample(5)
        ...     solved = chance.random(5) > tasks.values[:, 0]  # more often the smaller x is
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[0.0] * 5, lengths=[9] * 5,
        ...                             success=solved))
        >>> len(teacher.buffer.tasks), bool(abs(teacher.buffer.tasks.mean() - 0.5) < 0.1)
        (10, True)
    """

    withholds = True

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        preset: Literal["default", "maze", "minigrid"] = "default",
        refresh_every: int | None = None,
        n_candidates: int | None = None,
        episodes_per_level: int | None = None,
        keep: int | None = None,
        replay_share: float = 0.5,
        success_above: float | None = 0.0,
        generator: Generator | None = None,
        hold: Literal["episode", "rollout"] = "episode",
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        chosen = fill_from_preset(
            PRESETS,
            preset,
            refresh_every=refresh_every,
            n_candidates=n_candidates,
            episodes_per_level=episodes_per_level,
            keep=keep,
        )
        self.refresh_every, self.n_candidates, self.episodes_per_level, self.keep = (
            whole(name, chosen[name]) for name in ("refresh_every", "n_candidates", "episodes_per_level", "keep")
        )
        self.replay_share = float(replay_share)
        self.success_above = None if success_above is None else float(success_above)
        self.generator = generator
        self.hold = hold
        self._check_hyperparameters()

        d = task_space.n_dims
        self._candidates = RowIndex(np.empty((0, d)))
        self._successes = self._episodes = np.empty(0)  # of each candidate
        self._due = np.empty(0, dtype=np.int64)  # candidates still to be handed out in this round
        self._round = 0  # of the current candidates; 0 while none are tried
        # Ids of the tasks that are scored: from the first on; until the second, where trying has ended.
        self._scoring: tuple[int, int] = (0, 0)
        self._n_since = self.refresh_every  # tasks to learn from since then
        self._kept = KeptLevels(np.empty((0, d)), np.empty(0))
        self._stale = False  # whether more has come back since the choice
        self._n_tried = 0  # episodes of the candidates that were handed out
        self._n_refreshes = self._n_replayed = self._n_again = 0

    def _check_hyperparameters(self) -> None:
        for name in ("refresh_every", "n_candidates", "episodes_per_level", "keep"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}.")
        if self.episodes_per_level == 1 and self.hold == "episode":
            raise ValueError("episodes_per_level must be at least 2: one episode does not tell a chance of success.")
        if not 0.0 <= self.replay_share <= 1.0:
            raise ValueError(f"replay_share must lie between 0 and 1, got {self.replay_share}.")
        if self.success_above is not None and not np.isfinite(self.success_above):
            raise ValueError(f"success_above must be finite or None, got {self.success_above}.")
        if self.hold not in HOLDS:
            raise ValueError(unknown_name("hold", self.hold, HOLDS))
        if self.generator is not None and not callable(self.generator):
            raise TypeError(f"generator must be callable with (n, rng), got {self.generator!r}.")

    # --- Tasks (Rutherford et al. 2024: try many levels, learn from the most learnable) --------------------------

    @property
    def buffer(self) -> KeptLevels:
        """The levels in use, the most learnable first, and their learnabilities."""
        return self._kept

    def _sample(self, n: int) -> tuple[FloatArray, BoolArray]:
        rows, train = np.empty((n, self.task_space.n_dims)), np.ones(n, dtype=np.bool_)
        done = 0
        while done < n:
            if self._round and not len(self._due):
                self._next_round()
            if self._round == 0 and self._is_due():
                self._try_new(self._next_id + done)
            room = n - done
            if self._round:
                part, self._due = self._due[:room], self._due[room:]
            elif self.hold == "rollout" and done:  # the rest of a batch of candidates: some once more
                part = np.resize(np.arange(len(self._candidates.rows)), room)
            else:
                if self.hold == "episode":
                    until = self.refresh_every if self._n_since < self.refresh_every else 2 * self.refresh_every
                    room = min(room, until - self._n_since)
                rows[done : done + room] = self._to_learn_from(room, self._next_id + done)
                self._n_since += room
                done += room
                continue
            rows[done : done + len(part)] = self._candidates.rows[part]
            train[done : done + len(part)] = False
            done += len(part)
            self._n_tried += len(part)
        return rows, train

    def _is_due(self) -> bool:
        """Tell whether new candidates are to be tried."""
        if self._n_since < self.refresh_every:
            return False
        return self._n_since >= 2 * self.refresh_every or self._came_back

    @property
    def _came_back(self) -> bool:
        return float(self._episodes.sum()) >= _ENOUGH * self._n_tried

    def _try_new(self, first_id: int) -> None:
        """Draw candidates and begin their first round."""
        self._choose()  # of the ones before, where nobody has since their last round
        self._candidates = RowIndex(self._new(self.n_candidates))
        count = len(self._candidates.rows)
        self._successes, self._episodes = np.zeros(count), np.zeros(count)
        self._due, self._round = np.arange(count), 1
        self._scoring = (first_id, -1)
        self._stale = False
        self._n_tried = 0
        self._n_refreshes += 1

    def _next_round(self) -> None:
        """Have the candidates played again that were not often enough, or end the trial."""
        wanting = self._episodes < self.episodes_per_level
        if self._round < self.episodes_per_level and wanting.any():
            self._due, self._round = np.flatnonzero(wanting), self._round + 1
        else:
            self._round, self._n_since = 0, 0

    def _to_learn_from(self, n: int, first_id: int) -> FloatArray:
        if self._scoring[1] < 0:  # what is handed out from here on, with its repetitions, is not scored
            self._scoring = (self._scoring[0], first_id)
        self._choose()
        if not len(self._kept.tasks):
            return self._new(n)
        replay = self.rng.random(n) < self.replay_share
        count = int(np.count_nonzero(replay))
        rows = np.empty((n, self.task_space.n_dims))
        rows[replay] = self._kept.tasks[self.rng.integers(len(self._kept.tasks), size=count)]
        if count < n:
            rows[~replay] = self._new(n - count)
        self._n_replayed += count
        return rows

    def _choose(self) -> None:
        """Keep the candidates of the highest p (1 − p) above 0, the earlier of equal ones."""
        if not self._stale or not (self._came_back or self._n_since >= self.refresh_every):
            return
        self._stale = False
        scores = learnability(self._successes / np.maximum(self._episodes, 1.0))
        best = np.argsort(-scores, kind="stable")[: min(self.keep, int(np.count_nonzero(scores > 0.0)))]
        self._kept = KeptLevels(self._candidates.rows[best], scores[best])

    def _new(self, n: int) -> FloatArray:
        if self.generator is None:
            return self.task_space.sample(n, self.rng)
        return checked_levels(self.generator(n, self.rng), n, self.task_space, "generator")

    def _repeat(self, tasks: Tasks) -> None:
        self._n_again += len(tasks)

    # --- Outcomes ------------------------------------------------------------------------------------------------

    def _validate(self, outcomes: Outcomes) -> None:
        super()._validate(outcomes)
        if len(outcomes):
            demand_success(outcomes, self.success_above, owner=self, ignore_warmup=self.ignore_warmup)

    def _update(self, outcomes: Outcomes) -> None:
        ids, (first, end) = outcomes.ids, self._scoring
        scored = (ids >= first) & ((ids < end) | (end < 0)) | (ids < 0) | (ids >= self._next_id)
        if not scored.any() or not len(self._candidates.rows):
            return
        found = self._candidates.find(np.ascontiguousarray(outcomes.tasks[scored]))
        known = found >= 0
        np.add.at(self._successes, found[known], success_of(outcomes, self.success_above)[scored][known])
        np.add.at(self._episodes, found[known], 1.0)
        self._stale |= bool(known.any())

    # --- What it shows -------------------------------------------------------------------------------------------

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the density of the levels in use: a Gaussian of width 0.05 around each.

        None while there are none, and where more than six dimensions can vary.
        """
        rows = np.atleast_2d(self.task_space.validate(tasks))
        kept = self._kept.tasks
        return kernel_density(self.task_space, rows, kept, np.full(len(kept), 1.0 / max(1, len(kept))))

    def metrics(self) -> dict[str, float]:
        """Return how many levels are tried and in use, and how learnable they are."""
        tried = self._episodes > 0.0
        rates = self._successes[tried] / self._episodes[tried]
        scores = self._kept.scores
        return {
            **super().metrics(),
            "refreshes": float(self._n_refreshes),
            "scoring": float(self._round > 0),
            "candidates": float(len(self._episodes)),
            "evaluated": float(np.count_nonzero(tried)),
            "candidate_success": float(rates.mean()) if len(rates) else 0.0,
            "candidate_learnability": float(learnability(rates).mean()) if len(rates) else 0.0,
            "levels": float(len(scores)),
            "mean_score": float(scores.mean()) if len(scores) else 0.0,
            "replay_share": self._n_replayed / max(1, self._next_id - self._n_again),
        }

    # --- State ---------------------------------------------------------------------------------------------------

    _IDENTITY = (
        *("refresh_every", "n_candidates", "episodes_per_level", "keep"),
        *("replay_share", "success_above", "hold"),
    )

    def _get_state(self) -> dict[str, Any]:
        return {
            "hyperparameters": {name: getattr(self, name) for name in self._IDENTITY},
            "candidates": self._candidates.rows.copy(),
            "successes": self._successes.copy(),
            "episodes": self._episodes.copy(),
            "due": self._due.copy(),
            "kept": self._kept.tasks.copy(),
            "kept_scores": self._kept.scores.copy(),
            "scoring": list(self._scoring),
            "round": self._round,
            "n_since": self._n_since,
            "stale": self._stale,
            "n_tried": self._n_tried,
            "n_refreshes": self._n_refreshes,
            "n_replayed": self._n_replayed,
            "n_again": self._n_again,
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        for name in self._IDENTITY:
            mine, theirs = getattr(self, name), state["hyperparameters"][name]
            if theirs != mine:
                raise ValueError(f"It was saved with {name}={theirs!r}, this teacher has {name}={mine!r}.")
        d = self.task_space.n_dims
        rows, kept = (np.array(state[name], dtype=np.float64).reshape(-1, d) for name in ("candidates", "kept"))
        numbers = [finite_array(state, name, (None,), low=0.0) for name in ("successes", "episodes")]
        kept_scores = finite_array(state, "kept_scores", (None,), low=0.0)
        due = np.array(state["due"], dtype=np.int64).reshape(-1)
        candidates = RowIndex(rows)
        count = len(candidates.rows)
        if any(len(each) != count for each in (rows, *numbers)) or len(kept_scores) != len(kept):
            raise ValueError("Its candidates or levels do not fit what is known of them.")
        if len(due) and not 0 <= due.min() <= due.max() < count:
            raise ValueError(f"It waits for candidates that are none of the {count}.")
        for levels in (rows, kept):
            if len(levels):
                self.task_space.validate(levels)
        first, end = (int(number) for number in state["scoring"])
        counts = [int(state[name]) for name in _COUNTS]
        stale = bool(state["stale"])
        self._candidates, self._due = candidates, due
        self._successes, self._episodes = numbers
        self._kept, self._scoring = KeptLevels(kept, kept_scores), (first, end)
        self._round, self._n_since, self._n_tried, self._n_refreshes, self._n_replayed, self._n_again = counts
        self._stale = stale
