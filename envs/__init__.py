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
    from .arm_config import ArmConfig as ArmConfig
    from .arm_forms import ARM_FORMS as ARM_FORMS
    from .arm_forms import arm_form as arm_form
    from .arm_student import ArmStudent as ArmStudent
    from .arms_env import ArmsEnv as ArmsEnv
    from .bipedal_tracks import BipedalTracks as BipedalTracks
    from .bit_games import shortcut_accuracy as shortcut_accuracy
    from .bodies import Body as Body
    from .bodies import get_body as get_body
    from .bodies import random_body as random_body
    from .cell_progress import CellProgress as CellProgress
    from .chain import ChainEnv as ChainEnv
    from .chat_endpoint import ChatEndpoint as ChatEndpoint
    from .chat_endpoint import MalformedAnswerError as MalformedAnswerError
    from .chat_endpoint import NoAnswerError as NoAnswerError
    from .chat_subgoals import ChatSubgoals as ChatSubgoals
    from .delayed_match import DelayedMatch as DelayedMatch
    from .frozen import TestSet as TestSet
    from .frozen import default_test_set as default_test_set
    from .frozen import list_test_sets as list_test_sets
    from .frozen import load_test_set as load_test_set
    from .game_vec_env import GameVecEnv as GameVecEnv
    from .gameable_ladder import GameableLadder as GameableLadder
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
    from .minigrid_encodings import LanguageEncoding as LanguageEncoding
    from .minigrid_encodings import RelativeEncoding as RelativeEncoding
    from .minigrid_encodings import RepresentationEncoding as RepresentationEncoding
    from .minigrid_encodings import hashed_words as hashed_words
    from .minigrid_encodings import minigrid_encoding as minigrid_encoding
    from .minigrid_subgoal import MiniGridSubgoal as MiniGridSubgoal
    from .minigrid_view import MiniGridView as MiniGridView
    from .minigrid_words import describe_grid as describe_grid
    from .n_parity import NParity as NParity
    from .noisy_oracle import SIMULATED_LLMS as SIMULATED_LLMS
    from .noisy_oracle import NoisyOracle as NoisyOracle
    from .noisy_oracle import simulated_llm as simulated_llm
    from .planner_oracle import PlannerOracle as PlannerOracle
    from .stump_tracks import StumpTracks as StumpTracks
    from .task_codec import BinCodec as BinCodec
    from .task_codec import TaskCodec as TaskCodec
    from .task_corpus import TaskCorpus as TaskCorpus
    from .toy_config import ToyConfig as ToyConfig
    from .toy_forms import TOY_FORMS as TOY_FORMS
    from .toy_forms import toy_form as toy_form
    from .toy_grid import ToyGrid as ToyGrid
    from .toy_student import ToyStudent as ToyStudent
    from .walker_climber import WalkerClimber as WalkerClimber

