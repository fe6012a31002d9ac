"""What a toy student can do at its pre-tests: for its teacher, if that waits for one, and for a classroom.

The test set are the middles of the cells of the space, the results the competences there, 0 to 100. The grid of a
student that begins elsewhere is turned with it; the tasks are not, so that the results of all students are comparable.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...envs import ToyStudent, toy_form
from ...errors import RequestError
from ...teachers.meta.classroom_description import ClassroomDescription
from ...teachers.meta.pretested import Pretested
from ...teachers.meta.student_record import StudentRecord, tasks_sha256
from ...teachers.teacher import Teacher
from ..enrolment import check_plan, classroom_for, recorded_history, room_of
from .config import LabConfig, registered_name
from .spaces import LabStudent, lab_space

if TYPE_CHECKING:
    from .run import LabRun

FloatArray = NDArray[np.float64]

_SCALE = 100.0


def cell_middles(space: str) -> FloatArray:
    """Return the middle of each cell of a toy space as a task, shape ``(m, d)``; irrelevant coordinates are ½.

    Example:
        >>> cell_middles("2d-2+1").tolist()
        [[0.25, 0.25, 0.5], [0.25, 0.75, 0.5], [0.75, 0.25, 0.5], [0.75, 0.75, 0.5]]
    """
    config = toy_form(space).config
    places = (np.moveaxis(np.indices(config.shape), 0, -1).reshape(-1, config.n_dims) + 0.5) / config.n_cells
    tasks = np.full((len(places), config.task_space.n_dims), 0.5)
    tasks[:, : config.n_dims] = places
    return tasks


def cells_name(space: str) -> str:
    """Return what the test set of a toy space is called.

    Example:
        >>> cells_name("classroom-v1")
        'cells of classroom-v1'
    """
    return f"cells of {space}"


def kind_of(student: ToyStudent) -> dict[str, float | int | str]:
    """Return what kind of student it is: where it begins, as the numbers of a cell of the task space, and how turned.

    Example:
        >>> kind_of(ToyStudent("classroom-v1", seed=3))
        {'rotation': 3, 'start_0': 19, 'start_1': 0}
        >>> kind_of(ToyStudent("classroom-v2", seed=1))
        {'start_0': 17, 'start_1': 1}
    """
    config = student.config
    cell = np.minimum((student.start_task()[: config.n_dims] * config.n_cells).astype(int), config.n_cells - 1)
    turned = {"rotation": student.rotation} if config.rotation == "random" else {}
    return {**turned, **{f"start_{i}": int(number) for i, number in enumerate(cell)}}


def classroom_of(config: LabConfig) -> ClassroomDescription | None:
    """Return what the classroom of a lab is like, None where it has none.

    Raises:
        RequestError: The lab has several spaces or another than a toy space, one of its teachers would look its expert
            up in the classroom that it fills, or the classroom does not fit.
        RunError: The classroom is damaged.

    Example:
        >>> import tempfile
        >>> config = LabConfig(["random"], ["2d-10"], episodes=400, classroom=tempfile.mkdtemp() + "/room")
        >>> classroom_of(config).pretests
        (20, 40)
    """
    if config.classroom is None:
        return None
    if len(config.spaces) > 1 or lab_space(config.spaces[0]).unit != "cells":
        raise RequestError(
            f"A classroom is for the students of one toy space, got {', '.join(config.spaces)}: play a lab for each."
        )
    space = config.spaces[0]
    for teacher in config.teachers:
        read = room_of(registered_name(teacher), config.args_of(teacher))
        if read is not None and read.resolve() == Path(config.classroom).resolve():
            raise RequestError(
                f"{teacher} looks its experts up in {read}, which this lab fills: its results would depend on the "
                "order of the runs. Add the students to another classroom; `tutelage classroom merge` joins them."
            )
    found = classroom_for(
        config.classroom,
        toy_form(space).config.task_space,
        cells_name(space),
        cell_middles(space),
        unit="episodes",
        amount=config.episodes_of(space),
        pretests=config.pretests,
    )
    for at in found.pretests:
        if end_of_batch(at, config.batch, config.episodes_of(space)) > 1.1 * at:
            raise RequestError(
                f"Students are to be tested after {at:,} episodes, in the middle of a batch of {config.batch:,}: give "
                "pretests at the end of a batch, or smaller batches."
            )
    return found


def end_of_batch(at: int, batch: int, episodes: int) -> int:
    """Return after how many episodes the batch ends in which an episode is.

    Example:
        >>> end_of_batch(45, 30, 100), end_of_batch(95, 30, 100)
        (60, 100)
    """
    return min(-(-at // batch) * batch, episodes)


class LabPretests:
    """Tests a toy student when it is time, and tells its teacher.

    Args:
        run: The run.
        student: Its student.
        teacher: Its teacher, new.

    Attributes:
        stops: After how many episodes there is a test, at the end of a batch, ascending, shape ``(s,)``.

    Raises:
        RequestError: The teacher waits for another test, or its classroom is missing or does not fit.
        RunError: That classroom is damaged.

    Example:
        >>> from tutelage import make_teacher
        >>> from tutelage.benchmarks.lab.run import LabRun
        >>> student = ToyStudent("2d-10")
        >>> run = LabRun("random", "2d-10", 0, 100, batch=30, classroom="room", pretests=(10, 45))
        >>> LabPretests(run, student, make_teacher("random", student.task_space)).stops.tolist()
        [30, 60]
    """

    def __init__(self, run: LabRun, student: LabStudent, teacher: Teacher) -> None:
        self._run, self._student, self._teacher = run, student, teacher
        self._plan = teacher.pretest_plan if isinstance(teacher, Pretested) else None
        amounts = list(run.pretests) if run.classroom is not None else []
        self._at = [self._stop(at) for at in amounts]
        if self._plan is not None:
            if not isinstance(student, ToyStudent):
                raise RequestError(f"{run.teacher} waits for a pre-test, which the student of {run.space} cannot have.")
            check_plan(self._plan, cells_name(run.space), cell_middles(run.space), "episodes", run.episodes)
            amounts.append(self._plan.at)
        self._cells = cell_middles(run.space) if amounts else np.empty((0, 0))
        self.stops: NDArray[np.int64] = np.unique(np.array([self._stop(at) for at in amounts], dtype=np.int64))
        self._results: list[FloatArray] = []

    def _stop(self, at: int) -> int:
        return end_of_batch(at, self._run.batch, self._run.episodes)

    def _test(self) -> FloatArray:
        assert isinstance(self._student, ToyStudent)
        return _SCALE * self._student.competence_at(self._cells)

    def reach(self, episodes: int) -> None:
        """Test the student, if it is time, after so many episodes; it begins anew after it where that is asked for."""
        if episodes in self._at:
            self._results += [self._test()] * self._at.count(episodes)
        if self._plan is None or self._stop(self._plan.at) != episodes:
            return
        assert isinstance(self._teacher, Pretested)
        assert isinstance(self._student, ToyStudent)
        self._teacher.pretest(self._test(), kind=kind_of(self._student))
        self._plan = None
        if self._run.restart:
            self._student.reset()

    def record(self) -> StudentRecord:
        """Return the record of the student, whose run has ended."""
        assert isinstance(self._student, ToyStudent)
        return StudentRecord(
            name=str(self._run),
            kind=kind_of(self._student),
            episodes=np.array(self._at, dtype=np.int64),
            competences=np.array(self._results, dtype=np.float32),
            final=self._test().astype(np.float32),
            score=self._student.score(),
            gaussians=recorded_history(self._teacher),
            task_space=self._student.task_space,
            test_set=cells_name(self._run.space),
            test_set_sha256=tasks_sha256(self._cells),
        )
