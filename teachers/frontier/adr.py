"""ADR: a box of tasks that grows, bound by bound, where the student does well on the bound.

Akkaya et al. (2019), "Solving Rubik's Cube with a robot hand", section 5 (automatic domain randomization), as adapted
to curricula by Romac, Portelas, Hofmann, Oudeyer (2021), "TeachMyAgent: a benchmark for automatic curriculum learning
in Deep RL". Tasks are uniform in a box that begins as a point. With some probability one coordinate is set to one of
its bounds; the returns of these episodes are gathered for each bound, and every ``queue_length`` of them decide: a good
mean moves the bound outwards, a bad one inwards.

What differs from TeachMyAgent's code (and from the copy in flowersteam/meta-acl):

- The step is a share of the range of each dimension (or in task units, one for each dimension), not one number for all.
- Which bound an episode was played on is remembered with the id of its task, not found by comparing floats. It counts
  only if the bound has not moved since.
- A bound at the end of its range is not drawn any more, also where the opposite one can still move.
- Integers and categories: bounds are values, a step is at least one value, and inner tasks are uniform over the values.
- The stream of random tasks goes on when the box changes; there it began anew with the same seed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import real, whole
from ..presets import fill_from_preset
from ..teacher import Teacher
from .staged import unit_point
from .units import half_cells, in_unit_cube

FloatArray = NDArray[np.float64]

PRESETS: dict[str, dict[str, Any]] = {
    "default": {"boundary_probability": 0.5, "step": 1.0 / 30.0, "unit": "range", "queue_length": 10},
    "paper": {"boundary_probability": 0.5, "step": 0.005, "unit": "range", "queue_length": 240},
    "teachmyagent": {"boundary_probability": 0.7, "step": 0.1, "unit": "task", "queue_length": 10},
}
"""Ours; those of Akkaya et al. 2019, table 15, where the step is 0.02 of a parameter that reaches 4; and those of
TeachMyAgent's benchmark. The paper's thresholds, 10 and 20 successes of at most 50, are left to the user."""

_BAD_RETURN, _GOOD_RETURN = 0.0, 180.0
"""The thresholds of TeachMyAgent's Stump Tracks."""

_LARGEST_RETURN = 1e50
"""Larger returns are clipped, so that their sums stay finite."""

_MAX_PENDING = 1 << 16
"""For so many of the newest episodes on a bound the teacher remembers which bound it was."""

_TOLERANCE = 1e-6
"""A task of another run lies on a bound if it is so near to it in the unit cube."""

_SNAP = 1e-9
"""A bound that comes so near to the end of its range or to the opposite bound is there."""

_THINNEST = 0.01
"""Narrower sides of the box count as so wide, in the unit cube, for the density."""

_NEVER = 1 << 62
_LARGEST_LOG = 700.0


