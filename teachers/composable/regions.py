"""Parts of a task space: single tasks, bins of dimensions, or boxes; the arms of a bandit, the stages of a ladder."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...dimension import Dimension
from ...errors import unknown_name
from ...spaces import TaskSpace

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

AUTO_REGIONS = 25
"""At most so many where nobody says how many, and at most ten bins of a dimension."""
_AUTO_BINS = 10
MOST_REGIONS = 10_000
_BLOCK = 4096


class Regions:
    """Boxes in a task space, with bounds in task units; discrete dimensions include both bounds.

    Args:
        space: The tasks.
        low: Lower bounds, shape ``(K, d)``.
        high: Upper bounds, shape ``(K, d)``; where they equal the lower ones, the dimension is fixed there.
        names: A name for each.

    Raises:
        ValueError: No region, or bounds outside the space or the wrong way round.

    Example:
        >>> regions = regions_of(TaskSpace(x=(0.0, 1.0), terrain=["grass", "ice"]), {"terrain": ["grass", "ice"]})
        >>> regions.names, regions.contains([[0.3, 1.0]]).tolist()
        (['terrain=grass', 'terrain=ice'], [[False, True]])
    """

    def __init__(self, space: TaskSpace, low: ArrayLike, high: ArrayLike, names: Sequence[str]) -> None:
        self.space = space
        self.low, self.high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        self.names = [str(name) for name in names]
        if not len(self.names):
            raise ValueError("Expected at least one region of the task space, got none.")
        if len(self.names) > MOST_REGIONS:
            raise ValueError(f"{len(self.names)} regions are too many (limit {MOST_REGIONS:,}).")
        for bounds in (self.low, self.high):
            space.validate(bounds)
        if (self.low > self.high).any():
            raise ValueError("A region's lower bounds must not exceed its upper ones.")
        free = ~space.fixed
        width = np.where(space.discrete, self.high - self.low + 1.0, self.high - self.low)[:, free]
        full = np.where(space.discrete, space.high - space.low + 1.0, space.high - space.low)[free]
        self.volumes: FloatArray = np.prod(width / full, axis=1)
        # A region's upper bound belongs to the next one, unless there is none or the region is a single value.
        self._closed = space.discrete | (self.high >= space.high) | (self.high == self.low)

    def __len__(self) -> int:
        return len(self.names)

    def sample(self, which: IntArray, rng: np.random.Generator) -> FloatArray:
        """Draw a task uniformly from each region named, shape ``(n, d)``."""
        low, high, space = self.low[which], self.high[which], self.space
        chance = rng.random(low.shape)
        rows = low + chance * (high - low + space.discrete)
        rows = np.where(space.discrete, np.floor(rows), rows)
        return np.minimum(np.maximum(rows, low), high)

    def contains(self, tasks: ArrayLike) -> BoolArray:
        """Tell for each task in which regions it lies, shape ``(n, K)``."""
        rows = np.atleast_2d(np.asarray(tasks, dtype=np.float64))
        rows = np.minimum(np.maximum(rows, self.space.low), self.space.high)
        result = np.empty((len(rows), len(self)), dtype=np.bool_)
        slack = np.where(self.high == self.low, self.space.tolerance, 0.0)  # around a single value
        for begin in range(0, len(rows), _BLOCK):
            x = rows[begin : begin + _BLOCK, None]
            below = np.where(self._closed, x <= self.high + slack, x < self.high)
            result[begin : begin + _BLOCK] = ((x >= self.low - slack) & below).all(axis=2)
        return result

    def density(self, tasks: ArrayLike, probabilities: FloatArray) -> FloatArray | None:
        """Return the density of tasks drawn so, relative to uniform; None where a region has no volume."""
        if (self.volumes == 0.0).any():
            return None
        result: FloatArray = self.contains(tasks) @ (probabilities / self.volumes)
        return result


def regions_of(space: TaskSpace, spec: Any = None, what: str = "arms") -> Regions:
    """Build regions from plain data.

    Args:
        space: The tasks.
        spec: None for bins of all dimensions, at most 25 in all; a number of bins of each dimension; a mapping from
            dimensions to a number of bins or a list of values or pairs of bounds (other dimensions are not divided); a
            list of regions, each a task (a row) or a mapping from dimensions to a value or a pair of bounds (other
            dimensions are free); or a mapping from names to such regions.
        what: What the regions are, for messages.

    Raises:
        TypeError: Data of another form.
        ValueError: No region, too many, an unknown dimension, or bounds outside the space.

    Example:
        >>> regions_of(TaskSpace(x=(0.0, 1.0)), 4).names
        ['x=0..0.25', 'x=0.25..0.5', 'x=0.5..0.75', 'x=0.75..1']
        >>> regions_of(TaskSpace(x=(0.0, 1.0), k=range(3)), [{"k": 2}, {"x": [0.0, 0.5]}, [0.25, 1]]).low.tolist()
        [[0.0, 2.0], [0.0, 0.0], [0.25, 1.0]]
    """
    if isinstance(spec, Regions):
        return spec
    if spec is None or (isinstance(spec, (int, np.integer)) and not isinstance(spec, bool)):
        return _product(space, _bins(space, None if spec is None else int(spec), what))
    if isinstance(spec, Mapping):
        if not spec:
            raise ValueError(f"{what}: expected at least one, got none.")
        if set(map(str, spec)) <= set(space.names) and not any(isinstance(v, Mapping) for v in spec.values()):
            return _product(space, {str(name): _options(space, str(name), value, what) for name, value in spec.items()})
        names = [str(name) for name in spec]
        boxes = [_box(space, region, what) for region in spec.values()]
    elif isinstance(spec, (list, tuple, np.ndarray)):
        if not len(spec):
            raise ValueError(f"{what}: expected at least one, got none.")
        boxes = [_box(space, region, what) for region in spec]
        names = [_name(space, low, high) for low, high in boxes]
    else:
        raise TypeError(f"{what}: expected a number of bins, a list of regions or a mapping, got {spec!r}.")
    return Regions(space, [low for low, _ in boxes], [high for _, high in boxes], names)


def _bins(space: TaskSpace, n: int | None, what: str) -> dict[str, list[tuple[float, float]]]:
    if n is not None and n < 1:
        raise ValueError(f"{what}: expected at least one bin of each dimension, got {n}.")
    free = [dim for dim, fixed in zip(space.dimensions, space.fixed, strict=True) if not fixed]
    counts = dict.fromkeys([dim.name for dim in free], 1)
    if n is not None:
        counts = {dim.name: int(min(n, dim.size)) for dim in free}
        if (total := math.prod(counts.values())) > MOST_REGIONS:
            raise ValueError(f"{what}: {n} bins of each dimension are {total:.3g} regions (limit {MOST_REGIONS:,}).")
    else:
        # One more bin for one dimension after the other, while there are few enough.
        growing = True
        while growing:
            growing = False
            for dim in free:
                more = {**counts, dim.name: counts[dim.name] + 1}
                if more[dim.name] <= min(_AUTO_BINS, dim.size) and math.prod(more.values()) <= AUTO_REGIONS:
                    counts, growing = more, True
    return {dim.name: _edges(dim, counts[dim.name]) for dim in free}


def _edges(dim: Dimension, n: int) -> list[tuple[float, float]]:
    if dim.kind == "continuous":
        edges = np.linspace(dim.low, dim.high, n + 1).tolist()
        return list(itertools.pairwise(edges))
    borders = [dim.low + math.floor(i * dim.size / n + 0.5) for i in range(n + 1)]
    return [(first, after - 1.0) for first, after in itertools.pairwise(borders)]


def _options(space: TaskSpace, name: str, value: Any, what: str) -> list[tuple[float, float]]:
    dim = space.dimensions[space.names.index(name)]
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        if value < 1:
            raise ValueError(f"{what}: expected at least one bin of {name}, got {value}.")
        return _edges(dim, int(min(value, dim.size)))
    if not isinstance(value, (list, tuple, np.ndarray)) or not len(value):
        raise ValueError(f"{what}: expected a number of bins of {name} or a list of its values, got {value!r}.")
    return [_bounds(dim, option, what) for option in value]


def _product(space: TaskSpace, options: Mapping[str, list[tuple[float, float]]]) -> Regions:
    if (total := math.prod(len(each) for each in options.values())) > MOST_REGIONS:
        raise ValueError(f"{total:.3g} regions are too many (limit {MOST_REGIONS:,}).")
    low, high, names = [], [], []
    for chosen in itertools.product(*options.values()):
        bottom, top = space.low.copy(), space.high.copy()
        for name, (first, last) in zip(options, chosen, strict=True):
            i = space.names.index(name)
            bottom[i], top[i] = first, last
        low.append(bottom)
        high.append(top)
        names.append(_name(space, bottom, top))
    return Regions(space, low, high, names)


def _box(space: TaskSpace, region: Any, what: str) -> tuple[FloatArray, FloatArray]:
    if not isinstance(region, Mapping):
        row = space.validate(region)
        if row.ndim != 1:
            raise ValueError(f"{what}: expected each to be one task or a mapping, got {region!r}.")
        return row, row.copy()
    low, high = space.low.copy(), space.high.copy()
    for name, value in region.items():
        if name not in space.names:
            raise ValueError(unknown_name(f"dimension in {what}", name, space.names))
        i = space.names.index(name)
        low[i], high[i] = _bounds(space.dimensions[i], value, what)
    return low, high


def _bounds(dim: Dimension, value: Any, what: str) -> tuple[float, float]:
    if isinstance(value, (list, tuple, np.ndarray)):
        if len(value) != 2:
            raise ValueError(f"{what}: {dim.name} must be a value or a pair of bounds, got {value!r}.")
        return _value(dim, value[0], what), _value(dim, value[1], what)
    number = _value(dim, value, what)
    return number, number


def _value(dim: Dimension, value: Any, what: str) -> float:
    if dim.kind == "categorical" and value in dim.categories:
        return float(dim.categories.index(value))
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        known = f"one of {list(dim.categories)}" if dim.kind == "categorical" else "a number"
        raise ValueError(f"{what}: {dim.name} must be {known}, got {value!r}.") from error


def _name(space: TaskSpace, low: FloatArray, high: FloatArray) -> str:
    parts = []
    for dim, first, last in zip(space.dimensions, low, high, strict=True):
        if dim.low == dim.high or (first == dim.low and last == dim.high):
            continue
        one, other = (str(dim.categories[int(v)]) if dim.kind == "categorical" else f"{v:.6g}" for v in (first, last))
        parts.append(f"{dim.name}={one}" if first == last else f"{dim.name}={one}..{other}")
    return ", ".join(parts) or "all tasks"
