"""AGAIN: the pre-test, the expert's curriculum, the mixture with ALP-GMM, and what it does without a classroom."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.errors import RequestError, RunError
from tutelage.teachers.meta import Classroom, GaussianHistory, Pretested, StudentRecord

from .small_classroom import SPACE, history, make_room, student

overdue = pytest.mark.filterwarnings("ignore:The pre-test was due")

CORNERS = [[0.1, 0.2], [0.9, 0.2], [0.9, 1.8]]
"""Means of the expert's three steps."""


def expert_history(centres=CORNERS, threshold=0.5, **columns):
    """One Gaussian a step at each of the centres, whose tasks returned ``threshold``."""
    g = len(centres)
    returns = [0.0, 1.0, *[threshold] * g]
    return history(centres, returns=returns, origins=[-1, -1, *range(g)], **columns)


@pytest.fixture
def room(tmp_path):
    return make_room(tmp_path / "room", student("expert", final=[9, 9, 9], gaussians=expert_history()))


def again(room, **arguments):
    return make_teacher("again", SPACE, seed=0, **{"classroom": room, "fit_rate": 50, "ks": [2, 3], **arguments})


def outcomes(tasks, returns, ids=None, lengths=None):
    n = len(tasks)
    lengths = np.ones(n, int) if lengths is None else np.full(n, lengths)
    ids = np.full(n, -1) if ids is None else ids
    return Outcomes(tasks=tasks, ids=ids, returns=np.broadcast_to(returns, n), lengths=lengths)


