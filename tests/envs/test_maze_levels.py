"""Levels of mazes as text, arrays and tokens; their measures, mutations and hashes."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tutelage.envs import (
    MazeSpace,
    count_walls,
    fewest_actions,
    is_solvable,
    level_from_arrays,
    level_from_text,
    level_from_tokens,
    level_hashes,
    level_to_arrays,
    level_to_text,
    level_to_tokens,
    mutate_levels,
    optimal_returns,
    shortest_path_lengths,
)

SIXTEEN_ROOMS = """
    ...#..#..#...
    .>.......#...
    ...#..#......
    #.###.##.###.
    ...#.........
    ......#..#...
    ##.#.##.###.#
    ...#.....#...
    ...#..#......
    .####.##.#.##
    ...#..#..#...
    ......#....G.
    ...#.....#...
"""
SIXTEEN_ROOMS_2 = """
    ...#.....#...
    .>....#..#...
    ...#..#..#...
    ####.##.###.#
    ...#..#......
    ......#..#...
    #.#####.#####
    ...#..#..#...
    ...#.........
    ##.##.##.####
    ...#..#..#...
    ......#....G.
    ...#..#..#...
"""
LABYRINTH = """
    .............
    .###########.
    .#.........#.
    .#.#######.#.
    .#.#.....#.#.
    .#.#.###.#.#.
    .#.#.#G#.#.#.
    .#.#.#.#.#.#.
    .#...#...#.#.
    .#########.#.
    .....#.....#.
    ####.#.#####.
    >....#.......
"""
LABYRINTH_FLIPPED = """
    .............
    .###########.
    .#.........#.
    .#.#######.#.
    .#.#.....#.#.
    .#.#.###.#.#.
    .#.#.#G#.#.#.
    .#.#.#.#.#.#.
    .#.#...#...#.
    .#.#########.
    .#.....#.....
    .#####.#.####
    .......#....<
"""
LABYRINTH_2 = """
    >#...........
    .#.#########.
    .#.#.......#.
    .#.#.#####.#.
    .#.#.#...#.#.
    ...#.#.#.#.#.
    ####.#G#.#.#.
    ...#.###.#.#.
    .#.#.....#.#.
    .#.#######.#.
    .#.........#.
    .###########.
    .............
"""
MAZE = """
    .....#>...#..
    .###.####.##.
    .#...........
    .########.###
    ........#....
    ######.#####.
    ....#..#.....
    .##...##.####
    ..#.#..#...#.
    #.#.##.###.#.
    #.#..#...#...
    #.##.###.###.
    ...#..G#.#...
"""
MAZE_2 = """
    ...#.#....#..
    .#.#.####...#
    .#........#..
    .########.###
    ...#..#.#.#.G
    ##.#.##.#.#..
    >#.#....#.##.
    .#.##.###..#.
    .#..#..###.#.
    .##.##.#.#.#.
    .#...#.#.#.#.
    .#.#.#.#.#.#.
    ...#...#.....
"""
MAZE_3 = """
    ...>#.#......
    .####.#.####.
    .#....#.#....
    ...####.#.#.#
    ##.#....#.#..
    ...#.##.#.##.
    .#.#.#..#..#G
    .#.#.#.###.##
    .#...#.#.#...
    .###.#.#.###.
    .#...#.#...#.
    .#.###.#.#.#.
    .#...#...#...
