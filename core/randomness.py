"""The global random generators, which Stable-Baselines3 draws from: seeded for a while, then left as they were."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def own_randomness(seed: int) -> Iterator[None]:
    """Seed the global random generators, and leave them as they were, whatever student and environments draw from them.

    Args:
        seed: For Python's, NumPy's and torch's, which the actions of a stochastic student come from.

    Example:
        >>> with own_randomness(3):
        ...     first = random.random()
        >>> with own_randomness(3):
        ...     again = random.random()
        >>> first == again
        True
    """
    torch = sys.modules.get("torch")
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - Stable-Baselines3's generator
    states = None if torch is None else (torch.get_rng_state(), _cuda_states(torch))
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    if torch is not None:
        torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        if torch is not None and states is not None:
            torch.set_rng_state(states[0])
            if states[1] is not None:
                torch.cuda.set_rng_state_all(states[1])


def _cuda_states(torch: Any) -> Any:
    return torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else None
