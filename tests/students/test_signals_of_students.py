"""Every signal of real students equals what is computed from scratch, for episodes that cross rollouts, too."""

from __future__ import annotations

from copy import deepcopy
from functools import cache, partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small_environments import Walk
from stable_baselines3.common.utils import obs_as_tensor
from tutelage import Outcomes
from tutelage.students import TeacherCallback, make_student
from tutelage.students.signals import SIGNALS
from tutelage.wrappers import make_curriculum_vec_env

from .test_students import SMALL, Heard
from .viewed_walk import ViewedWalk

STUDENTS = [("ppo", "box"), ("ppo", "dict"), ("a2c", "box"), ("recurrent-ppo", "box"), ("recurrent-ppo", "view")]


class Ups:
    """Rewards that go up and down, so that values are missed on both sides."""

    def step(self, action):
        observation, _, terminated, truncated, info = super().step(action)
        return observation, float(np.sin(1.3 * self.t)) - 0.1 * self.x, terminated, truncated, info


class UpsAndDowns(Ups, Walk):
    pass


class ViewedUpsAndDowns(Ups, ViewedWalk):
    pass


class All(Heard):
    needs = frozenset(SIGNALS)


class Watch(TeacherCallback):
    """Keeps what is needed to compute everything anew."""

    def __init__(self):
        super().__init__()
        self.rollouts = []

    def _on_rollout_start(self):
        super()._on_rollout_start()
        self.now = SimpleNamespace(ids=[], dones=[], rewards=[], timeouts=[])

    def _on_step(self):
        infos, dones = self.locals["infos"], self.locals["dones"]
        self.now.dones.append(dones.copy())
        self.now.rewards.append(self.locals["rewards"].copy())
        self.now.timeouts.append(
            [done and info["TimeLimit.truncated"] for done, info in zip(dones, infos, strict=True)]
        )
        self.now.ids.append(self.playing)
        self.playing = self.curriculum.current_ids.copy()
        return super()._on_step()

    def _on_training_start(self):
        super()._on_training_start()
        self.playing = self.curriculum.current_ids.copy()

    def _on_rollout_end(self):
        model, now = self.model, self.now
        now.buffer = deepcopy(model.rollout_buffer)
        now.policy = deepcopy(model.policy)
        now.last_obs = deepcopy(model._last_obs)
        states = []
        if hasattr(now.buffer, "hidden_states_pi"):
            states = [model._last_lstm_states.vf, torch.tensor(np.float32(model._last_episode_starts))]
        with torch.no_grad():
            now.last = model.policy.predict_values(obs_as_tensor(now.last_obs, "cpu"), *states).numpy().ravel()
        now.network = deepcopy(self._transition_model.network)
        now.model = self._transition_model
        for name in ("ids", "dones", "rewards", "timeouts"):
            setattr(now, name, np.array(getattr(now, name)))
        self.rollouts.append(now)
        super()._on_rollout_end()


@cache
def played(name, observations):
    """Some rollouts of a student, and what its teacher heard."""
    teacher = All(Walk.task_space, seed=0)
    arguments = {"n_steps": 16} if name == "a2c" else {**SMALL[name], "n_steps": 16}
    kind = ViewedUpsAndDowns if observations == "view" else partial(UpsAndDowns, observations=observations)
    watch = Watch()
    student = make_student(name, make_curriculum_vec_env(kind, teacher, n_envs=2, seed=0), seed=0, **arguments)
    student.learn(32 * 6, callback=watch)
    return watch.rollouts, Outcomes.concatenate(teacher.heard)


@pytest.fixture(params=STUDENTS, ids=lambda pair: "-".join(pair))
def play(request):
    return played(*request.param)


def parts(rollouts, task_id):
    """The rollout, environment and steps of each part of an episode."""
    for rollout in rollouts:
        for env in range(rollout.ids.shape[1]):
            steps = np.flatnonzero(rollout.ids[:, env] == task_id)
            if len(steps):
                assert (np.diff(steps) == 1).all()
                yield rollout, env, steps


def compare(play, name, number, merge):
    """Compare a signal with ``number(rollout, env, step, steps)``, merged over the steps of each episode."""
    rollouts, heard = play
    crossing = 0
    for task_id, value in zip(heard.ids.tolist(), heard.signals[name].tolist(), strict=True):
        found = list(parts(rollouts, task_id))
        crossing += len(found) > 1
        numbers = [number(rollout, env, t, steps) for rollout, env, steps in found for t in steps.tolist()]
        numbers = [float(n) for n in numbers if n is not None]
        assert value == pytest.approx(merge(numbers) if numbers else 0.0, rel=2e-4, abs=1e-6)
    assert crossing >= 2
    assert len(heard) >= 6
    assert len(set(heard.signals[name].tolist())) > 1


def mean(numbers):
    return sum(numbers) / len(numbers)


def next_value(rollout, env, t):
    if rollout.dones[t, env]:
        return 0.0
    return rollout.last[env] if t == len(rollout.dones) - 1 else rollout.buffer.values[t + 1, env]


