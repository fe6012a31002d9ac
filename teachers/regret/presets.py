"""The published hyperparameters of the teachers that look for regret, by the name of their source."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .generator_config import GeneratorConfig

_OURS: dict[str, Any] = {"regret": "paired", "clip": None, "normalise": True, **asdict(GeneratorConfig())}

_DCD: dict[str, Any] = {
    **_OURS,
    "normalise": False,
    "recurrent": True,
    "learning_rate": 1e-4,
    "n_epochs": 5,
    "batch_size": None,
    "ent_coef": 0.0,
    "hidden": 32,
    "filters": 128,
    "lstm": 256,
}

PAIRED_PRESETS: dict[str, dict[str, Any]] = {
    "default": _OURS,
    "dcd": _DCD,
    "flexible": {**_DCD, "regret": "flexible"},
    "jaxued": {**_DCD, "clip": False, "gae_lambda": 0.98, "ent_coef": 1e-3},
    "minimax": {**_DCD, "regret": "relative", "gae_lambda": 0.98, "ent_coef": 0.05},
}
"""Of PAIRED, and of the generator in REPAIRED and minimax.

``"default"``: this library's, cheap on a CPU. ``"dcd"``: facebookresearch/dcd on mazes of 25 blocks; ``"flexible"``:
the same with flexible regret, as in CLUTR's experiments. ``"jaxued"``: DramaCow/jaxued, and ``"minimax"``:
facebookresearch/minimax, as far as they differ from it in regret, λ and entropy; their networks and builders are of
their own kind.
"""

REPAIRED_PRESETS: dict[str, dict[str, Any]] = {
    "default": {
        **_OURS,
        "score": "max_mc",
        "buffer_size": 4000,
        "replay_prob": 0.5,
        "min_fill": 0.016,
        "temperature": 1.0,
        "staleness": 0.3,
    },
    "dcd": {
        **_DCD,
        "recurrent": False,
        "score": "max_mc",
        "buffer_size": 4000,
        "replay_prob": 0.95,
        "min_fill": 0.5,
        "temperature": 0.1,
        "staleness": 0.3,
    },
}
"""Of REPAIRED: this library's, for some thousands of levels; and facebookresearch/dcd's on mazes of 25 blocks."""
