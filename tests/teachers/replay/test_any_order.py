"""All teachers of the family: tasks, repetitions and outcomes in any order, with levels held for a rollout too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tutelage import Outcomes, Tasks, TaskSpace, make_teacher

from .regret_student import RegretStudent

SPACES = {
    "square": TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0)),
    "small": TaskSpace(x=range(3), y=["a", "b"]),
    "maze": TaskSpace({f"wall_{i}": range(2) for i in range(40)}),
}
SMALL = {
    "plr": {"buffer_size": 12},
    "robust-plr": {"buffer_size": 12, "score": "traced"},
    "accel": {"buffer_size": 12, "parents": "easy", "edit_batch": 4, "score": "mna"},
    "sfl": {"n_candidates": 8, "refresh_every": 10},
}


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    steps=st.lists(st.tuples(st.sampled_from(["sample", "repeat", "update"]), st.integers(0, 9)), max_size=30),
    order=st.randoms(use_true_random=False),
)
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("hold", ["episode", "rollout"])
@pytest.mark.parametrize("name", SMALL)
def test_tasks_repetitions_and_outcomes_come_in_any_order(name, hold, space, steps, order):
    space = SPACES[space]
    teacher, student = make_teacher(name, space, seed=0, hold=hold, **SMALL[name]), RegretStudent()
    pending, latest = [], None
    for step, n in steps:
        if step == "update":
            order.shuffle(pending)  # late, and in any order; what is left at the end never comes back
            back, pending = pending[:n], pending[n:]
            if back:
                values, ids, train = (np.array(column) for column in zip(*back, strict=True))
                teacher.update(student.play(Tasks(values, ids, train)))
            continue
        latest = teacher.sample(n) if step == "sample" or latest is None else teacher.repeat(latest)
        pending += list(zip(latest.values, latest.ids, latest.train, strict=True))
    assert space.contains(teacher.sample(15).values).all()
    assert all(np.isfinite(value) for value in teacher.metrics().values())
    other = make_teacher(name, space, seed=1, hold=hold, **SMALL[name])
    other.load_state_dict(teacher.state_dict())
    np.testing.assert_array_equal(other.sample(15).values, teacher.sample(15).values)


@pytest.mark.parametrize("hold", ["episode", "rollout"])
@pytest.mark.parametrize("name", SMALL)
def test_the_order_of_the_environments_does_not_alter_the_scores(name, hold):
    teacher, other = (make_teacher(name, SPACES["square"], seed=0, hold=hold, **SMALL[name]) for _ in range(2))
    student = RegretStudent()
    tasks = teacher.sample(8)
    other.sample(8)
    outcomes = student.play(tasks)
    teacher.update(outcomes)
    other.update(outcomes[::-1])
    scores = [
        dict(zip(map(tuple, t.buffer.tasks.tolist()), t.buffer.scores.tolist(), strict=True)) for t in (teacher, other)
    ]
    assert scores[0] == scores[1]


@pytest.mark.parametrize("name", SMALL)
def test_outcomes_whose_arrays_are_not_contiguous_are_learned_from(name):
    teacher, other = (make_teacher(name, SPACES["square"], seed=0, **SMALL[name]) for _ in range(2))
    tasks = teacher.sample(12)
    other.sample(12)
    outcomes = RegretStudent().play(tasks)
    teacher.update(outcomes[::2])
    columns = {
        name: np.asfortranarray(getattr(outcomes, name)[::2]) for name in Outcomes.__slots__ if name != "signals"
    }
    signals = {key: column[::2] for key, column in outcomes.signals.items()}
    other.update(Outcomes.unchecked(signals=signals, **columns))
    np.testing.assert_array_equal(teacher.sample(9).values, other.sample(9).values)
