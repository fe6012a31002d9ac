"""The bodies that walk the tracks: a biped, a biped with short legs and a quadruped.

Dimensions are those of Portelas et al. (2019), "Teacher algorithms for curriculum learning of Deep RL in
continuously parameterized environments"; the default body is that of Gymnasium's BipedalWalker-v3.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import unknown_name

PIXELS_PER_UNIT = 30.0
"""Pixels of the original drawings per world unit; lengths below are written as pixels over this."""

_UNIT = PIXELS_PER_UNIT


def _outline(*pixels: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    return tuple((x / _UNIT, y / _UNIT) for x, y in pixels)


@dataclass(frozen=True)
class Body:
    """The shape and the strength of a walker. Lengths are in world units.

    Attributes:
        name: The name the environments take as ``body=``.
        hull: Corners of the convex hull polygon around its own origin.
        hips: Horizontal positions of the hips on the hull, one for each pair of legs.
        hip_y: Vertical position of the hips on the hull.
        leg_width: Width of the upper leg; the lower leg has 0.8 of it.
        leg_height: Length of the upper and of the lower leg.
        torque: Largest torque of a motor.
        torque_penalty: Reward lost per step and unit of torque used.

    Example:
        >>> BODIES["quadruped"].n_joints, BODIES["quadruped"].observation_size
        (8, 34)
    """

    name: str
    hull: tuple[tuple[float, float], ...]
    hips: tuple[float, ...]
    hip_y: float
    leg_width: float
    leg_height: float
    torque: float
    torque_penalty: float

    @property
    def n_legs(self) -> int:
        """Number of legs: two for each pair."""
        return 2 * len(self.hips)

    @property
    def n_joints(self) -> int:
        """Number of motors, the size of an action: a hip and a knee for each leg."""
        return 2 * self.n_legs

    @property
    def observation_size(self) -> int:
        """Four numbers for the hull, five for each leg, ten for the lidar."""
        return 4 + 5 * self.n_legs + 10


_BIPED_HULL = _outline((-30, 9), (6, 9), (34, 1), (34, -8), (-30, -8))

BODIES: dict[str, Body] = {
    body.name: body
    for body in (
        Body("default", _BIPED_HULL, (0.0,), -8 / _UNIT, 8 / _UNIT, 34 / _UNIT, 80.0, 0.00035),
        Body("short", _BIPED_HULL, (0.0,), -8 / _UNIT, 8 / _UNIT, 17 / _UNIT, 80.0, 0.00035),
        Body(
            name="quadruped",
            hull=_outline((-46, 13), (6, 13), (50, 5), (50, -12), (-46, -12)),
            hips=(-1.2, 0.85),
            hip_y=-8 / _UNIT,
            leg_width=10 / _UNIT,
            leg_height=51 / _UNIT,
            torque=300.0,
            torque_penalty=0.00035 / 8,
        ),
    )
}
"""The known bodies by name."""


def get_body(name: str | Body) -> Body:
    """Return the body of that name; a `Body` of your own is returned as it is.

    Args:
        name: ``"default"``, ``"short"``, ``"quadruped"`` or a `Body`.

    Raises:
        ValueError: An unknown name.

    Example:
        >>> get_body("short").leg_height < get_body("default").leg_height
        True
        >>> get_body("quadrupd")
        Traceback (most recent call last):
        ...
        ValueError: Unknown body 'quadrupd'. Did you mean 'quadruped'?
    """
    if isinstance(name, Body):
        return name
    if not isinstance(name, str) or name not in BODIES:
        raise ValueError(unknown_name("body", name, BODIES))
    return BODIES[name]
