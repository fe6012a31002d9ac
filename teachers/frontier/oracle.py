"""Oracle: a window of tasks that slides from the easy to the hard end of the space as the student masters it.

The hand-made curriculum of Portelas, Colas, Hofmann, Oudeyer (2019), "Teacher algorithms for curriculum learning of
Deep RL in continuously parameterized environments", section 5: it knows which tasks are easy and which return is good,
and is what automatic curricula are compared with. Tasks are uniform in a window of a sixth of the range of each
dimension. After every 50 episodes whose mean return exceeds 230 the window moves towards the hard end. It never moves
back.

What differs from the authors' code:

- The step is a share of the range of each dimension (1/30, their +0.1 and −0.2 on Stump Tracks) or in task units, and
  its sign follows from the easy end, which is a task instead of signs.
- An episode counts for the window in which its task was handed out: in parallel environments, the last episodes of the
  easier window do not speed up the next one.
- Integers and categories: the window is laid over the cells of their values, so that it reaches every one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from .staged import StagedTeacher
from .units import half_cells, in_unit_cube

FloatArray = NDArray[np.float64]

_TOLERANCE = 1e-6
_LARGEST_LOG = 700.0
"""exp of more would overflow."""


class Oracle(StagedTeacher):
    """Draws tasks uniformly from a window that slides from easy to hard.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        expert: Where the curriculum begins (``initial_mean``) and which return is good (``good_return``), for what is
            not given below.
        easy: An easy task, in task units, shape ``(d,)``. In each dimension the window begins at the end that is nearer
            to it (the low one if both are equally near) and moves to the other. By default, and without an expert's
            initial mean, the low ends.
        window: Width of the window, a scalar or shape ``(d,)``.
        step: How far one move shifts it, a scalar or shape ``(d,)``; positive, the direction follows from ``easy``.
        unit: ``"range"`` if ``window`` and ``step`` are shares of the range, ``"task"`` if they are in task units.
        good_return: The window moves if the mean return exceeds this; 230 by default.
        stage_episodes: Number of episodes it is a mean of.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter that is no number.
        ValueError: A hyperparameter out of range, an easy task outside the space, expert knowledge that does not fit.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> space = TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))
        >>> teacher = Oracle(space, seed=0, easy=[0.0, 6.0])
        >>> [corner.round(2).tolist() for corner in teacher.window]
        [[0.0, 5.0], [0.5, 6.0]]
        >>> tasks = teacher.sample(50)
        >>> teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[231.0] * 50, lengths=[900] * 50))
        >>> [corner.round(2).tolist() for corner in teacher.window]
        [[0.1, 4.8], [0.6, 5.8]]
    """

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        easy: ArrayLike | None = None,
        window: ArrayLike = 1.0 / 6.0,
        step: ArrayLike = 1.0 / 30.0,
        unit: str = "range",
        good_return: float | None = None,
        stage_episodes: int = 50,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(
            task_space,
            seed=seed,
            ignore_warmup=ignore_warmup,
            expert=expert,
            good_return=good_return,
            stage_episodes=stage_episodes,
        )
        free = ~task_space.fixed
        self._width = np.where(free, np.minimum(in_unit_cube(task_space, "window", window, unit), 1.0), 1.0)
        self._step = in_unit_cube(task_space, "step", step, unit)
        self._half = half_cells(task_space)
        easy_end = self._easy_point(easy)
        # A dimension of one value has its task at 1/2, which is no end.
        self._from_high = np.zeros(len(free), dtype=np.bool_) if easy_end is None else easy_end > 0.5
        moves = (1.0 - self._width) / np.where(free, self._step, 1.0)
        self.n_stages = 1 + int(np.ceil(moves.max() - 1e-9))
        self._place()

    def _place(self) -> None:
        """Lay the window of the current stage into the unit cube."""
        shift = np.minimum(self.stage * self._step, 1.0 - self._width)
        self._low = np.where(self._from_high, 1.0 - self._width - shift, shift)

    @property
    def window(self) -> tuple[FloatArray, FloatArray]:
        """The lowest and the highest values of the current window, in task units, each of shape ``(d,)``."""
        space = self.task_space
        high = self._low + self._width
        # A window that ends where a cell begins does not have that cell.
        return space.from_unit(self._low), space.from_unit(np.where(self._half > 0.0, high - _TOLERANCE, high))

    def _sample(self, n: int) -> FloatArray:
        return self.task_space.from_unit(self._low + self._width * self.rng.random((n, len(self._low))))

    def _decide(self) -> bool:
        moved = super()._decide()
        if moved:
            self._place()
        return moved

    def _shares(self, tasks: FloatArray) -> FloatArray:
        """How much of each coordinate's cell lies in the window, 0 to 1, shape ``(n, d)``."""
        unit = self.task_space.to_unit(tasks)
        half = np.maximum(self._half, _TOLERANCE)
        overlap = np.minimum(unit + half, self._low + self._width) - np.maximum(unit - half, self._low)
        discrete = self._half > 0.0
        shares: FloatArray = np.where(discrete, np.clip(overlap / (2.0 * half), 0.0, 1.0), overlap >= 0.0)
        return shares

    def _covers(self, tasks: FloatArray) -> NDArray[np.bool_]:
        return np.asarray((self._shares(tasks) > _TOLERANCE).all(axis=1))

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return one over the volume of the window inside it and 0 elsewhere."""
        shares = self._shares(np.atleast_2d(self.task_space.validate(tasks)))
        shares = np.where(shares > _TOLERANCE, shares, 0.0)
        with np.errstate(divide="ignore"):
            logs = np.log(shares).sum(axis=1) - np.log(self._width).sum()
        density: FloatArray = np.exp(np.minimum(logs, _LARGEST_LOG))
        return density

    def _identity(self) -> dict[str, Any]:
        return {
            **super()._identity(),
            "window": self._width.tolist(),
            "step": self._step.tolist(),
            "from_high": self._from_high.tolist(),
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        super()._set_state(state)
        self._place()
