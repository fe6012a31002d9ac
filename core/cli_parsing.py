"""Reading the words of a command and the YAML file of ``--config``; every complaint is one sentence."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from .errors import RequestError

Flags = TypeVar("Flags")


def parse_flags(kind: type[Flags], words: Sequence[str], command: str, default: Flags | None = None) -> Flags:
    """Read the flags of a command.

    Args:
        kind: The dataclass of its flags.
        words: The words after the command.
        command: Its name.
        default: What flags that are not given have.

    Raises:
        RequestError: An unknown flag or a wrong value.
        SystemExit: After ``--help``.

    Example:
        >>> from tutelage.cli_flags import List
        >>> parse_flags(List, ["teachers"], "list").kind
        'teachers'
        >>> parse_flags(List, ["teachers", "--verbos"], "list")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        tutelage.errors.RequestError: Unrecognized options: --verbos. Did you mean --verbose? ...
    """
    import tyro

    options: dict[str, Any] = {} if default is None else {"default": default}
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            flags: Flags = tyro.cli(kind, prog=f"tutelage {command}", args=list(words), **options)
            return flags
    except SystemExit as stop:
        if not stop.code:
            raise
        raise RequestError(_in_one_line(complaint.getvalue(), command)) from stop


def _in_one_line(box: str, command: str) -> str:
    """Say what tyro says in a box: what is wrong, and which flag may have been meant."""
    sections: list[list[str]] = [[]]
    for line in box.splitlines()[1:]:  # the first is a title
        text = line.strip("│ ")
        if len(text) > 5 and set(text) <= set("─-╰╯"):
            sections.append([])
        elif text:
            sections[-1].append(text)
    first, *others = [section for section in sections if section] or [["The flags cannot be read"]]
    wrong = " ".join(" ".join(first).split()).replace("PATH The run directory. (required)", "the run directory")
    wrong = re.sub(r"\b(?:PATH|STR) (\w)([^.]*)\. \(required\)", lambda m: m[1].lower() + m[2], wrong)
    wrong = re.sub(r"\.? Got errors: .*", "", wrong).rstrip(".")
    near = [
        line.split()[0].rstrip(",")
        for section in others
        for line in section[1:]
        if section[0] == "Perhaps you meant:" and line.startswith("--")
    ]
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"{wrong}.{meant} `tutelage {command} --help` explains the flags."


def take_config(words: Sequence[str]) -> tuple[list[str], Path | None]:
    """Split ``--config FILE`` off the words of a command.

    Raises:
        RequestError: ``--config`` without a file, or twice.

    Example:
        >>> take_config(["StumpTracks", "--config", "a.yaml"])[0]
        ['StumpTracks']
    """
    rest: list[str] = []
    files: list[str] = []
    remaining = iter(words)
    for word in remaining:
        if word == "--config":
            files.append(next(remaining, ""))
        elif word.startswith("--config="):
            files.append(word.partition("=")[2])
        else:
            rest.append(word)
    if len(files) > 1 or "" in files:
        raise RequestError("--config expects one YAML file.")
    return rest, Path(files[0]) if files else None


def read_config(file: Path) -> dict[str, Any]:
    """Read a YAML file of settings; dashes in their names count as underscores.

    Raises:
        RequestError: It cannot be read or is something else.
    """
    import yaml

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"Cannot read {file}: {getattr(error, 'strerror', None) or error}.") from error
    except (yaml.YAMLError, ValueError) as error:
        raise RequestError(f"{file} is not YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(content, Mapping):
        raise RequestError(f"{file}: expected names and values, e.g. `teacher: alp-gmm`.")
    settings = {str(name).replace("-", "_"): value for name, value in content.items()}
    if len(settings) < len(content):
        raise RequestError(f"{file}: a setting is given twice.")
    return settings
