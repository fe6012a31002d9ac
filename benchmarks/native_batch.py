"""Natively batched vector environments: found through the ``vec_env`` of an environment's class."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker

_WITHOUT_EFFECT = (OrderEnforcing, PassiveEnvChecker)


def has_native_batch(env: Any) -> bool:
    """Tell whether there is a natively batched vector environment that behaves like ``env``.

    There is one where the class of the environment has a callable ``vec_env``, ``gymnasium.make`` made it (so that its
    arguments are known), and nothing is wrapped around it that could change it.

    Example:
        >>> from tutelage import envs
        >>> has_native_batch(gym.make("tutelage/Maze-v0")), has_native_batch(gym.make("CartPole-v1"))
        (True, False)
    """
    if env.spec is None or not callable(getattr(type(env.unwrapped), "vec_env", None)):
        return False
    while isinstance(env, gym.Wrapper):
        if type(env) not in _WITHOUT_EFFECT:
            return False
        env = env.env
    return True


def native_batch(env: Any, n_envs: int, seed: int | None) -> Any:
    """Return such a vector environment, or None where there is none.

    Args:
        env: A Gymnasium environment; it is left alone.
        n_envs: The size of the batch.
        seed: Of its random numbers.

    Example:
        >>> native_batch(gym.make("CartPole-v1"), 8, seed=0) is None
        True
    """
    if not has_native_batch(env):
        return None
    kwargs = {name: value for name, value in env.spec.kwargs.items() if name != "render_mode"}
    return type(env.unwrapped).vec_env(n_envs, seed=seed, **kwargs)
