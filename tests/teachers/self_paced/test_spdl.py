"""SPDL: the trust region, α, when it updates, and students that are hard to read."""

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.teachers.expert_knowledge import ExpertKnowledge
from tutelage.teachers.self_paced.gaussian import Gaussian

from ..frontier.frontier_student import FrontierStudent, teach

SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
STUMPS = TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))
EXPERT = {"initial_mean": [0.2, 0.5], "initial_std": 0.1, "target_mean": [0.9, 0.5], "target_std": [0.05, 0.2]}


def spdl(space=SQUARE, **arguments):
    defaults = {"seed": 0, "update_every_episodes": 50, "alpha_offset": 0}
    return make_teacher("spdl", space, **{**defaults, **arguments})


def play(teacher, student, episodes=50, batch=50, length=10, **columns):
    """Let a student (a function of tasks) play; returns the tasks."""
    played = []
    for _ in range(episodes // batch):
        tasks = teacher.sample(batch)
        played.append(tasks.values)
        full = {name: function(tasks.values) for name, function in columns.items()}
        returns = np.asarray(student(tasks.values), float) + np.zeros(batch)
        teacher.update(
            Outcomes(
                tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=np.full(batch, length), signals=full or None
            )
        )
    return np.concatenate(played)


def able(tasks):
    """A student that can do everything equally well."""
    return np.full(len(tasks), 100.0)


def frontier(tasks):
    """A student that can do only what lies left of 0.4."""
    return 100.0 * (tasks[:, 0] < 0.4)


# --- Presets ---------------------------------------------------------------------------------------------------------


def test_the_preset_of_the_paper_updates_every_2048_steps_after_five_rounds():
    teacher = make_teacher("spdl", SQUARE, seed=0, preset="paper", expert=EXPERT)
    play(teacher, able, episodes=1000, length=10)
    assert teacher.metrics()["updates"] == 0.0
    play(teacher, able, episodes=50, length=10)
    assert teacher.metrics()["updates"] == 1.0
    play(teacher, able, episodes=200, length=10)
    assert teacher.metrics()["updates"] == 2.0


def test_an_argument_wins_over_a_preset():
    teacher = make_teacher("spdl", SQUARE, seed=0, preset="paper", zeta=0.5)
    assert (teacher.zeta, teacher.max_kl) == (0.5, 0.05)


def test_a_misspelt_preset_is_named():
    with pytest.raises(ValueError, match="Did you mean 'paper'"):
        make_teacher("spdl", SQUARE, preset="papers")


# --- Beginning and end ----------------------------------------------------------------------------------------------


def test_it_begins_at_the_initial_distribution_in_task_units():
    teacher = spdl(STUMPS, expert={"initial_mean": [1.5, 3.0], "initial_std": [0.3, 0.6]})
    values = teacher.sample(20_000).values
    np.testing.assert_allclose(values.mean(axis=0), [1.5, 3.0], atol=0.02)
    np.testing.assert_allclose(values.std(axis=0), [0.3, 0.6], rtol=0.03)
    np.testing.assert_allclose((*teacher.mean, *teacher.std), [1.5, 3.0, 0.3, 0.6])


def test_without_an_expert_it_begins_at_a_random_task_and_aims_at_the_middle():
    means = np.array([spdl(seed=seed).mean for seed in range(200)])
    assert np.ptp(means, axis=0).min() > 0.9
    np.testing.assert_allclose(spdl().std, [0.1, 0.1])
    np.testing.assert_allclose(spdl()._target.mean, [0.5, 0.5])
    np.testing.assert_allclose(spdl()._target.std, [0.25, 0.25])


def test_expert_knowledge_at_the_level_high_is_not_lost():
    expert = ExpertKnowledge(**EXPERT)
    assert spdl(expert=expert.at_level("high")).mean.tolist() == [0.2, 0.5]
    assert spdl(expert=expert.at_level("low")).mean.tolist() == spdl().mean.tolist()


def test_a_student_that_can_do_everything_is_taken_to_the_target():
    teacher = spdl(expert=EXPERT)
    play(teacher, able, 3_000)
    np.testing.assert_allclose(teacher.mean, [0.9, 0.5], atol=1e-3)
    np.testing.assert_allclose(teacher.std, [0.05, 0.2], rtol=1e-3)
    assert teacher.metrics()["kl_to_target"] < 1e-6


def test_a_target_narrower_than_the_least_spread_is_reached_too():
    teacher = spdl(expert={**EXPERT, "target_std": 0.002})
    play(teacher, able, 6_000)
    np.testing.assert_allclose(teacher.std, [0.002, 0.002], rtol=1e-2)


# --- The update -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_kl", [0.01, 0.1, 0.8])
@pytest.mark.parametrize("student", [able, frontier, lambda t: 50 * t[:, 0] - 20], ids=["able", "frontier", "slope"])
def test_no_update_goes_further_than_the_trust_region(student, max_kl):
    teacher = spdl(expert=EXPERT, max_kl=max_kl)
    for _ in range(30):
        old = teacher._current
        play(teacher, student)
        assert old.kl(teacher._current) <= max_kl + 1e-12
        assert teacher.metrics()["last_kl"] == old.kl(teacher._current)


def test_alpha_is_zeta_times_the_performance_over_the_divergence():
    teacher = spdl(expert=EXPERT, zeta=0.3)
    distance = teacher.metrics()["kl_to_target"]
    play(teacher, able)
    assert np.isclose(teacher.metrics()["alpha"], 0.3 * 100.0 / distance)
    assert teacher.metrics()["performance"] == 100.0


def test_alpha_is_zero_in_the_first_updates():
    teacher, alphas = spdl(expert=EXPERT, alpha_offset=3), []
    for _ in range(5):
        play(teacher, able)
        alphas.append(teacher.metrics()["alpha"] > 0.0)
    assert alphas == [False, False, False, True, True]


@pytest.mark.parametrize("level", [0.0, -100.0])
def test_a_performance_that_is_never_positive_leaves_the_target_out(level):
    teacher = spdl(expert=EXPERT)
    play(teacher, lambda t: np.full(len(t), level), 1_000)
    assert teacher.metrics()["alpha"] == 0.0
    assert teacher.metrics()["updates"] == 20.0
    np.testing.assert_allclose(teacher.mean, [0.2, 0.5])  # constant values: nowhere is better


def test_negative_returns_still_take_it_to_where_they_are_higher():
    teacher = spdl(expert=EXPERT)
    play(teacher, lambda t: -100.0 * np.abs(t[:, 1] - 0.8), 3_000)
    np.testing.assert_allclose(teacher.mean[1], 0.8, atol=0.05)
    assert teacher.metrics()["alpha"] == 0.0


@pytest.mark.parametrize("seed", range(3))
def test_it_waits_for_a_student_that_cannot_do_the_target_yet(seed):
    teacher = spdl(expert=EXPERT, seed=seed)
    play(teacher, frontier, 3_000)
    here = teacher.mean[0]
    assert 0.2 < here < 0.5
    density = teacher.density([[here, 0.5], [0.9, 0.5]])
    assert density[0] > 2.0 > density[1]


@pytest.mark.parametrize("seed", range(3))
def test_it_goes_on_as_the_student_learns(seed):
    teacher, reach = spdl(expert=EXPERT, seed=seed), 0.3
    for _ in range(100):
        tasks = play(teacher, lambda t, reach=reach: 100.0 * (t[:, 0] < reach))
        reach = min(1.1, reach + 0.01 * (np.abs(tasks[:, 0] - reach) < 0.1).any())
    assert teacher.mean[0] > 0.8


@pytest.mark.parametrize("seed", range(3))
def test_it_keeps_a_student_at_its_frontier(seed):
    space = TaskSpace(x=(0.0, 1.0))
    expert = {"initial_mean": [0.05], "target_mean": [0.95], "target_std": 0.1}
    teacher, student = spdl(space, seed=seed, expert=expert, zeta=1.0), FrontierStudent(space)
    shares, chance = teach(teacher, student, 600)
    assert shares.mean() > 1.3 * chance.mean()


def test_the_step_is_the_natural_gradient_by_hand():
    teacher = spdl(TaskSpace(x=(0.0, 1.0)), expert={"initial_mean": [0.5]}, alpha_offset=9, update_every_episodes=4)
    tasks, values = np.array([[0.45], [0.5], [0.55], [0.6]]), np.array([1.0, 2.0, 3.0, 4.0])
    teacher.update(Outcomes(tasks=tasks, ids=[-1] * 4, returns=values, lengths=[1] * 4))
    white, advantage = (tasks[:, 0] - 0.5) / 0.1, (values - 2.5) / 4.0
    shift = (advantage * white).mean()
    growth = (advantage * (white**2 - 1.0)).mean()
    step = np.sqrt(2 * 0.1 / (shift**2 + 0.5 * growth**2))
    old, new = Gaussian(np.array([0.5]), np.array([[0.1]])), None
    for _ in range(20):
        new = old.stepped(np.array([step * shift]), np.array([[step * growth]]), np.array([0.01]), 100.0)
        if old.kl(new) <= 0.1:
            break
        step *= 0.7
    np.testing.assert_allclose(teacher._current.mean, new.mean)
    np.testing.assert_allclose(teacher._current.factor, new.factor)


def test_the_step_goes_where_finite_differences_say_that_the_objective_grows_fastest():
    rng = np.random.default_rng(0)
    teacher = spdl(expert=EXPERT, max_kl=1e-9)
    old = Gaussian(np.array([0.4, 0.6]), np.array([[0.2, 0.0], [0.1, 0.15]]))
    teacher._current, teacher._distance = old, old.kl(teacher._target)
    points, advantages = old.sample(40, rng), rng.standard_normal(40)

    def objective(vector):
        growth = np.array([[vector[2], vector[3]], [vector[3], vector[4]]])
        new = old.stepped(vector[:2], growth, np.full(2, 1e-6), 1e9)
        ratio = np.exp(new.log_density(points) - old.log_density(points))
        return (ratio * advantages).mean() - 0.02 * new.kl(teacher._target)

    eye = 1e-5 * np.eye(5)
    gradient = np.array([objective(e) - objective(-e) for e in eye]) / 2e-5
    # The divergence is (v1² + v2²)/2 + (v3² + v5²)/4 + v4²/2 to second order.
    natural = gradient / [1.0, 1.0, 0.5, 1.0, 0.5]
    moved = teacher._climb(old, points, advantages, 0.02)
    shift = np.linalg.solve(old.factor, moved.mean - old.mean)
    inner = np.linalg.solve(old.factor, moved.factor)
    growth = inner @ inner.T - np.eye(2)
    step = np.array([*shift, growth[0, 0], growth[0, 1], growth[1, 1]])
    cosine = step @ natural / np.linalg.norm(step) / np.linalg.norm(natural)
    assert cosine > 1.0 - 1e-4


def test_the_unit_of_the_return_does_not_matter():
    teachers = [spdl(expert=EXPERT) for _ in range(3)]
    for teacher, scale in zip(teachers, (1.0, 1e-6, 1e6), strict=True):
        play(teacher, lambda t, scale=scale: scale * frontier(t), 1_000)
    for teacher in teachers[1:]:
        np.testing.assert_allclose(teacher.mean, teachers[0].mean, rtol=1e-6)


def test_an_episode_of_another_run_far_from_the_gaussian_does_not_count():
    alone, flooded = (spdl(expert=EXPERT, update_every_episodes=100, alpha_offset=9) for _ in range(2))
    tasks = alone.sample(50)
    returns = frontier(tasks.values)
    alone.update(
        Outcomes(tasks=np.tile(tasks.values, (2, 1)), ids=[-1] * 100, returns=[*returns] * 2, lengths=[1] * 100)
    )
    far = np.full((50, 2), [1.0, 1.0])
    flooded.update(Outcomes(tasks=tasks.values, ids=[-1] * 50, returns=returns, lengths=[1] * 50))
    flooded.update(Outcomes(tasks=far, ids=[-1] * 50, returns=np.full(50, -1e9), lengths=[1] * 50))
    np.testing.assert_allclose(flooded.mean, alone.mean, atol=0.02)


# --- When -----------------------------------------------------------------------------------------------------------


def test_it_updates_at_the_offset_and_then_every_so_many_steps():
    teacher = spdl(update_every_episodes=None, update_offset=1_000, update_frequency=300)
    counts = []
    for _ in range(200):
        play(teacher, frontier, 1, batch=1, length=10)
        counts.append(teacher.metrics()["updates"])
    assert [10 * (counts.index(n) + 1) for n in (1, 2, 3, 4)] == [1_000, 1_300, 1_600, 1_900]


def test_an_episode_longer_than_several_intervals_is_one_update():
    teacher = spdl(update_every_episodes=None, update_offset=100, update_frequency=10)
    play(teacher, frontier, 1, batch=1, length=1_005)
    assert teacher.metrics()["updates"] == 1.0
    play(teacher, frontier, 1, batch=1, length=4)
    assert teacher.metrics()["updates"] == 1.0
    play(teacher, frontier, 1, batch=1, length=1)
    assert teacher.metrics()["updates"] == 2.0


def test_it_can_count_episodes_instead():
    teacher = spdl(update_every_episodes=7)
    play(teacher, frontier, 30, batch=1, length=10**6)
    assert teacher.metrics()["updates"] == 4.0


def test_before_the_first_update_nothing_changes():
    teacher = spdl(update_every_episodes=None, expert=EXPERT)
    play(teacher, able, 1_000)
    assert teacher.mean.tolist() == [0.2, 0.5]


# --- Values of the student ------------------------------------------------------------------------------------------


def test_by_default_it_needs_returns_only_and_on_request_the_value_of_the_initial_state():
    assert spdl().needs == frozenset()
    assert spdl(value="initial_value").needs == {"initial_value"}
    assert spdl().needs == frozenset()


def test_the_value_estimate_takes_the_place_of_the_return():
    teacher = spdl(value="initial_value", expert=EXPERT, alpha_offset=99)
    play(teacher, able, 3_000, initial_value=lambda t: -np.abs(t[:, 1] - 0.8))
    np.testing.assert_allclose(teacher.mean[1], 0.8, atol=0.05)
    assert teacher.metrics()["performance"] == 100.0


def test_the_performance_can_be_the_mean_value():
    teacher = spdl(value="initial_value", average_performance=False)
    play(teacher, able, initial_value=lambda t: np.full(len(t), 7.0))
    assert teacher.metrics()["performance"] == 7.0


def test_a_missing_value_estimate_is_refused():
    with pytest.raises(ValueError, match="SPDL needs the column 'initial_value', which is missing"):
        play(spdl(value="initial_value"), able)


# --- Students and spaces that are hard to read -----------------------------------------------------------------------


@pytest.mark.parametrize("covariance", ["full", "diagonal"])
@pytest.mark.parametrize("d", [1, 50])
def test_few_and_many_dimensions_are_survived(d, covariance):
    space = TaskSpace({f"x{i}": (0.0, 1.0) for i in range(d)})
    teacher = spdl(space, covariance=covariance, update_every_episodes=20)
    play(teacher, lambda t: 100.0 * (t[:, 0] > 0.5), 2_000)
    assert np.isfinite(teacher.metrics()["kl_to_target"])
    assert ((teacher.std >= 0.01 - 1e-9) & (teacher.std <= 1.0 + 1e-9)).all()
    if covariance == "diagonal":
        assert not np.tril(teacher._current.factor, -1).any()


def test_a_fixed_dimension_is_left_out():
    teacher = spdl(TaskSpace(x=(0.0, 1.0), width=(0.25, 0.25), k=range(3, 4)))
    values = play(teacher, lambda t: t[:, 0], 500)
    assert (values[:, 1:] == [0.25, 3.0]).all()
    assert len(teacher._current.mean) == 1
    assert teacher.std[1:].tolist() == [0.0, 0.0]


def test_integers_are_whole_and_adapt():
    space = TaskSpace(rooms=range(2, 12))
    teacher = spdl(space, expert={"initial_mean": [3], "target_mean": [11], "target_std": 0.5})
    values = play(teacher, able, 2_000)
    assert (values == np.rint(values)).all()
    assert values[:50].mean() < 5.0
    assert values[-50:].mean() > 10.0


@pytest.mark.parametrize("value", [0.0, 5.0, -5.0, 1e-320, 1e300])
def test_constant_values_make_no_nan(value):
    teacher = spdl(expert=EXPERT)
    play(teacher, lambda t: np.full(len(t), value), 1_000)
    assert np.isfinite([*teacher.mean, *teacher.std, *teacher.metrics().values()]).all()


def test_a_single_task_played_over_and_over_makes_no_nan():
    teacher = spdl(expert=EXPERT)
    rng = np.random.default_rng(0)
    for _ in range(40):
        tasks = np.tile([0.21, 0.52], (50, 1))
        teacher.update(Outcomes(tasks=tasks, ids=[-1] * 50, returns=rng.random(50), lengths=[1] * 50))
    assert np.isfinite([*teacher.mean, *teacher.std]).all()


def test_one_episode_an_update_is_survived():
    teacher = spdl(expert=EXPERT, update_every_episodes=1)
    play(teacher, frontier, 300, batch=1)
    assert teacher.metrics()["updates"] == 300.0
    assert np.isfinite([*teacher.mean, *teacher.std]).all()


def test_the_density_is_that_of_the_gaussian():
    teacher = spdl(expert={"initial_mean": [0.5, 0.5]})
    places = (np.arange(200) + 0.5) / 200
    grid = np.stack(np.meshgrid(places, places), -1).reshape(-1, 2)
    assert np.isclose(teacher.density(grid).mean(), 1.0, atol=1e-4)


# --- Refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"value": "retrun"}, "Did you mean 'return'"),
        ({"covariance": "ful"}, "Did you mean 'full'"),
        ({"update_offset": -1}, "update_offset"),
        ({"update_frequency": 0}, "update_frequency"),
        ({"update_every_episodes": 0}, "update_every_episodes"),
        ({"alpha_offset": -1}, "alpha_offset"),
        ({"zeta": -0.1}, "zeta"),
        ({"zeta": np.nan}, "zeta"),
        ({"max_kl": 0.0}, "max_kl"),
        ({"min_std": 0.0}, "min_std"),
        ({"expert": {"target_mean": [9.0, 9.0]}}, "target_mean.*outside"),
    ],
)
def test_impossible_hyperparameters_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        spdl(**arguments)


@pytest.mark.parametrize(
    ("entry", "value", "sentence"),
    [
        ("mean", np.zeros(3), "shapes"),
        ("factor", -np.eye(2), "positive definite"),
        ("factor", np.full((2, 2), np.nan), "finite"),
        ("samples", {"points": np.zeros((3, 2)), "values": np.zeros(2), "returns": np.zeros(3)}, "shapes"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(entry, value, sentence):
    teacher = spdl()
    state = teacher.state_dict()
    state["algorithm"][entry] = value
    with pytest.raises(ValueError, match=sentence):
        teacher.load_state_dict(state)


def test_a_state_with_another_target_is_refused():
    with pytest.raises(ValueError, match="target_mean"):
        spdl(expert=EXPERT).load_state_dict(spdl().state_dict())
