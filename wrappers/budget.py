"""A limit on the steps of an episode that changes during training.

Budgets that shrink teach to be quick (Train Long, Think Short; Reinforcement Mid-Training), budgets that grow begin
with short attempts and leave room to explore later (Thinking vs. Doing).
"""

from __future__ import annotations

import math
from typing import Any, SupportsFloat

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from .clock import Clock
from .controlled import Control, Controlled


def length_bonus(length: float, budget: float) -> float:
    """Return how well an episode used its budget: ℓ/B up to B, (2B − ℓ)/B up to 2B, then 0 (Train Long, Think Short).

    Args:
        length: Steps of the episode, ℓ.
        budget: B, above 0.

    Example:
        >>> [length_bonus(length, 128) for length in (64, 128, 192, 256, 300)]
        [0.5, 1.0, 0.5, 0.0, 0.0]
    """
    return length / budget if length <= budget else max(0.0, (2.0 * budget - length) / budget)


class Budget(Controlled):
    """Truncates an episode when its steps are used up.

    The episode is truncated, not terminated: the student's return goes on behind the cut as far as its value function
    knows. Fractions of steps are rounded down. If the environment is one whose episodes end in success or failure, an
    episode that is cut off has failed, unless it says otherwise or its return has reached its ``success_threshold``.

    Args:
        env: The environment.
        max_steps: The budget: a number, a schedule, or a dimension of the task, e.g. ``range(16, 257)``; at least 1.
        length_bonus: Weight of `length_bonus`, which is added to the last reward of each episode.
        limit: Cut at so many budgets, at least 1; None never cuts. With 2 the bonus can sink to 0 again before.
        name: What the quantity is called in info dicts and in the task space.
        clock: What the moment of a schedule is, see `Clock`.

    Raises:
        TypeError: A budget that is no number, schedule or dimension; a weight or a limit that is no number.
        ValueError: A budget or a limit below 1, a weight that is not finite, or a name that is a dimension already.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage.schedules import Exponential
        >>> from tutelage.wrappers import Budget, Clock
        >>> env = Budget(gym.make("Pendulum-v1"), Exponential(256, 0.7).clip(1, None), clock=Clock(per=1000))
        >>> env.set_clock(steps=3500)
        >>> env.reset(seed=0)[1]
        {'budget': 87}
        >>> steps = [env.step([0.0])[2:4] for _ in range(87)]
        >>> steps[-2:]
        [(False, False), (False, True)]
    """

    def __init__(
        self,
        env: gym.Env,
        max_steps: Control,
        *,
        length_bonus: float = 0.0,
        limit: float | None = 1.0,
        name: str = "budget",
        clock: Clock | None = None,
    ) -> None:
        RecordConstructorArgs.__init__(
            self, max_steps=max_steps, length_bonus=length_bonus, limit=limit, name=name, clock=clock
        )
        for argument, value in (("length_bonus", length_bonus), ("limit", limit)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
                raise TypeError(f"Budget: {argument} must be a number, got {value!r}.")
        if not math.isfinite(length_bonus):
            raise ValueError(f"Budget: length_bonus must be finite, got {length_bonus}.")
        if limit is not None and not 1.0 <= limit < math.inf:
            raise ValueError(f"Budget: limit must be at least 1, or None to cut nothing, got {limit}.")
        super().__init__(env, {name: max_steps}, clock=clock, low=1, whole=True)
        self._name, self._bonus, self._limit = name, float(length_bonus), limit
        self._length = 0
        self._return = 0.0
        self._last = math.inf

    def _begin(self, seed: int | None, options: dict[str, Any] | None) -> tuple[Any, dict[str, Any]]:
        self._length, self._return = 0, 0.0
        self._last = math.inf if self._limit is None else math.floor(self._limit * self.values[self._name])
        return self.env.reset(seed=seed, options=options)

    def _act(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._length += 1
        self._return += float(reward)
        if self._length >= self._last and not (terminated or truncated):
            truncated = True
            info = self._cut(info)
        if self._bonus and (terminated or truncated):
            reward = float(reward) + self._bonus * length_bonus(self._length, self.values[self._name])
        return observation, reward, terminated, truncated, info

    def _cut(self, info: dict[str, Any]) -> dict[str, Any]:
        """Add what the environment would have said at its own end of the episode."""
        info = dict(info)
        self._report(info, self._return, self._length)
        if "is_success" not in info and self._inside is not None:
            if not self.env.has_wrapper_attr("success_threshold"):
                info["is_success"] = False
            elif (threshold := self.env.get_wrapper_attr("success_threshold")) is not None:
                info["is_success"] = self._return >= threshold
        return info
