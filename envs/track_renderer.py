"""Draws a walker on its track with pygame."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from .bodies import PIXELS_PER_UNIT
from .lidar import RAYS
from .simulation import WalkerSimulation
from .terrain import LENGTH, STEP

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
        self._left = 0.0
        self._window: Any = None
        self._clock: Any = None
        if human:
            pygame.display.init()
            pygame.display.set_caption("Tutelage")
            self._window = pygame.display.set_mode((WIDTH, HEIGHT))
            self._clock = pygame.time.Clock()

    def draw(self, simulation: WalkerSimulation) -> NDArray[np.uint8] | None:
        """Draw one frame: an array of shape ``(400, 600, 3)``, or None after showing it in the window."""
        self._left = max(0.0, simulation.hull.position.x - _MARGIN)
        self._canvas.blit(self._background, (0, 0))
        self._draw_backdrop()
        self._draw_terrain(simulation)
        self._draw_flag(3 * STEP, simulation)
        self._draw_flag(LENGTH - 10 * STEP, simulation)
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

    def _draw_terrain(self, simulation: WalkerSimulation) -> None:
        terrain = simulation.terrain
        right = self._left + _VIEW
        line = [tuple(point) for point in terrain.ground.tolist()]
        self._polygon(_EARTH, [*line, (line[-1][0], 0.0), (line[0][0], 0.0)])
        for depth in (0.9, 1.8, 2.7):
            self._pygame.draw.lines(
                self._canvas, _FURROW, False, [self._pixel(x, y - depth) for x, y in line], _OVERSAMPLING
            )
        self._polygon(_GRASS, [*line, *[(x, y - 0.3) for x, y in reversed(line)]])
        for (start, end), corners in zip(terrain.spans, terrain.obstacles.tolist(), strict=True):
            if end > self._left and start < right:
                self._polygon(_OBSTACLE, corners, _OBSTACLE_EDGE)

    def _draw_flag(self, x: float, simulation: WalkerSimulation) -> None:
        ground = simulation.terrain.ground
        y = float(np.interp(x, ground[:, 0], ground[:, 1]))
        self._pygame.draw.line(self._canvas, _POLE, self._pixel(x, y), self._pixel(x, y + 1.7), 2 * _OVERSAMPLING)
        self._polygon(_FLAG, [(x, y + 1.7), (x, y + 1.2), (x + 0.8, y + 1.45)])

    def _draw_lidar(self, simulation: WalkerSimulation) -> None:
        x, y = simulation.hull.position
        for (dx, dy), fraction in zip(RAYS.tolist(), simulation.lidar.tolist(), strict=True):
            end = self._pixel(x + dx * fraction, y + dy * fraction)
            self._pygame.draw.aaline(self._canvas, _LIDAR, self._pixel(x, y), end)
            if fraction < 1.0:
                self._pygame.draw.circle(self._canvas, _LIDAR, end, 2 * _OVERSAMPLING)

    def _draw_walker(self, simulation: WalkerSimulation) -> None:
        """The far legs, the hull, the near legs: legs come in pairs of a far and a near one."""
        limbs = simulation.limbs
        for i, limb in enumerate(limbs):
            if i % 4 < 2:
                self._body(limb, _FAR_LEG, _LEG_EDGE)
        self._body(simulation.hull, _HULL, _HULL_EDGE)
        for i, limb in enumerate(limbs):
            if i % 4 >= 2:
                self._body(limb, _NEAR_LEG, _LEG_EDGE)

    def _body(self, body: Any, colour: tuple[int, int, int], edge: tuple[int, int, int]) -> None:
        transform = body.transform
        for fixture in body.fixtures:
            self._polygon(colour, [tuple(transform * corner) for corner in fixture.shape.vertices], edge)

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
        return (x - self._left) * _ZOOM, self._size[1] - y * _ZOOM
