"""Boxes as trackers write them."""

import pytest

from helpers.paths import PROJECT
from midattr_plugin.errors import InputError
from midattr_plugin.predict.boxes import Box, read_boxes

SHARED = PROJECT.parent / 'shared/people/boxes.txt'


@pytest.fixture
def write(tmp_path):
    def write_boxes(text):
        path = tmp_path / 'boxes.txt'
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_boxes


def test_lines(write):
    text = '2,7,12.5,80,40,92,0.9,-1,-1,-1\n\n1,7,10,80,40.25,92\n1, 3, -4, 0, 8, 9, 1\r\n'
    assert read_boxes(write(text)) == [
        Box(1, 3, -4, 0, 8, 9, 4),
        Box(1, 7, 10, 80, 40.25, 92, 3),
        Box(2, 7, 12.5, 80, 40, 92, 1),
    ]


def test_with_a_header(write):
    assert len(read_boxes(write('\ufeffframe,id,left,top,width,height\n1,7,10,80,40,92\n'))) == 1


@pytest.mark.parametrize(
    'text, words',
    [
        ('', 'holds no box'),
        ('frame,id,left,top,width,height\n', 'holds no box'),
        ('1,7,10,80,40\n', 'line 1: 5 numbers, but a box has 6 or more'),
        ('1,7,10,80,40,92\n1,8,x,80,40,92\n', 'line 2: left is "x", which is no number'),
        ('1,7,nan,80,40,92\n', 'line 1: left is "nan", which is no number'),
        ('1.5,7,10,80,40,92\n', 'line 1: frame is "1.5", which is no whole number'),
        ('1,a,10,80,40,92\n', 'line 1: id is "a", which is no whole number'),
        ('0,7,10,80,40,92\n', 'frame is 0, but frames count from 1'),
        ('1,7,10,80,0,92\n', 'a box of width 0 and height 92 is empty'),
        ('1,7,10,80,40,92\n1,7,11,80,40,92\n', 'two boxes in frame 1 \\(lines 1 and 2\\)'),
        (b'\xff\xfe\x00', 'is not text \\(byte 0\\)'),
    ],
)
def test_bad_boxes(write, text, words):
    with pytest.raises(InputError, match=f'--boxes: .*boxes.txt.*{words}'):
        read_boxes(write(text))


def test_no_file(tmp_path):
    with pytest.raises(InputError, match='cannot be read'):
        read_boxes(tmp_path / 'none.txt')


@pytest.mark.parametrize(
    'box, expected',
    [
        (Box(1, 1, 2, 3, 4, 5), (2, 3, 6, 8)),
        (Box(1, 1, -2, -3, 4, 5), (0, 0, 2, 2)),
        (Box(1, 1, 8.6, 15.4, 100, 100), (9, 15, 10, 20)),
    ],
)
def test_pixels_inside_the_picture(box, expected):
    assert box.pixels(10, 20) == expected


@pytest.mark.parametrize(
    'box', [Box(3, 9, 10, 0, 5, 5, 2), Box(3, 9, 0, -5, 5, 5, 2), Box(3, 9, 1, 1, 0.2, 5, 2)]
)
def test_boxes_outside(box):
    with pytest.raises(InputError, match='box in line 2 .frame 3, track 9.* outside .* 10 x 20'):
        box.pixels(10, 20)


@pytest.mark.skipif(not SHARED.exists(), reason='boxes of real people are not at hand')
def test_real_boxes():
    boxes = read_boxes(SHARED)
    assert len({box.track for box in boxes}) == 34
    assert all(box.pixels(768, 576) for box in boxes)
