"""The figures of the README, made by docs/make_figures.py."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops

import make_figures
from helpers.paths import PROJECT
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.models import midattr_model

_REMEDY = 'run docs/make_figures.py and commit docs/images'


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp('figures') / 'images'
    make_figures.main(['--out', str(folder)])
    return folder


def _texts(path):
    root = ElementTree.parse(path).getroot()
    return [element.text for element in root.iter('{http://www.w3.org/2000/svg}text')]


def test_writes_every_figure_and_nothing_else(made):
    assert sorted(path.name for path in made.iterdir()) == sorted(make_figures.FIGURES)
    assert all(0 < path.stat().st_size < 150_000 for path in made.iterdir())


def test_committed_network_is_what_the_script_makes(made):
    committed = PROJECT / 'docs/images/network.svg'
    assert committed.read_bytes() == (made / 'network.svg').read_bytes(), _REMEDY


def test_committed_people_are_what_the_script_makes(made):
    one, other = (Image.open(folder / 'people.jpg') for folder in (PROJECT / 'docs/images', made))
    assert one.size == other.size, _REMEDY
    gaps = ImageChops.difference(one, other).reduce(32)
    # versions of OpenCV, Pillow and its JPEG library differ a little, everywhere
    assert np.asarray(gaps).max() < 20, _REMEDY


def test_same_bytes_again(made, tmp_path):
    make_figures.main(['--out', str(tmp_path)])
    for name in make_figures.FIGURES:
        assert (tmp_path / name).read_bytes() == (made / name).read_bytes()


def test_network_says_what_the_model_is(made):
    with torch.device('meta'):
        model = midattr_model(2, pretrained=False, schema=MARKET1501)
    widths = {branch: s.stop - s.start for branch, s in model.descriptor_slices.items()}
    texts = ' '.join(_texts(made / 'network.svg'))
    rows, channels = (
        model.part_reduction.pool.output_size[0],
        model.part_reduction.conv.out_channels,
    )
    assert f'global feature, {widths["global"]}-d' in texts
    assert f'to {rows} rows' in texts and f'to {channels} channels' in texts
    assert f'local feature, {rows} × {channels} = {widths["local"]}-d' in texts
    assert f'fused descriptor, {model.feature_dim}-d' in texts


def test_network_has_every_attribute_once(made):
    words = ', '.join(_texts(made / 'network.svg')).replace('\N{NO-BREAK SPACE}', '_')
    words = [word for word in words.split(', ') for word in word.split(',')]
    for name in MARKET1501.names:
        assert words.count(name) == 1, name
