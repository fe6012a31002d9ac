"""RIAC: tasks from boxes that are cut where learning progress differs.

Robust Intelligent Adaptive Curiosity: Baranes and Oudeyer (2009), "R-IAC: robust intrinsically motivated exploration
and active learning", in the form for tasks of Portelas, Colas, Hofmann, Oudeyer (2019), "Teacher algorithms for
curriculum learning of Deep RL in continuously parameterized environments", section 3 and appendix. The task space is
cut into boxes: as soon as a leaf holds more than ``max_region_size`` episodes it is cut in two where the absolute
learning progress (ALP) of its halves differs most. Boxes are drawn in proportion to their ALP, tasks uniformly within.

What differs from the authors' code (``compat="portelas2019"`` gives theirs for the first four):

- The score of a cut weighs the difference in progress by the numbers of episodes on both sides, as the paper has it;
  theirs takes the length of a list of two, always 4, for these numbers.
- The children of a cut have the progress of the cut that was made, not of the last one that was tried.
- A mutated task moves by a share of each dimension's range, not by 0.1 whatever the unit.
- A task on a cut lies in one leaf, not in two.
- A region that could not be split stays bounded; the search for a split ends, whatever the tasks; an update touches the
  regions that the task lies in, not all; float64 tasks are not lost; 0 is a seed like any other.
- Dimensions with low == high are never cut; integers and categories are cut between two values.
- Progress that is rounding error counts as none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ..hyperparameters import real, whole
from ..kernels.region_tree import RegionTree
from ..presets import fill_from_preset
from ..state_checks import counter
from ..teacher import Teacher

FloatArray = NDArray[np.float64]

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"max_region_size": 200, "n_split_attempts": 50, "min_dims_range_ratio": 1 / 15},
    "teachmyagent": {"max_region_size": 150, "n_split_attempts": 75, "min_dims_range_ratio": 0.1},
}
"""Portelas et al. 2019, and what Romac et al. 2021 found by a grid search on their Stump Tracks."""

_INSET = 1e-6
"""A mutated task keeps this share of the region's width away from its faces, so that it lies inside after rounding."""

_COMPATIBLE_INSET = 1e-5
"""The authors' distance, in task units."""

_LARGEST_RETURN = 1e50
"""Larger returns are clipped, so that sums of them stay finite."""


