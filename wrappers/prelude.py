"""The base of the wrappers that let someone else act before the student does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, SupportsFloat

from .controlled import Controlled


class Prelude(Controlled):
    """A `Controlled` wrapper that can play the first steps of an episode inside ``reset``.

    The student's first observation is the one after these steps, so that no action of anyone else enters its rollout
    buffer. An episode that ends before the student has begun is begun again, with the prelude that ends one step
    earlier, then with half as many steps, and half of these, and so on.

    If a Monitor inside counts the steps of the prelude, ``info["episode"]`` of the last step is corrected to the
    student's own return and length.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage.wrappers import Prelude
        >>> class HeadStart(Prelude):
        ...     '''Pushes the cart to the right a few times.'''
        ...
        ...     def __init__(self, env, pushes):
        ...         super().__init__(env, {"pushes": pushes}, low=0, whole=True)
        ...
        ...     def _begin(self, seed, options):
        ...         return self._play(seed, options, self.values["pushes"], lambda observation: lambda _: 1)
        >>> env = HeadStart(gym.make("CartPole-v1"), 3)
        >>> env.reset(seed=0)[1]
        {'prelude_steps': 3, 'pushes': 3}
    """

    _unseen_steps = 0
    _unseen_return = 0.0

    def _play(
        self,
        seed: int | None,
        options: dict[str, Any] | None,
        most: float,
        actor: Callable[[Any], Callable[[Any], Any]],
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment and play a prelude.

        Args:
            seed: That of ``reset``.
            options: Those for the environment inside.
            most: How many steps, at most.
            actor: Called with the first observation; returns the function from observations to actions. It ends the
                prelude by raising ``StopIteration``.

        Returns:
            The observation after the prelude, and the info dict of the reset with the number of its steps.
        """
        again = False
        while True:
            observation, info = self.env.reset(seed=seed, options=options)
            act = actor(observation)
            self._unseen_steps, self._unseen_return = 0, 0.0
            over = False
            while self._unseen_steps < most and not over:
                try:
                    action = act(observation)
                except StopIteration:
                    break
                observation, reward, terminated, truncated, _ = self.env.step(action)
                self._unseen_steps += 1
                self._unseen_return += float(reward)
                over = terminated or truncated
            if not over:
                return observation, {**info, "prelude_steps": self._unseen_steps}
            most = self._unseen_steps // 2 if again else self._unseen_steps - 1
            again = True

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment; at the end of an episode, leave the prelude out of what a Monitor inside counted."""
        observation, reward, terminated, truncated, info = super().step(action)
        if self._unseen_steps and self._monitored and (terminated or truncated) and "episode" in info:
            episode = info["episode"]
            seen = round(float(episode["r"]) - self._unseen_return, 6)
            info["episode"] = {**episode, "r": seen, "l": int(episode["l"]) - self._unseen_steps}
        return observation, reward, terminated, truncated, info
