"""Training runs: a student in an environment under a teacher, in a run directory that can be resumed.

A run that is killed at any moment and resumed hands out the same tasks and ends with the same weights, bit for bit, as
one that was never interrupted: checkpoints are points at which both begin new episodes (`students.checkpointing`).
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from tqdm import tqdm

from ..checkpoints import Checkpoint, CheckpointStore
from ..errors import RequestError, RunError, unknown_name
from ..registry import make_teacher
from ..run_directory import RunDirectory
from ..state import load_state
from ..task_flags import parse_arguments
from ..task_log import TaskLog
from ..teachers.teacher import Teacher
from .environments import EnvironmentMaker, resolve_environment, task_space_of
from .evaluation import Evaluation, EvaluationLog, evaluate
from .test_sets import choose_test_tasks


@dataclass
class TrainConfig:
    """Everything that decides what a training run does.

    Attributes:
        env: A Gymnasium id, or the short name of one of ours (``StumpTracks``).
        teacher: A registered teacher.
        student: A student of `list_students`.
        steps: Environment steps of the whole run.
        n_envs: Parallel environments.
        seed: Seed of teacher, environments and student.
        task: Dimensions of the task space, for an environment whose attributes become its tasks.
        env_args: Arguments of ``gymnasium.make``.
        teacher_args: Hyperparameters of the teacher.
        student_args: Arguments of the student's algorithm, over those of its preset.
        preset: Preset of the student; by default ``tracks`` for our tracks where there is one, else ``sb3``.
        vec_env: ``"dummy"`` (one process) or ``"subproc"`` (one worker per environment).
        device: Where torch computes.
        torch_threads: Threads of torch.
        test_set: Name of a frozen test set; by default the environment's own, or tasks drawn once.
        eval_every: Environment steps between two evaluations.
        eval_episodes: Episodes for each test task.
        success_above: Return above which an episode is a success, where the environment does not tell.
        checkpoint_every: Environment steps between two checkpoints.
    """

    env: str
    teacher: str = "alp-gmm"
    student: str = "ppo"
    steps: int = 1_000_000
    n_envs: int = 8
    seed: int = 0
    task: list[str] = field(default_factory=list)
    env_args: dict[str, Any] = field(default_factory=dict)
    teacher_args: dict[str, Any] = field(default_factory=dict)
    student_args: dict[str, Any] = field(default_factory=dict)
    preset: str | None = None
    vec_env: Literal["dummy", "subproc"] = "dummy"
    device: str = "cpu"
    torch_threads: int = 1
    test_set: str | None = None
    eval_every: int = 250_000
    eval_episodes: int = 1
    success_above: float | None = None
    checkpoint_every: int = 100_000

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> TrainConfig:
        """Build a configuration from the contents of a ``config.yaml``.

        Raises:
            RequestError: An unknown or missing name.
        """
        known = [f.name for f in fields(cls)]
        for name in values:
            if name not in known and name != "versions":
                raise RequestError(unknown_name("setting", name, known))
        if "env" not in values:
            raise RequestError("The configuration names no environment (env).")
        return cls(**{name: value for name, value in values.items() if name != "versions"})

    def __post_init__(self) -> None:
        """Check what needs no environment."""
        self.env_args = parse_arguments(self.env_args, "--env-arg")
        self.teacher_args = parse_arguments(self.teacher_args, "--teacher-arg")
        self.student_args = parse_arguments(self.student_args, "--student-arg")
        for name in ("steps", "n_envs", "eval_every", "eval_episodes", "checkpoint_every", "torch_threads"):
            value = getattr(self, name)
            try:
                whole = int(value)
            except (TypeError, ValueError, OverflowError) as error:
                raise RequestError(f"{name} must be a whole number, got {value!r}.") from error
            if whole != float(value) or whole < 1:
                raise RequestError(f"{name} must be a whole number of at least 1, got {value!r}.")
            setattr(self, name, whole)
        if not isinstance(self.seed, int) or isinstance(self.seed, bool) or not 0 <= self.seed < 2**31:
            raise RequestError(f"seed must be a whole number between 0 and 2³¹ − 1, got {self.seed!r}.")
        if self.vec_env not in ("dummy", "subproc"):
            raise RequestError(unknown_name("vec_env", self.vec_env, ["dummy", "subproc"]))


def default_run_folder(config: TrainConfig) -> Path:
    """Return ``runs/<env>__<teacher>__<student>__<seed>__<time>``."""
    short = resolve_environment(config.env).rpartition("/")[2].replace(":", "-")
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return Path("runs") / f"{short}__{config.teacher}__{config.student}__{config.seed}__{stamp}"


def train(config: TrainConfig, folder: str | Path | None = None, *, quiet: bool = False) -> dict[str, Any]:
    """Start a run and carry it through.

    Args:
        config: What to do.
        folder: The run directory, new or empty; by default `default_run_folder`.
        quiet: Show nothing.

    Returns:
        The summary that is written to the run directory.

    Raises:
        RequestError: Something in the configuration does not exist or does not fit; nothing was written.
        RunError: The run failed; what was saved is intact.
        KeyboardInterrupt: Ctrl-C, after saving.

    Example:
        >>> import tempfile
        >>> config = TrainConfig("CartPole-v1", task=["length=0.2:2.0"], steps=512, n_envs=2,
        ...                      student_args={"n_steps": 128, "batch_size": 64})
        >>> train(config, tempfile.mkdtemp(), quiet=True)["steps"]
        512
    """
    parts = _Parts(config)
    run = RunDirectory.create(folder or default_run_folder(config), asdict(config))
    return _execute(run, parts, None, quiet)


def resume(folder: str | Path, *, quiet: bool = False) -> dict[str, Any]:
    """Go on with a run that was interrupted, from its latest checkpoint or from the beginning.

    Args:
        folder: The run directory.
        quiet: Show nothing.

    Returns:
        The summary; that of a run which had ended is returned as it is.

    Raises:
        RequestError: There is no run.
        RunError: A file of the run is damaged; the message names it.
    """
    run = RunDirectory.open(folder)
    summary = run.read_summary()
    if summary:
        if not quiet:
            print(
                f"{run.path} has ended after {summary.get('steps', '?'):,} steps; nothing to resume.", file=sys.stderr
            )
        return summary
    try:
        config = TrainConfig.from_mapping(run.config)
    except (RequestError, TypeError) as error:
        raise RunError(f"{run.config_file} is damaged: {error}") from error
    return _execute(run, _Parts(config), CheckpointStore(run.checkpoints_folder).latest(), quiet)


class _Parts:
    """What a configuration names, made and checked before anything is written."""

    def __init__(self, config: TrainConfig) -> None:
        from ..students.building import student_arguments, student_class

        self.config = config
        self.env_id = resolve_environment(config.env)
        self.make_env = EnvironmentMaker(self.env_id, config.env_args, tuple(config.task))
        probe = self.make_env()
        try:
            self.space = task_space_of(probe, self.env_id)
            self.test_set, self.test_tasks = choose_test_tasks(self.env_id, self.space, config.test_set)
        finally:
            probe.close()
        student_class(config.student)
        self.preset = config.preset or _default_preset(self.env_id, config.student)
        student_arguments(config.student, self.preset, config.student_args)
        self.teacher = self._teacher()

    def _teacher(self) -> Teacher:
        try:
            return make_teacher(self.config.teacher, self.space, seed=self.config.seed, **self.config.teacher_args)
        except (TypeError, ValueError) as error:
            raise RequestError(str(error)) from error


def _default_preset(env_id: str, student: str) -> str:
    from ..students.presets import list_presets

    return "tracks" if env_id.endswith("Tracks-v0") and "tracks" in list_presets(student) else "sb3"


def _execute(run: RunDirectory, parts: _Parts, checkpoint: Checkpoint | None, quiet: bool) -> dict[str, Any]:
    from ..students.checkpointing import begin_episodes, load_student
    from ..students.building import make_student, prepare, student_arguments, student_class
    from ..students.teacher_callback import TEACHER_FILE, StopTraining, TeacherCallback
    from ..wrappers import make_curriculum_vec_env
    from .run_logger import make_logger

    config, teacher = parts.config, parts.teacher
    started = time.time()
    arguments = student_arguments(config.student, parts.preset, config.student_args)
    if checkpoint is not None:
        try:
            teacher.load_state_dict(load_state(checkpoint.path / TEACHER_FILE))
        except ValueError as error:
            raise RunError(f"{checkpoint.path / TEACHER_FILE} does not fit this run: {error}") from error
    venv = make_curriculum_vec_env(
        parts.make_env, teacher, n_envs=config.n_envs, seed=config.seed, vec_env_cls=config.vec_env
    )
    try:
        if checkpoint is None:
            student = make_student(
                config.student,
                venv,
                preset_name=parts.preset,
                seed=config.seed,
                device=config.device,
                torch_threads=config.torch_threads,
                **config.student_args,
            )
        else:
            env = prepare(venv, bool(arguments.get("normalize_observations", False)), config.torch_threads)
            student = load_student(student_class(config.student), checkpoint.path, env, config.device)
        records = _Records(run, parts, student, checkpoint, quiet)
        venv.add_listener(records.tasks)
        callback = TeacherCallback(
            checkpoints=CheckpointStore(run.checkpoints_folder),
            checkpoint_every=config.checkpoint_every,
            seed=config.seed,
            meta=records.before_checkpoint,
            between_rollouts=[records.between_rollouts],
        )
        student.set_logger(make_logger(run, student.num_timesteps))
        begin_episodes(student, config.seed)
        with _interruptible(callback, quiet), records.progress():
            remaining = config.steps - student.num_timesteps
            if remaining > 0:
                try:
                    student.learn(remaining, callback=[callback, records.ticker()], reset_num_timesteps=False)
                except StopTraining as stop:
                    records.save()
                    raise KeyboardInterrupt(
                        f"Stopped and saved after {student.num_timesteps:,} steps. "
                        f"Go on with: tutelage resume {run.path}"
                    ) from stop
            result = records.evaluate(student.num_timesteps)
        records.save()
        summary = records.summary(result, time.time() - started)
        run.write_summary(summary)
        return summary
    except OSError as error:
        raise RunError(
            f"The run in {run.path} failed: {error.strerror or error}. What was saved is intact; "
            f"`tutelage resume {run.path}` goes on when the cause is mended."
        ) from error
    finally:
        venv.close()


class _Records:
    """What a run writes down while it trains."""

    def __init__(
        self, run: RunDirectory, parts: _Parts, student: Any, checkpoint: Checkpoint | None, quiet: bool
    ) -> None:
        self.run, self.parts, self.student, self.quiet = run, parts, student, quiet
        self.bar: Any = None
        self._last: tuple[int, Evaluation] | None = None

        def clock() -> int:
            return int(student.num_timesteps)

        if checkpoint is None:
            self.tasks = TaskLog(parts.space.n_dims, clock)
            self.evaluations = EvaluationLog(parts.test_tasks, parts.test_set)
        else:
            self.tasks = TaskLog.load(run.tasks_file, checkpoint.meta.get("n_tasks"), clock)
            if run.evaluations_file.exists():
                self.evaluations = EvaluationLog.load(run.evaluations_file)
                self.evaluations.truncate(checkpoint.step)
            else:
                self.evaluations = EvaluationLog(parts.test_tasks, parts.test_set)
        self._last_evaluation = self.evaluations.steps[-1] if self.evaluations.steps else 0

    # --- Called while training ---------------------------------------------------------------------------------

    def between_rollouts(self, steps: int) -> None:
        """Evaluate when it is time."""
        every = self.parts.config.eval_every
        if steps // every > self._last_evaluation // every:
            self.evaluate(steps)

    def before_checkpoint(self) -> dict[str, Any]:
        """Write the logs, which must never be older than a checkpoint, and say how far they are."""
        self.save()
        return {"n_tasks": len(self.tasks)}

    def save(self) -> None:
        """Write the task log and the evaluations."""
        self.tasks.save(self.run.tasks_file)
        if self.evaluations.steps:
            self.evaluations.save(self.run.evaluations_file)

    def evaluate(self, steps: int) -> Evaluation:
        """Evaluate the student on the test tasks, once for each number of steps."""
        if self._last is not None and self._last[0] == steps:
            return self._last[1]
        config = self.parts.config
        result = evaluate(
            self.student,
            self.parts.make_env,
            self.parts.test_tasks,
            episodes=config.eval_episodes,
            seed=config.seed,
            normalize=self.student.get_vec_normalize_env(),
            success_above=config.success_above,
        )
        self._last, self._last_evaluation = (steps, result), steps
        if not (self.evaluations.steps and self.evaluations.steps[-1] == steps):
            self.evaluations.add(steps, result)
        self.evaluations.save(self.run.evaluations_file)
        self.say(f"{steps:>11,} steps: {_in_words(result)} on {self.parts.test_set}")
        return result

    def summary(self, result: Evaluation, seconds: float) -> dict[str, Any]:
        """Return the final numbers."""
        mastered = result.mastered
        return {
            "env": self.parts.env_id,
            "teacher": self.parts.config.teacher,
            "student": self.parts.config.student,
            "seed": self.parts.config.seed,
            "steps": int(self.student.num_timesteps),
            "tasks": len(self.tasks),
            "test_set": self.parts.test_set,
            "mean_return": result.mean_return,
            "mastered": None if np.isnan(mastered) else mastered,
            "seconds_of_last_session": round(seconds, 1),
        }

    # --- What is shown -----------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Print a line to standard error, above the progress bar if there is one."""
        if not self.quiet:
            tqdm.write(text, file=sys.stderr)

    @contextmanager
    def progress(self) -> Iterator[None]:
        """Show a progress bar while training, where standard error is a terminal."""
        hide = self.quiet or not sys.stderr.isatty()
        done = min(int(self.student.num_timesteps), self.parts.config.steps)
        self.bar = tqdm(
            total=self.parts.config.steps, initial=done, unit="step", unit_scale=True, disable=hide, dynamic_ncols=True
        )
        try:
            yield
        finally:
            self.bar.close()

    def ticker(self) -> Any:
        """Return the callback that moves the progress bar."""
        from stable_baselines3.common.callbacks import BaseCallback

        records = self

        class Ticker(BaseCallback):
            def _on_step(self) -> bool:
                records.bar.update(self.training_env.num_envs)
                if self.n_calls % 1_000 == 0 and self.model.ep_info_buffer:
                    mean = np.mean([episode["r"] for episode in self.model.ep_info_buffer])
                    records.bar.set_postfix_str(f"return {mean:.1f}", refresh=False)
                return True

        return Ticker()


@contextmanager
def _interruptible(callback: Any, quiet: bool) -> Iterator[None]:
    """Let the first Ctrl-C (or SIGTERM) finish the rollout and save, and the second stop at once."""

    def stop(number: int, frame: Any) -> None:
        if callback.stop_requested:
            raise KeyboardInterrupt("Stopped at once; the latest checkpoint is intact.")
        callback.stop_requested = True
        if not quiet:
            tqdm.write("Finishing the rollout, then saving. Press Ctrl-C again to stop at once.", file=sys.stderr)

    handlers: dict[int, Callable[..., Any] | int | None] = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            handlers[number] = signal.signal(number, stop)
    except ValueError:  # not in the main thread: there is no Ctrl-C to handle
        pass
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _in_words(result: Evaluation) -> str:
    mastered = "" if np.isnan(result.mastered) else f", {result.mastered:.0f} % mastered"
    return f"mean return {result.mean_return:.1f}{mastered}"
