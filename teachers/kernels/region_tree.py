"""A binary tree of boxes in the unit cube, each of which remembers the latest episodes played in it.

RIAC (Baranes & Oudeyer 2009; Portelas et al. 2019, appendix) keeps one: every episode is entered into all boxes on its
path from the root to a leaf, each box knows the absolute learning progress (ALP) of its latest episodes, and a leaf
that is full is cut in two where the progress of its halves differs most.

What differs from the authors' code (``closed=True`` gives the first two):

- A point on a cut lies in the lower child only, so that it lies in exactly one leaf; theirs puts it into both.
- The score of a cut is |left|·|right|·|ALP(left) − ALP(right)|, and the children keep the ALP of the cut that is made;
  theirs takes a constant for the sizes, and the ALP of the last attempt for the children until a task arrives there.
- Every region is bounded, and so is the search for a split, whatever the points: a cut that leaves enough episodes on
  both sides is drawn at once from the interval of all such cuts, not by trial and error without an end.
- Only the regions on the path of an episode are touched, not all.

Memory is one row of ``size`` episodes per region, and regions grow in number with the splits.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST_CAPACITY = 16
MOST_OVERFULL = 64

_ROWS = ("low", "high", "links", "cuts", "fifo", "ring_points", "ring_returns", "alps")
"""The arrays of a tree: one row per region."""


@functools.cache
def _kernels() -> ModuleType:
    """The compiled loops; importing them loads numba."""
    from . import region_numba

    return region_numba


def learning_progress(returns: ArrayLike, window: int) -> float:
    """Absolute learning progress of a sequence of returns, oldest first.

    With w the smaller of ``window`` and their number: |mean of the newest ⌊w/2⌋ − mean of the ⌈w/2⌉ before them|, and 0
    for up to two returns.

    Example:
        >>> learning_progress([0.0, 1.0, 2.0], window=200), learning_progress([0.0, 1.0], window=200)
        (1.5, 0.0)
    """
    values = np.ascontiguousarray(returns, dtype=np.float64)
    return float(_kernels().progress(values, 0, len(values), window))


class RegionTree:
    """Boxes, their latest episodes and their learning progress.

    Args:
        dimension: Dimension d of the points.
        size: Most episodes that a region remembers; a leaf with as many is full.
        window: How many of them count for learning progress, at least 2.
        levels: Number of values of each discrete dimension and 0 for continuous ones, shape (d,): discrete dimensions
            are cut between two values.
        closed: Whether a point on a cut lies in both children, as in the authors' code.

    Example:
        >>> tree = RegionTree(1, size=4, window=4)
        >>> tree.insert(np.array([[0.1], [0.9], [0.2], [0.8]]), np.array([0.0, 0.0, 0.0, 1.0]), 0)
        (4, [0])
        >>> tree.split(0, np.array([[0.5, 0.5]]), min_size=2, min_width=0.0)
        True
        >>> tree.n_regions, tree.locate(np.array([[0.1], [0.9]])).tolist()
        (3, [1, 2])
    """

    def __init__(
        self, dimension: int, *, size: int, window: int, levels: ArrayLike | None = None, closed: bool = False
    ) -> None:
        self.dimension = dimension
        self.size = size
        self.window = window
        self.closed = closed
        self._levels = np.zeros(dimension) if levels is None else np.array(levels, dtype=np.float64)
        self._overfull = np.zeros(MOST_OVERFULL, dtype=np.int64)
        self._allocate(FIRST_CAPACITY)
        self.n_regions = 1
        self._links[0] = -1
        self._high[0] = 1.0

    def _allocate(self, capacity: int) -> None:
        """Empty arrays with room for ``capacity`` regions."""
        self._low, self._high = np.zeros((capacity, self.dimension)), np.zeros((capacity, self.dimension))
        self._links = np.full((capacity, 3), -1, dtype=np.int64)
        self._cuts = np.zeros(capacity)
        self._fifo = np.zeros((capacity, 2), dtype=np.int64)
        self._ring_points = np.zeros((capacity, self.size, self.dimension))
        self._ring_returns = np.zeros((capacity, self.size))
        self._alps = np.zeros(capacity)
        self._stack = np.zeros(capacity, dtype=np.int64)

    @property
    def low(self) -> Floats:
        """Lower corners of the regions, shape (n_regions, d); a view."""
        return self._low[: self.n_regions]

    @property
    def high(self) -> Floats:
        """Upper corners, shape (n_regions, d); a view."""
        return self._high[: self.n_regions]

    @property
    def alps(self) -> Floats:
        """Absolute learning progress of the regions, shape (n_regions,); a view."""
        return self._alps[: self.n_regions]

    @property
    def is_leaf(self) -> NDArray[np.bool_]:
        """Whether each region is a leaf, shape (n_regions,)."""
        leaf: NDArray[np.bool_] = self._links[: self.n_regions, 0] < 0
        return leaf

    @property
    def counts(self) -> Ints:
        """Episodes that each region remembers, shape (n_regions,); a view."""
        return self._fifo[: self.n_regions, 1]

    @property
    def children(self) -> Ints:
        """Lower and upper child of each region, −1 in a leaf, shape (n_regions, 2); a view."""
        return self._links[: self.n_regions, 1:]

    def episodes(self, region: int) -> tuple[Floats, Floats]:
        """Points (n, d) and returns (n,) that a region remembers, oldest first; copies."""
        begin, count = self._fifo[region]
        order = (begin + np.arange(count)) % self.size
        return self._ring_points[region, order], self._ring_returns[region, order]

    def insert(self, points: Floats, returns: Floats, start: int) -> tuple[int, list[int]]:
        """Enter episodes from row ``start`` on, until one fills a leaf.

        Args:
            points: Shape (n, d), in the unit cube.
            returns: Shape (n,).
            start: First row to enter.

        Returns:
            The row to go on with, n at the end, and the leaves that are full: `split` or `discard` each.
        """
        done, n_full = _kernels().insert(
            self._links,
            self._cuts,
            self._ring_points,
            self._ring_returns,
            self._fifo,
            self._alps,
            self._stack,
            self._overfull,
            points,
            returns,
            start,
            self.window,
            self.closed,
        )
        return done, self._overfull[:n_full].tolist()

    def split(self, leaf: int, draws: Floats, *, min_size: int, min_width: float) -> bool:
        """Cut a leaf in two at the best of several random places.

        Args:
            leaf: The leaf.
            draws: Uniform numbers in [0, 1), one row per place to try, shape (attempts, 2).
            min_size: Least number of episodes in each child.
            min_width: Least width of each child in the dimension of the cut.

        Returns:
            Whether there was a valid cut; nothing has changed otherwise.
        """
        points, returns = self.episodes(leaf)
        low, high = self._low[leaf], self._high[leaf]
        best = np.zeros(5)
        dim = _kernels().search(
            points, returns, low, high, self._levels, draws, min_size, min_width, self.window, self.closed, best
        )
        if dim < 0:
            return False
        if self.n_regions + 2 > len(self._cuts):
            self._grow()
        cut, children = best[0], (self.n_regions, self.n_regions + 1)
        self._links[leaf] = dim, *children
        self._cuts[leaf] = cut
        upper = points[:, dim] >= cut if self.closed else points[:, dim] > cut
        for side, child, inside in ((0, children[0], points[:, dim] <= cut), (1, children[1], upper)):
            self._low[child], self._high[child] = self._low[leaf], self._high[leaf]
            (self._low if side else self._high)[child, dim] = cut
            self._links[child] = -1
            count = int(np.count_nonzero(inside))
            self._fifo[child] = 0, count
            self._ring_points[child, :count] = points[inside]
            self._ring_returns[child, :count] = returns[inside]
            self._alps[child] = best[3 + side] if self.closed else best[1 + side]
        self.n_regions += 2
        return True

    def discard(self, region: int, n: int) -> None:
        """Forget the ``n`` oldest episodes of a region."""
        begin, count = self._fifo[region]
        dropped = min(n, int(count))
        self._fifo[region] = (begin + dropped) % self.size, count - dropped
        self._alps[region] = _kernels().progress(
            self._ring_returns[region], self._fifo[region, 0], self._fifo[region, 1], self.window
        )

    def worst(self, regions: Ints) -> tuple[Floats, NDArray[np.bool_]]:
        """The point of the lowest return in each of some regions (n, d), and which regions have one (n,)."""
        places = _kernels().lowest(self._ring_returns, self._fifo, regions)
        return self._ring_points[regions, places], places >= 0

    def locate(self, points: Floats) -> Ints:
        """The leaf of each point, shape (n,)."""
        leaves: Ints = _kernels().locate(self._links, self._cuts, points)
        return leaves

    def density(self, shares: Floats, points: Floats) -> Floats:
        """Density at each point if region i is drawn with probability ``shares[i]`` and a point uniformly in it."""
        within: Floats = _kernels().accumulate(self._links, self.low, self.high, shares)
        return within[self.locate(points)]

    def _grow(self) -> None:
        old = {name: getattr(self, f"_{name}")[: self.n_regions] for name in _ROWS}
        self._allocate(2 * len(self._cuts))
        self._fill(old)

    def _fill(self, state: Mapping[str, Any]) -> None:
        n = len(state["cuts"])
        self.n_regions = n
        for name, value in state.items():
            getattr(self, f"_{name}")[:n] = value

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs: arrays with one row per region."""
        return {name: getattr(self, f"_{name}")[: self.n_regions].copy() for name in _ROWS}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Replace the tree by that of ``state``.

        Raises:
            ValueError: If the arrays do not describe a tree of this dimension and size.
        """
        checked = {name: np.asarray(state[name], getattr(self, f"_{name}").dtype) for name in _ROWS}
        n = len(checked["cuts"])
        for name, value in checked.items():
            expected = (n, *getattr(self, f"_{name}").shape[1:])
            if n < 1 or value.shape != expected:
                raise ValueError(f"{name} must have shape {expected}, got {value.shape}")
            if not np.isfinite(value).all():
                raise ValueError(f"{name} holds a number that is not finite")
        links, fifo = checked["links"], checked["fifo"]
        inner = links[:, 0] >= 0
        family = links[inner, 1:]
        if (
            (links[:, 0] >= self.dimension).any()
            or (family <= np.flatnonzero(inner)[:, None]).any()
            or not np.array_equal(np.sort(family, axis=None), np.arange(1, n))
        ):
            raise ValueError("links do not describe a tree")
        if ((fifo < 0) | (fifo >= [self.size, self.size + 1])).any():
            raise ValueError(f"fifo must lie within a ring of {self.size}")
        if (checked["low"] < 0.0).any() or (checked["high"] > 1.0).any() or (checked["low"] >= checked["high"]).any():
            raise ValueError("regions must be boxes in the unit cube")
        if (checked["alps"] < 0.0).any():
            raise ValueError("alps must be at least 0")
        capacity = FIRST_CAPACITY
        while capacity < n:
            capacity *= 2
        self._allocate(capacity)
        self._fill(checked)
