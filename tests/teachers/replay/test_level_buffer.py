"""The level buffer: probabilities, draws, scores, what enters and what leaves."""

import copy
import pickle

import numpy as np
import pytest
from tutelage.state import load_state, save_state
from tutelage.teachers.replay.level_buffer import LevelBuffer

from .plain_buffer import PlainBuffer

SCORES = [0.1, 0.5, 0.2, 0.9, 0.0]


def levels(n):
    return np.arange(float(n))[:, None]


def filled(scores, *, capacity=None, ages=None, **arguments):
    """A buffer of one-dimensional levels 0, 1, … with the scores and the staleness given."""
    buffer = LevelBuffer(len(scores) if capacity is None else capacity, 1, **arguments)
    buffer.update(levels(len(scores)), scores)
    if ages is not None:
        state = buffer.state_dict()
        clock = max(ages)
        buffer.load_state_dict({**state, "stamps": clock - np.array(ages), "clocks": [clock, state["clocks"][1]]})
    return buffer


# --- Probabilities ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [
        (1.0, [0.109489, 0.218978, 0.145985, 0.437956, 0.087591]),
        (0.3, [0.008639, 0.087073, 0.022538, 0.877644, 0.004106]),
        (0.1, [0.000001, 0.000976, 0.000017, 0.999006, 0.0]),
    ],
)
def test_the_weights_of_ranks(temperature, expected):
    buffer = filled(SCORES, temperature=temperature, staleness=0.0)
    np.testing.assert_allclose(buffer.probabilities(), expected, atol=6e-7)


@pytest.mark.parametrize(
    ("temperature", "staleness", "expected"),
    [
        (0.3, 0.3, [0.126047, 0.060951, 0.105777, 0.644351, 0.062874]),
        (1.0, 0.5, [0.254745, 0.109489, 0.222993, 0.268978, 0.143796]),
    ],
)
def test_the_weights_of_ranks_and_staleness(temperature, staleness, expected):
    buffer = filled(SCORES, ages=[4, 0, 3, 1, 2], temperature=temperature, staleness=staleness)
    np.testing.assert_allclose(buffer.probabilities(), expected, atol=6e-7)


@pytest.mark.parametrize("capacity", [5, 8])
def test_levels_that_are_all_equally_stale_are_equally_likely_by_staleness(capacity):
    buffer = filled(SCORES, capacity=capacity, temperature=1.0, staleness=0.3)
    expected = [0.136642, 0.213285, 0.16219, 0.366569, 0.121314]
    np.testing.assert_allclose(buffer.probabilities(), expected, atol=6e-7)


def test_of_equal_scores_the_one_scored_longest_ago_has_the_better_rank():
    buffer = filled([0.0] * 4, temperature=1.0, staleness=0.0)
    np.testing.assert_allclose(buffer.probabilities(), [0.48, 0.24, 0.16, 0.12])
    buffer.update([[0.0]], [0.0])
    np.testing.assert_allclose(buffer.probabilities(), [0.12, 0.48, 0.24, 0.16])


def test_a_buffer_of_equal_scores_is_replayed_in_turns():
    buffer = filled([0.5] * 6, temperature=0.01, staleness=0.0)
    rng, drawn = np.random.default_rng(0), []
    for _ in range(12):
        drawn.append(int(buffer.sample(1, rng)[0]))
        buffer.update([[float(drawn[-1])]], [0.5])
    assert drawn == [0, 1, 2, 3, 4, 5] * 2


def test_negative_scores_have_ranks_like_any_others():
    buffer = filled([-3.0, -1.0, -2.0], temperature=1.0, staleness=0.0)
    np.testing.assert_allclose(buffer.probabilities(), np.array([1 / 3, 1, 1 / 2]) / (11 / 6))


def test_proportional_weights():
    buffer = filled([0.1, 0.2, -5.0, 0.7], prioritization="proportional", temperature=0.5, staleness=1e-12)
    np.testing.assert_allclose(buffer.probabilities(), np.array([0.01, 0.04, 0.0, 0.49]) / 0.54, atol=1e-9)


def test_without_staleness_proportional_weights_forget_no_level():
    buffer = filled([0.0, 0.999, -5.0], prioritization="proportional", temperature=1.0, staleness=0.0)
    np.testing.assert_allclose(buffer.probabilities(), np.array([0.001, 1.0, 0.001]) / 1.002)


