"""Own images from a table, as torchreid reads them."""

import pytest

from helpers.fake_table import ATTRIBUTES, TESTED, TRAINED, table_rows, write_table
from midattr_plugin.datasets import MARKET1501, TableDataset
from midattr_plugin.errors import InputError


def dataset(path, **options):
    return TableDataset(file=str(path), verbose=False, **options)


def test_items_are_those_of_the_table(tmp_path):
    path = write_table(tmp_path)
    built = dataset(path)
    cameras = {'door 9': 0, 'door 10': 1}
    for split, people in (('train', TRAINED), ('query', TESTED), ('gallery', TESTED)):
        expected = [
            (str(tmp_path / row['path']), people.index(row['pid']), cameras[row['camid']])
            for row in table_rows()
            if row['split'] == split
        ]
        assert [item[:3] for item in getattr(built, split)] == sorted(expected)
    assert (built.num_train_pids, built.num_train_cams) == (5, 2)
    assert built.pid_names == list(TESTED) and built.camid_names == ['door 9', 'door 10']
    assert not built.rendered


def test_attributes(tmp_path):
    built = dataset(write_table(tmp_path))
    assert built.schema.name == 'people'
    assert {item.name: item.classes for item in built.schema} == ATTRIBUTES
    assert built.schema['hat'].parts == MARKET1501['hat'].parts
    for row in table_rows():
        labels = built.labels(str(tmp_path / row['path'])).tolist()
        assert labels == [classes.index(row[name]) for name, classes in ATTRIBUTES.items()]
    assert built[0]['attrs'].tolist() == built.labels(built[0]['impath']).tolist()


def test_attributes_of_single_images(tmp_path):
    """A person may take the helmet off."""
    rows = table_rows()
    rows[0]['helmet'], rows[1]['helmet'] = 'yes', ''
    built = dataset(write_table(tmp_path, rows))
    assert [built.labels(str(tmp_path / row['path']))[0].item() for row in rows[:3]] == [1, -1, 0]


def test_chosen_columns_and_a_schema(tmp_path):
    path = write_table(tmp_path)
    assert dataset(path, attributes=['hat', 'vest']).schema.names == ('vest', 'hat')
    schema = tmp_path / 'schema.yaml'
    schema.write_text('badge: {classes: [yes, no, maybe], parts: [2]}\n')
    built = dataset(path, schema=str(schema))
    assert built.schema['badge'].classes == ('yes', 'no', 'maybe')
    assert built.labels(str(tmp_path / 'crops/ann 0.png')).tolist() == [1]


def without(*columns):
    return [{name: row[name] for name in row if name not in columns} for row in table_rows()]


def test_without_cameras(tmp_path):
    """A query finds every image of its person in the gallery."""
    built = dataset(write_table(tmp_path, without('camid')))
    assert {camera for _, _, camera, *_ in built.query} == {0}
    assert {camera for _, _, camera, *_ in built.gallery} == {1}
    assert built.camid_names == []


def test_without_a_split(tmp_path):
    path = write_table(tmp_path, without('split'))
    built = dataset(path, attributes=['helmet'])
    assert len(built.train) == 16 and len(built.query) == 6 and len(built.gallery) == 6
    assert dataset(path, attributes=['helmet'], mode='query').query == built.query
    others = [dataset(path, attributes=['helmet'], seed=seed).train for seed in range(1, 5)]
    assert any(train != built.train for train in others)


def test_missing_images(tmp_path):
    path = write_table(tmp_path)
    (tmp_path / 'crops/ben 1.png').unlink()
    (tmp_path / 'crops/eve 2.png').unlink()
    with pytest.raises(InputError, match=r'line 7: .*ben 1.png" does not exist \(2 of 28 are miss'):
        dataset(path)


def test_no_table(tmp_path):
    with pytest.raises(InputError, match='midattr.csv.file is empty'):
        TableDataset(verbose=False)
    with pytest.raises(InputError, match='none.csv" cannot be read'):
        dataset(tmp_path / 'none.csv')


def test_a_changed_table_is_read_again(tmp_path):
    path = write_table(tmp_path)
    assert len(dataset(path).train) == 20
    header, *lines = path.read_text().splitlines(keepends=True)
    path.write_text(''.join([header, *lines[2:]]))
    assert len(dataset(path).train) == 18
