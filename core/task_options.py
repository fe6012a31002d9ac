"""The task in the options of a reset: Gymnasium's ``reset(options={"task": …})`` as this library reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .spaces import TaskSpace


def chosen_task(given: Any, space: TaskSpace, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the task that was asked for, or one that is drawn uniformly.

    Args:
        given: A row of shape ``(d,)``, a mapping from names to values, or None to draw.
        space: The tasks.
        rng: Where a drawn task comes from; left alone where a task was given.

    Returns:
        A valid row of shape ``(d,)``, which shares no memory with what was given.

    Raises:
        ValueError: A task outside the space, with a NaN or of a wrong shape.

    Example:
        >>> space, rng = TaskSpace(length=(0.0, 2.0), legs=["two", "four"]), np.random.default_rng(0)
        >>> chosen_task({"length": 1.5, "legs": "four"}, space, rng).tolist()
        [1.5, 1.0]
        >>> space.contains(chosen_task(None, space, rng)).item()
        True
    """
    if given is None:
        drawn: NDArray[np.float64] = space.sample(1, rng)[0]
        return drawn
    if isinstance(given, Mapping):
        return space.from_dict(given)
    row = space.validate(given)
    if row.ndim != 1:
        raise ValueError(f"Expected one task of shape ({space.n_dims},), got shape {row.shape}.")
    return row
