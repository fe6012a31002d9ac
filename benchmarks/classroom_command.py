"""What ``tutelage classroom`` says and does: look at a classroom, check it, join several."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ..errors import RequestError, RunError, unknown_name
from ..teachers.meta.classroom import Classroom
from ..teachers.meta.classroom_description import ClassroomDescription
from ..teachers.meta.matching import useful

ALP_THRESHOLD = 0.2
"""The default of AGAIN: what makes a student of use is told with it."""

_LONGEST_NAME, _FEW = 60, 10


def describe(room: Classroom) -> list[str]:
    """Return what the students of a classroom have in common, a line each.

    Example:
        >>> import tempfile
        >>> from tutelage import TaskSpace
        >>> space = TaskSpace(x=(0.0, 1.0))
        >>> room = Classroom.create(tempfile.mkdtemp(), space, "two tasks", pretests=[100], n_components=2)
        >>> for line in describe(room)[1:]:
        ...     print(line)
        students   0
        tasks      x=(0.0, 1.0)
        test set   two tasks, 2 tasks
        pre-tests  after 100 episodes
    """
    what = room.description
    amounts = " and ".join(f"{at:,}" for at in what.pretests)
    lines = [
        f"classroom  {room.folder}",
        f"students   {len(room):,}",
        f"tasks      {repr(what.task_space).removeprefix('TaskSpace(').removesuffix(')')}",
        f"test set   {what.test_set}, {what.n_components:,} tasks",
        f"pre-tests  after {amounts} {what.unit}",
    ]
    if what.bounds is not None:
        lines.append(f"bounds     results between {what.bounds[0]:g} and {what.bounds[1]:g} count, as 0 to 1")
    return lines


def list_lines(folder: str | Path) -> Iterator[str]:
    """Yield the lines of ``tutelage classroom list``: what the students have in common, and a line for each.

    Raises:
        RequestError: There is no classroom.
        RunError: It is damaged.
    """
    room = Classroom(folder)
    names, kinds, summaries = room.names, room.kinds, room.summaries()
    yield from describe(room)
    if not names:
        return
    use = useful(summaries, alp_threshold=ALP_THRESHOLD, return_bounds=room.description.bounds)
    width = min(_LONGEST_NAME, max(4, *map(len, names)))
    yield ""
    yield f"{'number':>6}  {'name':<{width}}  {'score':>7}  {'first':>9}  {'final':>9}  {'of use':<6}  kind"
    for i, name in enumerate(names):
        numbers = [f"{summaries[column][i]:>{size}.4g}" for column, size in (("score", 7), ("first", 9), ("final", 9))]
        row = [f"{i:>6}", f"{name:<{width}}", *numbers, f"{'yes' if use[i] else 'no':<6}", _kind(kinds[i])]
        yield "  ".join(row).rstrip()


def show_lines(folder: str | Path, which: str) -> list[str]:
    """Return the lines of ``tutelage classroom show``: everything about one student in short.

    Args:
        folder: The classroom.
        which: The student's name or number.

    Raises:
        RequestError: There is no classroom, or no such student.
        RunError: The classroom, or the student's file, is damaged.
    """
    room = Classroom(folder)
    index = _number_of(room, which)
    student, what = room.record(index), room.description
    tests = zip(student.episodes.tolist(), student.competences, strict=True)
    history, scaled = student.gaussians, what.scaled(student.final)
    lines = [
        f"student    {student.name}",
        f"number     {index}",
        f"kind       {_kind(student.kind) or 'not known'}",
        f"score      {student.score:.6g}",
        *(
            f"{f'test {i}':<10} after {episodes:,} episodes: {_in_short(what, vector)}"
            for i, (episodes, vector) in enumerate(tests, 1)
        ),
        f"at the end {_in_short(what, student.final)}",
    ]
    if len(history.returns):
        low, high = history.return_range
        lines.append(f"episodes   {len(history.returns):,}, returns from {low:.4g} to {high:.4g}")
    if len(history.alps):
        n_refits = len(history.refit_episodes)
        lines.append(
            f"curriculum {n_refits:,} fits, {len(history.alps):,} Gaussians, ALP up to {history.alps.max():.4g}"
        )
    else:
        lines.append("curriculum its teacher had no Gaussians")
    sound = float(what.scaled(student.competences[0]).sum()) <= float(scaled.sum())
    summaries = {name: column[index : index + 1] for name, column in room.summaries().items()}
    if useful(summaries, alp_threshold=ALP_THRESHOLD, return_bounds=what.bounds)[0]:
        lines.append("of use     yes")
    else:
        why = f"no Gaussian above {ALP_THRESHOLD:g} of the range of returns" if sound else "it knew less at the end"
        lines.append(f"of use     no: {why}")
    return lines


def check(folder: str | Path) -> tuple[str, list[str]]:
    """Read everything in a classroom.

    Returns:
        A sentence, and what is wrong, a sentence each.

    Raises:
        RequestError: There is no classroom, or it is of another version.
        RunError: It is too damaged to be read.
    """
    room = Classroom(folder)
    with tqdm(unit="student", disable=not sys.stderr.isatty(), dynamic_ncols=True, leave=False) as bar:

        def tell(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        problems = room.check(tell)
    try:
        n = f"{len(room):,}"
    except RunError:
        n = "an unknown number of"
    return f"{room.folder}: {n} students, {len(problems) or 'no'} problem{'s' * (len(problems) != 1)}.", problems


def merge(into: str | Path, others: Sequence[str | Path]) -> tuple[str, list[str]]:
    """Add the students of other classrooms to one, which is made where there is none.

    Returns:
        A sentence, and which students were left behind and why, a sentence each.

    Raises:
        RequestError: There is no other one, or one does not fit; then nothing was added.
        RunError: A classroom is damaged, or the disk is full.
    """
    if not others:
        raise RequestError("Name the classrooms whose students are to be added.")
    rooms = [Classroom(other) for other in others]
    target = Classroom.open_or_create(into, _common(Path(into), rooms))
    added = known = 0
    problems: list[str] = []
    for room in rooms:
        merged = target.merge(room)
        added, known, problems = added + merged.added, known + merged.known, problems + merged.problems
    there = f", {known:,} were there already" if known else ""
    return f"{target.folder}: {added:,} students added{there}, {len(target):,} in all.", problems


def _common(into: Path, rooms: Sequence[Classroom]) -> ClassroomDescription:
    """What all of them are like; refuses one that is not before anything is written."""
    found = Classroom(into).description if (into / "classroom.json").exists() else rooms[0].description
    for room in rooms:
        if room.folder.resolve() == into.resolve():
            raise RequestError(f"{room.folder} is the classroom that the others are to be added to.")
        difference = found.difference(room.description)
        if difference is not None:
            raise RequestError(f"{room.folder} cannot be merged into {into}: {difference}.")
    return found


def _number_of(room: Classroom, which: str) -> int:
    names = room.names
    if which in names:
        return names.index(which)
    if which.isdecimal() and int(which) < len(names):
        return int(which)
    if which.isdecimal():
        raise RequestError(f"There is no student {which} in {room.folder}: it has {len(names):,}, numbered from 0.")
    raise RequestError(
        unknown_name("student", which, names[:1000], f"`tutelage classroom list {room.folder}` has all.")
    )


def _kind(kind: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}" for name, value in kind.items()
    )


def _in_short(what: ClassroomDescription, vector: Any) -> str:
    scaled = what.scaled(vector)
    return f"sum {scaled.sum():.4g}, from {np.min(vector):.4g} to {np.max(vector):.4g}"
