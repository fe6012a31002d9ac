"""The hyperparameters of a generator of levels, checked."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..hyperparameters import real, whole

MOST_OPEN = 4096
"""The oldest levels beyond this are not waited for."""


@dataclass(frozen=True)
class GeneratorConfig:
    """How a generator of levels is built and how it learns; PPO's names.

    Attributes:
        recurrent: Whether its policy has a memory (an LSTM), else it sees the level so far only.
        update_levels: It learns as soon as so many of its levels have come back, from all that have.
        learning_rate: Of Adam.
        n_epochs: Passes over the levels that came back.
        batch_size: Steps of a gradient; None takes all at once.
        gamma: Discount factor.
        gae_lambda: λ of the advantage estimates.
        clip_range: Of the ratio of probabilities.
        ent_coef: Weight of the entropy.
        vf_coef: Weight of the value loss.
        max_grad_norm: Longer gradients are shortened.
        hidden: Units of a layer.
        filters: Of the convolution, where levels are grids.
        lstm: Units of the memory.
        log_std: Logarithm of the first standard deviation of continuous actions.

    Raises:
        TypeError: A value of another type.
        ValueError: One out of range; the message names it.

    Example:
        >>> GeneratorConfig(gamma=1.5)
        Traceback (most recent call last):
            ...
        ValueError: gamma must be between 0 and 1, got 1.5.
    """

    recurrent: bool = False
    update_levels: int = 32
    learning_rate: float = 1e-3
    n_epochs: int = 2
    batch_size: int | None = 1024
    gamma: float = 0.995
    gae_lambda: float = 0.95
    clip_range: float = 0.2
    ent_coef: float = 0.005
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5
    hidden: int = 64
    filters: int = 8
    lstm: int = 64
    log_std: float = -0.5

    def __post_init__(self) -> None:
        """Check the values."""
        if self.recurrent not in (True, False):
            raise TypeError(f"recurrent must be true or false, got {self.recurrent!r}.")
        for name in ("update_levels", "n_epochs", "hidden", "filters", "lstm"):
            object.__setattr__(self, name, whole(name, getattr(self, name), 1))
        self._check(
            "update_levels", self.update_levels <= MOST_OPEN, f"at most {MOST_OPEN}, for no more are waited for"
        )
        if self.batch_size is not None:
            object.__setattr__(self, "batch_size", whole("batch_size", self.batch_size, 2))
        for name in ("gamma", "gae_lambda"):
            self._check(name, 0.0 <= real(name, getattr(self, name)) <= 1.0, "between 0 and 1")
        for name in ("learning_rate", "clip_range", "max_grad_norm"):
            self._check(name, 0.0 < real(name, getattr(self, name)) < math.inf, "finite and above 0")
        for name in ("ent_coef", "vf_coef"):
            self._check(name, 0.0 <= real(name, getattr(self, name)) < math.inf, "finite and at least 0")
        self._check("log_std", -10.0 <= real("log_std", self.log_std) <= 2.0, "between -10 and 2")

    def _check(self, name: str, fits: bool, expected: str) -> None:
        if not fits:
            raise ValueError(f"{name} must be {expected}, got {getattr(self, name)}.")
