"""Ranked lists of queries, from the command to its files."""

import csv
import re

import numpy as np
import pytest

from helpers.fake_market import write_image
from helpers.fake_table import table_rows, write_table
from helpers.moving_boxes import BOXES, write_video
from helpers.tiny_training import train_tiny
from midattr_plugin.predict import Predictor, main, run


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """The checkpoint of a tiny model."""
    return train_tiny(tmp_path_factory.mktemp('run'))


@pytest.fixture
def predict(trained, tmp_path):
    def predicted(*options):
        """Run the command, and return the rows of the lists by query, and the page."""
        out = tmp_path / 'out'
        assert main(['--weights', str(trained), '--out', str(out), *map(str, options)]) == 0
        lists = {}
        with open(out / 'ranked.csv', newline='', encoding='utf-8') as file:
            for row in csv.DictReader(file):
                lists.setdefault(row['query'], []).append(row)
        return lists, (out / 'ranked.html').read_text(encoding='utf-8')

    return predicted


def unit(values):
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


def crops(folder, count, skipped=()):
    for number in range(count):
        write_image(folder / f'{number}.png', number)
        if number in skipped:
            (folder / f'{number}.png').write_bytes(b'none')
    return folder


def test_images(trained, predict, tmp_path):
    """A query among the images is not found itself; what cannot be read has no row."""
    folder = crops(tmp_path / 'crops', 9, skipped=(2,))
    write_image(tmp_path / 'other.png', 77)
    lists, page = predict(folder, '--query', folder / '4.png', tmp_path / 'other.png', '--top', 5)
    kept = [folder / f'{number}.png' for number in range(9) if number != 2]
    found = unit(Predictor(trained)(kept).descriptors)
    for query, rows in lists.items():
        own = unit(Predictor(trained)(query).descriptors)[0]
        distances = {
            str(path): np.linalg.norm(own - other)
            for path, other in zip(kept, found, strict=True)
            if str(path) != query
        }
        assert [row['path'] for row in rows] == sorted(distances, key=distances.get)[:5]
        assert [row['rank'] for row in rows] == ['1', '2', '3', '4', '5']
        for row in rows:
            assert abs(float(row['distance']) - distances[row['path']]) < 1e-3
            assert str(kept[int(row['row'])]) == row['path']
            assert row['match'] == ''
    assert list(lists) == [str(folder / '4.png'), str(tmp_path / 'other.png')]
    assert page.count('<section') == 2
    assert page.count('<figure') == 12
    assert 'wrong</' not in page


def test_another_query_of_a_finished_prediction(predict, tmp_path, monkeypatch):
    folder = crops(tmp_path / 'crops', 5)
    first, _ = predict(folder, '--query', folder / '1.png')
    monkeypatch.setattr(run, '_predict_rest', None)
    again, _ = predict(folder, '--query', folder / '2.png', folder / '1.png')
    before, after = (lists[str(folder / '1.png')] for lists in (first, again))
    assert [row['path'] for row in after] == [row['path'] for row in before]
    assert len(again[str(folder / '2.png')]) == 4


def test_identities_of_tables(predict, tmp_path):
    """Right is the same person; by the same camera it is left out. Queries are those of a split."""
    table = write_table(tmp_path)
    lists, page = predict(table, '--query', table, '--top', 100)
    rows = {str(tmp_path / row['path']): row for row in table_rows()}
    assert sorted(lists) == sorted(path for path, row in rows.items() if row['split'] == 'query')
    for query, found in lists.items():
        who = rows[query]
        assert {one['path'] for one in found} == {
            path
            for path, row in rows.items()
            if (row['pid'], row['camid']) != (who['pid'], who['camid'])
        }
        for one in found:
            expected = 'yes' if rows[one['path']]['pid'] == who['pid'] else 'no'
            assert one['match'] == expected
    kinds = re.findall(r'<figure class="(\w*)"', page)
    assert (kinds.count('query'), kinds.count('right'), kinds.count('wrong')) == (2, 4, 2 * 24)


