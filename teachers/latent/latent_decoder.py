"""What a teacher sees of a task VAE: points of its latent space in, tasks out.

Importing this module does not import torch; making a decoder does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .vae_config import ACTIVATIONS

if TYPE_CHECKING:
    from .recurrent_vae import RecurrentVAE

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_BATCH = 256
"""Latents decoded together."""


class Codec(Protocol):
    """What turns tasks into sequences of tokens and back, see `tutelage.envs.task_codec`."""

    name: str
    vocabulary_size: int
    sequence_length: int
    tail: int

    @property
    def fingerprint(self) -> str:
        """The same for codecs with the same tokens and the same meaning of them."""
        ...

    def encode(self, tasks: ArrayLike) -> IntArray:
        """Write tasks as sequences."""
        ...

    def decode(self, tokens: ArrayLike, rng: np.random.Generator) -> FloatArray:
        """Read tasks from any sequences."""
        ...

    def sample_sequences(self, n: int, rng: np.random.Generator, *, sort: bool = True) -> IntArray:
        """Draw the sequences of random tasks."""
        ...


class LatentDecoder:
    """A frozen VAE with the codec of its tasks: latents in, tasks out.

    Nothing here changes the weights of the VAE.

    Args:
        vae: The network.
        codec: Reads tasks from its sequences.

    Attributes:
        n_dims: Dimensions of the latent space.
        low: Lower end of the range of latents, the same for all dimensions.
        high: Upper end.
        codec: As above.

    Example:
        >>> from tutelage.envs import MazeSpace
        >>> from tutelage.envs.maze_codec import MazeCodec
        >>> from tutelage.teachers.latent.recurrent_vae import RecurrentVAE
        >>> from tutelage.teachers.latent.vae_config import VAEConfig
        >>> space = MazeSpace(3, 3)
        >>> codec = MazeCodec(space)
        >>> decoder = LatentDecoder(RecurrentVAE(VAEConfig.of(), codec.vocabulary_size, codec.tail), codec)
        >>> tasks = decoder.decode(np.zeros((4, decoder.n_dims)), np.random.default_rng(0))
        >>> bool(space.contains_all(tasks))
        True
    """

    def __init__(self, vae: RecurrentVAE, codec: Codec) -> None:
        self.vae, self.codec = vae.eval(), codec
        for parameter in vae.parameters():
            parameter.requires_grad_(False)
        self.n_dims = vae.config.latent
        self.low, self.high = ACTIVATIONS[vae.config.activation]

    @classmethod
    def load(cls, folder: str | Path, codec: Codec) -> LatentDecoder:
        """Load a VAE that `tutelage vae train` has saved.

        Raises:
            RequestError: There is none, or it was trained for other tasks.
            RunError: A file is missing, damaged or cut off.
        """
        from .vae_files import load_vae

        return cls(load_vae(folder, codec)[0], codec)

    @property
    def fingerprint(self) -> str:
        """A short text that is the same for the same weights and the same tasks."""
        import hashlib

        digest = hashlib.sha256(self.codec.fingerprint.encode("utf-8"))
        for name, tensor in sorted(self.vae.state_dict().items()):
            digest.update(name.encode("utf-8"))
            digest.update(tensor.numpy().tobytes())
        return digest.hexdigest()[:12]

    def tokens(self, latents: ArrayLike, rng: np.random.Generator | None = None) -> IntArray:
        """Return the sequences of latents.

        Args:
            latents: Shape ``(n, n_dims)``.
            rng: Draws the tokens; None takes the most likely one each time.

        Returns:
            Shape ``(n, sequence_length)``, filled up with zeros.

        Raises:
            ValueError: Latents of another shape, or that are not finite.
        """
        import torch

        points = np.asarray(latents, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != self.n_dims or not np.isfinite(points).all():
            raise ValueError(f"Expected finite latents of shape (n, {self.n_dims}), got shape {points.shape}.")
        generator = None
        if rng is not None:
            generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        parts = [np.zeros((0, self.codec.sequence_length), dtype=np.int64)]
        with torch.no_grad():
            for start in range(0, len(points), _BATCH):
                part = torch.from_numpy(points[start : start + _BATCH].astype(np.float32))
                parts.append(self.vae.decode(part, self.codec.sequence_length, generator).numpy())
        return np.concatenate(parts)

    def decode(self, latents: ArrayLike, rng: np.random.Generator, *, greedy: bool = True) -> FloatArray:
        """Return the tasks of latents.

        Args:
            latents: Shape ``(n, n_dims)``.
            rng: Draws what a sequence leaves open, and the tokens unless ``greedy``.
            greedy: Take the most likely token each time.

        Returns:
            Shape ``(n, d)``.
        """
        return self.codec.decode(self.tokens(latents, None if greedy else rng), rng)

    def encode(self, tasks: ArrayLike) -> FloatArray:
        """Return the latents of tasks: the means of the encoder's distributions, of shape ``(n, n_dims)``.

        Args:
            tasks: Shape ``(n, d)``.
        """
        return self.encode_sequences(self.codec.encode(tasks))

    def encode_sequences(self, sequences: IntArray) -> FloatArray:
        """Return the latents of sequences, of shape ``(n, n_dims)``."""
        import torch

        parts = [np.zeros((0, self.n_dims))]
        with torch.no_grad():
            for start in range(0, len(sequences), _BATCH):
                mean, _ = self.vae.encode(torch.from_numpy(np.ascontiguousarray(sequences[start : start + _BATCH])))
                parts.append(self.vae.activate(mean).double().numpy())
        return np.concatenate(parts)

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Draw latents from the prior, the activation applied, shape ``(n, n_dims)``."""
        import torch

        drawn = torch.from_numpy(rng.standard_normal((n, self.n_dims)))
        result: FloatArray = self.vae.activate(drawn).numpy()
        return result

    def __deepcopy__(self, memo: dict[int, Any]) -> LatentDecoder:
        """Copies of a teacher share the frozen VAE."""
        return self
