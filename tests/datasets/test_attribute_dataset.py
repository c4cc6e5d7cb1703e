import os
import random
import re
import shutil

import pytest

from helpers.fake_market import (
    expected_marks,
    fields_by_identity,
    write_annotations,
    write_duke_tree,
    write_image,
    write_market_tree,
)
from helpers.fake_sources import MARKET_LABELS, TEST_IDS, TRAIN_IDS, duke, identity, market
from midattr_plugin import torchreid_compat
from midattr_plugin.datasets import (
    DUKEMTMCREID,
    MARKET1501,
    AttributeDatasetMixin,
    Market1501Attr,
    mat_file,
)
from midattr_plugin.errors import InputError


@pytest.fixture
def root(tmp_path):
    """Holds Market-1501 and DukeMTMC-reID."""
    write_market_tree(tmp_path)
    write_duke_tree(tmp_path)
    return tmp_path


@pytest.fixture
def data_dir(root):
    return root / 'market1501' / 'Market-1501-v15.09.15'


def everything(folder):
    return sorted(str(path) for path in folder.rglob('*'))


def test_order_and_labels_do_not_depend_on_the_file_system(root, monkeypatch):
    expected = market(root), market(root, combineall=True)
    listed = os.listdir

    def shuffled(folder):
        names = listed(folder)
        random.Random(len(names)).shuffle(names)
        return names

    monkeypatch.setattr(os, 'listdir', shuffled)
    for combineall, dataset in enumerate(expected):
        assert dataset.train == sorted(dataset.train) or combineall
        again = market(root, combineall=bool(combineall))
        assert again.train == dataset.train
        assert (again.query, again.gallery) == (dataset.query, dataset.gallery)


def test_folders_with_wildcards_in_their_names(tmp_path):
    write_market_tree(tmp_path / 'a[b]*?')
    assert len(market(tmp_path / 'a[b]*?').train) == 12


def test_the_file_is_parsed_once(root, monkeypatch):
    mat_file._parsed.cache_clear()
    count = []
    load_mat = mat_file.load_mat
    monkeypatch.setattr(mat_file, 'load_mat', lambda path: count.append(1) or load_mat(path))
    for mode in ('train', 'query', 'gallery'):
        market(root, mode=mode)
    assert len(count) == 1


def test_marks_of_the_images(root):
    """Those of the fields of their identities; background has none."""
    for dataset, schema, pids in (
        (market(root, mode='gallery'), MARKET1501, (1, 4)),
        (duke(root, mode='gallery'), DUKEMTMCREID, (2, 7139)),
    ):
        people = fields_by_identity(schema, pids)
        for path, *_ in dataset.gallery:
            pid = identity(path)
            expected = expected_marks(schema, people[pid]) if pid else None
            assert dataset.marks_by_path.get(path) == expected


def test_configured_annotation_file(root, data_dir):
    (data_dir / 'market_attribute.mat').rename(root / 'elsewhere.mat')
    dataset = market(root, annotation_file=str(root / 'elsewhere.mat'))
    assert dataset[0]['attrs'].tolist() == list(MARKET_LABELS[2])
    with pytest.raises(InputError, match=r'midattr\.annotations\.market1501.+gone\.mat'):
        market(root, annotation_file=str(root / 'gone.mat'))


def test_configured_annotation_file_through_torchreids_data_manager(root, data_dir):
    (data_dir / 'market_attribute.mat').rename(root / 'elsewhere.mat')

    def train_loader(path):
        with torchreid_compat.dataset_arguments({'market1501_attr': {'annotation_file': path}}):
            return torchreid_compat.ImageDataManager(
                str(root), 'market1501_attr', height=32, width=16, workers=0, use_gpu=False
            ).train_loader

    dataset = train_loader(str(root / 'elsewhere.mat')).dataset
    assert dataset[0]['attrs'].tolist() == list(MARKET_LABELS[2])
    with pytest.raises(InputError, match=r'midattr\.annotations\.market1501.+gone\.mat'):
        train_loader(str(root / 'gone.mat'))
    assert torchreid_compat._dataset_registry['market1501_attr'] is Market1501Attr


def test_annotations_beside_the_older_layout(root, data_dir):
    """Image folders directly in ``market1501``; the annotators' folder ``attribute``."""
    older = root / 'older' / 'market1501'
    shutil.copytree(data_dir, older)
    (older / 'attribute').mkdir()
    (older / 'market_attribute.mat').rename(older / 'attribute' / 'market_attribute.mat')
    with pytest.warns(UserWarning, match='deprecated'):
        assert len(market(root / 'older').train) == 12


def test_an_identity_without_annotation(root, data_dir):
    train = fields_by_identity(MARKET1501, (2, 7))
    test = fields_by_identity(MARKET1501, TEST_IDS)
    write_annotations(data_dir / 'market_attribute.mat', MARKET1501, train, test)
    with pytest.raises(
        InputError,
        match=r'identity 0011 in ".+/bounding_box_train" is not '
        r'annotated in ".+/market_attribute\.mat"',
    ):
        market(root)