class RIAC(Teacher):
    """Draws boxes in proportion to their absolute learning progress, and tasks uniformly within them.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        preset: Whose hyperparameters stand where none is given: ``"paper"`` (200 episodes, 50 attempts, a fifteenth of
            the range) or ``"teachmyagent"`` (150 episodes, 75 attempts, a tenth).
        max_region_size: A leaf with one episode more is split.
        alp_window: Latest episodes of a region that count for its progress, at least 2; ``max_region_size`` by default.
        n_split_attempts: Random cuts to choose from.
        min_region_size: Least episodes on each side of a cut; a twentieth of ``max_region_size`` by default.
        min_dims_range_ratio: Least width of a region, as a share of the dimension's range, between 0 and 0.5.
        discard_ratio: Share of ``max_region_size`` that a leaf forgets, the oldest first, where no cut is valid.
        mutation_ratio: Share of tasks that vary the task of the lowest return in a region.
        random_task_ratio: Share of tasks drawn uniformly.
        mutation_std: Standard deviation of the variation, as a share of each dimension's range (in task units with
            ``compat``).
        leaves_only: Draw leaves only, instead of regions of all sizes.
        compat: ``"portelas2019"`` for the authors' literal algorithm.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter that is no number.
        ValueError: A hyperparameter out of range, or ones with which no region could ever be split.

    Example:
        >>> import numpy as np
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = RIAC(TaskSpace(x=(0.0, 1.0)), seed=0, max_region_size=40)
        >>> for episode in range(400):  # progress is made above 0.5 only
        ...     tasks = teacher.sample()
        ...     returns = np.where(tasks.values[:, 0] > 0.5, episode, 0.0)
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=[1]))
        >>> bool(teacher.density([[0.75]]) > teacher.density([[0.25]]))
        True
    """

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        preset: Literal["paper", "teachmyagent"] = "paper",
        max_region_size: int | None = None,
        alp_window: int | None = None,
        n_split_attempts: int | None = None,
        min_region_size: int | None = None,
        min_dims_range_ratio: float | None = None,
        discard_ratio: float = 0.25,
        mutation_ratio: float = 0.1,
        random_task_ratio: float = 0.2,
        mutation_std: float = 0.1,
        leaves_only: bool = False,
        compat: Literal["portelas2019"] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        chosen = fill_from_preset(
            PRESETS,
            preset,
            max_region_size=max_region_size,
            n_split_attempts=n_split_attempts,
            min_dims_range_ratio=min_dims_range_ratio,
        )
        self.max_region_size = whole("max_region_size", chosen["max_region_size"], 3)
        self.n_split_attempts = whole("n_split_attempts", chosen["n_split_attempts"], 1)
        self.min_dims_range_ratio = real("min_dims_range_ratio", chosen["min_dims_range_ratio"])
        self.alp_window = self.max_region_size if alp_window is None else whole("alp_window", alp_window)
        self.min_region_size = (
            max(1, math.ceil(self.max_region_size / 20))
            if min_region_size is None
            else whole("min_region_size", min_region_size)
        )
        self.discard_ratio = real("discard_ratio", discard_ratio)
        self.mutation_ratio = real("mutation_ratio", mutation_ratio)
        self.random_task_ratio = real("random_task_ratio", random_task_ratio)
        self.mutation_std = real("mutation_std", mutation_std)
        self.leaves_only = bool(leaves_only)
        self.compat = compat
        self._check_hyperparameters()
        self._free = ~task_space.fixed
        if not self._free.any():
            self._free[0] = True
        self._all_free = bool(self._free.all())
        width = (task_space.high - task_space.low + task_space.discrete)[self._free]
        self._raw_unit = 1.0 / np.where(width > 0.0, width, 1.0)  # one task unit, in the unit cube
        self._tree = RegionTree(
            len(width),
            size=self.max_region_size + 1,
            window=self.alp_window,
            levels=np.where(task_space.discrete[self._free], width, 0.0),
            closed=compat is not None,
        )
        self._n_failed = 0
        self._cumulative: FloatArray | None = None

    def _check_hyperparameters(self) -> None:
        if self.alp_window < 2:
            raise ValueError(f"alp_window must be at least 2 episodes, an old and a new one; got {self.alp_window}.")
        if not 1 <= self.min_region_size <= (self.max_region_size + 1) // 2:
            raise ValueError(
                f"min_region_size must lie between 1 and half of max_region_size={self.max_region_size}, or no region "
                f"could be split; got {self.min_region_size}."
            )
        if not 0.0 <= self.min_dims_range_ratio <= 0.5:
            raise ValueError(
                "min_dims_range_ratio must lie between 0 and 0.5, above which no region could be split; "
                f"got {self.min_dims_range_ratio}."
            )
        if not 0.0 < self.discard_ratio <= 1.0:
            raise ValueError(f"discard_ratio must be above 0 and at most 1, got {self.discard_ratio}.")
        for name in ("mutation_ratio", "random_task_ratio"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}.")
        if self.mutation_ratio + self.random_task_ratio > 1.0 + 1e-12:
            raise ValueError(
                "mutation_ratio and random_task_ratio must not exceed 1 together, "
                f"got {self.mutation_ratio} and {self.random_task_ratio}."
            )
        if not (math.isfinite(self.mutation_std) and self.mutation_std >= 0.0):
            raise ValueError(f"mutation_std must be finite and at least 0, got {self.mutation_std}.")
        if self.compat not in (None, "portelas2019"):
            raise ValueError(unknown_name("compat", self.compat, ["portelas2019"]))

    # --- Sampling (Portelas et al. 2019, appendix on RIAC: three modes) --------------------------------------------

    def _sample(self, n: int) -> FloatArray:
        d = self._tree.dimension
        uniform = self.rng.random((n, 2 + d))
        mode, points = uniform[:, 0], uniform[:, 2:]  # mode 2, 20 %: uniform over the root, which is the unit cube
        mutating = mode < self.mutation_ratio
        within = mutating | (mode >= self.mutation_ratio + self.random_task_ratio)
        if self._cumulative is None:
            self._cumulative = np.cumsum(self._shares())
        regions = self._cumulative.searchsorted(uniform[:, 1] * self._cumulative[-1], side="right")
        regions = np.minimum(regions, self._tree.n_regions - 1)
        low, high = self._tree.low[regions], self._tree.high[regions]
        # Mode 1, 70 %: a region in proportion to its ALP, a task uniformly in it.
        points = np.where(within[:, None], low + points * (high - low), points)
        if mutating.any():
            # Mode 3, 10 %: the task of the lowest return in such a region, plus Gaussian noise, kept in the region.
            worst, known = self._tree.worst(regions[mutating])
            noise = self.rng.standard_normal(worst.shape) * self.mutation_std
            low, high = low[mutating], high[mutating]
            if self.compat:
                noise, inset = noise * self._raw_unit, np.minimum(_COMPATIBLE_INSET * self._raw_unit, (high - low) / 2)
            else:
                inset = _INSET * (high - low)
            moved = np.minimum(np.maximum(worst + noise, low + inset), high - inset)
            points[mutating] = np.where(known[:, None], moved, points[mutating])
        return self._to_tasks(points)

    def _shares(self) -> FloatArray:
        """Probability of each region ∝ its ALP; all alike where no region progresses."""
        weights = np.where(self._tree.is_leaf, self._tree.alps, 0.0) if self.leaves_only else self._tree.alps
        total = weights.sum()
        if total <= 0.0:
            weights = self._tree.is_leaf.astype(np.float64) if self.leaves_only else np.ones(self._tree.n_regions)
            total = weights.sum()
        shares: FloatArray = weights / total
        return shares

    def _to_points(self, tasks: FloatArray) -> FloatArray:
        unit = self.task_space.to_unit(tasks)
        return np.ascontiguousarray(unit if self._all_free else unit[:, self._free])

    def _to_tasks(self, points: FloatArray) -> FloatArray:
        if self._all_free:
            return self.task_space.from_unit(points)
        unit = np.full((len(points), self.task_space.n_dims), 0.5)
        unit[:, self._free] = points
        return self.task_space.from_unit(unit)

    # --- Learning (appendix on RIAC: insertion, split or discard) --------------------------------------------------

    def _update(self, outcomes: Outcomes) -> None:
        points = self._to_points(outcomes.tasks)
        returns = np.minimum(np.maximum(outcomes.returns, -_LARGEST_RETURN), _LARGEST_RETURN)
        done = 0
        while done < len(returns):
            done, full = self._tree.insert(points, returns, done)
            for leaf in full:
                draws = self.rng.random((self.n_split_attempts, 2))
                if not self._tree.split(
                    leaf, draws, min_size=self.min_region_size, min_width=self.min_dims_range_ratio
                ):
                    self._n_failed += 1
                    self._tree.discard(leaf, max(1, int(self.max_region_size * self.discard_ratio)))
        self._cumulative = None

    # --- What it shows -------------------------------------------------------------------------------------------

    def regions(self) -> dict[str, NDArray[Any]]:
        """Return the boxes, in the order in which they came to be: the root first.

        Returns:
            ``low`` and ``high``, the corners in the unit cube, shape (n, d), over the dimensions with low < high;
            ``alp``, absolute learning progress in units of the return, ``leaf`` and ``episodes``, the number of
            episodes remembered, shape (n,). Copies.
        """
        tree = self._tree
        return {
            "low": tree.low.copy(),
            "high": tree.high.copy(),
            "alp": tree.alps.copy(),
            "leaf": tree.is_leaf,
            "episodes": tree.counts.copy(),
        }

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the density of the mode that draws regions by their progress; None before the first split."""
        if self._tree.n_regions == 1:
            return None
        points = self._to_points(np.atleast_2d(self.task_space.validate(tasks)))
        return self._tree.density(self._shares(), points)

    def metrics(self) -> dict[str, float]:
        """Return the number of regions, of leaves and of failed splits, and the mean and highest ALP of a region."""
        tree = self._tree
        return {
            **super().metrics(),
            "regions": float(tree.n_regions),
            "leaves": float(np.count_nonzero(tree.is_leaf)),
            "failed_splits": float(self._n_failed),
            "mean_region_alp": float(tree.alps.mean()),
            "max_region_alp": float(tree.alps.max()),
        }

    # --- State ---------------------------------------------------------------------------------------------------

    def _identity(self) -> dict[str, Any]:
        """Return the hyperparameters that a state must agree on with the teacher that loads it."""
        names = (
            "max_region_size",
            "alp_window",
            "n_split_attempts",
            "min_region_size",
            "min_dims_range_ratio",
            "discard_ratio",
            "mutation_ratio",
            "random_task_ratio",
            "mutation_std",
            "leaves_only",
            "compat",
        )
        return {name: getattr(self, name) for name in names}

    def _get_state(self) -> dict[str, Any]:
        return {"hyperparameters": self._identity(), "tree": self._tree.state_dict(), "failed_splits": self._n_failed}

    def _set_state(self, state: Mapping[str, Any]) -> None:
        for name, mine in self._identity().items():
            theirs = state["hyperparameters"][name]
            if theirs != mine:
                raise ValueError(f"It was saved with {name}={theirs!r}, this teacher has {name}={mine!r}.")
        failed = counter(state, "failed_splits")
        self._tree.load_state_dict(state["tree"])
        self._n_failed = failed
        self._cumulative = None
