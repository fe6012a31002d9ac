"""The squared norm of the policy's gradient on each episode.

Source: PACE (arXiv:2605.01358) scores a level by the squared length of the step in parameter space that an update on
its data alone makes. Here it is taken to first order: with a plain gradient step of size η that length is η² times what
is returned, which ranks levels alike and needs neither a copy of the weights nor an optimiser, whose normalisation of
step sizes would hide the gradient's.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .rollout import Rollout, Segment


def squared_gradient_norms(rollout: Rollout) -> NDArray[np.float64]:
    """Return the squared L2 norm of the policy loss's gradient on each episode's part of a rollout.

    The loss is −mean(A log π(a|o)) over the steps of the part, with the advantages as they are, not normalised; its
    gradient at the weights that played is that of PPO's loss and of A2C's. It reaches the policy's head and all it
    rests on, shared layers included. Weights, gradients and random numbers stay as they are.

    Args:
        rollout: The rollout.

    Returns:
        The norm of the part that each step belongs to, shape ``(steps, n_envs)``.

    Example:
        >>> import gymnasium as gym
        >>> from stable_baselines3 import PPO
        >>> from stable_baselines3.common.callbacks import BaseCallback
        >>> class Scores(BaseCallback):
        ...     def _on_step(self):
        ...         return True
        ...
        ...     def _on_rollout_end(self):
        ...         ids = np.zeros((64, 1), np.int64)
        ...         self.scores = squared_gradient_norms(Rollout(self.model, ids, self.model.rollout_buffer.rewards))
        >>> scores = Scores()
        >>> _ = PPO("MlpPolicy", "CartPole-v1", n_steps=64, device="cpu", seed=0).learn(64, callback=scores)
        >>> scores.scores.shape, bool((scores.scores > 0).all())
        ((64, 1), True)
    """
    import torch

    student, buffer = rollout.student, rollout.buffer
    parameters = [parameter for parameter in student.policy.parameters() if parameter.requires_grad]
    norms = np.zeros(rollout.ids.shape)
    for segment in rollout.segments:
        steps = slice(segment.start, segment.stop)
        advantages = _tensor(student, buffer.advantages[steps, segment.env])
        with torch.enable_grad(), _gradients_of_recurrent_layers(buffer):
            _, log_prob, _ = student.policy.evaluate_actions(*_arguments(student, buffer, segment))
            loss = -(advantages * log_prob).mean()
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        squares = [gradient.double().square().sum() for gradient in gradients if gradient is not None]
        norms[steps, segment.env] = float(torch.stack(squares).sum()) if squares else 0.0
    return norms


def _gradients_of_recurrent_layers(buffer: Any) -> AbstractContextManager[Any]:
    """On a GPU, cuDNN's recurrent layers give gradients in training mode only, which would switch dropout on."""
    import torch

    recurrent = hasattr(buffer, "hidden_states_pi")
    return torch.backends.cudnn.flags(enabled=False) if recurrent else nullcontext()


def _arguments(student: Any, buffer: Any, segment: Segment) -> list[Any]:
    """What ``evaluate_actions`` needs to evaluate a part of an episode."""
    from gymnasium.spaces import Discrete

    steps, env = slice(segment.start, segment.stop), segment.env
    observations = buffer.observations
    if isinstance(observations, dict):
        observation: Any = {key: _tensor(student, part[steps, env]) for key, part in observations.items()}
    else:
        observation = _tensor(student, observations[steps, env])
    actions = _tensor(student, buffer.actions[steps, env].astype(np.float32))
    if isinstance(student.action_space, Discrete):
        actions = actions.long().flatten()
    if not hasattr(buffer, "hidden_states_pi"):
        return [observation, actions]

    import torch
    from sb3_contrib.common.recurrent.type_aliases import RNNStates

    begins = bool(buffer.episode_starts[segment.start, env])

    def state(states: NDArray[np.float32]) -> Any:
        first = states[segment.start, :, env : env + 1]  # (layers, 1, hidden)
        return _tensor(student, np.zeros_like(first) if begins else first)

    states = RNNStates(
        (state(buffer.hidden_states_pi), state(buffer.cell_states_pi)),
        (state(buffer.hidden_states_vf), state(buffer.cell_states_vf)),
    )
    return [observation, actions, states, torch.zeros(segment.length, device=student.device)]


def _tensor(student: Any, array: NDArray[Any]) -> Any:
    import torch

    return torch.as_tensor(np.ascontiguousarray(array), device=student.device)
