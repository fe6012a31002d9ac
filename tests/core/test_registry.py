"""The registry: names to teachers."""

from __future__ import annotations

import re

import gymnasium
import numpy as np
import pytest
import tutelage
from tutelage import TaskSpace, Teacher, list_teachers, make_teacher, register_teacher, registry
from tutelage.errors import RequestError


class Lowest(Teacher):
    """Always the lowest task."""

    def __init__(self, task_space, *, seed=None, patience=3):
        super().__init__(task_space, seed=seed)
        self.patience = patience

    def _sample(self, n):
        return np.repeat(self.task_space.low[None], n, axis=0)

    def _update(self, outcomes):
        pass


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch):
    list_teachers()
    monkeypatch.setattr(registry, "_TEACHERS", dict(registry._TEACHERS))


SPACE = TaskSpace(x=(0.0, 1.0))


def test_the_names_are_sorted():
    assert list_teachers() == sorted(list_teachers())


def test_the_names_are_kebab_case():
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) for name in list_teachers())


@pytest.mark.parametrize("name", list_teachers())
def test_every_name_leads_to_a_teacher(name):
    assert issubclass(registry.teacher_class(name), Teacher)


def test_no_two_names_lead_to_the_same_class():
    assert len({registry.teacher_class(name) for name in list_teachers()}) == len(list_teachers())


def test_a_class_of_the_user_is_made_by_its_name():
    register_teacher("lowest", Lowest)
    assert isinstance(make_teacher("lowest", SPACE), Lowest)


def test_a_registered_class_is_listed():
    register_teacher("lowest", Lowest)
    assert "lowest" in list_teachers()


def test_a_class_can_be_registered_by_its_place():
    register_teacher("lowest", f"{__name__}:Lowest")
    assert type(make_teacher("lowest", SPACE)) is Lowest


def test_registering_the_same_class_again_is_harmless():
    register_teacher("lowest", Lowest)
    register_teacher("lowest", Lowest)
    assert list_teachers().count("lowest") == 1


def test_a_name_that_is_taken_is_refused():
    with pytest.raises(ValueError, match=r"'random' is taken.*replace=True"):
        register_teacher("random", Lowest)


def test_a_name_that_is_taken_can_be_replaced():
    register_teacher("random", Lowest, replace=True)
    assert isinstance(make_teacher("random", SPACE), Lowest)


@pytest.mark.parametrize("name", ["Lowest", "my_teacher", "", "-a", "a-", "a--b", "a b", "1a"])
def test_a_name_that_is_not_kebab_case_is_refused(name):
    with pytest.raises(ValueError, match=r"kebab-case"):
        register_teacher(name, Lowest)


@pytest.mark.parametrize("place", ["module.Class", "module:", ":Class", "a b:C"])
def test_a_place_of_another_form_is_refused(place):
    with pytest.raises(ValueError, match=r"'package.module:ClassName'"):
        register_teacher("lowest", place)


@pytest.mark.parametrize("teacher", [int, Lowest(SPACE), None, 3], ids=["class", "instance", "None", "number"])
def test_what_is_no_teacher_is_refused(teacher):
    with pytest.raises(TypeError, match=r"subclass of tutelage\.Teacher"):
        register_teacher("lowest", teacher)


def test_a_misspelt_name_gets_the_nearest_one():
    with pytest.raises(RequestError, match=r"'randm'.*Did you mean 'random'"):
        make_teacher("randm", SPACE)


def test_an_unknown_name_gets_the_list():
    with pytest.raises(RequestError, match=r"Known: .*'random'"):
        make_teacher("zzzzzz", SPACE)


def test_a_misspelt_hyperparameter_gets_the_nearest_one():
    register_teacher("lowest", Lowest)
    with pytest.raises(RequestError, match=r"hyperparameter of lowest 'patiense'.*Did you mean 'patience'"):
        make_teacher("lowest", SPACE, patiense=2)


def test_hyperparameters_reach_the_class():
    register_teacher("lowest", Lowest)
    assert make_teacher("lowest", SPACE, patience=5).patience == 5


def test_the_seed_reaches_the_class():
    values = [make_teacher("random", SPACE, seed=0).sample(3).values for _ in range(2)]
    np.testing.assert_array_equal(*values)


def test_a_gymnasium_space_is_converted():
    teacher = make_teacher("random", gymnasium.spaces.Discrete(4, start=3))
    assert teacher.task_space == TaskSpace(x=range(3, 7))


def test_what_is_no_space_is_refused():
    with pytest.raises(TypeError, match=r"Box, Discrete, MultiDiscrete or Dict"):
        make_teacher("random", [0.0, 1.0])


def test_every_public_name_can_be_imported():
    assert all(getattr(tutelage, name) is not None for name in tutelage.__all__)


def test_the_public_names_are_listed_by_dir():
    assert set(tutelage.__all__) <= set(dir(tutelage))


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"'tutelage' has no attribute 'Techer'"):
        _ = tutelage.Techer


def test_a_class_that_is_defined_and_registered_again_takes_its_own_place():
    for _ in range(2):

        class Again(Teacher):
            def _sample(self, n):
                return self.task_space.sample(n, self.rng)

            def _update(self, outcomes):
                """Learn nothing."""

        register_teacher("again-and-again", Again)
    registry._TEACHERS.pop("again-and-again")


def test_the_place_of_a_class_is_a_name():
    place = "tutelage.teachers.baselines.random:RandomTeacher"
    assert type(make_teacher(place, TaskSpace(x=(0.0, 1.0)))).__name__ == "RandomTeacher"


@pytest.mark.parametrize("place", ["no.such.module:Teacher", "tutelage.spaces:Nothing", "tutelage.spaces:TaskSpace"])
def test_a_place_without_a_teacher_is_refused(place):
    with pytest.raises(RequestError, match=place):
        make_teacher(place, TaskSpace(x=(0.0, 1.0)))
