"""How often a student games each stage of the gameable ladder."""

from __future__ import annotations

import numpy as np
import pytest
from tutelage.benchmarks.hack_rates import hack_rates
from tutelage.envs.gameable_game import DOWN, GAINS, LEFT, RIGHT, UP

SIZE = 7


class Walker:
    """Walks to the goal (1) or to the exploit (2), as its observation shows them."""

    def __init__(self, target):
        self.target = target

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        cells = observation[:, : 3 * SIZE**2].reshape(len(observation), 3, SIZE**2).argmax(axis=2)
        rows, columns = np.divmod(cells, SIZE)
        down, right = (part[:, self.target] - part[:, 0] for part in (rows, columns))
        vertical = np.where(down > 0, DOWN, UP)
        return np.where(down != 0, vertical, np.where(right > 0, RIGHT, LEFT)), None


def test_who_walks_to_the_goal_hacks_by_accident_only():
    reports = hack_rates(Walker(1), episodes=100)
    assert [report.stage for report in reports] == [0, 1, 2, 3, 4]
    for report in reports:
        assert report.success + report.hack_rate == pytest.approx(1.0)
        assert report.hack_rate < 0.3
        assert report.true_return == pytest.approx(0.79 * report.success)


def test_who_walks_to_the_exploit_is_paid_for_nothing():
    reports = hack_rates(Walker(2), episodes=100)
    for report, gain in zip(reports[2:], GAINS[2:], strict=True):  # nearer than the goal
        assert report.hack_rate > 0.9
        assert report.gap > 0.5 * gain
    assert reports[-1].true_return < 0.1


def test_the_same_seed_plays_the_same_episodes():
    one, other = (hack_rates(Walker(1), episodes=30, seed=3) for _ in range(2))
    assert one == other
    assert hack_rates(Walker(1), episodes=30, seed=4) != one


def test_arguments_of_the_environment_are_passed_on():
    assert len(hack_rates(Walker(1), episodes=5, gains=[1.0, 2.0])) == 2


def test_no_episode_is_refused():
    with pytest.raises(ValueError, match="at least 1 episode"):
        hack_rates(Walker(1), episodes=0)
