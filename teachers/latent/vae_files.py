"""A task VAE in a folder: ``vae.json`` says what it is, a safetensors file next to it holds the weights.

``vae.json`` is written last and names the file of the weights by their hash: whoever is killed while saving leaves the
older VAE as it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.numpy import load, save

from ...errors import RequestError, RunError
from ...state import write_atomic, write_text
from .vae_config import VAEConfig

if TYPE_CHECKING:
    from .latent_decoder import Codec
    from .recurrent_vae import RecurrentVAE

DESCRIPTION = "vae.json"
_FORMAT = 1


def save_vae(folder: str | Path, vae: RecurrentVAE, codec: Codec, training: Mapping[str, Any]) -> None:
    """Save a VAE.

    Args:
        folder: Where to; it is made if it does not exist.
        vae: The network.
        codec: Whose sequences it has learned; its name and fingerprint are stored.
        training: What else is to be known about it, as plain data.

    Raises:
        RunError: The disk is full or the folder cannot be written to; what was saved before is intact.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"Cannot make {path}: {error.strerror or error}.") from error
    content = save({name: tensor.detach().contiguous().numpy() for name, tensor in vae.state_dict().items()})
    digest = hashlib.sha256(content).hexdigest()
    file = path / f"vae-{digest[:12]}.safetensors"
    write_atomic(file, lambda opened: opened.write(content))
    description = {
        "format": _FORMAT,
        "weights": file.name,
        "sha256": digest,
        "codec": codec_description(codec),
        "config": vae.config.to_plain(),
        "training": dict(training),
    }
    write_text(path / DESCRIPTION, json.dumps(description, indent=2) + "\n")
    for old in path.glob("vae-*.safetensors"):
        if old.name != file.name:
            old.unlink(missing_ok=True)


def codec_description(codec: Codec) -> dict[str, Any]:
    """Return what a saved VAE says about its codec."""
    names = ("name", "fingerprint", "vocabulary_size", "sequence_length", "tail")
    return {name: getattr(codec, name) for name in names}


def read_description(folder: str | Path) -> dict[str, Any]:
    """Return what ``vae.json`` says.

    Raises:
        RequestError: There is no VAE.
        RunError: The file is damaged.
    """
    file = Path(folder) / DESCRIPTION
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RequestError(
            f"There is no task VAE in {folder}: it has no {DESCRIPTION}. `tutelage vae train` makes one."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"Cannot read {file}: {getattr(error, 'strerror', None) or error}.") from error
    try:
        found = json.loads(text)
        parts = {"weights": str, "sha256": str, "codec": dict, "config": dict, "training": dict}
        for name, kind in parts.items():
            if not isinstance(found[name], kind):
                raise ValueError(f"{name} is {found[name]!r}")
        if found["format"] != _FORMAT:
            raise ValueError(f"its format is {found['format']!r}, expected {_FORMAT}")
    except (ValueError, KeyError, TypeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else error
        raise RunError(f"{file} is damaged: {reason}.") from error
    description: dict[str, Any] = found
    return description


def load_vae(folder: str | Path, codec: Codec) -> tuple[RecurrentVAE, dict[str, Any]]:
    """Load a VAE for the tasks of a codec.

    Returns:
        The network, and what ``vae.json`` says.

    Raises:
        RequestError: There is none, or it was trained for other tasks.
        RunError: A file is missing, damaged or cut off.
    """
    import torch

    from .recurrent_vae import RecurrentVAE

    description = read_description(folder)
    its = description["codec"]
    if its.get("fingerprint") != codec.fingerprint:
        raise RequestError(
            f"The task VAE in {folder} was trained for {its.get('name')} ({its.get('vocabulary_size')} tokens), these "
            f"tasks are {codec.name} ({codec.vocabulary_size} tokens): train another one with `tutelage vae train`."
        )
    file = Path(folder) / Path(description["weights"]).name
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RunError(f"Cannot read {file}: {error.strerror or error}.") from error
    if hashlib.sha256(content).hexdigest() != description["sha256"]:
        raise RunError(f"{file} is damaged: its contents do not have the hash that {DESCRIPTION} says.")
    try:
        weights = load(content)
        vae = RecurrentVAE(VAEConfig.from_mapping(description["config"]), codec.vocabulary_size, codec.tail)
        vae.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    except (RuntimeError, ValueError, TypeError, KeyError, SafetensorError) as error:
        text = " ".join(str(error).split())
        raise RunError(f"{file} does not fit the settings in {DESCRIPTION}: {text}") from error
    return vae, description
