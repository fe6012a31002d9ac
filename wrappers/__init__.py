"""Wrappers: where a teacher meets an environment.

Three wrappers close the loop, each for one kind of environment: `CurriculumVecEnv` (Stable-Baselines3),
`CurriculumVectorEnv` (Gymnasium's vector environments) and `CurriculumEnv` (a single one). Three adapters
make a task environment out of any other: `TaskAttributes`, `TaskFunction` and `TaskRebuild`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .curriculum import Curriculum as Curriculum
    from .curriculum_env import CurriculumEnv as CurriculumEnv
    from .curriculum_vec_env import CurriculumVecEnv as CurriculumVecEnv
    from .curriculum_vec_env import make_curriculum_vec_env as make_curriculum_vec_env
    from .curriculum_vector_env import CurriculumVectorEnv as CurriculumVectorEnv
    from .curriculum_vector_env import make_curriculum_vector_env as make_curriculum_vector_env
    from .episode_gate import EpisodeGate as EpisodeGate
    from .failure import EnvironmentTraceback as EnvironmentTraceback
    from .task_attributes import TaskAttributes as TaskAttributes
    from .task_env import TaskWrapper as TaskWrapper
    from .task_function import TaskFunction as TaskFunction
    from .task_rebuild import TaskRebuild as TaskRebuild

_PUBLIC = {
    "Curriculum": ".curriculum",
    "CurriculumEnv": ".curriculum_env",
    "CurriculumVecEnv": ".curriculum_vec_env",
    "CurriculumVectorEnv": ".curriculum_vector_env",
    "EnvironmentTraceback": ".failure",
    "EpisodeGate": ".episode_gate",
    "TaskAttributes": ".task_attributes",
    "TaskFunction": ".task_function",
    "TaskRebuild": ".task_rebuild",
    "TaskWrapper": ".task_env",
    "make_curriculum_vec_env": ".curriculum_vec_env",
    "make_curriculum_vector_env": ".curriculum_vector_env",
}

__all__ = [
    "Curriculum",
    "CurriculumEnv",
    "CurriculumVecEnv",
    "CurriculumVectorEnv",
    "EnvironmentTraceback",
    "EpisodeGate",
    "TaskAttributes",
    "TaskFunction",
    "TaskRebuild",
    "TaskWrapper",
    "make_curriculum_vec_env",
    "make_curriculum_vector_env",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        value = getattr(import_module(_PUBLIC[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
