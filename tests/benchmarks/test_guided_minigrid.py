"""MiniGrid with subgoals in all layouts but those of the test."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("minigrid")

from tutelage.benchmarks.guided_minigrid import GuidedMiniGrid


@pytest.fixture(scope="module")
def env():
    return GuidedMiniGrid(n_layouts=60)


def begun(env, rank):
    return env.reset(seed=0, options={"task": [rank]})[0]["subgoal"]


def test_layouts_are_in_the_order_of_their_ways(env):
    assert list(env.ways) == sorted(env.ways)
    assert env.ways[0] < env.ways[-1]


def test_subgoal_is_shown_in_layouts_that_are_not_tested(env):
    assert any(np.any(begun(env, rank)) for rank in range(60) if rank not in env.tests)


def test_no_subgoal_is_shown_in_layouts_that_are_tested(env):
    assert env.tests
    assert not any(np.any(begun(env, rank)) for rank in env.tests)


def test_student_that_is_not_to_see_subgoals_has_the_same_observations():
    blind, seeing = GuidedMiniGrid(n_layouts=60, observe=False), GuidedMiniGrid(n_layouts=60)
    assert blind.observation_space == seeing.observation_space
    assert not any(np.any(begun(blind, rank)) for rank in range(60))


def test_same_task_is_the_same_layout(env):
    one, two = (env.reset(seed=seed, options={"task": {"layout": 7}})[0]["image"] for seed in (1, 2))
    np.testing.assert_array_equal(one, two)
