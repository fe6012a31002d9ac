"""In which order tasks are learned: by difficulty, by category, in turns, or by how far categories lie apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...specs import parse_spec
from ..hyperparameters import whole

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BY_CATEGORY = (
    "blocked",
    "interleaved",
    "blocked_curriculum",
    "interleaved_curriculum",
    "spiral",
    "mmd",
    "contrast",
)
ORDERS = ("ascending", "descending", "random", *BY_CATEGORY)
"""By name; those of the second kind need categories."""

_MOST_PERMUTED = 8
_BEAM = 64


def order_of(
    spec: Any,
    difficulty: FloatArray,
    categories: Sequence[Any] | None,
    features: FloatArray,
    rng: np.random.Generator,
) -> IntArray:
    """Return the numbers of tasks in the order in which they are learned.

    Args:
        spec: One of `ORDERS`, or the numbers themselves. ``spiral(levels)`` goes through the categories again and
            again, each time with harder tasks; ``mmd(gamma, source)`` takes categories by how far they are from the
            source (the first by default); ``contrast`` those next that differ most.
        difficulty: Of each task, shape ``(K,)``.
        categories: The label of each task.
        features: Of each task, for distances, shape ``(K, d)``.
        rng: Draws the order ``random``.

    Raises:
        ValueError: An unknown name, no categories where they are needed, or numbers that are no permutation.

    Example:
        >>> rng, level = np.random.default_rng(0), np.array([3.0, 1.0, 2.0, 0.0])
        >>> order_of("ascending", level, None, level[:, None], rng).tolist()
        [3, 1, 2, 0]
        >>> order_of("interleaved_curriculum", level, "aabb", level[:, None], rng).tolist()
        [1, 3, 0, 2]
    """
    k = len(difficulty)
    if isinstance(spec, (list, tuple, np.ndarray)):
        numbers = np.asarray(spec)
        if numbers.shape != (k,) or sorted(numbers.tolist()) != list(range(k)):
            raise ValueError(f"order must have each number from 0 to {k - 1} once, got {spec!r}.")
        return numbers.astype(np.int64)
    name, args, kwargs = parse_spec("order", spec, ORDERS)
    if (args or kwargs) and name not in ("spiral", "mmd"):
        raise ValueError(f"order: {name} takes no argument, got {spec!r}.")
    by_level = np.argsort(difficulty, kind="stable")
    if name == "ascending":
        return by_level
    if name == "descending":
        return np.argsort(-difficulty, kind="stable")
    if name == "random":
        return rng.permutation(k)
    if categories is None or len(categories) != k:
        raise ValueError(
            f"order={name!r} needs the category of each of {k} tasks: give category, the name of a dimension or a "
            "label for each task."
        )
    labels = list(dict.fromkeys(categories))
    groups = [np.array([i for i in range(k) if categories[i] == label]) for label in labels]
    rising = [group[np.argsort(difficulty[group], kind="stable")] for group in groups]
    if name == "blocked":
        return np.concatenate(groups)
    if name == "blocked_curriculum":
        return np.concatenate(rising)
    if name == "interleaved":
        return _in_turns(groups)
    if name == "interleaved_curriculum":
        return _in_turns(rising)
    if name == "spiral":
        levels = whole("levels of spiral", args[0] if args else kwargs.get("levels", 3), 1)
        parts = [np.array_split(group, levels) for group in rising]
        return np.concatenate([parts[c][level] for level in range(levels) for c in range(len(labels))]).astype(np.int64)
    if name == "mmd":
        gamma = float(args[0] if args else kwargs.get("gamma", 1.0))
        source = args[1] if len(args) > 1 else kwargs.get("source", labels[0])
        if source not in labels:
            raise ValueError(f"mmd: the source must be one of {labels}, got {source!r}.")
        home = features[groups[labels.index(source)]]
        far = [mmd(home, features[group], gamma) for group in groups]
        return np.concatenate([rising[i] for i in np.argsort(far, kind="stable")])
    means = np.array([features[group].mean(axis=0) for group in groups])
    apart = np.sqrt(((means[:, None] - means) ** 2).sum(axis=2))
    return np.concatenate([rising[i] for i in contrast_order(apart)])


def _in_turns(groups: Sequence[IntArray]) -> IntArray:
    turns = itertools.zip_longest(*(group.tolist() for group in groups))
    return np.array([i for turn in turns for i in turn if i is not None], dtype=np.int64)


def mmd(first: ArrayLike, second: ArrayLike, gamma: float = 1.0) -> float:
    """Return the squared maximum mean discrepancy of two samples with the kernel exp(−γ ‖x − y‖²).

    Args:
        first: Shape ``(n, d)``.
        second: Shape ``(m, d)``.
        gamma: γ.

    Example:
        >>> two = np.array([[0.0], [1.0]])
        >>> [round(mmd(two, two + shift), 4) for shift in (0, 0.5, 1, 2, 4)]
        [0.0, 0.147, 0.4908, 1.1656, 1.3678]
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)

    def kernel(a: FloatArray, b: FloatArray) -> float:
        return float(np.exp(-gamma * ((a[:, None] - b) ** 2).sum(axis=2)).mean())

    return max(0.0, kernel(x, x) + kernel(y, y) - 2.0 * kernel(x, y))


