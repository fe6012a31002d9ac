"""The clock of a schedule inside an environment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import unknown_name
from ..schedule import check_positive

UNITS = ("steps", "episodes")
"""What an environment can count."""


@dataclass(frozen=True)
class Clock:
    """How an environment's own count of steps or episodes becomes the moment of a schedule.

    The moment is ``count · n_envs / per``. The environments of a vector environment take their steps together, so
    with ``n_envs`` of them the count of one, times ``n_envs``, is the number of steps of the training (what
    Stable-Baselines3 calls ``num_timesteps``). Counted in episodes it is an estimate, for one environment may have
    finished more of them than another.

    Args:
        unit: ``"steps"``: the steps of the student, or ``"episodes"``: those that have begun before this one.
        n_envs: How many environments are trained on together.
        per: How much of the unit is 1 for the schedule: the length of the training for a schedule of the progress
            from 0 to 1, ``n_steps · n_envs`` for one by iterations of PPO, 1 for one by steps.

    Raises:
        TypeError: A number of environments that is no whole number, or a ``per`` that is no number.
        ValueError: An unknown unit, less than one environment, or a ``per`` that is not above 0.

    Example:
        >>> Clock(n_envs=8, per=1_000_000).moment(62_500)
        0.5
    """

    unit: str = "steps"
    n_envs: int = 1
    per: float = 1.0

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(unknown_name("unit of a clock", self.unit, UNITS))
        if isinstance(self.n_envs, bool) or not isinstance(self.n_envs, (int, np.integer)):
            raise TypeError(f"Clock: n_envs must be a whole number, got {self.n_envs!r}.")
        if self.n_envs < 1:
            raise ValueError(f"Clock: n_envs must be at least 1, got {self.n_envs}.")
        check_positive("Clock", "per", self.per)

    def moment(self, count: float) -> float:
        """Return the moment of the schedule.

        Args:
            count: What one environment has counted.
        """
        return count * self.n_envs / self.per
