"""How the workers of a vector environment are built and seeded, alike for every kind of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

from .episode_gate import EpisodeGate

Layer = Callable[[gym.Env], gym.Env]


def env_function(
    env: str | Callable[..., gym.Env],
    env_kwargs: dict[str, Any] | None = None,
    statistics: Layer | None = None,
    wrapper_class: Layer | None = None,
) -> Callable[[], EpisodeGate]:
    """Return a function that makes one gated environment; it holds nothing but its arguments.

    An id is looked up here, so that a worker process need not import the package that registered it.

    Args:
        env: The id of an environment, or a function or class that makes one.
        env_kwargs: Passed to ``gymnasium.make`` or to the function.
        statistics: The innermost layer, which adds ``info["episode"]``: the returns before any shaping.
        wrapper_class: The layer between it and the gate.
    """
    kwargs = dict(env_kwargs or {})
    spec = gym.spec(env) if isinstance(env, str) else None
    builder: Any = env

    def make() -> EpisodeGate:
        made = gym.make(spec, **kwargs) if spec is not None else builder(**kwargs)
        for layer in (statistics, wrapper_class):
            if layer is not None:
                made = layer(made)
        return EpisodeGate(made)

    return make


def env_seeds(seed: int | None) -> tuple[int | None, int | None]:
    """Return the seed of the first environment (the i-th gets i more) and that of the action space.

    Example:
        >>> env_seeds(0) == env_seeds(0) and env_seeds(0) != env_seeds(1)
        True
    """
    if seed is None:
        return None, None
    first, actions = (int(word) for word in np.random.SeedSequence(seed).generate_state(2) >> 1)
    return first, actions
