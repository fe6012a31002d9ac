"""What every registered teacher keeps to, in every kind of task space.

The teachers are taken from the registry; a new one runs through this suite without being listed here. Hyperparameters
of certain names, e.g. ``fit_rate``, get small values, so that the tests reach the phase in which a teacher adapts.
"""

from __future__ import annotations

import copy
import random
import warnings

import numpy as np
import pytest
from gymnasium import spaces as gym_spaces
from hypothesis import given, settings
from hypothesis import strategies as st
from tutelage import Outcomes, TaskSpace
from tutelage.registry import teacher_class

from .conformance import (
    PLAIN,
    TEACHERS,
    build,
    comparable,
    every_space,
    every_teacher,
    fill,
    learned,
    state_of,
    view,
)
from .simulated_student import SimulatedStudent, outcomes_of, simulate

# --- Tasks -----------------------------------------------------------------------------------------------------------


@every_space
@every_teacher
def test_all_tasks_lie_inside_the_space(name, space):
    teacher = build(name, space)
    tasks = simulate(teacher, 150).tasks
    assert teacher.task_space.contains(tasks).all()
    assert ((tasks >= teacher.task_space.low) & (tasks <= teacher.task_space.high)).all()


@every_space
@every_teacher
def test_a_batch_of_tasks_has_its_shapes_and_types(name, space):
    teacher = build(name, space)
    simulate(teacher, 110)
    tasks = teacher.sample(3)
    assert (tasks.values.shape, tasks.values.dtype) == ((3, teacher.task_space.n_dims), np.float64)
    assert (tasks.ids.shape, tasks.ids.dtype) == ((3,), np.int64)
    assert (tasks.train.shape, tasks.train.dtype) == ((3,), np.bool_)


@every_teacher
def test_ids_grow_by_one_from_zero(name):
    teacher = build(name)
    ids = [teacher.sample(n).ids for n in (1, 3, 0, 2)]
    assert np.concatenate(ids).tolist() == [0, 1, 2, 3, 4, 5]


@every_teacher
def test_no_task_is_a_batch_without_rows(name):
    tasks = build(name).sample(0)
    assert tasks.values.shape == (0, 2)
    assert len(tasks) == 0


@every_teacher
def test_asking_for_no_task_changes_nothing(name):
    teacher = build(name)
    simulate(teacher, 110)
    before = state_of(teacher)
    teacher.sample(0)
    assert state_of(teacher) == before


@every_space
@every_teacher
def test_ten_thousand_tasks_come_at_once(name, space):
    teacher = build(name, space)
    simulate(teacher, 110)
    tasks = teacher.sample(10_000)
    assert teacher.task_space.contains(tasks.values).all()
    assert len(tasks) == 10_000


@pytest.mark.parametrize("n", [-1, -1000])
@every_teacher
def test_a_negative_number_of_tasks_is_refused(name, n):
    with pytest.raises(ValueError, match=r"at least 0"):
        build(name).sample(n)


@pytest.mark.parametrize("n", [1.0, "3", None, True, [2]])
@every_teacher
def test_a_number_of_tasks_that_is_no_integer_is_refused(name, n):
    with pytest.raises(TypeError, match=r"number of tasks"):
        build(name).sample(n)


@every_teacher
def test_sampling_does_not_alter_earlier_tasks(name):
    teacher = build(name)
    simulate(teacher, 110)
    tasks = teacher.sample(5)
    values, ids, train = tasks.values.copy(), tasks.ids.copy(), tasks.train.copy()
    simulate(teacher, 110)
    assert (tasks.values == values).all()
    assert (tasks.ids == ids).all()
    assert (tasks.train == train).all()


@every_teacher
def test_writing_into_tasks_does_not_alter_the_teacher(name):
    teacher = build(name)
    simulate(teacher, 110)
    tasks = teacher.sample(5)
    before = state_of(teacher)
    tasks.values[:] = np.nan
    tasks.ids[:] = -7
    tasks.train[:] = False
    assert state_of(teacher) == before


# --- Outcomes --------------------------------------------------------------------------------------------------------


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=12), order=st.randoms(use_true_random=False)
)
@pytest.mark.parametrize("space", [PLAIN, "mixed"])
@every_teacher
def test_tasks_and_outcomes_come_in_any_order(name, space, steps, order):
    teacher = build(name, space)
    student, pending = SimulatedStudent(teacher.task_space), []
    for asks, n in steps:
        if asks:
            tasks = teacher.sample(n)
            pending += list(zip(tasks.values, tasks.ids, strict=True))
            continue
        order.shuffle(pending)  # late, and in any order; what is left at the end never comes back
        back, pending = pending[:n], pending[n:]
        if back:
            values = np.array([task for task, _ in back])
            teacher.update(outcomes_of(teacher, values, [i for _, i in back], student.play(values)))
    assert teacher.task_space.contains(teacher.sample(5).values).all()


