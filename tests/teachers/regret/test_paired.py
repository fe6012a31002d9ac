"""PAIRED and minimax: what rewards the builder, and what is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.envs import MazeEnv, MazeSpace
from tutelage.teachers.regret.minimax import Minimax
from tutelage.teachers.regret.paired import PAIRED
from tutelage.teachers.regret.presets import PAIRED_PRESETS
from tutelage.teachers.teacher import needs_antagonist, needs_rollouts

SPACE = TaskSpace(x=(0.0, 1.0))
MAZE = MazeEnv(5, 5)


def outcomes(teacher, tasks, ids=None, protagonist=0.0, antagonist=0.0):
    n = len(tasks.values)
    columns = {f"protagonist_{what}_return": np.broadcast_to(protagonist, n) for what in ("mean", "max")}
    columns |= {f"antagonist_{what}_return": np.broadcast_to(antagonist, n) for what in ("mean", "max")}
    return Outcomes(
        tasks=tasks.values,
        ids=tasks.ids if ids is None else ids,
        returns=columns["protagonist_mean_return"],
        lengths=[1] * n,
        signals={name: column for name, column in columns.items() if name in teacher.needs},
    )


def rewards(teacher):
    return list(teacher.generator._rewards.values())


# --- Rewards ---------------------------------------------------------------------------------------------------------


def test_the_reward_of_a_level_is_its_regret():
    teacher = PAIRED(SPACE, seed=0)
    tasks = teacher.sample(3)
    teacher.update(outcomes(teacher, tasks, protagonist=[0.15, 0.9, 0.0], antagonist=[0.9, 0.5, 0.6]))
    assert rewards(teacher) == [0.75, 0.0, 0.6]


def test_identical_students_give_no_reward():
    teacher = PAIRED(SPACE, seed=0, clip=False)
    teacher.update(outcomes(teacher, teacher.sample(3), protagonist=[0.1, -2.0, 3.0], antagonist=[0.1, -2.0, 3.0]))
    assert rewards(teacher) == [0.0, 0.0, 0.0]


def test_regret_is_negative_where_it_is_not_clipped_only():
    for clip, expected in ((None, 0.0), (False, -0.5)):
        teacher = PAIRED(SPACE, seed=0, clip=clip)
        teacher.update(outcomes(teacher, teacher.sample(1), protagonist=0.5))
        assert rewards(teacher) == [expected]


def test_outcomes_are_matched_by_id_in_any_order():
    teacher = PAIRED(SPACE, seed=0)
    tasks = teacher.sample(4)
    order = np.array([2, 0, 3])
    whole = outcomes(teacher, tasks, antagonist=np.arange(4.0))
    teacher.update(whole[order])
    assert teacher.generator._rewards == {int(tasks.ids[i]): float(i) for i in order}


def test_foreign_outcomes_reward_nobody():
    teacher = PAIRED(SPACE, seed=0)
    tasks = teacher.sample(4)
    teacher.update(outcomes(teacher, tasks, ids=[-1, 10**6, -1, 10**7], antagonist=1.0))
    assert rewards(teacher) == []
    assert teacher.metrics()["outcomes"] == 4


def test_outcomes_without_a_pause_for_tasks_are_learned_from_once():
    teacher = PAIRED(SPACE, seed=0, update_levels=4)
    done = outcomes(teacher, teacher.sample(4), antagonist=1.0)
    teacher.update(done)
    teacher.update(done)
    teacher.sample(4)
    teacher.sample(4)
    assert teacher.metrics()["builder_updates"] == 1


def test_repeats_of_a_task_within_a_rollout_are_no_levels_of_their_own():
    teacher = PAIRED(SPACE, seed=0)
    again = teacher.repeat(teacher.sample(2))
    teacher.update(outcomes(teacher, again, antagonist=1.0))
    assert rewards(teacher) == []


def test_regrets_are_divided_by_their_standard_deviation_by_default():
    returns = np.array([0.0, 2.0, 4.0, 2.0])
    taken = {}
    for normalise in (None, False):
        teacher = PAIRED(SPACE, seed=0, update_levels=4, normalise=normalise)
        teacher.update(outcomes(teacher, teacher.sample(4), antagonist=returns))
        rollout = teacher.generator._rollout
        teacher.generator._rollout = lambda t, r, key=normalise, rollout=rollout: (
            taken.update({key: r}),
            rollout(t, r),
        )[1]
        teacher.sample(1)
    np.testing.assert_allclose(taken[None], returns / returns.std())
    np.testing.assert_allclose(taken[False], returns)


def test_the_latest_regret_and_the_steps_of_building_are_told():
    teacher = PAIRED(SPACE, seed=0, update_levels=2)
    teacher.update(outcomes(teacher, teacher.sample(2), antagonist=[1.0, 2.0]))
    teacher.sample(3)
    metrics = teacher.metrics()
    assert (metrics["regret"], metrics["builder_steps"], metrics["builder_updates"]) == (1.5, 5.0, 1.0)


# --- Mazes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recurrent", [False, True])
def test_mazes_are_built_by_the_builder_of_the_environment(recurrent):
    teacher = PAIRED(MAZE.task_space, seed=0, builder=MAZE.level_builder, recurrent=recurrent, update_levels=16)
    for _ in range(3):
        tasks = teacher.sample(16)
        teacher.update(outcomes(teacher, tasks, antagonist=tasks.values[:, :-3].sum(axis=1)))
    assert MAZE.task_space.contains_all(tasks.values)
    assert teacher.metrics()["builder_updates"] == 2


def test_it_learns_to_build_what_has_regret():
    teacher = PAIRED(
        MAZE.task_space, seed=0, builder=MAZE.level_builder, update_levels=64, learning_rate=3e-3, n_epochs=4
    )
    for _ in range(40):
        tasks = teacher.sample(64)
        near = np.abs(tasks.values[:, -3] % 5 - tasks.values[:, -2] % 5)  # columns between start and goal
        teacher.update(outcomes(teacher, tasks, antagonist=near))
    assert near.mean() > 2.4, "1.6 at the beginning"


@pytest.mark.parametrize("preset", sorted(PAIRED_PRESETS))
def test_every_preset_builds_and_learns(preset):
    small = {"hidden": 8, "filters": 2, "lstm": 4, "update_levels": 4}
    for cls in (PAIRED, Minimax):
        teacher = cls(MAZE.task_space, seed=0, builder=MAZE.level_builder, preset=preset, **small)
        for _ in range(2):
            teacher.update(outcomes(teacher, teacher.sample(4), antagonist=np.arange(4.0)))
        assert teacher.metrics()["builder_updates"] == 1


def test_a_teacher_with_the_builder_of_an_environment_can_be_pickled():
    teacher = PAIRED(MAZE.task_space, seed=0, builder=MAZE.level_builder)
    teacher.sample(2)
    other = pickle.loads(pickle.dumps(teacher))
    np.testing.assert_array_equal(other.sample(4).values, teacher.sample(4).values)


# --- Minimax ---------------------------------------------------------------------------------------------------------


def test_minimax_is_rewarded_by_minus_the_highest_return():
    teacher = Minimax(SPACE, seed=0)
    teacher.update(outcomes(teacher, teacher.sample(4), protagonist=[0.3, 0.9, 0.0, 0.0]))
    assert rewards(teacher) == [-0.3, -0.9, 0.0, 0.0]


def test_minimax_needs_no_antagonist_and_paired_does():
    assert needs_rollouts(Minimax(SPACE))
    assert not needs_antagonist(Minimax(SPACE))
    assert needs_antagonist(PAIRED(SPACE))


@pytest.mark.parametrize("kind", ["paired", "flexible", "relative", "mean-relative", "population"])
def test_the_columns_needed_are_those_of_the_regret(kind):
    teacher = PAIRED(SPACE, seed=0, regret=kind)
    tasks = teacher.sample(2)
    whole = outcomes(teacher, tasks, antagonist=1.0)
    for name in teacher.needs:
        lacking = Outcomes(
            tasks=tasks.values, ids=tasks.ids, returns=[0.0] * 2, lengths=[1] * 2,
            signals={key: column for key, column in whole.signals.items() if key != name},
        )  # fmt: skip
        with pytest.raises(ValueError, match=f"PAIRED needs the column '{name}'"):
            teacher.update(lacking)


def test_a_nan_among_the_returns_of_the_antagonist_is_refused_and_nothing_changes():
    teacher = PAIRED(SPACE, seed=0)
    tasks = teacher.sample(2)
    with pytest.raises(ValueError, match="antagonist_max_return"):
        teacher.update(outcomes(teacher, tasks, antagonist=[1.0, np.nan]))
    assert rewards(teacher) == []
    teacher.update(outcomes(teacher, tasks, antagonist=[1.0, 2.0]))
    assert rewards(teacher) == [1.0, 2.0]


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"regret": "flexibel"}, "Did you mean 'flexible'"),
        ({"regret": "minimax", "clip": True}, "minus a return"),
        ({"ceiling": -1.0}, "ceiling"),
        ({"preset": "dcb"}, "Did you mean 'dcd'"),
        ({"gamma": 2.0}, "gamma"),
        ({"update_levels": 0}, "update_levels"),
    ],
    ids=str,
)
def test_a_hyperparameter_out_of_range_is_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        PAIRED(SPACE, **arguments)


@pytest.mark.parametrize("arguments", [{"builder": 3}, {"normalise": "yes"}, {"clip": "no"}], ids=str)
def test_a_hyperparameter_of_another_type_is_refused_by_name(arguments):
    with pytest.raises(TypeError, match=next(iter(arguments))):
        PAIRED(SPACE, **arguments)


def test_a_builder_of_another_space_is_refused_when_it_builds():
    teacher = PAIRED(MazeSpace(4, 4), seed=0, builder=MAZE.level_builder)
    with pytest.raises(ValueError, match="PAIRED"):
        teacher.sample(2)


def test_a_state_of_another_regret_or_size_is_refused_by_name():
    teacher = make_teacher("paired", SPACE, seed=0)
    with pytest.raises(ValueError, match="regret='flexible'"):
        teacher.load_state_dict(make_teacher("paired", SPACE, regret="flexible").state_dict())
    with pytest.raises(ValueError, match="hidden=8"):
        teacher.load_state_dict(make_teacher("paired", SPACE, hidden=8).state_dict())


def test_more_levels_than_are_waited_for_and_another_regret_of_minimax_are_refused():
    with pytest.raises(ValueError, match="update_levels must be at most 4096"):
        make_teacher("paired", TaskSpace(x=(0.0, 1.0)), update_levels=5000)
    with pytest.raises(ValueError, match="Minimax has the regret minimax, got 'paired'"):
        make_teacher("minimax", TaskSpace(x=(0.0, 1.0)), regret="paired")
