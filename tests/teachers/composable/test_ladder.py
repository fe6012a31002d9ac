"""The ladder: gates, modes, prerequisites, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace
from tutelage.benchmarks.arm_lessons import teach
from tutelage.envs import ArmConfig, ArmStudent
from tutelage.teachers.composable.difficulty import Bands, difficulty_of
from tutelage.teachers.composable.gates import Mastery, Never, Steps, gate_of
from tutelage.teachers.composable.ladder import Ladder
from tutelage.teachers.composable.prerequisites import Prerequisites
from tutelage.teachers.expert_knowledge import ExpertKnowledge

PARITY = TaskSpace(n=range(2, 7))


def parity(**arguments):
    gate = "mastery(0.98, rule='mean_and_newest', min_episodes=200)"
    return Ladder(PARITY, seed=0, stages={"n": 5}, **{"gate": gate, **arguments})


def play(teacher, rate, episodes=200, only=None):
    """Report episodes of every stage in play, of which a share is solved; the oldest stage first."""
    for name in list(teacher.active):
        if only is None or name in only:
            n = float(name.partition("=")[2])
            success = np.arange(episodes) < round(rate * episodes)
            teacher.update(
                Outcomes(
                    tasks=[[n]] * episodes,
                    ids=[-1] * episodes,
                    returns=success,
                    lengths=[9] * episodes,
                    success=success,
                )
            )


def stages(teacher):
    return [int(name.partition("=")[2]) for name in teacher.active]


# --- Gates and modes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "path"),
    [
        ("single", [[2], [3], [3], [4], [5]]),
        ("cumulative", [[2], [2, 3], [2, 3], [2, 3, 4], [2, 3, 4, 5]]),
        ("sliding", [[2], [2, 3], [2, 3], [2, 3, 4], [3, 4, 5]]),
    ],
)
def test_stages_of_parity_open_when_mean_and_newest_are_above_98_percent(mode, path):
    teacher, seen = parity(mode=mode), []
    seen.append(stages(teacher))
    for rate in (0.99, 0.5, 0.985, 0.99):
        play(teacher, rate)
        seen.append(stages(teacher))
    assert seen == path


@pytest.mark.parametrize(("active", "passes"), [([0.975, 0.99], True), ([0.97, 0.985], False), ([1.0, 0.975], False)])
def test_mean_and_newest(active, passes):
    assert Mastery(0.98, rule="mean_and_newest").passes(active[-1], active) is passes


def test_a_window_averages_over_probes():
    teacher = parity(gate="mastery(0.8, window=2, min_episodes=200)")
    play(teacher, 1.0)
    assert stages(teacher) == [2]
    play(teacher, 0.7)
    assert stages(teacher) == [3]


def test_steps_leave_each_stage_after_its_number():
    teacher, counts = parity(gate="steps(200)"), {}
    for _ in range(1000):
        tasks = teacher.sample()
        counts[tasks.values.item()] = counts.get(tasks.values.item(), 0) + 1
        teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[0.0], lengths=[1], success=[0.0]))
    assert counts == dict.fromkeys([2.0, 3.0, 4.0, 5.0, 6.0], 200)


@pytest.mark.parametrize("mode", ["single", "cumulative"])
def test_what_was_handed_out_before_a_stage_opened_does_not_count_for_it(mode):
    teacher, played = parity(gate="steps(20)", mode=mode), set()
    for _ in range(12):
        tasks = teacher.sample(64)
        played |= set(tasks.values[:, 0])
        teacher.update(
            Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[0.0] * 64, lengths=[1] * 64, success=[0.0] * 64)
        )
    assert played == {2.0, 3.0, 4.0, 5.0, 6.0}


def test_never_stays():
    teacher = parity(gate="never")
    play(teacher, 1.0)
    assert stages(teacher) == [2]


def test_the_last_stage_stays_when_all_are_mastered():
    teacher = parity()
    for _ in range(8):
        play(teacher, 1.0)
    assert (stages(teacher), len(teacher.mastered)) == ([6], 5)


def test_a_stage_that_is_never_solved_is_passed_over():
    teacher = parity(patience=3)
    for _ in range(3):
        assert stages(teacher) == [2]
        play(teacher, 0.0)
    assert (stages(teacher), teacher.mastered) == ([3], [])


def test_without_patience_it_is_not():
    teacher = parity(patience=None)
    for _ in range(20):
        play(teacher, 0.0)
    assert stages(teacher) == [2]


def test_a_stage_that_is_too_hard_closes_again():
    teacher = parity(demote_below=0.1)
    play(teacher, 1.0)
    assert stages(teacher) == [3]
    play(teacher, 0.05)
    assert stages(teacher) == [2]


def test_a_held_out_stage_is_never_played():
    teacher = parity(held_out=["n=6"], mode="cumulative")
    for _ in range(10):
        play(teacher, 1.0)
    assert 6.0 not in teacher.sample(2000).values
    assert "n=6" not in teacher.mastered


def test_a_chain_goes_around_a_held_out_stage():
    teacher = parity(held_out=["n=3"])
    play(teacher, 1.0)
    assert stages(teacher) == [4]


def test_a_teacher_chooses_among_the_stages_in_play():
    within = {"teacher": "bandit", "update_every_episodes": 10, "max_share": None}
    teacher = parity(mode="cumulative", within=within)
    play(teacher, 1.0)
    assert stages(teacher) == [2, 3]
    for _ in range(10):
        play(teacher, 1.0, 10, only=["n=2"])
        play(teacher, 0.5, 10, only=["n=3"])
    assert (teacher.sample(300).values == 3.0).mean() > 0.7


def test_a_teacher_within_keeps_its_state():
    teacher, other = (parity(mode="cumulative", within="riac") for _ in range(2))
    play(teacher, 1.0)
    play(teacher, 0.5, 30)
    other.load_state_dict(teacher.state_dict())
    np.testing.assert_array_equal(other.sample(40).values, teacher.sample(40).values)


def test_an_impossible_arm_does_not_end_the_curriculum():
    student = ArmStudent(ArmConfig(impossible=2))
    order = [{"arm": arm} for arm in (0, 5, 1, 6, 2, 3, 4)]
    teacher = Ladder(student.task_space, seed=0, stages=order, gate="mastery(0.85, min_episodes=20)")
    assert teach(teacher, student, 0).updates < 400


# --- Prerequisites ---------------------------------------------------------------------------------------------------

GRAPH = {"B": {"A"}, "C": {"A"}, "D": {"B", "C"}, "E": {"C"}}
ROOMS = {letter: {"room": i} for i, letter in enumerate("ABCDE")}


@pytest.mark.parametrize(
    ("weak", "goals", "plan"), [("ACD", "D", ["A", "C", "D"]), ("BC", "DE", ["B", "C"]), ("", "D", []), ("E", "D", [])]
)
def test_a_plan_has_the_weak_ancestors_of_the_goals_in_order(weak, goals, plan):
    teacher = Ladder(TaskSpace(room=range(5)), stages=ROOMS, requires=GRAPH)
    assert teacher.plan(weak, goals) == plan


def test_a_stage_opens_only_after_all_it_requires():
    teacher = Ladder(TaskSpace(room=range(5)), stages=ROOMS, requires=GRAPH, gate="mastery(0.8, min_episodes=10)")

    def master(letter):
        room = float("ABCDE".index(letter))
        teacher.update(
            Outcomes(tasks=[[room]] * 10, ids=[-1] * 10, returns=[1] * 10, lengths=[1] * 10, success=[1] * 10)
        )

    assert teacher.active == ["A"]
    master("A")
    assert teacher.active == ["B", "C"]
    master("B")
    assert teacher.active == ["C"]
    master("C")
    assert teacher.active == ["E", "D"] or teacher.active == ["D", "E"]


@pytest.mark.parametrize("requires", [{"A": {"B"}, "B": {"A"}}, {"A": {"A"}}, {"A": "C", "C": "B", "B": "A"}], ids=str)
def test_a_cycle_is_refused_by_its_stages(requires):
    with pytest.raises(ValueError, match=r"cycle: .*A → "):
        Prerequisites("ABC", requires)


# --- Difficulty ------------------------------------------------------------------------------------------------------

SQUARE = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))


@pytest.mark.parametrize(
    ("expert", "directions"),
    [
        ({}, [1, 0]),
        ({"initial_mean": [0.1, 0.9], "target_mean": [0.9, 0.1]}, [1, -1]),
        ({"initial_mean": [0.5, 0.9], "target_mean": [0.5, 0.1]}, [0, -1]),
        ({"initial_mean": [0.9, 0.5]}, [-1, 0]),
    ],
    ids=str,
)
def test_the_difficulty_follows_the_expert(expert, directions):
    assert difficulty_of(SQUARE, None, ExpertKnowledge(**expert)).directions.tolist() == directions


def test_bands_are_about_equally_large_and_disjoint():
    bands = Bands(SQUARE, difficulty_of(SQUARE, {"x": "up", "y": "down"}, ExpertKnowledge()), 4)
    tasks = SQUARE.sample(4000, np.random.default_rng(1))
    inside = bands.contains(tasks)
    assert (inside.sum(axis=1) == 1).all()
    np.testing.assert_allclose(inside.mean(axis=0), 0.25, atol=0.03)
    assert bands.contains(bands.sample(np.arange(4), np.random.default_rng(0))).diagonal().all()


def test_a_difficulty_that_is_constant_is_one_band():
    assert len(Bands(SQUARE, lambda tasks: np.zeros(len(tasks)), 5)) == 1


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"mode": "sliding-window"}, "mode"),
        ({"keep": 0}, "keep"),
        ({"gate": "mastery(1.5)"}, "threshold"),
        ({"gate": "mastery(0.5, rule='newest')"}, "rule"),
        ({"gate": "step(3)"}, "Did you mean 'steps'"),
        ({"gate": "steps(0)"}, "episodes"),
        ({"requires": {"n=2": {"n=7"}}}, "stage 'n=7'"),
        ({"requires": {"n=2": {"n=3"}, "n=3": {"n=2"}}}, "cycle"),
        ({"held_out": ["n=9"]}, "stage 'n=9'"),
        ({"held_out": ["n=2", "n=3", "n=4", "n=5", "n=6"]}, "All stages are held out"),
        ({"requires": {"n=3": {"n=2"}}, "held_out": ["n=2"]}, "'n=2', which is held out"),
        ({"demote_below": 2}, "demote_below"),
        ({"patience": 0}, "patience"),
        ({"within": "bandid"}, "Did you mean 'bandit'"),
        ({"difficulty": {"m": "up"}, "stages": None}, "dimension of the difficulty"),
        ({"difficulty": {"n": "sideways"}, "stages": None}, "'up' or 'down'"),
        ({"stages": []}, "at least one"),
        ({"n_stages": 0}, "n_stages"),
    ],
    ids=str,
)
def test_a_hyperparameter_out_of_range_is_refused_by_name(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        Ladder(PARITY, **{"stages": {"n": 5}, **arguments})


def test_a_state_with_other_stages_is_refused():
    with pytest.raises(ValueError, match="saved with the stages"):
        parity().load_state_dict(Ladder(PARITY, stages={"n": 3}).state_dict())


@pytest.mark.parametrize(
    ("spec", "kind"), [("steps(3)", Steps), ("never", Never), ({"mastery": 0.9}, Mastery)], ids=str
)
def test_a_gate_is_chosen_by_plain_data(spec, kind):
    assert isinstance(gate_of(spec), kind)


# --- Stages that overlap ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stages", "mastered"),
    [
        ([{"x": [0.0, 1.0]}, {"x": [0.9, 1.0]}], [True, True]),
        ([{"x": [0.0, 0.5]}, {"x": [0.0, 1.0]}], [True, False]),
        ([[0.3], [0.3], {"x": [0.2, 0.4]}], [True, True, True]),
    ],
)
def test_an_episode_counts_for_the_stages_in_play_that_have_its_task(stages, mastered):
    teacher = Ladder(TaskSpace(x=(0.0, 1.0)), seed=0, stages=stages, gate="mastery(0.9, min_episodes=20)")
    for _ in range(40):
        tasks = teacher.sample(10)
        success = np.ones(10) if all(mastered) else (tasks.values[:, 0] <= 0.5).astype(float)
        teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=success, lengths=[1] * 10, success=success))
    assert teacher._mastered.tolist() == mastered
    if not all(mastered):
        assert teacher.metrics()["newest_success"] == pytest.approx(0.5, abs=0.2)


def test_a_stage_may_be_named_by_a_number_of_numpy():
    teacher = Ladder(TaskSpace(n=range(6)), stages={"n": 3}, held_out=np.int64(2), requires={np.int64(1): np.int64(0)})
    assert teacher.held_out == {2}