def contrast_score(distances: ArrayLike, order: Sequence[int]) -> float:
    """Return how good an order of categories is: neighbours differ, mirrored places are alike, the first is average.

    S(c) = (1 − v[c₀]) + Σ_{j < ⌈(K − 1)/2⌉} [d(c_j, c_{j+1}) + 1 − d(c_j, c_{K−1−j})] with the rows of the distances
    made to sum to 1, and v their variances, made to sum to 1 (Curriculum Designer).

    Args:
        distances: Shape ``(K, K)``.
        order: A permutation of the categories.

    Example:
        >>> near_and_far = [[0, 1, 3], [1, 0, 2], [3, 2, 0]]
        >>> round(contrast_score(near_and_far, [0, 2, 1]), 4)
        2.0837
    """
    d, v = _normalised(np.asarray(distances, dtype=np.float64))
    c, k = list(order), len(d)
    pairs = range(math.ceil((k - 1) / 2))
    return float((1.0 - v[c[0]]) + sum(d[c[j], c[j + 1]] + 1.0 - d[c[j], c[k - 1 - j]] for j in pairs))


def _normalised(distances: FloatArray) -> tuple[FloatArray, FloatArray]:
    rows = distances.sum(axis=1, keepdims=True)
    d = np.divide(distances, rows, out=np.zeros_like(distances), where=rows > 0.0)
    v = d.var(axis=1)
    return d, v / v.sum() if v.sum() > 0.0 else v


def contrast_order(distances: ArrayLike) -> list[int]:
    """Return the order of the highest `contrast_score`: of all up to eight categories, else of those a beam finds.

    Args:
        distances: Shape ``(K, K)``.

    Example:
        >>> contrast_order([[0, 1, 3], [1, 0, 2], [3, 2, 0]])
        [0, 2, 1]
    """
    k = len(np.asarray(distances))
    if k <= _MOST_PERMUTED:
        orders = [list(order) for order in itertools.permutations(range(k))]
        return orders[int(np.argmax([contrast_score(distances, order) for order in orders]))]
    d, v = _normalised(np.asarray(distances, dtype=np.float64))
    # Pairs of mirrored places from the outside in: the first half decides the score, but for its last neighbour.
    beam: list[tuple[float, list[int], list[int]]] = [(1.0 - v[i], [i], []) for i in range(k)]
    while True:
        grown = []
        for score, front, back in beam:
            left = [i for i in range(k) if i not in front and i not in back]
            if len(back) < len(front) and left:
                grown += [(score + 1.0 - d[front[-1], i], front, [i, *back]) for i in left]
            else:
                grown += [(score + d[front[-1], i], [*front, i], back) for i in left]
        if not grown:
            break
        beam = sorted(grown, key=lambda each: -each[0])[:_BEAM]
    orders = [[*front, *back] for _, front, back in beam]
    scores = [contrast_score(distances, order) for order in orders]
    return orders[int(np.argmax(scores))]
