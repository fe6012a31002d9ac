"""What ALP-GMM and Covar-GMM share: tasks from a Gaussian mixture that is fitted anew every few hundred episodes.

Portelas, Colas, Hofmann, Oudeyer (2019), "Teacher algorithms for curriculum learning of Deep RL in continuously
parameterized environments", section 3. Both teachers describe each episode by its task and a column or two that tell of
progress, fit mixtures to the descriptions of the latest N episodes, keep the one that an information criterion
prefers, and draw tasks from its components in proportion to the progress there. They differ in the description and in
how progress is read off a component; see `GMMTeacher` for what a subclass writes.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import pair, real, whole
from ..kernels.mixture import CRITERIA, Mixture
from ..state_checks import counter, finite_array, flag, number
from ..teacher import Teacher
from .gaussian_record import GaussianRecord
from .gaussians import cholesky_factors, to_task_units

FloatArray = NDArray[np.float64]

LARGEST_RETURN = 5e49
"""Larger returns are clipped, so that their differences are what `fit_mixtures` takes."""

_LARGEST = 2.0 * LARGEST_RETURN
"""A difference of two returns."""
_ROUNDING = 1.0 + 1e-9
"""By how much more the mean of such differences can come out."""

_LARGEST_LOG = 600.0
"""Of a density, which else could overflow."""


class GMMTeacher(Teacher):
    """Draws tasks from the components of a Gaussian mixture, in proportion to the progress in each.

    A subclass says how many columns beyond the task describe an episode (``_n_columns``) and writes three methods:
    ``_describe``, which computes them, ``_fit``, which fits mixtures to the window and chooses one, and ``_progress``,
    which reads the progress off its components. The last column is in units of the return.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        fit_rate: Episodes between two fits of the mixture, and the number of latest episodes it is fitted to (N).
        random_task_ratio: Share of tasks drawn uniformly, between 0 and 1 (ρ_rnd).
        ks: Numbers of components to try.
        criterion: How the number of components is chosen: ``"aic"``, ``"bic"`` or ``"aicc"``.
        n_bootstrap: Episodes before the first fit; ``fit_rate`` by default.
        expert: What a human knows, or a mapping of its attributes; its initial distribution is the bootstrap's.
        bootstrap_mean: Mean of the Gaussian from which tasks are drawn until the first fit, shape ``(d,)``.
        bootstrap_std: Its standard deviation, a scalar or shape ``(d,)``; a tenth of the range by default.
        return_bounds: ``(low, high)``: returns are clipped to this interval and mapped to [0, 1] first.
        n_em_init: Restarts of each fit.
        warm_start: Start each fit from the previous mixture with as many components.
        reg_covar: Added to the variances of a fit, in the units of the unit cube.
        backend: ``"numba"``, ``"torch"`` or ``"sklearn"``, see `fit_mixtures`.
        device: Where torch computes, e.g. ``"cuda"``.
        compat: ``"portelas2019"`` for the authors' literal algorithm.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter that is no number.
        ValueError: A hyperparameter out of range, ``fit_rate`` below the largest k.

    Example:
        >>> from tutelage import TaskSpace, make_teacher
        >>> isinstance(make_teacher("alp-gmm", TaskSpace(x=(0.0, 1.0))), GMMTeacher)
        True
    """

    _n_columns: ClassVar[int]
    _growth: ClassVar[float] = 1.0
    """How much the return changes within a window, for a progress of 1."""

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None,
        fit_rate: int,
        random_task_ratio: float,
        ks: Sequence[int],
        criterion: str,
        n_bootstrap: int | None,
        expert: ExpertKnowledge | Mapping[str, Any] | None,
        bootstrap_mean: ArrayLike | None,
        bootstrap_std: ArrayLike | None,
        return_bounds: tuple[float, float] | None,
        n_em_init: int,
        warm_start: bool,
        reg_covar: float,
        backend: str,
        device: str,
        compat: str | None,
        ignore_warmup: bool,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        if not isinstance(ks, Iterable):
            raise TypeError(f"ks must be a list of whole numbers, got {ks!r}.")
        self.ks = tuple(sorted({whole("ks", k) for k in ks}))
        self.fit_rate = whole("fit_rate", fit_rate)
        self.random_task_ratio = real("random_task_ratio", random_task_ratio)
        self.criterion = criterion
        self.n_bootstrap = self.fit_rate if n_bootstrap is None else whole("n_bootstrap", n_bootstrap, 0)
        self.return_bounds = None if return_bounds is None else pair("return_bounds", return_bounds)
        self.n_em_init = whole("n_em_init", n_em_init, 1)
        self.warm_start = bool(warm_start)
        self.reg_covar = real("reg_covar", reg_covar)
        self.backend = backend
        self.device = device
        self.compat = compat
        self._check_hyperparameters()
        self._free = np.ones(task_space.n_dims, dtype=np.bool_) if compat else ~task_space.fixed
        if not self._free.any():
            self._free[0] = True
        self._all_free = bool(self._free.all())
        self._bootstrap = self._bootstrap_gaussian(expert, bootstrap_mean, bootstrap_std)

        self._n_free = int(self._free.sum())
        self._window = np.zeros((self.fit_rate, self._n_free + self._n_columns))  # ring of the latest descriptions
        self._count = 0
        self._low_return, self._high_return = np.inf, -np.inf
        self._fit_seed = int(self.rng.integers(2**32))
        self._candidates: list[Mixture] = []
        self._mixture: Mixture | None = None
        self._fit_seconds = 0.0
        self._n_random = self._n_drawn = 0.0
        self._record: GaussianRecord | None = None
        self._prepare_sampling()

    # --- What a subclass writes --------------------------------------------------------------------------------

    @abstractmethod
    def _describe(self, points: FloatArray, returns: FloatArray) -> FloatArray:
        """Return what tells of progress in each of n new episodes, shape ``(n, _n_columns)``."""

    @abstractmethod
    def _fit(self, window: FloatArray, settings: Mapping[str, Any]) -> tuple[list[Mixture], Mixture]:
        """Fit mixtures to ``window`` with the ``settings`` of `fit_mixtures`; return them and the one to use."""

    @abstractmethod
    def _progress(self, mixture: Mixture) -> FloatArray:
        """Return the progress in each component, at least 0, shape ``(k,)``."""

    # --- Hyperparameters -----------------------------------------------------------------------------------------

    def _check_hyperparameters(self) -> None:
        if not self.ks or self.ks[0] < 1:
            raise ValueError(f"ks must be numbers of components of at least 1, got {list(self.ks)}.")
        if self.fit_rate < self.ks[-1]:
            raise ValueError(
                f"fit_rate must be at least the largest k, got fit_rate={self.fit_rate} and ks up to {self.ks[-1]}: "
                "a mixture cannot have more components than points."
            )
        if not 0.0 <= self.random_task_ratio <= 1.0:
            raise ValueError(f"random_task_ratio must lie between 0 and 1, got {self.random_task_ratio}.")
        if self.criterion not in CRITERIA:
            raise ValueError(unknown_name("criterion", self.criterion, CRITERIA))
        if self.backend not in ("numba", "torch", "sklearn"):
            raise ValueError(unknown_name("backend", self.backend, ["numba", "torch", "sklearn"]))
        if self.device != "cpu" and self.backend != "torch":
            raise ValueError(f"backend={self.backend!r} computes on the CPU; use backend='torch' for {self.device!r}.")
        if not (np.isfinite(self.reg_covar) and self.reg_covar >= 0.0):
            raise ValueError(f"reg_covar must be finite and at least 0, got {self.reg_covar}.")
        if self.return_bounds is not None and not (
            np.isfinite(self.return_bounds).all() and self.return_bounds[0] < self.return_bounds[1]
        ):
            raise ValueError(f"return_bounds must be finite with low < high, got {self.return_bounds}.")
        if self.compat not in (None, "portelas2019"):
            raise ValueError(unknown_name("compat", self.compat, ["portelas2019"]))

    def _bootstrap_gaussian(
        self, expert: ExpertKnowledge | Mapping[str, Any] | None, mean: ArrayLike | None, std: ArrayLike | None
    ) -> tuple[FloatArray, FloatArray] | None:
        space = self.task_space
        knowledge = ExpertKnowledge.of(expert, space)
        if mean is None:
            if std is not None:
                raise ValueError("bootstrap_std needs a bootstrap_mean.")
            return knowledge.initial(space)
        centre = space.validate(space.clip(np.asarray(mean, np.float64)) if space.discrete.any() else mean)
        spread = (space.high - space.low) / 10.0 if std is None else np.asarray(std, np.float64)
        if spread.shape not in ((), centre.shape) or not (np.isfinite(spread) & (spread >= 0.0)).all():
            raise ValueError(
                f"bootstrap_std must be finite, at least 0, and a scalar or of shape ({space.n_dims},); got {std!r}."
            )
        return centre, np.broadcast_to(spread, centre.shape).copy()

    # --- Sampling (Portelas et al. 2019, algorithm 1, lines 3–5) -------------------------------------------------

    def _sample(self, n: int) -> FloatArray:
        self._n_drawn += n
        if not self._aims():
            self._n_random += n
            if self._bootstrap is None:
                return self.task_space.sample(n, self.rng)
            mean, std = self._bootstrap
            return self.task_space.clip(mean + std * self.rng.standard_normal((n, len(mean))))
        uniform = self.rng.random((2, n))
        exploring = uniform[0] < self._random_ratio()
        chosen = self._cumulative.searchsorted(uniform[1], side="right")
        noise = self.rng.standard_normal((n, self._n_free, 1))
        if n == 1:  # the usual case, once an episode; a stack of matrices takes three times as long
            j = chosen.item()
            points = (self._means[j] + self._factors[j].dot(noise[0, :, 0]))[None]
        else:
            points = self._means[chosen] + (self._factors[chosen] @ noise)[:, :, 0]
        tasks = self._to_tasks(points)
        count = int(np.count_nonzero(exploring))
        if count:
            self._n_random += count
            tasks[exploring] = self.task_space.sample(count, self.rng)
        if self._notes_origins():
            self._note_origins(self._next_id, np.where(exploring, -1, chosen))
        return tasks

    def _aims(self) -> bool:
        """Whether there are components to draw from."""
        return self._mixture is not None and self._count >= self.n_bootstrap

    def _random_ratio(self) -> float:
        return self.random_task_ratio

    def _prepare_sampling(self) -> None:
        """Get ready to draw from the components of the mixture."""
        if self._mixture is not None:
            self._draw_from(*self._components(self._mixture))

    def _components(self, mixture: Mixture) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Means and Cholesky factors over the task axes, and the progress, of the components."""
        # The marginal of a Gaussian on the task axes: drawing all coordinates and dropping the others is the same.
        d = self._n_free
        means = np.ascontiguousarray(mixture.means[:, :d])
        return means, cholesky_factors(mixture.covariances[:, :d, :d]), self._progress(mixture)

    def _draw_from(self, means: FloatArray, factors: FloatArray, progress: FloatArray) -> None:
        """Draw components in proportion to their progress (not to the mixture's weights) from now on."""
        total = progress.sum()
        k = len(progress)
        self._probabilities = progress / total if total > 0.0 else np.full(k, 1.0 / k)
        self._cumulative = np.cumsum(self._probabilities)
        self._cumulative[-1] = 1.0
        self._means, self._factors = means, factors

    def _to_points(self, tasks: FloatArray) -> FloatArray:
        if self.compat:
            return tasks
        unit = self.task_space.to_unit(tasks)
        return unit if self._all_free else np.ascontiguousarray(unit[:, self._free])

    def _to_tasks(self, points: FloatArray) -> FloatArray:
        if self.compat:
            return self.task_space.clip(points.astype(np.float32))
        if self._all_free:
            return self.task_space.from_unit(points)
        unit = np.full((len(points), self.task_space.n_dims), 0.5)
        unit[:, self._free] = points
        return self.task_space.from_unit(unit)

    # --- Learning (algorithm 1, lines 7–12) ----------------------------------------------------------------------

    def _update(self, outcomes: Outcomes) -> None:
        returns = self._scaled(outcomes.returns)
        if self._record is not None:
            self._record.add_episodes(outcomes.ids, outcomes.returns)
        points = self._to_points(outcomes.tasks)
        columns = self._describe(points, returns)
        done, n = 0, len(returns)
        last_fit = self._last_fit_within(n)
        while done < n:
            size = min(n - done, self.fit_rate - self._count % self.fit_rate)
            part = slice(done, done + size)
            at = self._count % self.fit_rate
            self._window[at : at + size, : self._n_free] = points[part]
            self._window[at : at + size, self._n_free :] = columns[part]
            low, high = _range(returns[part])
            self._low_return, self._high_return = min(self._low_return, low), max(self._high_return, high)
            self._count += size
            done += size
            # A fit that the next one in the same batch replaces would change nothing, unless that starts from it or it
            # is recorded.
            if self._fits_now():
                if self.warm_start or self._record is not None or self._count == last_fit:
                    self._refit()
                self._n_random, self._n_drawn = self._n_random / 2.0, self._n_drawn / 2.0  # the share forgets slowly

    def _scaled(self, returns: FloatArray) -> FloatArray:
        """Returns as the algorithm takes them."""
        if self.return_bounds is None:
            return np.minimum(np.maximum(returns, -LARGEST_RETURN), LARGEST_RETURN)
        low, high = self.return_bounds
        scaled: FloatArray = (np.clip(returns, low, high) - low) / (high - low)
        return scaled

    def _fits_now(self) -> bool:
        return self._count >= self.n_bootstrap and self._count % self.fit_rate == 0

    def _last_fit_within(self, n: int) -> int:
        return (self._count + n) // self.fit_rate * self.fit_rate

    def _refit(self) -> None:
        started = time.perf_counter()
        window = self._window.copy()
        scale = self._return_scale()
        window[:, -1] /= scale
        warm = [_rescaled(m, 1.0 / scale) for m in self._candidates] if self.warm_start and self._candidates else None
        settings = {
            "seed": int(np.random.SeedSequence([self._fit_seed, self._count]).generate_state(1)[0]),
            "n_init": self.n_em_init,
            "reg_covar": self.reg_covar,
            "backend": self.backend,
            "device": self.device,
            "warm_start": warm,
        }
        fitted, chosen = self._fit(window, settings)
        self._mixture = _rescaled(chosen, scale)
        self._candidates = [_rescaled(m, scale) for m in fitted] if self.warm_start else []
        self._prepare_sampling()
        if self._record is not None:
            self._record_refit(self._record, self._mixture)
        self._fit_seconds = time.perf_counter() - started

    def _return_scale(self) -> float:
        """What the last column is divided by for a fit: the range of the returns seen so far."""
        if self.compat or self.return_bounds is not None:
            return 1.0
        spread = self._high_return - self._low_return
        return spread if spread > 0.0 and np.isfinite(spread) else 1.0

    # --- Its record (for a classroom) ----------------------------------------------------------------------------

    def record_history(self) -> GaussianRecord:
        """Remember from now on which Gaussians there were and which one each episode's task was drawn from.

        The tasks stay the same. The record is part of the state: a teacher that loads it goes on recording.

        Returns:
            The record, which grows.

        Raises:
            ValueError: The teacher has learned from episodes already, which would be missing.
        """
        if self._record is None:
            if self._count:
                raise ValueError(
                    f"This {type(self).__name__} has learned from {self._count} episodes that it did not record; call "
                    "record_history() before the first one."
                )
            self._record = GaussianRecord(self.task_space.n_dims)
        return self._record

    @property
    def record(self) -> GaussianRecord | None:
        """What `record_history` returned, None without."""
        return self._record

    def _notes_origins(self) -> bool:
        return self._record is not None

    def _note_origins(self, first_id: int, components: NDArray[np.int64]) -> None:
        """Note the component that each new task was drawn from, −1 for none."""
        if self._record is not None:
            self._record.add_tasks(first_id, components)

    def _record_refit(self, record: GaussianRecord, mixture: Mixture) -> None:
        d, unit = self._n_free, self._growth
        means, covariances = mixture.means[:, :d], mixture.covariances[:, :d, :d]
        if not self.compat:
            means, covariances = to_task_units(self.task_space, self._free, means, covariances)
        if self.return_bounds is not None:
            unit *= self.return_bounds[1] - self.return_bounds[0]
        record.add_refit(self._count, means, covariances, unit * self._progress(mixture))

    # --- What it shows -------------------------------------------------------------------------------------------

    @property
    def mixture(self) -> Mixture | None:
        """The current mixture over (task, …), or None before the first fit.

        The task axes are the dimensions with low < high in the unit cube (all dimensions in raw units with
        ``compat``); the last axis is in units of the return.
        """
        return self._mixture

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the density of the components, weighted by their probabilities; None before the first fit.

        Args:
            tasks: Shape ``(n, d)``. A value of a discrete dimension stands for the middle of its cell of the unit cube.
        """
        if not self._aims():
            return None
        rows = np.atleast_2d(self.task_space.validate(tasks))
        points = self._to_points(rows)
        white = np.linalg.solve(self._factors, (points - self._means[:, None]).transpose(0, 2, 1))
        logs = -0.5 * (white**2).sum(axis=1) - np.log(np.diagonal(self._factors, axis1=1, axis2=2)).sum(axis=1)[:, None]
        logs -= 0.5 * points.shape[1] * np.log(2.0 * np.pi)
        density: FloatArray = self._probabilities @ np.exp(np.minimum(logs, _LARGEST_LOG))
        if self.compat:
            spread = self.task_space.high - self.task_space.low
            density = density * np.prod(spread[spread > 0.0])
        return density

    def metrics(self) -> dict[str, float]:
        """Return k, the share of random tasks since the last fit, its duration …."""
        return {
            **super().metrics(),
            "k": float(self._mixture.n_components) if self._mixture else 0.0,
            "random_share": self._n_random / self._n_drawn if self._n_drawn else 0.0,
            "fit_seconds": self._fit_seconds,
        }

    # --- State ---------------------------------------------------------------------------------------------------

    def _get_state(self) -> dict[str, Any]:
        state = {
            "hyperparameters": self._identity(),
            "window": self._window.copy(),
            "count": self._count,
            "return_range": [self._low_return, self._high_return],
            "fit_seed": self._fit_seed,
            "mixture": None if self._mixture is None else _to_plain(self._mixture),
            "candidates": [_to_plain(mixture) for mixture in self._candidates],
            "drawn": [self._n_random, self._n_drawn],
        }
        return state if self._record is None else {**state, "record": self._record.state_dict()}

    def _identity(self) -> dict[str, Any]:
        """Return the hyperparameters that a state must agree on with the teacher that loads it."""
        return {
            "fit_rate": self.fit_rate,
            "random_task_ratio": self.random_task_ratio,
            "ks": list(self.ks),
            "criterion": self.criterion,
            "n_bootstrap": self.n_bootstrap,
            "return_bounds": None if self.return_bounds is None else list(self.return_bounds),
            "warm_start": self.warm_start,
            "compat": self.compat,
        }

    def _check_identity(self, state: Mapping[str, Any]) -> None:
        for name, mine in self._identity().items():
            theirs = state["hyperparameters"][name]
            if theirs != mine:
                raise ValueError(f"It was saved with {name}={theirs!r}, this teacher has {name}={mine!r}.")

    def _set_state(self, state: Mapping[str, Any]) -> None:
        self._check_identity(state)
        window = finite_array(state, "window", self._window.shape, low=-_LARGEST, high=_LARGEST)
        size = window.shape[1]
        mixture = None if state["mixture"] is None else _from_plain(state["mixture"], size)
        candidates = [_from_plain(plain, size) for plain in state["candidates"]]
        numbers = [each.n_components for each in candidates]
        if numbers and numbers != list(self.ks):
            raise ValueError(f"Its candidates have {numbers} components, expected {list(self.ks)}.")
        count, fit_seed = counter(state, "count"), counter(state, "fit_seed", most=2**32 - 1)
        low, high = map(float, state["return_range"])
        if not (-LARGEST_RETURN <= low <= high <= LARGEST_RETURN or (count == 0 and (low, high) == (np.inf, -np.inf))):
            raise ValueError(f"Its entry 'return_range' is {[low, high]}, which is none.")
        n_random, n_drawn = finite_array(state, "drawn", (2,), low=0.0).tolist()
        record = GaussianRecord.from_state(state["record"], self.task_space.n_dims) if "record" in state else None
        self._window, self._count, self._fit_seed = window, count, fit_seed
        self._low_return, self._high_return = low, high
        self._mixture, self._candidates = mixture, candidates
        self._n_random, self._n_drawn = n_random, n_drawn
        self._record = record
        self._prepare_sampling()


def _range(values: FloatArray) -> tuple[float, float]:
    """Return the smallest and the largest number, and quicker than NumPy for a single one."""
    return (values.item(), values.item()) if len(values) == 1 else (float(values.min()), float(values.max()))


def _rescaled(mixture: Mixture, factor: float) -> Mixture:
    """Multiply the last axis of a mixture by a factor."""
    if factor == 1.0:
        return mixture
    means, covariances = mixture.means.copy(), mixture.covariances.copy()
    means[:, -1] *= factor
    covariances[:, -1, :] *= factor
    covariances[:, :, -1] *= factor
    return Mixture(mixture.weights, means, covariances, mixture.log_likelihood, mixture.converged, mixture.n_iter)


def _to_plain(mixture: Mixture) -> dict[str, Any]:
    return {
        "weights": mixture.weights,
        "means": mixture.means,
        "covariances": mixture.covariances,
        "log_likelihood": float(mixture.log_likelihood),
        "converged": bool(mixture.converged),
        "n_iter": int(mixture.n_iter),
    }


def _from_plain(plain: Mapping[str, Any], size: int) -> Mixture:
    weights = finite_array(plain, "weights", (None,), low=0.0, high=1.0 + 1e-6)
    k = len(weights)
    means = finite_array(plain, "means", (k, None), low=-_LARGEST * _ROUNDING, high=_LARGEST * _ROUNDING)
    if means.shape[1] != size:
        raise ValueError(f"Its mixture has dimension {means.shape[1]}, expected {size}.")
    largest = (_LARGEST * _ROUNDING) ** 2
    covariances = finite_array(plain, "covariances", (k, size, size), low=-largest, high=largest)
    if k == 0 or np.diagonal(covariances, axis1=1, axis2=2).min() < 0.0:
        raise ValueError("Its mixture has no component, or one with a negative variance.")
    likelihood, converged = number(plain, "log_likelihood"), flag(plain, "converged")
    return Mixture(weights, means, covariances, likelihood, converged, counter(plain, "n_iter"))