@every_teacher
def test_outcomes_may_come_before_any_task(name):
    teacher = build(name)
    teacher.update(fill(teacher, 60))
    assert teacher.task_space.contains(teacher.sample(5).values).all()


@every_teacher
def test_outcomes_may_never_come(name):
    teacher = build(name)
    for _ in range(30):
        tasks = teacher.sample(5)
    assert teacher.task_space.contains(tasks.values).all()


@every_teacher
def test_an_outcome_repeated_in_one_batch_is_learned_from_once(name):
    teacher, other = build(name), build(name)
    student = SimulatedStudent(teacher.task_space)
    for _ in range(12):
        tasks = teacher.sample(10)
        other.sample(10)
        outcomes = outcomes_of(teacher, tasks.values, tasks.ids, student.play(tasks.values))
        teacher.update(outcomes)
        other.update(outcomes[np.repeat(np.arange(10), 3)])
        assert learned(other) == learned(teacher)


@every_teacher
def test_an_outcome_repeated_in_another_batch_is_learned_from_once(name):
    teacher, other = build(name), build(name)
    student = SimulatedStudent(teacher.task_space)
    for _ in range(12):
        tasks = teacher.sample(10)
        other.sample(10)
        outcomes = outcomes_of(teacher, tasks.values, tasks.ids, student.play(tasks.values))
        teacher.update(outcomes)
        other.update(outcomes)
        other.update(outcomes[::-1])
        assert learned(other) == learned(teacher)


@every_teacher
def test_repeated_outcomes_do_not_change_the_tasks(name):
    teacher, other = build(name), build(name)
    for outcomes in simulate(teacher, 120).outcomes:
        other.sample(len(outcomes))
        for _ in range(3):
            other.update(outcomes)
    np.testing.assert_array_equal(other.sample(20).values, teacher.sample(20).values)


@every_space
@every_teacher
def test_outcomes_of_another_run_are_learned_from(name, space):
    teacher = build(name, space)
    history = simulate(build(name, space, seed=1), 110)
    for outcomes in history.outcomes:
        outcomes.ids[:] = -1
        teacher.update(outcomes)
    assert teacher.state_dict()["n_outcomes"] == 110


@every_teacher
def test_two_unknown_outcomes_of_one_task_are_two_outcomes(name):
    teacher = build(name)
    outcomes = fill(teacher, 6)
    teacher.update(outcomes)
    teacher.update(outcomes)
    assert teacher.state_dict()["n_outcomes"] == 12


@every_teacher
def test_an_outcome_with_an_id_never_handed_out_is_learned_from(name):
    teacher = build(name)
    outcomes = fill(teacher, 6)
    outcomes.ids[:] = np.arange(6) + 1_000_000
    teacher.update(outcomes)
    assert teacher.state_dict()["n_outcomes"] == 6


@every_teacher
def test_a_task_is_learned_from_although_its_id_came_before_it_was_handed_out(name):
    teacher = build(name)
    outcomes = fill(teacher, 1)
    outcomes.ids[:] = 0
    teacher.update(outcomes)
    tasks = teacher.sample(1)
    teacher.update(outcomes_of(teacher, tasks.values, tasks.ids, [1.0]))
    assert teacher.state_dict()["n_outcomes"] == 2


@every_teacher
def test_no_outcome_changes_nothing(name):
    teacher = build(name)
    simulate(teacher, 60)
    before = state_of(teacher)
    teacher.update(Outcomes(tasks=[], ids=[], returns=[], lengths=[]))
    assert state_of(teacher) == before


@every_teacher
def test_ten_thousand_outcomes_come_at_once(name):
    teacher = build(name)
    teacher.update(fill(teacher, 10_000))
    assert teacher.state_dict()["n_outcomes"] == 10_000
    assert teacher.task_space.contains(teacher.sample(5).values).all()


