"""Real people in a video: boxes and labels to a table, a prediction, ranked lists and maps.

OpenCV's sample video comes with Debian's package opencv-doc. MIDATTR_VTEST names it where it is not
installed.
"""

import csv
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from helpers.paths import SHARED
from helpers.tiny_training import train_tiny
from midattr_plugin.predict import main as predict
from midattr_plugin.tables import read_table
from midattr_plugin.tables.cli import main as make_table

VIDEO = Path(os.environ.get('MIDATTR_VTEST', '/usr/share/doc/opencv-doc/examples/data/vtest.avi'))
PEOPLE = SHARED / 'people'
pytestmark = [
    pytest.mark.skipif(not VIDEO.is_file(), reason=f'{VIDEO} (Debian: opencv-doc) is missing'),
    pytest.mark.skipif(not PEOPLE.is_dir(), reason=f'{PEOPLE}, its boxes and labels, is missing'),
]


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    return train_tiny(tmp_path_factory.mktemp('run'))


def labels(folder):
    path = folder / 'labels.csv'
    text = (PEOPLE / 'labels.csv').read_text()
    path.write_text(text.replace('track,person,', 'track,pid,', 1))
    with path.open(newline='') as file:
        return path, list(csv.DictReader(file))


def test_table(tmp_path):
    path, rows = labels(tmp_path)
    out = tmp_path / 'walkers.csv'
    options = ['--boxes', str(PEOPLE / 'boxes.txt'), '--labels', str(path), '--for-test']
    assert make_table([str(VIDEO), *options, '--every', '30', '--out', str(out)]) == 0
    table = read_table(out)
    boxes = np.loadtxt(PEOPLE / 'boxes.txt', delimiter=',')
    of_track = Counter(boxes[:, 1].astype(int).tolist())
    queries = [row for row in table.rows if row.split == 'query']
    assert sorted(row.pid for row in queries) == sorted(row['pid'] for row in rows)
    # every 30th from the first; a query that is one of these is none of them
    gallery = sum(-(-count // 30) for count in of_track.values())
    assert gallery - len(queries) <= len(table.rows) - len(queries) <= gallery
    assert all(Path(row.path).is_file() for row in table.rows)


def test_prediction_ranked_lists_and_maps(weights, tmp_path):
    lines = (PEOPLE / 'boxes.txt').read_text().splitlines()
    (tmp_path / 'boxes.txt').write_text('\n'.join(lines[::40]))
    tracks = sorted({int(line.split(',')[1]) for line in lines[::40]})
    out = tmp_path / 'answers'
    options = ['--boxes', str(tmp_path / 'boxes.txt'), '--weights', str(weights), '--cpu']
    options += ['--maps', '2', '--query-tracks', str(tracks[0])]
    assert predict([str(VIDEO), *options, '--out', str(out)]) == 0
    with (out / 'attributes.csv').open(newline='') as file:
        assert len(list(csv.DictReader(file))) == len(lines[::40])
    with (out / 'tracks.csv').open(newline='') as file:
        assert [int(row['track']) for row in csv.DictReader(file)] == tracks
    with (out / 'ranked.csv').open(newline='') as file:
        ranked = list(csv.DictReader(file))
    assert len(ranked) == 10 and str(tracks[0]) not in {row['track'] for row in ranked}
    assert len(list((out / 'maps').iterdir())) >= 2
    assert all((out / name).stat().st_size > 10_000 for name in ('report.html', 'ranked.html'))