@pytest.mark.parametrize("scores", [[0.0, 0.0, 0.0], [-1.0, -2.0, 0.0]])
@pytest.mark.parametrize("staleness", [0.0, 0.3])
def test_proportional_weights_that_are_all_zero_are_equal(scores, staleness):
    buffer = filled(scores, prioritization="proportional", temperature=0.1, staleness=staleness)
    np.testing.assert_allclose(buffer.probabilities(), [1 / 3] * 3)
    assert set(buffer.sample(200, np.random.default_rng(0)).tolist()) == {0, 1, 2}


def test_softmax_weights():
    buffer = filled([1.0, 3.0, -2.0], prioritization="softmax", temperature=2.0, staleness=0.0)
    weights = np.exp(np.array([1.0, 3.0, -2.0]) / 2.0)
    np.testing.assert_allclose(buffer.probabilities(), weights / weights.sum())


def test_the_top_k_are_equally_likely_and_the_others_never_drawn():
    buffer = filled(SCORES, prioritization="top-k", top_k=2, staleness=0.0)
    np.testing.assert_allclose(buffer.probabilities(), [0.0, 0.5, 0.0, 0.5, 0.0])
    assert set(buffer.sample(200, np.random.default_rng(0)).tolist()) == {1, 3}


def test_top_k_of_fewer_levels_are_all():
    buffer = filled([0.1, 0.2], prioritization="top-k", top_k=5, staleness=0.0)
    np.testing.assert_allclose(buffer.probabilities(), [0.5, 0.5])


@pytest.mark.parametrize("prioritization", ["rank", "proportional", "top-k", "softmax"])
@pytest.mark.parametrize("temperature", [1e-3, 0.1, 1e3])
@pytest.mark.parametrize("scores", [[1e300, 1e-300, -1e300, 0.0], [1e-300, 2e-300, 0.0, -1e-300]])
def test_probabilities_sum_to_one_whatever_the_scores(prioritization, temperature, scores):
    buffer = filled(scores, prioritization=prioritization, temperature=temperature, staleness=0.3)
    p = buffer.probabilities()
    assert (p >= 0.0).all()
    assert p.sum() == pytest.approx(1.0)
    buffer.update(levels(9), np.tile(scores, 3)[:9])  # some replace others
    assert buffer.probabilities().sum() == pytest.approx(1.0)


def test_an_empty_buffer_has_no_probabilities():
    assert LevelBuffer(5, 1).probabilities().shape == (0,)


# --- Draws --------------------------------------------------------------------------------------------------------


def test_a_draw_ages_all_levels_but_the_one_drawn():
    buffer = filled([0.1, 0.5, 0.9, 0.2, 0.0], ages=[4, 0, 3, 1, 2], temperature=0.01, staleness=0.0)
    assert buffer.sample(1, np.random.default_rng(0)).tolist() == [2]
    assert buffer.ages.tolist() == [5, 1, 0, 2, 3]


def test_more_levels_than_there_are_can_be_drawn():
    drawn = filled([0.1, 0.2]).sample(50, np.random.default_rng(0))
    assert set(drawn.tolist()) == {0, 1}


def test_nothing_can_be_drawn_from_an_empty_buffer():
    with pytest.raises(ValueError, match="empty: there is nothing to replay"):
        LevelBuffer(5, 1).sample(1, np.random.default_rng(0))


def test_drawing_no_level_from_an_empty_buffer_is_allowed():
    assert LevelBuffer(5, 1).sample(0, np.random.default_rng(0)).shape == (0,)


def test_a_negative_number_of_draws_is_refused():
    with pytest.raises(ValueError, match="at least 0, got -1"):
        filled([0.1]).sample(-1, np.random.default_rng(0))


@pytest.mark.parametrize("prioritization", ["rank", "proportional", "softmax"])
def test_levels_are_drawn_as_often_as_their_probabilities_say(prioritization):
    buffer = filled(SCORES, prioritization=prioritization, temperature=1.0, staleness=0.0)
    counts = np.bincount(buffer.sample(100_000, np.random.default_rng(0)), minlength=5)
    np.testing.assert_allclose(counts / 100_000, buffer.probabilities(), atol=0.005)


def test_a_draw_by_staleness_prefers_what_has_not_been_drawn():
    counts = np.zeros(5)
    rng = np.random.default_rng(0)
    for _ in range(1000):
        buffer = filled(SCORES, ages=[4, 0, 3, 1, 2], staleness=1.0)
        counts[buffer.sample(1, rng)] += 1
    np.testing.assert_allclose(counts / 1000, [0.4, 0.0, 0.3, 0.1, 0.2], atol=0.05)


