"""What every environment of the library must do. The environments are found in the registry, not listed."""

import inspect
import pickle
import warnings

import gymnasium as gym
import numpy as np
import pytest
import tutelage.envs  # noqa: F401 - registers the environments
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from gymnasium.wrappers import TimeLimit
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from tutelage.envs.bodies import BODIES


def _variants():
    """Every registered environment, with every body that finds its way there where it takes one."""
    for env_id in sorted(gym.registry):
        if not env_id.startswith("tutelage/"):
            continue
        module, name = gym.spec(env_id).entry_point.split(":")
        cls = getattr(__import__(module, fromlist=[name]), name)
        if "body" in inspect.signature(cls).parameters:
            for body in [name for name in BODIES if BODIES[name].arms is None or cls.has_ceiling]:
                yield pytest.param((env_id, {"body": body}), id=f"{env_id}-{body}")
        else:
            yield pytest.param((env_id, {}), id=env_id)


@pytest.fixture(params=_variants())
def variant(request):
    return request.param


@pytest.fixture
def env(variant):
    env_id, kwargs = variant
    environment = gym.make(env_id, **kwargs).unwrapped
    yield environment
    environment.close()


def _any_task(env, seed=0):
    return env.task_space.sample(1, np.random.default_rng(seed))[0]


def _trajectory(env, seed, task=None, n_steps=120):
    """Observations and rewards of one episode with random actions that depend on nothing but the seed."""
    rng = np.random.default_rng(seed)
    env.action_space.seed(seed)
    observation, _ = env.reset(seed=seed, options=None if task is None else {"task": task})
    observations, rewards = [observation], []
    for _ in range(n_steps):
        if isinstance(env.action_space, gym.spaces.Box):
            action = rng.uniform(-1, 1, env.action_space.shape).astype(np.float32)
        else:
            action = env.action_space.sample()
        observation, reward, terminated, truncated, _ = env.step(action)
        observations.append(observation)
        rewards.append(reward)
        if terminated or truncated:
            break
    return np.array([gym.spaces.flatten(env.observation_space, each) for each in observations]), np.array(rewards)


def _assert_same(one, other):
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])


def test_gymnasium_finds_no_fault(variant):
    env_id, kwargs = variant
    env = gym.make(env_id, **kwargs).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        gymnasium_check_env(env, skip_render_check=True)
    env.close()


def test_stable_baselines3_finds_no_fault(env):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        # It takes every array of three dimensions in a dict for pixels, and misses their bounds and a CNN's size.
        warnings.filterwarnings("ignore", "It seems that your observation|The minimal resolution")
        sb3_check_env(env)


def test_a_picture_is_made_without_a_display(variant):
    env_id, kwargs = variant
    env = gym.make(env_id, render_mode="rgb_array", **kwargs)
    env.reset(seed=0)
    frame = env.render()
    assert frame.dtype == np.uint8
    assert frame.ndim == 3
    assert frame.std() > 10
    env.close()


def test_the_task_asked_for_is_in_the_info(env):
    task = _any_task(env)
    _, info = env.reset(seed=0, options={"task": task})
    assert info["task"].dtype == np.float64
    np.testing.assert_array_equal(info["task"], task)


def test_a_task_can_be_given_by_names(env):
    task = _any_task(env)
    _, info = env.reset(seed=0, options={"task": env.task_space.to_dict(task)})
    np.testing.assert_array_equal(info["task"], task)


def test_a_task_drawn_by_the_environment_is_in_its_space_and_in_the_info(env):
    env.reset(seed=0)
    few = env.task_space.size < 100
    tasks = np.array([env.reset()[1]["task"] for _ in range(50 if few else 5)])
    assert env.task_space.contains(tasks).all()
    assert len(np.unique(tasks, axis=0)) >= min(5, env.task_space.size)


def test_unknown_options_are_ignored(env):
    assert "task" in env.reset(seed=0, options={"colour": "blue"})[1]


def test_the_caller_keeps_its_task(env):
    task = _any_task(env)
    before = task.copy()
    _, info = env.reset(seed=0, options={"task": task})
    info["task"][:] = -1
    np.testing.assert_array_equal(task, before)


