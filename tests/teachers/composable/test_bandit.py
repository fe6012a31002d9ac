"""The bandit: the papers' examples, what is refused, and how it does on a student with noisy and impossible arms."""

from __future__ import annotations

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.benchmarks.arm_lessons import teach
from tutelage.envs import ArmStudent
from tutelage.teachers.composable.bandit import Bandit


def arms_space(k):
    return TaskSpace(arm=range(k))


def bandit(k=3, **arguments):
    plain = {"mix_uniform": 0.0, "max_share": None, "score": "identity", "estimator": "ema(0.5)"}
    return Bandit(arms_space(k), seed=0, arms={"arm": list(range(k))}, **{**plain, **arguments})


def report(teacher, values, **columns):
    """Report episodes of another run: (arm, value) pairs."""
    arms, values = np.array(values, dtype=float).T
    n = len(arms)
    full = {"success": np.clip(values, 0, 1), "signals": dict.fromkeys(teacher.needs, values), **columns}
    teacher.update(Outcomes(tasks=arms[:, None], ids=[-1] * n, returns=np.nan_to_num(values), lengths=[5] * n, **full))


SEC = {"signal": "abs_advantage", "estimator": "ema(0.5)", "update_every_episodes": 3}
FIRST = [(0, 0.8), (1, 0.1), (1, 0.3)]

# --- SEC -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tau", "p"),
    [(1.0, [0.4147, 0.3072, 0.2780]), (0.4, [0.5434, 0.2567, 0.1999]), (0.2, [0.7361, 0.1643, 0.0996])],
)
def test_sec_after_one_round(tau, p):
    teacher = bandit(**SEC, policy=f"boltzmann({tau})")
    report(teacher, FIRST)
    np.testing.assert_allclose(teacher.estimates, [0.4, 0.1, 0.0])
    np.testing.assert_allclose(teacher.probabilities, p, atol=6e-5)


@pytest.mark.parametrize(
    ("unsampled", "estimates", "p"),
    [("keep", [0.4, 0.35, 0], [0.5224, 0.4069, 0.0707]), ("decay", [0.2, 0.35, 0], [0.2870, 0.6075, 0.1056])],
)
def test_an_arm_that_is_not_played_is_kept_or_decays(unsampled, estimates, p):
    teacher = bandit(**SEC, policy="boltzmann(0.2)", unsampled=unsampled)
    report(teacher, FIRST)
    report(teacher, [(1, 0.6)] * 3)
    np.testing.assert_allclose(teacher.estimates, estimates, atol=1e-12)
    np.testing.assert_allclose(teacher.probabilities, p, atol=6e-5)


def test_a_share_for_all_is_mixed_in():
    teacher = bandit(**SEC, policy="boltzmann(0.2)", mix_uniform=0.1)
    report(teacher, FIRST)
    expected = 0.9 * np.array([0.7361, 0.1643, 0.0996]) + 0.1 / 3
    np.testing.assert_allclose(teacher.probabilities, expected, atol=6e-5)


@pytest.mark.parametrize("size", [1e4, 1e9, 1e300])
def test_huge_signals_do_not_overflow(size):
    teacher = bandit(**SEC, policy="boltzmann(0.2)")
    report(teacher, [(0, size), (1, 0.0), (2, -size)])
    np.testing.assert_allclose(teacher.probabilities, [1, 0, 0], atol=1e-12)


# --- DUMP ------------------------------------------------------------------------------------------------------------


def dump(counts, means=(0.2, 0.5, 0.4)):
    teacher = bandit(
        signal="abs_advantage", estimator="window(300)", ucb=1.0, policy="boltzmann(0.1)", update_every_episodes=1
    )
    for arm, (n, mean) in enumerate(zip(counts, means, strict=True)):
        if n:
            report(teacher, [(arm, mean)] * n)
    return teacher


def test_dump_with_unequal_counts():
    teacher = dump((300, 30, 9))
    np.testing.assert_allclose(teacher.probabilities, [0, 0.0250, 0.9750], atol=6e-5)
    scores = teacher._scores(teacher.estimates, np.array([300, 30, 9]))
    np.testing.assert_allclose(scores, [0.3968, 1.1132, 1.4797], atol=6e-5)
    np.testing.assert_allclose(scores - teacher.estimates, [0.1968, 0.6132, 1.0797], atol=6e-5)


def test_dump_with_equal_counts():
    teacher = dump((3000, 3000, 3000))
    np.testing.assert_allclose(teacher.probabilities, [0.0351, 0.7054, 0.2595], atol=6e-5)


def test_dump_is_uniform_before_any_data():
    np.testing.assert_allclose(dump((0, 0, 0)).probabilities, [1 / 3] * 3)


# --- CurES, band, ATS ------------------------------------------------------------------------------------------------


