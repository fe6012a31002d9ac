"""The configuration of a lab: which teachers teach which toy spaces, how often and for how long."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ...errors import RequestError, unknown_name
from ...registry import list_teachers, teacher_class
from ...task_flags import parse_arguments, plain_numbers
from ...teachers.expert_knowledge import LEVELS
from ..enrolment import waits_for_pretest
from ..pretest_settings import checked_classroom
from .spaces import lab_space

_OURS = {"seed": "the seeds; `seeds` says how many", "task_space": "the task space; `spaces` says which"}


@dataclass
class LabConfig:
    """Everything that decides the numbers of a lab.

    Attributes:
        teachers: Registered names or places of classes; ``NAME@LABEL`` is the same teacher with hyperparameters of its
            own, ``"all"`` every registered one that can teach a toy space.
        spaces: Names of toy spaces (`tutelage.envs.toy_form`) and of students with arms (`tutelage.envs.arm_form`).
        seeds: How many seeds, 0, 1, … or from ``first_seed`` on; a seed decides the teacher and the student.
        episodes: Episodes of each run; None is the budget of the space.
        batch: Tasks handed out before their outcomes come back, all at once; 1 is one outcome at a time.
        evaluations: How often the score is taken, evenly spread over the episodes.
        teacher_args: Hyperparameters by teacher, ``{"alp-gmm": {"fit_rate": 100}}``. A hyperparameter ``expert`` that
            is one of the three levels below takes precedence over that of the lab. What the lab sets (``seed``) is
            refused, and so is ``expert`` for a teacher that takes none. ``restart: true`` of a teacher that waits for a
            pre-test lets its student begin anew after it.
        expert: Which expert knowledge the teachers that take some are given: ``"no"``, ``"low"`` (which returns are
            good and bad) or ``"high"`` (also where to begin and where to go).
        animate: Two-dimensional spaces of which the first seed is filmed; ``"all"`` is every one of them.
        first_seed: The first of the seeds.
        classroom: The classroom that every student is added to at the end of its run; for one toy space only.
        pretests: After how many episodes students are tested for it, ascending; by default as the others there were,
            or after 5 % and 10 % of the run.

    Raises:
        RequestError: An unknown name, a value of another type or out of range.

    Example:
        >>> LabConfig(["alp-gmm", "random"], ["2d-10"], teacher_args={"alp-gmm": {"fit_rate": 100}}).batch
        1
        >>> LabConfig(["alp-gm"], ["2d-10"])
        Traceback (most recent call last):
        ...
        tutelage.errors.RequestError: Unknown teacher 'alp-gm'. Did you mean 'alp-gmm'?
    """

    teachers: list[str]
    spaces: list[str]
    seeds: int = 20
    episodes: int | None = None
    batch: int = 1
    evaluations: int = 100
    teacher_args: dict[str, dict[str, Any]] = field(default_factory=dict)
    expert: str = "low"
    animate: list[str] = field(default_factory=lambda: ["all"])
    first_seed: int = 0
    classroom: str | None = None
    pretests: list[int] = field(default_factory=list)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> LabConfig:
        """Build a configuration from the contents of a YAML file.

        Raises:
            RequestError: An unknown or missing name, or a wrong value.
        """
        known = [f.name for f in fields(cls)]
        for name in values:
            if name not in known and name not in ("versions", "left_out"):
                raise RequestError(unknown_name("setting", name, known))
        for name, example in (("teachers", "[alp-gmm, random]"), ("spaces", "[2d-10]")):
            if not values.get(name):
                raise RequestError(f"The lab has no {name}, e.g. `{name}: {example}`.")
        return cls(**{name: value for name, value in values.items() if name in known})

    def __post_init__(self) -> None:
        """Check what needs no teacher to be built."""
        self.teachers, self.spaces = _names("teachers", self.teachers), _names("spaces", self.spaces)
        if "all" in self.teachers:
            others = [name for name in self.teachers if name != "all"]
            self.teachers = [*others, *(name for name in list_teachers() if name not in others)]
        for name in self.teachers:
            if name.endswith("@"):
                raise RequestError(f"teachers: {name!r} has no label after the @; expected e.g. '{name}often'.")
            teacher_class(registered_name(name))
        for name in self.spaces:
            lab_space(name)
        self.seeds = _whole("seeds", self.seeds)
        self.batch = _whole("batch", self.batch)
        self.evaluations = _whole("evaluations", self.evaluations)
        if self.episodes is not None:
            self.episodes = _whole("episodes", self.episodes)
        self.first_seed = _whole("first_seed", self.first_seed, 0)
        self.classroom, self.pretests = checked_classroom(self.classroom, self.pretests)
        self.expert = _level(self.expert)
        if self.expert not in LEVELS:
            raise RequestError(unknown_name("expert", self.expert, LEVELS))
        self.animate = [] if not self.animate else _names("animate", self.animate)
        for name in self.animate:
            if name not in ("all", *self.spaces):
                raise RequestError(unknown_name("space to animate", name, ["all", *self.spaces]))
        if not isinstance(self.teacher_args, Mapping):
            raise RequestError(f"teacher_args: expected hyperparameters by teacher, got {self.teacher_args!r}.")
        for name in self.teacher_args:
            if name not in self.teachers:
                raise RequestError(unknown_name("teacher in teacher_args", name, self.teachers))
        self.teacher_args = {
            name: parse_arguments(values, f"teacher_args of {name}") for name, values in self.teacher_args.items()
        }
        self._check_teacher_args()

    def _check_teacher_args(self) -> None:
        without = []
        for name, args in self.teacher_args.items():
            for ours, what in _OURS.items():
                if ours in args:
                    raise RequestError(f"teacher_args of {name}: leave {ours!r} out, for the lab sets {what}.")
            if "expert" in args:
                args["expert"] = _level(args["expert"])
                if isinstance(args["expert"], str) and args["expert"] not in LEVELS:
                    raise RequestError(f"teacher_args of {name}: {unknown_name('expert', args['expert'], LEVELS)}")
                if not takes_expert(name):
                    without.append(name)
            if waits_for_pretest(registered_name(name)) and not isinstance(args.get("restart", False), bool):
                raise RequestError(f"teacher_args of {name}: restart must be true or false, got {args['restart']!r}.")
        if without:
            names = ", ".join(without)
            raise RequestError(f"teacher_args: leave 'expert' out for {names}: no expert knowledge is taken there.")

    def episodes_of(self, space: str) -> int:
        """Return how many episodes a run on a space has."""
        return lab_space(space).episodes if self.episodes is None else self.episodes

    def expert_of(self, teacher: str) -> str:
        """Return the level of expert knowledge that a teacher is given."""
        own = self.teacher_args.get(teacher, {}).get("expert")
        return own if isinstance(own, str) and own in LEVELS else self.expert

    def args_of(self, teacher: str) -> dict[str, Any]:
        """Return the hyperparameters of a teacher, without a level of expert knowledge and ``restart``."""
        args = dict(self.teacher_args.get(teacher, {}))
        if isinstance(args.get("expert"), str) and args["expert"] in LEVELS:
            del args["expert"]
        if waits_for_pretest(registered_name(teacher)):
            args.pop("restart", None)
        return args

    def restarts(self, teacher: str) -> bool:
        """Tell whether the students of a teacher begin anew after its pre-test."""
        given = self.teacher_args.get(teacher, {}).get("restart", False)
        return bool(given) and waits_for_pretest(registered_name(teacher))

    @property
    def all_seeds(self) -> range:
        """The seeds."""
        return range(self.first_seed, self.first_seed + self.seeds)

    def is_filmed(self, space: str, seed: int) -> bool:
        """Tell whether a run is recorded for an animation."""
        wanted = "all" in self.animate or space in self.animate
        return seed == self.first_seed and wanted and lab_space(space).n_relevant == 2

    def to_plain(self) -> dict[str, Any]:
        """Return plain data; `from_mapping` reads it back. What labs did not have once is left out where unused."""
        unused: dict[str, Any] = {"first_seed": 0, "classroom": None, "pretests": []}
        return {name: value for name, value in asdict(self).items() if name not in unused or value != unused[name]}


def registered_name(label: str) -> str:
    """Return the teacher's name of a label.

    Example:
        >>> registered_name("alp-gmm@often")
        'alp-gmm'
    """
    return label.partition("@")[0]


def takes_expert(label: str) -> bool:
    """Tell whether a teacher takes expert knowledge.

    Example:
        >>> takes_expert("alp-gmm@often"), takes_expert("random")
        (True, False)
    """
    return "expert" in inspect.signature(teacher_class(registered_name(label))).parameters


def parse_teacher_args(flags: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read hyperparameters such as ``alp-gmm.fit_rate=100``.

    Raises:
        RequestError: A flag of another form, or one given twice.

    Example:
        >>> parse_teacher_args(["alp-gmm.fit_rate=100", "alp-gmm.ks=[2,3]"])
        {'alp-gmm': {'fit_rate': 100, 'ks': [2, 3]}}
    """
    grouped: dict[str, list[str]] = {}
    for flag in flags:
        key, equals, value = flag.partition("=")
        teacher, dot, name = key.rpartition(".")
        if not (equals and dot and teacher):
            raise RequestError(f"--teacher-arg {flag!r}: expected TEACHER.NAME=VALUE, e.g. alp-gmm.fit_rate=100.")
        grouped.setdefault(teacher, []).append(f"{name}={value}")
    return {teacher: parse_arguments(words, f"--teacher-arg of {teacher}") for teacher, words in grouped.items()}


def _names(what: str, values: Any) -> list[str]:
    values = [values] if isinstance(values, str) else values
    if not isinstance(values, (list, tuple)) or not values or not all(isinstance(v, str) and v for v in values):
        raise RequestError(f"{what} must be a list of names, got {values!r}.")
    twice = [name for i, name in enumerate(values) if name in values[:i]]
    if twice:
        raise RequestError(f"{what}: {twice[0]!r} is given twice.")
    return list(values)


def _level(value: Any) -> Any:
    return "no" if value is False else value  # YAML reads a bare no as false


def _whole(name: str, value: Any, least: int = 1) -> int:
    number = plain_numbers(value)
    fits = isinstance(number, (int, float)) and not isinstance(number, bool) and least <= number < 2**53
    if not (fits and number == int(number)):
        raise RequestError(f"{name} must be a whole number of at least {least}, got {value!r}.")
    return int(number)
