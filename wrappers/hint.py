"""Hints that are given in some episodes: a privileged observation, a better start, a demonstration.

RuscaRL gives a falling share of hints, AdaptMI hints only where the student does badly, EGSR an expert's solution
where every attempt has failed.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from ..errors import unknown_name
from .below import Below
from .clock import Clock
from .controlled import Control
from .prelude import Prelude

KINDS = ("feature", "start", "demonstration")
"""What a hint can be."""

_MOST_TASKS = 10_000


def group_share(index: int, size: int) -> float:
    """Return the share of hints of member ``index`` of a group: (G − 1 − i) / (G − 1), from 1 down to 0 (RuscaRL).

    Args:
        index: From 0 on, e.g. the place of a worker in a vector environment.
        size: G; a group of one gets all.

    Raises:
        ValueError: A member that is not in the group.

    Example:
        >>> [group_share(i, 5) for i in range(5)]
        [1.0, 0.75, 0.5, 0.25, 0.0]
    """
    if not 0 <= index < size:
        raise ValueError(f"Expected a member from 0 to {size - 1} of a group of {size}, got {index}.")
    return 1.0 if size == 1 else (size - 1 - index) / (size - 1)


class Hint(Prelude):
    """Gives a hint in some episodes.

    The function ``hint`` is called only in these. What it returns depends on the ``kind``:

    ====================  ===========================  ====================================================
    kind                  called                       returns
    ====================  ===========================  ====================================================
    ``"feature"``         ``hint(env, observation)``   numbers, shown to the student behind every
                          at each observation          observation of the episode
    ``"start"``           ``hint(env)`` before the     options for the environment's ``reset``, or None if
                          reset                        the function has changed the environment itself
    ``"demonstration"``   ``hint(env, observation)``   actions, played inside ``reset`` before the student's
                          after the reset              first action
    ====================  ===========================  ====================================================

    ``env`` is the environment inside; ``env.unwrapped`` is the innermost.

    With ``"feature"`` the observations have the same shape with and without a hint: a vector is followed by the
    numbers of the hint and a 1, or by zeros; a Dict has both under the key ``"hint"``.

    ``info["hinted"]`` of the reset and of the last step of an episode tells whether there was a hint.

    Args:
        env: The environment.
        hint: The function.
        probability: How often there is a hint: a number, a schedule, or a dimension of the task; from 0 to 1.
        kind: One of these three.
        space: The space of the numbers of a ``"feature"``: how many there are, or a Box of shape ``(k,)``.
        gate: If given, there are hints only while it lets them through, see `Below`. It needs ``info["is_success"]``
            on the last step of an episode.
        name: What the probability is called in info dicts and in the task space.
        clock: What the moment of a schedule is, see `Clock`.

    Raises:
        TypeError: No function, a probability that is no number, schedule or dimension, or an observation space to which
            nothing can be appended.
        ValueError: A probability outside [0, 1], an unknown kind, a space for another kind than ``"feature"`` or none
            for it, or a name that is a dimension already.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage.wrappers import Hint
        >>> def uphill(env, observation):
        ...     return [env.unwrapped.goal_position]
        >>> env = Hint(gym.make("MountainCar-v0"), uphill, 0.5, space=1)
        >>> for seed in (1, 2):
        ...     observation, info = env.reset(seed=seed)
        ...     print(observation[2:], info)
        [0.5 1. ] {'hinted': True, 'hint_probability': 0.5}
        [0. 0.] {'hinted': False, 'hint_probability': 0.5}
    """

    def __init__(
        self,
        env: gym.Env,
        hint: Callable[..., Any],
        probability: Control,
        *,
        kind: str = "feature",
        space: int | gym.spaces.Box | None = None,
        gate: Below | None = None,
        name: str = "hint_probability",
        clock: Clock | None = None,
    ) -> None:
        RecordConstructorArgs.__init__(
            self,
            _disable_deepcopy=True,
            hint=hint,
            probability=probability,
            kind=kind,
            space=space,
            gate=gate,
            name=name,
            clock=clock,
        )
        if not callable(hint):
            raise TypeError(f"Hint: expected a function, got {hint!r}.")
        if kind not in KINDS:
            raise ValueError(unknown_name("kind of Hint", kind, KINDS))
        if gate is not None and not isinstance(gate, Below):
            raise TypeError(f"Hint: gate must be a tutelage.wrappers.Below, got {gate!r}.")
        if (space is not None) != (kind == "feature"):
            raise ValueError(
                f"Hint: kind='feature' needs a space, the other kinds have none; got {kind!r} and {space}."
            )
        super().__init__(env, {name: probability}, clock=clock, low=0.0, high=1.0)
        self._hint, self._name, self._kind, self._gate = hint, name, kind, gate
        self._hinted = False
        self._successes: OrderedDict[bytes, deque[bool]] = OrderedDict()
        self._key = b""
        if kind == "feature":
            self._feature_space = _feature_space(space)
            self.observation_space = self._extended(env.observation_space)

    # --- Episodes ------------------------------------------------------------------------------------------------

    def _begin(self, seed: int | None, options: dict[str, Any] | None) -> tuple[Any, dict[str, Any]]:
        # The number is drawn even where the gate is shut, so that the later ones do not depend on the gate.
        lucky = bool(self.rng.random() < self.values[self._name])
        self._key = self._key_of((options or {}).get("task"))
        self._hinted = lucky and (self._gate is None or self._gate(self._successes.get(self._key, ())))
        if self._kind == "demonstration":
            observation, info = self._play(seed, options, math.inf if self._hinted else 0, self._demonstration)
        else:
            if self._kind == "start" and self._hinted:
                options = {**(options or {}), **(self._hint(self.env) or {})}
            observation, info = self.env.reset(seed=seed, options=options)
        return self._shown(observation), {**info, "hinted": self._hinted}

    def _act(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        if terminated or truncated:
            info = {**info, "hinted": self._hinted}
            self._remember(info)
        return self._shown(observation), reward, terminated, truncated, info

    def _demonstration(self, observation: Any) -> Callable[[Any], Any]:
        actions = iter(self._hint(self.env, observation) if self._hinted else ())
        return lambda _: next(actions)

    # --- The gate ------------------------------------------------------------------------------------------------

    def _key_of(self, task: Any) -> bytes:
        """Return under which key the successes of a task are remembered."""
        if self._gate is None or not self._gate.per_task or task is None:
            return b""
        row = self._inside.from_dict(task) if isinstance(task, dict) and self._inside is not None else task
        return np.asarray(row, dtype=np.float64).tobytes()

    def _remember(self, info: dict[str, Any]) -> None:
        if self._gate is None:
            return
        if "is_success" not in info:
            raise ValueError(
                "Hint: the gate needs info['is_success'] on the last step of an episode, and the environment gives "
                "none; an adapter's success_threshold defines it as a return that is reached."
            )
        record = self._successes.setdefault(self._key, deque(maxlen=self._gate.window))
        record.append(bool(info["is_success"]))
        self._successes.move_to_end(self._key)
        if len(self._successes) > _MOST_TASKS:
            self._successes.popitem(last=False)

    # --- Features ------------------------------------------------------------------------------------------------

    def _extended(self, space: gym.Space) -> gym.Space:
        feature = self._feature_space
        low, high = np.minimum(feature.low, 0.0), np.maximum(feature.high, 0.0)
        if isinstance(space, gym.spaces.Box) and len(space.shape) == 1 and space.dtype.kind == "f":
            lows, highs = np.concatenate([space.low, low, [0.0]]), np.concatenate([space.high, high, [1.0]])
            dtype: Any = space.dtype
            return gym.spaces.Box(lows.astype(dtype), highs.astype(dtype), dtype=dtype)
        if isinstance(space, gym.spaces.Dict):
            if "hint" in space.spaces:
                raise ValueError(f"Hint: the observation space has a key 'hint' already: {space}.")
            box = gym.spaces.Box(np.append(low, 0.0).astype(np.float32), np.append(high, 1.0).astype(np.float32))
            return gym.spaces.Dict({**space.spaces, "hint": box})
        raise TypeError(
            f"Hint: a feature can be appended to a Box of one dimension with floats, or to a Dict; got {space}. "
            "Flatten the observations (gymnasium.wrappers.FlattenObservation), or make them a Dict "
            "(gymnasium.wrappers.TransformObservation)."
        )

    def _shown(self, observation: Any) -> Any:
        """Return the observation as the student sees it."""
        if self._kind != "feature":
            return observation
        tail = np.zeros(self._feature_space.shape[0] + 1)
        if self._hinted:
            tail[:-1], tail[-1] = self._feature(observation), 1.0
        if isinstance(observation, dict):
            return {**observation, "hint": tail.astype(np.float32)}
        return np.concatenate([observation, tail]).astype(self.observation_space.dtype)

    def _feature(self, observation: Any) -> NDArray[np.float64]:
        feature = np.asarray(self._hint(self.env, observation), dtype=np.float64)
        if feature.shape != self._feature_space.shape or not np.isfinite(feature).all():
            raise ValueError(
                f"Hint: expected {self._feature_space.shape[0]} finite numbers from {self._hint}, got {feature}."
            )
        return feature


def _feature_space(space: Any) -> gym.spaces.Box:
    if isinstance(space, gym.spaces.Box) and len(space.shape) == 1 and space.shape[0]:
        return space
    if isinstance(space, (int, np.integer)) and not isinstance(space, bool) and space >= 1:
        return gym.spaces.Box(-np.inf, np.inf, (int(space),))
    raise ValueError(f"Hint: space must be a number of features of at least 1, or a Box of shape (k,), got {space!r}.")
