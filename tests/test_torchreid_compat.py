"""Both layouts of torchreid: ``torchreid.reid.*`` (0.2.5) and ``torchreid.*`` (1.4.0)."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torchreid
from PIL import Image

import midattr_plugin
from midattr_plugin import torchreid_compat
from midattr_plugin.errors import InputError

INSTALLED = Path(torchreid.__file__).parent
PROJECT = Path(midattr_plugin.__file__).parents[1]

CHECK = """
import torchreid
import midattr_plugin
from midattr_plugin import torchreid_compat
assert {package!r} in torchreid_compat.Engine.__module__, torchreid_compat.Engine.__module__
midattr_plugin.register()
model = torchreid.models.build_model('midattr_resnet18_market', 7, pretrained=False)
assert model.classifier.out_features == 7
assert issubclass(midattr_plugin.ImageMidAttrEngine, torchreid.engine.Engine)
names = ['market1501_attr', 'dukemtmcreid_attr', 'midattr_demo']
assert set(names) <= set(torchreid_compat.dataset_names())
print(torchreid.__version__)
"""


def run(code, *path):
    environment = os.environ | {'PYTHONPATH': os.pathsep.join(map(str, path))}
    return subprocess.run(
        [sys.executable, '-c', code], env=environment, text=True, capture_output=True, check=False
    )


def test_layout_of_the_installed_torchreid():
    result = run(CHECK.format(package='torchreid'), PROJECT)
    assert result.returncode == 0, result.stderr


@pytest.mark.skipif(not (INSTALLED / 'reid').is_dir(), reason='torchreid 1.4.0 is installed')
def test_layout_of_1_4_0(tmp_path):
    """The registry's package holds 1.4.0 one level down: moved up, it is 1.4.0."""
    for source in (INSTALLED / 'reid').rglob('*.py'):
        target = tmp_path / 'torchreid' / source.relative_to(INSTALLED / 'reid')
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text().replace('torchreid.reid', 'torchreid'))
    result = run(CHECK.format(package='torchreid.engine'), tmp_path, PROJECT)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split()[-1] == '1.4.0'


def test_importing_says_nothing():
    result = run('import midattr_plugin', PROJECT)
    assert (result.stdout, result.stderr) == ('', '')


def test_registration_is_idempotent():
    models, datasets = torchreid_compat.model_names(), torchreid_compat.dataset_names()
    midattr_plugin.register()
    assert torchreid_compat.model_names() == models
    assert torchreid_compat.dataset_names() == datasets
    assert 'midattr_resnet50_market' in models


def test_torchreids_own_names_stay():
    assert {'resnet50', 'pcb_p6', 'osnet_x1_0'} <= set(torchreid_compat.model_names())
    assert {'market1501', 'dukemtmcreid'} <= set(torchreid_compat.dataset_names())


def test_dataset_arguments_reach_the_class_of_that_name_only():
    """And no dataset that is built after the block, however it ends."""
    built = []

    class Recorded(torchreid_compat.ImageDataset):
        def __init__(self, root='', **kwargs):
            built.append(kwargs)

    for name in ('recorded', 'other'):
        torchreid_compat.register_image_dataset(name, Recorded)
    try:
        with pytest.raises(ZeroDivisionError):
            with torchreid_compat.dataset_arguments({'recorded': {'annotation_file': 'a.mat'}}):
                for name in ('recorded', 'other'):
                    torchreid_compat.data.datasets.init_image_dataset(name, mode='query')
                raise ZeroDivisionError
        torchreid_compat.data.datasets.init_image_dataset('recorded', mode='query')
    finally:
        for name in ('recorded', 'other'):
            del torchreid_compat._dataset_registry[name]
    assert built == [
        {'annotation_file': 'a.mat', 'mode': 'query'},
        {'mode': 'query'},
        {'mode': 'query'},
    ]


def test_ranking_is_replaced_until_it_is_put_back():
    calls = []

    def ranking(*arguments):
        calls.append(arguments)
        return np.zeros(1), 0.5

    pids, camids = np.array([1]), np.array([0])
    images = pids, pids, camids, camids + 1
    try:
        torchreid_compat.set_ranking(ranking)
        assert torchreid_compat.ranking_is_replaced()
        assert torchreid_compat.metrics.evaluate_rank(np.zeros((1, 1)), *images)[1] == 0.5
        torchreid_compat.set_ranking(None)
        assert not torchreid_compat.ranking_is_replaced()
        assert torchreid_compat.metrics.evaluate_rank(np.zeros((1, 1)), *images)[1] == 1
    finally:
        midattr_plugin.use_fast_ranking()
    assert len(calls) == 1
    assert torchreid_compat.ranking_is_replaced()  # by ours


@pytest.fixture
def photos(tmp_path):
    """Pictures that three readers would read in three ways: red, lime, blue and white quarters."""
    upright = Image.new('RGB', (32, 32), 'white')
    for color, corner in (('red', (0, 0)), ('lime', (16, 0)), ('blue', (0, 16))):
        upright.paste(Image.new('RGB', (16, 16), color), corner)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    upright.rotate(90).save(tmp_path / 'turned.png', exif=exif)
    hidden = upright.convert('RGBA')
    hidden.putalpha(Image.new('L', upright.size, 0))
    hidden.save(tmp_path / 'transparent.png')
    return tmp_path


def test_every_reader_of_torchreid_sees_the_same_picture(photos):
    dataset = torchreid_compat.ImageDataset(
        *[[(str(photos / f'{name}.png'), 0, 0)] for name in ('turned', 'turned', 'transparent')],
        verbose=False,
    )
    assert np.array_equal(dataset[0]['img'], midattr_plugin.read_image(photos / 'turned.png'))
    assert torchreid.utils.read_image is midattr_plugin.read_image
    extracted = torchreid_compat._feature_extractor.Image.open(photos / 'turned.png')
    assert extracted.convert('RGB').getpixel((4, 4)) == (255, 0, 0)


def test_visrank_draws_what_the_network_saw(photos):
    query = [(str(photos / 'turned.png'), 1, 0, 0)]
    gallery = [(str(photos / f'{name}.png'), 1, 1, 0) for name in ('turned', 'transparent')]
    torchreid_compat.utils.visualize_ranked_results(
        np.array([[0.1, 0.2]]), (query, gallery), 'image', 32, 32, str(photos / 'out'), topk=2
    )
    drawn = np.asarray(Image.open(photos / 'out' / 'turned.jpg')).astype(int)
    starts = [0, 32 + 10 + 90, 2 * 32 + 2 * 10 + 90]  # torchreid's spaces
    quarters = {(9, 9): (255, 0, 0), (9, 22): (0, 255, 0), (22, 9): (0, 0, 255)}
    for start in starts[:2]:
        for (row, column), color in quarters.items():
            assert abs(drawn[row, start + column] - color).max() < 60  # a JPEG
    for row, column in quarters:
        assert drawn[row, starts[2] + column].max() < 60


def test_a_truncated_image_does_not_hang_torchreids_dataset(photos):
    path = photos / 'turned.png'
    path.write_bytes(path.read_bytes()[:60])
    items = [(str(path), 0, 0)]
    dataset = torchreid_compat.ImageDataset(items, items, items, verbose=False)
    with pytest.raises(InputError, match=r'turned\.png" is truncated'):
        dataset[0]
