"""Students: Stable-Baselines3 algorithms, unmodified, with presets and the callback that ties them to a teacher."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .building import list_students as list_students
    from .building import make_student as make_student
    from .building import student_class as student_class
    from .follower import Follower as Follower
    from .masked_recurrent_rollout_buffer import MaskedRecurrentDictRolloutBuffer as MaskedRecurrentDictRolloutBuffer
    from .masked_recurrent_rollout_buffer import MaskedRecurrentRolloutBuffer as MaskedRecurrentRolloutBuffer
    from .masked_rollout_buffer import MaskedDictRolloutBuffer as MaskedDictRolloutBuffer
    from .masked_rollout_buffer import MaskedRolloutBuffer as MaskedRolloutBuffer
    from .maze_extractor import MazeExtractor as MazeExtractor
    from .maze_lstm_policy import MazeLstmPolicy as MazeLstmPolicy
    from .paired_training import PairedTraining as PairedTraining
    from .presets import list_presets as list_presets
    from .signals import available_signals as available_signals
    from .subgoal_extractor import SubgoalExtractor as SubgoalExtractor
    from .teacher_callback import TeacherCallback as TeacherCallback

_PUBLIC = {
    "Follower": ".follower",
    "MaskedDictRolloutBuffer": ".masked_rollout_buffer",
    "MaskedRecurrentDictRolloutBuffer": ".masked_recurrent_rollout_buffer",
    "MaskedRecurrentRolloutBuffer": ".masked_recurrent_rollout_buffer",
    "MaskedRolloutBuffer": ".masked_rollout_buffer",
    "MazeExtractor": ".maze_extractor",
    "MazeLstmPolicy": ".maze_lstm_policy",
    "PairedTraining": ".paired_training",
    "SubgoalExtractor": ".subgoal_extractor",
    "TeacherCallback": ".teacher_callback",
    "available_signals": ".signals",
    "list_presets": ".presets",
    "list_students": ".building",
    "make_student": ".building",
    "student_class": ".building",
}

__all__ = [
    "Follower",
    "MaskedDictRolloutBuffer",
    "MaskedRecurrentDictRolloutBuffer",
    "MaskedRecurrentRolloutBuffer",
    "MaskedRolloutBuffer",
    "MazeExtractor",
    "MazeLstmPolicy",
    "PairedTraining",
    "SubgoalExtractor",
    "TeacherCallback",
    "available_signals",
    "list_presets",
    "list_students",
    "make_student",
    "student_class",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
