"""The base of the tracks: Gymnasium's BipedalWalker, or another body, on a terrain that a task describes.

Source: Portelas, Colas, Hofmann and Oudeyer (2019), "Teacher algorithms for curriculum learning of Deep RL in
continuously parameterized environments", CoRL. Differences from the authors' code are listed in
docs/environments/stump_tracks.md.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from ..spaces import TaskSpace
from ..task_options import chosen_task
from .bodies import PIXELS_PER_UNIT, Body, get_body
from .lidar import N_RAYS
from .simulation import FPS, WalkerSimulation
from .terrain import LENGTH, STEP, Terrain

if TYPE_CHECKING:
    from .track_renderer import TrackRenderer

GOAL = LENGTH - 10 * STEP
"""An episode ends when the hull is beyond this horizontal position (world units)."""

_INITIAL_PUSH = 5.0
_PROGRESS_REWARD = 130 / PIXELS_PER_UNIT
_FALL_REWARD = -100.0


class BipedalTracks(gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """A walker that is to run along a track of obstacles; a subclass makes the track from the task.

    A subclass gives the task space to ``super().__init__`` and implements `make_terrain`, with randomness
    from ``self.np_random`` only.

    Args:
        task_space: The tasks of the track.
        body: What `get_body` takes, e.g. ``"default"``, ``"short"``, ``"quadruped"``, ``"default(legs=0.8)"``, or a
            `Body`.
        render_mode: ``None``, ``"rgb_array"`` or ``"human"``.

    Attributes:
        task_space: The tasks that ``reset(options={"task": …})`` takes.
        body: The body.
        has_ceiling: Whether the tracks have a ceiling, without which a body with arms has nothing to hang from.
        success_return: ``info["is_success"]`` tells whether the return of the episode so far exceeds this.

    Raises:
        ValueError: An unknown body or render mode, or a body with arms where there is no ceiling.

    Example:
        >>> class Desert(BipedalTracks):
        ...     def __init__(self):
        ...         super().__init__(TaskSpace(nothing=(0.0, 0.0)))
        ...     def make_terrain(self, task):
        ...         return Terrain([])
        >>> Desert().reset(seed=0)[0].shape
        (24,)
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "rgb_array"], "render_fps": FPS}  # noqa: RUF012
    success_return: ClassVar[float] = 230.0
    has_ceiling: ClassVar[bool] = False

    def __init__(self, task_space: TaskSpace, body: Any = "default", render_mode: str | None = None) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(f"Expected render_mode None, 'rgb_array' or 'human', got {render_mode!r}.")
        self.task_space = task_space
        self.body = get_body(body)
        if self.body.arms is not None and not self.has_ceiling:
            raise ValueError(
                f"Expected a body that walks, got {self.body.name!r}, which climbs: {type(self).__name__} has no "
                'ceiling to hang from. Choose another body, e.g. "default", or "tutelage/WalkerClimber-v0".'
            )
        self.render_mode = render_mode
        self.action_space = spaces.Box(-1.0, 1.0, (self.body.action_size,), np.float32)
        self.observation_space = spaces.Box(*_observation_bounds(self.body), dtype=np.float32)
        self._simulation: WalkerSimulation | None = None
        self._renderer: TrackRenderer | None = None
        self._potential = 0.0
        self._return = 0.0

    @abstractmethod
    def make_terrain(self, task: NDArray[np.float64]) -> Terrain:
        """Return the track of a task, a valid row; randomness comes from ``self.np_random``."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Start an episode.

        Args:
            seed: Seeds the environment's RNG.
            options: ``{"task": …}`` with a row of shape ``(d,)`` or a dict from names to values; without it
                the task is drawn uniformly. Other keys are ignored.

        Returns:
            The first observation, and an info with the float64 row ``"task"``.

        Raises:
            ValueError: A task outside the task space, with a NaN or of a wrong shape.
        """
        super().reset(seed=seed)
        task = chosen_task((options or {}).get("task"), self.task_space, self.np_random)
        terrain = self.make_terrain(task)
        push = float(self.np_random.uniform(-_INITIAL_PUSH, _INITIAL_PUSH))
        self._simulation = self._simulate(terrain, push)
        self._simulation.step(self.body.resting_action)
        observation = self._simulation.observe()
        self._potential = self._current_potential(observation)
        self._return = 0.0
        if self.render_mode == "human":
            self.render()
        return observation, {"task": task}

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Advance by 1/50 s.

        Args:
            action: Shape ``(n_joints,)``: hip and knee of each leg, in [−1, 1]; clipped. For a body with arms also
                shoulder and elbow of each, then one number for each hand: it grips if that is positive.

        Returns:
            Observation, reward, whether the body fell or arrived, False (time limits are a wrapper's), and
            an info with ``"is_success"``: whether the return of the episode so far exceeds 230.

        Raises:
            ResetNeeded: Before the first `reset`.
            ValueError: An action of a wrong shape or with a NaN.
        """
        simulation = self._simulation
        if simulation is None:
            raise ResetNeeded("Call reset() before step().")
        effort = simulation.step(np.asarray(action))
        observation = simulation.observe()
        potential = self._current_potential(observation)
        reward = potential - self._potential - self.body.torque_penalty * self.body.torque * effort
        self._potential = potential

        fell = simulation.fell or simulation.x < 0.0
        if fell:
            reward = _FALL_REWARD
        self._return += reward
        if self.render_mode == "human":
            self.render()
        info = {"is_success": self._return > self.success_return}
        return observation, reward, fell or simulation.x > GOAL, False, info

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """Draw the walker: an array of shape ``(400, 600, 3)``, or a window for ``"human"``."""
        if self.render_mode is None:
            gym.logger.warn(
                'render() does nothing without a render mode. Make the environment with render_mode="rgb_array".'
            )
            return None
        if self._simulation is None:
            raise ResetNeeded("Call reset() before render().")
        if self._renderer is None:
            from .track_renderer import TrackRenderer

            self._renderer = TrackRenderer(human=self.render_mode == "human", fps=FPS)
        return self._renderer.draw(self._simulation)

    def close(self) -> None:
        """Close the window and free the world."""
        if self._renderer is not None:
            self._renderer.close()
        self._renderer = self._simulation = None

    @property
    def kind(self) -> dict[str, float | int | str]:
        """What kind of student plays here, see `Body.kind`."""
        return self.body.kind

    @property
    def terrain(self) -> Terrain:
        """The track of the current episode."""
        if self._simulation is None:
            raise ResetNeeded("There is no terrain before reset().")
        return self._simulation.terrain

    def _simulate(self, terrain: Terrain, push: float) -> WalkerSimulation:
        return WalkerSimulation(self.body, terrain, push)

    def _current_potential(self, observation: NDArray[np.float32]) -> float:
        """Return what the reward is the change of: progress to the right, less the tilt of a walker's hull."""
        simulation = self._simulation
        assert simulation is not None
        return _PROGRESS_REWARD * simulation.x - self.body.tilt_penalty * abs(float(observation[0]))


def _observation_bounds(body: Body) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The hull and the joints' speeds have twice the bounds of BipedalWalker-v3, which a tumbling walker leaves."""
    hull = [2 * np.pi, 10.0, 10.0, 10.0]
    limb_high, limb_low = [np.pi, 10.0, np.pi, 10.0, 1.0], [-np.pi, -10.0, -np.pi, -10.0, 0.0]
    high = hull + limb_high * body.n_legs + [*limb_high, 1.0] * body.n_arms + [1.0] * N_RAYS
    low = [-h for h in hull] + limb_low * body.n_legs + [*limb_low, 0.0] * body.n_arms + [0.0] * N_RAYS
    return np.array(low, dtype=np.float32), np.array(high, dtype=np.float32)
