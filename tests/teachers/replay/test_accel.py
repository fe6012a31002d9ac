"""ACCEL: what is edited, when, and whether the curriculum grows from an easy start."""

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.teachers.replay.presets import ACCEL_PRESETS

from .regret_student import RegretStudent, surely_above, teach

LINE = TaskSpace(x=(0.0, 1.0))
SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
SEEDS = range(20)
MARK = 1e-6


def build(space=LINE, **hyperparameters):
    return make_teacher("accel", space, **{"seed": 0, **hyperparameters})


def marking(tasks, rng):
    """An edit that can be recognised, and undone."""
    return tasks + MARK


def ready(n=8, **hyperparameters):
    """A teacher that only replays, with a full buffer of levels 0.1, 0.2, …; the scores are their numbers."""
    settings = {"buffer_size": n, "replay_prob": 1.0, "mutate": marking, "n_edits": 1, "staleness": 1.0}
    teacher = build(**{**settings, "replace": "score", **hyperparameters})
    answer(teacher, np.arange(1, n + 1)[:, None] / 10, np.arange(1.0, n + 1.0))
    return teacher


def answer(teacher, tasks, losses, ids=-1, returns=0.0):
    tasks = np.asarray(tasks, float)
    n = len(tasks)
    signals = {"positive_value_loss": np.broadcast_to(losses, n)}
    columns = {"returns": np.broadcast_to(returns, n), "lengths": np.ones(n, int), "signals": signals}
    teacher.update(Outcomes(tasks=tasks, ids=np.broadcast_to(ids, n), **columns))


def is_child(tasks):
    return np.abs(tasks.values[:, 0] * 10 - np.round(tasks.values[:, 0] * 10)) > MARK


def parents_of(tasks):
    return np.round(tasks.values[is_child(tasks), 0], 3).tolist()


# --- Does it adapt? -----------------------------------------------------------------------------------------------


def test_what_is_learned_from_is_more_often_open_than_uniform_tasks():
    shares = []
    for seed in SEEDS:
        _, is_open, train = teach(build(SQUARE, seed=seed), RegretStudent(seed), 800)
        shares.append(is_open[train].mean())
    assert surely_above(shares, 0.5)  # uniform: 0.22


def test_from_the_easiest_levels_it_finds_open_ones_that_robust_plr_is_never_given():
    shares = []
    for seed in SEEDS:
        teacher = build(seed=seed, generator=lambda n, rng: 0.1 * rng.random((n, 1)), buffer_size=64, temperature=0.3)
        student = RegretStudent(seed, frontier=0.4, noise=0.01)
        teach(teacher, student, 1000, batch=8)
        shares.append(student.is_open(teacher.buffer.tasks).mean())
    assert surely_above(shares, 0.5)  # of the generator's levels: none


# --- Children in an episode's turn --------------------------------------------------------------------------------


def test_a_replay_that_came_back_has_a_child_that_is_handed_out_next():
    teacher = ready(parents="batch")
    replay = teacher.sample(1)
    assert replay.train.all()
    assert not is_child(replay).any()
    answer(teacher, replay.values, 3.0, ids=replay.ids)
    child = teacher.sample(1)
    np.testing.assert_allclose(child.values, replay.values + MARK, rtol=1e-9)
    assert not child.train.any()
    assert not is_child(teacher.sample(1)).any()


def test_a_child_that_came_back_is_offered_to_the_buffer_and_has_none_itself():
    teacher = ready(parents="batch")
    replay = teacher.sample(1)
    answer(teacher, replay.values, 3.0, ids=replay.ids)
    child = teacher.sample(1)
    answer(teacher, child.values, 99.0, ids=child.ids)
    assert (teacher.buffer.find(child.values) >= 0).all()
    assert teacher.metrics()["queued"] == 0.0
    assert teacher.sample(1).train.all()


def test_what_never_comes_back_has_no_child():
    teacher = ready(parents="batch")
    for _ in range(20):
        assert not is_child(teacher.sample(3)).any()


def test_new_levels_have_no_children():
    teacher = build(buffer_size=50, mutate=marking, parents="batch", min_fill=1.0)
    for i in range(5):
        tasks = teacher.sample(5)
        answer(teacher, tasks.values, 1.0, ids=tasks.ids)
        assert teacher.metrics()["children"] == 0.0, i


