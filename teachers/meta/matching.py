"""Whose curriculum a new student is to be given: the student of a classroom that it resembles most, or the like.

Portelas et al. (2020): among the k students whose knowledge at the same pre-test was nearest to the new one's, that
whose final knowledge was the greatest. Ground truth and chance are there to compare with.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import RunError
from .classroom import Classroom
from .expert_curriculum import ExpertCurriculum, alp_limit
from .student_record import checked_kind

MATCHES = ("knowledge", "kind", "random")

_MOST_BAD = 100
"""After so many students that could not be read, the others are not tried."""


class Expert(NamedTuple):
    """A student of a classroom, by number and name, and its curriculum."""

    number: int
    name: str
    curriculum: ExpertCurriculum


def find_expert(
    classroom: Classroom,
    components: ArrayLike,
    *,
    pretest: int,
    k: int,
    alp_threshold: float,
    return_bounds: tuple[float, float] | None,
    rng: np.random.Generator,
    match: Literal["knowledge", "kind", "random"] = "knowledge",
    kind: Mapping[str, Any] | None = None,
    share: float = 1.0,
) -> Expert | None:
    """Return the expert for a new student, None where no student of the classroom can be one.

    A student that is of no use (see `useful`) never comes into question. One whose file is missing or damaged, or is
    not what the classroom's matrices say of it, is passed over with a warning, and the next one is taken.

    Args:
        classroom: The students.
        components: The knowledge of the new student, shape ``(m,)``.
        pretest: At which pre-test it is compared, from 0.
        k: How many of the most similar students to choose the best from; less where there are fewer.
        alp_threshold: Above which ALP Gaussians are kept, see `ExpertCurriculum.extract`.
        return_bounds: See there.
        rng: Draws what is left to chance.
        match: Students are similar by their ``"knowledge"`` or by their ``"kind"``; or one is drawn at ``"random"``.
        kind: The kind of the new student, for ``match="kind"``.
        share: The share of the classroom, drawn at random, that comes into question.

    Raises:
        ValueError: Knowledge components that do not fit the classroom, or a kind that is not given or none; nothing has
            been drawn then.
        RunError: A matrix of the classroom is damaged.
    """
    if match == "kind" and not kind:
        raise ValueError("match='kind' needs to be told what kind of student this is: pretest(components, kind={…}).")
    kind = checked_kind(kind or {})
    summaries = classroom.summaries()
    among = useful(summaries, alp_threshold=alp_threshold, return_bounds=return_bounds)
    n = len(among)
    if share < 1.0 and n:
        chosen = rng.choice(n, size=max(1, int(np.ceil(share * n))), replace=False)
        among &= np.isin(np.arange(n), chosen)
    for _ in range(_MOST_BAD):
        if match == "random":
            left = np.flatnonzero(among)
            similar = left[rng.integers(len(left), size=1)] if len(left) else left
        elif match == "kind":
            similar = _most_similar_kinds(classroom.kinds[:n], kind, k, among)  # others may have come meanwhile
        else:
            similar = classroom.nearest(components, pretest, k, among)
        if len(similar) == 0:
            if match == "kind":
                _warn_of_unknown(kind, classroom)
            return None
        index = int(similar[np.argmax(summaries["final"][similar])])  # the first of equals
        try:
            student = classroom.sound_record(index)
        except RunError as error:
            warnings.warn(f"{error} The student is passed over.", stacklevel=2)
        else:
            curriculum = ExpertCurriculum.extract(
                student.gaussians, alp_threshold=alp_threshold, return_bounds=return_bounds
            )
            if curriculum.n_steps:
                return Expert(index, student.name, curriculum)
        among[index] = False
    warnings.warn(f"More than {_MOST_BAD} students of {classroom.folder} cannot be read.", stacklevel=2)
    return None


def _warn_of_unknown(kind: Mapping[str, Any], classroom: Classroom) -> None:
    known = set().union(*classroom.kinds)
    unknown = [name for name in kind if name not in known]
    if unknown:
        warnings.warn(
            f"match='kind' compares {', '.join(unknown)}, of which no student of {classroom.folder} says anything; "
            f"they know {', '.join(sorted(known)) or 'nothing'}.",
            stacklevel=3,
        )


def useful(
    summaries: Mapping[str, NDArray[np.float64]],
    *,
    alp_threshold: float,
    return_bounds: tuple[float, float] | None = None,
) -> NDArray[np.bool_]:
    """Tell which students can be experts: they knew as much at the end as at the first pre-test, and made progress.

    Args:
        summaries: See `Classroom.summaries`.
        alp_threshold: At least one of their Gaussians is above it.
        return_bounds: See `ExpertCurriculum.extract`.

    Returns:
        Shape ``(n,)``.

    Example:
        >>> two = {"first": np.array([1.0, 1.0]), "final": np.array([9.0, 0.0]), "alp": np.array([0.5, 0.5]),
        ...        "low": np.zeros(2), "high": np.ones(2)}
        >>> useful(two, alp_threshold=0.2).tolist()
        [True, False]
    """
    if return_bounds is None:
        progressed = summaries["alp"] > alp_limit(summaries["low"], summaries["high"], alp_threshold)
    else:
        progressed = summaries["alp"] / (return_bounds[1] - return_bounds[0]) > alp_threshold
    found: NDArray[np.bool_] = progressed & (summaries["final"] >= summaries["first"])
    return found


def _most_similar_kinds(
    kinds: Sequence[Mapping[str, Any]], kind: Mapping[str, Any], k: int, among: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """The students of the most similar kinds: numbers differ as shares of their range, words are equal or not."""
    squares = np.where(among, 0.0, np.inf)
    for name, mine in kind.items():
        theirs = [other.get(name) for other in kinds]
        if isinstance(mine, str):
            squares += [np.inf if value is None else float(value != mine) for value in theirs]
            continue
        numbers = np.array([value if isinstance(value, (int, float)) else np.nan for value in theirs], dtype=np.float64)
        known = numbers[~np.isnan(numbers)]
        spread = float(np.ptp(known)) if len(known) else 0.0
        differences = ((numbers - mine) / (spread if spread > 0.0 else 1.0)) ** 2
        squares += np.where(np.isnan(differences), np.inf, differences)
    order = np.argsort(squares, kind="stable")[:k]
    found: NDArray[np.int64] = order[np.isfinite(squares[order])]
    return found
