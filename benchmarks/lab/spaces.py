"""What a lab teaches: toy spaces and students with arms, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...envs import ARM_FORMS, ArmStudent, ToyStudent, toy_form
from ...envs.arm_student import SIGNALS
from ...errors import RequestError, unknown_name
from ...spaces import TaskSpace

FloatArray = NDArray[np.float64]


class LabStudent(Protocol):
    """A student of arithmetic.

    Example:
        >>> student = lab_space("2d-10").make_student(0)
        >>> student.play([[0.05, 0.05]]).tolist(), student.score()
        ([0.01], 0.0)
    """

    task_space: TaskSpace

    def play(self, tasks: ArrayLike) -> FloatArray:
        """Play one episode of each task, in order; returns the returns."""

    def score(self) -> float:
        """Return how many percent are mastered."""

    def start_task(self) -> FloatArray:
        """Return where learning begins, shape ``(d,)``."""


@dataclass(frozen=True)
class LabSpace:
    """Something that a lab teaches.

    Attributes:
        name: Its name.
        episodes: How many episodes a study of it takes.
        group: The heading it is listed under.
        text: What it is, in a few words.
        unit: What is mastered, for tables.
        goal: The percentage mastered whose time is in the tables.
        n_relevant: Dimensions that matter.
        n_dims: All dimensions.
        forget_every: Episodes after which all is forgotten; None for never.
        signals: The signals that its student can give of an episode.
        make_student: Makes the student of a seed.
        target_task: What an expert aims at, shape ``(d,)``.

    Example:
        >>> lab_space("arms-noisy").signals, lab_space("2d-10+20").n_dims
        (('l1_value_loss',), 22)
    """

    name: str
    episodes: int
    group: str
    text: str
    unit: str
    goal: float
    n_relevant: int
    n_dims: int
    forget_every: int | None
    signals: tuple[str, ...]
    make_student: Callable[[int], LabStudent]
    target_task: tuple[float, ...]

    def signals_of(self, student: LabStudent, tasks: FloatArray, returns: FloatArray) -> dict[str, FloatArray]:
        """Return the signals of episodes that were played in one batch."""
        return student.signals(tasks, returns, self.signals) if isinstance(student, ArmStudent) else {}


def lab_space(name: str) -> LabSpace:
    """Return what a lab teaches under a name: a toy space (`tutelage.envs.toy_form`) or a student with arms.

    Raises:
        RequestError: An unknown name (a ``ValueError``), or one that stands for too large a space.

    Example:
        >>> lab_space("3d-7+2").n_relevant, lab_space("arms-clean").goal
        (3, 100.0)
    """
    if name in ARM_FORMS:
        arms = ARM_FORMS[name]
        target = float(len(arms.config.learnable) - 1)
        return LabSpace(
            arms.name,
            arms.episodes,
            arms.group,
            arms.text,
            "arms",
            100.0,
            1,
            1,
            None,
            SIGNALS,
            lambda seed: ArmStudent(arms.config, seed),
            (target,),
        )
    if str(name).startswith("arm"):
        raise RequestError(unknown_name("toy space", name, ARM_FORMS))
    form = toy_form(name)
    n_dims = form.config.task_space.n_dims
    return LabSpace(
        form.name,
        form.episodes,
        form.group,
        form.text,
        "cells",
        50.0,
        form.config.n_dims,
        n_dims,
        form.config.forget_every,
        (),
        lambda seed: ToyStudent(form.config, seed),
        (0.5,) * n_dims,
    )


def units_of(spaces: Iterable[str]) -> str:
    """Return what is mastered in some spaces, for tables.

    Example:
        >>> units_of(["2d-10", "rugged"]), units_of(["2d-10", "arms-clean"])
        ('cells', 'cells or arms')
    """
    return " or ".join(dict.fromkeys(lab_space(space).unit for space in spaces))
