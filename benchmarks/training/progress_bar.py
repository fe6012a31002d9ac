"""The progress bar of a training run."""

from __future__ import annotations

import sys

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from tqdm import tqdm


class ProgressBar(BaseCallback):
    """Shows the steps, the mean return of the latest episodes and evaluations under way; and lines above the bar.

    The bar appears on a terminal only; lines go to standard error everywhere, unless ``quiet``.

    Args:
        total: Steps of the whole run.
        quiet: Show nothing.

    Example:
        >>> bar = ProgressBar(1_000, quiet=True)
        >>> bar.say("not shown")
        >>> bar.close()
    """

    def __init__(self, total: int, quiet: bool = False) -> None:
        super().__init__()
        self.quiet = quiet
        hide = quiet or not sys.stderr.isatty()
        self._bar = tqdm(total=total, unit="step", unit_scale=True, disable=hide, dynamic_ncols=True, delay=1e-9)

    def say(self, text: str) -> None:
        """Print a line to standard error, above the bar."""
        if not self.quiet:
            tqdm.write(text, file=sys.stderr)

    def evaluating(self, finished: int, total: int) -> None:
        """Show how far an evaluation is."""
        if not self._bar.disable:
            self._bar.set_description_str(f"evaluating {finished}/{total}" if finished < total else "")

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()

    def _on_training_start(self) -> None:
        self._bar.reset()
        self._bar.initial = self._bar.n = self.model.num_timesteps

    def _on_step(self) -> bool:
        if not self._bar.disable:
            self._bar.update(self.model.num_timesteps - self._bar.n)
            if self.n_calls % 1_000 == 0 and self.model.ep_info_buffer:
                mean = np.mean([episode["r"] for episode in self.model.ep_info_buffer])
                self._bar.set_postfix_str(f"return {mean:.1f}", refresh=False)
        return True