@pytest.mark.parametrize(
    'make, remedies',
    [
        (market, ['<data.root>/market1501/Market-1501-v15.09.15/bounding_box_train', 'ICCV 2015']),
        (duke, ['<data.root>/dukemtmc-reid/DukeMTMC-reID/bounding_box_train', 'withdrawn']),
    ],
)
def test_a_missing_dataset(tmp_path, make, remedies):
    with pytest.raises(InputError, match=f'folder "{tmp_path}/.+" does not exist') as error:
        make(tmp_path)
    assert len(str(error.value).splitlines()) == 1
    assert all(text in str(error.value) for text in [*remedies, 'midattr_demo'])
    assert everything(tmp_path) == []


@pytest.mark.parametrize('folder', ['bounding_box_train', 'query', 'bounding_box_test'])
def test_a_missing_or_empty_split(root, data_dir, folder):
    (data_dir / folder).rename(root / 'away')
    with pytest.raises(InputError, match=f'{folder}" does not exist; get Market-1501'):
        market(root)
    (data_dir / folder).touch()
    with pytest.raises(InputError, match=f'{folder}" does not exist'):
        market(root)
    (data_dir / folder).unlink()
    write_image(data_dir / folder / '-1_c1s1_000001_01.jpg')
    with pytest.raises(InputError, match=f'{folder}" holds no image'):
        market(root)


# The test's id is part of the folder's name, which must not look like an image's.
@pytest.mark.parametrize(
    'name',
    [
        'holiday.jpg',
        '0002_c7s1_000001_01.jpg',
        '0002_c0s1_000001_01.jpg',
        '1502_c1s1_000001_01.jpg',
        'copy-0002_c1s1_000001_01.jpg',
        '1-0002_c1s1_000001_01.jpg',
        '0002_cam1.jpg',
    ],
    ids='abcdefg',
)
def test_a_bad_file_name(root, data_dir, name):
    write_image(data_dir / 'bounding_box_train' / name)
    with pytest.raises(InputError, match='is not named <identity>_c<camera>') as error:
        market(root)
    assert f'bounding_box_train/{name}"' in str(error.value)


def test_a_bad_file_name_of_duke(root):
    write_image(root / 'dukemtmc-reid' / 'DukeMTMC-reID' / 'query' / '0002_c9_f0000001.jpg')
    with pytest.raises(InputError, match=r'query/0002_c9_f0000001\.jpg" is not named'):
        duke(root)


def test_a_folder_named_like_an_image(tmp_path):
    """torchreid would read identity 3 and camera 2 for every image."""
    write_market_tree(tmp_path / 'run-3_c2')
    found = {(identity(path), camid) for path, _, camid, _ in market(tmp_path / 'run-3_c2').train}
    assert found == {(pid, camid) for pid in TRAIN_IDS for camid in (0, 1)}


class ManyCameras(Market1501Attr):
    num_cameras = 12
    last_identity = 99999


def test_numbers_are_read_whole(tmp_path):
    data_dir = write_market_tree(tmp_path, cameras=(1, 12), test_ids=(4, 12345))
    with pytest.raises(InputError, match=r'_c12s1_\d+_01\.jpg" is not named .+ from 1 to 6;'):
        market(tmp_path)
    for path in sorted(data_dir.glob('*/0004_c1s1*')):
        path.rename(path.with_name(path.name.replace('c1s1', 'c001s12')))
    dataset = ManyCameras(str(tmp_path), verbose=False, mode='gallery')
    found = {(pid, camid) for _, pid, camid, _ in dataset.data}
    assert found == {(pid, camid) for pid in (0, 4, 12345) for camid in (0, 11)}


def test_a_name_of_another_pattern(root, data_dir):
    for path in sorted(data_dir.glob('*/*.jpg')):
        path.rename(path.with_name('street-' + path.name))
    with pytest.raises(InputError, match=r'train/street-.+\.jpg" is not named'):
        market(root)

    class Street(Market1501Attr):
        image_name = re.compile('street-' + Market1501Attr.image_name.pattern)

    assert len(Street(str(root), verbose=False).train) == 12


@pytest.mark.parametrize('ending', ['JPG', 'jpeg', 'JPEG', 'png', 'Png', 'bmp'])
def test_images_of_any_ending_are_seen(root, data_dir, ending):
    before = {mode: market(root, mode=mode) for mode in ('train', 'query', 'gallery')}
    for folder in data_dir.iterdir():
        for path in sorted(folder.glob('*.jpg'))[::2] if folder.is_dir() else ():
            path.rename(path.with_suffix('.' + ending))
    for mode, dataset in before.items():
        again = market(root, mode=mode)
        assert [(path.rsplit('.', 1)[0], *numbers) for path, *numbers in again.data] == [
            (path.rsplit('.', 1)[0], *numbers) for path, *numbers in dataset.data
        ]
        assert any(path.endswith(ending) for path, *_ in again.data)
        labels = dataset.labels(dataset.data[0][0])
        assert again[0]['attrs'].tolist() == labels.tolist()


