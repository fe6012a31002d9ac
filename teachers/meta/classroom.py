"""A classroom: the students that were taught before, in a folder.

==========================  ============================================================================================
``classroom.json``          format, task space, test set with its hash, pre-tests: written once
``pretest_0.npy``, …        the knowledge-component vectors at each pre-test, float32 of shape ``(n, m)``
``summaries.npy``           a few numbers of each student, float64, see `SUMMARY`
``students.jsonl``          name and kind of each student, one a line
``students/00000000.npz``   everything about the first student, and so on: its curriculum among others
==========================  ============================================================================================

The matrices are memory-mapped, so that the nearest of very many students are found without loading them. All of it is
data, read without running code. The number of students is that of the rows of ``summaries.npy``, which gets its new row
last: whoever is killed while adding a student leaves the classroom as it was.
"""

from __future__ import annotations

import os
import shutil
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import RequestError, RunError
from ...file_lock import lock_file
from ...spaces import TaskSpace
from ...state import load_state, save_state, write_text
from .classroom_description import FORMAT, ClassroomDescription, Unit
from .matrix_file import MatrixFile
from .student_list import StudentList
from .student_record import LARGEST, LONGEST_NAME, StudentRecord

DESCRIPTION = "classroom.json"
SUMMARY = ("first", "final", "score", "alp", "low", "high")
"""Of each student: the sum of its components at the first pre-test and at the end, its final performance, the highest
mean ALP of a Gaussian, its lowest and its highest return."""

_FOR_A_NUMBER = 10
"""Letters that a name leaves for a number behind it."""


class Merged(NamedTuple):
    """What came of `Classroom.merge`."""

    added: int
    """Students that were added."""
    known: int
    """Students that were there already."""
    problems: list[str]
    """Why others were passed over, one sentence each."""


