"""GoalGAN: how tasks are proposed and labelled, when the GAN is trained, and where it aims."""

import numpy as np
import pytest
import torch
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.teachers.frontier import goal_gan as module

from ..kernels import torch_flow
from ..noisy_student import capable_on_the_left, is_medium

SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
SMALL = {"hidden": (32, 32), "iterations": 100, "fit_rate": 40}


def outcomes(tasks, success, ids=None, **columns):
    tasks = np.asarray(tasks, float)
    ids = np.full(len(tasks), -1) if ids is None else ids
    returns = np.zeros(len(tasks))
    columns = {"returns": returns, "lengths": np.ones(len(tasks), int), "success": success, **columns}
    return Outcomes(tasks=tasks, ids=ids, **columns)


def play(teacher, episodes, success_of, batch=10):
    """Let a student (a function from tasks to success) play; returns the tasks."""
    handed_out = []
    for _ in range(episodes // batch):
        tasks = teacher.sample(batch)
        handed_out.append(tasks.values)
        teacher.update(outcomes(tasks.values, success_of(tasks.values), tasks.ids))
    return np.concatenate(handed_out)


def build(space=SQUARE, **hyperparameters):
    return make_teacher("goal-gan", space, **{"seed": 0, **SMALL, **hyperparameters})


# --- Does it adapt? -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_proposes_tasks_at_which_the_student_succeeds_sometimes(seed):
    teacher = build(seed=seed)
    tasks = play(teacher, 560, capable_on_the_left(seed))
    assert is_medium(tasks[320:]).mean() > 0.4  # uniform: 0.22
    points = SQUARE.grid(21)
    density = teacher.density(points)
    assert density[is_medium(points)].mean() > 1.5 * density.mean()


def test_a_student_that_never_succeeds_gets_the_initial_distribution():
    teacher = build()
    tasks = play(teacher, 400, lambda tasks: np.zeros(len(tasks)))
    assert (teacher.metrics()["trainings"], teacher.metrics()["discarded"]) == (0.0, 5.0)
    assert teacher.density(tasks) is None
    np.testing.assert_allclose(tasks.mean(axis=0), 0.5, atol=0.08)


def test_a_student_that_always_succeeds_gets_tasks_from_everywhere():
    tasks = play(build(p_old=0.5), 400, lambda tasks: np.ones(len(tasks)))
    np.testing.assert_allclose(tasks.std(axis=0), 12**-0.5, atol=0.05)


def test_a_student_that_has_outgrown_the_generator_is_offered_other_tasks():
    teacher = build(p_old=0.0, noise=0.0, fallback_ratio=0.5)
    left = np.repeat(np.random.default_rng(0).random((40, 2)) * [0.2, 1.0], 2, axis=0)
    teacher.update(outcomes(left, np.tile([0.0, 1.0], 40)))  # a GAN for the left side
    assert teacher.metrics()["trainings"] == 1.0
    before = (teacher.sample(400).values[:, 0] > 0.9).mean()
    teacher.update(outcomes(left, np.ones(80)))
    assert teacher.metrics()["discarded"] == 1.0
    assert (teacher.sample(400).values[:, 0] > 0.9).mean() > before + 0.02  # a tenth of one half


def test_it_works_in_one_and_in_fifty_dimensions():
    for d in (1, 50):
        space = TaskSpace({f"x{i}": (0.0, 1.0) for i in range(d)})
        teacher = build(space)
        tasks = play(teacher, 240, capable_on_the_left(0), batch=40)
        assert space.contains(tasks).all()
        assert teacher.metrics()["trainings"] > 0
        assert np.isfinite(teacher.density(tasks)).all()


# --- Proposals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batches", [[12], [1] * 12, [2, 5, 4, 1]])
def test_a_proposal_is_handed_out_n_rollouts_times_in_a_row(batches):
    teacher = build(n_rollouts=3)
    tasks = np.concatenate([teacher.sample(n).values for n in batches])
    assert (tasks.reshape(4, 3, 2) == tasks[::3][:, None]).all()
    assert len(np.unique(tasks, axis=0)) == 4


def test_tasks_come_from_the_experts_initial_distribution_at_first():
    teacher = build(expert={"initial_mean": [0.2, 0.9], "initial_std": 0.01})
    np.testing.assert_allclose(teacher.sample(100).values, np.tile([0.2, 0.9], (100, 1)), atol=0.06)


def test_pretraining_imitates_the_initial_distribution():
    teacher = build(expert={"initial_mean": [0.2, 0.8], "initial_std": 0.05}, pretrain=True, noise=0.0)
    tasks = teacher.sample(200).values
    assert teacher.density(tasks) is not None
    np.testing.assert_allclose(tasks.mean(axis=0), [0.2, 0.8], atol=0.15)


def test_pretraining_without_an_expert_imitates_a_gaussian_somewhere():
    teacher = build(pretrain=True, noise=0.0, seed=3)
    mean = teacher._random_mean
    drawn = teacher._draw_initial(4000)
    inside = (drawn > 0.0) & (drawn < 1.0)
    assert inside.mean() > 0.9
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.02)
    np.testing.assert_allclose(drawn.std(axis=0), 0.1, atol=0.01)
    tasks = teacher.sample(200).values
    np.testing.assert_allclose(tasks.mean(axis=0), mean, atol=0.15)