def play(teacher, episodes, value=0.0, batch=1):
    """Play tasks that all return the same; returns them."""
    played = []
    for _ in range(episodes // batch):
        tasks = teacher.sample(batch)
        played.append(tasks.values)
        teacher.update(outcomes(tasks.values, value, tasks.ids))
    return np.concatenate(played) if played else np.empty((0, 2))


def after_pretest(room, episodes=0, **arguments):
    """A teacher after its pre-test."""
    teacher = again(room, **arguments)
    play(teacher, episodes)
    teacher.pretest([0, 0, 0])
    return teacher


def near(tasks, centre):
    """Which tasks are at the expert's Gaussian around a centre."""
    return (np.abs(SPACE.to_unit(tasks) - SPACE.to_unit(centre)) < 0.06).all(axis=1)


def step(teacher):
    return teacher.metrics()["expert_step"]


# --- Before the pre-test ----------------------------------------------------------------------------------------------


@overdue
def test_until_the_pretest_it_is_alp_gmm_with_a_tenth_of_random_tasks(room):
    alp_gmm = make_teacher("alp-gmm", SPACE, seed=0, fit_rate=50, ks=[2, 3], random_task_ratio=0.1)
    np.testing.assert_array_equal(play(again(room), 150, 0.3), play(alp_gmm, 150, 0.3))


def test_it_says_which_test_it_waits_for(tmp_path):
    room = make_room(tmp_path / "room", student(gaussians=expert_history()), test_set_sha256="ab", unit="steps")
    teacher = again(room)
    assert isinstance(teacher, Pretested)
    assert teacher.pretest_plan == (100, "steps", "three tasks", "ab", 3)


@overdue
@pytest.mark.parametrize(("unit", "length"), [("episodes", 7), ("steps", 1), ("steps", 4)])
def test_the_pretest_is_due_after_so_much_training(tmp_path, unit, length):
    room = make_room(tmp_path / "room", student(gaussians=expert_history()), unit=unit)
    teacher, due = again(room), []
    for _ in range(120):
        tasks = teacher.sample()
        teacher.update(outcomes(tasks.values, 0.0, tasks.ids, lengths=length))
        due.append(teacher.pretest_due)
    assert due.index(True) + 1 == (100 if unit == "episodes" else 100 // length)
    teacher.pretest([0, 0, 0])
    assert not teacher.pretest_due
    assert teacher.pretest_plan is None


@pytest.mark.parametrize(
    ("number", "preset", "at"), [(None, "toy", 200), (None, "parkour", 100), (1, "toy", 100), (3, "toy", 300)]
)
def test_which_pretest_counts_can_be_chosen(tmp_path, number, preset, at):
    record = student(episodes=[100, 200, 300], competences=np.zeros((3, 3)), gaussians=expert_history())
    room = make_room(tmp_path / "room", record, pretests=[100, 200, 300])
    assert again(room, pretest=number, preset=preset, return_bounds=(0.0, 1.0)).pretest_plan.at == at


def test_the_last_pretest_counts_where_there_are_fewer_than_the_presets(room):
    assert again(room, preset="toy").pretest_plan.at == 100
    with pytest.raises(RequestError, match=r"pretest must be at most 1, as .* has it, got 2"):
        _ = again(room, pretest=2).pretest_plan


def test_students_are_compared_at_the_pretest_that_counts(tmp_path):
    two = [
        student(name, final=[9, 9, 9], episodes=[10, 20], competences=competences, gaussians=expert_history())
        for name, competences in (("a", [[9, 9, 9], [0, 0, 0]]), ("b", [[0, 0, 0], [9, 9, 9]]))
    ]
    room = make_room(tmp_path / "room", *two, pretests=[10, 20])
    for number, expert in ((1, "b"), (2, "a")):
        teacher = again(room, pretest=number, k=1)
        teacher.pretest([0, 0, 0])
        assert teacher.expert == expert


@pytest.mark.parametrize(
    ("components", "sentence"),
    [([0, 0], "shape"), ([0, np.nan, 0], "NaN"), (None, "NaN|shape|numbers"), (["x"] * 3, "numbers")],
)
def test_a_result_that_does_not_fit_is_refused_and_changes_nothing(room, components, sentence):
    teacher = again(room)
    with pytest.raises(ValueError, match=sentence):
        teacher.pretest(components)
    teacher.pretest([0, 0, 0])
    assert teacher.expert == "expert"


def test_a_second_pretest_is_refused(room):
    with pytest.raises(ValueError, match="has had its pre-test"):
        after_pretest(room).pretest([0, 0, 0])


def test_a_kind_is_asked_for_where_it_is_matched_by(tmp_path):
    students = [student(name, kind={"legs": i}, gaussians=expert_history()) for i, name in enumerate("ab")]
    teacher = again(make_room(tmp_path / "room", *students), match="kind", k=1)
    with pytest.raises(ValueError, match="what kind of student this is"):
        teacher.pretest([0, 0, 0])
    teacher.pretest([0, 0, 0], kind={"legs": 0.8})
    assert teacher.expert == "b"


def test_a_pretest_that_never_comes_leaves_alp_gmm_and_one_warning(room):
    teacher = again(room)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tasks = play(teacher, 300, 0.3)
    assert [str(warning.message) for warning in caught] == [
        "The pre-test was due after 100 episodes and did not come: it goes on as ALP-GMM until pretest(…) is called."
    ]
    alp_gmm = make_teacher("alp-gmm", SPACE, seed=0, fit_rate=50, ks=[2, 3], random_task_ratio=0.1)
    np.testing.assert_array_equal(tasks, play(alp_gmm, 300, 0.3))
    teacher.pretest([0, 0, 0])
    assert teacher.expert == "expert"


def test_the_history_of_another_run_is_learned_from(room):
    teacher = again(room)
    rng = np.random.default_rng(0)
    teacher.update(outcomes(SPACE.sample(100, rng), rng.random(100)))
    assert teacher.pretest_due
    assert teacher.mixture is not None


# --- Without a useful classroom ---------------------------------------------------------------------------------------


def warned(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    return result, [str(warning.message) for warning in caught]


@pytest.mark.parametrize("preset", ["toy", "parkour"])
def test_without_a_classroom_it_is_alp_gmm_and_says_so_once_when_the_pretest_would_be(preset):
    teacher = again(None, preset=preset)
    assert (teacher.pretest_plan, teacher.pretest_due) == (None, False)
    rng = np.random.default_rng(0)

    def train():
        for _ in range(25):
            teacher.update(outcomes(SPACE.sample(1000, rng), 0.0, lengths=25))

    _, told = warned(train)
    assert told == ["AGAIN has no classroom: it goes on as ALP-GMM."]


def test_without_a_classroom_no_pretest_is_waited_for():
    with pytest.raises(ValueError, match="waits for no pre-test: it has no classroom"):
        again(None).pretest([0, 0, 0])


@pytest.mark.parametrize(
    ("students", "what"),
    [([], "has no students"), ([student(gaussians=history(alps=[0.1]))], "has no student of use among 1")],
)
def test_a_classroom_of_no_use_leaves_alp_gmm_and_one_warning(tmp_path, students, what):
    teacher = again(make_room(tmp_path / "room", *students))
    tasks, told = warned(lambda: play(teacher, 150, 0.3))
    assert told == [f"The classroom in {tmp_path / 'room'} {what}: AGAIN goes on as ALP-GMM."]
    assert (teacher.pretest_plan, teacher.expert) == (None, None)
    alp_gmm = make_teacher("alp-gmm", SPACE, seed=0, fit_rate=50, ks=[2, 3], random_task_ratio=0.1)
    np.testing.assert_array_equal(tasks, play(alp_gmm, 150, 0.3))


def test_a_student_whose_file_is_gone_leaves_alp_gmm_and_a_warning(room):
    teacher = again(room)
    (room.folder / "students" / "00000000.npz").unlink()
    _, told = warned(lambda: teacher.pretest([0, 0, 0]))
    assert told[0].endswith("does not exist. The student is passed over.")
    assert told[1:] == [f"No student of the classroom in {room.folder} can be an expert: AGAIN goes on as ALP-GMM."]
    assert SPACE.contains(play(teacher, 60)).all()


def test_a_classroom_can_be_named_by_its_folder(room):
    for place in (room.folder, str(room.folder)):
        assert after_pretest(place).expert == "expert"


USES = {
    "sample": lambda teacher: teacher.sample(),
    "update": lambda teacher: teacher.update(outcomes(np.zeros((1, 2)), 0.0)),
    "plan": lambda teacher: teacher.pretest_plan,
    "pretest": lambda teacher: teacher.pretest([0, 0, 0]),
}


@pytest.mark.parametrize("use", USES)
def test_a_folder_without_a_classroom_is_refused_at_the_first_use(tmp_path, use):
    teacher = again(tmp_path / "typo")
    with pytest.raises(RequestError, match=r"There is no classroom in .*typo"):
        USES[use](teacher)
    assert teacher.state_dict()["n_outcomes"] == 0


@pytest.mark.parametrize("use", USES)
def test_a_damaged_classroom_is_refused_at_the_first_use(room, use):
    (room.folder / "pretest_0.npy").write_bytes(b"")
    with pytest.raises(RunError, match=r"pretest_0.npy is damaged"):
        USES[use](again(room))


def test_a_classroom_of_other_tasks_is_refused(room):
    space = TaskSpace(x=(0.0, 1.0), y=(0.0, 3.0))
    with pytest.raises(RequestError, match=r"The classroom in .* is of .*, the tasks are"):
        make_teacher("again", space, classroom=room)
    teacher = make_teacher("again", space, classroom=str(room.folder))
    with pytest.raises(RequestError, match=r"The classroom in .* is of .*, the tasks are"):
        teacher.sample()


def test_what_is_no_classroom_is_refused():
    with pytest.raises(TypeError, match="classroom must be a Classroom, a folder or None, got int"):
        again(3)


# --- The expert's tasks -----------------------------------------------------------------------------------------------


def test_tasks_come_from_the_first_step_of_the_expert(room):
    tasks = after_pretest(room, random_task_ratio=0.0).sample(200).values
    assert near(tasks, CORNERS[0]).all()


def test_gaussians_of_little_progress_never_appear(tmp_path):
    gaussians = expert_history(alps=[0.5, 0.2, 0.5])
    room = make_room(tmp_path / "room", student(gaussians=gaussians))
    tasks = after_pretest(room, curriculum="pool", random_task_ratio=0.0).sample(500).values
    assert not near(tasks, CORNERS[1]).any()
    assert (near(tasks, CORNERS[0]) | near(tasks, CORNERS[2])).all()


def test_two_percent_of_the_tasks_are_random(room):
    tasks = after_pretest(room).sample(20_000).values
    assert 0.016 < 1.0 - near(tasks, CORNERS[0]).mean() < 0.024


def test_an_expert_stands_alone_where_it_is_not_mixed(room):
    teacher = after_pretest(room, 60, mix=False, random_task_ratio=0.0)
    assert near(play(teacher, 100), CORNERS[0]).all()


def test_expert_and_alp_gmm_are_mixed_in_proportion_to_their_progress(room):
    teacher = again(room, random_task_ratio=0.0)
    rng = np.random.default_rng(0)
    tasks = SPACE.sample(100, rng)
    teacher.update(outcomes(tasks, rng.random(100)))
    teacher.pretest([0, 0, 0])
    live = np.maximum(teacher.mixture.means[:, -1], 0.0).sum()
    share = near(teacher.sample(5000).values, CORNERS[0]).mean()
    assert share == pytest.approx(0.5 / (0.5 + live), abs=0.03)
    assert teacher.metrics()["expert_share"] == pytest.approx(0.5 / (0.5 + live))


def test_gaussians_without_any_progress_are_drawn_alike(tmp_path):
    """All ALPs of the expert estimated as 0, and ALP-GMM without progress: every Gaussian has the same chance."""
    room = make_room(tmp_path / "room", student(gaussians=expert_history(CORNERS[:1])))
    teacher = after_pretest(room, 60, stop=True, random_task_ratio=0.0)
    play(teacher, 400)
    k = teacher.mixture.n_components
    assert teacher.metrics()["expert_share"] == pytest.approx(1.0 / (1 + k))


def test_the_scale_of_expert_and_alp_gmm_is_that_of_the_bounds(tmp_path):
    gaussians = expert_history(threshold=100.0, alps=[250.0, 250.0, 250.0])
    room = make_room(tmp_path / "room", student(gaussians=gaussians))
    teacher = after_pretest(room, preset="parkour", stop=False, random_task_ratio=0.0)
    assert teacher.expert_curriculum.alps.tolist() == [0.5] * 3
    assert teacher.expert_curriculum.thresholds.tolist() == [0.5] * 3
    play(teacher, 9, 99.0)
    assert step(teacher) == 1
    play(teacher, 30, 101.0)
    assert step(teacher) > 1


def test_an_expert_found_before_the_first_fit_is_followed_at_once(room):
    teacher = after_pretest(room, 3, random_task_ratio=0.0)
    assert teacher.mixture is None
    assert near(play(teacher, 20), CORNERS[0]).all()


def test_the_density_is_where_the_expert_aims(room):
    teacher = after_pretest(room)
    here, there = teacher.density([CORNERS[0], CORNERS[2]])
    assert here > 100.0 > 1e-6 > there


def test_integers_and_fixed_dimensions_are_taught_too(tmp_path):
    space = TaskSpace(x=(0.0, 1.0), fixed=(5.0, 5.0), k=range(2, 7))
    covariances = np.diag([1e-4, 0.0, 1e-4])[None]
    gaussians = GaussianHistory([0], [250], [[0.5, 5.0, 6.0]], covariances, [0.5], [0.0, 1.0], [-1, 0])
    room = Classroom.create(tmp_path / "room", space, "t", pretests=[10], n_components=1)
    room.append(StudentRecord("a", {}, [10], [[0.0]], [1.0], 1.0, gaussians))
    teacher = make_teacher("again", space, seed=0, classroom=room, random_task_ratio=0.0)
    teacher.pretest([0.0])
    tasks = teacher.sample(100).values
    assert (tasks[:, 1:] == [5.0, 6.0]).all()
    assert (np.abs(tasks[:, 0] - 0.5) < 0.06).all()


def test_the_curriculum_of_a_recorded_run_is_followed(tmp_path):
    """From an ALP-GMM run to its record, its classroom and the tasks of the next student."""
    teacher = make_teacher("alp-gmm", SPACE, seed=0, fit_rate=50, ks=[2, 3])
    record = teacher.record_history()
    for i in range(40):  # progress is made where x is above 0.7
        tasks = teacher.sample(10)
        teacher.update(outcomes(tasks.values, np.where(tasks.values[:, 0] > 0.7, (i % 10) / 10, 0.0), tasks.ids))
    room = make_room(tmp_path / "room", student(gaussians=GaussianHistory.of(record)))
    tasks = after_pretest(room, curriculum="pool").sample(500).values
    assert (tasks[:, 0] > 0.6).mean() > 0.85


# --- The pace ---------------------------------------------------------------------------------------------------------


def test_returns_below_the_experts_do_not_lead_on(room):
    teacher = after_pretest(room, random_task_ratio=0.0, mix=False)
    play(teacher, 200, 0.49)
    assert step(teacher) == 1


def test_exactly_ten_returns_are_asked_for(room):
    teacher = after_pretest(room, random_task_ratio=0.0, mix=False)
    steps = []
    for _ in range(25):
        play(teacher, 1, 0.5)
        steps.append(step(teacher))
    assert (steps.index(2) + 1, steps.index(3) + 1) == (10, 20)
    assert near(teacher.sample(50).values, CORNERS[2]).all()


def test_only_returns_of_the_experts_tasks_count(room):
    teacher = after_pretest(room, 60, random_task_ratio=0.5)
    rng = np.random.default_rng(0)
    teacher.update(outcomes(np.tile(CORNERS[0], (100, 1)), 1.0))  # another run's, in the same place
    assert step(teacher) == 1
    for _ in range(60):
        tasks = teacher.sample()
        expert = tasks.ids[0] in teacher._pending
        teacher.update(outcomes(tasks.values, 0.0 if expert else 0.5 + rng.random(), tasks.ids))
    assert step(teacher) == 1


def test_late_returns_of_an_earlier_step_do_not_count(room):
    teacher = after_pretest(room, random_task_ratio=0.0, mix=False)
    late = teacher.sample(15)
    play(teacher, 10, 0.9)
    assert step(teacher) == 2
    teacher.update(outcomes(late.values, 0.9, late.ids))
    assert step(teacher) == 2


def test_an_outcome_that_comes_twice_counts_once(room):
    teacher = after_pretest(room, random_task_ratio=0.0, mix=False)
    tasks = teacher.sample(5)
    for _ in range(4):
        teacher.update(outcomes(tasks.values, 0.9, tasks.ids))
    assert step(teacher) == 1


def test_tolerance_makes_the_expert_easier_to_follow(room):
    for tolerance, expected in ((1.0, 1), (0.6, 2)):
        teacher = after_pretest(room, random_task_ratio=0.0, mix=False, tolerance=tolerance)
        play(teacher, 10, 0.35)
        assert step(teacher) == expected


def test_time_goes_on_from_the_beginning_of_the_training(tmp_path):
    room = make_room(tmp_path / "room", student(gaussians=expert_history(refit_episodes=[40, 90, 130])))
    teacher, steps = after_pretest(room, 60, curriculum="time", mix=False), []
    for _ in range(80):
        steps.append(int(step(teacher)))
        play(teacher, 1)
    assert [60 + steps.index(each) for each in (1, 2, 3)] == [60, 90, 130]
    assert near(teacher.sample(200).values, CORNERS[2]).mean() > 0.9


@overdue
def test_a_student_that_is_further_than_the_experts_last_step_is_at_it(room):
    assert step(after_pretest(room, 900, curriculum="time", fit_rate=250)) == 3


def test_a_pool_has_all_steps_at_once(room):
    teacher = after_pretest(room, curriculum="pool", mix=False, random_task_ratio=0.0)
    tasks = play(teacher, 200, 1.0)
    assert all(0.2 < near(tasks, corner).mean() < 0.5 for corner in CORNERS)
    assert step(teacher) == 1


# --- The end ----------------------------------------------------------------------------------------------------------


def at_the_end(room, **arguments):
    """A teacher that has just reached the expert's last step."""
    teacher = after_pretest(room, random_task_ratio=0.0, **arguments)
    while step(teacher) < 3:
        play(teacher, 1, 1.0)
    return teacher


def test_without_stop_the_last_step_goes_on_for_ever(room):
    teacher = at_the_end(room, mix=False)
    play(teacher, 300, 1.0)
    assert near(teacher.sample(100).values, CORNERS[2]).all()
    assert teacher.metrics()["phase"] == 1.0


def test_alps_of_the_last_step_are_estimated_anew(room):
    teacher = at_the_end(room, stop=True)
    assert teacher.metrics()["phase"] == 2.0
    share = teacher.metrics()["expert_share"]
    n_expert = 0
    while n_expert < 100:  # returns no longer change: no progress
        assert teacher.metrics()["expert_share"] > 0.4 * share
        tasks = teacher.sample()
        n_expert += tasks.ids[0] in teacher._pending
        teacher.update(outcomes(tasks.values, 1.0, tasks.ids))
    assert teacher._guide._alps[2] < 0.02


def test_estimating_anew_does_not_overwrite_what_the_expert_had(room):
    teacher = at_the_end(room, stop=True)
    play(teacher, 400, 1.0)
    assert teacher._guide._alps[2] < 0.5
    assert teacher.expert_curriculum.alps.tolist() == [0.5] * 3
    assert room.record(0).gaussians.alps.tolist() == [0.5] * 3


def test_the_share_of_random_tasks_at_the_end_takes_effect(room):
    teacher = at_the_end(room, stop=True, mix=False, end_random_ratio=0.4)
    tasks = teacher.sample(5000).values
    assert near(tasks, CORNERS[2]).mean() == pytest.approx(0.6, abs=0.03)


def test_the_end_keeps_the_share_of_random_tasks_by_default(room):
    assert at_the_end(room, stop=True)._random_ratio() == 0.0
    assert again(room).end_random_ratio == 0.02


def test_the_end_is_when_the_last_step_is_reached_not_when_it_is_passed(room):
    teacher = after_pretest(room, stop=True, random_task_ratio=0.0, mix=False)
    play(teacher, 19, 0.5)
    assert teacher.metrics()["phase"] == 1.0
    play(teacher, 1, 0.5)
    assert teacher.metrics()["phase"] == 2.0


def test_a_curriculum_of_one_step_is_at_its_end_from_the_beginning(tmp_path):
    room = make_room(tmp_path / "room", student(gaussians=expert_history(CORNERS[:1])))
    assert after_pretest(room, stop=True).metrics()["phase"] == 2.0


def test_alp_gmm_takes_over_from_an_expert_that_is_not_mixed(room):
    teacher = at_the_end(room, stop=True, mix=False)
    assert near(play(teacher, 50, 1.0), CORNERS[2]).all()
    assert teacher.metrics()["phase"] == 3.0
    assert teacher.metrics()["expert_share"] == 0.0
    np.testing.assert_array_equal(teacher._means, teacher.mixture.means[:, :2])
    assert teacher.expert == "expert"


def test_alp_gmm_has_seen_the_experts_episodes(room):
    teacher = after_pretest(room, random_task_ratio=0.0, mix=False)
    play(teacher, 120, 0.1)
    assert teacher.metrics()["history"] == 120.0
    assert near(teacher.mixture.means[:, :2] * [1.0, 2.0], CORNERS[0]).all()


# --- Everything else --------------------------------------------------------------------------------------------------


def test_presets_are_those_of_the_authors(room):
    toy, parkour = again(room, fit_rate=250), again(room, preset="parkour")
    assert (toy.pretest_number, toy.k, toy.stop, toy.return_bounds) == (2, 5, False, None)
    assert (parkour.pretest_number, parkour.k, parkour.stop, parkour.return_bounds) == (1, 3, True, (-150.0, 350.0))
    default = make_teacher("again", SPACE)
    assert (default.fit_rate, default.ks, default.n_returns) == (250, tuple(range(2, 11)), 10)
    assert (default.random_task_ratio, default.pretest_random_ratio, default.tolerance) == (0.02, 0.1, 1.0)
    assert (default.alp_threshold, default.curriculum, default.mix) == (0.2, "reward", True)


def test_arguments_win_over_the_preset(room):
    teacher = again(room, preset="parkour", k=7, stop=False, return_bounds=(0.0, 1.0))
    assert (teacher.k, teacher.stop, teacher.return_bounds, teacher.pretest_number) == (7, False, (0.0, 1.0), 1)


def test_the_presets_stop_is_for_the_pace_by_reward_only(room):
    assert not again(room, preset="parkour", curriculum="time").stop


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"curriculum": "rewards"}, "Did you mean 'reward'"),
        ({"match": "knowlege"}, "Did you mean 'knowledge'"),
        ({"preset": "park"}, "preset"),
        ({"pretest": 0}, "pretest must be at least 1"),
        ({"pretest": 1.5}, "pretest must be a whole number"),
        ({"k": 0}, "k must be at least 1"),
        ({"n_returns": 0}, "n_returns must be at least 1"),
        ({"n_returns": 2.5}, "n_returns must be a whole number"),
        ({"classroom_share": 0.0}, "classroom_share must be above 0"),
        ({"classroom_share": 1.1}, "classroom_share must be above 0 and at most 1"),
        ({"alp_threshold": 1.0}, "alp_threshold must be at least 0 and below 1"),
        ({"alp_threshold": np.nan}, "alp_threshold"),
        ({"tolerance": 0.0}, "tolerance must be finite and above 0"),
        ({"tolerance": np.inf}, "tolerance must be finite"),
        ({"stop": True, "curriculum": "pool"}, "stop=True is for curriculum='reward' only"),
        ({"random_task_ratio": 1.5}, "random_task_ratio must lie between 0 and 1"),
        ({"pretest_random_ratio": -0.1}, "pretest_random_ratio must lie between 0 and 1"),
        ({"end_random_ratio": 2.0}, "end_random_ratio must lie between 0 and 1"),
        ({"fit_rate": 1}, "fit_rate must be at least the largest k"),
        ({"return_bounds": (1.0, 0.0)}, "low < high"),
    ],
)
def test_impossible_hyperparameters_are_refused_by_name(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        again(None, **arguments)


@pytest.mark.parametrize("name", ["alp_threshold", "classroom_share", "tolerance", "end_random_ratio"])
def test_a_number_that_is_none_is_refused_by_name(name):
    with pytest.raises(TypeError, match=f"{name} must be a number"):
        again(None, **{name: "x"})


@pytest.mark.parametrize("match", ["knowledge", "random"])
def test_the_same_seed_gives_the_same_tasks(tmp_path, match):
    students = [student(f"s{i}", [i, 0, 0], gaussians=expert_history([[i / 5, 0.5]])) for i in range(5)]
    room = make_room(tmp_path / "room", *students)

    def run():
        teacher = again(room, match=match, classroom_share=0.8)
        first = play(teacher, 100, 0.2)
        teacher.pretest([2, 0, 0])
        return np.concatenate([first, play(teacher, 200, 0.7)])

    np.testing.assert_array_equal(run(), run())


@pytest.mark.parametrize(
    "settings", [{}, {"stop": True}, {"stop": True, "mix": False}, {"curriculum": "time"}], ids=str
)
def test_a_batch_of_outcomes_equals_one_at_a_time(room, settings):
    batch, single = after_pretest(room, **settings), after_pretest(room, **settings)
    for i in range(25):
        tasks = batch.sample(30)
        single.sample(30)
        results = outcomes(tasks.values, 0.3 + 0.02 * i + 0.1 * np.cos(tasks.ids), tasks.ids)
        batch.update(results)
        for j in range(30):
            single.update(results[j : j + 1])
        assert {k: v for k, v in batch.metrics().items() if k != "fit_seconds"} == {
            k: v for k, v in single.metrics().items() if k != "fit_seconds"
        }
    np.testing.assert_array_equal(batch.sample(50).values, single.sample(50).values)


def test_a_recorded_run_has_no_gaussian_for_the_experts_tasks(room):
    teacher = again(room)
    record = teacher.record_history()
    teacher.pretest([0, 0, 0])
    origins = []
    rng = np.random.default_rng(0)
    for _ in range(300):
        tasks = teacher.sample()
        origins.append(tasks.ids[0] in teacher._pending)
        teacher.update(outcomes(tasks.values, rng.random(), tasks.ids))
    assert (record.origins[np.array(origins)] == -1).all()
    assert (record.origins[~np.array(origins)] >= 0).any()


def test_tasks_whose_outcomes_never_come_are_forgotten_in_the_end(room, monkeypatch):
    import tutelage.teachers.meta.again as module

    monkeypatch.setattr(module, "_MOST_PENDING", 100)
    teacher = after_pretest(room)
    for _ in range(50):
        teacher.sample(20)
    assert len(teacher._pending) == 100
    assert min(teacher._pending) > 850


def test_a_classroom_that_grows_meanwhile_is_read_as_it_is_at_the_pretest(room):
    teacher = again(room, k=1)
    play(teacher, 50)
    room.append(student("newer", [5, 5, 5], [6, 6, 6], gaussians=expert_history()))
    teacher.pretest([5, 5, 5])
    assert teacher.expert == "newer"


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))], ids=["copy", "pickle"])
def test_a_copy_goes_on_identically(room, duplicate):
    teacher = after_pretest(room, 60)
    other = duplicate(teacher)
    np.testing.assert_array_equal(play(teacher, 100, 0.6), play(other, 100, 0.6))


