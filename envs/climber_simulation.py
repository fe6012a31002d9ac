"""The physics of one episode of a body with arms, which hangs from the ceiling and climbs along it.

A hand that is to grip and is in the climbable band under the ceiling is fixed there by a hinge, until it is to let go.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from Box2D.b2 import circleShape, revoluteJointDef
from numpy.typing import NDArray

from .bodies import Body
from .lidar import RAYS, cast_rays
from .simulation import FPS, POSITION_ITERATIONS, VELOCITY_ITERATIONS, WalkerSimulation, fixture
from .terrain import BAND, START_PAD, Terrain

SHOULDER_SPEED, ELBOW_SPEED = 6.0, 6.0

FASTEST = 10.0
"""No observed speed is larger: light limbs that hit something can be faster for a moment."""

SUBSTEPS = 4
"""A step is solved in this many parts, with as many iterations in all as a walker's. A hand hits the rock faster than a
foot the ground: in one step it would go deep into it, and Box2D's continuous collisions, which leave joints out, would
tear the elbow apart instead."""

_SHOULDER_LIMITS, _ELBOW_LIMITS = (-2.8, 2.8), (-0.1, 2.4)
_SPREAD = 0.2
_RAYS_UP = RAYS * (1.0, -1.0)


class ClimberSimulation(WalkerSimulation):
    """A body with arms on a terrain with a ceiling. It starts hanging by both hands, the near one ahead.

    The angle of a stretched arm that points up is zero; it grows as the arm turns backwards, and so does that of an
    elbow as it bends.

    Args:
        body: A body with arms.
        terrain: A track with a ceiling.
        push: Horizontal force on the hull in the first step.

    Attributes:
        arms: The Box2D bodies of the arms, upper arm and forearm in turn, the far arm first.
        grips: For each hand the joint that holds it, or None.

    Raises:
        ValueError: A body without arms or a terrain without a ceiling.

    Example:
        >>> from tutelage.envs.bodies import get_body
        >>> simulation = ClimberSimulation(get_body("chimpanzee"), Terrain([], ceiling=13.0), push=0.0)
        >>> action = simulation.body.resting_action
        >>> simulation.step(action), simulation.observe().shape, simulation.fell
        (0.0, (36,), False)
    """

    def __init__(self, body: Body, terrain: Terrain, push: float) -> None:
        if body.arms is None:
            raise ValueError(f"Expected a body with arms, got {body.name!r}, which has none.")
        self._overhead = terrain.upside_down()
        self._ceiling = -float(self._overhead.ground[0, 1])
        self._shape = body.arms
        super().__init__(body, terrain, push * SUBSTEPS)  # Box2D takes the force away after a part of the step
        self._world.continuousPhysics = False
        self.arms: list[Any] = []
        for angle in (_SPREAD, -_SPREAD):
            self._build_arm(angle)
        self._arms = [(i, self._joints[-4 + 2 * i], self._joints[-3 + 2 * i]) for i in range(2)]
        self.grips: list[Any] = [None, None]

    @property
    def fell(self) -> bool:
        """Whether any part of the body has touched the ground or an obstacle that stands on it."""
        return self._touch.floor

    @property
    def rays(self) -> NDArray[np.float64]:
        """The rays of the lidar as vectors, shape ``(10, 2)``: ahead and up."""
        return _RAYS_UP

    @property
    def hand_radius(self) -> float:
        """Radius of a hand in world units."""
        return self._shape.hand

    def hand(self, arm: int) -> tuple[float, float]:
        """Return where the middle of a hand is."""
        x, y = self.arms[2 * arm + 1].GetWorldPoint((0.0, self._shape.length / 2))
        return x, y

    def reaches(self, arm: int) -> bool:
        """Return whether a hand is in the climbable band."""
        return self._ceiling - BAND <= self.hand(arm)[1] <= self._ceiling

    def _start(self) -> tuple[float, float, float]:
        """Hang from the middle of the band by stretched arms."""
        shoulder = self._ceiling - BAND / 2 - self._shape.reach * math.cos(_SPREAD)
        hull_y = shoulder - self._shape.shoulder[1]
        return START_PAD / 2, hull_y, hull_y + self.body.hip_y

    def _drive(self, action: list[float]) -> float:
        n = self.body.n_joints
        effort = super()._drive(action[:n])
        if any(value != value for value in action[n:]):
            raise ValueError(f"Expected an action of numbers in [-1, 1], got a NaN: {action}.")
        for arm, value in enumerate(action[n:]):
            joint = self.grips[arm]
            if value > 0.0:
                if joint is None and self.reaches(arm):
                    self.grips[arm] = self._hold(arm)
            elif joint is not None:
                self._world.DestroyJoint(joint)
                self.grips[arm] = None
        return effort

    def _advance(self) -> None:
        for _ in range(SUBSTEPS):
            self._world.Step(1.0 / (FPS * SUBSTEPS), VELOCITY_ITERATIONS // SUBSTEPS, POSITION_ITERATIONS // SUBSTEPS)

    def _hold(self, arm: int) -> Any:
        definition = revoluteJointDef(
            bodyA=self._static,
            bodyB=self.arms[2 * arm + 1],
            localAnchorA=self.hand(arm),
            localAnchorB=(0.0, self._shape.length / 2),
        )
        return self._world.CreateJoint(definition)

    def _state(self) -> list[float]:
        state = super()._state()
        state[0] = math.remainder(state[0], math.tau)  # it may swing around a hand any number of times
        for arm, shoulder, elbow in self._arms:
            state += (
                shoulder.angle,
                shoulder.speed / SHOULDER_SPEED,
                elbow.angle,
                elbow.speed / ELBOW_SPEED,
                1.0 if self.reaches(arm) else 0.0,
                0.0 if self.grips[arm] is None else 1.0,
            )
        return [min(max(value, -FASTEST), FASTEST) for value in state]

    def _cast_rays(self, observation: NDArray[np.float32]) -> None:
        """A climber's lidar is that of a walker in a world turned upside down."""
        overhead = self._overhead
        cast_rays(self.x, -self.y, overhead.ground, overhead.obstacles, overhead.spans, observation)

    def _build_arm(self, angle: float) -> None:
        """Create a stretched arm with its hand at the end of the forearm."""
        shape = self._shape
        half, width = shape.length / 2, shape.width / 2
        x, y = self.x + shape.shoulder[0], self.y + shape.shoulder[1]
        ahead, up = -math.sin(angle), math.cos(angle)
        upper = self._limb(self.arms, (x + half * ahead, y + half * up), angle, (width, half), None)
        self._hinge(self.hull, upper, shape.shoulder, (0, -half), SHOULDER_SPEED, _SHOULDER_LIMITS)
        fore = self._limb(self.arms, (x + 3 * half * ahead, y + 3 * half * up), angle, (0.8 * width, half), None)
        self._hinge(upper, fore, (0, half), (0, -half), ELBOW_SPEED, _ELBOW_LIMITS)
        hand = circleShape(pos=(0.0, half), radius=shape.hand)
        fore.CreateFixture(fixture(hand, None, density=1.0, friction=0.2))
