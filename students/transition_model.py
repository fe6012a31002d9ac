"""A model of what happens next, whose error tells how new the dynamics of an episode are to it.

Source: TRACED (arXiv:2506.19997): the average transition prediction loss (ATPL) of a level is the mean error of a small
recurrent network that predicts the next observation, measured before it learns from the episode.

Differences from the authors' code: a step of the optimiser is made for some episodes at once, not for each, and at a
rollout's end the observation that follows is a target as well, so that an episode of n steps has n − 1 predictions
wherever a border cuts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.preprocessing import get_action_dim, get_flattened_obs_dim, preprocess_obs

from .rollout import Rollout, Segment
from .transition_network import TransitionNetwork

_LEARNING_RATE, _WEIGHT_DECAY, _MAX_NORM = 1e-4, 1e-5, 0.5
_STREAM = 0x7ACED


class TransitionModel:
    """Predicts next observations, and learns to.

    The error is the mean absolute difference for images and the mean squared one for vectors. A Box of three dimensions
    with finite bounds is an image and scaled to [0, 1]; in a Dict with an image, that is predicted and the rest is
    input only; all else is one vector, numbers of Discrete spaces one-hot. An action enters as it is, a discrete one as
    one number. The recurrent state is zero at the first step of an episode and of a rollout. The optimiser is AdamW
    (learning rate 1e-4, weight decay 1e-5, gradient norm at most 0.5).

    Args:
        observation_space: The student's.
        action_space: The student's.
        seed: Of the initial weights.
        device: Where torch computes.
        episodes_per_step: How many parts of episodes share a step of the optimiser, at least 1; 1 is the authors' rule.

    Raises:
        ValueError: ``episodes_per_step`` below 1.

    Example:
        >>> space = spaces.Dict(image=spaces.Box(0, 10, (5, 5, 3), np.uint8), direction=spaces.Discrete(4))
        >>> model = TransitionModel(space, spaces.Discrete(7), seed=0)
        >>> model.network.shape, model.is_image
        ((3, 5, 5), True)
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        *,
        seed: int = 0,
        device: Any = "cpu",
        episodes_per_step: int = 16,
    ) -> None:
        if episodes_per_step < 1:
            raise ValueError(f"episodes_per_step must be at least 1, got {episodes_per_step}.")
        self.observation_space = observation_space
        self.device = torch.device(device)
        self.episodes_per_step = episodes_per_step
        self._image_key = _find_image(observation_space)
        self.is_image = self._image_key is not None or _is_image(observation_space)
        size = get_flattened_obs_dim(observation_space)
        shape: tuple[int, ...] = (size,)
        if self.is_image:
            image = self._image_space()
            self._channels_last = image.shape[2] <= image.shape[0]
            shape = (image.shape[2], *image.shape[:2]) if self._channels_last else image.shape
            self._low = torch.as_tensor(image.low, dtype=torch.float32, device=self.device)
            self._range = torch.as_tensor(np.maximum(image.high - image.low.astype(np.float64), 1e-8)).float()
            self._range = self._range.to(self.device)
        extra = size - int(np.prod(shape))
        word = int(np.random.SeedSequence([seed, _STREAM]).generate_state(1)[0])
        self.network = TransitionNetwork(shape, extra, get_action_dim(action_space), seed=word).to(self.device)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY, foreach=False
        )

    def measure_and_learn(self, rollout: Rollout) -> NDArray[np.float64]:
        """Return the error of each step's prediction, and learn from the rollout.

        Episodes are measured and learned from in groups of similar length; each group is measured before its own step.

        Args:
            rollout: The rollout, before the student learns from it.

        Returns:
            The error, 0 for a step that ended its episode, shape ``(steps, n_envs)``.
        """
        errors = np.zeros(rollout.ids.shape)
        observations, extras = self._inputs(rollout)
        actions = torch.as_tensor(rollout.buffer.actions.astype(np.float32), device=self.device)
        for group in self._groups(rollout):
            steps = torch.as_tensor(np.concatenate([np.arange(s.start, s.stop - s.ended) for s in group]))
            envs = torch.as_tensor(np.concatenate([np.full(s.length - s.ended, s.env) for s in group]))
            lengths = [segment.length - segment.ended for segment in group]
            predicted = self.network(observations[steps, envs], extras[steps, envs], actions[steps, envs], lengths)
            difference = predicted - observations[steps + 1, envs]
            error = (difference.abs() if self.is_image else difference.square()).flatten(1).mean(1)
            errors[steps.numpy(), envs.numpy()] = error.detach().cpu().numpy()
            self._learn(torch.stack([part.mean() for part in error.split(lengths)]).mean())
        return errors

    def _learn(self, loss: torch.Tensor) -> None:
        gradients = torch.autograd.grad(loss, list(self.network.parameters()))
        for parameter, gradient in zip(self.network.parameters(), gradients, strict=True):
            parameter.grad = gradient
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _MAX_NORM)
        self.optimizer.step()

    def _groups(self, rollout: Rollout) -> Iterator[list[Segment]]:
        segments = [segment for segment in rollout.segments if segment.length > segment.ended]
        segments.sort(key=lambda segment: segment.length)  # stable; groups of one length need no padding
        for start in range(0, len(segments), self.episodes_per_step):
            yield segments[start : start + self.episodes_per_step]

    # --- Observations ------------------------------------------------------------------------------------------

    def _inputs(self, rollout: Rollout) -> tuple[torch.Tensor, torch.Tensor]:
        """What is predicted and what is known besides, shapes ``(steps + 1, n_envs, …)``."""
        buffer, last = rollout.buffer, rollout.student._last_obs
        space = self.observation_space
        if not isinstance(space, spaces.Dict):
            observations = self._tensor(buffer.observations, last)
            whole = self._scale(observations) if self.is_image else _flat(observations, space)
            return whole, whole.new_zeros((*whole.shape[:2], 0))
        parts = {key: self._tensor(buffer.observations[key], last[key]) for key in space.spaces}
        if self._image_key is None:
            whole = torch.cat([_flat(part, space[key]) for key, part in parts.items()], dim=2)
            return whole, whole.new_zeros((*whole.shape[:2], 0))
        image = self._scale(parts[self._image_key])
        known = [_flat(part, space[key]) for key, part in parts.items() if key != self._image_key]
        return image, torch.cat([*known, image.new_zeros((*image.shape[:2], 0))], dim=2)

    def _tensor(self, stored: NDArray[Any], last: NDArray[Any]) -> torch.Tensor:
        joined = np.concatenate([stored, np.asarray(last).reshape(1, *stored.shape[1:])])
        return torch.as_tensor(joined, device=self.device)

    def _scale(self, images: torch.Tensor) -> torch.Tensor:
        scaled = (images.float() - self._low) / self._range
        return scaled.movedim(-1, -3).contiguous() if self._channels_last else scaled

    def _image_space(self) -> spaces.Box:
        space = self.observation_space
        if self._image_key is not None:
            space = space[self._image_key]  # type: ignore[index]
        return space  # type: ignore[return-value]

    # --- State -------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return weights and optimiser as plain data."""
        moments = self.optimizer.state_dict()["state"]
        return {
            "weights": {name: tensor.cpu().numpy().copy() for name, tensor in self.network.state_dict().items()},
            "optimizer": {
                str(place): {name: tensor.cpu().numpy().copy() for name, tensor in entry.items()}
                for place, entry in moments.items()
            },
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where `state_dict` was called.

        Raises:
            ValueError: The state of another model.
        """
        try:
            weights = {name: torch.tensor(array) for name, array in state["weights"].items()}
            moments = {
                int(place): {name: torch.tensor(array) for name, array in entry.items()}
                for place, entry in state["optimizer"].items()
            }
            self.network.load_state_dict(weights)
            whole = self.optimizer.state_dict()
            self.optimizer.load_state_dict({**whole, "state": moments})
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise ValueError(f"This is not the state of a transition model for these observations: {reason}") from error


def _is_image(space: Any) -> bool:
    return isinstance(space, spaces.Box) and len(space.shape) == 3 and space.is_bounded()


def _find_image(space: Any) -> str | None:
    if not isinstance(space, spaces.Dict):
        return None
    return next((key for key, part in space.spaces.items() if _is_image(part)), None)


def _flat(observations: torch.Tensor, space: spaces.Space) -> torch.Tensor:
    """Turn a batch ``(steps, n_envs, …)`` into vectors ``(steps, n_envs, d)``, numbers of Discrete spaces one-hot."""
    steps, n_envs = observations.shape[:2]
    vectors = preprocess_obs(observations.flatten(0, 1), space, normalize_images=False)
    assert isinstance(vectors, torch.Tensor)  # only a Dict gives anything else
    return vectors.reshape(steps, n_envs, -1)