# --- When to replay -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "expected"), [("proportionate", [0.0, 0.5, 0.75, 0.8]), ("fixed", [0.0, 0.8, 0.8, 0.8])]
)
def test_the_probability_of_a_replay_by_fill(schedule, expected):
    buffer = LevelBuffer(4, 1, schedule=schedule, replay_prob=0.8, min_fill=0.5)
    found = []
    for i in range(4):
        buffer.update([[float(i)]], [0.0])
        found.append(buffer.replay_probability)
    assert found == expected


@pytest.mark.parametrize("schedule", ["proportionate", "fixed"])
def test_an_empty_buffer_is_never_replayed(schedule):
    assert LevelBuffer(4, 1, schedule=schedule, replay_prob=1.0, min_fill=0.0).replay_probability == 0.0


# --- Scores -------------------------------------------------------------------------------------------------------


def test_the_episodes_of_a_level_in_one_update_are_averaged():
    buffer = LevelBuffer(5, 1)
    assert buffer.update([[0.0], [1.0], [0.0]], [0.1, 0.9, 0.3]).tolist() == [0, 1, 0]
    np.testing.assert_allclose(buffer.scores, [0.2, 0.9])


def test_so_are_those_of_several_updates_until_the_level_is_drawn():
    buffer = filled([0.1], capacity=5)
    buffer.update([[0.0]], [0.3])
    np.testing.assert_allclose(buffer.scores, [0.2])
    buffer.sample(1, np.random.default_rng(0))
    buffer.update([[0.0]], [0.7])
    buffer.update([[0.0]], [0.9])
    np.testing.assert_allclose(buffer.scores, [0.8])


def test_a_level_handed_out_as_a_new_one_is_scored_anew_and_not_stale():
    buffer = filled([0.1, 0.2], capacity=5, ages=[3, 4])
    buffer.mark([[1.0], [7.0]])
    buffer.update([[0.0], [1.0]], [0.3, 0.4])
    np.testing.assert_allclose(buffer.scores, [0.2, 0.4])
    assert buffer.ages.tolist() == [3, 0]


def test_an_episode_can_say_that_earlier_ones_no_longer_count():
    buffer = filled([0.1], capacity=5)
    buffer.update([[0.0], [0.0], [1.0], [1.0]], [0.3, 0.5, 0.6, 0.8], restart=[True] * 4)
    np.testing.assert_allclose(buffer.scores, [0.5, 0.8])


def test_the_best_return_minus_the_mean_value():  # rewards 0, 0, 0.8 and values 0.2, 0.3, 0.5
    buffer = LevelBuffer(5, 1, rule="max_mc")
    value = (0.2 + 0.3 + 0.5) / 3
    buffer.update([[0.0], [1.0]], [value, value], returns=[0.8, 0.25])
    np.testing.assert_allclose(buffer.scores, [0.466667, -0.083333], atol=6e-7)


def test_the_best_return_is_remembered_and_counts_for_all_episodes():
    buffer = LevelBuffer(5, 1, rule="max_mc")
    buffer.update([[0.0], [0.0]], [0.2, 0.4], returns=[0.1, 0.8])
    np.testing.assert_allclose(buffer.scores, [0.5])
    buffer.sample(1, np.random.default_rng(0))
    buffer.update([[0.0]], [0.7], returns=[0.2])
    np.testing.assert_allclose(buffer.scores, [0.1])
    assert buffer.max_returns.tolist() == [0.8]
    assert buffer.mean_returns.tolist() == [0.2]


def test_a_level_that_was_never_solved_has_the_score_zero():
    buffer = LevelBuffer(5, 1, rule="solved_mean")
    buffer.update([[0.0], [1.0]], [1.3685, 0.54225], solved=[False, True])
    assert buffer.scores.tolist() == [0.0, 0.54225]


def test_a_level_that_was_ever_solved_counts_as_solved():
    buffer = LevelBuffer(5, 1, rule="solved_mean")
    buffer.update([[0.0]], [0.5], solved=[True])
    buffer.sample(1, np.random.default_rng(0))
    buffer.update([[0.0]], [0.7], solved=[False])
    assert buffer.scores.tolist() == [0.7]


