"""Draws a walker or a climber on its track with pygame."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from Box2D.b2 import circleShape
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from .bodies import PIXELS_PER_UNIT
from .climber_simulation import ClimberSimulation
from .simulation import WalkerSimulation
from .terrain import BAND, LENGTH, STEP, Terrain

WIDTH, HEIGHT = 600, 400

_OVERSAMPLING = 2  # pictures are drawn this much larger and shrunk, which smooths the edges
_ZOOM = PIXELS_PER_UNIT * _OVERSAMPLING
_VIEW = WIDTH / PIXELS_PER_UNIT
_MARGIN = _VIEW / 4  # the hull stays this far from the left edge

_SKY_TOP, _SKY_BOTTOM = (168, 206, 238), (236, 245, 250)
_CLOUD, _HILL = (250, 252, 253), (196, 217, 205)
_GRASS, _EARTH, _FURROW = (104, 159, 78), (163, 130, 94), (150, 118, 83)
_OBSTACLE, _OBSTACLE_EDGE = (122, 113, 128), (78, 70, 84)
_HULL, _HULL_EDGE = (104, 76, 178), (62, 42, 115)
_NEAR_LEG, _FAR_LEG = (198, 106, 140), (146, 82, 116)
_LEG_EDGE, _LIDAR, _FLAG, _POLE = (92, 44, 70), (214, 69, 65), (230, 81, 40), (70, 60, 55)
_NEAR_ARM, _FAR_ARM = (226, 158, 98), (176, 112, 70)
_ROCK, _BAND, _VINE, _GRIP = (146, 138, 150), (190, 214, 160), (104, 159, 78), (250, 200, 40)
_ROCK_SHOWN = 0.9  # of the rock above a ceiling, in world units


class TrackRenderer:
    """Draws the state of a `WalkerSimulation`; the camera follows the hull.

    Args:
        human: Show a window (else return arrays; no display is needed).
        fps: Frames per second of the window.

    Raises:
        DependencyNotInstalled: Without pygame.

    Example:
        >>> from tutelage.envs.bodies import get_body
        >>> from tutelage.envs.terrain import Terrain
        >>> TrackRenderer().draw(WalkerSimulation(get_body("default"), Terrain([]), push=0.0)).shape
        (400, 600, 3)
    """

    def __init__(self, human: bool = False, fps: int = 50) -> None:
        try:
            import pygame
        except ImportError as error:
            raise DependencyNotInstalled("Rendering needs pygame: pip install pygame-ce.") from error
        self._pygame = pygame
        self._fps = fps
        self._size = (WIDTH * _OVERSAMPLING, HEIGHT * _OVERSAMPLING)
        self._canvas = pygame.Surface(self._size)
        self._background = self._paint_sky()
        self._left = self._bottom = 0.0
        self._window: Any = None
        self._clock: Any = None
        if human:
            pygame.display.init()
            pygame.display.set_caption("Tutelage")
            self._window = pygame.display.set_mode((WIDTH, HEIGHT))
            self._clock = pygame.time.Clock()

    def draw(self, simulation: WalkerSimulation) -> NDArray[np.uint8] | None:
        """Draw one frame: an array of shape ``(400, 600, 3)``, or None after showing it in the window."""
        terrain = simulation.terrain
        self._left = max(0.0, simulation.hull.position.x - _MARGIN)
        self._bottom = 0.0 if terrain.ceiling is None else terrain.ceiling + _ROCK_SHOWN - HEIGHT / PIXELS_PER_UNIT
        self._canvas.blit(self._background, (0, 0))
        self._draw_backdrop()
        self._draw_terrain(terrain)
        if terrain.ceiling is not None:
            self._draw_ceiling(terrain, terrain.ceiling)
        self._draw_flag(3 * STEP, terrain)
        self._draw_flag(LENGTH - 10 * STEP, terrain)
        self._draw_lidar(simulation)
        self._draw_walker(simulation)
        picture = self._pygame.transform.smoothscale(self._canvas, (WIDTH, HEIGHT))
        if self._window is None:
            pixels = self._pygame.surfarray.array3d(picture)
            return np.ascontiguousarray(np.transpose(pixels, (1, 0, 2)), dtype=np.uint8)
        self._window.blit(picture, (0, 0))
        self._pygame.event.pump()
        self._clock.tick(self._fps)
        self._pygame.display.flip()
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._pygame.display.quit()
            self._window = None

    def _paint_sky(self) -> Any:
        sky = self._pygame.Surface(self._size)
        top, bottom = np.array(_SKY_TOP), np.array(_SKY_BOTTOM)
        for row in range(self._size[1]):
            share = row / self._size[1]
            self._pygame.draw.line(sky, (top + (bottom - top) * share).astype(int), (0, row), (self._size[0], row))
        return sky

    def _draw_backdrop(self) -> None:
        """Hills and clouds far away: they move at a fraction of the speed of the track."""
        far = self._left * 0.3
        crest = [
            (x / 4, 4.4 + 0.6 * math.sin(0.55 * (x / 4 + far)) + 0.3 * math.sin(1.3 * (x / 4 + far)))
            for x in range(int(4 * _VIEW) + 5)
        ]
        self._polygon(_HILL, [*crest, (_VIEW + 1, 0.0), (0.0, 0.0)], fixed=True)
        drift = self._left * 0.15
        for i in range(12):
            x, y = 7.3 * i - drift, 10.6 + 1.3 * math.sin(2.4 * i)
            if -4.0 < x < _VIEW + 4.0:
                size = 0.8 + 0.25 * math.sin(1.7 * i)
                for dx, dy, radius in (
                    (-1.0, 0.0, 0.55),
                    (-0.3, 0.25, 0.75),
                    (0.5, 0.1, 0.65),
                    (1.1, -0.05, 0.45),
                ):
                    centre = self._pixel(self._left + x + dx * size, y + dy * size)
                    self._pygame.draw.circle(self._canvas, _CLOUD, centre, radius * size * _ZOOM)

    def _draw_terrain(self, terrain: Terrain) -> None:
        line = [tuple(point) for point in terrain.ground.tolist()]
        self._polygon(_EARTH, [*line, (line[-1][0], 0.0), (line[0][0], 0.0)])
        for depth in (0.9, 1.8, 2.7):
            self._pygame.draw.lines(
                self._canvas, _FURROW, False, [self._pixel(x, y - depth) for x, y in line], _OVERSAMPLING
            )
        self._polygon(_GRASS, [*line, *[(x, y - 0.3) for x, y in reversed(line)]])
        self._draw_obstacles(terrain.obstacles)

    def _draw_ceiling(self, terrain: Terrain, height: float) -> None:
        """The rock, the climbable band with its vines, and the spikes."""
        right, low = self._left + _VIEW, height - BAND
        for colour, bottom, top in ((_ROCK, height, height + _ROCK_SHOWN + 1.0), (_BAND, low, height)):
            self._polygon(colour, [(self._left, bottom), (right, bottom), (right, top), (self._left, top)])
        for i in range(int(4 * self._left), int(4 * right) + 2):
            root, tip = self._pixel(i / 4, height), self._pixel(i / 4 + 0.1 * math.sin(7.0 * i), low)
            self._pygame.draw.line(self._canvas, _VINE, root, tip, _OVERSAMPLING)
        self._draw_obstacles(terrain.spikes)

    def _draw_obstacles(self, polygons: NDArray[np.float64]) -> None:
        for corners in polygons.tolist():
            if max(x for x, _ in corners) > self._left and min(x for x, _ in corners) < self._left + _VIEW:
                self._polygon(_OBSTACLE, corners, _OBSTACLE_EDGE)

    def _draw_flag(self, x: float, terrain: Terrain) -> None:
        ground = terrain.ground
        y = float(np.interp(x, ground[:, 0], ground[:, 1]))
        self._pygame.draw.line(self._canvas, _POLE, self._pixel(x, y), self._pixel(x, y + 1.7), 2 * _OVERSAMPLING)
        self._polygon(_FLAG, [(x, y + 1.7), (x, y + 1.2), (x + 0.8, y + 1.45)])

    def _draw_lidar(self, simulation: WalkerSimulation) -> None:
        x, y = simulation.hull.position
        for (dx, dy), fraction in zip(simulation.rays.tolist(), simulation.lidar.tolist(), strict=True):
            end = self._pixel(x + dx * fraction, y + dy * fraction)
            self._pygame.draw.aaline(self._canvas, _LIDAR, self._pixel(x, y), end)
            if fraction < 1.0:
                self._pygame.draw.circle(self._canvas, _LIDAR, end, 2 * _OVERSAMPLING)

    def _draw_walker(self, simulation: WalkerSimulation) -> None:
        """The far limbs, the hull, the near limbs: limbs come in pairs of a far and a near one."""
        arms = simulation.arms if isinstance(simulation, ClimberSimulation) else []
        self._draw_limbs(simulation.limbs, 0, _FAR_LEG)
        self._draw_limbs(arms, 0, _FAR_ARM)
        self._body(simulation.hull, _HULL, _HULL_EDGE)
        self._draw_limbs(simulation.limbs, 2, _NEAR_LEG)
        self._draw_limbs(arms, 2, _NEAR_ARM)
        if isinstance(simulation, ClimberSimulation):
            for arm, joint in enumerate(simulation.grips):
                if joint is not None:
                    self._circle(_GRIP, simulation.hand(arm), simulation.hand_radius, _LEG_EDGE)

    def _draw_limbs(self, limbs: list[Any], first: int, colour: tuple[int, int, int]) -> None:
        """Draw the far or the near one of each pair; a limb has two parts."""
        for i, limb in enumerate(limbs):
            if i % 4 in (first, first + 1):
                self._body(limb, colour, _LEG_EDGE)

    def _body(self, body: Any, colour: tuple[int, int, int], edge: tuple[int, int, int]) -> None:
        transform = body.transform
        for fixture in body.fixtures:
            shape = fixture.shape
            if isinstance(shape, circleShape):
                self._circle(colour, tuple(transform * shape.pos), shape.radius, edge)
            else:
                self._polygon(colour, [tuple(transform * corner) for corner in shape.vertices], edge)

    def _circle(
        self, colour: tuple[int, int, int], centre: tuple[float, float], radius: float, edge: tuple[int, int, int]
    ) -> None:
        self._pygame.draw.circle(self._canvas, edge, self._pixel(*centre), radius * _ZOOM)
        self._pygame.draw.circle(self._canvas, colour, self._pixel(*centre), radius * _ZOOM - 2 * _OVERSAMPLING)

    def _polygon(
        self,
        colour: tuple[int, int, int],
        corners: Iterable[Any],
        edge: tuple[int, int, int] | None = None,
        fixed: bool = False,
    ) -> None:
        shift = self._left if fixed else 0.0
        points = [self._pixel(x + shift, y) for x, y in corners]
        self._pygame.draw.polygon(self._canvas, colour, points)
        if edge is not None:
            self._pygame.draw.polygon(self._canvas, edge, points, 2 * _OVERSAMPLING)

    def _pixel(self, x: float, y: float) -> tuple[float, float]:
        return (x - self._left) * _ZOOM, self._size[1] - (y - self._bottom) * _ZOOM