"""

NAMES = ["rooms", "rooms-2", "labyrinth", "labyrinth-flipped", "labyrinth-2", "maze", "maze-2", "maze-3"]
PATHS = [
    (SIXTEEN_ROOMS, 46, 20, 26, 0.9064, 0.9480),
    (SIXTEEN_ROOMS_2, 53, 22, 28, 0.8992, 0.9440),
    (LABYRINTH, 72, 96, 113, 0.5932, 0.7740),
    (LABYRINTH_FLIPPED, 72, 96, 113, 0.5932, 0.7740),
    (LABYRINTH_2, 72, 96, 113, 0.5932, 0.7740),
    (MAZE, 73, 40, 54, 0.8056, 0.8920),
    (MAZE_2, 72, 56, 73, 0.7372, 0.8540),
    (MAZE_3, 71, 39, 54, 0.8056, 0.8920),
]


def rng(seed=0):
    return np.random.default_rng(seed)


# --- Text and arrays -----------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(height=st.integers(1, 6), width=st.integers(2, 6), seed=st.integers(0, 2**32))
def test_a_drawing_and_back_is_the_same_level(height, width, seed):
    space = MazeSpace(height, width)
    row = space.sample(1, rng(seed))[0]
    np.testing.assert_array_equal(level_from_text(level_to_text(row, space)), row)


def test_the_drawing_has_one_line_for_each_row_of_cells():
    row = level_from_arrays([[0, 1, 0], [0, 0, 1]], goal=2, start=3, direction=2)
    assert level_to_text(row, MazeSpace(2, 3)) == ".#G\n<.#"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("\n  \n", "empty"),
        (">.\n..G", "Row 1 of the maze has 3 cells, row 0 has 2"),
        (">.x.G", "'x' in column 2 of row 0"),
        (">...", "found 0 and 1"),
        (">.GG", "found 2 and 1"),
        (">.G^", "found 1 and 2"),
        ("...G", "found 1 and 0"),
    ],
)
def test_a_drawing_that_is_no_level_is_refused(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        level_from_text(text)


@settings(max_examples=50, deadline=None)
@given(height=st.integers(1, 6), width=st.integers(2, 6), seed=st.integers(0, 2**32), n=st.integers(0, 4))
def test_arrays_and_back_are_the_same_levels(height, width, seed, n):
    space = MazeSpace(height, width)
    rows = space.sample(n, rng(seed))
    parts = level_to_arrays(rows, space)
    assert parts[0].shape == (n, height, width)
    assert parts[0].dtype == np.bool_
    np.testing.assert_array_equal(level_from_arrays(*parts), rows)


def test_cells_are_numbered_along_the_rows():
    walls, goal, start, _ = level_to_arrays(level_from_text(">..\n.#G"), MazeSpace(2, 3))
    assert walls[0].tolist() == [[False, False, False], [False, True, False]]
    assert (goal[0], start[0]) == (5, 0)


@pytest.mark.parametrize(
    ("walls", "ends", "complaint"),
    [
        ([0, 1], {"goal": 0, "start": 1}, "walls of shape"),
        ([[0, 1]], {"goal": 1, "start": 0}, "goal is on a wall"),
        ([[0, 0]], {"goal": 1, "start": 1}, "start is on the goal"),
        ([[0, 0]], {"goal": [1, 1], "start": 0}, "goal as one number or of shape"),
        ([[0, 2, 0]], {"goal": 2, "start": 0}, "wall_1 = 2"),
        ([[[0, 0]], [[0, 0]]], {"goal": 1, "start": 0, "direction": [0, 4]}, "direction = 4"),
    ],
)
def test_arrays_that_make_no_level_are_refused(walls, ends, complaint):
    with pytest.raises(ValueError, match=complaint):
        level_from_arrays(walls, **ends)


@pytest.mark.parametrize("function", [level_to_text, level_to_arrays, level_to_tokens, shortest_path_lengths])
@pytest.mark.parametrize("row", [[0, 1, 0, 1, 0, 0], [0, 0, 0, 1, 1, 0], [np.nan, 0, 0, 2, 0, 0], [0, 0, 1, 0, 0]])
def test_no_function_takes_what_is_no_level(function, row):
    with pytest.raises(ValueError, match="maze"):
        function(row, MazeSpace(1, 3))


def test_one_drawing_shows_one_level():
    with pytest.raises(ValueError, match="one level"):
        level_to_text(MazeSpace(1, 3).sample(2, rng()), MazeSpace(1, 3))


# --- Tokens --------------------------------------------------------------------------------------------------


def test_tokens_are_walls_then_goal_then_start():
    space = MazeSpace()
    row = level_from_tokens([3, 5, 7, 28, 28, 90, 131, 169, 1], space, rng())
    assert np.flatnonzero(row[:-3]).tolist() == [2, 4, 6, 27, 89, 130]
    assert row[-3:-1].tolist() == [12 * 13 + 12, 0]
    assert shortest_path_lengths(row, space).tolist() == [24]
    assert level_to_tokens(row, space).tolist() == [3, 5, 7, 28, 90, 131, 169, 1]


def test_a_goal_and_a_start_on_walls_remove_them():
    space = MazeSpace()
    row = level_from_tokens([3, 5, 7, 28, 28, 90, 131, 28, 7], space, rng())
    assert count_walls(row, space).tolist() == [4]
    assert row[-3:-1].tolist() == [2 * 13 + 1, 6]


def test_a_start_on_the_goal_goes_to_a_random_free_cell():
    space = MazeSpace(1, 5)
    starts = {level_from_tokens([2, 3, 5, 5], space, rng(seed))[-2] for seed in range(50)}
    assert starts == {0, 3}
    assert level_from_tokens([1, 2, 3, 4, 5, 5], space, rng())[-2] in range(4)  # no cell is free: a wall goes


def test_two_tokens_make_an_empty_room():
    space = MazeSpace()
    row = level_from_tokens([12, 40], space, rng())
    assert row[:-3].sum() == 0
    assert row[-3:-1].tolist() == [11, 3 * 13]


@pytest.mark.parametrize("tokens", [[], [0, 0], [4]])
def test_what_is_missing_from_a_short_sequence_is_drawn(tokens):
    space = MazeSpace(2, 3)
    rows = np.array([level_from_tokens(tokens, space, rng(seed)) for seed in range(60)])
    assert space.contains_all(rows)
    assert len(set(rows[:, -3])) == (6 if tokens != [4] else 5)
    assert set(rows[:, -2]) == ({3.0} if tokens == [4] else set(range(6)))


def test_the_direction_is_drawn():
    assert {level_from_tokens([1, 2], MazeSpace(), rng(seed))[-1] for seed in range(40)} == {0, 1, 2, 3}


@pytest.mark.parametrize("tokens", [[170, 1, 2], [-1, 1, 2], [1.5, 2, 3], [np.nan, 2, 3], ["a", "b"], [[[1]]]])
def test_tokens_outside_the_vocabulary_are_refused(tokens):
    with pytest.raises(ValueError, match="169"):
        level_from_tokens(tokens, MazeSpace(), rng())


@settings(max_examples=50, deadline=None)
@given(height=st.integers(1, 6), width=st.integers(2, 6), seed=st.integers(0, 2**32))
def test_tokens_and_back_are_the_same_levels_but_for_the_direction(height, width, seed):
    space = MazeSpace(height, width)
    rows = space.sample(5, rng(seed))
    again = level_from_tokens(level_to_tokens(rows, space), space, rng())
    np.testing.assert_array_equal(again[:, :-1], rows[:, :-1])


@settings(max_examples=50, deadline=None)
@given(tokens=st.lists(st.integers(0, 12), max_size=52), seed=st.integers(0, 2**32))
def test_any_tokens_make_a_level(tokens, seed):
    space = MazeSpace(3, 4)
    row = level_from_tokens(tokens, space, rng(seed))
    assert space.contains(row)
    assert count_walls(row, space)[0] <= max(len(tokens) - 2, 0)


def test_sequences_of_a_batch_may_differ_in_length():
    space = MazeSpace(1, 4)
    rows = level_from_tokens([[2, 4, 1], [4, 1]], space, rng())
    assert rows[:, :-1].tolist() == [[0, 1, 0, 0, 3, 0], [0, 0, 0, 0, 3, 0]]
    assert level_to_tokens(rows, space).tolist() == [[2, 4, 1], [4, 1, 0]]


# --- Measures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "walls", "moves", "actions", "short", "long"), PATHS, ids=NAMES)
def test_the_fixed_mazes_have_the_paths_they_are_known_for(text, walls, moves, actions, short, long):
    row, space = level_from_text(text), MazeSpace()
    assert count_walls(row, space).tolist() == [walls]
    assert shortest_path_lengths(row, space).tolist() == [moves]
    assert fewest_actions(row, space).tolist() == [actions]
    assert optimal_returns(row, space, 250)[0] == pytest.approx(short, abs=1e-9)
    assert optimal_returns(row, space, 450)[0] == pytest.approx(long, abs=1e-9)


def _walk(row, space, turns):
    """A plain breadth-first search from the start, over cells, or over cells and directions."""
    walls, goal, start, direction = (part[0] for part in level_to_arrays(row, space))
    steps = ((0, 1), (1, 0), (0, -1), (-1, 0))
    first = (start // space.width, start % space.width, int(direction) if turns else 0)
    distance, queue = {first: 0}, deque([first])
    while queue:
        y, x, d = state = queue.popleft()
        if y * space.width + x == goal:
            return distance[state]
        ahead = [(y + steps[k][0], x + steps[k][1], k) for k in ([d] if turns else range(4))]
        after = [
            (v, u, k if turns else 0)
            for v, u, k in ahead
            if 0 <= v < space.height and 0 <= u < space.width and not walls[v, u]
        ]
        if turns:
            after += [(y, x, (d + 1) % 4), (y, x, (d + 3) % 4)]
        for other in after:
            if other not in distance:
                distance[other] = distance[state] + 1
                queue.append(other)
    return -1


@pytest.mark.parametrize(("height", "width"), [(1, 2), (4, 7), (13, 13)])
def test_paths_are_those_of_a_plain_search(height, width):
    space = MazeSpace(height, width, walls=(0, height * width // 2))
    rows = space.sample(60, rng())
    assert shortest_path_lengths(rows, space).tolist() == [_walk(row, space, False) for row in rows]
    assert fewest_actions(rows, space).tolist() == [_walk(row, space, True) for row in rows]


def test_a_goal_behind_walls_cannot_be_reached():
    space = MazeSpace(1, 3)
    row = level_from_text(">#G")
    assert shortest_path_lengths(row, space).tolist() == [-1]
    assert fewest_actions(row, space).tolist() == [-1]
    assert is_solvable(row, space).tolist() == [False]
    assert optimal_returns(row, space, 250).tolist() == [0.0]


def test_a_goal_too_far_away_is_worth_nothing():
    row, space = level_from_text("<..G"), MazeSpace(1, 4)
    assert fewest_actions(row, space).tolist() == [5]
    assert optimal_returns(row, space, 5)[0] == pytest.approx(0.1)
    assert optimal_returns(row, space, 4).tolist() == [0.0]
    with pytest.raises(ValueError, match="max_steps"):
        optimal_returns(row, space, 0)


def test_the_share_of_solvable_levels_is_that_of_jaxued():
    for walls, share in ((25, 0.996), (50, 0.940), (60, 0.844)):
        space = MazeSpace(walls=walls)
        assert is_solvable(space.sample(4000, rng()), space).mean() == pytest.approx(share, abs=0.025)


# --- Mutations -----------------------------------------------------------------------------------------------

EDITORS = ["minimax", "accel", "jaxued"]


@pytest.mark.parametrize("editor", EDITORS)
def test_no_edit_changes_nothing(editor):
    space = MazeSpace()
    rows = space.sample(20, rng())
    np.testing.assert_array_equal(mutate_levels(rows, rng(), space, 0, editor), rows)


@settings(max_examples=60, deadline=None)
@given(
    editor=st.sampled_from(EDITORS),
    size=st.sampled_from([(1, 2), (1, 3), (2, 2), (4, 5), (13, 13)]),
    edits=st.integers(0, 30),
    seed=st.integers(0, 2**32),
)
def test_what_comes_of_a_mutation_is_a_level(editor, size, edits, seed):
    space = MazeSpace(*size)
    rows = space.sample(8, rng(seed))
    before = rows.copy()
    children = mutate_levels(rows, rng(seed), space, edits, editor)
    assert space.contains(children).all()
    np.testing.assert_array_equal(rows, before)
    np.testing.assert_array_equal(children, mutate_levels(rows, rng(seed), space, edits, editor))
    assert (children[:, :-3] != rows[:, :-3]).sum(axis=1).max() <= edits + 2


def _what_changed(editor, n=30_000):
    """How often one edit changes the walls, the goal, the start and the direction of a level."""
    space = MazeSpace(6, 6, walls=18)
    rows = np.repeat(space.sample(1, rng(1)), n, axis=0)
    children = mutate_levels(rows, rng(2), space, 1, editor)
    more = (children[:, :-3] > rows[:, :-3]).any(axis=1)
    fewer = (children[:, :-3] < rows[:, :-3]).any(axis=1)
    return more.mean(), fewer.mean(), *(children[:, -3:] != rows[:, -3:]).mean(axis=0)


def test_an_edit_of_minimax_is_nothing_a_wall_or_the_goal():
    more, fewer, goal, start, direction = _what_changed("minimax")
    assert more + fewer == pytest.approx(1 / 3, abs=0.02)
    assert goal == pytest.approx(1 / 3, abs=0.02)
    assert (start, direction) == (0, 0)


def test_an_edit_of_jaxued_is_a_wall_more_or_less_the_start_or_the_goal():
    more, fewer, goal, start, direction = _what_changed("jaxued")
    for share in (more, fewer, goal, start):
        assert share == pytest.approx(1 / 4, abs=0.02)
    assert direction == pytest.approx(1 / 4 * 3 / 4, abs=0.02)


def test_an_edit_of_accel_makes_a_cell_wall_floor_or_goal():
    more, fewer, goal, start, direction = _what_changed("accel")
    row = MazeSpace(6, 6, walls=18).sample(1, rng(1))[0]
    walls = row[:-3].mean()
    assert more == pytest.approx((1 - walls) / 3, abs=0.02)  # a free cell becomes wall
    assert fewer == pytest.approx(walls * 2 / 3, abs=0.02)
    assert goal == pytest.approx(1 / 3, abs=0.03)
    assert start == pytest.approx(1 / 36, abs=0.01)
    assert direction == pytest.approx(1 / 36 * 3 / 4, abs=0.01)


def test_one_level_gives_one_level():
    space = MazeSpace(3, 3)
    assert mutate_levels(space.sample(1, rng())[0], rng(), space, 2).shape == (12,)


def test_a_mutation_that_makes_no_sense_is_refused():
    space = MazeSpace(1, 3)
    row = level_from_text(">.G")
    with pytest.raises(ValueError, match="Did you mean 'minimax'"):
        mutate_levels(row, rng(), space, 1, "minmax")
    with pytest.raises(ValueError, match="at least 0"):
        mutate_levels(row, rng(), space, -1)
    with pytest.raises(TypeError, match="number of edits"):
        mutate_levels(row, rng(), space, 1.5)
    with pytest.raises(ValueError, match="on a wall"):
        mutate_levels([1, 0, 0, 2, 0, 0], rng(), space, 1)


# --- Duplicates ----------------------------------------------------------------------------------------------


def test_equal_levels_have_equal_hashes_and_others_have_others():
    space = MazeSpace(2, 2)
    levels = space.enumerate()
    hashes = level_hashes(np.concatenate([levels, levels]), space)
    assert hashes.dtype == np.uint64
    np.testing.assert_array_equal(hashes[: len(levels)], hashes[len(levels) :])
    assert len(np.unique(hashes)) == len(levels)
    space = MazeSpace()
    levels = space.sample(5_000, rng())
    assert len(np.unique(level_hashes(levels, space))) == len(np.unique(levels, axis=0))


def test_hashes_are_the_same_on_every_machine():
    assert level_hashes([0, 1, 0, 2, 0, 3], MazeSpace(1, 3)).tolist() == [4729580344843856624]


def test_what_is_no_drawing_is_refused():
    with pytest.raises(TypeError, match="drawing of a maze as a text"):
        level_from_text(None)
