"""Files of a finished prediction, read again."""

import numpy as np
import pytest

from helpers.moving_boxes import write_video
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError
from midattr_plugin.predict.finished import descriptor_blocks, image_rows, track_rows
from midattr_plugin.predict.parts import Part, write_part
from midattr_plugin.predict.results import write_results
from midattr_plugin.predict.source import open_source


@pytest.fixture
def probabilities():
    """Of twelve pictures."""
    random = np.random.default_rng(0)
    return {
        attribute.name: random.dirichlet(np.ones(len(attribute.classes)), 12).astype(np.float32)
        for attribute in MARKET1501
    }


def write(folder, source, probabilities, skipped=()):
    """Files of a source of twelve pictures, of which some could not be read."""
    numbers = [number for number in range(12) if number not in skipped]
    part = Part(
        np.array(numbers),
        np.arange(36, dtype=np.float32).reshape(12, 3)[numbers],
        {name: values[numbers] for name, values in probabilities.items()},
        dict.fromkeys(skipped, 'broken'),
    )
    write_part(folder / 'parts', 0, part)
    write_results(folder, folder / 'parts', source, MARKET1501)
    return numbers


def expected_answers(probabilities, number):
    return [
        (
            attribute.name,
            attribute.classes[int(probabilities[attribute.name][number].argmax())],
            round(100 * round(float(probabilities[attribute.name][number].max()), 4)),
        )
        for attribute in MARKET1501
    ]


@pytest.fixture
def images(tmp_path):
    """A source of twelve files, one with a name that is no text."""
    for number in range(11):
        (tmp_path / f'{number:02d}.png').touch()
    (tmp_path / 'z\udcff.png').touch()
    return open_source([tmp_path])


@pytest.mark.parametrize('skipped', [(), (0, 5, 6, 11), tuple(range(11))])
def test_rows_of_images(tmp_path, images, probabilities, skipped):
    numbers = write(tmp_path, images, probabilities, skipped)
    rows = list(image_rows(tmp_path, images, MARKET1501))
    assert [row.row for row in rows] == list(range(len(numbers)))
    assert [row.number for row in rows] == numbers
    for row in rows:
        assert row.answers == expected_answers(probabilities, row.number)
    blocks = list(descriptor_blocks(tmp_path / 'descriptors.npy', 5))
    assert all(len(block) == 5 for block in blocks[:-1])
    expected = np.arange(36).reshape(12, 3)[numbers]
    assert np.array_equal(np.concatenate(blocks), expected)


def test_rows_of_boxes(tmp_path, probabilities, monkeypatch):
    """Frames and tracks are whole numbers, however large."""
    lines = [f'{frame},{1234567 + frame % 2},1,2,3,4' for frame in range(1, 13)]
    (tmp_path / 'boxes.txt').write_text('\n'.join(lines), encoding='utf-8')
    source = open_source([write_video(tmp_path / 'v.avi')], tmp_path / 'boxes.txt')
    numbers = write(tmp_path, source, probabilities, skipped=(3, 4))
    assert [row.number for row in image_rows(tmp_path, source, MARKET1501)] == numbers
    tracks = list(track_rows(tmp_path, MARKET1501))
    assert [(row.track, row.count, row.first_frame, row.last_frame) for row in tracks] == [
        (1234567, 5, 2, 12),
        (1234568, 5, 1, 11),
    ]


@pytest.mark.parametrize(
    'damage, words',
    [
        (lambda text: text.replace('05.png', '55.png'), 'row 5 is of another picture'),
        (lambda text: text.replace('hat_probability', 'cap'), "'hat_probability'"),
        (lambda text: text[:-3] + 'x\n', 'could not convert'),
        (lambda text: text.rsplit(',', 5)[0] + '\n', 'NoneType'),
    ],
)
def test_damaged_tables(tmp_path, images, probabilities, damage, words):
    write(tmp_path, images, probabilities)
    path = tmp_path / 'attributes.csv'
    path.write_text(damage(path.read_text(encoding='utf-8')), encoding='utf-8')
    with pytest.raises(InputError, match=f'attributes.csv" is damaged .*{words}.*; delete'):
        list(image_rows(tmp_path, images, MARKET1501))


def test_missing_tables(tmp_path, images):
    with pytest.raises(InputError, match='attributes.csv" is damaged .*No such file'):
        list(image_rows(tmp_path, images, MARKET1501))
    with pytest.raises(InputError, match='tracks.csv" is damaged'):
        list(track_rows(tmp_path, MARKET1501))