@pytest.mark.slow
def test_new_toy_students_are_matched_with_students_of_their_kind(tmp_path):
    from tutelage.envs import ToyStudent
    from tutelage.envs.toy_config import ToyConfig

    cells = (np.stack(np.indices((20, 20)), -1).reshape(-1, 2) + 0.5) / 20
    space = ToyConfig(2, 20).task_space
    room = Classroom.create(tmp_path / "room", space, "cells", pretests=[20_000], n_components=400)

    def teach(learner, teacher, episodes):
        for _ in range(episodes // 10):
            tasks = teacher.sample(10)
            teacher.update(outcomes(tasks.values, learner.play(tasks.values), tasks.ids))
        return learner.competence_at(cells)

    def learner_of(seed):
        return ToyStudent(ToyConfig(2, 20, rotation=seed % 4), seed)

    for seed in range(16):
        learner, teacher = learner_of(seed), make_teacher("alp-gmm", space, seed=seed, random_task_ratio=0.1)
        record = teacher.record_history()
        knows = teach(learner, teacher, 20_000)
        final, kind = teach(learner, teacher, 1_000), {"rotation": seed % 4}
        gaussians = GaussianHistory.of(record)
        room.append(StudentRecord(f"s{seed}", kind, [20_000], [knows], final, learner.score(), gaussians))
    right = 0
    for seed in range(100, 120):
        teacher = make_teacher("again", space, seed=seed, classroom=room, k=3)
        teacher.pretest(teach(learner_of(seed), teacher, 20_000))
        right += room.kinds[room.names.index(teacher.expert)]["rotation"] == seed % 4
    assert right >= 19


@pytest.mark.parametrize("name", ["mix", "stop"])
def test_a_switch_is_true_or_false(name):
    with pytest.raises(TypeError, match=f"{name} must be True or False, got 'no'"):
        make_teacher("again", SPACE, **{name: "no"})
