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
- An update without any success leaves out the validity loss; theirs averages over nothing, which is NaN.
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
from ..kernels.coupling_flow import CouplingFlow
from ..kernels.flat_networks import adam_, clip_norm_, initial_weights, layer_shapes, perceptron, unpack
from ..presets import fill_from_preset
from ..success import demand_success, success_of, success_threshold
from ..teacher import Teacher

FloatArray = NDArray[np.float64]

PRESETS: dict[str, dict[str, Any]] = {
    "default": {"fit_rate": 50, "memory": 500, "n_steps": 20, "learning_rate": 3e-3, "noise": 0.05, "hidden": 32},
    "teachmyagent": {"fit_rate": 50, "memory": 50, "n_steps": 1, "learning_rate": 3e-4, "noise": 0.1, "hidden": 64},
}
"""This library's defaults, and the values of TeachMyAgent's benchmark."""

_BATCH = 64
_LARGEST_NORM = 10.0
_BOUND = 5.0
_LEVELS = 16
"""Feasibilities over which the density is averaged."""

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
        device: Where torch computes, e.g. ``"cuda"``.
        ignore_warmup: See `Teacher`.

    Raises:
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
        device: str = "cpu",
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
        self.fit_rate, self.n_steps = int(chosen["fit_rate"]), int(chosen["n_steps"])
        self.memory, self.hidden, self.n_layers = int(chosen["memory"]), int(chosen["hidden"]), int(n_layers)
        self.learning_rate, self.noise = float(chosen["learning_rate"]), float(chosen["noise"])
        self.feasibility = (float(feasibility[0]), float(feasibility[1]))
        self.device = device
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
        self._losses = {"judge": 0.0, "feasibility": 0.0, "validity": 0.0, "coverage": 0.0}
        self._train_seconds = 0.0

    def _build(self) -> None:
        self._judge_shapes = layer_shapes([self._d, 64, 64, 1])
        self._flow = CouplingFlow(self._d, hidden=self.hidden, n_layers=self.n_layers)

    def _check_hyperparameters(self) -> None:
        for name in ("fit_rate", "memory", "n_steps", "hidden", "n_layers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}.")
        if not (np.isfinite(self.learning_rate) and self.learning_rate > 0.0):
            raise ValueError(f"learning_rate must be finite and positive, got {self.learning_rate}.")
        if not 0.0 <= self.noise <= 1.0:
            raise ValueError(f"noise must lie between 0 and 1, got {self.noise}.")
        low, high = self.feasibility
        if not 1e-3 <= low <= high <= 1.0 - 1e-3:
            raise ValueError(f"feasibility must be two levels with 0.001 ≤ low ≤ high ≤ 0.999, got {self.feasibility}.")

    # --- Sampling (Racanière et al. 2020, section 3.1) -----------------------------------------------------------

    def _sample(self, n: int) -> FloatArray:
        import torch

        if self._n_updates == 0:
            return self.task_space.sample(n, self.rng)  # what the untrained flow would draw
        noise, f = self._draw(n)
        with torch.no_grad():
            weights = torch.from_numpy(self._weights["setter"]).to(self.device)
            points, _ = self._flow.forward(weights, self._tensor(noise), self._tensor(f))
        unit = np.full((n, self.task_space.n_dims), 0.5)
        unit[:, self._free] = points.cpu().numpy()
        return self.task_space.from_unit(unit)

    def _draw(self, *shape: int) -> tuple[FloatArray, FloatArray]:
        """Logistic noise of shape ``(*shape, d)`` and wanted feasibilities of this shape."""
        uniform = np.clip(self.rng.random((*shape, self._d)), 1e-6, 1.0 - 1e-6)
        low, high = self.feasibility
        return np.log(uniform) - np.log1p(-uniform), low + (high - low) * self.rng.random(shape)

    def _tensor(self, values: FloatArray) -> Any:
        import torch

        return torch.from_numpy(np.asarray(values, dtype=np.float32)).to(self.device)

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
        import torch

        started = time.perf_counter()
        n, m = min(self._count, self.memory), self.n_steps
        points, success = self._points[:n], self._success[:n]
        judged = self.rng.integers(n, size=(m, _BATCH))
        x, y = self._tensor(points), self._tensor(success)
        noise, f = (self._tensor(part) for part in self._draw(m, _BATCH))
        solved = self._solved(m)

        weights = {name: torch.tensor(value, device=self.device) for name, value in self._weights.items()}
        moments = {name: torch.tensor(value, device=self.device) for name, value in self._moments.items()}
        total = dict.fromkeys(self._losses, 0.0)
        zero = torch.zeros((), device=self.device)
        for i in range(m):
            # Section 3.2: the judge's cross-entropy between its probability and what the student did.
            judge = weights["judge"].requires_grad_()
            logits = self._judge(judge, x[judged[i]])
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, y[judged[i]])
            self._step("judge", judge, loss, moments)
            # Section 3.3, feasibility: the judge's logit of a task that was set for f is the logit of f.
            setter = weights["setter"].requires_grad_()
            tasks, log_density = self._flow.forward(setter, noise[i], f[i])
            squashed = _squash(self._judge(judge, tasks))
            feasibility = ((squashed - _squash(f[i].logit())) ** 2).mean()
            # Validity: solved tasks, as feasible as the judge finds them, are likely under the setter.
            validity = zero
            if solved is not None:
                with torch.no_grad():
                    level = torch.sigmoid(self._judge(judge, solved[i])).clamp(1e-3, 1.0 - 1e-3)
                validity = -self._flow.log_density(setter, solved[i], level).mean()
            # Coverage: the tasks are spread out.
            coverage = log_density.mean()
            self._step("setter", setter, feasibility + validity + coverage, moments)
            parts = {"judge": loss, "feasibility": feasibility, "validity": validity, "coverage": coverage}
            total = {name: total[name] + float(part.detach()) / m for name, part in parts.items()}
        self._weights = {name: value.cpu().numpy() for name, value in weights.items()}
        self._moments = {name: value.cpu().numpy() for name, value in moments.items()}
        self._losses = total
        self._n_updates += 1
        self._train_seconds = time.perf_counter() - started

    def _solved(self, m: int) -> Any:
        """``m`` batches of tasks the student succeeded at, with noise, kept off the faces; None without a success."""
        solved = np.flatnonzero(self._success[: min(self._count, self.memory)] > 0.5)
        if not len(solved):
            return None
        points = self._points[solved[self.rng.integers(len(solved), size=(m, _BATCH))]]
        points = points + self._spread * (self.rng.random(points.shape) - 0.5)
        return self._tensor(np.clip(points, 1e-4, 1.0 - 1e-4))

    def _judge(self, weights: Any, points: Any) -> Any:
        """The logit of the student's success at each point, shape ``(n,)``."""
        import torch

        return perceptron(2.0 * points - 1.0, unpack(weights, self._judge_shapes), torch.relu)[:, 0]

    def _step(self, name: str, weights: Any, loss: Any, moments: dict[str, Any]) -> None:
        import torch

        (gradient,) = torch.autograd.grad(loss, weights)
        weights.detach_()
        clip_norm_(gradient, _LARGEST_NORM)
        self._steps[name] += 1
        adam_(weights, gradient, moments[name][0], moments[name][1], self._steps[name], self.learning_rate)

    # --- What it shows -------------------------------------------------------------------------------------------

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the setter's density, averaged over feasibilities; None before the first update.

        It is exact but for the average over 16 levels of f; discrete dimensions are treated as continuous ones.
        """
        import torch

        rows = self.task_space.to_unit(np.atleast_2d(self.task_space.validate(tasks)))[:, self._free]
        if self._n_updates == 0:
            return None
        low, high = self.feasibility
        levels = low + (high - low) * (np.arange(_LEVELS) + 0.5) / _LEVELS
        with torch.no_grad():
            weights = torch.from_numpy(self._weights["setter"]).to(self.device)
            points = self._tensor(np.tile(rows, (_LEVELS, 1)))
            logs = self._flow.log_density(weights, points, self._tensor(np.repeat(levels, len(rows))))
        each = np.exp(np.minimum(logs.cpu().numpy().astype(np.float64), 700.0)).reshape(_LEVELS, len(rows))
        density: FloatArray = each.mean(axis=0)
        return density

    def feasibility_of(self, tasks: ArrayLike) -> FloatArray:
        """Return the judge's probability that the student succeeds at each task, shape ``(n,)``."""
        import torch

        rows = self.task_space.to_unit(np.atleast_2d(self.task_space.validate(tasks)))[:, self._free]
        with torch.no_grad():
            weights = torch.from_numpy(self._weights["judge"]).to(self.device)
            return torch.sigmoid(self._judge(weights, self._tensor(rows))).cpu().numpy().astype(np.float64)

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
        weights = {name: _like(self._weights[name], state["weights"][name], name) for name in _NAMES}
        moments = {name: _like(self._moments[name], state["moments"][name], name) for name in _NAMES}
        points, success = _like(self._points, state["points"], "points"), _like(self._success, state["success"], "s")
        steps = {name: int(state["steps"][name]) for name in _NAMES}
        count, n_updates = map(int, state["counts"])
        losses = {name: float(state["losses"][name]) for name in self._losses}
        seconds = float(state["train_seconds"])
        self._weights, self._moments, self._steps = weights, moments, steps
        self._points, self._success, self._losses = points, success, losses
        self._count, self._n_updates, self._train_seconds = count, n_updates, seconds


def _squash(logits: Any) -> Any:
    """Logits within ±4 about as they are, larger ones less, so that no single task rules the loss."""
    import torch

    return _BOUND * torch.tanh(logits / _BOUND)


def _like(mine: NDArray[Any], theirs: Any, name: str) -> NDArray[Any]:
    array = np.array(theirs, dtype=mine.dtype)
    if array.shape != mine.shape:
        raise ValueError(f"Its array {name!r} has shape {array.shape}, not {mine.shape}.")
    return array
