"""Readers of public annotations, on made-up files in their layout."""

import json

import numpy as np
import pytest
from scipy.io import savemat

from helpers.fake_annotations import (
    COUNT,
    SELECTED,
    TEST,
    TRAIN,
    VAL,
    cell,
    rap_names,
    write_pa100k,
    write_peta,
    write_rap_v1,
    write_rap_v2,
    write_upar,
)
from helpers.tiny_run import arguments
from midattr_plugin.tables import read_table
from midattr_plugin.tables.cli import main
from midattr_plugin.train import main as train

ANSWERS = {0: 'no', 1: 'yes', 2: ''}


@pytest.fixture
def root(tmp_path):
    (tmp_path / 'dataset').mkdir()
    return tmp_path / 'dataset'


def table_by(root, *words):
    out = root.parent / 'people.csv'
    assert main([str(root), '--out', str(out), *map(str, words)]) == 0
    return read_table(out)


def check(table, names, labels, splits, folder):
    """Check a table against plain loops: splits are name -> numbers of the images from 1."""
    assert not table.has_pids and not table.has_cameras
    found = {row.path: row for row in table.rows}
    expected = [(number, split) for split, numbers in splits.items() for number in numbers]
    assert len(found) == len(expected)
    for number, split in expected:
        row = found[str(folder / names[number - 1])]
        assert row.split == split
        assert row.values == tuple(ANSWERS[label] for label in labels[number - 1].tolist())


def test_pa100k(root):
    labels = write_pa100k(root)
    names = [f'{number:06}.jpg' for number in range(1, COUNT + 1)]
    splits = {'train': range(1, 7), 'val': (7, 8), 'test': range(9, 13)}
    table = table_by(root, '--from', 'pa100k')
    assert table.attributes == tuple(f'Attribute{i}' for i in range(26))
    check(table, names, labels, splits, root.parent / 'dataset/data')


def test_pa100k_as_it_is_unpacked(root):
    write_pa100k(root, images='release_data/release_data')
    row = table_by(root, '--from', 'pa100k').rows[0]
    assert row.path == str(root / 'release_data/release_data/000001.jpg')


@pytest.mark.parametrize('partition', [1, 4])
def test_peta(root, partition):
    labels = write_peta(root)
    shift = partition - 1
    splits = {
        name: [(number - 1 + shift) % COUNT + 1 for number in numbers]
        for name, numbers in (('train', TRAIN), ('val', VAL), ('test', TEST))
    }
    table = table_by(root, '--from', 'peta', '--partition', partition)
    assert table.attributes == tuple(f'attribute{i}' for i in range(35))
    names = [f'{number:05}.png' for number in range(1, COUNT + 1)]
    check(table, names, labels[:, :35], splits, root / 'images')


def test_rap_v1(root):
    labels = write_rap_v1(root)
    table = table_by(root, '--from', 'rap')
    assert table.attributes == tuple(f'attribute{i}' for i in range(51))
    splits = {'train': TRAIN + VAL, 'test': TEST}
    check(table, rap_names(), labels[:, :51], splits, root / 'RAP_dataset')


def test_rap_v2(root):
    labels = write_rap_v2(root)
    table = table_by(root, '--from', 'rapv2')
    chosen = [number - 1 for number in SELECTED]
    assert table.attributes == tuple(f'attribute{i}' for i in chosen)
    splits = {'train': TRAIN, 'val': VAL, 'test': TEST}
    check(table, rap_names(), labels[:, chosen], splits, root / 'RAP_dataset')
    assert any('' in row.values for row in table.rows)


@pytest.mark.parametrize(
    ('header', 'first', 'folder'),
    [
        ('{names}', '# ', 'phase1'),
        (',{names}', '# ', 'annotations/phase1'),
        ('# Image,{names}', '', 'data/phase1'),
    ],
)
def test_upar(root, header, first, folder):
    inside = root / 'data' if folder.startswith('data') else root
    inside.mkdir(exist_ok=True)
    labels = write_upar(inside, header, first, folder.removeprefix('data/'))
    table = table_by(root, '--from', 'upar')
    assert table.attributes == ('Age-Young', *(f'Attribute-{i}' for i in range(1, 40)))
    assert not table.has_splits and not table.has_pids
    for row, answers in zip(table.rows, labels.tolist(), strict=True):
        assert row.values == tuple(ANSWERS[label] for label in answers)
    assert table.rows[1].path == str(inside / 'PA100k/release_data/1.jpg')