@pytest.mark.parametrize('copy', ['0002_c1s1_000001_01.png', '0002_c1s1_000001_01.JPG'])
def test_two_files_that_differ_in_their_ending(root, data_dir, copy):
    write_image(data_dir / 'bounding_box_train' / copy)
    with pytest.raises(InputError, match='differ only in their ending, .+ remove one of them') as e:
        market(root)
    assert f'train/{copy}"' in str(e.value) and 'train/0002_c1s1_000001_01.jpg"' in str(e.value)


def test_what_is_left_out_is_said(root, data_dir, capsys):
    expected = len(market(root).data)
    train, query = data_dir / 'bounding_box_train', data_dir / 'query'
    for name in ('._0002_c1s1_000001_01.jpg', 'Thumbs.db', '0002_c1s1_000009_01.webp'):
        (train / name).touch()
    (train / '0007').mkdir()
    (query / '.hidden.png').touch()
    capsys.readouterr()

    def said(**options):
        dataset = Market1501Attr(str(root), **options)
        table, lines = capsys.readouterr().out.rsplit('----\n', 1)
        assert 'train    |' in table
        return len(dataset.data), lines.split('\n')[:-1]

    assert said(mode='train') == (
        expected,
        [
            '  bounding_box_train: 4 left out, not an image (the first is '
            '"._0002_c1s1_000001_01.jpg")'
        ],
    )
    assert said(mode='query') == (
        4,
        [
            '  query: 1 left out, not an image (the first is ".hidden.png")',
            '  bounding_box_test: 2 left out, junk of identity -1 (the first is '
            '"-1_c1s1_000001_01.jpg")',
        ],
    )


def test_nothing_left_out_is_not_said(root, capsys):
    market_of_mode = Market1501Attr(str(root), mode='train')
    assert capsys.readouterr().out.endswith('----\n')
    assert market_of_mode.verbose


def test_a_layout_of_ones_own(root, data_dir):
    """The names say nothing; a folder per camera does not either."""
    table = {'a.jpg': (2, 0), 'b.jpg': (7, 4)}

    class Own(Market1501Attr):
        def find_images(self, folder):
            if 'train' not in folder:
                return super().find_images(folder)
            return [(f'{folder}/{name}', *numbers) for name, numbers in table.items()]

    dataset = Own(str(root), verbose=False)
    folder = data_dir / 'bounding_box_train'
    assert dataset.train == [(f'{folder}/a.jpg', 0, 0, 0), (f'{folder}/b.jpg', 1, 4, 0)]
    assert dataset.labels(f'{folder}/b.jpg').tolist() == list(MARKET_LABELS[7])


def test_a_method_that_would_not_be_called_is_refused():
    class Own(torchreid_compat.Market1501):
        def process_dir(self, dir_path, relabel=False):
            return []

    with pytest.raises(TypeError, match=r'Own\.process_dir is not called .+ find_images'):
        type('OwnAttr', (AttributeDatasetMixin, Own), {})


def test_queries_without_a_match(root, data_dir):
    write_image(data_dir / 'query' / '0007_c1s1_000000_01.jpg')  # not in the gallery
    write_image(data_dir / 'query' / '0011_c1s1_000000_01.jpg')  # only seen by its own camera
    write_image(data_dir / 'bounding_box_test' / '0011_c1s1_000001_01.jpg')
    with pytest.raises(
        InputError,
        match=r'2 of 6 queries have no match from another camera .+'
        r'query/0007_c1s1_000000_01\.jpg.+ remove these',
    ):
        market(root, mode='query')
    market(root)  # its training images can be used
    with pytest.raises(InputError, match='combineall: identity 0007 of query ".+0007_c1s1_000000'):
        market(root, combineall=True)


def test_no_query_with_a_match(root, data_dir):
    """All are seen by one camera: the answer is another one than for a few stray queries."""
    for path in [*(data_dir / 'query').iterdir(), *(data_dir / 'bounding_box_test').iterdir()]:
        if not path.name.startswith('-1'):
            path.rename(path.with_name(re.sub(r'_c\d', '_c1', path.name)))
    with pytest.raises(InputError, match='2 of 2 queries .+, or without cameras, give queries and'):
        market(root, mode='query')


def test_combineall_keeps_the_attributes(root):
    dataset = market(root, combineall=True)
    assert dataset.num_train_pids == 5
    seen = {
        identity(item['impath'])
        for item in map(dataset.__getitem__, range(len(dataset)))
        if item['attrs'].tolist() == list(MARKET_LABELS[identity(item['impath'])])
    }
    assert seen == {*TRAIN_IDS, *TEST_IDS}
    assert len(dataset) == 12 + 4 + 8


@pytest.mark.parametrize('place', ['.', '..'])
def test_rendered_images_are_marked(root, data_dir, place):
    assert not market(root).rendered
    assert not (market(root) + duke(root)).rendered
    (data_dir / place / 'RENDERED.txt').touch()
    assert market(root).rendered
    assert (market(root) + duke(root)).rendered and (duke(root) + market(root)).rendered
    assert (market(root) + torchreid_compat.DukeMTMCreID(str(root), verbose=False)).rendered
