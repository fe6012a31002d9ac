"""Who predicts how well the student will do on a task that it has not played: models of its latest episodes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...spaces import TaskSpace
from ...specs import build_part
from ..hyperparameters import real, whole
from ..state_checks import finite_array

FloatArray = NDArray[np.float64]

_MOST_CROSSED = 8
"""Up to so many ordered dimensions their products are features too."""
_LARGEST_WEIGHT = 1e6
_BLOCK = 1024


class Predictor(ABC):
    """Predicts a number for tasks, from those of the latest episodes.

    Attributes:
        needs: The column it learns from instead of successes.
    """

    needs: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, window: int) -> None:
        self.window = whole("window of the predictor", window, 1)

    def start(self, space: TaskSpace) -> None:
        """Begin without any episode."""
        self._space = space
        self._features = np.empty((0, _n_features(space)))
        self._values = np.empty(0)

    def learn(self, tasks: FloatArray, values: FloatArray) -> None:
        """Learn from a round of episodes: tasks of shape ``(n, d)`` and a number for each."""
        self._features = np.concatenate([self._features, features_of(self._space, tasks)])[-self.window :]
        self._values = np.concatenate([self._values, values])[-self.window :]
        self._fit()

    def _fit(self) -> None:  # noqa: B027 - not every predictor has a model
        """Fit the model to the window."""

    @abstractmethod
    def predict(self, tasks: FloatArray) -> FloatArray:
        """Return a number for each task, shape ``(n,)``; ½ before the first episode."""

    def get_state(self) -> dict[str, Any]:
        """Return what is known as plain data."""
        return {"features": self._features.copy(), "values": self._values.copy()}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `get_state` returned."""
        features = finite_array(state, "features", (None, self._features.shape[1]), low=-1.0, high=1.0)
        values = finite_array(state, "values", (len(features),))
        if len(features) > self.window:
            raise ValueError(f"It has {len(features)} episodes, expected at most {self.window}.")
        self._features, self._values = features, values


def _n_features(space: TaskSpace) -> int:
    return int(features_of(space, space.low[None]).shape[1])


def features_of(space: TaskSpace, tasks: FloatArray) -> FloatArray:
    """Return features of tasks between −1 and 1: 1, the coordinates, their squares and products, and each category.

    Example:
        >>> features_of(TaskSpace(x=(0.0, 1.0), terrain=["grass", "ice"]), np.array([[0.75, 1.0]])).tolist()
        [[1.0, 0.5, 0.25, 0.0, 1.0]]
    """
    unit = 2.0 * space.to_unit(tasks) - 1.0
    kinds = np.array(space.kinds)
    ordered = unit[:, (kinds != "categorical") & ~space.fixed]
    m = ordered.shape[1]
    columns = [np.ones((len(unit), 1)), ordered]
    if m <= _MOST_CROSSED:
        first, second = np.triu_indices(m)
        columns.append(ordered[:, first] * ordered[:, second])
    else:
        columns.append(ordered**2)
    for i in np.flatnonzero((kinds == "categorical") & ~space.fixed):
        columns.append((tasks[:, i, None] == np.arange(space.high[i] + 1.0)).astype(np.float64))
    return np.concatenate(columns, axis=1)


