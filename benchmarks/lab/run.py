"""One run of a lab: a teacher and a simulated student, and what it cost the teacher."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...envs import ToyStudent
from ...errors import RequestError
from ...outcomes import Outcomes
from ...registry import make_teacher
from ...teachers.expert_knowledge import ExpertKnowledge
from ...teachers.meta.pretested import Pretested
from ...teachers.teacher import Teacher
from ..enrolment import begin_record
from .config import LabConfig, registered_name, takes_expert
from .film import Film
from .pretests import LabPretests
from .spaces import LabSpace, LabStudent, lab_space

SUCCESS = 0.75
"""A return above this is a success: that of a mastered cell."""

_WARM_UP = 1_000
_GIVEN = {"success", "truncated", "warmup"}
"""The outcome columns that every simulated student can fill, beyond the returns."""

_warm: set[str] = set()
"""What has been compiled in this process."""


@dataclass(frozen=True)
class LabRun:
    """What one run is: plain data that a worker process can be sent.

    Attributes:
        teacher: The label of the teacher.
        args: Its hyperparameters.
        expert: The level of expert knowledge it is given.
        space: The name of the space, see `lab_spaces.lab_space`.
        seed: Of teacher and student.
        episodes: How many.
        batch: Tasks handed out at once.
        evaluations: How often the score is taken.
        filmed: Whether it is recorded for an animation.
        restart: Whether the student begins anew after the pre-test that its teacher waits for.
        classroom: The classroom that the student is added to at the end; None for none.
        pretests: After how many episodes it is tested for that.
    """

    teacher: str
    space: str
    seed: int
    episodes: int
    batch: int = 1
    evaluations: int = 100
    expert: str = "no"
    filmed: bool = False
    args: dict[str, Any] = field(default_factory=dict)
    restart: bool = False
    classroom: str | None = None
    pretests: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.teacher} on {self.space}, seed {self.seed}"


def runs_of(config: LabConfig) -> list[LabRun]:
    """Return the runs of a lab, seed by seed, so that an interrupted lab has all teachers and spaces."""
    return [
        LabRun(
            teacher,
            space,
            seed,
            config.episodes_of(space),
            config.batch,
            config.evaluations,
            config.expert_of(teacher),
            config.is_filmed(space, seed),
            config.args_of(teacher),
            config.restarts(teacher),
            config.classroom,
            tuple(config.pretests),
        )
        for seed in config.all_seeds
        for space in config.spaces
        for teacher in config.teachers
    ]


def expert_knowledge(space: LabSpace, student: LabStudent, level: str) -> ExpertKnowledge:
    """Return what an expert knows of a space: where it begins, and that a return above 0.75 is mastery.

    Example:
        >>> space = lab_space("2d-10")
        >>> expert_knowledge(space, space.make_student(0), "high").initial_mean.tolist()
        [0.05, 0.05]
    """
    knowledge = ExpertKnowledge(
        initial_mean=student.start_task(),
        target_mean=np.array(space.target_task),
        bad_return=0.0,
        good_return=SUCCESS + 0.01,
        success_above=SUCCESS,
    )
    return knowledge.at_level(level)


def build_teacher(run: LabRun, student: LabStudent) -> Teacher:
    """Build the teacher of a run.

    Raises:
        RequestError: It refuses its hyperparameters, the space or the expert knowledge, or needs what the student of
            the space does not tell.
    """
    space = lab_space(run.space)
    name = registered_name(run.teacher)
    arguments = dict(run.args)
    if run.expert != "no" and "expert" not in arguments and takes_expert(run.teacher):
        arguments["expert"] = expert_knowledge(space, student, run.expert)
    try:
        teacher = make_teacher(name, student.task_space, seed=run.seed, **arguments)
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:  # what a wrong hyperparameter leads to
        what = "" if isinstance(error, (TypeError, ValueError)) else f"{type(error).__name__}: "
        raise RequestError(f"{run.teacher} cannot teach {run.space}: {what}{error}") from error
    lacking = sorted(set(teacher.needs) - _GIVEN - set(space.signals))
    if lacking:
        who = "a toy student" if space.unit == "cells" else f"the student of {run.space}"
        raise RequestError(f"{run.teacher} needs {', '.join(map(repr, lacking))}, which {who} cannot give.")
    return teacher


def refusals(config: LabConfig) -> dict[str, str]:
    """Return why teachers of a lab cannot teach one of its spaces, by teacher.

    Example:
        >>> refusals(LabConfig(["alp-gmm"], ["2d-10"], teacher_args={"alp-gmm": {"fit_rate": 1}}))["alp-gmm"][:33]
        'alp-gmm cannot teach 2d-10: fit_r'
    """
    refused: dict[str, str] = {}
    students = [(space, lab_space(space).make_student(0)) for space in config.spaces]
    for teacher in config.teachers:
        for space, student in students:
            episodes, args = config.episodes_of(space), config.args_of(teacher)
            run = LabRun(teacher, space, 0, episodes, expert=config.expert_of(teacher), args=args)
            try:
                LabPretests(run, student, build_teacher(run, student))
            except RequestError as error:
                refused[teacher] = str(error)
                break
    return refused


def play_run(
    run: LabRun,
    tell: Callable[[int], None] = lambda episodes: None,
    watch: Callable[[int, Any], object] | None = None,
) -> dict[str, Any]:
    """Carry a run through.

    Args:
        run: What to do.
        tell: Is called with the number of episodes played, at each evaluation.
        watch: Is called with the number of episodes played before, and the tasks handed out next, shape ``(n, d)``.

    Returns:
        ``points`` (episodes, shape ``(m,)``, beginning with 0), ``scores`` (% mastered there), ``sample_seconds`` and
        ``update_seconds`` (processor time of the teacher, without compilation and student), and ``film`` (or None). For
        a teacher that waits for a pre-test also ``metrics`` (its metrics at the points) and ``expert`` (whom it
        follows, or None); for a run with a classroom also ``record``, the `StudentRecord`.

    Raises:
        RequestError: The teacher refuses the space.

    Example:
        >>> result = play_run(LabRun("random", "2d-10", 0, 200, evaluations=2))
        >>> result["points"].tolist(), result["scores"].tolist()
        ([0, 100, 200], [0.0, 0.0, 0.0])
    """
    _compile(run)
    space = lab_space(run.space)
    student = space.make_student(run.seed)
    teacher = build_teacher(run, student)
    points = evaluation_points(run)
    scores, pretests = [student.score()], LabPretests(run, student, teacher)
    stops, evaluated = np.union1d(points, pretests.stops), set(points.tolist())
    if run.classroom is not None:
        begin_record(teacher)
    metrics = [teacher.metrics()] if isinstance(teacher, Pretested) else []
    film = Film(student, teacher, run.episodes) if run.filmed and isinstance(student, ToyStudent) else None
    sampling = updating = 0.0
    clock = time.thread_time  # not the time that other processes take
    with _compilation() as compiled:
        for begin, end in zip(stops[:-1].tolist(), stops[1:].tolist(), strict=True):
            for at in range(begin, end, run.batch):
                n = min(run.batch, end - at)
                t0 = clock()
                tasks = teacher.sample(n)
                t1 = clock()
                returns = student.play(tasks.values)
                outcomes = outcomes_of(tasks, returns, space.signals_of(student, tasks.values, returns))
                t2 = clock()
                teacher.update(outcomes)
                t3 = clock()
                sampling += t1 - t0
                updating += t3 - t2
                if film is not None:
                    film.add(tasks.values)
                if watch is not None:
                    watch(at, tasks.values)
            if end in evaluated:
                scores.append(student.score())
                tell(end)
            pretests.reach(end)
            if metrics and end in evaluated:
                metrics.append(teacher.metrics())
    result = {
        "points": points,
        "scores": np.array(scores),
        "sample_seconds": sampling,
        "update_seconds": max(0.0, updating - compiled[0]),
        "film": None if film is None else film.to_plain(),
    }
    if metrics:
        result["metrics"] = {name: np.array([each[name] for each in metrics]) for name in metrics[0]}
        result["expert"] = getattr(teacher, "expert", None)
    if run.classroom is not None:
        result["record"] = pretests.record()
    return result


def evaluation_points(run: LabRun) -> Any:
    """Return after how many episodes the score is taken: evenly spread, at the end of a batch, shape ``(m,)``.

    Example:
        >>> evaluation_points(LabRun("random", "2d-10", 0, 100, batch=30, evaluations=5)).tolist()
        [0, 30, 60, 90, 100]
    """
    even = np.linspace(0, run.episodes, min(run.evaluations, run.episodes) + 1)
    return np.unique(np.minimum(np.ceil(even / run.batch) * run.batch, run.episodes).astype(np.int64))


def outcomes_of(tasks: Any, returns: Any, signals: dict[str, Any] | None = None) -> Outcomes:
    """Return the outcomes of tasks that a simulated student has played, one step each."""
    n = len(returns)
    return Outcomes.unchecked(
        tasks=tasks.values,
        ids=tasks.ids,
        returns=returns,
        lengths=np.ones(n, dtype=np.int64),
        success=(returns > SUCCESS).astype(np.float64),
        truncated=np.zeros(n, dtype=np.bool_),
        warmup=np.zeros(n, dtype=np.bool_),
        signals=signals or {},
    )


def _compile(run: LabRun) -> None:
    """Play some episodes for nothing, once a process: what is compiled and imported then costs the run no time."""
    space = lab_space(run.space)
    key = f"{run.teacher} {space.n_dims} {space.unit} {run.args} {run.batch > 1}"
    if key in _warm:
        return
    student = space.make_student(run.seed)
    teacher = build_teacher(run, student)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # they come again with the run
        _play_for_nothing(run, space, student, teacher)
    _warm.add(key)


def _play_for_nothing(run: LabRun, space: LabSpace, student: LabStudent, teacher: Teacher) -> None:
    for _ in range(0, min(_WARM_UP, run.episodes), run.batch):
        tasks = teacher.sample(run.batch)
        returns = student.play(tasks.values)
        teacher.update(outcomes_of(tasks, returns, space.signals_of(student, tasks.values, returns)))


@contextmanager
def _compilation() -> Iterator[list[float]]:
    """Add up the seconds that numba compiles, for what the episodes played for nothing did not reach."""
    from numba.core import event

    class Stopwatch(event.Listener):  # type: ignore[misc]
        """Counts the outermost compilations."""

        depth, since = 0, 0.0

        def on_start(self, event: Any) -> None:
            if self.depth == 0:
                self.since = time.thread_time()
            self.depth += 1

        def on_end(self, event: Any) -> None:
            self.depth -= 1
            if self.depth == 0:
                total[0] += time.thread_time() - self.since

    total = [0.0]
    with event.install_listener("numba:compile", Stopwatch()):
        yield total
