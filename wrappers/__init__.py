"""Wrappers: where a teacher meets an environment.

Three wrappers close the loop, each for one kind of environment: `CurriculumVecEnv` (Stable-Baselines3),
`CurriculumVectorEnv` (Gymnasium's vector environments) and `CurriculumEnv` (a single one). Three adapters
make a task environment out of any other: `TaskAttributes`, `TaskFunction` and `TaskRebuild`. And some hold a
quantity that changes during training, by a schedule or by a teacher: `Budget`, `Chain`, `GuideHorizon`, `Hint`,
`ObsDetail` and `RewardMix`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .below import Below as Below
    from .budget import Budget as Budget
    from .budget import length_bonus as length_bonus
    from .chain import Chain as Chain
    from .clock import Clock as Clock
    from .controlled import Controlled as Controlled
    from .curriculum import Curriculum as Curriculum
    from .curriculum_env import CurriculumEnv as CurriculumEnv
    from .curriculum_vec_env import CurriculumVecEnv as CurriculumVecEnv
    from .curriculum_vec_env import make_curriculum_vec_env as make_curriculum_vec_env
    from .curriculum_vector_env import CurriculumVectorEnv as CurriculumVectorEnv
    from .curriculum_vector_env import make_curriculum_vector_env as make_curriculum_vector_env
    from .episode_counter import EpisodeCounter as EpisodeCounter
    from .episode_gate import EpisodeGate as EpisodeGate
    from .failure import EnvironmentTraceback as EnvironmentTraceback
    from .guide_horizon import GuideHorizon as GuideHorizon
    from .hint import Hint as Hint
    from .hint import group_share as group_share
    from .joined_space import JoinedSpace as JoinedSpace
    from .obs_detail import ObsDetail as ObsDetail
    from .prelude import Prelude as Prelude
    from .reward_mix import RewardMix as RewardMix
    from .shuffled_tasks import ShuffledTasks as ShuffledTasks
    from .subgoal_parts import SubgoalEncoding as SubgoalEncoding
    from .subgoal_parts import SubgoalProgress as SubgoalProgress
    from .subgoal_parts import SubgoalProvider as SubgoalProvider
    from .subgoals import Subgoals as Subgoals
    from .subgoals import subgoal_success_rates as subgoal_success_rates
    from .task_attributes import TaskAttributes as TaskAttributes
    from .task_env import TaskWrapper as TaskWrapper
    from .task_function import TaskFunction as TaskFunction
    from .task_rebuild import TaskRebuild as TaskRebuild

_PUBLIC = {
    "Below": ".below",
    "Budget": ".budget",
    "Chain": ".chain",
    "Clock": ".clock",
    "Controlled": ".controlled",
    "Curriculum": ".curriculum",
    "CurriculumEnv": ".curriculum_env",
    "CurriculumVecEnv": ".curriculum_vec_env",
    "CurriculumVectorEnv": ".curriculum_vector_env",
    "EnvironmentTraceback": ".failure",
    "EpisodeCounter": ".episode_counter",
    "EpisodeGate": ".episode_gate",
    "GuideHorizon": ".guide_horizon",
    "Hint": ".hint",
    "JoinedSpace": ".joined_space",
    "ObsDetail": ".obs_detail",
    "Prelude": ".prelude",
    "RewardMix": ".reward_mix",
    "ShuffledTasks": ".shuffled_tasks",
    "SubgoalEncoding": ".subgoal_parts",
    "SubgoalProgress": ".subgoal_parts",
    "SubgoalProvider": ".subgoal_parts",
    "Subgoals": ".subgoals",
    "TaskAttributes": ".task_attributes",
    "TaskFunction": ".task_function",
    "TaskRebuild": ".task_rebuild",
    "TaskWrapper": ".task_env",
    "group_share": ".hint",
    "length_bonus": ".budget",
    "make_curriculum_vec_env": ".curriculum_vec_env",
    "make_curriculum_vector_env": ".curriculum_vector_env",
    "subgoal_success_rates": ".subgoals",
}

__all__ = [
    "Below",
    "Budget",
    "Chain",
    "Clock",
    "Controlled",
    "Curriculum",
    "CurriculumEnv",
    "CurriculumVecEnv",
    "CurriculumVectorEnv",
    "EnvironmentTraceback",
    "EpisodeCounter",
    "EpisodeGate",
    "GuideHorizon",
    "Hint",
    "JoinedSpace",
    "ObsDetail",
    "Prelude",
    "RewardMix",
    "ShuffledTasks",
    "SubgoalEncoding",
    "SubgoalProgress",
    "SubgoalProvider",
    "Subgoals",
    "TaskAttributes",
    "TaskFunction",
    "TaskRebuild",
    "TaskWrapper",
    "group_share",
    "length_bonus",
    "make_curriculum_vec_env",
    "make_curriculum_vector_env",
    "subgoal_success_rates",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        value = getattr(import_module(_PUBLIC[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
