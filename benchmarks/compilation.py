"""Saying that numba compiles, which would look like a hang."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def announced_compilation(say: Callable[[str], None]) -> Iterator[None]:
    """Say so, once, when numba begins to compile a kernel; kernels found in its cache on disk are passed over.

    Args:
        say: Shows a line to the user.

    Example:
        >>> import numba
        >>> with announced_compilation(print):
        ...     numba.njit(lambda x: x + 1)(1)
        Compiling numerical kernels, once on this machine; this takes up to a minute …
        2
    """
    from numba.core import event

    class Announcer(event.Listener):  # type: ignore[misc]
        """Tells of the first compilation."""

        said = False

        def on_start(self, event: Any) -> None:
            if not Announcer.said:
                Announcer.said = True
                say("Compiling numerical kernels, once on this machine; this takes up to a minute …")

        def on_end(self, event: Any) -> None:
            """Nothing to tell."""

    with event.install_listener("numba:compile", Announcer()):
        yield
