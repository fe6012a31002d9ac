"""Covar-GMM: tasks from a Gaussian mixture whose components correlate time and return.

The variant of ALP-GMM in Portelas, Colas, Hofmann, Oudeyer (2019), "Teacher algorithms for curriculum learning of Deep
RL in continuously parameterized environments", section 3, after Moulin-Frier, Nguyen, Oudeyer (2014),
"Self-organization of early vocal development in infants and machines: the role of intrinsic motivation". Every
``fit_rate`` episodes a Gaussian mixture is fitted to the latest triples (task, time, return). Where the return in a
component grows with time their covariance is positive, and tasks are drawn from the components in proportion to it.

What differs from the authors' code (``compat="portelas2019"`` gives theirs):

- Mixtures are fitted in the unit cube, not in raw task units, so that no dimension dominates; dimensions with
  low == high are left out; integers and categories are rounded after sampling.
- The return axis of a fit is divided by the range of the returns seen so far, so that the curriculum does not depend on
  the unit of the return.
- A covariance that is rounding error counts as none: constant returns give all components the same chance.
- Fits are seeded, and 0 is a seed like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from ..kernels.mixture import Mixture, fit_mixtures, select
from ..presets import fill_from_preset
from .gmm_teacher import GMMTeacher

FloatArray = NDArray[np.float64]

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"fit_rate": 250, "random_task_ratio": 0.2, "ks": range(2, 11)},
    "teachmyagent": {"fit_rate": 150, "random_task_ratio": 0.1, "ks": range(2, 15)},
}
"""Portelas et al. 2019, and what Romac et al. 2021 found by a grid search on their Stump Tracks."""

_ROUNDING = 1e-9
"""A smaller correlation of time and return is taken for rounding error."""


class CovarGMM(GMMTeacher):
    """Draws tasks from Gaussians in proportion to the covariance of time and return in each.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        preset: Whose hyperparameters stand where none is given: ``"paper"`` (250 episodes, 0.2, k of 2 to 10) or
            ``"teachmyagent"`` (150 episodes, 0.1, k of 2 to 14).
        fit_rate: Episodes between two fits of the mixture, and the number of latest episodes it is fitted to (N).
        random_task_ratio: Share of tasks drawn uniformly, between 0 and 1.
        ks: Numbers of components to try.
        absolute_lp: Take the absolute covariance, so that tasks the student unlearns are practised too.
        criterion: How the number of components is chosen: ``"aic"``, ``"bic"`` or ``"aicc"``.
        n_bootstrap: Episodes before the first fit; ``fit_rate`` by default.
        expert: What a human knows (or a mapping of its attributes); tasks are drawn from its initial distribution
            until the first fit.
        bootstrap_mean: Mean of the Gaussian from which tasks are drawn until the first fit, in task units, shape
            ``(d,)``; it overrides ``expert``. Without either, these tasks are uniform.
        bootstrap_std: Its standard deviation, in task units, a scalar or shape ``(d,)``; a tenth of the range by
            default.
        return_bounds: ``(low, high)``: returns are clipped to this interval and mapped to [0, 1] first, as the
            authors did with (−150, 350). By default they are taken as they are, and a fit divides them by the range
            seen so far.
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
        >>> teacher = CovarGMM(TaskSpace(x=(0.0, 1.0)), seed=0, fit_rate=50, ks=[1, 2, 3])
        >>> for episode in range(200):  # returns grow above 0.5 only
        ...     tasks = teacher.sample()
        ...     returns = np.where(tasks.values[:, 0] > 0.5, episode, 0.0)
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=[1]))
        >>> bool(teacher.density([[0.75]]) > teacher.density([[0.25]]))
        True
    """

    _n_columns = 2
    _growth = 12.0  # were it linear

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        preset: Literal["paper", "teachmyagent"] = "paper",
        fit_rate: int | None = None,
        random_task_ratio: float | None = None,
        ks: Sequence[int] | None = None,
        absolute_lp: bool = False,
        criterion: str = "aic",
        n_bootstrap: int | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        bootstrap_mean: ArrayLike | None = None,
        bootstrap_std: ArrayLike | None = None,
        return_bounds: tuple[float, float] | None = None,
        n_em_init: int = 1,
        warm_start: bool = False,
        reg_covar: float = 1e-6,
        backend: str = "numba",
        device: str = "cpu",
        compat: Literal["portelas2019"] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        self.absolute_lp = bool(absolute_lp)
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

    def _describe(self, points: FloatArray, returns: FloatArray) -> FloatArray:
        """Time, 0, 1/N, …, (N − 1)/N within the window of a fit, and return (section 3, Covar-GMM)."""
        columns = np.empty((len(returns), 2))
        columns[:, 0] = (np.arange(self._count, self._count + len(returns)) % self.fit_rate) / self.fit_rate
        columns[:, 1] = returns
        return columns

    def _fit(self, window: FloatArray, settings: Mapping[str, Any]) -> tuple[list[Mixture], Mixture]:
        """Fit a mixture for each k and keep the one of the lowest criterion, as ALP-GMM does."""
        fitted = fit_mixtures(window, self.ks, **settings)
        return fitted, select(fitted, self.fit_rate, self.criterion)

    def _progress(self, mixture: Mixture) -> FloatArray:
        """The positive (or absolute) part of Cov[time, return] in each component (section 3, Covar-GMM)."""
        covariance: FloatArray = mixture.covariances[:, -2, -1]
        spread = np.sqrt(mixture.covariances[:, -2, -2]) * np.sqrt(mixture.covariances[:, -1, -1])
        progress: FloatArray = np.abs(covariance) if self.absolute_lp else np.maximum(covariance, 0.0)
        return np.where(progress > _ROUNDING * spread, progress, 0.0)

    def metrics(self) -> dict[str, float]:
        """Return k, the mean return of the window, how many components progress and how much, ….

        ``growing`` counts the components that can be drawn; ``max_component_growth`` is twelve times the highest
        covariance: the growth of the return from the begin to the end of the window, were it linear.
        """
        filled = self._window[: min(self._count, self.fit_rate), -1]
        progress = self._progress(self._mixture) if self._mixture else np.zeros(1)
        return {
            **super().metrics(),
            "mean_return": float(filled.mean()) if len(filled) else 0.0,
            "growing": float(np.count_nonzero(progress)),
            "max_component_growth": 12.0 * float(progress.max()),
        }

    def _identity(self) -> dict[str, Any]:
        return {**super()._identity(), "absolute_lp": self.absolute_lp}
