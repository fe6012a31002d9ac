"""Lengths in a task space: from task units, or from shares of the range, to the unit cube."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...spaces import TaskSpace

UNITS = ("range", "task")


def in_unit_cube(space: TaskSpace, name: str, values: ArrayLike, unit: str) -> NDArray[np.float64]:
    """Convert positive lengths, one for all dimensions or one for each, to the unit cube.

    Args:
        space: The tasks.
        name: What the lengths are, for messages.
        values: A scalar or an array of shape ``(d,)``.
        unit: ``"range"`` if they are shares of the range of a dimension, ``"task"`` if they are in task units. K
            discrete values have a range of K.

    Returns:
        Lengths in the unit cube, shape ``(d,)``; 0 where low == high.

    Raises:
        ValueError: Another unit or shape, or a length that is not finite and positive where low < high.

    Example:
        >>> in_unit_cube(TaskSpace(height=(0.0, 2.0), rooms=range(4)), "step", [0.5, 1.0], "task").tolist()
        [0.25, 0.25]
    """
    if unit not in UNITS:
        raise ValueError(unknown_name(f"unit of {name}", unit, UNITS))
    try:
        lengths = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a number or {space.n_dims} numbers, got {values!r}.") from error
    if lengths.shape not in ((), (space.n_dims,)):
        raise ValueError(
            f"{name} must be one number or one for each of {', '.join(space.names)}; got shape {lengths.shape}."
        )
    lengths = np.broadcast_to(lengths, space.n_dims)
    free = ~space.fixed
    if not (np.isfinite(lengths) & (lengths > 0.0))[free].all():
        raise ValueError(f"{name} must be finite and positive, got {lengths.tolist()}.")
    if unit == "task":
        lengths = lengths / np.where(free, space.high - space.low + space.discrete, 1.0)
    return np.where(free, lengths, 0.0)


def half_cells(space: TaskSpace) -> NDArray[np.float64]:
    """Return how far a discrete value reaches around its place in the unit cube, shape ``(d,)``; 0 for other kinds.

    Example:
        >>> half_cells(TaskSpace(height=(0.0, 3.0), rooms=range(4))).tolist()
        [0.0, 0.125]
    """
    return np.where(space.discrete & ~space.fixed, 0.5 / (space.high - space.low + 1.0), 0.0)
