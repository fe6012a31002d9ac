"""A bandit's policy over a box: independent Beta distributions, learned with PPO from one-step episodes.

Azad et al. (2023), section 4.2 and their code: the observation is noise; a linear layer, without a nonlinearity, is
followed by a linear value and two linear layers with a softplus, which give α − 1 and β − 1 of each dimension.
Schulman et al. (2017) for the clipped loss; episodes of one step have the advantage reward − value. Gradients are
written out, in NumPy, for the network has a few thousand weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, digamma, expit, polygamma

from ..kernels.flat_networks import adam_, clip_norm_, n_weights, views
from ..state_checks import counter, finite_array

FloatArray = NDArray[np.float64]

_EDGE = 1e-6
"""Actions keep that far from 0 and 1, where the logarithms of a Beta distribution are not finite."""

_LARGEST_WEIGHT = 1e6
_LARGEST_LOG_RATIO = 20.0


@dataclass(frozen=True)
class BetaPPO:
    """How a `BetaPolicy` learns.

    Attributes:
        learning_rate: Of Adam.
        n_epochs: Passes over the episodes, each of which is one gradient.
        clip_range: Of the ratio of probabilities.
        clip_value: Whether the value, too, moves by at most ``clip_range`` in one call.
        vf_coef: Weight of the value loss.
        ent_coef: Weight of the entropy, which is a mean over dimensions.
        max_grad_norm: Longer gradients are shortened.
    """

    learning_rate: float
    n_epochs: int
    clip_range: float
    clip_value: bool
    vf_coef: float
    ent_coef: float
    max_grad_norm: float


class BetaPolicy:
    """Chooses points of the unit cube, and learns from the reward of each.

    Args:
        n_dims: Dimensions of the cube.
        n_noise: Dimensions of the observation, noise that is uniform in the unit cube.
        hidden: Units of the linear layer.
        rng: Draws the weights.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> policy = BetaPolicy(2, n_noise=3, hidden=4, rng=rng)
        >>> ppo = BetaPPO(0.01, 5, 0.2, False, 0.5, 0.0, 0.5)
        >>> for _ in range(100):
        ...     noise = policy.observe(32, rng)
        ...     points, log_probs, values = policy.act(noise, rng)
        ...     losses = policy.learn(noise, points, log_probs, values, points[:, 0], ppo)
        >>> bool(policy.act(policy.observe(100, rng), rng)[0][:, 0].mean() > 0.8)
        True
    """

    def __init__(self, n_dims: int, n_noise: int, hidden: int, rng: np.random.Generator) -> None:
        self.n_dims, self.n_noise, self.hidden = n_dims, n_noise, hidden
        self._shapes = [(hidden, n_noise), (hidden,), (1 + 2 * n_dims, hidden), (1 + 2 * n_dims,)]
        count = n_weights(self._shapes)
        self._weights = np.zeros(count, dtype=np.float32)
        first, _, heads, _ = views(self._weights, self._shapes)
        first[...] = rng.standard_normal(first.shape) / np.sqrt(n_noise)
        heads[...] = 0.01 * rng.standard_normal(heads.shape)  # α and β begin near 1 + ln 2
        heads[0] = rng.standard_normal(hidden) / np.sqrt(hidden)
        self._mean, self._square = np.zeros(count, np.float32), np.zeros(count, np.float32)
        self._steps = 0

    # --- Acting ------------------------------------------------------------------------------------------------

    def observe(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw observations, shape ``(n, n_noise)``."""
        return rng.random((n, self.n_noise))

    def act(self, noise: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Draw a point for each observation.

        Returns:
            Points of shape ``(n, n_dims)``, their log-probabilities and the values, of shape ``(n,)``.
        """
        _, value, _, alpha, beta = self._forward(noise)
        points = np.clip(rng.beta(alpha, beta), _EDGE, 1.0 - _EDGE)
        return points, log_density(points, alpha, beta).sum(axis=1), value

    def parameters(self, noise: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return α and β for observations, of shape ``(n, n_dims)`` each."""
        return self._forward(noise)[3:]

    def _forward(self, noise: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """Hidden layer, value, inputs of the softplus, α and β."""
        first, bias, heads, biases = (part.astype(np.float64) for part in views(self._weights, self._shapes))
        hidden = noise @ first.T + bias
        out = hidden @ heads.T + biases
        shape = 1.0 + np.logaddexp(0.0, out[:, 1:])
        return hidden, out[:, 0], out[:, 1:], shape[:, : self.n_dims], shape[:, self.n_dims :]

    # --- Learning ----------------------------------------------------------------------------------------------

    def learn(
        self,
        noise: FloatArray,
        points: FloatArray,
        log_probs: FloatArray,
        values: FloatArray,
        rewards: FloatArray,
        ppo: BetaPPO,
    ) -> dict[str, float]:
        """Learn from one-step episodes.

        Args:
            noise: The observations, shape ``(n, n_noise)``.
            points: What was chosen, shape ``(n, n_dims)``.
            log_probs: With what log-probabilities, shape ``(n,)``.
            values: What was expected then, shape ``(n,)``.
            rewards: What came of it, shape ``(n,)``.
            ppo: How to learn.

        Returns:
            ``policy_loss``, ``value_loss`` and ``entropy`` of the last epoch, and ``advantage``, the mean of reward −
            value.
        """
        n, d = points.shape
        advantage = rewards - values
        scaled = (advantage - advantage.mean()) / (advantage.std() + 1e-5)
        losses = {"policy_loss": 0.0, "value_loss": 0.0, "entropy": 0.0}
        for _ in range(ppo.n_epochs):
            hidden, value, inputs, alpha, beta = self._forward(noise)
            log_ratio = log_density(points, alpha, beta).sum(axis=1) - log_probs
            ratio = np.exp(np.clip(log_ratio, -_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO))
            clipped = np.clip(ratio, 1.0 - ppo.clip_range, 1.0 + ppo.clip_range)
            moves = ratio * scaled <= clipped * scaled  # where the loss is that of the ratio (Schulman et al., eq. 7)
            by_log_prob = np.where(moves, -scaled * ratio / n, 0.0)
            both = digamma(alpha + beta)
            by_alpha = by_log_prob[:, None] * (np.log(points) - digamma(alpha) + both)
            by_beta = by_log_prob[:, None] * (np.log1p(-points) - digamma(beta) + both)
            if ppo.ent_coef:
                share, rest = ppo.ent_coef / (n * d), (alpha + beta - 2.0) * polygamma(1, alpha + beta)
                by_alpha -= share * (rest - (alpha - 1.0) * polygamma(1, alpha))
                by_beta -= share * (rest - (beta - 1.0) * polygamma(1, beta))
            error = value - rewards
            by_value = ppo.vf_coef * error / n
            if ppo.clip_value:
                near = values + np.clip(value - values, -ppo.clip_range, ppo.clip_range)
                by_value = np.where(np.abs(near - rewards) > np.abs(error), 0.0, by_value)
            by_out = np.concatenate([by_value[:, None], np.concatenate([by_alpha, by_beta], 1) * expit(inputs)], 1)
            self._step(noise, hidden, by_out, ppo)
            losses["policy_loss"] = -float(np.minimum(ratio * scaled, clipped * scaled).mean())
            losses["value_loss"] = float(0.5 * np.square(error).mean())
            losses["entropy"] = float(entropy(alpha, beta).mean())
        return {**losses, "advantage": float(advantage.mean())}

    def _step(self, noise: FloatArray, hidden: FloatArray, by_out: FloatArray, ppo: BetaPPO) -> None:
        _, _, heads, _ = views(self._weights, self._shapes)
        by_hidden = by_out @ heads.astype(np.float64)
        parts = [by_hidden.T @ noise, by_hidden.sum(axis=0), by_out.T @ hidden, by_out.sum(axis=0)]
        with np.errstate(over="ignore"):
            gradient = np.concatenate([part.ravel() for part in parts]).astype(np.float32)
            clip_norm_(gradient, ppo.max_grad_norm)
        self._steps += 1
        adam_(self._weights, gradient, self._mean, self._square, self._steps, ppo.learning_rate)
        np.clip(self._weights, -_LARGEST_WEIGHT, _LARGEST_WEIGHT, out=self._weights)

    # --- State -------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return weights and moments as plain data."""
        return {
            "weights": self._weights.copy(),
            "mean": self._mean.copy(),
            "square": self._square.copy(),
            "steps": self._steps,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where `state_dict` was called.

        Raises:
            ValueError: A damaged state; nothing has changed.
        """
        shape = self._weights.shape
        weights = finite_array(state, "weights", shape, np.float32, low=-_LARGEST_WEIGHT, high=_LARGEST_WEIGHT)
        mean = finite_array(state, "mean", shape, np.float32)
        square = finite_array(state, "square", shape, np.float32, low=0.0)
        self._steps = counter(state, "steps")
        self._weights, self._mean, self._square = weights, mean, square


def log_density(points: FloatArray, alpha: FloatArray, beta: FloatArray) -> FloatArray:
    """Return the logarithm of the density of Beta distributions at points in (0, 1).

    Example:
        >>> log_density(np.array([0.5]), np.array([2.0]), np.array([2.0])).round(4).tolist()
        [0.4055]
    """
    result: FloatArray = (alpha - 1.0) * np.log(points) + (beta - 1.0) * np.log1p(-points) - betaln(alpha, beta)
    return result


def entropy(alpha: FloatArray, beta: FloatArray) -> FloatArray:
    """Return the differential entropy of Beta distributions, in nats.

    Example:
        >>> entropy(np.array([1.0, 8.0]), np.array([1.0, 8.0])).round(3).tolist()
        [0.0, -0.694]
    """
    result: FloatArray = (
        betaln(alpha, beta)
        - (alpha - 1.0) * digamma(alpha)
        - (beta - 1.0) * digamma(beta)
        + (alpha + beta - 2.0) * digamma(alpha + beta)
    )
    return result
