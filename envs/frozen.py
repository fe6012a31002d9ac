"""Frozen test sets: fixed tasks on which students are compared.

Each set is a file in ``test_sets/``: a CSV file with named columns, the drawing of a maze, or an npz file of many
mazes. Its content is checked against a hash in this file, so two people who name the same set have used the same tasks.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError, unknown_name
from ..spaces import TaskSpace
from .maze_files import read_drawing, unpack_levels
from .maze_space import MazeSpace

_FOLDER = Path(__file__).parent / "test_sets"


@dataclass(frozen=True)
class _Entry:
    env_id: str
    sha256: str
    description: str
    suffix: str = ".csv"
    max_steps: int | None = None


def _drawn(sha256: str, description: str) -> _Entry:
    return _Entry(_MAZE, sha256, description, ".txt", 250)


def _many(sha256: str, description: str, max_steps: int) -> _Entry:
    return _Entry(_MAZE, sha256, description, ".npz", max_steps)


_MAZE = "tutelage/Maze-v0"

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
    "walker-climber/grid-225": _Entry(
        "tutelage/WalkerClimber-v0",
        "1ee9493b082761eeaf108bb7205dad44456535d282909658911bab83f9eb47c8",
        "15 x 15 grid over [2.5, 7.5] x [0, 6], bounds included (as many tasks as in Portelas et al., 2020)",
    ),
    "maze-parameters/grid-48": _Entry(
        "tutelage/MazeParameters-v0",
        "929fdf6ed941e5127a9511c39941d2a8f74950d58c317be2f4ac5fa2dfd78a03",
        "every layout with densities of 0, 0.2 and 0.4, widths of 1 and 2, goals half and all the way off",
    ),
    "maze/sixteen-rooms": _drawn(
        "186d8bb7730665b4a313a85873e7698f2439fd8b7265c1ed7583fc256bfc2095", "4 x 4 rooms with many doors"
    ),
    "maze/sixteen-rooms-fewer-doors": _drawn(
        "f4f9747380bd07d182b6d18c4d9275da23636fb19c672bf1c8428c3baf645595", "4 x 4 rooms with fewer doors"
    ),
    "maze/labyrinth": _drawn(
        "0f109e796d3f301720f9ed4315d74c9b14c231fd7d99dce6bbe602c657ecdd0c", "a spiral to the centre"
    ),
    "maze/labyrinth-flipped": _drawn(
        "5d9b245f5a4ff4dd9da383e5550a66ab4dc738a90f5d1aacb38d8e2be07367a9", "Labyrinth, left and right exchanged"
    ),
    "maze/labyrinth-2": _drawn(
        "d5edbdb1e2b4c6db583e32fe3eb9d17c47d29cff09c97fbcb8ef4609bb35b0ab", "another spiral to the centre"
    ),
    "maze/maze": _drawn(
        "fc3a605549216f6ccbfce879b159877eb045a2a585316b9ce541d266daf81fc4", "long passages with dead ends, no loop"
    ),
    "maze/maze-2": _drawn(
        "c4800680210440208e7cdd53b2a1e1035b9b81bcadd0ce23835d587ca697c0d6", "long passages with dead ends, one loop"
    ),
    "maze/maze-3": _drawn("6031d06b027c0af55ba73505d4b92fdb8d21b7a497b98b2df4d9ae78c8f8fae7", "another of this kind"),
    "maze/small-corridor": _many(
        "6cf6800021c0e9482746a45da2a668bcb895146b195133aba0b1854905d6931d",
        "dead ends on both sides of a wall: corridors(100, 13, numpy.random.default_rng(4222))",
        250,
    ),
    "maze/large-corridor": _many(
        "4b2e955708654b697b83c0331cee6f7f93485aff4086ca701217ea06cc8d9f33",
        "the same, larger: corridors(100, 19, numpy.random.default_rng(4222))",
        882,
    ),
    "maze/four-rooms": _many(
        "e7170b8a3605e69a1d4031184c92df3375d626663daecb0ef00e70da38e272e8",
        "2 x 2 rooms: four_rooms(100, 17, numpy.random.default_rng(4222))",
        250,
    ),
    "maze/simple-crossing": _many(
        "3c642ec00c2939ab59d36cd0671ef49f8c90eaafe8a24b296976b9ffb4b12d71",
        "walls with one gap each (S11N5): crossings(100, 9, 5, numpy.random.default_rng(4222))",
        484,
    ),
    "maze/perfect-small": _many(
        "d7b4b0fe554773e2125e63a76aec08f58b9101fd66b80656b3f80577348c7c9e",
        "no loops: perfect_mazes(100, 9, numpy.random.default_rng(4222))",
        242,
    ),
    "maze/perfect-medium": _many(
        "e459d1c07edd40eaa2616d6d8ea8be76e5f3ddcf88c4612b667b72501bdfb9e9",
        "no loops: perfect_mazes(100, 19, numpy.random.default_rng(4222))",
        882,
    ),
    "maze/perfect-large": _many(
        "a9320522da4906e8318c36ca0301864a7220099957df71f982eb856767d6312b",
        "no loops: perfect_mazes(100, 49, numpy.random.default_rng(4222))",
        5202,
    ),
    "maze/perfect-extra-large": _many(
        "23f12834ac14195e7de7a9b430ecac233a3fdfeca2c0db04e5cd7e769a69222f",
        "no loops: perfect_mazes(100, 99, numpy.random.default_rng(4222))",
        20402,
    ),
    "maze/random-60-10000": _many(
        "5ec1def5ae1a76a1fc25450ff637bd3af0b265b19f069d2a9aeb6b8b83745ecd",
        "the first 10000 solvable of MazeSpace(13, 13, walls=60).sample(12500, numpy.random.default_rng(4222))",
        250,
    ),
}

_UNIONS = {
    "maze/fixed-8-13x13": (
        "maze/sixteen-rooms",
        "maze/sixteen-rooms-fewer-doors",
        "maze/labyrinth",
        "maze/labyrinth-flipped",
        "maze/labyrinth-2",
        "maze/maze",
        "maze/maze-2",
        "maze/maze-3",
    )
}
"""Sets that consist of others of one environment and one size."""

_DEFAULTS = {
    "tutelage/StumpTracks-v0": "stump-tracks/grid-100",
    "tutelage/HexagonTracks-v0": "hexagon-tracks/uniform-100",
    "tutelage/WalkerClimber-v0": "walker-climber/grid-225",
    "tutelage/MazeParameters-v0": "maze-parameters/grid-48",
    _MAZE: "maze/fixed-8-13x13",
}

_SPACES = {
    "tutelage/StumpTracks-v0": TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0)),
    "tutelage/HexagonTracks-v0": TaskSpace({f"corner_{i}_{axis}": (0.0, 4.0) for i in range(6) for axis in "xy"}),
    "tutelage/WalkerClimber-v0": TaskSpace(gap_position=(2.5, 7.5), obstacle_spacing=(0.0, 6.0)),
    "tutelage/MazeParameters-v0": TaskSpace(
        layout=["scattered", "rooms", "corridors", "perfect"],
        wall_density=(0.0, 0.45),
        corridor_width=range(1, 4),
        goal_distance=(0.0, 1.0),
    ),
}


@dataclass(frozen=True, eq=False)
class TestSet:
    """A fixed set of tasks. Two are equal if they have the same name, environment, tasks and labels.

    Attributes:
        name: Its name, e.g. ``"stump-tracks/grid-100"``.
        env_id: The environment the tasks are for.
        tasks: Shape ``(n, d)``, float64, read-only.
        space: The task space of the environment, made with ``env_args``; every task lies in it.
        sha256: The hash of the file, for reports; of the hashes of its parts where the set consists of others.
        description: Where the tasks come from.
        env_args: Arguments of ``gymnasium.make`` with which the environment plays these tasks, e.g. a maze's size.
        labels: A name for each task, where they have names.

    Example:
        >>> test_set = load_test_set("stump-tracks/grid-100")
        >>> test_set.env_id, len(test_set), test_set.tasks[-1].tolist()
        ('tutelage/StumpTracks-v0', 100, [3.0, 6.0])
        >>> load_test_set("maze/large-corridor").env_args
        {'height': 19, 'width': 19, 'max_steps': 882}
    """

    __test__ = False  # not a test of pytest

    name: str
    env_id: str
    tasks: NDArray[np.float64]
    space: TaskSpace
    sha256: str
    description: str
    env_args: dict[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.tasks)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TestSet):
            return NotImplemented
        same = (self._key, self.space, self.env_args) == (other._key, other.space, other.env_args)
        return same and np.array_equal(self.tasks, other.tasks)

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[Any, ...]:
        return self.name, self.env_id, self.sha256, self.labels


def list_test_sets(env_id: str | None = None) -> list[str]:
    """Return the names of the frozen test sets, of one environment or of all.

    Args:
        env_id: E.g. ``"tutelage/StumpTracks-v0"``.

    Example:
        >>> list_test_sets("tutelage/HexagonTracks-v0")
        ['hexagon-tracks/uniform-100']
    """
    wanted = None if env_id is None else _bare(env_id)
    environments = {name: entry.env_id for name, entry in _SETS.items()}
    environments |= {name: environments[parts[0]] for name, parts in _UNIONS.items()}
    return sorted(name for name, found in environments.items() if wanted in (None, found))


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
    if name in _UNIONS:
        return _union(name, [load_test_set(part) for part in _UNIONS[name]])
    if name not in _SETS:
        raise ValueError(unknown_name("test set", name, list_test_sets()))
    entry = _SETS[name]
    space, tasks = _parse(_content(name, entry), entry)
    tasks.flags.writeable = False
    args: dict[str, Any] = {}
    if isinstance(space, MazeSpace):
        args = {"height": space.height, "width": space.width, "max_steps": entry.max_steps}
    return TestSet(name, entry.env_id, tasks, space, entry.sha256, entry.description, args)


def _content(name: str, entry: _Entry) -> bytes:
    path = _FOLDER / f"{name.replace('/', '_')}{entry.suffix}"
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
    return content


def _parse(content: bytes, entry: _Entry) -> tuple[TaskSpace, NDArray[np.float64]]:
    if entry.suffix == ".txt":
        return read_drawing(content)
    if entry.suffix == ".npz":
        return unpack_levels(content)
    return _SPACES[entry.env_id], np.loadtxt(io.BytesIO(content), delimiter=",", skiprows=1, ndmin=2)


def _union(name: str, parts: list[TestSet]) -> TestSet:
    tasks = np.concatenate([part.tasks for part in parts])
    tasks.flags.writeable = False
    sha256 = hashlib.sha256("\n".join(part.sha256 for part in parts).encode()).hexdigest()
    first = parts[0]
    labels = tuple(part.name for part in parts for _ in part.tasks)
    description = ", ".join(part.name for part in parts)
    return TestSet(name, first.env_id, tasks, first.space, sha256, description, first.env_args, labels)


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
