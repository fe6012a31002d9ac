"""A student that forgets now and then."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO, SAC
from tutelage.students.forgetting import Forgetting, reinitialise


def weights(student) -> np.ndarray:
    return np.concatenate([p.detach().numpy().ravel() for p in student.policy.parameters()])


@pytest.fixture
def ppo():
    return PPO("MlpPolicy", "CartPole-v1", n_steps=64, batch_size=64, n_epochs=1, seed=0, device="cpu")


@pytest.fixture
def sac():
    policy = {"net_arch": [8]}
    return SAC("MlpPolicy", "Pendulum-v1", learning_starts=20, batch_size=8, buffer_size=500, policy_kwargs=policy,
               seed=0, device="cpu")  # fmt: skip


def test_weights_are_new_and_follow_from_the_seed(ppo):
    before = weights(ppo)
    reinitialise(ppo, 1)
    one = weights(ppo)
    reinitialise(ppo, 2)
    two = weights(ppo)
    reinitialise(ppo, 1)
    assert (weights(ppo) == one).all()
    assert not (one == before).all()
    assert not (one == two).all()


def test_optimisers_and_the_replay_buffer_are_empty_afterwards(sac):
    sac.learn(60)
    assert sac.replay_buffer.size() == 60
    assert sac.actor.optimizer.state
    reinitialise(sac, 1)
    assert sac.replay_buffer.size() == 0
    assert not sac.actor.optimizer.state
    assert not sac.critic.optimizer.state
    assert not sac.ent_coef_optimizer.state
    assert sac.log_ent_coef.item() == 0.0
    assert torch.equal(sac.critic.qf0[0].weight, sac.critic_target.qf0[0].weight)
    sac.learn(60, reset_num_timesteps=False)  # goes on


def test_the_global_generator_of_torch_stays_as_it_is(ppo):
    state = torch.get_rng_state()
    reinitialise(ppo, 1)
    assert torch.equal(torch.get_rng_state(), state)


def test_it_forgets_once_a_period_and_not_at_the_end(ppo):
    forgetting = Forgetting(ppo, every=100, until=400, seed=0)
    changed = []
    for steps in (64, 128, 192, 256, 320, 384, 448):
        before = weights(ppo)
        forgetting(steps)
        changed.append(not (weights(ppo) == before).all())
    assert changed == [False, True, False, True, True, False, False]


def test_a_training_that_goes_on_does_not_forget_twice(ppo):
    before = weights(ppo)
    Forgetting(ppo, every=100, until=400, seed=0, done=1)(128)
    assert (weights(ppo) == before).all()


def test_less_than_a_step_is_refused(ppo):
    with pytest.raises(ValueError, match="after 1 step or more, got 0"):
        Forgetting(ppo, every=0, until=400, seed=0)
