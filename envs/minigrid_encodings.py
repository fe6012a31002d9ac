"""The three ways in which Words as Beacons shows a subgoal of MiniGrid to the student."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from numbers import Integral
from typing import Any

import gymnasium as gym
import numpy as np
from minigrid.core.constants import COLOR_TO_IDX, OBJECT_TO_IDX, STATE_TO_IDX
from numpy.typing import ArrayLike, NDArray

from ..errors import RequestError, unknown_name
from .minigrid_subgoal import MiniGridSubgoal

FloatArray = NDArray[np.float32]

LANGUAGE_DIM = 384
"""Numbers of a sentence's vector, as many as those of the paper's sentence embeddings."""


class RelativeEncoding:
    """Where the subgoal is, seen from the agent: columns to the right and rows down. (0, 0) stands for none.

    Example:
        >>> import gymnasium as gym
        >>> import minigrid
        >>> env = gym.make("MiniGrid-KeyCorridorS3R3-v0")
        >>> _ = env.reset(seed=0)
        >>> env.unwrapped.agent_pos = (3, 3)
        >>> RelativeEncoding().encode(env, MiniGridSubgoal((1, 5), "pick up the red key"))
        array([-2.,  2.], dtype=float32)
    """

    def space(self, env: gym.Env) -> gym.spaces.Box:
        """Return the space of the vectors, shape ``(2,)``."""
        world: Any = env.unwrapped
        reach = np.array([world.width - 1, world.height - 1], dtype=np.float32)
        return gym.spaces.Box(-reach, reach, dtype=np.float32)

    def encode(self, env: gym.Env, subgoal: MiniGridSubgoal | None) -> FloatArray:
        """Return a subgoal's vector; it changes as the agent moves."""
        if subgoal is None:
            return np.zeros(2, dtype=np.float32)
        world: Any = env.unwrapped
        x, y = world.agent_pos
        return np.array([subgoal.cell[0] - x, subgoal.cell[1] - y], dtype=np.float32)


class RepresentationEncoding:
    """MiniGrid's code of what is in the subgoal's cell now: type, colour, state. (−1, −1, −1) stands for none.

    A cell that is empty, since its object was taken before its turn, say, shows none.

    Example:
        >>> import gymnasium as gym
        >>> import minigrid
        >>> from tutelage.envs import PlannerOracle
        >>> env = gym.make("MiniGrid-ObstructedMaze-1Dlh-v0")
        >>> _ = env.reset(seed=0)
        >>> box, door, ball = PlannerOracle().subgoals(env)
        >>> [RepresentationEncoding().encode(env, each).tolist() for each in (box, ball, None)]
        [[7.0, 5.0, 0.0], [6.0, 2.0, 0.0], [-1.0, -1.0, -1.0]]
    """

    def space(self, env: gym.Env) -> gym.spaces.Box:
        """Return the space of the vectors, shape ``(3,)``."""
        high = [max(table.values()) for table in (OBJECT_TO_IDX, COLOR_TO_IDX, STATE_TO_IDX)]
        return gym.spaces.Box(np.full(3, -1.0, np.float32), np.array(high, dtype=np.float32), dtype=np.float32)

    def encode(self, env: gym.Env, subgoal: MiniGridSubgoal | None) -> FloatArray:
        """Return the vector of what is in the subgoal's cell."""
        world: Any = env.unwrapped
        content = None if subgoal is None else world.grid.get(*subgoal.cell)
        return np.array((-1, -1, -1) if content is None else content.encode(), dtype=np.float32)


