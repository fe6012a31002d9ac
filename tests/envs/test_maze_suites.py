"""The mazes of the test suites: what is in them, and how the random ones are made."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tutelage.envs import (
    MazeSpace,
    count_walls,
    fewest_actions,
    is_solvable,
    level_from_arrays,
    level_to_arrays,
    level_to_text,
    optimal_returns,
    shortest_path_lengths,
)
from tutelage.envs.maze_files import pack_levels, read_drawing, unpack_levels
from tutelage.envs.maze_generators import corridors, crossings, four_rooms, perfect_mazes
from tutelage.envs.maze_suites import list_maze_suites, list_maze_tests, maze_suite, maze_test

FIXED = {
    "maze/sixteen-rooms": (46, 20, 26, 0.9064, 0.9480),
    "maze/sixteen-rooms-fewer-doors": (53, 22, 28, 0.8992, 0.9440),
    "maze/labyrinth": (72, 96, 113, 0.5932, 0.7740),
    "maze/labyrinth-flipped": (72, 96, 113, 0.5932, 0.7740),
    "maze/labyrinth-2": (72, 96, 113, 0.5932, 0.7740),
    "maze/maze": (73, 40, 54, 0.8056, 0.8920),
    "maze/maze-2": (72, 56, 73, 0.7372, 0.8540),
    "maze/maze-3": (71, 39, 54, 0.8056, 0.8920),
}
"""Walls, shortest path, fewest actions, and the best agent's return in 250 and in 450 steps."""


def rng():
    return np.random.default_rng(4222)


RANDOM = {
    "maze/small-corridor": lambda: corridors(100, 13, rng()),
    "maze/large-corridor": lambda: corridors(100, 19, rng()),
    "maze/four-rooms": lambda: four_rooms(100, 17, rng()),
    "maze/simple-crossing": lambda: crossings(100, 9, 5, rng()),
    "maze/perfect-small": lambda: perfect_mazes(100, 9, rng()),
    "maze/perfect-medium": lambda: perfect_mazes(100, 19, rng()),
    "maze/perfect-large": lambda: perfect_mazes(100, 49, rng()),
    "maze/perfect-extra-large": lambda: perfect_mazes(100, 99, rng()),
}


# --- Suites ----------------------------------------------------------------------------------------------------------


def test_the_suites_have_their_mazes_in_order():
    names = {suite: [test.name.removeprefix("maze/") for test in maze_suite(suite)] for suite in list_maze_suites()}
    assert names == {
        "fixed-8": [name.removeprefix("maze/") for name in FIXED],
        "perfect": ["perfect-small", "perfect-medium", "perfect-large", "perfect-extra-large"],
        "zero-shot-12": [
            "sixteen-rooms",
            "sixteen-rooms-fewer-doors",
            "labyrinth",
            "labyrinth-2",
            "maze",
            "maze-2",
            "maze-3",
            "simple-crossing",
            "four-rooms",
            "small-corridor",
            "large-corridor",
            "perfect-medium",
        ],
    }


def test_the_time_limit_of_13_x_13_is_250_and_the_others_are_those_of_their_size():
    assert [test.max_steps for test in maze_suite("zero-shot-12")] == [*[250] * 7, 484, 250, 250, 882, 882]
    assert [test.max_steps for test in maze_suite("perfect")] == [242, 882, 5202, 20402]


def test_a_time_limit_of_450_is_that_of_13_x_13_only():
    steps = [test.max_steps for test in maze_suite("zero-shot-12", time_limit=450)]
    assert steps == [*[450] * 7, 484, 250, 450, 882, 882]


@pytest.mark.parametrize("name", list_maze_tests())
def test_every_maze_can_be_solved_in_time(name):
    test = maze_test(name)
    assert is_solvable(test.levels, test.space).all()
    assert (fewest_actions(test.levels, test.space) <= test.max_steps).all()


def test_an_unknown_suite_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="Did you mean 'zero-shot-12'"):
        maze_suite("zeroshot-12")


def test_an_unknown_maze_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match=r"Unknown maze 'maze/labyrint'\. Did you mean 'maze/labyrinth'"):
        maze_test("maze/labyrint")


@pytest.mark.parametrize("time_limit", [0, 300, None])
def test_another_time_limit_is_refused(time_limit):
    with pytest.raises(ValueError, match="250 or 450"):
        maze_suite("fixed-8", time_limit=time_limit)


# --- The fixed mazes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIXED)
def test_a_fixed_maze_is_as_hard_as_the_published_one(name):
    test = maze_test(name)
    measured = [f(test.levels, test.space).item() for f in (count_walls, shortest_path_lengths, fewest_actions)]
    measured += [optimal_returns(test.levels, test.space, steps).item() for steps in (250, 450)]
    assert measured == pytest.approx(FIXED[name], abs=1e-12)


def test_labyrinth_is_as_drawn():
    test = maze_test("maze/labyrinth")
    assert level_to_text(test.levels[0], test.space).splitlines() == [
        ".............",
        ".###########.",
        ".#.........#.",
        ".#.#######.#.",
        ".#.#.....#.#.",
        ".#.#.###.#.#.",
        ".#.#.#G#.#.#.",
        ".#.#.#.#.#.#.",
        ".#...#...#.#.",
        ".#########.#.",
        ".....#.....#.",
        "####.#.#####.",
        ">....#.......",
    ]