def test_a_task_with_a_nan_is_refused_with_the_name_of_the_dimension(env):
    task = _any_task(env)
    task[0] = np.nan
    with pytest.raises(ValueError, match=env.task_space.names[0]):
        env.reset(seed=0, options={"task": task})


def test_a_task_outside_the_bounds_is_refused_with_the_bounds(env):
    task = env.task_space.high + 1.0
    with pytest.raises(ValueError, match=rf"{env.task_space.names[0]}.*{env.task_space.high[0]:g}\]"):
        env.reset(seed=0, options={"task": task})


@pytest.mark.parametrize("reshape", [lambda t: t[:-1], lambda t: np.append(t, 0.0), lambda t: t[None], lambda t: t[0]])
def test_a_task_of_a_wrong_shape_is_refused(env, reshape):
    with pytest.raises(ValueError, match="shape"):
        env.reset(seed=0, options={"task": reshape(_any_task(env))})


def test_a_refused_task_leaves_the_episode_going(env):
    env.reset(seed=0)
    with pytest.raises(ValueError, match="outside"):
        env.reset(options={"task": env.task_space.high + 1.0})
    env.step(env.action_space.sample())


def test_the_same_seed_and_task_give_the_same_trajectory(variant):
    env_id, kwargs = variant
    one, other = (gym.make(env_id, **kwargs).unwrapped for _ in range(2))
    task = _any_task(one)
    _assert_same(_trajectory(one, 3, task), _trajectory(other, 3, task))


def test_the_same_seed_draws_the_same_task(env):
    tasks = [env.reset(seed=11)[1]["task"] for _ in range(2)]
    np.testing.assert_array_equal(*tasks)


def test_another_seed_gives_another_trajectory(env):
    if env.metadata.get("deterministic"):
        pytest.skip("nothing but the drawn task depends on the seed")
    if env.metadata.get("one_step"):
        pytest.skip("one success or failure looks like another")
    task = _any_task(env)
    one, other = _trajectory(env, 1, task), _trajectory(env, 2, task)
    assert one[0].shape != other[0].shape or not np.array_equal(one[0], other[0])


def test_earlier_episodes_leave_no_trace(variant):
    env_id, kwargs = variant
    fresh, used = (gym.make(env_id, **kwargs).unwrapped for _ in range(2))
    task = _any_task(fresh)
    for seed in range(4):
        _trajectory(used, seed + 100, n_steps=40)
    _assert_same(_trajectory(fresh, 7, task), _trajectory(used, 7, task))


def test_a_pickled_environment_is_a_fresh_one_with_the_same_arguments(env):
    env.reset(seed=0)
    env.step(env.action_space.sample())
    copy = pickle.loads(pickle.dumps(env))
    assert copy.task_space == env.task_space
    assert copy.observation_space == env.observation_space
    task = _any_task(env)
    _assert_same(_trajectory(env, 5, task), _trajectory(copy, 5, task))


def test_success_is_reported_when_an_episode_terminates(env):
    for seed in range(20):
        env.reset(seed=seed)
        for _ in range(2000):
            _, _, terminated, truncated, info = env.step(env.action_space.sample())
            if terminated or truncated:
                assert isinstance(info["is_success"], bool)
                return
    pytest.fail("no episode ended")


def test_success_is_reported_when_a_time_limit_truncates(env):
    if env.metadata.get("one_step") or env.metadata.get("fails_at_once"):
        pytest.skip("an episode is over before any time limit")
    limited = TimeLimit(env, 3)
    limited.reset(seed=0)
    truncated = False
    while not truncated:
        _, _, terminated, truncated, info = limited.step(limited.action_space.sample())
        assert not terminated
    assert isinstance(info["is_success"], bool)


def test_a_step_before_the_first_reset_is_refused(env):
    with pytest.raises(gym.error.ResetNeeded, match="reset"):
        env.step(env.action_space.sample())


def test_the_environment_is_made_through_its_module_name(variant):
    env_id, kwargs = variant
    gym.make(f"tutelage.envs:{env_id}", **kwargs).close()


def test_importing_the_environments_is_light():
    import subprocess
    import sys

    code = (
        "import sys, tutelage.envs; "
        "print([m for m in ('Box2D', 'pygame', 'numba', 'torch', 'stable_baselines3') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
