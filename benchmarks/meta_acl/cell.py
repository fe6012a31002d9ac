"""The new students of one condition of a comparison of Meta-ACL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(eq=False)
class MetaCell:
    """The new students of one condition.

    Attributes:
        seeds: Which, shape ``(n,)``.
        scores: % mastered at the evaluations, shape ``(n, m)``.
        experts: The name of each student's expert, or None.
        expert_kinds: What kind of student that was, or None.
        expert_shares: Probability with which a task is drawn from the expert's Gaussians, at the evaluations, shape
            ``(n, m)``; None for a teacher without experts.
        expert_steps: How far through its expert's curriculum each student is in the end, as a share, shape ``(n,)``;
            None for a teacher without experts.
        costs: Microseconds of the teacher's own processor time per episode, shape ``(n,)``; None where not measured.

    Example:
        >>> MetaCell(np.array([0, 1]), np.array([[0.0, 90.0], [0.0, 70.0]]), ["a", None], [{}, None]).final.tolist()
        [90.0, 70.0]
    """

    seeds: NDArray[np.int64]
    scores: FloatArray
    experts: Sequence[str | None]
    expert_kinds: Sequence[Mapping[str, Any] | None]
    expert_shares: FloatArray | None = None
    expert_steps: FloatArray | None = None
    costs: FloatArray | None = None

    @property
    def final(self) -> FloatArray:
        """The last scores, shape ``(n,)``."""
        return self.scores[:, -1]
