"""A guide that acts in part of an episode.

A guide that goes first brings the student to states from which the rest is short, and goes less far as training goes
on. One that takes over after the student's first steps finishes what they began, and lets it do more and more by
itself (CAPE, where a rollout of the model's own predictions goes on with the truth).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, SupportsFloat

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from ..errors import unknown_name
from .clock import Clock
from .controlled import Control
from .guide import Guide
from .prelude import Prelude

_ORDERS = ("guide", "student")


class GuideHorizon(Prelude):
    """Lets a guide act in part of each episode.

    With ``first="guide"`` the guide acts for ``horizon`` steps, then the student. With ``first="student"`` the student
    acts for ``horizon`` steps, then the guide until the episode ends.

    **Actions of the guide are not the student's.** PPO and A2C learn from the actions that their own policy chose; an
    action of someone else in their rollout buffer makes their gradient wrong. So by default the guide's part is
    *hidden*: it is played inside ``reset()``, or within the student's last step, whose reward then includes the
    guide's, discounted. The student sees none of it, and an on-policy student stays on-policy.

    With ``hidden=False`` each step of the guide is a step of the environment: the action given to ``step`` is ignored,
    ``info["guided"]`` is True and ``info["action"]`` is the one that was taken. This is for off-policy learners whose
    loop stores ``info["action"]``, and for loops that leave guided steps out.

    ``info["guided"]`` tells at each step, and at a reset, whether the guide had a part in it.

    The guide's steps count for a TimeLimit inside, but not for the ``clock``.

    Args:
        env: The environment.
        guide: A function from observations to actions, or an agent of Stable-Baselines3. Workers in other processes
            need their own: load it in the function that makes the environment.
        horizon: Steps of whoever goes first: a number, a schedule, or a dimension of the task.
        first: ``"guide"`` or ``"student"``.
        hidden: Whether the guide's part is hidden from the student.
        discount: What a reward of the guide is worth a step later, for the reward of the step that hides its part.
        most_guide_steps: A hidden end of an episode is truncated after so many steps of the guide.
        name: What the horizon is called in info dicts and in the task space.
        clock: What the moment of a schedule is, see `Clock`.

    Raises:
        TypeError: No guide, or a horizon that is no number, schedule or dimension.
        ValueError: A horizon below 0 (below 1 for a student that goes first), another order, a discount outside
            [0, 1], less than one step for the guide, or a name that is a dimension already.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage.schedules import Linear
        >>> from tutelage.wrappers import Clock, GuideHorizon
        >>> def balance(observation):
        ...     return int(observation[2] + observation[3] > 0)
        >>> env = GuideHorizon(gym.make("CartPole-v1"), balance, Linear(100, 0), clock=Clock(per=50_000))
        >>> env.reset(seed=0)[1]
        {'prelude_steps': 100, 'guided': True, 'guide_horizon': 100}
        >>> env.step(0)[4]
        {'guided': False}
    """

    def __init__(
        self,
        env: gym.Env,
        guide: Callable[[Any], Any] | Any,
        horizon: Control,
        *,
        first: str = "guide",
        hidden: bool = True,
        discount: float = 1.0,
        most_guide_steps: int = 10_000,
        name: str = "guide_horizon",
        clock: Clock | None = None,
    ) -> None:
        RecordConstructorArgs.__init__(
            self,
            _disable_deepcopy=True,
            guide=guide,
            horizon=horizon,
            first=first,
            hidden=hidden,
            discount=discount,
            most_guide_steps=most_guide_steps,
            name=name,
            clock=clock,
        )
        if first not in _ORDERS:
            raise ValueError(unknown_name("order of GuideHorizon", first, _ORDERS))
        if not 0.0 <= discount <= 1.0:
            raise ValueError(f"GuideHorizon: discount must be between 0 and 1, got {discount}.")
        if most_guide_steps < 1:
            raise ValueError(f"GuideHorizon: most_guide_steps must be at least 1, got {most_guide_steps}.")
        self._guide = Guide(guide)
        super().__init__(env, {name: horizon}, clock=clock, low=0 if first == "guide" else 1, whole=True)
        self._name, self._guide_first, self._hidden_part = name, first == "guide", hidden
        self._discount, self._most = float(discount), int(most_guide_steps)
        self._length, self._return = 0, 0.0
        self._observation: Any = None

    def _begin(self, seed: int | None, options: dict[str, Any] | None) -> tuple[Any, dict[str, Any]]:
        self._length, self._return = 0, 0.0
        horizon = self.values[self._name] if self._guide_first and self._hidden_part else 0
        self._observation, info = self._play(seed, options, horizon, self._actor)
        return self._observation, {**info, "guided": info["prelude_steps"] > 0}

    def _act(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        early = self._length < self.values[self._name]
        guided = not self._hidden_part and early == self._guide_first
        if guided:
            action = self._guide(self._observation)
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._observation = observation
        self._length += 1
        self._return += float(reward)
        info = {**info, "guided": guided}
        if guided:
            info["action"] = action
        last = self._hidden_part and not self._guide_first and self._length == self.values[self._name]
        if last and not (terminated or truncated):
            return self._finish(float(reward))
        return observation, reward, terminated, truncated, info

    def _actor(self, observation: Any) -> Guide:
        self._guide.begin()
        return self._guide

    def _finish(self, reward: float) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Let the guide play on to the end of the episode, as part of the student's last step."""
        weight = 1.0
        for _ in range(self._most):
            observation, more, terminated, truncated, info = self.env.step(self._guide(self._observation))
            self._observation = observation
            self._unseen_steps += 1
            self._return += float(more)
            weight *= self._discount
            reward += weight * float(more)
            if terminated or truncated:
                return observation, reward, terminated, truncated, {**info, "guided": True}
        info = {**info, "guided": True}
        self._report(info, self._return, self._length + self._unseen_steps)
        return observation, reward, False, True, info
