"""What a task VAE is built and trained with: its sizes, its losses, and the presets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ...errors import unknown_name
from ..hyperparameters import real, whole

ACTIVATIONS: dict[str, tuple[float, float]] = {
    "none": (-2.0, 2.0),
    "tanh": (-1.0, 1.0),
    "scaled_tanh": (-4.0, 4.0),
    "sigmoid": (0.0, 1.0),
}
"""What may be applied to a latent after it was drawn, and the range in which latents lie then. Without any it is two
standard deviations of the prior to either side; Betas with α = β = 1 + ln 2, with which a teacher begins, have the
prior's standard deviation on it."""


@dataclass(frozen=True)
class VAEConfig:
    """The sizes of a recurrent VAE over sequences of tokens, and how it is trained.

    The loss is ``reconstruction_weight`` · (mean cross-entropy of a token) + β · KL, with
    β = ``kl_weight`` · (1 + tanh((i − ``kl_middle``) / ``kl_width``)) / 2 in iteration i.

    Attributes:
        latent: Dimensions of the latent space; 0 for as many as the linear paths of ``set_path`` need to lose nothing:
            one for each token, and 12 for each place of a sequence's tail.
        embedding: Dimensions of the embedding of a token.
        highways: Highway layers on the embeddings of the encoder.
        encoder: Hidden units of the bidirectional LSTM, for each direction.
        decoder: Hidden units of the decoder's LSTM.
        decoder_layers: Its layers.
        set_path: Whether the encoder also reads which tokens there are, and the decoder also writes the first token
            that remains of a set, see `tutelage.teachers.latent.recurrent_vae.RecurrentVAE`.
        activation: Applied to latents after they were drawn: one of `ACTIVATIONS`.
        dropout: On the embeddings that the decoder reads, in training.
        reconstruction_weight: Of the cross-entropy.
        kl_weight: The largest β.
        kl_middle: The iteration at which β is half of that.
        kl_width: How many iterations the rise takes, about.
        learning_rate: Of Adam, at the beginning.
        final_rate: Of Adam at the end, as a share of that; it falls like half a cosine. 1 is constant.
        batch_size: Sequences of an iteration.
        iterations: How many there are.
        corpus_size: Different sequences to learn from; after so many the corpus begins anew.
        sort: Whether the tokens whose order does not matter are sorted. Unsorted is the ablation of the paper.

    Raises:
        TypeError: A number that is none.
        ValueError: A number out of range, or an unknown activation.

    Example:
        >>> VAEConfig.of("paper").latent
        64
        >>> round(VAEConfig.of("paper").kl(4500), 4)
        0.8808
    """

    latent: int
    embedding: int
    highways: int
    encoder: int
    decoder: int
    decoder_layers: int
    set_path: bool
    activation: str
    dropout: float
    reconstruction_weight: float
    kl_weight: float
    kl_middle: float
    kl_width: float
    learning_rate: float
    final_rate: float
    batch_size: int
    iterations: int
    corpus_size: int
    sort: bool = True

    def __post_init__(self) -> None:
        sizes = {"latent": 0, "embedding": 1, "highways": 0, "encoder": 1, "decoder": 1, "decoder_layers": 1}
        for name, least in {**sizes, "batch_size": 1, "iterations": 0, "corpus_size": 1}.items():
            object.__setattr__(self, name, whole(name, getattr(self, name), least))
        positive = ("kl_width", "learning_rate", "reconstruction_weight")
        for name in ("dropout", "kl_weight", "kl_middle", "final_rate", *positive):
            value = real(name, getattr(self, name))
            object.__setattr__(self, name, value)
            if not math.isfinite(value) or value < 0.0 or (name in positive and value == 0.0):
                raise ValueError(
                    f"{name} must be finite and {'above' if name in positive else 'at least'} 0, got {value}."
                )
        if self.dropout >= 1.0 or self.final_rate > 1.0:
            raise ValueError(
                f"dropout must be below 1 and final_rate at most 1, got {self.dropout}, {self.final_rate}."
            )
        for name in ("set_path", "sort"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be true or false, got {getattr(self, name)!r}.")
        if self.activation not in ACTIVATIONS:
            raise ValueError(unknown_name("activation", self.activation, ACTIVATIONS))

    @classmethod
    def of(cls, preset: str = "small", **changes: Any) -> VAEConfig:
        """Return a preset, with changes; a value of None changes nothing.

        Raises:
            ValueError: An unknown preset or setting, or a value out of range.
            TypeError: A number that is none.
        """
        if preset not in PRESETS:
            raise ValueError(unknown_name("preset", preset, PRESETS))
        return cls.from_mapping({**asdict(PRESETS[preset]), **{k: v for k, v in changes.items() if v is not None}})

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> VAEConfig:
        """Build a configuration from plain data.

        Raises:
            ValueError: An unknown or missing setting, or a value out of range.
            TypeError: A number that is none.
        """
        known = [f.name for f in fields(cls)]
        for name in values:
            if name not in known:
                raise ValueError(unknown_name("setting of a VAE", name, known))
        missing = [name for name in known if name not in values]
        if missing:
            raise ValueError(f"The settings of a VAE lack {', '.join(missing)}.")
        return cls(**values)

    def to_plain(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return asdict(self)

    def sized(self, n_tokens: int, tail: int) -> VAEConfig:
        """Return the configuration for a vocabulary, with the latent dimensions as a number.

        Args:
            n_tokens: How many tokens there are.
            tail: How many tokens at the end of a sequence have a meaning by their place.

        Example:
            >>> VAEConfig.of("small").sized(169, 2).latent
            193
        """
        return self if self.latent else replace(self, latent=n_tokens + 12 * tail)

    def kl(self, iteration: int) -> float:
        """Return β, the weight of the KL divergence in an iteration."""
        return self.kl_weight * (1.0 + math.tanh((iteration - self.kl_middle) / self.kl_width)) / 2.0

    def rate(self, iteration: int) -> float:
        """Return the learning rate of an iteration."""
        done = iteration / max(self.iterations, 1)
        falling = 0.5 * (1.0 + math.cos(math.pi * min(done, 1.0)))
        return self.learning_rate * (self.final_rate + (1.0 - self.final_rate) * falling)


PRESETS: dict[str, VAEConfig] = {
    "small": VAEConfig(
        latent=0,
        embedding=32,
        highways=0,
        encoder=32,
        decoder=64,
        decoder_layers=1,
        set_path=True,
        activation="none",
        dropout=0.0,
        reconstruction_weight=79.0,
        kl_weight=0.1,
        kl_middle=500.0,
        kl_width=200.0,
        learning_rate=3e-3,
        final_rate=0.02,
        batch_size=64,
        iterations=1500,
        corpus_size=1_000_000,
    ),
    "paper": VAEConfig(
        latent=64,
        embedding=300,
        highways=2,
        encoder=600,
        decoder=800,
        decoder_layers=2,
        set_path=False,
        activation="scaled_tanh",
        dropout=0.3,
        reconstruction_weight=79.0,
        kl_weight=1.0,
        kl_middle=3500.0,
        kl_width=1000.0,
        learning_rate=5e-5,
        final_rate=1.0,
        batch_size=32,
        iterations=1_000_000,
        corpus_size=10_000_000,
    ),
}
"""``small``, which trains in minutes on a processor, and the published one (Azad et al. 2023 and their code)."""