def test_learnability_is_estimated_over_about_ten_episodes_with_one_success_and_failure_added():
    buffer = LevelBuffer(5, 1, rule="learnability")
    buffer.update([[0.0]], [1.0])
    np.testing.assert_allclose(buffer.scores, [2 / 3 * 1 / 3])
    buffer.sample(1, np.random.default_rng(0))  # what came before counts all the same
    buffer.update([[0.0]], [0.0])
    p = (0.9 + 1.0) / (1.9 + 2.0)
    np.testing.assert_allclose(buffer.scores, [p * (1 - p)])
    buffer.update(np.zeros((300, 1)), np.tile([0.0, 1.0, 1.0, 1.0], 75))
    np.testing.assert_allclose(buffer.scores, [0.1875], atol=0.02)


def test_other_scores_to_rank_by_last_until_a_level_is_scored_anew():
    buffer = filled([0.1, 0.5, 0.3], temperature=0.01, staleness=0.0)
    buffer.set_scores([0, 1], [0.9, 0.0])
    assert buffer.scores.tolist() == [0.9, 0.0, 0.3]
    assert buffer.raw_scores.tolist() == [0.1, 0.5, 0.3]
    assert buffer.probabilities().argmax() == 0
    buffer.update([[0.0]], [0.2], restart=[True])
    assert buffer.scores.tolist() == [0.2, 0.0, 0.3]


@pytest.mark.parametrize(
    ("slots", "scores", "match"),
    [([3], [0.1], "slots from 0 to 2"), ([0], [np.nan], "finite"), ([0, 1], [1.0], "shape")],
)
def test_other_scores_are_checked(slots, scores, match):
    buffer = filled([0.1, 0.5, 0.3])
    with pytest.raises(ValueError, match=match):
        buffer.set_scores(slots, scores)


# --- What enters and what leaves ----------------------------------------------------------------------------------


def test_a_level_is_in_the_buffer_once():
    buffer = LevelBuffer(10, 2)
    buffer.update([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]], [0.1, 0.2, 0.3])
    buffer.update([[-0.0, 1.0]], [0.5])  # a zero has no sign
    assert buffer.tasks.tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_a_level_is_found_by_its_row():
    buffer = LevelBuffer(500, 172)
    rows = (np.random.default_rng(0).random((500, 172)) < 0.3).astype(float)
    buffer.update(rows, np.zeros(500))
    assert buffer.find(rows).tolist() == list(range(500))
    other = rows.copy()
    other[:, 171] = 7.0
    assert (buffer.find(other) == -1).all()


def test_the_level_of_the_lowest_score_is_replaced_if_so_asked():
    buffer = filled(SCORES, ages=[4, 0, 3, 1, 9], replace="score", staleness=0.9)
    assert buffer.update([[7.0]], [0.05]).tolist() == [4]
    assert sorted(buffer.tasks.ravel().tolist()) == [0.0, 1.0, 2.0, 3.0, 7.0]


def test_else_the_one_least_likely_to_be_replayed():
    buffer = filled(SCORES, ages=[4, 0, 3, 1, 9], replace="support", staleness=0.9, temperature=1.0)
    least = int(buffer.probabilities().argmin())
    assert least == 1  # neither the lowest score nor the highest
    assert buffer.update([[7.0]], [0.6]).tolist() == [1]


def test_a_new_level_must_score_as_high_as_the_one_it_replaces():
    buffer = filled(SCORES, staleness=0.0)
    assert buffer.update([[7.0], [8.0]], [-0.1, 0.0]).tolist() == [-1, 4]


def test_or_higher_if_strict():
    buffer = filled(SCORES, staleness=0.0, strict=True)
    assert buffer.update([[7.0], [8.0]], [0.0, 0.01]).tolist() == [-1, 4]


def test_a_new_level_is_compared_with_the_score_without_a_bonus():
    buffer = filled([0.5, 0.4], staleness=0.0)
    buffer.set_scores([0], [-1.0])
    assert buffer.update([[7.0]], [0.3]).tolist() == [-1]
    assert buffer.update([[7.0]], [0.6], restart=[True]).tolist() == [0]


def test_a_level_replaced_in_the_same_update_is_in_no_slot():
    buffer = LevelBuffer(1, 1, staleness=0.0)
    assert buffer.update([[0.0], [1.0], [2.0], [0.0]], [0.1, 0.5, 0.3, 0.1]).tolist() == [-1, 0, -1, -1]


def test_a_level_that_comes_back_has_forgotten_its_past():
    buffer = LevelBuffer(1, 1, rule="max_mc", staleness=0.0)
    for level, value, best in ((0.0, 0.0, 5.0), (1.0, 0.0, 9.0), (0.0, 0.0, 10.0)):
        buffer.update([[level]], [value], returns=[best])
    buffer.update([[0.0]], [0.0], returns=[3.0])
    assert buffer.max_returns.tolist() == [10.0]


