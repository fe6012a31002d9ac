"""Locks of files, by which processes keep out of each other's way.

The system gives a lock up when the file is closed or its process ends, however it ends: a killed process keeps nobody
out, and nothing needs to be cleaned up.
"""

from __future__ import annotations

import fcntl
from typing import IO, Any


def lock_file(file: IO[Any], *, wait: bool = False) -> bool:
    """Lock an open file until it is closed.

    Args:
        file: The file, open for writing, which NFS demands.
        wait: Whether to wait while another process has it locked.

    Returns:
        False where the file system has no locks, so that nothing keeps others out.

    Raises:
        BlockingIOError: Another process has it locked; never with ``wait``.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as one, open(one.name, "r+b") as other:
        ...     assert lock_file(one)
        ...     lock_file(other)
        Traceback (most recent call last):
        BlockingIOError: ...
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True
