"""The masked rollout buffers for students with a recurrent network."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from sb3_contrib.common.recurrent.buffers import RecurrentDictRolloutBuffer, RecurrentRolloutBuffer

from .masked_rollout_buffer import Masking, number_of_batches


class _MaskedSequences(Masking):
    """The ``get`` of the buffers that keep the order of time."""

    def get(self, batch_size: int | None = None) -> Generator[Any, None, None]:
        """Yield the sequences with trainable steps, in batches with about equal numbers of these.

        A sequence is an environment's part of an episode in this rollout. The mask of the samples, by which losses
        leave out padding, is zero on withheld steps, too. As in sb3-contrib the sequences keep their order, from a
        random place on.

        Args:
            batch_size: The largest number of trainable steps of a batch; None yields all sequences at once.
        """
        if self.trainable is None or self.trainable.all():
            yield from super().get(batch_size)  # type: ignore[misc]
            return
        buffer: Any = self
        flags = self._flatten()
        env_change = np.zeros((len(flags), 1), dtype=np.float32)
        env_change[:: buffer.buffer_size] = 1.0
        starts = (env_change + buffer.episode_starts).ravel() > 0.0
        sequence = np.cumsum(starts) - 1
        kept = np.flatnonzero(np.isin(sequence, sequence[flags]))
        kept = np.roll(kept, -np.random.randint(len(kept)))  # noqa: NPY002 - the generator SB3 uses
        so_far = np.cumsum(flags[kept])
        n_batches = number_of_batches(int(so_far[-1]), batch_size)
        borders = np.searchsorted(so_far, so_far[-1] * np.arange(1, n_batches) // n_batches) + 1
        for batch in np.split(kept, borders):
            samples = buffer._get_samples(batch, env_change)
            yield samples._replace(mask=buffer.pad_and_flatten(flags[batch].astype(np.float32)))


class MaskedRecurrentRolloutBuffer(_MaskedSequences, RecurrentRolloutBuffer):
    """sb3-contrib's recurrent rollout buffer, from which withheld sequences are left out.

    Without a mask, or with one that is all True, it yields exactly what the original yields. `TeacherCallback` gives
    it to a `RecurrentPPO` and fills the mask.

    Example:
        >>> issubclass(MaskedRecurrentRolloutBuffer, RecurrentRolloutBuffer)
        True
    """


class MaskedRecurrentDictRolloutBuffer(_MaskedSequences, RecurrentDictRolloutBuffer):
    """The same as `MaskedRecurrentRolloutBuffer` for Dict observations.

    Example:
        >>> issubclass(MaskedRecurrentDictRolloutBuffer, RecurrentDictRolloutBuffer)
        True
    """
