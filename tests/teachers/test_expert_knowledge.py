"""What a human knows beforehand: the three levels, and knowledge that cannot be right."""

import numpy as np
import pytest
from tutelage import TaskSpace
from tutelage.teachers.expert_knowledge import ExpertKnowledge

STUMPS = TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0))
FULL = ExpertKnowledge(
    initial_mean=[0.0, 6.0],
    initial_std=[0.1, 0.2],
    target_mean=[3.0, 0.0],
    target_std=0.5,
    bad_return=0.0,
    good_return=180.0,
    success_above=230.0,
)
DISTRIBUTIONS = ("initial_mean", "initial_std", "target_mean", "target_std")
THRESHOLDS = ("bad_return", "good_return", "success_above")


def test_the_level_no_leaves_nothing():
    known = FULL.at_level("no")
    assert all(getattr(known, name) is None for name in (*DISTRIBUTIONS, *THRESHOLDS))


def test_the_level_low_leaves_the_thresholds():
    known = FULL.at_level("low")
    assert all(getattr(known, name) is None for name in DISTRIBUTIONS)
    assert (known.bad_return, known.good_return, known.success_above) == (0.0, 180.0, 230.0)


def test_the_level_high_leaves_everything():
    assert FULL.at_level("high") is FULL


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'high'"):
        FULL.at_level("hig")


def test_the_distributions_are_arrays_of_one_entry_for_each_dimension():
    mean, std = FULL.target(STUMPS)
    assert (mean.tolist(), std.tolist()) == ([3.0, 0.0], [0.5, 0.5])


def test_spreads_have_defaults_in_proportion_to_the_range():
    known = ExpertKnowledge(initial_mean=[0.0, 6.0], target_mean=[3.0, 0.0])
    np.testing.assert_allclose(known.initial(STUMPS)[1], [0.3, 0.6])
    np.testing.assert_allclose(known.target(STUMPS)[1], [0.75, 1.5])


def test_what_is_not_known_is_none():
    assert ExpertKnowledge().initial(STUMPS) is None
    assert ExpertKnowledge().target(STUMPS) is None
    ExpertKnowledge().check(STUMPS)


def test_a_returned_distribution_is_a_copy():
    known = ExpertKnowledge(initial_mean=np.array([0.0, 6.0]), initial_std=np.array([0.1, 0.2]))
    known.initial(STUMPS)[1][:] = 9.0
    assert known.initial(STUMPS)[1].tolist() == [0.1, 0.2]


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"initial_mean": [4.0, 1.0]}, "initial_mean.*outside"),
        ({"target_mean": [1.0, -1.0]}, "target_mean.*outside"),
        ({"target_mean": [np.nan, 1.0]}, "target_mean.*outside"),
        ({"initial_mean": [1.0, 1.0, 1.0]}, r"shape \(2,\).*stump_height, obstacle_spacing.*\(3,\)"),
        ({"initial_mean": "easy"}, "initial_mean must be numbers, got 'easy'"),
        ({"initial_mean": [1.0, 1.0], "initial_std": -0.1}, "initial_std.*at least 0"),
        ({"initial_mean": [1.0, 1.0], "initial_std": np.inf}, "initial_std.*finite"),
        ({"initial_mean": [1.0, 1.0], "initial_std": [1.0, 1.0, 1.0]}, "initial_std.*shape"),
        ({"initial_mean": [1.0, 1.0], "initial_std": "wide"}, "initial_std must be numbers"),
        ({"initial_std": 1.0}, "initial_std needs an initial_mean"),
        ({"target_std": 1.0}, "target_std needs a target_mean"),
        ({"bad_return": 180.0, "good_return": 0.0}, "the wrong way round"),
        ({"good_return": np.nan}, "good_return must be a finite number, got nan"),
        ({"bad_return": -np.inf}, "bad_return must be a finite number"),
        ({"success_above": "high"}, "success_above must be a finite number, got 'high'"),
    ],
)
def test_knowledge_that_cannot_be_right_is_refused(parts, sentence):
    with pytest.raises(ValueError, match=sentence):
        ExpertKnowledge(**parts).check(STUMPS)


def test_equal_thresholds_are_accepted():
    ExpertKnowledge(bad_return=1.0, good_return=1.0).check(STUMPS)


def test_a_mapping_is_taken_as_it_comes_from_a_file():
    known = ExpertKnowledge.of({"initial_mean": [0.0, 6.0], "good_return": 180}, STUMPS)
    assert known.initial(STUMPS)[0].tolist() == [0.0, 6.0]
    assert known.good_return == 180


def test_none_is_no_knowledge_and_knowledge_is_itself():
    assert ExpertKnowledge.of(None, STUMPS).good_return is None
    assert ExpertKnowledge.of(FULL, STUMPS) is FULL


def test_a_mapping_with_a_misspelt_name_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'good_return'"):
        ExpertKnowledge.of({"god_return": 1.0}, STUMPS)


def test_a_mapping_that_cannot_be_right_is_refused():
    with pytest.raises(ValueError, match="outside"):
        ExpertKnowledge.of({"initial_mean": [9.0, 9.0]}, STUMPS)


@pytest.mark.parametrize("expert", ["high", 3, [0.0, 6.0]])
def test_what_is_no_knowledge_is_refused(expert):
    with pytest.raises(TypeError, match="Expected an ExpertKnowledge"):
        ExpertKnowledge.of(expert, STUMPS)
