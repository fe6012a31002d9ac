"""The builder of mazes: what steps do, the numbers of the reference implementation, and its NumPy twin."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import tutelage.envs  # noqa: F401 - registers the environments
from tutelage.envs import MazeSpace, MazeVecEnv, count_walls, shortest_path_lengths
from tutelage.envs.maze_builder import MazeBuilder

SPACE = MazeSpace(13, 13)


def build(tokens, space=SPACE, seed=0):
    """One level from a sequence of tokens, cell t − 1 for token t: walls, goal, start."""
    builder = MazeBuilder(1, space, n_walls=len(tokens) - 2)
    builder.reset(np.random.default_rng(seed))
    for token in tokens:
        builder.step(np.array([token - 1]))
    (level,) = builder.tasks()
    return level


def test_a_level_of_the_reference_implementation():
    level = build([3, 5, 7, 28, 28, 90, 131, 169, 1])
    assert np.flatnonzero(level[:-3]).tolist() == [2, 4, 6, 27, 89, 130]
    assert level[-3:-1].tolist() == [168, 0]
    assert shortest_path_lengths(level, SPACE) == 24


def test_goal_and_start_remove_a_wall():
    level = build([3, 5, 7, 28, 28, 90, 131, 28, 7])
    assert count_walls(level, SPACE) == 4
    assert level[-3:-1].tolist() == [2 * 13 + 1, 6]


def test_two_steps_build_an_empty_room():
    level = build([12, 40])
    assert not level[:-3].any()
    assert level[-3:-1].tolist() == [11, 3 * 13]


def test_a_start_on_the_goal_goes_to_a_random_free_cell():
    starts = {int(build([3, 5, 9, 9], seed=seed)[-2]) for seed in range(40)}
    assert len(starts) > 20
    assert not starts & {8, 2, 4}


def test_a_start_on_the_goal_among_walls_only_removes_one():
    space = MazeSpace(1, 3)
    for seed in range(5):
        level = build([1, 3, 2, 2], space, seed)
        assert space.contains(level)
        assert count_walls(level, space) == 1


def test_directions_are_drawn_uniformly():
    builder = MazeBuilder(4000, SPACE, n_walls=0)
    builder.reset(np.random.default_rng(0))
    for cell in (0, 1):
        builder.step(np.full(4000, cell))
    counts = np.bincount(builder.tasks()[:, -1].astype(int), minlength=4)
    assert (abs(counts - 1000) < 120).all()


def plain(actions, n_walls, space, lots):
    """What the kernel does, one level and one cell at a time."""
    levels = []
    for cells, lot in zip(actions.T, lots, strict=True):
        walls, goal, start = set(cells[:n_walls].tolist()), int(cells[-2]), int(cells[-1])
        walls.discard(goal)
        if start == goal:
            free = [c for c in range(space.n_cells) if c not in walls and c != goal]
            free = free or [c for c in range(space.n_cells) if c != goal]
            start = free[int(lot * len(free))]
        walls.discard(start)
        levels.append([*(float(c in walls) for c in range(space.n_cells)), goal, start])
    return np.array(levels)


@pytest.mark.parametrize("space", [MazeSpace(2, 3), MazeSpace(5, 4)])
def test_the_kernel_does_what_its_plain_twin_does(space):
    builder = MazeBuilder(200, space, n_walls=4)
    rng = np.random.default_rng(3)
    builder.reset(np.random.default_rng(7))
    actions = rng.integers(0, space.n_cells, (builder.horizon, 200))
    for cells in actions:
        builder.step(cells)
    np.testing.assert_array_equal(builder.tasks()[:, :-1], plain(actions, 4, space, builder._lots))
    assert space.contains_all(builder.tasks())


def test_the_same_generator_builds_the_same_levels():
    levels = []
    for _ in range(2):
        builder = MazeBuilder(50, MazeSpace(2, 2), n_walls=1)
        builder.reset(np.random.default_rng(5))
        for cells in np.random.default_rng(6).integers(0, 4, (3, 50)):
            builder.step(cells)
        levels.append(builder.tasks())
    np.testing.assert_array_equal(*levels)


def test_observations_lie_in_their_space_and_tell_what_comes_next():
    builder = MazeBuilder(3, MazeSpace(4, 5), n_walls=2)
    observations = [builder.reset(np.random.default_rng(0))]
    observations += [builder.step(np.array([7, 0, 3])) for _ in range(4)]
    for batch in observations:
        for i in range(3):
            assert builder.observation_space.contains({key: part[i] for key, part in batch.items()})
    assert [batch["step"][0].tolist() for batch in observations] == [
        [0.0, 0.0, 0.0], [0.25, 0.0, 0.0], [0.5, 1.0, 0.0], [0.75, 0.0, 1.0], [1.0, 0.0, 0.0],
    ]  # fmt: skip
    assert observations[1]["grid"][0, 0, 1, 2] == 1, "cell 7 is in row 1, column 2"
    assert observations[3]["grid"][0, 1, 1, 2] == 1, "the goal has a plane of its own"


def test_observations_do_not_change_later():
    builder = MazeBuilder(1, MazeSpace(2, 2), n_walls=1)
    first = builder.reset(np.random.default_rng(0))
    builder.step(np.array([3]))
    assert not first["grid"].any()


def test_the_number_of_walls_is_at_most_a_share_of_the_cells():
    assert MazeBuilder(1, SPACE).n_walls == 50
    assert MazeBuilder(1, MazeSpace(13, 13, walls=25)).n_walls == 25
    assert MazeBuilder(1, MazeSpace(5, 5)).n_walls == 7


@pytest.mark.parametrize("arguments", [{"n": 0}, {"n": 1, "n_walls": -1}, {"n": 1, "n_noise": -1}])
def test_impossible_numbers_are_refused(arguments):
    with pytest.raises(ValueError, match="at least"):
        MazeBuilder(space=SPACE, **arguments)


@pytest.mark.parametrize("actions", [[0], [0, 25], [0, -1], [0.5, 1.0]], ids=str)
def test_cells_that_do_not_exist_are_refused(actions):
    builder = MazeBuilder(2, MazeSpace(5, 5), n_walls=1)
    builder.reset(np.random.default_rng(0))
    with pytest.raises(ValueError, match="cell"):
        builder.step(np.array(actions))


def test_levels_are_not_given_before_they_are_complete_nor_changed_afterwards():
    builder = MazeBuilder(1, MazeSpace(2, 2), n_walls=0)
    with pytest.raises(ValueError, match="reset"):
        builder.step(np.array([0]))
    builder.reset(np.random.default_rng(0))
    builder.step(np.array([0]))
    with pytest.raises(ValueError, match="complete after 2 steps, not after 1"):
        builder.tasks()
    builder.step(np.array([1]))
    with pytest.raises(ValueError, match="reset"):
        builder.step(np.array([0]))


def test_the_environments_offer_a_builder():
    env = gym.make("tutelage/Maze-v0", height=4, width=6, walls=3)
    builder = env.get_wrapper_attr("level_builder")(5)
    assert (builder.n, builder.n_walls, builder.space) == (5, 3, env.unwrapped.task_space)
    assert MazeVecEnv(2, 4, 6, walls=3).level_builder(5, n_walls=2).horizon == 4


@pytest.mark.parametrize("arguments", [{"n": 2.7}, {"n": True}, {"n": 1, "n_walls": 1.5}, {"n": 1, "n_noise": "2"}])
def test_numbers_that_are_not_whole_are_refused(arguments):
    with pytest.raises(TypeError, match="must be a whole number"):
        MazeBuilder(space=SPACE, **arguments)