def test_cures_probabilities_and_quotas():
    teacher = Bandit(
        arms_space(4),
        arms={"arm": [0, 1, 2, 3]},
        estimator="beta",
        mix_uniform=0.0,
        max_share=None,
        update_every_episodes=16,
    )
    episodes = [(arm, 1.0) for arm, s in enumerate((2, 4, 0, 1)) for _ in range(s)]
    episodes += [(arm, 0.0) for arm, f in enumerate((2, 0, 4, 3)) for _ in range(f)]
    report(teacher, episodes)
    np.testing.assert_allclose(teacher.estimates, [0.5, 0.8333, 0.1667, 0.3333], atol=6e-5)
    np.testing.assert_allclose(teacher.probabilities, [0.4327, 0.1211, 0.1211, 0.3251], atol=6e-5)
    assert teacher.allocate(32).tolist() == [9, 7, 7, 9]


def test_a_band_keeps_what_is_inside():
    teacher = bandit(5, estimator="ema(1)", score="band(0.2, 0.8)", policy="proportional", update_every_episodes=5)
    report(teacher, list(enumerate([0.1, 0.25, 0.5, 0.75, 0.95])))
    np.testing.assert_allclose(teacher.probabilities, [0, 1 / 3, 1 / 3, 1 / 3, 0])


def test_a_band_with_nothing_inside_is_uniform():
    teacher = bandit(3, estimator="ema(1)", score="band(0.2, 0.8)", policy="proportional", update_every_episodes=3)
    report(teacher, list(enumerate([0.0, 1.0, 0.95])))
    np.testing.assert_allclose(teacher.probabilities, [1 / 3] * 3)


@pytest.mark.parametrize(("alpha", "p"), [(1.0, [0.0057, 0.0418, 0.9526]), (0.5, [0.1695, 0.1876, 0.6430])])
def test_ats_chooses_the_class_and_then_the_clip(alpha, p):
    teacher = bandit(
        signal="return",
        estimator="ema(1)",
        score="neg_exp(5)",
        policy="proportional",
        group_by=["A", "A", "B"],
        mix_uniform=1.0 - alpha,
        update_every_episodes=3,
    )
    report(teacher, list(enumerate([0.9, 0.5, 0.1])))
    np.testing.assert_allclose(teacher.probabilities, p, atol=6e-5)


def test_ats_bins_of_the_start_time():
    teacher = bandit(
        signal="return", estimator="ema(1)", score="neg_exp(10)", policy="proportional", update_every_episodes=3
    )
    report(teacher, list(enumerate([0.9, 0.6, 0.3])))
    np.testing.assert_allclose(teacher.probabilities, [0.0024, 0.0473, 0.9503], atol=6e-5)


# --- Scales, groups, progress ----------------------------------------------------------------------------------------


def test_returns_are_scaled_by_the_range_of_all_arms():
    teacher = bandit(signal="return", scale="range", estimator="ema(1)", update_every_episodes=3)
    report(teacher, [(0, -300.0), (1, 0.0), (2, 300.0)])
    np.testing.assert_allclose(teacher.estimates, [0, 0.5, 1])


def test_arms_that_were_never_played_count_as_the_lowest_return_whatever_its_sign():
    parts = {"scale": "range", "score": "neg_exp(5)", "policy": "proportional", "estimator": "ema(1)"}
    teacher = bandit(signal="return", update_every_episodes=2, **parts)
    report(teacher, [(0, -200.0), (1, -100.0)])
    np.testing.assert_allclose(teacher.estimates, [0.0, 1.0, 0.0], atol=1e-12)
    assert teacher.probabilities[2] == teacher.probabilities[0] > teacher.probabilities[1]


@pytest.mark.parametrize(
    "policy", [lambda s: s * np.nan, lambda s: np.ones(2), lambda s: -np.ones(3), lambda s: np.zeros(3)]
)
def test_a_policy_that_gives_no_probabilities_is_refused(policy):
    with pytest.raises(ValueError, match="policy must return a probability for each of 3 arms"):
        bandit(policy=policy).sample(1)


def test_a_noise_of_a_hundredth_is_not_scaled_up():
    teacher = bandit(2, signal="return", scale="std", estimator="ema(1)", update_every_episodes=400)
    rng = np.random.default_rng(0)
    report(teacher, [(0, x) for x in 0.01 * rng.standard_normal(200)] + [(1, x) for x in rng.standard_normal(200)])
    assert abs(teacher.estimates[0]) < 0.01


def test_progress_is_the_change_since_the_arm_was_last_played():
    teacher = bandit(2, signal="progress", estimator="ema(1)", update_every_episodes=1)
    report(teacher, [(0, 1.0), (1, 5.0), (0, 4.0), (1, 3.0)])
    np.testing.assert_allclose(teacher.estimates, [3, -2])