def test_where_pretraining_without_an_expert_begins_is_a_matter_of_the_seed():
    means = np.array([build(pretrain=True, seed=seed)._random_mean for seed in range(200)])
    np.testing.assert_allclose(means.mean(axis=0), 0.5, atol=0.08)
    np.testing.assert_allclose(means.std(axis=0), 12**-0.5, atol=0.05)
    np.testing.assert_array_equal(build(pretrain=True, seed=7)._random_mean, means[7])


def test_where_pretraining_begins_is_part_of_the_state():
    teacher, other = build(pretrain=True, seed=0), build(pretrain=True, seed=1)
    other.load_state_dict(teacher.state_dict())
    np.testing.assert_array_equal(other.sample(50).values, teacher.sample(50).values)
    np.testing.assert_array_equal(other._draw_initial(5), teacher._draw_initial(5))


def test_tasks_of_the_initial_distribution_come_from_the_gaussian_that_was_imitated():
    teacher = build(pretrain=True, noise=0.0, p_old=0.0, fallback_ratio=1.0)
    left = np.repeat(np.random.default_rng(0).random((40, 2)), 2, axis=0)
    teacher.update(outcomes(left, np.zeros(80)))  # no positive label
    tasks = teacher.sample(2000).values
    np.testing.assert_allclose(tasks.mean(axis=0), teacher._random_mean, atol=0.03)


@pytest.mark.parametrize("settings", [{}, {"pretrain": True, "expert": {"initial_mean": [0.2, 0.8]}}], ids=str)
def test_without_pretraining_or_with_an_expert_no_mean_is_drawn(settings):
    assert build(**settings)._random_mean.shape == (0,)


@pytest.mark.parametrize("preset", ["paper", "teachmyagent"])
def test_the_presets_that_pretrain_learn_without_an_expert_where_the_gaussian_meets_the_frontier(preset):
    teacher = build(preset=preset, seed=0, iterations=60, fit_rate=40)
    teacher._random_mean = np.array([0.3, 0.5])
    play(teacher, 600, capable_on_the_left(0))
    assert teacher.metrics()["trainings"] > 0.0


def test_a_preset_that_pretrains_stays_where_it_is_without_a_success():
    teacher = build(preset="teachmyagent", iterations=60)
    play(teacher, 400, lambda tasks: np.zeros(len(tasks)))
    before = teacher.density(SQUARE.grid(5))
    play(teacher, 400, lambda tasks: np.zeros(len(tasks)))
    assert (teacher.metrics()["trainings"], teacher.metrics()["discarded"]) == (0.0, 10.0)
    np.testing.assert_array_equal(teacher.density(SQUARE.grid(5)), before)


