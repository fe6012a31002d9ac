"""Whoever acts in the student's place: a function or a trained agent of Stable-Baselines3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class Guide:
    """Asks a guide for actions, one episode after the other.

    Args:
        guide: A function from observations to actions, or an object with a ``predict`` like Stable-Baselines3's
            agents, of which the deterministic action is taken; the memory of a recurrent one is carried along.

    Raises:
        TypeError: Neither of these.

    Example:
        >>> guide = Guide(lambda observation: int(observation[2] > 0))
        >>> guide.begin()
        >>> guide([0.0, 0.0, 0.1, 0.0])
        1
    """

    def __init__(self, guide: Callable[[Any], Any] | Any) -> None:
        self._predict = getattr(guide, "predict", None)
        if not callable(guide) and not callable(self._predict):
            raise TypeError(
                f"A guide is a function from observations to actions, or an agent with a method predict; got {guide!r}."
            )
        self._function = guide
        self._state: Any = None
        self._first = True

    def begin(self) -> None:
        """Begin an episode."""
        self._state, self._first = None, True

    def __call__(self, observation: Any) -> Any:
        """Return the guide's action."""
        if not callable(self._predict):
            return self._function(observation)
        action, self._state = self._predict(
            observation, state=self._state, episode_start=np.array([self._first]), deterministic=True
        )
        self._first = False
        return action
