"""Between Gymnasium's spaces and the dimensions of a task space; what `TaskSpace.from_gym` and `to_gym` do."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .dimension import Dimension


def dimensions_from_gym(space: Any) -> dict[str, Any]:
    """Return the specifications of the dimensions of a Gymnasium space, by name.

    Args:
        space: A Box, Discrete, MultiDiscrete or Dict of these.

    Raises:
        ValueError: No dimension, or two entries whose names come out the same.
        TypeError: Any other space.

    Example:
        >>> from gymnasium.spaces import MultiDiscrete
        >>> dimensions_from_gym(MultiDiscrete([2, 3]))
        {'x_0': range(0, 2), 'x_1': range(0, 3)}
    """
    dimensions: dict[str, Any] = {}
    for name, spec in _entries(space, ""):
        if name in dimensions:
            raise ValueError(f"The Gymnasium space {space} has two entries that come out as {name!r}; rename one.")
        dimensions[name] = spec
    if not dimensions:
        raise ValueError(f"The Gymnasium space {space} has no dimension.")
    return dimensions


def dimensions_to_gym(dimensions: Iterable[Dimension]) -> Any:
    """Return a Dict of scalar Box and Discrete spaces, in the order of the dimensions.

    Example:
        >>> dimensions_to_gym([Dimension.parse("rooms", range(2, 7))])
        Dict('rooms': Discrete(5, start=2))
    """
    from gymnasium import spaces

    parts: dict[str, Any] = {}
    for dim in dimensions:
        if dim.kind == "continuous":
            parts[dim.name] = spaces.Box(dim.low, dim.high, (), np.float64)
        else:
            parts[dim.name] = spaces.Discrete(int(dim.size), start=int(dim.low))
    return spaces.Dict(OrderedDict(parts))  # it would sort the names of a plain dict


def _entries(space: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    from gymnasium import spaces

    if isinstance(space, spaces.Dict):
        for name, inner in space.spaces.items():
            yield from _entries(inner, f"{prefix}_{name}" if prefix else str(name))
        return
    base = prefix or "x"
    if isinstance(space, spaces.Discrete):
        yield base, range(int(space.start), int(space.start + space.n))
    elif isinstance(space, spaces.MultiDiscrete):
        starts = np.asarray(space.start).ravel() if space.start is not None else np.zeros(space.nvec.size, int)
        for i, (n, start) in enumerate(zip(space.nvec.ravel(), starts, strict=True)):
            yield f"{base}_{i}", range(int(start), int(start + n))
    elif isinstance(space, spaces.Box):
        for index in itertools.product(*(range(k) for k in space.shape)):
            name = "_".join([base, *map(str, index)]) if index else base
            low, high = float(space.low[index]), float(space.high[index])
            whole = np.issubdtype(space.dtype, np.integer)
            yield name, range(int(low), int(high) + 1) if whole else (low, high)
    else:
        raise TypeError(
            f"A task space can be built from a Box, Discrete, MultiDiscrete or Dict of these, got {space!r}."
        )
