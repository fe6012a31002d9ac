"""Choosing the tasks a student is tested on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..envs.maze_space import MazeSpace
from ..errors import RequestError
from ..spaces import TaskSpace

_MOST_NAMES = 12
_N_DRAWN = 50
_DRAW_SEED = 4222


def choose_test_tasks(env_id: str, space: TaskSpace, name: str | None) -> tuple[str, NDArray[np.float64]]:
    """Return the name and the tasks of a test set.

    Args:
        env_id: The environment.
        space: Its task space.
        name: A frozen test set; None takes the environment's own, or else 50 tasks drawn uniformly with a fixed seed.

    Raises:
        RequestError: An unknown test set, or one of another task space.

    Example:
        >>> choose_test_tasks("CartPole-v1", TaskSpace(length=(0.2, 2.0)), None)[0]
        'uniform-50'
    """
    from .. import envs

    drawn = f"uniform-{_N_DRAWN}"
    if name == drawn:
        return drawn, space.sample(_N_DRAWN, np.random.default_rng(_DRAW_SEED))
    try:
        frozen = envs.default_test_set(env_id) if name is None else envs.load_test_set(name)
    except ValueError as error:
        if name is None:
            return drawn, space.sample(_N_DRAWN, np.random.default_rng(_DRAW_SEED))
        raise RequestError(str(error)) from error
    if name is None and isinstance(frozen.space, MazeSpace) and frozen.space != space:  # mazes of another size
        return drawn, space.sample(_N_DRAWN, np.random.default_rng(_DRAW_SEED))
    if isinstance(frozen.space, MazeSpace) and isinstance(space, MazeSpace) and frozen.space != space:
        raise RequestError(
            f"The mazes of {frozen.name} have {frozen.space.height} x {frozen.space.width} cells, those of this "
            f"environment {space.height} x {space.width}. {drawn!r} draws mazes of that size."
        )
    if frozen.space.names != space.names:
        raise RequestError(
            f"The test set {frozen.name} has the dimensions {_first_names(frozen.space)}, "
            f"{env_id} has {_first_names(space)}. {drawn!r} draws tasks from the environment's own space."
        )
    # The frozen tasks stay the same where the training space is larger (Portelas et al. 2019, section 5).
    outside = int((~space.contains(frozen.tasks)).sum())
    if outside:
        raise RequestError(
            f"{outside} of the {len(frozen)} tasks of {frozen.name} lie outside {space}; "
            f"use the test set {drawn!r}, drawn from this space."
        )
    return frozen.name, np.array(frozen.tasks)


def _first_names(space: TaskSpace) -> str:
    more = f", … ({space.n_dims} in all)" if space.n_dims > _MOST_NAMES else ""
    return ", ".join(space.names[:_MOST_NAMES]) + more
