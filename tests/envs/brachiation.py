"""A controller written by hand that swings the chimpanzee along the ceiling, from its observations only.

``python tests/envs/brachiation.py`` prints how far it gets.
"""

import math

import gymnasium as gym
import numpy as np
import tutelage.envs  # noqa: F401 - registers the environments
from tutelage.envs.bodies import BODIES

_FIRST_ARM = 4 + 5 * BODIES["chimpanzee"].n_legs  # in the observation
_SHOULDERS = (4, 6)  # in the action, each with its elbow behind it
_HANDS = (8, 9)

_STUCK_AFTER = 80
"""Steps after which a hand that finds nothing to grip is tried again from lower down, below a long spike."""


class Brachiation:
    """Hand over hand: the rear hand lets go, the front arm draws the body ahead, the free arm reaches out and grips.

    Args:
        body: A chimpanzee.
    """

    def __init__(self, body=BODIES["chimpanzee"]):
        self._length = body.arms.length
        self._free = 0
        self._held = self._swung = 0

    def __call__(self, observation):
        """Return the action for an observation."""
        arms = observation[_FIRST_ARM : _FIRST_ARM + 12].reshape(2, 6).tolist()
        turn = float(observation[0])
        ahead = [self._ahead(turn + shoulder, elbow) for shoulder, _, elbow, *_ in arms]
        action = np.zeros(10, dtype=np.float32)
        action[:4] = _servo(observation[[4, 6, 9, 11]] - [0, 1, 0, 1], np.array([-0.15, -0.1, -0.15, -0.1]), 2.0)
        action[list(_HANDS)] = 1.0
        if all(grips for *_, grips in arms):
            self._pull(action, arms, ahead)
        else:
            self._swing(action, arms, ahead, turn)
        return action

    def _ahead(self, upper, elbow):
        """How far a hand is ahead of the shoulder."""
        return -self._length * (math.sin(upper) + math.sin(upper + elbow))

    def _pull(self, action, arms, ahead):
        """Both hands hold: draw the body ahead for a moment, then let the rear one go."""
        rear = int(ahead[1] < ahead[0])
        front = 1 - rear
        for arm, shoulder, elbow in ((front, -1.0, 1.35), (rear, -0.35, 0.45)):
            action[_SHOULDERS[arm]] = shoulder
            action[_SHOULDERS[arm] + 1] = _servo(arms[arm][2], elbow, 6.0)
        self._held += 1
        if self._held >= 3:
            action[_HANDS[rear]] = -1.0
            self._free, self._held, self._swung = rear, 0, 0

    def _swing(self, action, arms, ahead, turn):
        """One hand holds: swing ahead below it, and reach out with the other."""
        free, support = self._free, 1 - self._free
        self._swung = (self._swung + 1) % (2 * _STUCK_AFTER)
        low = self._swung > _STUCK_AFTER
        action[_SHOULDERS[support]] = 0.2 if low else 0.85
        action[_SHOULDERS[support] + 1] = _servo(arms[support][2], 0.05 if low else 1.6, 6.0)
        upper = turn + arms[free][0]
        reach = (1.5 if self._swung < 1.4 * _STUCK_AFTER else 0.65) if low else 1.15
        bent = upper > -0.55 * reach or self._swung < 4
        action[_SHOULDERS[free]] = _servo(upper, -reach, 3.0)
        action[_SHOULDERS[free] + 1] = _servo(arms[free][2], 1.35 if bent else -0.1, 3.0)
        action[_HANDS[free]] = 1.0 if ahead[free] - ahead[support] > (1.4 if low else 1.9) else -1.0


def _servo(angle, target, gain):
    """The action of a motor that turns towards an angle."""
    return np.clip(gain * (target - angle), -1.0, 1.0)


def climb(task, seed, body="chimpanzee"):
    """Play one episode; return how far it got in world units, its return and its length."""
    env = gym.make("tutelage/WalkerClimber-v0", body=body)
    observation, _ = env.reset(seed=seed, options={"task": task})
    start = env.unwrapped._simulation.x
    climber, total, steps, ended = Brachiation(env.unwrapped.body), 0.0, 0, False
    while not ended:
        observation, reward, terminated, truncated, info = env.step(climber(observation))
        total, steps, ended = total + reward, steps + 1, terminated or truncated
    assert info["is_success"] is (total > 230.0)
    return env.unwrapped._simulation.x - start, total, steps


if __name__ == "__main__":
    for body in ("chimpanzee", "chimpanzee(legs=0.5)"):
        for task in ([7.5, 6.0], [7.5, 3.0], [7.5, 1.0], [7.25, 6.0], [7.0, 6.0], [6.5, 6.0], [5.0, 6.0]):
            runs = [climb(task, seed, body) for seed in range(4)]
            print(body, task, "  ".join(f"{way:.0f} units, {total:.0f} in {steps}" for way, total, steps in runs))
