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
    trained = {name: number for number, name in enumerate(TRAINED)}
    tested = {name: number for number, name in enumerate(TESTED, 1)}  # 0 is no person in a test
    for split, people in (('train', trained), ('query', tested), ('gallery', tested)):
        expected = [
            (str(tmp_path / row['path']), people[row['pid']], cameras[row['camid']])
            for row in table_rows()
            if row['split'] == split
        ]
        assert [item[:3] for item in getattr(built, split)] == sorted(expected)
    assert (built.num_train_pids, built.num_train_cams) == (5, 2)
    assert built.pid_names == ['', *TESTED] and built.camid_names == ['door 9', 'door 10']
    assert not built.rendered


@pytest.mark.parametrize('kind', ['folder', 'link'])
def test_one_rendered_image_is_enough(tmp_path, kind):
    """A score of images some of which are rendered is not one of real images."""
    rows = table_rows()
    rows[-1]['path'] = 'drawn/set/last.png'
    (tmp_path / 'drawn/set').mkdir(parents=True)
    path = write_table(tmp_path, rows)
    if kind == 'link':
        (tmp_path / 'elsewhere').mkdir()
        (tmp_path / 'drawn/set/last.png').rename(tmp_path / 'elsewhere/last.png')
        (tmp_path / 'drawn/set/last.png').symlink_to(tmp_path / 'elsewhere/last.png')
    assert not dataset(path).rendered
    (tmp_path / ('drawn' if kind == 'folder' else 'elsewhere') / 'RENDERED.txt').touch()
    assert dataset(path).rendered


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


def without_people(rows, **splits):
    """Return the rows without who is seen, with other splits: name -> name."""
    kept = [name for name in rows[0] if name != 'pid']
    rows = [{name: row[name] for name in kept} for row in rows]
    return [{**row, 'split': splits.get(row['split'], row['split'])} for row in rows]


def test_without_identities(tmp_path):
    """Nobody is searched for: a test is its gallery, each image of one of its own."""
    rows = without_people(table_rows())
    built = dataset(write_table(tmp_path, rows))
    assert not built.has_identities and built.validation == []
    assert {pid for _, pid, *_ in built.train} == {0} and built.query == []
    tested = sorted(str(tmp_path / row['path']) for row in rows if row['split'] != 'train')
    assert [path for path, *_ in built.gallery] == tested
    assert [pid for _, pid, *_ in built.gallery] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert len(dataset(tmp_path / 'people.csv', mode='query')) == 0


def test_images_of_a_validation(tmp_path):
    rows = without_people(table_rows(), query='val')
    built = dataset(write_table(tmp_path, rows))
    assert [path for path, *_ in built.validation] == [
        str(tmp_path / 'crops/fay 0.png'),
        str(tmp_path / 'crops/gus 0.png'),
    ]
    used = {path for path, *_ in built.train + built.gallery}
    assert used.isdisjoint(path for path, *_ in built.validation)
    assert built.labels(built.validation[0][0]).min() >= 0


@pytest.mark.parametrize(
    ('kept', 'mode', 'words'),
    [
        (('query', 'gallery'), 'train', 'no image of the split train, but data.sources'),
        (('train', 'gallery'), 'query', 'no image of the split query, but data.targets'),
        (('train',), 'gallery', 'no image of the split gallery, but data.targets'),
    ],
)
def test_a_split_without_images(tmp_path, kept, mode, words):
    path = write_table(tmp_path, [row for row in table_rows() if row['split'] in kept])
    with pytest.raises(InputError, match=words):
        dataset(path, mode=mode)
    other = 'gallery' if 'gallery' in kept else 'train'
    assert dataset(path, mode=other).data
    if mode != 'query':
        rows = [row for row in without_people(table_rows()) if row['split'] in kept]
        path = write_table(tmp_path, rows)
        with pytest.raises(InputError, match=words.replace('gallery', 'test')):
            dataset(path, mode=mode)
