"""What a configuration names, made and checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ...checkpoints import Checkpoint
from ...errors import RequestError, RunError
from ...state import load_state
from ...teachers.meta.classroom import Classroom
from ...teachers.meta.pretested import Pretested, PretestPlan
from ...teachers.teacher import Teacher, needs_antagonist, needs_rollouts
from ..enrolment import begin_record, check_plan, classroom_for, open_again, room_of, rooms_test_set
from ..environments import EnvironmentMaker, WorkerMaker, resolve_environment, task_space_of, try_out
from ..native_batch import has_native_batch
from ..test_sets import choose_test_tasks
from .config import TrainConfig
from .defaults import n_envs_of, with_defaults
from .pretests import kind_of, return_bounds_of
from .teacher import teacher_of


class Students(NamedTuple):
    """Who learns in a run."""

    venv: Any
    """Where the student plays."""
    student: Any
    """The one that is tested; the protagonist where there are two."""
    antagonist: Any
    """The second one; None where the teacher needs none."""


class RunParts:
    """The environment, the test tasks, the teacher and the student of a run.

    Args:
        config: What the run is.

    Attributes:
        config: The same, with the names that were left to the defaults.
        make_env: Makes one environment.
        space: Its task space.
        test_tasks: The tasks of ``config.test_set``, shape ``(n, d)``.
        teacher: A new teacher.
        kind: What kind of student learns, see `kind_of`.
        classroom: What the classroom that it is for is like; None for no classroom.

    Raises:
        RequestError: Something does not exist or does not fit.
        RunError: The environment fails.

    Example:
        >>> parts = RunParts(TrainConfig("StumpTracks", "random"))
        >>> parts.config.preset, parts.config.test_set
        ('tracks', 'stump-tracks/grid-100')
    """

    def __init__(self, config: TrainConfig, *, quiet: bool = False) -> None:
        from ...students.building import check_device, set_torch_threads, student_arguments, student_class
        from ..vae_command import ensure_vae

        algorithm = student_class(config.student)
        check_device(config.device)
        env_id = resolve_environment(config.env)
        config = with_defaults(config, env_id)
        self._arguments = student_arguments(config.student, config.preset, config.student_args)
        rugged = config.seed if config.rugged else None
        self.make_env = EnvironmentMaker(env_id, config.env_args, tuple(config.task), config.success_above, rugged)
        env = self.make_env()
        try:
            self.space = task_space_of(env, env_id)
            test_set, self.test_tasks = _test_tasks(config, env_id, self.space)
            config = ensure_vae(config, env_id, self.space, env, quiet=quiet)
            set_torch_threads(config.torch_threads)  # before any network is made: even their first weights depend on it
            self.teacher = teacher_of(config, self.space, env)
            self._check_student(algorithm, config.forget_every)
            self.kind = kind_of(env, config.env_args, config.student)
            try_out(env, env_id)
            native = config.vec_env == "native" or (config.vec_env == "auto" and has_native_batch(env))
        finally:
            env.close()
        self.config = replace(
            config,
            test_set=test_set,
            vec_env="native" if native else "dummy" if config.vec_env == "auto" else config.vec_env,
            n_envs=n_envs_of(config, native),
        )
        self.classroom = None
        if config.classroom is not None:
            self.classroom = classroom_for(
                config.classroom,
                self.space,
                test_set,
                self.test_tasks,
                unit="steps",
                amount=config.steps,
                pretests=config.pretests,
                rollout=self.rollout,
                bounds=return_bounds_of(env_id),
            )
            self.config = replace(self.config, pretests=list(self.classroom.pretests))
            begin_record(self.teacher)

    @property
    def rollout(self) -> int:
        """Environment steps of a rollout, at whose end the student may be tested."""
        from ...students.building import rollout_length

        assert self.config.n_envs is not None
        return rollout_length(self.config.student, self._arguments, self.config.n_envs)

    def pretest_plan(self) -> PretestPlan | None:
        """Return the test that the teacher waits for, None where there is none (any more).

        Raises:
            RequestError: It is none that this run can give, or the teacher's classroom does not fit or is missing.
            RunError: That classroom is damaged.
        """
        plan = self.teacher.pretest_plan if isinstance(self.teacher, Pretested) else None
        if plan is not None:
            check_plan(plan, str(self.config.test_set), self.test_tasks, "steps", self.config.steps, self.rollout)
        return plan

    def open_classroom(self, *, new: bool) -> Classroom | None:
        """Return the classroom that the student is for, None for no classroom.

        Args:
            new: Make it where there is none.

        Raises:
            RequestError: It is for other students, or there is none and none can be made.
            RunError: It is damaged.
        """
        if self.classroom is None or self.config.classroom is None:
            return None
        if new:
            return Classroom.open_or_create(self.config.classroom, self.classroom)
        return open_again(self.config.classroom, self.classroom)

    def _check_student(self, algorithm: Any, forget_every: int | None) -> None:
        from ...students.paired_training import check_algorithm
        from ...students.signals import wanted_signals

        if forget_every is not None and needs_antagonist(self.teacher):
            raise RequestError(
                "forget_every is for teachers with one student: leave it out, or choose another teacher."
            )
        if needs_rollouts(self.teacher):
            check_algorithm(self.teacher, algorithm)
        else:
            wanted_signals(self.teacher, algorithm)

    def load_teacher(self, checkpoint: Checkpoint) -> None:
        """Let the teacher go on where a checkpoint was taken.

        Raises:
            RunError: The file is damaged or of another teacher.
        """
        from ...students.teacher_callback import TEACHER_FILE

        file = checkpoint.path / TEACHER_FILE
        try:
            self.teacher.load_state_dict(load_state(file))
        except ValueError as error:
            raise RunError(f"{file} does not fit this run: {error}") from error

    @contextmanager
    def students(self, checkpoint: Checkpoint | None) -> Iterator[Students]:
        """Give the student, and an antagonist where the teacher needs one, and close their environments at the end.

        Args:
            checkpoint: Where to go on; None makes new students.

        Raises:
            RequestError: The student does not fit the environment.
            RunError: A worker process dies at its start, or the checkpoint is damaged.
        """
        from ...students.follower import Follower

        with self.environments() as venv:
            student = self.make_student(venv, checkpoint)
            if not needs_antagonist(self.teacher):
                yield Students(venv, student, None)
                return
            seed = self.antagonist_seed
            with self.environments(Follower(self.space, seed=seed), seed) as other:
                yield Students(venv, student, self.make_student(other, checkpoint, antagonist=True))

    @property
    def antagonist_seed(self) -> int:
        """The seed of the antagonist and of its environments."""
        return int(np.random.SeedSequence([self.config.seed, 1]).generate_state(1)[0] % 2**31)

    @contextmanager
    def environments(self, teacher: Teacher | None = None, seed: int | None = None) -> Iterator[Any]:
        """Give a vector environment in which a teacher chooses the tasks, and close it at the end.

        Args:
            teacher: Who chooses; by default the run's teacher.
            seed: Of the environments; by default the run's.

        Raises:
            RunError: A worker process dies at its start.
        """
        from ...wrappers import CurriculumVecEnv, make_curriculum_vec_env

        config = self.config
        teacher, seed = teacher or self.teacher, config.seed if seed is None else seed
        assert config.n_envs is not None
        try:
            if config.vec_env == "native":
                venv = CurriculumVecEnv(self.make_env.vec_env(config.n_envs, seed), teacher)
            else:
                make = self.make_env if config.vec_env == "dummy" else WorkerMaker(self.make_env)
                venv = make_curriculum_vec_env(
                    make, teacher, n_envs=config.n_envs, seed=seed, vec_env_cls=config.vec_env
                )
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            raise RunError(
                f"A worker process of {config.env} died at its start; its own error output may say why. "
                "`--vec-env dummy` does without worker processes."
            ) from error
        try:
            yield venv
        except BaseException:
            venv.abort()
            raise
        venv.close()

    def make_student(self, venv: Any, checkpoint: Checkpoint | None, *, antagonist: bool = False) -> Any:
        """Return a new student, or the one of a checkpoint.

        Args:
            venv: Where it learns.
            checkpoint: None makes a new one.
            antagonist: Whether it is the second student.

        Raises:
            RequestError: The student does not fit the environment.
            RunError: The checkpoint is damaged.
        """
        from ...students.building import make_student, prepare, student_class
        from ...students.checkpointing import load_student
        from ...students.paired_training import ANTAGONIST_PREFIX

        config = self.config
        if checkpoint is not None:
            env = prepare(venv, bool(self._arguments.get("normalize_observations", False)), config.torch_threads)
            prefix = ANTAGONIST_PREFIX if antagonist else ""
            return load_student(student_class(config.student), checkpoint.path, env, config.device, prefix)
        return make_student(
            config.student,
            venv,
            preset_name=config.preset,
            seed=self.antagonist_seed if antagonist else config.seed,
            device=config.device,
            torch_threads=config.torch_threads,
            **config.student_args,
        )


def _test_tasks(config: TrainConfig, env_id: str, space: Any) -> tuple[str, Any]:
    """Return the test set: as configured, as in the classrooms that the run has to do with, or the environment's."""
    if config.test_set is None:
        found = rooms_test_set([config.classroom, room_of(config.teacher, config.teacher_args)])
        if found is not None:
            folder, name = found
            try:
                return choose_test_tasks(env_id, space, name)
            except RequestError as error:
                raise RequestError(
                    f"The students of the classroom in {folder} were tested on {name!r}: {error}"
                ) from error
    return choose_test_tasks(env_id, space, config.test_set)
