"""The task space: the named parameters of an environment that a teacher chooses.

A task is a float64 row with one entry for each dimension; a batch of tasks is an array of shape ``(n, d)``. Integer
dimensions hold whole numbers, categorical dimensions hold the index of the category. Distances between tasks are
measured in the unit cube, where every dimension has the same weight whatever its range.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .dimension import Dimension as Dimension
from .dimension import Kind
from .gym_spaces import dimensions_from_gym, dimensions_to_gym

FloatArray = NDArray[np.float64]

_FLOAT = np.dtype(np.float64)

_TOLERANCE = 1e-6
"""A task may lie outside its bounds by this share of the range (a trip through float32 costs that much)."""

_ROUNDING = 2.0**-24
"""… and by this share of the value, which is what float32 rounds off where the range is far from zero or empty."""

MAX_ENUMERATION = 10_000_000

_FEW = 16
"""Up to so many dimensions, a loop over the numbers of one task is quicker than NumPy."""


class TaskSpace:
    """The tasks of an environment: named dimensions, each continuous, integer or categorical, with bounds.

    Args:
        dimensions: A mapping from names to specifications, for names that are no Python identifiers. A specification
            is ``(low, high)`` for a continuous dimension, a ``range`` for an integer one and a list for a categorical
            one. ``low == high`` is legal.
        **named: The same as keywords.

    Raises:
        ValueError: No dimension, a name given twice, bounds the wrong way round or not finite.
        TypeError: A specification that is none of the above.

    Example:
        >>> space = TaskSpace(stump_height=(0.0, 3.0), rooms=range(2, 7), terrain=["grass", "ice"])
        >>> space.n_dims
        3
        >>> space.to_dict([1.5, 4, 1])
        {'stump_height': 1.5, 'rooms': 4, 'terrain': 'ice'}
        >>> space.to_unit([1.5, 4, 1]).tolist()
        [0.5, 0.5, 0.75]
        >>> space.contains([[1.5, 4, 1], [9.0, 4, 1]]).tolist()
        [True, False]
    """

    def __init__(self, dimensions: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        specs: dict[str, Any] = {}
        for name, spec in (*dict(dimensions or {}).items(), *named.items()):
            if str(name) in specs:
                raise ValueError(f"Dimension {str(name)!r} is given twice.")
            specs[str(name)] = spec
        if not specs:
            raise ValueError("A task space needs at least one dimension, e.g. TaskSpace(stump_height=(0.0, 3.0)).")
        self.dimensions: tuple[Dimension, ...] = tuple(Dimension.parse(k, v) for k, v in specs.items())
        self._gym_space: Any = None
        self._setup()

    def _setup(self) -> None:
        self._n_dims = len(self.dimensions)
        self.low: FloatArray = np.array([dim.low for dim in self.dimensions], dtype=np.float64)
        self.high: FloatArray = np.array([dim.high for dim in self.dimensions], dtype=np.float64)
        self.discrete: NDArray[np.bool_] = np.array([dim.kind != "continuous" for dim in self.dimensions])
        self.low.flags.writeable = self.high.flags.writeable = self.discrete.flags.writeable = False
        self._any_discrete = bool(self.discrete.any())
        # An integer v of [low, high] is the middle of its cell of the unit interval, (v − low + ½) / (high − low + 1).
        self._offset = np.where(self.discrete, self.low - 0.5, self.low)
        width = np.where(self.discrete, self.high - self.low + 1.0, self.high - self.low)
        self.fixed: NDArray[np.bool_] = self.low == self.high
        self.fixed.flags.writeable = False
        self._any_fixed = bool(self.fixed.any())
        self._width = width
        self._divisor = np.where(width == 0.0, 1.0, width)
        slack = np.maximum(
            _TOLERANCE * (self.high - self.low), _ROUNDING * np.maximum(np.abs(self.low), np.abs(self.high))
        )
        slack = np.where(self.discrete, 0.0, slack)  # in a wide range a millionth would be whole numbers
        self.tolerance: NDArray[np.float64] = slack
        self.tolerance.flags.writeable = False
        self._soft_low, self._soft_high = self.low - slack, self.high + slack
        self._limits = list(zip(self._soft_low.tolist(), self._soft_high.tolist(), self.discrete.tolist(), strict=True))

    # --- Description -------------------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the dimensions, in order."""
        return tuple(dim.name for dim in self.dimensions)

    @property
    def n_dims(self) -> int:
        """The number of dimensions, d."""
        return self._n_dims

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kind of each dimension."""
        return tuple(dim.kind for dim in self.dimensions)

    @property
    def size(self) -> float:
        """The number of different tasks, ``inf`` if any dimension is continuous (and not fixed)."""
        return math.prod(dim.size for dim in self.dimensions)

    @property
    def is_finite(self) -> bool:
        """Whether the tasks can be enumerated."""
        return math.isfinite(self.size)

    def __len__(self) -> int:
        return self.n_dims

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TaskSpace) and self.dimensions == other.dimensions

    def __hash__(self) -> int:
        return hash(tuple((dim.name, dim.kind, dim.low, dim.high) for dim in self.dimensions))

    def __repr__(self) -> str:
        inner = ", ".join(
            f"{dim.name}={dim.to_spec()!r}" if dim.name.isidentifier() else f"{dim.name!r}: {dim.to_spec()!r}"
            for dim in self.dimensions
        )
        return f"TaskSpace({inner})"

    # --- Tasks -------------------------------------------------------------------------------------------------

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw ``n`` tasks uniformly.

        Args:
            n: Number of tasks, at least 0.
            rng: The caller's generator; the space has none of its own.

        Returns:
            Tasks of shape ``(n, d)``.

        Example:
            >>> TaskSpace(x=(0.0, 1.0)).sample(2, np.random.default_rng(0)).shape
            (2, 1)
        """
        return self._scale(rng.random((n, self._n_dims)))

    def contains(self, tasks: ArrayLike) -> NDArray[np.bool_]:
        """Tell for each task whether it lies in the space (whole numbers in discrete dimensions, no NaN).

        Bounds of continuous dimensions are tolerant by a millionth of the range, or by the rounding of a trip through
        float32 where that is more.

        Args:
            tasks: Shape ``(n, d)`` or ``(d,)``.

        Returns:
            Booleans of shape ``(n,)`` (or a scalar array for one row).
        """
        rows = self._as_rows(tasks)
        inside = (rows >= self._soft_low) & (rows <= self._soft_high)
        if self._any_discrete:
            inside &= ~self.discrete | (rows == np.rint(rows))
        return np.asarray(inside.all(axis=-1))

    def contains_all(self, tasks: ArrayLike) -> bool:
        """Tell whether every task lies in the space: ``contains(tasks).all()``, and quicker than that for one task.

        Args:
            tasks: Shape ``(n, d)`` or ``(d,)``.

        Example:
            >>> TaskSpace(x=(0.0, 1.0), k=range(3)).contains_all([[0.5, 2], [0.5, 1.5]])
            False
        """
        rows = self._as_rows(tasks)
        if rows.size != self._n_dims or self._n_dims > _FEW:
            return bool(self.contains(rows).all())
        for value, (low, high, discrete) in zip(rows.ravel().tolist(), self._limits, strict=True):
            if not low <= value <= high or (discrete and not value.is_integer()):
                return False
        return True

    def clip(self, tasks: ArrayLike) -> FloatArray:
        """Return the nearest task inside the space for each row, of the shape given; a NaN stays a NaN."""
        rows = np.minimum(np.maximum(self._as_rows(tasks), self.low), self.high)
        return np.where(self.discrete, np.rint(rows), rows) if self._any_discrete else rows

    def validate(self, tasks: ArrayLike) -> FloatArray:
        """Return the tasks as float64 rows inside the bounds, or say what is wrong with the first bad one.

        Args:
            tasks: Shape ``(n, d)`` or ``(d,)``.

        Returns:
            A float64 copy of the same shape, clipped by at most the tolerance of `contains`.

        Raises:
            ValueError: A wrong shape, a NaN, a value out of bounds or a fraction in a discrete dimension.
        """
        rows = self._as_rows(tasks)
        inside = self.contains(rows)
        if not inside.all():
            batch = np.atleast_2d(rows)
            raise ValueError(self._complaint(batch[int(np.argmin(np.atleast_1d(inside)))]))
        return np.minimum(np.maximum(rows, self.low), self.high)

    def keys(self, tasks: ArrayLike) -> list[bytes]:
        """Return a key for each task, the same for tasks that differ by no more than a trip through float32.

        Args:
            tasks: Tasks of this space, shape ``(n, d)``.

        Example:
            >>> space = TaskSpace(x=(0.0, 1.0))
            >>> space.keys([[0.1], [0.2]]) == space.keys(np.array([[0.1], [0.2]], dtype=np.float32))
            True
        """
        rows = np.asarray(tasks, dtype=np.float64) + 0.0  # no negative zeros
        if not self.discrete.all():
            rows = np.where(self.discrete, rows, rows.astype(np.float32))
        return [row.tobytes() for row in rows]

    def _complaint(self, row: FloatArray) -> str:
        for value, dim, low, high in zip(row, self.dimensions, self._soft_low, self._soft_high, strict=True):
            where = f"Task {row.tolist()}: {dim.name} = {value:g}"
            if math.isnan(value):
                return f"{where} is not a number; expected a value in [{dim.low:g}, {dim.high:g}]."
            if not low <= value <= high:
                what = f"[{dim.low:g}, {dim.high:g}]"
                if dim.kind == "categorical":
                    what += f" (the index of one of {list(dim.categories)})"
                return f"{where} is outside {what}. TaskSpace.clip() moves a task inside."
            if dim.kind != "continuous" and value != round(value):
                return f"{where} must be a whole number, for the dimension is {dim.kind}."
        return f"Task {row.tolist()} is not in {self}."

    def _as_rows(self, tasks: ArrayLike) -> FloatArray:
        if isinstance(tasks, np.ndarray) and tasks.dtype is _FLOAT and tasks.shape[1:] == (self._n_dims,):
            return tasks  # the usual case, once an episode
        try:
            given = np.asarray(tasks)
            if given.dtype.kind in "USc":
                raise TypeError("strings and complex numbers are no tasks")
            rows = given.astype(np.float64, copy=False)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                f"Expected tasks as numbers of shape (n, {self.n_dims}) or ({self.n_dims},), got {tasks!r}. "
                "TaskSpace.from_dict() converts a dict with names."
            ) from error
        if rows.ndim not in (1, 2) or rows.shape[-1] != self.n_dims:
            raise ValueError(
                f"Expected tasks of shape (n, {self.n_dims}) or ({self.n_dims},), for the dimensions are "
                f"{', '.join(self.names)}; got shape {rows.shape}."
            )
        return rows

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest type that holds every task exactly: an integer one if no dimension is continuous, else float64.

        Tasks are float64 wherever they are passed on; this is for storing many of them.

        Example:
            >>> TaskSpace(x=(0.0, 1.0)).dtype, TaskSpace(k=range(200)).dtype, TaskSpace(k=range(-1, 200)).dtype
            (dtype('float64'), dtype('uint8'), dtype('int16'))
        """
        if not self.discrete.all():
            return _FLOAT
        low, high = self.low.min(), self.high.max()
        for kind in (np.uint8, np.int16, np.int32):
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                return np.dtype(kind)
        return _FLOAT

    # --- The unit cube -----------------------------------------------------------------------------------------

    def to_unit(self, tasks: ArrayLike) -> FloatArray:
        """Map tasks into the unit cube.

        A continuous dimension maps linearly; value number i of K discrete values maps to the middle of the i-th of K
        equal cells, (i + ½)/K; a dimension with low == high maps to ½.

        Args:
            tasks: Shape ``(n, d)`` or ``(d,)``.

        Returns:
            Points of the same shape with coordinates in [0, 1].

        Example:
            >>> TaskSpace(x=(2.0, 4.0), k=range(4)).to_unit([3.0, 0]).tolist()
            [0.5, 0.125]
        """
        unit = (self._as_rows(tasks) - self._offset) / self._divisor
        if self._any_fixed:
            unit = np.where(self.fixed, 0.5, unit)
        return np.minimum(np.maximum(unit, 0.0), 1.0)

    def from_unit(self, unit: ArrayLike) -> FloatArray:
        """Map points of the unit cube to tasks; coordinates outside [0, 1] are clipped first.

        Discrete dimensions take the cell the point lies in, so that a uniform point gives a uniform task.

        Args:
            unit: Shape ``(n, d)`` or ``(d,)``.

        Returns:
            Valid tasks of the same shape.

        Example:
            >>> TaskSpace(x=(2.0, 4.0), k=range(4)).from_unit([0.5, 1.0]).tolist()
            [3.0, 3.0]
        """
        return self._scale(np.minimum(np.maximum(self._as_rows(unit), 0.0), 1.0))

    def _scale(self, points: FloatArray) -> FloatArray:
        """Map points that lie in the unit cube to tasks."""
        rows = points * self._width
        rows += self._offset
        if self._any_discrete:
            rows = np.where(self.discrete, np.floor(rows + 0.5), rows)
        np.maximum(rows, self.low, out=rows)  # rounding may carry a point over a face
        return np.minimum(rows, self.high, out=rows)

    # --- Finite sets of tasks ----------------------------------------------------------------------------------

    def grid(self, n: int) -> FloatArray:
        """Return a regular grid: ``n`` evenly spaced values of each dimension, both bounds included.

        A discrete dimension gives at most its number of values, a fixed one gives one.

        Args:
            n: Values per dimension, at least 1 (1 gives the middle).

        Returns:
            Tasks of shape ``(m, d)``, the last dimension running fastest.

        Raises:
            ValueError: An ``n`` below 1, or more than ten million tasks.

        Example:
            >>> TaskSpace(x=(0.0, 1.0), k=range(2)).grid(3).tolist()
            [[0.0, 0.0], [0.0, 1.0], [0.5, 0.0], [0.5, 1.0], [1.0, 0.0], [1.0, 1.0]]
        """
        if n < 1:
            raise ValueError(f"Expected n of at least 1 value per dimension, got {n}.")
        axes = []
        for dim in self.dimensions:
            count = int(min(n, dim.size))
            values = np.linspace(dim.low, dim.high, count) if count > 1 else np.array([(dim.low + dim.high) / 2])
            axes.append(np.unique(np.floor(values + 0.5)) if dim.kind != "continuous" else values)
        if (size := math.prod(map(len, axes))) > MAX_ENUMERATION:
            raise ValueError(
                f"A grid of {n} values for each of {self.n_dims} dimensions has {size:.3g} tasks, too many "
                f"(limit {MAX_ENUMERATION:,}). Take a smaller n, or sample()."
            )
        return self._product(axes)

    def enumerate(self) -> FloatArray:
        """Return every task of a finite space, shape ``(size, d)``, the last dimension running fastest.

        Raises:
            ValueError: A continuous dimension, or more than ten million tasks.
        """
        if not self.is_finite:
            endless = [dim.name for dim in self.dimensions if math.isinf(dim.size)]
            raise ValueError(f"The tasks cannot be enumerated: {', '.join(endless)} is continuous. Use grid(n).")
        if self.size > MAX_ENUMERATION:
            raise ValueError(f"{self.size:.3g} tasks are too many to enumerate (limit {MAX_ENUMERATION:,}).")
        return self._product([dim.low + np.arange(dim.size) for dim in self.dimensions])

    def _product(self, axes: Sequence[NDArray[Any]]) -> FloatArray:
        # NumPy's own product, meshgrid, allows 64 dimensions at most.
        rows = np.empty((math.prod(map(len, axes)), len(axes)))
        repeats = 1
        for i in range(len(axes) - 1, -1, -1):
            column = np.repeat(axes[i], repeats)
            rows[:, i] = np.tile(column, len(rows) // len(column))
            repeats = len(column)
        return rows

    # --- Readable forms ----------------------------------------------------------------------------------------

    def to_dict(self, task: ArrayLike) -> dict[str, Any]:
        """Return one task as a dict from names to floats, ints or categories."""
        row = self.validate(task)
        if row.ndim != 1:
            raise ValueError(f"Expected one task of shape ({self.n_dims},), got {row.shape}. See to_dicts().")
        result: dict[str, Any] = {}
        for value, dim in zip(row, self.dimensions, strict=True):
            if dim.kind == "continuous":
                result[dim.name] = float(value)
            elif dim.kind == "integer":
                result[dim.name] = int(value)
            else:
                result[dim.name] = dim.categories[int(value)]
        return result

    def to_dicts(self, tasks: ArrayLike) -> list[dict[str, Any]]:
        """Return a batch of tasks, shape ``(n, d)``, as a list of dicts."""
        return [self.to_dict(row) for row in np.atleast_2d(self._as_rows(tasks))]

    def from_dict(self, task: Mapping[str, Any]) -> FloatArray:
        """Return the row of a task given by names.

        Raises:
            ValueError: A missing or unknown name, an unknown category, a value outside the bounds.
        """
        missing = [name for name in self.names if name not in task]
        extra = [name for name in task if name not in self.names]
        if missing or extra:
            raise ValueError(
                f"Expected exactly the names {_listed(self.names)}"
                + (f"; missing: {_listed(missing)}" if missing else "")
                + (f"; unknown: {_listed(extra)}" if extra else "")
                + "."
            )
        row = np.empty(self.n_dims)
        for i, dim in enumerate(self.dimensions):
            value = task[dim.name]
            if dim.kind == "categorical":
                if value not in dim.categories:
                    raise ValueError(f"{dim.name} = {value!r} is none of the categories {list(dim.categories)}.")
                row[i] = dim.categories.index(value)
            else:
                try:
                    if isinstance(value, (str, bytes)):
                        raise TypeError("a string")
                    row[i] = value
                except (TypeError, ValueError, OverflowError) as error:
                    raise ValueError(
                        f"{dim.name} = {value!r} is not a number; expected a value in [{dim.low:g}, {dim.high:g}]."
                    ) from error
        return self.validate(row)

    def __iter__(self) -> Iterator[Dimension]:
        return iter(self.dimensions)

    # --- Gymnasium ---------------------------------------------------------------------------------------------

    @classmethod
    def from_gym(cls, space: Any) -> TaskSpace:
        """Build a task space from a Gymnasium Box, Discrete, MultiDiscrete or Dict of these.

        A Box of floats gives continuous dimensions, a Box of integers, a Discrete and a MultiDiscrete give integer
        ones. Entries of an array are named ``name_0``, ``name_1``, … in C order (``x_0``, … without a Dict).

        Args:
            space: The Gymnasium space.

        Raises:
            ValueError: A Box without finite bounds, an empty Dict, or two entries whose names come out the same.
            TypeError: Any other space.

        Example:
            >>> from gymnasium.spaces import Box, Dict, Discrete
            >>> TaskSpace.from_gym(Dict(height=Box(0.0, 3.0, ()), rooms=Discrete(5, start=2)))
            TaskSpace(height=(0.0, 3.0), rooms=range(2, 7))
        """
        result = cls(dimensions_from_gym(space))
        result._gym_space = space
        return result

    def to_gym(self) -> Any:
        """Return the Gymnasium space this was built from, or else a Dict of scalar Box and Discrete spaces.

        Categories become a ``Discrete`` of their indices.

        Example:
            >>> TaskSpace(height=(0.0, 3.0), rooms=range(2, 7)).to_gym()
            Dict('height': Box(0.0, 3.0, (), float64), 'rooms': Discrete(5, start=2))
        """
        return dimensions_to_gym(self.dimensions) if self._gym_space is None else self._gym_space

    # --- Plain data --------------------------------------------------------------------------------------------

    def to_json(self) -> list[dict[str, Any]]:
        """Return plain data that JSON and YAML can hold; `from_json` reads it back."""
        plain: list[dict[str, Any]] = []
        for dim in self.dimensions:
            entry: dict[str, Any] = {"name": dim.name, "kind": dim.kind}
            if dim.kind == "categorical":
                entry["categories"] = list(dim.categories)
            else:
                entry["low"], entry["high"] = dim.low, dim.high
            plain.append(entry)
        return plain

    @classmethod
    def from_json(cls, data: Sequence[Mapping[str, Any]]) -> TaskSpace:
        """Read what `to_json` returned.

        Raises:
            ValueError: Data that does not describe a task space.
        """
        specs: dict[str, Any] = {}
        try:
            for entry in data:
                kind, name = entry["kind"], entry["name"]
                if name in specs:
                    raise ValueError(f"Dimension {name!r} is given twice.")
                if kind == "continuous":
                    specs[name] = (entry["low"], entry["high"])
                elif kind == "integer":
                    specs[name] = Dimension(str(name), kind, float(entry["low"]), float(entry["high"]))
                elif kind == "categorical":
                    specs[name] = list(entry["categories"])
                else:
                    raise ValueError(f"kind {kind!r} of dimension {name!r} is unknown")
            return cls(specs)
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"This does not describe a task space: {data!r} ({error!r}).") from error


def _listed(names: Sequence[Any], most: int = 12) -> str:
    """Return names for a message, not all of very many."""
    shown = ", ".join(map(str, names[:most]))
    return shown if len(names) <= most else f"{shown}, … ({len(names)} in all)"
