"""CURROT: particles carry the tasks from what the student can do to the target, by optimal transport.

Klink, Yang, D'Eramo, Peters, Pajarinen (2022), "Curriculum reinforcement learning via constrained optimal transport",
section 4 and algorithm 1, in the later form of the authors' code, which does without a Gaussian process. The
curriculum is a cloud of tasks. After every ``fit_rate`` episodes the student's performance is estimated around each
of them; tasks that are too hard are exchanged for ones that went well, and the others move towards samples of the
target distribution, each by a bounded distance and only to where the estimate reaches the threshold δ.

What differs from the authors' code:

- Everything happens in the unit cube, without the dimensions with low == high; integers and categories are rounded.
- ``epsilon`` is a distance, a share of the cube's diagonal. Theirs is in raw units, and one of its two uses takes its
  square root, so that the curriculum depends on the unit of the task.
- δ may be left out: then tasks are compared by success, with δ = ½.
- The estimate averages all of the latest episodes within three lengthscales, not the nearest half of the data, and no
  older successes: where success is a matter of chance, remembered ones make everything look feasible. For the same
  reason a remembered success is forgotten once the estimate there is below δ. Where there is no data the performance
  is unknown, and no particle moves there.
- Some candidates lie on the straight line to the target, for in many dimensions random ones hardly ever get nearer.
- Estimates that are all alike, as with a student that never succeeds, move a particle at random within its ball, so
  that the cloud neither freezes nor collapses onto the latest tasks.
- The directions of the random candidates are picked from a few hundred that are drawn anew for each update.
- NumPy names that no longer exist are not used.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import real, whole
from ..presets import fill_from_preset
from ..state_checks import counter, finite_array, flag, number
from ..success import demand_success, success_of, success_threshold
from ..teacher import Teacher

FloatArray = NDArray[np.float64]

_DEFAULT: dict[str, Any] = {"delta": None, "n_particles": 100, "fit_rate": 50, "epsilon": 0.08}
PRESETS: dict[str, dict[str, Any]] = {
    "default": _DEFAULT,
    "paper": {"delta": None, "n_particles": 100, "fit_rate": 20, "epsilon": 0.064},
    "teachmyagent": {"delta": 180.0, "n_particles": 500, "fit_rate": 50, "epsilon": 0.086},
}
"""This library's defaults, and the values of the authors' experiments.

``"paper"`` is their point mass: 100 particles, updated every 20 episodes; ε = 0.5, so that particles move by up to
√ε = 0.707, which is 0.064 of the diagonal of its tasks, positions in [−4, 4] and widths in [0.5, 8]. Its δ, a return
of 4, is left to the user.

