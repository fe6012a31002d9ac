"""SPDL: a Gaussian over tasks that moves from an easy start to a target as fast as the student's performance allows.

Klink, D'Eramo, Peters, Pajarinen (2020), "Self-paced deep reinforcement learning", in the form in which Romac,
Portelas, Hofmann, Oudeyer (2021), "TeachMyAgent: a benchmark for automatic curriculum learning in Deep RL", compare it
with other teachers. Every so many environment steps the Gaussian p(c|ν) is moved to

    maximise  E[p(c|ν) / p(c|ν_old) · V(c)] − α KL(p(c|ν) ‖ target)   subject to   KL(p(c|ν_old) ‖ p(c|ν)) ≤ ``max_kl``,

where c are the tasks played since the last update, V(c) what the student reached on them, and
α = ζ · max(0, performance) / KL(p(c|ν_old) ‖ target), 0 for the first ``alpha_offset`` updates.

What differs from TeachMyAgent's code:

- V(c) is the return of the episode by default. Theirs is the student's value estimate for the initial state, which
  only some students have: ``value="initial_value"``. It is then the estimate made when the episode was played, not one
  made anew at the update, and the performance is a mean of undiscounted returns.
- Values enter relative to their mean and in units of the largest, which leaves the maximum as it is for exact
  expectations, keeps constant values without effect, and makes α's upper limit independent of the unit of the return.
- As there, an update is one step of the natural gradient with a line search that keeps the constraint, but the Fisher
  information of a Gaussian is known, so that conjugate gradients and their damping are not needed.
- The Gaussian lies in the unit cube over the dimensions with low < high and cannot become narrower than ``min_std``.
- Expert knowledge is used whenever it is given; the released scripts lost it at the level "high".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import real, whole
from ..presets import fill_from_preset
from ..state_checks import LARGEST_COUNT, finite_array
from ..teacher import Teacher
from .gaussian import Gaussian

FloatArray = NDArray[np.float64]

_LARGEST_VALUE = 1e50
"""Larger values are clipped, so that their sums stay finite."""

_LEAST_KL, _LARGEST_ALPHA = 1e-10, 1e5
"""Limits of the divergence that α is divided by, and of α in units of the largest value."""

_SHRINK, _TRIES = 0.7, 20
"""By what the line search of an update shortens its step, and how often at most."""

_MAX_SAMPLES = 100_000
"""The newest episodes since the last update are learned from, at most so many."""

_TEACHMYAGENT: dict[str, Any] = {
    "update_offset": 200_000,
    "update_frequency": 50_000,
    "alpha_offset": 10,
    "zeta": 0.25,
    "max_kl": 0.1,
    "min_std": 0.01,
}
PRESETS: dict[str, dict[str, Any]] = {
    "default": _TEACHMYAGENT,
    "paper": {
        "update_offset": 5 * 2048,
        "update_frequency": 2048,
        "alpha_offset": 9,
        "zeta": 1.6,
        "max_kl": 0.05,
        "min_std": 0.025,
    },
    "teachmyagent": _TEACHMYAGENT,
}
"""TeachMyAgent's benchmark, which the defaults follow, and the authors' point mass with PPO (their K_α of 10 leaves α
at 0 in 9 updates; their least standard deviation is given up when the target is near)."""

_HYPERPARAMETERS = (
    *("value", "update_offset", "update_frequency", "update_every_episodes", "alpha_offset"),
    *("zeta", "max_kl", "average_performance", "covariance", "min_std"),
)
"""What a state is compared with before it is loaded."""

_NARROWEST_TARGET = 1e-3
_LARGEST_LOG = 700.0


class SPDL(Teacher):
    """Draws tasks from a Gaussian that approaches a target distribution at the student's pace.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        expert: Initial and target distribution. Without an initial mean the Gaussian begins at a random task with a
            standard deviation of a tenth of the range; without a target mean the target is the middle of the space with
            a quarter of the range.
        value: What V(c) is: ``"return"``, or ``"initial_value"``, the student's value estimate in the first step of the
            episode, a signal that on-policy students give (the teacher then `needs` it).
        preset: Whose hyperparameters stand where none is given: ``"default"``, ``"paper"`` or ``"teachmyagent"``.
        update_offset: Environment steps before the first update.
        update_frequency: Environment steps between two updates.
        update_every_episodes: Update after so many episodes instead, the first one too.
        alpha_offset: Number of updates in which α is 0.
        zeta: How much nearness to the target counts, relative to the performance (ζ).
        max_kl: How far one update may go (ε).
        average_performance: Whether the performance in α is the mean return (else the mean value).
        covariance: ``"full"`` or ``"diagonal"``, which needs fewer episodes an update where there are many dimensions.
        min_std: Least standard deviation as a share of the range, or that of the target if it is less.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter that is no number.
        ValueError: A hyperparameter out of range, or expert knowledge that does not fit.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> space = TaskSpace(height=(0.0, 3.0))
        >>> expert = {"initial_mean": [0.0], "target_mean": [3.0], "target_std": [0.3]}
        >>> teacher = SPDL(space, seed=0, expert=expert, update_every_episodes=20, alpha_offset=0)
        >>> for _ in range(60):  # a student that can do everything
        ...     tasks = teacher.sample(20)
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[100.0] * 20, lengths=[50] * 20))
        >>> teacher.mean.round(2).tolist(), teacher.std.round(2).tolist()
        ([3.0], [0.3])
    """

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        value: Literal["return", "initial_value"] = "return",
        preset: Literal["default", "paper", "teachmyagent"] = "default",
        update_offset: int | None = None,
        update_frequency: int | None = None,
        update_every_episodes: int | None = None,
        alpha_offset: int | None = None,
        zeta: float | None = None,
        max_kl: float | None = None,
        average_performance: bool = True,
        covariance: Literal["full", "diagonal"] = "full",
        min_std: float | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        self.value = value
        chosen = fill_from_preset(
            PRESETS,
            preset,
            update_offset=update_offset,
            update_frequency=update_frequency,
            alpha_offset=alpha_offset,
            zeta=zeta,
            max_kl=max_kl,
            min_std=min_std,
        )
        self.update_offset = whole("update_offset", chosen["update_offset"], 0)
        self.update_frequency = whole("update_frequency", chosen["update_frequency"], 1)
        self.update_every_episodes = (
            None if update_every_episodes is None else whole("update_every_episodes", update_every_episodes, 1)
        )
        self.alpha_offset = whole("alpha_offset", chosen["alpha_offset"], 0)
        self.zeta = real("zeta", chosen["zeta"])
        self.max_kl = real("max_kl", chosen["max_kl"])
        self.average_performance = bool(average_performance)
        self.covariance = covariance
        self.min_std = real("min_std", chosen["min_std"])
        self._check_hyperparameters()
        if value == "initial_value":
            self.needs = frozenset({"initial_value"})  # type: ignore[misc]  # this teacher's, not the class's

        self._free = ~task_space.fixed
        if not self._free.any():
            self._free[0] = True
        knowledge = ExpertKnowledge.of(expert, task_space)
        random_mean = self.rng.random(int(self._free.sum()))  # drawn in any case
        middle = np.full(len(random_mean), 0.5)
        mean, std = self._in_unit_cube(knowledge.initial(task_space), random_mean, 0.1)
        target_mean, target_std = self._in_unit_cube(knowledge.target(task_space), middle, 0.25)
        target_std = np.maximum(target_std, _NARROWEST_TARGET)
        self._least_std = np.minimum(self.min_std, target_std)
        std = np.maximum(std, self._least_std)
        self._target = Gaussian(target_mean, np.diag(target_std))
        self._current = Gaussian(mean, np.diag(std))
        self._widest = float(max(1.0, std.max(), target_std.max()) / self._least_std.min())

        self._elapsed = 0  # steps, or episodes
        first = self.update_offset if self.update_every_episodes is None else self.update_every_episodes
        self._next_update = max(first, 1)
        self._samples: list[tuple[FloatArray, FloatArray, FloatArray]] = []  # (points, values, returns)
        self._n_samples = 0
        self._n_updates = 0
        self._alpha = self._performance = self._last_kl = 0.0
        self._distance = self._current.kl(self._target)

    def _check_hyperparameters(self) -> None:
        if self.value not in ("return", "initial_value"):
            raise ValueError(unknown_name("value", self.value, ["return", "initial_value"]))
        if self.covariance not in ("full", "diagonal"):
            raise ValueError(unknown_name("covariance", self.covariance, ["full", "diagonal"]))
        if not (np.isfinite(self.zeta) and self.zeta >= 0.0):
            raise ValueError(f"zeta must be finite and at least 0, got {self.zeta}.")
        if not (np.isfinite(self.max_kl) and self.max_kl > 0.0):
            raise ValueError(f"max_kl must be finite and positive, got {self.max_kl}.")
        if not 0.0 < self.min_std <= 1.0:
            raise ValueError(f"min_std must lie above 0 and be at most 1, got {self.min_std}.")

    def _in_unit_cube(
        self, given: tuple[FloatArray, FloatArray] | None, mean: FloatArray, std: float
    ) -> tuple[FloatArray, FloatArray]:
        if given is None:
            return mean, np.full(len(mean), std)
        space = self.task_space
        width = np.where(space.fixed, 1.0, space.high - space.low + space.discrete)
        return space.to_unit(given[0])[self._free], (given[1] / width)[self._free]

    # --- Sampling --------------------------------------------------------------------------------------------------

    def _sample(self, n: int) -> FloatArray:
        unit = np.full((n, self.task_space.n_dims), 0.5)
        unit[:, self._free] = self._current.sample(n, self.rng)
        return self.task_space.from_unit(unit)

    # --- Learning (Klink et al. 2020, algorithm 1) -----------------------------------------------------------------

    def _update(self, outcomes: Outcomes) -> None:
        returns = np.clip(outcomes.returns, -_LARGEST_VALUE, _LARGEST_VALUE)
        values = returns
        if self.value == "initial_value":
            values = np.clip(outcomes.signals["initial_value"], -_LARGEST_VALUE, _LARGEST_VALUE)
        points = self.task_space.to_unit(outcomes.tasks)[:, self._free]
        every = self.update_every_episodes
        elapsed = self._elapsed + np.cumsum(outcomes.lengths if every is None else np.ones(len(returns), np.int64))
        done = 0
        while done < len(returns):
            end = done + int(np.searchsorted(elapsed[done:], self._next_update)) + 1
            part = slice(done, end)
            self._samples.append((points[part], values[part], returns[part]))
            self._n_samples += len(points[part])
            self._forget()
            if end <= len(returns):
                frequency = self.update_frequency if every is None else every
                self._next_update += frequency * (1 + (int(elapsed[end - 1]) - self._next_update) // frequency)
                self._learn(*(np.concatenate(column) for column in zip(*self._samples, strict=True)))
                self._samples, self._n_samples = [], 0
            done = end
        self._elapsed = int(elapsed[-1])

    def _forget(self) -> None:
        """Keep the newest samples only."""
        if self._n_samples > _MAX_SAMPLES:
            columns = [np.concatenate(column)[-_MAX_SAMPLES // 2 :] for column in zip(*self._samples, strict=True)]
            self._samples, self._n_samples = [(columns[0], columns[1], columns[2])], len(columns[0])

    def _learn(self, points: FloatArray, values: FloatArray, returns: FloatArray) -> None:
        """Move the Gaussian (equation 4 of the paper, with α of its equation 6)."""
        old = self._current
        self._performance = float((returns if self.average_performance else values).mean())
        # Far outside the current Gaussian, where its tasks cannot come from, the importance ratio means nothing.
        d = points.shape[1]
        near = (old.whiten(points) ** 2).sum(axis=1) <= d + 4.0 * np.sqrt(2.0 * d) + 4.0
        points, values = points[near], values[near]
        scale = max(float(np.abs(values).max(initial=0.0)), abs(self._performance)) or 1.0
        advantages = (values - values.mean()) / scale if len(values) else values
        alpha = 0.0
        if self._n_updates >= self.alpha_offset:
            wanted = max(0.0, self._performance) / scale
            alpha = min(self.zeta * wanted / max(self._distance, _LEAST_KL), _LARGEST_ALPHA)
        self._alpha = alpha * scale
        self._current = self._climb(old, points, advantages, alpha)
        self._last_kl = old.kl(self._current)
        self._distance = self._current.kl(self._target)
        self._n_updates += 1

    def _climb(self, old: Gaussian, points: FloatArray, advantages: FloatArray, alpha: float) -> Gaussian:
        """One step of the natural gradient, as long as the objective grows and the constraint holds.

        More steps would fit the noise of the few samples: they use up the trust region and slow the curriculum down.
        """
        count = max(len(points), 1)
        before = old.log_density(points)
        # The gradient in the coordinates of Gaussian.stepped, times the inverse of the Fisher information there.
        white, weight = old.whiten(points), advantages / count
        ratio = np.linalg.solve(self._target.factor, old.factor)
        away = np.linalg.solve(self._target.factor, old.mean - self._target.mean)
        shift = weight @ white - alpha * (ratio.T @ away)
        identity = np.eye(len(shift))
        growth = (white.T * weight) @ white - weight.sum() * identity - alpha * (ratio.T @ ratio - identity)
        growth = np.diag(np.diagonal(growth)) if self.covariance == "diagonal" else 0.5 * (growth + growth.T)
        length = float(np.sqrt(shift @ shift + 0.5 * (growth**2).sum()))
        if length < 1e-12:
            return old
        step = float(np.sqrt(2.0 * self.max_kl)) / length  # the divergence is max_kl to second order
        if alpha > 0.0:
            step = min(step, 1.0 / alpha)  # Newton's step towards the target
        now = float(weight.sum()) - alpha * self._distance
        for _ in range(_TRIES):
            new = old.stepped(step * shift, step * growth, self._least_std, self._widest)
            if old.kl(new) <= self.max_kl:
                importance = np.exp(np.clip(new.log_density(points) - before, -50.0, 50.0))
                if float((importance * weight).sum()) - alpha * new.kl(self._target) > now:
                    return new
            step *= _SHRINK
        return old

    # --- What it shows ---------------------------------------------------------------------------------------------

    @property
    def mean(self) -> FloatArray:
        """Mean of the current Gaussian in task units, shape ``(d,)``."""
        unit = np.full(self.task_space.n_dims, 0.5)
        unit[self._free] = self._current.mean
        return self.task_space.from_unit(unit)

    @property
    def std(self) -> FloatArray:
        """Standard deviation of the current Gaussian in task units, shape ``(d,)``; 0 in fixed dimensions."""
        space = self.task_space
        std = np.zeros(space.n_dims)
        std[self._free] = self._current.std
        return np.where(space.fixed, 0.0, std * (space.high - space.low + space.discrete))

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the density of the current Gaussian; draws clipped to the faces of the space are not part of it."""
        unit = self.task_space.to_unit(np.atleast_2d(self.task_space.validate(tasks)))[:, self._free]
        density: FloatArray = np.exp(np.minimum(self._current.log_density(unit), _LARGEST_LOG))
        return density

    def metrics(self) -> dict[str, float]:
        """Return the updates so far, the divergence to the target, α, and what the last update was made of."""
        return {
            **super().metrics(),
            "updates": float(self._n_updates),
            "kl_to_target": self._distance,
            "alpha": self._alpha,
            "performance": self._performance,
            "last_kl": self._last_kl,
            "mean_std": float(self._current.std.mean()),
        }

    # --- State -----------------------------------------------------------------------------------------------------

    def _identity(self) -> dict[str, Any]:
        target = {"target_mean": self._target.mean.tolist(), "target_std": self._target.std.tolist()}
        return {**{name: getattr(self, name) for name in _HYPERPARAMETERS}, **target}

    def _get_state(self) -> dict[str, Any]:
        d = len(self._current.mean)
        empty = (np.empty((0, d)), np.empty(0), np.empty(0))
        points, values, returns = (np.concatenate(column) for column in zip(empty, *self._samples, strict=True))
        return {
            "hyperparameters": self._identity(),
            "mean": self._current.mean.copy(),
            "factor": self._current.factor.copy(),
            "samples": {"points": points, "values": values, "returns": returns},
            "clock": [self._elapsed, self._next_update, self._n_updates],
            "shown": [self._alpha, self._performance, self._last_kl],
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        for name, mine in self._identity().items():
            theirs = state["hyperparameters"][name]
            if theirs != mine:
                raise ValueError(f"It was saved with {name}={theirs!r}, this teacher has {name}={mine!r}.")
        mean, factor = (np.array(state[name], dtype=np.float64) for name in ("mean", "factor"))
        points, values, returns = (np.array(state["samples"][k], np.float64) for k in ("points", "values", "returns"))
        n, d = len(points), len(self._current.mean)
        if (mean.shape, factor.shape) != ((d,), (d, d)):
            raise ValueError(f"Its Gaussian has shapes {mean.shape} and {factor.shape}, expected ({d},), ({d}, {d}).")
        if (points.shape, values.shape, returns.shape) != ((n, d), (n,), (n,)):
            raise ValueError(f"Its samples have shapes {points.shape}, {values.shape} and {returns.shape}.")
        finite = all(np.isfinite(array).all() for array in (mean, factor, points, values, returns))
        if n and not (points.min() >= 0.0 and points.max() <= 1.0):
            raise ValueError("Its samples do not lie in the unit cube.")
        if not finite or not (np.diagonal(factor) > 0.0).all() or np.triu(factor, 1).any():
            raise ValueError("Its Gaussian or its samples are not finite, or the covariance is not positive definite.")
        elapsed, next_update, n_updates = finite_array(
            state, "clock", (3,), np.int64, low=0, high=LARGEST_COUNT
        ).tolist()
        alpha, performance, last_kl = map(float, state["shown"])
        self._current = Gaussian(mean, factor)
        self._distance = self._current.kl(self._target)
        self._samples, self._n_samples = [(points, values, returns)] if n else [], n
        self._elapsed, self._next_update, self._n_updates = elapsed, next_update, n_updates
        self._alpha, self._performance, self._last_kl = alpha, performance, last_kl
