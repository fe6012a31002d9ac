"""Auxiliary rewards whose weights change during training.

SPEAR lets a reward for using tools fade out, Time-R1 tightens the tolerance of an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, SupportsFloat

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from ..errors import unknown_name
from .clock import Clock
from .controlled import Control, Controlled

ENV = "env"
"""The name of the environment's own reward."""

Term = str | Callable[[Any, Any, float, dict[str, Any]], SupportsFloat]
"""A key of the info dict, or a function of observation, action, reward and info dict of a step."""


class RewardMix(Controlled):
    """Adds auxiliary rewards to the environment's own, each with a weight.

    The reward of a step is Σ weight · term, over ``"env"``, the environment's own reward, and the ``terms``; or
    whatever ``combine`` makes of them. ``info["reward_terms"]`` has the terms without their weights.

    Where the teacher should learn from the environment's own returns, put the Monitor inside.

    Args:
        env: The environment.
        terms: Auxiliary rewards by name: a key of the info dict of each step, or a function
            ``term(observation, action, reward, info)``.
        weights: The weight of each by name, ``"env"`` among them: a number, a schedule, or a dimension of the task,
            whose name is then ``weight_`` and that of the term. What is not listed has the weight 1.
        combine: ``combine(terms, weights)``, two dicts by name, returns the reward instead of the weighted sum.
        missing: What a key counts where an info dict lacks it; by default this is an error.
        clock: What the moment of a schedule is, see `Clock`.

    Raises:
        TypeError: A term that is neither, or a weight that is no number, schedule or dimension.
        ValueError: No term, a weight without a term or that is not finite, or a name that is a dimension already; at a
            step, a key that is missing, or a term or a reward that is not finite.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage.schedules import Cosine
        >>> from tutelage.wrappers import Clock, RewardMix
        >>> def centred(observation, action, reward, info):
        ...     return 1.0 - abs(observation[0])
        >>> fades = {"centred": Cosine(1, 0, 100)}
        >>> env = RewardMix(gym.make("CartPole-v1"), {"centred": centred}, fades, clock=Clock(per=500))
        >>> env.set_clock(steps=25_000)
        >>> _, info = env.reset(seed=0)
        >>> info
        {'weight_env': 1.0, 'weight_centred': 0.5}
        >>> _, reward, _, _, info = env.step(0)
        >>> round(reward, 3), info["reward_terms"]["env"]
        (1.493, 1.0)
    """

    def __init__(
        self,
        env: gym.Env,
        terms: Mapping[str, Term],
        weights: Mapping[str, Control] | None = None,
        *,
        combine: Callable[[dict[str, float], dict[str, float]], SupportsFloat] | None = None,
        missing: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        RecordConstructorArgs.__init__(
            self,
            _disable_deepcopy=True,
            terms=terms,
            weights=weights,
            combine=combine,
            missing=missing,
            clock=clock,
        )
        if not isinstance(terms, Mapping) or not terms:
            raise ValueError(f"RewardMix: expected terms by name, e.g. {{'tool': 'tool_reward'}}, got {terms!r}.")
        for name, term in terms.items():
            if name == ENV:
                raise ValueError(f"RewardMix: {ENV!r} is the environment's own reward; give the term another name.")
            if not isinstance(term, str) and not callable(term):
                raise TypeError(f"RewardMix: {name} must be a key of the info dict or a function, got {term!r}.")
        given = dict(weights or {})
        for name in given:
            if name not in (ENV, *terms):
                raise ValueError(unknown_name("term of RewardMix", name, [ENV, *terms]))
        if combine is not None and not callable(combine):
            raise TypeError(f"RewardMix: combine must be a function of terms and weights, got {combine!r}.")
        if missing is not None and not math.isfinite(missing):
            raise ValueError(f"RewardMix: missing must be finite, got {missing}.")
        controls = {f"weight_{name}": given.get(name, 1.0) for name in (ENV, *terms)}
        super().__init__(env, controls, clock=clock)
        self._terms, self._combine, self._missing = dict(terms), combine, missing

    def _act(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        terms = {ENV: _finite(ENV, reward)}
        for name, term in self._terms.items():
            if isinstance(term, str):
                terms[name] = _finite(name, self._of_info(name, term, info))
            else:
                terms[name] = _finite(name, term(observation, action, terms[ENV], info))
        weights = {name: self.values[f"weight_{name}"] for name in terms}
        if self._combine is None:
            mixed = sum(weights[name] * terms[name] for name in terms)
        else:
            mixed = _finite("the reward of combine", self._combine(dict(terms), weights))
        return observation, mixed, terminated, truncated, {**info, "reward_terms": terms}

    def _of_info(self, name: str, key: str, info: dict[str, Any]) -> Any:
        if key in info:
            return info[key]
        if self._missing is None:
            raise ValueError(
                f"RewardMix: the info dict of a step has no {key!r} for the term {name!r}; it has "
                f"{', '.join(map(repr, info)) or 'nothing'}. missing=0.0 counts it as 0."
            )
        return self._missing


def _finite(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"RewardMix: {name} must be a number, got {value!r}.") from error
    if not math.isfinite(number):
        raise ValueError(f"RewardMix: {name} must be finite, got {number}.")
    return number