def test_some_episodes_end_by_time_which_changes_the_rewards_of_the_buffer(play):
    rollouts, _ = play
    for rollout in rollouts:
        changed = np.abs(rollout.buffer.rewards - rollout.rewards) > 1e-7
        np.testing.assert_array_equal(changed, rollout.timeouts)
    assert any(rollout.timeouts.any() for rollout in rollouts)


def test_l1_value_loss(play):
    compare(play, "l1_value_loss", lambda r, env, t, _: abs(r.buffer.advantages[t, env]), mean)


def test_positive_value_loss(play):
    compare(play, "positive_value_loss", lambda r, env, t, _: max(r.buffer.advantages[t, env], 0.0), mean)


def test_mean_advantage(play):
    compare(play, "mean_advantage", lambda r, env, t, _: r.buffer.advantages[t, env], mean)


def test_mean_value(play):
    compare(play, "mean_value", lambda r, env, t, _: r.buffer.values[t, env], mean)


def test_initial_value(play):
    compare(play, "initial_value", lambda r, env, t, _: r.buffer.values[t, env], lambda numbers: numbers[0])


def test_one_step_td_error(play):
    def error(r, env, t, _):
        buffer = r.buffer
        return abs(buffer.rewards[t, env] + buffer.gamma * next_value(r, env, t) - buffer.values[t, env])

    compare(play, "one_step_td_error", error, mean)


def test_negative_advantage_with_the_rewards_of_the_environment(play):
    def fall(r, env, t, steps):
        gamma, lam, values = r.buffer.gamma, r.buffer.gae_lambda, r.buffer.values[:, env]
        returns, best, terms, discounted = [], values[t], [], 0.0
        for i, k in enumerate(range(t, steps[-1] + 1)):
            discounted += gamma**i * r.rewards[k, env]
            returns.append(discounted + gamma ** (i + 1) * next_value(r, env, k))
            best = max(best, returns[-1])
            terms.append(returns[-1] - best)
        e = len(terms) - 1
        return -((1 - lam) * sum(lam**i * s for i, s in enumerate(terms)) + lam ** (e + 1) * terms[e])

    compare(play, "negative_advantage", fall, sum)


def row(observations, t, env):
    if isinstance(observations, dict):
        return {key: torch.tensor(part[t : t + 1, env]) for key, part in observations.items()}
    return torch.tensor(observations[t : t + 1, env])


def per_part(function):
    """Call a function once for each part of an episode; it returns a number for each of its steps."""
    known = {}

    def number(r, env, t, steps):
        key = (id(r), env, steps[0])
        if key not in known:
            known[key] = function(r, env, steps)
        return known[key][t - steps[0]]

    return number


def test_policy_gradient_norm(play):
    def norms(r, env, steps):
        policy, buffer = r.policy, r.buffer
        recurrent = hasattr(buffer, "hidden_states_pi")
        policy.zero_grad()
        loss = 0.0
        if recurrent:
            names = ("hidden_states_pi", "cell_states_pi")
            states = tuple(torch.tensor(getattr(buffer, name)[steps[0], :, env : env + 1]) for name in names)
        for k in steps:
            observation, action = row(buffer.observations, k, env), torch.tensor(buffer.actions[k : k + 1, env])
            if recurrent:
                start = torch.tensor(buffer.episode_starts[k : k + 1, env])
                distribution, states = policy.get_distribution(observation, states, start)
            else:
                distribution = policy.get_distribution(observation)
            action = action.flatten() if action.dtype == torch.int64 else action
            loss = loss - distribution.log_prob(action).sum() * float(buffer.advantages[k, env])
        (loss / len(steps)).backward()
        square = sum(float((p.grad**2).sum()) for p in policy.parameters() if p.grad is not None)
        return [square] * len(steps)

    compare(play, "policy_gradient_norm", per_part(norms), mean)


def target(observation):
    """What is predicted: a view scaled to [0, 1], or the walk's observation as a vector."""
    if not isinstance(observation, dict):
        return observation.float()
    if "image" in observation:
        return observation["image"].float().permute(0, 3, 1, 2) / 10.0
    return torch.cat([observation["state"], torch.eye(3)[observation["lane"].long().flatten()]], dim=1)


def test_transition_error(play):
    """With fewer than 16 parts of episodes in a rollout, all are measured before the model learns from any."""

    def errors(r, env, steps):
        network, state, found = r.network, None, []
        view = isinstance(r.last_obs, dict) and "image" in r.last_obs
        for t in steps.tolist():
            observation, action = row(r.buffer.observations, t, env), r.buffer.actions[t : t + 1, env]
            parts = [network.encoder(target(observation)), torch.tensor(action.astype(np.float32))]
            if view:
                parts.insert(1, torch.eye(4)[observation["direction"].long().flatten()])
            with torch.no_grad():
                output, state = network.lstm(torch.cat(parts, dim=1)[None], state)
                predicted = network.decoder(output[0])
            if t < len(r.dones) - 1:
                following = row(r.buffer.observations, t + 1, env)
            else:
                last = r.last_obs
                following = row({k: v[None] for k, v in last.items()} if isinstance(last, dict) else last[None], 0, env)
            difference = predicted - target(following)
            error = difference.abs().mean() if view else (difference**2).mean()
            found.append(None if r.dones[t, env] else float(error))
        return found

    compare(play, "transition_error", per_part(errors), mean)
