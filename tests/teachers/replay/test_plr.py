"""PLR: what is replayed and when, what the scores are made of, and whether it adapts."""

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.teachers.replay.presets import ACCEL_PRESETS, PLR_PRESETS
from tutelage.teachers.replay.scores import SCORES, episode_values, learnability

from .regret_student import RegretStudent, surely_above, teach

LINE = TaskSpace(x=(0.0, 1.0))
SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
SEEDS = range(20)


def build(space=SQUARE, name="plr", **hyperparameters):
    return make_teacher(name, space, **{"seed": 0, **hyperparameters})


def report(teacher, tasks, score, ids=-1, **columns):
    """Tell the teacher of episodes with one value for all the signals it needs."""
    tasks = np.asarray(tasks, float)
    n = len(tasks)
    signals = {name: np.broadcast_to(score, n) for name in teacher.needs}
    columns = {"returns": np.zeros(n), "lengths": np.ones(n, int), "signals": signals, **columns}
    teacher.update(Outcomes(tasks=tasks, ids=np.broadcast_to(ids, n), **columns))


def full(scores, **hyperparameters):
    """A teacher on a line whose buffer of levels 0, 1/n, … is full."""
    n = len(scores)
    teacher = build(LINE, **{"buffer_size": n, "replay_prob": 1.0, **hyperparameters})
    report(teacher, np.arange(n)[:, None] / n, np.array(scores))
    return teacher


# --- Does it adapt? -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", SCORES)
def test_its_replays_are_levels_from_which_there_is_something_to_learn(score):
    shares = []
    for seed in SEEDS:
        teacher, student = build(seed=seed, score=score), RegretStudent(seed)
        teach(teacher, student, 600, batch=25)
        shares.append(student.is_open(teacher.buffer.tasks) @ teacher.buffer.probabilities())
    assert surely_above(shares, 0.3)  # uniform: 0.22


def test_its_tasks_are_more_often_open_than_uniform_ones():
    shares = []
    for seed in SEEDS:
        _, is_open, _ = teach(build(seed=seed), RegretStudent(seed), 800)
        shares.append(is_open[400:].mean())
    assert surely_above(shares, 0.35)  # half of them are replays; uniform: 0.22


def test_it_follows_a_student_that_learns():
    far, behind = [], []
    for seed in SEEDS:
        student = RegretStudent(seed, pace=0.0008)
        teach(build(seed=seed), student, 800)
        far.append(student.frontier)
        student = RegretStudent(seed, pace=0.0008)
        teach(build(name="random", seed=seed), student, 800)
        behind.append(student.frontier)
    assert surely_above(np.array(far) - behind, 0.05)


def test_its_density_is_highest_where_there_is_something_to_learn():
    teacher, student = build(), RegretStudent()
    assert teacher.density([[0.3, 0.5]]) is None
    teach(teacher, student, 1500)
    points = SQUARE.grid(21)
    density = teacher.density(points)
    assert density[student.is_open(points)].mean() > 2.0 * density[~student.is_open(points)].mean()
    assert density.mean() == pytest.approx(1.0, abs=0.3)


def test_there_is_no_density_in_many_dimensions():
    teacher = build(TaskSpace({f"x{i}": (0.0, 1.0) for i in range(7)}), min_fill=0.0, buffer_size=10)
    report(teacher, teacher.sample(10).values, 0.5)
    assert teacher.density(teacher.sample(3).values) is None


# --- What is handed out -------------------------------------------------------------------------------------------


def test_before_the_buffer_is_filled_as_far_as_wanted_all_levels_are_new():
    teacher = build(LINE, buffer_size=100, min_fill=0.5, replay_prob=1.0)
    report(teacher, np.arange(49)[:, None] / 100, 0.5)
    assert (teacher.buffer.find(teacher.sample(200).values) == -1).all()
    report(teacher, [[0.99]], 0.5)
    assert (teacher.buffer.find(teacher.sample(200).values) >= 0).any()


def test_replays_are_levels_of_the_buffer():
    teacher = full([0.1, 0.2, 0.3])
    assert (teacher.buffer.find(teacher.sample(50).values) >= 0).all()


def test_new_levels_come_from_the_generator():
    teacher = build(generator=lambda n, rng: np.tile([0.25, 0.75], (n, 1)))
    assert (teacher.sample(5).values == [0.25, 0.75]).all()


@pytest.mark.parametrize(
    ("made", "match"),
    [([[0.5]], "generator returned levels of shape"), ([[0.5, 7.0]], "generator returned what is no level: .*y = 7")],
)
def test_a_generator_that_makes_no_levels_is_named(made, match):
    with pytest.raises(ValueError, match=match):
        build(generator=lambda n, rng: made).sample(1)


