"""A small random change of tasks of any space, where the environment offers none of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...spaces import TaskSpace

FloatArray = NDArray[np.float64]

LARGEST_STEP = 0.05
"""Of a continuous dimension, as a share of its range."""


def mutate_tasks(
    tasks: ArrayLike, rng: np.random.Generator, space: TaskSpace, *, n_edits: int = 1, step: float = LARGEST_STEP
) -> FloatArray:
    """Change tasks a little, as ACCEL does the parameters of BipedalWalker.

    Each edit picks one of the dimensions with more than one value, and a direction: down, none or up. A continuous
    value moves by up to ``step`` of its range, uniformly; an integer by a number from 1 to that many values (at
    least 1); a category is exchanged for any other, whatever the direction, unless that is none. Results are clipped.

    Args:
        tasks: Shape ``(n, d)``.
        rng: The caller's generator.
        space: The space of the tasks.
        n_edits: How many edits, one after the other; 0 changes nothing.
        step: The largest step, a share of the range.

    Returns:
        New tasks, shape ``(n, d)``.

    Example:
        >>> space = TaskSpace(height=(0.0, 10.0), rooms=range(2, 7))
        >>> changed = mutate_tasks([[5.0, 4.0]] * 3, np.random.default_rng(1), space, n_edits=2)
        >>> changed.round(2).tolist()
        [[5.41, 3.0], [5.38, 5.0], [5.0, 3.0]]
    """
    rows = space.validate(tasks)
    n = len(rows)
    free = np.flatnonzero(~space.fixed)
    if not len(free):
        return rows
    each = np.arange(n)
    dims = free[rng.integers(len(free), size=(n_edits, n))]
    direction, size = rng.integers(-1, 2, size=(n_edits, n)), rng.random((n_edits, n))
    width, any_discrete = (space.high - space.low)[dims], bool(space.discrete.any())
    change = direction * size * step * width
    if any_discrete:
        whole = direction * (1.0 + np.floor(size * np.maximum(1.0, np.floor(step * width))))
        change = np.where(space.discrete[dims], whole, change)
        categorical = np.array([kind == "categorical" for kind in space.kinds])[dims] & (direction != 0)
        # Any of the other categories: go on by 1 … K − 1 places, around the end.
        ahead, count = 1.0 + np.floor(size * width), width + 1.0
    for i in range(n_edits):
        at = dims[i]
        values = rows[each, at] + change[i]
        if any_discrete:
            values = np.where(categorical[i], np.mod(rows[each, at] + ahead[i], count[i]), values)
        rows[each, at] = np.minimum(np.maximum(values, space.low[at]), space.high[at])
    return space.clip(rows)
