"""Hexagon Tracks: a walker among hexagons whose six corners are the task.

Source: Portelas et al. (2019), CoRL, section 5. Differences from the authors' code are listed in
docs/environments/hexagon_tracks.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.utils import EzPickle
from numpy.typing import NDArray

from ..spaces import TaskSpace
from .bipedal_tracks import BipedalTracks
from .terrain import GROUND_HEIGHT, LENGTH, START_PAD, STEP, Terrain, convex_hull

SPACING = 8.0
"""Gap in world units, counted from one world unit behind the position of the hexagon before."""

OFFSET_STD = 0.1
"""Standard deviation of the offsets of the corners of one track around the task's, in terrain steps."""

DEFAULT_HEXAGON = np.array([(-0.5, 0.0), (-0.5, 0.25), (-0.25, 0.5), (0.25, 0.5), (0.5, 0.25), (0.5, 0.0)])
"""Corners around the position of the hexagon in terrain steps; the first and the last stand on the ground."""


class HexagonTracks(EzPickle, BipedalTracks):
    """Hexagons of about the same shape, one every nine world units. The task is the offset of each corner.

    Corner i of a hexagon is the default one plus N((corner_i_x, corner_i_y), 0.1), in terrain steps (14/30
    world units); Box2D takes the convex hull. The first and the last corner stay on the ground, so
    ``corner_0_y`` and ``corner_5_y`` change nothing: a teacher has to find out.

    Args:
        body: What `get_body` takes, e.g. ``"default"``, ``"short"``, ``"quadruped"``, ``"default(legs=0.8)"``, or a
            `Body`.
        render_mode: ``None``, ``"rgb_array"`` or ``"human"``.

    Raises:
        ValueError: An unknown body or render mode.

    Example:
        >>> env = HexagonTracks()
        >>> env.task_space.n_dims, env.task_space.names[:2]
        (12, ('corner_0_x', 'corner_0_y'))
        >>> observation, info = env.reset(seed=0, options={"task": [0.0] * 12})
        >>> len(env.terrain.obstacles)
        10

    Version history:
        v0: Initial version.
    """

    def __init__(self, body: Any = "default", render_mode: str | None = None) -> None:
        EzPickle.__init__(self, body, render_mode)
        task_space = TaskSpace({f"corner_{i}_{axis}": (0.0, 4.0) for i in range(6) for axis in "xy"})
        BipedalTracks.__init__(self, task_space, body, render_mode)

    def make_terrain(self, task: NDArray[np.float64]) -> Terrain:
        """Return a flat track with hexagons from the end of the start pad to the end of the track."""
        positions = np.arange(START_PAD, LENGTH, 1.0 + SPACING)
        offsets = self.np_random.normal(task.reshape(6, 2), OFFSET_STD, (len(positions), 6, 2))
        offsets[:, (0, 5), 1] = 0.0
        corners = (DEFAULT_HEXAGON + offsets) * STEP + np.stack(
            [positions, np.full_like(positions, GROUND_HEIGHT)], axis=1
        )[:, None, :]
        return Terrain([convex_hull([(x, y) for x, y in hexagon]) for hexagon in corners.tolist()])
