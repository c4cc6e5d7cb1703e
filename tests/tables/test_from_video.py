"""A table of the people in a video."""

import numpy as np
import pytest
from PIL import Image

from helpers.moving_boxes import BOXES, FRAMES, gray, write_frames, write_video
from midattr_plugin.errors import InputError
from midattr_plugin.tables import read_table
from midattr_plugin.tables.cli import main
from midattr_plugin.tables.from_video import read_track_labels

LABELS = 'track,pid,hat\n2,ben,yes\n'


@pytest.fixture
def files(tmp_path):
    write_video(tmp_path / 'v.avi')
    (tmp_path / 'boxes.txt').write_text(BOXES)
    (tmp_path / 'labels.csv').write_text(LABELS)
    return tmp_path


def make(files, *options, video='v.avi', out='out/p.csv'):
    boxes = ['--boxes', str(files / 'boxes.txt')]
    return main([str(files / video), *boxes, '--out', str(files / out), *options])


def rows(path):
    return [
        (row.path.rpartition('p/')[2], row.pid, row.camid, row.split, row.values)
        for row in read_table(path).rows
    ]


@pytest.mark.parametrize('source', ['v.avi', 'frames'])
def test_every_crop(files, source):
    write_frames(files / 'frames')
    assert make(files, video=source) == 0
    assert rows(files / 'out/p.csv') == [
        (f'{track:04d}/{frame:06d}.png', f'track {track}', str(track), '', ())
        for track in (1, 2)
        for frame in range(track, FRAMES + 1, 2)
    ]
    image = np.asarray(Image.open(files / 'out/p/0002/000004.png'))
    assert image.shape == (40, 16, 3)
    assert np.abs(image.astype(int) - gray(4)).max() <= 2


def test_for_a_test(files):
    """Track 1 (frames 1, 3, ... 11) in halves, as it is the only one of its person."""
    (files / 'labels.csv').write_text('pid,track,hat\nann,1,no\n')
    labels = ['--labels', str(files / 'labels.csv')]
    assert make(files, *labels, '--for-test', '--every', '2') == 0
    assert rows(files / 'out/p.csv') == [
        ('0001/000001.png', 'ann', '1a', 'gallery', ('no',)),
        ('0001/000003.png', 'ann', '1a', 'query', ('no',)),
        ('0001/000005.png', 'ann', '1a', 'gallery', ('no',)),
        ('0001/000009.png', 'ann', '1b', 'gallery', ('no',)),
        ('0002/000002.png', 'track 2', '2', 'gallery', ('',)),
        ('0002/000006.png', 'track 2', '2', 'gallery', ('',)),
        ('0002/000010.png', 'track 2', '2', 'gallery', ('',)),
    ]


def test_two_tracks_of_a_person_are_whole(files):
    (files / 'labels.csv').write_text('track,pid\n1,ann\n2,ann\n')
    assert make(files, '--labels', str(files / 'labels.csv'), '--for-test') == 0
    found = rows(files / 'out/p.csv')
    assert {camera for _, _, camera, _, _ in found} == {'1', '2'}
    # six crops each, of which the fourth is in the middle
    assert [name for name, _, _, split, _ in found if split == 'query'] == [
        '0001/000007.png',
        '0002/000008.png',
    ]


def test_a_box_outside_is_skipped(files, capsys):
    (files / 'boxes.txt').write_text(f'{BOXES}\n3,9,500,3,16,40,1')
    assert make(files) == 0
    assert len(rows(files / 'out/p.csv')) == FRAMES
    assert 'skipped: box in line 13 (frame 3, track 9' in capsys.readouterr().out


@pytest.mark.parametrize(
    'text, words',
    [
        ('track,hat\n1,no', 'no column "pid"'),
        ('pid,hat\nann,no', 'no column "track"'),
        ('track,pid,split\n1,ann,train', 'column "split"'),
        ('track,pid\none,ann', 'line 2: track is "one"'),
        ('track,pid\n1,ann\n1,ben', 'line 3: track 1 again'),
        ('track,pid\n1,', 'line 2: pid is empty'),
        ('track,pid\n', 'has no row'),
        ('', 'is empty'),
    ],
)
def test_bad_labels(tmp_path, text, words):
    path = tmp_path / 'labels.csv'
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_track_labels(path)


@pytest.mark.parametrize(
    'options, words',
    [
        (['--every', '0'], '--every 0'),
        (['--labels', 'missing.csv'], 'missing.csv'),
        (['--labels', 'labels.csv'], 'track 7 has no box'),
    ],
)
def test_nothing_is_written_of_bad_input(files, capsys, monkeypatch, options, words):
    monkeypatch.chdir(files)
    (files / 'labels.csv').write_text('track,pid\n7,ann\n')
    assert make(files, *options) == 1
    assert words in capsys.readouterr().err
    assert not list((files / 'out').glob('*')) if (files / 'out').exists() else True


@pytest.mark.parametrize(
    'options, words',
    [
        (['--labels', 'labels.csv'], '--labels is for a video'),
        (['--every', '2'], '--every is for a video'),
        (['--for-test'], '--for-test is for a video'),
    ],
)
def test_options_without_effect(files, capsys, options, words):
    assert main([str(files), '--out', str(files / 'p.csv'), *options]) == 1
    assert words in capsys.readouterr().err


def test_crops_of_before_are_kept(files, capsys):
    assert make(files) == 0
    assert make(files) == 1
    assert 'exists' in capsys.readouterr().err
    assert make(files, '--force') == 1  # the crops are there, too
    assert 'the crops would go to' in capsys.readouterr().err
    assert make(files, out='out/q.txt') == 1
    assert 'does not end with .csv' in capsys.readouterr().err


def test_a_video_that_ends_early_leaves_nothing(files):
    text = BOXES.replace('11,1,', '99,1,')
    (files / 'boxes.txt').write_text(text)
    assert make(files) == 1
    assert not (files / 'out').exists() or not list((files / 'out').iterdir())
