"""An expert whose curriculum a new student follows: where it is in it, and what becomes of the expert at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..learning_progress.gaussians import cholesky_factors
from ..state_checks import counter, finite_array, flag
from .alp_estimates import ALPEstimates
from .expert_curriculum import Pace

FloatArray = NDArray[np.float64]


class ExpertGuide:
    """Follows the curriculum of an expert, and lets go of the expert at the end where that is wanted.

    Where it is (``stop``), the end is when the last step is *reached*. From then on the ALPs of its Gaussians are
    estimated anew from the new student's episodes (``mix``), or the expert is dropped after ``patience`` episodes.

    Args:
        name: Of the expert.
        pace: How its curriculum is followed, at the beginning.
        means: Of its Gaussians in the unit cube's free dimensions, shape ``(g, f)``.
        covariances: Shape ``(g, f, f)``.
        stop: Whether there is an end.
        mix: Whether the expert is mixed with a live ALP-GMM.
        patience: Episodes at the last step of an expert that is not mixed.

    Attributes:
        name: Of the expert.
        pace: Where in the curriculum the student is.
        ended_at: The number of episodes at the end, −1 before it.
        dropped: Whether the expert is to be asked no more.
    """

    def __init__(
        self,
        name: str,
        pace: Pace,
        means: FloatArray,
        covariances: FloatArray,
        *,
        stop: bool,
        mix: bool,
        patience: int,
    ) -> None:
        self.name, self.pace = name, pace
        self.stop, self.mix, self.patience = stop, mix, patience
        self.ended_at = -1
        self.dropped = False
        self._means, self._factors = means, cholesky_factors(covariances)
        self._alps = pace.curriculum.alps.copy()
        self._step_of: list[int] = pace.curriculum.step_of.tolist()
        self._estimates: ALPEstimates | None = None

    def begin(self, episodes: int) -> None:
        """Begin with a student that has learned from so many episodes."""
        self.pace.follow(episodes)
        if self.stop and self.pace.at_end:
            self._end(episodes)

    @property
    def rows(self) -> slice:
        """The Gaussians that are in use."""
        return self.pace.rows

    def components(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return means, Cholesky factors and ALPs of the Gaussians in use."""
        rows = self.pace.rows
        return self._means[rows], self._factors[rows], self._alps[rows]

    def follow(self, rows: Sequence[int], returns: FloatArray, alps: FloatArray, episodes: int) -> bool:
        """Note episodes.

        Args:
            rows: The Gaussian that each one's task was drawn from, −1 for none of the expert's.
            returns: Scaled like the curriculum's.
            alps: Their absolute learning progress.
            episodes: How many the student had learned from before.

        Returns:
            Whether `components` have changed, or the exploration or the mixture is to.
        """
        pace, before, changed = self.pace, (self.pace.index, self.ended_at), False
        for i, row in enumerate(rows):
            if row < 0:
                continue
            if self.ended_at < 0:
                pace.observe(self._step_of[row], float(returns[i]))
                if self.stop and pace.at_end:
                    self._end(episodes + i + 1)
            elif self._estimates is not None and row >= pace.rows.start:
                estimates = self._estimates.observe(row - pace.rows.start, float(alps[i]))
                if estimates is not None:
                    self._alps[pace.rows] = estimates
                    changed = True
        episodes += len(rows)
        pace.follow(episodes)
        if self.ended_at >= 0 and not self.mix and episodes - self.ended_at >= self.patience:
            changed = changed or not self.dropped
            self.dropped = True
        return changed or before != (pace.index, self.ended_at)

    def _end(self, episodes: int) -> None:
        self.ended_at = episodes
        rows = self.pace.rows
        self._estimates = ALPEstimates(rows.stop - rows.start) if self.mix else None

    def get_state(self) -> dict[str, Any]:
        """Return plain data, the curriculum included."""
        return {
            "name": self.name,
            "curriculum": self.pace.curriculum.to_plain(),
            "pace": self.pace.get_state(),
            "alps": self._alps.copy(),
            "ended_at": self.ended_at,
            "dropped": self.dropped,
            "estimates": None if self._estimates is None else self._estimates.get_state(),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `get_state` returned, of the same curriculum.

        Raises:
            ValueError: It is not that.
        """
        ended_at, dropped = counter(state, "ended_at", least=-1), flag(state, "dropped")
        alps = finite_array(state, "alps", self._alps.shape, low=0.0)
        self.pace.set_state(state["pace"])
        rows, estimates = self.pace.rows, None
        if ended_at >= 0 and not (self.stop and self.pace.at_end):
            raise ValueError("Its curriculum is not at the end, as its entry 'ended_at' says.")
        if dropped and (self.mix or ended_at < 0):
            raise ValueError("Its entry 'dropped' does not fit: it is not at the end of its curriculum.")
        if self.mix and ended_at >= 0:
            estimates = ALPEstimates.from_state(state["estimates"], rows.stop - rows.start)
        self.ended_at, self.dropped, self._alps, self._estimates = ended_at, dropped, alps, estimates