class LanguageEncoding:
    """The subgoal's instruction as a vector. Zeros stand for none.

    A cell that is empty shows none, as with `RepresentationEncoding`.

    Args:
        embed: Called with an instruction, returns ``dim`` numbers between −1 and 1; by default `hashed_words`. The
            paper's vectors are those of a sentence embedding, which a function of yours can call.
        dim: Numbers of a vector.

    Raises:
        TypeError: ``embed`` cannot be called.
        ValueError: ``dim`` below 1; while encoding, a vector of another length or out of bounds.

    Example:
        >>> import gymnasium as gym
        >>> import minigrid
        >>> from tutelage.envs import PlannerOracle
        >>> env = gym.make("MiniGrid-MultiRoom-N2-S4-v0")
        >>> _ = env.reset(seed=0)
        >>> LanguageEncoding().encode(env, PlannerOracle().subgoals(env)[0]).shape
        (384,)
    """

    def __init__(self, embed: Callable[[str], ArrayLike] | None = None, *, dim: int = LANGUAGE_DIM) -> None:
        if embed is not None and not callable(embed):
            raise TypeError(f"Expected embed as a function from a text to {dim} numbers, got {embed!r}.")
        self.embed, self.dim = embed, _checked_dim(dim)
        self._vectors: dict[str, FloatArray] = {}

    def space(self, env: gym.Env) -> gym.spaces.Box:
        """Return the space of the vectors, shape ``(dim,)``."""
        return gym.spaces.Box(-1.0, 1.0, (self.dim,), dtype=np.float32)

    def encode(self, env: gym.Env, subgoal: MiniGridSubgoal | None) -> FloatArray:
        """Return the vector of a subgoal's instruction."""
        world: Any = env.unwrapped
        if subgoal is None or world.grid.get(*subgoal.cell) is None:
            return np.zeros(self.dim, dtype=np.float32)
        if subgoal.text not in self._vectors:
            self._vectors[subgoal.text] = self._embedded(subgoal.text)
        return self._vectors[subgoal.text].copy()

    def _embedded(self, text: str) -> FloatArray:
        if self.embed is None:
            return hashed_words(text, self.dim)
        vector = np.asarray(self.embed(text), dtype=np.float32)
        if vector.shape != (self.dim,) or not (np.abs(vector) <= 1.0).all():
            raise ValueError(
                f"embed must return {self.dim} numbers between -1 and 1 for {text!r}, got shape {vector.shape}; scale "
                "the vectors, or pass dim."
            )
        return vector


def hashed_words(text: str, dim: int = LANGUAGE_DIM) -> FloatArray:
    """Return a text as a hashed bag of words: the same everywhere and always, with no model behind it.

    Each word adds 1 or −1 at a place, both from its hash; the sum is scaled to length 1. Texts that share words have
    similar vectors, whatever the words mean and in whatever order.

    Args:
        text: Upper and lower case and whatever is no letter or digit make no difference.
        dim: Numbers of the vector.

    Returns:
        Shape ``(dim,)``; zeros for a text without words.

    Raises:
        ValueError: ``dim`` below 1, or no whole number.

    Example:
        >>> key, door = hashed_words("pick up the red key"), hashed_words("open the red door")
        >>> bool(0 < key @ door < key @ hashed_words("Pick up the blue key!") < 1)
        True
    """
    dim = _checked_dim(dim)
    vector = np.zeros(dim, dtype=np.float64)
    for word in re.findall(r"[^\W_]+", text.lower()):
        digest = int.from_bytes(hashlib.blake2b(word.encode("utf-8"), digest_size=8).digest(), "little")
        vector[(digest >> 1) % dim] += 1.0 if digest & 1 else -1.0
    length = np.linalg.norm(vector)
    return (vector / length if length else vector).astype(np.float32)


def _checked_dim(dim: Any) -> int:
    if isinstance(dim, bool) or not isinstance(dim, Integral) or dim < 1:
        raise ValueError(f"Expected dim as a whole number of at least 1, got {dim!r}.")
    return int(dim)


_ENCODINGS: dict[str, Callable[[], RelativeEncoding | RepresentationEncoding | LanguageEncoding]] = {
    "relative": RelativeEncoding,
    "representation": RepresentationEncoding,
    "language": LanguageEncoding,
}


def minigrid_encoding(name: str) -> RelativeEncoding | RepresentationEncoding | LanguageEncoding:
    """Return an encoding by name: ``"relative"``, ``"representation"`` or ``"language"``.

    Raises:
        RequestError: An unknown name.

    Example:
        >>> type(minigrid_encoding("relative")).__name__
        'RelativeEncoding'
    """
    if name not in _ENCODINGS:
        raise RequestError(unknown_name("encoding", name, _ENCODINGS))
    return _ENCODINGS[name]()
