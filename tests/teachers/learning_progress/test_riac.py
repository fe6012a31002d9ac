"""RIAC: the properties any correct implementation has, a plain twin of its kernels, and the authors' behaviour."""

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.state import load_state, save_state
from tutelage.teachers.kernels.region_tree import RegionTree, learning_progress

from ..simulated_student import SimulatedStudent, simulate
from .toy_grid import ToyGrid

SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
STUMPS = TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))
BOTH = pytest.mark.parametrize("compat", [None, "portelas2019"])


def outcomes(tasks, returns, ids=None):
    tasks = np.asarray(tasks, float)
    ids = np.full(len(tasks), -1) if ids is None else ids
    return Outcomes(tasks=tasks, ids=ids, returns=returns, lengths=np.ones(len(tasks), int))


def riac(space=SQUARE, seed=0, **hyperparameters):
    return make_teacher("riac", space, seed=seed, **{"max_region_size": 40, **hyperparameters})


def play(teacher, episodes, student, batch=10):
    """Let a student (a function of tasks) play; returns the tasks."""
    handed_out = []
    for _ in range(episodes // batch):
        tasks = teacher.sample(batch)
        handed_out.append(tasks.values)
        teacher.update(outcomes(tasks.values, student(tasks.values), tasks.ids))
    return np.concatenate(handed_out)


def growing_on_the_right():
    """A student whose return grows with every episode where x > 0.7 and is 0 elsewhere."""
    played = [0]

    def returns(tasks):
        played[0] += len(tasks)
        return np.where(tasks[:, 0] > 0.7, played[0] / 1000.0, 0.0)

    return returns


def history(n, dimension=2, seed=0):
    """Random points of the unit cube and returns that change over time."""
    rng = np.random.default_rng(seed)
    points = rng.random((n, dimension))
    return points, np.sin(9 * points[:, 0]) * np.arange(n) / n + 0.1 * rng.random(n)


# --- Learning progress of a region (facts: trace T9, R3) -------------------------------------------------------------


@pytest.mark.parametrize(
    ("returns", "window", "expected"),
    [
        ([], 200, 0.0),
        ([0, 1], 200, 0.0),
        ([0, 1, 2], 200, 1.5),
        ([0, 0, 1, 1], 200, 1.0),
        ([1, 1, 1, 0, 0], 200, 1.0),
        ([9, 9, 0, 0, 1, 1], 4, 1.0),
        ([5, 5, 0, 0, 3, 1, 1], 5, 0.0),
    ],
)
def test_progress_compares_the_older_half_of_the_window_with_the_newer(returns, window, expected):
    assert learning_progress(returns, window) == pytest.approx(expected)


@pytest.mark.parametrize("n", [3, 4, 101, 200])
def test_constant_returns_make_no_progress_whatever_their_rounding(n):
    assert learning_progress(np.full(n, 0.1), 200) == 0.0


def test_every_region_has_the_progress_of_its_own_episodes():
    teacher = riac(alp_window=25)
    play(teacher, 2_000, growing_on_the_right())
    for region in range(teacher._tree.n_regions):
        returns = teacher._tree.episodes(region)[1][-25:]
        half = len(returns) // 2
        expected = abs(returns[:-half].mean() - returns[-half:].mean()) if len(returns) > 2 else 0.0
        assert teacher._tree.alps[region] == pytest.approx(expected, abs=1e-9)


# --- The tree (R1, R2, R4, R6) ---------------------------------------------------------------------------------------


def test_children_tile_their_parent():
    teacher = riac()
    play(teacher, 3_000, growing_on_the_right())
    low, high, tree = teacher._tree.low, teacher._tree.high, teacher._tree
    assert tree.n_regions > 20
    for parent in np.flatnonzero(~tree.is_leaf):
        left, right = tree.children[parent]
        cut = np.flatnonzero(high[left] != high[parent])
        assert len(cut) == 1
        np.testing.assert_array_equal(low[left], low[parent])
        np.testing.assert_array_equal(high[right], high[parent])
        np.testing.assert_array_equal(high[left][cut], low[right][cut])


def test_every_task_lies_in_exactly_one_leaf():
    teacher = riac()
    play(teacher, 3_000, growing_on_the_right())
    regions = teacher.regions()
    low, high = regions["low"][regions["leaf"]], regions["high"][regions["leaf"]]
    assert np.prod(high - low, axis=1).sum() == pytest.approx(1.0)
    corners = np.concatenate([low, high])  # points on the cuts, too
    points = np.concatenate([corners, np.random.default_rng(0).random((500, 2))])[:, None]
    inside = ((points > low) | ((points == 0.0) & (low == 0.0))) & (points <= high)
    assert (inside.all(axis=2).sum(axis=1) == 1).all()


def test_a_region_remembers_episodes_of_its_own_box_only():
    teacher = riac()
    play(teacher, 1_000, growing_on_the_right())
    for region in range(teacher._tree.n_regions):
        points, _returns = teacher._tree.episodes(region)
        assert ((points >= teacher._tree.low[region]) & (points <= teacher._tree.high[region])).all()


@BOTH
def test_the_first_split_comes_with_the_episode_after_the_last_that_fits(compat):
    teacher = riac(compat=compat)
    points, returns = history(41)
    teacher.update(outcomes(points[:40], returns[:40]))
    assert teacher.metrics()["regions"] == 1
    teacher.update(outcomes(points[40:], returns[40:]))
    assert teacher.metrics()["regions"] == 3


@BOTH
def test_children_have_enough_episodes_and_are_wide_enough(compat):
    teacher = riac(min_region_size=7, min_dims_range_ratio=0.2, compat=compat)
    for row in zip(*history(3_000), strict=True):
        before = teacher._tree.n_regions
        teacher.update(outcomes([row[0]], [row[1]]))
        assert (teacher._tree.counts[before:] >= 7).all()
    assert teacher._tree.n_regions > 5
    assert (teacher._tree.high - teacher._tree.low >= 0.2 - 1e-9).all()


@BOTH
def test_after_a_failed_split_a_leaf_forgets_its_oldest_episodes(compat):
    teacher = riac(discard_ratio=0.25, compat=compat)
    teacher.update(outcomes(np.full((41, 2), 0.3), np.arange(41.0)))
    assert teacher._tree.counts.tolist() == [41 - 10]
    assert teacher._tree.episodes(0)[1].tolist() == list(range(10, 41))
    assert teacher._tree.alps[0] == learning_progress(np.arange(10.0, 41.0), 40)
    assert teacher.metrics()["failed_splits"] == 1


@BOTH
@pytest.mark.parametrize("kind", ["all alike", "two values", "one line", "a corner"])
def test_the_search_for_a_split_ends_on_duplicates(kind, compat):
    rng = np.random.default_rng(0)
    tasks = {
        "all alike": np.full((3_000, 2), 0.3),
        "two values": rng.integers(0, 2, (3_000, 2)).astype(float),
        "one line": np.column_stack([np.full(3_000, 0.5), rng.random(3_000)]),
        "a corner": np.zeros((3_000, 2)),
    }[kind]
    teacher = riac(compat=compat, min_dims_range_ratio=0.0)
    teacher.update(outcomes(tasks, rng.random(3_000)))
    assert (teacher._tree.counts <= 41).all()
    density = teacher.density(SQUARE.grid(5))
    assert density is None or np.isfinite(density).all()


def test_every_region_stays_bounded():
    teacher = riac()
    play(teacher, 5_000, growing_on_the_right(), batch=100)
    assert teacher._tree.counts.max() == 41
    assert teacher._tree.state_dict()["ring_returns"].shape == (teacher._tree.n_regions, 41)


def test_fewer_than_twenty_regions_hold_an_episode_among_hundreds():
    teacher = riac(min_dims_range_ratio=0.0)
    play(teacher, 20_000, growing_on_the_right(), batch=100)
    tree = teacher._tree
    before = tree.state_dict()["ring_returns"]
    tree.insert(np.array([[0.4, 0.4]]), np.array([77.0]), 0)
    assert tree.n_regions > 300
    assert 1 < (tree.state_dict()["ring_returns"] != before).any(axis=1).sum() < 20


# --- A plain twin of the kernels -------------------------------------------------------------------------------------


class Twin:
    """The same tree as lists of Python objects, slow and plain."""

    def __init__(self, dimension, size, window, closed):
        self.size, self.window, self.closed = size, window, closed
        self.nodes = [self.node(np.zeros(dimension), np.ones(dimension), [])]

    def node(self, low, high, episodes):
        return {"low": low, "high": high, "episodes": episodes, "cut": None, "alp": self.alp(episodes)}

    def alp(self, episodes):
        returns = np.array([r for _x, r in episodes])[-self.window :]
        half = len(returns) // 2
        return abs(returns[:-half].mean() - returns[-half:].mean()) if len(returns) > 2 else 0.0

    def insert(self, x, r):
        full, todo = [], [0]
        while todo:
            at = todo.pop()
            node = self.nodes[at]
            node["episodes"] = [*node["episodes"], (x, r)][-self.size :]
            node["alp"] = self.alp(node["episodes"])
            if node["cut"] is None:
                full += [at] if len(node["episodes"]) == self.size else []
                continue
            dim, cut, children = node["cut"]
            todo += [child for side, child in enumerate(children) if self.side(x[dim], cut, side)]
        return full

    def side(self, x, cut, upper):
        return (x > cut or (self.closed and x == cut)) if upper else x <= cut

    def split(self, leaf, draws, min_size, min_width):
        node = self.nodes[leaf]
        points = np.array([x for x, _r in node["episodes"]])
        ordered = np.sort(points, axis=0)
        first, last = ordered[min_size - 1], ordered[len(points) - min_size]
        share = np.maximum(last - first, 0.0) / (node["high"] - node["low"])
        best, best_score, tried = None, 0.0, None
        for u, v in draws:
            dim = min(int(np.searchsorted(np.cumsum(share), u * share.sum(), side="right")), len(share) - 1)
            cut = first[dim] + v * (last[dim] - first[dim])
            parts = [[e for e in node["episodes"] if self.side(e[0][dim], cut, upper)] for upper in (0, 1)]
            if min(map(len, parts)) < min_size:
                continue
            tried = [self.alp(part) for part in parts]
            if min(cut - node["low"][dim], node["high"][dim] - cut) < min_width:
                continue
            score = abs(tried[0] - tried[1]) * (1 if self.closed else len(parts[0]) * len(parts[1]))
            if score >= best_score:
                best, best_score = (dim, cut, parts), score
        if best is None:
            return False
        dim, cut, parts = best
        high, low = node["high"].copy(), node["low"].copy()
        high[dim] = low[dim] = cut
        children = [self.node(node["low"], high, parts[0]), self.node(low, node["high"], parts[1])]
        if self.closed:  # what the authors' children have until an episode comes
            children[0]["alp"], children[1]["alp"] = tried
        node["cut"] = dim, cut, (len(self.nodes), len(self.nodes) + 1)
        self.nodes += children
        return True


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("dimension", [1, 3])
def test_the_kernels_do_what_their_plain_twin_does(dimension, closed):
    tree = RegionTree(dimension, size=31, window=20, closed=closed)
    twin = Twin(dimension, 31, 20, closed)
    rng = np.random.default_rng(0)
    points, returns = history(1_500, dimension)
    points[::7] = np.round(points[::7], 1)  # duplicates
    for i in range(len(points)):
        _done, full = tree.insert(points[i : i + 1], returns[i : i + 1], 0)
        assert full == twin.insert(points[i], returns[i])
        for leaf in full:
            draws = rng.random((12, 2))
            made = tree.split(leaf, draws, min_size=4, min_width=0.1)
            assert made == twin.split(leaf, draws, 4, 0.1)
            if not made:
                tree.discard(leaf, 9)
                twin.nodes[leaf]["episodes"] = twin.nodes[leaf]["episodes"][9:]
                twin.nodes[leaf]["alp"] = twin.alp(twin.nodes[leaf]["episodes"])
        np.testing.assert_allclose(tree.alps, [node["alp"] for node in twin.nodes], atol=1e-9)
    assert tree.n_regions == len(twin.nodes) > 10
    np.testing.assert_allclose(tree.low, [node["low"] for node in twin.nodes])
    np.testing.assert_allclose(tree.high, [node["high"] for node in twin.nodes])
    for region, node in enumerate(twin.nodes):
        np.testing.assert_array_equal(tree.episodes(region)[1], [r for _x, r in node["episodes"]])


# --- What is mended, and the authors' behaviour in compat ------------------------------------------------------------


@pytest.mark.parametrize(("closed", "cut"), [(False, 0.5), (True, 0.15)])
def test_a_cut_is_judged_by_the_sizes_of_its_sides_too_or_in_compat_not(closed, cut):
    # Below 0.15 three episodes with progress 1, above 0.5 ten with progress 0.7, none between.
    low, high = [3, 4, 5, 6, 7, 8, 9], [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]
    order = np.array([0, 1, high[0], *np.ravel(list(zip(low, high[1:8], strict=True))), *high[8:], 2])
    points = (order[:, None] + 0.5) / 20
    returns = np.where(order == 2, 1.0, np.where(order >= 15, 0.7, 0.0))
    tree = RegionTree(1, size=20, window=20, closed=closed)
    tree.insert(points, returns, 0)
    first, last = 2.5 / 20, 17.5 / 20  # cuts between these leave three episodes on both sides
    draws = np.array([[0.0, (place - first) / (last - first)] for place in (0.15, 0.5)])
    tree.split(0, draws, min_size=3, min_width=0.0)
    assert tree.high[1, 0] == pytest.approx(cut)


def test_children_know_the_progress_of_their_own_cut_or_in_compat_of_the_last_one_tried():
    points, returns = history(41)
    found = []
    for closed in (False, True):
        tree = RegionTree(2, size=41, window=40, closed=closed)
        tree.insert(points, returns, 0)
        tree.split(0, np.random.default_rng(1).random((50, 2)), min_size=2, min_width=0.0)
        true = [learning_progress(tree.episodes(child)[1], 40) for child in (1, 2)]
        found.append(np.abs(tree.alps[1:] - true).max())
    assert found[0] < 1e-12 < 1e-3 < found[1]


@pytest.mark.parametrize(("compat", "changed"), [(None, 2), ("portelas2019", 3)])
def test_a_task_on_a_cut_belongs_to_one_child_or_in_compat_to_both(compat, changed):
    teacher = riac(compat=compat)
    teacher.update(outcomes(*history(41)))
    tree = teacher._tree
    dim = int(np.flatnonzero(tree.high[1] < 1.0)[0])
    task = np.full((1, 2), 0.5)
    task[0, dim] = tree.high[1, dim]
    before = tree.counts.copy()
    teacher.update(outcomes(task, [0.0]))
    assert (tree.counts - before)[1:].sum() == changed - 1


@pytest.mark.parametrize(("compat", "spread"), [(None, [0.1, 0.1]), ("portelas2019", [0.1 / 100, 0.1])])
def test_mutations_are_a_share_of_the_range_or_in_compat_raw(compat, spread):
    space = TaskSpace(x=(0.0, 100.0), y=(0.0, 1.0))
    teacher = riac(space, compat=compat, mutation_ratio=1.0, random_task_ratio=0.0)
    teacher.update(outcomes([[50.0, 0.5], [20.0, 0.9]], [-1.0, 3.0]))
    drawn = space.to_unit(teacher.sample(4_000).values)
    np.testing.assert_allclose(drawn.mean(axis=0), 0.5, atol=0.01)
    np.testing.assert_allclose(drawn.std(axis=0), spread, rtol=0.1)


def test_tasks_that_went_through_float32_are_learned_from():
    teacher = riac(STUMPS)
    tasks = STUMPS.sample(41, np.random.default_rng(0)).astype(np.float32)
    teacher.update(outcomes(tasks, np.arange(41.0)))
    assert teacher._tree.counts[0] == 41


# --- Sampling (R5) ---------------------------------------------------------------------------------------------------


def progressing_in(region, **hyperparameters):
    """A teacher with three regions, of which one progresses."""
    teacher = riac(mutation_std=0.0, **hyperparameters)
    teacher.update(outcomes(*history(41)))
    teacher._tree.alps[:] = np.arange(3) == region
    teacher._cumulative = None
    return teacher


@BOTH
def test_tasks_are_mutated_random_and_within_regions_by_ten_twenty_and_seventy_percent(compat):
    teacher = progressing_in(1, compat=compat)
    drawn = teacher.sample(20_000).values
    worst, _known = teacher._tree.worst(np.array([1]))
    low, high = teacher._tree.low[1], teacher._tree.high[1]
    mutated = (np.abs(drawn - worst) < 2e-5).all(axis=1)
    outside = ~((drawn >= low) & (drawn <= high)).all(axis=1)
    assert 0.09 < mutated.mean() < 0.11
    assert outside.mean() == pytest.approx(0.2 * (1.0 - np.prod(high - low)), abs=0.015)


def test_regions_are_drawn_in_proportion_to_their_progress():
    teacher = progressing_in(1, mutation_ratio=0.0, random_task_ratio=0.0)
    teacher._tree.alps[:] = [0.0, 3.0, 1.0]
    assert (teacher._tree.locate(teacher.sample(10_000).values) == 1).mean() == pytest.approx(0.75, abs=0.02)


def test_without_progress_all_regions_have_the_same_chance():
    teacher = progressing_in(None, mutation_ratio=0.0, random_task_ratio=0.0)
    np.testing.assert_array_equal(teacher._shares(), np.full(3, 1 / 3))


def test_leaves_only_draws_no_inner_region():
    teacher = progressing_in(0, leaves_only=True)
    np.testing.assert_array_equal(teacher._shares(), [0.0, 0.5, 0.5])
    teacher._tree.alps[:] = [5.0, 3.0, 1.0]
    np.testing.assert_array_equal(teacher._shares(), [0.0, 0.75, 0.25])


def test_a_mutated_task_stays_in_its_region():
    teacher = riac(mutation_ratio=1.0, random_task_ratio=0.0, mutation_std=5.0)
    teacher.update(outcomes(*history(41)))
    teacher._tree.alps[:] = [0.0, 0.0, 1.0]
    assert (teacher._tree.locate(teacher.sample(1_000).values) == 2).all()


def test_before_any_outcome_tasks_are_uniform():
    teacher = riac(STUMPS)
    unit = STUMPS.to_unit(teacher.sample(5_000).values)
    np.testing.assert_allclose(unit.mean(axis=0), 0.5, atol=0.02)
    np.testing.assert_allclose(unit.std(axis=0), 12**-0.5, atol=0.02)


def test_the_density_is_that_of_the_samples_within_regions():
    teacher = riac(STUMPS, mutation_ratio=0.0, random_task_ratio=0.0)
    play(teacher, 1_000, lambda t: (t[:, 0] > 2) * np.random.default_rng(0).random(len(t)))
    drawn = STUMPS.to_unit(teacher.sample(40_000).values)
    counts = np.histogramdd(drawn, bins=5, range=[(0, 1), (0, 1)])[0]
    fine = (np.arange(200) + 0.5) / 200
    grid = np.stack(np.meshgrid(fine, fine, indexing="ij"), -1).reshape(-1, 2)
    expected = teacher.density(STUMPS.from_unit(grid)).reshape(5, 40, 5, 40).mean(axis=(1, 3)) / 25
    np.testing.assert_allclose(counts / 40_000, expected, atol=0.01)
    assert expected.sum() == pytest.approx(1.0, abs=0.01)


def test_there_is_no_density_before_the_first_split():
    teacher = riac()
    play(teacher, 40, growing_on_the_right())
    assert teacher.density([[0.5, 0.5]]) is None
    play(teacher, 10, growing_on_the_right())
    assert teacher.density([[0.5, 0.5]]) is not None


# --- Does it adapt? --------------------------------------------------------------------------------------------------


@BOTH
def test_it_finds_where_progress_is_made(compat):
    shares, densities = [], []
    for seed in range(5):
        teacher = riac(seed=seed, compat=compat)
        tasks = play(teacher, 2_000, growing_on_the_right())
        shares.append((tasks[1_000:, 0] > 0.7).mean())
        densities.append(teacher.density(SQUARE.grid(21))[SQUARE.grid(21)[:, 0] > 0.7].mean())
    assert min(shares) > 0.4  # uniform: 0.3
    assert min(densities) > 1.3  # uniform: 1


@BOTH
def test_it_aims_at_what_the_student_is_about_to_learn(compat):
    at_frontier, mastered = [], []
    for seed in range(4):
        teacher, student = make_teacher("riac", SQUARE, seed=seed, compat=compat), ToyGrid()
        student.train(teacher, 8_000)
        at_frontier.append(student.density_at_the_frontier(teacher))
        mastered.append(student.mastered)
    assert np.mean(at_frontier) > 1.5  # uniform: 1
    assert min(mastered) > 0.1  # under random tasks: 0.01


def test_the_curriculum_does_not_depend_on_the_unit_of_the_return():
    points, returns = history(1_000)
    drawn = []
    for factor in (1.0, 1024.0):
        teacher = riac()
        teacher.update(outcomes(points, factor * returns))
        drawn.append(teacher.sample(50).values)
    np.testing.assert_array_equal(drawn[0], drawn[1])


# --- Kinds of dimensions ---------------------------------------------------------------------------------------------


@BOTH
def test_a_fixed_dimension_is_never_cut(compat):
    space = TaskSpace(width=(0.25, 0.25), x=(0.0, 1.0), k=range(3, 4))
    teacher = riac(space, compat=compat)
    values = play(teacher, 1_000, lambda t: t[:, 1] * np.arange(len(t)))
    assert teacher.regions()["low"].shape[1] == 1
    assert (values[:, [0, 2]] == [0.25, 3.0]).all()


def test_discrete_dimensions_are_cut_between_two_values():
    space = TaskSpace(rooms=range(2, 12), terrain=["grass", "ice", "sand", "rock"])
    teacher = riac(space)
    rng = np.random.default_rng(0)
    values = play(teacher, 3_000, lambda t: np.where(t[:, 0] > 8, rng.random(len(t)), 0.0))
    cells = teacher.regions()["high"] * [10, 4]
    np.testing.assert_allclose(cells, np.rint(cells), atol=1e-9)
    assert len(teacher.regions()["alp"]) > 5
    assert (values == np.rint(values)).all()
    assert (values[1_500:, 0] > 8).mean() > 0.4  # uniform: 0.3


# --- State -----------------------------------------------------------------------------------------------------------


@BOTH
def test_a_tree_restored_from_disk_continues_identically(compat, tmp_path):
    teacher, other = riac(compat=compat), riac(compat=compat, seed=9)
    student = SimulatedStudent(SQUARE)
    simulate(teacher, 1_005, student=student)
    assert teacher.metrics()["regions"] > 16
    save_state(tmp_path / "state.npz", teacher.state_dict())
    other.load_state_dict(load_state(tmp_path / "state.npz"))
    points = SQUARE.grid(9)
    np.testing.assert_array_equal(other.density(points), teacher.density(points))
    returns = np.random.default_rng(0).random(500)
    for i in range(0, 500, 5):
        first, second = teacher.sample(5), other.sample(5)
        np.testing.assert_array_equal(first.values, second.values)
        for each in (teacher, other):
            each.update(outcomes(first.values, returns[i : i + 5], first.ids))
    assert teacher.metrics() == other.metrics()


def test_a_batch_of_outcomes_equals_one_at_a_time_across_splits():
    whole, single = riac(), riac()
    points, returns = history(900)
    whole.update(outcomes(points, returns))
    for i in range(900):
        single.update(outcomes(points[i : i + 1], returns[i : i + 1]))
    np.testing.assert_array_equal(whole.sample(50).values, single.sample(50).values)
    assert whole.metrics()["regions"] > 20


def spoiled(tree, flaw):
    links, fifo, low = tree["links"].copy(), tree["fifo"].copy(), tree["low"].copy()
    if flaw == "a child that is no region":
        links[0, 1] = 10_000
    elif flaw == "a circle":
        links[links[0, 1]] = [0, 0, 2]
    elif flaw == "a dimension that does not exist":
        links[0, 0] = 5
    elif flaw == "a place outside the ring":
        fifo[1, 0] = 41
    elif flaw == "too many episodes":
        fifo[1, 1] = 42
    elif flaw == "a box upside down":
        low[1] = 1.0
    elif flaw == "a number that is none":
        return {**tree, "alps": np.full(len(links), np.nan)}
    elif flaw == "too few rows":
        return {**tree, "ring_returns": tree["ring_returns"][:1]}
    return {**tree, "links": links, "fifo": fifo, "low": low}


@pytest.mark.parametrize(
    "flaw",
    [
        "a child that is no region",
        "a circle",
        "a dimension that does not exist",
        "a place outside the ring",
        "too many episodes",
        "a box upside down",
        "a number that is none",
        "too few rows",
    ],
)
def test_a_damaged_tree_is_refused_and_changes_nothing(flaw):
    teacher = riac()
    play(teacher, 500, growing_on_the_right())
    state, points = teacher.state_dict(), SQUARE.grid(9)
    before = teacher.density(points)
    state["algorithm"] = {**state["algorithm"], "tree": spoiled(state["algorithm"]["tree"], flaw)}
    with pytest.raises(ValueError, match="cannot take over"):
        teacher.load_state_dict(state)
    np.testing.assert_array_equal(teacher.density(points), before)


def test_a_state_with_other_hyperparameters_is_refused():
    state = riac().state_dict()
    with pytest.raises(ValueError, match="max_region_size=40"):
        riac(max_region_size=50).load_state_dict(state)


# --- Presets and refusals --------------------------------------------------------------------------------------------


def test_presets_choose_defaults_and_arguments_win():
    paper, benchmark = (make_teacher("riac", SQUARE, preset=name) for name in ("paper", "teachmyagent"))
    assert (paper.max_region_size, paper.n_split_attempts, paper.min_dims_range_ratio) == (200, 50, 1 / 15)
    assert (paper.alp_window, paper.min_region_size, paper.discard_ratio) == (200, 10, 0.25)
    assert (benchmark.max_region_size, benchmark.n_split_attempts, benchmark.min_dims_range_ratio) == (150, 75, 0.1)
    assert (benchmark.alp_window, benchmark.min_region_size) == (150, 8)  # at least 7.5 episodes are 8
    assert make_teacher("riac", SQUARE, preset="teachmyagent", n_split_attempts=5).n_split_attempts == 5
    assert make_teacher("riac", SQUARE).max_region_size == 200


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"max_region_size": 2}, "max_region_size must be at least 3"),
        ({"alp_window": 1}, "at least 2 episodes"),
        ({"n_split_attempts": 0}, "n_split_attempts must be at least 1"),
        ({"min_region_size": 21}, "no region could be split"),
        ({"min_region_size": 0}, "between 1 and half"),
        ({"min_dims_range_ratio": 0.6}, "between 0 and 0.5"),
        ({"discard_ratio": 0.0}, "above 0"),
        ({"mutation_ratio": -0.1}, "mutation_ratio must lie between 0 and 1"),
        ({"mutation_ratio": 0.6, "random_task_ratio": 0.6}, "not exceed 1 together"),
        ({"mutation_std": np.nan}, "finite"),
        ({"compat": "portelas"}, "portelas2019"),
        ({"preset": "papers"}, "Did you mean 'paper'"),
    ],
)
def test_impossible_hyperparameters_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        riac(**arguments)
