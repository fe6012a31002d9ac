"""What ALP-GMM and Covar-GMM have in common, for both of them."""

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.teachers.expert_knowledge import ExpertKnowledge

SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
STUMPS = TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))
EXPERT = ExpertKnowledge(initial_mean=[0.5, 5.0], initial_std=[0.01, 0.1], good_return=230.0)

both = pytest.mark.parametrize("name", ["alp-gmm", "covar-gmm"])


def outcomes(tasks, returns, ids=None):
    tasks = np.asarray(tasks, float)
    ids = np.full(len(tasks), -1) if ids is None else ids
    return Outcomes(tasks=tasks, ids=ids, returns=returns, lengths=np.ones(len(tasks), int))


def play(teacher, episodes, batch=10):
    """Let a student play that makes progress where x > 0.7; returns the tasks."""
    handed_out = []
    for i in range(episodes // batch):
        tasks = teacher.sample(batch)
        handed_out.append(tasks.values)
        returns = np.where(teacher.task_space.to_unit(tasks.values)[:, 0] > 0.7, 0.01 * i, 0.0)
        teacher.update(outcomes(tasks.values, returns, tasks.ids))
    return np.concatenate(handed_out)


# --- Bootstrap and expert knowledge ----------------------------------------------------------------------------------


@both
def test_the_first_fit_is_at_episode_fit_rate_and_then_at_each_multiple(name):
    teacher, mixtures = make_teacher(name, SQUARE, seed=0, fit_rate=50), []
    for episode in range(1, 161):
        play(teacher, 1, batch=1)
        if not mixtures or teacher.mixture is not mixtures[-1][1]:
            mixtures.append((episode, teacher.mixture))
    assert [episode for episode, mixture in mixtures if mixture is not None] == [50, 100, 150]


@both
def test_an_expert_says_where_to_begin(name):
    teacher = make_teacher(name, STUMPS, seed=0, expert=EXPERT, fit_rate=50)
    values = play(teacher, 50)
    np.testing.assert_allclose(values.mean(axis=0), [0.5, 5.0], atol=0.06)
    assert (values.std(axis=0) < [0.02, 0.2]).all()
    assert (teacher.sample(500).values.std(axis=0) > [0.02, 0.2]).all()  # after the first fit, no longer


@both
@pytest.mark.parametrize("level", ["no", "low"])
def test_an_expert_who_does_not_know_where_to_begin_leaves_the_bootstrap_uniform(name, level):
    teacher = make_teacher(name, STUMPS, seed=0, expert=EXPERT.at_level(level))
    np.testing.assert_array_equal(teacher.sample(50).values, make_teacher(name, STUMPS, seed=0).sample(50).values)


@both
def test_an_explicit_bootstrap_wins_over_the_experts(name):
    teacher = make_teacher(name, STUMPS, seed=0, expert=EXPERT, bootstrap_mean=[2.5, 1.0], bootstrap_std=0.01)
    np.testing.assert_allclose(teacher.sample(50).values.mean(axis=0), [2.5, 1.0], atol=0.02)


@both
def test_an_experts_tasks_are_valid_in_a_space_with_integers(name):
    space = TaskSpace(x=(0.0, 1.0), rooms=range(2, 7), width=(1.0, 1.0))
    teacher = make_teacher(name, space, seed=0, expert=ExpertKnowledge(initial_mean=[0.1, 3, 1.0]))
    values = teacher.sample(100).values
    assert (values[:, 1] == np.rint(values[:, 1])).all()
    assert (values[:, 2] == 1.0).all()


@both
def test_an_expert_for_another_space_is_refused(name):
    with pytest.raises(ValueError, match="initial_mean must have shape"):
        make_teacher(name, TaskSpace(x=(0.0, 1.0)), expert=EXPERT)
    with pytest.raises(ValueError, match="outside"):
        make_teacher(name, SQUARE, expert=EXPERT)
    with pytest.raises(TypeError, match="ExpertKnowledge"):
        make_teacher(name, SQUARE, expert=[0.5, 0.5])
    with pytest.raises(ValueError, match="initial_mean"):
        make_teacher(name, SQUARE, expert={"initial_means": [0.5, 0.5]})


@both
def test_an_expert_can_be_a_mapping_as_it_comes_from_a_file(name):
    drawn = [
        make_teacher(name, STUMPS, seed=0, expert=expert).sample(20).values
        for expert in (EXPERT, {"initial_mean": [0.5, 5.0], "initial_std": [0.01, 0.1]})
    ]
    np.testing.assert_array_equal(*drawn)


# --- Sampling --------------------------------------------------------------------------------------------------------


@both
def test_the_density_is_that_of_the_samples(name):
    teacher = make_teacher(name, STUMPS, seed=0, fit_rate=100, random_task_ratio=0.0)
    tasks, noise = STUMPS.sample(100, np.random.default_rng(0)), np.random.default_rng(1).random(100)
    teacher.update(outcomes(tasks, (tasks[:, 0] > 2) * (noise + np.linspace(0.0, 1.0, 100))))
    drawn = STUMPS.to_unit(teacher.sample(20_000).values)
    inside = ((drawn > 0.0) & (drawn < 1.0)).all(axis=1)  # clipped samples lie on the faces
    counts = np.histogramdd(drawn[inside], bins=5, range=[(0, 1), (0, 1)])[0]
    fine = (np.arange(200) + 0.5) / 200
    grid = np.stack(np.meshgrid(fine, fine, indexing="ij"), -1).reshape(-1, 2)
    expected = teacher.density(STUMPS.from_unit(grid)).reshape(5, 40, 5, 40).mean(axis=(1, 3)) / 25
    np.testing.assert_allclose(counts / 20_000, expected, atol=0.015)


@both
def test_a_share_of_tasks_is_uniform(name):
    teacher = make_teacher(name, SQUARE, seed=0, fit_rate=50, random_task_ratio=0.3)
    play(teacher, 50)
    teacher._means[:] = -9.0  # every task of the mixture is clipped to the corner
    assert 0.28 < (teacher.sample(10_000).values > 0.0).any(axis=1).mean() < 0.32


@both
def test_fixed_dimensions_are_left_out_of_the_mixture(name):
    space = TaskSpace(width=(0.25, 0.25), x=(0.0, 1.0), k=range(3, 4))
    teacher = make_teacher(name, space, seed=0, fit_rate=50)
    values = play(teacher, 100)
    assert teacher.mixture.dimension == {"alp-gmm": 2, "covar-gmm": 3}[name]
    assert (values[:, [0, 2]] == [0.25, 3.0]).all()


@both
@pytest.mark.parametrize("backend", ["torch", "sklearn"])
def test_other_backends_find_where_progress_is_made(name, backend):
    teacher = make_teacher(name, SQUARE, seed=0, fit_rate=100, backend=backend, ks=[2, 3, 4])
    tasks = play(teacher, 500)
    assert (tasks[250:, 0] > 0.7).mean() > 0.45  # uniform: 0.3


@both
def test_torch_hands_out_the_tasks_of_numba(name):
    drawn = []
    for backend in ("numba", "torch"):
        drawn.append(play(make_teacher(name, SQUARE, seed=0, fit_rate=100, backend=backend, ks=[2, 3, 4]), 300))
    np.testing.assert_allclose(drawn[0], drawn[1], atol=1e-6)


# --- Degenerate tasks ------------------------------------------------------------------------------------------------

DEGENERATE = {
    "one task": np.full((100, 2), 0.3),
    "two tasks": np.repeat([[0.1, 0.1], [0.9, 0.9]], 50, axis=0),
    "a line": np.column_stack([np.linspace(0.0, 1.0, 100), np.full(100, 0.5)]),
}


@both
@pytest.mark.parametrize("compat", [None, "portelas2019"])
@pytest.mark.parametrize("backend", ["numba", "torch", "sklearn"])
@pytest.mark.parametrize("tasks", DEGENERATE)
def test_degenerate_tasks_are_survived_without_a_regularised_covariance(name, tasks, backend, compat):
    settings = {"fit_rate": 50, "reg_covar": 0.0, "backend": backend, "compat": compat, "ks": [1, 3]}
    for returns in (np.zeros(100), np.arange(100.0)):
        teacher = make_teacher(name, SQUARE, seed=0, **settings)
        for part in (slice(0, 50), slice(50, 100)):
            teacher.update(outcomes(DEGENERATE[tasks][part], returns[part]))
        assert teacher.metrics()["k"] > 0.0
        assert SQUARE.contains(teacher.sample(50).values).all()
        assert np.isfinite(teacher.density(SQUARE.grid(4))).all()


@both
def test_a_mixture_whose_covariances_are_zero_is_sampled_from_at_its_means(name):
    teacher = make_teacher(name, SQUARE, seed=0, fit_rate=50, random_task_ratio=0.0)
    play(teacher, 50)
    teacher._mixture.covariances[:] = 0.0
    teacher._prepare_sampling()
    distance = np.abs(teacher.sample(50).values[:, None] - teacher._means).max(axis=2).min(axis=1)
    assert distance.max() < 1e-6
    assert np.isfinite(teacher.density(np.concatenate([np.clip(teacher._means, 0.0, 1.0), SQUARE.grid(4)]))).all()


@both
def test_a_covariance_that_has_a_factor_is_left_as_it_is(name):
    teacher = make_teacher(name, SQUARE, seed=0, fit_rate=50)
    play(teacher, 50)
    covariances = teacher.mixture.covariances[:, :2, :2]
    np.testing.assert_array_equal(teacher._factors, np.linalg.cholesky(covariances))


# --- Hyperparameters -------------------------------------------------------------------------------------------------


def test_presets_of_alp_gmm_are_those_of_the_papers():
    paper, benchmark = (make_teacher("alp-gmm", SQUARE, preset=name) for name in ("paper", "teachmyagent"))
    assert (paper.fit_rate, paper.random_task_ratio, paper.ks) == (250, 0.2, tuple(range(2, 11)))
    assert (benchmark.fit_rate, benchmark.random_task_ratio, benchmark.ks) == (150, 0.05, tuple(range(2, 10)))


@both
def test_the_preset_of_the_paper_is_the_default(name):
    teacher, paper = make_teacher(name, SQUARE, seed=0), make_teacher(name, SQUARE, seed=0, preset="paper")
    assert teacher._identity() == paper._identity()


@both
def test_arguments_win_over_the_preset(name):
    teacher = make_teacher(name, SQUARE, preset="teachmyagent", fit_rate=80, random_task_ratio=0.0)
    assert (teacher.fit_rate, teacher.random_task_ratio, teacher.n_bootstrap) == (80, 0.0, 80)
    assert len(teacher.ks) > 3


@both
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"preset": "papers"}, "Did you mean 'paper'"),
        ({"fit_rate": 5}, "fit_rate must be at least the largest k"),
        ({"preset": "teachmyagent", "fit_rate": 8}, "fit_rate must be at least the largest k"),
        ({"random_task_ratio": 1.5}, "between 0 and 1"),
        ({"criterion": "aik"}, "Did you mean 'aic'"),
        ({"ks": []}, "at least 1"),
        ({"backend": "numb"}, "Did you mean 'numba'"),
        ({"device": "cuda"}, "use backend='torch'"),
        ({"return_bounds": (3, 3)}, "low < high"),
        ({"compat": "portelas"}, "portelas2019"),
        ({"bootstrap_mean": [9.0, 9.0]}, "outside"),
        ({"bootstrap_std": 1.0}, "needs a bootstrap_mean"),
        ({"n_em_init": 0}, "n_em_init"),
        ({"reg_covar": -1.0}, "reg_covar"),
        ({"n_bootstrap": -1}, "n_bootstrap"),
    ],
)
def test_impossible_hyperparameters_are_refused(name, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_teacher(name, SQUARE, seed=0, **arguments)
