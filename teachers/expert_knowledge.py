"""What a human knows about an environment beforehand, for the teachers that can use it.

TeachMyAgent (Romac et al. 2021, section 4) compares teachers at three levels of expert knowledge: ``"no"`` (nothing),
``"low"`` (which returns are good and bad) and ``"high"`` (also where to start and where to go).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import unknown_name
from ..spaces import TaskSpace

LEVELS = ("no", "low", "high")


@dataclass(frozen=True, eq=False)
class ExpertKnowledge:
    """Initial and target distribution over tasks, thresholds of the return, and what success is.

    All of it is optional; a teacher that needs a part it is not given refuses to be built, naming it.

    Attributes:
        initial_mean: Mean of the tasks to begin with, in task units, shape ``(d,)``.
        initial_std: Their standard deviation, in task units, shape ``(d,)``; a tenth of the range by default.
        target_mean: Mean of the tasks to arrive at, in task units, shape ``(d,)``.
        target_std: Their standard deviation, shape ``(d,)``; a quarter of the range by default.
        bad_return: A return at or below which a task is too hard.
        good_return: A return at or above which a task is mastered.
        success_above: A return above which an episode is a success, where the environment does not tell.

    Example:
        >>> knowledge = ExpertKnowledge(initial_mean=[0.0, 6.0], bad_return=0.0, good_return=180.0, success_above=230.0)
        >>> knowledge.at_level("low").initial_mean is None, knowledge.at_level("low").good_return
        (True, 180.0)
    """

    initial_mean: ArrayLike | None = None
    initial_std: ArrayLike | None = None
    target_mean: ArrayLike | None = None
    target_std: ArrayLike | None = None
    bad_return: float | None = None
    good_return: float | None = None
    success_above: float | None = None

    @classmethod
    def of(cls, expert: ExpertKnowledge | Mapping[str, Any] | None, space: TaskSpace) -> ExpertKnowledge:
        """Return what a teacher was given as its ``expert``, checked against its task space.

        Args:
            expert: The knowledge, a mapping of its attributes (as it comes from a configuration file), or None for
                no knowledge.
            space: The tasks.

        Raises:
            TypeError: Anything else.
            ValueError: An unknown attribute, or as in `check`.

        Example:
            >>> ExpertKnowledge.of({"good_return": 180.0}, TaskSpace(x=(0.0, 1.0))).good_return
            180.0
        """
        if expert is None:
            return cls()
        if isinstance(expert, Mapping):
            known = [field.name for field in fields(cls)]
            for name in expert:
                if name not in known:
                    raise ValueError(unknown_name("part of an ExpertKnowledge", name, known))
            expert = cls(**expert)
        if not isinstance(expert, cls):
            raise TypeError(f"Expected an ExpertKnowledge or a mapping of its attributes, got {expert!r}.")
        expert.check(space)
        return expert

    def at_level(self, level: str) -> ExpertKnowledge:
        """Return the part of the knowledge that a level allows: ``"no"``, ``"low"`` or ``"high"``.

        Raises:
            ValueError: An unknown level.
        """
        if level not in LEVELS:
            raise ValueError(unknown_name("level of expert knowledge", level, LEVELS))
        if level == "no":
            return ExpertKnowledge()
        if level == "high":
            return self
        return replace(self, initial_mean=None, initial_std=None, target_mean=None, target_std=None)

    def check(self, space: TaskSpace) -> None:
        """Check that the knowledge fits a task space.

        Raises:
            ValueError: A mean outside the space or of another shape, a spread that is negative or not finite, a spread
                without its mean, a threshold that is no finite number, or thresholds the wrong way round.
        """
        for name in ("initial", "target"):
            mean, std = getattr(self, f"{name}_mean"), getattr(self, f"{name}_std")
            if mean is None and std is not None:
                raise ValueError(
                    f"{name}_std needs an {name}_mean." if name == "initial" else f"{name}_std needs a {name}_mean."
                )
            if mean is not None:
                self._gaussian(space, name)
        for name in ("bad_return", "good_return", "success_above"):
            value = getattr(self, name)
            if value is not None and not _is_finite(value):
                raise ValueError(f"{name} must be a finite number, got {value!r}.")
        if self.bad_return is not None and self.good_return is not None and self.bad_return > self.good_return:
            raise ValueError(
                f"bad_return must not exceed good_return, got {self.bad_return:g} and {self.good_return:g}; "
                "are they the wrong way round?"
            )

    def initial(self, space: TaskSpace) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return mean and standard deviation of the initial tasks, shapes ``(d,)``, or None.

        Raises:
            ValueError: As in `check`.
        """
        return None if self.initial_mean is None else self._gaussian(space, "initial")

    def target(self, space: TaskSpace) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return mean and standard deviation of the target tasks, shapes ``(d,)``, or None.

        Raises:
            ValueError: As in `check`.
        """
        return None if self.target_mean is None else self._gaussian(space, "target")

    def _gaussian(self, space: TaskSpace, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        mean = _numbers(f"{name}_mean", getattr(self, f"{name}_mean"))
        if mean.shape != (space.n_dims,):
            raise ValueError(
                f"{name}_mean must have shape ({space.n_dims},), for the dimensions are {', '.join(space.names)}; "
                f"got {mean.shape}."
            )
        if not ((mean >= space.low) & (mean <= space.high)).all():
            raise ValueError(f"{name}_mean {mean.tolist()} lies outside {space}.")
        width = space.high - space.low
        given = getattr(self, f"{name}_std")
        std = width / (10.0 if name == "initial" else 4.0) if given is None else _numbers(f"{name}_std", given)
        if std.shape not in ((), mean.shape) or not (np.isfinite(std) & (std >= 0.0)).all():
            raise ValueError(f"{name}_std must be finite, at least 0, and a scalar or of shape ({space.n_dims},).")
        return mean, np.broadcast_to(std, mean.shape).copy()


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and bool(np.isfinite(value))


def _numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, got {values!r}.") from error
