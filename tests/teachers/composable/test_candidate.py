"""Candidates: who is selected, what is predicted, and candidates that are played first."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace
from tutelage.teachers.composable.candidate import Candidate, closest, inside
from tutelage.teachers.composable.predictors import NearestNeighbours, OnlineModel, features_of

V = np.array([0.05, 0.35, 0.48, 0.62, 0.9, 0.55, 0.2, 0.71])
LINE = TaskSpace(x=(0.0, 1.0))


def chance(x, slope=4.0):
    """σ(slope (x − ½))."""
    return 1.0 / (1.0 + np.exp(-slope * (x - 0.5)))


def teach(teacher, episodes=1000, slope=4.0, batch=10, seed=0):
    rng, tasks_seen, trained = np.random.default_rng(seed), [], []
    for _ in range(episodes // batch):
        tasks = teacher.sample(batch)
        success = rng.random(batch) < chance(tasks.values[:, 0], slope)
        signals = dict.fromkeys(teacher.needs, chance(tasks.values[:, 0], slope))
        teacher.update(
            Outcomes(
                tasks=tasks.values,
                ids=tasks.ids,
                returns=success,
                lengths=[1] * batch,
                success=success,
                signals=signals,
            )
        )
        tasks_seen.append(tasks.values)
        trained.append(tasks.train)
    return np.concatenate(tasks_seen), np.concatenate(trained)


# --- Selection -------------------------------------------------------------------------------------------------------


def test_the_two_nearest_to_a_half():
    assert sorted(closest(V, 2, 0.5)) == [2, 5]


def test_a_band_keeps_its_bounds():
    assert inside(V, (0.2, 0.8)).tolist() == [1, 2, 3, 5, 6, 7]


def test_equal_distances_are_broken_by_index():
    assert closest([0.75, 0.25, 0.75], 2, 0.5).tolist() == [0, 1]


class Fixed(NearestNeighbours):
    """Predicts the task's own coordinate."""

    def predict(self, tasks):
        self.calls = getattr(self, "calls", 0) + 1
        return tasks[:, 0]


def fixed(**arguments):
    return Candidate(LINE, seed=0, predictor=Fixed(), mix_uniform=0.0, **arguments)


def test_refilling_gives_exactly_as_many_as_are_asked_for():
    teacher = fixed(select="band", band=(0.45, 0.55), k=2)
    tasks = teacher.sample(10).values[:, 0]
    assert len(tasks) == 10
    assert ((tasks >= 0.45) & (tasks <= 0.55)).sum() >= 5
    assert teacher._predictor.calls <= 8


def test_the_nearest_fill_up_after_the_last_round():
    teacher = fixed(select="band", band=(0.0, 1e-9), target=0.0, k=2, max_rounds=3)
    tasks = teacher.sample(4).values[:, 0]
    assert (tasks < 0.5).all()
    assert teacher._predictor.calls == 3


def test_without_refilling_uniform_tasks_fill_up():
    teacher = fixed(select="band", band=(0.0, 1e-9), refill=False)
    assert np.ptp(teacher.sample(50).values) > 0.8
    assert teacher._predictor.calls == 1


def test_a_sample_prefers_what_scores_high():
    tasks = fixed(select="sample", k=8).sample(500).values
    assert abs(tasks - 0.5).mean() < 0.2


