"""What the files of comparisons of Meta-ACL have in common: a title, a classroom, new students, conditions."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import RequestError, unknown_name
from ...registry import make_teacher
from ...spaces import TaskSpace
from ..enrolment import waits_for_pretest
from ..lab.page import slug_of

_OF_CLASSROOM = ("teacher", "students", "first_seed", "pretests")
_OF_LAB = ("restart", "expert")
"""What a lab takes among the hyperparameters of a teacher."""


@dataclass(frozen=True)
class MetaSettings:
    """What to compare, whatever the students are.

    Attributes:
        title: Of its section of the page.
        common: Settings of all runs.
        teacher: Of the students of the classroom.
        teacher_args: Its hyperparameters.
        former_seeds: The seeds of those students.
        pretests: After how much training they are tested; empty where nothing is said.
        seeds: Those of the new students.
        conditions: Teacher and its hyperparameters, by label.

    Example:
        >>> plain = {"title": "Small", "classroom": {"students": 3, "first_seed": 1000}, "students": 2,
        ...          "conditions": {"AGAIN-R": {"teacher": "again", "k": 2}, "Random": {"teacher": "random"}}}
        >>> settings = MetaSettings.from_mapping(plain, own=(), common=())
        >>> settings.former_seeds, settings.conditions["AGAIN-R"], settings.slug
        (range(1000, 1003), ('again', {'k': 2}), 'small')
    """

    title: str
    common: dict[str, Any]
    teacher: str
    teacher_args: dict[str, Any]
    former_seeds: range
    pretests: Any
    seeds: range
    conditions: dict[str, tuple[str, dict[str, Any]]]

    @classmethod
    def from_mapping(cls, plain: Any, *, own: Sequence[str], common: Sequence[str]) -> MetaSettings:
        """Read the contents of a file.

        Args:
            plain: What is in it.
            own: Names that only this kind of comparison has.
            common: The settings that ``common`` may have.

        Raises:
            RequestError: An unknown or missing name, or a wrong value.
        """
        names = ("title", "common", "classroom", "students", "first_seed", "conditions", *own)
        plain = mapping("A comparison", plain, names)
        for name in ("title", "classroom", "students", "conditions", *own):
            if not plain.get(name):
                raise RequestError(f"The comparison has no {name!r}.")
        former = mapping("classroom", plain["classroom"])
        args = {name: value for name, value in former.items() if name not in _OF_CLASSROOM}
        conditions = {}
        for label, settings in mapping("conditions", plain["conditions"]).items():
            rest = dict(mapping(f"The condition {label}", settings))
            if "teacher" not in rest:
                raise RequestError(f"The condition {label} has no 'teacher'.")
            teacher = str(rest.pop("teacher"))
            if "classroom" in rest and waits_for_pretest(teacher):
                raise RequestError(f"The condition {label} is given the classroom of the comparison: leave it out.")
            if waits_for_pretest(teacher):
                _check_hyperparameters(str(label), teacher, rest)
            conditions[str(label)] = (teacher, rest)
        if len(conditions) < 2:
            raise RequestError("conditions: expected at least two.")
        for label in conditions:
            other = label.replace(" ", "_")
            if other != label and other in conditions:
                raise RequestError(f"The conditions {label!r} and {other!r} would have the same folders.")
        first, n_former = _whole("first_seed", former.get("first_seed", 1_000), 0), former.get("students", 128)
        former_seeds = range(first, first + _whole("classroom: students", n_former, 1))
        begin = _whole("first_seed", plain.get("first_seed", 0), 0)
        seeds = range(begin, begin + _whole("students", plain["students"], 1))
        both = set(former_seeds) & set(seeds)
        if both:
            raise RequestError(
                f"The students of the classroom and the new ones share the seed {min(both)}: they would be the same; "
                "give another first_seed."
            )
        shared = dict(mapping("common", plain.get("common") or {}, common))
        teacher, pretests = str(former.get("teacher", "alp-gmm")), former.get("pretests", [])
        return cls(str(plain["title"]), shared, teacher, args, former_seeds, pretests, seeds, conditions)

    @property
    def slug(self) -> str:
        """The title as a part of a file's name."""
        return slug_of(self.title)

    def args_of(self, label: str, room: str) -> dict[str, Any]:
        """Return the hyperparameters of a condition's teacher, with the classroom where it waits for a pre-test."""
        teacher, args = self.conditions[label]
        return {**args, "classroom": room} if waits_for_pretest(teacher) else dict(args)

    def lines(self) -> list[str]:
        """Return a line of Markdown for the classroom, and one for each condition."""
        all_of_them = {"Classroom": (self.teacher, self.teacher_args), **self.conditions}
        return [
            f"- {label}: `{teacher}`" + "".join(f", `{name}={value}`" for name, value in args.items())
            for label, (teacher, args) in all_of_them.items()
        ]


def mapping(what: str, value: Any, known: Sequence[str] | None = None) -> Mapping[str, Any]:
    """Return a value that is names and values.

    Args:
        what: What it is, for the message.
        value: The value.
        known: The names it may have; any by default.

    Raises:
        RequestError: It is something else, or has another name.

    Example:
        >>> mapping("common", {"batch": 10}, ["batch"])
        {'batch': 10}
    """
    if not isinstance(value, Mapping):
        raise RequestError(f"{what}: expected names and values, got {value!r}.")
    for name in value:
        if known is not None and name not in known:
            raise RequestError(unknown_name("setting", str(name), known))
    return value


def _check_hyperparameters(label: str, teacher: str, settings: Mapping[str, Any]) -> None:
    """Build the teacher of a condition without its classroom, which is taught first, and for hours."""
    arguments = {name: value for name, value in settings.items() if name not in _OF_LAB}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            make_teacher(teacher, TaskSpace(x=(0.0, 1.0)), seed=0, **arguments)
    except (RequestError, TypeError, ValueError) as error:
        raise RequestError(f"The condition {label}: {error}") from error


def _whole(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise RequestError(f"{name} must be a whole number of at least {least}, got {value!r}.")
    return value