@every_space
@every_teacher
def test_a_batch_of_outcomes_equals_one_at_a_time(name, space):
    teacher, other = build(name, space), build(name, space)
    student = SimulatedStudent(teacher.task_space)
    for _ in range(4):
        tasks = teacher.sample(40)
        other.sample(40)
        outcomes = outcomes_of(teacher, tasks.values, tasks.ids, student.play(tasks.values))
        teacher.update(outcomes)
        for i in range(40):
            other.update(outcomes[i : i + 1])
        assert view(other) == view(teacher)
    np.testing.assert_array_equal(other.sample(20).values, teacher.sample(20).values)


@every_teacher
def test_writing_into_outcomes_afterwards_does_not_alter_the_teacher(name):
    teacher = build(name)
    tasks = teacher.sample(60)
    outcomes = outcomes_of(teacher, tasks.values, tasks.ids, SimulatedStudent(teacher.task_space).play(tasks.values))
    teacher.update(outcomes)
    before = state_of(teacher)
    outcomes.tasks[:] = np.nan
    outcomes.returns[:] = np.nan
    for signal in outcomes.signals.values():
        signal[:] = np.nan
    assert state_of(teacher) == before


@every_teacher
def test_a_teacher_does_not_write_into_outcomes(name):
    teacher = build(name)
    outcomes = fill(teacher, 60)
    original = copy.deepcopy(outcomes)
    teacher.update(outcomes)
    for column in ("tasks", "ids", "returns", "lengths", "success", "truncated", "warmup"):
        np.testing.assert_array_equal(getattr(outcomes, column), getattr(original, column))


@every_teacher
def test_warm_up_episodes_are_ignored_by_default(name):
    teacher, other = build(name), build(name)
    tasks = teacher.sample(60)
    other.sample(60)
    teacher.update(outcomes_of(teacher, tasks.values, tasks.ids, np.arange(60.0), warmup=np.ones(60)))
    assert learned(teacher) == learned(other)


@every_teacher
def test_warm_up_episodes_are_learned_from_on_request(name):
    teacher, other = build(name, ignore_warmup=False), build(name)
    np.testing.assert_array_equal(simulate(teacher, 120, warmup=True).tasks, simulate(other, 120).tasks)
    assert learned(teacher) == learned(other)


# --- Outcomes that are refused ---------------------------------------------------------------------------------------


def spoil(outcomes: Outcomes, flaw: str) -> Outcomes:
    column, _, value = flaw.partition("=")
    if column == "shape":
        return Outcomes(tasks=np.zeros((6, 5)), ids=outcomes.ids, returns=outcomes.returns, lengths=outcomes.lengths)
    array = getattr(outcomes, column)
    array[3] = {"outside": 1e6}.get(value) or float(value)
    return outcomes


FLAWS = {
    "returns=nan": r"return of task \[.*nan",
    "returns=inf": r"return of task \[.*inf",
    "returns=-inf": r"return of task \[.*-inf",
    "tasks=outside": "stump_height.*outside",
    "tasks=nan": "stump_height.*not a number",
    "tasks=inf": "stump_height.*outside",
    "shape": "stump_height, obstacle_spacing.*shape",
    "ids=-2": "ids",
    "lengths=-1": "lengths",
    "success=2": "success",
}


@pytest.mark.parametrize("flaw", FLAWS)
@every_teacher
def test_a_bad_outcome_is_refused_by_name(name, flaw):
    teacher = build(name)
    with pytest.raises(ValueError, match=FLAWS[flaw]):
        teacher.update(spoil(fill(teacher), flaw))


@pytest.mark.parametrize("flaw", FLAWS)
@every_teacher
def test_a_bad_outcome_changes_nothing(name, flaw):
    teacher = build(name)
    simulate(teacher, 110)
    tasks = teacher.sample(6)
    outcomes = spoil(outcomes_of(teacher, tasks.values, tasks.ids, np.arange(6.0)), flaw)
    before = state_of(teacher)
    with pytest.raises(ValueError):
        teacher.update(outcomes)
    assert state_of(teacher) == before


@every_teacher
def test_the_good_part_of_a_refused_batch_can_be_sent_again(name):
    teacher = build(name)
    tasks = teacher.sample(6)
    with pytest.raises(ValueError):
        teacher.update(spoil(outcomes_of(teacher, tasks.values, tasks.ids, np.arange(6.0)), "returns=nan"))
    teacher.update(outcomes_of(teacher, tasks.values, tasks.ids, np.arange(6.0))[:3])
    assert teacher.state_dict()["n_outcomes"] == 3


