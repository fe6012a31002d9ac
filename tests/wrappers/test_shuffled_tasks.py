"""A rugged task space: intervals change places, and the environment is set to what stands there."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from tutelage import TaskSpace
from tutelage.wrappers import ShuffledTasks, TaskAttributes


def pole(**dims):
    return TaskAttributes(gym.make("CartPole-v1"), TaskSpace(**(dims or {"length": (0.0, 4.0)})))


def test_the_environment_plays_the_task_that_stands_there():
    env = ShuffledTasks(pole(length=(1.0, 5.0)), seed=3)
    (order,) = env.order.tolist()
    for part in range(4):
        _, info = env.reset(options={"task": [1.25 + part] if part else {"length": 1.25}})
        assert info["task"].tolist() == [1.25 + part]
        assert env.unwrapped.length == pytest.approx(1.25 + order[part])


def test_every_task_of_the_environment_can_be_had():
    env = ShuffledTasks(pole(), seed=0)
    inside = np.array([env.inside([x])[0] for x in np.linspace(0.0, 4.0, 401)[:-1]])
    assert np.allclose(np.sort(inside), np.linspace(0.0, 4.0, 401)[:-1])


def test_the_order_follows_from_the_seed():
    orders = [ShuffledTasks(pole(length=(0.2, 2.0), force_mag=(2.0, 20.0)), seed=s).order.tolist() for s in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]


def test_tasks_that_are_drawn_follow_from_the_seed_of_the_reset():
    env = ShuffledTasks(pole(), seed=0)
    one, two, three = (env.reset(seed=s)[1]["task"].tolist() for s in (5, 5, 6))
    assert one == two != three


def test_integers_and_categories_stay_where_they_are():
    env = ShuffledTasks(pole(length=(0.0, 4.0), gravity=range(5, 15)), seed=1)
    assert env.inside([0.5, 7.0])[1] == 7.0


def test_what_cannot_be_shuffled_is_refused():
    with pytest.raises(ValueError, match="needs a continuous dimension"):
        ShuffledTasks(pole(gravity=range(5, 15)))
    with pytest.raises(TypeError, match="TaskSpace"):
        ShuffledTasks(gym.make("CartPole-v1"))
    with pytest.raises(ValueError, match="at least 2, got 1"):
        ShuffledTasks(pole(), n_intervals=1)
    with pytest.raises(ValueError, match="shape"):
        ShuffledTasks(pole()).reset(options={"task": [[1.0]]})
