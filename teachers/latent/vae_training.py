"""Training a task VAE, and measuring it. Importing this module imports torch.

Azad et al. (2023), section 4.1 and their code: maximise the evidence lower bound over a corpus of random tasks, with
a weight of the KL divergence that rises from 0 (Bowman et al. 2016).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import RunError
from .latent_decoder import Codec, LatentDecoder
from .recurrent_vae import RecurrentVAE, kl_divergence
from .vae_config import VAEConfig

IntArray = NDArray[np.int64]

_GROUP = 16
"""Batches that are put in order of length together, so that the sequences of a batch are about equally long."""

_LARGEST_GRADIENT = 50.0
ACTIVE = 0.01
"""A latent dimension is active if the means of different tasks vary by more (Burda et al. 2016, section 5)."""

Corpus = Callable[[int], Iterable[IntArray]]
"""Returns the corpus from its beginning, in batches of so many sequences."""


def train_vae(
    config: VAEConfig,
    codec: Codec,
    corpus: Corpus,
    seed: int,
    *,
    progress: Callable[[int, dict[str, float]], None] | None = None,
    checkpoint: Callable[[int, RecurrentVAE], None] | None = None,
) -> RecurrentVAE:
    """Train a VAE.

    Args:
        config: Sizes and training.
        codec: Whose sequences are learned.
        corpus: The sequences.
        seed: Of the weights, the order of the batches and the noise.
        progress: Is called after each iteration with its number, from 1, and the losses.
        checkpoint: Is called after each tenth of the training but the last, with the network as it is.

    Returns:
        The network.

    Raises:
        RunError: The loss has become NaN or infinite.

    Example:
        >>> from tutelage.envs import MazeSpace
        >>> from tutelage.envs.maze_codec import MazeCodec
        >>> from tutelage.envs.task_corpus import TaskCorpus
        >>> codec = MazeCodec(MazeSpace(3, 3))
        >>> config = VAEConfig.of("small", iterations=200, batch_size=32)
        >>> vae = train_vae(config, codec, TaskCorpus(codec, 5000, seed=0).batches, seed=0)
        >>> held_out = codec.sample_sequences(100, np.random.default_rng(1))
        >>> measure_vae(LatentDecoder(vae, codec), held_out)["accuracy"] > 0.8
        True
    """
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    vae = new_vae(config, codec, seed)
    optimizer = torch.optim.Adam(vae.parameters(), lr=config.learning_rate)
    batches = _batches(corpus, config.batch_size, rng)
    tenth = max(1, config.iterations // 10)
    vae.train()
    for i in range(config.iterations):
        sequences = torch.from_numpy(next(batches))
        for group in optimizer.param_groups:
            group["lr"] = config.rate(i)
        mean, log_variance = vae.encode(sequences)
        latents = vae.draw(mean, log_variance, generator)
        log_likelihood, there = vae.log_likelihood(latents, sequences, generator)
        cross_entropy = -log_likelihood.sum() / there.sum()
        kl = kl_divergence(mean, log_variance).sum(1).mean()
        loss = config.reconstruction_weight * cross_entropy + config.kl(i) * kl
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(vae.parameters(), _LARGEST_GRADIENT)
        if not (math.isfinite(loss.item()) and math.isfinite(norm.item())):
            raise RunError(
                f"The loss of the task VAE became {loss.item()} (its gradient {norm.item()}) in iteration {i + 1:,}: "
                f"choose a learning rate below {config.learning_rate:g}. What was saved before is intact."
            )
        optimizer.step()
        if progress is not None:
            progress(i + 1, {"cross_entropy": cross_entropy.item(), "kl": kl.item(), "kl_weight": config.kl(i)})
        if checkpoint is not None and (i + 1) % tenth == 0 and i + 1 < config.iterations:
            checkpoint(i + 1, vae)
    return vae.eval()


def new_vae(config: VAEConfig, codec: Codec, seed: int) -> RecurrentVAE:
    """Return a VAE before its training; torch's own generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return RecurrentVAE(config, codec.vocabulary_size, codec.tail)


def _batches(corpus: Corpus, n: int, rng: np.random.Generator) -> Iterator[IntArray]:
    """The batches of a corpus, again and again; those of a group are in random order."""
    while True:
        empty = True
        for group in corpus(_GROUP * n):
            order = np.argsort((group > 0).sum(axis=1), kind="stable")
            parts = [group[order[start : start + n]] for start in range(0, len(group), n)]
            for k in rng.permutation(len(parts)):
                empty = False
                yield parts[k]
        if empty:
            raise RunError("The corpus of the task VAE is empty.")


def measure_vae(decoder: LatentDecoder, sequences: IntArray) -> dict[str, float]:
    """Measure how well sequences that it has not seen come back, by greedy decoding of the encoder's means.

    Args:
        decoder: The VAE.
        sequences: Shape ``(n, L)``.

    Returns:
        - ``accuracy``: Share of tokens that come back in their place; one wrong token moves all that follow.
        - ``exact``: Share of sequences that come back without any change.
        - ``overlap``: Mean of tokens in common / tokens in any of both, wherever they are.
        - ``cross_entropy``: Of a token, given those before it, in nats.
        - ``kl``: KL divergence of a sequence, in nats.
        - ``active_units``: Latent dimensions in which the means of sequences vary (by more than `ACTIVE`).
        - ``seconds_per_level``: Of decoding.
    """
    vae = decoder.vae
    with torch.no_grad():
        given = torch.from_numpy(np.ascontiguousarray(sequences))
        mean, log_variance = vae.encode(given)
        latents = vae.activate(mean)
        log_likelihood, there = vae.log_likelihood(latents, given)
        kl = kl_divergence(mean, log_variance).sum(1).mean().item()
        active = int((mean.var(0) > ACTIVE).sum())
    started = time.perf_counter()
    written = decoder.tokens(latents.double().numpy())
    seconds = (time.perf_counter() - started) / len(sequences)
    real = sequences > 0
    overlap = [len(np.intersect1d(a[a > 0], b[b > 0])) / max(1, len(np.union1d(a[a > 0], b[b > 0])))
               for a, b in zip(sequences, written, strict=True)]  # fmt: skip
    return {
        "accuracy": float((written == sequences)[real].mean()),
        "exact": float((written == sequences).all(axis=1).mean()),
        "overlap": float(np.mean(overlap)),
        "cross_entropy": float(-log_likelihood.sum() / there.sum()),
        "kl": float(kl),
        "active_units": float(active),
        "seconds_per_level": seconds,
    }


def plain(measures: dict[str, float]) -> dict[str, Any]:
    """Return measures rounded for a file that people read."""
    return {name: round(value, 6) for name, value in measures.items()}
