"""The physics of one episode: a Box2D world with a terrain and a walker.

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
from .lidar import N_RAYS, cast_rays
from .terrain import GROUND_HEIGHT, START_PAD, Terrain

FPS = 50
HIP_SPEED, KNEE_SPEED = 4.0, 6.0
VELOCITY_ITERATIONS, POSITION_ITERATIONS = 180, 60

_FRICTION = 2.5
_TERRAIN_CATEGORY, _WALKER_CATEGORY = 0x0001, 0x0020
_HULL = -1
_SCALE_SPIN = 2.0 / FPS
_SCALE_VX = 0.3 * (600 / PIXELS_PER_UNIT) / FPS
_SCALE_VY = 0.3 * (400 / PIXELS_PER_UNIT) / FPS


class _Touch(contactListener):
    """Counts the contacts of each foot and remembers one of the hull. Knows no body: no reference cycle."""

    def __init__(self, n_legs: int) -> None:
        super().__init__()
        self.feet = [0] * n_legs
        self.hull = False

    def BeginContact(self, contact: Any) -> None:  # noqa: N802 - Box2D calls it
        for part in (contact.fixtureA.userData, contact.fixtureB.userData):
            if part is None:
                continue
            if part == _HULL:
                self.hull = True
            else:
                self.feet[part] += 1

    def EndContact(self, contact: Any) -> None:  # noqa: N802 - Box2D calls it
        for part in (contact.fixtureA.userData, contact.fixtureB.userData):
            if part is not None and part != _HULL:
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
        self._build_terrain(terrain)

        self.x = START_PAD / 2
        self.y = GROUND_HEIGHT + 2 * body.leg_height
        self.hull = self._world.CreateDynamicBody(
            position=(self.x, self.y), fixtures=_fixture(list(body.hull), _HULL, density=5.0, friction=0.1)
        )
        self.hull.ApplyForceToCenter((push, 0), True)
        self.limbs: list[Any] = []
        self._joints: list[Any] = []
        for hip in body.hips:
            for side in (-1, 1):
                self._build_leg(hip, side)

        self._speeds = (HIP_SPEED, KNEE_SPEED) * body.n_legs
        self._legs = [(i, self._joints[2 * i], self._joints[2 * i + 1]) for i in range(body.n_legs)]
        self._n_proprioceptive = body.observation_size - N_RAYS
        self.lidar: NDArray[np.float32] = np.ones(N_RAYS, dtype=np.float32)

    @property
    def hull_touched(self) -> bool:
        """Whether the hull has touched the ground or an obstacle."""
        return self._touch.hull

    def step(self, action: NDArray[Any]) -> float:
        """Advance by 1/50 s with the motors set to an action, shape ``(n_joints,)`` in [−1, 1] (clipped).

        The sign of an entry gives the direction of the motor, its size the share of the largest torque.

        Returns:
            The sum of the shares of torque, Σ min(abs(a), 1).

        Raises:
            ValueError: An action of another shape or with a NaN.
        """
        torque = self.body.torque
        effort = 0.0
        if action.shape != (len(self._joints),):
            raise ValueError(f"Expected an action of shape ({len(self._joints)},), got shape {action.shape}.")
        for joint, speed, value in zip(self._joints, self._speeds, action.tolist(), strict=True):
            share = abs(value)
            if share > 1.0:
                share = 1.0
            joint.motorSpeed = speed if value > 0.0 else -speed if value < 0.0 else 0.0
            joint.maxMotorTorque = torque * share
            effort += share
        if effort != effort:
            raise ValueError(f"Expected an action of numbers in [-1, 1], got a NaN: {action.tolist()}.")
        self._world.Step(1.0 / FPS, VELOCITY_ITERATIONS, POSITION_ITERATIONS)
        return effort

    def observe(self) -> NDArray[np.float32]:
        """Return the observation, shape ``(body.observation_size,)``: hull, legs, lidar."""
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
        observation = np.empty(self._n_proprioceptive + N_RAYS, dtype=np.float32)
        observation[: self._n_proprioceptive] = state
        terrain = self.terrain
        cast_rays(self.x, self.y, terrain.ground, terrain.obstacles, terrain.spans, observation)
        self.lidar = observation[self._n_proprioceptive :]
        return observation

    def _build_terrain(self, terrain: Terrain) -> None:
        static = self._world.CreateStaticBody()
        polygon, edge = polygonShape(), edgeShape()
        definition = fixtureDef(shape=polygon, friction=_FRICTION, categoryBits=_TERRAIN_CATEGORY)
        for corners in terrain.obstacles.tolist():
            polygon.vertices = corners
            static.CreateFixture(definition)
        definition = fixtureDef(shape=edge, friction=_FRICTION, categoryBits=_TERRAIN_CATEGORY)
        points = terrain.ground.tolist()
        for start, end in pairwise(points):
            edge.vertices = [start, end]
            static.CreateFixture(definition)

    def _build_leg(self, hip: float, side: int) -> None:
        """Create the upper and the lower leg; the hinges pull them to their places in the first step."""
        body = self.body
        half, width = body.leg_height / 2, body.leg_width / 2
        x, y = START_PAD / 2 + hip, self.y - body.hip_y
        upper = self._limb(x, y - half, side, (width, half), None)
        self._hinge(self.hull, upper, (hip, body.hip_y), half, side, (-0.8, 1.1))
        lower = self._limb(x, y - 3 * half, side, (0.8 * width, half), len(self.limbs) // 2)
        self._hinge(upper, lower, (0, -half), half, 1, (-1.6, -0.1))

    def _limb(self, x: float, y: float, side: int, half_size: tuple[float, float], foot: int | None) -> Any:
        limb = self._world.CreateDynamicBody(
            position=(x, y), angle=side * 0.05, fixtures=_fixture(half_size, foot, density=1.0, friction=0.2)
        )
        self.limbs.append(limb)
        return limb

    def _hinge(
        self,
        above: Any,
        below: Any,
        anchor: tuple[float, float],
        half: float,
        speed: int,
        limits: tuple[float, float],
    ) -> None:
        definition = revoluteJointDef(
            bodyA=above,
            bodyB=below,
            localAnchorA=anchor,
            localAnchorB=(0, half),
            enableMotor=True,
            enableLimit=True,
            maxMotorTorque=self.body.torque,
            motorSpeed=speed,
            lowerAngle=limits[0],
            upperAngle=limits[1],
        )
        self._joints.append(self._world.CreateJoint(definition))


def _fixture(outline: Any, part: int | None, *, density: float, friction: float) -> Any:
    """Return a walker's fixture: a polygon from a list of corners, or a box from a tuple of half sizes."""
    shape = polygonShape(vertices=outline) if isinstance(outline, list) else polygonShape(box=outline)
    return fixtureDef(
        shape=shape,
        density=density,
        friction=friction,
        restitution=0.0,
        categoryBits=_WALKER_CATEGORY,
        maskBits=_TERRAIN_CATEGORY,
        userData=part,
    )
