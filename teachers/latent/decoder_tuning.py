"""Training the decoder of a task VAE on with the teacher's rewards, which is an ablation. Importing loads torch.

Azad et al. (2023) report that it is worse than a frozen VAE. The decoder draws its tokens; it is a policy, and the
probability of what it wrote is raised or lowered with the advantage of the task that came of it (REINFORCE).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..state_checks import counter, finite_array
from .latent_decoder import IntArray, LatentDecoder

FloatArray = NDArray[np.float64]

_LARGEST_GRADIENT = 0.5
_LARGEST_WEIGHT = 1e6


class DecoderTuning:
    """A copy of a decoder, and the optimiser that changes it.

    Args:
        decoder: The frozen one; it stays as it is.
        learning_rate: Of Adam.

    Attributes:
        decoder: The copy.

    Example:
        >>> from tutelage.envs import MazeSpace
        >>> from tutelage.envs.maze_codec import MazeCodec
        >>> from tutelage.teachers.latent.vae_config import VAEConfig
        >>> from tutelage.teachers.latent.vae_training import new_vae
        >>> codec = MazeCodec(MazeSpace(3, 3))
        >>> tuning = DecoderTuning(LatentDecoder(new_vae(VAEConfig.of(), codec, 0), codec), 1e-4)
        >>> latents = np.zeros((4, tuning.decoder.n_dims))
        >>> tuning.learn(latents, tuning.decoder.tokens(latents, np.random.default_rng(0)), np.array([1.0, -1, 1, -1]))
    """

    def __init__(self, decoder: LatentDecoder, learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self.decoder = LatentDecoder(copy.deepcopy(decoder.vae), decoder.codec)
        reads = ("encoder.", "highway.", "to_mean.", "to_log_variance.")
        self._tuned = [p for name, p in self.decoder.vae.named_parameters() if not name.startswith(reads)]
        for parameter in self._tuned:
            parameter.requires_grad_(True)
        self._optimizer = torch.optim.Adam(self._tuned, lr=learning_rate)
        self._steps = 0

    def learn(self, latents: FloatArray, tokens: IntArray, advantages: FloatArray) -> None:
        """Take one step.

        Args:
            latents: Shape ``(n, n_dims)``.
            tokens: What was written from them, shape ``(n, sequence_length)``.
            advantages: Shape ``(n,)``, with a mean of 0.
        """
        points = torch.from_numpy(latents.astype(np.float32))
        weights = torch.from_numpy(advantages.astype(np.float32))
        log_likelihood, _ = self.decoder.vae.log_likelihood(points, torch.from_numpy(tokens), drawn=True)
        self._optimizer.zero_grad()
        (-(weights * log_likelihood.sum(1)).mean()).backward()
        norm = torch.nn.utils.clip_grad_norm_(self._tuned, _LARGEST_GRADIENT)
        if bool(torch.isfinite(norm)):
            self._optimizer.step()
            self._steps += 1

    def state_dict(self) -> dict[str, Any]:
        """Return weights and moments as plain data."""
        moments = [np.concatenate([self._moment(p, name) for p in self._tuned]) for name in ("exp_avg", "exp_avg_sq")]
        weights = np.concatenate([p.detach().numpy().ravel() for p in self._tuned])
        return {"weights": weights, "mean": moments[0], "square": moments[1], "steps": self._steps}

    def _moment(self, parameter: torch.Tensor, name: str) -> NDArray[np.float32]:
        if not self._steps:
            return np.zeros(parameter.numel(), dtype=np.float32)
        moment: NDArray[np.float32] = self._optimizer.state[parameter][name].numpy().ravel()
        return moment

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where `state_dict` was called.

        Raises:
            ValueError: A damaged state; nothing has changed.
        """
        shape = (sum(p.numel() for p in self._tuned),)
        weights = finite_array(state, "weights", shape, np.float32, low=-_LARGEST_WEIGHT, high=_LARGEST_WEIGHT)
        mean = finite_array(state, "mean", shape, np.float32)
        square = finite_array(state, "square", shape, np.float32, low=0.0)
        self._steps = counter(state, "steps")
        self._optimizer = torch.optim.Adam(self._tuned, lr=self.learning_rate)
        at = 0
        with torch.no_grad():
            for p in self._tuned:
                part = slice(at, at := at + p.numel())
                p.copy_(torch.from_numpy(weights[part]).view_as(p))
                if self._steps:
                    self._optimizer.state[p] = {
                        "step": torch.tensor(float(self._steps)),
                        "exp_avg": torch.from_numpy(mean[part]).view_as(p).clone(),
                        "exp_avg_sq": torch.from_numpy(square[part]).view_as(p).clone(),
                    }

    def __deepcopy__(self, memo: dict[int, Any]) -> DecoderTuning:
        """A copy goes on for itself."""
        other = DecoderTuning(self.decoder, self.learning_rate)
        other.load_state_dict(self.state_dict())
        return other
