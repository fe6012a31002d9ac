"""Minimax: a policy builds the levels on which the student does worst.

The adversary that PAIRED is compared with (Dennis et al. 2020, section 3; Morimoto and Doya 2005, "Robust reinforcement
learning"). Its reward is minus the highest return of the student in the rollout, so that it needs no second student; it
learns to build levels that nobody can solve, which is why PAIRED does not do that. A baseline.

What differs from facebookresearch/dcd: as in `PAIRED`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .estimates import NEEDS
from .paired import PAIRED
from .presets import PAIRED_PRESETS


class Minimax(PAIRED):
    """Builds the levels on which the student does worst, by a policy that is trained with minus its return.

    The arguments are those of `PAIRED`, with ``regret="minimax"``.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = Minimax(TaskSpace(x=(0.0, 1.0)), seed=0)
        >>> for _ in range(40):
        ...     tasks = teacher.sample(32)
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[0.0] * 32, lengths=[9] * 32,
        ...                    signals={"protagonist_max_return": 1.0 - tasks.values[:, 0]}))
        >>> bool(teacher.sample(100).values.mean() > 0.8)
        True
    """

    needs = NEEDS["minimax"]
    _regrets = ("minimax",)
    _presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        name: {**preset, "regret": "minimax", "clip": None} for name, preset in PAIRED_PRESETS.items()
    }
