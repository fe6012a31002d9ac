"""The configuration of a training run: what is checked before anything is built."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from ...errors import RequestError, unknown_name
from ...task_flags import parse_arguments, plain_numbers
from ..pretest_settings import checked_classroom

MOST_EPISODES = 100_000
"""Of an evaluation, for each test task: what is written down of each must fit into the memory."""

_WHOLE = ("steps", "torch_threads", "eval_every", "checkpoint_every")
_OPTIONAL_WHOLE = ("n_envs", "eval_episodes", "forget_every")
_MOST = {"torch_threads": 1024, "eval_episodes": MOST_EPISODES}
_VEC_ENVS = ("auto", "native", "dummy", "subproc")
_TEXTS = ("env", "teacher", "student", "device")
_OPTIONAL_TEXTS = ("preset", "test_set")


@dataclass
class TrainConfig:
    """Everything that decides what a training run does.

    Attributes:
        env: A Gymnasium id, or the short name of one of ours (``StumpTracks``).
        teacher: A registered teacher.
        student: A student of `list_students`.
        steps: Environment steps of the whole run.
        n_envs: Parallel environments; by default 256 where they are batched natively, else 8.
        seed: Seed of teacher, environments and student.
        task: Dimensions of the task space, for an environment whose attributes become its tasks.
        env_args: Arguments of ``gymnasium.make``.
        teacher_args: Hyperparameters of the teacher.
        student_args: Arguments of the student's algorithm, over those of its preset.
        preset: Preset of the student; by default ``tracks`` for our tracks where there is one, else ``sb3``.
        vec_env: ``"native"`` (all environments as one batch, where there is such a thing), ``"dummy"`` (one after the
            other in this process), ``"subproc"`` (one worker per environment) or ``"auto"`` (native or else dummy).
        device: Where torch computes.
        torch_threads: Threads of torch.
        test_set: Name of a frozen test set; by default the environment's own, or tasks drawn once.
        eval_every: Environment steps between two evaluations.
        eval_episodes: Episodes for each test task; by default 10 on mazes, else 1.
        eval_deterministic: Whether the student takes its most likely action when it is tested; by default not on mazes,
            in which a student without a memory would go in circles.
        success_above: Return above which an episode is a success, where the environment does not tell.
        checkpoint_every: Environment steps between two checkpoints.
        rugged: Whether the task space is cut into intervals that are shuffled with the seed, see `ShuffledTasks`.
        forget_every: After how many environment steps the student forgets, again and again, see `Forgetting`; None for
            never.
        classroom: The classroom that the student is added to when the run has ended; None for none.
        pretests: After how many environment steps it is tested for the classroom, ascending; by default as the others
            there were, or after 5 % and 10 % of the run.

    Raises:
        RequestError: A value of another type or out of range.

    Example:
        >>> TrainConfig("StumpTracks", steps="3e6").steps
        3000000
    """

    env: str
    teacher: str = "alp-gmm"
    student: str = "ppo"
    steps: int = 1_000_000
    n_envs: int | None = None
    seed: int = 0
    task: list[str] = field(default_factory=list)
    env_args: dict[str, Any] = field(default_factory=dict)
    teacher_args: dict[str, Any] = field(default_factory=dict)
    student_args: dict[str, Any] = field(default_factory=dict)
    preset: str | None = None
    vec_env: Literal["auto", "native", "dummy", "subproc"] = "auto"
    device: str = "cpu"
    torch_threads: int = 1
    test_set: str | None = None
    eval_every: int = 250_000
    eval_episodes: int | None = None
    eval_deterministic: bool | None = None
    success_above: float | None = None
    checkpoint_every: int = 250_000
    classroom: str | None = None
    pretests: list[int] = field(default_factory=list)
    rugged: bool = False
    forget_every: int | None = None

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> TrainConfig:
        """Build a configuration from the contents of a ``config.yaml``.

        Raises:
            RequestError: An unknown or missing name, or a wrong value.
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
        self.env_args = parse_arguments(self.env_args, "env_args")
        self.teacher_args = parse_arguments(self.teacher_args, "teacher_args")
        self.student_args = parse_arguments(self.student_args, "student_args")
        for name in _WHOLE:
            setattr(self, name, _whole(name, getattr(self, name), 1, _MOST.get(name, 2**53)))
        for name in _OPTIONAL_WHOLE:
            if getattr(self, name) is not None:
                setattr(self, name, _whole(name, getattr(self, name), 1, _MOST.get(name, 2**53)))
        if self.eval_deterministic not in (None, True, False):
            raise RequestError(f"eval_deterministic must be true or false, got {self.eval_deterministic!r}.")
        if not isinstance(self.rugged, bool):
            raise RequestError(f"rugged must be true or false, got {self.rugged!r}.")
        self.seed = _whole("seed", self.seed, 0, 2**31 - 1)
        for name in (*_TEXTS, *_OPTIONAL_TEXTS):
            value = getattr(self, name)
            if not (isinstance(value, str) and value) and not (value is None and name in _OPTIONAL_TEXTS):
                raise RequestError(f"{name} must be a name, got {value!r}.")
        self.task = [self.task] if isinstance(self.task, str) else self.task
        if not isinstance(self.task, (list, tuple)) or not all(isinstance(flag, str) for flag in self.task):
            raise RequestError(f"task must be a list of texts such as length=0.2:2.0, got {self.task!r}.")
        self.task = list(self.task)
        if self.success_above is not None:
            self.success_above = _number("success_above", self.success_above)
        if self.vec_env not in _VEC_ENVS:
            raise RequestError(unknown_name("vec_env", self.vec_env, _VEC_ENVS))
        self.classroom, self.pretests = checked_classroom(self.classroom, self.pretests)


def _number(name: str, value: Any) -> float:
    value = plain_numbers(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise RequestError(f"{name} must be a finite number, got {value!r}.")
    return float(value)


def _whole(name: str, value: Any, low: int, high: int) -> int:
    limits = f"between {low} and {high}" if high < 2**53 else f"of at least {low}"
    number = plain_numbers(value)
    fits = not isinstance(number, bool) and isinstance(number, (int, float)) and math.isfinite(number)
    if not (fits and number == int(number) and low <= number <= high):
        raise RequestError(f"{name} must be a whole number {limits}, got {value!r}.")
    return int(number)


def default_run_folder(config: TrainConfig) -> Path:
    """Return ``runs/<env>__<teacher>__<student>__<seed>__<time>``."""
    short = re.sub(r"[^\w.-]", "-", re.sub(r"^tutelage/|-v\d+$", "", config.env))
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return Path("runs") / f"{short}__{config.teacher}__{config.student}__{config.seed}__{stamp}"
