"""How difficult a task is before anyone has tried it: along dimensions with an easy and a hard end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from .regions import Regions, regions_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Difficulty = Callable[[FloatArray], ArrayLike]

_SENSES = {"up": 1, "down": -1, 1: 1, -1: -1}
_SMALLEST_WAY = 0.05
"""By so much of its range a dimension must differ between the easy and the hard end to count."""
_N_POINTS = 4096
_MOST_DRAWS = 10_000


class Directed:
    """The mean of some dimensions in the unit cube, each from its easy to its hard end.

    Args:
        space: The tasks.
        directions: 1 for a dimension that gets harder upwards, −1 downwards, 0 for one that does not count,
            shape ``(d,)``.

    Example:
        >>> Directed(TaskSpace(height=(0.0, 2.0), width=(0.0, 1.0)), [1, -1])([[2.0, 1.0], [2.0, 0.0]]).tolist()
        [0.5, 1.0]
    """

    def __init__(self, space: TaskSpace, directions: ArrayLike) -> None:
        self.space = space
        self.directions = np.asarray(directions, dtype=np.int64)
        self.used: BoolArray = self.directions != 0

    def __call__(self, tasks: ArrayLike) -> FloatArray:
        """See the base class."""
        unit = np.atleast_2d(self.space.to_unit(tasks))
        if not self.used.any():
            return np.zeros(len(unit))
        directed = np.where(self.directions < 0, 1.0 - unit, unit)[:, self.used]
        result: FloatArray = directed.mean(axis=1)
        return result


def difficulty_of(space: TaskSpace, spec: Any, expert: ExpertKnowledge) -> Difficulty:
    """Return what tells how difficult tasks are.

    Args:
        space: The tasks.
        spec: A function of tasks of shape ``(n, d)``; a mapping from dimensions to ``"up"`` or ``"down"``, where they
            get harder; or None: from the expert's initial to its target tasks, away from the initial ones where there
            is no target, and without an expert upwards along the first dimension that varies and has an order.
        expert: What is known beforehand.

    Raises:
        TypeError: Something else.
        ValueError: An unknown dimension or direction.

    Example:
        >>> space = TaskSpace(terrain=["grass", "ice"], height=(0.0, 2.0))
        >>> difficulty_of(space, None, ExpertKnowledge())([[0, 0.5], [1, 0.5]]).tolist()
        [0.25, 0.25]
    """
    if callable(spec):
        return spec  # type: ignore[no-any-return]
    if isinstance(spec, Mapping):
        directions = np.zeros(space.n_dims)
        for name, sense in spec.items():
            if name not in space.names:
                raise ValueError(unknown_name("dimension of the difficulty", name, space.names))
            if sense not in _SENSES:
                raise ValueError(f"The difficulty of {name} must be 'up' or 'down', got {sense!r}.")
            directions[space.names.index(str(name))] = _SENSES[sense]
        return Directed(space, directions)
    if spec is not None:
        raise TypeError(f"difficulty must be a function of tasks or a mapping from dimensions, got {spec!r}.")
    easy, hard = expert.initial(space), expert.target(space)
    if easy is not None:
        start = space.to_unit(easy[0])
        way = 0.5 - start if hard is None else space.to_unit(hard[0]) - start
        directions = np.where(np.abs(way) > _SMALLEST_WAY, np.sign(way), 0.0)
        if directions.any():
            return Directed(space, directions)
    directions = np.zeros(space.n_dims)
    free = np.flatnonzero(~space.fixed)
    ordered = [i for i in free if space.kinds[i] != "categorical"]
    if len(free):
        directions[ordered[0] if ordered else free[0]] = 1.0
    return Directed(space, directions)


class Bands:
    """Parts of a space by difficulty, about equally large, from easy to hard; like `Regions`.

    Args:
        space: The tasks.
        difficulty: How difficult they are.
        n: How many parts; fewer where there are not as many different difficulties.

    Example:
        >>> space = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
        >>> bands = Bands(space, Directed(space, [1, 1]), 3)
        >>> bands.contains([[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]).astype(int).tolist()
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    """

    def __init__(self, space: TaskSpace, difficulty: Difficulty, n: int) -> None:
        self.space, self.difficulty = space, difficulty
        level = self._levels(space.sample(_N_POINTS, np.random.default_rng(0)))
        cuts = np.unique(np.quantile(level, np.arange(1, n) / n)) if n > 1 else np.empty(0)
        share = np.bincount(np.searchsorted(cuts, level, side="right"), minlength=len(cuts) + 1) / len(level)
        self._cuts = cuts[share[:-1] > 0.0] if len(cuts) else cuts
        if len(self._cuts) and share[-1] == 0.0:
            self._cuts = self._cuts[:-1]
        place = np.searchsorted(self._cuts, level, side="right")
        self.volumes: FloatArray = np.bincount(place, minlength=len(self._cuts) + 1) / len(level)
        self.names = [str(i) for i in range(len(self.volumes))]

    def __len__(self) -> int:
        return len(self.names)

    def _levels(self, tasks: FloatArray) -> FloatArray:
        level = np.asarray(self.difficulty(tasks), dtype=np.float64)
        if level.shape != (len(tasks),) or not np.isfinite(level).all():
            raise ValueError(f"difficulty must return a finite number for each of {len(tasks)} tasks, got {level!r}.")
        return level

    def contains(self, tasks: ArrayLike) -> BoolArray:
        """Tell for each task in which band it lies, shape ``(n, K)``."""
        rows = np.atleast_2d(np.asarray(tasks, dtype=np.float64))
        rows = np.minimum(np.maximum(rows, self.space.low), self.space.high)
        place = np.searchsorted(self._cuts, self._levels(rows), side="right")
        inside: BoolArray = place[:, None] == np.arange(len(self))
        return inside

    def sample(self, which: IntArray, rng: np.random.Generator) -> FloatArray:
        """Draw a task uniformly from each band named, shape ``(n, d)``."""
        rows = np.empty((len(which), self.space.n_dims))
        for band in np.unique(which).tolist():
            places = np.flatnonzero(which == band)
            for _ in range(_MOST_DRAWS):
                drawn = self.space.sample(8 + 2 * len(self) * len(places), rng)
                fits = drawn[self.contains(drawn)[:, band]][: len(places)]
                rows[places[: len(fits)]] = fits
                places = places[len(fits) :]
                if not len(places):
                    break
            else:
                raise ValueError(f"No task of band {band} was found in {_MOST_DRAWS:,} draws.")
        return rows

    def density(self, tasks: ArrayLike, probabilities: FloatArray) -> FloatArray | None:
        """Return the density of tasks drawn so, relative to uniform."""
        result: FloatArray = self.contains(tasks) @ (probabilities / self.volumes)
        return result


def stages_by_difficulty(space: TaskSpace, difficulty: Difficulty, n: int) -> Regions | Bands:
    """Divide a space into parts from easy to hard: bins of one dimension where only one counts, else bands.

    Example:
        >>> space = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
        >>> stages_by_difficulty(space, Directed(space, [0, -1]), 2).names
        ['y=0.5..1', 'y=0..0.5']
    """
    if isinstance(difficulty, Directed):
        used = np.flatnonzero(difficulty.used)
        if not len(used):
            return regions_of(space, 1, "stages")
        if len(used) == 1:
            bins = regions_of(space, {space.names[used[0]]: n}, "stages")
            order = slice(None, None, int(difficulty.directions[used[0]]))
            return Regions(space, bins.low[order], bins.high[order], bins.names[order])
    return Bands(space, difficulty, n)
