"""Matrices that grow on the disk, and their nearest rows."""

import numpy as np
import pytest
from tutelage.teachers.meta.matrix_file import MatrixFile


@pytest.fixture
def file(tmp_path):
    matrix = MatrixFile(tmp_path / "matrix.npy", 4, np.float32)
    matrix.create()
    return matrix


def test_rows_are_added_and_replaced_from_a_number_on(file):
    file.write(0, np.zeros((5, 4)))
    file.write(3, np.ones((4, 4)))
    assert file.n_rows() == 7
    np.testing.assert_array_equal(np.load(file.path)[:, 0], [0, 0, 0, 1, 1, 1, 1])
    file.write(1, np.full((1, 4), 2.0))
    assert np.load(file.path)[:, 0].tolist() == [0, 2]


def test_reading_is_in_blocks_that_join_to_the_whole(file):
    rows = np.random.default_rng(0).random((10, 4)).astype(np.float32)
    file.write(0, rows)
    parts = list(file.blocks(9, 4))
    assert [start for start, _ in parts] == [0, 4, 8]
    np.testing.assert_array_equal(np.concatenate([part for _, part in parts]), rows[:9])
    np.testing.assert_array_equal(file.read(10), rows)
    np.testing.assert_array_equal(file.rows([7, 0]), rows[[7, 0]])


@pytest.mark.parametrize("n", [0, 1, 255, 256, 257, 16383, 16384, 16385, 33000])
def test_the_nearest_rows_are_those_of_a_full_search(file, n):
    rows = np.random.default_rng(1).integers(0, 30, (n, 4)).astype(np.float32)  # with many equals
    file.write(0, rows)
    query = np.array([3.0, 9.0, 14.0, 22.0])
    expected = np.lexsort((np.arange(n), ((rows - query) ** 2).sum(axis=1)))[:20]
    assert file.nearest(query, n, 20).tolist() == expected.tolist()


def test_distances_that_single_precision_cannot_tell_apart_are_told_apart(file):
    rows = np.full((50, 4), 1e4, dtype=np.float32)
    rows[30, 0] += 0.001
    file.write(0, rows)
    assert file.nearest(np.array([1e4 + 0.01, 1e4, 1e4, 1e4]), 50, 1).tolist() == [30]


def test_rows_that_are_no_numbers_are_left_out(file):
    rows = np.zeros((6, 4))
    rows[0, 1], rows[2, 3] = np.nan, np.inf
    file.write(0, rows)
    assert file.nearest(np.zeros(4), 6, 9).tolist() == [1, 3, 4, 5]
