"""An experiment: a grid of teachers × environments × students × levels of expert knowledge × seeds, from one file.

::

    about: What the report begins with.
    seeds: 5
    common: {steps: 1000000}
    teachers:
      random: {}
      plr: {teacher_args: {buffer_size: 1000}}
    environments:
      mazes: {env: Maze, suite: zero-shot-12}

The settings of a run are those of ``common``, of its environment, of its student and of its teacher; later ones win,
arguments one by one. What belongs to another environment, teacher or student than the one that is named last does not
carry over. An environment with a ``space`` is a toy space, one with an ``env`` is trained in; `kinds` has the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from ...errors import RequestError, unknown_name
from .axes import ARGUMENTS, Axes
from .kinds import KINDS
from .run import ExperimentRun

_BELONGS = {
    "env": ("env_args", "task", "test_set", "knowledge"),
    "space": (),
    "teacher": ("teacher_args",),
    "student": ("student_args", "preset"),
}
"""What does not carry over to another environment, teacher or student."""

_EITHER = {"env": "space", "space": "env"}


@dataclass(frozen=True)
class Experiment:
    """What to compare.

    Attributes:
        name: What it is called: the stem of its file.
        about: What its report begins with.
        seeds: The seeds of each cell of the grid.
        baseline: The label of the teacher that the others are compared with; None where there is none.
        threshold: The score to which the steps are counted, in the unit of the scores.
        runs: Seed by seed, so that an experiment that was stopped has all teachers and environments. Two cells with the
            same content are the same run.
        plain: The contents of its file.

    Example:
        >>> plain = {"seeds": 2, "teachers": ["random", "alp-gmm"], "environments": ["2d-10"]}
        >>> experiment = Experiment.from_mapping(plain, "first")
        >>> [str(run) for run in experiment.runs][:2], experiment.baseline
        (['random on 2d-10, seed 0', 'alp-gmm on 2d-10, seed 0'], 'random')
    """

    name: str
    about: str
    seeds: tuple[int, ...]
    baseline: str | None
    threshold: float
    runs: tuple[ExperimentRun, ...]
    plain: Mapping[str, Any] = field(repr=False, default_factory=dict)

    @classmethod
    def from_mapping(cls, plain: Any, name: str) -> Experiment:
        """Read the contents of a file.

        Args:
            plain: What is in it.
            name: What the experiment is called.

        Raises:
            RequestError: A setting is missing, unknown or of the wrong kind, or a name stands for nothing.
        """
        axes = Axes.read(plain)
        runs = _runs(axes)
        baseline = _baseline(plain.get("baseline"), runs)
        return cls(name, axes.about, axes.seeds, baseline, axes.threshold, tuple(runs), dict(plain))

    @property
    def distinct(self) -> list[ExperimentRun]:
        """The runs, those with the same content once."""
        return list({run.key: run for run in reversed(self.runs)}.values())[::-1]

    def set_by_teacher(self, label: str) -> frozenset[str]:
        """Return the names of the settings that the experiment gives to a teacher.

        Args:
            label: Of the teacher, without a level of expert knowledge.

        Example:
            >>> plain = {"seeds": 1, "teachers": {"riac": {"batch": 8}}, "environments": ["2d-10"]}
            >>> sorted(Experiment.from_mapping(plain, "first").set_by_teacher("riac"))
            ['batch']
        """
        teachers = self.plain.get("teachers")
        own = {str(key): each for key, each in teachers.items()}.get(label) if isinstance(teachers, Mapping) else None
        return frozenset(map(str, own or ()))


# --- The grid --------------------------------------------------------------------------------------------------------


def _runs(axes: Axes) -> list[ExperimentRun]:
    cells: dict[tuple[str, str, str, str], tuple[str, dict[str, Any]]] = {}
    for environment, student, teacher, level in product(axes.environments, axes.students, axes.teachers, axes.levels):
        labels = {"teacher": teacher, "environment": environment, "student": student, "expert": level}
        if any(all(labels[axis] in rule[axis] for axis in rule) for rule in axes.left_out):
            continue
        own = [axes.environments[environment], axes.students[student], axes.teachers[teacher]]
        settings = merged([axes.common, *own])
        name = "toy" if "space" in settings else "training"
        kind = KINDS[name]
        if level:
            settings["expert"] = level
        takes = kind.takes_expert(settings)
        if "expert" in settings and not takes and kind.could_take_expert(settings):
            raise RequestError(
                f"{teacher} on {environment}: the level of expert knowledge changes nothing, for the environment has "
                "no `knowledge`, which says what an expert knows."
            )
        shown = level if level and takes else ""
        used = {key: value for key, value in settings.items() if key in kind.settings}
        # One that takes no expert knowledge is the same run at every level.
        cells.setdefault((environment, student, teacher, shown), (name, used))
    if not cells:
        raise RequestError("leave_out leaves nothing to play.")
    runs = []
    _check_places(cells)
    for seed, ((environment, student, teacher, level), (name, used)) in product(axes.seeds, cells.items()):
        try:
            content = KINDS[name].content(used, seed)
        except RequestError as error:
            raise RequestError(f"{teacher} on {environment}: {error}") from error
        runs.append(ExperimentRun(environment, teacher, student, level, seed, name, content))
    return runs


def _check_places(cells: Iterable[tuple[str, str, str, str]]) -> None:
    """Refuse two cells that are in one place of the tables."""
    places: dict[tuple[str, str], tuple[str, ...]] = {}
    for cell in cells:
        run = ExperimentRun(cell[0], cell[2], cell[1], cell[3], 0, "", {})
        if (run.label, run.column) in places:
            raise RequestError(f"Two cells are called {run.label} on {run.column} in the tables: choose other labels.")
        places[run.label, run.column] = cell


def merged(layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return settings in which later layers win, arguments one by one.

    Example:
        >>> merged([{"env": "Maze", "env_args": {"walls": 60}, "steps": 9}, {"env": "MazeParameters"}])
        {'env': 'MazeParameters', 'steps': 9}
        >>> merged([{"test_set": "uniform-50"}, {"env": "Maze"}])
        {'test_set': 'uniform-50', 'env': 'Maze'}
        >>> merged([{"student_args": {"gamma": 0.9}}, {"student_args": {"n_steps": 64}}])
        {'student_args': {'gamma': 0.9, 'n_steps': 64}}
    """
    settings: dict[str, Any] = {}
    for layer in layers:
        for name, belonging in _BELONGS.items():
            if name in layer and layer[name] != settings.get(name):
                other = settings.pop(_EITHER.get(name, ""), None)
                if settings.get(name) is not None or other is not None:
                    for each in belonging:
                        settings.pop(each, None)
        for name, value in layer.items():
            settings[name] = {**settings.get(name, {}), **(value or {})} if name in ARGUMENTS else value
    return settings


def _baseline(value: Any, runs: Sequence[ExperimentRun]) -> str | None:
    labels = list(dict.fromkeys(run.label for run in runs))
    if value is None:
        uniform = [run.label for run in runs if run.content.get("teacher") == "random"]
        return uniform[0] if uniform else None
    if str(value) not in labels:
        raise RequestError(f"baseline: {unknown_name('label', str(value), labels)}")
    return str(value)
