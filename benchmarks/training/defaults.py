"""What a training run does where its configuration does not say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...students.presets import list_presets
from .config import TrainConfig

N_ENVS, N_NATIVE_ENVS = 8, 256
"""Parallel environments, one after the other or as one batch."""

_PRESET_ENV_ARGS: dict[str, dict[str, Any]] = {"maze": {"observation": "flat", "n_actions": 3, "visits": True}}
"""What the environment of a preset of the students is like: the quick maze student sees one-hot vectors and where it
has been, which it has no other memory for."""

_PRESET_ENVS = {"maze-lstm": 32}
"""Environments of a preset, where they are batched natively."""


def with_defaults(config: TrainConfig, env_id: str) -> TrainConfig:
    """Fill in the preset of the student, the arguments of the environment that go with it, and how tests are played.

    Args:
        config: The configuration.
        env_id: The full id of its environment.

    Returns:
        A configuration with a preset; what was given stays.

    Example:
        >>> filled = with_defaults(TrainConfig("Maze"), "tutelage/Maze-v0")
        >>> filled.preset, filled.env_args
        ('maze', {'observation': 'flat', 'n_actions': 3, 'visits': True})
    """
    mazes = env_id.startswith("tutelage/Maze")
    preset = config.preset
    if preset is None:
        tracks = env_id.endswith(("Tracks-v0", "WalkerClimber-v0"))
        wanted = ["tracks"] if tracks else _maze_presets(config) if mazes else []
        known = list_presets(config.student)
        preset = next((name for name in wanted if name in known), "sb3")
    extra = _PRESET_ENV_ARGS.get(preset, {}) if mazes else {}
    return replace(
        config,
        env=env_id,
        preset=preset,
        env_args={**extra, **config.env_args},
        eval_episodes=config.eval_episodes or (10 if mazes else 1),
        eval_deterministic=not mazes if config.eval_deterministic is None else config.eval_deterministic,
    )


def _maze_presets(config: TrainConfig) -> list[str]:
    """The presets that fit the observations of a maze, the best first."""
    flat = config.env_args.get("observation", "flat") == "flat"
    return ["maze" if flat else "maze-conv", *([] if "observation" in config.env_args and flat else ["maze-lstm"])]


def n_envs_of(config: TrainConfig, native: bool) -> int:
    """Return the number of environments.

    Args:
        config: A configuration with a preset.
        native: Whether they are batched natively.

    Example:
        >>> n_envs_of(TrainConfig("Maze", preset="maze-lstm"), True), n_envs_of(TrainConfig("StumpTracks"), False)
        (32, 8)
    """
    if config.n_envs is not None:
        return config.n_envs
    return _PRESET_ENVS.get(str(config.preset), N_NATIVE_ENVS) if native else N_ENVS
