"""Frozen test sets: fixed tasks on which students are compared.

Each set is a CSV file with named columns in ``test_sets/``. Its content is checked against a hash in this
file, so two people who name the same set have used the same tasks.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError, unknown_name
from ..spaces import TaskSpace

_FOLDER = Path(__file__).parent / "test_sets"


@dataclass(frozen=True)
class _Entry:
    env_id: str
    sha256: str
    description: str


_SETS = {
    "stump-tracks/grid-100": _Entry(
        "tutelage/StumpTracks-v0",
        "0d0b686c48a690ab9c18310ec7b37e07400e8aee4457ee2d79cf8162e0994e26",
        "10 x 10 grid over [0, 3] x [0, 6], bounds included (the test set of TeachMyAgent)",
    ),
    "stump-tracks/uniform-50": _Entry(
        "tutelage/StumpTracks-v0",
        "4dc0c3c44a1639a87214ad460a95fe1dee5085f611fc1262c859a0534f929da8",
        "50 tasks drawn uniformly, numpy.random.default_rng(4222)",
    ),
    "hexagon-tracks/uniform-100": _Entry(
        "tutelage/HexagonTracks-v0",
        "b5d676b01d490088389c711004100c2685ac94cccec8046d264dba4f5859a31b",
        "100 tasks drawn uniformly, numpy.random.default_rng(4222)",
    ),
}

_DEFAULTS = {
    "tutelage/StumpTracks-v0": "stump-tracks/grid-100",
    "tutelage/HexagonTracks-v0": "hexagon-tracks/uniform-100",
}

_SPACES = {
    "tutelage/StumpTracks-v0": TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0)),
    "tutelage/HexagonTracks-v0": TaskSpace({f"corner_{i}_{axis}": (0.0, 4.0) for i in range(6) for axis in "xy"}),
}


@dataclass(frozen=True)
class TestSet:
    """A fixed set of tasks.

    Attributes:
        name: Its name, e.g. ``"stump-tracks/grid-100"``.
        env_id: The environment the tasks are for.
        tasks: Shape ``(n, d)``, float64, read-only.
        space: The default task space of the environment; every task lies in it.
        sha256: The hash of the CSV file, for reports.
        description: Where the tasks come from.

    Example:
        >>> test_set = load_test_set("stump-tracks/grid-100")
        >>> test_set.env_id, len(test_set), test_set.tasks[-1].tolist()
        ('tutelage/StumpTracks-v0', 100, [3.0, 6.0])
    """

    __test__ = False  # not a test of pytest

    name: str
    env_id: str
    tasks: NDArray[np.float64]
    space: TaskSpace
    sha256: str
    description: str

    def __len__(self) -> int:
        return len(self.tasks)


def list_test_sets(env_id: str | None = None) -> list[str]:
    """Return the names of the frozen test sets, of one environment or of all.

    Args:
        env_id: E.g. ``"tutelage/StumpTracks-v0"``.

    Example:
        >>> list_test_sets("tutelage/HexagonTracks-v0")
        ['hexagon-tracks/uniform-100']
    """
    wanted = None if env_id is None else _bare(env_id)
    return sorted(name for name, entry in _SETS.items() if wanted in (None, entry.env_id))


def load_test_set(name: str) -> TestSet:
    """Read a frozen test set and check that it is undamaged.

    Args:
        name: One of `list_test_sets`.

    Raises:
        ValueError: An unknown name.
        RunError: A missing file, or one whose content is not what it was.

    Example:
        >>> load_test_set("stump-tracks/grid100")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        ValueError: Unknown test set 'stump-tracks/grid100'. Did you mean 'stump-tracks/grid-100'...
    """
    if name not in _SETS:
        raise ValueError(unknown_name("test set", name, _SETS))
    entry = _SETS[name]
    path = _FOLDER / f"{name.replace('/', '_')}.csv"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RunError(f"The test set {name!r} cannot be read: {error}. Reinstall tutelage.") from error
    found = hashlib.sha256(content).hexdigest()
    if found != entry.sha256:
        raise RunError(
            f"The test set file {path} is damaged or was edited: expected SHA-256 {entry.sha256}, "
            f"found {found}. Reinstall tutelage."
        )
    tasks = np.loadtxt(io.BytesIO(content), delimiter=",", skiprows=1, ndmin=2)
    tasks.flags.writeable = False
    return TestSet(name, entry.env_id, tasks, _SPACES[entry.env_id], entry.sha256, entry.description)


def default_test_set(env_id: str) -> TestSet:
    """Load the test set on which students of an environment are compared unless another is named.

    Args:
        env_id: E.g. ``"tutelage/StumpTracks-v0"``, with or without ``"tutelage.envs:"`` in front.

    Raises:
        ValueError: An environment without test sets.
        RunError: A missing or damaged file.

    Example:
        >>> default_test_set("tutelage/StumpTracks-v0").name
        'stump-tracks/grid-100'
    """
    env_id = _bare(env_id)
    if env_id not in _DEFAULTS:
        raise ValueError(unknown_name("environment with a frozen test set", env_id, _DEFAULTS))
    return load_test_set(_DEFAULTS[env_id])


def _bare(env_id: str) -> str:
    return env_id.rsplit(":", maxsplit=1)[-1]
