"""The registry of teachers: names to classes, loaded when they are asked for.

Each family of teachers registers its names in its ``__init__`` with the place of the class, so that listing the
teachers imports no algorithm. Registering a class of your own makes it available to `make_teacher`; one
that is importable needs no registration: its place, ``"my_module:MyTeacher"``, is a name too, on the command line as
well (``tutelage train … --teacher my_module:MyTeacher``). An installed package offers its teachers by name through an
entry point, see `tutelage.plugins`.

A registered name with a colon and a word behind it is a preset: that teacher with the hyperparameters of a paper, e.g.
``"bandit:sec"``. What is given besides overrides the preset's.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import RequestError, unknown_name
from .plugins import TEACHERS, plugins

if TYPE_CHECKING:
    from .spaces import TaskSpace
    from .teachers.teacher import Teacher

_TEACHERS: dict[str, str | type[Teacher]] = {}
_PRESET_TABLES: list[str] = []


class Preset(NamedTuple):
    """A teacher with the hyperparameters of a paper."""

    hyperparameters: Mapping[str, Any]
    """What the teacher gets where nothing else is given."""
    summary: str
    """One line: the paper and what it does."""


def register_teacher(name: str, teacher: str | type[Teacher], *, replace: bool = False) -> None:
    """Register a teacher under a kebab-case name.

    Args:
        name: E.g. ``"alp-gmm"``.
        teacher: The class, or where it is: ``"package.module:ClassName"``.
        replace: Allow a name that is taken.

    Raises:
        ValueError: A name that is not kebab-case or is taken, or a place that is not of that form.
        TypeError: Neither a string nor a subclass of `Teacher`.

    Example:
        >>> import tutelage
        >>> class Lowest(tutelage.Teacher):
        ...     def _sample(self, n):
        ...         return self.task_space.low + 0 * self.task_space.sample(n, self.rng)
        ...     def _update(self, outcomes):
        ...         pass
        >>> register_teacher("lowest", Lowest, replace=True)
        >>> tutelage.make_teacher("lowest", tutelage.TaskSpace(x=(2.0, 5.0))).sample().values
        array([[2.]])
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise ValueError(f"A teacher's name is kebab-case, e.g. 'alp-gmm'; got {name!r}.")
    if isinstance(teacher, str):
        if not re.fullmatch(r"[\w.]+:\w+", teacher):
            raise ValueError(f"Expected the place of a class as 'package.module:ClassName', got {teacher!r}.")
    else:
        from .teachers.teacher import Teacher

        if not (inspect.isclass(teacher) and issubclass(teacher, Teacher)):
            raise TypeError(f"Expected a subclass of tutelage.Teacher, got {teacher!r}.")
    _load_families()  # so that a name of ours is known to be taken
    if not replace and name in _TEACHERS and _place(_TEACHERS[name]) != _place(teacher):
        raise ValueError(f"The name {name!r} is taken by {_TEACHERS[name]!r}; pass replace=True to take it over.")
    _TEACHERS[name] = teacher


def register_presets(table: str) -> None:
    """Register a table of presets, which is loaded when one of them is asked for.

    Args:
        table: Where it is, ``"package.module:TABLE"``: a mapping from ``"teacher:preset"`` to a `Preset`.
    """
    if table not in _PRESET_TABLES:
        _PRESET_TABLES.append(table)


def presets() -> dict[str, Preset]:
    """Return all presets by name, sorted.

    Example:
        >>> dict(presets()["bandit:dump"].hyperparameters)["estimator"]
        'window(300)'
    """
    _load_families()
    found: dict[str, Preset] = {}
    for table in _PRESET_TABLES:
        module, _, attribute = table.partition(":")
        found.update(getattr(import_module(module), attribute))
    return dict(sorted(found.items()))


def _preset(name: str) -> Preset | None:
    """Return the preset of a name, None where the name is none of a preset.

    Raises:
        RequestError: A registered teacher that has presets, but none of this name.
    """
    teacher, colon, word = name.partition(":")
    if not colon or name in _TEACHERS or teacher not in _TEACHERS:
        return None
    known = {each.partition(":")[2]: preset for each, preset in presets().items() if each.startswith(f"{teacher}:")}
    if not known:
        return None  # a module of the user that is called like a teacher
    if word not in known:
        raise RequestError(unknown_name(f"preset of {teacher}", word, known))
    return known[word]


def list_teachers() -> list[str]:
    """Return the names of all teachers, sorted: the registered ones and those that installed packages offer.

    Example:
        >>> "alp-gmm" in list_teachers()
        True
    """
    _load_families()
    return sorted({*_TEACHERS, *plugins(TEACHERS)})


def _load_families() -> None:
    """Import the families, which register their teachers (no algorithm is loaded)."""
    import_module(".teachers", __package__)


def teacher_class(name: str) -> type[Teacher]:
    """Return the class registered under a name.

    Args:
        name: A registered name, a preset such as ``"bandit:sec"``, or the place of a class, ``"my_module:MyTeacher"``.

    Raises:
        RequestError: An unknown name (a ``ValueError``), with the nearest known ones, or a place without a teacher.
    """
    known = list_teachers()
    if name not in known and ":" not in name:
        raise RequestError(unknown_name("teacher", name, known))
    registered = name if _preset(name) is None else name.partition(":")[0]
    place = _TEACHERS.get(registered) or plugins(TEACHERS).get(registered, registered)
    return _load(place) if isinstance(place, str) else place


def _load(place: str) -> type[Teacher]:
    from .teachers.teacher import Teacher

    module, _, attribute = place.partition(":")
    try:
        cls = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise RequestError(f"There is no teacher at {place!r}: {error}") from error
    if not (inspect.isclass(cls) and issubclass(cls, Teacher)):
        raise RequestError(f"{place!r} is no subclass of tutelage.Teacher.")
    return cls


def _place(teacher: str | type[Teacher]) -> str:
    """Where a class is, so that a notebook cell that defines and registers one can be run again."""
    return teacher if isinstance(teacher, str) else f"{teacher.__module__}:{teacher.__qualname__}"


def make_teacher(name: str, task_space: TaskSpace, *, seed: int | None = None, **hyperparameters: Any) -> Teacher:
    """Build a registered teacher.

    Args:
        name: One of `list_teachers`, one of `presets`, or the place of a class, ``"my_module:MyTeacher"``.
        task_space: The tasks it chooses from; a Gymnasium space is converted (`TaskSpace.from_gym`).
        seed: Seed of its own random generator; None draws one from the operating system. 0 is a seed.
        **hyperparameters: Passed to the class, before those of a preset.

    Returns:
        The teacher.

    Raises:
        RequestError: An unknown name or hyperparameter, or a value the teacher refuses (a ``ValueError``).

    Example:
        >>> import tutelage
        >>> space = tutelage.TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))
        >>> teacher = make_teacher("alp-gmm", space, seed=0, fit_rate=100)
        >>> teacher.sample(4).values.shape
        (4, 2)
    """
    from .spaces import TaskSpace

    cls = teacher_class(name)
    preset = _preset(name)
    if preset is not None:
        hyperparameters = {**preset.hyperparameters, **hyperparameters}
    accepted = inspect.signature(cls).parameters
    if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in accepted.values()):
        for key in hyperparameters:
            if key not in accepted or key == "task_space":
                options = [k for k in accepted if k not in ("task_space", "seed")]
                raise RequestError(unknown_name(f"hyperparameter of {name}", key, options))
    space = task_space if isinstance(task_space, TaskSpace) else TaskSpace.from_gym(task_space)
    return cls(space, seed=seed, **hyperparameters)
