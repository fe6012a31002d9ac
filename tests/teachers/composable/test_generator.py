"""The generator: fitness, repetitions, validity, operators, and that mutations follow a student upwards."""

from __future__ import annotations

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace
from tutelage.teachers.composable.fitness import cluster_sizes, fitness_of
from tutelage.teachers.composable.generator import GeneratorTeacher
from tutelage.teachers.composable.mutation_generator import Context, MutationGenerator, tier_of
from tutelage.teachers.composable.scores import score_of

LINE = TaskSpace(x=(0.0, 10.0))


def teach(teacher, chance, updates=50, batch=16, seed=0):
    """Play tasks whose chance of success is a function of x; returns the tasks of each update."""
    rng, played = np.random.default_rng(seed), []
    for update in range(updates):
        tasks = teacher.sample(batch)
        success = rng.random(batch) < chance(tasks.values[:, 0], update)
        teacher.update(
            Outcomes(tasks=tasks.values, ids=tasks.ids, returns=success, lengths=[1] * batch, success=success)
        )
        played.append(tasks.values[:, 0])
    return played


def moving(x, update):
    """σ(4 (θ − x)) of a student whose θ grows from 2 to 7."""
    return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (2.0 + 5.0 * update / 100.0 - x), -50, 50)))


# --- Fitness ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cluster", "fitness"), [(0, 1.0), (4, 0.5), (8, 0.0)])
def test_repetitions_cost_their_share_of_the_batch(cluster, fitness):
    assert fitness_of([0.5], score_of("tent"), repeated=cluster, batch=8, penalty=1.0) == [fitness]


def test_an_invalid_proposal_is_worth_nothing_and_not_less():
    assert fitness_of([0.5], score_of("tent"), valid=[False]).tolist() == [0.0]
    assert fitness_of([0.0], score_of("tent"), repeated=8, batch=8, penalty=3.0).tolist() == [0.0]


def test_the_floor_is_a_parameter():
    assert fitness_of([0.5], score_of("tent"), valid=[False], floor=-1.0).tolist() == [-1.0]


def test_clusters_are_of_points_that_are_near():
    assert cluster_sizes(np.array([[0.1, 0.1], [0.1, 0.11], [0.9, 0.9]]), 0.02).tolist() == [2, 2, 0]


def test_tiers():
    assert tier_of([0.0, 0.3, 0.31, 0.7, 0.71, 1.0]) == ["hard", "hard", "medium", "medium", "easy", "easy"]


# --- Keeping and dropping --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "kept"), [(0.0, 0), (0.5, 8), (1.0, 0)])
def test_a_proposal_that_is_always_or_never_solved_is_dropped(rate, kept):
    teacher = GeneratorTeacher(LINE, seed=0, n_attempts=4, batch=8, replay_share=0.0)
    tasks = teacher.sample(32)
    success = np.arange(32) % 4 < 4 * rate
    teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=success, lengths=[1] * 32, success=success))
    assert len(teacher.archive) == kept


def test_each_proposal_is_handed_out_as_often_as_it_is_attempted():
    tasks = GeneratorTeacher(LINE, seed=0, n_attempts=3, batch=4).sample(12).values[:, 0]
    assert (tasks.reshape(4, 3) == tasks[::3, None]).all()


def test_attempts_may_be_kept_from_the_student():
    teacher = GeneratorTeacher(LINE, seed=0, train_on_attempts=False)
    assert not teacher.sample(20).train.any()


def test_the_least_fit_makes_room():
    teacher = GeneratorTeacher(LINE, seed=0, archive_size=5)
    teach(teacher, lambda x, _: np.full(len(x), 0.5))
    assert len(teacher.archive) == 5


def test_a_task_that_is_mastered_leaves_the_archive():
    teacher = GeneratorTeacher(LINE, seed=0)
    teach(teacher, lambda x, _: np.full(len(x), 0.5), updates=20)
    before = len(teacher.archive)
    archived = np.repeat(teacher.archive, 40, axis=0)
    n = len(archived)
    teacher.update(Outcomes(tasks=archived, ids=[-1] * n, returns=[1] * n, lengths=[1] * n, success=[1] * n))
    assert (before > 0, len(teacher.archive)) == (True, 0)


# --- The generator that ships ----------------------------------------------------------------------------------------


def test_mutations_follow_the_student_upwards():
    teacher = GeneratorTeacher(LINE, seed=0)
    played = teach(teacher, moving, updates=100)
    early, late = (np.median(np.concatenate(part)) for part in (played[15:30], played[-15:]))
    assert early < 4.5
    assert late > 5.5
    assert abs(np.median(teacher.archive) - 7.0) < 0.75


def context(tasks, rates):
    tasks, rates = np.array(tasks, dtype=float)[:, None], np.array(rates, dtype=float)
    ones = np.ones(len(tasks))
    return Context(
        LINE,
        np.random.default_rng(0),
        tasks,
        rates,
        ones,
        tasks,
        np.array([[1.0], [9.0]]),
        np.array([1.0, 0.0]),
        (0.3, 0.7),
    )


