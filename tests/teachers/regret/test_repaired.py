"""REPAIRED: when it builds and when it replays, and a buffer for each student."""

from __future__ import annotations

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace
from tutelage.teachers.regret.repaired import REPAIRED, REPAIRED_SCORES

SPACE = TaskSpace(x=(0.0, 1.0))


def teacher_of(**arguments):
    return REPAIRED(SPACE, **{"seed": 0, "buffer_size": 8, "min_fill": 1.0, "replay_prob": 1.0, **arguments})


def outcomes(teacher, tasks, protagonist=0.5, antagonist=0.5, episodes=(1, 1), values=0.0):
    n = len(tasks.values)
    columns = {}
    for who, returns, count in (("protagonist", protagonist, episodes[0]), ("antagonist", antagonist, episodes[1])):
        columns |= {f"{who}_{what}_return": np.broadcast_to(returns, n) for what in ("mean", "max")}
        columns[f"{who}_episodes"] = np.broadcast_to(count, n)
    columns |= {name: np.broadcast_to(values, n) for name in teacher.needs - set(columns)}
    return Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[0.0] * n, lengths=[1] * n, signals=columns)


def filled(**arguments):
    """A teacher whose next batch is a replay; the students like different levels."""
    teacher = teacher_of(**arguments)
    tasks = teacher.sample(8)
    teacher.update(outcomes(teacher, tasks, protagonist=np.arange(8.0), antagonist=np.arange(8.0)[::-1]))
    return teacher, tasks


def test_new_levels_are_not_learned_from_and_both_students_play_them():
    teacher = teacher_of()
    tasks = teacher.sample(8)
    assert not tasks.train.any()
    np.testing.assert_array_equal(teacher.antagonist_tasks(tasks.values, tasks.ids), tasks.values)


def test_nothing_is_replayed_before_both_buffers_are_filled():
    teacher = teacher_of()
    tasks = teacher.sample(8)
    teacher.update(outcomes(teacher, tasks, episodes=(1, 0)))
    assert (teacher.buffers["protagonist"].fill, teacher.buffers["antagonist"].fill) == (1.0, 0.0)
    assert teacher.replay_probability == 0.0
    assert not teacher.sample(8).train.any()


def test_replays_are_learned_from_and_each_student_has_its_own():
    teacher, first = filled(temperature=0.01, staleness=0.0)
    tasks = teacher.sample(8)
    assert tasks.train.all()
    best = first.values[np.argmax(np.arange(8))], first.values[0]
    np.testing.assert_array_equal(tasks.values, np.tile(best[0], (8, 1)))
    np.testing.assert_array_equal(teacher.antagonist_tasks(tasks.values, tasks.ids), np.tile(best[1], (8, 1)))


def test_outcomes_of_replays_score_the_level_that_each_student_played():
    teacher, first = filled(temperature=0.01, staleness=0.0)
    tasks = teacher.sample(1)
    teacher.update(outcomes(teacher, tasks, protagonist=0.0, antagonist=0.0, values=3.0))
    for who, best in (("protagonist", first.values[7]), ("antagonist", first.values[0])):
        buffer = teacher.buffers[who]
        assert buffer.scores[buffer.find([best])[0]] == 7.0 - 3.0, "the highest return minus the mean value"
        assert np.sort(buffer.scores).tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 4.0, 5.0, 6.0]


def test_the_builder_is_rewarded_by_new_levels_only():
    teacher, first = filled()
    assert sorted(teacher.generator._rewards) == first.ids.tolist()
    assert teacher.generator._rewards[0] == 7.0
    tasks = teacher.sample(8)
    teacher.update(outcomes(teacher, tasks, antagonist=100.0))
    assert sorted(teacher.generator._rewards) == first.ids.tolist()


def test_a_level_without_a_finished_episode_is_not_scored():
    teacher = teacher_of()
    tasks = teacher.sample(8)
    teacher.update(outcomes(teacher, tasks, episodes=([1, 0] * 4, [0, 1] * 4)))
    assert sorted(teacher.buffers["protagonist"].tasks.ravel()) == sorted(tasks.values[::2].ravel())
    assert sorted(teacher.buffers["antagonist"].tasks.ravel()) == sorted(tasks.values[1::2].ravel())


def test_outcomes_of_others_enter_no_buffer():
    teacher = teacher_of()
    tasks = teacher.sample(2)
    tasks.ids[:] = [-1, 10**6]
    teacher.update(outcomes(teacher, tasks))
    assert not any(len(buffer) for buffer in teacher.buffers.values())


def test_one_decision_is_made_for_a_batch():
    teacher, _ = filled(replay_prob=0.5)
    kinds = []
    for _ in range(40):
        train = teacher.sample(4).train
        assert len(set(train.tolist())) == 1
        kinds.append(bool(train[0]))
    assert 8 < sum(kinds) < 32


@pytest.mark.parametrize("score", REPAIRED_SCORES)
def test_every_score_needs_its_signal_of_both_students(score):
    teacher = teacher_of(score=score)
    tasks = teacher.sample(8)
    teacher.update(outcomes(teacher, tasks, values=np.arange(8.0)))
    assert all(len(buffer) == 8 for buffer in teacher.buffers.values())


def test_replays_that_are_pending_survive_a_checkpoint():
    teacher, _ = filled()
    tasks = teacher.sample(4)
    other = teacher_of(seed=7)
    other.load_state_dict(teacher.state_dict())
    np.testing.assert_array_equal(
        other.antagonist_tasks(tasks.values, tasks.ids), teacher.antagonist_tasks(tasks.values, tasks.ids)
    )
    for each in (teacher, other):
        each.update(outcomes(each, tasks, values=2.0))
    np.testing.assert_array_equal(other.sample(8).values, teacher.sample(8).values)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"score": "traced"}, "score"),
        ({"score": "max_mk"}, "Did you mean 'max_mc'"),
        ({"regret": "minimax"}, "regret='minimax' looks at one"),
        ({"buffer_size": 0}, "buffer_size"),
        ({"temperature": 0.0}, "temperature"),
        ({"replay_prob": 1.5}, "replay_prob"),
        ({"preset": "jaxued"}, "preset"),
    ],
    ids=str,
)
def test_a_hyperparameter_out_of_range_is_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        teacher_of(**arguments)


def test_a_damaged_state_is_refused_and_changes_nothing():
    teacher, _ = filled()
    teacher.sample(2)
    state = teacher.state_dict()
    for change, message in (
        ({"replays": np.array([10**6])}, "shape|not among"),
        ({"antagonist_tasks": np.full_like(state["algorithm"]["antagonist_tasks"], 9.0)}, "outside the task space"),
    ):
        with pytest.raises(ValueError, match=message):
            teacher.load_state_dict({**state, "algorithm": {**state["algorithm"], **change}})
    assert len(teacher.buffers["protagonist"]) == 8