def test_a_dimension_groups_the_arms():
    space = TaskSpace(terrain=["grass", "ice"], rooms=range(3))
    teacher = Bandit(space, arms={"terrain": 2, "rooms": 3}, group_by="terrain")
    assert teacher.probabilities.reshape(2, 3).sum(axis=1) == pytest.approx([0.5, 0.5])


def test_the_order_within_a_round_does_not_matter():
    rows = [(arm, value) for arm in range(3) for value in (0.1, 0.7, 0.2)]
    first, second = (bandit(signal="abs_advantage", update_every_episodes=9) for _ in range(2))
    report(first, rows)
    report(second, rows[::-1])
    np.testing.assert_allclose(first.probabilities, second.probabilities)


def test_a_state_continues_with_the_same_hundred_samples():
    teacher, other = bandit(**SEC), bandit(**SEC)
    report(teacher, [*FIRST, (2, 0.4)])
    other.load_state_dict(teacher.state_dict())
    np.testing.assert_array_equal(teacher.sample(100).values, other.sample(100).values)


# --- Arms that are teachers ------------------------------------------------------------------------------------------


def test_arms_can_be_teachers_and_the_better_one_is_asked_more():
    space = TaskSpace(x=(0.0, 1.0))
    easy = {"teacher": "bandit", "arms": [{"x": [0.0, 0.1]}]}
    hard = {"teacher": "bandit", "arms": [{"x": [0.9, 1.0]}]}
    teacher = Bandit(space, seed=0, arms={"easy": easy, "hard": hard}, max_share=None)
    rng = np.random.default_rng(0)
    for _ in range(30):
        tasks = teacher.sample(16)
        success = (tasks.values[:, 0] > 0.5) & (rng.random(16) < 0.5)
        teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=success, lengths=[1] * 16, success=success))
    assert teacher.arms == ["easy", "hard"]
    assert teacher.probabilities[1] > 0.9


def test_arms_that_are_teachers_keep_their_state():
    space, arms = TaskSpace(x=(0.0, 1.0)), {"one": "random", "two": {"teacher": "riac", "max_region_size": 20}}
    teacher, other = (Bandit(space, seed=seed, arms=arms) for seed in (0, 1))
    for _ in range(5):
        tasks = teacher.sample(16)
        teacher.update(
            Outcomes(
                tasks=tasks.values, ids=tasks.ids, returns=tasks.values[:, 0], lengths=[1] * 16, success=[0.0] * 16
            )
        )
    other.load_state_dict(teacher.state_dict())
    np.testing.assert_array_equal(other.sample(50).values, teacher.sample(50).values)


