"""The squared norm of the policy's gradient on an episode."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from stable_baselines3.common.callbacks import BaseCallback
from tutelage.students import make_student
from tutelage.students.policy_gradient import squared_gradient_norms
from tutelage.students.rollout import Rollout

from .test_students import walks

PLAIN = {"vf_coef": 0.0, "ent_coef": 0.0, "max_grad_norm": 1e9, "normalize_advantage": False, "learning_rate": 0.01}
STUDENTS = {
    "ppo": {"n_epochs": 1, "batch_size": 5},
    "a2c": {"use_rms_prop": False},
    "recurrent-ppo": {"n_epochs": 1, "batch_size": 5},
}


class Look(BaseCallback):
    """Calls a function with each rollout, in which environment 0 plays one episode."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def _on_step(self):
        return True

    def _on_rollout_end(self):
        buffer = self.model.rollout_buffer
        self.function(Rollout(self.model, np.zeros(buffer.rewards.shape, np.int64), buffer.rewards))


def student_of(name, observations="box"):
    """Optimises by plain gradient steps; a rollout is shorter than any episode."""
    kwargs = {"optimizer_class": torch.optim.SGD}
    if name == "recurrent-ppo":
        kwargs["lstm_hidden_size"] = 8
    arguments = {**PLAIN, **STUDENTS[name], "n_steps": 5, "policy_kwargs": kwargs}
    return make_student(name, walks(n_envs=1, observations=observations), seed=0, **arguments)


@pytest.mark.parametrize("name", STUDENTS)
@pytest.mark.parametrize("observations", ["box", "dict"])
def test_it_is_pace_s_score_over_the_squared_step_size_for_a_plain_gradient_step(name, observations):
    student = student_of(name, observations)
    scores = []
    before = torch.cat([p.detach().flatten() for p in student.policy.parameters()])
    student.learn(5, callback=Look(lambda rollout: scores.append(squared_gradient_norms(rollout))))
    after = torch.cat([p.detach().flatten() for p in student.policy.parameters()])
    (score,) = {float(number) for number in scores[0].ravel()}
    assert ((after - before) ** 2).sum().item() == pytest.approx(0.01**2 * score, rel=1e-3)
    assert score > 0


@pytest.mark.parametrize("name", STUDENTS)
def test_gradients_weights_and_random_numbers_stay_as_they_were(name):
    def look(rollout):
        policy = rollout.student.policy
        for p in policy.parameters():
            p.grad = torch.ones_like(p)
        before = [p.detach().clone() for p in policy.parameters()], torch.get_rng_state()
        squared_gradient_norms(rollout)
        assert all(torch.equal(p, q) for p, q in zip(policy.parameters(), before[0], strict=True))
        assert all((p.grad == 1).all() for p in policy.parameters())
        assert torch.equal(torch.get_rng_state(), before[1])
        seen.append(rollout)

    seen = []
    student_of(name).learn(5, callback=Look(look))
    assert seen


def test_it_grows_with_the_square_of_the_advantages():
    def look(rollout):
        one = squared_gradient_norms(rollout)
        rollout.buffer.advantages *= 3.0
        found.append(squared_gradient_norms(rollout) / one)

    found = []
    student_of("ppo").learn(5, callback=Look(look))
    np.testing.assert_allclose(found[0], 9.0, rtol=1e-4)