class OnlineModel(Predictor):
    """A logistic regression on squares and products of the task's coordinates, fitted anew after each round.

    Args:
        window: The latest episodes that it is fitted to.
        l2: Weight of the squared coefficients.

    Example:
        >>> space, rng = TaskSpace(x=(0.0, 1.0)), np.random.default_rng(0)
        >>> model = OnlineModel()
        >>> model.start(space)
        >>> x = rng.random((500, 1))
        >>> model.learn(x, (rng.random(500) < x[:, 0]).astype(float))
        >>> bool(abs(model.predict(np.array([[0.5]]))[0] - 0.5) < 0.1)
        True
    """

    _STEPS = 8

    def __init__(self, window: int = 500, l2: float = 0.1) -> None:
        super().__init__(window)
        self.l2 = real("l2 of online", l2)
        if not 0.0 < self.l2 < np.inf:
            raise ValueError(f"l2 of online must be finite and above 0, got {l2}.")

    def start(self, space: TaskSpace) -> None:
        """Begin without any episode."""
        super().start(space)
        self._weights = np.zeros(self._features.shape[1])

    def _fit(self) -> None:
        x, y, w = self._features, self._values, self._weights
        for _ in range(self._STEPS):  # Newton's method
            p = _sigmoid(x @ w)
            gradient = x.T @ (y - p) - self.l2 * w
            curvature = (x * (p * (1.0 - p))[:, None]).T @ x + self.l2 * np.eye(len(w))
            step = np.linalg.solve(curvature, gradient)
            w = w + step / max(1.0, float(np.abs(step).max()) / 5.0)
            if np.abs(step).max() < 1e-9:
                break
        self._weights = np.clip(w, -_LARGEST_WEIGHT, _LARGEST_WEIGHT)

    def predict(self, tasks: FloatArray) -> FloatArray:
        """Return the chance of success of each task, shape ``(n,)``."""
        return _sigmoid(features_of(self._space, tasks) @ self._weights)

    def get_state(self) -> dict[str, Any]:
        """Return what is known as plain data."""
        return {**super().get_state(), "weights": self._weights.copy()}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `get_state` returned."""
        weights = finite_array(state, "weights", (len(self._weights),), low=-_LARGEST_WEIGHT, high=_LARGEST_WEIGHT)
        finite_array(state, "values", (None,), low=0.0, high=1.0)
        super().set_state(state)
        self._weights = weights


class NearestNeighbours(Predictor):
    """The mean of the episodes whose tasks are nearest.

    Args:
        k: How many.
        window: The latest episodes among which they are looked for.

    Example:
        >>> near = NearestNeighbours(k=1)
        >>> near.start(TaskSpace(x=(0.0, 1.0)))
        >>> near.learn(np.array([[0.1], [0.9]]), np.array([1.0, 0.0]))
        >>> near.predict(np.array([[0.2], [0.8]])).tolist()
        [1.0, 0.0]
    """

    def __init__(self, k: int = 10, window: int = 500) -> None:
        super().__init__(window)
        self.k = whole("k of nearest", k, 1)

    def predict(self, tasks: FloatArray) -> FloatArray:
        """Return the mean over the nearest episodes, shape ``(n,)``."""
        if not len(self._values):
            return np.full(len(tasks), 0.5)
        points, known = _linear(self._space, features_of(self._space, tasks)), _linear(self._space, self._features)
        k = min(self.k, len(self._values))
        result = np.empty(len(points))
        for begin in range(0, len(points), _BLOCK):
            squared = ((points[begin : begin + _BLOCK, None] - known) ** 2).sum(axis=2)
            nearest = np.argpartition(squared, k - 1, axis=1)[:, :k]
            result[begin : begin + _BLOCK] = self._values[nearest].mean(axis=1)
        return result


class StudentValue(NearestNeighbours):
    """The student's own estimate of its return at the start of an episode, V(s₀), on the nearest tasks it played.

    Only a student knows its value of a task, when it plays it; that of other tasks is taken from their neighbours. It
    is in units of the return as the student sees it, and so must the target be.

    Args:
        k: How many neighbours.
        window: The latest episodes among which they are looked for.

    Example:
        >>> sorted(StudentValue().needs)
        ['initial_value']
    """

    needs = frozenset({"initial_value"})


class Rollouts:
    """No model: candidates are played, without the student learning from them, and judged by that.

    Args:
        n: Episodes of each candidate.

    Example:
        >>> Rollouts(4).n
        4
    """

    needs: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, n: int = 4) -> None:
        self.n = whole("n of rollouts", n, 1)


PREDICTORS: dict[str, Any] = {
    "online": OnlineModel,
    "nearest": NearestNeighbours,
    "rollouts": Rollouts,
    "value": StudentValue,
}
"""By name."""


def predictor_of(spec: Any) -> Predictor | Rollouts:
    """Return the predictor that plain data stands for, or a given one.

    Example:
        >>> predictor_of("nearest(5)").k
        5
    """
    if isinstance(spec, (Predictor, Rollouts)):
        return spec
    return build_part("predictor", spec, PREDICTORS)  # type: ignore[no-any-return]


def _linear(space: TaskSpace, features: FloatArray) -> FloatArray:
    """The features that are coordinates: the ordered dimensions and the categories."""
    kinds = np.array(space.kinds)
    ordered = int(np.count_nonzero((kinds != "categorical") & ~space.fixed))
    categories = int(sum(space.high[i] + 1 for i in np.flatnonzero((kinds == "categorical") & ~space.fixed)))
    return np.concatenate([features[:, 1 : 1 + ordered], features[:, features.shape[1] - categories :]], axis=1)


def _sigmoid(z: FloatArray) -> FloatArray:
    return 0.5 * (1.0 + np.tanh(0.5 * z))
