"""Teachers inside of a teacher: who handed out which task, and who learns from which episode."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...outcomes import Outcomes
from ...registry import make_teacher, teacher_class
from ...spaces import TaskSpace
from ...tasks import Tasks
from ..expert_knowledge import ExpertKnowledge
from ..meta.pretested import Pretested
from ..state_checks import finite_array
from ..teacher import Teacher

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_PENDING = 100_000
"""Tasks whose outcomes are awaited, at most; the oldest is forgotten first, and its outcome is learned from by all."""


class Members:
    """Several teachers of one task space, each with a generator and ids of its own.

    An episode of a task that a member handed out is learned from by that member only; any other by all of them.

    Args:
        space: The tasks.
        teachers: A list, or a mapping from names; each a name of a teacher, ``{"teacher": name, **hyperparameters}``,
            or a `Teacher` of the same space.
        rng: Draws the members' seeds.
        what: What the teachers are, for messages.

    Raises:
        TypeError: Something else than teachers.
        ValueError: No teacher, one of another space, or some that are held for different times.

    Example:
        >>> members = Members(TaskSpace(x=(0.0, 1.0)), ["random", {"teacher": "riac"}], np.random.default_rng(0))
        >>> members.names, members.sample(np.array([0, 1, 1]), 0)[0].shape
        (['random', 'riac'], (3, 1))
    """

    def __init__(self, space: TaskSpace, teachers: Any, rng: np.random.Generator, what: str = "teachers") -> None:
        self.space = space
        given: list[Any]
        if isinstance(teachers, Mapping):
            names, given = [str(name) for name in teachers], list(teachers.values())
        elif isinstance(teachers, Sequence) and not isinstance(teachers, str):
            given = list(teachers)
            names = _names(given)
        else:
            raise TypeError(f"{what}: expected a list of teachers or a mapping from names, got {teachers!r}.")
        if not given:
            raise ValueError(f"{what}: expected at least one teacher, got none.")
        self.names = names
        self.teachers = [self._build(teacher, what, rng) for teacher in given]
        for name, teacher in zip(names, self.teachers, strict=True):
            if isinstance(teacher, Pretested):
                raise ValueError(
                    f"{what}: {name} waits for a pre-test of the student, which only the teacher of a whole run gets."
                )
        holds = {teacher.hold for teacher in self.teachers}
        if len(holds) > 1:
            raise ValueError(f"{what}: all must hold tasks for the same time, got {sorted(holds)}.")
        self.hold = next(iter(holds))
        self.withholds = any(teacher.withholds for teacher in self.teachers)
        self.needs = frozenset[str]().union(*(teacher.needs for teacher in self.teachers))
        self._owner: dict[int, tuple[int, int]] = {}  # id here: member, id there
        self._last: dict[bytes, int] = {}  # task: the member that handed it out last

    def _build(self, teacher: Any, what: str, rng: np.random.Generator) -> Teacher:
        seed = int(rng.integers(2**63))
        if isinstance(teacher, Teacher):
            if teacher.task_space != self.space:
                raise ValueError(f"{what}: {type(teacher).__name__} is for {teacher.task_space}, not {self.space}.")
            return teacher
        if isinstance(teacher, str):
            return make_teacher(teacher, self.space, seed=seed)
        if isinstance(teacher, Mapping) and isinstance(teacher.get("teacher"), str):
            arguments = {str(key): value for key, value in teacher.items() if key != "teacher"}
            return make_teacher(teacher["teacher"], self.space, **{"seed": seed, **arguments})
        raise TypeError(
            f"{what}: expected a teacher's name, {{'teacher': name, …}} with its hyperparameters, or a Teacher, "
            f"got {teacher!r}."
        )

    def __len__(self) -> int:
        return len(self.teachers)

    def sample(self, which: IntArray, first_id: int) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Ask each member for its tasks.

        Args:
            which: The member of each task, shape ``(n,)``.
            first_id: The id of the first task; those of the others follow.

        Returns:
            Tasks, shape ``(n, d)``, and whether they are to be learned from.
        """
        rows, train = np.empty((len(which), self.space.n_dims)), np.ones(len(which), dtype=np.bool_)
        for member in np.unique(which).tolist():
            places = np.flatnonzero(which == member)
            tasks = self.teachers[member].sample(len(places))
            rows[places], train[places] = tasks.values, tasks.train
            self._remember(places + first_id, [member] * len(places), tasks)
        return rows, train

    def repeat(self, tasks: Tasks) -> None:
        """Note that tasks are handed out again, under new ids."""
        owners = np.array([self._last.get(row.tobytes(), -1) for row in tasks.values])
        for member in np.unique(owners[owners >= 0]).tolist():
            places = np.flatnonzero(owners == member)
            again = self.teachers[member].repeat(tasks[places])
            self._remember(tasks.ids[places], [member] * len(places), again)

    def _remember(self, ids: IntArray, members: list[int], tasks: Tasks) -> None:
        for task_id, member, inner, row in zip(ids.tolist(), members, tasks.ids.tolist(), tasks.values, strict=True):
            self._owner[task_id] = (member, inner)
            self._last[row.tobytes()] = member
        for memory in (self._owner, self._last):
            while len(memory) > MOST_PENDING:
                del memory[next(iter(memory))]  # type: ignore[arg-type]

    def owners(self, ids: IntArray) -> IntArray:
        """Return the member that handed out each task, −1 where unknown, shape ``(n,)``."""
        return np.array([self._owner.get(task_id, (-1, -1))[0] for task_id in ids.tolist()], dtype=np.int64)

    def check(self, outcomes: Outcomes) -> None:
        """Refuse outcomes that one of the members would refuse."""
        for teacher in self.teachers:
            teacher._validate(outcomes)

    def update(self, outcomes: Outcomes, listeners: Collection[int] = ()) -> IntArray:
        """Let the members learn; returns whose each episode was, −1 where everyone learns from it, shape ``(n,)``.

        Args:
            outcomes: The episodes.
            listeners: Members that learn from the others' episodes too.
        """
        found = [self._owner.pop(task_id, (-1, -1)) for task_id in outcomes.ids.tolist()]
        pairs: IntArray = np.array(found, dtype=np.int64)
        owners, inner = pairs[:, 0], pairs[:, 1]
        for member, teacher in enumerate(self.teachers):
            rows = (owners == member) | (owners < 0) | (member in listeners)
            if rows.any():
                part = outcomes[rows]
                part.ids = np.where(owners == member, inner, -1)[rows]
                part.warmup = np.zeros(int(rows.sum()), dtype=np.bool_)
                teacher.update(part)
        return owners

    def density(self, tasks: ArrayLike, weights: FloatArray) -> FloatArray | None:
        """Return the mean of the members' densities, weighted, of those that have one; None if none has."""
        found = [(weight, t.density(tasks)) for weight, t in zip(weights.tolist(), self.teachers, strict=True)]
        known = [(weight, density) for weight, density in found if density is not None and weight > 0.0]
        if not known:
            return None
        total: FloatArray = sum(weight * density for weight, density in known) / sum(w for w, _ in known)
        return total

    def get_state(self) -> dict[str, Any]:
        """Return all that the members and their ids are as plain data."""
        return {
            "members": [teacher.state_dict() for teacher in self.teachers],
            "owner": np.array([(k, *v) for k, v in self._owner.items()], dtype=np.int64).reshape(-1, 3),
            "last": np.array([np.frombuffer(k) for k in self._last]).reshape(-1, self.space.n_dims),
            "last_owner": np.array(list(self._last.values()), dtype=np.int64),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `get_state` returned; where that fails, members may have changed."""
        owner = finite_array(state, "owner", (None, 3), np.int64, low=0)
        last = finite_array(state, "last", (None, self.space.n_dims))
        last_owner = finite_array(state, "last_owner", (len(last),), np.int64, low=0, high=len(self) - 1)
        members = state["members"]
        if not isinstance(members, (list, tuple)) or len(members) != len(self):
            raise ValueError(f"It is the state of other teachers than these {len(self)}.")
        if len(owner) and owner[:, 1].max() >= len(self):
            raise ValueError("Its tasks belong to teachers that there are not.")
        for teacher, each in zip(self.teachers, members, strict=True):
            teacher.load_state_dict(each)
        self._owner = {int(k): (int(member), int(inner)) for k, member, inner in owner}
        self._last = {row.tobytes(): int(member) for row, member in zip(last, last_owner, strict=True)}


def _names(teachers: list[Any]) -> list[str]:
    names: list[str] = []
    for teacher in teachers:
        name = teacher if isinstance(teacher, str) else None
        if isinstance(teacher, Mapping):
            name = str(teacher.get("teacher"))
        name = type(teacher).__name__ if name is None else name
        names.append(name if name not in names else f"{name}-{len(names)}")
    return names


def with_expert(teachers: Any, expert: Any, space: TaskSpace) -> Any:
    """Return teachers with an expert's knowledge for those that take any and have none.

    Args:
        teachers: As for `Members`.
        expert: The knowledge, or None.
        space: The tasks.

    Raises:
        ValueError: Knowledge that does not fit the space.
    """
    if expert is None:
        return teachers
    knowledge = ExpertKnowledge.of(expert, space)

    def informed(teacher: Any) -> Any:
        spec = {"teacher": teacher} if isinstance(teacher, str) else teacher
        if not isinstance(spec, Mapping) or "expert" in spec or not isinstance(spec.get("teacher"), str):
            return teacher
        takes = "expert" in inspect.signature(teacher_class(spec["teacher"])).parameters
        return {**spec, "expert": knowledge} if takes else teacher

    if isinstance(teachers, Mapping):
        return {name: informed(teacher) for name, teacher in teachers.items()}
    return [informed(teacher) for teacher in teachers] if isinstance(teachers, (list, tuple)) else teachers
