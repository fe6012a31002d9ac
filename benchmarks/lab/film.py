"""What an animation needs to know of a run: the competences, the tasks and where the teacher aimed, over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...envs import ToyStudent
from ...teachers.teacher import Teacher

N_FRAMES = 60
_LATEST = 250
_GRID = 40
_MOST_SHAPES = 400


class Film:
    """Records a run on a space with two relevant dimensions, in 60 frames.

    Args:
        student: Whose competences are recorded.
        teacher: Whose density, Gaussians and regions are recorded, where it has them.
        episodes: Of the whole run.

    Example:
        >>> from tutelage import make_teacher
        >>> student = ToyStudent("2d-10")
        >>> film = Film(student, make_teacher("random", student.task_space, seed=0), 120)
        >>> for _ in range(120):
        ...     film.add(student.task_space.sample(1, np.random.default_rng(0)))
        >>> film.to_plain()["competence"].shape
        (60, 10, 10)
    """

    def __init__(self, student: ToyStudent, teacher: Teacher, episodes: int) -> None:
        self._student, self._teacher = student, teacher
        self._due = np.unique(np.round(np.linspace(0, episodes, N_FRAMES + 1)[1:]).astype(np.int64)).tolist()
        n, d = student.config.n_cells, student.task_space.n_dims
        self._cells = _grid(n, d)
        self._places = _grid(_GRID, d)
        self._kinds = student.kind_at(self._cells).reshape(n, n)
        self._played = 0
        self._next = 0
        self._tasks: list[NDArray[np.float64]] = []
        self._frames: list[dict[str, Any]] = []

    def add(self, tasks: NDArray[np.float64]) -> None:
        """Take note of tasks that have just been played, shape ``(n, d)``."""
        self._tasks.append(tasks[-_LATEST:, :2])
        self._played += len(tasks)
        if self._next < len(self._due) and self._played >= self._due[self._next]:
            while self._next < len(self._due) and self._played >= self._due[self._next]:
                self._next += 1
            self._frames.append(self._frame())
            self._tasks.clear()

    def _frame(self) -> dict[str, Any]:
        latest = np.concatenate(self._tasks)[-_LATEST:]
        n = self._student.config.n_cells
        density = None
        if self._student.task_space.n_dims == 2:
            density = self._teacher.density(self._places)
        return {
            "episode": self._played,
            "score": self._student.score(),
            "competence": np.round(100.0 * self._student.competence_at(self._cells)).astype(np.uint8).reshape(n, n),
            "tasks": latest.astype(np.float32),
            "density": None if density is None else density.astype(np.float32).reshape(_GRID, _GRID),
            "shapes": teacher_shapes(self._teacher),
        }

    def to_plain(self) -> dict[str, Any]:
        """Return plain data: arrays with one row a frame, and lists of the parts whose number changes."""
        frames = self._frames
        return {
            "kinds": self._kinds,
            "episode": np.array([f["episode"] for f in frames]),
            "score": np.array([f["score"] for f in frames]),
            "competence": np.array([f["competence"] for f in frames]),
            "tasks": np.concatenate([f["tasks"] for f in frames]) if frames else np.empty((0, 2), np.float32),
            "n_tasks": np.array([len(f["tasks"]) for f in frames]),
            "density": [f["density"] for f in frames],
            "shapes": [f["shapes"] for f in frames],
        }


def film_problem(film: Any) -> str:
    """Return what is wrong with the structure of a film that was read from a file, or nothing.

    Example:
        >>> film_problem({})
        "its film has no 'kinds'"
    """
    if not isinstance(film, Mapping):
        return f"its film is a {type(film).__name__}"
    for name in ("kinds", "episode", "score", "competence", "tasks", "n_tasks", "density", "shapes"):
        if name not in film:
            return f"its film has no {name!r}"
    n, f = len(np.atleast_1d(film["kinds"])), len(np.atleast_1d(film["episode"]))
    if n == 0 or f == 0:
        return "its film is empty"
    wanted = {
        "kinds": ("iu", (n, n)),
        "episode": ("iu", (f,)),
        "score": ("f", (f,)),
        "competence": ("iu", (f, n, n)),
        "n_tasks": ("iu", (f,)),
    }
    bad = [name for name, (kinds, shape) in wanted.items() if not _fits(film[name], kinds, shape)]
    if bad or (film["n_tasks"] < 0).any():
        return f"the {bad[0] if bad else 'n_tasks'!r} of its film do not fit"
    if not _fits(film["tasks"], "f", (int(film["n_tasks"].sum()), 2)):
        return "the 'tasks' of its film do not fit"
    for name in ("density", "shapes"):
        if not isinstance(film[name], list) or len(film[name]) != f:
            return f"the {name!r} of its film do not fit"
    if not all(density is None or _fits(density, "f", (_GRID, _GRID)) for density in film["density"]):
        return "the 'density' of its film do not fit"
    return "" if all(map(_is_shapes, film["shapes"])) else "the 'shapes' of its film do not fit"


def _fits(array: Any, kinds: str, shape: tuple[int, ...]) -> bool:
    return isinstance(array, np.ndarray) and array.dtype.kind in kinds and array.shape == shape


def _is_shapes(shapes: Any) -> bool:
    """Whether this could be what `teacher_shapes` returned."""
    if shapes is None:
        return True
    if not isinstance(shapes, Mapping) or not isinstance(shapes.get("values"), np.ndarray):
        return False
    m = len(np.atleast_1d(shapes["values"]))
    gaussians = {"values": (m,), "centres": (m, 2), "covariances": (m, 2, 2)}
    boxes = {"values": (m,), "low": (m, 2), "high": (m, 2)}
    wanted = gaussians if "centres" in shapes else boxes
    return all(_fits(shapes.get(name), "fiu", shape) for name, shape in wanted.items())


def _grid(n: int, d: int) -> NDArray[np.float64]:
    """The middles of n × n cells, row by row from below; further dimensions are ½."""
    middle = (np.arange(n) + 0.5) / n
    tasks = np.full((n * n, d), 0.5)
    tasks[:, 0], tasks[:, 1] = np.tile(middle, n), np.repeat(middle, n)
    return tasks


def teacher_shapes(teacher: Teacher) -> dict[str, Any] | None:
    """Return the Gaussians or boxes a teacher chooses from, in the first two dimensions of the unit cube, or None.

    Gaussians are those of a ``mixture`` over (task, …, progress), whose last axis is their value. Boxes are the leaves
    of ``regions()`` (``low``, ``high``, ``alp``, ``leaf``), or one ``window`` or ``box`` ``(low, high)``.

    Example:
        >>> from tutelage import TaskSpace, make_teacher
        >>> teacher_shapes(make_teacher("alp-gmm", TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0)), seed=0)) is None
        True
    """
    mixture, regions = getattr(teacher, "mixture", None), getattr(teacher, "regions", None)
    if mixture is not None:
        means, covariances = np.asarray(mixture.means), np.asarray(mixture.covariances)
        value = np.maximum(means[:, -1], 0.0)
        return {"centres": means[:, :2].copy(), "covariances": covariances[:, :2, :2].copy(), "values": value}
    if callable(regions):
        boxes = regions()
        low, high, values = boxes["low"], boxes["high"], boxes["alp"]
        low, high, values = (column[boxes["leaf"]] for column in (low, high, values))
    else:
        one = getattr(teacher, "window", None)
        one = getattr(teacher, "box", None) if one is None else one
        if not isinstance(one, tuple):
            return None
        low, high = (np.atleast_2d(np.asarray(edge, dtype=np.float64)) for edge in one)
        values = np.ones(1)
    order = np.argsort(-values, kind="stable")[:_MOST_SHAPES]
    return {"low": low[order, :2], "high": high[order, :2], "values": values[order]}
