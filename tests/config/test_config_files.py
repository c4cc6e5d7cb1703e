"""The files in configs/ load, and say of each other what is true."""

import pytest

from helpers.paths import CONFIGS
from midattr_plugin import build
from midattr_plugin.config import arguments, load_config
from midattr_plugin.config.keys import flatten

FOLDER = CONFIGS
FILES = sorted(FOLDER.glob('*.yaml'))


def load(name):
    return load_config(FOLDER / f'{name}.yaml')


def different(first, second):
    first, second = flatten(load(first)), flatten(load(second))
    return {key for key in first if first[key] != second[key]}


def test_files_are_there():
    assert {path.stem for path in FILES} >= {
        'midattr_market',
        'midattr_duke',
        'baseline_resnet50_market',
        'midattr_demo',
        'baseline_resnet50_demo',
    }


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_file(path):
    cfg = load_config(path)
    assert path.read_text(encoding='utf-8').startswith('# ')
    assert cfg.data.save_dir == f'log/{path.stem}'
    assert cfg.data.root == 'reid-data'


@pytest.mark.parametrize('name, images', [('midattr_market', 12936), ('midattr_duke', 16522)])
def test_schedule_is_the_papers(name, images):
    cfg = load(name)
    iterations = images // cfg.train.batch_size  # torchreid drops the last batch
    drops = [epoch * iterations for epoch in cfg.train.stepsize]
    assert drops == pytest.approx([20_000, 40_000], abs=iterations)
    assert cfg.train.max_epoch * iterations == pytest.approx(50_000, abs=iterations)
    assert (cfg.train.optim, cfg.train.lr, cfg.train.gamma) == ('sgd', 0.01, 0.1)
    assert cfg.data.transforms == ['random_flip']
    assert build.model_spec(cfg, 2).options['part_rows'] == 7
    assert arguments(cfg, 'criterion') == {
        'mu': 5.0,
        'nu': 4.0,
        'attribute_weight': 0.1,
        'reading': 'attribute_units',
        'label_smoothing': 0.0,
        'triplet_weight': 0.0,
    }
    assert cfg.midattr.attribute_loss == 'plain'
    assert arguments(cfg, 'attribute_loss.class_balanced') == {'beta': 0.999}
    assert arguments(cfg, 'attribute_loss.focal') == {'gamma': 2.0}
    assert (cfg.midattr.task_weights, cfg.midattr.warmup_epochs) == ('fixed', 0)


def test_market_and_duke_differ_in_data_and_epochs():
    assert different('midattr_market', 'midattr_duke') == {
        'model.name',
        'data.sources',
        'data.targets',
        'data.save_dir',
        'train.max_epoch',
        'train.stepsize',
    }


def test_market_baseline_differs_in_model_and_loss():
    assert different('midattr_market', 'baseline_resnet50_market') == {
        'model.name',
        'loss.name',
        'data.save_dir',
        'test.normalize_feature',  # as our models do by themselves
        'midattr.freeze_bn',  # torchreid's models train it, as the file says
    }


def test_demo_needs_no_download():
    for name in ('midattr_demo', 'baseline_resnet50_demo'):
        cfg = load(name)
        assert cfg.model.pretrained is False
        assert cfg.data.sources == cfg.data.targets == ['midattr_demo']
    assert different('midattr_demo', 'baseline_resnet50_demo') <= {
        'model.name',
        'loss.name',
        'data.save_dir',
        'midattr.evaluate_first',
        'midattr.mu',
        'midattr.nu',
        'train.max_epoch',
        'test.normalize_feature',
    }
