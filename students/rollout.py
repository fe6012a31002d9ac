"""One rollout of an on-policy student, as the signals read it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .transition_model import TransitionModel


class Segment(NamedTuple):
    """The part of an episode that lies in one rollout.

    Attributes:
        env: The environment that played it.
        start: Its first step in the rollout.
        stop: The step after its last one.
        ended: Whether the episode ended with its last step; else it goes on in the next rollout.

    Example:
        >>> Segment(env=0, start=3, stop=8, ended=True).length
        5
    """

    env: int
    start: int
    stop: int
    ended: bool

    @property
    def length(self) -> int:
        """The number of steps."""
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class Rollout:
    """What a rollout buffer holds after its advantages have been computed and before ``train()`` flattens it.

    Stable-Baselines3 adds γ·V(last observation) to the reward of a step that a time limit ended. The buffer's rewards
    and advantages include this; `rewards` are those the environment gave.

    Attributes:
        student: The on-policy algorithm whose ``rollout_buffer`` is full.
        ids: The id of the task each step belongs to, int64 of shape ``(steps, n_envs)``.
        rewards: The rewards as the environment gave them, shape ``(steps, n_envs)``.
        transition_model: What ``transition_error`` is measured with; needed for that signal alone.

    Example:
        >>> from types import SimpleNamespace
        >>> buffer = SimpleNamespace(episode_starts=np.array([[1.0], [0.0], [1.0]]))
        >>> student = SimpleNamespace(rollout_buffer=buffer, _last_episode_starts=np.array([False]))
        >>> rollout = Rollout(student, ids=np.array([[7], [7], [8]]), rewards=np.zeros((3, 1)))
        >>> rollout.dones.ravel().tolist()
        [False, True, False]
        >>> [(segment.start, segment.stop, segment.ended) for segment in rollout.segments]
        [(0, 2, True), (2, 3, False)]
    """

    student: Any
    ids: NDArray[np.int64]
    rewards: NDArray[np.floating[Any]]
    transition_model: TransitionModel | None = None

    @property
    def buffer(self) -> Any:
        """The rollout buffer."""
        return self.student.rollout_buffer

    @property
    def values(self) -> NDArray[np.float64]:
        """The value estimate of each step's observation, shape ``(steps, n_envs)``."""
        return np.asarray(self.buffer.values, np.float64)

    @property
    def advantages(self) -> NDArray[np.float64]:
        """The advantage estimate (GAE) of each step, not normalised, shape ``(steps, n_envs)``."""
        return np.asarray(self.buffer.advantages, np.float64)

    @cached_property
    def dones(self) -> NDArray[np.bool_]:
        """Whether an episode ended with each step, shape ``(steps, n_envs)``."""
        later = np.asarray(self.buffer.episode_starts[1:], dtype=np.bool_)
        return np.concatenate([later, np.asarray(self.student._last_episode_starts, dtype=np.bool_)[None]])

    @cached_property
    def last_values(self) -> NDArray[np.float64]:
        """The value estimate of the observation after the last step, shape ``(n_envs,)``; of no use after an end."""
        import torch
        from stable_baselines3.common.utils import obs_as_tensor

        student = self.student
        arguments = [obs_as_tensor(student._last_obs, student.device)]
        if getattr(student, "_last_lstm_states", None) is not None:
            starts = torch.tensor(student._last_episode_starts, dtype=torch.float32, device=student.device)
            arguments += [student._last_lstm_states.vf, starts]
        with torch.no_grad():
            values = student.policy.predict_values(*arguments)
        return values.cpu().numpy().astype(np.float64).ravel()

    @cached_property
    def next_values(self) -> NDArray[np.float64]:
        """The value estimate of the next step's observation, 0 where the episode ended, shape ``(steps, n_envs)``."""
        following = np.concatenate([self.values[1:], self.last_values[None]])
        return np.where(self.dones, 0.0, following)

    @cached_property
    def segments(self) -> list[Segment]:
        """The episodes' parts in this rollout, environment by environment, in the order of time."""
        ends = self.dones.copy()
        ends[:-1] |= self.ids[1:] != self.ids[:-1]
        ends[-1] = True
        found = []
        for env in range(ends.shape[1]):
            start = 0
            for stop in (np.flatnonzero(ends[:, env]) + 1).tolist():
                found.append(Segment(env, start, stop, bool(self.dones[stop - 1, env])))
                start = stop
        return found
