"""The hyperparameters of CLUTR, by the name of their source."""

from __future__ import annotations

from typing import Any

_OURS: dict[str, Any] = {
    "regret": "flexible",
    "normalise": True,
    "batch_size": 16,
    "n_noise": 8,
    "hidden": 10,
    "learning_rate": 0.01,
    "n_epochs": 5,
    "clip_range": 0.2,
    "clip_value": False,
    "vf_coef": 0.5,
    "ent_coef": 0.01,
    "max_grad_norm": 0.5,
}

CLUTR_PRESETS: dict[str, dict[str, Any]] = {
    "default": _OURS,
    "paper": {
        **_OURS,
        "normalise": False,
        "batch_size": 32,
        "n_noise": 50,
        "learning_rate": 1e-4,
        "clip_value": True,
        "ent_coef": 0.0,
    },
}
"""``"default"``: this library's, which learns from thousands of levels. ``"paper"``: the authors' for navigation, which
has millions; their released script says ``regret="paired"``, the published runs are of flexible regret."""
