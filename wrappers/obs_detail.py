"""Observations that become finer during training, at constant shape.

EfficientTrain shows coarse images first and full ones at the end. Here the shape stays, so that the same student goes
on: an image of fewer cells is blown up to its old size, a vector's numbers are rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from ..errors import unknown_name
from .clock import Clock
from .controlled import Control, Controlled

METHODS = ("auto", "pool", "round")
"""How details are taken away."""

_MOST_CHANNELS = 4
"""An axis of an image that is no longer than this, at one end, holds the channels."""


class ObsDetail(Controlled):
    """Shows observations with less detail.

    A detail of 1 leaves them as they are. With less,

    * ``"pool"`` cuts each axis into ``detail · length`` cells (at least one) of nearly equal length and replaces each
      by its mean. This is for images, and for vectors whose neighbours belong together, such as the rays of a lidar;
      not for images whose numbers are categories, like MiniGrid's;
    * ``"round"`` cuts the range of each number into ``detail · levels`` cells (at least one) and replaces it by the
      middle of its own. It needs finite bounds.

    ``"auto"`` pools images and rounds vectors.

    Args:
        env: The environment, with a Box of one to three dimensions, or a Dict with such.
        detail: From 0 to 1: a number, a schedule, or a dimension of the task.
        method: ``"auto"``, ``"pool"`` or ``"round"``.
        levels: Cells of a number's range just below full detail, at least 1.
        keys: Which observations of a Dict; None is all that are Boxes.
        bounds: ``(low, high)`` for ``"round"``: numbers or arrays, instead of the bounds of the observation space.
        name: What the detail is called in info dicts and in the task space.
        clock: What the moment of a schedule is, see `Clock`.

    Raises:
        TypeError: An observation space of another kind, or a detail that is no number, schedule or dimension.
        ValueError: A detail outside [0, 1], an unknown method or key, bounds that are missing, not finite or the wrong
            way round, or a name that is a dimension already.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage.wrappers import ObsDetail
        >>> space = gym.spaces.Box(0, 255, (4, 4), "uint8")
        >>> images = gym.wrappers.TransformObservation(
        ...     gym.make("CartPole-v1"), lambda _: np.arange(16, dtype=np.uint8).reshape(4, 4), space
        ... )
        >>> ObsDetail(images, 0.5).reset()[0]
        array([[ 2,  2,  4,  4],
               [ 2,  2,  4,  4],
               [10, 10, 12, 12],
               [10, 10, 12, 12]], dtype=uint8)
    """

    def __init__(
        self,
        env: gym.Env,
        detail: Control,
        *,
        method: str = "auto",
        levels: int = 32,
        keys: Sequence[str] | None = None,
        bounds: tuple[Any, Any] | None = None,
        name: str = "detail",
        clock: Clock | None = None,
    ) -> None:
        RecordConstructorArgs.__init__(
            self, detail=detail, method=method, levels=levels, keys=keys, bounds=bounds, name=name, clock=clock
        )
        if method not in METHODS:
            raise ValueError(unknown_name("method of ObsDetail", method, METHODS))
        if isinstance(levels, bool) or not isinstance(levels, (int, np.integer)) or levels < 1:
            raise ValueError(f"ObsDetail: levels must be a whole number of at least 1, got {levels!r}.")
        super().__init__(env, {name: detail}, clock=clock, low=0.0, high=1.0)
        self._name, self._method, self._levels, self._given = name, method, int(levels), bounds
        self._keys = _keys_of(env.observation_space, keys)
        self._limits = {key: self._check(space) for key, space in _boxes(env.observation_space, self._keys).items()}

    def _begin(self, seed: int | None, options: dict[str, Any] | None) -> tuple[Any, dict[str, Any]]:
        observation, info = self.env.reset(seed=seed, options=options)
        return self._shown(observation), info

    def _act(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        return self._shown(observation), reward, terminated, truncated, info

    def _shown(self, observation: Any) -> Any:
        if self.values[self._name] == 1.0:
            return observation
        if self._keys is None:
            return self._coarse(observation, "")
        return {**observation, **{key: self._coarse(observation[key], key) for key in self._keys}}

    def _coarse(self, values: NDArray[Any], key: str) -> NDArray[Any]:
        detail = self.values[self._name]
        if self._rounds(values.ndim):
            return _rounded(values, *self._limits[key], max(1, round(detail * self._levels)))
        cells = {axis: max(1, round(detail * values.shape[axis])) for axis in _axes(values.shape)}
        return np.clip(_pooled(values, cells), *self._limits[key], dtype=values.dtype)

    def _rounds(self, n_dims: int) -> bool:
        return self._method == "round" or (self._method == "auto" and n_dims == 1)

    def _check(self, space: gym.spaces.Box) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the bounds of a Box, in which its coarser observations lie."""
        if not 1 <= len(space.shape) <= 3 or space.dtype.kind not in "fiu" or 0 in space.shape:
            raise TypeError(f"ObsDetail: expected a Box of one to three dimensions with numbers, got {space}.")
        if not self._rounds(len(space.shape)):
            return space.low, space.high
        low, high = space.low.astype(np.float64), space.high.astype(np.float64)
        if self._given is not None:
            low, high = (np.broadcast_to(np.asarray(b, dtype=np.float64), space.shape) for b in self._given)
        if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
            raise ValueError(
                f"ObsDetail: rounding needs finite bounds with low ≤ high, got {low.tolist()} and {high.tolist()}. "
                "Give bounds=(low, high) that hold nearly all observations, or method='pool'."
            )
        return low, high


