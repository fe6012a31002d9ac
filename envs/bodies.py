"""The bodies of the students: a biped, one with short legs, a quadruped, a chimpanzee, and all of them with other legs.

Dimensions of the walkers are those of Portelas et al. (2019), "Teacher algorithms for curriculum learning of Deep RL
in continuously parameterized environments"; the default body is that of Gymnasium's BipedalWalker-v3. The chimpanzee is
ours, see docs/environments/bodies.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import unknown_name
from ..specs import build_part
from .climbing_arms import ClimbingArms

PIXELS_PER_UNIT = 30.0
"""Pixels of the original drawings per world unit; lengths below are written as pixels over this."""

SHORTEST_LEGS, LONGEST_LEGS = 0.25, 2.0
"""Bounds of the factor by which legs can be scaled."""

_UNIT = PIXELS_PER_UNIT


def _outline(*pixels: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    return tuple((x / _UNIT, y / _UNIT) for x, y in pixels)


@dataclass(frozen=True)
class Body:
    """The shape and the strength of a student. Lengths are in world units.

    Attributes:
        name: The name the environments take as ``body=``.
        hull: Corners of the convex hull polygon around its own origin.
        hips: Horizontal positions of the hips on the hull, one for each pair of legs.
        hip_y: Vertical position of the hips on the hull.
        leg_width: Width of the upper leg; the lower leg has 0.8 of it.
        leg_height: Length of the upper and of the lower leg.
        torque: Largest torque of a motor.
        torque_penalty: Reward lost per step and unit of torque used.
        tilt_penalty: Reward lost per radian by which the hull is tilted.
        arms: None for a body that walks; a body with arms climbs.
        legs: By what the legs of this name were scaled.

    Example:
        >>> BODIES["quadruped"].n_joints, BODIES["quadruped"].observation_size
        (8, 34)
        >>> BODIES["chimpanzee"].action_size, BODIES["chimpanzee"].observation_size
        (10, 36)
    """

    name: str
    hull: tuple[tuple[float, float], ...]
    hips: tuple[float, ...]
    hip_y: float
    leg_width: float
    leg_height: float
    torque: float
    torque_penalty: float
    tilt_penalty: float = 5.0
    arms: ClimbingArms | None = None
    legs: float = 1.0

    @property
    def n_legs(self) -> int:
        """Number of legs: two for each pair."""
        return 2 * len(self.hips)

    @property
    def n_arms(self) -> int:
        """Number of arms, each with one hand: none or two."""
        return 0 if self.arms is None else 2

    @property
    def n_joints(self) -> int:
        """Number of motors: a hip and a knee for each leg, a shoulder and an elbow for each arm."""
        return 2 * (self.n_legs + self.n_arms)

    @property
    def action_size(self) -> int:
        """A number for each motor, then one for each hand."""
        return self.n_joints + self.n_arms

    @property
    def resting_action(self) -> NDArray[np.float64]:
        """The action of a body that does not move and holds fast, shape ``(action_size,)``."""
        return np.array([0.0] * self.n_joints + [1.0] * self.n_arms)

    @property
    def observation_size(self) -> int:
        """Four numbers for the hull, five for each leg, six for each arm, ten for the lidar."""
        return 4 + 5 * self.n_legs + 6 * self.n_arms + 10

    @property
    def spec(self) -> str:
        """What `get_body` makes this body of, if it is one of `BODIES` with other legs.

        Example:
            >>> BODIES["default"].with_legs(0.8).spec
            'default(legs=0.8)'
        """
        return self.name if self.legs == 1.0 else f"{self.name}(legs={self.legs!r})"

    @property
    def kind(self) -> dict[str, float | int | str]:
        """What kind of student this body makes: its name, and the numbers in which two bodies can differ.

        Example:
            >>> BODIES["quadruped"].with_legs(0.5).kind
            {'body': 'quadruped', 'legs': 0.5, 'leg_height': 0.85, 'n_legs': 4, 'n_arms': 0}
        """
        return {
            "body": self.name,
            "legs": self.legs,
            "leg_height": self.leg_height,
            "n_legs": self.n_legs,
            "n_arms": self.n_arms,
        }

    def with_legs(self, legs: float = 1.0) -> Body:
        """Return the same body with legs of another length; their width and the motors stay as they are.

        Args:
            legs: Factor of the length of the upper and the lower legs, in [0.25, 2].

        Raises:
            ValueError: A factor that is not such a number, or legs that were scaled by more than that in all.

        Example:
            >>> BODIES["default"].with_legs(0.5).leg_height == BODIES["short"].leg_height
            True
        """
        limits = f"Expected legs as a factor in [{SHORTEST_LEGS:g}, {LONGEST_LEGS:g}], got"
        if isinstance(legs, bool) or not isinstance(legs, Real) or not SHORTEST_LEGS <= legs <= LONGEST_LEGS:
            raise ValueError(f"{limits} {legs!r}.")
        factor = self.legs * float(legs)
        if not SHORTEST_LEGS <= factor <= LONGEST_LEGS:
            raise ValueError(f"{limits} {legs!r} of legs that are scaled by {self.legs:g} already: {factor:g} in all.")
        return replace(self, leg_height=self._unscaled_leg_height * factor, legs=factor)

    @property
    def _unscaled_leg_height(self) -> float:
        named = BODIES.get(self.name)
        if named is not None and self.leg_height == named.leg_height * self.legs:
            return named.leg_height
        return self.leg_height / self.legs


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
        Body(
            name="chimpanzee",
            hull=_outline((-9, -18), (7, -18), (12, 2), (13, 14), (8, 20), (-4, 20), (-10, 10)),
            hips=(0.0,),
            hip_y=-14 / _UNIT,
            leg_width=7 / _UNIT,
            leg_height=18 / _UNIT,
            torque=80.0,
            torque_penalty=0.00035 / 2,
            tilt_penalty=0.0,
            arms=ClimbingArms(shoulder=(0.0, 14 / _UNIT), width=6 / _UNIT, length=28 / _UNIT, hand=4 / _UNIT),
        ),
    )
}
"""The known bodies by name."""


def get_body(spec: Any) -> Body:
    """Return the body that plain data stands for; a `Body` of your own is returned as it is.

    Args:
        spec: A name of `BODIES`, such as ``"default"``; with other legs, ``"default(legs=0.8)"`` or
            ``{"default": {"legs": 0.8}}``; ``"random(7)"`` for the one that `random_body` draws with the seed 7, whose
            other arguments can be given too; or a `Body`.

    Raises:
        ValueError: An unknown name, arguments that do not exist or are out of range.
        TypeError: Data of another form.

    Example:
        >>> get_body("short").leg_height < get_body("default(legs=0.8)").leg_height < get_body("default").leg_height
        True
        >>> get_body("random(7)") == get_body({"random": {"seed": 7}}) == random_body(7)
        True
        >>> get_body("quadrupd")
        Traceback (most recent call last):
        ...
        ValueError: Unknown body 'quadrupd'. Did you mean 'quadruped'?
    """
    if isinstance(spec, Body):
        return spec
    makers: dict[str, Any] = {name: body.with_legs for name, body in BODIES.items()}
    body: Body = build_part("body", spec, {**makers, "random": _body_of_seed})
    return body


def _body_of_seed(seed: Any = None, *args: Any, **kwargs: Any) -> Body:
    if seed is None:
        raise ValueError("A random body needs a seed, such as 'random(7)'; got none.")
    return random_body(seed, *args, **kwargs)


def random_body(
    seed: int | np.random.Generator,
    bodies: Sequence[str] = ("default", "quadruped"),
    legs: Sequence[float] = (0.5, 1.5),
) -> Body:
    """Draw a student: one of some bodies, each as likely, with legs scaled by a uniform factor.

    Args:
        seed: Seed, or a generator that is drawn from; the same seed gives the same body.
        bodies: Names of `BODIES`.
        legs: Bounds of the factor, which is rounded to three digits so that it can be read and written.

    Raises:
        ValueError: An unknown name, none at all, or bounds that are not 0.25 ≤ low ≤ high ≤ 2.
        TypeError: A seed that is neither an integer nor a generator.

    Example:
        >>> [random_body(seed).spec for seed in range(3)]
        ['quadruped(legs=0.77)', 'default(legs=1.45)', 'quadruped(legs=0.798)']
        >>> random_body(3, bodies=["default", "chimpanzee"], legs=[0.5, 1.0]).spec
        'chimpanzee(legs=0.618)'
    """
    if not isinstance(seed, (int, np.integer, np.random.Generator)) or isinstance(seed, bool):
        raise TypeError(f"Expected a seed as an integer or a numpy.random.Generator, got {seed!r}.")
    if isinstance(seed, (int, np.integer)) and seed < 0:
        raise ValueError(f"The seed of a random body must be at least 0, got {seed}.")
    names = [bodies] if isinstance(bodies, str) else list(bodies)
    if not names:
        raise ValueError("Expected the name of at least one body, got none.")
    for name in names:
        if name not in BODIES:
            raise ValueError(unknown_name("body", name, BODIES))
    try:
        low, high = (float(bound) for bound in legs)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Expected legs as two bounds of a factor, such as (0.5, 1.5), got {legs!r}.") from error
    if not SHORTEST_LEGS <= low <= high <= LONGEST_LEGS:
        raise ValueError(
            f"Expected bounds of legs with {SHORTEST_LEGS:g} <= low <= high <= {LONGEST_LEGS:g}, got {legs!r}."
        )
    rng = np.random.default_rng(seed)
    name = names[int(rng.integers(len(names)))]
    return BODIES[name].with_legs(round(float(rng.uniform(low, high)), 3))