def test_each_task_is_decided_by_itself_where_levels_are_kept_for_an_episode():
    teacher = full([0.1] * 50, replay_prob=0.5)
    shares = [(teacher.buffer.find(teacher.sample(32).values) >= 0).mean() for _ in range(50)]
    assert 0.0 < min(shares) < max(shares) < 1.0
    assert np.mean(shares) == pytest.approx(0.5, abs=0.05)


def test_a_batch_is_decided_as_one_where_they_are_kept_for_a_rollout():
    teacher = full([0.1] * 50, replay_prob=0.5, hold="rollout")
    shares = [(teacher.buffer.find(teacher.sample(32).values) >= 0).mean() for _ in range(200)]
    assert set(shares) == {0.0, 1.0}
    assert np.mean(shares) == pytest.approx(0.5, abs=0.12)


def test_how_it_is_decided_can_be_chosen():
    teacher = full([0.1] * 50, replay_prob=0.5, decision="batch")
    assert {(teacher.buffer.find(teacher.sample(8).values) >= 0).mean() for _ in range(30)} == {0.0, 1.0}


def test_students_learn_from_new_levels_too():
    assert full([0.1] * 50, replay_prob=0.5).sample(100).train.all()


def test_the_buffer_is_no_larger_than_the_space():
    teacher = build(TaskSpace(room=range(7)), buffer_size=4000)
    assert teacher.buffer.capacity == 7
    report(teacher, teacher.task_space.enumerate(), 0.5)
    assert teacher.buffer.fill == 1.0


def test_it_works_without_knowing_the_size_of_a_space_of_mazes():
    teacher = build(TaskSpace({f"wall_{i}": range(2) for i in range(172)}))
    report(teacher, teacher.sample(100).values, 0.5)
    assert len(teacher.buffer) == 100


# --- Scores -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "needs"),
    [
        ("l1_value_loss", {"l1_value_loss"}),
        ("positive_value_loss", {"positive_value_loss"}),
        ("one_step_td_error", {"one_step_td_error"}),
        ("max_mc", {"mean_value"}),
        ("learnability", set()),
        ("mna", {"negative_advantage"}),
        ("traced", {"positive_value_loss", "transition_error"}),
        ("pace", {"policy_gradient_norm"}),
    ],
)
def test_it_needs_what_its_score_is_made_of(score, needs):
    assert build(score=score).needs == needs


def test_what_one_teacher_needs_another_need_not():
    build(score="pace")
    assert build(score="max_mc").needs == {"mean_value"}


def test_learnability():
    p = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]
    np.testing.assert_allclose(learnability(p), [0.0, 0.09, 0.1875, 0.25, 0.1875, 0.09, 0.0])


@pytest.mark.parametrize(
    ("alpha", "loss", "error", "difficulty"), [(1.0, 0.1, 1 / 6, 0.2666667), (1.5, 0.1, 0.0433333, 0.165)]
)
def test_the_difficulty_of_traced(alpha, loss, error, difficulty):
    signals = {"positive_value_loss": [loss], "transition_error": [error]}
    one = Outcomes(tasks=[[0.5]], ids=[0], returns=[0.0], lengths=[4], signals=signals)
    values, _ = episode_values("traced", one, transition_weight=alpha, success_above=None)
    np.testing.assert_allclose(values, difficulty, atol=1e-6)


def test_max_mc_counts_the_best_return_of_the_level_this_episode_included():
    teacher = build(LINE, score="max_mc")
    report(teacher, [[0.5]], 0.333333, returns=[0.8])
    np.testing.assert_allclose(teacher.buffer.scores, 0.466667)
    report(teacher, [[0.5]], 0.5, returns=[0.2])
    np.testing.assert_allclose(teacher.buffer.scores, 0.3)


def test_the_negative_advantage_counts_for_levels_ever_solved():
    teacher = build(LINE, score="mna")
    report(teacher, [[0.1], [0.2]], [0.54225, 1.3685], success=[1.0, 0.0])
    assert teacher.buffer.scores.tolist() == [0.54225, 0.0]
    report(teacher, [[0.1]], 0.7, success=[0.0])
    assert teacher.buffer.scores.tolist() == [0.7, 0.0]


def test_a_positive_return_is_a_success_where_the_environment_does_not_tell():
    teacher = build(LINE, score="mna")
    report(teacher, [[0.1], [0.2], [0.3]], 0.5, returns=[0.1, 0.0, 0.1], success=[np.nan, np.nan, 0.0])
    assert teacher.buffer.scores.tolist() == [0.5, 0.0, 0.0]