def _keys_of(space: gym.Space, keys: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return which observations are meant; None where there is but one."""
    if not isinstance(space, gym.spaces.Dict):
        if keys is not None:
            raise ValueError(f"ObsDetail: keys={list(keys)} are for a Dict of observations, got {space}.")
        return None
    boxes = [key for key, part in space.spaces.items() if isinstance(part, gym.spaces.Box)]
    for key in keys or ():
        if key not in boxes:
            raise ValueError(unknown_name("key of a Box in the observations", key, boxes))
    chosen = tuple(boxes if keys is None else keys)
    if not chosen:
        raise TypeError(f"ObsDetail: there is no Box to show with less detail in {space}.")
    return chosen


def _boxes(space: gym.Space, keys: tuple[str, ...] | None) -> dict[str, gym.spaces.Box]:
    if keys is not None and isinstance(space, gym.spaces.Dict):
        return {key: space.spaces[key] for key in keys}  # type: ignore[misc]
    if not isinstance(space, gym.spaces.Box):
        raise TypeError(f"ObsDetail: expected observations in a Box, or a Dict with Boxes, got {space}.")
    return {"": space}


def _axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes of space of a vector or an image, without that of the channels."""
    if len(shape) < 3:
        return tuple(range(len(shape)))
    if shape[2] <= _MOST_CHANNELS:
        return 0, 1
    return (1, 2) if shape[0] <= _MOST_CHANNELS else (0, 1, 2)


def _rounded(values: NDArray[Any], low: NDArray[np.float64], high: NDArray[np.float64], cells: int) -> NDArray[Any]:
    """Return numbers as the middle of their cell of the range."""
    share = np.clip((values - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    middle = low + (np.minimum(np.floor(share * cells), cells - 1) + 0.5) / cells * (high - low)
    return (np.rint(middle) if values.dtype.kind in "iu" else middle).astype(values.dtype)


def _pooled(values: NDArray[Any], cells: dict[int, int]) -> NDArray[Any]:
    """Return an array with the mean of each cell in all places of the cell.

    Args:
        values: The array.
        cells: How many cells along which axes.
    """
    means: NDArray[np.float64] = values.astype(np.float64)
    lengths = {}
    for axis, n in cells.items():
        edges = np.arange(n + 1) * values.shape[axis] // n
        lengths[axis] = np.diff(edges)
        shape = [n if i == axis else 1 for i in range(values.ndim)]
        means = np.add.reduceat(means, edges[:-1], axis=axis) / lengths[axis].reshape(shape)
    shown = (np.rint(means) if values.dtype.kind in "iu" else means).astype(values.dtype)
    for axis, counts in lengths.items():
        shown = np.repeat(shown, counts, axis=axis)
    return shown