@every_teacher
def test_a_column_that_the_teacher_needs_is_not_missing(name):
    teacher = build(name)
    for column in teacher.needs:
        outcomes = fill(teacher)
        outcomes.success[:] = np.nan
        outcomes.signals = {k: v for k, v in outcomes.signals.items() if k != column}
        with pytest.raises(ValueError, match=f"{type(teacher).__name__}.*{column}"):
            teacher.update(outcomes)


@pytest.mark.parametrize("outcomes", [None, {}, [1.0], (np.zeros((1, 2)), [0])], ids=str)
@every_teacher
def test_what_is_no_outcome_is_refused(name, outcomes):
    with pytest.raises(TypeError, match=r"Outcomes"):
        build(name).update(outcomes)


# --- Construction ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", [None, [0.0, 1.0], {"x": (0, 1)}, gym_spaces.Box(0, 1, (2,))], ids=str)
@every_teacher
def test_what_is_no_task_space_is_refused(name, space):
    with pytest.raises(TypeError, match=r"TaskSpace"):
        teacher_class(name)(space)


@pytest.mark.parametrize("kind", ["continuous", "integer", "categorical"])
@every_teacher
def test_a_dimension_of_a_kind_it_cannot_handle_is_refused_by_name(name, kind):
    cls = teacher_class(name)
    others = {"continuous", "integer", "categorical"} - {kind}
    limited = type("Limited", (cls,), {"kinds": cls.kinds & others})
    dimension = {"continuous": (0.0, 1.0), "integer": range(3), "categorical": ["a", "b"]}[kind]
    with pytest.raises(ValueError, match=rf"Limited.*landmark \({kind}\)"):
        limited(TaskSpace(landmark=dimension))


@every_teacher
def test_a_kind_it_says_it_handles_is_accepted(name):
    specs = {"continuous": (0.0, 1.0), "integer": range(9), "categorical": ["a", "b"]}
    teacher = build(name, TaskSpace({kind: specs[kind] for kind in sorted(teacher_class(name).kinds)}))
    assert teacher.task_space.contains(simulate(teacher, 110).tasks).all()


@every_teacher
def test_a_space_of_one_task_is_accepted(name):
    teacher = build(name, TaskSpace(x=(1.0, 1.0), y=(2.0, 2.0)))
    assert (simulate(teacher, 110).tasks == [1.0, 2.0]).all()


@every_teacher
def test_a_space_of_fifty_dimensions_is_accepted(name):
    teacher = build(name, TaskSpace({f"x{i}": (-1.0, 1.0) for i in range(50)}))
    assert teacher.task_space.contains(simulate(teacher, 110).tasks).all()


@every_teacher
def test_without_a_seed_two_teachers_differ(name):
    assert (simulate(build(name, seed=None), 110).tasks != simulate(build(name, seed=None), 110).tasks).any()


# --- Random numbers --------------------------------------------------------------------------------------------------


@every_space
@every_teacher
def test_the_same_seed_gives_the_same_tasks(name, space):
    first, second = (simulate(build(name, space), 150).tasks for _ in range(2))
    np.testing.assert_array_equal(first, second)


@every_teacher
def test_seed_zero_and_seed_one_give_different_tasks(name):
    assert (simulate(build(name, seed=0), 110).tasks != simulate(build(name, seed=1), 110).tasks).any()


@every_teacher
def test_reading_density_and_metrics_does_not_change_the_tasks(name):
    teacher, other = build(name), build(name)
    simulate(teacher, 110)
    simulate(other, 110)
    view(teacher)
    np.testing.assert_array_equal(teacher.sample(20).values, other.sample(20).values)


@pytest.mark.parametrize("library", ["numpy", "random", "torch"])
@every_teacher
def test_no_global_random_generator_is_touched(name, library):
    if library == "torch":
        torch = pytest.importorskip("torch")
        current = lambda: torch.random.get_rng_state().numpy().tobytes()  # noqa: E731
    elif library == "random":
        current = random.getstate
    else:
        current = lambda: comparable(list(np.random.get_state()))  # noqa: E731, NPY002
    before = current()
    simulate(build(name), 110)
    assert current() == before


@every_teacher
def test_numpys_error_handling_is_left_alone(name):
    with np.errstate(divide="warn", over="raise", under="ignore", invalid="warn"):
        before = np.geterr()
        simulate(build(name), 110)
        assert np.geterr() == before


@every_teacher
def test_the_warning_filters_are_left_alone(name):
    before = list(warnings.filters)
    simulate(build(name), 110)
    assert list(warnings.filters) == before


@every_space
@every_teacher
def test_no_warning_is_raised(name, space):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulate(build(name, space), 110)


