"""The nearest of all descriptors, which are read part by part."""

import numpy as np
import pytest

from helpers.moving_boxes import BOXES, write_video
from midattr_plugin.predict.nearest import nearest
from midattr_plugin.predict.parts import Part, write_part
from midattr_plugin.predict.source import open_source


def write_parts(folder, descriptors, sizes, skipped=()):
    """Parts of some sizes, in which some pictures could not be read."""
    start = 0
    for index, size in enumerate(sizes):
        numbers = [i for i in range(start, start + size) if i not in skipped]
        probabilities = {'hat': np.full((len(numbers), 2), 0.5, np.float32)}
        reasons = {i: 'broken' for i in range(start, start + size) if i in skipped}
        part = Part(np.array(numbers, dtype=np.int64), descriptors[numbers], probabilities, reasons)
        write_part(folder, index, part)
        start += size


@pytest.fixture
def descriptors():
    return np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)


@pytest.mark.parametrize('count', [1, 4, 100])
def test_images(tmp_path, descriptors, count):
    for number in range(12):
        (tmp_path / f'{number:02d}.png').touch()
    write_parts(tmp_path / 'parts', descriptors, (5, 1, 6), skipped=(1, 5))
    queries = descriptors[[3, 8]] * 7
    found = nearest(tmp_path / 'parts', open_source([tmp_path]), queries, count)
    kept = [number for number in range(12) if number not in (1, 5)]
    for query, row in zip(queries, found, strict=True):
        distances = {
            number: np.linalg.norm(
                query / np.linalg.norm(query)
                - descriptors[number] / np.linalg.norm(descriptors[number])
            )
            for number in kept
        }
        expected = sorted(kept, key=distances.get)[:count]
        assert [one.shown.number for one in row] == expected
        assert [one.shown.row for one in row] == [kept.index(number) for number in expected]
        assert np.allclose(
            [one.distance for one in row], [distances[i] for i in expected], atol=1e-3
        )
    assert [row[0].shown.number for row in found] == [3, 8]


def test_tracks(tmp_path, descriptors):
    (tmp_path / 'boxes.txt').write_text(BOXES, encoding='utf-8')
    source = open_source([write_video(tmp_path / 'v.avi')], tmp_path / 'boxes.txt')
    write_parts(tmp_path / 'parts', descriptors, (7, 5), skipped=(0,))
    units = descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)
    even = units[1::2].sum(0)
    (row,) = nearest(tmp_path / 'parts', source, even[None], 9)
    assert [source[one.shown.number].track for one in row] == [2, 1]
    assert row[0].distance < 1e-3
    odd = units[2::2].sum(0)  # of track 1 the first image is broken
    expected = np.linalg.norm(even / np.linalg.norm(even) - odd / np.linalg.norm(odd))
    assert abs(row[1].distance - expected) < 1e-3
