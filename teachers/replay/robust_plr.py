"""Robust PLR: students learn from replayed levels only; new ones are played to be scored.

Jiang, Dennis, Parker-Holder, Foerster, Grefenstette, Rocktäschel (2021), "Replay-guided adversarial environment
design", NeurIPS (PLR⊥). All else is PLR.

What differs from the authors' code: they compute the gradient on new levels and throw it away; here those tasks are
handed out with ``train=False``, and a rollout without any step to learn from costs no update. See also `PLR`.
"""

from __future__ import annotations

from .plr import PLR


class RobustPLR(PLR):
    """Replays the levels from which there is most to learn; new ones are only played to be scored.

    The arguments are those of `PLR`. New levels are handed out with ``train=False``, replays with ``train=True``.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = RobustPLR(TaskSpace(x=(0.0, 1.0)), seed=0, score="learnability", buffer_size=20)
        >>> tasks = teacher.sample(20)
        >>> tasks.train.any()
        np.False_
        >>> teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[1.0] * 20, lengths=[9] * 20))
        >>> tasks = teacher.sample(20)
        >>> bool((tasks.train == (teacher.buffer.find(tasks.values) >= 0)).all())
        True
    """

    _trains_on_new = False
