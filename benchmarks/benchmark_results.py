"""The results of one experiment, or of several together, checked to be comparable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import RequestError, RunError
from .experiments.experiment import Experiment
from .experiments.folder import ExperimentFolder
from .experiments.run import ExperimentRun
from .experiments.scores import RunScores
from .experiments.task_scores import TaskScores
from .score_table import ScoreTable

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EndedRun:
    """A run that has ended.

    Attributes:
        run: What it is.
        scores: What came of it.
        folder: Where it is.
        own: The names of the settings that its experiment gives to its teacher alone.
    """

    run: ExperimentRun
    scores: RunScores
    folder: Path
    own: frozenset[str] = frozenset()


@dataclass(eq=False)
class BenchmarkResults:
    """What has ended, and what has not.

    Attributes:
        experiments: What was to be played, in the order of the folders.
        folders: Where each of them is.
        ended: The runs that have ended.
        missing: Runs that have not, and why: the error of those that failed.
        notes: What a reader should know, a sentence each.
    """

    experiments: list[Experiment]
    ended: list[EndedRun] = field(default_factory=list)
    missing: list[tuple[ExperimentRun, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The names of the experiments."""
        return " and ".join(dict.fromkeys(each.name for each in self.experiments))

    @property
    def labels(self) -> list[str]:
        """Teachers with results, in the order of the experiments."""
        order = dict.fromkeys(run.label for each in self.experiments for run in each.runs)
        found = {each.run.label for each in self.ended}
        return [label for label in order if label in found]

    @property
    def columns(self) -> list[str]:
        """Environments with results, in the order of the experiments."""
        order = dict.fromkeys(run.column for each in self.experiments for run in each.runs)
        found = {each.run.column for each in self.ended}
        return [column for column in order if column in found]

    @property
    def baseline(self) -> str | None:
        """The label that the others are compared with; None where there is none or it has no results."""
        wanted = next((each.baseline for each in self.experiments if each.baseline is not None), None)
        return wanted if wanted in self.labels else None

    @property
    def threshold(self) -> float:
        """The score to which the steps are counted."""
        return self.experiments[0].threshold

    @cached_property
    def _cells(self) -> dict[tuple[str, str], list[EndedRun]]:
        cells: dict[tuple[str, str], list[EndedRun]] = {}
        for each in sorted(self.ended, key=lambda each: each.run.seed):
            cells.setdefault((each.run.label, each.run.column), []).append(each)
        return cells

    def cell(self, label: str, column: str) -> list[EndedRun]:
        """Return the runs of a teacher in an environment, in the order of their seeds."""
        return self._cells.get((label, column), [])

    def first(self, column: str) -> EndedRun:
        """Return one of the runs in an environment, which all were tested in the same way."""
        return next(self.cell(label, column)[0] for label in self.labels_on(column))

    def labels_on(self, column: str) -> list[str]:
        """Return the teachers with results in an environment."""
        return [label for label in self.labels if self.cell(label, column)]

    def results_on(self, label: str, column: str) -> FloatArray:
        """Return the result of each run of a cell, shape ``(n,)``."""
        return np.array([each.scores.result for each in self.cell(label, column)])

    def tasks_of(self, label: str, column: str) -> FloatArray:
        """Return the final scores on each test task, shape ``(n, k)``."""
        return np.array([each.scores.test.final for each in self.cell(label, column)])

    @property
    def percent(self) -> bool:
        """Whether all scores are percentages, so that environments can be averaged."""
        return all(self.first(column).scores.test.measure.endswith("(%)") for column in self.columns)

    def table(self) -> ScoreTable:
        """Return the results by teacher, environment and seed."""
        return ScoreTable((e.run.label, e.run.column, e.run.seed, e.scores.result) for e in self.ended)

    def curves_on(self, column: str) -> tuple[NDArray[np.int64], dict[str, FloatArray]] | str:
        """Return the learning curves of an environment: points, shape ``(m,)``, and by teacher ``(n, m)``.

        Evaluations at other steps are read off the lines between them. Where there is nothing to draw, the reason is
        returned instead.
        """
        runs = {label: self.cell(label, column) for label in self.labels_on(column)}
        protocols: dict[tuple[str, str, str, str], str] = {}
        for label, found in runs.items():
            for each in found:
                protocols.setdefault(each.scores.on_the_way.protocol, label)
        if len(protocols) > 1:
            (one, a), (two, b) = list(protocols.items())[:2]
            return f"{a} was tested on {one[0]} on the way, {b} on {two[0]}: their curves cannot be compared."
        curves = {label: [each.scores.on_the_way for each in found] for label, found in runs.items()}
        everyone = [curve for found in curves.values() for curve in found]
        points = common_points(everyone)
        if len(points) < 2:
            several = all(len(curve.points) > 1 for curve in everyone)
            return "The runs were never tested at one time." if several else "There was one evaluation only."
        at = {label: np.array([np.interp(points, c.points, c.curve) for c in found]) for label, found in curves.items()}
        return points, at


