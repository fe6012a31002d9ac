"""Locks of files: one holder at a time, given up with the process, and file systems that have none."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading

import pytest
from tutelage.file_lock import lock_file

HOLDER = """
import sys
from tutelage.file_lock import lock_file
file = open(sys.argv[1], "r+b")
assert lock_file(file)
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / "file").write_bytes(b"kept")
    return tmp_path / "file"


def test_a_killed_process_keeps_nobody_out(path):
    with (
        subprocess.Popen([sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder,
        open(path, "r+b") as file,
    ):
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(BlockingIOError):
            lock_file(file)
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        assert lock_file(file)
        assert file.read() == b"kept"


def test_one_that_waits_gets_it_when_the_file_is_closed(path):
    order = []

    def wait():
        with open(path, "r+b") as file:
            lock_file(file, wait=True)
            order.append("second")

    with open(path, "r+b") as file:
        lock_file(file)
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_file_system_without_locks_keeps_nobody_out(path, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with open(path, "r+b") as file:
        assert not lock_file(file)
