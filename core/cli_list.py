"""``tutelage list``: teachers, environments, students, test sets, toy spaces and ready-made benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from .errors import RequestError, unknown_name

_MOST_ALIKE = 4
"""Of more dimensions that differ by a number in their name only, the first and the last are named."""


def list_everything(words: Sequence[str]) -> int:
    """Carry the command out and return the exit status.

    Args:
        words: The words after ``tutelage list``.

    Raises:
        RequestError: The request was wrong.

    Example:
        >>> list_everything(["students"])  # doctest: +ELLIPSIS
        a2c
        ...
        0
    """
    from . import cli_flags
    from .cli_parsing import parse_flags

    flags = parse_flags(cli_flags.List, words, "list")
    sections: dict[str, Callable[[bool], list[str]]] = {
        "teachers": _teachers,
        "envs": _environments,
        "students": _students,
        "test-sets": _test_sets,
        "toy-spaces": _toy_spaces,
        "benchmarks": _benchmarks,
    }
    if flags.kind == "all":
        print(
            "\n\n".join(
                f"{kind}\n" + "\n".join(f"  {line}" for line in f(flags.verbose)) for kind, f in sections.items()
            )
        )
        return 0
    if flags.kind not in sections:
        raise RequestError(unknown_name("list", flags.kind, [*sections, "all"]))
    print("\n".join(sections[flags.kind](flags.verbose)))
    return 0


def _teachers(verbose: bool) -> list[str]:
    import inspect

    from .registry import list_teachers, presets, teacher_class

    lines = []
    papers = presets()
    for name in list_teachers():
        try:
            cls = teacher_class(name)
        except RequestError as error:  # of another package
            lines.append(f"{name:<16} cannot be used: {error}")
            continue
        lines.append(f"{name:<16} {(inspect.getdoc(cls) or '').splitlines()[0]}" if cls.__doc__ else name)
        if verbose:
            parameters = inspect.signature(cls).parameters.values()
            lines += [
                f"    {p.name} = {p.default!r}" for p in parameters if p.default is not p.empty and p.name != "seed"
            ]
        for preset, (hyperparameters, summary) in papers.items():
            if preset.startswith(f"{name}:"):
                lines.append(f"  {preset:<26} {summary}")
                lines += [f"      {key} = {value!r}" for key, value in hyperparameters.items()] if verbose else []
    return lines


def _environments(verbose: bool) -> list[str]:
    import gymnasium as gym

    from .benchmarks.environments import our_environments
    from .plugins import ENVIRONMENTS, plugins

    lines = []
    for env_id in our_environments():
        env = gym.make(env_id)
        space = env.get_wrapper_attr("task_space")
        env.close()
        lines.append(env_id)
        alike = groupby(space, lambda dim: (dim.name.rstrip("0123456789"), dim.kind, dim.to_spec()))
        for (_, kind, spec), group in alike:
            dims = list(group)  # wall_0, wall_1, … are one line
            few = len(dims) <= _MOST_ALIKE
            names = [dim.name for dim in dims] if few else [f"{dims[0].name} … {dims[-1].name}"]
            lines += [f"    {name:<18} {kind:<12} {spec}" for name in names]
    return lines + [f"{name}, at {place}" for name, place in sorted(plugins(ENVIRONMENTS).items())]


def _benchmarks(verbose: bool) -> list[str]:
    from textwrap import shorten

    from .benchmarks.experiments.files import ready_made

    return [
        f"{name:<16} {about if verbose else shorten(about, 100, placeholder=' …')}"
        for name, about in ready_made().items()
    ]


def _students(verbose: bool) -> list[str]:
    from .students.building import list_students
    from .students.presets import list_presets

    return [f"{s:<16} presets: {', '.join(list_presets(s))}" if verbose else s for s in list_students()]


def _test_sets(verbose: bool) -> list[str]:
    from .envs import list_test_sets, load_test_set

    lines = []
    for name in list_test_sets():
        test_set = load_test_set(name)
        n = len(test_set)
        lines.append(f"{name:<32} {n:>6,} task{'s' if n > 1 else ' '} of {test_set.env_id}")
        if verbose:
            lines.append(f"    {test_set.description}; sha256 {test_set.sha256}")
    return lines


def _toy_spaces(verbose: bool) -> list[str]:
    from .envs import ARM_FORMS, TOY_FORMS

    lines = []
    forms: list[Any] = [*TOY_FORMS.values(), *ARM_FORMS.values()]
    for form in forms:
        lines.append(f"{form.name:<16} {form.text}")
        if verbose:
            lines.append(f"    {form.episodes:,} episodes; {form.config.to_plain()}")
    return lines