def test_arms_need_what_their_teachers_need():
    teacher = Bandit(TaskSpace(x=(0.0, 1.0)), arms={"one": "random", "two": {"teacher": "plr", "score": "max_mc"}})
    assert teacher.needs == {"mean_value"}


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"arms": []}, "arms: expected at least one"),
        ({"arms": {}}, "arms: expected at least one"),
        ({"max_share": 0.2}, r"max_share must lie between 1/K = 0\.3333 \(for 3 arms\)"),
        ({"max_share": "0.5/K"}, "max_share"),
        ({"max_share": "three"}, "max_share"),
        ({"mix_uniform": 1.5}, "mix_uniform"),
        ({"ucb": -1}, "ucb"),
        ({"unsampled": "forget"}, "unsampled"),
        ({"unsampled": "decay", "estimator": "window"}, "needs the estimator 'ema'"),
        ({"scale": "max"}, "scale"),
        ({"estimator": "beta", "signal": "return"}, "counts successes"),
        ({"group_by": "arms"}, "Did you mean 'arm'"),
        ({"group_by": ["A"]}, "label for each of 3"),
        ({"signal": "advantage"}, "signal"),
        ({"update_every_episodes": 0}, "update_every_episodes"),
    ],
    ids=str,
)
def test_a_hyperparameter_out_of_range_is_refused_by_name(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        bandit(**arguments) if "arms" not in arguments else Bandit(arms_space(3), **arguments)


def test_one_arm_is_always_played():
    teacher = Bandit(arms_space(5), seed=0, arms=[{"arm": 3}])
    assert (teacher.sample(20).values == 3.0).all()
    assert teacher.probabilities.tolist() == [1.0]


def test_a_signal_that_is_nan_is_refused_and_changes_nothing():
    teacher = bandit(**SEC)
    with pytest.raises(ValueError, match="l1_value_loss"):
        report(teacher, [(0, np.nan)] * 3, success=np.zeros(3))
    np.testing.assert_allclose(teacher.probabilities, [1 / 3] * 3)


def test_an_unknown_success_is_refused_by_the_task():
    teacher = bandit(estimator="beta")
    with pytest.raises(ValueError, match=r"Bandit learns from successes.*task \[2\.0\]"):
        report(teacher, [(2, 1.0)], success=[np.nan])


def test_a_state_with_other_arms_is_refused():
    with pytest.raises(ValueError, match="saved with the arms"):
        bandit(3).load_state_dict(Bandit(arms_space(3), arms=[{"arm": 0}, {"arm": 1}]).state_dict())


# --- A student with noisy and impossible arms ------------------------------------------------------------------------

PLAIN = {"mix_uniform": 0.0, "max_share": None}
ADVANTAGE = {"signal": "abs_advantage", "score": "identity"}
TEACHERS = {
    "uniform": None,
    "sec": {**ADVANTAGE, **PLAIN, "estimator": "ema(0.5)", "policy": "boltzmann(0.2)"},
    "sec-mixed": {**ADVANTAGE, "estimator": "ema(0.5)", "policy": "boltzmann(0.2)", "max_share": None},
    "sec-capped": {**ADVANTAGE, "estimator": "ema(0.5)", "policy": "boltzmann(0.2)", "max_share": "2/K"},
    "dump": {**ADVANTAGE, **PLAIN, "estimator": "window(300)", "ucb": 1.0, "policy": "boltzmann(0.1)"},
    "dump-capped": {
        **ADVANTAGE,
        "estimator": "window(300)",
        "ucb": 1.0,
        "policy": "boltzmann(0.1)",
        "max_share": "2/K",
    },
    "cures": {**PLAIN, "estimator": "beta(discount=0.95)", "policy": "boltzmann(0.1)"},
    "lowest-first": {
        **PLAIN,
        "signal": "return",
        "estimator": "ema(0.5)",
        "score": "neg_exp(5)",
        "policy": "proportional",
    },
    "progress": {
        "signal": "absolute_progress",
        "estimator": "ema(0.5)",
        "score": "identity",
        "policy": "proportional",
        "max_share": None,
    },
    "default": {},
}
STUDENTS = ("clean", "impossible", "noisy")


@pytest.fixture(scope="module")
def calibration():
    """Median updates to mastery over ten students, and the median share of the arms that teach nothing."""
    updates, shares = {}, {}
    for name, arguments in TEACHERS.items():
        for kind in STUDENTS:
            student = ArmStudent(f"arms-{kind}")
            space, lessons = student.task_space, []
            for seed in range(10):
                if arguments is None:
                    teacher = make_teacher("random", space, seed=seed)
                else:
                    arms = {"arm": list(range(int(space.size)))}
                    teacher = make_teacher("bandit", space, seed=seed, arms=arms, **arguments)
                lessons.append(teach(teacher, student, seed))
            updates[name, kind] = float(np.median([lesson.updates for lesson in lessons]))
            shares[name, kind] = float(
                np.median([lesson.share_of("noisy") + lesson.share_of("impossible") for lesson in lessons])
            )
    return updates, shares


@pytest.mark.slow
def test_looking_for_intermediate_difficulty_is_quicker_than_uniform(calibration):
    updates, _ = calibration
    for kind in ("clean", "impossible"):
        for name in ("sec", "sec-capped", "dump", "dump-capped", "cures", "progress", "default"):
            assert updates[name, kind] < updates["uniform", kind], (name, kind)


@pytest.mark.slow
def test_advantages_are_captured_by_a_noisy_arm(calibration):
    updates, shares = calibration
    assert updates["sec", "noisy"] == updates["dump", "noisy"] == 400
    assert min(shares["sec", "noisy"], shares["dump", "noisy"]) > 0.8


@pytest.mark.slow
def test_a_share_for_all_does_not_free_them(calibration):
    updates, shares = calibration
    assert updates["sec-mixed", "noisy"] > 2 * updates["uniform", "noisy"]
    assert shares["sec-mixed", "noisy"] > 0.7


@pytest.mark.slow
def test_a_cap_does(calibration):
    updates, shares = calibration
    assert updates["sec-capped", "noisy"] < updates["uniform", "noisy"]
    assert updates["dump-capped", "noisy"] < 1.4 * updates["uniform", "noisy"]
    assert shares["sec-capped", "noisy"] <= 0.36


@pytest.mark.slow
def test_a_cap_costs_at_most_sixty_percent_more_on_a_clean_student(calibration):
    updates, _ = calibration
    assert updates["sec-capped", "clean"] <= 1.6 * updates["sec", "clean"]


@pytest.mark.slow
def test_the_lowest_return_first_is_trapped_by_impossible_arms(calibration):
    updates, shares = calibration
    assert updates["lowest-first", "impossible"] == 400
    assert updates["lowest-first", "clean"] > updates["uniform", "clean"]
    assert shares["lowest-first", "impossible"] > shares["uniform", "impossible"]


@pytest.mark.slow
def test_the_default_is_captured_by_nothing(calibration):
    updates, _ = calibration
    assert all(updates["default", kind] < updates["uniform", kind] for kind in STUDENTS)
