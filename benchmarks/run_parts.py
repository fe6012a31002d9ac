"""What a configuration names, made and checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ..checkpoints import Checkpoint
from ..errors import RunError
from ..state import load_state
from .environments import EnvironmentMaker, WorkerMaker, resolve_environment, task_space_of, try_out
from .native_batch import has_native_batch
from .run_defaults import n_envs_of, with_defaults
from .run_teacher import teacher_of
from .test_sets import choose_test_tasks
from .train_config import TrainConfig


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

    Raises:
        RequestError: Something does not exist or does not fit.
        RunError: The environment fails.

    Example:
        >>> parts = RunParts(TrainConfig("StumpTracks", "random"))
        >>> parts.config.preset, parts.config.test_set
        ('tracks', 'stump-tracks/grid-100')
    """

    def __init__(self, config: TrainConfig) -> None:
        from ..students.building import check_device, student_arguments, student_class
        from ..students.signals import wanted_signals

        algorithm = student_class(config.student)
        check_device(config.device)
        env_id = resolve_environment(config.env)
        config = with_defaults(config, env_id)
        self._arguments = student_arguments(config.student, config.preset, config.student_args)
        self.make_env = EnvironmentMaker(env_id, config.env_args, tuple(config.task), config.success_above)
        env = self.make_env()
        try:
            self.space = task_space_of(env, env_id)
            test_set, self.test_tasks = choose_test_tasks(env_id, self.space, config.test_set)
            self.teacher = teacher_of(config, self.space, env)
            wanted_signals(self.teacher, algorithm)
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

    def load_teacher(self, checkpoint: Checkpoint) -> None:
        """Let the teacher go on where a checkpoint was taken.

        Raises:
            RunError: The file is damaged or of another teacher.
        """
        from ..students.teacher_callback import TEACHER_FILE

        file = checkpoint.path / TEACHER_FILE
        try:
            self.teacher.load_state_dict(load_state(file))
        except ValueError as error:
            raise RunError(f"{file} does not fit this run: {error}") from error

    @contextmanager
    def environments(self) -> Iterator[Any]:
        """Give the vector environment in which the teacher chooses the tasks, and close it at the end.

        Raises:
            RunError: A worker process dies at its start.
        """
        from ..wrappers import CurriculumVecEnv, make_curriculum_vec_env

        config = self.config
        assert config.n_envs is not None
        try:
            if config.vec_env == "native":
                venv = CurriculumVecEnv(self.make_env.vec_env(config.n_envs, config.seed), self.teacher)
            else:
                make = self.make_env if config.vec_env == "dummy" else WorkerMaker(self.make_env)
                venv = make_curriculum_vec_env(
                    make, self.teacher, n_envs=config.n_envs, seed=config.seed, vec_env_cls=config.vec_env
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

    def make_student(self, venv: Any, checkpoint: Checkpoint | None) -> Any:
        """Return a new student, or the one of a checkpoint.

        Raises:
            RequestError: The student does not fit the environment.
            RunError: The checkpoint is damaged.
        """
        from ..students.building import make_student, prepare, student_class
        from ..students.checkpointing import load_student

        config = self.config
        if checkpoint is not None:
            env = prepare(venv, bool(self._arguments.get("normalize_observations", False)), config.torch_threads)
            return load_student(student_class(config.student), checkpoint.path, env, config.device)
        return make_student(
            config.student,
            venv,
            preset_name=config.preset,
            seed=config.seed,
            device=config.device,
            torch_threads=config.torch_threads,
            **config.student_args,
        )
