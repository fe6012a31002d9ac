"""ALP-GMM: tasks from a Gaussian mixture fitted to tasks and their absolute learning progress.

Portelas, Colas, Hofmann, Oudeyer (2019), "Teacher algorithms for curriculum learning of Deep RL in continuously
parameterized environments", algorithm 1 and section 3. After each episode the absolute learning progress (ALP) of its
task is the absolute difference between its return and the return of the nearest earlier task. Every ``fit_rate``
episodes a Gaussian mixture is fitted to the latest pairs (task, ALP); tasks are then drawn from its components in
proportion to their mean ALP.

What differs from the authors' code (``compat="portelas2019"`` gives theirs):

- Tasks are compared and mixtures fitted in the unit cube, not in raw units, so that no dimension dominates; dimensions
  with low == high are left out; integers and categories are rounded after sampling.
- The ALP axis of a fit is divided by the range of the returns seen so far, so that the curriculum does not depend on
  the unit of the return.
- Among equally near tasks the newest is compared, not the oldest: clipped samples make exact duplicates common, and
  against the oldest one ALP measures progress since the start of training.
- AICc counts the parameters of the mixture in d + 1 dimensions, as AIC and BIC do.
- The history cap is exact, and 0 is a seed like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import whole
from ..kernels.mixture import Mixture, fit_mixtures, information_criterion, select
from ..kernels.nearest import History
from ..presets import fill_from_preset
from ..state_checks import finite_array
from .gmm_teacher import LARGEST_RETURN, GMMTeacher

FloatArray = NDArray[np.float64]

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"fit_rate": 250, "random_task_ratio": 0.2, "ks": range(2, 11)},
    "teachmyagent": {"fit_rate": 150, "random_task_ratio": 0.05, "ks": range(2, 10)},
}
"""Portelas et al. 2019, and what Romac et al. 2021 found by a grid search on their Stump Tracks."""

_COMPATIBLE_BUFFER = 500
"""Entries the authors' history gathers before it trims itself."""


