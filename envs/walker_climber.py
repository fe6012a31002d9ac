"""Walker–Climber: a parkour with a gap between ground and ceiling, low for those who walk or high for those who climb.

Source: Portelas, Romac, Hofmann and Oudeyer (2020), "Meta automatic curriculum learning", arXiv:2011.08463. What the
paper and its code leave open is listed in docs/environments/walker_climber.md.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from gymnasium.utils import EzPickle
from numpy.typing import NDArray

from ..spaces import TaskSpace
from .bipedal_tracks import BipedalTracks
from .climber_simulation import ClimberSimulation
from .simulation import WalkerSimulation
from .terrain import GROUND_HEIGHT, LENGTH, START_PAD, STEP, Terrain, boxes

CEILING = 10.0
"""Height of the ceiling above the ground in world units."""

GAP = 5.0
"""Height of the gap that an obstacle leaves, but for the scatter of the heights."""

STUMP_STD, SPIKE_STD = 0.05, 0.2
"""Standard deviations of the heights of the stumps and the lengths of the spikes of one track, in world units."""

SHORTEST = 0.05
"""No stump and no spike is shorter than this many world units."""

MIN_SPACING = 0.01
"""No distance between two obstacles is smaller than this many world units."""


class WalkerClimber(EzPickle, BipedalTracks):
    """Obstacles of a stump and a spike above it at regular distances. The task is where the gap between them is.

    With the gap at height ``gap_position`` above the ground, a stump is N(max(0, gap_position − 2.5), 0.05) high, and
    the spike N(max(0, 7.5 − gap_position), 0.2) long, in world units, both at least 0.05. A low gap suits a body that
    walks, a high one a body that climbs: it hangs by its hands from the band under the ceiling and must not touch the
    ground or a stump.

    Args:
        body: What `get_body` takes, e.g. ``"default"``, ``"chimpanzee"`` or ``"chimpanzee(legs=0.7)"``.
        render_mode: ``None``, ``"rgb_array"`` or ``"human"``.

    Raises:
        ValueError: An unknown body or render mode.

    Example:
        >>> env = WalkerClimber(body="chimpanzee")
        >>> env.task_space
        TaskSpace(gap_position=(2.5, 7.5), obstacle_spacing=(0.0, 6.0))
        >>> observation, info = env.reset(seed=0, options={"task": [7.5, 6.0]})
        >>> observation.shape, env.action_space.shape, len(env.terrain.spikes)
        ((36,), (10,), 13)

    Version history:
        v0: Initial version.
    """

    has_ceiling: ClassVar[bool] = True

    def __init__(self, body: Any = "default", render_mode: str | None = None) -> None:
        EzPickle.__init__(self, body, render_mode)
        task_space = TaskSpace(gap_position=(GAP / 2, CEILING - GAP / 2), obstacle_spacing=(0.0, 6.0))
        BipedalTracks.__init__(self, task_space, body, render_mode)

    def make_terrain(self, task: NDArray[np.float64]) -> Terrain:
        """Return flat ground under a flat ceiling, with obstacles from the end of the start pad to the end."""
        position, spacing = task
        left = np.arange(START_PAD, LENGTH, STEP + max(MIN_SPACING, float(spacing)))
        heights = self.np_random.normal(position - GAP / 2, STUMP_STD, len(left))
        lengths = self.np_random.normal(CEILING - GAP / 2 - position, SPIKE_STD, len(left))
        ceiling = GROUND_HEIGHT + CEILING
        stumps = boxes(left, STEP, GROUND_HEIGHT, GROUND_HEIGHT + np.maximum(SHORTEST, heights))
        spikes = boxes(left, STEP, ceiling - np.maximum(SHORTEST, lengths), ceiling)
        return Terrain(stumps, ceiling=ceiling, spikes=spikes)

    def _simulate(self, terrain: Terrain, push: float) -> WalkerSimulation:
        simulation = WalkerSimulation if self.body.arms is None else ClimberSimulation
        return simulation(self.body, terrain, push)
