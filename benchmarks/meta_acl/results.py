"""The results of a comparison of Meta-ACL: scores, whom each new student was matched with, and whose tasks it got."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cell import MetaCell

FloatArray = NDArray[np.float64]


@dataclass(eq=False)
class MetaResults:
    """The new students of all conditions, and those of the classroom.

    Attributes:
        points: Training before each evaluation, shape ``(m,)``.
        cells: By condition, in the order of the file; the first is what the others are compared with.
        kinds: What kind of student each seed is.
        pretest: After how much training the students were tested.
        former_scores: Those of the students of the classroom at the end, shape ``(c,)``.
        former_kinds: What kinds they are.
        same: The names by which two kinds are the same; all where there are none of these.
        near: The names by which kinds are near or far from each other.
        units: What is mastered, e.g. ``"cells"``.
        steps: What training is counted in, e.g. ``"episodes"``.
        about: What a page says first.
        settings: What a page says last: a line for the classroom, and one for each condition.

    Example:
        >>> cell = MetaCell(np.array([0]), np.array([[0.0, 90.0]]), ["a"], [{"body": "short", "legs": 0.6}])
        >>> results = MetaResults(np.array([0, 10]), {"AGAIN-R": cell}, {0: {"body": "short", "legs": 0.7}}, 5,
        ...                       np.array([80.0]), [{"body": "short", "legs": 0.6}], ("body",), ("legs",))
        >>> results.right("AGAIN-R").tolist(), results.distances("AGAIN-R").round(3).tolist()
        ([True], [0.1])
    """

    points: NDArray[np.int64]
    cells: dict[str, MetaCell]
    kinds: dict[int, dict[str, Any]]
    pretest: int
    former_scores: FloatArray
    former_kinds: Sequence[Mapping[str, Any]]
    same: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    units: str = "cells"
    steps: str = "episodes"
    about: str = ""
    settings: list[str] = field(default_factory=list)

    @property
    def baseline(self) -> str:
        """The condition that the others are compared with."""
        return next(iter(self.cells))

    def kind(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return what two students of the same kind have in common."""
        return tuple(given.get(name) for name in self.same or sorted(given))

    def _pairs(self, label: str) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        cell = self.cells[label]
        return [(self.kinds[s], kind) for s, kind in zip(cell.seeds.tolist(), cell.expert_kinds, strict=True) if kind]

    def right(self, label: str) -> NDArray[np.bool_]:
        """Tell which students of a condition that have an expert have one of their own kind, shape ``(e,)``."""
        return np.array([self.kind(own) == self.kind(expert) for own, expert in self._pairs(label)], dtype=np.bool_)

    def distances(self, label: str) -> FloatArray:
        """Return how far each expert is from its student by the names in ``near``, Euclidean, shape ``(e,)``."""
        pairs = self._pairs(label)
        return np.array(
            [np.sqrt(sum((own[name] - expert[name]) ** 2 for name in self.near)) for own, expert in pairs],
            dtype=np.float64,
        )

    def expert_shares(self, label: str) -> FloatArray | None:
        """Return each student's mean share of tasks from its expert since the pre-test, shape ``(n,)``; None without.

        The evaluation at the pre-test itself counts.
        """
        shares = self.cells[label].expert_shares
        return None if shares is None else np.asarray(shares[:, self.points >= self.pretest].mean(axis=1))


def meta_csv(results: MetaResults) -> str:
    """Return a line for each new student: its kind, its expert, and its score at each evaluation."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    points = [f"mastered_{at}" for at in results.points.tolist()]
    writer.writerow(["condition", "seed", "kind", "expert", "expert_kind", "expert_share", *points])
    for label, cell in results.cells.items():
        shares = results.expert_shares(label)
        for i, seed in enumerate(cell.seeds.tolist()):
            who = [cell.experts[i] or "", _in_words(cell.expert_kinds[i] or {})]
            share = "" if shares is None else f"{shares[i]:.4g}"
            scores = [f"{score:.4g}" for score in cell.scores[i]]
            writer.writerow([label, seed, _in_words(results.kinds[seed]), *who, share, *scores])
    return text.getvalue()


def _in_words(kind: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in kind.items())
