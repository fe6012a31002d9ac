"""Random: every task is equally likely, whatever the student does (domain randomisation).

The baseline of Portelas et al. 2019, section 5 ("Random"), and of every curriculum paper.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...outcomes import Outcomes
from ..teacher import Teacher


class RandomTeacher(Teacher):
    """Draws tasks uniformly from the task space.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        ignore_warmup: See `Teacher`; it makes no difference to this teacher's tasks.

    Example:
        >>> from tutelage import TaskSpace
        >>> RandomTeacher(TaskSpace(x=(0.0, 1.0)), seed=0).sample(2).values.shape
        (2, 1)
    """

    def _sample(self, n: int) -> NDArray[np.float64]:
        return self.task_space.sample(n, self.rng)

    def _update(self, outcomes: Outcomes) -> None:
        """Learn nothing."""

    def density(self, tasks: ArrayLike) -> NDArray[np.float64]:
        """Return 1 for each task: the density relative to uniform, shape ``(n,)``."""
        return np.ones(len(np.atleast_2d(self.task_space.validate(tasks))))
