"""Labs that have a name."""

from __future__ import annotations

from typing import Any

from ..envs import TOY_FORMS
from ..errors import RequestError, unknown_name
from ..registry import list_teachers
from .lab_config import registered_name

_SPACES = [
    *("2d-10", "2d-20", "2d-50", "2d-100", "4d-4", "5d-4", "6d-4", "2d-10+10", "2d-10+20", "2d-10+50"),
    *("unlearnable", "rugged", "forgetting", "noisy", "impossible"),
]

_TOY_ARGS: dict[str, dict[str, Any]] = {
    "oracle": {"expert": "high"},
    # From corner to corner, as the authors' line: the target mean of "high" is the middle of the space, where the walk
    # would end with half of the curriculum to go.
    "gaussian-oracle": {"expert": "low"},
    "adr@high": {"expert": "high"},
    # Updates counted in environment steps would hardly ever come, for an episode here is one step.
    "spdl": {"update_every_episodes": 100},
    "spdl@high": {"update_every_episodes": 100, "expert": "high"},
}
"""Hyperparameters of the presets, for the teachers that there are; a label with ``@`` is a variant."""

LAB_PRESETS: dict[str, dict[str, Any]] = {
    "toy-spaces": {"spaces": _SPACES, "seeds": 20, "animate": ["2d-20", "rugged", "noisy"]},
    "classrooms": {"spaces": ["classroom-v1", "classroom-v2"], "seeds": 20, "evaluations": 20},
    "quick": {"spaces": ["2d-10", "4d-4", "2d-10+10", "impossible"], "seeds": 5, "episodes": 10_000},
}
"""Name to settings; the teachers are all there are, with the variants above."""


def lab_preset(name: str) -> dict[str, Any]:
    """Return the settings of a named lab, with every registered teacher.

    Raises:
        RequestError: An unknown name.

    Example:
        >>> lab_preset("toy-spaces")["spaces"][0]
        '2d-10'
    """
    if name not in LAB_PRESETS:
        raise RequestError(unknown_name("preset", name, LAB_PRESETS))
    assert set(_SPACES) <= set(TOY_FORMS)
    registered = list_teachers()
    variants = [label for label in _TOY_ARGS if "@" in label and registered_name(label) in registered]
    teachers = sorted([*registered, *variants])
    args = {label: dict(values) for label, values in _TOY_ARGS.items() if label in teachers}
    return {"teachers": teachers, "teacher_args": args, **LAB_PRESETS[name]}
