"""The walk, seen as a maze is: a small image and a direction."""

import gymnasium as gym
import numpy as np
from small_environments import Walk


class ViewedWalk(Walk):
    """Shows where the walker is as a column of a view of 5×5 cells."""

    def __init__(self, actions="discrete", view=5):
        super().__init__(actions=actions)
        self.view = view
        image = gym.spaces.Box(0, 10, (view, view, 3), np.uint8)
        self.observation_space = gym.spaces.Dict(image=image, direction=gym.spaces.Discrete(4))
        if actions == "seven":
            self.action_space = gym.spaces.Discrete(7)

    def _observe(self):
        image = np.ones((self.view, self.view, 3), np.uint8)
        image[int(np.clip(self.x + 2, 0, self.view - 1)), :, 0] = 8
        return {"image": image, "direction": np.int64(self.t % 4)}
