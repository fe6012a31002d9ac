"""What the file of an experiment says, part by part: settings, axes and rules, each checked on its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import RequestError, unknown_name
from ...registry import list_teachers, teacher_class
from ...task_flags import plain_numbers
from ...teachers.expert_knowledge import LEVELS
from .kinds import KINDS

ARGUMENTS = ("env_args", "teacher_args", "student_args", "knowledge")
"""Settings that are names and values themselves."""

_NAMES = (
    *("about", "seeds", "baseline", "threshold", "common", "teachers", "environments", "students", "experts"),
    "leave_out",
)
_PLURALS = {"teacher": "teachers", "student": "students", "env": "environments", "space": "environments"}
_WORDS = {"teacher": "teacher", "student": "student", "env": "environment", "space": "toy space"}
_EXAMPLES = {"teachers": "random, alp-gmm", "environments": "2d-10", "students": "ppo"}
_MOST_SEEDS = 100_000

Layers = Mapping[str, Mapping[str, Any]]
"""Settings by label."""


@dataclass(frozen=True)
class Axes:
    """The axes of a grid of runs, and the settings of their labels.

    Attributes:
        about: What the report begins with.
        seeds: The seeds of each cell.
        threshold: The score to which steps are counted.
        common: Settings of all runs.
        teachers: Settings by label; likewise ``environments`` and ``students``, of which one without a label has none.
        levels: Levels of expert knowledge; one empty text where they are no axis.
        left_out: Cells that are not played: by axis, labels that together are left out.

    Example:
        >>> axes = Axes.read({"seeds": 2, "teachers": ["random"], "environments": ["2d-10"]})
        >>> axes.seeds, axes.teachers, axes.environments
        ((0, 1), {'random': {'teacher': 'random'}}, {'2d-10': {'space': '2d-10'}})
    """

    about: str
    seeds: tuple[int, ...]
    threshold: float
    common: Mapping[str, Any]
    teachers: Layers
    environments: Layers
    students: Layers
    levels: tuple[str, ...]
    left_out: Sequence[Mapping[str, set[str]]]

    @classmethod
    def read(cls, plain: Any) -> Axes:
        """Read the contents of a file.

        Raises:
            RequestError: A setting is missing, unknown or of the wrong kind, or a name stands for nothing.
        """
        if not isinstance(plain, Mapping):
            raise RequestError(f"Expected names and values, e.g. `seeds: 5`, got {plain!r:.60}.")
        _check_text(plain)
        for each in plain:
            if each not in _NAMES:
                raise RequestError(unknown_name("setting of an experiment", str(each), _NAMES))
        about = _or(plain.get("about"), "")
        if not isinstance(about, str):
            raise RequestError(f"about: expected a text, got {about!r:.60}.")
        seeds = _seeds(plain.get("seeds"))
        common = _layer("common", _or(plain.get("common"), {}))
        teachers = _layers("teachers", plain.get("teachers"))
        environments = _layers("environments", plain.get("environments"))
        students = {"": {}} if plain.get("students") is None else _layers("students", plain["students"])
        _name_what_labels_stand_for(common, teachers, environments, students)
        levels = _levels(plain.get("experts"))
        axes = {"teacher": teachers, "environment": environments, "student": students, "expert": levels}
        left_out = _left_out(_or(plain.get("leave_out"), []), {axis: list(labels) for axis, labels in axes.items()})
        _check_used([common, *teachers.values(), *environments.values(), *students.values()])
        return cls(about, seeds, _threshold(plain), common, teachers, environments, students, levels, left_out)


def _check_text(plain: Mapping[str, Any]) -> None:
    try:
        json.dumps(plain, ensure_ascii=False, default=str, skipkeys=True).encode("utf-8")
    except UnicodeEncodeError as error:
        raise RequestError("A text has a character that stands for none (half of a surrogate pair).") from error
    except (ValueError, RecursionError) as error:
        raise RequestError("The experiment contains itself, or is nested too deeply.") from error


def _or(value: Any, default: Any) -> Any:
    """A value, or what stands for none."""
    return default if value is None else value


def _seeds(value: Any) -> tuple[int, ...]:
    value = plain_numbers(value)
    value = int(value) if isinstance(value, float) and value.is_integer() else value
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
    value = plain_numbers(plain.get("threshold", 50.0))
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
    for name in ARGUMENTS:
        if not isinstance(_or(value.get(name), {}), Mapping):
            raise RequestError(f"{where}: expected {name} as names and values, got {value[name]!r}.")
    return {str(name): each for name, each in value.items()}


def _layers(what: str, value: Any) -> dict[str, dict[str, Any]]:
    if isinstance(value, list) and all(isinstance(label, str) for label in value):
        if len(set(value)) < len(value):
            raise RequestError(f"{what}: a label is given twice.")
        value = dict.fromkeys(value)
    example = f"e.g. `{what}: [{_EXAMPLES[what]}]`"
    if value is None or (isinstance(value, (Mapping, list)) and not value):
        raise RequestError(f"The experiment has no {what}: name at least one, {example}.")
    if not isinstance(value, Mapping):
        raise RequestError(f"{what}: expected labels with their settings or a list of names, {example}, got {value!r}.")
    return {str(label): _layer(f"{what}, {label}", _or(own, {})) for label, own in value.items()}


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
    _check_labels(common, teachers, environments, students)


def _check_labels(common: Mapping[str, Any], teachers: Layers, environments: Layers, students: Layers) -> None:
    """Refuse a label that is a name, but stands for what all have in common."""
    from ...students.building import list_students
    from ..environments import our_environments

    known = {
        "teacher": (teachers, set(list_teachers())),
        "student": (students, set(list_students())),
        "env": (environments, {name.removeprefix("tutelage/").rpartition("-v")[0] for name in our_environments()}),
        "space": (environments, {label for label in environments if _is_toy_space(label)}),
    }
    for what, (layers, names) in known.items():
        for label, own in layers.items():
            if label in names and what not in own and common.get(what) not in (None, label):
                raise RequestError(
                    f"{_PLURALS[what]}, {label}: this is the name of another {_WORDS[what]} than the one that common "
                    f"gives to all, {common[what]}: choose another label, or take `{what}` out of common."
                )


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


def _left_out(value: Any, axes: Mapping[str, Sequence[str]]) -> list[dict[str, set[str]]]:
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


def _check_used(layers: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a setting that is for runs of a kind that the experiment has none of."""
    kinds = {kind for layer in layers for kind, name in (("toy", "space"), ("training", "env")) if name in layer}
    used = set().union(*(KINDS[kind].settings for kind in kinds))
    for name in (name for layer in layers for name in layer):
        if name not in used:
            other = "environments" if kinds == {"toy"} else "toy spaces"
            raise RequestError(f"The setting {name} is for {other}, of which the experiment has none.")
