"""One finished student, as a classroom remembers it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import category

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...spaces import TaskSpace
from ..state_checks import finite_array, number
from .gaussian_history import GaussianHistory

LONGEST_NAME = 200

LARGEST = 1e15
"""Of a knowledge component: squares of larger ones could overflow in single precision."""


@dataclass(frozen=True, eq=False)
class StudentRecord:
    """What a student could do at each pre-test and at the end, what kind of student it was, and its curriculum.

    A knowledge-component vector has one number for each task of a fixed test set: how well the student does it, higher
    is better, e.g. its return.

    Attributes:
        name: By which the student is told from the others of a classroom.
        kind: What kind of student it was, as far as that is known: numbers and words by name.
        episodes: Episodes of training before each pre-test, ascending, shape ``(p,)``.
        competences: The knowledge-component vector at each pre-test, float32, shape ``(p, m)``.
        final: The one at the end of training, float32, shape ``(m,)``.
        score: The final performance, higher is better: percent of tasks mastered, say.
        gaussians: The curriculum that the student was given.
        task_space: The tasks, where known; a classroom refuses a student of other tasks.
        test_set: The name of the test set, where known; a classroom refuses a student tested on another one.
        test_set_sha256: The hash of its tasks, likewise, see `tasks_sha256`.

    Raises:
        ValueError: Columns that do not fit each other, or numbers that are NaN or infinite.
        TypeError: ``gaussians`` is no `GaussianHistory`, ``task_space`` no `TaskSpace`.

    Example:
        >>> student = StudentRecord(
        ...     name="seed 3",
        ...     kind={"start": 17},
        ...     episodes=[10_000, 20_000],
        ...     competences=[[3.0, 0.0], [60.0, 5.0]],
        ...     final=[100.0, 80.0],
        ...     score=100.0,
        ...     gaussians=GaussianHistory.empty(2),
        ... )
        >>> student.competences.shape, student.final.dtype
        ((2, 2), dtype('float32'))
    """

    name: str
    kind: dict[str, float | int | str]
    episodes: NDArray[np.int64]
    competences: NDArray[np.float32]
    final: NDArray[np.float32]
    score: float
    gaussians: GaussianHistory
    task_space: TaskSpace | None = None
    test_set: str = ""
    test_set_sha256: str = ""

    def __post_init__(self) -> None:
        """Check the parts and bring them to their types."""
        check_name(self.name)
        if not isinstance(self.gaussians, GaussianHistory):
            raise TypeError(f"gaussians must be a GaussianHistory, got {type(self.gaussians).__name__}.")
        if self.task_space is not None and not isinstance(self.task_space, TaskSpace):
            raise TypeError(f"task_space must be a tutelage.TaskSpace, got {type(self.task_space).__name__}.")
        given = vars(self)
        episodes = finite_array(given, "episodes", (None,), np.int64, low=0)
        if (np.diff(episodes) < 0).any():
            raise ValueError(f"Its pre-tests are not in order: after {episodes.tolist()} episodes.")
        competences = finite_array(given, "competences", (len(episodes), None), np.float32, low=-LARGEST, high=LARGEST)
        final = finite_array(given, "final", (None,), np.float32, low=-LARGEST, high=LARGEST)
        if len(competences) and competences.shape[1] != len(final):
            raise ValueError(
                f"Its pre-tests have {competences.shape[1]} knowledge components, the final test has {len(final)}."
            )
        for name, value in (
            ("kind", checked_kind(self.kind)),
            ("episodes", episodes),
            ("competences", competences),
            ("final", final),
            ("score", number(given, "score")),
        ):
            object.__setattr__(self, name, value)

    def to_plain(self) -> dict[str, Any]:
        """Return everything as plain data, for a file."""
        return {
            "name": self.name,
            "kind": dict(self.kind),
            "episodes": self.episodes,
            "competences": self.competences,
            "final": self.final,
            "score": self.score,
            "gaussians": self.gaussians.to_plain(),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> StudentRecord:
        """Read what `to_plain` returned.

        Raises:
            ValueError: It is not that.
        """
        names = ("name", "kind", "episodes", "competences", "final", "score", "gaussians")
        missing = [name for name in names if name not in plain]
        if missing:
            raise ValueError(f"It has no entry {missing[0]!r}.")
        return cls(
            **{**{name: plain[name] for name in names}, "gaussians": GaussianHistory.from_plain(plain[names[-1]])}
        )


def check_name(name: Any) -> None:
    """Refuse what cannot be the name of a student.

    Raises:
        ValueError: No text, an empty or a long one, or one with control characters or halves of characters.

    Example:
        >>> check_name("run-3")
    """
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise ValueError(f"A student's name is a text of 1 to {LONGEST_NAME} characters, got {name!r}.")
    if any(category(letter) in ("Cc", "Cs") for letter in name):
        raise ValueError(f"A student's name has no control characters and can be written as UTF-8, got {name!r}.")


def checked_kind(kind: Mapping[str, Any]) -> dict[str, float | int | str]:
    """Return what kind of student it is as plain data.

    Raises:
        ValueError: Something else than finite numbers and words by name.

    Example:
        >>> checked_kind({"legs": np.float64(0.5), "body": "short"})
        {'legs': 0.5, 'body': 'short'}
    """
    if not isinstance(kind, Mapping):
        raise ValueError(f"kind must be a mapping from names to numbers and words, got {kind!r}.")
    checked: dict[str, float | int | str] = {}
    for key, value in kind.items():
        plain = value.item() if isinstance(value, np.generic) else value
        plain = int(plain) if isinstance(plain, bool) else plain
        if not isinstance(key, str) or not isinstance(plain, (int, float, str)):
            raise ValueError(f"kind must be a mapping from names to numbers and words, got {key!r}: {value!r}.")
        if not isinstance(plain, str) and not _is_finite(plain):
            raise ValueError(f"kind[{key!r}] must be finite, got {plain}.")
        checked[key] = plain
    return checked


def _is_finite(value: float) -> bool:
    try:
        return bool(np.isfinite(float(value)))
    except OverflowError:  # an integer beyond all floating-point numbers
        return False


def tasks_sha256(tasks: ArrayLike) -> str:
    """Return the hash of a test set, by which two people know that they tested on the same tasks in the same order.

    Args:
        tasks: Shape ``(m, d)``.

    Example:
        >>> tasks_sha256([[0.0, 1.0]])[:12]
        'aaa2bfd433f8'
    """
    rows = np.ascontiguousarray(tasks, dtype="<f8")
    return hashlib.sha256(f"{rows.shape}".encode() + rows.tobytes()).hexdigest()
