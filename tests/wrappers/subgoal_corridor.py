"""A corridor whose subgoals are places: everything about it can be counted."""

from __future__ import annotations

import gymnasium as gym
import numpy as np


class Corridor(gym.Env):
    """Action 0 stays, 1 goes right, 2 left; at ``length`` the episode ends with a reward of 1."""

    action_space = gym.spaces.Discrete(3)

    def __init__(self, length=10, max_steps=270, shape="box"):
        self.length, self.max_steps = length, max_steps
        self.place = self.t = 0
        box = gym.spaces.Box(0.0, 1_000.0, (1,), np.float32)
        self.observation_space = box if shape == "box" else gym.spaces.Dict(place=box)
        self.shape = shape

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = self.t = 0
        return self.observe(), {"layout": float(self.np_random.random())}

    def step(self, action):
        self.t += 1
        self.place = max(0, self.place + (0, 1, -1)[action])
        arrived = self.place >= self.length
        return self.observe(), float(arrived), arrived, self.t >= self.max_steps and not arrived, {}

    def observe(self):
        observation = np.array([self.place], np.float32)
        return observation if self.shape == "box" else {"place": observation}


class Places:
    """Always the same list of places."""

    def __init__(self, *places):
        self.places = places

    def subgoals(self, env, rng):
        return list(self.places)


class RandomPlaces:
    """Three places that are drawn."""

    def subgoals(self, env, rng):
        return [int(place) for place in rng.integers(1, 10, 3)]


class Ahead:
    """How far ahead the place is; −1000 stands for none."""

    def space(self, env):
        return gym.spaces.Box(-1_000.0, 1_000.0, (1,), np.float32)

    def encode(self, env, subgoal):
        return [-1_000.0] if subgoal is None else [subgoal - env.unwrapped.place]


class Arrived:
    """A place is reached in the step that enters it."""

    def look(self, env, subgoals):
        return env.unwrapped.place

    def completed(self, env, subgoals, before):
        return [env.unwrapped.place == subgoal != before for subgoal in subgoals]
