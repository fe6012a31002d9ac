"""Generator: tasks are proposed, tried, judged, and changed again: easier, harder or just a little.

One teacher for co-evolution: Agent0, Socratic-Zero, SPELL, CLPO. What proposes is exchangeable (anything with
``propose`` and ``learn``); the one that ships changes tasks of an archive. What a proposal is worth depends on the
student's success on it, a validity gate and a penalty for repetitions.

What differs from the papers:

- They write questions with language models; this proposes rows of a task space.
- The student learns from the attempts, for episodes are dear; `train_on_attempts` tells otherwise.
- A proposal is judged when its attempts have come back, each for itself, and what never comes back is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import pair, real, whole
from ..replay.checks import checked_levels
from ..replay.kernel_density import kernel_density
from ..state_checks import counter, finite_array
from ..success import demand_success, success_of, success_threshold
from ..teacher import Teacher
from .fitness import cluster_sizes, fitness_of
from .mutation_generator import Context, MutationGenerator, Operator, ProposingGenerator
from .scores import Score, score_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MOST_INVALID = 1000
"""So many proposals in a row may be invalid."""
_MOST_OPEN = 10_000
"""Proposals whose attempts are awaited; the oldest is forgotten first."""
_N_TRIED = 64


class GeneratorTeacher(Teacher):
    """Proposes tasks, keeps those that the student solves sometimes, and changes them.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        generator: ``"mutation"``, or an object with ``propose(n, context)`` and ``learn(proposals, fitness)``, see
            `mutation_generator`.
        fitness: What a success rate is worth: a name of `scores.SCORES` or a function.
        validity: Tells of tasks, shape ``(n, d)``, which are valid; None for all. When 1000 proposals in a row are
            not, tasks of the archive are played instead.
        floor: The least fitness, and that of invalid proposals.
        repetition: λ, the penalty for a proposal that is like all others of its batch.
        distance: Proposals nearer than this share of the diagonal are alike.
        bonus: A function of tasks whose values are added to the fitness; None for none.
        n_attempts: Episodes of each proposal before it is judged.
        train_on_attempts: Whether the student learns from them.
        batch: Proposals at a time.
        keep: A proposal is kept if its success rate lies between these numbers, bounds included. One of the archive is
            dropped when its rate leaves them, or when it is solved, or failed, ``2 n_attempts`` times in a row.
        archive_size: Most tasks kept; the least fit makes room.
        recent: How many of the latest kept tasks a generator of one's own is shown; mutation has no use for them.
        replay_share: Share of tasks that come from the archive, in proportion to their fitness.
        explore: Share of proposals that are uniform.
        operators: For ``"mutation"``: by the tiers ``hard``, ``medium`` and ``easy``, see `MutationGenerator`.
        tiers: Up to which success a task is hard, and up to which it is medium.
        mutate: For ``"mutation"``: makes small random changes of tasks, called with tasks and a random generator; an
            environment may offer it.
        success_above: A return above which an episode is a success, where the environment does not tell;
            ``expert.success_above`` by default.
        expert: Expert knowledge; only its ``success_above`` is used.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter of another type.
        ValueError: A hyperparameter out of range, or an unknown name. Later, in `sample`: nothing valid was proposed
            and the archive is empty.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = GeneratorTeacher(TaskSpace(x=(0.0, 1.0)), seed=0)
        >>> chance = np.random.default_rng(0)
        >>> for _ in range(60):
        ...     tasks = teacher.sample(10)
        ...     solved = chance.random(10) > 10.0 * (tasks.values[:, 0] - 0.3)
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=solved, lengths=[9] * 10,
        ...                             success=solved))
        >>> bool(abs(np.median(teacher.archive) - 0.35) < 0.05)
        True
    """

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        generator: str | ProposingGenerator = "mutation",
        fitness: str | Mapping[str, Any] | Score = "tent",
        validity: Callable[[FloatArray], ArrayLike] | None = None,
        floor: float = 0.0,
        repetition: float = 1.0,
        distance: float = 0.01,
        bonus: Callable[[FloatArray], ArrayLike] | None = None,
        n_attempts: int = 4,
        train_on_attempts: bool = True,
        batch: int = 8,
        keep: tuple[float, float] = (0.01, 0.99),
        archive_size: int = 8,
        recent: int = 3,
        replay_share: float = 0.3,
        explore: float = 0.1,
        operators: Mapping[str, str | Operator] | None = None,
        tiers: tuple[float, float] = (0.3, 0.7),
        mutate: Callable[[FloatArray, np.random.Generator], ArrayLike] | None = None,
        success_above: float | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        expert = ExpertKnowledge.of(expert, task_space)
        counts = {"n_attempts": n_attempts, "batch": batch, "archive_size": archive_size, "recent": recent}
        self.n_attempts, self.batch, self.archive_size, self.recent = (whole(n, v, 1) for n, v in counts.items())
        self.floor, self.repetition, self.distance = (
            real(n, v) for n, v in (("floor", floor), ("repetition", repetition), ("distance", distance))
        )
        self.replay_share, self.explore = real("replay_share", replay_share), real("explore", explore)
        self.keep, self.tiers = pair("keep", keep), pair("tiers", tiers)
        self.validity, self.bonus = validity, bonus
        self.train_on_attempts = bool(train_on_attempts)
        self.withholds = not self.train_on_attempts
        self._score = score_of(fitness, "fitness")
        if isinstance(generator, str):
            if generator != "mutation":
                raise ValueError(
                    f"generator must be 'mutation' or an object with propose and learn, got {generator!r}."
                )
            self._generator: ProposingGenerator = MutationGenerator(operators, mutate)
        else:
            if not (callable(getattr(generator, "propose", None)) and callable(getattr(generator, "learn", None))):
                raise TypeError(
                    f"generator must have propose(n, context) and learn(proposals, fitness): {generator!r}."
                )
            self._generator = generator
        self.success_above = success_threshold(success_above, expert)
        self._check_hyperparameters()

        d = task_space.n_dims
        self._due: list[int] = []  # open proposals still to be handed out, once for each attempt
        self._first_number = 0  # number of the first open proposal
        self._open, self._open_counts = np.empty((0, d)), np.zeros((0, 3))  # solved, played, alike in its batch
        self._index: dict[bytes, int] = {}
        self._archive, self._rates, self._kept_at = np.empty((0, d)), np.empty(0), np.empty(0, dtype=np.int64)
        self._fitness = np.empty(0)
        self._streaks = np.empty(0, dtype=np.int64)  # successes in a row on each task of the archive, or −failures
        self._tried, self._tried_rates = np.empty((0, d)), np.empty(0)
        self._n_proposed = self._n_invalid = self._n_judged = self._n_kept = self._n_fallbacks = 0
        self._mean_fitness = 0.0

    def _check_hyperparameters(self) -> None:
        for name in ("replay_share", "explore"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}.")
        for name in ("floor", "repetition", "distance"):
            if not np.isfinite(getattr(self, name)) or (name != "floor" and getattr(self, name) < 0.0):
                raise ValueError(f"{name} must be finite{' and at least 0' * (name != 'floor')}.")
        for name in ("keep", "tiers"):
            low, high = getattr(self, name)
            if not 0.0 <= low <= high <= 1.0:
                raise ValueError(f"{name} must be two numbers in ascending order in [0, 1], got {(low, high)}.")
        for name in ("validity", "bonus"):
            if getattr(self, name) is not None and not callable(getattr(self, name)):
                raise TypeError(f"{name} must be a function of tasks, got {getattr(self, name)!r}.")

    @property
    def archive(self) -> FloatArray:
        """The tasks kept, shape ``(k, d)``."""
        return np.array(self._archive)

    # --- Tasks -----------------------------------------------------------------------------------------------------

    def _sample(self, n: int) -> tuple[FloatArray, BoolArray]:
        rows, train = np.empty((n, self.task_space.n_dims)), np.ones(n, dtype=np.bool_)
        replay = self.rng.random(n) < self.replay_share if len(self._archive) else np.zeros(n, dtype=np.bool_)
        count = int(np.count_nonzero(replay))
        if count:
            rows[replay] = self._archive[self._fittest(count)]
        done = 0
        places = np.flatnonzero(~replay)
        while done < len(places):
            if not self._due and not self._propose():
                rows[places[done:]] = self._archive[self._fittest(len(places) - done)]
                self._n_fallbacks += len(places) - done
                break
            part, self._due = self._due[: len(places) - done], self._due[len(places) - done :]
            rows[places[done : done + len(part)]] = self._open[np.array(part) - self._first_number]
            train[places[done : done + len(part)]] = self.train_on_attempts
            done += len(part)
        return rows, train

    def _fittest(self, n: int) -> IntArray:
        total = self._fitness.sum()
        return self.rng.choice(len(self._archive), size=n, p=self._fitness / total if total > 0.0 else None)

    def _propose(self) -> bool:
        """Ask for valid proposals; returns whether there are any."""
        found: list[FloatArray] = []
        invalid = 0
        while sum(map(len, found)) < self.batch and invalid < MOST_INVALID:
            proposed = self._proposals()
            valid = self._valid(proposed)
            self._n_proposed += len(proposed)
            if not valid.all():
                bad = proposed[~valid]
                invalid = 0 if valid.any() else invalid + len(bad)
                self._n_invalid += len(bad)
                self._generator.learn(bad, np.full(len(bad), self.floor))
            if valid.any():
                found.append(proposed[valid])
        if not found:
            if not len(self._archive):
                raise ValueError(
                    f"The generator proposed nothing valid in {MOST_INVALID:,} tries, and there is no task in the "
                    "archive to play instead. Is the validity gate too strict?"
                )
            return False
        rows = np.concatenate(found)[: self.batch] + 0.0
        alike = cluster_sizes(self.task_space.to_unit(rows)[:, ~self.task_space.fixed], self.distance)
        first = self._first_number + len(self._open)
        self._open = np.concatenate([self._open, rows])
        counts = np.column_stack([np.zeros((len(rows), 2)), alike * (self.batch / len(rows))])
        self._open_counts = np.concatenate([self._open_counts, counts])
        for i, key in enumerate(self.task_space.keys(rows)):
            self._index[key] = first + i
        self._due = [first + i for i in range(len(rows)) for _ in range(self.n_attempts)]
        self._forget(len(self._open) - _MOST_OPEN)
        return True

    def _proposals(self) -> FloatArray:
        context = Context(
            space=self.task_space,
            rng=self.rng,
            tasks=self._archive.copy(),
            rates=self._rates.copy(),
            fitness=self._fitness.copy(),
            recent=self._archive[np.argsort(self._kept_at)[-self.recent :]],
            tried=self._tried.copy(),
            tried_rates=self._tried_rates.copy(),
            tiers=self.tiers,
        )
        rows = checked_levels(self._generator.propose(self.batch, context), self.batch, self.task_space, "generator")
        uniform = self.rng.random(self.batch) < self.explore
        rows[uniform] = self.task_space.sample(int(uniform.sum()), self.rng)
        return rows

    def _valid(self, rows: FloatArray) -> BoolArray:
        if self.validity is None:
            return np.ones(len(rows), dtype=np.bool_)
        valid = np.asarray(self.validity(rows.copy()), dtype=np.bool_)
        if valid.shape != (len(rows),):
            raise ValueError(f"validity must tell of each of {len(rows)} tasks, got shape {valid.shape}.")
        return valid

    def _forget(self, n: int) -> None:
        """Give up the oldest open proposals."""
        if n <= 0:
            return
        for i, key in enumerate(self.task_space.keys(self._open[:n])):
            if self._index.get(key) == self._first_number + i:
                del self._index[key]
        self._open, self._open_counts = self._open[n:], self._open_counts[n:]
        self._first_number += n
        self._due = [number for number in self._due if number >= self._first_number]

    # --- Outcomes --------------------------------------------------------------------------------------------------

    def _validate(self, outcomes: Outcomes) -> None:
        super()._validate(outcomes)
        if len(outcomes):
            demand_success(outcomes, self.success_above, owner=self, ignore_warmup=self.ignore_warmup)

    def _update(self, outcomes: Outcomes) -> None:
        success = success_of(outcomes, self.success_above).tolist()
        keys = self.task_space.keys(outcomes.tasks)
        for row, key, solved in zip(outcomes.tasks + 0.0, keys, success, strict=True):
            number = self._index.get(key, -1)
            if number >= 0:
                counts = self._open_counts[number - self._first_number]
                counts[:2] += (solved, 1.0)
                if counts[1] >= self.n_attempts:
                    del self._index[key]
                    self._judge(number)
            else:
                self._follow(row, solved)

    def _judge(self, number: int) -> None:
        """Judge a proposal whose attempts have come back: keep it, or not."""
        solved, played, alike = self._open_counts[number - self._first_number]
        row = self._open[number - self._first_number].copy()
        rate = solved / played
        worth = float(self._worth(row[None], np.array([rate]), alike)[0])
        self._n_judged += 1
        self._mean_fitness += (worth - self._mean_fitness) / min(self._n_judged, 100)
        self._tried = np.concatenate([self._tried, row[None]])[-_N_TRIED:]
        self._tried_rates = np.append(self._tried_rates, rate)[-_N_TRIED:]
        self._generator.learn(row[None].copy(), np.array([worth]))
        while len(self._open) and self._open_counts[0, 1] >= self.n_attempts:
            self._forget(1)
        if not self.keep[0] <= rate <= self.keep[1] or worth <= 0.0 or (self._archive == row).all(axis=1).any():
            return
        self._n_kept += 1
        self._archive = np.concatenate([self._archive, row[None]])
        self._rates, self._fitness = np.append(self._rates, rate), np.append(self._fitness, worth)
        self._kept_at = np.append(self._kept_at, self._n_kept)
        self._streaks = np.append(self._streaks, 0)
        if len(self._archive) > self.archive_size:
            self._drop(int(np.argmin(self._fitness)))

    def _worth(self, rows: FloatArray, rates: FloatArray, alike: float = 0.0) -> FloatArray:
        bonus = 0.0 if self.bonus is None else np.asarray(self.bonus(rows.copy()), dtype=np.float64)
        worth = fitness_of(
            rates,
            self._score,
            repeated=alike,
            batch=self.batch,
            penalty=self.repetition,
            bonus=bonus,
            floor=self.floor,
        )
        if worth.shape != rates.shape or not np.isfinite(worth).all():
            raise ValueError(f"fitness and bonus must return a finite number for each of {len(rates)} tasks.")
        return worth

    def _follow(self, row: FloatArray, solved: float) -> None:
        """Follow the success on a task of the archive; what the student always or never solves by now is dropped."""
        if not len(self._archive):
            return
        found = np.flatnonzero((np.abs(self._archive - row) <= self.task_space.tolerance).all(axis=1))
        if not len(found):
            return
        i = int(found[0])
        self._rates[i] += (solved - self._rates[i]) / self.n_attempts
        self._fitness[i] = max(0.0, float(self._worth(row[None], self._rates[i : i + 1])[0]))
        streak = int(self._streaks[i])
        self._streaks[i] = max(streak, 0) + 1 if solved >= 0.5 else min(streak, 0) - 1
        if not self.keep[0] <= self._rates[i] <= self.keep[1] or abs(self._streaks[i]) >= 2 * self.n_attempts:
            self._drop(i)

    def _drop(self, i: int) -> None:
        self._archive = np.delete(self._archive, i, axis=0)
        self._rates, self._fitness = np.delete(self._rates, i), np.delete(self._fitness, i)
        self._kept_at, self._streaks = np.delete(self._kept_at, i), np.delete(self._streaks, i)

    # --- What it shows ---------------------------------------------------------------------------------------------

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the density of the archive: a Gaussian of width 0.05 around each task, by fitness; None if empty."""
        rows = np.atleast_2d(self.task_space.validate(tasks))
        total = self._fitness.sum()
        k = len(self._archive)
        weights = self._fitness / total if total > 0.0 else np.full(k, 1.0 / max(1, k))
        return kernel_density(self.task_space, rows, self._archive, weights)

    def metrics(self) -> dict[str, float]:
        """Return what came of the proposals."""
        k = len(self._archive)
        return {
            **super().metrics(),
            "proposed": float(self._n_proposed),
            "invalid": float(self._n_invalid),
            "judged": float(self._n_judged),
            "kept": float(self._n_kept),
            "archive": float(k),
            "archive_success": float(self._rates.mean()) if k else 0.0,
            "mean_fitness": self._mean_fitness,
            "fallbacks": float(self._n_fallbacks),
        }

    # --- State -----------------------------------------------------------------------------------------------------

    _COUNTERS = ("n_proposed", "n_invalid", "n_judged", "n_kept", "n_fallbacks", "first_number")

    def _get_state(self) -> dict[str, Any]:
        keeps = getattr(self._generator, "state_dict", None)
        return {
            "n_attempts": self.n_attempts,
            "due": np.array(self._due, dtype=np.int64),
            "open": self._open.copy(),
            "open_counts": self._open_counts.copy(),
            "waiting": np.array(sorted(self._index.values()), dtype=np.int64),
            "archive": self._archive.copy(),
            "rates": self._rates.copy(),
            "fitness": self._fitness.copy(),
            "kept_at": self._kept_at.copy(),
            "streaks": self._streaks.copy(),
            "tried": self._tried.copy(),
            "tried_rates": self._tried_rates.copy(),
            "mean_fitness": self._mean_fitness,
            **{name: getattr(self, f"_{name}") for name in self._COUNTERS},
            "generator": keeps() if callable(keeps) else {},
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        if state["n_attempts"] != self.n_attempts:
            raise ValueError(f"It was saved with n_attempts={state['n_attempts']}, this teacher has {self.n_attempts}.")
        d = self.task_space.n_dims
        rows = {name: finite_array(state, name, (None, d)) for name in ("open", "archive", "tried")}
        for each in rows.values():
            if len(each):
                self.task_space.validate(each)
        counts = finite_array(state, "open_counts", (len(rows["open"]), 3), low=0.0)
        k = len(rows["archive"])
        rates = finite_array(state, "rates", (k,), low=0.0, high=1.0)
        fitness = finite_array(state, "fitness", (k,), low=0.0)
        kept_at = finite_array(state, "kept_at", (k,), np.int64, low=0)
        streaks = finite_array(state, "streaks", (k,), np.int64)
        tried_rates = finite_array(state, "tried_rates", (len(rows["tried"]),), low=0.0, high=1.0)
        numbers = {name: counter(state, name) for name in self._COUNTERS}
        first, last = numbers["first_number"], numbers["first_number"] + len(rows["open"]) - 1
        due, waiting = (finite_array(state, name, (None,), np.int64) for name in ("due", "waiting"))
        for each in (due, waiting):
            if len(each) and not first <= each.min() <= each.max() <= last:
                raise ValueError("It waits for proposals that are not open.")
        mean_fitness = float(finite_array(state, "mean_fitness", ()))
        load = getattr(self._generator, "load_state_dict", None)
        if callable(load):
            load(state["generator"])
        elif state["generator"]:
            raise ValueError("It has the state of a generator, this teacher's has none.")
        self._open, self._open_counts, self._due = rows["open"], counts, due.tolist()
        self._index = dict(zip(self.task_space.keys(rows["open"][waiting - first]), waiting.tolist(), strict=True))
        self._archive, self._rates, self._fitness, self._kept_at = rows["archive"], rates, fitness, kept_at
        self._streaks = streaks
        self._tried, self._tried_rates, self._mean_fitness = rows["tried"], tried_rates, mean_fitness
        for name, value in numbers.items():
            setattr(self, f"_{name}", value)