``"teachmyagent"`` is their Stump Tracks: δ = 180 with 500 particles, updated every 50 episodes; ε is 0.05 times the
diagonal of the tasks, stump heights in [0, 3] and spacings in [0, 6], so 0.335: particles move by up to √ε = 0.579,
which is 0.086 of the diagonal.
"""

_LENGTHSCALE = 0.3
"""Of the estimate, as a share of ε."""

_STRAIGHT = 10
"""Candidates on the line to the destination."""

_RANDOM = 90
"""Random candidates of a particle."""

_DIRECTIONS = 250
"""Drawn for each update of the cloud; the random candidates of all particles lie in directions picked from these."""

_MEMORY = 3
"""Latest episodes in the estimate, as a multiple of the particles."""

_TRANSPORT_STEPS = 15
_JITTER = 1e-3
_SUCCESS_DELTA = 0.5
_LARGEST_RETURN = 1e50


class CURROT(Teacher):
    """Moves a cloud of tasks to the target as far as the student's performance allows.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        delta: A return at or above which a task is learned (δ). By default ``expert.good_return``; without either,
            the share of successes must reach ½.
        preset: Whose hyperparameters stand where none is given: ``"default"``, ``"paper"`` or
            ``"teachmyagent"``.
        n_particles: Tasks in the cloud.
        fit_rate: Episodes between two updates of the cloud.
        epsilon: How far a task moves in one update at most, as a share of the diagonal of the task space (ε).
        expert: The target distribution (uniform by default), the initial one (likewise), and thresholds.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter that is no number.
        ValueError: A hyperparameter out of range, or expert knowledge that does not fit. Later, in `update`: an
            episode with unknown success although there is no ``delta``.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = CURROT(TaskSpace(x=(0.0, 1.0)), seed=0, delta=0.5)
        >>> for _ in range(20):  # the student can do nothing above 0.3
        ...     tasks = teacher.sample(25)
        ...     returns = (tasks.values[:, 0] < 0.3).astype(float)
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=[1] * 25))
        >>> bool(teacher.sample(100).values.max() < 0.5)
        True
    """

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        delta: float | None = None,
        preset: Literal["default", "paper", "teachmyagent"] = "default",
        n_particles: int | None = None,
        fit_rate: int | None = None,
        epsilon: float | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        knowledge = ExpertKnowledge.of(expert, task_space)
        chosen = fill_from_preset(
            PRESETS,
            preset,
            delta=knowledge.good_return if delta is None else delta,
            n_particles=n_particles,
            fit_rate=fit_rate,
            epsilon=epsilon,
        )
        self.delta = None if chosen["delta"] is None else real("delta", chosen["delta"])
        self.n_particles = whole("n_particles", chosen["n_particles"], 1)
        self.fit_rate = whole("fit_rate", chosen["fit_rate"], 1)
        self.epsilon = real("epsilon", chosen["epsilon"])
        self.success_above = success_threshold(None, knowledge)
        self._check_hyperparameters()

        self._free = ~task_space.fixed
        if not self._free.any():
            self._free[0] = True
        d = self._d = int(self._free.sum())
        self._step = self.epsilon * np.sqrt(d)
        self._scale = _LENGTHSCALE * self._step
        self._particles = self._draw(knowledge.initial(task_space))
        self._targets = self._draw(knowledge.target(task_space))
        size = max(_MEMORY * self.n_particles, self.fit_rate)
        self._recent = np.zeros((size, d + 1))  # ring of the latest (task, performance)
        self._buffer = np.zeros((0, d + 2))  # (task, performance, number of the episode) of what went well
        self._count = 0
        self._reached = False
        self._learned_share = self._mean_step = 0.0
        self._update_seconds = 0.0

    def _check_hyperparameters(self) -> None:
        if not (np.isfinite(self.epsilon) and self.epsilon > 0.0):
            raise ValueError(f"epsilon must be finite and positive, got {self.epsilon}.")
        if self.delta is not None and not np.isfinite(self.delta):
            raise ValueError(f"delta must be finite, got {self.delta}.")

    def _draw(self, gaussian: tuple[FloatArray, FloatArray] | None) -> FloatArray:
        n = self.n_particles
        if gaussian is None:
            return self.rng.random((n, self._d))
        mean, std = gaussian
        return self._to_points(self.task_space.clip(mean + std * self.rng.standard_normal((n, len(mean)))))

    def _to_points(self, tasks: FloatArray) -> FloatArray:
        return np.ascontiguousarray(self.task_space.to_unit(tasks)[:, self._free])

    # --- Sampling ------------------------------------------------------------------------------------------------

    def _sample(self, n: int) -> FloatArray:
        points = self._particles[self.rng.integers(self.n_particles, size=n)]
        points = points + _JITTER * (2.0 * self.rng.random(points.shape) - 1.0)
        unit = np.full((n, self.task_space.n_dims), 0.5)
        unit[:, self._free] = points
        return self.task_space.from_unit(unit)

    # --- Learning (Klink et al. 2022, algorithm 1) ---------------------------------------------------------------

    def _validate(self, outcomes: Outcomes) -> None:
        super()._validate(outcomes)
        if len(outcomes) and self.delta is None:
            demand_success(outcomes, self.success_above, owner=self, ignore_warmup=self.ignore_warmup, mend="delta=")

    @property
    def _threshold(self) -> float:
        return _SUCCESS_DELTA if self.delta is None else float(np.clip(self.delta, -_LARGEST_RETURN, _LARGEST_RETURN))

    def _update(self, outcomes: Outcomes) -> None:
        if self.delta is None:
            performance = success_of(outcomes, self.success_above)
        else:
            performance = np.clip(outcomes.returns, -_LARGEST_RETURN, _LARGEST_RETURN)
        points, done = self._to_points(outcomes.tasks), 0
        while done < len(points):
            at = self._count % len(self._recent)
            size = min(len(points) - done, self.fit_rate - self._count % self.fit_rate, len(self._recent) - at)
            self._recent[at : at + size, :-1] = points[done : done + size]
            self._recent[at : at + size, -1] = performance[done : done + size]
            self._count += size
            done += size
            if self._count % self.fit_rate == 0:
                self._advance()

    def _advance(self) -> None:
        """One update of the cloud."""
        started = time.perf_counter()
        data = self._recent[: min(self._count, len(self._recent))]
        self._remember(data)
        before = self._particles
        learned = self._margin(before, data) >= 0.0
        self._learned_share = float(learned.mean())
        self._particles = self._exchange(before, learned)
        if not learned.all():
            learned[~learned] = self._margin(self._particles[~learned], data) >= 0.0
        moved = self._move(self._particles, learned, data)
        self._mean_step = float(np.sqrt(((moved - self._particles) ** 2).sum(axis=1)).mean() / np.sqrt(self._d))
        self._particles = moved
        self._update_seconds = time.perf_counter() - started

    def _remember(self, data: FloatArray) -> None:
        """Keep what went well: the better half until δ is reached often enough, then only tasks that reach it."""
        numbers = np.arange(self._count - self.fit_rate, self._count)
        new = np.column_stack([self._recent[numbers % len(self._recent)], numbers])
        pool = np.concatenate([self._buffer, new])
        passed = pool[:, -2] >= self._threshold
        if self._reached or int(passed.sum()) >= max(1, self.n_particles // 10):
            # What went well by chance, or what the student has forgotten, is no place to go back to.
            good = pool[passed]
            margin = self._margin(good[:, : self._d], data)
            good = good[(margin >= 0.0) | (margin == -np.inf)]
            self._reached = len(good) > 0
            if self._reached:
                if len(good) > self.n_particles:  # those that lie best for the target, one for each of its samples
                    good = good[_assign(self._targets, good[:, : self._d])]
                self._buffer = good
                return
        order = np.lexsort((-pool[:, -1], -pool[:, -2]))  # the best first, the newest of equal ones
        self._buffer = pool[order[: min(self.n_particles, -(-len(pool) // 2))]]

    def _margin(self, points: FloatArray, data: FloatArray) -> FloatArray:
        """Nadaraya–Watson estimate of performance − δ, up to a positive factor, at points; −∞ where there is no data.

        Args:
            points: Shape ``(n, d)``.
            data: The latest episodes, rows of (task, performance).
        """
        columns, values = self._data(data)
        result = np.empty(len(points))
        _kernels().average(np.ascontiguousarray(points) / self._scale, columns, values, result)
        return result

    def _data(self, data: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return tasks as columns in lengthscales, and performance − δ up to a factor that keeps sums finite."""
        values = data[:, -1] - self._threshold
        return np.ascontiguousarray(data[:, :-1].T) / self._scale, values / max(np.abs(values).max(), 1e-300)

    def _exchange(self, particles: FloatArray, learned: NDArray[np.bool_]) -> FloatArray:
        """Replace the particles that are too hard by tasks that went well, at the least total cost."""
        failing = np.flatnonzero(~learned)
        if not len(failing) or not len(self._buffer):
            return particles
        known = np.tile(self._buffer[:, : self._d], (-(-len(failing) // len(self._buffer)), 1))
        result: FloatArray = particles.copy()
        result[failing] = known[_assign(particles[failing], known)]
        return result

    def _move(self, particles: FloatArray, learned: NDArray[np.bool_], data: FloatArray) -> FloatArray:
        """Move each particle to the candidate nearest its destination that is not too hard, or to the best one."""
        n, d = particles.shape
        ways = self._destinations(particles) - particles
        distance = np.sqrt((ways**2).sum(axis=1))
        radius = np.where(learned, np.minimum(self._step, distance), self._step)
        columns, values = self._data(data)
        directions = self.rng.standard_normal((_DIRECTIONS, d))
        directions /= np.sqrt((directions**2).sum(axis=1, keepdims=True))
        picks = self.rng.integers(_DIRECTIONS, size=(n, _RANDOM))
        # The largest of k uniform numbers is distributed as the k-th root of one.
        lengths = radius[:, None] * self.rng.random((min(d, 3), n, _RANDOM)).max(axis=0)
        moved = np.empty_like(particles)
        candidates = (radius, learned, _STRAIGHT, directions, picks, lengths)
        _kernels().choose(particles, ways, *candidates, columns, values, self._scale, moved)
        return moved

    def _destinations(self, particles: FloatArray) -> FloatArray:
        """Transport the cloud onto the target samples by gradient steps on the sliced Wasserstein distance.

        In each step the cloud and the samples are sorted along the axes of a random orthonormal basis and matched by
        rank; the matches along all axes together move each particle.
        """
        moved = particles.T.copy(order="C")
        goal = np.empty_like(moved)
        flat, rows = goal.reshape(-1), self.n_particles * np.arange(self._d)[:, None]
        bases, _ = np.linalg.qr(self.rng.standard_normal((_TRANSPORT_STEPS, self._d, self._d)))  # axes are rows
        targets = np.sort(bases @ self._targets.T, axis=2)
        for basis, target in zip(bases, targets, strict=True):
            place = basis @ moved
            flat[np.argsort(place, axis=1) + rows] = target
            moved += basis.T @ (goal - place)
        return np.ascontiguousarray(np.minimum(np.maximum(moved.T, 0.0), 1.0))

    # --- What it shows -------------------------------------------------------------------------------------------

    def density(self, tasks: ArrayLike) -> FloatArray:
        """Return a kernel density estimate of the cloud, shape ``(n,)``; mass beyond the faces is not folded back."""
        rows = self._to_points(np.atleast_2d(self.task_space.validate(tasks)))
        width = np.maximum(self._particles.std(axis=0) * self.n_particles ** (-1.0 / (self._d + 4)), 0.02)
        white, centres = rows / width, self._particles / width
        squared = (white**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1) - 2.0 * white @ centres.T
        logs = -0.5 * np.maximum(squared, 0.0) - np.log(width * np.sqrt(2.0 * np.pi)).sum()
        density: FloatArray = np.exp(np.minimum(logs, 700.0)).mean(axis=1)
        return density

    def metrics(self) -> dict[str, float]:
        """Return how much of the cloud is learned, how far it is from the target, and how it moves."""
        gap = np.abs(np.sort(self._particles, axis=0) - np.sort(self._targets, axis=0)).mean()
        return {
            **super().metrics(),
            "learned_share": self._learned_share,
            "target_distance": float(gap),
            "mean_step": self._mean_step,
            "delta_reached": float(self._reached),
            "buffer": float(len(self._buffer)),
            "update_seconds": self._update_seconds,
        }

    # --- State ---------------------------------------------------------------------------------------------------

    def _get_state(self) -> dict[str, Any]:
        return {
            "hyperparameters": self._identity(),
            "particles": self._particles.copy(),
            "targets": self._targets.copy(),
            "recent": self._recent.copy(),
            "buffer": self._buffer.copy(),
            "count": self._count,
            "reached": self._reached,
            "shown": [self._learned_share, self._mean_step],
            "update_seconds": self._update_seconds,
        }

    def _identity(self) -> dict[str, Any]:
        names = ("delta", "n_particles", "fit_rate", "epsilon", "success_above")
        return {name: getattr(self, name) for name in names}

    def _set_state(self, state: Mapping[str, Any]) -> None:
        for name, mine in self._identity().items():
            if (theirs := state["hyperparameters"][name]) != mine:
                raise ValueError(f"It was saved with {name}={theirs!r}, this teacher has {name}={mine!r}.")
        particles, targets = (
            finite_array(state, name, self._particles.shape, low=0.0, high=1.0) for name in ("particles", "targets")
        )
        recent = finite_array(state, "recent", self._recent.shape)
        buffer = finite_array(state, "buffer", (None, self._d + 2))
        for name, rows in (("recent", recent), ("buffer", buffer)):
            finite_array({name: rows[:, : self._d]}, name, (None, self._d), low=0.0, high=1.0)
            finite_array({name: rows[:, self._d]}, name, (None,), low=-_LARGEST_RETURN, high=_LARGEST_RETURN)
        count, reached, seconds = (
            counter(state, "count"),
            flag(state, "reached"),
            number(state, "update_seconds", low=0.0),
        )
        learned, step = finite_array(state, "shown", (2,), low=0.0).tolist()
        self._particles, self._targets, self._recent, self._buffer = particles, targets, recent, buffer
        self._count, self._reached, self._update_seconds = count, reached, seconds
        self._learned_share, self._mean_step = learned, step


@functools.cache
def _kernels() -> ModuleType:
    """The compiled loops; importing them loads numba."""
    from ..kernels import average_numba

    return average_numba


def _assign(rows: FloatArray, choices: FloatArray) -> NDArray[np.int64]:
    """Return a different choice for each row, with the least sum of squared distances; there are enough choices."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    return np.asarray(linear_sum_assignment(cdist(rows, choices, "sqeuclidean"))[1], dtype=np.int64)
