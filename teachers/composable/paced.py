"""Paced: a finite pool of tasks in an order, opened at a pace.

One teacher for curricula that sort data: cyclical curricula (CCL, MCCL), CLIMB, orders of federated learning and of
medical QA and CORGI, SARI's pass rates, GAIN-RL's moving window, PUDF's item response theory, ADCL's re-sorting.

What differs from the papers:

- What they do once for each update of the student or epoch is done after every ``update_every_episodes`` episodes, or
  when the tasks of an epoch have been handed out.
- The difficulty of GAIN-RL needs the student's hidden states; its pacing takes any other.
- Difficulties measured by the student (``"probe"``, ``resort``) cost episodes, which are handed out with
  ``train=False``; what does not come back in time counts as an average task.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...outcomes import Outcomes
from ...schedules import Schedule
from ...spaces import TaskSpace
from ...specs import parse_spec
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import real, whole
from ..replay.kernel_density import kernel_density
from ..state_checks import counter, finite_array, number
from ..success import demand_success, success_of, success_threshold
from ..teacher import Teacher
from .difficulty import difficulty_of
from .item_response import fit_difficulties, hardest_for
from .orders import BY_CATEGORY, order_of
from .pacing import AccuracyPaced, IRTAbility, Pacing, pacing_of, rising_weights

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WINDOWS = ("prefix", "block", "gaussian", "ability", "subset")
_LEAST_EASY = 0.01
"""A difficulty counts as at least this share of the largest where easiness is its reciprocal."""


class Paced(Teacher):
    """Plays a pool of tasks in an order, from which a window shows what is open.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        tasks: The pool, rows of shape ``(K, d)`` or dicts; None takes all tasks of a space of at most ``n_tasks``, else
            draws that many.
        n_tasks: See ``tasks``.
        difficulty: A number for each task of the pool; a function of tasks; a mapping from dimensions to ``"up"`` or
            ``"down"``; ``{"irt": responses}`` with the answers of a crowd, shape ``(models, K)``; ``"probe"``, the
            student's own rate of failure, from episodes at the beginning; None as in `difficulty.difficulty_of`.
        n_probes: Episodes of each task for ``"probe"`` and ``resort``.
        order: A name of `orders.ORDERS`, or the numbers of the tasks.
        category: What the orders by category go by: the name of a dimension, or a label for each task.
        window: What is open: ``"prefix"``, the first tasks; ``"gaussian"``, those around a centre; ``"block"``, one of
            ``n_blocks`` parts, gone through in order again and again; ``"ability"``, those the student can do;
            ``"subset"``, in each epoch a part drawn without replacement, gone through once.
        pacing: A schedule of the share of the pool that is open (of the progress; of the number of the epoch for
            ``"subset"``), ``"accuracy(n, alpha, beta, extra, cap)"`` for a Gaussian window or a prefix, or
            ``"ability(target_p, stall_bump)"`` for the window of that name.
        duration: Tasks handed out until the progress is 1.
        width: Standard deviation of the Gaussian window in ranks; below 1 it is a share of the pool.
        n_blocks: See ``window``.
        weights: Within the window, but for blocks: None for equal ones, ``"easiness"`` for the reciprocal difficulty,
            counted from the easiest task where there are difficulties below 0, or ``{"rising": m}`` for weights that
            begin at the easiness and are equal after m rounds.
        resort: ``"next_block"``: before a block begins its tasks are tried and sorted anew.
        min_tasks: So many are open at least, of a prefix or of what the student can do.
        update_every_episodes: Episodes of a round, after which accuracy and ability move.
        mix_uniform: Share of tasks from the whole pool (prefix, gaussian and ability only).
        success_above: A return above which an episode is a success, where the environment does not tell;
            ``expert.success_above`` by default.
        expert: Expert knowledge, see ``difficulty`` and ``success_above``.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter of another type.
        ValueError: A hyperparameter out of range, an empty pool, or parts that do not fit together.

    Example:
        >>> from tutelage import TaskSpace
        >>> teacher = Paced(TaskSpace(n=range(4)), seed=0, difficulty=[3, 1, 2, 0], window="prefix", pacing=0.5)
        >>> teacher.probabilities.tolist()
        [0.0, 0.5, 0.0, 0.5]
    """

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        tasks: Any = None,
        n_tasks: int = 200,
        difficulty: Any = None,
        n_probes: int = 1,
        order: Any = "ascending",
        category: str | Sequence[Any] | None = None,
        window: Literal["prefix", "block", "gaussian", "ability", "subset"] = "gaussian",
        pacing: Any = "accuracy",
        duration: int = 10_000,
        width: float = 0.1,
        n_blocks: int = 5,
        weights: str | Mapping[str, Any] | None = None,
        resort: Literal["next_block"] | None = None,
        min_tasks: int = 1,
        update_every_episodes: int = 16,
        mix_uniform: float = 0.0,
        success_above: float | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        expert = ExpertKnowledge.of(expert, task_space)
        self.window, self.resort = window, resort
        self._pacing: Pacing = pacing_of(pacing)
        counts = {"n_tasks": n_tasks, "n_probes": n_probes, "duration": duration, "n_blocks": n_blocks}
        counts |= {"min_tasks": min_tasks, "update_every_episodes": update_every_episodes}
        self.n_tasks, self.n_probes, self.duration, self.n_blocks, self.min_tasks, self.update_every_episodes = (
            whole(name, value, 1) for name, value in counts.items()
        )
        self.width, self.mix_uniform = real("width", width), real("mix_uniform", mix_uniform)
        self.success_above = success_threshold(success_above, expert)
        self._rising = self._read_weights(weights)
        self.weights = weights if weights is None or isinstance(weights, str) else "rising"
        self._check_hyperparameters()

        self._given = tasks is not None
        self._set_pool(self._pool(tasks))
        k = len(self.pool)
        self._probes = np.empty(0, dtype=np.int64)  # tasks still to be tried, in order
        self._tried, self._solved = np.zeros(k), np.zeros(k)  # episodes of the tasks that are tried
        self._asked = np.zeros(k, dtype=np.bool_)  # which these are
        self._sorting = (0, 0)  # the ranks that are sorted by what comes back of their tasks
        self._asked_order = np.empty(0, dtype=np.int64)  # the tasks of these ranks, as they were before
        self._stale = False  # whether more has come back since they were sorted
        self.difficulty = self._difficulties(difficulty, expert)
        self._order_spec, self._category = order.tolist() if isinstance(order, np.ndarray) else order, category
        self._labels = self._categories(category, order)
        self._order: IntArray = self._ordered()
        if isinstance(difficulty, str):
            self._ask(0, k)
        self.withholds = isinstance(difficulty, str) or self.resort is not None
        self._block, self._place, self._epoch = 0, 0, 0
        self._queue = np.empty(0, dtype=np.int64)  # ranks left of an epoch
        self._round_tasks: list[int] = []
        self._round_success: list[float] = []
        self._n_rounds, self._accuracy = 0, 0.0

    def _read_weights(self, weights: Any) -> int | None:
        if weights is None or weights == "easiness":
            return None
        if isinstance(weights, Mapping) and set(weights) == {"rising"}:
            return whole("rising of weights", weights["rising"], 1)
        if isinstance(weights, str) and weights.startswith("rising("):
            _, args, _ = parse_spec("weights", weights, ["rising"])
            if len(args) == 1:
                return whole("rising of weights", args[0], 1)
        raise ValueError(f"weights must be None, 'easiness' or {{'rising': rounds}}, got {weights!r}.")

    def _check_hyperparameters(self) -> None:
        if self.window not in WINDOWS:
            raise ValueError(unknown_name("window", self.window, WINDOWS))
        if self.resort not in (None, "next_block"):
            raise ValueError(f"resort must be None or 'next_block', got {self.resort!r}.")
        if self.resort is not None and self.window != "block":
            raise ValueError("resort='next_block' needs window='block'.")
        if self.weights is not None and self.window == "block":
            raise ValueError("window='block' goes through its tasks in order and has no use for weights.")
        if not (np.isfinite(self.width) and self.width > 0.0):
            raise ValueError(f"width must be finite and above 0, got {self.width}.")
        if not 0.0 <= self.mix_uniform <= 1.0:
            raise ValueError(f"mix_uniform must lie between 0 and 1, got {self.mix_uniform}.")
        if (self.window == "ability") != isinstance(self._pacing, IRTAbility):
            raise ValueError("window='ability' and pacing='ability' need each other.")
        if isinstance(self._pacing, AccuracyPaced) and self.window not in ("gaussian", "prefix"):
            raise ValueError(f"pacing='accuracy' needs window='gaussian' or 'prefix', not {self.window!r}.")
        if isinstance(self._pacing, Schedule) and not isinstance(self._pacing(0.0), float):
            raise ValueError("pacing must be a schedule of one number, the share of the pool.")

    # --- The pool and its order ------------------------------------------------------------------------------------

    def _pool(self, tasks: Any) -> FloatArray:
        space = self.task_space
        if tasks is None:
            return space.enumerate() if space.size <= self.n_tasks else space.sample(self.n_tasks, self.rng)
        if isinstance(tasks, (list, tuple)) and tasks and isinstance(tasks[0], Mapping):
            tasks = [space.from_dict(task) for task in tasks]
        rows = np.asarray(tasks, dtype=np.float64)
        if not rows.size:
            raise ValueError("The pool of tasks is empty; expected at least one task.")
        return space.validate(np.atleast_2d(rows))

    def _ordered(self) -> IntArray:
        features = self.task_space.to_unit(self.pool)
        return order_of(self._order_spec, self.difficulty, self._labels, features, self.rng)

    @property
    def order(self) -> IntArray:
        """The numbers of the tasks by rank, shape ``(K,)``."""
        if self._stale:
            self._sort()
        return self._order

    def _set_pool(self, pool: FloatArray) -> None:
        self.pool = pool + 0.0
        self._index = {key: i for i, key in reversed(list(enumerate(self.task_space.keys(self.pool))))}

    def _difficulties(self, spec: Any, expert: ExpertKnowledge) -> FloatArray:
        k = len(self.pool)
        if isinstance(spec, str):
            if spec != "probe":
                raise ValueError(unknown_name("difficulty", spec, ["probe"]))
            return np.full(k, 0.5)
        if isinstance(spec, Mapping) and set(spec) == {"irt"}:
            level: Any = fit_difficulties(spec["irt"])
        elif isinstance(spec, (list, tuple, np.ndarray)):
            level = spec
        else:
            level = difficulty_of(self.task_space, spec, expert)(self.pool)
            if self.window == "ability" and not callable(spec):
                level = 4.0 * np.asarray(level) - 2.0  # from [0, 1] to two standard deviations of ability
        try:
            values = np.array(level, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"difficulty must be numbers, got {level!r}.") from error
        if values.shape != (k,) or not np.isfinite(values).all():
            raise ValueError(f"difficulty must be a finite number for each of {k} tasks, got shape {values.shape}.")
        return values

    def _categories(self, category: Any, order: Any) -> list[Any] | None:
        if category is None:
            named = str(next(iter(order)) if isinstance(order, Mapping) and order else order).partition("(")[0]
            kinds = self.task_space.kinds
            if named not in BY_CATEGORY or "categorical" not in kinds:
                return None
            category = self.task_space.names[kinds.index("categorical")]
        if isinstance(category, str):
            if category not in self.task_space.names:
                raise ValueError(unknown_name("dimension as category", category, self.task_space.names))
            return [float(v) for v in self.pool[:, self.task_space.names.index(category)]]
        if len(category) != len(self.pool):
            raise ValueError(f"category must have a label for each of {len(self.pool)} tasks, got {len(category)}.")
        return list(category)

    # --- What is open ----------------------------------------------------------------------------------------------

    @property
    def progress(self) -> float:
        """How far the schedule is, from 0 to 1."""
        return min(1.0, self._next_id / self.duration)

    @property
    def probabilities(self) -> FloatArray:
        """The probability of each task, shape ``(K,)``; equal ones for those that are next in order."""
        ranks = np.zeros(len(self.pool))
        if self.window == "block":
            first, last = self._bounds(self._block_now())
            ranks[first:last] = 1.0 / (last - first)
        elif self.window == "subset":
            ranks[self._queue] = 1.0
            ranks = ranks if len(self._queue) else self._subset_weights()
            ranks = ranks / ranks.sum()
        else:
            ranks = (1.0 - self.mix_uniform) * self._open() + self.mix_uniform / len(self.pool)
        p = np.empty(len(self.pool))
        p[self.order] = ranks
        return p

    def _share(self) -> float:
        return float(np.clip(self._pacing(self.progress), 0.0, 1.0))  # type: ignore[operator]

    def _open(self) -> FloatArray:
        """The probability of each rank."""
        k = len(self.pool)
        weights = np.zeros(k)
        if self.window == "ability" and isinstance(self._pacing, IRTAbility):
            level = self.difficulty[self.order]
            weights[level <= hardest_for(self._pacing.ability, self._pacing.target_p)] = 1.0
            if np.count_nonzero(weights) < self.min_tasks:
                weights[np.argsort(level, kind="stable")[: self.min_tasks]] = 1.0
        else:
            if isinstance(self._pacing, AccuracyPaced):
                centre = min(self._pacing.centre, k - 1.0)
                share = (centre + 1.0) / k
            else:
                share = self._share()
                centre = share * (k - 1)
            if self.window == "gaussian":
                width = self.width if self.width >= 1.0 else max(self.width * k, 1e-9)
                squares = ((np.arange(k) - centre) / width) ** 2  # GAIN-RL: exp(−½ ((i − μ) / s)²)
                weights = np.exp(-0.5 * np.minimum(squares - squares.min(), 1400.0))
            else:
                weights[: min(k, max(self.min_tasks, math.floor(share * k + 0.5)))] = 1.0
        weights = weights * self._easiness_weights()[self.order]
        return weights / weights.sum()  # type: ignore[no-any-return]

    def _easiness(self) -> FloatArray:
        level = self.difficulty - min(0.0, float(self.difficulty.min()))
        top = level.max()
        if top <= 0.0:
            return np.ones(len(self.pool))
        reciprocal: FloatArray = 1.0 / np.maximum(level / top, _LEAST_EASY)
        return reciprocal

    def _easiness_weights(self) -> FloatArray:
        if self.weights is None:
            return np.ones(len(self.pool))
        easiness = self._easiness()
        if self._rising is None:
            return easiness
        return rising_weights(easiness / easiness.max(), self._n_rounds, self._rising)  # type: ignore[no-any-return]

    def _subset_weights(self) -> FloatArray:
        return self._easiness_weights()[self.order]

    def _bounds(self, block: int) -> tuple[int, int]:
        k, n = len(self.pool), min(self.n_blocks, len(self.pool))
        return block * k // n, (block + 1) * k // n

    def _block_now(self) -> int:
        return min(int(self._share() * min(self.n_blocks, len(self.pool))), min(self.n_blocks, len(self.pool)) - 1)

    # --- Tasks -----------------------------------------------------------------------------------------------------

    def _sample(self, n: int) -> tuple[FloatArray, NDArray[np.bool_]]:
        if self.resort == "next_block" and not len(self._probes) and (block := self._block_now()) > self._block:
            self._block, self._place = block, 0
            self._ask(*self._bounds(block))
        tried, self._probes = self._probes[:n], self._probes[n:]
        left = n - len(tried)
        rows = np.concatenate([self.pool[tried], self.pool[self._choose(left)]]) if left else self.pool[tried]
        train = np.ones(n, dtype=np.bool_)
        train[: len(tried)] = False
        return rows, train

    def _choose(self, n: int) -> IntArray:
        if self.window == "block":
            if (block := self._block_now()) != self._block:
                self._block, self._place = block, 0
            first, last = self._bounds(block)
            ranks = first + (self._place + np.arange(n)) % (last - first)
            self._place = (self._place + n) % (last - first)
        elif self.window == "subset":
            ranks = self._from_epochs(n)
        else:
            p = (1.0 - self.mix_uniform) * self._open() + self.mix_uniform / len(self.pool)
            ranks = np.minimum(np.searchsorted(np.cumsum(p), self.rng.random(n), side="right"), len(p) - 1)
        chosen: IntArray = self.order[ranks]
        return chosen

    def _from_epochs(self, n: int) -> IntArray:
        """Go on with the epoch, and begin others: drawn without replacement in proportion to the weights (CCL)."""
        parts, k = [], len(self.pool)
        while n:
            if not len(self._queue):
                share = float(np.clip(self._pacing(float(self._epoch)), 0.0, 1.0))  # type: ignore[operator]
                size = min(k, max(self.min_tasks, math.floor(share * k + 0.5)))
                keys = np.log(self._subset_weights()) + self.rng.gumbel(size=k)
                self._queue = np.argsort(-keys, kind="stable")[:size]
                self._epoch += 1
            parts.append(self._queue[:n])
            self._queue = self._queue[n:]
            n -= len(parts[-1])
        return np.concatenate(parts)

    def _ask(self, first: int, last: int) -> None:
        """Have the tasks of some ranks tried, and sort them by what comes back."""
        inside = self.order[first:last].copy()
        self._asked_order = inside
        self._tried[:] = self._solved[:] = 0.0
        self._asked[:] = False
        self._asked[inside] = True
        self._probes = np.tile(inside, self.n_probes)
        self._sorting = (first, last)

    # --- Outcomes --------------------------------------------------------------------------------------------------

    def _validate(self, outcomes: Outcomes) -> None:
        super()._validate(outcomes)
        if len(outcomes):
            demand_success(outcomes, self.success_above, owner=self, ignore_warmup=self.ignore_warmup)

    def _update(self, outcomes: Outcomes) -> None:
        success = success_of(outcomes, self.success_above).tolist()
        for key, solved in zip(self.task_space.keys(outcomes.tasks), success, strict=True):
            task = self._index.get(key, -1)
            if task >= 0:
                self._learn(task, solved)
            self._round_tasks.append(task)
            self._round_success.append(solved)
            if len(self._round_tasks) == self.update_every_episodes:
                self._finish_round()

    def _learn(self, task: int, solved: float) -> None:
        """Count an episode of a task that is tried, up to as many as were asked for."""
        if self._asked[task] and self._tried[task] < self.n_probes:
            self._tried[task] += 1.0
            self._solved[task] += solved
            self._stale = True

    def _sort(self) -> None:
        """Sort the ranks that are tried by the rate of failure; other ranks stay where they are."""
        self._stale = False
        first, last = self._sorting
        inside = self._asked_order  # and not as it has been sorted since: ties stay as they were
        known = self._tried[inside] > 0.0
        failures = np.where(known, 1.0 - self._solved[inside] / np.maximum(self._tried[inside], 1.0), 0.5)
        self.difficulty[inside] = failures
        if self._order_spec == "random":
            return
        if last - first == len(self.pool):
            self._order = self._ordered()
        else:
            sense = -1.0 if self._order_spec == "descending" else 1.0
            self._order[first:last] = inside[np.argsort(sense * failures, kind="stable")]

    def _finish_round(self) -> None:
        tasks, success = np.array(self._round_tasks), np.array(self._round_success)
        self._round_tasks, self._round_success = [], []
        self._n_rounds += 1
        self._accuracy = float(success.mean())
        if isinstance(self._pacing, AccuracyPaced):
            self._pacing.learn(self._accuracy, len(self.pool))
        elif isinstance(self._pacing, IRTAbility):
            known = tasks >= 0
            self._pacing.learn(success[known], self.difficulty[tasks[known]])

    # --- What it shows ---------------------------------------------------------------------------------------------

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the density of the pool: a Gaussian of width 0.05 around each open task, by its probability."""
        rows = np.atleast_2d(self.task_space.validate(tasks))
        mix, self.mix_uniform = self.mix_uniform, 0.0
        try:
            p = self.probabilities
        finally:
            self.mix_uniform = mix
        return kernel_density(self.task_space, rows, self.pool[p > 0.0], p[p > 0.0])

    def metrics(self) -> dict[str, float]:
        """Return how far the curriculum is."""
        p = self.probabilities
        centre = float(p[self.order] @ np.arange(len(p))) / max(1, len(p) - 1)
        return {
            **super().metrics(),
            "pool": float(len(self.pool)),
            "rounds": float(self._n_rounds),
            "accuracy": self._accuracy,
            "mean_rank": centre,
            "open_share": float(np.count_nonzero(p) / len(p)),
            "mean_difficulty": float(p @ self.difficulty),
            "ability": self._pacing.ability if isinstance(self._pacing, IRTAbility) else 0.0,
            "probing": float(len(self._probes) > 0),
        }

    # --- State -----------------------------------------------------------------------------------------------------

    def _get_state(self) -> dict[str, Any]:
        return {
            "window": self.window,
            "pool": self.pool.copy(),
            "order": self.order.copy(),  # sorts first, which changes the difficulties
            "difficulty": self.difficulty.copy(),
            "asked": self._asked.copy(),
            "probes": self._probes.copy(),
            "tried": self._tried.copy(),
            "solved": self._solved.copy(),
            "sorting": list(self._sorting),
            "asked_order": self._asked_order.copy(),
            "block": self._block,
            "place": self._place,
            "epoch": self._epoch,
            "queue": self._queue.copy(),
            "round_tasks": np.array(self._round_tasks, dtype=np.int64),
            "round_success": np.array(self._round_success, dtype=np.float64),
            "n_rounds": self._n_rounds,
            "accuracy": self._accuracy,
            "pacing": {} if isinstance(self._pacing, Schedule) else self._pacing.get_state(),
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        if state["window"] != self.window:
            raise ValueError(f"It was saved with window={state['window']!r}, this teacher has {self.window!r}.")
        pool = finite_array(state, "pool", (None, self.task_space.n_dims))
        k = len(pool)
        if not k:
            raise ValueError("Its pool is empty.")
        self.task_space.validate(pool)
        if self._given and not np.array_equal(pool, self.pool):
            raise ValueError("It was saved with another pool of tasks.")
        difficulty = finite_array(state, "difficulty", (k,))
        order = finite_array(state, "order", (k,), np.int64)
        if sorted(order.tolist()) != list(range(k)):
            raise ValueError("Its order is no permutation of the pool.")
        probes, queue = (
            finite_array(state, name, (None,), np.int64, low=0, high=k - 1) for name in ("probes", "queue")
        )
        tried, solved = (finite_array(state, name, (k,), low=0.0) for name in ("tried", "solved"))
        asked = finite_array(state, "asked", (k,), np.bool_)
        first, last = finite_array(state, "sorting", (2,), np.int64, low=0, high=k).tolist()
        asked_order = finite_array(state, "asked_order", (last - first,), np.int64, low=0, high=k - 1)
        if sorted(asked_order.tolist()) != sorted(order[first:last].tolist()):
            raise ValueError("The tasks that are tried are others than those it sorts.")
        block, place, epoch, n_rounds = (counter(state, name) for name in ("block", "place", "epoch", "n_rounds"))
        success = finite_array(state, "round_success", (None,), low=0.0, high=1.0)
        tasks = finite_array(state, "round_tasks", (len(success),), np.int64, low=-1, high=k - 1)
        if len(success) >= self.update_every_episodes or block >= self.n_blocks:
            raise ValueError("Its round or block does not fit this teacher's hyperparameters.")
        accuracy = number(state, "accuracy", low=0.0, high=1.0)
        if not isinstance(self._pacing, Schedule):
            self._pacing.set_state(state["pacing"])
        elif state["pacing"]:
            raise ValueError("Its pacing is no schedule, this teacher's is one.")
        self._set_pool(pool)
        self._labels = self._categories(self._category, self._order_spec)
        self.difficulty, self._order, self._probes, self._queue = difficulty, order, probes, queue
        self._asked, self._asked_order, self._stale = asked, asked_order, False
        self._tried, self._solved, self._sorting = tried, solved, (first, last)
        self._block, self._place, self._epoch, self._n_rounds, self._accuracy = block, place, epoch, n_rounds, accuracy
        self._round_tasks, self._round_success = tasks.tolist(), success.tolist()
