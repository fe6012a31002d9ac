"""Helpers for error messages: what was expected, what came, how to mend it.

The library raises ``ValueError`` and ``TypeError`` for what a user can get wrong. The command line additionally
needs to tell a wrong request (exit status 2) from a run that failed (exit status 1): `RequestError` and `RunError`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RequestError(ValueError):
    """The request was wrong: an unknown name, bounds the wrong way round, a directory that exists (exit status 2)."""


class BusyError(RequestError):
    """Another process is at work there; the same request is right when it has ended (exit status 2)."""


class RunError(RuntimeError):
    """The request was fine, the run failed: a full disk, a dead worker, a damaged file (exit status 1)."""


def unknown_name(kind: str, name: object, known: Iterable[str], hint: str = "") -> str:
    """Return the sentence for a misspelt name, with the nearest known names or the whole list.

    Args:
        kind: What the name stands for, e.g. ``"teacher"``.
        name: What the user wrote.
        known: The names that exist.
        hint: A sentence appended at the end.

    Returns:
        One line of text.

    Example:
        >>> unknown_name("teacher", "alp-gm", ["alp-gmm", "random"])
        "Unknown teacher 'alp-gm'. Did you mean 'alp-gmm'?"
        >>> unknown_name("teacher", "zzz", ["alp-gmm", "random"])
        "Unknown teacher 'zzz'. Known: 'alp-gmm', 'random'."
    """
    names = sorted(known)
    near = difflib.get_close_matches(str(name).lower(), [n.lower() for n in names], n=3, cutoff=0.6)
    original = {n.lower(): n for n in names}
    if near:
        text = f"Unknown {kind} {name!r}. Did you mean {' or '.join(repr(original[n]) for n in near)}?"
    elif names:
        text = f"Unknown {kind} {name!r}. Known: {', '.join(repr(n) for n in names)}."
    else:
        text = f"Unknown {kind} {name!r}."
    return f"{text} {hint}".strip()
