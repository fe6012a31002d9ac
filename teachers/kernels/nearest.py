"""Absolute learning progress against the nearest earlier task, over a growing history.

ALP-GMM (Portelas et al. 2019, section 3) compares each return with that of the closest task played before:
ALP = |r − r(nearest)|, Euclidean distance, and 0 while the history holds at most `warm_up` entries. `History`
finds the nearest task by brute force, which at tens of thousands of entries in a few dimensions takes some
microseconds: faster than a tree that has to grow with every episode.

What differs from the authors' code: of several earlier tasks at the same, smallest distance the newest counts
(theirs: the oldest, here ``ties="oldest"``), so that the ALP of a task played again and again, as happens on
the faces of the task box, measures recent progress; and a cap on the history holds exactly.

Layout: one row per dimension, columns in order of age, so that distances are SIMD code and "newest" means
"rightmost". A capped history lives in a buffer of twice its size and moves to the front when it reaches the
end, which costs O(1) per entry on average.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCK = 512
FIRST_CAPACITY = 1024
TIES = ("newest", "oldest")


def _observe(
    points: Floats,
    values: Floats,
    window: Ints,
    tasks: Floats,
    returns: Floats,
    alps: Floats,
    max_size: int,
    warm_up: int,
    newest: bool,
) -> None:
    """Inserts rows in order, writing the ALP of each; compiled by `_kernel`.

    Args:
        points: Tasks as columns, (d, capacity).
        values: Returns, (capacity,).
        window: First column in use and one past the last, (2,); updated.
        tasks: New tasks, (m, d).
        returns: New returns, (m,).
        alps: Out, (m,).
        max_size: Most entries to remember.
        warm_up: ALP is 0 while the history holds at most this many.
        newest: Whether the newest of equally near tasks counts, else the oldest.
    """
    dims, capacity = points.shape
    distances, least_of = np.empty(BLOCK), np.empty(BLOCK // 2)
    begin, end = window[0], window[1]
    for row in range(len(returns)):
        if end == capacity:
            for d in range(dims):
                points[d, : end - begin] = points[d, begin:end].copy()
            values[: end - begin] = values[begin:end].copy()
            begin, end = 0, end - begin
        alps[row] = 0.0
        if end - begin > warm_up:
            best, best_at = np.inf, begin
            for low in range(begin, end, BLOCK):
                size = min(BLOCK, end - low)
                x, q = points[0, low : low + size], tasks[row, 0]
                if dims == 1:
                    for n in range(size):
                        distances[n] = (x[n] - q) * (x[n] - q)
                else:
                    y, p = points[1, low : low + size], tasks[row, 1]
                    for n in range(size):
                        distances[n] = (x[n] - q) * (x[n] - q) + (y[n] - p) * (y[n] - p)
                for d in range(2, dims - 1, 2):
                    x, q = points[d, low : low + size], tasks[row, d]
                    y, p = points[d + 1, low : low + size], tasks[row, d + 1]
                    for n in range(size):
                        distances[n] = distances[n] + (x[n] - q) * (x[n] - q) + (y[n] - p) * (y[n] - p)
                if dims > 2 and dims % 2 == 1:
                    x, q = points[dims - 1, low : low + size], tasks[row, dims - 1]
                    for n in range(size):
                        distances[n] += (x[n] - q) * (x[n] - q)
                distances[size:] = np.inf
                # A minimum in one variable would not be SIMD code; halving is.
                half = BLOCK // 2
                for n in range(half):
                    least_of[n] = min(distances[n], distances[n + half])
                while half > 1:
                    half //= 2
                    for n in range(half):
                        least_of[n] = min(least_of[n], least_of[n + half])
                least = least_of[0]
                if least < best or (newest and least == best):
                    best = least
                    if newest:
                        n = size - 1
                        while distances[n] != least:
                            n -= 1
                    else:
                        n = 0
                        while distances[n] != least:
                            n += 1
                    best_at = low + n
            alps[row] = abs(returns[row] - values[best_at])
        for d in range(dims):
            points[d, end] = tasks[row, d]
        values[end] = returns[row]
        end += 1
        if end - begin > max_size:
            begin += 1
    window[0], window[1] = begin, end


@functools.cache
def _kernel() -> Callable[..., None]:
    """The compiled `_observe`; sums keep their order, so that equal distances stay equal."""
    import numba

    compiled: Callable[..., None] = numba.njit(cache=True, nogil=True, fastmath={"nnan", "ninf", "nsz"})(_observe)
    return compiled


class History:
    """Tasks and returns in the order of their arrival, and the learning progress of each new one.

    Args:
        dimension: Dimension d of a task, at least 1.
        max_size: Most entries to remember, the newest; None for all. Must exceed `warm_up`.
        warm_up: ALP is 0 while the history holds at most this many entries.
        ties: Which of several equally near tasks counts: "newest", or "oldest" as in the authors' code.

    Tasks are compared as they come: scale them to the unit cube first.

    Example:
        >>> history = History(1, warm_up=1)
        >>> history.update([[0.0], [1.0], [0.9], [0.9]], [0.0, 5.0, 4.0, 7.0])
        array([0., 0., 1., 3.])
        >>> len(history)
        4
    """

    def __init__(self, dimension: int, *, max_size: int | None = None, warm_up: int = 5, ties: str = "newest") -> None:
        if dimension < 1:
            raise ValueError(f"dimension must be at least 1, got {dimension}")
        if warm_up < 1:
            raise ValueError(f"warm_up must be at least 1, got {warm_up}")
        if max_size is not None and max_size <= warm_up:
            raise ValueError(f"max_size must exceed warm_up={warm_up}, or learning progress stays 0; got {max_size}")
        if ties not in TIES:
            raise ValueError(f"ties must be one of {', '.join(TIES)}, got {ties!r}")
        self.dimension = dimension
        self.max_size = max_size
        self.warm_up = warm_up
        self.ties = ties
        self._limit = np.iinfo(np.int64).max if max_size is None else max_size
        self._newest = ties == "newest"
        self._allocate(0)

    def _allocate(self, size: int) -> None:
        """An empty store with room for `size` entries and as many again."""
        room = 2 * max(size, FIRST_CAPACITY)
        if self.max_size is not None:
            room = min(room, 2 * self.max_size)
        self._points = np.empty((self.dimension, room))
        self._values = np.empty(room)
        self._window = np.zeros(2, dtype=np.int64)

    def __len__(self) -> int:
        return int(self._window[1] - self._window[0])

    @property
    def tasks(self) -> Floats:
        """Remembered tasks, oldest first, shape (len, d); a copy."""
        begin, end = self._window
        tasks: Floats = self._points[:, begin:end].T.copy()
        return tasks

    @property
    def returns(self) -> Floats:
        """Their returns, shape (len,); a copy."""
        begin, end = self._window
        returns: Floats = self._values[begin:end].copy()
        return returns

    def update(self, tasks: ArrayLike, returns: ArrayLike) -> Floats:
        """Inserts episodes in order and measures the progress of each against all before it.

        Args:
            tasks: Shape (m, d), finite.
            returns: Shape (m,), finite.

        Returns:
            Absolute learning progress, shape (m,), each ≥ 0.

        Raises:
            ValueError: If a shape is wrong or a number is not finite; nothing is inserted then.
        """
        rows = np.ascontiguousarray(tasks, dtype=np.float64)
        values = np.ascontiguousarray(returns, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.dimension or values.shape != rows.shape[:1]:
            raise ValueError(
                f"expected tasks of shape (m, {self.dimension}) and returns of shape (m,), "
                f"got {rows.shape} and {values.shape}"
            )
        if not (np.isfinite(rows).all() and np.isfinite(values).all()):
            raise ValueError("tasks and returns must be finite; drop or repair the episodes that are not")
        return self.update_unchecked(rows, values)

    def update_unchecked(self, tasks: Floats, returns: Floats) -> Floats:
        """`update` for contiguous float64 arrays whose shapes and values are known to be right."""
        self._reserve(len(returns))
        alps = np.empty(len(returns))
        window = self._window
        _kernel()(self._points, self._values, window, tasks, returns, alps, self._limit, self.warm_up, self._newest)
        return alps

    def keep_newest(self, size: int) -> None:
        """Forgets all but the newest `size` entries."""
        self._window[0] = max(self._window[0], self._window[1] - size)

    def _reserve(self, more: int) -> None:
        """Makes room for `more` entries; a full-size capped store makes its own room."""
        needed = int(self._window[1]) + more
        room = len(self._values)
        if needed <= room or (self.max_size is not None and room == 2 * self.max_size):
            return
        tasks, returns = self.tasks, self.returns
        self._allocate(needed)
        self._fill(tasks, returns)

    def _fill(self, tasks: Floats, returns: Floats) -> None:
        size = len(returns)
        self._points[:, :size] = tasks.T
        self._values[:size] = returns
        self._window[:] = 0, size

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs: ``tasks`` (n, d) and ``returns`` (n,), oldest first."""
        return {"tasks": self.tasks, "returns": self.returns}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Replaces the contents by those of `state`; a longer history than `max_size` keeps its newest part.

        Raises:
            ValueError: If the shapes do not fit this history, or a number is not finite.
        """
        tasks = np.asarray(state["tasks"], dtype=np.float64)
        returns = np.asarray(state["returns"], dtype=np.float64)
        if returns.ndim != 1 or tasks.shape != (len(returns), self.dimension):
            raise ValueError(
                f"expected tasks of shape (n, {self.dimension}) and returns of shape (n,), "
                f"got {tasks.shape} and {returns.shape}"
            )
        if not (np.isfinite(tasks).all() and np.isfinite(returns).all()):
            raise ValueError("expected finite tasks and returns, got a number that is NaN or infinite")
        begin = 0 if self.max_size is None else max(0, len(returns) - self.max_size)
        self._allocate(len(returns) - begin)
        self._fill(tasks[begin:], returns[begin:])