@pytest.mark.parametrize('maps', [0, 2])
def test_tracks(predict, tmp_path, maps):
    (tmp_path / 'boxes.txt').write_text(BOXES, encoding='utf-8')
    video = write_video(tmp_path / 'video.avi')
    options = [video, '--boxes', tmp_path / 'boxes.txt', '--maps', maps]
    lists, page = predict(*options, '--query-tracks', 2, 1)
    assert {query: [row['track'] for row in rows] for query, rows in lists.items()} == {
        '2': ['1'],
        '1': ['2'],
    }
    descriptors = np.load(tmp_path / 'out/track_descriptors.npy')
    distance = np.linalg.norm(unit(descriptors[0]) - unit(descriptors[1]))
    assert abs(float(lists['2'][0]['distance']) - distance) < 1e-3
    assert page.count('class="seen"') == (4 if maps else 0)
    write_image(tmp_path / 'who.png', 5)
    lists, _ = predict(*options, '--query', tmp_path / 'who.png')
    assert sorted(row['track'] for row in lists[str(tmp_path / 'who.png')]) == ['1', '2']


def test_pairs_are_drawn(predict, tmp_path):
    """Of the first three pictures of a list."""
    folder = crops(tmp_path / 'crops', 6)
    _, page = predict(folder, '--query', folder / '1.png', folder / '2.png', '--maps', '1')
    assert page.count('class="seen"') == 2 * 3 * 2
    assert 'what made them similar' in page


@pytest.mark.parametrize(
    'options, words',
    [
        (['--query', 'none.png'], 'none.png" does not exist'),
        (['--query', 'broken.png'], '--query: image .*broken.png" is truncated or not an image'),
        (['--query', 'empty'], 'holds no image'),
        (['--query', 'crops/0.png', '--top', '0'], '--top 0 is too small'),
        (['--query', 'crops/0.png', '--query-tracks', '1'], 'two kinds of queries'),
        (['--query-tracks', '1'], 'there are no --boxes'),
    ],
)
def test_bad_queries(trained, tmp_path, monkeypatch, capsys, options, words):
    """Are known before anything is predicted."""
    monkeypatch.chdir(tmp_path)
    crops(tmp_path / 'crops', 2)
    (tmp_path / 'broken.png').write_bytes(b'none')
    (tmp_path / 'empty').mkdir()
    assert main(['crops', '--weights', str(trained), '--out', 'out', *options]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('error: ')
    assert re.search(words, line)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    'change, words',
    [
        ({'pid': 'zoe'}, '"zoe", of whom there is no other image by another camera'),
        ({'split': 'gallery'}, 'have no image of the split "query"'),
    ],
)
def test_queries_without_a_match(trained, tmp_path, capsys, change, words):
    table = write_table(tmp_path)
    row = table_rows()[0] | {'split': 'query'} | change
    queries = tmp_path / 'queries.csv'
    lines = [','.join(row), ','.join(row.values())]
    queries.write_text('\n'.join(lines), encoding='utf-8')
    options = ['--weights', str(trained), '--out', str(tmp_path / 'out'), str(table)]
    assert main([*options, '--query', str(queries)]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_tracks_that_there_are_not(trained, tmp_path, capsys):
    (tmp_path / 'boxes.txt').write_text(BOXES, encoding='utf-8')
    video = write_video(tmp_path / 'video.avi')
    options = ['--weights', str(trained), '--out', str(tmp_path / 'out'), str(video)]
    options += ['--boxes', str(tmp_path / 'boxes.txt'), '--query-tracks']
    assert main([*options, '1', '9']) == 1
    assert 'no track 9; their 2 tracks are numbered from 1 to 2' in capsys.readouterr().err


def test_nobody_else(trained, tmp_path, capsys):
    """A single image, which is the query itself."""
    folder = crops(tmp_path / 'crops', 1)
    out = tmp_path / 'out'
    options = ['--weights', str(trained), '--out', str(out), str(folder)]
    assert main([*options, '--query', str(folder / '0.png')]) == 1
    assert 'there is nothing to search' in capsys.readouterr().err
    assert not (out / 'ranked.csv').exists()
