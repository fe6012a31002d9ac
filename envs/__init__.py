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
    from .maze import MazeEnv as MazeEnv
    from .maze_codec import MazeCodec as MazeCodec
    from .maze_levels import count_walls as count_walls
    from .maze_levels import fewest_actions as fewest_actions
    from .maze_levels import is_solvable as is_solvable
    from .maze_levels import level_from_arrays as level_from_arrays
    from .maze_levels import level_from_text as level_from_text
    from .maze_levels import level_from_tokens as level_from_tokens
    from .maze_levels import level_hashes as level_hashes
    from .maze_levels import level_to_arrays as level_to_arrays
    from .maze_levels import level_to_text as level_to_text
    from .maze_levels import level_to_tokens as level_to_tokens
    from .maze_levels import mutate_levels as mutate_levels
    from .maze_levels import optimal_returns as optimal_returns
    from .maze_levels import shortest_path_lengths as shortest_path_lengths
    from .maze_parameters import MazeParametersEnv as MazeParametersEnv
    from .maze_parameters_vec_env import MazeParametersVecEnv as MazeParametersVecEnv
    from .maze_space import MazeSpace as MazeSpace
    from .maze_suites import MazeTest as MazeTest
    from .maze_suites import list_maze_suites as list_maze_suites
    from .maze_suites import list_maze_tests as list_maze_tests
    from .maze_suites import maze_suite as maze_suite
    from .maze_suites import maze_test as maze_test
    from .maze_vec_env import MazeVecEnv as MazeVecEnv
    from .stump_tracks import StumpTracks as StumpTracks
    from .task_codec import BinCodec as BinCodec
    from .task_codec import TaskCodec as TaskCodec
    from .task_corpus import TaskCorpus as TaskCorpus
    from .toy_config import ToyConfig as ToyConfig
    from .toy_forms import TOY_FORMS as TOY_FORMS
    from .toy_forms import toy_form as toy_form
    from .toy_grid import ToyGrid as ToyGrid
    from .toy_student import ToyStudent as ToyStudent

_PUBLIC = {
    "BipedalTracks": ".bipedal_tracks",
    "HexagonTracks": ".hexagon_tracks",
    "MazeEnv": ".maze",
    "MazeParametersEnv": ".maze_parameters",
    "MazeParametersVecEnv": ".maze_parameters_vec_env",
    "MazeSpace": ".maze_space",
    "TaskCorpus": ".task_corpus",
    "TaskCodec": ".task_codec",
    "MazeCodec": ".maze_codec",
    "BinCodec": ".task_codec",
    "MazeTest": ".maze_suites",
    "MazeVecEnv": ".maze_vec_env",
    "StumpTracks": ".stump_tracks",
    "TOY_FORMS": ".toy_forms",
    "TestSet": ".frozen",
    "ToyConfig": ".toy_config",
    "ToyGrid": ".toy_grid",
    "ToyStudent": ".toy_student",
    "count_walls": ".maze_levels",
    "default_test_set": ".frozen",
    "fewest_actions": ".maze_levels",
    "is_solvable": ".maze_levels",
    "level_from_arrays": ".maze_levels",
    "level_from_text": ".maze_levels",
    "level_from_tokens": ".maze_levels",
    "level_hashes": ".maze_levels",
    "level_to_arrays": ".maze_levels",
    "level_to_text": ".maze_levels",
    "level_to_tokens": ".maze_levels",
    "list_maze_suites": ".maze_suites",
    "list_maze_tests": ".maze_suites",
    "list_test_sets": ".frozen",
    "load_test_set": ".frozen",
    "maze_suite": ".maze_suites",
    "maze_test": ".maze_suites",
    "mutate_levels": ".maze_levels",
    "optimal_returns": ".maze_levels",
    "shortest_path_lengths": ".maze_levels",
    "toy_form": ".toy_forms",
}

__all__ = [
    "TOY_FORMS",
    "BinCodec",
    "BipedalTracks",
    "HexagonTracks",
    "MazeCodec",
    "MazeEnv",
    "MazeParametersEnv",
    "MazeParametersVecEnv",
    "MazeSpace",
    "MazeTest",
    "MazeVecEnv",
    "StumpTracks",
    "TaskCodec",
    "TaskCorpus",
    "TestSet",
    "ToyConfig",
    "ToyGrid",
    "ToyStudent",
    "count_walls",
    "default_test_set",
    "fewest_actions",
    "is_solvable",
    "level_from_arrays",
    "level_from_text",
    "level_from_tokens",
    "level_hashes",
    "level_to_arrays",
    "level_to_text",
    "level_to_tokens",
    "list_maze_suites",
    "list_maze_tests",
    "list_test_sets",
    "load_test_set",
    "maze_suite",
    "maze_test",
    "mutate_levels",
    "optimal_returns",
    "shortest_path_lengths",
    "toy_form",
]

_ENVIRONMENTS: dict[str, tuple[str, int | None]] = {
    "tutelage/StumpTracks-v0": ("tutelage.envs.stump_tracks:StumpTracks", 2000),
    "tutelage/HexagonTracks-v0": ("tutelage.envs.hexagon_tracks:HexagonTracks", 2000),
    "tutelage/Maze-v0": ("tutelage.envs.maze:MazeEnv", None),
    "tutelage/MazeParameters-v0": ("tutelage.envs.maze_parameters:MazeParametersEnv", None),
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
