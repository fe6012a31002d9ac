"""How the student of a run comes into a classroom (``--classroom``).

A run says what it tests on before it begins; a classroom that does not fit is refused then, not after hours. Its
student is added when the run has ended, once, however often the run was resumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RequestError
from ..registry import teacher_class
from ..spaces import TaskSpace
from ..teachers.meta.classroom import DESCRIPTION, Classroom
from ..teachers.meta.classroom_description import ClassroomDescription, Unit
from ..teachers.meta.gaussian_history import GaussianHistory
from ..teachers.meta.pretested import Pretested, PretestPlan
from ..teachers.meta.student_record import tasks_sha256
from ..teachers.teacher import Teacher
from .pretest_settings import default_pretests


def classroom_for(
    folder: str | Path,
    task_space: TaskSpace,
    test_set: str,
    tasks: NDArray[np.float64],
    *,
    unit: Unit,
    amount: int,
    pretests: Sequence[int] = (),
    rollout: int = 1,
    bounds: tuple[float, float] | None = None,
) -> ClassroomDescription:
    """Return what the classroom of a run is like: as it is where there is one, else as the run would make it.

    Args:
        folder: The classroom, which may not exist yet; nothing is written.
        task_space: The tasks of the run.
        test_set: The name of what it is tested on.
        tasks: Those tasks, shape ``(m, d)``.
        unit: In which its training is counted.
        amount: How much training it has.
        pretests: After how much it is tested; by default as those of the classroom, or `default_pretests` rounded up to
            whole rollouts.
        rollout: Students are tested after whole rollouts of so much.
        bounds: Of the results in a new classroom, see `ClassroomDescription`.

    Raises:
        RequestError: The classroom is for other students, cannot be read by this version or would not be finished, or
            the folder holds something else.
        RunError: It is damaged.

    Example:
        >>> import tempfile
        >>> space = TaskSpace(x=(0.0, 1.0))
        >>> folder = tempfile.mkdtemp() + "/room"
        >>> classroom_for(folder, space, "five", space.grid(5), unit="steps", amount=1_000).pretests
        (50, 100)
    """
    path = Path(folder)
    found = Classroom(path).description if (path / DESCRIPTION).exists() else None
    if found is None:
        _check_free(path)
    wanted = ClassroomDescription(
        task_space,
        test_set,
        tasks_sha256(tasks),
        len(tasks),
        tuple(pretests) or (_defaults(amount, rollout) if found is None else found.pretests),
        unit,
        bounds if found is None else found.bounds,
    )
    difference = None if found is None else wanted.difference(found)
    if difference is not None:
        raise RequestError(f"The classroom in {path} is for other students: {difference}.")
    if wanted.pretests[-1] > amount:
        whose = "the classroom in " + str(path) if found is not None else "its classroom"
        raise RequestError(
            f"The run has {amount:,} {unit}, and {whose} tests students after {wanted.pretests[-1]:,}: train for "
            "longer, or give other pretests and another classroom."
        )
    for at in wanted.pretests:
        _check_rollout("Students of the classroom are to be tested", at, rollout, unit)
    if len({whole_rollouts(at, rollout) for at in wanted.pretests}) < len(wanted.pretests):
        raise RequestError(
            f"Students are tested after whole rollouts of {rollout:,} {unit}, and two of the pre-tests "
            f"({', '.join(f'{at:,}' for at in wanted.pretests)}) would be one: give others."
        )
    return wanted


def _defaults(amount: int, rollout: int) -> tuple[int, ...]:
    """The default pre-tests at the ends of rollouts; one that would be at the end of the run is left out."""
    ends = sorted({whole_rollouts(at, rollout) for at in default_pretests(amount)})
    return tuple(at for at in ends if at < amount) or tuple(ends[:1])


def whole_rollouts(at: int, rollout: int) -> int:
    """Return how much training there has been when the rollout ends in which an amount is reached.

    Example:
        >>> whole_rollouts(45, 30), whole_rollouts(60, 30)
        (60, 60)
    """
    return -(-at // rollout) * rollout


def _check_rollout(begin: str, at: int, rollout: int, unit: Unit) -> None:
    end = whole_rollouts(at, rollout)
    if end > 1.1 * at:
        raise RequestError(
            f"{begin} after {at:,} {unit}, but here it would be after {end:,}, for a rollout has {rollout:,}: use "
            "shorter rollouts, e.g. a smaller --student-arg n_steps or --n-envs, or a classroom with later pre-tests."
        )


def _check_free(path: Path) -> None:
    try:
        taken = path.exists() and (not path.is_dir() or any(path.iterdir()))
    except OSError as error:
        raise RequestError(f"Cannot read {path}: {error.strerror or error}; choose another classroom.") from error
    if taken:
        raise RequestError(
            f"There is no classroom in {path}: it has no {DESCRIPTION}, and other files; choose a new or empty folder."
        )


def open_again(folder: str | Path, description: ClassroomDescription) -> Classroom:
    """Open the classroom of a run that has begun.

    Raises:
        RequestError: It has gone, or is for other students.
        RunError: It is damaged.
    """
    room = Classroom(folder)
    difference = description.difference(room.description)
    if difference is not None:
        raise RequestError(f"The classroom in {room.folder} is for other students: {difference}.")
    return room


def recorded_history(teacher: Teacher) -> GaussianHistory:
    """Return the history that a teacher has recorded, without Gaussians where it has none.

    Example:
        >>> from tutelage import make_teacher
        >>> len(recorded_history(make_teacher("random", TaskSpace(x=(0.0, 1.0)))).returns)
        0
    """
    record = getattr(teacher, "record", None)
    return GaussianHistory.empty(teacher.task_space.n_dims) if record is None else GaussianHistory.of(record)


def begin_record(teacher: Teacher) -> None:
    """Let a teacher remember its history, if it has one; before its first episode."""
    if hasattr(teacher, "record_history"):
        teacher.record_history()


def check_plan(
    plan: PretestPlan, test_set: str, tasks: NDArray[np.float64], unit: Unit, amount: int, rollout: int = 1
) -> None:
    """Refuse a pre-test that a run cannot give its teacher.

    Args:
        plan: What the teacher waits for.
        test_set: The name of what the run tests on.
        tasks: Those tasks, shape ``(m, d)``.
        unit: In which its training is counted.
        amount: How much training it has.
        rollout: It tests after whole rollouts of so much.

    Raises:
        RequestError: Another test set, or a time that never comes, or comes too late.

    Example:
        >>> check_plan(PretestPlan(50, "steps", "three", "", 3), "three", np.zeros((3, 1)), "steps", 1_000)
    """
    begin = "The students of the teacher's classroom were tested"
    if plan.test_set != test_set:
        raise RequestError(f"{begin} on {plan.test_set!r}, this run tests on {test_set!r}: give the same test set.")
    sha256 = tasks_sha256(tasks)
    if plan.n_components != len(tasks) or (plan.sha256 and plan.sha256 != sha256):
        raise RequestError(
            f"{begin} on other tasks of the name {test_set!r} ({plan.n_components}, hash {plan.sha256[:12] or '?'}) "
            f"than those of this run ({len(tasks)}, hash {sha256[:12]})."
        )
    if plan.unit == unit and plan.at > amount:
        raise RequestError(f"{begin} after {plan.at:,} {unit}, this run has {amount:,}: train for longer.")
    if plan.unit == unit:
        _check_rollout(begin, plan.at, rollout, unit)


def waits_for_pretest(teacher: str) -> bool:
    """Tell whether the teacher of a name waits for a pre-test.

    Example:
        >>> waits_for_pretest("again"), waits_for_pretest("alp-gmm")
        (True, False)
    """
    found: Any = teacher_class(teacher)
    return isinstance(found, type) and issubclass(found, Pretested)


def room_of(teacher: str, arguments: Mapping[str, Any]) -> Path | None:
    """Return the folder of the classroom that a teacher looks its expert up in, None without one.

    Example:
        >>> room_of("again", {"classroom": "rooms/walkers"}), room_of("alp-gmm", {})
        (PosixPath('rooms/walkers'), None)
    """
    given = arguments.get("classroom")
    return Path(given) if isinstance(given, (str, Path)) and waits_for_pretest(teacher) else None


def rooms_test_set(folders: Iterable[str | Path | None]) -> tuple[Path, str] | None:
    """Return the first of some folders in which there is a classroom, and the test set of its students.

    Raises:
        RequestError: It cannot be read by this version.
        RunError: It is damaged.
    """
    for folder in folders:
        if folder is not None and (Path(folder) / DESCRIPTION).exists():
            return Path(folder), Classroom(folder).description.test_set
    return None