@pytest.mark.parametrize(
    "arguments",
    [
        {"select": "closest"},
        {"select": "closest", "k": 2},
        {"select": "sample", "score": "bernoulli_std"},
        {"select": "sample", "temperature": 1.0, "k": 8},
        {"select": "band", "band": (0.4, 0.6), "k": 8},
        {"select": "band", "band": (0.4, 0.6), "k": 1, "max_rounds": 2, "target": 0.7},
        {"select": "band", "band": (0.4, 0.6), "k": 2, "refill": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("predict", [lambda x: x, lambda x: np.where(x < 0.2, 0.5, 0.0), lambda x: np.zeros_like(x)])
def test_the_density_is_that_of_one_task(predict, arguments):
    class Given(NearestNeighbours):
        def predict(self, tasks):
            return predict(tasks[:, 0])

    teacher = Candidate(LINE, seed=0, predictor=Given(), mix_uniform=0.0, **arguments)
    drawn = np.array([teacher.sample(1).values.item() for _ in range(4000)])
    edges = np.linspace(0.0, 1.0, 6)
    shares = np.histogram(drawn, edges)[0] / len(drawn)
    middles = np.linspace(0.0, 1.0, 2001)[:-1] + 0.00025
    density = teacher.density(middles[:, None])
    expected = [density[(middles >= a) & (middles < b)].sum() / len(middles) for a, b in pairwise(edges)]
    assert np.allclose(shares, expected, atol=0.06)


def test_candidates_come_from_a_generator():
    teacher = fixed(generator=lambda n, rng: np.full((n, 1), 0.25))
    assert (teacher.sample(5).values == 0.25).all()


def test_a_generator_that_returns_no_tasks_is_refused():
    with pytest.raises(ValueError, match="generator returned"):
        fixed(generator=lambda n, rng: np.full((n, 2), 0.25)).sample(1)


# --- Predictors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("predictor", ["online", "nearest(30)"])
def test_a_trained_model_picks_tasks_near_a_half(predictor):
    teacher = Candidate(LINE, seed=0, predictor=predictor, k=16, mix_uniform=0.0)
    rng = np.random.default_rng(0)
    x = rng.random((800, 1))
    success = rng.random(800) < chance(x[:, 0])
    teacher.update(Outcomes(tasks=x, ids=[-1] * 800, returns=success, lengths=[1] * 800, success=success))
    assert abs(np.median(teacher.sample(20).values) - 0.5) < 0.1


def test_the_students_value_is_a_signal_it_must_give():
    teacher = Candidate(LINE, seed=0, predictor="value", k=8)
    assert teacher.needs == {"initial_value"}
    teach(teacher, 500)
    assert abs(np.median(teacher.sample(50).values) - 0.5) < 0.1


def test_a_model_forgets_what_was_long_ago():
    model = OnlineModel(window=100)
    model.start(LINE)
    x = np.linspace(0, 1, 100)[:, None]
    model.learn(x, np.zeros(100))
    model.learn(x, np.ones(100))
    assert model.predict(np.array([[0.5]]))[0] > 0.9


def test_a_model_survives_episodes_that_are_perfectly_separable():
    model = OnlineModel(l2=1e-6)
    model.start(LINE)
    x = np.linspace(0, 1, 200)[:, None]
    for _ in range(5):
        model.learn(x, (x[:, 0] > 0.5).astype(float))
    assert np.isfinite(model.predict(x)).all()


def test_categories_are_features_of_their_own():
    space = TaskSpace(x=(0.0, 1.0), terrain=["a", "b", "c"], fixed=(2.0, 2.0))
    assert features_of(space, np.array([[0.0, 2.0, 2.0]])).tolist() == [[1, -1, 1, 0, 0, 1]]


# --- Candidates that are played first --------------------------------------------------------------------------------


def test_candidates_are_played_without_being_learned_from():
    teacher = Candidate(LINE, seed=0, predictor="rollouts(4)", select="band", m=8, mix_uniform=0.0)
    tasks, train = teach(teacher, 2000, slope=20.0)
    assert 0 < train.sum() < len(train)
    assert abs(tasks[train] - 0.5).mean() < 0.15


def test_before_anything_comes_back_tasks_are_uniform():
    teacher = Candidate(LINE, seed=0, predictor="rollouts(2)", m=4)
    assert len(teacher.sample(500)) == 500


def test_what_never_comes_back_is_not_waited_for():
    teacher = Candidate(LINE, seed=0, predictor="rollouts(2)", m=4, mix_uniform=0.0)
    tasks = teacher.sample(32)
    teacher.update(
        Outcomes(tasks=tasks.values[:5], ids=tasks.ids[:5], returns=[1.0] * 5, lengths=[1] * 5, success=[1.0] * 5)
    )
    teacher.sample(32)
    teacher.sample(5)
    assert teacher.metrics()["selected"] > 0


def test_when_all_candidates_are_lost_others_take_their_place():
    teacher = Candidate(LINE, seed=0, predictor="rollouts(2)", m=4, select="band", mix_uniform=0.0)
    teacher.sample(40)  # all candidates, whose episodes are abandoned
    _, trained = teach(teacher, 2000, slope=20.0)
    assert teacher.metrics()["selected"] > 30
    assert not trained.all()


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"k": 0}, "k must"),
        ({"select": "nearest"}, "select"),
        ({"band": (0.8, 0.2)}, "band"),
        ({"target": np.nan}, "target"),
        ({"temperature": 0}, "temperature"),
        ({"mix_uniform": -1}, "mix_uniform"),
        ({"predictor": "onlin"}, "Did you mean 'online'"),
        ({"predictor": "nearest(0)"}, "k of nearest"),
        ({"predictor": "online(l2=0)"}, "l2"),
        ({"predictor": "rollouts", "select": "sample"}, "rollouts"),
        ({"score": "band(2, 1)"}, "ascending"),
        ({"max_rounds": 0}, "max_rounds"),
    ],
    ids=str,
)
def test_a_hyperparameter_out_of_range_is_refused_by_name(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        Candidate(LINE, **arguments)


def test_the_state_of_another_predictor_is_refused():
    with pytest.raises(ValueError, match="OnlineModel"):
        Candidate(LINE, predictor="nearest").load_state_dict(Candidate(LINE).state_dict())
