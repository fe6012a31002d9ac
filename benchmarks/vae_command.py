"""``tutelage vae train``, and how a training run comes to the task VAE that its teacher needs."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ..envs.task_codec import BinCodec, TaskCodec, fingerprint_of
from ..envs.task_corpus import TaskCorpus
from ..errors import RequestError
from ..registry import make_teacher, teacher_class
from ..spaces import TaskSpace
from ..teachers.latent.latent_decoder import LatentDecoder
from ..teachers.latent.vae_config import VAEConfig
from ..teachers.latent.vae_files import DESCRIPTION, load_vae, read_description, save_vae
from .compilation import announced_compilation
from .environments import EnvironmentMaker, resolve_environment, task_space_of
from .training.config import TrainConfig

VAES = Path("runs") / "vaes"
"""Where task VAEs are kept, so that runs find them."""

HELD_OUT = 1000
"""Sequences that a VAE is measured with, drawn with another seed than the corpus."""

_HISTORY = 200
"""Points of the curves in the report."""


def codec_of(env: Any, space: TaskSpace) -> TaskCodec:
    """Return an environment's own codec, or one that works for any task space.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage import envs
        >>> env = gym.make("tutelage/Maze-v0")
        >>> codec_of(env, env.unwrapped.task_space).name
        'maze-13x13-50'
    """
    codec = env.get_wrapper_attr("task_codec") if env.has_wrapper_attr("task_codec") else BinCodec(space)
    if not isinstance(codec, TaskCodec):
        raise RequestError(f"The task_codec of the environment is a {type(codec).__name__}, expected a TaskCodec.")
    return codec


def default_vae_folder(env_id: str, preset: str, config: VAEConfig, codec: TaskCodec, seed: int) -> Path:
    """Return ``runs/vaes/<environment>-<preset>-<fingerprint>``.

    The fingerprint is of the codec, the settings and the seed: another VAE has another folder.
    """
    short = re.sub(r"[^\w.-]", "-", re.sub(r"^tutelage/|-v\d+$", "", env_id))
    mark = fingerprint_of(codec=codec.fingerprint, config=config.to_plain(), seed=seed)
    return VAES / f"{short}-{preset}-{mark}"


def train_task_vae(
    env: str,
    folder: str | Path | None = None,
    *,
    preset: str = "small",
    seed: int = 0,
    env_args: Mapping[str, Any] | None = None,
    task: Sequence[str] = (),
    quiet: bool = False,
    report: bool = True,
    **changes: Any,
) -> Path:
    """Train a task VAE and save it.

    Args:
        env: A Gymnasium id, or the short name of one of ours.
        folder: Where to; by default `default_vae_folder`.
        preset: ``"small"`` or ``"paper"``.
        seed: Of weights, corpus and noise.
        env_args: Arguments of ``gymnasium.make``.
        task: Dimensions of the task space, as on the command line.
        quiet: Show nothing.
        report: Draw the report.
        **changes: Settings of `VAEConfig`; None leaves the preset's.

    Returns:
        The folder.

    Raises:
        RequestError: Something does not exist or does not fit, or there is a VAE in the folder.
        RunError: The training failed; what was saved is intact.

    Example:
        >>> import tempfile
        >>> folder = train_task_vae("Maze", tempfile.mkdtemp(), env_args={"height": 3, "width": 3}, iterations=50,
        ...                         quiet=True, report=False)
        >>> sorted(path.name[:4] for path in folder.iterdir())
        ['vae-', 'vae.']
    """
    env_id = resolve_environment(env)
    made = EnvironmentMaker(env_id, dict(env_args or {}), tuple(task))()
    try:
        space = task_space_of(made, env_id)
        codec = codec_of(made, space)
    finally:
        made.close()
    try:
        config = VAEConfig.of(preset, **changes).sized(codec.vocabulary_size, codec.tail)
    except (ValueError, TypeError) as error:
        raise RequestError(str(error)) from error
    path = Path(folder) if folder is not None else default_vae_folder(env_id, preset, config, codec, seed)
    if (path / DESCRIPTION).exists() and read_description(path)["training"].get("finished"):
        raise RequestError(f"There is a task VAE in {path}: choose another folder (--out), or delete it.")
    _train_into(path, config, codec, space, env_id, seed, quiet, report)
    return path


def ensure_vae(config: TrainConfig, env_id: str, space: TaskSpace, env: Any, *, quiet: bool = False) -> TrainConfig:
    """Find, or train, the VAE of a run whose teacher takes one and was not given any.

    Args:
        config: The run.
        env_id: The full id of its environment.
        space: Its task space.
        env: An environment of the run; it may be closed.
        quiet: Do not say which VAE it is.

    Returns:
        The configuration, with the folder of the VAE among the teacher's arguments; the same where none is needed.

    Raises:
        RequestError: The teacher refuses its other hyperparameters; nothing was trained.
        RunError: The VAE that was found is damaged, or its training failed.
    """
    if "vae" not in inspect.signature(teacher_class(config.teacher)).parameters or "vae" in config.teacher_args:
        return config
    others = {name: value for name, value in config.teacher_args.items() if name != "fine_tune"}  # which wants a VAE
    try:
        make_teacher(config.teacher, space, seed=config.seed, **others)
    except (TypeError, ValueError) as error:
        raise RequestError(str(error)) from error
    codec = codec_of(env, space)
    settings = VAEConfig.of("small").sized(codec.vocabulary_size, codec.tail)
    path = default_vae_folder(env_id, "small", settings, codec, 0).resolve()
    found = (path / DESCRIPTION).exists() and read_description(path)["training"].get("finished")
    if found:
        load_vae(path, codec)
    else:
        _say(f"Training a task VAE for {config.teacher}, once for this environment, into {path}", quiet)
        _train_into(path, settings, codec, space, env_id, 0, quiet, report=True)
    measures = read_description(path)["training"].get("measures", {})
    accuracy = f" ({100.0 * measures['accuracy']:.1f} % of held-out tokens)" if "accuracy" in measures else ""
    _say(f"The latent space of {config.teacher} is the task VAE in {path}{accuracy}", quiet)
    return replace(config, teacher_args={**config.teacher_args, "vae": str(path)})


def _train_into(
    path: Path,
    config: VAEConfig,
    codec: TaskCodec,
    space: TaskSpace,
    env_id: str,
    seed: int,
    quiet: bool,
    report: bool,
) -> None:
    """Train, measure, save and report."""
    from ..teachers.latent.vae_training import measure_vae, plain, train_vae

    held_out = codec.sample_sequences(HELD_OUT, np.random.default_rng([seed, 1]), sort=config.sort)
    corpus = TaskCorpus(codec, config.corpus_size, seed, sort=config.sort)
    about = {"env": env_id, "seed": seed, "finished": False}
    history: list[dict[str, float]] = []
    every = max(1, config.iterations // _HISTORY)
    hide = quiet or not sys.stderr.isatty()
    with (
        announced_compilation(lambda text: _say(text, quiet)),
        tqdm(total=config.iterations, unit="iteration", disable=hide, dynamic_ncols=True) as bar,
    ):

        def progress(iteration: int, losses: dict[str, float]) -> None:
            bar.update(1)
            if iteration % every == 0 or iteration == config.iterations:
                history.append({"iteration": iteration, **plain(losses)})
                bar.set_postfix_str(
                    f"cross-entropy {losses['cross_entropy']:.3f}, KL {losses['kl']:.0f}", refresh=False
                )

        vae = train_vae(
            config,
            codec,
            corpus.batches,
            seed,
            progress=progress,
            checkpoint=lambda done, network: save_vae(path, network, codec, {**about, "iterations": done}),
        )
    decoder = LatentDecoder(vae, codec)
    measures = plain(measure_vae(decoder, held_out))
    training = {**about, "finished": True, "iterations": config.iterations, "measures": measures, "history": history}
    save_vae(path, vae, codec, training)
    if report:
        from .vae_report import write_vae_report

        write_vae_report(path, decoder, space, held_out)
    _say(_summary(path, decoder, measures), quiet)


def _summary(path: Path, decoder: LatentDecoder, measures: Mapping[str, float]) -> str:
    return (
        f"Task VAE in {path}: {100.0 * measures['accuracy']:.1f} % of the tokens of {HELD_OUT:,} held-out tasks come "
        f"back in their place, {100.0 * measures['exact']:.1f} % of the tasks whole; "
        f"{measures['active_units']:.0f} of {decoder.n_dims} latent dimensions are in use."
    )


def _say(text: str, quiet: bool) -> None:
    if not quiet:
        tqdm.write(text, file=sys.stderr)