def test_from_annotations_to_scores(root, tmp_path):
    """Trained on its training images, chosen on its validation, tested on its test."""
    write_peta(root)
    table_by(root, '--from', 'peta')
    words = ['model.name', 'midattr_tiny', 'midattr.csv.file', tmp_path / 'people.csv']
    words += ['train.max_epoch', 1, 'midattr.csv.attributes', '[attribute0, attribute34]']
    assert train([*arguments(tmp_path, *words), '-s', 'csv', '-t', 'csv']) == 0
    metrics = json.loads((tmp_path / 'log/metrics.json').read_text())
    assert set(metrics['attributes']['csv']) == {'attribute0', 'attribute34', 'average'}
    assert sum(map(sum, metrics['confusion']['csv']['attribute0']['counts'])) == len(TEST)
    assert metrics['validation']['images'] == len(VAL)


def refused(root, capsys, *words):
    out = root.parent / 'people.csv'
    assert main([str(root), '--out', str(out), *map(str, words)]) == 1
    assert not out.exists()
    error = capsys.readouterr().err
    assert error.startswith('error: ') and error.count('\n') == 1
    return error


def test_files_that_are_missing(root, capsys):
    for name in ('pa100k', 'peta', 'rap', 'rapv2', 'upar'):
        assert 'name the folder of the dataset' in refused(root, capsys, '--from', name)
    write_peta(root)
    (root / 'images').rename(root / 'pictures')
    assert 'has no images (images)' in refused(root, capsys, '--from', 'peta')


def test_files_that_are_broken(root, capsys):
    write_peta(root)
    for content in (b'', b'x' * 500, (root / 'PETA.mat').read_bytes()[:900]):
        (root / 'PETA.mat').write_bytes(content)
        assert 'in the layout of this dataset: ' in refused(root, capsys, '--from', 'peta')
    savemat(root / 'PETA.mat', {'other': 1})
    assert 'no structure "peta"' in refused(root, capsys, '--from', 'peta')


@pytest.mark.parametrize(
    ('fields', 'words'),
    [
        ({'data': np.zeros((COUNT, 108))}, '105 names, but 108 columns'),
        ({'data': np.full((COUNT, 109), 3)}, 'labels other than 0, 1 and 2'),
        ({'data': 'x'}, 'no matrix of numbers'),
        ({'attribute': np.ones(105)}, 'no texts'),
        ({'attribute': cell(['same'] * 105)}, 'attributes of the same name'),
        ({'partion': 3}, 'no partitions into train, val, test'),
        ({'partion': cell([{'a': [1], 'b': [2], 'c': [0]}])}, 'no indices from 1'),
        ({'partion': cell([{'a': [1], 'b': [2], 'c': [13]}])}, 'other images than 1 to 12'),
        ({'partion': cell([{'a': [1], 'b': [2], 'c': [1]}])}, 'images in two splits'),
    ],
)
def test_another_layout(root, capsys, fields, words):
    write_peta(root, **fields)
    assert words in refused(root, capsys, '--from', 'peta')


def test_the_other_version_of_rap(root, capsys):
    write_rap_v2(root)
    assert 'it is of version 2 (--from rapv2)' in refused(root, capsys, '--from', 'rap')


def test_version_1_is_not_version_2(root, capsys):
    write_rap_v1(root)
    assert 'no field "name", which version 2 has' in refused(root, capsys, '--from', 'rapv2')


def test_partitions(root, capsys):
    write_peta(root)
    error = refused(root, capsys, '--from', 'peta', '--partition', 6)
    assert '--partition 6: ' in error and 'choose from 1 to 5' in error


def test_upar_that_is_not(root, capsys):
    write_upar(root)
    path = root / 'phase1/train/train.csv'
    good = path.read_text()
    for text, words in (
        ('', 'not enough values'),
        (good.splitlines()[0], 'no lines'),
        (good + 'x.jpg,1\n', 'lines of different lengths'),
        (good.replace('# Age-Young,', ''), '39 names, but 41 cells'),
        (good.replace('.jpg,0', '.jpg,x', 1), 'labels that are not numbers'),
        (good.replace('.jpg,0', '.jpg,0.5', 1), 'labels other than 0, 1 and 2'),
    ):
        path.write_text(text)
        assert words in refused(root, capsys, '--from', 'upar')


def test_a_file_has_no_reader(root, tmp_path, capsys):
    (tmp_path / 'x.csv').write_text('path\n1.jpg\n')
    assert main([str(tmp_path / 'x.csv'), '--from', 'peta']) == 1
    assert '--from is for a folder of images' in capsys.readouterr().err
    assert main([str(tmp_path / 'nowhere'), '--out', str(tmp_path / 't.csv')]) == 1
    assert 'nowhere" does not exist; check the path' in capsys.readouterr().err