@pytest.mark.parametrize("score", ["mna", "learnability"])
def test_without_a_threshold_an_unknown_success_is_refused(score):
    with pytest.raises(ValueError, match=r"PLR learns from successes.*success_above="):
        report(build(LINE, score=score, success_above=None), [[0.1]], 0.5)


def test_other_scores_do_not_care_for_successes():
    report(build(LINE, success_above=None), [[0.1]], 0.5)


def test_episodes_of_one_rollout_are_averaged_and_the_next_rollout_counts_alone():
    teacher = build(LINE, buffer_size=1, replay_prob=1.0, schedule="fixed", hold="rollout")
    tasks = teacher.sample(1)
    again = teacher.repeat(tasks)
    report(
        teacher, np.concatenate([tasks.values, again.values]), [0.2, 0.4], ids=np.concatenate([tasks.ids, again.ids])
    )
    np.testing.assert_allclose(teacher.buffer.scores, 0.3)
    replay = teacher.sample(1)
    report(teacher, replay.values, 0.8, ids=replay.ids)
    np.testing.assert_allclose(teacher.buffer.scores, 0.8)


def test_of_another_runs_episodes_the_latest_counts():
    teacher = build(LINE)
    report(teacher, [[0.5], [0.5]], [0.2, 0.4])
    np.testing.assert_allclose(teacher.buffer.scores, 0.4)


def test_a_level_slightly_outside_is_the_one_on_the_face():
    teacher = build(LINE)
    report(teacher, [[1.0 + 1e-9], [1.0]], 0.5)
    assert teacher.buffer.tasks.tolist() == [[1.0]]


# --- Co-learnability ----------------------------------------------------------------------------------------------


def traced(**hyperparameters):
    """A teacher with three levels of known difficulty, and a function that reports difficulties of some of them."""
    teacher = build(LINE, score="traced", transition_weight=0.0, buffer_size=10, **hyperparameters)

    def play(difficulties):
        report(teacher, np.array(list(difficulties))[:, None], np.array(list(difficulties.values())))

    return teacher, play


@pytest.mark.parametrize(("weight", "scores"), [(1.0, [0.466667, 0.416667, 0.116667]), (0.6, [0.44, 0.39, 0.09])])
def test_levels_gain_by_the_mean_fall_in_difficulty_at_the_next_update(weight, scores):
    teacher, play = traced(co_learnability_weight=weight)
    play({0.1: 0.5, 0.2: 0.3, 0.3: 0.2})
    play({0.1: 0.4, 0.2: 0.35, 0.3: 0.05})
    assert teacher.metrics()["co_learnability"] == pytest.approx(0.0666667)
    np.testing.assert_allclose(teacher.buffer.scores, scores, atol=1e-6)


def test_a_level_scored_for_the_first_time_counts_as_no_fall():
    teacher, play = traced()
    play({0.1: 0.5, 0.2: 0.3, 0.3: 0.2})
    play({0.1: 0.4, 0.2: 0.35, 0.3: 0.05, 0.4: 0.9})
    assert teacher.metrics()["co_learnability"] == pytest.approx(0.05)


def test_the_bonus_may_be_negative_and_goes_to_levels_of_the_update_before_only():
    teacher, play = traced()
    play({0.1: 0.5, 0.2: 0.5})
    play({0.3: 0.7})
    play({0.1: 0.7, 0.2: 0.45})
    assert teacher.metrics()["co_learnability"] == pytest.approx(-0.075)
    np.testing.assert_allclose(teacher.buffer.scores, [0.7, 0.45, 0.625])


def test_the_bonus_ends_when_the_level_is_scored_again():
    teacher, play = traced()
    play({0.1: 0.5})
    play({0.2: 0.3})
    play({0.2: 0.1})
    np.testing.assert_allclose(teacher.buffer.scores, [0.5, 0.3])  # 0.1 + 0.2
    play({0.2: 0.1})
    np.testing.assert_allclose(teacher.buffer.scores, [0.5, 0.1])


def test_without_an_update_of_the_student_there_is_no_bonus():
    teacher = build(LINE, name="robust-plr", score="traced", transition_weight=0.0)
    for loss in (0.5, 0.3):
        tasks = teacher.sample(3)
        report(teacher, tasks.values, loss, ids=tasks.ids)
        assert teacher.metrics()["co_learnability"] == 0.0
    report(teacher, tasks.values, 0.3)  # of another run: to learn from
    report(teacher, tasks.values, 0.2)
    assert teacher.metrics()["co_learnability"] == pytest.approx(0.1)


