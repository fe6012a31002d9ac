"""Procedurally generated environments: what is taught.

Importing this module registers the environments with Gymnasium and nothing else: Box2D, pygame and numba are
loaded when the first environment is made.

Example:
    >>> import gymnasium as gym
    >>> import tutelage.envs
    >>> env = gym.make("tutelage/StumpTracks-v0")
    >>> observation, info = env.reset(seed=0, options={"task": [0.5, 4.0]})
    >>> info["task"].tolist()
    [0.5, 4.0]
    >>> env.close()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gymnasium.envs.registration import register, registry

if TYPE_CHECKING:
    from .bipedal_tracks import BipedalTracks as BipedalTracks
    from .frozen import TestSet as TestSet
    from .frozen import default_test_set as default_test_set
    from .frozen import list_test_sets as list_test_sets
    from .frozen import load_test_set as load_test_set
    from .hexagon_tracks import HexagonTracks as HexagonTracks
    from .stump_tracks import StumpTracks as StumpTracks
    from .toy_config import ToyConfig as ToyConfig
    from .toy_forms import TOY_FORMS as TOY_FORMS
    from .toy_forms import toy_form as toy_form
    from .toy_grid import ToyGrid as ToyGrid
    from .toy_student import ToyStudent as ToyStudent

_PUBLIC = {
    "BipedalTracks": ".bipedal_tracks",
    "HexagonTracks": ".hexagon_tracks",
    "StumpTracks": ".stump_tracks",
    "TOY_FORMS": ".toy_forms",
    "TestSet": ".frozen",
    "ToyConfig": ".toy_config",
    "ToyGrid": ".toy_grid",
    "ToyStudent": ".toy_student",
    "default_test_set": ".frozen",
    "list_test_sets": ".frozen",
    "load_test_set": ".frozen",
    "toy_form": ".toy_forms",
}

__all__ = [
    "TOY_FORMS",
    "BipedalTracks",
    "HexagonTracks",
    "StumpTracks",
    "TestSet",
    "ToyConfig",
    "ToyGrid",
    "ToyStudent",
    "default_test_set",
    "list_test_sets",
    "load_test_set",
    "toy_form",
]

_ENVIRONMENTS: dict[str, tuple[str, int | None]] = {
    "tutelage/StumpTracks-v0": ("tutelage.envs.stump_tracks:StumpTracks", 2000),
    "tutelage/HexagonTracks-v0": ("tutelage.envs.hexagon_tracks:HexagonTracks", 2000),
    "tutelage/ToyGrid-v0": ("tutelage.envs.toy_grid:ToyGrid", None),
}

for _id, (_entry_point, _max_episode_steps) in _ENVIRONMENTS.items():
    if _id not in registry:
        register(id=_id, entry_point=_entry_point, max_episode_steps=_max_episode_steps)


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        value = getattr(import_module(_PUBLIC[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
