"""The builder for any task space."""

from __future__ import annotations

import numpy as np
import pytest
from tutelage import TaskSpace
from tutelage.teachers.regret.space_builder import SpaceBuilder

WALKER = TaskSpace(
    roughness=(0.0, 10.0),
    pit_low=(0.0, 10.0),
    pit_high=(0.0, 10.0),
    stump_low=(0.0, 5.0),
    stump_high=(0.0, 5.0),
    stair_low=(0.0, 5.0),
    stair_high=(0.0, 5.0),
    stair_steps=(1.0, 9.0),
)


def build(space, actions):
    builder = SpaceBuilder(1, space)
    builder.reset(np.random.default_rng(0))
    for action in actions:
        builder.step(np.array([[action]]))
    (task,) = builder.tasks()
    return task


def test_the_terrain_of_the_reference_implementation():
    task = build(WALKER, [-1.0, -0.5, 0.5, 0.0, 1.0, 0.2, -0.2, 1.0])
    np.testing.assert_allclose(task, [0.0, 2.5, 7.5, 2.5, 5.0, 3.0, 2.0, 9.0])


def test_actions_beyond_the_bounds_are_clipped():
    assert build(TaskSpace(x=(2.0, 4.0), y=(0.0, 1.0)), [-7.0, 1.5]).tolist() == [2.0, 1.0]


def test_integers_and_categories_are_rounded():
    space = TaskSpace(rooms=range(2, 7), terrain=["grass", "ice", "mud"], width=(1, 1))
    rng = np.random.default_rng(0)
    builder = SpaceBuilder(100, space)
    builder.reset(rng)
    for _ in range(builder.horizon):
        builder.step(rng.uniform(-1.0, 1.0, (100, 1)))
    assert space.contains(builder.tasks()).all()
    assert [len(np.unique(column)) for column in builder.tasks().T] == [5, 3, 1]


def test_a_space_of_one_task_takes_one_step():
    assert build(TaskSpace(x=(1.0, 1.0)), [0.3]).tolist() == [1.0]


def test_observations_lie_in_their_space_and_show_what_was_built():
    builder = SpaceBuilder(2, TaskSpace(x=(0.0, 4.0), y=(0.0, 1.0)), n_noise=1)
    observations = [builder.reset(np.random.default_rng(0))]
    observations += [builder.step(np.array([[0.5], [-1.0]])) for _ in range(2)]
    assert all(builder.observation_space.contains(row) for batch in observations for row in batch)
    assert [batch[0, :4].tolist() for batch in observations] == [[0, 0, 1, 0], [0.5, 0, 0, 1], [0.5, 0.5, 0, 0]]
    assert observations[0][0, 4] == observations[2][0, 4]


@pytest.mark.parametrize("actions", [[0.0, 0.0], [[0.0]], [[np.nan], [0.0]]], ids=str)
def test_actions_of_another_shape_and_nan_are_refused(actions):
    builder = SpaceBuilder(2, TaskSpace(x=(0.0, 1.0)))
    builder.reset(np.random.default_rng(0))
    with pytest.raises(ValueError, match="number for each of 2 tasks"):
        builder.step(np.array(actions))


def test_tasks_are_not_given_before_they_are_complete():
    builder = SpaceBuilder(1, TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0)))
    with pytest.raises(ValueError, match="reset"):
        builder.step(np.array([[0.0]]))
    builder.reset(np.random.default_rng(0))
    with pytest.raises(ValueError, match="after 2 steps, not after 0"):
        builder.tasks()
