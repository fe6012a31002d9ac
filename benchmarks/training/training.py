"""Training runs: a student in an environment under a teacher, in a run directory that can be resumed.

A run that is killed at any moment and resumed hands out the same tasks and ends with the same weights, bit for bit, as
one that was never interrupted: checkpoints are points at which both begin new episodes (`students.checkpointing`).
A run that is stopped with Ctrl-C takes a checkpoint where an uninterrupted one has none, and thus goes its own way from
there, as repeatably.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...checkpoints import Checkpoint, CheckpointStore
from ...errors import RequestError, RunError
from ...run_directory import NUMERICS, RunDirectory, versions
from ...teachers.teacher import needs_rollouts
from ..compilation import announced_compilation
from .config import TrainConfig as TrainConfig
from .config import default_run_folder
from .interruption import interruptible
from .logger import make_logger
from .parts import RunParts, Students
from .progress_bar import ProgressBar
from .records import RunRecords
from .rollout_log import RolloutLog
from .task_metrics import TaskMetrics

_LOG_EPISODES = 4
"""An off-policy student's log gets a row each time so many episodes have ended, as is Stable-Baselines3's default."""


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
    path = Path(folder) if folder is not None else default_run_folder(config)
    RunDirectory.check_new(path)
    with closing(ProgressBar(config.steps, quiet)) as bar, announced_compilation(bar.say):
        parts = RunParts(config, quiet=quiet)
        parts.pretest_plan()  # raises where the teacher's classroom does not fit
        with parts.students(None) as students:
            parts.open_classroom(new=True)
            run = RunDirectory.create(path, asdict(parts.config))
            names = parts.config
            bar.say(f"Training {names.student} on {names.env} under {names.teacher}; run directory: {run.path}")
            with run.locked():
                return _carry_through(run, parts, students, None, bar)


def resume(folder: str | Path, *, quiet: bool = False) -> dict[str, Any]:
    """Go on with a run that was interrupted, from its latest checkpoint or from the beginning.

    Args:
        folder: The run directory.
        quiet: Show nothing.

    Returns:
        The summary; that of a run which had ended is returned as it is.

    Raises:
        RequestError: There is no run, or another process is at it.
        RunError: A file of the run is damaged (the message names it), or the run failed again.
    """
    run = RunDirectory.open(folder)
    try:
        config = TrainConfig.from_mapping(run.config)
    except RequestError as error:
        raise RunError(f"{run.config_file} is damaged: {error}") from error
    with run.locked(), closing(ProgressBar(config.steps, quiet)) as bar, announced_compilation(bar.say):
        summary = run.read_summary()
        if summary:
            bar.say(f"{run.path} has ended after {summary['steps']:,} steps; there is nothing to resume.")
            return summary
        _tell_of_other_versions(run, bar)
        checkpoint = CheckpointStore(run.checkpoints_folder).latest()
        parts = RunParts(config)
        parts.open_classroom(new=False)
        if checkpoint is not None:
            parts.load_teacher(checkpoint)
        with parts.students(checkpoint) as students:
            return _carry_through(run, parts, students, checkpoint, bar)


def _tell_of_other_versions(run: RunDirectory, bar: ProgressBar) -> None:
    then, now = run.config.get("versions"), versions()
    changed = [
        f"{name} {then[name]} (now {now.get(name, 'missing')})"
        for name in (*NUMERICS, "git")
        if isinstance(then, dict) and name in then and then[name] != now.get(name)
    ]
    if changed:
        bar.say(f"The run was begun with {', '.join(changed)}: it may not go on bit for bit.")


def _carry_through(
    run: RunDirectory, parts: RunParts, students: Students, checkpoint: Checkpoint | None, bar: ProgressBar
) -> dict[str, Any]:
    """Train to the end, evaluate and write the summary."""
    started = time.time()
    store = CheckpointStore(run.checkpoints_folder)
    try:
        records = RunRecords(run, parts, students, checkpoint, bar)
        students.venv.add_listener(records.tasks)
        _learn(run, parts, students, store, checkpoint, records, bar)
        summary = records.summary(records.evaluate(students.student.num_timesteps), time.time() - started)
        records.save()
        summary.update(records.enrol())
        run.write_summary(summary)
        return summary
    except RequestError:
        raise
    except (RunError, OSError, ValueError) as error:
        reason = str(error) if isinstance(error, RunError) else f"The run in {run.path} failed: {error}"
        raise RunError(f"{reason.rstrip('.')}. {_how_to_go_on(run, store)}") from error


def _learn(
    run: RunDirectory,
    parts: RunParts,
    students: Students,
    store: CheckpointStore,
    checkpoint: Checkpoint | None,
    records: RunRecords,
    bar: ProgressBar,
) -> None:
    """Let the student, or both, take the steps that remain."""
    from ...students.checkpointing import begin_episodes, check_weights, set_clocks, set_pending_log
    from ...students.forgetting import Forgetting
    from ...students.paired_training import PairedTraining
    from ...students.teacher_callback import StopTraining, TeacherCallback

    config, student = parts.config, students.student
    remaining = config.steps - student.num_timesteps
    if remaining <= 0:  # killed after the last checkpoint
        return
    arguments: dict[str, Any] = {
        "checkpoints": store,
        "checkpoint_every": config.checkpoint_every,
        "seed": config.seed,
        "meta": records.before_checkpoint,
        "between_rollouts": [records.between_rollouts],
    }
    if config.forget_every is not None:
        forgotten = 0 if checkpoint is None else int(checkpoint.meta.get("forgotten", 0))
        forgetting = Forgetting(
            student, every=config.forget_every, until=config.steps, seed=config.seed, done=forgotten
        )
        arguments["between_rollouts"].append(forgetting)
        arguments["meta"] = lambda: {**records.before_checkpoint(), "forgotten": forgetting.done}
    if needs_rollouts(parts.teacher):
        callback: TeacherCallback = PairedTraining(students.antagonist, **arguments)
    else:
        callback = TeacherCallback(**arguments)
    with closing(make_logger(run, student.num_timesteps)) as logger:
        student.set_logger(logger)
        if checkpoint is not None:
            set_pending_log(student, checkpoint.meta.get("log", {}))
            for name, each in (("student", student), ("antagonist", students.antagonist)):
                set_clocks(each, dict(checkpoint.meta.get("clocks") or {}).get(name))
        with interruptible(callback, bar.say, f"`tutelage resume {run.path}` goes on from there."):
            try:
                begin_episodes(student, config.seed)
                student.learn(
                    remaining,
                    callback=[callback, TaskMetrics(parts.space, records.tasks), RolloutLog(), bar],
                    log_interval=None if hasattr(student, "rollout_buffer") else _LOG_EPISODES,
                    reset_num_timesteps=False,
                )
            except ValueError as error:  # what torch says of distributions with NaN
                check_weights(student, callback.role)
                raise error
            except StopTraining as stop:
                bar.close()
                steps = store.latest_step()
                done = "before anything was" if steps is None else f"after {steps:,} steps and"
                raise KeyboardInterrupt(f"Stopped {done} saved; `tutelage resume {run.path}` goes on.") from stop


def _how_to_go_on(run: RunDirectory, store: CheckpointStore) -> str:
    steps = store.latest_step()
    where = "begins anew" if steps is None else f"goes on after {steps:,} steps"
    return f"`tutelage resume {run.path}` {where} when that is mended."
