"""GoalGAN: a generative adversarial network proposes tasks of intermediate difficulty.

Florensa, Held, Geng, Abbeel (2018), "Automatic goal generation for reinforcement learning agents", section 4 and
algorithm 1. Every proposed task is played a few times; it is a *goal of intermediate difficulty* (GOID) if the
student succeeds at it sometimes, but neither hardly ever nor almost always. A least-squares GAN that also sees
negative examples learns to generate such tasks. Tasks once mastered are kept and replayed now and then.

What differs from the code in TeachMyAgent (Romac et al. 2021), whose constants are used:

- Everything happens in the unit cube, without the dimensions with low == high; integers and categories are rounded.
- All random numbers come from the teacher's own generator, where theirs takes some from NumPy's global one.
- The rollouts of a proposal are told apart by their ids, not by the task's bytes, so that outcomes may come late, in
  any order, or never, and many environments may play at once.
- Until the GAN is first trained, tasks come from the initial distribution itself (the expert's, or uniform), unless
  ``pretrain`` asks for theirs: a GAN trained to imitate it. As there, it is then a Gaussian around a random mean if
  no expert says where it lies, for a GAN that is to imitate uniform tasks collapses.
- Replayed tasks are labelled like generated ones, as in the paper's algorithm 1.
- A set of labels without a single positive one is discarded, as there; but while that lasts, part of the tasks
  (``fallback_ratio``) comes from the initial distribution. Else a GAN whose tasks have all been mastered, or are all
  out of reach, would propose them for ever.
- The buffer of mastered tasks is bounded.

The authors' own code differs from both in that it replays tasks of intermediate difficulty rather than mastered ones,
without noise, and pretrains the GAN on states that the untrained student visits.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ...tasks import Tasks
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import pair, real, whole
from ..kernels.flat_networks import activations, add_gradient, initial_weights, layer_shapes, rmsprop_, views
from ..presets import fill_from_preset
from ..state_checks import counter, finite_array, flag, number
from ..success import demand_success, success_of, success_threshold
from ..teacher import Teacher

FloatArray = NDArray[np.float64]

_DEFAULT: dict[str, Any] = {
    "fit_rate": 100,
    "n_rollouts": 2,
    "goid": (0.25, 0.75),
    "noise": 0.05,
    "distance": 0.01,
    "p_old": 0.2,
    "pretrain": False,
    "fallback_ratio": 0.3,
}
PRESETS: dict[str, dict[str, Any]] = {
    "default": _DEFAULT,
    "paper": {
        **_DEFAULT,
        "fit_rate": 300,
        "n_rollouts": 3,
        "goid": (0.1, 0.9),
        "distance": 0.02,
        "p_old": 1.0 / 3.0,
        "pretrain": True,
        "fallback_ratio": 0.0,
    },
    "teachmyagent": {**_DEFAULT, "noise": 0.1, "p_old": 0.1, "pretrain": True, "fallback_ratio": 0.0},
}
"""Ours, after TeachMyAgent's; those of the authors' ant maze (200 new and 100 old goals between two trainings, noise of
0.5 and a distance of 0.3 in a field of 10 × 10); and those of TeachMyAgent's benchmark."""

_BATCH = 64
_LEARNING_RATE = 1e-3
_PRETRAIN_SAMPLES = 1000
_PRETRAIN_ITERATIONS = 500
_RANDOM_STD = 0.1
"""Of the Gaussian around a random mean that pretraining imitates without an expert, as a share of the range."""

_MAX_OPEN = 10_000
"""Most tasks whose rollouts are awaited; the oldest is forgotten first."""

_MAX_AGAIN = 10_000
"""Most times that tasks were handed out again of which the ids are known; those of an earlier id are not."""

_LARGEST_WEIGHT = 1e6
"""Steps of RMSProp are too short for any weight of a sound state to come near it."""

_LARGEST_NOISE = 100.0
_DENSITY_SAMPLES = 512
_SMALLEST_BANDWIDTH = 0.03


