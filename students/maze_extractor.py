"""What a student sees of a maze, as features."""

from __future__ import annotations

from typing import Any, TypeGuard

import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

_FILTERS, _DIRECTION = 16, 5


class MazeExtractor(BaseFeaturesExtractor):
    """Features of MiniGrid's observations: a small convolution over the view, and the direction.

    The image is scaled by its upper bound (10 in MiniGrid), passes a convolution with 16 filters of 3×3, stride 1,
    without padding, and is flattened and rectified; the direction, one-hot, passes a linear layer to 5. For a view of
    5×5 cells that makes 144 + 5 features. Source: the maze students of robust PLR and ACCEL. Where the observations
    have ``visits``, the convolution sees them as one more channel, as 1 − 2⁻ⁿ for n visits.

    In a preset, or in ``policy_kwargs``: ``features_extractor_class: MazeExtractor``.

    Args:
        observation_space: A Dict with a Box ``image`` of shape ``(width, height, channels)`` and a Discrete
            ``direction``, and possibly a Box ``visits`` of shape ``(width, height)``.

    Raises:
        ValueError: Another observation space.

    Example:
        >>> import numpy as np
        >>> image = spaces.Box(0, 10, (5, 5, 3), np.uint8)
        >>> extractor = MazeExtractor(spaces.Dict(image=image, direction=spaces.Discrete(4)))
        >>> extractor.features_dim, extractor({"image": torch.zeros(2, 5, 5, 3), "direction": torch.eye(4)[:2]}).shape
        (149, torch.Size([2, 149]))
    """

    def __init__(self, observation_space: spaces.Space) -> None:
        parts = observation_space.spaces if isinstance(observation_space, spaces.Dict) else {}
        image, direction = parts.get("image"), parts.get("direction")
        if not _is_view(image) or not isinstance(direction, spaces.Discrete):
            raise ValueError(
                "MazeExtractor expects Dict observations with a bounded Box 'image' of (width, height, channels), "
                f"at least 3 cells wide and high, and a Discrete 'direction'; got {observation_space}"
            )
        width, height, channels = image.shape
        channels += "visits" in parts
        super().__init__(observation_space, _FILTERS * (width - 2) * (height - 2) + _DIRECTION)
        self._scale = float(image.high.max())
        self.image = nn.Sequential(nn.Conv2d(channels, _FILTERS, 3), nn.Flatten(), nn.ReLU())
        self.direction = nn.Linear(int(direction.n), _DIRECTION)

    def forward(self, observations: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return the features.

        Args:
            observations: ``image`` of shape ``(n, width, height, channels)``; ``direction``, one-hot as
                Stable-Baselines3 makes it, of shape ``(n, directions)``; ``visits`` of shape ``(n, width, height)``
                where there are any.

        Returns:
            Shape ``(n, features_dim)``.
        """
        layers = observations["image"].float().permute(0, 3, 1, 2) / self._scale
        if "visits" in observations:
            layers = torch.cat([layers, 1.0 - torch.exp2(-observations["visits"].float()).unsqueeze(1)], dim=1)
        image = self.image(layers)
        direction = self.direction(observations["direction"].float().flatten(1))
        return torch.cat([image, direction], dim=1)


def _is_view(space: Any) -> TypeGuard[spaces.Box]:
    return (
        isinstance(space, spaces.Box)
        and len(space.shape) == 3
        and min(space.shape[:2]) >= 3
        and space.is_bounded("above")
    )
