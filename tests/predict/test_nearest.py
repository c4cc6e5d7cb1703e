"""The nearest of all descriptors, which are read block by block."""

import numpy as np
import pytest

from midattr_plugin.errors import InputError
from midattr_plugin.predict import nearest as module
from midattr_plugin.predict.nearest import nearest


@pytest.fixture
def descriptors():
    return np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)


@pytest.mark.parametrize('in_memory', [1, 6, 2**22])
@pytest.mark.parametrize('count', [1, 4, 100])
def test_equals_loops(tmp_path, monkeypatch, descriptors, count, in_memory):
    monkeypatch.setattr(module, '_DISTANCES', in_memory)  # blocks of 1, 3 and all rows
    np.save(tmp_path / 'd.npy', descriptors)
    queries, left_out = descriptors[[3, 8]] * 7, [{1, 3}, set()]
    found = nearest(tmp_path / 'd.npy', queries, count, left_out)
    for query, row, without in zip(queries, found, left_out, strict=True):
        distances = {
            number: np.linalg.norm(
                query / np.linalg.norm(query)
                - descriptors[number] / np.linalg.norm(descriptors[number])
            )
            for number in range(12)
            if number not in without
        }
        expected = sorted(distances, key=distances.get)[:count]
        assert [number for _, number in row] == expected
        assert np.allclose(
            [distance for distance, _ in row], [distances[i] for i in expected], atol=1e-3
        )
    assert found[1][0][1] == 8


def test_equal_ones_in_their_order(tmp_path, monkeypatch, descriptors):
    monkeypatch.setattr(module, '_DISTANCES', 4)
    np.save(tmp_path / 'd.npy', np.tile(descriptors[:1], (12, 1)))
    (row,) = nearest(tmp_path / 'd.npy', descriptors[:1], 3, [{0, 5}])
    assert [number for _, number in row] == [1, 2, 3]


def test_damaged(tmp_path, descriptors):
    path = tmp_path / 'd.npy'
    with pytest.raises(InputError, match='is damaged'):
        nearest(path, descriptors, 1)
    np.save(path, descriptors)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputError, match='is damaged .it ends early.; delete the folder'):
        nearest(path, descriptors, 1)
