"""Rendered images are detected, whichever class reads them."""

from types import SimpleNamespace

import pytest

from helpers.fake_market import write_market_tree
from midattr_plugin import torchreid_compat
from midattr_plugin.datasets import Market1501Attr
from midattr_plugin.datasets.data_check import check_data
from midattr_plugin.datasets.rendered import MARKER, Recipe, is_rendered, recipes
from midattr_plugin.errors import InputError


@pytest.mark.parametrize(
    'place',
    [
        '',
        'market1501',
        'market1501/Market-1501-v15.09.15',
        'market1501/Market-1501-v15.09.15/bounding_box_test',
    ],
)
@pytest.mark.parametrize('dataset', [torchreid_compat.Market1501, Market1501Attr])
def test_trees(tmp_path, dataset, place):
    write_market_tree(tmp_path)
    if dataset is torchreid_compat.Market1501:
        assert not is_rendered(dataset(root=str(tmp_path), mode='gallery'))
    (tmp_path / place / MARKER).touch()
    expected = place.startswith('market1501') and not (
        dataset is Market1501Attr and place.endswith('test')
    )
    assert is_rendered(dataset(root=str(tmp_path), mode='gallery')) == expected


def test_recipe_of_a_dataset(tmp_path):
    write_market_tree(tmp_path)
    recipe = Recipe(7, 1, 'invented people')
    for dataset in (torchreid_compat.Market1501, Market1501Attr):
        marker = tmp_path / 'market1501' / MARKER
        marker.unlink(missing_ok=True)
        assert recipes(dataset(root=str(tmp_path), mode='gallery')) == {}
        marker.write_text('A notice.\n' + recipe.text())
        assert recipes(dataset(root=str(tmp_path), mode='gallery')) == {0: recipe}
    assert str(recipe) == ('renderer version: 2, seed: 7, difficulty: 1.0, source: invented people')


def test_recipes_of_several_sources(tmp_path):
    write_market_tree(tmp_path)
    write_market_tree(tmp_path, folder='other')
    recipe = Recipe(7, 1, 'invented people')
    (tmp_path / 'other' / MARKER).write_text(recipe.text())
    real = Market1501Attr(root=str(tmp_path))
    rendered = type('Other', (Market1501Attr,), {'dataset_dir': 'other'})(root=str(tmp_path))
    assert recipes(real + rendered) == {1: recipe}
    assert recipes(rendered + real) == {0: recipe}


@pytest.mark.parametrize('name', ['market1501', 'market1501_attr'])
def test_images_of_another_version_are_refused(tmp_path, name):
    """By whichever class they are read."""
    write_market_tree(tmp_path)
    marker = tmp_path / 'market1501/Market-1501-v15.09.15' / MARKER
    marker.write_text('A notice.\n' + Recipe(7, 1, 'invented people', 1).text())
    datamanager = torchreid_compat.ImageDataManager(
        root=str(tmp_path), sources=[name], targets=[name], use_gpu=False, workers=0
    )
    with pytest.raises(InputError, match='rendered by version 1 of .+ again with midattr-render'):
        check_data(datamanager)


def test_videos(tmp_path):
    folder = tmp_path / 'mars/bbox_test/0001'
    folder.mkdir(parents=True)
    videos = SimpleNamespace(data=[((str(folder / '1.jpg'), str(folder / '2.jpg')), 1, 0)])
    assert not is_rendered(videos)
    (tmp_path / 'mars' / MARKER).touch()
    assert is_rendered(videos)


@pytest.mark.parametrize(
    'recipe', [Recipe(7, 1, 'invented people'), Recipe(0, 0.25, 'a file, sha256 ab', 5)]
)
def test_recipe_is_read_from_the_end_of_a_marker(tmp_path, recipe):
    (tmp_path / MARKER).write_text('A notice.\n' + recipe.text())
    assert Recipe.read(tmp_path) == recipe


def test_recipe_of_the_first_version(tmp_path):
    text = 'A notice.\nrenderer version: 1\nseed: 1501\nsource: invented people\n'
    (tmp_path / MARKER).write_text(text)
    assert Recipe.read(tmp_path) == Recipe(1501, 1, 'invented people', 1)


@pytest.mark.parametrize('content', [None, b'', b'A notice.\n', b'\xff\xfe'])
def test_no_recipe(tmp_path, content):
    if content is not None:
        (tmp_path / MARKER).write_bytes(content)
    assert Recipe.read(tmp_path) is None
