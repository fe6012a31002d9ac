"""Negative advantages: how far an episode falls below the best value estimate met on the way.

Source: the DEGen paper (arXiv:2601.14957), whose score of a level, the maximised negative advantage (MNA), is the sum
of these over the steps, for levels that have been solved at least once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]


def negative_advantages(
    rewards: FloatArray, values: FloatArray, next_values: FloatArray, dones: NDArray[np.bool_], gamma: float, lam: float
) -> NDArray[np.float64]:
    """Return the negative advantage A⁻ of each step.

    With the TD error δ of each step, S(t, 0) = min(0, δ(t)) and S(t, i) = min(0, S(t, i−1) + γ^i δ(t+i)): the return
    over i+1 steps, bootstrapped, minus the highest value estimate so far or the highest such return. A⁻(t) is the
    λ-mixture (1−λ) Σ λ^i S(t, i) to the end of the episode (or of the rollout) at t+e, plus λ^(e+1) S(t, e). It differs
    from min(0, GAE), in which an early gain hides a later fall.

    Args:
        rewards: As the environment gave them, without the bootstrap of time-outs, shape ``(steps, n_envs)``.
        values: The value estimate of each step's observation, shape ``(steps, n_envs)``.
        next_values: That of the next observation, 0 where the episode ended, shape ``(steps, n_envs)``.
        dones: Whether the episode ended with the step, shape ``(steps, n_envs)``.
        gamma: Discount factor γ.
        lam: λ of the mixture.

    Returns:
        A⁻, at most 0, shape ``(steps, n_envs)``.

    Example:
        >>> column = lambda *numbers: np.array(numbers)[:, None]
        >>> dones = np.array([[False], [False], [True]])
        >>> a = negative_advantages(column(0, 0, 0.5), column(0.4, 0.8, 0.6), column(0.8, 0.6, 0), dones, 0.9, 0.5)
        >>> a.ravel().round(5).tolist()
        [-0.13725, -0.305, -0.1]
    """
    # One row for each environment, so that the kernel walks through contiguous memory.
    errors = np.ascontiguousarray((np.asarray(rewards, np.float64) + gamma * next_values - values).T)
    return _negative_advantages(errors, np.ascontiguousarray(dones.T), float(gamma), float(lam)).T


@njit(cache=True, nogil=True)
def _negative_advantages(
    errors: NDArray[np.float64], dones: NDArray[np.bool_], gamma: float, lam: float
) -> NDArray[np.float64]:
    n_envs, steps = errors.shape
    result = np.empty((n_envs, steps))
    for env in range(n_envs):
        for start in range(steps):
            fall, mixed, discount, weight = 0.0, 0.0, 1.0, 1.0
            for t in range(start, steps):
                fall = min(0.0, fall + discount * errors[env, t])
                mixed += (1.0 - lam) * weight * fall
                discount *= gamma
                weight *= lam
                if dones[env, t]:
                    break
            result[env, start] = mixed + weight * fall
    return result
