"""What a teacher of Gaussians did: those of each refit, and which of them the task of each episode was drawn from.

This is what a classroom keeps of a finished run (`tutelage.teachers.meta`): with it the curriculum of one student can
be followed again with another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..state_checks import finite_array

FloatArray = NDArray[np.float64]

NO_GAUSSIAN = -1
"""The origin of a task that was drawn at random, or that the teacher never handed out."""

_LARGEST = float(np.finfo(np.float32).max)


class GaussianRecord:
    """A growing record, kept by a `GMMTeacher` that was asked for it (`GMMTeacher.record_history`).

    It takes 8 bytes for each episode (return and origin), 4 for each task handed out, and (d² + d + 2) · 8 for each
    Gaussian: some 15 MB for a million episodes of two-dimensional tasks with the defaults of ALP-GMM.

    Args:
        n_dims: Dimensions d of a task.

    Example:
        >>> record = GaussianRecord(1)
        >>> record.add_refit(50, np.array([[0.2], [0.7]]), np.full((2, 1, 1), 0.01), np.array([0.0, 0.5]))
        >>> record.add_tasks(50, np.array([1, -1]))  # task 50 is from the second Gaussian, task 51 is random
        >>> record.add_episodes(np.array([51, 50]), np.array([0.5, 0.25]))
        >>> record.origins.tolist(), record.returns.tolist()
        ([-1, 1], [0.5, 0.25])
    """

    def __init__(self, n_dims: int) -> None:
        self.n_dims = n_dims
        self._refit_episodes = _Rows(np.int64)
        self._refits = _Rows(np.int64)
        self._means = _Rows(np.float64, n_dims)
        self._covariances = _Rows(np.float64, n_dims, n_dims)
        self._alps = _Rows(np.float64)
        self._returns = _Rows(np.float32)
        self._origins = _Rows(np.int32)
        self._drawn = _Rows(np.int32)  # by the id of a task: its Gaussian
        self._first = 0  # of the current mixture

    # --- What the teacher tells ------------------------------------------------------------------------------------

    def add_refit(self, episode: int, means: FloatArray, covariances: FloatArray, alps: FloatArray) -> None:
        """Note the Gaussians from which tasks are drawn from now on.

        Args:
            episode: Episodes learned from so far.
            means: In task units, shape ``(k, d)``.
            covariances: Shape ``(k, d, d)``.
            alps: Their mean absolute learning progress, in units of the return, shape ``(k,)``.
        """
        self._first = len(self._alps)
        self._refits.extend(np.full(len(alps), len(self._refit_episodes)))
        self._refit_episodes.append(episode)
        self._means.extend(means)
        self._covariances.extend(covariances)
        self._alps.extend(alps)

    def add_tasks(self, first_id: int, components: NDArray[np.integer[Any]]) -> None:
        """Note which Gaussian of the current mixture tasks were drawn from.

        Args:
            first_id: The id of the first task; those of the others follow.
            components: Its number, −1 for none, shape ``(n,)``.
        """
        if len(self._drawn) < first_id:
            self._drawn.extend(np.full(first_id - len(self._drawn), NO_GAUSSIAN))
        if len(components) == 1:  # the usual case
            component = components.item()
            self._drawn.append(NO_GAUSSIAN if component < 0 else component + self._first)
        else:
            self._drawn.extend(np.where(components < 0, NO_GAUSSIAN, components + self._first))

    def add_episodes(self, ids: NDArray[np.int64], returns: FloatArray) -> None:
        """Note episodes in the order in which they were learned from.

        Args:
            ids: Of their tasks, shape ``(n,)``.
            returns: As the student got them, shape ``(n,)``.
        """
        n_drawn = len(self._drawn)
        if len(ids) == 1:
            i, value = ids.item(), returns.item()
            self._origins.append(self._drawn.data[i] if 0 <= i < n_drawn else NO_GAUSSIAN)
            self._returns.append(min(max(value, -_LARGEST), _LARGEST))
            return
        known = (ids >= 0) & (ids < n_drawn)
        origins = np.full(len(ids), NO_GAUSSIAN, dtype=np.int32)
        origins[known] = self._drawn.data[ids[known]]
        self._origins.extend(origins)
        self._returns.extend(np.clip(returns, -_LARGEST, _LARGEST))

    # --- What it holds ---------------------------------------------------------------------------------------------

    @property
    def refits(self) -> NDArray[np.int64]:
        """The refit that each Gaussian belongs to, shape ``(g,)``; a copy, like all others."""
        return self._refits.copy()

    @property
    def refit_episodes(self) -> NDArray[np.int64]:
        """How many episodes had been learned from at each refit, shape ``(R,)``."""
        return self._refit_episodes.copy()

    @property
    def means(self) -> FloatArray:
        """Means in task units, shape ``(g, d)``."""
        return self._means.copy()

    @property
    def covariances(self) -> FloatArray:
        """Covariances in task units, shape ``(g, d, d)``."""
        return self._covariances.copy()

    @property
    def alps(self) -> FloatArray:
        """Mean absolute learning progress of each Gaussian, in units of the return, shape ``(g,)``."""
        return self._alps.copy()

    @property
    def returns(self) -> NDArray[np.float32]:
        """The return of each episode, shape ``(n,)``."""
        return self._returns.copy()

    @property
    def origins(self) -> NDArray[np.int32]:
        """The Gaussian (a row of `means`) that each episode's task was drawn from, −1 for none, shape ``(n,)``."""
        return self._origins.copy()

    # --- State -----------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        names = ("refits", "refit_episodes", "means", "covariances", "alps", "returns", "origins", "drawn")
        return {**{name: getattr(self, f"_{name}").copy() for name in names}, "first": self._first}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], n_dims: int) -> GaussianRecord:
        """Build the record that `state_dict` was called on.

        Raises:
            ValueError: An entry is missing or does not fit the others.
        """
        record = cls(n_dims)
        episodes = finite_array(state, "refit_episodes", (None,), np.int64, low=0)
        refits = finite_array(state, "refits", (None,), np.int64, low=0, high=len(episodes) - 1)
        g = len(refits)
        means = finite_array(state, "means", (g, n_dims))
        covariances = finite_array(state, "covariances", (g, n_dims, n_dims))
        alps = finite_array(state, "alps", (g,), low=0.0)
        returns = finite_array(state, "returns", (None,), np.float32)
        origins = finite_array(state, "origins", (len(returns),), np.int32, low=NO_GAUSSIAN, high=g - 1)
        drawn = finite_array(state, "drawn", (None,), np.int32, low=NO_GAUSSIAN, high=g - 1)
        first = int(finite_array(state, "first", (), np.int64, low=0, high=g))
        record._refit_episodes.extend(episodes)
        record._refits.extend(refits)
        record._means.extend(means)
        record._covariances.extend(covariances)
        record._alps.extend(alps)
        record._returns.extend(returns)
        record._origins.extend(origins)
        record._drawn.extend(drawn)
        record._first = first
        return record


class _Rows:
    """An array that grows at its end."""

    def __init__(self, dtype: Any, *shape: int) -> None:
        self.data: NDArray[Any] = np.empty((64, *shape), dtype)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def append(self, value: Any) -> None:
        if self._n == len(self.data):
            self._grow(self._n + 1)
        self.data[self._n] = value
        self._n += 1

    def extend(self, rows: NDArray[Any]) -> None:
        end = self._n + len(rows)
        if end > len(self.data):
            self._grow(end)
        self.data[self._n : end] = rows
        self._n = end

    def copy(self) -> NDArray[Any]:
        rows: NDArray[Any] = self.data[: self._n].copy()
        return rows

    def _grow(self, least: int) -> None:
        grown = np.empty((max(least, 2 * len(self.data)), *self.data.shape[1:]), self.data.dtype)
        grown[: self._n] = self.data[: self._n]
        self.data = grown