class ALPGMM(GMMTeacher):
    """Draws tasks from Gaussians in proportion to their mean absolute learning progress.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        preset: Whose hyperparameters stand where none is given: ``"paper"`` (250 episodes, 0.2, k of 2 to 10) or
            ``"teachmyagent"`` (150 episodes, 0.05, k of 2 to 9).
        fit_rate: Episodes between two fits of the mixture, and the number of latest episodes it is fitted to (N).
        random_task_ratio: Share of tasks drawn uniformly, between 0 and 1 (ρ_rnd).
        ks: Numbers of components to try.
        criterion: How the number of components is chosen: ``"aic"``, ``"bic"`` or ``"aicc"``.
        n_bootstrap: Episodes before the first fit; ``fit_rate`` by default.
        expert: What a human knows (or a mapping of its attributes); tasks are drawn from its initial distribution
            until the first fit.
        bootstrap_mean: Mean of the Gaussian from which tasks are drawn until the first fit, in task units, shape
            ``(d,)``; it overrides ``expert``. Without either, these tasks are uniform.
        bootstrap_std: Its standard deviation, in task units, a scalar or shape ``(d,)``; a tenth of the range by
            default.
        max_history: How many of the latest episodes ALP is computed against; all by default.
        return_bounds: ``(low, high)``: returns are clipped to this interval and mapped to [0, 1] first, as the
            authors did with (−150, 350). By default they are taken as they are.
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
        >>> import numpy as np
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = ALPGMM(TaskSpace(x=(0.0, 1.0)), seed=0, fit_rate=50, ks=[1, 2, 3])
        >>> for episode in range(200):  # progress is made above 0.5 only
        ...     tasks = teacher.sample()
        ...     returns = np.where(tasks.values[:, 0] > 0.5, episode % 20, 0.0)
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=[1]))
        >>> bool(teacher.density([[0.75]]) > teacher.density([[0.25]]))
        True
    """

    _n_columns = 1

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        preset: Literal["paper", "teachmyagent"] = "paper",
        fit_rate: int | None = None,
        random_task_ratio: float | None = None,
        ks: Sequence[int] | None = None,
        criterion: str = "aic",
        n_bootstrap: int | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        bootstrap_mean: ArrayLike | None = None,
        bootstrap_std: ArrayLike | None = None,
        max_history: int | None = None,
        return_bounds: tuple[float, float] | None = None,
        n_em_init: int = 1,
        warm_start: bool = False,
        reg_covar: float = 1e-6,
        backend: str = "numba",
        device: str = "cpu",
        compat: Literal["portelas2019"] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        self.max_history = None if max_history is None else whole("max_history", max_history)
        super().__init__(
            task_space,
            seed=seed,
            **fill_from_preset(PRESETS, preset, fit_rate=fit_rate, random_task_ratio=random_task_ratio, ks=ks),
            criterion=criterion,
            n_bootstrap=n_bootstrap,
            expert=expert,
            bootstrap_mean=bootstrap_mean,
            bootstrap_std=bootstrap_std,
            return_bounds=return_bounds,
            n_em_init=n_em_init,
            warm_start=warm_start,
            reg_covar=reg_covar,
            backend=backend,
            device=device,
            compat=compat,
            ignore_warmup=ignore_warmup,
        )
        self._history = History(
            self._n_free, max_size=None if compat else self.max_history, ties="oldest" if compat else "newest"
        )

    def _check_hyperparameters(self) -> None:
        super()._check_hyperparameters()
        if self.max_history is not None and self.max_history < 6:
            raise ValueError(
                f"max_history must be at least 6 or None, for ALP is 0 in a history of 5; got {self.max_history}."
            )

    def _describe(self, points: FloatArray, returns: FloatArray) -> FloatArray:
        """ALP = |r − r(nearest)|, 0 in a history of up to 5 episodes (algorithm 1, lines 7–8)."""
        if self.compat is not None and self.max_history is not None:
            return self._add_loosely(points, returns)[:, None]
        return self._history.update_unchecked(points, returns)[:, None]

    def _add_loosely(self, points: FloatArray, returns: FloatArray) -> FloatArray:
        """The authors' bounded history: cut to ``max_history`` only when its buffer of 500 is full."""
        assert self.max_history is not None
        progress = np.empty(len(returns))
        done = 0
        while done < len(returns):
            buffered = (self._count + done) % _COMPATIBLE_BUFFER
            if buffered == 0:
                self._history.keep_newest(self.max_history)
            part = slice(done, min(len(returns), done + _COMPATIBLE_BUFFER - buffered))
            progress[part] = self._history.update_unchecked(points[part], returns[part])
            done = part.stop
        return progress

    def _fit(self, window: FloatArray, settings: Mapping[str, Any]) -> tuple[list[Mixture], Mixture]:
        """Fit a mixture for each k and keep the one of the lowest criterion (algorithm 1, lines 9–12)."""
        fitted = fit_mixtures(window, self.ks, **settings)
        return fitted, self._select(fitted)

    def _select(self, fitted: list[Mixture]) -> Mixture:
        if not (self.compat and self.criterion == "aicc"):
            return select(fitted, self.fit_rate, self.criterion)
        # The authors count the parameters in the d task dimensions only; the correction can then turn negative.
        d = self._n_free
        scores = []
        for mixture in fitted:
            p = mixture.n_components * ((d * d - d) / 2 + 2 * d + 1) - 1
            correction = 2 * p * (p + 1) / (self.fit_rate - p - 1) if self.fit_rate != p + 1 else np.inf
            scores.append(information_criterion(mixture, self.fit_rate, "aic") + correction)
        return fitted[int(np.argmin(scores))]

    def _progress(self, mixture: Mixture) -> FloatArray:
        """The mean ALP of each component (algorithm 1, line 5)."""
        progress: FloatArray = np.maximum(mixture.means[:, -1], 0.0)
        return progress

    def metrics(self) -> dict[str, float]:
        """Return k, the mean ALP of the window, the share of random tasks since the last fit, its duration …."""
        filled = self._window[: min(self._count, self.fit_rate), -1]
        return {
            **super().metrics(),
            "mean_alp": float(filled.mean()) if len(filled) else 0.0,
            "max_component_alp": float(self._mixture.means[:, -1].max()) if self._mixture else 0.0,
            "history": float(len(self._history)),
        }

    def _get_state(self) -> dict[str, Any]:
        return {**super()._get_state(), "history": self._history.state_dict()}

    def _identity(self) -> dict[str, Any]:
        return {**super()._identity(), "max_history": self.max_history}

    def _set_state(self, state: Mapping[str, Any]) -> None:
        returns = finite_array(state["history"], "returns", (None,), low=-LARGEST_RETURN, high=LARGEST_RETURN)
        history = {"tasks": finite_array(state["history"], "tasks", (len(returns), self._n_free)), "returns": returns}
        super()._set_state(state)
        self._history.load_state_dict(history)
