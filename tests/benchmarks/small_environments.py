"""Small task environments with random numbers of their own, made by ``gymnasium.make("small_environments:…")``."""

from __future__ import annotations

import os
from pathlib import Path

import gymnasium as gym
import numpy as np
from tutelage import TaskSpace
from tutelage.schedules import Linear
from tutelage.wrappers import Budget, Clock


class Walk(gym.Env):
    """A noisy walk along a line; an episode lasts as long as its task says, or until the walker falls off.

    ``fail`` makes it misbehave in the third step of its second episode: ``raise``, ``nan reward``, ``nan observation``,
    ``exit`` (the process ends) or ``hang``; ``construct`` fails at once, ``start`` in the first reset.
    """

    task_space = TaskSpace(length=range(6, 30), push=(0.0, 1.0))

    def __init__(self, actions="continuous", observations="box", fail=None, tell=True):
        if fail == "construct":
            raise RuntimeError("the wheel is missing")
        self.fail, self.tell, self.kind = fail, tell, observations
        self.action_space = gym.spaces.Box(-1.0, 1.0, (1,)) if actions == "continuous" else gym.spaces.Discrete(3)
        box = gym.spaces.Box(-np.inf, np.inf, (3,), np.float32)
        self.observation_space = {
            "box": box,
            "dict": gym.spaces.Dict(state=box, lane=gym.spaces.Discrete(3)),
            "discrete": gym.spaces.Discrete(40),
        }[observations]
        self.episodes = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        given = (options or {}).get("task")
        self.row = self.task_space.sample(1, self.np_random)[0] if given is None else self.task_space.validate(given)
        self.x, self.t = float(self.np_random.normal()), 0
        self.episodes += 1
        if self.episodes == 5 and "WALKING" in os.environ:
            Path(os.environ["WALKING"]).touch()
        if self.fail == "start":
            raise OSError("no track to walk on")
        return self._observe(), {"task": self.row.copy()}

    def step(self, action):
        self.t += 1
        push = float(action[0]) if isinstance(self.action_space, gym.spaces.Box) else float(action) - 1.0
        self.x += push + self.row[1] * float(self.np_random.normal())
        reward = 1.0 - 0.1 * abs(self.x)
        if self.fail and self.episodes == 2 and self.t == 3:
            if self.fail == "raise":
                raise ZeroDivisionError("the ground is gone")
            if self.fail == "exit":
                os._exit(3)
            reward = float("nan") if self.fail == "nan reward" else reward
            self.x = float("nan") if self.fail == "nan observation" else self.x
        fallen, over = bool(abs(self.x) > 8.0), bool(self.t >= self.row[0])
        info = {"is_success": bool(over and not fallen)} if self.tell and (fallen or over) else {}
        return self._observe(), reward, fallen, over and not fallen, info

    def _observe(self):
        if self.kind == "discrete":
            return int(np.clip(round(self.x) + 20, 0, 39))
        state = np.array([self.x, self.t / 10.0, self.row[1]], np.float32)
        return {"state": state, "lane": np.int64(self.t % 3)} if self.kind == "dict" else state


class Untold(gym.Env):
    """An environment without a task space."""

    observation_space = gym.spaces.Discrete(2)
    action_space = gym.spaces.Discrete(2)


def budgeted(**arguments):
    """A walk that is cut short, less and less while it is trained in."""
    return Budget(Walk(**arguments), Linear(3, 25, duration=400), clock=Clock(n_envs=2))


gym.register("Walk-v0", entry_point=Walk)
gym.register("Budgeted-v0", entry_point=budgeted)
gym.register("Untold-v0", entry_point=Untold)