@pytest.mark.parametrize(("rate", "sense"), [(0.2, -1), (0.9, 1)])
def test_hard_tasks_become_easier_and_easy_ones_harder(rate, sense):
    made = MutationGenerator().propose(200, context([5.0], [rate]))
    assert sense * (np.mean(made) - 5.0) > 0.5


def test_medium_tasks_change_a_little():
    made = MutationGenerator().propose(200, context([5.0], [0.5]))
    assert abs(made - 5.0).max() <= 1.0


def test_operators_are_chosen_by_tier():
    generator = MutationGenerator({"hard": "diversify", "easy": lambda tasks, context: tasks + 3.0})
    assert (generator.propose(5, context([5.0], [0.9])) == 8.0).all()
    assert abs(generator.propose(50, context([5.0], [0.1])) - 5.0).max() <= 1.0


def test_an_environments_own_mutation_replaces_the_small_changes():
    generator = MutationGenerator(mutate=lambda tasks, rng: tasks + 0.25)
    assert (generator.propose(5, context([5.0], [0.5])) == 5.25).all()


# --- Generators of the user ------------------------------------------------------------------------------------------


class Learner:
    """Proposes one task, and remembers what it learned."""

    def __init__(self, value=5.0):
        self.value, self.learned = value, []

    def propose(self, n, context):
        return np.full((n, 1), self.value) + np.arange(n)[:, None] * 1e-3

    def learn(self, proposals, fitness):
        self.learned += list(zip(proposals[:, 0].tolist(), fitness.tolist(), strict=True))

    def state_dict(self):
        return {"value": self.value}

    def load_state_dict(self, state):
        self.value = state["value"]


def test_a_generator_learns_how_good_its_proposals_were():
    learner = Learner()
    teacher = GeneratorTeacher(LINE, seed=0, generator=learner, repetition=0.0, explore=0.0, replay_share=0.0)
    teach(teacher, lambda x, _: np.full(len(x), 0.5))
    assert len(learner.learned) > 50
    assert {round(fitness, 3) for _, fitness in learner.learned} <= {0.0, 0.5, 1.0}


def test_invalid_proposals_are_learned_from_as_worth_nothing():
    learner = Learner()
    teacher = GeneratorTeacher(LINE, seed=0, generator=learner, validity=lambda t: t[:, 0] > 5.003, explore=0.0)
    assert (teacher.sample(64).values > 5.003).all()
    assert set(learner.learned) == {(5.0 + i * 1e-3, 0.0) for i in range(4)}


def test_the_state_of_a_generator_is_kept():
    teacher = GeneratorTeacher(LINE, seed=0, generator=Learner(7.0))
    other = GeneratorTeacher(LINE, seed=1, generator=Learner())
    other.load_state_dict(teacher.state_dict())
    assert other._generator.value == 7.0


def test_nothing_valid_in_a_thousand_tries_is_an_error_while_the_archive_is_empty():
    teacher = GeneratorTeacher(LINE, seed=0, validity=lambda tasks: np.zeros(len(tasks), dtype=bool))
    with pytest.raises(ValueError, match=r"nothing valid in 1,000 tries"):
        teacher.sample()


def test_nothing_valid_in_a_thousand_tries_falls_back_to_the_archive():
    gate = {"open": True}
    teacher = GeneratorTeacher(LINE, seed=0, validity=lambda tasks: np.full(len(tasks), gate["open"]))
    teach(teacher, lambda x, _: np.full(len(x), 0.5))
    gate["open"] = False
    archive = teacher.archive
    assert np.isin(teacher.sample(200).values[-100:], archive).all()
    assert teacher.metrics()["fallbacks"] > 0


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"generator": "gan"}, "generator must be"),
        ({"fitness": "tnt"}, "Did you mean 'tent'"),
        ({"keep": (0.9, 0.1)}, "keep"),
        ({"tiers": (0.3, 1.7)}, "tiers"),
        ({"n_attempts": 0}, "n_attempts"),
        ({"batch": 0}, "batch"),
        ({"replay_share": 2}, "replay_share"),
        ({"repetition": -1}, "repetition"),
        ({"distance": np.nan}, "distance"),
        ({"operators": {"hardest": "simplify"}}, "tier"),
        ({"operators": {"hard": "simplfy"}}, "Did you mean 'simplify'"),
    ],
    ids=str,
)
def test_a_hyperparameter_out_of_range_is_refused_by_name(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        GeneratorTeacher(LINE, **arguments)


@pytest.mark.parametrize("arguments", [{"generator": 3}, {"validity": 3}, {"bonus": "tools"}, {"mutate": 3}], ids=str)
def test_what_is_no_function_is_refused(arguments):
    with pytest.raises(TypeError):
        GeneratorTeacher(LINE, **arguments)


def test_proposals_outside_of_the_space_are_refused_by_name():
    with pytest.raises(ValueError, match="generator returned what is no level"):
        GeneratorTeacher(LINE, generator=Learner(50.0), explore=0.0).sample()