_PUBLIC = {
    "ARM_FORMS": ".arm_forms",
    "ArmConfig": ".arm_config",
    "ArmStudent": ".arm_student",
    "ArmsEnv": ".arms_env",
    "BipedalTracks": ".bipedal_tracks",
    "Body": ".bodies",
    "CellProgress": ".cell_progress",
    "ChainEnv": ".chain",
    "ChatEndpoint": ".chat_endpoint",
    "ChatSubgoals": ".chat_subgoals",
    "DelayedMatch": ".delayed_match",
    "GameVecEnv": ".game_vec_env",
    "GameableLadder": ".gameable_ladder",
    "HexagonTracks": ".hexagon_tracks",
    "LanguageEncoding": ".minigrid_encodings",
    "MalformedAnswerError": ".chat_endpoint",
    "MazeEnv": ".maze",
    "MazeParametersEnv": ".maze_parameters",
    "MazeParametersVecEnv": ".maze_parameters_vec_env",
    "MazeSpace": ".maze_space",
    "MiniGridSubgoal": ".minigrid_subgoal",
    "MiniGridView": ".minigrid_view",
    "NParity": ".n_parity",
    "NoAnswerError": ".chat_endpoint",
    "NoisyOracle": ".noisy_oracle",
    "PlannerOracle": ".planner_oracle",
    "RelativeEncoding": ".minigrid_encodings",
    "RepresentationEncoding": ".minigrid_encodings",
    "SIMULATED_LLMS": ".noisy_oracle",
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
    "WalkerClimber": ".walker_climber",
    "arm_form": ".arm_forms",
    "count_walls": ".maze_levels",
    "default_test_set": ".frozen",
    "describe_grid": ".minigrid_words",
    "fewest_actions": ".maze_levels",
    "get_body": ".bodies",
    "hashed_words": ".minigrid_encodings",
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
    "minigrid_encoding": ".minigrid_encodings",
    "mutate_levels": ".maze_levels",
    "optimal_returns": ".maze_levels",
    "random_body": ".bodies",
    "shortest_path_lengths": ".maze_levels",
    "shortcut_accuracy": ".bit_games",
    "simulated_llm": ".noisy_oracle",
    "toy_form": ".toy_forms",
}

__all__ = [
    "ARM_FORMS",
    "SIMULATED_LLMS",
    "TOY_FORMS",
    "ArmConfig",
    "ArmStudent",
    "ArmsEnv",
    "BinCodec",
    "BipedalTracks",
    "Body",
    "CellProgress",
    "ChainEnv",
    "ChatEndpoint",
    "ChatSubgoals",
    "DelayedMatch",
    "GameVecEnv",
    "GameableLadder",
    "HexagonTracks",
    "LanguageEncoding",
    "MalformedAnswerError",
    "MazeCodec",
    "MazeEnv",
    "MazeParametersEnv",
    "MazeParametersVecEnv",
    "MazeSpace",
    "MazeTest",
    "MazeVecEnv",
    "MiniGridSubgoal",
    "MiniGridView",
    "NParity",
    "NoAnswerError",
    "NoisyOracle",
    "PlannerOracle",
    "RelativeEncoding",
    "RepresentationEncoding",
    "StumpTracks",
    "TaskCodec",
    "TaskCorpus",
    "TestSet",
    "ToyConfig",
    "ToyGrid",
    "ToyStudent",
    "WalkerClimber",
    "arm_form",
    "count_walls",
    "default_test_set",
    "describe_grid",
    "fewest_actions",
    "get_body",
    "hashed_words",
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
    "minigrid_encoding",
    "mutate_levels",
    "optimal_returns",
    "random_body",
    "shortcut_accuracy",
    "shortest_path_lengths",
    "simulated_llm",
    "toy_form",
]

_ENVIRONMENTS: dict[str, tuple[str, int | None]] = {
    "tutelage/StumpTracks-v0": ("tutelage.envs.stump_tracks:StumpTracks", 2000),
    "tutelage/HexagonTracks-v0": ("tutelage.envs.hexagon_tracks:HexagonTracks", 2000),
    "tutelage/WalkerClimber-v0": ("tutelage.envs.walker_climber:WalkerClimber", 2000),
    "tutelage/Maze-v0": ("tutelage.envs.maze:MazeEnv", None),
    "tutelage/MazeParameters-v0": ("tutelage.envs.maze_parameters:MazeParametersEnv", None),
    "tutelage/ToyGrid-v0": ("tutelage.envs.toy_grid:ToyGrid", None),
    "tutelage/NParity-v0": ("tutelage.envs.n_parity:NParity", None),
    "tutelage/DelayedMatch-v0": ("tutelage.envs.delayed_match:DelayedMatch", None),
    "tutelage/Chain-v0": ("tutelage.envs.chain:ChainEnv", None),
    "tutelage/GameableLadder-v0": ("tutelage.envs.gameable_ladder:GameableLadder", None),
    "tutelage/Arms-v0": ("tutelage.envs.arms_env:ArmsEnv", None),
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