def test_mastered_tasks_are_replayed_with_noise():
    teacher = build(p_old=1.0, noise=0.01)
    teacher.update(outcomes([[0.3, 0.7]] * 2, [1.0, 1.0]))
    tasks = teacher.sample(100).values
    np.testing.assert_allclose(tasks, np.tile([0.3, 0.7], (100, 1)), atol=0.06)
    assert len(np.unique(tasks, axis=0)) == 50


# --- Labels -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("success", "label", "mastered"), [([0, 0], 0.0, 0), ([0, 1], 1.0, 0), ([1, 0], 1.0, 0), ([1, 1], 0.0, 1)]
)
def test_a_task_is_of_intermediate_difficulty_if_its_mean_success_lies_between(success, label, mastered):
    teacher = build()
    tasks = teacher.sample(2)
    teacher.update(outcomes(tasks.values, success, tasks.ids))
    assert teacher._labels[0] == label
    assert teacher.metrics()["labels"] == 1.0
    assert teacher.metrics()["mastered"] == mastered


def test_the_bounds_of_intermediate_difficulty_are_included():
    teacher = build(goid=(0.5, 0.5))
    teacher.update(outcomes([[0.3, 0.7]] * 2, [0.0, 1.0]))
    assert teacher._labels[0] == 1.0


def test_rollouts_that_come_late_and_mixed_up_are_told_apart():
    teacher = build()
    tasks = teacher.sample(4)
    teacher.update(outcomes(tasks.values[[0, 3]], [1, 0], tasks.ids[[0, 3]]))
    assert teacher.metrics()["labels"] == 0.0
    teacher.update(outcomes(tasks.values[[2, 1]], [0, 0], tasks.ids[[2, 1]]))
    assert teacher._labels[:2].tolist() == [0.0, 1.0]  # the second proposal was complete first
    np.testing.assert_allclose(teacher._points[1], tasks.values[0], atol=1e-12)


def test_a_task_whose_second_rollout_never_comes_is_not_labelled():
    teacher = build()
    for _ in range(30):
        tasks = teacher.sample(2)
        teacher.update(outcomes(tasks.values[:1], [1], tasks.ids[:1]))
    assert teacher.metrics()["labels"] == 0.0


def test_foreign_rollouts_of_the_same_task_belong_together():
    teacher = build()
    teacher.update(outcomes([[0.1, 0.1], [0.2, 0.2], [0.1, 0.1]], [1, 1, 0]))
    assert teacher.metrics()["labels"] == 1.0
    assert teacher._labels[0] == 1.0


def test_what_is_awaited_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "_MAX_OPEN", 10)
    teacher = build()
    teacher.update(outcomes(np.random.default_rng(0).random((50, 2)), np.ones(50)))
    assert len(teacher._foreign) == 10


def test_mastered_tasks_keep_their_distance():
    teacher = build(distance=0.1)  # of the diagonal: 0.14
    tasks = np.repeat([[0.5, 0.5], [0.6, 0.5], [0.7, 0.5]], 2, axis=0)
    teacher.update(outcomes(tasks, np.ones(6)))
    np.testing.assert_allclose(teacher._mastered, [[0.5, 0.5], [0.7, 0.5]])


def test_the_buffer_of_mastered_tasks_is_bounded_and_drops_the_oldest():
    teacher = build(buffer_size=3)
    tasks = np.repeat(np.linspace(0.1, 0.9, 5)[:, None] * [1.0, 1.0], 2, axis=0)
    teacher.update(outcomes(tasks, np.ones(10)))
    np.testing.assert_allclose(np.sort(teacher._mastered[:, 0]), [0.5, 0.7, 0.9])


# --- Training -----------------------------------------------------------------------------------------------------


def test_the_gan_is_trained_at_fit_rate_labels_if_one_is_positive():
    teacher = build(fit_rate=5)
    rng = np.random.default_rng(0)
    for positives, trainings, discarded in [(0, 0, 1), (1, 1, 1), (0, 1, 2), (5, 2, 2)]:
        tasks = np.repeat(rng.random((5, 2)), 2, axis=0)
        success = np.zeros((5, 2))
        success[:positives, 1] = 1.0
        teacher.update(outcomes(tasks[:-1], success.ravel()[:-1]))
        assert teacher.metrics()["labels"] == 4.0
        teacher.update(outcomes(tasks[-1:], success.ravel()[-1:]))
        metrics = teacher.metrics()
        assert (metrics["trainings"], metrics["discarded"], metrics["labels"]) == (trainings, discarded, 0.0)
        assert metrics["positive_share"] == positives / 5


