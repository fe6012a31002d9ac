"""The record of one student."""

import numpy as np
import pytest
from tutelage import TaskSpace
from tutelage.teachers.meta import GaussianHistory, StudentRecord, tasks_sha256

from .small_classroom import history, student


def test_a_record_has_arrays_of_the_types_that_are_compared():
    record = student(knows=[1, 2, 3])
    assert (record.competences.dtype, record.competences.shape) == (np.float32, (1, 3))
    assert (record.final.dtype, record.episodes.dtype) == (np.float32, np.int64)


def test_a_record_comes_back_from_plain_data():
    record = student("a", kind={"legs": 0.5, "body": "short"}, gaussians=history(origins=[-1, 0]))
    again = StudentRecord.from_plain(record.to_plain())
    assert (again.name, again.kind, again.score) == (record.name, record.kind, record.score)
    np.testing.assert_array_equal(again.competences, record.competences)
    np.testing.assert_array_equal(again.gaussians.origins, [-1, 0])


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"name": ""}, "name is a text of 1 to 200 characters"),
        ({"name": "x" * 201}, "name is a text"),
        ({"name": 3}, "name is a text"),
        ({"final": [1.0, 1.0]}, "3 knowledge components, the final test has 2"),
        ({"final": [1.0, np.nan, 1.0]}, "'final' holds a number that is NaN"),
        ({"final": [1.0, 1e30, 1.0]}, "'final' has numbers from"),
        ({"knows": [np.inf, 0.0, 0.0]}, "'competences' holds a number"),
        ({"competences": [0.0, 0.0, 0.0]}, "'competences' has shape"),
        ({"episodes": [100, 200]}, "'competences' has shape"),
        ({"episodes": [-1]}, "'episodes' has numbers from -1"),
        ({"episodes": [20, 10], "competences": np.zeros((2, 3))}, "not in order"),
        ({"score": np.nan}, "'score' holds a number"),
        ({"kind": {"legs": np.inf}}, r"kind\['legs'\] must be finite"),
        ({"kind": {"legs": [1, 2]}}, "kind must be a mapping"),
        ({"kind": "short"}, "kind must be a mapping"),
    ],
)
def test_a_record_that_does_not_fit_is_refused_by_name(columns, sentence):
    with pytest.raises(ValueError, match=sentence):
        student(**columns)


@pytest.mark.parametrize("columns", [{"gaussians": {}}, {"task_space": {"x": (0.0, 1.0)}}])
def test_parts_of_other_types_are_refused(columns):
    with pytest.raises(TypeError):
        student(**columns)


@pytest.mark.parametrize("entry", ["name", "kind", "episodes", "competences", "final", "score", "gaussians"])
def test_plain_data_without_an_entry_is_refused_by_name(entry):
    plain = student().to_plain()
    del plain[entry]
    with pytest.raises(ValueError, match=f"no entry '{entry}'"):
        StudentRecord.from_plain(plain)


def test_the_hash_of_tasks_depends_on_their_values_and_their_order():
    tasks = np.array([[0.0, 1.0], [2.0, 3.0]])
    assert tasks_sha256(tasks) == tasks_sha256(tasks.tolist())
    assert len({tasks_sha256(each) for each in (tasks, tasks[::-1], tasks.T, tasks.reshape(1, 4))}) == 4


# --- The history ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"alps": [-0.1]}, "'alps'"),
        ({"alps": [np.nan]}, "'alps'"),
        ({"alps": [0.1, 0.2]}, "'alps' has shape"),
        ({"refits": [1], "refit_episodes": [250]}, "'refits'"),
        ({"refit_episodes": [-5]}, "'refit_episodes'"),
        ({"origins": [0]}, "'origins' has shape"),
        ({"origins": [0, 1]}, "'origins'"),
        ({"origins": [0, -2]}, "'origins'"),
        ({"returns": [0.0, np.inf]}, "'returns'"),
        ({"centres": [[0.1, 0.1], [0.2, 0.2]], "refits": [1, 0]}, "not in order"),
        ({"centres": [[0.1, 0.1], [0.2, 0.2]], "refit_episodes": [500, 250]}, "not in order"),
        ({"centres": [[0.1, np.nan]]}, "'means'"),
    ],
)
def test_a_history_that_does_not_fit_is_refused_by_name(columns, sentence):
    with pytest.raises(ValueError, match=sentence):
        history(**columns)


def test_a_negative_variance_is_refused():
    plain = history().to_plain()
    with pytest.raises(ValueError, match="negative variance"):
        GaussianHistory.from_plain({**plain, "covariances": -plain["covariances"]})


def test_a_history_keeps_nothing_of_the_arrays_it_was_made_of():
    returns = np.zeros(2)
    kept = history(returns=returns)
    returns[:] = 9.0
    assert (kept.returns == 0.0).all()


def test_a_student_without_gaussians_is_one():
    record = student(gaussians=GaussianHistory.empty(TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0)).n_dims))
    assert record.gaussians.return_range == (0.0, 0.0)
    assert len(StudentRecord.from_plain(record.to_plain()).gaussians.alps) == 0
