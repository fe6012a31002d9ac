"""The published hyperparameters of the teachers that replay levels, by the name of their source."""

from __future__ import annotations

from typing import Any

_PLR: dict[str, Any] = {
    "score": "positive_value_loss",
    "buffer_size": 4000,
    "replay_prob": 0.5,
    "min_fill": 0.5,
    "schedule": "proportionate",
    "prioritization": "rank",
    "temperature": 0.3,
    "top_k": 1,
    "staleness": 0.3,
    "replace": "support",
    "strict": False,
    "transition_weight": 1.0,
    "co_learnability_weight": 1.0,
}
"""Robust PLR and ACCEL on mazes of 60 blocks, in DCD."""

_MINIMAX = {**_PLR, "score": "max_mc", "schedule": "fixed"}
_JAXUED = {**_PLR, "score": "max_mc", "schedule": "fixed", "replay_prob": 0.8, "strict": True}
_SFL = {**_JAXUED, "replay_prob": 0.5, "min_fill": 1.0, "prioritization": "top-k", "top_k": 1}
_WALKER = {**_PLR, "buffer_size": 1000, "temperature": 0.1, "staleness": 0.5}
_DEGEN = {**_JAXUED, "score": "mna", "buffer_size": 8000, "replay_prob": 0.5, "temperature": 1.0}

PLR_PRESETS: dict[str, dict[str, Any]] = {
    "default": {**_PLR, "min_fill": 0.016, "schedule": "fixed", "temperature": 1.0},
    "procgen": {
        **_PLR,
        "score": "l1_value_loss",
        "buffer_size": 200,
        "replay_prob": 1.0,
        "min_fill": 0.0,
        "temperature": 0.1,
        "staleness": 0.1,
    },
    "dcd-25": {**_PLR, "score": "max_mc", "temperature": 0.1},
    "dcd-60": _PLR,
    "minimax": _MINIMAX,
    "jaxued": _JAXUED,
    "sfl": {**_SFL, "score": "max_mc"},
    "walker": _WALKER,
    "car-racing": {**_PLR, "buffer_size": 8000, "prioritization": "proportional", "temperature": 1.0, "staleness": 0.7},
    "degen": _DEGEN,
}
"""Of PLR and robust PLR.

``"default"``: this library's, for some thousands of episodes on a CPU. ``"procgen"``: the original PLR, 200 levels
(Jiang et al. 2021a). ``"dcd-25"``, ``"dcd-60"``, ``"walker"``, ``"car-racing"``: facebookresearch/dcd, mazes of 25 and
60 blocks, BipedalWalker and CarRacing. ``"minimax"``: facebookresearch/minimax. ``"jaxued"``: DramaCow/jaxued.
``"sfl"``: the baseline in amacrutherford/sampling-for-learnability. ``"degen"``: the settings with the MNA score in
HarryMJMead/Dynamic-Environment-Generation-for-UED.
"""

_ACCEL: dict[str, Any] = {**_PLR, "replay_prob": 0.8, "n_edits": 5, "parents": "easy", "n_parents": 4, "edit_batch": 32}

ACCEL_PRESETS: dict[str, dict[str, Any]] = {
    "default": {**_ACCEL, **PLR_PRESETS["default"], "replay_prob": 0.8, "n_edits": 3, "parents": "batch"},
    "dcd-60": _ACCEL,
    "minimax": {**_ACCEL, **_MINIMAX, "replay_prob": 0.8, "staleness": 0.5, "n_edits": 20, "parents": "batch"},
    "jaxued": {**_ACCEL, **_JAXUED, "n_edits": 5, "parents": "batch"},
    "sfl": {**_ACCEL, **_SFL, "n_edits": 20, "parents": "batch"},
    "walker": {**_ACCEL, **_WALKER, "replay_prob": 0.9, "n_edits": 3, "edit_batch": 16},
    "degen": {**_ACCEL, **_DEGEN, "n_edits": 20, "parents": "batch"},
    "traced-maze": {**_ACCEL, "score": "traced"},
    "traced-walker": {
        **_ACCEL,
        **_WALKER,
        "score": "traced",
        "replay_prob": 0.9,
        "n_edits": 3,
        "edit_batch": 16,
        "transition_weight": 1.5,
        "co_learnability_weight": 0.6,
    },
}
"""Of ACCEL; those not above are Cho-Geonwoo/TRACED's on mazes and, by its README, on BipedalWalker."""