def common_points(curves: Sequence[TaskScores]) -> NDArray[np.int64]:
    """Return the points of the curve that has the most, as far as all others reach, and where they begin and end.

    Example:
        >>> def curve(*points):
        ...     return TaskScores("", "", "", "", ["a"], np.array(points), np.zeros((len(points), 1)))
        >>> common_points([curve(0, 10, 20), curve(0, 9, 18, 27)]).tolist()
        [0, 10, 20]
        >>> common_points([curve(1, 30), curve(0, 9, 18, 27)]).tolist()
        [1, 9, 18, 27]
        >>> common_points([curve(1, 3), curve(5, 9)]).tolist()
        []
    """
    low, high = max(int(c.points[0]) for c in curves), min(int(c.points[-1]) for c in curves)
    inside = [c.points[(c.points >= low) & (c.points <= high)] for c in curves]
    ends = np.array([low, high] if low <= high else [], dtype=np.int64)
    points: NDArray[np.int64] = np.union1d(max(inside, key=len), ends)
    return points


def collect(folders: Iterable[ExperimentFolder]) -> BenchmarkResults:
    """Read what has ended.

    Raises:
        RequestError: There is no experiment, nothing has ended, or runs under the same name were configured, tested or
            trained in different ways.
        RunError: A damaged file, which the message names.
    """
    folders, results = list(folders), BenchmarkResults([])
    seen: dict[tuple[str, str, int], EndedRun] = {}
    twice, different = 0, 0
    for folder in folders:
        experiment = folder.read()
        results.experiments.append(experiment)
        results.folders.append(folder.path)
        for run in experiment.runs:
            place = (run.label, run.column, run.seed)
            scores = folder.load(run)
            if place in seen and scores is not None:
                if seen[place].run.key != run.key:
                    raise RequestError(f"{folder.path} has another {run} than the folder before it; {_RENAME}")
                twice += 1
                different += not np.array_equal(scores.test.final, seen[place].scores.test.final, equal_nan=True)
            elif scores is not None:
                own = experiment.set_by_teacher(run.teacher)
                seen[place] = EndedRun(run, scores, folder.folder_of(run), own)
                results.ended.append(seen[place])
            else:
                results.missing.append((run, folder.failure(run) or "it has not ended yet"))
        strangers = folder.strangers(experiment)
        if strangers:
            results.notes.append(
                f"{folder.path} has {strangers} run{'s' * (strangers > 1)} of other settings, which are left out."
            )
    ended = {place: each.run.key for place, each in seen.items()}
    results.missing = [m for m in results.missing if ended.get((m[0].label, m[0].column, m[0].seed)) != m[0].key]
    if not results.ended:
        raise _nothing(results, [folder.path for folder in folders])
    if twice:
        told = f"{twice} runs are" if twice > 1 else "1 run is"
        results.notes.append(f"{told} in several folders, and counted once.")
    if different:
        told = f"{different} of them have" if different > 1 else "1 of them has"
        results.notes.append(f"{told} other scores there; those of the folder that was named first count.")
    check_comparable(results.ended)
    results.notes += _settings_notes(results)
    results.notes += _same_run_notes(results)
    results.notes += _versions_note(results.ended)
    return results


_RENAME = "give one of them another label in its experiment.yaml."


def _nothing(results: BenchmarkResults, paths: Sequence[Path]) -> Exception:
    where = ", ".join(map(str, paths))
    failed = [(run, why) for run, why in results.missing if why != "it has not ended yet"]
    if failed:
        run, why = failed[0]
        return RunError(
            f"No run has ended in {where}; {len(failed)} of {len(results.missing)} failed, the first being {run}: "
            f"{why.rstrip('.')}. `tutelage benchmark {paths[0]} --retry-failed` tries them again."
        )
    return RequestError(f"No run has ended yet in {where}: `tutelage benchmark` plays them.")


