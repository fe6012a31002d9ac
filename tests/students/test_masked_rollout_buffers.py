"""Rollout buffers that leave steps out."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib.common.recurrent.buffers import RecurrentDictRolloutBuffer, RecurrentRolloutBuffer
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import DictRolloutBuffer, RolloutBuffer
from tutelage.students.masked_recurrent_rollout_buffer import (
    MaskedRecurrentDictRolloutBuffer,
    MaskedRecurrentRolloutBuffer,
)
from tutelage.students.masked_rollout_buffer import MaskedDictRolloutBuffer, MaskedRolloutBuffer

STEPS, ENVS = 12, 3
BOX = spaces.Box(-1e9, 1e9, (1,), np.float32)
KINDS = {
    "flat": (RolloutBuffer, MaskedRolloutBuffer),
    "dict": (DictRolloutBuffer, MaskedDictRolloutBuffer),
    "recurrent": (RecurrentRolloutBuffer, MaskedRecurrentRolloutBuffer),
    "recurrent dict": (RecurrentDictRolloutBuffer, MaskedRecurrentDictRolloutBuffer),
}
STARTS = np.zeros((STEPS, ENVS))
STARTS[0] = STARTS[5, 0] = STARTS[8, 0] = STARTS[6, 1] = 1  # environment 2 plays one episode


def filled(kind, masked=True):
    """A buffer in which everything of step t of environment i is the number 100 i + t."""
    cls = KINDS[kind][masked]
    recurrent = "recurrent" in kind
    space = spaces.Dict(x=BOX, y=BOX) if "dict" in kind else BOX
    extra = {"hidden_state_shape": (STEPS, 1, ENVS, 2)} if recurrent else {}
    buffer = cls(STEPS, space, spaces.Discrete(1000), device="cpu", n_envs=ENVS, **extra)
    for t in range(STEPS):
        numbers = 100.0 * np.arange(ENVS) + t
        column = numbers[:, None].astype(np.float32)
        state = torch.tensor(np.repeat(column, 2, axis=1))[None]
        lstm = {"lstm_states": RNNStates((state, state), (state, state))} if recurrent else {}
        observation = {"x": column, "y": -column} if "dict" in kind else column
        values = torch.tensor(numbers, dtype=torch.float32)
        buffer.add(observation, numbers, numbers, STARTS[t], values, values, **lstm)
    buffer.compute_returns_and_advantage(torch.zeros(ENVS), np.zeros(ENVS, bool))
    return buffer


def observed(samples):
    observations = samples.observations
    return (observations["x"] if isinstance(observations, dict) else observations).flatten()


def handed_out(buffer, batch_size=None):
    """The numbers of the steps in each batch that losses are made of."""
    batches = []
    for samples in buffer.get(batch_size):
        kept = samples.mask > 0 if hasattr(samples, "mask") else torch.ones_like(samples.returns, dtype=torch.bool)
        numbers = observed(samples)[kept]
        assert torch.equal(numbers, samples.actions.flatten()[kept])
        assert torch.equal(numbers, samples.old_values[kept])
        batches.append(numbers.int().tolist())
    return batches


def by_episode(env=(), episodes=()):
    """Flags that withhold the episodes with these environments and first steps."""
    trainable = np.ones((STEPS, ENVS), bool)
    for i, start in zip(env, episodes, strict=True):
        stop = next((t for t in range(start + 1, STEPS) if STARTS[t, i]), STEPS)
        trainable[start:stop, i] = False
    return trainable


def numbers_of(trainable):
    return sorted(100 * i + t for t, i in zip(*np.nonzero(trainable), strict=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch_size", [None, 8, 5])
@pytest.mark.parametrize("mask", [None, "all"])
def test_without_anything_to_withhold_it_is_the_original(kind, batch_size, mask):
    drawn = []
    for masked in (False, True):
        buffer = filled(kind, masked)
        if masked and mask:
            buffer.withhold(np.ones((STEPS, ENVS), bool))
        np.random.seed(3)  # noqa: NPY002 - the buffers' generator
        batches = [[samples.returns.numpy(), observed(samples).numpy()] for samples in buffer.get(batch_size)]
        drawn.append((batches, np.random.random()))  # noqa: NPY002
    for one, two in zip(drawn[0][0], drawn[1][0], strict=True):
        for a, b in zip(one, two, strict=True):
            np.testing.assert_array_equal(a, b)
    assert drawn[0][1] == drawn[1][1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch_size", [None, 8, 3])
@pytest.mark.parametrize("seed", range(4))
def test_the_trainable_steps_come_once_each_and_no_others(kind, batch_size, seed):
    buffer = filled(kind)
    trainable = by_episode((0, 1, 0), (5, 0, 0))
    buffer.withhold(trainable)
    np.random.seed(seed)  # noqa: NPY002
    for _ in range(2):  # epochs
        batches = handed_out(buffer, batch_size)
        assert sorted(chain.from_iterable(batches)) == numbers_of(trainable)
        assert all(2 <= len(batch) <= (batch_size or 99) for batch in batches)
        assert max(map(len, batches)) - min(map(len, batches)) <= 1


@pytest.mark.parametrize("kind", ["recurrent", "recurrent dict"])
@pytest.mark.parametrize("seed", range(4))
def test_sequences_without_trainable_steps_are_left_out(kind, seed):
    buffer = filled(kind)
    buffer.withhold(by_episode((0, 1), (5, 0)))
    np.random.seed(seed)  # noqa: NPY002
    for samples in buffer.get(8):
        numbers = observed(samples).int().tolist()
        assert not {*range(5, 8), *range(100, 106)} & set(numbers)


@pytest.mark.parametrize("kind", ["recurrent", "recurrent dict"])
def test_withheld_steps_within_a_sequence_are_seen_but_masked(kind):
    buffer = filled(kind)
    trainable = by_episode((0, 0, 0, 1, 1), (0, 5, 8, 0, 6))
    trainable[::2, 2] = False
    buffer.withhold(trainable)
    (samples,) = buffer.get()
    seen = set(observed(samples).int().tolist())
    assert set(range(200, 212)) <= seen
    assert observed(samples)[samples.mask > 0].int().sort().values.tolist() == list(range(201, 212, 2))


@pytest.mark.parametrize("kind", ["recurrent", "recurrent dict"])
@pytest.mark.parametrize("seed", range(6))
def test_each_sequence_is_of_one_episode_and_begins_with_its_own_state(kind, seed):
    buffer = filled(kind)
    buffer.withhold(by_episode((0, 1), (5, 0)))
    np.random.seed(seed)  # noqa: NPY002
    for samples in buffer.get(7):
        states = samples.lstm_states.pi[0][0, :, 0]
        numbers = observed(samples).reshape(len(states), -1)
        mask = samples.mask.reshape(len(states), -1) > 0
        starts = samples.episode_starts.reshape(len(states), -1)
        assert torch.equal(states, numbers[:, 0])
        assert not starts[:, 1:].any()
        for row, kept in zip(numbers, mask, strict=True):
            assert (row[kept].diff() == 1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_buffer_that_is_reset_forgets_its_mask(kind):
    buffer = filled(kind)
    buffer.withhold(by_episode((2,), (0,)))
    buffer.reset()
    assert buffer.trainable is None


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (np.ones((ENVS, STEPS), bool), r"shape \(12, 3\); got \(3, 12\)"),
        (np.zeros((STEPS, ENVS), bool), "at least two steps"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(mask, said):
    with pytest.raises(ValueError, match=said):
        filled("flat").withhold(mask)


def test_it_is_one_of_ppo_s_rollout_buffer_classes():
    student = PPO("MlpPolicy", "CartPole-v1", n_steps=64, device="cpu", rollout_buffer_class=MaskedRolloutBuffer)
    assert isinstance(student.learn(64).rollout_buffer, MaskedRolloutBuffer)
