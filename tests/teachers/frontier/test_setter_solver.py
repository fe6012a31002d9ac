"""Setter-Solver: the judge, the setter's three losses, and where the setter aims."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.teachers.kernels.flat_networks import views

from ..kernels import torch_flow
from ..noisy_student import capable_on_the_left, is_medium

SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
SMALL = {"hidden": 16}


def outcomes(tasks, success, ids=None, **columns):
    tasks = np.asarray(tasks, float)
    ids = np.full(len(tasks), -1) if ids is None else ids
    columns = {"returns": np.zeros(len(tasks)), "lengths": np.ones(len(tasks), int), "success": success, **columns}
    return Outcomes(tasks=tasks, ids=ids, **columns)


def play(teacher, episodes, success_of, batch=25):
    handed_out = []
    for _ in range(episodes // batch):
        tasks = teacher.sample(batch)
        handed_out.append(tasks.values)
        teacher.update(outcomes(tasks.values, success_of(tasks.values), tasks.ids))
    return np.concatenate(handed_out)


def build(space=SQUARE, **hyperparameters):
    return make_teacher("setter-solver", space, **{"seed": 0, **SMALL, **hyperparameters})


@pytest.fixture(scope="module", params=[0, 1, 2])
def trained(request):
    """A teacher of a student that is capable on the left, and the tasks it handed out."""
    teacher = build(seed=request.param)
    return teacher, play(teacher, 600, capable_on_the_left(request.param))


GRID = np.stack(np.meshgrid(*[(np.arange(100) + 0.5) / 100] * 2), axis=-1).reshape(-1, 2)


# --- Does it adapt? -----------------------------------------------------------------------------------------------


def test_it_sets_tasks_between_too_easy_and_too_hard(trained):
    teacher, tasks = trained
    assert is_medium(tasks[300:]).mean() > 0.4  # uniform: 0.22
    density = teacher.density(GRID)
    assert density[is_medium(GRID)].mean() > 1.5 * density.mean()


def test_the_judge_predicts_the_students_success(trained):
    easy, hard = trained[0].feasibility_of([[0.15, 0.5], [0.5, 0.5]])
    assert easy > 0.7
    assert hard < 0.3


def test_the_density_integrates_to_one(trained):
    assert trained[0].density(GRID).mean() == pytest.approx(1.0, abs=0.04)


def test_the_density_is_that_of_the_tasks(trained):
    expected = trained[0].density(GRID)[GRID[:, 0] < 0.3].sum() / len(GRID)
    assert (trained[0].sample(4000).values[:, 0] < 0.3).mean() == pytest.approx(expected, abs=0.04)


def test_a_narrow_range_of_feasibilities_narrows_the_tasks():
    tasks = play(build(feasibility=(0.4, 0.6)), 400, capable_on_the_left(0))
    assert is_medium(tasks[200:]).mean() > 0.6


@pytest.mark.parametrize("success", [0.0, 1.0])
def test_a_student_that_never_or_always_succeeds_still_gets_varied_tasks(success):
    teacher = build()
    tasks = play(teacher, 1000, lambda tasks: np.full(len(tasks), success))
    assert np.isfinite(list(teacher.metrics().values())).all()
    assert (tasks[500:].std(axis=0) > 0.15).all()  # uniform: 0.29


def test_thousands_of_successes_at_one_task_leave_the_density_finite():
    teacher = build(n_steps=5)
    teacher.update(outcomes(np.tile([0.2, 0.8], (2000, 1)), np.ones(2000)))
    assert np.isfinite(teacher.density(SQUARE.grid(5))).all()
    assert SQUARE.contains(teacher.sample(100).values).all()


def test_it_adapts_in_one_dimension():
    teacher = build(TaskSpace(x=(0.0, 1.0)))
    tasks = play(teacher, 600, capable_on_the_left(0))
    assert is_medium(tasks[300:]).mean() > 0.35  # uniform: 0.22


def test_it_works_in_fifty_dimensions():
    space = TaskSpace({f"x{i}": (0.0, 1.0) for i in range(50)})
    teacher = build(space)
    tasks = play(teacher, 200, capable_on_the_left(0))
    assert space.contains(tasks).all()
    assert np.isfinite(teacher.density(tasks)).all()


# --- The algorithm ------------------------------------------------------------------------------------------------


def test_tasks_are_uniform_until_the_first_update():
    teacher = build()
    assert teacher.density([[0.5, 0.5]]) is None
    tasks = teacher.sample(2000).values
    np.testing.assert_allclose(np.histogram2d(*tasks.T, bins=2)[0] / 2000, 0.25, atol=0.04)


def test_an_update_comes_every_fit_rate_episodes():
    teacher, counts = build(fit_rate=20, n_steps=1), []
    for _ in range(50):
        play(teacher, 1, capable_on_the_left(0), batch=1)
        counts.append(teacher.metrics()["updates"])
    assert [counts.index(n) + 1 for n in (1.0, 2.0)] == [20, 40]


def test_only_the_latest_episodes_are_learned_from():
    teacher = build(memory=30, fit_rate=10, n_steps=1)
    teacher.update(outcomes(np.random.default_rng(0).random((50, 2)), [0.0] * 20 + [1.0] * 30))
    assert teacher.metrics()["mean_success"] == 1.0


def test_without_a_success_only_coverage_is_left():
    teacher = build()
    play(teacher, 50, lambda tasks: np.zeros(len(tasks)))
    assert (teacher.metrics()["validity_loss"], teacher.metrics()["feasibility_loss"]) == (0.0, 0.0)
    play(teacher, 50, lambda tasks: np.ones(len(tasks)))
    assert teacher.metrics()["validity_loss"] != 0.0
    assert teacher.metrics()["feasibility_loss"] > 0.0


def test_a_setter_that_never_saw_a_success_stays_uniform():
    teacher = build()
    play(teacher, 500, lambda tasks: np.zeros(len(tasks)))
    np.testing.assert_allclose(teacher.density(GRID), 1.0, atol=1e-3)


def test_a_setter_becomes_uniform_again_when_all_successes_are_forgotten():
    teacher = build(memory=50)
    play(teacher, 300, capable_on_the_left(0))
    assert teacher.density(GRID).std() > 0.5
    play(teacher, 1000, lambda tasks: np.zeros(len(tasks)))
    assert teacher.density(GRID).std() < 0.3


def test_discrete_successes_are_spread_over_their_cells():
    teacher = build(TaskSpace(rooms=range(4), size=(0.0, 2.0), fixed=(1.0, 1.0)), noise=0.1)
    np.testing.assert_allclose(teacher._spread, [0.25, 0.1])


def test_the_setters_gradient_is_that_of_its_three_losses():
    teacher, rng = build(), np.random.default_rng(0)
    shapes, flow = teacher._judge_shapes, teacher._flow
    judge, setter = (0.3 * rng.standard_normal(len(w)).astype(np.float32) for w in teacher._weights.values())
    noise, f = rng.logistic(size=(20, 2)).astype(np.float32), rng.uniform(0.1, 0.9, 20).astype(np.float32)
    solved, gradient = rng.uniform(0.1, 0.9, (20, 2)).astype(np.float32), np.zeros_like(setter)
    losses = teacher._add_setter_gradient(
        views(judge, shapes), flow.layers(setter), noise, f, solved, flow.layers(gradient)
    )

    leaf, level = torch.tensor(setter, requires_grad=True), torch.tensor(f)
    logit = lambda x: torch_flow.perceptron(2.0 * x - 1.0, torch.tensor(judge), shapes, torch.relu)[:, 0]  # noqa: E731
    tasks, logs = torch_flow.forward(flow, leaf, torch.tensor(noise), level)
    squash = lambda x: 5.0 * torch.tanh(x / 5.0)  # noqa: E731
    feasibility = ((squash(logit(tasks)) - squash(level.logit())) ** 2).mean()
    known = torch.tensor(solved)
    validity = -torch_flow.log_density(flow, leaf, known, torch.sigmoid(logit(known)).clamp(1e-3, 0.999)).mean()
    (feasibility + validity + logs.mean()).backward()
    np.testing.assert_allclose(losses, [float(x.detach()) for x in (feasibility, validity, logs.mean())], rtol=1e-3)
    np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-2, atol=1e-3 * float(leaf.grad.abs().max()))


# --- Tasks drawn ahead --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("updates", [0, 1])
def test_tasks_one_by_one_are_those_of_a_batch(updates):
    single, batch = build(n_steps=2), build(n_steps=2)
    tasks = np.random.default_rng(0).random((50 * updates, 2))
    for teacher in (single, batch):
        teacher.update(outcomes(tasks, capable_on_the_left(0)(tasks)))
    one_by_one = np.concatenate([single.sample().values for _ in range(120)])  # more than two blocks
    np.testing.assert_array_equal(one_by_one, batch.sample(120).values)
    np.testing.assert_array_equal(single.sample(7).values, batch.sample(7).values)


def test_a_teacher_restored_in_the_middle_of_a_block_continues_identically():
    teacher, restored = build(n_steps=2), build(n_steps=2, seed=1)
    play(teacher, 50, capable_on_the_left(0))
    teacher.sample(20)
    restored.load_state_dict(teacher.state_dict())
    for twin in (teacher, restored):
        play(twin, 10, capable_on_the_left(1), batch=1)
    np.testing.assert_array_equal(
        play(teacher, 125, capable_on_the_left(2)), play(restored, 125, capable_on_the_left(2))
    )


def test_an_update_of_the_setter_discards_the_tasks_drawn_with_the_old_one():
    teacher = build(n_steps=2)
    teacher.sample(5)
    assert len(teacher.state_dict()["algorithm"]["block"]) == 45
    tasks = np.random.default_rng(0).random((50, 2))
    teacher.update(outcomes(tasks, capable_on_the_left(0)(tasks)))
    assert len(teacher.state_dict()["algorithm"]["block"]) == 0


@pytest.mark.parametrize("block", [np.full((3, 2), 2.0), np.full((3, 1), 0.5), np.full((1, 2), np.nan)])
def test_a_state_whose_block_holds_no_tasks_is_refused(block):
    teacher = build()
    state = teacher.state_dict()
    state["algorithm"]["block"] = block
    with pytest.raises(ValueError, match="block"):
        teacher.load_state_dict(state)


# --- Success, hyperparameters, state ------------------------------------------------------------------------------


def test_unknown_success_without_a_threshold_is_refused_and_both_mends_are_named():
    teacher = build()
    tasks = teacher.sample(2)
    with pytest.raises(ValueError, match=r"is_success.*success_above"):
        teacher.update(outcomes(tasks.values, [1.0, np.nan], tasks.ids))
    assert teacher.metrics()["outcomes"] == 0.0


def test_a_return_above_the_threshold_is_a_success_where_the_environment_does_not_tell():
    teacher = build(expert={"success_above": 230.0})
    teacher.update(outcomes(np.full((4, 2), 0.5), [np.nan, np.nan, 0.0, 1.0], returns=[231.0, 230.0, 300.0, 0.0]))
    assert teacher.metrics()["mean_success"] == 0.5


def test_presets_fill_in_what_is_not_given():
    teacher = make_teacher("setter-solver", SQUARE, preset="teachmyagent", noise=0.2)
    assert (teacher.fit_rate, teacher.n_steps, teacher.hidden, teacher.noise) == (50, 1, 64, 0.2)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"preset": "teachmyagen"}, "Did you mean 'teachmyagent'"),
        ({"fit_rate": 0}, "fit_rate must be at least 1"),
        ({"memory": 0}, "memory must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be finite and positive"),
        ({"noise": -0.1}, "noise must lie between 0 and 1"),
        ({"feasibility": (0.9, 0.1)}, "low ≤ high"),
        ({"feasibility": (0.0, 1.0)}, "0.001"),
        ({"success_above": np.nan}, "success_above must be finite"),
    ],
)
def test_impossible_hyperparameters_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        build(**arguments)


@pytest.mark.parametrize(("change", "sentence"), [({"n_steps": 3}, "n_steps=10"), ({"hidden": 8}, "hidden=16")])
def test_a_state_with_other_hyperparameters_is_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        build(**change).load_state_dict(build().state_dict())


@pytest.mark.parametrize("module", ["setter_solver", "goal_gan"])
def test_neither_listing_the_teachers_nor_importing_them_loads_torch(module, tmp_path):
    code = (
        f"import sys, tutelage, tutelage.teachers.frontier.{module}; tutelage.list_teachers(); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