def check_comparable(ended: Sequence[EndedRun]) -> None:
    """Refuse runs that must not be put into one table.

    Raises:
        RequestError: Runs in one environment that were tested on different tasks or in different ways, have different
            budgets or students, or, under one teacher's label, different settings.
    """
    firsts: dict[str, EndedRun] = {}
    teachers: dict[str, tuple[object, EndedRun]] = {}
    settings: dict[tuple[str, str], tuple[str, EndedRun]] = {}
    for each in ended:
        first = firsts.setdefault(each.run.column, each)
        same: list[tuple[str, Callable[[RunScores], object]]] = [
            ("test set", lambda s: s.test.test_set),
            ("tasks in the test set", lambda s: s.test.sha256),
            ("way of testing", lambda s: s.test.how),
            ("score", lambda s: s.test.measure),
            ("budget", lambda s: f"{s.budget:,} {s.unit}"),
        ]
        for what, of in same:
            one, two = of(first.scores), of(each.scores)
            if one != two:
                shown = "" if what.startswith("tasks") else f" ({one} and {two})"
                raise RequestError(
                    f"{first.run} and {each.run} have another {what}{shown}, and cannot be in one table: name "
                    "their environments differently."
                )
        teacher, elsewhere = teachers.setdefault(each.run.label, (each.run.content.get("teacher"), each))
        if teacher != each.run.content.get("teacher"):
            raise RequestError(
                f"{each.run.label} is another teacher in {each.folder} than in {elsewhere.folder}; {_RENAME}"
            )
        content = {name: value for name, value in each.run.content.items() if name != "seed"}
        place = (each.run.label, each.run.column)
        known, other = settings.setdefault(place, (repr(sorted(content.items())), each))
        if known != repr(sorted(content.items())):
            before = {name: value for name, value in other.run.content.items() if name != "seed"}
            names = [n for n in sorted({*content, *before}) if content.get(n) != before.get(n)]
            raise RequestError(
                f"{each.run.label} on {each.run.column} has another {names[0]} in {each.folder} than in "
                f"{other.folder}; {_RENAME}"
            )
    _check_settings(ended)


_OF_THE_TEACHER = {
    *("seed", "teacher", "teacher_args", "args", "expert", "restart", "classroom", "pretests"),
    *("device", "torch_threads", "vec_env", "checkpoint_every", "eval_every", "evaluations", "filmed"),
}
"""Settings that may differ between teachers in one environment, or that decide no score."""

_OF_THE_SCORE = {"env", "space", "task", "success_above", "test_set", "eval_episodes", "eval_deterministic", "suite"}
"""Settings that must be the same whoever is said to have them."""


def _check_settings(ended: Sequence[EndedRun]) -> None:
    """Refuse teachers in one environment whose students had other settings, which no file gives to a teacher alone."""
    columns: dict[str, list[EndedRun]] = {}
    for each in ended:
        columns.setdefault(each.run.column, []).append(each)
    for runs in columns.values():
        for name in sorted({name for each in runs for name in each.run.content} - _OF_THE_TEACHER):
            compared = [each for each in runs if name in _OF_THE_SCORE or name not in each.own]
            for each in compared[1:]:
                one, two = compared[0].run.content.get(name), each.run.content.get(name)
                if one != two:
                    raise RequestError(
                        f"{compared[0].run} and {each.run} have another {name} ({_said(one)} and {_said(two)}), and "
                        "cannot be in one table: name their environments differently."
                    )


def _said(value: object) -> str:
    return "none" if value is None else f"{value!r:.60}" if isinstance(value, str) else f"{value!s:.60}"


def _settings_notes(results: BenchmarkResults) -> list[str]:
    """What the experiments' files say in different ways, and which of them counts."""
    notes = []
    thresholds = list(dict.fromkeys(each.threshold for each in results.experiments))
    if len(thresholds) > 1:
        told = " and ".join(f"{each:g}" for each in thresholds)
        notes.append(f"The experiments have different thresholds ({told}): steps are counted to {results.threshold:g}.")
    baselines = list(dict.fromkeys(each.baseline for each in results.experiments if each.baseline is not None))
    if len(baselines) > 1:
        notes.append(
            f"The experiments have different baselines ({' and '.join(baselines)}): the others are compared with "
            f"{results.baseline or 'none, since the first has no results'}."
        )
    return notes


def _same_run_notes(results: BenchmarkResults) -> list[str]:
    """Rows of the tables that are one and the same run, apart from teachers that take no expert knowledge."""
    notes: dict[str, None] = {}
    firsts: dict[tuple[str, str], str] = {}
    for each in results.ended:
        first = firsts.setdefault((each.run.column, each.run.key), each.run.label)
        if first != each.run.label:
            notes[f"{first} and {each.run.label} on {each.run.column} are the same run under two labels."] = None
    return list(notes)


def _versions_note(ended: Sequence[EndedRun]) -> list[str]:
    kinds: dict[str, set[str]] = {}
    for each in ended:
        for name in ("tutelage", "git", "numpy", "torch", "stable-baselines3"):
            kinds.setdefault(name, set()).add(each.scores.made_with.get(name, "none"))
    several = {name: sorted(found) for name, found in kinds.items() if len(found) > 1}
    if not several:
        return []
    told = ", ".join(f"{name} {' and '.join(_shortened(v) for v in found)}" for name, found in several.items())
    return [f"The runs were made with different versions: {told}."]


def _shortened(version: str) -> str:
    """A version, or a commit of twelve letters and what is said about it."""
    commit, plus, changes = version.partition("+changes")
    return f"{commit[:12]}{plus}{changes}" if len(commit) == 40 else version
