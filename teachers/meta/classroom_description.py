"""What the students of a classroom have in common: tasks, test set, and when they were tested."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import RequestError, unknown_name
from ...spaces import TaskSpace
from ..hyperparameters import pair, whole
from .student_record import StudentRecord

FORMAT = 1
"""Of a classroom on the disk."""

Unit = Literal["episodes", "steps"]


@dataclass(frozen=True)
class ClassroomDescription:
    """What every student of a classroom keeps to, so that their knowledge can be compared.

    Attributes:
        task_space: The tasks.
        test_set: The name of the test set.
        test_set_sha256: The hash of its tasks (`tasks_sha256`), empty where unknown.
        n_components: How many tasks it has, m: the length of a knowledge-component vector.
        pretests: After how much training the students were tested, ascending.
        unit: Of ``pretests``: ``"episodes"`` or environment ``"steps"``.
        bounds: ``(low, high)``: knowledge components are clipped to this interval and mapped to [0, 1] before they are
            compared or summed; None takes them as they are.

    Raises:
        TypeError: An attribute of another type.
        ValueError: One that is out of range.

    Example:
        >>> what = ClassroomDescription(TaskSpace(x=(0.0, 1.0)), "grid-100", "", 100, (10_000, 20_000))
        >>> what.unit, what.difference(what) is None
        ('episodes', True)
    """

    task_space: TaskSpace
    test_set: str
    test_set_sha256: str
    n_components: int
    pretests: tuple[int, ...]
    unit: Unit = "episodes"
    bounds: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Check the attributes and bring them to their types."""
        if not isinstance(self.task_space, TaskSpace):
            raise TypeError(f"task_space must be a tutelage.TaskSpace, got {type(self.task_space).__name__}.")
        if not isinstance(self.test_set, str) or not self.test_set:
            raise ValueError(f"test_set must be the name of a test set, got {self.test_set!r}.")
        if not isinstance(self.test_set_sha256, str):
            raise TypeError(f"test_set_sha256 must be a text, got {self.test_set_sha256!r}.")
        object.__setattr__(self, "n_components", whole("n_components", self.n_components, 1))
        if isinstance(self.pretests, str) or not isinstance(self.pretests, (Sequence, np.ndarray)):
            raise TypeError(f"pretests must be a list of whole numbers, got {self.pretests!r}.")
        pretests = tuple(whole("pretests", amount, 0) for amount in self.pretests)
        if not pretests or list(pretests) != sorted(set(pretests)):
            raise ValueError(f"pretests must be one or more numbers in ascending order, got {list(pretests)}.")
        object.__setattr__(self, "pretests", pretests)
        if self.unit not in ("episodes", "steps"):
            raise ValueError(unknown_name("unit", self.unit, ["episodes", "steps"]))
        if self.bounds is not None:
            bounds = pair("bounds", self.bounds)
            if not (np.isfinite(bounds).all() and bounds[0] < bounds[1]):
                raise ValueError(f"bounds must be finite with low < high, got {bounds}.")
            object.__setattr__(self, "bounds", bounds)

    def to_text(self) -> str:
        """Return the description as JSON, with the format of the classroom."""
        plain = {
            "format": FORMAT,
            "task_space": self.task_space.to_json(),
            "test_set": self.test_set,
            "test_set_sha256": self.test_set_sha256,
            "n_components": self.n_components,
            "pretests": list(self.pretests),
            "unit": self.unit,
            "bounds": None if self.bounds is None else list(self.bounds),
        }
        return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_text(cls, text: str) -> ClassroomDescription:
        """Read what `to_text` returned.

        Raises:
            ValueError: It is not that, or of another format.
        """
        try:
            plain = json.loads(text)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        if not isinstance(plain, dict) or "format" not in plain:
            raise ValueError("it does not say its format")
        if plain["format"] != FORMAT:
            raise ValueError(f"it is of format {plain['format']!r}, this version of Tutelage reads format {FORMAT}")
        names = [name for name in cls.__dataclass_fields__ if name not in plain]
        if names:
            raise ValueError(f"it has no {names[0]!r}")
        attributes = {name: plain[name] for name in cls.__dataclass_fields__}
        try:
            return cls(**{**attributes, "task_space": TaskSpace.from_json(plain["task_space"])})
        except (TypeError, OverflowError) as error:
            raise ValueError(str(error)) from error

    def difference(self, other: ClassroomDescription) -> str | None:
        """Return in one clause what is different in another description, None where nothing is."""
        mine: Mapping[str, Any]
        mine, theirs = vars(self), vars(other)
        words = {
            "task_space": "task space",
            "test_set": "test set",
            "test_set_sha256": "hash of the test set",
            "n_components": "number of knowledge components",
            "pretests": "pre-tests",
            "unit": "unit of the pre-tests",
            "bounds": "bounds of the knowledge components",
        }
        for name, word in words.items():
            if name == "test_set_sha256" and not (mine[name] and theirs[name]):
                continue
            if mine[name] != theirs[name]:
                return f"its {word} is {theirs[name]!r}, expected {mine[name]!r}"
        return None

    def check(self, student: StudentRecord) -> None:
        """Refuse a student that does not belong here.

        Raises:
            RequestError: It has other tasks, another test set or other pre-tests.
        """
        begin, m = f"The student {student.name!r} does not fit the classroom:", self.n_components
        if student.task_space is not None and student.task_space != self.task_space:
            raise RequestError(f"{begin} its tasks are {student.task_space}, expected {self.task_space}.")
        if student.gaussians.n_dims != self.task_space.n_dims:
            raise RequestError(
                f"{begin} its Gaussians have {student.gaussians.n_dims} dimensions, the tasks have "
                f"{self.task_space.n_dims}."
            )
        self.check_test(student.test_set, student.test_set_sha256, begin=begin)
        if len(student.episodes) != len(self.pretests):
            raise RequestError(f"{begin} it had {len(student.episodes)} pre-tests, expected {len(self.pretests)}.")
        if len(student.final) != m:
            raise RequestError(f"{begin} it was tested on {len(student.final)} tasks, {self.test_set} has {m}.")
        if self.unit == "episodes":
            amounts = np.array(self.pretests)
            late = np.abs(student.episodes - amounts) > 0.1 * amounts
            if late.any():
                i = int(np.argmax(late))
                raise RequestError(
                    f"{begin} it was tested after {student.episodes[i]:,} episodes, expected {amounts[i]:,}."
                )

    def check_test(self, test_set: str, sha256: str = "", *, begin: str = "This is no test of the classroom:") -> None:
        """Refuse knowledge components of another test set; what is not said (an empty text) is not compared.

        Raises:
            RequestError: It is another one.
        """
        if test_set and test_set != self.test_set:
            raise RequestError(f"{begin} the test set is {test_set!r}, expected {self.test_set!r}.")
        if sha256 and self.test_set_sha256 and sha256 != self.test_set_sha256:
            raise RequestError(
                f"{begin} the tasks of {self.test_set!r} are others than those of the classroom (hash {sha256[:12]}…, "
                f"expected {self.test_set_sha256[:12]}…)."
            )

    def scaled(self, components: ArrayLike) -> NDArray[np.float64]:
        """Return knowledge components as they are compared and summed, see ``bounds``."""
        values = np.asarray(components, dtype=np.float64)  # a sum of small integers would overflow
        if self.bounds is None:
            return values
        low, high = self.bounds
        scaled: NDArray[np.float64] = (np.clip(values, low, high) - low) / (high - low)
        return scaled