def test_a_replay_that_comes_back_twice_has_one_child():
    teacher = ready(parents="batch")
    replay = teacher.sample(1)
    answer(teacher, replay.values, 3.0, ids=replay.ids)
    answer(teacher, replay.values, 3.0)  # another run's
    teacher.sample(1)
    assert teacher.metrics()["children"] == 1.0
    assert teacher.metrics()["queued"] == 0.0


def test_easy_parents_are_chosen_from_so_many_replays():
    teacher = ready(parents="easy", n_parents=2, edit_batch=4)
    teacher.rng = np.random.default_rng(1)
    replays = teacher.sample(4)
    assert len(np.unique(replays.values)) == 4
    returns, losses = np.array([9.0, 1.0, 5.0, 5.0]), np.array([8.5, 0.0, 1.0, 4.9])
    answer(teacher, replays.values[:3], losses[:3], ids=replays.ids[:3], returns=returns[:3])
    assert not is_child(teacher.sample(1)).any()
    answer(teacher, replays.values[3:], losses[3:], ids=replays.ids[3:], returns=returns[3:])
    children = teacher.sample(4)
    assert is_child(children).all()
    easiest = replays.values[[2, 1], 0]  # return − score: 0.5, 1, 4, 0.1
    assert parents_of(children) == np.round(np.tile(easiest, 2), 3).tolist()


def test_a_parent_that_has_left_the_buffer_is_none():
    teacher = ready(1, parents="batch")
    replay = teacher.sample(1)
    answer(teacher, replay.values, 3.0, ids=replay.ids)
    answer(teacher, [[0.7]], 50.0)
    assert teacher.buffer.tasks.tolist() == [[0.7]]
    assert not is_child(teacher.sample(3)).any()


# --- Children in a rollout's turn ---------------------------------------------------------------------------------


@pytest.mark.parametrize("parents", ["easy", "batch"])
def test_a_batch_of_replays_is_followed_by_a_batch_of_children(parents):
    teacher = ready(parents=parents, hold="rollout")
    for _ in range(3):
        replays = teacher.sample(6)
        assert replays.train.all()
        answer(teacher, replays.values, 3.0, ids=replays.ids)
        children = teacher.sample(6)
        assert is_child(children).all()
        assert not children.train.any()
        if parents == "batch":
            assert sorted(parents_of(children)) == sorted(np.round(replays.values[:, 0], 3).tolist())
        else:
            assert len(set(parents_of(children))) == min(4, len(np.unique(replays.values)))


def test_repetitions_within_a_rollout_are_no_further_replays():
    teacher = ready(parents="batch", hold="rollout")
    replays = teacher.sample(3)
    again = teacher.repeat(replays)
    answer(teacher, np.concatenate([replays.values, again.values]), 3.0, ids=np.concatenate([replays.ids, again.ids]))
    assert len(set(parents_of(teacher.sample(3)))) == 3
    assert not is_child(teacher.sample(3)).any()


def test_a_rollout_in_which_no_replay_ended_has_no_children():
    teacher = ready(hold="rollout")
    teacher.sample(6)
    assert not is_child(teacher.sample(6)).any()


def test_if_some_replays_ended_their_children_fill_the_batch():
    teacher = ready(parents="batch", hold="rollout")
    replays = teacher.sample(6)
    answer(teacher, replays.values[:2], 3.0, ids=replays.ids[:2])
    children = teacher.sample(5)
    assert parents_of(children) == np.round(np.resize(replays.values[:2, 0], 5), 3).tolist()


# --- Edits --------------------------------------------------------------------------------------------------------


def one_child(**hyperparameters):
    teacher = ready(1, parents="batch", **hyperparameters)
    replay = teacher.sample(1)
    answer(teacher, replay.values, 3.0, ids=replay.ids)
    return float(teacher.sample(1).values[0, 0] - replay.values[0, 0])


def test_a_function_that_makes_one_edit_is_called_so_often():
    assert one_child(mutate=marking, n_edits=5) == pytest.approx(5 * MARK)


def test_one_that_takes_the_number_of_edits_is_called_once():
    def mutate(tasks, rng, *, n_edits=100):
        return tasks + 0.01 * n_edits

    assert one_child(mutate=mutate, n_edits=5) == pytest.approx(0.05)


