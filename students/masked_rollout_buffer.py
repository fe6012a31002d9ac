"""Rollout buffers from which a student learns in part: the steps of withheld tasks are never handed out.

A teacher may hand out tasks on which the student is scored without learning (`Tasks.train`; robust PLR, ACCEL). PPO and
A2C learn from what their rollout buffer's ``get`` yields, so that it suffices to leave steps out there. Returns and
advantages are computed from whole episodes as ever.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.buffers import DictRolloutBuffer, RolloutBuffer


class Masking:
    """What the masked rollout buffers share: the mask, and the flattening that goes before ``get``.

    Attributes:
        trainable: Which steps the student may learn from, shape ``(n_steps, n_envs)``; None is all of them. A buffer
            that is reset forgets it.

    Example:
        >>> issubclass(MaskedRolloutBuffer, Masking)
        True
    """

    trainable: NDArray[np.bool_] | None = None

    def withhold(self, trainable: NDArray[np.bool_]) -> None:
        """Hand out some steps only.

        Args:
            trainable: Which steps to hand out, shape ``(n_steps, n_envs)``, at least two.

        Raises:
            ValueError: Another shape, or less than two steps: there is nothing to learn from then, and an advantage
                alone cannot be normalised.
        """
        buffer: Any = self
        trainable = np.array(trainable, dtype=np.bool_)
        if trainable.shape != (buffer.buffer_size, buffer.n_envs):
            raise ValueError(
                f"Expected one flag for each step, shape {(buffer.buffer_size, buffer.n_envs)}; got {trainable.shape}."
            )
        if np.count_nonzero(trainable) < 2:
            raise ValueError("Expected at least two steps to learn from; skip train() for this rollout instead.")
        self.trainable = trainable

    def reset(self) -> None:
        """Empty the buffer."""
        self.trainable = None
        super().reset()  # type: ignore[misc]

    def _flatten(self) -> NDArray[np.bool_]:
        """Flatten what ``get`` hands out, environment by environment, and return the flags in that order."""
        buffer: Any = self
        if not buffer.full:
            raise RuntimeError("A rollout buffer must be full before a student can learn from it.")
        if not buffer.generator_ready:
            for name in [name for name in _STATES if hasattr(buffer, name)]:
                setattr(buffer, name, buffer.swap_and_flatten(getattr(buffer, name).swapaxes(1, 2)))
            for name in _COLUMNS if not hasattr(buffer, _STATES[0]) else (*_COLUMNS, "episode_starts"):
                setattr(buffer, name, buffer.swap_and_flatten(getattr(buffer, name)))
            if isinstance(buffer.observations, dict):
                parts = buffer.observations.items()
                buffer.observations = {key: buffer.swap_and_flatten(part) for key, part in parts}
            else:
                buffer.observations = buffer.swap_and_flatten(buffer.observations)
            buffer.generator_ready = True
        assert self.trainable is not None
        return self.trainable.T.ravel()


_COLUMNS = ("actions", "values", "log_probs", "advantages", "returns")
_STATES = ("hidden_states_pi", "cell_states_pi", "hidden_states_vf", "cell_states_vf")


def number_of_batches(steps: int, batch_size: int | None) -> int:
    """Return in how many batches to hand out a number of steps: of about equal sizes, so that none is tiny.

    Args:
        steps: The number of steps, at least 2.
        batch_size: The largest size wanted; None is all at once.

    Returns:
        At least 1, and so few that each batch has two steps: an advantage alone cannot be normalised.

    Example:
        >>> number_of_batches(130, 64), number_of_batches(130, None), number_of_batches(3, 1)
        (3, 1, 1)
    """
    return 1 if batch_size is None else max(1, min(math.ceil(steps / batch_size), steps // 2))


class _MaskedShuffle(Masking):
    """The ``get`` of the buffers whose steps are shuffled."""

    def get(self, batch_size: int | None = None) -> Generator[Any, None, None]:
        """Yield the trainable steps in random order, in batches of about equal sizes.

        Args:
            batch_size: The largest size of a batch; None yields all steps at once.
        """
        if self.trainable is None or self.trainable.all():
            yield from super().get(batch_size)  # type: ignore[misc]
            return
        indices = np.random.permutation(np.flatnonzero(self._flatten()))  # noqa: NPY002 - the generator SB3 uses
        for batch in np.array_split(indices, number_of_batches(len(indices), batch_size)):
            yield self._get_samples(batch)  # type: ignore[attr-defined]


class MaskedRolloutBuffer(_MaskedShuffle, RolloutBuffer):
    """A rollout buffer that hands out the steps of trainable tasks only, for PPO and A2C.

    Without a mask, or with one that is all True, it yields exactly what Stable-Baselines3's buffer yields. Pass it as
    ``rollout_buffer_class``, or leave it to `TeacherCallback`, which also fills the mask.

    Example:
        >>> from gymnasium.spaces import Box, Discrete
        >>> import torch
        >>> buffer = MaskedRolloutBuffer(3, Box(0.0, 9.0, (1,)), Discrete(2), device="cpu")
        >>> for step in range(3):
        ...     buffer.add(np.full((1, 1), step), np.zeros(1), np.zeros(1), np.zeros(1), torch.zeros(1), torch.zeros(1))
        >>> buffer.withhold(np.array([[True], [False], [True]]))
        >>> sorted(next(buffer.get()).observations.flatten().tolist())
        [0.0, 2.0]
    """


class MaskedDictRolloutBuffer(_MaskedShuffle, DictRolloutBuffer):
    """The same as `MaskedRolloutBuffer` for Dict observations.

    Example:
        >>> issubclass(MaskedDictRolloutBuffer, DictRolloutBuffer)
        True
    """
