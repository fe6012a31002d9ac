"""The gameable ladder; what all environments must do is tested in test_environments.py."""

from __future__ import annotations

import numpy as np
import pytest
from tutelage.envs import GameableLadder
from tutelage.envs.gameable_game import DOWN, GAINS, LEFT, RIGHT, UP, GameableConfig


def places(env):
    """Row and column of the agent, the goal and the exploit."""
    game = env.game
    return [np.array(divmod(int(cells[0]), game.config.size)) for cells in (game._agent, game._goal, game._exploit)]


def distance(one, other):
    return int(abs(one - other).sum())


def walk(env, stage, seed, target, around=None):
    """Walk to the target, not over ``around``; returns the rewards and the last step."""
    env.reset(seed=seed, options={"task": [stage]})
    rewards, step = [], None
    while step is None or not (step[2] or step[3]):
        agent, *others = places(env)
        to, avoid = others[target], others[1 - target]
        moves = {UP: (-1, 0), RIGHT: (0, 1), DOWN: (1, 0), LEFT: (0, -1)}
        free = [a for a, move in moves.items() if not np.array_equal(agent + move, avoid)]
        best = min(free, key=lambda a: distance(np.clip(agent + moves[a], 0, env.game.config.size - 1), to))
        step = env.step(best)
        rewards.append(step[1])
    return rewards, step


GOAL, EXPLOIT = 0, 1


@pytest.mark.parametrize("stage", range(5))
def test_the_goal_is_seven_steps_away_and_the_exploit_is_nearer_with_each_stage(stage):
    env = GameableLadder()
    for seed in range(30):
        env.reset(seed=seed, options={"task": [stage]})
        agent, goal, exploit = places(env)
        assert (distance(agent, goal), distance(agent, exploit)) == (7, 8 - stage)
        assert not np.array_equal(goal, exploit)


@pytest.mark.parametrize("stage", range(5))
def test_the_goal_pays_what_it_is_worth(stage):
    rewards, step = walk(GameableLadder(), stage, 0, GOAL)
    assert step[2]
    assert step[4] == {"is_success": True, "true_return": pytest.approx(sum(rewards)), "hacked": False}
    assert sum(rewards) == pytest.approx(1 - 0.9 * len(rewards) / 30)


@pytest.mark.parametrize("stage", range(5))
def test_the_exploit_pays_its_gain_and_is_worth_nothing(stage):
    rewards, step = walk(GameableLadder(), stage, 0, EXPLOIT)
    assert step[2]
    assert step[4] == {"is_success": False, "true_return": 0.0, "hacked": True}
    assert sum(rewards) == pytest.approx(GAINS[stage] * (1 - 0.9 * len(rewards) / 30))


def test_gaming_pays_more_than_work_from_the_third_stage_on():
    config = GameableConfig()
    honest = 1 - 0.9 * config.size / config.max_steps
    gamed = [g * (1 - 0.9 * d / config.max_steps) for g, d in zip(config.gains, config.distances, strict=True)]
    assert gamed == sorted(gamed)
    assert [value > honest for value in gamed] == [False, False, True, True, True]


def test_time_runs_out():
    env = GameableLadder(max_steps=14)
    env.reset(seed=0, options={"task": [0]})
    steps = []
    while not steps or not (steps[-1][2] or steps[-1][3]):
        steps.append(env.step([LEFT, RIGHT][len(steps) % 2]))  # goal and exploit are far away
    assert (len(steps), steps[-1][2:4]) == (14, (False, True))
    assert steps[-1][4] == {"is_success": False, "true_return": 0.0, "hacked": False}


def test_what_is_to_be_logged_is_named():
    assert GameableLadder.metadata["logged_info"] == ("true_return", "hacked")
    assert GameableLadder.vec_env(1).metadata["logged_info"] == ("true_return", "hacked")


def test_stages_can_be_more_or_fewer():
    env = GameableLadder(size=5, gains=[0.1, 3])
    assert env.task_space.size == 2
    assert env.game.config.distances == (6, 5)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"size": 3}, ValueError, "size must be between 4 and 12"),
        ({"size": 7.5}, TypeError, "size must be a whole number"),
        ({"max_steps": 13}, ValueError, "max_steps must be at least 14"),
        ({"gains": []}, ValueError, "gains must have 1 to 5 numbers"),
        ({"gains": [1] * 6}, ValueError, "gains must have 1 to 5 numbers"),
        ({"gains": [1, -1]}, ValueError, "gains must be a number between 0"),
        ({"gains": [1, float("nan")]}, ValueError, "gains must be a number between 0"),
        ({"gains": "much"}, TypeError, "gains must be a list"),
        ({"gains": 2.0}, TypeError, "gains must be a list"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, said):
    with pytest.raises(error, match=said):
        GameableLadder(**arguments)


@pytest.mark.parametrize(("size", "stages"), [(4, 2), (5, 3), (6, 4), (7, 5), (12, 5)])
def test_a_small_grid_has_the_last_of_the_stages(size, stages):
    env = GameableLadder(size=size)
    assert env.game.config.gains == GAINS[-stages:]
    assert env.task_space.size == stages
