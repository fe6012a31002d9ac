"""Setter-Solver: an invertible network sets tasks of any wanted feasibility, as a judge of the student sees it.

Racanière, Lampinen, Santoro, Reichert, Firoiu, Lillicrap (2020), "Automated curricula through setter-solver
interactions", section 3. A *judge* learns to predict whether the student (the solver) succeeds at a task. A *setter*,
a normalising flow conditioned on a feasibility f, turns noise into tasks. It is trained so that the judge gives its
tasks the probability f (feasibility), that it is able to set the tasks the student has succeeded at (validity), and
that its tasks are as spread out as possible (coverage). Tasks are set for f drawn uniformly, so that the student
gets easy, medium and hard tasks alike, whatever share of the space they fill.

What differs from the code in TeachMyAgent (Romac et al. 2021):

- Everything happens in the unit cube, without the dimensions with low == high; integers and categories are rounded,
  and their successes are spread over their cells before the setter imitates them.
- A smaller flow: affine couplings of two hidden layers instead of highway networks, with bounded scales and logistic
  noise, so that an untrained setter is exactly uniform.
- Several steps of training at each update, on the latest ``memory`` episodes, where theirs takes those since the last
  update only: a setter that takes one step of 3e-4 in 50 episodes stays uniform for as long as most people train.
- Without any success only the coverage loss is left, which keeps the setter uniform; theirs averages the validity
  loss over nothing, which is NaN. A judge that has seen failures only cannot tell where the first success may be.
- The tasks until the next update are drawn at once.
- f keeps away from 0 and 1 (``feasibility``), where its logit is infinite; the judge's logit is squashed likewise.
- The noise on successful tasks is symmetric, for one that is only positive shifts them upwards.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import pair, real, whole
from ..kernels.coupling_flow import CouplingFlow
from ..kernels.flat_networks import activations, adam_, add_gradient, clip_norm_, initial_weights, layer_shapes, views
from ..presets import fill_from_preset
from ..state_checks import counter, finite_array, number
from ..success import demand_success, success_of, success_threshold
from ..teacher import Teacher

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]

PRESETS: dict[str, dict[str, Any]] = {
    "default": {"fit_rate": 50, "memory": 500, "n_steps": 10, "learning_rate": 3e-3, "noise": 0.05, "hidden": 32},
    "teachmyagent": {"fit_rate": 50, "memory": 50, "n_steps": 1, "learning_rate": 3e-4, "noise": 0.1, "hidden": 64},
}
"""This library's defaults, and the values of TeachMyAgent's benchmark."""

_BATCH = 64
_LARGEST_NORM = 10.0
_LARGEST = 1e6
"""No weight and no moment of a sound state comes near it: gradients and steps are bounded."""

_BOUND = 5.0
_LEVELS = 16
"""Feasibilities over which the density is averaged."""

_LARGEST_BLOCK = 256
"""Most tasks drawn ahead."""

_NAMES = ("judge", "setter")


class SetterSolver(Teacher):
    """Sets tasks of all feasibilities in equal shares.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        preset: Whose hyperparameters stand where none is given: ``"default"`` or ``"teachmyagent"``.
        fit_rate: Episodes between two updates of judge and setter.
        memory: How many of the latest episodes an update learns from.
        n_steps: Steps of judge and setter in one update.
        learning_rate: Of Adam, for both.
        noise: Width of the uniform noise on successful tasks in the validity loss, as a share of the range.
        hidden: Width of the hidden layers of the setter.
        n_layers: Coupling layers of the setter.
        feasibility: ``(low, high)``: f is uniform between these; (0.3, 0.7), say, asks for medium tasks only.
        success_above: A return above which an episode is a success, where the environment does not tell;
            ``expert.success_above`` by default.
        expert: What a human knows beforehand; only ``success_above`` is used.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter that is no number.
        ValueError: A hyperparameter out of range. Later, in `update`: an episode with unknown success although there
            is no ``success_above``.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = SetterSolver(TaskSpace(x=(0.0, 1.0)), seed=0, success_above=0.5)
        >>> for _ in range(40):  # the student succeeds below 0.2 only
        ...     tasks = teacher.sample(10)
        ...     returns = (tasks.values[:, 0] < 0.2).astype(float)
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=[1] * 10))
        >>> bool(teacher.density([[0.1]]) > 1.5 * teacher.density([[0.9]]))
        True
    """

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        preset: Literal["default", "teachmyagent"] = "default",
        fit_rate: int | None = None,
        memory: int | None = None,
        n_steps: int | None = None,
        learning_rate: float | None = None,
        noise: float | None = None,
        hidden: int | None = None,
        n_layers: int = 4,
        feasibility: tuple[float, float] = (0.02, 0.98),
        success_above: float | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        chosen = fill_from_preset(
            PRESETS,
            preset,
            fit_rate=fit_rate,
            memory=memory,
            n_steps=n_steps,
            learning_rate=learning_rate,
            noise=noise,
            hidden=hidden,
        )
        self.fit_rate, self.memory, self.n_steps, self.hidden = (
            whole(name, chosen[name], 1) for name in ("fit_rate", "memory", "n_steps", "hidden")
        )
        self.n_layers = whole("n_layers", n_layers, 1)
        self.learning_rate, self.noise = real("learning_rate", chosen["learning_rate"]), real("noise", chosen["noise"])
        self.feasibility = pair("feasibility", feasibility)
        self.success_above = success_threshold(success_above, ExpertKnowledge.of(expert, task_space))
        self._check_hyperparameters()

        self._free = ~task_space.fixed
        if not self._free.any():
            self._free[0] = True
        d = self._d = int(self._free.sum())
        # A success at a whole number stands for the cell of the unit cube that is rounded to it.
        cells = np.where(task_space.discrete, 1.0 / (task_space.high - task_space.low + 1.0), 0.0)
        self._spread = np.where(task_space.discrete, cells, self.noise)[self._free]
        self._build()
        weights = {"judge": initial_weights(self._judge_shapes, self.rng), "setter": self._flow.initial(self.rng)}
        self._weights = weights
        self._moments = {name: np.zeros((2, len(value)), np.float32) for name, value in weights.items()}
        self._steps = {"judge": 0, "setter": 0}
        self._points = np.zeros((self.memory, d))  # ring of the latest episodes
        self._success = np.zeros(self.memory)
        self._count = 0
        self._n_updates = 0
        self._block = np.empty((0, task_space.n_dims))  # drawn ahead, to be handed out from _next on
        self._next = 0
        self._losses = {"judge": 0.0, "feasibility": 0.0, "validity": 0.0, "coverage": 0.0}
        self._train_seconds = 0.0

    def _build(self) -> None:
        self._judge_shapes = layer_shapes([self._d, 64, 64, 1])
        self._flow = CouplingFlow(self._d, hidden=self.hidden, n_layers=self.n_layers)

    def _check_hyperparameters(self) -> None:
        if not (np.isfinite(self.learning_rate) and self.learning_rate > 0.0):
            raise ValueError(f"learning_rate must be finite and positive, got {self.learning_rate}.")
        if not 0.0 <= self.noise <= 1.0:
            raise ValueError(f"noise must lie between 0 and 1, got {self.noise}.")
        low, high = self.feasibility
        if not 1e-3 <= low <= high <= 1.0 - 1e-3:
            raise ValueError(f"feasibility must be two levels with 0.001 ≤ low ≤ high ≤ 0.999, got {self.feasibility}.")

    # --- Sampling (Racanière et al. 2020, section 3.1) -----------------------------------------------------------

    def _sample(self, n: int) -> FloatArray:
        end = self._next + n
        while end > len(self._block):  # the order of the draws does not depend on how many are asked for at once
            self._block = np.concatenate([self._block[self._next :], self._draw_block()])
            self._next, end = 0, n
        tasks = self._block[self._next : end]
        self._next = end
        return tasks

    def _draw_block(self) -> FloatArray:
        """Draw the next tasks, as many as there are episodes between two updates."""
        n = min(self.fit_rate, _LARGEST_BLOCK)
        if self._steps["setter"] == 0:
            return self.task_space.sample(n, self.rng)  # what the untrained flow would draw
        noise, f = self._draw(n)
        points, _, _ = self._flow.forward(self._flow.layers(self._weights["setter"]), noise, f)
        unit = np.full((n, self.task_space.n_dims), 0.5)
        unit[:, self._free] = points
        return self.task_space.from_unit(unit)

    def _draw(self, *shape: int) -> tuple[Float32Array, Float32Array]:
        """Logistic noise of shape ``(*shape, d)`` and wanted feasibilities of this shape."""
        uniform = np.clip(self.rng.random((*shape, self._d)), 1e-6, 1.0 - 1e-6)
        noise = np.log(uniform) - np.log1p(-uniform)
        low, high = self.feasibility
        return noise.astype(np.float32), (low + (high - low) * self.rng.random(shape)).astype(np.float32)

    # --- Learning ------------------------------------------------------------------------------------------------

    def _validate(self, outcomes: Outcomes) -> None:
        super()._validate(outcomes)
        if len(outcomes):
            demand_success(outcomes, self.success_above, owner=self, ignore_warmup=self.ignore_warmup)

    def _update(self, outcomes: Outcomes) -> None:
        points = self.task_space.to_unit(outcomes.tasks)[:, self._free]
        success = success_of(outcomes, self.success_above)
        done = 0
        while done < len(success):
            size = min(len(success) - done, self.fit_rate - self._count % self.fit_rate)
            places = (self._count + np.arange(size)) % self.memory
            self._points[places] = points[done : done + size]
            self._success[places] = success[done : done + size]
            self._count += size
            done += size
            if self._count % self.fit_rate == 0:
                self._train()

    def _train(self) -> None:
        started = time.perf_counter()
        n, m = min(self._count, self.memory), self.n_steps
        judged = self.rng.integers(n, size=(m, _BATCH))
        x, y = self._points[judged].astype(np.float32), self._success[judged].astype(np.float32)
        noise, f = self._draw(m, _BATCH)
        solved = self._solved(m)

        slopes = {name: np.zeros_like(value) for name, value in self._weights.items()}
        judge, judge_slopes = (views(part["judge"], self._judge_shapes) for part in (self._weights, slopes))
        setter, setter_slopes = (self._flow.layers(part["setter"]) for part in (self._weights, slopes))
        losses = np.zeros((m, 4))
        for i in range(m):
            losses[i, 0] = self._add_judge_gradient(judge, x[i], y[i], judge_slopes)
            self._step("judge", slopes["judge"])
            if solved is None and self._steps["setter"] == 0:
                continue  # it is uniform, which is what coverage wants
            known = None if solved is None else solved[i]
            losses[i, 1:] = self._add_setter_gradient(judge, setter, noise[i], f[i], known, setter_slopes)
            self._step("setter", slopes["setter"])
        self._losses = dict(zip(self._losses, losses.mean(axis=0).tolist(), strict=True))
        self._n_updates += 1
        self._block, self._next = self._block[:0].copy(), 0  # the setter has changed
        self._train_seconds = time.perf_counter() - started

    def _add_judge_gradient(
        self, judge: list[Float32Array], x: Float32Array, y: Float32Array, into: list[Float32Array]
    ) -> float:
        """Section 3.2: the judge's cross-entropy between its probability and what the student did."""
        kept = self._judge(judge, x)
        logits = kept[-1][:, 0]
        slope: Float32Array = (1.0 / len(y)) * (_sigmoid(logits) - y)
        add_gradient(kept, judge, slope[:, None], "relu", into)
        losses = np.maximum(logits, 0.0) - logits * y + np.log(1.0 + np.exp(-np.abs(logits)))
        return float(losses.mean())

    def _add_setter_gradient(
        self,
        judge: list[Float32Array],
        setter: list[list[Float32Array]],
        noise: Float32Array,
        f: Float32Array,
        solved: Float32Array | None,
        into: list[list[Float32Array]],
    ) -> tuple[float, float, float]:
        """Section 3.3: the losses called feasibility, validity and coverage, whose sum is differentiated."""
        n, flow = len(f), self._flow
        tasks, logs, made = flow.forward(setter, noise, f)
        coverage = float(logs.mean())
        if solved is None:
            flow.add_forward_gradient(setter, made, tasks, np.zeros_like(tasks), 1.0 / n, into)
            return 0.0, 0.0, coverage
        # Feasibility: the judge's logit of a task that was set for f is the logit of f. Its passes are one.
        kept = self._judge(judge, np.concatenate([tasks, solved]))
        squashed = _squash(kept[-1][:n])
        gap = squashed - _squash(_logit(f))[:, None]
        judge_slope = (2.0 / n) * gap * (1.0 - (squashed / _BOUND) ** 2)
        slope = 2.0 * add_gradient([part[:n] for part in kept], judge, judge_slope, "relu", None)
        # Coverage: the tasks are spread out.
        flow.add_forward_gradient(setter, made, tasks, slope, 1.0 / n, into)
        # Validity: solved tasks, as feasible as the judge finds them, are likely under the setter.
        level = np.clip(_sigmoid(kept[-1][n:, 0]), 1e-3, 1.0 - 1e-3)
        logs, made = flow.log_density(setter, solved, level)
        flow.add_density_gradient(setter, made, -1.0 / len(solved), into)
        return float((gap * gap).mean()), -float(logs.mean()), coverage

    def _solved(self, m: int) -> Float32Array | None:
        """``m`` batches of tasks the student succeeded at, with noise, kept off the faces; None without a success."""
        solved = np.flatnonzero(self._success[: min(self._count, self.memory)] > 0.5)
        if not len(solved):
            return None
        points = self._points[solved[self.rng.integers(len(solved), size=(m, _BATCH))]]
        points = points + self._spread * (self.rng.random(points.shape) - 0.5)
        return np.clip(points, 1e-4, 1.0 - 1e-4).astype(np.float32)

    def _judge(self, layers: list[Float32Array], points: Float32Array) -> list[Float32Array]:
        """What the judge computes of points of shape ``(n, d)``; last, the logits of success, ``(n, 1)``."""
        return activations(2.0 * points - 1.0, layers, "relu")

    def _step(self, name: str, gradient: Float32Array) -> None:
        clip_norm_(gradient, _LARGEST_NORM)
        self._steps[name] += 1
        mean, square = self._moments[name]
        adam_(self._weights[name], gradient, mean, square, self._steps[name], self.learning_rate)
        gradient[...] = 0.0

    # --- What it shows -------------------------------------------------------------------------------------------

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the setter's density, averaged over feasibilities; None before the first update.

        It is exact but for the average over 16 levels of f; discrete dimensions are treated as continuous ones.
        """
        rows = self._rows(tasks)
        if self._n_updates == 0:
            return None
        low, high = self.feasibility
        levels = low + (high - low) * (np.arange(_LEVELS) + 0.5) / _LEVELS
        setter, logs = self._flow.layers(self._weights["setter"]), np.empty((_LEVELS, len(rows)))
        for i, level in enumerate(levels):
            logs[i], _ = self._flow.log_density(setter, rows, np.full(len(rows), level, np.float32))
        each = np.exp(np.minimum(logs, 700.0))
        density: FloatArray = each.mean(axis=0)
        return density

    def feasibility_of(self, tasks: ArrayLike) -> FloatArray:
        """Return the judge's probability that the student succeeds at each task, shape ``(n,)``."""
        rows = self._rows(tasks)
        logits = self._judge(views(self._weights["judge"], self._judge_shapes), rows)[-1][:, 0]
        return _sigmoid(logits).astype(np.float64)

    def _rows(self, tasks: ArrayLike) -> Float32Array:
        """Tasks as points of the unit cube of the dimensions that vary."""
        unit = self.task_space.to_unit(np.atleast_2d(self.task_space.validate(tasks)))
        return unit[:, self._free].astype(np.float32)

    def metrics(self) -> dict[str, float]:
        """Return the losses of the latest update, the student's success in the window, and counts."""
        n = min(self._count, self.memory)
        return {
            **super().metrics(),
            "updates": float(self._n_updates),
            "mean_success": float(self._success[:n].mean()) if n else 0.0,
            **{f"{name}_loss": value for name, value in self._losses.items()},
            "train_seconds": self._train_seconds,
        }

    # --- State ---------------------------------------------------------------------------------------------------

    def _get_state(self) -> dict[str, Any]:
        return {
            "hyperparameters": self._identity(),
            "weights": {name: value.copy() for name, value in self._weights.items()},
            "moments": {name: value.copy() for name, value in self._moments.items()},
            "steps": dict(self._steps),
            "points": self._points.copy(),
            "success": self._success.copy(),
            "counts": [self._count, self._n_updates],
            "block": self._block[self._next :].copy(),
            "losses": dict(self._losses),
            "train_seconds": self._train_seconds,
        }

    def _identity(self) -> dict[str, Any]:
        names = ("fit_rate", "memory", "n_steps", "learning_rate", "noise", "hidden", "n_layers", "success_above")
        return {**{name: getattr(self, name) for name in names}, "feasibility": list(self.feasibility)}

    def _set_state(self, state: Mapping[str, Any]) -> None:
        for name, mine in self._identity().items():
            if (theirs := state["hyperparameters"][name]) != mine:
                raise ValueError(f"It was saved with {name}={theirs!r}, this teacher has {name}={mine!r}.")
        weights, moments = (
            {
                name: finite_array(state[part], name, mine[name].shape, np.float32, low=-_LARGEST, high=_LARGEST)
                for name in _NAMES
            }
            for part, mine in (("weights", self._weights), ("moments", self._moments))
        )
        if any(second.min() < 0.0 for _, second in moments.values()):
            raise ValueError("Its entry 'moments' has a second moment below 0.")
        points = finite_array(state, "points", self._points.shape, low=0.0, high=1.0)
        success = finite_array(state, "success", self._success.shape, low=0.0, high=1.0)
        steps = {name: counter(state["steps"], name) for name in _NAMES}
        count, n_updates = (counter({"counts": value}, "counts") for value in state["counts"])
        block = np.array(state["block"], dtype=np.float64)
        if block.ndim != 2 or block.shape[1] != self.task_space.n_dims or not self.task_space.contains(block).all():
            raise ValueError(f"Its array 'block' of shape {block.shape} does not hold tasks of {self.task_space}.")
        losses = {name: number(state["losses"], name) for name in self._losses}
        seconds = number(state, "train_seconds", low=0.0)
        self._weights, self._moments, self._steps = weights, moments, steps
        self._points, self._success, self._losses = points, success, losses
        self._count, self._n_updates, self._train_seconds = count, n_updates, seconds
        self._block, self._next = block, 0


def _squash(logits: Float32Array) -> Float32Array:
    """Logits within ±4 about as they are, larger ones less, so that no single task rules the loss."""
    squashed: Float32Array = _BOUND * np.tanh(logits / _BOUND)
    return squashed


def _sigmoid(logits: Float32Array) -> Float32Array:
    chances: Float32Array = 0.5 + 0.5 * np.tanh(0.5 * logits)
    return chances


def _logit(f: Float32Array) -> Float32Array:
    logits: Float32Array = np.log(f) - np.log(1.0 - f)
    return logits
