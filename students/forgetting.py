"""A student that forgets: its networks, their optimisers and its replay buffer begin anew now and then.

Source: Romac et al. (2021), TeachMyAgent, the challenge of the forgetting student. What is measured of observations
and returns (normalisation) stays.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.save_util import recursive_getattr


class Forgetting:
    """Lets a student forget after each so many environment steps; not at the end of its training.

    Call it between rollouts, see `TeacherCallback`'s ``between_rollouts``.

    Args:
        student: A Stable-Baselines3 algorithm.
        every: Environment steps.
        until: Environment steps of the training.
        seed: Of the new weights.
        done: How often the student has forgotten before, for a training that goes on.

    Attributes:
        done: How often the student has forgotten.

    Raises:
        ValueError: Fewer than one step.

    Example:
        >>> from stable_baselines3 import PPO
        >>> student = PPO("MlpPolicy", "CartPole-v1", n_steps=64, batch_size=64, device="cpu")
        >>> forgetting = Forgetting(student, every=100, until=300, seed=0)
        >>> for steps in (64, 128, 192, 256, 320):
        ...     forgetting(steps)
        >>> forgetting.done
        2
    """

    def __init__(self, student: Any, *, every: int, until: int, seed: int, done: int = 0) -> None:
        if every < 1:
            raise ValueError(f"A student can forget after 1 step or more, got {every}.")
        self.student, self.every, self.until, self.seed, self.done = student, every, until, seed, done

    def __call__(self, steps: int) -> None:
        """Let the student forget if it is time.

        Args:
            steps: That have been taken.
        """
        due = steps // self.every
        if due > self.done and steps < self.until:
            self.done = due
            reinitialise(self.student, int(np.random.SeedSequence([self.seed, due]).generate_state(1)[0]))


def reinitialise(student: Any, seed: int) -> None:
    """Give a student new random weights, forget the state of its optimisers and empty its replay buffer.

    Args:
        student: A Stable-Baselines3 algorithm.
        seed: Of the weights; the global generators stay as they are.
    """
    arguments = dict(student.policy_kwargs)
    if hasattr(student, "rollout_buffer"):
        arguments["use_sde"] = student.use_sde
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        new = student.policy_class(student.observation_space, student.action_space, student.lr_schedule, **arguments)
    student.policy.load_state_dict(new.state_dict())
    names, tensors = student._get_torch_save_params()
    for name in names:
        part = recursive_getattr(student, name)
        if isinstance(part, torch.optim.Optimizer):
            part.state = defaultdict(dict)
    if "log_ent_coef" in tensors:
        wanted = str(student.ent_coef)
        start = float(wanted.split("_")[1]) if "_" in wanted else 1.0
        with torch.no_grad():
            student.log_ent_coef.fill_(math.log(start))
    if getattr(student, "policy", None) is not None and hasattr(student.policy, "optimizer"):
        student.policy.optimizer.state = defaultdict(dict)
    if getattr(student, "replay_buffer", None) is not None:
        student.replay_buffer.reset()
