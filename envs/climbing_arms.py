"""The arms of a body that climbs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClimbingArms:
    """A far and a near arm of the same shape, each with a shoulder, an elbow and a hand. Lengths are in world units.

    Attributes:
        shoulder: Position of both shoulders on the hull.
        width: Width of the upper arm; the forearm has 0.8 of it.
        length: Length of the upper arm and of the forearm.
        hand: Radius of a hand.

    Example:
        >>> ClimbingArms(shoulder=(0.0, 0.5), width=0.2, length=1.0, hand=0.1).reach
        2.0
    """

    shoulder: tuple[float, float]
    width: float
    length: float
    hand: float

    @property
    def reach(self) -> float:
        """From a shoulder to the middle of the hand of its stretched arm."""
        return 2 * self.length
