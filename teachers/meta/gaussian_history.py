"""The curriculum that one student was given: the Gaussians of each refit of its teacher, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..state_checks import finite_array

if TYPE_CHECKING:
    from ..learning_progress.gaussian_record import GaussianRecord

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class GaussianHistory:
    """The Gaussians of a run, and the returns of its episodes.

    Attributes:
        refits: The refit that each Gaussian belongs to, an index of ``refit_episodes``, ascending, shape ``(g,)``.
        refit_episodes: How many episodes had been learned from at each refit, ascending, shape ``(R,)``.
        means: In task units, shape ``(g, d)``.
        covariances: In task units, shape ``(g, d, d)``.
        alps: Mean absolute learning progress, in units of the return, at least 0, shape ``(g,)``.
        returns: The return of each episode, in the order in which they were learned from, rounded to single precision,
            shape ``(n,)``.
        origins: The Gaussian (a row of ``means``) that the task of each episode was drawn from, −1 for none, ``(n,)``.

    Raises:
        ValueError: Columns that do not fit each other, or numbers that are NaN, infinite or out of range.

    Example:
        >>> import tutelage
        >>> teacher = tutelage.make_teacher("alp-gmm", tutelage.TaskSpace(x=(0.0, 1.0)), seed=0, fit_rate=20)
        >>> record = teacher.record_history()
        >>> for episode in range(45):
        ...     tasks = teacher.sample()
        ...     teacher.update(tutelage.Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[0.0], lengths=[1]))
        >>> history = GaussianHistory.of(record)
        >>> history.refit_episodes.tolist(), len(history.returns), bool((history.origins[:20] == -1).all())
        ([20, 40], 45, True)
    """

    refits: IntArray
    refit_episodes: IntArray
    means: FloatArray
    covariances: FloatArray
    alps: FloatArray
    returns: FloatArray
    origins: IntArray

    def __post_init__(self) -> None:
        """Check the columns and bring them to their types."""
        given = vars(self)
        episodes = finite_array(given, "refit_episodes", (None,), np.int64, low=0)
        refits = finite_array(given, "refits", (None,), np.int64, low=0, high=len(episodes) - 1)
        means = finite_array(given, "means", (len(refits), None))
        d = means.shape[1]
        if (np.diff(episodes) < 0).any() or (np.diff(refits) < 0).any():
            raise ValueError("Its refits are not in order.")
        covariances = finite_array(given, "covariances", (len(refits), d, d))
        if len(refits) and np.diagonal(covariances, axis1=1, axis2=2).min() < 0.0:
            raise ValueError("Its entry 'covariances' has a negative variance.")
        alps = finite_array(given, "alps", (len(refits),), low=0.0)
        returns = finite_array(given, "returns", (None,), np.float32).astype(np.float64)
        origins = finite_array(given, "origins", (len(returns),), np.int64, low=-1, high=len(refits) - 1)
        columns = (refits, episodes, means, covariances, alps, returns, origins)
        for name, column in zip(self.__dataclass_fields__, columns, strict=True):
            object.__setattr__(self, name, column)

    @property
    def n_dims(self) -> int:
        """Dimensions d of a task."""
        return int(self.means.shape[1])

    @property
    def return_range(self) -> tuple[float, float]:
        """The lowest and the highest return, (0, 0) without episodes."""
        return (float(self.returns.min()), float(self.returns.max())) if len(self.returns) else (0.0, 0.0)

    @classmethod
    def of(cls, record: GaussianRecord) -> GaussianHistory:
        """Return the history that a teacher has recorded, see `GMMTeacher.record_history`."""
        return cls(**{name: getattr(record, name) for name in cls.__dataclass_fields__})

    @classmethod
    def empty(cls, n_dims: int) -> GaussianHistory:
        """Return the history of a student whose teacher had no Gaussians; it can be no one's expert."""
        none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
        means, covariances = np.zeros((0, n_dims)), np.zeros((0, n_dims, n_dims))
        return cls(none, none, means, covariances, nothing, nothing, none)

    def to_plain(self) -> dict[str, Any]:
        """Return plain arrays for a file: returns and origins in half of the bytes."""
        return {
            "refits": self.refits,
            "refit_episodes": self.refit_episodes,
            "means": self.means,
            "covariances": self.covariances,
            "alps": self.alps,
            "returns": self.returns.astype(np.float32),
            "origins": self.origins.astype(np.int32),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> GaussianHistory:
        """Read what `to_plain` returned.

        Raises:
            ValueError: It is not that.
        """
        names = tuple(cls.__dataclass_fields__)
        missing = [name for name in names if not isinstance(plain, Mapping) or name not in plain]
        if missing:
            raise ValueError(f"It has no entry {missing[0]!r}.")
        return cls(**{name: plain[name] for name in names})