# --- What it shows ---------------------------------------------------------------------------------------------------


@every_space
@every_teacher
def test_the_density_is_finite_and_not_negative_or_absent(name, space):
    teacher = build(name, space)
    points = teacher.task_space.sample(30, np.random.default_rng(0))
    for _ in range(4):
        density = teacher.density(points)
        assert density is None or (density.shape == (30,) and np.isfinite(density).all() and (density >= 0.0).all())
        simulate(teacher, 40)


@every_space
@every_teacher
def test_metrics_are_floats(name, space):
    teacher = build(name, space)
    for _ in range(4):
        assert all(type(value) is float for value in teacher.metrics().values())
        simulate(teacher, 40)


@every_teacher
def test_keys_of_metrics_fit_into_a_loggers_table(name):
    teacher = build(name)
    simulate(teacher, 110)
    assert all(0 < len(f"teacher/{key}") <= 36 for key in teacher.metrics())


@every_teacher
def test_the_keys_of_metrics_do_not_change(name):
    teacher = build(name)
    before = set(teacher.metrics())
    simulate(teacher, 150)
    assert set(teacher.metrics()) == before


@pytest.mark.parametrize("name", [name for name in TEACHERS if name != "random"])
def test_a_teacher_that_adapts_has_begun_to_within_the_simulation(name):
    teacher = build(name)
    idle = build(name)
    simulate(teacher, 150)
    idle.sample(150)
    counts = ("outcomes", "handed_out")
    metrics, at_rest = ({k: v for k, v in t.metrics().items() if k not in counts} for t in (teacher, idle))
    points = teacher.task_space.grid(5)
    assert comparable(metrics) != comparable(at_rest) or comparable(teacher.density(points)) != comparable(
        idle.density(points)
    )
    assert teacher.density(points) is None or np.ptp(teacher.density(points)) > 0.0


@pytest.mark.parametrize("name", [name for name in TEACHERS if name != "random"])
def test_a_teacher_that_adapts_chooses_other_tasks_than_without_a_student(name):
    teacher, idle = build(name), build(name)
    simulate(teacher, 150)
    idle.sample(150)
    assert (teacher.sample(50).values != idle.sample(50).values).any()


@every_teacher
def test_a_teacher_says_that_the_student_must_not_learn_from_some_of_its_tasks(name):
    teacher = build(name)
    flags = np.concatenate([teacher.sample(20).train for _ in range(10)])
    assert flags.all() != teacher.withholds


# --- Students that are hard to read ----------------------------------------------------------------------------------


@every_space
@every_teacher
def test_constant_returns_are_survived(name, space):
    teacher = build(name, space)
    for _ in range(6):
        tasks = teacher.sample(25)
        teacher.update(outcomes_of(teacher, tasks.values, tasks.ids, np.full(25, 3.0)))
    assert teacher.task_space.contains(teacher.sample(50).values).all()


@pytest.mark.parametrize("returns", ["constant", "growing"])
@every_teacher
def test_five_thousand_repetitions_of_one_task_are_survived(name, returns):
    teacher = build(name)
    tasks = np.repeat([[1.0, 2.0]], 5000, axis=0)
    values = np.full(5000, 3.0) if returns == "constant" else np.arange(5000.0)
    for part in np.split(np.arange(5000), 10):
        teacher.update(outcomes_of(teacher, tasks[part], np.full(500, -1), values[part]))
    density = teacher.density(teacher.task_space.grid(4))
    assert teacher.task_space.contains(teacher.sample(50).values).all()
    assert density is None or np.isfinite(density).all()


@pytest.mark.parametrize("scale", [1e-300, 1e300], ids=str)
@every_teacher
def test_returns_of_any_size_are_survived(name, scale):
    teacher = build(name)
    for _ in range(6):
        tasks = teacher.sample(25)
        teacher.update(outcomes_of(teacher, tasks.values, tasks.ids, scale * np.linspace(-1.0, 1.0, 25)))
    assert teacher.task_space.contains(teacher.sample(50).values).all()
    assert all(np.isfinite(value) for value in teacher.metrics().values())


@every_space
@every_teacher
def test_tasks_at_the_bounds_are_survived(name, space):
    teacher = build(name, space)
    bounds = np.array([teacher.task_space.low, teacher.task_space.high] * 30)
    teacher.update(outcomes_of(teacher, bounds, np.full(60, -1), np.arange(60.0)))
    assert teacher.task_space.contains(teacher.sample(50).values).all()
