"""Signals: scores of finished episodes read from an on-policy student's rollouts.

Some teachers need more than returns, for example how wrong the student's value estimates were. Every step of a rollout
has an advantage estimate A (GAE, Schulman et al. 2016) and a value estimate V that are computed anyway; a signal is
made of one number for each step of an episode, and a rule that makes one number of these. An episode that crosses
rollouts is scored in each of them with the student as it was then, and put together by step count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import RequestError
from ..teachers.teacher import Teacher, needs_rollouts
from .rollout import Rollout


@dataclass(frozen=True)
class Signal:
    """How a signal is computed.

    Attributes:
        per_step: Returns a number for each step of a rollout, shape ``(steps, n_envs)``.
        merge: What is made of the numbers of an episode: their ``mean``, their ``sum``, the ``first`` one, or the
            ``transition_mean``, a mean over the steps that do not end the episode (0 where there is none).

    Example:
        >>> SIGNALS["initial_value"].merge
        'first'
    """

    per_step: Callable[[Rollout], NDArray[np.float64]]
    merge: Literal["mean", "sum", "first", "transition_mean"] = "mean"


def _one_step_td_errors(rollout: Rollout) -> NDArray[np.float64]:
    # The student's own δ, of which GAE is made: with the bootstrap of time-outs, which the buffer's rewards include.
    buffer = rollout.buffer
    errors: NDArray[np.float64] = np.abs(buffer.rewards + buffer.gamma * rollout.next_values - rollout.values)
    return errors


def _negative_advantages(rollout: Rollout) -> NDArray[np.float64]:
    from .negative_advantage import negative_advantages  # numba

    buffer = rollout.buffer
    return -negative_advantages(
        rollout.rewards, rollout.values, rollout.next_values, rollout.dones, buffer.gamma, buffer.gae_lambda
    )


def _transition_errors(rollout: Rollout) -> NDArray[np.float64]:
    if rollout.transition_model is None:
        raise ValueError("transition_error needs a rollout with a TransitionModel: Rollout(…, transition_model=model).")
    return rollout.transition_model.measure_and_learn(rollout)


def _squared_gradient_norms(rollout: Rollout) -> NDArray[np.float64]:
    from .policy_gradient import squared_gradient_norms

    return squared_gradient_norms(rollout)


SIGNALS: dict[str, Signal] = {
    # Mean of |A| (Jiang et al. 2021, "Prioritized level replay", section 3.1).
    "l1_value_loss": Signal(lambda rollout: np.abs(rollout.advantages)),
    # Mean of max(A, 0) (Jiang et al. 2021, "Replay-guided adversarial environment design").
    "positive_value_loss": Signal(lambda rollout: np.maximum(rollout.advantages, 0.0)),
    # Mean of A: the value estimates' bias.
    "mean_advantage": Signal(lambda rollout: rollout.advantages),
    # Mean of |r + γV' − V| (Jiang et al. 2021, "Prioritized level replay", table 1).
    "one_step_td_error": Signal(_one_step_td_errors),
    # Mean of V. Maximum Monte Carlo regret is the highest return on the level minus this (Jiang et al. 2021,
    # "Replay-guided adversarial environment design").
    "mean_value": Signal(lambda rollout: rollout.values),
    # Value estimate of the initial state (Klink et al. 2020, "Self-paced deep reinforcement learning"), in units of the
    # discounted return as the student sees it: of normalised rewards, if they are.
    "initial_value": Signal(lambda rollout: rollout.values, merge="first"),
    # Sum of −A⁻: maximised negative advantage without its factor for solved levels (DEGen, arXiv:2601.14957).
    "negative_advantage": Signal(_negative_advantages, merge="sum"),
    # Average error of the predicted next observation, ATPL (TRACED, arXiv:2506.19997).
    "transition_error": Signal(_transition_errors, merge="transition_mean"),
    # Squared norm of the policy loss's gradient (PACE, arXiv:2605.01358, to first order).
    "policy_gradient_norm": Signal(_squared_gradient_norms),
}
"""How each signal is computed."""

_FROM_ENVIRONMENT = frozenset({"tasks", "ids", "returns", "lengths", "success", "truncated", "warmup"})


def available_signals(algorithm: Any) -> frozenset[str]:
    """Return the signals an algorithm (a class or a student) can give: all if it is on-policy, else none.

    Example:
        >>> from stable_baselines3 import PPO, SAC
        >>> "l1_value_loss" in available_signals(PPO), sorted(available_signals(SAC))
        (True, [])
    """
    return frozenset(SIGNALS) if _is_on_policy(algorithm) else frozenset()


def _is_on_policy(algorithm: Any) -> bool:
    from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

    return issubclass(algorithm if isinstance(algorithm, type) else type(algorithm), OnPolicyAlgorithm)


def wanted_signals(teacher: Teacher, algorithm: Any) -> list[str]:
    """Return the names of the signals that a teacher needs from a student.

    Args:
        teacher: The teacher.
        algorithm: The student, or its class.

    Raises:
        RequestError: The student cannot give one of them, or cannot leave a task out of what it learns from.
    """
    if needs_rollouts(teacher):
        raise RequestError(
            f"{type(teacher).__name__} compares what students did on each task of a rollout, which TeacherCallback "
            "does not tell it: train it with tutelage.students.PairedTraining."
        )
    student = algorithm.__name__ if isinstance(algorithm, type) else type(algorithm).__name__
    if teacher.withholds and not _is_on_policy(algorithm):
        raise RequestError(
            f"{type(teacher).__name__} hands out tasks that the student must not learn from (train=False), and "
            f"{student} learns from all it stores; choose an on-policy student (ppo, a2c, recurrent-ppo)."
        )
    wanted = sorted(teacher.needs - _FROM_ENVIRONMENT)
    given = available_signals(algorithm)
    lacking = [name for name in wanted if name not in given]
    if lacking:
        if set(lacking) <= set(SIGNALS):
            mend = "choose an on-policy student (ppo, a2c, recurrent-ppo)"
        else:
            mend = f"there is {', '.join(sorted(SIGNALS))}, from on-policy students"
        raise RequestError(
            f"{type(teacher).__name__} needs {' and '.join(map(repr, lacking))}, which {student} cannot give; {mend}."
        )
    return wanted
