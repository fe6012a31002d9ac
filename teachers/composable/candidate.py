"""Candidate: more tasks than are needed are drawn, the student's success on each is predicted, and the best are kept.

One teacher for PCL (a value model predicts, those nearest to ½ are kept), online difficulty filtering (candidates are
played first; those in a band are kept, and more drawn until there are enough), Agent0's filter (a wider band) and CurES
on continuous tasks (drawn in proportion to a score). It works in any space: nothing is enumerated.

What differs from the papers:

- PCL's value model is a logistic regression on the task's parameters, fitted to the latest episodes.
- `sample` is asked for as many tasks as there are environments to begin anew, often for one: k candidates for each.
- The student's own value of a task is known only when it plays it; it is taken from the nearest tasks it has played.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logsumexp

from ...errors import unknown_name
from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import pair, real, whole
from ..replay.checks import checked_levels
from ..state_checks import counter, finite_array
from ..success import demand_success, success_of, success_threshold
from ..teacher import Teacher
from .predictors import Predictor, Rollouts, predictor_of
from .scores import Score, score_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Generator = Callable[[int, np.random.Generator], ArrayLike]

SELECTIONS = ("closest", "sample", "band")
_N_POINTS = 512
"""Tasks that a candidate's rivals are taken from, for the density."""

_N_DRAWS = 256
"""Sets of rivals, likewise."""


def closest(values: ArrayLike, m: int, target: float) -> IntArray:
    """Return which m predictions are nearest to a target, nearest first; of equally near ones the earlier.

    Example:
        >>> closest([0.05, 0.35, 0.48, 0.62, 0.9, 0.55, 0.2, 0.71], 2, 0.5).tolist()
        [2, 5]
    """
    return np.argsort(np.abs(np.asarray(values) - target), kind="stable")[:m]


def inside(values: ArrayLike, band: tuple[float, float]) -> IntArray:
    """Return which predictions lie in a band, bounds included.

    Example:
        >>> inside([0.05, 0.35, 0.48, 0.62, 0.9, 0.55, 0.2, 0.71], (0.2, 0.8)).tolist()
        [1, 2, 3, 5, 6, 7]
    """
    v = np.asarray(values)
    return np.flatnonzero((v >= band[0]) & (v <= band[1]))


