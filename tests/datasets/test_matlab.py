"""Structure of MATLAB files."""

import numpy as np
import pytest
import scipy.io

from midattr_plugin.datasets.matlab import load_mat

CONTENT = {
    'a': {'x': np.arange(6, dtype=np.uint8).reshape(2, 3), 'y': 'text'},
    'b': np.array([['0001', 'ö中']], object),
    'c': np.array([[1.5, -2.0]]),
    'd': np.array([[1 + 2j]]),
    'e': np.zeros((0, 0)),
}


@pytest.mark.parametrize('compress', [False, True])
def test_reads_what_scipy_reads(tmp_path, compress):
    path = tmp_path / 'a.mat'
    scipy.io.savemat(path, CONTENT, do_compression=compress)
    content = load_mat(path)
    assert content['a'].x.tolist() == [[0, 1, 2], [3, 4, 5]] and content['a'].y == 'text'
    assert content['b'].tolist() == ['0001', 'ö中']
    assert content['c'].tolist() == [1.5, -2.0] and content['d'] == 1 + 2j
    assert content['e'].size == 0


def test_a_type_on_which_scipy_crashes(tmp_path):
    """Type 0 of numbers is a segmentation fault in SciPy 1.17."""
    path = tmp_path / 'a.mat'
    scipy.io.savemat(path, {'c': np.array([[3]], np.uint8)})
    data = path.read_bytes()
    place = data.index(bytes([2, 0, 1, 0, 3]))  # type 2, one byte, the number 3
    path.write_bytes(data[:place] + b'\0' + data[place + 1 :])
    with pytest.raises(ValueError, match='1 bytes of type 0 for 1 values'):
        load_mat(path)


@pytest.mark.parametrize(
    'damage, problem',
    [
        (lambda data: data[:100], 'no header of level 5'),
        (lambda data: data[:-4], 'ends within an element'),
        (lambda data: data[:132], 'ends within a tag'),
        (lambda data: data[:128] + b'\x05' + data[129:], 'type 5 in the place of a matrix'),
    ],
)
def test_damaged(tmp_path, damage, problem):
    path = tmp_path / 'a.mat'
    scipy.io.savemat(path, {'c': np.array([[1.5, -2.0]])})
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=problem):
        load_mat(path)
