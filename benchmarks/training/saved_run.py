"""A run on disk, opened to be evaluated or drawn: its configuration, its environment, its checkpoint's student."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...checkpoints import Checkpoint, CheckpointStore
from ...errors import RequestError, RunError
from ...run_directory import RunDirectory
from ...spaces import TaskSpace
from ...state import load_state
from ...teachers.teacher import Teacher
from ..environments import EnvironmentMaker, resolve_environment, task_space_of
from ..test_sets import choose_test_tasks
from .config import TrainConfig
from .teacher import teacher_of


@dataclass(frozen=True)
class SavedRun:
    """A run directory with what its configuration names.

    Attributes:
        run: The run directory.
        config: Its configuration.
        make_env: Makes its environment.
        space: The tasks of the environment.

    Example:
        >>> SavedRun.open("no such run")
        Traceback (most recent call last):
        ...
        tutelage.errors.RequestError: There is no run in no such run: the folder does not exist.
    """

    run: RunDirectory
    config: TrainConfig
    make_env: EnvironmentMaker
    space: TaskSpace

    @classmethod
    def open(cls, path: str | Path) -> SavedRun:
        """Open a run, finished or not.

        Raises:
            RequestError: There is no run, or its environment cannot be made here.
            RunError: Its configuration is damaged.
        """
        run = RunDirectory.open(path)
        try:
            config = TrainConfig.from_mapping(run.config)
        except (RequestError, TypeError) as error:
            raise RunError(f"{run.config_file} is damaged: {error}") from error
        rugged = config.seed if config.rugged else None
        make_env = EnvironmentMaker(resolve_environment(config.env), config.env_args, tuple(config.task), rugged=rugged)
        probe = make_env()
        try:
            space = task_space_of(probe, make_env.env_id)
        finally:
            probe.close()
        return cls(run, config, make_env, space)

    def checkpoint(self) -> Checkpoint | None:
        """Return the latest checkpoint, verified, or None where there is none yet.

        Raises:
            RunError: It is damaged; the message names the file.
        """
        return CheckpointStore(self.run.checkpoints_folder).latest()

    def latest_step(self) -> int | None:
        """Return the step of the latest checkpoint, unverified, or None where there is none yet."""
        return CheckpointStore(self.run.checkpoints_folder).latest_step()

    def test_tasks(self, name: str | None = None) -> tuple[str, NDArray[np.float64]]:
        """Return the name and the tasks of a test set, by default of the one the run is evaluated on.

        Raises:
            RequestError: An unknown test set, or one of another task space.
        """
        return choose_test_tasks(self.make_env.env_id, self.space, name or self.config.test_set)

    def load_student(self, checkpoint: Checkpoint, *, antagonist: bool = False) -> tuple[Any, Any]:
        """Load the student of a checkpoint, to act and not to learn.

        Args:
            checkpoint: One that was verified. Its ``student.zip`` holds pickled Python objects.
            antagonist: Load the second student of a run with two.

        Returns:
            The Stable-Baselines3 algorithm, without environment, and the ``VecNormalize`` whose statistics its
            observations are to be normalised with (None where it was trained without).

        Raises:
            RequestError: There is no antagonist.
            RunError: The student cannot be read or is one for another environment.
        """
        from stable_baselines3.common.utils import check_for_correct_spaces
        from stable_baselines3.common.vec_env import DummyVecEnv

        from ...students.building import prepare, student_class
        from ...students.checkpointing import NORMALIZATION_FILE, STUDENT_FILE, load_normalization
        from ...students.paired_training import ANTAGONIST_PREFIX

        prefix = ANTAGONIST_PREFIX if antagonist else ""
        file = checkpoint.path / f"{prefix}{STUDENT_FILE}"
        if antagonist and not file.is_file():
            raise RequestError(f"The run in {self.run.path} has no antagonist: {self.config.teacher} needs none.")
        normalized = (checkpoint.path / f"{prefix}{NORMALIZATION_FILE}").is_file()
        venv = prepare(DummyVecEnv([self.make_env]), normalized, self.config.torch_threads)
        try:
            try:  # a replay buffer is of no use here, and its memory is not needed
                student = student_class(self.config.student).load(
                    file, device=self.config.device, custom_objects={"buffer_size": 1}
                )
                check_for_correct_spaces(venv, student.observation_space, student.action_space)
            except Exception as error:  # zip, pickle and torch errors of damaged files have no common base
                reason = " ".join(str(error).split()).rstrip(".")
                raise RunError(f"{file} cannot be used with {self.make_env.env_id}: {reason}.") from error
            if normalized:
                load_normalization(venv, checkpoint.path, prefix)
        finally:
            venv.close()
        return student, venv if normalized else None

    def load_teacher(self, checkpoint: Checkpoint) -> Teacher:
        """Load the teacher of a checkpoint.

        Raises:
            RequestError: A teacher that is not registered here.
            RunError: Its state is damaged or does not fit.
        """
        from ...students.teacher_callback import TEACHER_FILE

        file = checkpoint.path / TEACHER_FILE
        env = self.make_env()
        env.close()
        teacher = teacher_of(self.config, self.space, env)
        try:
            teacher.load_state_dict(load_state(file))
        except ValueError as error:
            raise RunError(f"{file} does not fit this run: {error}") from error
        return teacher
