"""The results of a lab: scores over episodes and costs, by teacher and space."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .config import LabConfig
from .folder import LabFolder
from .run import LabRun, runs_of

FloatArray = NDArray[np.float64]


@dataclass(eq=False)
class CellResults:
    """All seeds of one teacher on one space.

    Attributes:
        points: Episodes at the evaluations, shape ``(m,)``.
        seeds: Which seeds, shape ``(n,)``.
        scores: % mastered, shape ``(n, m)``.
        costs: Microseconds of the teacher's own processor time per episode, shape ``(n,)``.

    Example:
        >>> cell = CellResults(np.array([0, 10, 20]), np.array([0]), np.array([[0.0, 20.0, 60.0]]), np.array([31.0]))
        >>> cell.final.tolist(), cell.at(0.5).tolist()
        ([60.0], [20.0])
    """

    points: NDArray[np.int64]
    seeds: NDArray[np.int64]
    scores: FloatArray
    costs: FloatArray

    @property
    def final(self) -> FloatArray:
        """The last scores, shape ``(n,)``."""
        return self.scores[:, -1]

    def at(self, share: float) -> FloatArray:
        """Return the scores after a share of the episodes, at the nearest evaluation, shape ``(n,)``."""
        return self.scores[:, int(np.argmin(np.abs(self.points - share * self.points[-1])))]


@dataclass(eq=False)
class LabResults:
    """What has ended of a lab.

    Attributes:
        config: The lab.
        cells: By teacher and space; what has no seed that has ended is missing.
        left_out: Teachers that cannot teach, and why.
    """

    config: LabConfig
    cells: dict[tuple[str, str], CellResults] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def teachers_on(self, space: str) -> list[str]:
        """Return the teachers with results on a space, in the order of the lab."""
        return [teacher for teacher in self.config.teachers if (teacher, space) in self.cells]

    def common(self, teacher: str) -> FloatArray | None:
        """Return a teacher's final scores of the seeds that have ended on every space, shape ``(n_seeds, n_spaces)``.

        None where there is no such seed.
        """
        parts = [self.cells.get((teacher, space)) for space in self.config.spaces]
        if any(part is None for part in parts):
            return None
        found = [part for part in parts if part is not None]
        seeds = set.intersection(*(set(part.seeds.tolist()) for part in found))
        rows = [part.final[np.isin(part.seeds, sorted(seeds))] for part in found]
        return np.array(rows).T if seeds else None


def collect(folder: LabFolder, config: LabConfig, left_out: dict[str, str] | None = None) -> LabResults:
    """Read the runs that have ended.

    Raises:
        RunError: A damaged file.
    """
    groups: dict[tuple[str, str], list[tuple[LabRun, dict[str, Any]]]] = {}
    for run in runs_of(config):
        result = folder.load(run)
        if result is not None:
            groups.setdefault((run.teacher, run.space), []).append((run, result))
    cells = {key: _joined(members) for key, members in groups.items()}
    return LabResults(config, cells, dict(left_out or {}))


def _joined(members: Iterable[tuple[LabRun, dict[str, Any]]]) -> CellResults:
    runs, results = zip(*members, strict=True)
    seconds = np.array([r["sample_seconds"] + r["update_seconds"] for r in results])
    return CellResults(
        np.asarray(results[0]["points"]),
        np.array([run.seed for run in runs]),
        np.array([r["scores"] for r in results], dtype=np.float64),
        1e6 * seconds / np.array([run.episodes for run in runs]),
    )


def results_csv(results: LabResults) -> str:
    """Return every score of every run, one a line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["teacher", "space", "seed", "episodes", "mastered", "microseconds_per_episode"])
    for (teacher, space), cell in results.cells.items():
        for seed, scores, cost in zip(cell.seeds, cell.scores, cell.costs, strict=True):
            for episodes, score in zip(cell.points, scores, strict=True):
                writer.writerow([teacher, space, seed, episodes, f"{score:.4g}", f"{cost:.4g}"])
    return text.getvalue()
