"""Task spaces and arguments as words."""

from __future__ import annotations

import pytest
from tutelage.errors import RequestError
from tutelage.task_flags import parse_arguments, parse_task_space


def test_each_kind_of_dimension_is_read():
    space = parse_task_space(["gravity=-5:15", "rooms=-2..6", "terrain=grass,ice", "size=1e-3:2e2", "wet=true,false"])
    assert space.names == ("gravity", "rooms", "terrain", "size", "wet")
    assert [dim.kind for dim in space] == ["continuous", "integer", "categorical", "continuous", "categorical"]
    assert (space.low[3], space.high[3]) == (0.001, 200.0)
    assert space.dimensions[4].categories == (True, False)


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("length", "expected NAME=LOW:HIGH"),
        ("length=", "expected NAME=LOW:HIGH"),
        ("=1:2", "expected NAME=LOW:HIGH"),
        ("length=3", "expected NAME=LOW:HIGH"),
        ("length=2:0.2", "Did you mean (0.2, 2)?"),
        ("rooms=6..2", "Did you mean rooms=2..6?"),
        ("length=a:b", "expected two numbers"),
        ("length=1:2:3", "expected two numbers"),
        ("length=nan:2", "must be finite"),
        ("terrain=ice,ice", "ice"),
        ("terrain=[,ice", "not YAML"),
    ],
)
def test_a_dimension_that_makes_no_sense_is_refused_by_name(flag, said):
    with pytest.raises(RequestError) as refused:
        parse_task_space([flag])
    assert str(refused.value).startswith("--task")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_dimension_given_twice_is_refused():
    with pytest.raises(RequestError, match="'length' is given twice"):
        parse_task_space(["length=1:2", "length=2:3"])


def test_arguments_are_read_as_yaml():
    words = [
        "fit_rate=150",
        "criterion=bic",
        "rate=3e-4",
        "ks=[2,3]",
        "x=null",
        "flag=true",
        "net={arch: [8, 1e1]}",
        "n-k=1",
    ]
    assert parse_arguments(words, "--teacher-arg") == {
        "fit_rate": 150, "criterion": "bic", "rate": 3e-4, "ks": [2, 3], "x": None, "flag": True,
        "net": {"arch": [8, 10.0]}, "n_k": 1,
    }  # fmt: skip


def test_a_mapping_is_taken_with_its_numbers():
    assert parse_arguments({"rate": "1e-3", "deep": {"x": ["2.5E3"]}}, "x") == {"rate": 0.001, "deep": {"x": [2500.0]}}


def test_nothing_is_no_arguments():
    assert parse_arguments(None, "x") == {}


@pytest.mark.parametrize(
    "given", [["fit_rate"], ["=3"], ["a b=3"], ["x=[1"], ["x=1", "x=2"], 3, "x=1", [3], {3: 4}, {"a b": 1}]
)
def test_arguments_of_another_form_are_refused_by_the_option(given):
    with pytest.raises(RequestError, match="--teacher-arg"):
        parse_arguments(given, "--teacher-arg")
