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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from ...errors import RequestError, unknown_name
from ...registry import teacher_class
from .kinds import KINDS
from .run import ExperimentRun

LEVELS = ("no", "low", "high")
_NAMES = (
    *("about", "seeds", "baseline", "threshold", "common", "teachers", "environments", "students", "experts"),
    "leave_out",
)
_ARGUMENTS = ("env_args", "teacher_args", "student_args", "knowledge")
_BELONGS = {
    "env": ("env_args", "task", "test_set", "knowledge"),
    "space": (),
    "teacher": ("teacher_args",),
    "student": ("student_args", "preset"),
}
"""What does not carry over to another environment, teacher or student."""

_EITHER = {"env": "space", "space": "env"}
_MOST_SEEDS = 100_000


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
        if not isinstance(plain, Mapping):
            raise RequestError(f"Expected names and values, e.g. `seeds: 5`, got {plain!r}.")
        for each in plain:
            if each not in _NAMES:
                raise RequestError(unknown_name("setting of an experiment", str(each), _NAMES))
        seeds = _seeds(plain.get("seeds"))
        common = _layer("common", plain.get("common") or {})
        teachers = _layers("teachers", plain.get("teachers"))
        environments = _layers("environments", plain.get("environments"))
        students = _layers("students", plain["students"]) if plain.get("students") else {"": {}}
        _name_what_labels_stand_for(common, teachers, environments, students)
        levels = _levels(plain.get("experts"))
        left_out = _left_out(plain.get("leave_out") or [], list(teachers), list(environments), list(students), levels)
        _check_used(common, teachers, environments, students)
        runs = _runs(seeds, common, teachers, environments, students, levels, left_out)
        baseline = _baseline(plain.get("baseline"), runs)
        return cls(name, str(plain.get("about") or ""), seeds, baseline, _threshold(plain), tuple(runs), dict(plain))

    @property
    def distinct(self) -> list[ExperimentRun]:
        """The runs, those with the same content once."""
        return list({run.key: run for run in reversed(self.runs)}.values())[::-1]


# --- Reading ---------------------------------------------------------------------------------------------------------


def _seeds(value: Any) -> tuple[int, ...]:
    if value is None or value == [] or value == 0:
        raise RequestError("The experiment has no seeds: say how many, e.g. `seeds: 5`, or which, e.g. `[0, 1]`.")
    if _whole(value) and value > _MOST_SEEDS:
        raise RequestError(f"seeds: at most {_MOST_SEEDS:,} of them, got {value:,}.")
    if _whole(value) and value >= 1:
        return tuple(range(value))
    if isinstance(value, list) and all(_whole(seed) and 0 <= seed < 2**31 for seed in value):
        if len(set(value)) < len(value):
            raise RequestError(f"seeds: {value} has one of them twice.")
        return tuple(value)
    raise RequestError(f"seeds: expected a whole number of at least 1 or a list of seeds, got {value!r}.")


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _threshold(plain: Mapping[str, Any]) -> float:
    value = plain.get("threshold", 50.0)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise RequestError(f"threshold: expected a number, got {value!r}.")
    if not abs(value) < 1e300:
        raise RequestError(f"threshold: expected a finite number, got {value!r:.20}.")
    return float(value)