class ADR(Teacher):
    """Draws tasks from a box that grows where the student does well on its bounds.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        expert: Where the box begins (``initial_mean``) and which returns are bad and good, for what is not given below.
        preset: Whose hyperparameters stand where none is given: ``"default"``, ``"paper"`` or ``"teachmyagent"``.
        initial: The task the box begins as, in task units, shape ``(d,)``. By default, and without an expert's initial
            mean, a random task, as TeachMyAgent does with little expert knowledge.
        boundary_probability: Probability of playing a task on a bound (p_b).
        step: How far a bound moves (Δ), a scalar or shape ``(d,)``; at least one value of a discrete dimension.
        unit: ``"range"`` if ``step`` is a share of the range, ``"task"`` if it is in task units.
        bad_return: A mean return at or below it moves a bound inwards (t_L); 0 by default, ``-inf`` never does.
        good_return: A mean return at or above it moves a bound outwards (t_H); 180 by default.
        queue_length: Number of episodes on a bound that decide (m).
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter that is no number.
        ValueError: A hyperparameter out of range, thresholds the wrong way round, an initial task outside the space,
            expert knowledge that does not fit.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> space = TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))
        >>> teacher = ADR(space, seed=0, initial=[0.0, 6.0], step=0.1, unit="task")
        >>> for _ in range(10):
        ...     tasks = teacher.sample()
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[200.0], lengths=[900]))
        >>> [corner.round(2).tolist() for corner in teacher.box]
        [[0.0, 5.9], [0.1, 6.0]]
    """

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        preset: Literal["default", "paper", "teachmyagent"] = "default",
        initial: ArrayLike | None = None,
        boundary_probability: float | None = None,
        step: ArrayLike | None = None,
        unit: Literal["range", "task"] | None = None,
        bad_return: float | None = None,
        good_return: float | None = None,
        queue_length: int | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        if step is not None and unit is None:
            unit = "range"  # a preset's unit belongs to its own step
        chosen = fill_from_preset(
            PRESETS, preset, boundary_probability=boundary_probability, step=step, unit=unit, queue_length=queue_length
        )
        knowledge = ExpertKnowledge.of(expert, task_space)
        self.boundary_probability = real("boundary_probability", chosen["boundary_probability"])
        self.queue_length = whole("queue_length", chosen["queue_length"], 1)
        self.bad_return = _first_given("bad_return", bad_return, knowledge.bad_return, _BAD_RETURN)
        self.good_return = _first_given("good_return", good_return, knowledge.good_return, _GOOD_RETURN)
        self._check_hyperparameters()

        self._free = ~task_space.fixed
        self._half = half_cells(task_space)
        cell = 2.0 * self._half
        steps = in_unit_cube(task_space, "step", chosen["step"], chosen["unit"])
        values = np.maximum(np.rint(steps / np.where(cell > 0.0, cell, 1.0)), 1.0)
        self._step: list[float] = np.where(cell > 0.0, values * cell, steps).tolist()
        self._lowest: list[float] = self._half.tolist()
        self._highest: list[float] = (1.0 - self._half).tolist()

        start = self._start(initial, knowledge)
        self._places = np.repeat(start, 2)  # of bound 2i, the low one of dimension i, and 2i + 1, the high one
        n = len(self._places)
        self._queues: list[list[float]] = [[] for _ in range(n)]
        self._moved: list[int] = [0] * n  # the first task handed out since the bound moved
        self._point_from: list[int] = [0] * (n // 2)  # the tasks handed out while low == high
        self._point_until: list[int] = [_NEVER if free else 0 for free in self._free]
        self._pending: dict[int, int] = {}  # the bound each task was put on
        self._n_outwards = self._n_inwards = 0
        self._prepare_sampling()

    def _check_hyperparameters(self) -> None:
        if not 0.0 <= self.boundary_probability <= 1.0:
            raise ValueError(f"boundary_probability must lie between 0 and 1, got {self.boundary_probability}.")
        if math.isnan(self.bad_return) or self.bad_return == math.inf or not math.isfinite(self.good_return):
            raise ValueError(
                f"good_return must be finite and bad_return too, or -inf; got {self.good_return} and {self.bad_return}."
            )
        if self.bad_return > self.good_return:
            raise ValueError(
                f"bad_return must not exceed good_return, got {self.bad_return:g} and {self.good_return:g}. They are "
                f"{_BAD_RETURN:g} and {_GOOD_RETURN:g} where not given: give both, in units of your returns."
            )

    def _start(self, initial: ArrayLike | None, knowledge: ExpertKnowledge) -> FloatArray:
        space = self.task_space
        random = space.sample(1, self.rng)[0]  # drawn in any case: what follows does not depend on what is known
        if initial is not None:
            return unit_point(space, initial, "initial")
        expected = knowledge.initial(space)
        return space.to_unit(random if expected is None else space.clip(expected[0]))

    @property
    def box(self) -> tuple[FloatArray, FloatArray]:
        """The lowest and the highest values of the current box, in task units, each of shape ``(d,)``."""
        return self.task_space.from_unit(self._places[0::2]), self.task_space.from_unit(self._places[1::2])

    # --- Sampling (Akkaya et al. 2019, algorithm 1) --------------------------------------------------------------

    def _prepare_sampling(self) -> None:
        low, high = self._places[0::2], self._places[1::2]
        self._base = low - self._half
        self._span = high - low + 2.0 * self._half
        # One dimension as likely as the other, then one bound as likely as the other if both can move.
        self._slots: list[int] = []
        for i in np.flatnonzero(self._free).tolist():
            movable = []
            if low[i] > self._lowest[i]:
                movable.append(2 * i)
            if high[i] < self._highest[i]:
                movable.append(2 * i + 1)
            self._slots += movable * 2 if len(movable) == 1 else movable
        self._any_point = max(self._point_until, default=0)

    def _sample(self, n: int) -> FloatArray:
        d = len(self._base)
        uniform = self.rng.random((n, d + 2))
        unit = self._base + self._span * uniform[:, :d]
        slots, first = self._slots, self._next_id
        if slots:
            if n == 1:
                on_bound = [0] if uniform[0, d] < self.boundary_probability else []
            else:
                on_bound = np.flatnonzero(uniform[:, d] < self.boundary_probability).tolist()
            for i in on_bound:
                bound = slots[int(uniform[i, d + 1] * len(slots))]
                unit[i, bound >> 1] = self._places[bound]
                self._pending[first + i] = bound
            while len(self._pending) > _MAX_PENDING:
                del self._pending[next(iter(self._pending))]
        return self.task_space.from_unit(unit)

    # --- Learning ------------------------------------------------------------------------------------------------

    def _update(self, outcomes: Outcomes) -> None:
        returns = outcomes.returns.tolist()
        foreign: FloatArray | None = None
        for i, task_id in enumerate(outcomes.ids.tolist()):
            if 0 <= task_id < self._next_id:
                bound = self._pending.pop(task_id, -1)
                if task_id < self._any_point:
                    bounds = self._bounds_of(task_id, bound)
                elif bound >= 0 and task_id >= self._moved[bound]:
                    bounds = [bound]
                else:
                    continue
            else:
                if foreign is None:
                    foreign = np.repeat(self.task_space.to_unit(outcomes.tasks), 2, axis=1)
                near = np.abs(foreign[i] - self._places) <= _TOLERANCE
                bounds = np.flatnonzero(near & np.repeat(self._free, 2)).tolist()
            for bound in bounds:
                self._add(bound, returns[i])

    def _bounds_of(self, task_id: int, sampled: int) -> list[int]:
        """The bounds a task was on: where low == high, both; and the one it was put on. None that has moved since."""
        bounds = []
        for i, since in enumerate(self._point_from):
            if since <= task_id < self._point_until[i]:
                bounds += [2 * i, 2 * i + 1]
        if sampled >= 0 and sampled not in bounds:
            bounds.append(sampled)
        return [bound for bound in bounds if task_id >= self._moved[bound]]

    def _add(self, bound: int, value: float) -> None:
        queue = self._queues[bound]
        queue.append(min(max(value, -_LARGEST_RETURN), _LARGEST_RETURN))
        if len(queue) < self.queue_length:
            return
        mean = math.fsum(queue) / len(queue)
        queue.clear()  # on every decision
        if mean >= self.good_return:
            self._n_outwards += self._move(bound, outwards=True)
        elif mean <= self.bad_return:
            self._n_inwards += self._move(bound, outwards=False)

    def _move(self, bound: int, *, outwards: bool) -> bool:
        """Move a bound by a step, within the space and not past the opposite bound; tell whether it moved."""
        i, is_high = bound >> 1, bool(bound & 1)
        here, opposite = float(self._places[bound]), float(self._places[bound ^ 1])
        there = here + self._step[i] if is_high == outwards else here - self._step[i]
        least, most = (opposite, self._highest[i]) if is_high else (self._lowest[i], opposite)
        if there < least + _SNAP:
            there = least
        elif there > most - _SNAP:
            there = most
        if there == here:
            return False
        self._places[bound] = there
        self._moved[bound] = self._next_id
        self._queues[bound].clear()
        if there == opposite:
            self._point_from[i], self._point_until[i] = self._next_id, _NEVER
        elif here == opposite:
            self._point_until[i] = self._next_id
        self._prepare_sampling()
        return True

    # --- What it shows -------------------------------------------------------------------------------------------

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return one over the volume of the box inside it and 0 elsewhere.

        Sides narrower than a hundredth of the range count as that wide; the share of tasks on the bounds is left out.
        """
        unit = self.task_space.to_unit(np.atleast_2d(self.task_space.validate(tasks)))
        width = np.maximum(self._span, _THINNEST)
        away = np.abs(unit - (self._base + 0.5 * self._span)) - 0.5 * width
        inside = ((away <= 1e-9) | ~self._free).all(axis=1)
        density: FloatArray = inside * np.exp(min(-np.log(width[self._free]).sum(), _LARGEST_LOG))
        return density

    def metrics(self) -> dict[str, float]:
        """Return the mean width of the box (0 to 1), and how often its bounds have moved outwards and inwards."""
        width = (self._places[1::2] - self._places[0::2])[self._free]
        full = np.subtract(self._highest, self._lowest)[self._free]
        return {
            **super().metrics(),
            "mean_width": float((width / np.where(full > 0.0, full, 1.0)).mean()) if len(width) else 1.0,
            "moves_outwards": float(self._n_outwards),
            "moves_inwards": float(self._n_inwards),
        }

    # --- State ---------------------------------------------------------------------------------------------------

    def _identity(self) -> dict[str, Any]:
        return {
            "boundary_probability": self.boundary_probability,
            "queue_length": self.queue_length,
            "bad_return": None if math.isinf(self.bad_return) else self.bad_return,
            "good_return": self.good_return,
            "step": list(self._step),
        }

    def _get_state(self) -> dict[str, Any]:
        return {
            "hyperparameters": self._identity(),
            "places": self._places.copy(),
            "queues": [list(queue) for queue in self._queues],
            "moved": list(self._moved),
            "point_from": list(self._point_from),
            "point_until": list(self._point_until),
            "pending": np.array([*self._pending.items()], dtype=np.int64).reshape(-1, 2),
            "moves": [self._n_outwards, self._n_inwards],
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        for name, mine in self._identity().items():
            theirs = state["hyperparameters"][name]
            if theirs != mine:
                raise ValueError(f"It was saved with {name}={theirs!r}, this teacher has {name}={mine!r}.")
        places = np.array(state["places"], dtype=np.float64)
        queues = [[float(value) for value in queue] for queue in state["queues"]]
        moved, since, until = ([int(value) for value in state[k]] for k in ("moved", "point_from", "point_until"))
        pending = np.array(state["pending"], dtype=np.int64).reshape(-1, 2)
        n, d = len(self._places), len(self._base)
        if (places.shape, len(queues), len(moved), len(since), len(until)) != ((n,), n, n, d, d):
            raise ValueError(f"Its bounds have shape {places.shape}, expected ({n},), or a list of another length.")
        low, high = places[0::2], places[1::2]
        if not ((low >= self._lowest) & (low <= high) & (high <= self._highest)).all():
            raise ValueError(f"Its box from {low.tolist()} to {high.tolist()} does not lie in the unit cube.")
        if any(len(queue) >= self.queue_length or not (np.abs(queue) <= _LARGEST_RETURN).all() for queue in queues):
            raise ValueError("One of its queues is too long, or has a return that is not finite or too large.")
        if len(pending) and not ((pending[:, 1] >= 0) & (pending[:, 1] < n)).all():
            raise ValueError("One of its pending tasks is on a bound that does not exist.")
        outwards, inwards = map(int, state["moves"])
        self._places, self._queues, self._moved = places, queues, moved
        self._point_from, self._point_until = since, until
        self._pending = {int(task_id): int(bound) for task_id, bound in pending}
        self._n_outwards, self._n_inwards = outwards, inwards
        self._prepare_sampling()


def _first_given(name: str, *values: float | None) -> float:
    return real(name, next(value for value in values if value is not None))
