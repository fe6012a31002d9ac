"""Labs that have a name."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ...envs import ARM_FORMS, TOY_FORMS
from ...errors import RequestError, unknown_name
from ...registry import list_teachers
from .config import registered_name

_SPACES = [
    *("2d-10", "2d-20", "2d-50", "2d-100", "4d-4", "5d-4", "6d-4", "2d-10+10", "2d-10+20", "2d-10+50"),
    *("unlearnable", "trivial", "rugged", "forgetting", "noisy", "impossible"),
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

_MEASURED = [
    *("random", "alp-gmm", "covar-gmm", "riac", "oracle", "gaussian-oracle", "adr", "goal-gan", "setter-solver"),
    *("spdl", "currot", "plr", "robust-plr", "accel", "sfl"),
]
"""The teachers of docs/results/toy_spaces.md, so that its command goes on making that page."""

_CAPPED = {"policy": "boltzmann(0.2)", "mix_uniform": 0.1, "max_share": "2/K"}

_ARM_ARGS: dict[str, dict[str, Any]] = {
    "bandit": {},
    "bandit:cures": {},
    "bandit:dump": {},
    "bandit:dump@capped": {**_CAPPED, "policy": "boltzmann(0.1)"},
    "bandit:online-filtering": {},
    "bandit:sec": {"policy": "boltzmann(0.2)"},
    "bandit:sec@capped": _CAPPED,
    "bandit:skillmimic": {},
    "candidate": {"predictor": "nearest(20, 200)"},
    "fallback": {},
    "generator": {},
    "ladder": {"n_stages": 99, "gate": "mastery(0.8, min_episodes=30)"},
    "ladder@easiest": {"stages": [{"arm": 0}], "gate": "never"},
    "ladder@hardest": {"stages": [{"arm": 4}], "gate": "never"},
    "mixture": {},
    "paced": {"width": 0.15},
    "paced@descending": {"width": 0.15, "order": "descending"},
    "paced@random-order": {"width": 0.15, "order": "random"},
    "random": {},
    "scheduled-mixture": {},
}
"""The teachers of the students with arms, baselines that go the wrong way among them."""

LAB_PRESETS: dict[str, dict[str, Any]] = {
    "toy-spaces": {"teachers": _MEASURED, "spaces": _SPACES, "seeds": 20, "animate": ["2d-20", "rugged", "noisy"]},
    "classrooms": {"spaces": ["classroom-v1", "classroom-v2"], "seeds": 20, "evaluations": 20},
    "arms": {
        "teachers": list(_ARM_ARGS),
        "spaces": list(ARM_FORMS),
        "seeds": 20,
        "batch": 16,
        "animate": [],
        "teacher_args": {label: args for label, args in _ARM_ARGS.items() if args},
    },
    "quick": {"spaces": ["2d-10", "4d-4", "2d-10+10", "impossible"], "seeds": 5, "episodes": 10_000},
}
"""Name to settings; without a list of teachers, all there are; without hyperparameters, with the variants above."""


def lab_preset(name: str) -> dict[str, Any]:
    """Return the settings of a named lab.

    Raises:
        RequestError: An unknown name.

    Example:
        >>> lab_preset("toy-spaces")["spaces"][0]
        '2d-10'
    """
    if name not in LAB_PRESETS:
        raise RequestError(unknown_name("preset", name, LAB_PRESETS))
    assert set(_SPACES) <= set(TOY_FORMS)
    if "teacher_args" in LAB_PRESETS[name]:
        return deepcopy(LAB_PRESETS[name])
    named = LAB_PRESETS[name].get("teachers", list_teachers())
    variants = [label for label in _TOY_ARGS if "@" in label and registered_name(label) in named]
    teachers = sorted([*named, *variants])
    args = {label: dict(values) for label, values in _TOY_ARGS.items() if label in teachers}
    return {**LAB_PRESETS[name], "teachers": teachers, "teacher_args": args}
