"""The network that predicts the next observation from those so far and the actions."""

from __future__ import annotations

import math

import torch
from torch import nn

_HIDDEN = 128
_FILTERS = (32, 64)


class TransitionNetwork(nn.Module):
    """Predicts the next observation of each step of some sequences.

    Images pass two convolutions (3×3, 32 and 64 filters) and a linear layer to 128 features; vectors go as they are.
    The features are joined with the action and go through an LSTM with 128 units, whose output becomes a vector by a
    linear layer or, by a linear layer and two transposed convolutions, an image in [0, 1]. Source: TRACED
    (arXiv:2506.19997), whose network is for images of 5×5 cells or for vectors.

    Args:
        shape: Of what is predicted: ``(channels, height, width)`` for images, ``(d,)`` for vectors.
        extra: The size of a vector that is known but not predicted, 0 for none.
        action: The size of the action.
        seed: Of the initial weights, which follow torch's default distributions; torch's own generators are not used.

    Example:
        >>> network = TransitionNetwork((3, 5, 5), extra=4, action=1, seed=0)
        >>> frames, directions, actions = torch.rand(7, 3, 5, 5), torch.rand(7, 4), torch.zeros(7, 1)
        >>> network(frames, directions, actions, lengths=[4, 3]).shape  # two sequences of four and of three steps
        torch.Size([7, 3, 5, 5])
    """

    def __init__(self, shape: tuple[int, ...], extra: int, action: int, *, seed: int) -> None:
        super().__init__()
        self.shape = shape
        with torch.random.fork_rng(devices=[]):  # layers draw weights when they are made
            if len(shape) == 3:
                channels, height, width = shape
                few, many = _FILTERS
                cells = height * width
                self.encoder: nn.Module = nn.Sequential(
                    nn.Conv2d(channels, few, 3, padding=1),
                    nn.ReLU(),
                    nn.Conv2d(few, many, 3, padding=1),
                    nn.ReLU(),
                    nn.Flatten(),
                    nn.Linear(many * cells, _HIDDEN),
                )
                self.decoder: nn.Module = nn.Sequential(
                    nn.Linear(_HIDDEN, many * cells),
                    nn.Unflatten(1, (many, height, width)),
                    nn.ConvTranspose2d(many, few, 3, padding=1),
                    nn.ReLU(),
                    nn.ConvTranspose2d(few, channels, 3, padding=1),
                    nn.Sigmoid(),
                )
                features = _HIDDEN
            else:
                self.encoder, self.decoder = nn.Identity(), nn.Linear(_HIDDEN, shape[0])
                features = shape[0]
            self.lstm = nn.LSTM(features + extra + action, _HIDDEN)
        self._draw_weights(torch.Generator().manual_seed(seed))

    def _draw_weights(self, generator: torch.Generator) -> None:
        """Draw all weights uniformly within ±1/√fan-in, as torch's layers do (an LSTM's within ±1/√hidden)."""
        with torch.no_grad():
            for module in self.modules():
                weight = getattr(module, "weight", None)
                if isinstance(module, nn.LSTM):
                    bound = 1.0 / math.sqrt(module.hidden_size)
                elif isinstance(weight, torch.Tensor):
                    bound = 1.0 / math.sqrt(weight[0].numel())
                else:
                    continue
                for parameter in module.parameters(recurse=False):
                    parameter.uniform_(-bound, bound, generator=generator)

    def forward(
        self, observations: torch.Tensor, extras: torch.Tensor, actions: torch.Tensor, lengths: list[int]
    ) -> torch.Tensor:
        """Predict the next observations.

        Args:
            observations: Of the sequences, one after the other, shape ``(n, *shape)``.
            extras: Shape ``(n, extra)``.
            actions: Shape ``(n, action)``.
            lengths: The number of steps of each sequence, each at least 1; they add up to n.

        Returns:
            The predictions, shape ``(n, *shape)``.
        """
        features = torch.cat([self.encoder(observations), extras, actions], dim=1)
        padded = nn.utils.rnn.pad_sequence(list(features.split(lengths)))  # (longest, sequences, features)
        output, _ = self.lstm(padded)
        return self.decoder(torch.cat([output[:length, i] for i, length in enumerate(lengths)]))
