"""Keeps a student from learning on tasks that a teacher handed out with ``train=False``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RequestError
from ..teachers.teacher import Teacher


class Withholding:
    """Notes which steps of a rollout a student may learn from, and sees to it that it learns from no others.

    Nothing is changed as long as every step may be learned from. At the end of a rollout with other steps the student
    gets a masked rollout buffer in place of its own (`MaskedRolloutBuffer` and its kin, with the same content), which
    hands out the trainable steps only. If there are none (or one: an advantage alone cannot be normalised), the
    student's next ``train()`` does nothing: no pass through the network, no step of the optimiser, no update counted.

    Args:
        student: A Stable-Baselines3 algorithm.
        teacher: Who hands out the tasks.

    Example:
        >>> import tutelage
        >>> from stable_baselines3 import PPO
        >>> teacher = tutelage.make_teacher("random", tutelage.TaskSpace(length=(0.2, 2.0)))
        >>> student = PPO("MlpPolicy", "CartPole-v1", n_steps=2, batch_size=2, device="cpu")
        >>> withholding = Withholding(student, teacher)
        >>> withholding.begin_rollout()
        >>> for step in range(2):
        ...     withholding.note(np.array([False]))
        >>> withholding.end_rollout()
        >>> student.train(), student._n_updates
        (None, 0)
    """

    def __init__(self, student: Any, teacher: Teacher) -> None:
        self._student = student
        self._teacher = teacher
        self._steps: list[NDArray[np.bool_]] = []

    def check(self, train: NDArray[np.bool_]) -> None:
        """Refuse tasks not to be learned from where the student cannot help learning from them.

        Args:
            train: The flags of the tasks being played, shape ``(n_envs,)``.

        Raises:
            RequestError: There is such a task, and the student is off-policy or has a rollout buffer of its own kind.
        """
        if train.all():
            return
        student = self._student
        who, whom = type(self._teacher).__name__, type(student).__name__
        reason = f"{who} hands out tasks that the student must not learn from (train=False), and {whom} "
        if not hasattr(student, "rollout_buffer"):
            raise RequestError(
                f"{reason}learns from all it stores; choose an on-policy student (ppo, a2c, recurrent-ppo)."
            )
        if masked_class(student.rollout_buffer) is None:
            raise RequestError(
                f"{reason}has a {type(student.rollout_buffer).__name__}, which cannot leave steps out; build it with "
                "Stable-Baselines3's own rollout buffer."
            )

    def begin_rollout(self) -> None:
        """Forget the steps of the last rollout."""
        self._steps = []

    def note(self, train: NDArray[np.bool_]) -> None:
        """Take note of a step of all environments.

        Args:
            train: The flags of the tasks in which the step was taken, shape ``(n_envs,)``.
        """
        self._steps.append(train)

    def end_rollout(self) -> None:
        """Prepare the student's next ``train()``."""
        trainable = np.array(self._steps)
        if trainable.all():
            return
        if np.count_nonzero(trainable) < 2:
            _skip_training_once(self._student)
            return
        buffer = self._student.rollout_buffer
        cls = masked_class(buffer)
        if not isinstance(buffer, cls):
            masked = cls.__new__(cls)
            masked.__dict__.update(buffer.__dict__)  # the same arrays, already filled
            self._student.rollout_buffer = buffer = masked
        buffer.withhold(trainable)


def masked_class(buffer: Any) -> Any:
    """Return the masked kind of a rollout buffer, or None where there is none.

    Example:
        >>> from stable_baselines3 import PPO
        >>> masked_class(PPO("MlpPolicy", "CartPole-v1", device="cpu").rollout_buffer).__name__
        'MaskedRolloutBuffer'
    """
    from sb3_contrib.common.recurrent.buffers import RecurrentDictRolloutBuffer, RecurrentRolloutBuffer
    from stable_baselines3.common.buffers import DictRolloutBuffer, RolloutBuffer

    from .masked_recurrent_rollout_buffer import MaskedRecurrentDictRolloutBuffer, MaskedRecurrentRolloutBuffer
    from .masked_rollout_buffer import MaskedDictRolloutBuffer, MaskedRolloutBuffer, Masking

    if isinstance(buffer, Masking):
        return type(buffer)
    kinds: dict[Any, Any] = {
        RolloutBuffer: MaskedRolloutBuffer,
        DictRolloutBuffer: MaskedDictRolloutBuffer,
        RecurrentRolloutBuffer: MaskedRecurrentRolloutBuffer,
        RecurrentDictRolloutBuffer: MaskedRecurrentDictRolloutBuffer,
    }
    return kinds.get(type(buffer))


def _skip_training_once(student: Any) -> None:
    """Let the next call of the student's ``train()`` do nothing but bring the real one back."""
    shadowed = student.__dict__.get("train")

    def skip() -> None:
        if shadowed is None:
            del student.__dict__["train"]
        else:
            student.train = shadowed

    student.train = skip
