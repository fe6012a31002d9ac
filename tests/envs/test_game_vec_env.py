"""Batches of small games: that they are as many single ones, and vector environments of Stable-Baselines3."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium.error import ResetNeeded
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecFrameStack, VecNormalize
from tutelage import make_teacher
from tutelage.benchmarks.native_batch import has_native_batch
from tutelage.envs import ChainEnv, DelayedMatch, GameableLadder, NParity
from tutelage.wrappers import CurriculumVecEnv

ENVS = (NParity, DelayedMatch, ChainEnv, GameableLadder)
VARIANTS = [
    *((cls, {}) for cls in ENVS),
    (NParity, {"heads": "multi", "counted": 2}),
    (DelayedMatch, {"heads": "multi", "lengths": (8, 9), "show_n": False}),
    (ChainEnv, {"distinct": False, "n_keys": 2}),
]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(params=ENVS)
def cls(request):
    return request.param


def some_actions(space, n, rng):
    return np.array([rng.integers(getattr(space, "nvec", getattr(space, "n", 0))) for _ in range(n)])


@pytest.mark.parametrize(("cls", "arguments"), VARIANTS)
def test_a_batch_of_one_does_what_the_environment_does(cls, arguments):
    env, venv = cls(**arguments), cls.vec_env(1, seed=5, autoreset=False, **arguments)
    rng = np.random.default_rng(0)
    tasks = env.task_space.sample(30, rng)
    observation, _ = env.reset(seed=5, options={"task": tasks[0]})
    np.testing.assert_array_equal(venv.begin([0], tasks[:1])[0], observation)
    for task in tasks[1:]:
        ended = False
        while not ended:
            action = some_actions(env.action_space, 1, rng)
            observation, reward, terminated, truncated, info = env.step(action[0])
            seen, rewards, dones, infos = venv.step(action)
            np.testing.assert_array_equal(seen[0], observation)
            assert (rewards[0], dones[0]) == (np.float32(reward), terminated or truncated)
            ended = terminated or truncated
        assert {name: infos[0][name] for name in info} == info
        assert infos[0]["TimeLimit.truncated"] is truncated
        np.testing.assert_array_equal(infos[0]["terminal_observation"], observation)
        observation, _ = env.reset(options={"task": task})
        np.testing.assert_array_equal(venv.begin([0], task[None])[0], observation)


def test_copies_do_not_meddle_with_each_other(cls):
    venv = cls.vec_env(4, seed=0, autoreset=False)
    tasks = np.repeat(venv.task_space.high[None], 4, axis=0)
    venv.begin(np.arange(4), tasks)
    before = venv.game.observe(np.arange(4))
    venv.begin([1, 3], tasks[:2])
    after = venv.game.observe(np.arange(4))
    np.testing.assert_array_equal(after[[0, 2]], before[[0, 2]])


def test_episodes_are_told_of_at_their_end(cls):
    venv = cls.vec_env(16, seed=0)
    venv.reset()
    rng, lengths, returns, told = np.random.default_rng(0), np.zeros(16, int), np.zeros(16), 0
    for _ in range(60):
        tasks = venv.current_tasks.copy()
        _, rewards, dones, infos = venv.step(some_actions(venv.action_space, 16, rng))
        lengths, returns = lengths + 1, returns + rewards
        for i in range(16):
            if dones[i]:
                assert infos[i]["episode"]["l"] == lengths[i]
                assert infos[i]["episode"]["r"] == pytest.approx(returns[i], abs=1e-6)
                assert isinstance(infos[i]["is_success"], bool)
                np.testing.assert_array_equal(infos[i]["task"], tasks[i])
                lengths[i], returns[i], told = 0, 0.0, told + 1
            else:
                assert infos[i] == {}
    assert told > 16


def test_without_autoreset_a_copy_that_has_ended_waits_for_begin():
    venv = ChainEnv.vec_env(2, autoreset=False, n_signs=1)
    venv.begin([0, 1], [[1], [2]])
    right = venv.game.keys[0, 0]
    assert venv.step(np.full(2, right))[2].tolist() == [True, False]
    with pytest.raises(ResetNeeded, match=r"Environment 0.*begin\(\[0\]"):
        venv.step(np.full(2, right))
    venv.begin([0], [[1]])
    venv.step(np.full(2, right))


def test_a_step_before_the_first_reset_is_refused(cls):
    venv = cls.vec_env(2)
    with pytest.raises(ResetNeeded, match="reset"):
        venv.step(some_actions(venv.action_space, 2, np.random.default_rng(0)))
    with pytest.raises(ResetNeeded, match="step_async"):
        cls.vec_env(2).step_wait()


@pytest.mark.parametrize("actions", [[0, 8], [-1, 0], [0], [[0, 0]], [0.0, 1.0], ["a", "b"]])
def test_actions_that_are_none_are_refused(actions):
    venv = ChainEnv.vec_env(2)
    venv.reset()
    with pytest.raises(ValueError, match="Expected actions of Discrete"):
        venv.step(np.array(actions))


@pytest.mark.parametrize("actions", [[0, 1], [[0, 1], [0, 2]], [[0, 1, 1], [0, 1, 1]]])
def test_actions_of_too_few_heads_are_refused(actions):
    venv = NParity.vec_env(2, n_max=3, heads="multi")
    venv.reset()
    with pytest.raises(ValueError, match="Expected actions of MultiDiscrete"):
        venv.step(np.array(actions))


@pytest.mark.parametrize(
    ("indices", "tasks", "complaint"),
    [
        ([0], [[9]], "outside"),
        ([0], [[np.nan]], "not a number"),
        ([0], [[2, 3]], "shape"),
        ([0, 1], [[2]], "indices of shape"),
        ([0.0], [[2]], "indices of shape"),
        ([2], [[2]], "from 0 to 1"),
        ([1, 1], [[2], [2]], "once"),
    ],
)
def test_episodes_that_cannot_begin_are_refused_and_change_nothing(indices, tasks, complaint):
    venv = NParity.vec_env(2, seed=0)
    venv.reset()
    before = venv.current_tasks.copy()
    with pytest.raises(ValueError, match=complaint):
        venv.begin(indices, tasks)
    np.testing.assert_array_equal(venv.current_tasks, before)


def test_a_reset_plays_the_tasks_it_is_given_and_draws_the_others(cls):
    venv = cls.vec_env(3, seed=0)
    task = venv.task_space.high
    venv.set_options([{"task": task}, {}, {"task": venv.task_space.to_dict(task)}])
    venv.reset()
    np.testing.assert_array_equal(venv.current_tasks[[0, 2]], [task, task])
    venv.set_options({"task": [[1.0]]})
    with pytest.raises(ValueError, match="shape"):
        venv.reset()


def test_a_seed_fixes_everything(cls):
    def observations(venv):
        rng = np.random.default_rng(0)
        return [venv.reset(), *(venv.step(some_actions(venv.action_space, 5, rng))[0] for _ in range(20))]

    np.testing.assert_array_equal(*(observations(cls.vec_env(5, seed=3)) for _ in range(2)))
    venv = cls.vec_env(5)
    venv.seed(3)
    first = observations(venv)
    venv.seed(3)
    np.testing.assert_array_equal(observations(venv), first)


def test_no_episode_at_all_may_begin(cls):
    venv = cls.vec_env(2)
    venv.reset()
    assert len(venv.begin(np.empty(0, dtype=int), np.empty((0, 1)))) == 0


def test_ppo_trains_on_it_under_a_teacher(cls):
    venv = cls.vec_env(8, seed=0)
    teacher = make_teacher("random", venv.task_space, seed=0)
    student = PPO("MlpPolicy", CurriculumVecEnv(venv, teacher), n_steps=32, batch_size=64, seed=0, device="cpu")
    student.learn(256)
    assert teacher.metrics()["outcomes"] > 0


def test_the_usual_wrappers_go_around_it(cls):
    venv = VecFrameStack(VecNormalize(cls.vec_env(4, seed=0)), 2)
    assert venv.reset().shape == (4, 2 * venv.unwrapped.observation_space.shape[0])
    venv.step(some_actions(venv.action_space, 4, np.random.default_rng(0)))
    venv.close()


def test_a_training_run_finds_the_batch(cls):
    import gymnasium as gym

    name = cls.__name__.removesuffix("Env")
    assert has_native_batch(gym.make(f"tutelage/{name}-v0"))


def test_attributes_belong_to_the_batch():
    venv = NParity.vec_env(3)
    assert venv.get_attr("task_space", indices=[0, 2]) == [venv.task_space] * 2
    with pytest.raises(ValueError, match="share their attributes"):
        venv.set_attr("autoreset", True, indices=0)
    venv.set_attr("autoreset", False)
    assert venv.autoreset is False
    assert venv.env_is_wrapped(Monitor) == [False] * 3
    with pytest.raises(AttributeError, match=r"'step'.*begin"):
        venv.env_method("step", 0)


def test_its_pictures_are_those_of_the_copies(cls):
    venv = cls.vec_env(20, seed=0, render_mode="rgb_array")
    venv.reset()
    pictures = venv.env_method("render")
    np.testing.assert_array_equal(venv.get_images(), pictures)
    assert venv.render().shape == (4 * pictures[0].shape[0], 4 * pictures[0].shape[1], 3)
    assert cls.vec_env(2).get_images() == [None, None]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"n_envs": 0}, ValueError),
        ({"n_envs": 2.0}, TypeError),
        ({"n_envs": 1, "render_mode": "human"}, ValueError),
        ({"n_envs": 1, "seed": -1}, ValueError),
        ({"n_envs": 1, "colour": "blue"}, TypeError),
    ],
)
def test_bad_arguments_are_refused(cls, arguments, error):
    with pytest.raises(error):
        cls.vec_env(**arguments)


def test_an_unknown_argument_is_refused_in_the_name_of_the_environment(cls):
    with pytest.raises(TypeError, match=f"{cls.__name__} takes no argument 'foo'; it takes "):
        cls.vec_env(2, foo=1)
