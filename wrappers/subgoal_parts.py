"""What `Subgoals` is made of: who makes the list, how a subgoal is shown, and when one is done.

The wrapper knows nothing of the environment. What does is handed in as three objects, which keep no state of an
episode, so that all copies of an environment can share them. A subgoal may be any object; the parts have to agree
on what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import gymnasium as gym
import numpy as np
from numpy.typing import ArrayLike


@runtime_checkable
class SubgoalProvider(Protocol):
    """Who makes the list of subgoals of an episode: a planner, a language model, a file."""

    def subgoals(self, env: gym.Env, rng: np.random.Generator) -> Sequence[Any]:
        """Return the subgoals of the episode that has just begun, in the order in which they are to be done.

        Args:
            env: The environment, after its reset.
            rng: For whatever is random; it follows from the seed of the wrapper's ``reset`` and leaves the
                environment's own random numbers alone.
        """
        ...


@runtime_checkable
class SubgoalEncoding(Protocol):
    """How a subgoal is shown to the student: as a vector of fixed length."""

    def space(self, env: gym.Env) -> gym.spaces.Box:
        """Return the space of the vectors."""
        ...

    def encode(self, env: gym.Env, subgoal: Any | None) -> ArrayLike:
        """Return the vector of a subgoal as things stand in the environment, or the one that stands for none."""
        ...


@runtime_checkable
class SubgoalProgress(Protocol):
    """When a subgoal is done: whatever a look before a step and one after it tell."""

    def look(self, env: gym.Env, subgoals: Sequence[Any]) -> Any:
        """Return what has to be remembered of the environment until after the next step."""
        ...

    def completed(self, env: gym.Env, subgoals: Sequence[Any], before: Any) -> Sequence[bool]:
        """Tell of each subgoal whether the step since ``before`` completed it, whatever its place in the list."""
        ...