def test_no_edit_gives_the_level_itself():
    assert one_child(mutate=marking, n_edits=0) == 0.0


@pytest.mark.parametrize(
    ("made", "match"),
    [([[0.1, 0.2]], "mutate returned levels of shape"), ([[7.0]], "mutate returned what is no level: .*x = 7")],
)
def test_a_function_that_makes_no_levels_is_named(made, match):
    with pytest.raises(ValueError, match=match):
        one_child(mutate=lambda tasks, rng: made, n_edits=1)


def test_without_a_function_tasks_of_any_space_are_edited():
    space = TaskSpace(height=(0.0, 3.0), rooms=range(2, 7), terrain=["grass", "ice"])
    teacher = build(space, buffer_size=10, parents="batch", min_fill=0.1)
    student = RegretStudent()
    for _ in range(60):
        tasks = teacher.sample(5)
        assert space.contains(tasks.values).all()
        teacher.update(student.play(tasks))
    assert teacher.metrics()["children"] > 50.0


def test_students_can_learn_from_new_levels_and_children_too():
    teacher = ready(parents="batch", train_on_new=True, replay_prob=0.5)
    for _ in range(20):
        tasks = teacher.sample(5)
        assert tasks.train.all()
        answer(teacher, tasks.values, 1.0, ids=tasks.ids)


# --- Presets, arguments and state ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACCEL_PRESETS)
def test_every_preset_can_be_built(name):
    teacher = build(preset=name)
    assert teacher.n_edits == ACCEL_PRESETS[name]["n_edits"]
    assert teacher.buffer.replay_prob == ACCEL_PRESETS[name]["replay_prob"]


@pytest.mark.parametrize(
    ("hyperparameters", "match"),
    [
        ({"parents": "hard"}, "Unknown parents 'hard'"),
        ({"n_edits": -1}, "n_edits must be at least 0"),
        ({"n_parents": 0}, "n_parents must be at least 1"),
        ({"edit_batch": 0}, "edit_batch must be at least 1"),
        ({"preset": "dcd-25"}, "Unknown preset 'dcd-25'. Did you mean 'dcd-60'"),
    ],
)
def test_hyperparameters_are_checked(hyperparameters, match):
    with pytest.raises(ValueError, match=match):
        build(**hyperparameters)


def test_a_function_that_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match="mutate must be callable"):
        build(mutate="mine")


@pytest.mark.parametrize("hold", ["episode", "rollout"])
@pytest.mark.parametrize("parents", ["easy", "batch"])
def test_a_restored_teacher_goes_on_identically(hold, parents):
    small = {"buffer_size": 40, "hold": hold, "parents": parents, "edit_batch": 8}
    teacher, other = build(SQUARE, **small), build(SQUARE, seed=1, **small)
    student = RegretStudent(3)
    teach(teacher, student, 300)
    teacher.update(student.play(teacher.sample(7)))  # with parents or children waiting
    other.load_state_dict(teacher.state_dict())
    for one, two in zip(teach(teacher, RegretStudent(4), 100), teach(other, RegretStudent(4), 100), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("lost", [0, 3])
def test_replays_that_never_came_back_do_not_count_repetitions_as_replays(lost):
    teacher = ready(4, hold="rollout", parents="batch", n_edits=0)
    for _ in range(lost):
        teacher.sample(4)  # a rollout in which no episode ends
    tasks = teacher.sample(4)
    levels, counts = np.unique(tasks.values[:, 0], return_counts=True)
    for _ in range(4):
        answer(teacher, tasks.values, 1.0, tasks.ids)
        tasks = teacher.repeat(tasks)
    assert sorted(teacher._scored.values()) == sorted(counts.tolist())
    children = np.unique(teacher.sample(4).values[:, 0], return_counts=True)
    np.testing.assert_array_equal(children[0], levels)
    np.testing.assert_array_equal(children[1], counts)


@pytest.mark.parametrize("row", [[10**6, 0, 16], [0, 0, -5], [0, 0, 0], [0, 0, 10**12]])
def test_replays_of_a_damaged_state_are_refused(row):
    teacher = ready(4)
    state = teacher.state_dict()
    state["algorithm"]["scored"] = np.array([row])
    with pytest.raises(ValueError, match="scored"):
        ready(4).load_state_dict(state)
