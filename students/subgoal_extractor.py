"""What a student sees of a MiniGrid environment and its current subgoal, as features."""

from __future__ import annotations

from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

_FILTERS, _LAYERS = 32, 3


class SubgoalExtractor(BaseFeaturesExtractor):
    """Features of a view and a subgoal: a convolution, joined by the subgoal's vector, and a linear layer.

    The image, its codes as they are, passes three convolutions with 32 filters of 3×3, stride 2, padding 1 (ELU). What
    comes out (32 features for a view of 7×7 cells) and the vector ``subgoal``, if the observations have one, go through
    a linear layer to 256 (ReLU). Source: the student of Words as Beacons (Ruiz-Gonzalez et al. 2024), model.py of the
    authors' code.

    In a preset, or in ``policy_kwargs``: ``features_extractor_class: SubgoalExtractor``.

    Args:
        observation_space: A Dict with a Box ``image`` of shape ``(width, height, channels)``, and possibly a Box
            ``subgoal`` of shape ``(k,)`` and a Discrete ``direction``.
        features_dim: Units of the linear layer.
        direction: Whether the direction, one-hot, joins the subgoal. The authors' student does not see it.

    Raises:
        ValueError: Another observation space.

    Example:
        >>> import numpy as np
        >>> view = {"image": spaces.Box(0, 10, (7, 7, 3), np.uint8), "subgoal": spaces.Box(-9.0, 9.0, (2,))}
        >>> extractor = SubgoalExtractor(spaces.Dict(view))
        >>> extractor.linear[0].in_features, extractor.features_dim
        (34, 256)
        >>> extractor({"image": torch.zeros(5, 7, 7, 3), "subgoal": torch.zeros(5, 2)}).shape
        torch.Size([5, 256])
    """

    def __init__(self, observation_space: spaces.Space, features_dim: int = 256, *, direction: bool = False) -> None:
        parts: dict[str, Any] = dict(observation_space.spaces) if isinstance(observation_space, spaces.Dict) else {}
        image, subgoal = parts.get("image"), parts.get("subgoal")
        if (
            not (isinstance(image, spaces.Box) and len(image.shape) == 3)
            or not (subgoal is None or (isinstance(subgoal, spaces.Box) and len(subgoal.shape) == 1))
            or (direction and not isinstance(parts.get("direction"), spaces.Discrete))
        ):
            raise ValueError(
                "SubgoalExtractor expects Dict observations with a Box 'image' of (width, height, channels), possibly "
                "a Box 'subgoal' of shape (k,), and with direction=True a Discrete 'direction'; "
                f"got {observation_space}"
            )
        super().__init__(observation_space, features_dim)
        width, height, channels = image.shape
        self._joined = [key for key, wanted in (("subgoal", subgoal is not None), ("direction", direction)) if wanted]
        layers: list[nn.Module] = []
        for _ in range(_LAYERS):
            layers += [nn.Conv2d(channels, _FILTERS, 3, stride=2, padding=1), nn.ELU()]
            width, height, channels = (width + 1) // 2, (height + 1) // 2, _FILTERS
        self.image = nn.Sequential(*layers, nn.Flatten())
        joined = sum(spaces.flatdim(parts[key]) for key in self._joined)
        self.linear = nn.Sequential(nn.Linear(width * height * channels + joined, features_dim), nn.ReLU())

    def forward(self, observations: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return the features.

        Args:
            observations: ``image`` of shape ``(n, width, height, channels)``; ``subgoal`` of shape ``(n, k)``;
                ``direction``, one-hot as Stable-Baselines3 makes it, of shape ``(n, directions)``.

        Returns:
            Shape ``(n, features_dim)``.
        """
        image = self.image(observations["image"].float().permute(0, 3, 1, 2))
        joined = [observations[key].float().flatten(1) for key in self._joined]
        features: torch.Tensor = self.linear(torch.cat([image, *joined], dim=1))
        return features