class Classroom:
    """Students that were taught before, in a folder that exists; see `create` for a new one.

    A `Classroom` reads when it is asked and keeps little in memory; several processes may add students at a time.

    Args:
        folder: Where it is.

    Attributes:
        folder: Where it is.
        description: What the students have in common.

    Raises:
        RequestError: There is none, or it is of a format that this version does not read.
        RunError: It is damaged.

    Example:
        >>> import tempfile
        >>> from tutelage.teachers.meta import Classroom, GaussianHistory, StudentRecord
        >>> space = TaskSpace(x=(0.0, 1.0))
        >>> room = Classroom.create(tempfile.mkdtemp(), space, "three tasks", pretests=[100], n_components=3)
        >>> for name, knows, final in [("a", [1, 0, 0], [5, 5, 0]), ("b", [0, 1, 0], [50, 0, 0])]:
        ...     student = StudentRecord(name, {}, [100], [knows], final, sum(final), GaussianHistory.empty(1))
        ...     number = room.append(student)
        >>> len(room), room.names, room.nearest([0.9, 0.2, 0.0], pretest=0, k=1).tolist()
        (2, ['a', 'b'], [0])
        >>> room.record(1).final.tolist(), room.check()
        ([50.0, 0.0, 0.0], [])
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        file = self.folder / DESCRIPTION
        try:
            text = file.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise RequestError(f"There is no classroom in {self.folder}: it has no {DESCRIPTION}.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
        try:
            self.description = ClassroomDescription.from_text(text)
        except ValueError as error:
            kind = RequestError if "of format" in str(error) else RunError
            raise kind(f"{file} cannot be used: {error}.") from error
        *self._pretests, self._summaries = _matrices(self.folder, self.description)
        self._students = StudentList(self.folder / "students.jsonl")

    # --- Making one ------------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        folder: str | os.PathLike[str],
        task_space: TaskSpace,
        test_set: str,
        *,
        pretests: Sequence[int],
        n_components: int,
        test_set_sha256: str = "",
        unit: Unit = "episodes",
        bounds: tuple[float, float] | None = None,
    ) -> Classroom:
        """Make a classroom without students.

        Args:
            folder: New or empty.
            task_space: The tasks.
            test_set: The name of the test set.
            pretests: After how much training students are tested, ascending.
            n_components: How many tasks the test set has.
            test_set_sha256: The hash of its tasks, see `tasks_sha256`.
            unit: Of ``pretests``: ``"episodes"`` or environment ``"steps"``.
            bounds: Knowledge components are clipped to this interval and mapped to [0, 1] before they are compared.

        Raises:
            TypeError: An argument of another type.
            ValueError: An argument out of range.
            RequestError: The folder is not empty or cannot be made.
            RunError: The disk is full.
        """
        amounts = tuple(pretests) if isinstance(pretests, (Sequence, np.ndarray)) else pretests
        return cls._make(
            Path(folder),
            ClassroomDescription(task_space, test_set, test_set_sha256, n_components, amounts, unit, bounds),
        )

    @classmethod
    def open_or_create(cls, folder: str | os.PathLike[str], description: ClassroomDescription) -> Classroom:
        """Open the classroom of a description, or make it where there is none yet.

        Raises:
            RequestError: There is another one, or the folder has other files.
            RunError: It is damaged, or the disk is full.
        """
        path = Path(folder)
        if not (path / DESCRIPTION).exists():
            try:
                return cls._make(path, description)
            except RequestError:
                if not (path / DESCRIPTION).exists():
                    raise  # else another process was quicker
        found = cls(path)
        difference = description.difference(found.description)
        if difference is not None:
            raise RequestError(f"The classroom in {path} is for other students: {difference}.")
        return found

    @classmethod
    def _make(cls, path: Path, description: ClassroomDescription) -> Classroom:
        path = path.resolve()  # the folder that a link points to
        if path == Path.cwd():
            raise RequestError("A classroom cannot be made in the current folder; choose a new one in it.")
        temporary = path.parent / f".{path.name}.{uuid.uuid4().hex}"
        try:
            (temporary / "students").mkdir(parents=True)
            for matrix in _matrices(temporary, description):
                matrix.create()
            (temporary / "students.jsonl").touch()
            write_text(temporary / DESCRIPTION, description.to_text())
            os.rename(temporary, path)  # onto an empty folder or none
        except OSError as error:
            if (path / DESCRIPTION).exists():
                raise RequestError(f"There is a classroom in {path} already.") from error
            raise RequestError(
                f"Cannot make a classroom in {path}: {error.strerror or error}; choose a new or empty folder."
            ) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return cls(path)

    # --- Reading ---------------------------------------------------------------------------------------------------

    @property
    def task_space(self) -> TaskSpace:
        """The tasks."""
        return self.description.task_space

    def __len__(self) -> int:
        return self._summaries.n_rows()

    def __repr__(self) -> str:
        return f"Classroom({str(self.folder)!r})"

    @property
    def names(self) -> list[str]:
        """The name of each student."""
        return self._students.names(len(self))

    @property
    def kinds(self) -> list[dict[str, Any]]:
        """The kind of each student."""
        return self._students.kinds(len(self))

    def summaries(self) -> dict[str, NDArray[np.float64]]:
        """Return a few numbers of all students, each of shape ``(n,)``, see `SUMMARY`."""
        columns = self._summaries.read(len(self)).astype(np.float64)
        if not np.isfinite(columns).all():
            raise RunError(f"{self._summaries.path} is damaged: it has numbers that are not finite.")
        return dict(zip(SUMMARY, columns.T, strict=True))

    def record(self, index: int) -> StudentRecord:
        """Read everything about one student.

        Raises:
            IndexError: There is no student of this number.
            RunError: Its file is missing, damaged or of another format; the message names it.
        """
        n = len(self)
        if not 0 <= index < n:
            raise IndexError(f"Student {index} does not exist: the classroom has {n}.")
        return self._read(self._student_file(index))

    def sound_record(self, index: int) -> StudentRecord:
        """Read everything about one student, and compare it with what the classroom's matrices and list say.

        Raises:
            IndexError: There is no student of this number.
            RunError: Its file is missing or damaged, or they differ; the message names the file.
        """
        student = self.record(index)
        listed = self.names[index], dict(self.kinds[index])
        for problem in self._differences(index, student, list(range(len(self._pretests))), listed):
            raise RunError(problem)
        return student

    def nearest(
        self, vector: ArrayLike, pretest: int, k: int, among: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """Return the students whose knowledge was most like a new student's, by Euclidean distance.

        Args:
            vector: Knowledge components of the new student, shape ``(m,)``.
            pretest: Number of the pre-test at which they are compared, from 0.
            k: How many students, at least 1.
            among: Which of the first ``n`` students come into question, shape ``(n,)``; all by default.

        Returns:
            The numbers of the nearest students, nearest first and lower numbers first among equals; fewer than ``k``
            where there are fewer.

        Raises:
            ValueError: A vector of another length or with NaN, or a pre-test or ``k`` out of range.
            RunError: A matrix is damaged.
        """
        what = self.description
        query = what.scaled(checked_vector(vector, what))
        if not 0 <= pretest < len(what.pretests):
            raise ValueError(f"pretest must be a number from 0 to {len(what.pretests) - 1}, got {pretest}.")
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}.")
        n = len(self) if among is None else len(among)  # others may have come meanwhile
        matrix = self._pretests[pretest]
        self._check_rows(matrix, n)
        return matrix.nearest(query, n, k, among)

    # --- Adding ----------------------------------------------------------------------------------------------------

    def append(self, student: StudentRecord) -> int:
        """Add a student; another process that adds one at the same time waits.

        Returns:
            Its number.

        Raises:
            TypeError: No `StudentRecord`.
            RequestError: It has other tasks, another test set or other pre-tests, or its name is taken.
            RunError: The classroom is damaged, or the disk is full; it is as it was.
        """
        if not isinstance(student, StudentRecord):
            raise TypeError(f"Expected a StudentRecord, got {type(student).__name__}.")
        what = self.description
        what.check(student)
        with self._locked():
            n = len(self)
            if student.name in self._students.names(n):
                raise RequestError(f"There is a student {student.name!r} in {self.folder} already.")
            self.check_sizes()
            for left in self._student_file(n).parent.glob(f".{self._student_file(n).name}.*.tmp"):
                left.unlink(missing_ok=True)  # of a process that was killed
            save_state(self._student_file(n), {"format": FORMAT, **student.to_plain()}, compress=True)
            self._students.write(n, student.name, student.kind)
            for matrix, vector in zip(self._pretests, student.competences, strict=True):
                matrix.write(n, what.scaled(vector)[None])
            self._summaries.write(n, np.array([self._summary(student)]))
        return n

    def enrol(self, student: StudentRecord) -> tuple[str, bool]:
        """Add a student unless it is there, under its name or, where another student has that, with a number behind it.

        Returns:
            The name under which it is there, and whether it was added.

        Raises:
            RequestError: It has other tasks, another test set or other pre-tests.
            RunError: The classroom is damaged, or the disk is full.

        Example:
            >>> import tempfile
            >>> from tutelage import TaskSpace
            >>> from tutelage.teachers.meta import GaussianHistory
            >>> room = Classroom.create(tempfile.mkdtemp(), TaskSpace(x=(0.0, 1.0)), "two", pretests=[9],
            ...                         n_components=2)
            >>> one, two = (
            ...     StudentRecord("run", {}, [9], [[0.0, 0.0]], [1.0, score], score, GaussianHistory.empty(1))
            ...     for score in (1.0, 2.0)
            ... )
            >>> [room.enrol(each) for each in (one, two, one)]
            [('run', True), ('run (2)', True), ('run', False)]
        """
        while True:
            names = {name: index for index, name in enumerate(self.names)}
            name, number = student.name, 1
            while name in names:
                if self._is(names[name], student):
                    return name, False
                number += 1
                name = f"{student.name[: LONGEST_NAME - _FOR_A_NUMBER]} ({number})"
            try:
                self.append(replace(student, name=name))
            except RequestError:
                if name not in self.names:
                    raise
                continue  # another process was quicker
            return name, True

    def _is(self, index: int, other: StudentRecord) -> bool:
        try:
            one = self.record(index)
        except RunError:  # a damaged file: who it was cannot be told
            return False
        return (
            one.score == other.score
            and one.kind == other.kind
            and np.array_equal(one.competences, other.competences)
            and np.array_equal(one.final, other.final)
            and np.array_equal(one.gaussians.returns, other.gaussians.returns)
        )

    def merge(self, other: Classroom | str | os.PathLike[str]) -> Merged:
        """Add the students of another classroom that are not here yet.

        A student whose name is taken by another one gets a number behind it. One whose file is damaged is passed over:
        merging into a new classroom leaves the damaged ones behind.

        Raises:
            RequestError: The other one is for other tasks, another test set or other pre-tests, or is this one.
            RunError: A file cannot be read or written.
        """
        other = other if isinstance(other, Classroom) else Classroom(other)
        difference = self.description.difference(other.description)
        if difference is not None:
            raise RequestError(f"{other.folder} cannot be merged into {self.folder}: {difference}.")
        if other.folder.resolve() == self.folder.resolve():
            raise RequestError(f"{other.folder} is this classroom itself.")
        added = known = 0
        problems: list[str] = []
        for index in range(len(other)):
            try:
                student = other.record(index)
            except RunError as error:
                problems.append(str(error))
                continue
            _, new = self.enrol(student)
            added, known = added + new, known + (not new)
        return Merged(added, known, problems)

    def check_sizes(self) -> None:
        """Check that the matrices have all students.

        Raises:
            RunError: One is missing or damaged.
        """
        n = len(self)
        for matrix in self._pretests:
            self._check_rows(matrix, n)

    # --- Checking --------------------------------------------------------------------------------------------------

    def check(self, tell: Callable[[int, int], object] = lambda done, all_of_them: None) -> list[str]:
        """Read everything, and return what is wrong with it, one sentence each.

        Args:
            tell: Is called with the number of students checked and that of all.
        """
        try:
            n = len(self)
        except RunError as error:
            return [str(error)]
        problems: list[str] = []
        sound: list[int] = []
        for number, matrix in enumerate(self._pretests):
            try:
                self._check_rows(matrix, n)
                sound.append(number)
            except RunError as error:
                problems.append(str(error))
        listed: list[tuple[str, dict[str, Any]]] | None = None
        try:
            listed = list(zip(self.names, self.kinds, strict=False))
        except RunError as error:
            problems.append(str(error))
        for index in range(n):
            problems += self._check_student(index, sound, None if listed is None else listed[index])
            tell(index + 1, n)
        return problems

    def _check_student(
        self, index: int, pretests: list[int], listed: tuple[str, dict[str, Any]] | None
    ) -> Iterator[str]:
        file = self._student_file(index)
        try:
            student = self._read(file)
        except RunError as error:
            yield str(error)
            return
        yield from self._differences(index, student, pretests, listed)

    def _differences(
        self, index: int, student: StudentRecord, pretests: list[int], listed: tuple[str, dict[str, Any]] | None
    ) -> Iterator[str]:
        file = self._student_file(index)
        if listed is not None and student.name != listed[0]:
            yield f"{file} is the file of {student.name!r}, expected {listed[0]!r}."
        elif listed is not None and student.kind != listed[1]:
            yield f"{file} says that {student.name!r} is of kind {student.kind}, {self._students.path} {listed[1]}."
        summary = np.array(self._summary(student), self._summaries.dtype)
        vectors = self.description.scaled(student.competences).astype(np.float32)
        rows = [(self._pretests[i], vectors[i]) for i in pretests]
        for matrix, expected in [*rows, (self._summaries, summary)]:
            if not np.array_equal(matrix.rows([index])[0], expected):
                yield f"Row {index} of {matrix.path} is not what {file} says."

    # --- Files -----------------------------------------------------------------------------------------------------

    def _student_file(self, index: int) -> Path:
        return self.folder / "students" / f"{index:08d}.npz"

    def _summary(self, student: StudentRecord) -> list[float]:
        first, final = (float(self.description.scaled(v).sum()) for v in (student.competences[0], student.final))
        alps = student.gaussians.alps
        highest = float(alps.max()) if len(alps) else 0.0
        return [first, final, student.score, highest, *student.gaussians.return_range]

    def _read(self, file: Path) -> StudentRecord:
        state = load_state(file)
        if state.get("format") != FORMAT:
            raise RunError(f"{file} is of format {state.get('format')!r}, this version of Tutelage reads {FORMAT}.")
        try:
            student = StudentRecord.from_plain(state)
            self.description.check(student)
        except (ValueError, TypeError) as error:
            raise RunError(f"{file} is damaged: {error}") from error
        return student

    def _check_rows(self, matrix: MatrixFile, n: int) -> None:
        found = matrix.n_rows()
        if found < n:
            raise RunError(f"{matrix.path} is damaged: it has {found} students, expected {n}.")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from adding students meanwhile; a killed process keeps nobody out."""
        try:
            file = open(self.folder / DESCRIPTION, "r+b")  # noqa: SIM115 - closed below
        except OSError as error:
            raise RunError(f"Cannot write to the classroom in {self.folder}: {error.strerror or error}.") from error
        with file:
            if not lock_file(file, wait=True):
                warnings.warn(
                    f"{self.folder} is on a file system without locks: add students one at a time.", stacklevel=3
                )
            yield


def checked_vector(vector: ArrayLike, description: ClassroomDescription) -> NDArray[np.float64]:
    """Return the knowledge components of a student as numbers.

    Raises:
        ValueError: Another number of them than the test set has tasks, or one that is NaN, infinite or beyond 1e15.
    """
    try:
        values = np.asarray(vector, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Expected knowledge components as numbers, got {vector!r}.") from error
    m = description.n_components
    if values.shape != (m,):
        raise ValueError(
            f"Expected knowledge components of shape ({m},), one for each task of {description.test_set!r}; got shape "
            f"{values.shape}."
        )
    bad = ~(np.abs(values) <= LARGEST)
    if bad.any():
        i = int(np.argmax(bad))
        raise ValueError(f"Knowledge component {i} is NaN, infinite or beyond ±{LARGEST:g}: {values[i]}.")
    return values


def _matrices(folder: Path, description: ClassroomDescription) -> list[MatrixFile]:
    """The matrix of each pre-test, and the summaries."""
    m, n = description.n_components, len(description.pretests)
    pretests = [MatrixFile(folder / f"pretest_{i}.npy", m, np.float32) for i in range(n)]
    return [*pretests, MatrixFile(folder / "summaries.npy", len(SUMMARY), np.float64)]