def test_repetitions_of_what_is_not_learned_from_are_not_either():
    teacher = build(LINE, name="robust-plr", score="traced")
    again = teacher.repeat(teacher.sample(3))
    report(teacher, again.values, 0.5, ids=again.ids)
    report(teacher, again.values, 0.5, ids=again.ids)  # a repetition of the outcome
    assert teacher._bonus._previous == {}


# --- Presets and arguments ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLR_PRESETS)
def test_every_preset_can_be_built(name):
    teacher = build(preset=name)
    assert teacher.buffer.capacity == PLR_PRESETS[name]["buffer_size"]
    assert set(PLR_PRESETS[name]) <= set(next(iter(ACCEL_PRESETS.values())))


def test_an_argument_overrides_the_preset():
    teacher = build(preset="dcd-60", temperature=0.7)
    assert (teacher.buffer.temperature, teacher.buffer.capacity, teacher.buffer.staleness) == (0.7, 4000, 0.3)


@pytest.mark.parametrize(
    ("hyperparameters", "match"),
    [
        ({"preset": "dcd"}, "Unknown preset 'dcd'. Did you mean"),
        ({"score": "pvl"}, "Unknown score 'pvl'"),
        ({"hold": "rollouts"}, "Did you mean 'rollout'"),
        ({"decision": "tasks"}, "Did you mean 'task'"),
        ({"buffer_size": 0}, "buffer_size must be at least 1"),
        ({"replay_prob": 1.5}, "replay_prob must lie between 0 and 1"),
        ({"temperature": 0.0}, "temperature must be finite and above 0"),
        ({"staleness": -0.1}, "staleness"),
        ({"transition_weight": -1.0}, "transition_weight must be finite and at least 0"),
        ({"co_learnability_weight": np.nan}, "co_learnability_weight"),
        ({"success_above": np.inf}, "success_above must be finite or None"),
    ],
)
def test_hyperparameters_are_checked(hyperparameters, match):
    with pytest.raises(ValueError, match=match):
        build(**hyperparameters)


def test_a_generator_that_cannot_be_called_is_refused():
    with pytest.raises(TypeError, match="generator must be callable"):
        build(generator=3)


# --- What it shows, and state -------------------------------------------------------------------------------------


def test_repetitions_do_not_lower_the_share_of_replays():
    for teacher in (full([0.1, 0.3]), make_teacher("sfl", LINE, seed=0)):
        tasks = teacher.sample(5)
        before = teacher.metrics()["replay_share"]
        teacher.repeat(tasks)
        assert teacher.metrics()["replay_share"] == before


def test_its_metrics():
    teacher = full([0.1, 0.3], temperature=1.0, staleness=0.0)
    teacher.sample(8)
    metrics = teacher.metrics()
    assert metrics["levels"] == 2.0
    assert metrics["fill"] == metrics["replay_prob"] == metrics["replay_share"] == 1.0
    assert metrics["mean_score"] == pytest.approx(0.2)
    assert metrics["max_score"] == pytest.approx(0.3)
    assert metrics["effective_levels"] == pytest.approx(9 / 5)


@pytest.mark.parametrize("hyperparameters", [{"score": s} for s in SCORES] + [{"hold": "rollout"}], ids=str)
def test_a_restored_teacher_goes_on_identically(hyperparameters):
    small = {"buffer_size": 40, "min_fill": 0.5, **hyperparameters}
    teacher, other = build(**small), build(seed=1, **small)
    teach(teacher, RegretStudent(3), 300)
    other.load_state_dict(teacher.state_dict())
    for one, two in zip(teach(teacher, RegretStudent(4), 100), teach(other, RegretStudent(4), 100), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("change", [{"temperature": 0.1}, {"score": "pace"}, {"buffer_size": 99}, {"hold": "rollout"}])
def test_a_state_of_other_hyperparameters_is_refused(change):
    teacher = build()
    teach(teacher, RegretStudent(), 50)
    with pytest.raises(ValueError, match=r"It was saved with \w+="):
        build(**change).load_state_dict(teacher.state_dict())


def test_a_state_with_levels_of_another_space_is_refused():
    teacher = build()
    teach(teacher, RegretStudent(), 50)
    state = teacher.state_dict()
    state["algorithm"]["buffer"]["tasks"] += 7.0
    with pytest.raises(ValueError, match="outside the task space"):
        build().load_state_dict(state)