class Candidate(Teacher):
    """Predicts the success on some candidates for each task and plays those that promise most.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        k: Candidates for each task.
        predictor: ``"online(window, l2)"``, ``"nearest(k, window)"``, ``"rollouts(n)"``, or ``"value(k, window)"``, see
            `predictors`.
        target: The success looked for; with ``"value"`` a value.
        select: ``"closest"`` to the target; those in the ``"band"``; or ``"sample"``, drawn in proportion to
            exp(score / temperature).
        band: Bounds of the band, inclusive.
        score: For ``"sample"``: a name of `scores.SCORES` or a function of the predictions.
        temperature: For ``"sample"``.
        refill: For ``"band"``: draw more candidates until there are enough, else fill up with uniform tasks.
        max_rounds: So many times at most; then those nearest to the target fill up.
        m: With ``"rollouts"``: how many tasks are selected at a time.
        mix_uniform: Share of uniform tasks.
        generator: Draws candidates: called with a number and a random generator, returns tasks of shape ``(n, d)``;
            ``task_space.sample`` by default.
        update_every_episodes: Episodes after which the predictor learns.
        success_above: A return above which an episode is a success, where the environment does not tell;
            ``expert.success_above`` by default.
        expert: Expert knowledge; only its ``success_above`` is used.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter of another type.
        ValueError: A hyperparameter out of range, or an unknown name.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = Candidate(TaskSpace(x=(0.0, 1.0)), seed=0, k=8, mix_uniform=0.0)
        >>> chance = np.random.default_rng(0)
        >>> for _ in range(40):
        ...     tasks = teacher.sample(10)
        ...     solved = chance.random(10) > tasks.values[:, 0]
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=solved, lengths=[9] * 10,
        ...                             success=solved))
        >>> bool(abs(teacher.sample(20).values.mean() - 0.5) < 0.1)
        True
    """

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        k: int = 4,
        predictor: str | Mapping[str, Any] | Predictor | Rollouts = "online",
        target: float = 0.5,
        select: Literal["closest", "sample", "band"] = "closest",
        band: tuple[float, float] = (0.2, 0.8),
        score: str | Mapping[str, Any] | Score = "bernoulli_std",
        temperature: float = 0.1,
        refill: bool = True,
        max_rounds: int = 8,
        m: int = 16,
        mix_uniform: float = 0.1,
        generator: Generator | None = None,
        update_every_episodes: int = 16,
        success_above: float | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        expert = ExpertKnowledge.of(expert, task_space)
        counts = {"k": k, "max_rounds": max_rounds, "m": m, "update_every_episodes": update_every_episodes}
        self.k, self.max_rounds, self.m, self.update_every_episodes = (whole(n, v, 1) for n, v in counts.items())
        self.target, self.temperature = real("target", target), real("temperature", temperature)
        self.mix_uniform, self.band = real("mix_uniform", mix_uniform), pair("band", band)
        self.select, self.refill, self.generator = select, bool(refill), generator
        self._predictor, self._score = predictor_of(predictor), score_of(score)
        self.needs = self._predictor.needs  # type: ignore[misc]  # this teacher's, not the class's
        self.success_above = success_threshold(success_above, expert)
        self._check_hyperparameters()

        self.withholds = isinstance(self._predictor, Rollouts)
        d = task_space.n_dims
        if isinstance(self._predictor, Predictor):
            self._predictor.start(task_space)
        self._round_tasks: list[FloatArray] = []
        self._round_values: list[FloatArray] = []
        self._n_round = self._n_rounds = 0
        # Of "rollouts": the candidates, what came back of them, which are still to be handed out, and the selected.
        self._candidates, self._solved, self._played = np.empty((0, d)), np.empty(0), np.empty(0)
        self._due = np.empty(0, dtype=np.int64)
        self._tries = self._waited = 0
        self._found, self._found_rates = np.empty((0, d)), np.empty(0)
        self._queue = np.empty((0, d))
        self._last_share, self._n_selected = 0.0, 0

    def _check_hyperparameters(self) -> None:
        if self.select not in SELECTIONS:
            raise ValueError(unknown_name("select", self.select, SELECTIONS))
        if not np.isfinite(self.target):
            raise ValueError(f"target must be finite, got {self.target}.")
        if not self.band[0] <= self.band[1]:
            raise ValueError(f"band must be two numbers in ascending order, got {self.band}.")
        if not 0.0 < self.temperature < np.inf:
            raise ValueError(f"temperature must be finite and above 0, got {self.temperature}.")
        if not 0.0 <= self.mix_uniform <= 1.0:
            raise ValueError(f"mix_uniform must lie between 0 and 1, got {self.mix_uniform}.")
        if self.generator is not None and not callable(self.generator):
            raise TypeError(f"generator must be callable with (n, rng), got {self.generator!r}.")
        if isinstance(self._predictor, Rollouts) and self.select == "sample":
            raise ValueError("predictor='rollouts' selects 'closest' or by 'band', not by 'sample'.")

    # --- Tasks -----------------------------------------------------------------------------------------------------

    def _new(self, n: int) -> FloatArray:
        if self.generator is None:
            return self.task_space.sample(n, self.rng)
        return checked_levels(self.generator(n, self.rng), n, self.task_space, "generator")

    def _sample(self, n: int) -> FloatArray | tuple[FloatArray, BoolArray]:
        uniform = self.rng.random(n) < self.mix_uniform
        rows, train = np.empty((n, self.task_space.n_dims)), np.ones(n, dtype=np.bool_)
        count = int(np.count_nonzero(uniform))
        rows[uniform] = self.task_space.sample(count, self.rng)
        if count < n:
            rows[~uniform], train[~uniform] = self._chosen(n - count)
        return rows, train

    def _chosen(self, n: int) -> tuple[FloatArray, BoolArray | bool]:
        if isinstance(self._predictor, Rollouts):
            return self._by_rollouts(n, self._predictor.n)
        candidates = self._new(self.k * n)
        values = self._predictor.predict(candidates)
        self._n_selected += n
        if self.select == "sample":
            keys = self._preference(values) + self.rng.gumbel(size=len(values))  # without replacement
            return candidates[np.argsort(-keys, kind="stable")[:n]], True
        if self.select == "closest":
            return candidates[closest(values, n, self.target)], True
        found = inside(values, self.band)
        self._last_share = len(found) / len(values)
        tries = 1
        while len(found) < n and self.refill and tries < self.max_rounds:
            more = self._new(self.k * n)
            candidates = np.concatenate([candidates, more])
            values = np.concatenate([values, self._predictor.predict(more)])
            found = inside(values, self.band)
            tries += 1
        if len(found) >= n:
            return candidates[found[:n]], True
        if not self.refill:
            return np.concatenate([candidates[found], self.task_space.sample(n - len(found), self.rng)]), True
        rest = np.setdiff1d(np.arange(len(values)), found)
        return candidates[np.concatenate([found, rest[closest(values[rest], n - len(found), self.target)]])], True

    def _preference(self, values: FloatArray) -> FloatArray:
        scores = np.asarray(self._score(values), dtype=np.float64)
        if scores.shape != values.shape or not np.isfinite(scores).all():
            raise ValueError(f"score must return a finite number for each of {len(values)} tasks, got {scores!r}.")
        return scores / self.temperature

    # --- Candidates that are played first ----------------------------------------------------------------------------

    def _by_rollouts(self, n: int, n_rollouts: int) -> tuple[FloatArray, BoolArray]:
        rows, train = np.empty((n, self.task_space.n_dims)), np.ones(n, dtype=np.bool_)
        done = 0
        while done < n:
            room = n - done
            if len(self._queue):
                part = self._queue[:room]
                self._queue = self._queue[len(part) :]
                self._n_selected += len(part)
            elif len(self._due):
                part = self._candidates[self._due[:room]]
                self._due = self._due[len(part) :]
                train[done : done + len(part)] = False
            elif not len(self._candidates):
                self._try_new(n_rollouts)
                continue
            elif self._played.sum() < n_rollouts * len(self._candidates) and self._waited < self._patience(n_rollouts):
                part = self.task_space.sample(room, self.rng)  # until what is awaited comes back
                self._waited += room
            elif self._played.any():
                self._judge()
                continue
            else:  # none came back: their episodes were abandoned, others take their place
                self._candidates, self._tries = self._candidates[:0], self._tries - 1
                continue
            rows[done : done + len(part)] = part
            done += len(part)
        return rows, train

    def _patience(self, n_rollouts: int) -> int:
        return self.k * self.m * n_rollouts

    def _try_new(self, n_rollouts: int) -> None:
        rows = self._new(self.k * self.m)
        self._candidates = np.unique(rows + 0.0, axis=0)
        count = len(self._candidates)
        self._solved, self._played = np.zeros(count), np.zeros(count)
        self._due, self._waited = np.tile(np.arange(count), n_rollouts), 0
        self._tries += 1

    def _judge(self) -> None:
        """Keep the candidates in the band; try others until there are enough, at most ``max_rounds`` times."""
        known = self._played > 0.0
        self._found = np.concatenate([self._found, self._candidates[known]])
        self._found_rates = np.concatenate([self._found_rates, self._solved[known] / self._played[known]])
        rates = self._found_rates
        good = inside(rates, self.band) if self.select == "band" else np.arange(len(rates))
        self._last_share = len(inside(rates, self.band)) / len(rates)
        self._candidates, self._due = self._candidates[:0], self._due[:0]
        self._solved, self._played = self._solved[:0], self._played[:0]
        if len(good) < self.m and self.refill and self._tries < self.max_rounds:
            return
        if self.select == "closest":
            chosen = closest(rates, self.m, self.target)
        else:
            rest = np.setdiff1d(np.arange(len(rates)), good)
            lacking = max(0, self.m - len(good)) if self.refill or not len(good) else 0
            chosen = np.concatenate([good[: self.m], rest[closest(rates[rest], lacking, self.target)]])
        self._queue = self._found[chosen]
        self._found, self._found_rates, self._tries = self._found[:0], self._found_rates[:0], 0

    # --- Outcomes --------------------------------------------------------------------------------------------------

    def _validate(self, outcomes: Outcomes) -> None:
        super()._validate(outcomes)
        if len(outcomes) and not self.needs:
            demand_success(outcomes, self.success_above, owner=self, ignore_warmup=self.ignore_warmup)

    def _update(self, outcomes: Outcomes) -> None:
        if self.needs:
            (name,) = self.needs
            values = np.clip(np.asarray(outcomes.column(name), dtype=np.float64), -1e150, 1e150)
        else:
            values = success_of(outcomes, self.success_above)
        if isinstance(self._predictor, Rollouts):
            self._count(outcomes.tasks, values)
        done = 0
        while done < len(outcomes):
            room = min(self.update_every_episodes - self._n_round, len(outcomes) - done)
            self._round_tasks.append(outcomes.tasks[done : done + room].copy())
            self._round_values.append(values[done : done + room].copy())
            self._n_round += room
            done += room
            if self._n_round == self.update_every_episodes:
                if isinstance(self._predictor, Predictor):
                    self._predictor.learn(np.concatenate(self._round_tasks), np.concatenate(self._round_values))
                self._round_tasks, self._round_values, self._n_round = [], [], 0
                self._n_rounds += 1

    def _count(self, tasks: FloatArray, success: FloatArray) -> None:
        if not len(self._candidates):
            return
        index = {key: i for i, key in enumerate(self.task_space.keys(self._candidates))}
        for key, solved in zip(self.task_space.keys(tasks), success, strict=True):
            i = index.get(key, -1)
            if i >= 0:
                self._played[i] += 1.0
                self._solved[i] += solved

    # --- What it shows ---------------------------------------------------------------------------------------------

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the density of one task chosen among k candidates; None where candidates are played first."""
        if isinstance(self._predictor, Rollouts):
            return None
        rows = np.atleast_2d(self.task_space.validate(tasks))
        rng = np.random.default_rng(0)
        reference = self._predictor.predict(self.task_space.sample(_N_POINTS, rng))
        values = self._predictor.predict(rows)
        if self.select == "sample":
            rivals = self._preference(reference)[rng.integers(len(reference), size=(_N_DRAWS, self.k - 1))]
            together = logsumexp(np.column_stack([rivals, np.full(_N_DRAWS, -np.inf)]), axis=1)
            density: FloatArray = self.k * expit(self._preference(values)[:, None] - together).mean(axis=1)
            return density
        if self.select == "closest":
            return self._nearest_density(values, reference, self.k)
        found, outside = inside(values, self.band), np.ones(len(reference), dtype=np.bool_)
        outside[inside(reference, self.band)] = False
        share = float(1.0 - outside.mean())
        n_candidates = self.k * (self.max_rounds if self.refill else 1)
        none = (1.0 - share) ** n_candidates  # the chance that no candidate is in the band
        if not self.refill:
            density = np.full(len(rows), none)
        elif outside.any():
            density = none / (1.0 - share) * self._nearest_density(values, reference[outside], n_candidates)
            density[found] = 0.0
        else:
            density = np.zeros(len(rows))
        density[found] += (1.0 - none) / share if share > 0.0 else 0.0
        return density

    def _nearest_density(self, values: FloatArray, reference: FloatArray, k: int) -> FloatArray:
        """That of the task nearest to the target among k, with predictions as those of the reference."""
        far, distance = np.sort(np.abs(reference - self.target)), np.abs(values - self.target)
        nearer, ties = (np.searchsorted(far, distance, side=side) / len(far) for side in ("left", "right"))
        alone = k * (1.0 - nearer) ** (k - 1)  # k times the chance that all others are farther away
        with np.errstate(invalid="ignore", divide="ignore"):  # the mean of that over those that are as far
            shared = ((1.0 - nearer) ** k - (1.0 - ties) ** k) / (ties - nearer)
        return np.where(ties > nearer, shared, alone)

    def metrics(self) -> dict[str, float]:
        """Return what is predicted."""
        predicted = 0.5
        if isinstance(self._predictor, Predictor):
            points = self.task_space.sample(_N_POINTS, np.random.default_rng(0))
            predicted = float((self._predictor.predict(points) / _N_POINTS).sum())
        return {
            **super().metrics(),
            "rounds": float(self._n_rounds),
            "selected": float(self._n_selected),
            "mean_prediction": predicted,
            "band_share": self._last_share,
            "candidates": float(len(self._candidates)),
            "queue": float(len(self._queue)),
        }

    # --- State -----------------------------------------------------------------------------------------------------

    _ROWS = ("candidates", "found", "queue")

    def _get_state(self) -> dict[str, Any]:
        d = self.task_space.n_dims
        return {
            "predictor": type(self._predictor).__name__,
            "model": self._predictor.get_state() if isinstance(self._predictor, Predictor) else {},
            **{name: getattr(self, f"_{name}").copy() for name in self._ROWS},
            "solved": self._solved.copy(),
            "played": self._played.copy(),
            "found_rates": self._found_rates.copy(),
            "due": self._due.copy(),
            "tries": self._tries,
            "waited": self._waited,
            "round_tasks": np.concatenate([np.empty((0, d)), *self._round_tasks]),
            "round_values": np.concatenate([np.empty(0), *self._round_values]),
            "n_rounds": self._n_rounds,
            "n_selected": self._n_selected,
            "last_share": self._last_share,
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        if state["predictor"] != type(self._predictor).__name__:
            raise ValueError(f"It is the state of a {state['predictor']}, not of a {type(self._predictor).__name__}.")
        d = self.task_space.n_dims
        rows = {name: finite_array(state, name, (None, d)) for name in (*self._ROWS, "round_tasks")}
        for each in rows.values():
            if len(each):
                self.task_space.validate(each)
        count = len(rows["candidates"])
        solved, played = (finite_array(state, name, (count,), low=0.0) for name in ("solved", "played"))
        found_rates = finite_array(state, "found_rates", (len(rows["found"]),), low=0.0, high=1.0)
        due = finite_array(state, "due", (None,), np.int64, low=0, high=max(0, count - 1))
        if len(due) and not count:
            raise ValueError("It waits for candidates that there are not.")
        values = finite_array(state, "round_values", (len(rows["round_tasks"]),))
        if len(values) >= self.update_every_episodes:
            raise ValueError("Its round is longer than this teacher's.")
        tries, waited, n_rounds, n_selected = (
            counter(state, name) for name in ("tries", "waited", "n_rounds", "n_selected")
        )
        last_share = float(finite_array(state, "last_share", (), low=0.0, high=1.0))
        if isinstance(self._predictor, Predictor):
            self._predictor.set_state(state["model"])
        self._candidates, self._found, self._queue = (rows[name] for name in self._ROWS)
        self._solved, self._played, self._found_rates, self._due = solved, played, found_rates, due
        self._tries, self._waited, self._n_rounds, self._n_selected = tries, waited, n_rounds, n_selected
        self._round_tasks, self._round_values = [rows["round_tasks"]], [values]
        self._n_round, self._last_share = len(values), last_share
