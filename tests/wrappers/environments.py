"""Small task environments and teachers whose every number can be predicted."""

from __future__ import annotations

import os

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import VecEnv
from tutelage import Outcomes, TaskSpace, Teacher

SPACE = TaskSpace(steps=range(2, 7), gain=(0.0, 1.0))


class Counting(gym.Env):
    """An episode takes ``steps`` steps, each worth ``gain``; the observation is (steps, gain, t, noise).

    It ends by truncation where ``gain`` < ``truncate_below``, and is a success where ``gain`` > 0.5.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 1}  # noqa: RUF012
    task_space = SPACE

    def __init__(self, obs="box", truncate_below=0.0, render_mode=None, crash=None, lie=False):
        self.render_mode = render_mode
        self.obs, self.truncate_below, self.crash, self.lie = obs, truncate_below, crash, lie
        box = gym.spaces.Box(-10.0, 10.0, (4,), np.float32)
        self.observation_space = {
            "box": box,
            "dict": gym.spaces.Dict(state=box, t=gym.spaces.Box(0.0, 10.0, (1,), np.float32)),
            "discrete": gym.spaces.Discrete(100),
        }[obs]
        self.action_space = gym.spaces.Discrete(2)
        self.resets = 0
        self.seeds = []

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        given = (options or {}).get("task")
        row = SPACE.sample(1, self.np_random)[0] if given is None else SPACE.validate(given)
        self.row, self.t = row, 0
        self.resets += 1
        self.seeds.append(seed)
        self.noise = self.np_random.random()
        if self.crash == "reset" and self.resets > 1:
            raise ValueError("reset went wrong")
        if self.crash == "space" and self.resets > 1:
            self.observation_space = gym.spaces.Box(-10.0, 10.0, (5,), np.float32)
        return self._observe(), {"task": row[::-1].copy() if self.lie else row.copy(), "resets": self.resets}

    def step(self, action):
        self.t += 1
        reward = float(self.row[1])
        if self.crash == "step" and self.t == 2:
            raise ZeroDivisionError("step went wrong")
        if self.crash == "nan reward" and self.t == 2:
            reward = np.nan
        if self.crash == "exit" and self.t == 2:
            os._exit(3)
        over = self.t >= self.row[0]
        truncated = bool(over and self.row[1] < self.truncate_below)
        info = {"is_success": bool(self.row[1] > 0.5)} if over else {}
        return self._observe(), reward, bool(over and not truncated), truncated, info

    def _observe(self):
        state = np.array([*self.row, self.t, self.noise], np.float32)
        if self.crash == "nan obs" and self.t == 2:
            state[0] = np.nan
        if self.crash == "inf first obs" and self.t == 0 and self.resets > 1:
            state[0] = np.inf
        if self.obs == "dict":
            return {"state": state, "t": np.array([self.t], np.float32)}
        return int(10 * self.row[0] + self.t) if self.obs == "discrete" else state

    def render(self):
        return np.zeros((8, 8, 3), np.uint8)


class Continuous(Counting):
    """The same with a continuous action, for SAC."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)


class Idle(VecEnv):
    """A natively batched environment that does nothing: the cost of stepping it is that of what is around it.

    Environment i ends an episode every ``length`` steps, first in step 1 + i mod ``length``.
    """

    def __init__(self, num_envs, length=100, width=79, task_space=SPACE):
        self.task_space, self.length, self.autoreset = task_space, length, True
        self.begun = []
        self._now = 0
        self._observations = np.zeros((num_envs, width), np.float32)
        self._rewards = np.zeros(num_envs, np.float32)
        self._infos = [{} for _ in range(num_envs)]
        self._phase = np.arange(num_envs) % length
        space = gym.spaces.Box(-1.0, 1.0, (width,), np.float32)
        super().__init__(num_envs, space, gym.spaces.Discrete(3))

    def begin(self, indices, tasks):
        self.begun.append((indices, tasks.copy()))
        return np.zeros((len(indices), self._observations.shape[1]), np.float32)

    def reset(self):
        return self.begin(np.arange(self.num_envs), np.stack([options["task"] for options in self._options]))

    def step_async(self, actions): ...

    def step_wait(self):
        dones = self._phase == self._now % self.length
        self._now += 1
        infos = self._infos
        if dones.any():
            infos = infos.copy()
            for i in np.flatnonzero(dones).tolist():
                infos[i] = {"episode": {"r": 0.0, "l": self.length, "t": 0.0}}
        return self._observations, self._rewards, dones, infos

    def get_attr(self, attr_name, indices=None):
        return [getattr(self, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name, value, indices=None): ...
    def env_method(self, method_name, *args, indices=None, **kwargs): ...
    def env_is_wrapped(self, wrapper_class, indices=None):
        return [False] * self.num_envs

    def close(self): ...


class Adaptive(Teacher):
    """Its next tasks depend on all outcomes so far; remembers everything."""

    def __init__(self, task_space=SPACE, *, seed=0):
        super().__init__(task_space, seed=seed)
        self.total = 0.0
        self.calls = []
        self.outcomes = []
        self.sampled = []

    def _sample(self, n):
        self.calls.append(("sample", n))
        tasks = self.task_space.from_unit((self.rng.random((n, self.task_space.n_dims)) + self.total) % 1.0)
        self.sampled.append(tasks.copy())
        return tasks

    def _update(self, outcomes):
        self.calls.append(("update", len(outcomes)))
        self.outcomes.append(outcomes)
        self.total += float((outcomes.returns * (1 + outcomes.lengths)).sum())

    def __reduce__(self):
        raise TypeError("a teacher must never be sent to a worker")

    @property
    def everything(self):
        return Outcomes.concatenate(self.outcomes)

    @property
    def all_sampled(self):
        return np.concatenate(self.sampled)


class Constant(Teacher):
    """Hands out the middle of the space."""

    def _sample(self, n):
        return np.repeat(self.task_space.from_unit(np.full((1, self.task_space.n_dims), 0.5)), n, axis=0)

    def _update(self, outcomes):
        pass


class Recorder:
    """A listener."""

    def __init__(self):
        self.events = []

    def on_tasks(self, tasks, env_indices):
        self.events.append(("tasks", tasks.ids.tolist(), env_indices.tolist()))

    def on_outcomes(self, outcomes):
        self.events.append(("outcomes", outcomes.ids.tolist()))


class Untrustworthy(gym.Env):
    """An environment without a task space."""

    observation_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {}

    def step(self, action):
        return np.zeros(1, np.float32), 0.0, False, False, {}


def expected(outcomes):
    """Assert that each outcome fits its task: the whole truth about `Counting`."""
    steps, gain = outcomes.tasks.T
    np.testing.assert_array_equal(outcomes.lengths, steps)
    np.testing.assert_allclose(outcomes.returns, steps * gain, atol=1e-6)
    np.testing.assert_array_equal(outcomes.success, gain > 0.5)


class Replay(Adaptive):
    """Hands out the rows it is given."""

    def __init__(self, rows):
        super().__init__()
        self.rows = rows

    def _sample(self, n):
        return np.stack([self.rows.pop(0) for _ in range(n)])