def test_the_generator_learns_from_positive_labels_and_shuns_negative_ones():
    teacher = build(iterations=200)
    rng = np.random.default_rng(0)
    for _ in range(3):
        tasks = rng.random((40, 2))
        success = np.column_stack([np.ones(40), tasks[:, 0] < 0.7])  # medium where x > 0.7
        teacher.update(outcomes(np.repeat(tasks, 2, axis=0), success.ravel()))
    density = teacher.density([[0.85, 0.5], [0.3, 0.5]])
    assert density[0] > 2.0 * density[1]


# --- Success ------------------------------------------------------------------------------------------------------


def test_unknown_success_without_a_threshold_is_refused_and_both_mends_are_named():
    teacher = build()
    tasks = teacher.sample(2)
    before = teacher.metrics()
    with pytest.raises(ValueError, match=r"is_success.*success_above"):
        teacher.update(outcomes(tasks.values, [1.0, np.nan], tasks.ids))
    assert teacher.metrics() == before
    teacher.update(outcomes(tasks.values, [1.0, 0.0], tasks.ids))
    assert teacher.metrics()["labels"] == 1.0


@pytest.mark.parametrize("arguments", [{"success_above": 230.0}, {"expert": {"success_above": 230.0}}])
def test_a_return_above_the_threshold_is_a_success_where_the_environment_does_not_tell(arguments):
    teacher = build(n_rollouts=1, **arguments)
    tasks = np.random.default_rng(0).random((3, 2))
    teacher.update(outcomes(tasks, [np.nan, np.nan, 0.0], returns=[231.0, 230.0, 300.0]))
    assert teacher.metrics()["mastered"] == 1.0


def test_episodes_of_the_warm_up_need_no_success():
    teacher = build()
    teacher.update(outcomes([[0.1, 0.1]], [np.nan], warmup=[True]))
    assert teacher.metrics()["labels"] == 0.0


# --- Hyperparameters, state ---------------------------------------------------------------------------------------


def test_presets_fill_in_what_is_not_given():
    paper = make_teacher("goal-gan", SQUARE, preset="paper", p_old=0.5)
    assert (paper.goid, paper.p_old, paper.n_rollouts, paper.fit_rate) == ((0.1, 0.9), 0.5, 3, 300)
    benchmark = make_teacher("goal-gan", SQUARE, preset="teachmyagent")
    assert (benchmark.noise, benchmark.p_old, benchmark.fit_rate, benchmark.pretrain) == (0.1, 0.1, 100, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"preset": "papers"}, "Did you mean 'paper'"),
        ({"fit_rate": 0}, "fit_rate must be at least 1"),
        ({"n_rollouts": 0}, "n_rollouts must be at least 1"),
        ({"goid": (0.8, 0.2)}, "low ≤ high"),
        ({"p_old": 1.5}, "p_old must lie between 0 and 1"),
        ({"fallback_ratio": -0.1}, "fallback_ratio must lie between 0 and 1"),
        ({"noise": np.nan}, "noise must be finite"),
        ({"distance": -1.0}, "distance must be finite and at least 0"),
        ({"success_above": np.inf}, "success_above must be finite"),
        ({"hidden": (0, 4)}, "widths"),
        ({"expert": {"initial_mean": [3.0, 0.0]}}, "outside"),
    ],
)
def test_impossible_hyperparameters_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        build(**arguments)


@pytest.mark.parametrize(("change", "sentence"), [({"n_rollouts": 3}, "n_rollouts"), ({"hidden": (8, 8)}, "shape")])
def test_a_state_with_other_hyperparameters_is_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        build(**change).load_state_dict(build().state_dict())


