"""The recurrent network of the papers' maze students."""

from __future__ import annotations

from typing import Any

import torch
from sb3_contrib.common.recurrent.policies import RecurrentMultiInputActorCriticPolicy
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from torch import nn


class MazeLstmPolicy(RecurrentMultiInputActorCriticPolicy):
    """sb3-contrib's ``MultiInputLstmPolicy`` with the weights and gradients of the papers' maze students.

    With `MazeExtractor`, a shared LSTM of 256 units and heads of 32 units it is the network of robust PLR and
    ACCEL: 433,953 parameters for a view of 5×5 cells and 7 actions (the preset ``maze-lstm`` of ``recurrent-ppo``). It
    differs from its parent in two points:

    * Convolutions begin with Xavier's uniform weights, LSTMs with orthogonal weights and zero biases; all other layers
      are orthogonal in the parent, too (gain √2, 0.01 for the actions, 1 for the value).
    * Where actor and critic share the LSTM, it learns from both of them; in the parent from the actor only.

    Args:
        *args: As for the parent.
        **kwargs: As for the parent.

    Example:
        >>> import numpy as np
        >>> from gymnasium import spaces
        >>> from tutelage.students.maze_extractor import MazeExtractor
        >>> view = spaces.Dict(image=spaces.Box(0, 10, (5, 5, 3), np.uint8), direction=spaces.Discrete(4))
        >>> policy = MazeLstmPolicy(view, spaces.Discrete(7), lambda _: 1e-4, net_arch={"pi": [32], "vf": [32]},
        ...                         features_extractor_class=MazeExtractor, shared_lstm=True, enable_critic_lstm=False)
        >>> sum(parameter.numel() for parameter in policy.parameters())
        433953
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.ortho_init:
            return
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_uniform_(module.weight)
            elif isinstance(module, nn.LSTM):
                for name, parameter in module.named_parameters():
                    if name.startswith("weight"):
                        nn.init.orthogonal_(parameter)
                    else:
                        nn.init.zeros_(parameter)

    def evaluate_actions(  # type: ignore[override]  # as the parent's
        self, obs: Any, actions: torch.Tensor, lstm_states: RNNStates, episode_starts: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Evaluate actions under the current policy.

        Args:
            obs: Observations of padded sequences, one after the other.
            actions: The actions taken.
            lstm_states: The states of the LSTM at the beginning of each sequence.
            episode_starts: 1 where an episode begins, else 0.

        Returns:
            Values, logarithms of the actions' probabilities, and entropies.
        """
        if not self.shared_lstm:
            return super().evaluate_actions(obs, actions, lstm_states, episode_starts)
        features: Any = self.extract_features(obs)
        states: Any = lstm_states.pi
        latent, _ = self._process_sequence(features, states, episode_starts, self.lstm_actor)
        distribution = self._get_action_dist_from_latent(self.mlp_extractor.forward_actor(latent))
        values = self.value_net(self.mlp_extractor.forward_critic(latent))
        return values, distribution.log_prob(actions), distribution.entropy()  # type: ignore[return-value]
