"""A corridor in which every step can be predicted, and each of the controlled wrappers around it."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
from tutelage import TaskSpace
from tutelage.schedules import Linear
from tutelage.wrappers import Budget, Chain, GuideHorizon, Hint, ObsDetail, RewardMix

LENGTHS = TaskSpace(length=range(2, 7))


class Plain(gym.Env):
    """A corridor of three cells: action 1 goes right, 0 left. A step costs 1, the goal pays 10.

    The observation is (cell, length, steps so far); an episode is truncated after ``limit`` steps.
    """

    def __init__(self, limit=12, success=True):
        self.limit, self.success = limit, success
        self.observation_space = gym.spaces.Box(-20.0, 20.0, (3,), np.float32)
        self.action_space = gym.spaces.Discrete(2)
        self.length = 3.0
        self.actions, self.resets, self.closed = [], [], False

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.cell, self.t = int((options or {}).get("start", 0)), 0
        self.resets.append(seed)
        return self._observe(), {}

    def step(self, action):
        self.actions.append(int(action))
        self.cell += 1 if action == 1 else -1
        self.t += 1
        reached = bool(self.cell >= self.length)
        truncated = not reached and self.t >= self.limit
        info = {"cell": float(self.cell)}
        if (reached or truncated) and self.success:
            info["is_success"] = reached
        return self._observe(), 10.0 if reached else -1.0, reached, truncated, info

    def close(self):
        self.closed = True

    def _observe(self):
        return np.array([self.cell, self.length, self.t], np.float32)


class Corridor(Plain):
    """The same, and its length is the task."""

    task_space = LENGTHS

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed, options=options)
        given = (options or {}).get("task")
        if given is None:
            task = LENGTHS.sample(1, self.np_random)[0]
        else:
            task = LENGTHS.from_dict(given) if isinstance(given, dict) else LENGTHS.validate(given)
        self.length = float(task[0])
        return self._observe(), {"task": task}

    def mutate(self, tasks, rng, *, n_edits=1):
        return LENGTHS.clip(np.asarray(tasks) + n_edits)


def right(observation):
    """A guide that knows the way."""
    return 1


def halfway(env):
    """A hint: begin in the second cell."""
    return {"start": 1}


def cells(observation, action, reward, info):
    """An auxiliary reward."""
    return 0.1 * info["cell"]


def budget(env, control, **kwargs):
    return Budget(env, control, **kwargs)


def hint(env, control, **kwargs):
    return Hint(env, halfway, control, kind="start", **kwargs)


def guide_horizon(env, control, **kwargs):
    return GuideHorizon(env, right, control, **kwargs)


def obs_detail(env, control, **kwargs):
    return ObsDetail(env, control, **kwargs)


def reward_mix(env, control, **kwargs):
    return RewardMix(env, {"cells": cells}, {"cells": control}, **kwargs)


def chain(env, control, **kwargs):
    return Chain(env, control, tasks="same", **kwargs)


# name: (maker, name of its quantity, a constant, a schedule, a dimension)
KINDS = {
    "budget": (budget, "budget", 4, Linear(2, 6, 40), range(1, 7)),
    "hint": (hint, "hint_probability", 0.5, Linear(1, 0, 40), (0.0, 1.0)),
    "guide_horizon": (guide_horizon, "guide_horizon", 1, Linear(4, 0, 40), range(3)),
    "obs_detail": (obs_detail, "detail", 0.5, Linear(0, 1, 40), (0.1, 1.0)),
    "reward_mix": (reward_mix, "weight_cells", 2.0, Linear(1, 0, 40), (-1.0, 1.0)),
    "chain": (chain, "links", 2, Linear(1, 3, 40), range(1, 4)),
}
MODES = ("constant", "schedule", "dimension")


def make(kind, mode, env=None, **kwargs):
    """One of the wrappers around a corridor, its quantity in one of the three modes."""
    maker, _, *controls = KINDS[kind]
    return maker(env or Corridor(), controls[MODES.index(mode)], **kwargs)


def stacked(index):
    """Two wrappers inside each other whose quantities are dimensions; three pairs make all six."""
    inner, outer = [("hint", "budget"), ("obs_detail", "guide_horizon"), ("reward_mix", "chain")][index]
    return make(outer, "dimension", make(inner, "dimension"))
