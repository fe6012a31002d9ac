"""Parts chosen by plain data."""

from __future__ import annotations

import pytest
from tutelage.specs import build_part, parse_spec

KNOWN = ["linear", "interpolate_mix"]


@pytest.mark.parametrize(
    ("spec", "parsed"),
    [
        ("linear", ("linear", [], {})),
        ("linear()", ("linear", [], {})),
        ("linear(1, -2.5)", ("linear", [1, -2.5], {})),
        ("linear(start=1, end='a')", ("linear", [], {"start": 1, "end": "a"})),
        ("interpolate-mix([1, 0], [0, 1])", ("interpolate_mix", [[1, 0], [0, 1]], {})),
        ({"linear": [1, 2]}, ("linear", [1, 2], {})),
        ({"linear": {"start": 1}}, ("linear", [], {"start": 1})),
        ({"linear": 3}, ("linear", [3], {})),
        ({"linear": None}, ("linear", [], {})),
    ],
    ids=str,
)
def test_a_name_and_its_arguments_are_read(spec, parsed):
    assert parse_spec("schedule", spec, KNOWN) == parsed


@pytest.mark.parametrize(
    "spec", ["linear(", "linear(1", "linear(1))", "linear(x)", "linear(1)(2)", "linear(*[1])", "linear(**{})"]
)
def test_text_that_is_no_call_with_plain_arguments_is_refused(spec):
    with pytest.raises(ValueError, match=r"schedule 'linear.*cannot be read"):
        parse_spec("schedule", spec, KNOWN)


def test_nothing_in_the_text_is_run():
    with pytest.raises(ValueError, match="cannot be read"):
        parse_spec("schedule", "linear(__import__('os').getcwd())", KNOWN)


@pytest.mark.parametrize("spec", [None, 3, ["linear"], {}, {"linear": 1, "other": 2}], ids=str)
def test_data_of_another_form_is_refused(spec):
    with pytest.raises(TypeError, match="Expected a schedule"):
        parse_spec("schedule", spec, KNOWN)


def test_a_misspelt_name_gets_the_nearest_one():
    with pytest.raises(ValueError, match=r"Unknown schedule 'liner'. Did you mean 'linear'"):
        parse_spec("schedule", "liner", KNOWN)


def test_arguments_that_a_part_does_not_take_are_refused():
    with pytest.raises(ValueError, match=r"number 'whole.base=1, size=2.'"):
        build_part("number", "whole(base=1, size=2)", {"whole": int})