@pytest.mark.parametrize("replace", ["support", "score"])
@pytest.mark.parametrize("prioritization", ["rank", "proportional", "softmax"])
def test_without_staleness_the_lowest_score_never_falls_by_new_levels(replace, prioritization):
    buffer = LevelBuffer(20, 1, staleness=0.0, replace=replace, prioritization=prioritization)
    rng, lowest = np.random.default_rng(0), -np.inf
    for i in range(300):
        buffer.update([[float(i)]], rng.normal(size=1))
        if buffer.fill == 1.0:
            assert buffer.scores.min() >= lowest
            lowest = buffer.scores.min()
    assert lowest > 1.0


# --- The plain twin -----------------------------------------------------------------------------------------------

CONFIGURATIONS = [
    {"prioritization": "rank", "temperature": 0.3, "staleness": 0.3},
    {"prioritization": "rank", "temperature": 1.0, "staleness": 0.0, "strict": True, "rule": "max_mc"},
    {"prioritization": "rank", "temperature": 0.1, "staleness": 0.5, "rule": "learnability"},
    {"prioritization": "rank", "temperature": 1.0, "staleness": 0.3, "replace": "score", "rule": "solved_mean"},
    {"prioritization": "top-k", "top_k": 4, "staleness": 0.3},
    {"prioritization": "proportional", "temperature": 1.0, "staleness": 0.3},
    {"prioritization": "proportional", "temperature": 0.5, "staleness": 0.0},
    {"prioritization": "softmax", "temperature": 0.5, "staleness": 0.5, "strict": True},
]


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda c: "-".join(map(str, c.values())))
@pytest.mark.parametrize(("capacity", "n_levels"), [(1, 3), (12, 40), (600, 900)])
def test_it_does_what_the_plain_twin_does(configuration, capacity, n_levels):
    buffer, twin = LevelBuffer(capacity, 2, **configuration), PlainBuffer(capacity, **configuration)
    rng = np.random.default_rng(capacity)
    steps, most = (60, 9) if capacity < 100 else (5, 300)
    for step in range(steps):
        m = int(rng.integers(1, most))
        tasks = np.stack([rng.integers(0, n_levels, m), rng.integers(0, 2, m)], axis=1).astype(float)
        values, returns = rng.normal(size=m).round(1), rng.normal(size=m).round(1)  # some are equal
        if configuration.get("rule") == "learnability":
            values = (values > 0.0).astype(float)
        solved, restart = rng.random((2, m)) < 0.2
        slots = buffer.update(tasks, values, returns=returns, solved=solved, restart=restart)
        assert slots.tolist() == twin.update(tasks, values, returns, solved, restart)
        np.testing.assert_allclose(buffer.scores, [e["score"] for e in twin.entries], atol=1e-12)
        np.testing.assert_allclose(buffer.probabilities(), twin.probabilities(), atol=1e-12)
        uniforms = np.random.default_rng(step).random((m, 2))
        assert buffer.sample(m, np.random.default_rng(step)).tolist() == twin.draw(uniforms)
        assert buffer.ages.tolist() == [twin.clock - e["stamp"] for e in twin.entries]


@pytest.mark.parametrize("rule", ["mean", "max_mc", "learnability"])
def test_while_there_is_room_a_batch_equals_one_at_a_time(rule):
    one, other = LevelBuffer(100, 1, rule=rule), LevelBuffer(100, 1, rule=rule)
    rng = np.random.default_rng(0)
    for _ in range(10):
        tasks, values = rng.integers(0, 30, (20, 1)).astype(float), rng.random(20).round(1)
        one.update(tasks, values)
        for task, value in zip(tasks, values, strict=True):
            other.update(task[None], [value])
        assert (one.scores == other.scores).all()
        assert (one.probabilities() == other.probabilities()).all()
        assert (one.sample(5, np.random.default_rng(1)) == other.sample(5, np.random.default_rng(1))).all()