class GoalGAN(Teacher):
    """Proposes tasks at which the student succeeds sometimes, learned by a GAN.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        preset: Whose hyperparameters stand where none is given: ``"default"``, ``"paper"`` or ``"teachmyagent"``.
        fit_rate: Labelled tasks between two trainings of the GAN.
        n_rollouts: How often each proposed task is handed out before it is labelled, in a row.
        goid: ``(low, high)``: a task is of intermediate difficulty if its mean success lies between (R_min, R_max).
        noise: Standard deviation of the Gaussian noise on proposed tasks, as a share of the range.
        p_old: Share of proposals that replay a mastered task, once there is one.
        distance: A mastered task is kept only if it is this far from all kept ones, as a share of the diagonal.
        buffer_size: Most mastered tasks kept; the oldest makes room.
        pretrain: Train the GAN to imitate the initial distribution before it is first used. Without an expert that is
            then a Gaussian around a random mean, with a standard deviation of a tenth of the range.
        fallback_ratio: Share of proposals from the initial distribution while no task of the latest set was of
            intermediate difficulty.
        success_above: A return above which an episode is a success, where the environment does not tell;
            ``expert.success_above`` by default.
        expert: Its initial distribution is where tasks come from before the first training; uniform by default, but
            see ``pretrain``.
        hidden: Width of the two hidden layers of generator and discriminator.
        iterations: Steps of discriminator and generator in one training.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter that is no number.
        ValueError: A hyperparameter out of range. Later, in `update`: an episode with unknown success although there
            is no ``success_above``.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = GoalGAN(TaskSpace(x=(0.0, 1.0)), seed=0, fit_rate=10, iterations=20, success_above=0.5)
        >>> for episode in range(30):
        ...     tasks = teacher.sample()
        ...     level = 1.0 - tasks.values[:, 0] + 0.2 * (-1) ** episode  # one of two rollouts near 0.5
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=level, lengths=[1]))
        >>> teacher.metrics()["trainings"]
        1.0
    """

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        preset: Literal["default", "paper", "teachmyagent"] = "default",
        fit_rate: int | None = None,
        n_rollouts: int | None = None,
        goid: tuple[float, float] | None = None,
        noise: float | None = None,
        p_old: float | None = None,
        distance: float | None = None,
        buffer_size: int = 2000,
        pretrain: bool | None = None,
        fallback_ratio: float | None = None,
        success_above: float | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        hidden: tuple[int, int] = (256, 128),
        iterations: int = 250,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        chosen = fill_from_preset(
            PRESETS,
            preset,
            fit_rate=fit_rate,
            n_rollouts=n_rollouts,
            goid=goid,
            noise=noise,
            distance=distance,
            p_old=p_old,
            pretrain=pretrain,
            fallback_ratio=fallback_ratio,
        )
        self.fit_rate = whole("fit_rate", chosen["fit_rate"], 1)
        self.n_rollouts = whole("n_rollouts", chosen["n_rollouts"], 1)
        self.goid = pair("goid", chosen["goid"])
        self.noise, self.p_old = real("noise", chosen["noise"]), real("p_old", chosen["p_old"])
        self.distance, self.pretrain = real("distance", chosen["distance"]), bool(chosen["pretrain"])
        self.fallback_ratio = real("fallback_ratio", chosen["fallback_ratio"])
        self.buffer_size, self.iterations = whole("buffer_size", buffer_size, 1), whole("iterations", iterations, 1)
        wide, narrow = (whole("hidden (two widths)", width, 1) for width in pair("hidden", hidden))
        self.hidden = (wide, narrow)
        knowledge = ExpertKnowledge.of(expert, task_space)
        self.success_above = success_threshold(success_above, knowledge)
        self._initial = knowledge.initial(task_space)
        self._check_hyperparameters()

        self._free = ~task_space.fixed
        if not self._free.any():
            self._free[0] = True
        d = self._d = int(self._free.sum())
        self._shapes = {"generator": layer_shapes([d, wide, wide, d]), "critic": layer_shapes([d, narrow, narrow, 1])}
        self._weights = {name: initial_weights(shapes, self.rng) for name, shapes in self._shapes.items()}
        self._squares = {name: np.zeros_like(weights) for name, weights in self._weights.items()}
        self._density_noise = self.rng.standard_normal((_DENSITY_SAMPLES, d)).astype(np.float32)
        # Where a network that is to imitate the initial tasks finds them, if no one says where they are.
        self._random_mean = self.rng.random(d) if self.pretrain and self._initial is None else np.empty(0)
        self._current = np.full(d, 0.5)  # the latest proposal, which may be due for more rollouts
        # Evidence on tasks with rollouts missing, [sum of successes, rollouts]: by proposal, and by task if foreign.
        self._open: dict[int, list[float]] = {}
        self._again: list[
            tuple[int, int]
        ] = []  # the ids of tasks that were handed out again: first, and after the last
        self._n_again = 0
        self._foreign: dict[bytes, list[float]] = {}
        self._points = np.zeros((self.fit_rate, d))
        self._labels = np.zeros(self.fit_rate)
        self._mastered = np.zeros((0, d))
        self._n_labels = self._n_trainings = self._n_discarded = self._n_mastered = 0
        self._positive_share = 0.0
        self._lost = False
        self._ready = False
        self._train_seconds = 0.0

    def _check_hyperparameters(self) -> None:
        for name in ("p_old", "fallback_ratio"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}.")
        for name in ("noise", "distance"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) >= 0.0):
                raise ValueError(f"{name} must be finite and at least 0, got {getattr(self, name)}.")
        if not 0.0 <= self.goid[0] <= self.goid[1] <= 1.0:
            raise ValueError(f"goid must be two levels of success with 0 ≤ low ≤ high ≤ 1, got {self.goid}.")

    # --- Sampling (Florensa et al. 2018, algorithm 1, lines 4–6) -------------------------------------------------

    def _sample(self, n: int) -> FloatArray:
        # The rollouts of proposal k are the tasks k · n_rollouts … (k + 1) · n_rollouts − 1 that are drawn.
        due = min(n, -(self._next_id - self._n_again) % self.n_rollouts)
        fresh = -(-(n - due) // self.n_rollouts)
        points = np.repeat(self._current[None], due, axis=0)
        if fresh:
            proposals = self._propose(fresh)
            self._current = proposals[-1].copy()
            points = np.concatenate([points, np.repeat(proposals, self.n_rollouts, axis=0)[: n - due]])
        return self._to_tasks(points)

    def _repeat(self, tasks: Tasks) -> None:
        first, end = int(tasks.ids[0]), int(tasks.ids[-1]) + 1
        if self._again and self._again[-1][1] == first:
            self._again[-1] = (self._again[-1][0], end)
        else:
            self._again.append((first, end))
        self._n_again += end - first
        del self._again[:-_MAX_AGAIN]

    def _drawn(self, task_id: int) -> int:
        """Return how many tasks had been drawn before this one; −1 for one that was handed out again, or is another's.

        Tasks that are handed out again have ids, too; of the ids before the last some thousand times, nobody knows.
        """
        if not 0 <= task_id < self._next_id:
            return -1
        again = self._n_again
        for first, end in reversed(self._again):
            if task_id >= end:
                return task_id - again
            if task_id >= first:
                return -1
            again -= end - first
        return task_id if again == 0 else -1

    def _propose(self, n: int) -> FloatArray:
        if self.pretrain and not self._ready:
            self._imitate()
        kind = self.rng.random((2, n))
        spread = self.noise * self.rng.standard_normal((n, self._d))
        if self._ready:
            points = self._generate(self.rng.standard_normal((n, self._d)).astype(np.float32)) + spread
            # A generator that does not reach the frontier any more would never be trained again.
            away = kind[1] < self.fallback_ratio if self._lost else np.zeros(n, dtype=np.bool_)
        else:
            points, away = np.empty((n, self._d)), np.ones(n, dtype=np.bool_)
        if away.any():
            points[away] = self._draw_initial(int(away.sum()))
        old = kind[0] < self.p_old
        if len(self._mastered) and old.any():
            points[old] = self._mastered[self.rng.integers(len(self._mastered), size=int(old.sum()))] + spread[old]
        return np.clip(points, 0.0, 1.0)

    def _draw_initial(self, n: int) -> FloatArray:
        if len(self._random_mean):
            spread = _RANDOM_STD * self.rng.standard_normal((n, self._d))
            return np.clip(self._random_mean + spread, 0.0, 1.0)
        if self._initial is None:
            return self.rng.random((n, self._d))
        mean, std = self._initial
        return self._to_points(self.task_space.clip(mean + std * self.rng.standard_normal((n, len(mean)))))

    def _generate(self, noise: NDArray[np.float32]) -> FloatArray:
        """Points for latent noise, not clipped: the tanh reaches half a range beyond the cube on either side."""
        layers = views(self._weights["generator"], self._shapes["generator"])
        points: FloatArray = 0.5 + np.tanh(activations(noise, layers, "relu")[-1]).astype(np.float64)
        return points

    def _to_points(self, tasks: FloatArray) -> FloatArray:
        return np.ascontiguousarray(self.task_space.to_unit(tasks)[:, self._free])

    def _to_tasks(self, points: FloatArray) -> FloatArray:
        unit = np.full((len(points), self.task_space.n_dims), 0.5)
        unit[:, self._free] = points
        return self.task_space.from_unit(unit)

    # --- Labels (section 4.1, eq. 3) and the replay of mastered tasks (algorithm 1, lines 7–9) -------------------

    def _validate(self, outcomes: Outcomes) -> None:
        super()._validate(outcomes)
        if len(outcomes):
            demand_success(outcomes, self.success_above, owner=self, ignore_warmup=self.ignore_warmup)

    def _update(self, outcomes: Outcomes) -> None:
        success = success_of(outcomes, self.success_above).tolist()
        points = self._to_points(outcomes.tasks)
        for i, (task_id, value) in enumerate(zip(outcomes.ids.tolist(), success, strict=True)):
            mean: float | None
            drawn = self._drawn(task_id)
            if drawn >= 0:
                mean = self._collect(self._open, drawn // self.n_rollouts, value)
            else:  # another run's, or handed out again: rollouts of the same task belong together
                mean = self._collect(self._foreign, points[i].tobytes(), value)
            if mean is not None:
                self._label(points[i], mean)

    def _collect(self, table: dict[Any, list[float]], key: Any, value: float) -> float | None:
        """Add a rollout; returns the mean success of the task once it has them all."""
        entry = table.setdefault(key, [0.0, 0.0])
        entry[0] += value
        entry[1] += 1.0
        if entry[1] >= self.n_rollouts:
            del table[key]
            return entry[0] / entry[1]
        if len(table) > _MAX_OPEN:
            del table[next(iter(table))]
        return None

    def _label(self, point: FloatArray, mean: float) -> None:
        low, high = self.goid
        self._points[self._n_labels] = point
        self._labels[self._n_labels] = low <= mean <= high
        self._n_labels += 1
        if mean > high:
            self._remember(point)
        if self._n_labels < self.fit_rate:
            return
        self._n_labels = 0
        self._positive_share = float(self._labels.mean())
        self._lost = self._positive_share == 0.0
        if self._lost:
            self._n_discarded += 1
            return
        self._n_trainings += 1
        self._train(self._points, self._labels, self.iterations)

    def _remember(self, point: FloatArray) -> None:
        nearest = ((self._mastered - point) ** 2).sum(axis=1).min() if len(self._mastered) else np.inf
        if nearest <= self.distance**2 * self._d:
            return
        if len(self._mastered) < self.buffer_size:
            self._mastered = np.concatenate([self._mastered, point[None]])
        else:
            self._mastered[self._n_mastered % self.buffer_size] = point
        self._n_mastered += 1

    # --- Training (section 4.2, eqs. 4 and 5) --------------------------------------------------------------------

    def _imitate(self) -> None:
        """Train the GAN to generate the initial distribution."""
        points = self._draw_initial(_PRETRAIN_SAMPLES)
        self._train(points, np.ones(len(points)), _PRETRAIN_ITERATIONS)

    def _train(self, points: FloatArray, labels: FloatArray, iterations: int) -> None:
        started = time.perf_counter()
        generator, critic = (views(self._weights[name], self._shapes[name]) for name in ("generator", "critic"))
        slopes = {name: np.zeros_like(weights) for name, weights in self._weights.items()}
        into = {name: views(slope, self._shapes[name]) for name, slope in slopes.items()}
        # Where the generator's tanh is 0 is the middle of the cube, for the critic too.
        real = (2.0 * points - 1.0).astype(np.float32)
        wanted = (2.0 * labels[:, None] - 1.0).astype(np.float32)
        refused = -np.ones((_BATCH, 1), np.float32)
        for pick in self.rng.integers(len(points), size=(iterations, _BATCH)):
            # Eq. 4: the critic says 1 to tasks of intermediate difficulty, −1 to the others and to generated ones.
            fake = np.float32(2.0) * np.tanh(activations(self._draw_noise(), generator, "relu")[-1])
            kept = activations(np.concatenate([real[pick], fake]), critic, "leaky_relu")
            error = kept[-1] - np.concatenate([wanted[pick], refused])
            slopes["critic"][...] = 0.0
            add_gradient(kept, critic, error * np.float32(2.0 / _BATCH), "leaky_relu", into["critic"])
            rmsprop_(self._weights["critic"], slopes["critic"], self._squares["critic"], _LEARNING_RATE)
            # Eq. 5: the generator makes the critic say 0.
            below = activations(self._draw_noise(), generator, "relu")
            squashed = np.tanh(below[-1])
            kept = activations(np.float32(2.0) * squashed, critic, "leaky_relu")
            slope = add_gradient(kept, critic, kept[-1] * np.float32(2.0 / _BATCH), "leaky_relu", None)
            slope *= 2.0 * (1.0 - squashed * squashed)
            slopes["generator"][...] = 0.0
            add_gradient(below, generator, slope, "relu", into["generator"])
            rmsprop_(self._weights["generator"], slopes["generator"], self._squares["generator"], _LEARNING_RATE)
        self._ready = True
        self._train_seconds = time.perf_counter() - started

    def _draw_noise(self) -> NDArray[np.float32]:
        return self.rng.standard_normal((_BATCH, self._d), dtype=np.float32)

    # --- What it shows -------------------------------------------------------------------------------------------

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the density of generated tasks with their noise (at least 0.03), before clipping; None if untrained.

        It is estimated with 512 generated tasks; replayed tasks and those of the initial distribution do not enter.
        """
        rows = self._to_points(np.atleast_2d(self.task_space.validate(tasks)))
        if not self._ready:
            return None
        centres = self._generate(self._density_noise)
        width = max(self.noise, _SMALLEST_BANDWIDTH)
        squared = (rows**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1) - 2.0 * rows @ centres.T
        logs = -0.5 * np.maximum(squared, 0.0) / width**2
        logs -= self._d * np.log(width * np.sqrt(2.0 * np.pi))
        density: FloatArray = np.exp(np.minimum(logs, 700.0)).mean(axis=1)
        return density

    def metrics(self) -> dict[str, float]:
        """Return counts of labels, trainings and mastered tasks, and the share of positive labels."""
        return {
            **super().metrics(),
            "labels": float(self._n_labels),
            "positive_share": self._positive_share,
            "trainings": float(self._n_trainings),
            "discarded": float(self._n_discarded),
            "mastered": float(len(self._mastered)),
            "train_seconds": self._train_seconds,
        }

    # --- State ---------------------------------------------------------------------------------------------------

    _ARRAYS = ("_random_mean", "_current", "_points", "_labels", "_mastered", "_density_noise")
    _COUNTERS = ("_n_again", "_n_labels", "_n_trainings", "_n_discarded", "_n_mastered")
    _FLAGS = ("_lost", "_ready")
    _SHOWN = ("_positive_share", "_train_seconds")

    def _get_state(self) -> dict[str, Any]:
        foreign = [np.frombuffer(key) for key in self._foreign]
        return {
            "hyperparameters": self._identity(),
            "weights": {name: value.copy() for name, value in self._weights.items()},
            "squares": {name: value.copy() for name, value in self._squares.items()},
            "open": np.array(list(self._open), dtype=np.int64),
            "open_evidence": np.array(list(self._open.values())).reshape(-1, 2),
            "again": np.array(self._again, dtype=np.int64).reshape(-1, 2),
            "foreign": np.array(foreign).reshape(-1, self._d),
            "foreign_evidence": np.array(list(self._foreign.values())).reshape(-1, 2),
            **{name[1:]: getattr(self, name).copy() for name in self._ARRAYS},
            **{name[1:]: getattr(self, name) for name in (*self._COUNTERS, *self._FLAGS, *self._SHOWN)},
        }

    def _identity(self) -> dict[str, Any]:
        names = ("fit_rate", "n_rollouts", "noise", "p_old", "distance", "buffer_size", "pretrain", "fallback_ratio")
        more = {"success_above": self.success_above, "iterations": self.iterations}
        return {**{name: getattr(self, name) for name in names}, **more, "goid": list(self.goid)}

    def _set_state(self, state: Mapping[str, Any]) -> None:
        for name, mine in self._identity().items():
            if (theirs := state["hyperparameters"][name]) != mine:
                raise ValueError(f"It was saved with {name}={theirs!r}, this teacher has {name}={mine!r}.")
        sizes = {name: value.shape for name, value in self._weights.items()}
        weights = {
            name: finite_array(state["weights"], name, size, np.float32, low=-_LARGEST_WEIGHT, high=_LARGEST_WEIGHT)
            for name, size in sizes.items()
        }
        squares = {
            name: finite_array(state["squares"], name, size, np.float32, low=0.0) for name, size in sizes.items()
        }
        in_cube = functools.partial(finite_array, state, low=0.0, high=1.0)
        values: dict[str, Any] = {
            "_random_mean": in_cube("random_mean", self._random_mean.shape),
            "_current": in_cube("current", (self._d,)),
            "_points": in_cube("points", (self.fit_rate, self._d)),
            "_labels": in_cube("labels", (self.fit_rate,)),
            "_mastered": in_cube("mastered", (None, self._d)),
            "_density_noise": finite_array(
                state, "density_noise", self._density_noise.shape, np.float32, low=-_LARGEST_NOISE, high=_LARGEST_NOISE
            ),
            "_positive_share": number(state, "positive_share", low=0.0, high=1.0),
            "_train_seconds": number(state, "train_seconds", low=0.0),
            **{name: counter(state, name[1:]) for name in self._COUNTERS},
            **{name: flag(state, name[1:]) for name in self._FLAGS},
        }
        if values["_n_labels"] >= self.fit_rate:
            raise ValueError(f"Its entry 'n_labels' is {values['_n_labels']}, expected less than {self.fit_rate}.")
        if len(values["_mastered"]) != min(values["_n_mastered"], self.buffer_size):
            raise ValueError(f"Its {len(values['_mastered'])} mastered tasks are not as many as it has counted.")
        again = finite_array(state, "again", (None, 2), np.int64, low=0)
        if (np.diff(again.ravel()) <= 0).any() or np.diff(again, axis=1).sum() > values["_n_again"]:
            raise ValueError("Its entry 'again' has no ranges of ids in order, or more than it has counted.")
        foreign = in_cube("foreign", (None, self._d))
        opened = finite_array(state, "open", (None,), np.int64, low=0).tolist()
        evidence = [self._evidence(state, "open_evidence", len(opened))]
        evidence.append(self._evidence(state, "foreign_evidence", len(foreign)))
        self._open = dict(zip(opened, evidence[0], strict=True))
        self._foreign = {row.tobytes(): entry for row, entry in zip(foreign, evidence[1], strict=True)}
        self._again = [(int(first), int(end)) for first, end in again]
        self._weights, self._squares = weights, squares
        for name, value in values.items():
            setattr(self, name, value)

    def _evidence(self, state: Mapping[str, Any], name: str, n: int) -> list[list[float]]:
        """Sums of successes and numbers of rollouts of tasks that lack some."""
        pairs = finite_array(state, name, (n, 2), low=0.0)
        if not ((pairs[:, 0] <= pairs[:, 1]) & (pairs[:, 1] < self.n_rollouts)).all():
            raise ValueError(f"Its entry {name!r} has more successes than rollouts, or all rollouts of a task.")
        evidence: list[list[float]] = pairs.tolist()
        return evidence
