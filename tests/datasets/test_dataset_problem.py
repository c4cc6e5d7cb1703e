"""Errors of torchreid's own dataset classes, through the configuration."""

import re

import pytest

from helpers.fake_market import write_image, write_market_tree
from helpers.tiny_run import arguments
from midattr_plugin import build, torchreid_compat
from midattr_plugin.config import parse_config
from midattr_plugin.errors import InputError


@pytest.fixture
def data_dir(tmp_path):
    return write_market_tree(tmp_path)


def build_data(tmp_path, name, *pairs):
    cfg = parse_config(
        arguments(
            tmp_path, 'data.sources', [name], 'data.targets', [name],
            'model.name', 'resnet18', 'loss.name', 'softmax', *pairs,
        )
    )  # fmt: skip
    return build.build_datamanager(cfg)


@pytest.mark.parametrize('name', ['holiday.jpg', '0002_c7s1_000001_01.jpg', '9999_c1s1_1.jpg'])
def test_a_bad_name_is_named(tmp_path, data_dir, name):
    write_image(data_dir / 'query' / name)
    with pytest.raises(InputError) as error:
        build_data(tmp_path, 'market1501')
    assert str(error.value).startswith(
        f'dataset Market1501 of torchreid cannot be read at image "{data_dir / "query" / name}" ('
    )
    assert str(error.value).endswith('; remove or rename that file')
    assert len(error.value.sentence) == len(str(error.value))


def test_a_folder_that_is_read_as_a_name(tmp_path):
    write_market_tree(tmp_path / 'x-3_c2')
    with pytest.raises(InputError, match=r'x-3_c2/.+" has a name like those of images .+ rename'):
        build_data(tmp_path, 'market1501', 'data.root', str(tmp_path / 'x-3_c2'))


@pytest.mark.parametrize(
    'folder, what',
    [('bounding_box_train', 'training'), ('query', 'query'), ('bounding_box_test', 'gallery')],
)
def test_an_empty_folder(tmp_path, data_dir, folder, what):
    for path in (data_dir / folder).iterdir():
        path.rename(path.with_suffix('.JPG'))
    with pytest.raises(InputError) as error:
        build_data(tmp_path, 'market1501')
    assert str(error.value) == (
        f'dataset Market1501 has no {what} images; put them into its folder, with the names and '
        'the ending that its class looks for'
    )


def test_a_query_without_its_identity_in_the_gallery(tmp_path, data_dir):
    path = data_dir / 'query' / '0007_c1s1_000000_01.jpg'
    write_image(path)
    with pytest.raises(InputError) as error:
        build_data(tmp_path, 'market1501', 'data.combineall', True)
    assert str(error.value) == (
        f'data.combineall: identity 7 of query "{path}" of dataset Market1501 has no image in the '
        'gallery; set it to False, or remove the query'
    )


def test_a_dataset_of_lists_that_is_not_complete(tmp_path):
    (tmp_path / 'msmt17').mkdir()
    with pytest.raises(InputError, match='MSMT17 of torchreid cannot be read .*folder not found'):
        build_data(tmp_path, 'msmt17')


def test_a_download_that_fails(tmp_path, monkeypatch):
    def offline(*args):
        raise OSError('no route to host')

    monkeypatch.setattr(torchreid_compat._dataset, 'download_url', offline)
    with pytest.raises(InputError) as error:
        build_data(tmp_path, 'market1501')
    assert str(error.value) == (
        'dataset Market1501 of torchreid cannot be read (OSError: no route to host); put all of '
        'its files below data.root'
    )


@pytest.mark.parametrize('splits', [([], 1, 1), (1, [], 1), (1, 1, [])])
def test_an_empty_split_of_a_class_of_ones_own(tmp_path, splits):
    what = ['training', 'query', 'gallery'][splits.index([])]

    class Own(torchreid_compat.ImageDataset):
        def __init__(self, root='', **kwargs):
            super().__init__(*[[('a.jpg', 0, 0)] if split else [] for split in splits])

    torchreid_compat.register_image_dataset('own', Own)
    try:
        with pytest.raises(InputError, match=f'^dataset Own has no {what} images; put them'):
            build_data(tmp_path, 'own')
    finally:
        del torchreid_compat._dataset_registry['own']


def test_a_bug_in_a_class_of_ones_own_stays_a_bug(tmp_path):
    class Own(torchreid_compat.ImageDataset):
        def __init__(self, root='', **kwargs):
            items = [('a.jpg', re.compile('').groups['x'], 0)]
            super().__init__(items, items, items)

    torchreid_compat.register_image_dataset('own', Own)
    try:
        with pytest.raises(TypeError, match='not subscriptable'):
            build_data(tmp_path, 'own')
    finally:
        del torchreid_compat._dataset_registry['own']