# --- Arguments ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"capacity": 0}, "capacity must be at least 1"),
        ({"n_dims": 0}, "n_dims must be at least 1"),
        ({"top_k": 0}, "top_k must be at least 1"),
        ({"temperature": 0.0}, "temperature must be finite and above 0, got 0.0"),
        ({"temperature": -1.0}, "temperature"),
        ({"temperature": np.inf}, "temperature"),
        ({"temperature": np.nan}, "temperature"),
        ({"staleness": 1.5}, "staleness must lie between 0 and 1"),
        ({"replay_prob": -0.1}, "replay_prob"),
        ({"min_fill": 2.0}, "min_fill"),
        ({"prioritization": "ranks"}, "Unknown prioritization 'ranks'. Did you mean 'rank'"),
        ({"schedule": "fix"}, "Did you mean 'fixed'"),
        ({"replace": "scores"}, "Did you mean 'score'"),
        ({"rule": "maxmc"}, "Did you mean 'max_mc'"),
    ],
)
def test_arguments_are_checked(arguments, match):
    with pytest.raises(ValueError, match=match):
        LevelBuffer(**{"capacity": 5, "n_dims": 1, **arguments})


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"tasks": [[0.0, 1.0]]}, r"levels of shape \(n, 1\)"),
        ({"tasks": [[np.nan]]}, "finite"),
        ({"values": [np.inf]}, "finite"),
        ({"values": [0.1, 0.2]}, r"shape \(1,\)"),
        ({"returns": [np.nan]}, "finite"),
        ({"solved": [True, False]}, r"shape \(1,\)"),
    ],
)
def test_a_bad_update_is_refused_and_changes_nothing(arguments, match):
    buffer = filled([0.1, 0.2], capacity=5)
    with pytest.raises(ValueError, match=match):
        buffer.update(**{"tasks": [[0.0]], "values": [0.5], **arguments})
    assert buffer.scores.tolist() == [0.1, 0.2]


def test_what_it_shows_cannot_be_written_to():
    buffer = filled([0.1, 0.2], capacity=5)
    for array in (buffer.tasks, buffer.scores, buffer.raw_scores, buffer.max_returns):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0.0


# --- State --------------------------------------------------------------------------------------------------------


def used(seed=0, **arguments):
    buffer = LevelBuffer(30, 1, **arguments)
    rng = np.random.default_rng(seed)
    for _ in range(20):
        buffer.update(rng.integers(0, 60, (5, 1)).astype(float), rng.random(5).round(1))
        buffer.sample(3, rng)
    return buffer


def same_future(one, other):
    rng = np.random.default_rng(5)
    for _ in range(20):
        tasks, values = rng.integers(0, 60, (5, 1)).astype(float), rng.random(5).round(1)
        assert one.update(tasks, values).tolist() == other.update(tasks, values).tolist()
        seed = int(rng.integers(1000))
        drawn = [b.sample(4, np.random.default_rng(seed)).tolist() for b in (one, other)]
        assert drawn[0] == drawn[1]
        assert (one.probabilities() == other.probabilities()).all()


@pytest.mark.parametrize("rule", ["mean", "learnability"])
def test_a_restored_buffer_goes_on_identically(rule, tmp_path):
    buffer, other = used(rule=rule), used(1, rule=rule)
    save_state(tmp_path / "buffer.npz", buffer.state_dict())
    other.load_state_dict(load_state(tmp_path / "buffer.npz"))
    same_future(buffer, other)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda b: pickle.loads(pickle.dumps(b))], ids=["copy", "pickle"])
def test_a_copy_goes_on_identically(duplicate):
    buffer = used()
    same_future(duplicate(buffer), buffer)


def test_an_empty_buffer_is_restored():
    buffer = used()
    buffer.load_state_dict(LevelBuffer(30, 1).state_dict())
    assert len(buffer) == 0
    assert buffer.update([[1.0]], [0.5]).tolist() == [0]


FLAWS = {
    "too many levels": lambda s: {k: np.concatenate([v, v]) if k != "clocks" else v for k, v in s.items()},
    "a level twice": lambda s: {**s, "tasks": np.zeros_like(s["tasks"])},
    "fewer scores": lambda s: {**s, "scores": s["scores"][1:]},
    "a score that is no number": lambda s: {**s, "scores": np.full(len(s["scores"]), np.nan)},
    "a stamp of the future": lambda s: {**s, "stamps": s["stamps"] + 1000},
    "a tick of the future": lambda s: {**s, "ticks": s["ticks"] + 1000},
    "equal ticks": lambda s: {**s, "ticks": np.zeros(len(s["ticks"]))},
    "levels of two dimensions": lambda s: {**s, "tasks": np.zeros((len(s["tasks"]), 2))},
    "one clock": lambda s: {**s, "clocks": [3]},
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(flaw):
    buffer, before = used(1), used(1)
    with pytest.raises(ValueError, match=r"."):
        buffer.load_state_dict(FLAWS[flaw](used(0).state_dict()))
    same_future(buffer, before)
