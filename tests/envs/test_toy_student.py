"""The batched toy student: its definition, its forms, and that the kernel does what plain Python does."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tutelage.envs import TOY_FORMS, ToyConfig, ToyStudent, toy_form
from tutelage.errors import RequestError

sys.path.insert(0, str(Path(__file__).parent))

from toy_twin import ToyTwin, cell_of

NEAR = [0.05, 0.05]


def tasks_near_the_start(student, n, seed=0):
    """Tasks half of which lie around the start, so that something is learned."""
    rng = np.random.default_rng(seed)
    tasks = rng.random((n, student.task_space.n_dims))
    near = student.start_task() + 0.15 * rng.standard_normal(tasks.shape)
    return np.clip(np.where(rng.random((n, 1)) < 0.7, near, tasks), 0.0, 1.0)


# --- The definition --------------------------------------------------------------------------------------------------


def test_the_small_trace_of_the_reference():
    student = ToyStudent(ToyConfig(2, 10))
    assert student.play([NEAR] * 3).tolist() == [0.01, 0.02, 0.03]
    assert student.play([[0.15, 0.05]]).tolist() == [0.0]
    student.competence[0, 0] = 75
    assert student.score() == 0.0
    assert student.play([[0.15, 0.15], [0.15, 0.05], [0.25, 0.05]]).tolist() == [0.01, 0.01, 0.0]
    student.play([NEAR])
    assert student.score() == 1.0


def test_only_open_cells_grow():
    student = ToyStudent("2d-20")
    before = student.competence.copy()
    student.play(np.random.default_rng(0).random((3_000, 2)))
    grown = np.argwhere(student.competence > before)
    for i, j in grown:
        lower = student.competence[max(0, i - 1) : i + 1, max(0, j - 1) : j + 1].ravel()[:-1]
        assert (i, j) == (0, 0) or (lower >= 75).any()
    assert (student.competence >= before).all()


def test_75_unlocks_and_76_is_mastered():
    student = ToyStudent(ToyConfig(2, 2))
    student.play([[0.1, 0.1]] * 75)
    assert student.score() == 0.0
    assert student.play([[0.9, 0.9]]).tolist() == [0.01]
    student.play([[0.1, 0.1]])
    assert student.score() == 25.0


def test_a_competence_stops_at_100():
    student = ToyStudent(ToyConfig(1, 1))
    assert student.play(np.zeros((150, 1)))[-51:].tolist() == [1.0] * 51


def test_irrelevant_dimensions_change_nothing_whatever_their_order():
    rng = np.random.default_rng(1)
    plain, more = ToyStudent("2d-10"), ToyStudent("2d-10+20")
    tasks = tasks_near_the_start(plain, 4_000)
    noise = rng.random((4_000, 20))
    returns = plain.play(tasks)
    np.testing.assert_array_equal(more.play(np.hstack([tasks, noise])), returns)
    more.reset()
    np.testing.assert_array_equal(more.play(np.hstack([tasks, noise[:, rng.permutation(20)]])), returns)


@pytest.mark.parametrize("n", [1, 3, 6, 7, 9, 10, 20, 21, 24, 28, 29, 30, 38, 49, 50, 100])
def test_every_edge_belongs_to_the_cell_on_its_right_and_the_last_one_to_the_last_cell(n):
    student = ToyStudent(ToyConfig(1, n))
    edges = np.arange(n + 1) / n
    np.testing.assert_array_equal(student._cells(edges[:, None])[:, 0], np.minimum(np.arange(n + 1), n - 1))
    below = np.nextafter(edges[1:], 0.0)
    np.testing.assert_array_equal(student._cells(below[:, None])[:, 0], np.arange(n))


@given(st.floats(0.0, 1.0), st.integers(1, 300))
def test_a_cell_is_found_without_rounding_errors(coordinate, n):
    assert ToyStudent(ToyConfig(1, n))._cells([[coordinate]])[0, 0] == cell_of(coordinate, n)


def test_mastering_everything_takes_76_visits_a_cell_in_the_right_order():
    student = ToyStudent("2d-10")
    middles = (np.arange(10) + 0.5) / 10
    cells = np.array([[x, y] for x in middles for y in middles])
    student.play(np.repeat(cells, 76, axis=0))
    assert student.score() == 100.0
    assert student.n_episodes == 7_600


# --- The kernel and its twin -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "config",
    [
        ToyConfig(1, 6),
        ToyConfig(2, 4),
        ToyConfig(3, 3, 2),
        ToyConfig(4, 2),
        ToyConfig(2, 5, rotation=1),
        ToyConfig(2, 5, rotation=2),
        ToyConfig(2, 5, rotation=3),
        ToyConfig(2, 5, unlock="adjacent", start=13),
        ToyConfig(3, 3, unlock="adjacent", start="random"),
        ToyConfig(2, 6, rugged=True),
        ToyConfig(2, 10, rugged=True, rotation=1),
        ToyConfig(2, 5, noisy=0.2, impossible=0.2),
        ToyConfig(2, 5, trivial=0.3, rotation=1),
        ToyConfig(2, 8, trivial=0.5, rugged=True),
        ToyConfig(2, 5, forget_every=333),
        ToyConfig(2, 6, unlearnable=[[[0.5, 0.0], [1.0, 1.0]]]),
    ],
    ids=str,
)
def test_the_kernel_does_what_plain_python_does(config):
    for seed in range(3):
        student = ToyStudent(config, seed)
        twin = ToyTwin(student)
        tasks = np.vstack([tasks_near_the_start(student, 1_500, seed), np.eye(student.task_space.n_dims)])
        np.testing.assert_array_equal(student.play(tasks), twin.play(tasks))
        np.testing.assert_array_equal(student.competence, twin.competence)
        assert student.competence.max() > 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8), st.integers(0, 5), st.sampled_from([1, 4, 10, 20, 30]))
def test_a_shuffled_cell_is_found_without_rounding_errors(coordinates, seed, n):
    student = ToyStudent(ToyConfig(1, n, rugged=True), seed)
    tasks = [[c] for c in (*coordinates, 0.0, 0.25, 0.5, 0.75, 1.0)]
    twin = ToyTwin(student)
    found = [tuple(row) for row in student._cells(tasks)]
    if n % 4 == 0:
        assert found == [twin.index_of(t) for t in tasks]
        return
    # Intervals cut cells: a coordinate within rounding of an edge may go either way, one on an edge may not.
    assert max(abs(f[0] - twin.index_of(t)[0]) for t, f in zip(tasks, found, strict=True)) <= 1
    exact = [t for t in tasks if (Fraction(t[0]) * 4 * n).denominator == 1]
    assert [tuple(student._cells([t])[0]) for t in exact] == [twin.index_of(t) for t in exact]


@pytest.mark.parametrize("form", [name for name in TOY_FORMS if name not in ("2d-100", "2d-50")])
def test_a_batch_is_its_episodes_one_by_one(form):
    together, alone = ToyStudent(form, 3), ToyStudent(form, 3)
    tasks = tasks_near_the_start(together, 400)
    returns = together.play(tasks)
    np.testing.assert_array_equal(returns, np.concatenate([alone.play(task[None]) for task in tasks]))
    np.testing.assert_array_equal(together.competence, alone.competence)


# --- Forms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", TOY_FORMS)
def test_the_start_cell_of_a_form_is_open_and_can_learn(form):
    for seed in range(5):
        student = ToyStudent(form, seed)
        assert student.play(student.start_task()[None]).tolist() == [0.01]
        assert student.masterable[student.start]


def test_a_rotated_classroom_begins_in_each_corner_for_some_seed():
    starts = {tuple(ToyStudent("classroom-v1", seed).start_task()) for seed in range(30)}
    assert starts == {(0.025, 0.025), (0.975, 0.025), (0.025, 0.975), (0.975, 0.975)}


def test_one_quarter_turn_is_anticlockwise():
    student = ToyStudent(ToyConfig(2, 4, rotation=1))
    assert student._cells([[0.9, 0.1]]).tolist() == [[3, 3]]  # lower right goes to upper right


def test_a_start_cell_is_numbered_along_the_first_dimension():
    assert ToyStudent(ToyConfig(2, 20, start=21, unlock="adjacent")).start == (1, 1)
    assert ToyStudent(ToyConfig(2, 20, start=2, unlock="adjacent")).start == (2, 0)


def test_an_adjacent_space_spreads_to_all_sides_but_not_across_corners():
    student = ToyStudent(ToyConfig(2, 3, unlock="adjacent", start=4))
    student.competence[1, 1] = 75
    middles = [[x, y] for x in (0.2, 0.5, 0.8) for y in (0.2, 0.5, 0.8)]
    grown = np.array(student.play(middles)).reshape(3, 3)
    assert grown.tolist() == [[0.0, 0.01, 0.0], [0.01, 0.76, 0.01], [0.0, 0.01, 0.0]]


def test_cells_of_a_region_never_learn_and_do_not_count():
    student = ToyStudent("unlearnable")
    assert student.masterable.sum() == 100
    assert student.masterable[:10, :10].all()
    student.competence[:10, :10] = 80
    assert student.score() == 100.0
    assert student.play([[0.51, 0.3]]).tolist() == [0.0]


def test_a_rugged_space_is_a_shuffled_one():
    student = ToyStudent("rugged", 1)
    assert (np.sort(student.shuffle, axis=1) == np.arange(4)).all()
    middles = (np.arange(20) + 0.5) / 20
    cells = student._cells([[m, 0.0] for m in middles])[:, 0]
    assert sorted(cells) == list(range(20))
    assert (np.diff(cells.reshape(4, 5), axis=1) == 1).all()
    assert (cells != np.arange(20)).any()


def test_all_is_forgotten_after_so_many_episodes():
    student = ToyStudent(ToyConfig(2, 10, forget_every=50))
    returns = student.play([NEAR] * 120)
    np.testing.assert_allclose(returns, np.r_[1:51, 1:51, 1:21] / 100)


def test_noisy_cells_return_chance_and_learn_nothing():
    student = ToyStudent("noisy", 2)
    assert (student.kinds == 2).sum() == 20
    cell = (np.argwhere(student.kinds == 2)[0] + 0.5) / 10
    returns = student.play(np.repeat(cell[None], 5_000, axis=0))
    assert abs(returns.mean() - 0.5) < 0.02
    assert abs(returns.var() - 1 / 12) < 0.005
    assert len(np.unique(returns)) == 5_000
    assert student.competence.sum() == 0


def test_impossible_cells_return_nothing():
    student = ToyStudent("impossible", 2)
    assert (student.kinds == 1).sum() == 20
    cell = (np.argwhere(student.kinds == 1)[0] + 0.5) / 10
    student.competence[:] = np.where(student.kinds == 0, 90, 0)
    assert student.play([cell] * 5).tolist() == [0.0] * 5
    assert student.score() == 100.0


def test_cells_cut_off_by_impossible_ones_do_not_count():
    wall = [[[0.34, 0.0], [0.66, 1.0]]]
    student = ToyStudent(ToyConfig(2, 3, unlearnable=wall))
    assert student.masterable.tolist() == [[True] * 3, [False] * 3, [False] * 3]


def test_the_seed_decides_the_layout_and_a_reset_without_one_keeps_it():
    one, same, other = ToyStudent("impossible", 1), ToyStudent("impossible", 1), ToyStudent("impossible", 2)
    np.testing.assert_array_equal(one.kinds, same.kinds)
    assert (one.kinds != other.kinds).any()
    kinds = one.kinds.copy()
    one.play([NEAR] * 5)
    one.reset()
    np.testing.assert_array_equal(one.kinds, kinds)
    assert (one.competence.sum(), one.n_episodes) == (0, 0)
    one.reset(2)
    np.testing.assert_array_equal(one.kinds, other.kinds)


def test_a_trivial_half_is_one_column_and_the_rest_is_stretched():
    student = ToyStudent(ToyConfig(2, 10, trivial=0.5))
    x = [0.0, 0.2, 0.4999, 0.5, 0.5499, 0.55, 0.975, 1.0]
    assert student._cells([[each, 0.35] for each in x])[:, 0].tolist() == [0, 0, 0, 0, 0, 1, 9, 9]
    assert (student._cells([[each, 0.35] for each in x])[:, 1] == 3).all()
    assert student.start_task().tolist() == pytest.approx([0.275, 0.05])
    last = ToyStudent(ToyConfig(2, 10, trivial=0.5, start=9))
    assert last.start_task().tolist() == pytest.approx([0.975, 0.05])
    tasks = np.random.default_rng(0).random((20_000, 2))
    assert np.mean(student._cells(tasks)[:, 0] == 0) == pytest.approx(0.55, abs=0.01)


def test_the_budgets_of_the_papers_spaces():
    factors = {name: form.episodes // 20_000 for name, form in TOY_FORMS.items()}
    assert [factors[n] for n in ("2d-10", "2d-20", "2d-50", "2d-100")] == [1, 2, 5, 10]
    assert [factors[n] for n in ("4d-4", "5d-4", "6d-4")] == [2, 5, 10]
    assert [factors[f"2d-10+{k}"] for k in (10, 20, 50)] == [1, 1, 1]


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([[np.nan, 0.5]], "x0 = nan is not a number"),
        ([[0.5, 0.5], [0.5, 1.5]], r"x1 = 1.5 is outside \[0, 1\]"),
        ([[0.5, -np.inf]], "x1"),
        ([0.5, 0.5], r"shape \(n, 2\), got \(2,\)"),
        ([[0.5]], r"shape \(n, 2\), got \(1, 1\)"),
    ],
)
def test_a_bad_task_is_refused_and_nothing_is_played(tasks, said):
    student = ToyStudent("2d-10")
    with pytest.raises(ValueError, match=said):
        student.play(tasks)
    assert (student.n_episodes, student.competence.sum()) == (0, 0)


def test_a_batch_of_none_is_played():
    assert ToyStudent("2d-10").play(np.empty((0, 2))).shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"n_dims": 0}, "n_dims must be a whole number between 1 and 16, got 0"),
        ({"n_cells": 2.5}, "n_cells must be a whole number"),
        ({"n_dims": 8, "n_cells": 10}, "must be at most 10,000,000, got 10"),
        ({"n_irrelevant": -1}, "n_irrelevant"),
        ({"unlock": "lowre"}, "Did you mean 'lower'"),
        ({"start": 100}, "start must be a whole number between 0 and 99"),
        ({"rotation": 4}, "rotation"),
        ({"rotation": 1, "n_dims": 3}, "rotation needs n_dims=2"),
        ({"impossible": 1.0}, "impossible must be a share"),
        ({"trivial": 1.0}, "trivial must be a share of the range of x0"),
        ({"noisy": -0.1}, "noisy must be a share"),
        ({"noisy": 0.5, "impossible": 0.5}, "must be below 1"),
        ({"forget_every": 0}, "forget_every"),
        ({"rugged": "yes"}, "rugged must be True or False"),
        ({"unlearnable": [[0.0, 1.0]]}, "boxes"),
        ({"unlearnable": [[[0.5, 0.5], [0.1, 1.0]]]}, "low ≤ high"),
    ],
)
def test_a_bad_configuration_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        ToyConfig(**arguments)


def test_a_space_without_a_cell_that_learns_is_refused():
    with pytest.raises(ValueError, match="no cell can be learned"):
        ToyStudent(ToyConfig(2, 4, unlearnable=[[[0.0, 0.0], [1.0, 1.0]]]))


@pytest.mark.parametrize(
    ("name", "said"), [("2d-11x", "Any grid has a name"), ("ruged", "'rugged'"), ("0d-4", "n_dims")]
)
def test_an_unknown_form_is_refused(name, said):
    with pytest.raises(RequestError, match=said):
        toy_form(name)


@pytest.mark.parametrize("seed", [-1, 1.5, "0"])
def test_a_bad_seed_is_refused(seed):
    with pytest.raises(ValueError, match="seed must be"):
        ToyStudent("2d-10", seed)


@pytest.mark.parametrize("n", [1, 3, 5, 6, 10])
@pytest.mark.parametrize("trivial", [0.0, 0.3, 0.9])
def test_the_start_task_of_a_rugged_space_lies_in_the_start_cell(n, trivial):
    for seed in range(4):
        for start in range(n):
            student = ToyStudent(ToyConfig(1, n, rugged=True, trivial=trivial, start=start), seed)
            assert student.play([student.start_task()]).tolist() == [0.01]


@pytest.mark.parametrize("unlock", ["lower", "adjacent"])
@pytest.mark.parametrize(("d", "n"), [(1, 9), (2, 7), (3, 4)])
def test_learning_spreads_to_the_cells_that_plain_python_finds(unlock, d, n):
    for seed in range(3):
        student = ToyStudent(ToyConfig(d, n, unlock=unlock, impossible=0.3, start="random"), seed)
        twin, reached, before = ToyTwin(student), {student.start}, 0
        while before != (before := len(reached)):
            for cell in np.ndindex(student.kinds.shape):
                if student.kinds[cell] == 0 and any(other in reached for other in twin.neighbours(cell)):
                    reached.add(cell)
        assert {tuple(cell) for cell in np.argwhere(student.masterable).tolist()} == reached


def test_numbers_of_numpy_become_plain_ones():
    config = ToyConfig(n_cells=np.int64(8), trivial=np.float32(0.5), rugged=np.bool_(True), noisy=np.float64(0.25))
    plain = {"n_cells": 8, "rugged": True, "trivial": 0.5, "noisy": 0.25}
    assert json.loads(json.dumps(config.to_plain())) == plain == yaml.safe_load(yaml.safe_dump(config.to_plain()))
