"""The physics of one episode: a Box2D world with a terrain and a walker; `climber_simulation` adds arms.

The constants and the order of creation are those of Gymnasium's BipedalWalker-v3, so that the default body on
the same ground does the same. What differs: all of the terrain belongs to one static body, the lidar is
computed by `lidar.cast_rays` instead of Box2D callbacks, and a foot is on the ground as long as it has any
contact (in BipedalWalker-v3, the end of one of two contacts reads as no contact).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from Box2D.b2 import (
    contactListener,
    edgeShape,
    fixtureDef,
    polygonShape,
    revoluteJointDef,
    world,
)
from numpy.typing import NDArray

from .bodies import PIXELS_PER_UNIT, Body
from .lidar import N_RAYS, RAYS, cast_rays
from .terrain import GROUND_HEIGHT, START_PAD, Terrain

FPS = 50
HIP_SPEED, KNEE_SPEED = 4.0, 6.0
VELOCITY_ITERATIONS, POSITION_ITERATIONS = 180, 60

_FRICTION = 2.5
_TERRAIN_CATEGORY, _WALKER_CATEGORY = 0x0001, 0x0020
_CEILING_THICKNESS = 2.0
_HULL, _FLOOR = -1, -2
_SCALE_SPIN = 2.0 / FPS
_SCALE_VX = 0.3 * (600 / PIXELS_PER_UNIT) / FPS
_SCALE_VY = 0.3 * (400 / PIXELS_PER_UNIT) / FPS


class _Touch(contactListener):
    """Counts the contacts of each foot and remembers one of the hull and one of the floor.

    Knows no body: no reference cycle.
    """

    def __init__(self, n_legs: int) -> None:
        super().__init__()
        self.feet = [0] * n_legs
        self.hull = False
        self.floor = False

    def BeginContact(self, contact: Any) -> None:  # noqa: N802 - Box2D calls it
        for part in (contact.fixtureA.userData, contact.fixtureB.userData):
            if part is None:
                continue
            if part >= 0:
                self.feet[part] += 1
            elif part == _HULL:
                self.hull = True
            else:
                self.floor = True

    def EndContact(self, contact: Any) -> None:  # noqa: N802 - Box2D calls it
        for part in (contact.fixtureA.userData, contact.fixtureB.userData):
            if part is not None and part >= 0:
                self.feet[part] -= 1


class WalkerSimulation:
    """A walker on a terrain. Every episode has a new one, so that nothing survives from the last.

    Args:
        body: The walker's body.
        terrain: The track.
        push: Horizontal force on the hull in the first step.

    Attributes:
        hull: The Box2D body of the hull.
        limbs: The Box2D bodies of the legs, upper and lower in turn.
        x: Horizontal position of the hull in world units, as of the last `observe`.
        y: Vertical position of the hull in world units, as of the last `observe`.
        lidar: How far the ten rays got in the last `observe`, as fractions of their range.

    Example:
        >>> from tutelage.envs.bodies import get_body
        >>> simulation = WalkerSimulation(get_body("default"), Terrain([]), push=0.0)
        >>> simulation.step(np.array([1.0, 0.0, -0.5, 0.0]))
        1.5
        >>> simulation.observe().shape
        (24,)
    """

    def __init__(self, body: Body, terrain: Terrain, push: float) -> None:
        self.body = body
        self.terrain = terrain
        self._world = world()
        self._touch = _Touch(body.n_legs)
        self._world.contactListener = self._touch
        self._static = self._world.CreateStaticBody()
        self._build_terrain()

        self.x, self.y, hip_y = self._start()
        self.hull = self._world.CreateDynamicBody(
            position=(self.x, self.y), fixtures=fixture(list(body.hull), _HULL, density=5.0, friction=0.1)
        )
        self.hull.ApplyForceToCenter((push, 0), True)
        self.limbs: list[Any] = []
        self._joints: list[Any] = []
        self._speeds: list[float] = []
        for hip in body.hips:
            for side in (-1, 1):
                self._build_leg(hip, hip_y, side)

        self._legs = [(i, self._joints[2 * i], self._joints[2 * i + 1]) for i in range(body.n_legs)]
        self._n_proprioceptive = body.observation_size - N_RAYS
        self.lidar: NDArray[np.float32] = np.ones(N_RAYS, dtype=np.float32)

    @property
    def fell(self) -> bool:
        """Whether the hull has touched the ground or an obstacle."""
        return self._touch.hull

    @property
    def rays(self) -> NDArray[np.float64]:
        """The rays of the lidar as vectors, shape ``(10, 2)``."""
        return RAYS

    def step(self, action: NDArray[Any]) -> float:
        """Advance by 1/50 s with the motors set to an action, shape ``(action_size,)`` in [−1, 1] (clipped).

        The sign of an entry gives the direction of the motor, its size the share of the largest torque.

        Returns:
            The sum of the shares of torque, Σ min(abs(a), 1).

        Raises:
            ValueError: An action of another shape or with a NaN.
        """
        if action.shape != (self.body.action_size,):
            raise ValueError(f"Expected an action of shape ({self.body.action_size},), got shape {action.shape}.")
        effort = self._drive(action.tolist())
        self._advance()
        return effort

    def observe(self) -> NDArray[np.float32]:
        """Return the observation, shape ``(body.observation_size,)``: hull, limbs, lidar."""
        observation = np.empty(self._n_proprioceptive + N_RAYS, dtype=np.float32)
        observation[: self._n_proprioceptive] = self._state()
        self._cast_rays(observation)
        self.lidar = observation[self._n_proprioceptive :]
        return observation

    def _start(self) -> tuple[float, float, float]:
        """Return where the hull is created, and where the hips are (the first step pulls the legs to theirs)."""
        y = GROUND_HEIGHT + 2 * self.body.leg_height
        return START_PAD / 2, y, y - self.body.hip_y

    def _drive(self, action: list[float]) -> float:
        """Set the motors; return the sum of the shares of torque."""
        torque = self.body.torque
        effort = 0.0
        for joint, speed, value in zip(self._joints, self._speeds, action, strict=True):
            share = abs(value)
            if share > 1.0:
                share = 1.0
            joint.motorSpeed = speed if value > 0.0 else -speed if value < 0.0 else 0.0
            joint.maxMotorTorque = torque * share
            effort += share
        if effort != effort:
            raise ValueError(f"Expected an action of numbers in [-1, 1], got a NaN: {action}.")
        return effort

    def _advance(self) -> None:
        self._world.Step(1.0 / FPS, VELOCITY_ITERATIONS, POSITION_ITERATIONS)

    def _state(self) -> list[float]:
        """Note the position of the hull; return the hull's and the legs' part of the observation."""
        hull, feet = self.hull, self._touch.feet
        position, velocity = hull.position, hull.linearVelocity
        self.x, self.y = position.x, position.y
        state = [
            hull.angle,
            _SCALE_SPIN * hull.angularVelocity,
            _SCALE_VX * velocity.x,
            _SCALE_VY * velocity.y,
        ]
        for leg, hip, knee in self._legs:
            state += (
                hip.angle,
                hip.speed / HIP_SPEED,
                knee.angle + 1.0,
                knee.speed / KNEE_SPEED,
                1.0 if feet[leg] else 0.0,
            )
        return state

    def _cast_rays(self, observation: NDArray[np.float32]) -> None:
        terrain = self.terrain
        cast_rays(self.x, self.y, terrain.ground, terrain.obstacles, terrain.spans, observation)

    def _build_terrain(self) -> None:
        terrain = self.terrain
        self._add_polygons(terrain.obstacles.tolist(), _FLOOR)
        edge = edgeShape()
        definition = fixtureDef(shape=edge, friction=_FRICTION, categoryBits=_TERRAIN_CATEGORY, userData=_FLOOR)
        for start, end in pairwise(terrain.ground.tolist()):
            edge.vertices = [start, end]
            self._static.CreateFixture(definition)
        if terrain.ceiling is not None:  # a block: what is pressed through a line would be pushed out on the wrong side
            low, high = terrain.ceiling, terrain.ceiling + _CEILING_THICKNESS
            left, right = terrain.ground[0, 0], terrain.ground[-1, 0]
            block = [(left, low), (right, low), (right, high), (left, high)]
            self._add_polygons([*terrain.spikes.tolist(), block], None)

    def _add_polygons(self, polygons: list[Any], part: int | None) -> None:
        shape = polygonShape()
        definition = fixtureDef(shape=shape, friction=_FRICTION, categoryBits=_TERRAIN_CATEGORY, userData=part)
        for corners in polygons:
            shape.vertices = corners
            self._static.CreateFixture(definition)

    def _build_leg(self, hip: float, hip_y: float, side: int) -> None:
        """Create the upper and the lower leg; the hinges pull them to their places in the first step."""
        body = self.body
        half, width = body.leg_height / 2, body.leg_width / 2
        x = self.x + hip
        upper = self._limb(self.limbs, (x, hip_y - half), side * 0.05, (width, half), None)
        self._hinge(self.hull, upper, (hip, body.hip_y), (0, half), HIP_SPEED, (-0.8, 1.1))
        lower = self._limb(self.limbs, (x, hip_y - 3 * half), side * 0.05, (0.8 * width, half), len(self.limbs) // 2)
        self._hinge(upper, lower, (0, -half), (0, half), KNEE_SPEED, (-1.6, -0.1))

    def _limb(
        self,
        limbs: list[Any],
        position: tuple[float, float],
        angle: float,
        half_size: tuple[float, float],
        foot: int | None,
    ) -> Any:
        limb = self._world.CreateDynamicBody(
            position=position, angle=angle, fixtures=fixture(half_size, foot, density=1.0, friction=0.2)
        )
        limbs.append(limb)
        return limb

    def _hinge(
        self,
        inner: Any,
        outer: Any,
        anchor: tuple[float, float],
        outer_anchor: tuple[float, float],
        speed: float,
        limits: tuple[float, float],
    ) -> None:
        """Hang a limb on a body, with a motor that turns at ``speed`` at most."""
        definition = revoluteJointDef(
            bodyA=inner,
            bodyB=outer,
            localAnchorA=anchor,
            localAnchorB=outer_anchor,
            enableMotor=True,
            enableLimit=True,
            maxMotorTorque=self.body.torque,
            lowerAngle=limits[0],
            upperAngle=limits[1],
        )
        self._joints.append(self._world.CreateJoint(definition))
        self._speeds.append(speed)


def fixture(shape: Any, part: int | None, *, density: float, friction: float) -> Any:
    """Return a student's fixture: a polygon from a list of corners, a box from half sizes, or a circle."""
    if isinstance(shape, list):
        shape = polygonShape(vertices=shape)
    elif isinstance(shape, tuple):
        shape = polygonShape(box=shape)
    return fixtureDef(
        shape=shape,
        density=density,
        friction=friction,
        restitution=0.0,
        categoryBits=_WALKER_CATEGORY,
        maskBits=_TERRAIN_CATEGORY,
        userData=part,
    )
