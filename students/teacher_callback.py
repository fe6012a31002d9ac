"""The callback that ties a student to its teacher."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnvWrapper

from ..checkpoints import CheckpointStore
from ..errors import RequestError, RunError
from ..state import load_state, save_state
from ..wrappers.curriculum_vec_env import CurriculumVecEnv
from .checkpointing import (
    begin_episodes,
    check_weights,
    clocks_of,
    pending_log,
    reset_environments,
    save_student,
    seed_randomness,
)
from .episode_signals import EpisodeSignals
from .rollout import Rollout
from .signals import wanted_signals
from .transition_model import TransitionModel
from .withholding import Withholding

TEACHER_FILE = "teacher.npz"
TRANSITION_MODEL_FILE = "transition_model.npz"


class StopTraining(Exception):  # noqa: N818 - it reports no error
    """Raised between two rollouts when the training was asked to stop."""


class TeacherCallback(BaseCallback):
    """Logs the teacher's metrics, feeds it the student's signals and checkpoints both.

    Give it to ``learn``. The environment must be a `CurriculumVecEnv`, possibly inside other wrappers. A teacher that
    needs returns and successes only gets each episode when it ends; one that needs signals (`Teacher.needs`) gets it
    when the rollout that finished it has been scored.

    An on-policy student learns nothing from the steps of tasks that were handed out with ``train=False``
    (`Withholding`). Under a teacher with ``hold="rollout"`` every rollout of an on-policy student begins with new tasks
    in all environments, which each keeps to its end (`Curriculum.hold`); an off-policy student, which has no rollouts
    in this sense, gets a new task for each episode.

    Args:
        checkpoints: Where to save student and teacher; None saves nothing.
        checkpoint_every: Environment steps between two checkpoints. Checkpoints lie between rollouts; at each one all
            episodes begin anew (see `begin_episodes`).
        seed: The run's seed, for what begins anew.
        meta: Called at each checkpoint; returns plain data to store with it.
        between_rollouts: Called in order with the number of steps before each rollout, for evaluations and the like.
        verbose: 0 or 1, as in Stable-Baselines3.

    Raises:
        RequestError: When training starts: no `CurriculumVecEnv`, or a teacher that needs a signal the student cannot
            give. When the first such task is handed out: one not to be learned from, where the student cannot help it.
        RunError: While training: weights that have become NaN or infinite.

    Example:
        >>> import tutelage
        >>> from tutelage.students import TeacherCallback, make_student
        >>> from tutelage.wrappers import TaskAttributes, make_curriculum_vec_env
        >>> import gymnasium as gym
        >>> space = tutelage.TaskSpace(length=(0.2, 2.0))
        >>> teacher = tutelage.make_teacher("alp-gmm", space, seed=0)
        >>> env = make_curriculum_vec_env(lambda: TaskAttributes(gym.make("CartPole-v1"), space), teacher, n_envs=2)
        >>> student = make_student("ppo", env, n_steps=64, batch_size=32)
        >>> student.learn(128, callback=TeacherCallback()).num_timesteps
        128
    """

    role = "student"
    """What error messages call the student."""

    def __init__(
        self,
        *,
        checkpoints: CheckpointStore | None = None,
        checkpoint_every: int = 250_000,
        seed: int = 0,
        meta: Callable[[], dict[str, Any]] | None = None,
        between_rollouts: Sequence[Callable[[int], None]] = (),
        verbose: int = 0,
    ) -> None:
        super().__init__(verbose)
        if checkpoint_every < 1:
            raise ValueError(f"checkpoint_every must be at least 1 step, got {checkpoint_every}.")
        self.checkpoints = checkpoints
        self.checkpoint_every = checkpoint_every
        self.seed = seed
        self.meta = meta or dict
        self.between_rollouts = list(between_rollouts)
        self.stop_requested = False
        self._last_checkpoint = 0
        self._begun = False
        self._on_policy = True
        self._signals: EpisodeSignals | None = None
        self._transition_model: TransitionModel | None = None
        self._step_ids: list[NDArray[np.int64]] = []
        self._step_rewards: list[NDArray[np.floating[Any]]] = []

    # --- Start -------------------------------------------------------------------------------------------------

    def _init_callback(self) -> None:
        self.curriculum = find_curriculum(self.training_env)
        self.teacher = self.curriculum.teacher
        wanted = self._wanted_signals()
        self._signals = self._signals_so_far(wanted) if wanted else None
        if self.curriculum.unscored:  # the last training was stopped inside a rollout, which nobody will ever score
            self.curriculum.take_finished()
            if self.curriculum.stepped:
                reset_environments(self.model)
            self.curriculum.unscored = False
        if "transition_error" in wanted and self._transition_model is None:
            self._transition_model = self._make_transition_model()
        self.curriculum.deferred = self._signals is not None
        self._on_policy = hasattr(self.model, "rollout_buffer")
        self.curriculum.hold = self.teacher.hold if self._on_policy else "episode"
        self._withholding = Withholding(self.model, self.teacher)
        self._last_checkpoint = self.model.num_timesteps

    def _signals_so_far(self, wanted: list[str]) -> EpisodeSignals:
        """Return what is known of the episodes under way, which go on from an earlier ``learn`` of the same student."""
        kept = self.curriculum.signals
        if kept is None or kept[0] is not self.model or kept[1].names != tuple(wanted):
            kept = self.curriculum.signals = (self.model, EpisodeSignals(wanted))
        signals: EpisodeSignals = kept[1]
        return signals

    def _wanted_signals(self) -> list[str]:
        """Return the names of the signals to compute."""
        return wanted_signals(self.teacher, self.model)

    def _make_transition_model(self) -> TransitionModel:
        """Return a new model, or the one of the checkpoint with which the student goes on."""
        student = self.model
        model = TransitionModel(student.observation_space, student.action_space, seed=self.seed, device=student.device)
        checkpoint = self.checkpoints.latest() if self.checkpoints is not None else None
        if checkpoint is not None and checkpoint.step == student.num_timesteps:
            file = checkpoint.path / TRANSITION_MODEL_FILE
            try:
                model.load_state_dict(load_state(file))
            except ValueError as error:
                raise RunError(f"{file} does not fit this run: {error}") from error
        return model

    def _on_training_start(self) -> None:
        self._note_warmup()
        self._begun = False

    # --- Between rollouts --------------------------------------------------------------------------------------

    def _on_rollout_start(self) -> None:
        self._between_rollouts()
        if not self._begun and self.checkpoints is not None:
            # Stable-Baselines3 draws before the first rollout, too; the interrupted run must not be ahead by that.
            seed_randomness(self.model, self.seed)
        self._begun = True
        self._step_ids, self._step_rewards = [], []
        self._withholding.begin_rollout()
        self._note_tasks()

    def _between_rollouts(self) -> None:
        steps = self.model.num_timesteps
        if self._on_policy:  # others have a rollout every few steps, and are checked at their checkpoints
            check_weights(self.model, self.role)
        if not self.stop_requested:
            for function in self.between_rollouts:
                function(steps)
        due = steps // self.checkpoint_every > self._last_checkpoint // self.checkpoint_every
        if self.checkpoints is not None and steps > self._last_checkpoint and (due or self.stop_requested):
            self.save_checkpoint()
            if not self.stop_requested:
                self._begin_episodes()
        if self.stop_requested:
            raise StopTraining
        if self.curriculum.hold == "rollout" and self.curriculum.stepped:
            reset_environments(self.model)

    def _begin_episodes(self) -> None:
        begin_episodes(self.model, self.seed)

    def save_checkpoint(self) -> None:
        """Save student and teacher now; episodes must begin anew afterwards.

        Raises:
            RunError: The checkpoint cannot be written, or the weights are no numbers any more.
        """
        assert self.checkpoints is not None
        check_weights(self.model, self.role)
        steps = self.model.num_timesteps
        meta = {**self.meta(), "log": pending_log(self.model), "clocks": self._clocks()}
        with self.checkpoints.writing(steps, meta) as folder:
            save_student(self.model, folder)
            save_state(folder / TEACHER_FILE, self.teacher.state_dict())
            if self._transition_model is not None:
                save_state(folder / TRANSITION_MODEL_FILE, self._transition_model.state_dict())
            self._save_more(folder)
        self._last_checkpoint = steps

    def _clocks(self) -> dict[str, Any]:
        """Return what the environments have counted, by student."""
        return {"student": clocks_of(self.model)}

    def _save_more(self, folder: Path) -> None:
        """Write further files into a checkpoint."""

    def _on_training_end(self) -> None:
        check_weights(self.model, self.role)
        steps = self.model.num_timesteps
        for function in self.between_rollouts:
            function(steps)
        if self.checkpoints is not None and steps > self._last_checkpoint:
            self.save_checkpoint()

    # --- Steps -------------------------------------------------------------------------------------------------

    def _on_step(self) -> bool:
        self._note_warmup()
        if self._on_policy:
            self._withholding.note(self._train)
        if self.curriculum.deferred:
            self.curriculum.unscored = True
        if self._signals is not None:
            self._step_ids.append(self._ids)
            # A copy: Stable-Baselines3 is about to add the value of the last observation where time ran out.
            self._step_rewards.append(self.locals["rewards"].copy())
        self._note_tasks()
        if not self._on_policy and np.count_nonzero(self.locals["dones"]):  # these log when an episode ends
            self._record_metrics()
        return True

    def _note_tasks(self) -> None:
        """Remember what is being played, for the next step is taken in it."""
        self._ids = self.curriculum.current_ids.copy()
        self._train = self.curriculum.current_train.copy()
        self._withholding.check(self._train)

    def _note_warmup(self) -> None:
        """Off-policy students act at random until ``learning_starts``."""
        self.curriculum.warmup = self.model.num_timesteps < getattr(self.model, "learning_starts", 0)

    def _on_rollout_end(self) -> None:
        if self._signals is not None:
            ids, rewards = np.array(self._step_ids), np.array(self._step_rewards)
            self._signals.add(Rollout(self.model, ids, rewards, self._transition_model))
            self.curriculum.deliver(self._signals.complete(self.curriculum.take_finished()))
            self._signals.keep_only(self.curriculum.current_ids.tolist())
        self.curriculum.unscored = False
        if self._on_policy:  # others have a rollout every few steps
            self._withholding.end_rollout()
            self._record_metrics()

    def _record_metrics(self) -> None:
        for name, value in self.teacher.metrics().items():
            self.logger.record(f"teacher/{name}", value)


def find_curriculum(env: Any) -> CurriculumVecEnv:
    """Return the `CurriculumVecEnv` inside a stack of vector-environment wrappers.

    Raises:
        RequestError: There is none.
    """
    inner = env
    while True:
        if isinstance(inner, CurriculumVecEnv):
            return inner
        if not isinstance(inner, VecEnvWrapper):
            raise RequestError(
                f"TeacherCallback found no CurriculumVecEnv in {type(env).__name__}. "
                "Build the environment with make_curriculum_vec_env(env, teacher)."
            )
        inner = inner.venv
