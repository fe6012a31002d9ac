"""Learning progress against the nearest earlier task."""

from itertools import pairwise

import numpy as np
import pytest
from tutelage.teachers.kernels.nearest import History


def numpy_twin(tasks, returns, *, max_size=None, warm_up=5, ties="newest"):
    """The same measurement, one episode at a time."""
    alps = np.zeros(len(returns))
    for i in range(len(returns)):
        begin = 0 if max_size is None else max(0, i - max_size)
        if i - begin > warm_up:
            distances = np.zeros(i - begin)
            for d in range(tasks.shape[1]):
                distances += (tasks[begin:i, d] - tasks[i, d]) ** 2
            equal = np.flatnonzero(distances == distances.min())
            alps[i] = abs(returns[i] - returns[begin + equal[-1 if ties == "newest" else 0]])
    return alps


def episodes(n, d, seed=0):
    """Half of the tasks lie on a coarse grid, so that ties are common."""
    rng = np.random.default_rng(seed)
    tasks = rng.random((n, d))
    on_grid = rng.random(n) < 0.5
    tasks[on_grid] = np.round(tasks[on_grid] * 4) / 4
    return tasks, rng.normal(size=n)


def test_trace_in_one_dimension():
    tasks = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.12, 0.59, 0.12, 0.31, 0.45])[:, None]
    returns = [0, 0, 0, 0, 0, 0, 0.5, 0.25, 0.75, 1, 0.1]
    assert np.allclose(History(1).update(tasks, returns), [0, 0, 0, 0, 0, 0, 0.5, 0.25, 0.25, 1, 0.1])


@pytest.mark.parametrize(
    ("ties", "expected"),
    [("oldest", [0.1, 0.1, 0.3, 0.7, 0.9, 0.1]), ("newest", [0.1, 0.1, 0.2, 0.4, 0.2, 1])],
)
def test_trace_of_duplicates_under_both_tie_rules(ties, expected):
    tasks = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5] + [0.9] * 6)[:, None]
    returns = [0] * 6 + [0.1, 0.2, 0.4, 0.8, 1, 0]
    assert np.allclose(History(1, ties=ties).update(tasks, returns)[6:], expected)


def test_trace_in_two_unscaled_dimensions():
    tasks = [[i / 10, 0] for i in range(6)] + [[0, 5], [0.5, 4.9], [0.5, 2.4]]
    returns = [i / 10 for i in range(6)] + [1, 0, 0]
    assert np.allclose(History(2).update(tasks, returns)[-2:], [1.0, 0.5])


@pytest.mark.parametrize("ties", ["newest", "oldest"])
@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 7])
def test_batches_equal_the_numpy_twin(dimension, ties):
    tasks, returns = episodes(1500, dimension)
    found = History(dimension, ties=ties).update(tasks, returns)
    assert np.array_equal(found, numpy_twin(tasks, returns, ties=ties))


@pytest.mark.parametrize("max_size", [7, 50, 600])
def test_a_cap_holds_exactly_within_a_batch_too(max_size):
    tasks, returns = episodes(1500, 2)
    history = History(2, max_size=max_size)
    assert np.array_equal(history.update(tasks, returns), numpy_twin(tasks, returns, max_size=max_size))
    assert np.array_equal(history.tasks, tasks[-max_size:])
    assert np.array_equal(history.returns, returns[-max_size:])


@pytest.mark.parametrize("max_size", [None, 40])
def test_the_result_does_not_depend_on_how_episodes_are_batched(max_size):
    tasks, returns = episodes(3000, 2)
    whole = History(2, max_size=max_size).update(tasks, returns)
    history = History(2, max_size=max_size)
    ends = [0, 1, 2, 10, 500, 501, 2800, 3000]
    parts = [history.update(tasks[a:b], returns[a:b]) for a, b in pairwise(ends)]
    assert np.array_equal(np.concatenate(parts), whole)


def test_progress_is_zero_while_the_history_holds_five_entries():
    alps = History(1).update(np.zeros((7, 1)), np.arange(7.0))
    assert alps.tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_an_empty_batch_changes_nothing():
    history = History(2)
    assert history.update(np.empty((0, 2)), np.empty(0)).shape == (0,)
    assert len(history) == 0


@pytest.mark.parametrize("max_size", [None, 30])
def test_a_restored_history_continues_identically(max_size):
    tasks, returns = episodes(200, 2)
    one, other = History(2, max_size=max_size), History(2, max_size=max_size)
    one.update(tasks[:100], returns[:100])
    other.load_state_dict(one.state_dict())
    assert np.array_equal(one.update(tasks[100:], returns[100:]), other.update(tasks[100:], returns[100:]))


def test_state_holds_plain_arrays_oldest_first():
    tasks, returns = episodes(10, 3)
    history = History(3)
    history.update(tasks, returns)
    state = history.state_dict()
    assert np.array_equal(state["tasks"], tasks)
    assert np.array_equal(state["returns"], returns)


def test_a_longer_state_is_cut_to_its_newest_entries():
    history = History(1, max_size=10)
    history.load_state_dict({"tasks": np.arange(30.0)[:, None], "returns": np.arange(30.0)})
    assert history.returns.tolist() == list(range(20, 30))


def test_order_of_dimensions_and_offset_of_returns_do_not_matter():
    tasks, returns = np.random.default_rng(3).random((300, 3)), np.arange(300.0)
    plain = History(3).update(tasks, returns)
    assert np.array_equal(History(3).update(tasks[:, ::-1], returns), plain)
    assert np.array_equal(History(3).update(tasks, returns + 8), plain)
    assert np.array_equal(History(3).update(tasks, returns * -4), plain * 4)


def test_a_refused_batch_leaves_the_history_as_it_was():
    history = History(1)
    history.update([[0.5]], [1.0])
    with pytest.raises(ValueError, match="finite"):
        history.update([[0.1], [0.2]], [0.0, np.nan])
    assert history.tasks.tolist() == [[0.5]]


def test_a_wrong_shape_names_what_was_expected_and_what_came():
    with pytest.raises(ValueError, match=r"\(m, 2\).*\(4, 3\)"):
        History(2).update(np.zeros((4, 3)), np.zeros(4))


def test_a_cap_below_the_warm_up_is_refused():
    with pytest.raises(ValueError, match="max_size must exceed warm_up=5"):
        History(2, max_size=5)
