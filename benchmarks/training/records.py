"""What a training run writes down: its tasks and its evaluations, and the summary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...checkpoints import Checkpoint
from ...errors import RunError
from ...run_directory import RunDirectory
from ...task_log import TaskLog
from ...teachers.meta.student_record import LONGEST_NAME
from ..evaluation import Evaluation, evaluate
from .curriculum_metrics import evaluation_metrics
from .evaluation_log import EvaluationLog
from .parts import RunParts, Students
from .pretests import RunPretests
from .progress_bar import ProgressBar


class RunRecords:
    """The records of a run, which go on where a checkpoint was taken.

    Args:
        run: The run directory.
        parts: What the run consists of.
        students: Who learns; the student's ``num_timesteps`` is the clock.
        checkpoint: Where to go on; None begins anew.
        bar: Shows what is going on.

    Attributes:
        tasks: Every task handed out; a listener for the curriculum wrapper.
        evaluations: Every evaluation.
        pretests: What the teacher and a classroom want to know of the student.

    Raises:
        RunError: A file is missing, damaged or older than the checkpoint.
    """

    def __init__(
        self, run: RunDirectory, parts: RunParts, students: Students, checkpoint: Checkpoint | None, bar: ProgressBar
    ) -> None:
        self.run, self.parts, self.student, self.bar = run, parts, students.student, bar
        self._antagonist = students.antagonist
        self.tasks = TaskLog(parts.space.n_dims, self._clock, parts.space.dtype)
        self.evaluations = EvaluationLog(parts.test_tasks, parts.config.test_set or "")
        self._latest: tuple[int, Evaluation] | None = None
        self.pretests = RunPretests(parts.teacher, parts.pretest_plan(), parts.classroom, parts.kind)
        if checkpoint is not None:
            try:
                self._load(checkpoint.meta, checkpoint.step)
            except RunError as error:
                raise RunError(f"{error} Restore it from a copy; without it the run cannot go on.") from error

    def _clock(self) -> int:
        return int(self.student.num_timesteps)

    def _load(self, meta: Mapping[str, Any], step: int) -> None:
        n_tasks, n_evaluations = int(meta.get("n_tasks", 0)), int(meta.get("n_evaluations", 0))
        self.tasks = TaskLog.load(self.run.tasks_file, n_tasks, self._clock)
        if self.tasks.tasks.shape[1] != self.parts.space.n_dims:
            raise RunError(f"{self.run.tasks_file} is damaged: its tasks are not of {self.parts.space}.")
        if n_evaluations:
            file = self.run.evaluations_file
            self.evaluations = EvaluationLog.load(file)
            self.evaluations.truncate(step)
            if len(self.evaluations) < n_evaluations:
                raise RunError(f"{file} is damaged: it holds {len(self.evaluations)} evaluations, not {n_evaluations}.")
        self.pretests.set_state(meta, self.evaluations)

    # --- Called while training ---------------------------------------------------------------------------------

    def between_rollouts(self, steps: int) -> None:
        """Evaluate when it is time, and tell the teacher if it waits for that."""
        every = self.parts.config.eval_every
        last = self.evaluations.steps[-1] if self.evaluations.steps else 0
        if steps // every > last // every or self.pretests.due(steps, last):
            result = self.evaluate(steps)
            for name, value in evaluation_metrics(self.evaluations.success).items():
                self.student.logger.record(f"test/{name}", value)
            self.pretests.note(steps, result, int(np.isfinite(self.tasks.returns).sum()))

    def before_checkpoint(self) -> dict[str, Any]:
        """Write the logs, which must never be older than a checkpoint, and say how far they are."""
        self.save()
        return {"n_tasks": len(self.tasks), "n_evaluations": len(self.evaluations), **self.pretests.get_state()}

    def save(self) -> None:
        """Write the task log and the evaluations."""
        self.tasks.save(self.run.tasks_file)
        if len(self.evaluations):
            self.evaluations.save(self.run.evaluations_file)

    def evaluate(self, steps: int) -> Evaluation:
        """Evaluate the student on the test tasks, once for each number of steps."""
        if self._latest is not None and self._latest[0] == steps:
            return self._latest[1]
        config = self.parts.config
        result = evaluate(
            self.student,
            self.parts.make_env,
            self.parts.test_tasks,
            episodes=config.eval_episodes or 1,
            deterministic=config.eval_deterministic is not False,
            seed=config.seed,
            normalize=self.student.get_vec_normalize_env(),
            success_above=config.success_above,
            progress=self.bar.evaluating,
        )
        self._latest = steps, result
        if steps not in self.evaluations.steps[-1:]:
            self.evaluations.add(steps, result)
        self.evaluations.save(self.run.evaluations_file)
        mastered = "" if np.isnan(result.mastered) else f", {result.mastered:.0f} % mastered"
        self.bar.say(f"{steps:>11,} steps: mean return {result.mean_return:.1f}{mastered} on {config.test_set}")
        return result

    def enrol(self) -> dict[str, str]:
        """Add the student, whose run has ended, to its classroom, unless it is there; after `evaluate` at the end.

        Returns:
            What the summary says about it, nothing without a classroom.

        Raises:
            RunError: It cannot be added.
        """
        try:
            room = self.parts.open_classroom(new=False)
            if room is None:
                return {}
            name = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "?", self.run.path.resolve().name)[:LONGEST_NAME]
            name, _ = room.enrol(self.pretests.record(name, self.evaluations, self.parts.space))
        except (RunError, ValueError) as error:
            raise RunError(f"The student cannot be added to its classroom: {error}") from error
        self.bar.say(f"The student is in the classroom {room.folder} as {name!r}, with {len(room):,} in all.")
        return {"classroom": str(room.folder), "classroom_name": name}

    def summary(self, result: Evaluation, seconds: float) -> dict[str, Any]:
        """Return the final numbers."""
        config = self.parts.config
        return {
            "env": config.env,
            "teacher": config.teacher,
            "student": config.student,
            "seed": config.seed,
            "steps": self._clock(),
            **self._steps_of_all(),
            "tasks": len(self.tasks),
            "test_set": config.test_set,
            "mean_return": result.mean_return,
            "mastered": None if np.isnan(result.mastered) else result.mastered,
            **self._kept(),
            "seconds_of_last_session": round(seconds, 1),
        }

    def _kept(self) -> dict[str, float]:
        """What the evaluations say of successes, where these are known."""
        metrics = evaluation_metrics(self.evaluations.success)
        return {name: metrics[name] for name in ("all_variants", "forgetting_aware") if name in metrics}

    def _steps_of_all(self) -> dict[str, Any]:
        """The steps of every agent, where there are more than one: a teacher's are the edits of its levels."""
        teacher = int(self.parts.teacher.metrics().get("builder_steps", 0))
        steps = {"protagonist": self._clock(), "teacher": teacher}
        if self._antagonist is not None:
            steps["antagonist"] = int(self._antagonist.num_timesteps)
        elif not teacher:
            return {}
        return {"steps_of_all": {**steps, "total": sum(steps.values())}}
