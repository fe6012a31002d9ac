"""Presets: the hyperparameters of a publication by its name, as defaults that explicit arguments override."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import unknown_name


def fill_from_preset(presets: Mapping[str, Mapping[str, Any]], name: str, **given: Any) -> dict[str, Any]:
    """Return the given hyperparameters, with those that are None taken from a preset.

    Args:
        presets: Hyperparameters by the name of the preset; each preset has all that may be None.
        name: The preset to fill from.
        **given: Hyperparameters by name, None where the user gave none.

    Raises:
        ValueError: An unknown preset.

    Example:
        >>> fill_from_preset({"paper": {"rate": 250, "share": 0.2}}, "paper", rate=None, share=0.5)
        {'rate': 250, 'share': 0.5}
    """
    if name not in presets:
        raise ValueError(unknown_name("preset", name, presets))
    return {key: presets[name][key] if value is None else value for key, value in given.items()}