def test_labyrinth_flipped_is_labyrinth_in_a_mirror():
    one, other = maze_test("maze/labyrinth"), maze_test("maze/labyrinth-flipped")
    (walls,), goal, start, direction = level_to_arrays(one.levels, one.space)
    mirrored = level_from_arrays(walls[:, ::-1], goal // 13 * 13 + 12 - goal % 13, start + 12, direction + 2)
    np.testing.assert_array_equal(other.levels[0], mirrored)


# --- The random mazes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RANDOM)
def test_random_mazes_can_be_drawn_again_from_the_documented_seed(name):
    np.testing.assert_array_equal(maze_test(name).levels, level_from_arrays(*RANDOM[name]()))


def test_the_ten_thousand_can_be_drawn_again_from_the_documented_seed():
    space = MazeSpace(13, 13, walls=60)
    drawn = space.sample(12_500, rng())
    np.testing.assert_array_equal(maze_test("maze/random-60-10000").levels, drawn[is_solvable(drawn, space)][:10_000])


@pytest.mark.parametrize(
    ("name", "walls", "shortest", "longest"),
    [("maze/small-corridor", 71, 13, 21), ("maze/large-corridor", 161, 19, 33)],
)
def test_corridors_have_their_walls_and_paths(name, walls, shortest, longest):
    test = maze_test(name)
    lengths = shortest_path_lengths(test.levels, test.space)
    assert set(count_walls(test.levels, test.space).tolist()) == {walls}
    assert (lengths.min(), lengths.max()) == (shortest, longest)


def test_every_dead_end_of_a_corridor_has_its_turn():
    goals, counts = np.unique(corridors(100, 13, np.random.default_rng(0)).goal, return_counts=True)
    assert [divmod(goal, 13) for goal in goals.tolist()] == [(y, x) for y in (5, 7) for x in (2, 4, 6, 8, 10)]
    assert set(counts.tolist()) == {10}


def test_four_rooms_have_four_doors():
    mazes = four_rooms(200, 17, np.random.default_rng(0))
    assert set(mazes.walls.sum(axis=(1, 2)).tolist()) == {33 - 4}
    half = mazes.walls[:, :, 8]
    assert ((~half[:, :8]).sum(axis=1) == 1).all()
    assert ((~half[:, 9:]).sum(axis=1) == 1).all()
    assert set(mazes.direction.tolist()) == {0, 1, 2, 3}


def test_crossings_have_walls_from_border_to_border_with_one_gap_each():
    mazes = crossings(200, 9, 5, np.random.default_rng(0))
    for walls in mazes.walls:
        columns, rows = walls[:, 1::2], walls[1::2]
        assert not walls[::2, ::2].any()
        full = [line for line in (*columns.T, *rows) if line.sum() > 4]
        assert len(full) == 5
        assert all(line.sum() == 8 for line in full)


def test_perfect_mazes_have_exactly_one_way_between_any_two_cells():
    mazes = perfect_mazes(20, 19, np.random.default_rng(0))
    for walls in mazes.walls:
        free = ~walls
        joints = (free[1:] & free[:-1]).sum() + (free[:, 1:] & free[:, :-1]).sum()
        assert joints == free.sum() - 1
    assert is_solvable(level_from_arrays(*mazes), MazeSpace(19, 19)).all()


def test_start_and_goal_of_perfect_mazes_are_two_different_corners():
    mazes = perfect_mazes(200, 5, np.random.default_rng(0))
    pairs = set(zip(mazes.start.tolist(), mazes.goal.tolist(), strict=True))
    assert pairs == set(itertools.permutations((0, 4, 20, 24), 2))


@pytest.mark.parametrize(
    "make", [corridors, four_rooms, perfect_mazes, lambda n, size, rng: crossings(n, size, 1, rng)]
)
def test_an_even_size_is_refused(make):
    with pytest.raises(ValueError, match=r"must be odd .* got 10"):
        make(1, 10, np.random.default_rng(0))


def test_too_many_walls_for_crossings_are_refused():
    with pytest.raises(ValueError, match="0 to 8 walls in crossings of size 9, got 9"):
        crossings(1, 9, 9, np.random.default_rng(0))


# --- Files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 2), (13, 13), (4, 7)])
def test_levels_come_back_from_a_file_as_they_were(size):
    space = MazeSpace(*size)
    rows = space.sample(50, np.random.default_rng(0))
    found, again = unpack_levels(pack_levels(rows, space))
    assert found == space
    np.testing.assert_array_equal(again, rows)


def test_a_drawing_has_its_own_size():
    space, rows = read_drawing(b"..#.\n>..G\n")
    assert (space.height, space.width, rows.shape) == (2, 4, (1, 11))


def test_a_time_limit_is_a_whole_number():
    assert isinstance(maze_test("maze/maze", time_limit=250.0).max_steps, int)
