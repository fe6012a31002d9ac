"""Stump Tracks: a walker among stumps whose height and spacing are the task.

Source: Portelas et al. (2019), CoRL, section 5; the parameter ranges are theirs. Differences from the
authors' code are listed in docs/environments/stump_tracks.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.utils import EzPickle
from numpy.typing import NDArray

from ..spaces import TaskSpace
from .bipedal_tracks import BipedalTracks
from .terrain import GROUND_HEIGHT, LENGTH, START_PAD, STEP, Terrain, boxes

MIN_HEIGHT = 0.05
"""No stump is lower than this many terrain steps, so a negative stump height gives a nearly flat track."""

MIN_SPACING = 0.01
"""No gap is narrower than this many world units."""

HEIGHT_STD = 0.1
"""Standard deviation of the heights of the stumps of one track around the task's, in terrain steps."""


class StumpTracks(EzPickle, BipedalTracks):
    """Stumps of about the same height at regular distances. The task is the mean height and the gap.

    Each stump is one terrain step (14/30 world units) wide and max(0.05, N(stump_height, 0.1)) steps high;
    the gap to the next is max(0.01, obstacle_spacing) world units. High and close stumps are hard; the
    legs of the short body are shorter than the highest stumps.

    Args:
        body: What `get_body` takes, e.g. ``"default"``, ``"short"``, ``"quadruped"``, ``"default(legs=0.8)"``, or a
            `Body`.
        max_stump_height: Upper bound of ``stump_height`` in terrain steps; the experiments of the paper use
            3, 4, 5.
        max_obstacle_spacing: Upper bound of ``obstacle_spacing`` in world units.
        min_stump_height: Lower bound of ``stump_height``; a negative one adds trivial tasks.
        render_mode: ``None``, ``"rgb_array"`` or ``"human"``.

    Raises:
        ValueError: An unknown body or render mode, bounds the wrong way round or not finite.

    Example:
        >>> env = StumpTracks(body="short")
        >>> env.task_space
        TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))
        >>> task = {"stump_height": 1.0, "obstacle_spacing": 5.5}
        >>> observation, info = env.reset(seed=0, options={"task": task})
        >>> observation.shape, info["task"].tolist(), len(env.terrain.obstacles)
        ((24,), [1.0, 5.5], 15)

    Version history:
        v0: Initial version.
    """

    def __init__(
        self,
        body: Any = "default",
        max_stump_height: float = 3.0,
        max_obstacle_spacing: float = 6.0,
        min_stump_height: float = 0.0,
        render_mode: str | None = None,
    ) -> None:
        EzPickle.__init__(self, body, max_stump_height, max_obstacle_spacing, min_stump_height, render_mode)
        task_space = TaskSpace(
            stump_height=(min_stump_height, max_stump_height),
            obstacle_spacing=(0.0, max_obstacle_spacing),
        )
        BipedalTracks.__init__(self, task_space, body, render_mode)

    def make_terrain(self, task: NDArray[np.float64]) -> Terrain:
        """Return a flat track with stumps from the end of the start pad to the end of the track."""
        height, spacing = task
        left = np.arange(START_PAD, LENGTH, STEP + max(MIN_SPACING, float(spacing)))
        heights = np.maximum(MIN_HEIGHT, self.np_random.normal(height, HEIGHT_STD, len(left)))
        return Terrain(boxes(left, STEP, GROUND_HEIGHT, GROUND_HEIGHT + heights * STEP))