def _layer(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise RequestError(f"{where}: expected settings and their values, got {value!r}.")
    known = sorted(set().union(*(kind.settings for kind in KINDS.values())))
    for name in value:
        if name == "seed":
            raise RequestError(f"{where} names a seed: the seeds are those under 'seeds'.")
        if name not in known:
            raise RequestError(f"{where}: {unknown_name('setting', str(name), known)}")
    if "env" in value and "space" in value:
        raise RequestError(f"{where} names both an env and a toy space: choose one.")
    for name in _ARGUMENTS:
        if not isinstance(value.get(name) or {}, Mapping):
            raise RequestError(f"{where}: expected {name} as names and values, got {value[name]!r}.")
    return {str(name): each for name, each in value.items()}


def _layers(what: str, value: Any) -> dict[str, dict[str, Any]]:
    if isinstance(value, list) and all(isinstance(label, str) for label in value):
        if len(set(value)) < len(value):
            raise RequestError(f"{what}: a label is given twice.")
        value = dict.fromkeys(value)
    if not isinstance(value, Mapping) or not value:
        raise RequestError(f"The experiment has no {what}: name at least one, e.g. `{what}: [{_example(what)}]`.")
    return {str(label): _layer(f"{what}, {label}", own or {}) for label, own in value.items()}


def _example(what: str) -> str:
    return {"teachers": "random, alp-gmm", "environments": "2d-10", "students": "ppo"}[what]


def _name_what_labels_stand_for(
    common: Mapping[str, Any],
    teachers: dict[str, dict[str, Any]],
    environments: dict[str, dict[str, Any]],
    students: dict[str, dict[str, Any]],
) -> None:
    """A label whose settings do not say what it stands for is a name itself."""
    for label, own in environments.items():
        if not {"env", "space"} & {*common, *own}:
            own["space" if _is_toy_space(label) else "env"] = label
    for label, own in teachers.items():
        if "teacher" not in {*common, *own}:
            own["teacher"] = label
    for label, own in students.items():
        if label and "student" not in {*common, *own}:
            own["student"] = label
    for label, own in teachers.items():
        name = own.get("teacher", common.get("teacher"))
        try:
            teacher_class(str(name))
        except RequestError as error:
            raise RequestError(f"teachers, {label}: {error}") from error


def _is_toy_space(name: str) -> bool:
    from ..lab.spaces import lab_space

    try:
        lab_space(name)
    except RequestError:
        return False
    return True


def _levels(value: Any) -> tuple[str, ...]:
    """The levels of expert knowledge; one empty text where the experiment has no such axis."""
    if value is None:
        return ("",)
    levels = ["no" if level is False else level for level in value] if isinstance(value, list) else [value]
    for level in levels:
        if level not in LEVELS:
            raise RequestError(f"experts: {unknown_name('level', level, LEVELS)}")
    if not levels or len(set(levels)) < len(levels):
        raise RequestError(f"experts: expected some of {', '.join(LEVELS)}, each once, got {value!r}.")
    return tuple(levels)


def _left_out(
    value: Any, teachers: list[str], environments: list[str], students: list[str], levels: Sequence[str]
) -> list[dict[str, set[str]]]:
    axes = {"teacher": teachers, "environment": environments, "student": students, "expert": list(levels)}
    if not isinstance(value, list) or not all(isinstance(each, Mapping) and each for each in value):
        raise RequestError("leave_out: expected a list of cells, e.g. `[{teacher: adr, expert: no}]`.")
    found = []
    for each in value:
        rule: dict[str, set[str]] = {}
        for axis, labels in each.items():
            if axis not in axes:
                raise RequestError(f"leave_out: {unknown_name('axis', str(axis), axes)}")
            chosen = ["no" if label is False else label for label in (labels if isinstance(labels, list) else [labels])]
            for label in chosen:
                if label not in axes[axis]:
                    raise RequestError(f"leave_out: {unknown_name(str(axis), str(label), axes[axis])}")
            rule[str(axis)] = set(chosen)
        found.append(rule)
    return found


def _check_used(
    common: Mapping[str, Any],
    teachers: Mapping[str, Mapping[str, Any]],
    environments: Mapping[str, Mapping[str, Any]],
    students: Mapping[str, Mapping[str, Any]],
) -> None:
    """Refuse a setting that is for runs of a kind that the experiment has none of."""
    layers = [common, *teachers.values(), *environments.values(), *students.values()]
    kinds = {kind for layer in layers for kind, name in (("toy", "space"), ("training", "env")) if name in layer}
    used = set().union(*(KINDS[kind].settings for kind in kinds))
    for name in (name for layer in layers for name in layer):
        if name not in used:
            other = "environments" if kinds == {"toy"} else "toy spaces"
            raise RequestError(f"The setting {name} is for {other}, of which the experiment has none.")


# --- The grid --------------------------------------------------------------------------------------------------------


def _runs(
    seeds: Sequence[int],
    common: Mapping[str, Any],
    teachers: Mapping[str, Mapping[str, Any]],
    environments: Mapping[str, Mapping[str, Any]],
    students: Mapping[str, Mapping[str, Any]],
    levels: Sequence[str],
    left_out: Sequence[Mapping[str, set[str]]],
) -> list[ExperimentRun]:
    cells: dict[tuple[str, str, str, str], tuple[str, dict[str, Any]]] = {}
    for environment, student, teacher, level in product(environments, students, teachers, levels):
        labels = {"teacher": teacher, "environment": environment, "student": student, "expert": level}
        if any(all(labels[axis] in rule[axis] for axis in rule) for rule in left_out):
            continue
        settings = merged([common, environments[environment], students[student], teachers[teacher]])
        name = "toy" if "space" in settings else "training"
        kind = KINDS[name]
        if level:
            settings["expert"] = level
        shown = level if level and kind.takes_expert(settings) else ""
        own = {key: value for key, value in settings.items() if key in kind.settings}
        # One that takes no expert knowledge is the same run at every level.
        cells.setdefault((environment, student, teacher, shown), (name, own))
    if not cells:
        raise RequestError("leave_out leaves nothing to play.")
    runs = []
    for seed, ((environment, student, teacher, level), (name, own)) in product(seeds, cells.items()):
        try:
            content = KINDS[name].content(own, seed)
        except RequestError as error:
            raise RequestError(f"{teacher} on {environment}: {error}") from error
        runs.append(ExperimentRun(environment, teacher, student, level, seed, name, content))
    return runs


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
            settings[name] = {**settings.get(name, {}), **(value or {})} if name in _ARGUMENTS else value
    return settings


def _baseline(value: Any, runs: Sequence[ExperimentRun]) -> str | None:
    labels = list(dict.fromkeys(run.label for run in runs))
    if value is None:
        uniform = [run.label for run in runs if run.content.get("teacher") == "random"]
        return uniform[0] if uniform else None
    if value not in labels:
        raise RequestError(f"baseline: {unknown_name('label', str(value), labels)}")
    return str(value)
