"""``tutelage classroom list | show | check | merge``: its flags, and what it prints where."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tyro.conf import Positional

from .errors import RequestError, unknown_name


@dataclass
class ListStudents:
    """Show what the students of a classroom have in common, and one line for each."""

    classroom: Positional[Path]
    """The folder of the classroom."""


@dataclass
class ShowStudent:
    """Show one student of a classroom: what it could do at its tests, and what its curriculum was."""

    classroom: Positional[Path]
    """The folder of the classroom."""
    student: Positional[str]
    """Its name or its number."""


@dataclass
class CheckClassroom:
    """Read everything in a classroom; exit status 1 if something is wrong, which is then named."""

    classroom: Positional[Path]
    """The folder of the classroom."""


@dataclass
class MergeClassrooms:
    """Add the students of other classrooms to one; those whose files are damaged are left behind."""

    classroom: Positional[Path]
    """The folder of the classroom they are added to; a new one is made."""
    others: Positional[list[Path]] = field(default_factory=list)
    """The folders of the others."""


COMMANDS: dict[str, type] = {
    "list": ListStudents,
    "show": ShowStudent,
    "check": CheckClassroom,
    "merge": MergeClassrooms,
}
"""The flags of each command."""

_TEXTS = {
    "list": "show all students",
    "show": "show one student",
    "check": "read everything and say what is wrong",
    "merge": "add the students of other classrooms",
}


def classroom(words: Sequence[str]) -> int:
    """Carry a command out and return the exit status.

    Args:
        words: The words after ``tutelage classroom``.

    Raises:
        RequestError: The request was wrong.
        RunError: A classroom is damaged.

    Example:
        >>> classroom(["--help"])  # doctest: +ELLIPSIS
        usage: tutelage classroom COMMAND ...
        0
    """
    if not words or words[0] in ("-h", "--help"):
        lines = [f"  {name:<6} {text}" for name, text in _TEXTS.items()]
        print("usage: tutelage classroom COMMAND CLASSROOM ...\n\ncommands:\n" + "\n".join(lines))
        print("\n`tutelage classroom COMMAND --help` explains a command.")
        return 0
    name, rest = words[0], words[1:]
    commands: dict[str, Callable[[Sequence[str]], int]] = {
        "list": _list,
        "show": _show,
        "check": _check,
        "merge": _merge,
    }
    if name not in commands:
        raise RequestError(unknown_name("command of classroom", name, commands))
    return commands[name](rest)


def _list(words: Sequence[str]) -> int:
    from .benchmarks.classroom_command import list_lines
    from .cli_parsing import parse_flags

    for line in list_lines(parse_flags(ListStudents, words, "classroom list").classroom):
        print(line)
    return 0


def _show(words: Sequence[str]) -> int:
    from .benchmarks.classroom_command import show_lines
    from .cli_parsing import parse_flags

    flags = parse_flags(ShowStudent, words, "classroom show")
    print("\n".join(show_lines(flags.classroom, flags.student)))
    return 0


def _check(words: Sequence[str]) -> int:
    from .benchmarks.classroom_command import check
    from .cli_parsing import parse_flags

    text, problems = check(parse_flags(CheckClassroom, words, "classroom check").classroom)
    print(text)
    _complain(problems)
    return 1 if problems else 0


def _merge(words: Sequence[str]) -> int:
    from .benchmarks.classroom_command import merge
    from .cli_parsing import parse_flags

    flags = parse_flags(MergeClassrooms, words, "classroom merge")
    text, problems = merge(flags.classroom, flags.others)
    print(text)
    _complain(problems)
    return 0


def _complain(problems: Sequence[str]) -> None:
    for problem in problems:
        print(f"tutelage: {problem}", file=sys.stderr)
