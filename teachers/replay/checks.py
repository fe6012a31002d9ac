"""Checks of levels that a function of the user made."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...spaces import TaskSpace


def checked_levels(levels: ArrayLike, n: int, space: TaskSpace, source: str) -> NDArray[np.float64]:
    """Return levels as valid rows, or say what is wrong with them.

    Args:
        levels: What the function returned.
        n: How many it should have.
        space: The space they should be in.
        source: The name of the function, for the message.

    Returns:
        A copy, shape ``(n, d)``.

    Raises:
        ValueError: Another shape, or a level that is none.

    Example:
        >>> checked_levels([[2.0]], 1, TaskSpace(x=(0.0, 1.0)), "generator")
        Traceback (most recent call last):
            ...
        ValueError: generator returned what is no level: Task [2.0]: x = 2 is outside [0, 1]. ...
    """
    rows = np.asarray(levels, dtype=np.float64)
    if rows.shape != (n, space.n_dims):
        raise ValueError(f"{source} returned levels of shape {rows.shape}, expected ({n}, {space.n_dims}).")
    try:
        return space.validate(rows)
    except ValueError as error:
        raise ValueError(f"{source} returned what is no level: {error}") from error