def test_a_state_saved_between_two_rollouts_continues_with_the_second():
    teacher, other = build(), build(seed=1)
    first = teacher.sample(3)
    teacher.update(outcomes(first.values[:1], [1], first.ids[:1]))
    other.load_state_dict(teacher.state_dict())
    second = other.sample(1)
    np.testing.assert_array_equal(second.values[0], first.values[2])
    other.update(outcomes(first.values[1:2], [0], first.ids[1:2]))
    assert other._labels[0] == 1.0


def test_a_training_is_that_of_automatic_gradients():
    teacher = module.GoalGAN(SQUARE, seed=0, success_above=0.5, hidden=(8, 6))
    points, labels = np.random.default_rng(1).random((30, 2)), (np.arange(30) % 2).astype(float)
    weights = {name: torch.tensor(value, requires_grad=True) for name, value in teacher._weights.items()}
    squares = {name: torch.zeros_like(value) for name, value in weights.items()}
    rng = np.random.default_rng(0)
    rng.bit_generator.state = teacher.rng.bit_generator.state

    teacher._train(points, labels, 5)

    def network(name, x, activation):
        return torch_flow.perceptron(x, weights[name], teacher._shapes[name], activation)

    def fake():
        noise = torch.from_numpy(rng.standard_normal((64, 2), dtype=np.float32))
        return 2.0 * torch.tanh(network("generator", noise, torch.relu))

    def step(name, loss):
        (gradient,) = torch.autograd.grad(loss, weights[name])
        squares[name] = 0.9 * squares[name] + 0.1 * gradient**2
        weights[name] = (weights[name] - 1e-3 * gradient / (squares[name].sqrt() + 1e-8)).detach().requires_grad_()

    leaky = torch.nn.functional.leaky_relu
    real, signs = (torch.tensor(v, dtype=torch.float32) for v in (2.0 * points - 1.0, 2.0 * labels - 1.0))
    for pick in rng.integers(30, size=(5, 64)):
        scores = network("critic", torch.cat([real[pick], fake().detach()]), leaky)[:, 0]
        # Mao et al. 2017, eq. 9, as a sum over real and generated tasks
        step("critic", ((scores[:64] - signs[pick]) ** 2).mean() + ((scores[64:] + 1.0) ** 2).mean())
        step("generator", (network("critic", fake(), leaky) ** 2).mean())
    for name, value in weights.items():
        np.testing.assert_allclose(teacher._weights[name], value.detach(), atol=2e-4)


# --- Tasks that are handed out again ------------------------------------------------------------------------------


def test_a_rollout_of_a_task_that_is_handed_out_again_is_none_of_the_next_proposal():
    teacher = build(n_rollouts=2)
    first = teacher.sample(4)  # A, A, B, B
    again = teacher.repeat(first[[0]])
    later = teacher.sample(3)  # C, C, D
    a, b, c = first.values[0], first.values[2], later.values[0]
    np.testing.assert_array_equal(later.values[1], c)
    assert not (later.values[2] == c).all()
    rows = np.stack([a, a, b, b, a, c, c])
    ids = [*first.ids, *again.ids, *later.ids[:2]]
    resumed = build(n_rollouts=2)
    resumed.load_state_dict(teacher.state_dict())
    for each in (teacher, resumed):
        each.update(outcomes(rows, [1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0], ids))
        assert (each._n_labels, each._labels[:3].tolist()) == (3, [0.0, 0.0, 1.0])  # C alone is intermediate
        assert len(each._foreign) == 1
    np.testing.assert_array_equal(teacher.sample(5).values, resumed.sample(5).values)


def test_ids_of_long_ago_are_told_from_repeated_ones_as_long_as_these_are_known(monkeypatch):
    monkeypatch.setattr(module, "_MAX_AGAIN", 2)
    teacher = build()
    for _ in range(4):
        teacher.repeat(teacher.sample(2)[[1]])  # ids 0 1 (2) 3 4 (5) 6 7 (8) 9 10 (11)
    assert [teacher._drawn(i) for i in (6, 7, 8, 9, 10, 11, 12)] == [-1, -1, -1, 6, 7, -1, -1]
