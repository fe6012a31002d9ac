"""The scores of one run on the tasks of one test set, at one or more times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TaskScores:
    """Scores by time and test task.

    Attributes:
        test_set: Name of the test set.
        sha256: Of its tasks.
        how: How it was played, in words: two runs are compared only where this is the same, too.
        measure: What a score is, with its unit: ``"solved (%)"``.
        tasks: Names of the tasks.
        points: Steps or episodes of training at the evaluations, increasing, shape ``(m,)``.
        scores: Shape ``(m, k)``, one column a task.
        rows: The tasks themselves, shape ``(k, d)``, where they are points of a space; d = 0 where they are not.
        names: Names of the d dimensions.

    Raises:
        ValueError: Columns that do not fit together, points that do not increase, or a score that is not finite.

    Example:
        >>> scores = TaskScores("two mazes", "5e1f", "1 episode each", "solved (%)", ["a", "b"],
        ...                     np.array([0, 100]), np.array([[0.0, 0.0], [100.0, 50.0]]))
        >>> scores.final.tolist(), scores.curve.tolist()
        ([100.0, 50.0], [0.0, 75.0])
    """

    test_set: str
    sha256: str
    how: str
    measure: str
    tasks: list[str]
    points: NDArray[np.int64]
    scores: FloatArray
    rows: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check that the columns fit together."""
        m, k = len(self.points), len(self.tasks)
        if self.points.ndim != 1 or not m or (np.diff(self.points) <= 0).any():
            raise ValueError(f"Expected points that increase, got {self.points.tolist()}.")
        if self.scores.shape != (m, k) or not k:
            raise ValueError(f"Expected scores of shape ({m}, {k}), got {self.scores.shape}.")
        if not np.isfinite(self.scores).all():
            raise ValueError("Expected finite scores.")
        if self.rows.size and self.rows.shape != (k, len(self.names)):
            raise ValueError(f"Expected tasks of shape ({k}, {len(self.names)}), got {self.rows.shape}.")

    @property
    def final(self) -> FloatArray:
        """The last score on each task, shape ``(k,)``."""
        last: FloatArray = self.scores[-1]
        return last

    @property
    def curve(self) -> FloatArray:
        """The mean over tasks at each evaluation, shape ``(m,)``."""
        mean: FloatArray = self.scores.mean(axis=1)
        return mean

    @property
    def protocol(self) -> tuple[str, str, str, str]:
        """What must be the same for scores to be compared."""
        return self.test_set, self.sha256, self.how, self.measure

    def to_plain(self) -> dict[str, Any]:
        """Return plain data; `from_plain` reads it back."""
        return dict(vars(self))

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> TaskScores:
        """Read what `to_plain` returned.

        Raises:
            KeyError: Something is missing.
            ValueError: Something does not fit.
            TypeError: Something is of another type.
        """
        test_set, sha256, how, measure = (str(plain[name]) for name in ("test_set", "sha256", "how", "measure"))
        points = np.asarray(plain["points"])
        if points.dtype.kind not in "iu":
            raise TypeError(f"expected points as whole numbers, got {points.dtype}")
        scores, rows = (np.asarray(plain[name], dtype=np.float64) for name in ("scores", "rows"))
        names = [str(name) for name in plain["names"]]
        tasks = [str(task) for task in plain["tasks"]]
        return cls(test_set, sha256, how, measure, tasks, points.astype(np.int64), scores, rows, names)
