"""The generator of levels: what it learns from, by id, and what it forgets."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from tutelage import TaskSpace
from tutelage.envs import MazeEnv
from tutelage.teachers.regret.generator_config import GeneratorConfig
from tutelage.teachers.regret.level_generator import LevelGenerator
from tutelage.teachers.regret.paired import SpaceBuilders

SPACE = TaskSpace(x=(0.0, 1.0), y=(-1.0, 1.0))
MAZE = MazeEnv(3, 3)


def generator(maze=False, seed=0, **config):
    make = MAZE.level_builder if maze else SpaceBuilders(SPACE)
    return LevelGenerator(make, GeneratorConfig(**{"update_levels": 8, **config}), np.random.default_rng(seed))


def weights(one):
    return one.state_dict()["weights"]["parameters"]


def taught(one, rounds=1, n=8, seed=1):
    rng = np.random.default_rng(seed)
    for i in range(rounds):
        one.build(n, n * i, rng)
        one.reward(range(n * i, n * i + n), rng.random(n))
        one.learn(rng)
    return one


KINDS = pytest.mark.parametrize(
    "kind",
    [{}, {"recurrent": True}, {"maze": True}, {"maze": True, "recurrent": True, "batch_size": None}],
    ids=["parameters", "recurrent", "mazes", "recurrent mazes"],
)


@KINDS
def test_every_kind_builds_levels_and_learns(kind):
    one = generator(**kind)
    before = weights(one)
    taught(one, 2)
    assert one.n_updates == 2
    assert one.n_dropped == 0
    assert (weights(one) != before).any()
    space = MAZE.task_space if "maze" in kind else SPACE
    assert space.contains_all(one.build(20, 100, np.random.default_rng(0)))


@KINDS
def test_the_buffer_holds_what_the_policy_would_say_again(kind):
    """Values and log-probabilities of the first pass are those of the steps that were taken: the ratio is 1."""
    one = generator(**kind)
    rng = np.random.default_rng(0)
    one.build(5, 0, rng)
    buffer = one._rollout([one._open[i] for i in range(5)], np.arange(5.0))
    (batch,) = buffer.get(None if "recurrent" in kind else 10_000)
    extra = [batch.lstm_states, batch.episode_starts] if "recurrent" in kind else []
    actions = batch.actions.long().flatten() if "maze" in kind else batch.actions
    with torch.no_grad():
        values, log_probs, _ = one._learner.policy.evaluate_actions(batch.observations, actions, *extra)
    mask = batch.mask > 0.5 if "recurrent" in kind else slice(None)
    torch.testing.assert_close(log_probs[mask], batch.old_log_prob[mask], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(values.flatten()[mask], batch.old_values[mask], atol=1e-4, rtol=1e-4)


def test_the_reward_comes_at_the_last_step_only():
    one = generator()
    one.build(3, 0, np.random.default_rng(0))
    buffer = one._rollout([one._open[i] for i in range(3)], np.array([1.0, 2.0, 3.0]))
    assert buffer.rewards.tolist() == [[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]
    gamma, lam = one.config.gamma, one.config.gae_lambda
    last = buffer.rewards[1] - buffer.values[1]
    first = gamma * buffer.values[1] - buffer.values[0] + gamma * lam * last
    np.testing.assert_allclose(buffer.advantages, [first, last], rtol=1e-5)


def test_a_policy_goes_to_where_the_reward_is():
    one, rng = generator(maze=True, update_levels=64, learning_rate=3e-3, n_epochs=5), np.random.default_rng(0)
    for i in range(25):
        levels = one.build(64, 64 * i, rng)
        one.reward(range(64 * i, 64 * i + 64), (levels[:, -3] == 4.0).astype(float))  # the goal in the middle
        one.learn(rng)
    assert (one.build(200, 10_000, rng)[:, -3] == 4.0).mean() > 0.4, "1/9 at the beginning"


def test_a_recurrent_policy_goes_to_where_the_reward_is():
    one, rng = generator(update_levels=64, recurrent=True, n_epochs=5), np.random.default_rng(0)
    for i in range(25):
        levels = one.build(64, 64 * i, rng)
        one.reward(range(64 * i, 64 * i + 64), levels[:, 0])
        one.learn(rng)
    assert one.build(200, 10_000, rng)[:, 0].mean() > 0.7


def test_levels_that_never_come_back_teach_nothing():
    one, other = generator(), generator()
    rng, same = np.random.default_rng(3), np.random.default_rng(3)
    one.build(16, 0, rng)
    other.build(16, 0, same)
    one.reward(range(8), np.arange(8.0))
    other.reward(range(8), np.arange(8.0))
    other.build(100, 16, copy.deepcopy(same))  # and none of these comes back
    assert one.learn(rng)
    assert other.learn(same)
    np.testing.assert_array_equal(weights(one), weights(other))


def test_nothing_is_learned_before_enough_levels_have_come_back():
    one, rng = generator(), np.random.default_rng(0)
    before = weights(one)
    one.build(8, 0, rng)
    one.reward(range(7), np.ones(7))
    assert not one.learn(rng)
    np.testing.assert_array_equal(weights(one), before)
    assert one.n_waiting == 7


def test_ids_of_others_are_ignored():
    one, rng = generator(), np.random.default_rng(0)
    one.build(8, 0, rng)
    one.reward([-1, 8, 10**12], np.ones(3))
    assert one.n_waiting == 0


def test_a_level_counts_once():
    one, rng = generator(), np.random.default_rng(0)
    one.build(8, 0, rng)
    one.reward([3, 3], np.array([1.0, 2.0]))
    assert one.state_dict()["rewards"].tolist() == [1.0]


def test_late_levels_are_learned_from_with_the_next_ones():
    one, rng = generator(), np.random.default_rng(0)
    one.build(16, 0, rng)
    one.reward(range(8), np.ones(8))
    one.learn(rng)
    one.build(7, 16, rng)
    one.reward([15, *range(16, 23)], np.ones(8))
    assert one.learn(rng)
    assert one.n_updates == 2


def test_the_oldest_levels_are_forgotten():
    one, rng = generator(), np.random.default_rng(0)
    one.build(3, 0, rng)
    one.reward([0], np.ones(1))
    one.build(5000, 3, rng)
    assert len(one._open) == 4096
    assert one.n_waiting == 0


def test_what_becomes_nan_is_forgotten():
    one = taught(generator())
    rng, before = np.random.default_rng(5), one.state_dict()["weights"]
    one.build(8, 100, rng)
    one.reward(range(100, 108), np.ones(8))
    one._open[103]["value"][:] = np.nan
    assert one.learn(rng)
    assert one.n_dropped == 1
    for name, part in one.state_dict()["weights"].items():
        np.testing.assert_array_equal(part, before[name])
    taught(one)
    assert one.n_dropped == 1


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_rewards_of_any_size_leave_the_weights_finite(scale):
    one, rng = generator(), np.random.default_rng(0)
    for i in range(4):
        one.build(8, 8 * i, rng)
        one.reward(range(8 * i, 8 * i + 8), scale * rng.standard_normal(8))
        one.learn(rng)
    assert np.isfinite(weights(one)).all()
    assert one.n_dropped == 0


# --- Random numbers and state ----------------------------------------------------------------------------------------


@KINDS
def test_global_random_numbers_are_left_alone(kind):
    ours, numpy = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002 - the generator SB3 uses
    taught(generator(**kind))
    assert torch.equal(torch.get_rng_state(), ours)
    np.testing.assert_equal(np.random.get_state(), numpy)  # noqa: NPY002


@KINDS
@pytest.mark.parametrize("way", ["state", "copy", "pickle"])
def test_it_goes_on_identically(kind, way):
    one, rng = taught(generator(**kind), 2), np.random.default_rng(9)
    one.build(8, 50, rng)
    one.reward(range(50, 55), np.arange(5.0))
    if way == "state":
        other = generator(**kind, seed=4)
        other.load_state_dict(one.state_dict())
    else:
        other = copy.deepcopy(one) if way == "copy" else pickle.loads(pickle.dumps(one))
    results = []
    for each in (one, other):
        rng = np.random.default_rng(1)
        each.reward(range(55, 58), np.arange(3.0))
        each.learn(rng)
        results.append(each.build(4, 90, rng))
    np.testing.assert_array_equal(*results)
    np.testing.assert_array_equal(weights(one), weights(other))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"config": {"hidden": 3}}, "hidden"),
        ({"horizon": 9}, "horizon"),
        ({"ids": np.array([1, 1])}, "level twice"),
        ({"rewarded": np.array([99]), "rewards": np.ones(1)}, "other levels"),
        ({"rewards": np.array([np.nan])}, "rewards"),
        ({"trajectories": {}}, "trajectories"),
        ({"n_updates": -1}, "n_updates"),
    ],
)
def test_a_damaged_state_is_refused_by_name(change, message):
    one = generator()
    one.build(2, 0, np.random.default_rng(0))
    one.reward([0], np.ones(1))
    state = one.state_dict()
    if "config" in change:
        change = {"config": {**state["config"], **change["config"]}}
    with pytest.raises(ValueError, match=message):
        one.load_state_dict({**state, **change})


@pytest.mark.parametrize("name", ["parameters", "adam_mean", "adam_square"])
def test_weights_of_another_size_or_nan_are_refused(name):
    one = taught(generator())
    state = one.state_dict()
    for damaged in (np.zeros(3, np.float32), np.full_like(state["weights"][name], np.nan)):
        with pytest.raises(ValueError, match=name):
            one.load_state_dict({**state, "weights": {**state["weights"], name: damaged}})


def test_an_action_that_does_not_exist_is_refused():
    one = generator(maze=True)
    one.build(2, 0, np.random.default_rng(0))
    state = one.state_dict()
    actions = state["trajectories"]["action"].copy()
    actions[0, 0] = 9
    with pytest.raises(ValueError, match="action"):
        one.load_state_dict({**state, "trajectories": {**state["trajectories"], "action": actions}})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("update_levels", 0), ("n_epochs", 0), ("batch_size", 1), ("hidden", 0), ("filters", 0), ("lstm", 0),
        ("gamma", 1.1), ("gae_lambda", -0.1), ("learning_rate", 0.0), ("learning_rate", float("nan")),
        ("clip_range", 0.0), ("max_grad_norm", float("inf")), ("ent_coef", -1.0), ("vf_coef", -1.0), ("log_std", 3.0),
    ],
)  # fmt: skip
def test_a_hyperparameter_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=name):
        GeneratorConfig(**{name: value})


def test_a_hyperparameter_of_another_type_is_refused_by_name():
    with pytest.raises(TypeError, match="recurrent"):
        GeneratorConfig(recurrent="yes")
    with pytest.raises(TypeError, match="learning_rate"):
        GeneratorConfig(learning_rate="fast")
