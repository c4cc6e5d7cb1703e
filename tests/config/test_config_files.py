"""The files in configs/ load, and say of each other what is true."""

import pytest

from helpers.paths import CONFIGS
from midattr_plugin import build
from midattr_plugin.compare.suite import load_suite
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
        'midattr_osnet_market',
        'sbs_market',
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


@pytest.mark.parametrize('name', ['sbs_market', 'midattr_osnet_market'])
def test_other_recipes_keep_the_papers_model_and_loss(name):
    ours, paper = load(name), load('midattr_market')
    for key in ('branches', 'part_dim', 'descriptor', 'mu', 'nu', 'loss_reading'):
        assert ours.midattr[key] == paper.midattr[key]
    assert ours.midattr.attribute_layer in ('res3d', 's8')
    assert ours.data.sources == ours.data.targets == paper.data.sources
    # rows of 32 pixels, as 7 of 224
    assert ours.data.height / ours.midattr.part_rows == paper.data.height / 7
    criterion = arguments(ours, 'criterion')
    weights = {name: criterion[name] * criterion['attribute_weight'] for name in ('mu', 'nu')}
    assert weights == {'mu': 1.0, 'nu': 0.8}  # beside 0.2: the ratios of the paper


def test_stronger_baseline_is_fast_reids():
    """What fast-reid gives in iterations, of 12,936 images."""
    cfg = load('sbs_market')
    iterations = 12936 // cfg.train.batch_size
    assert cfg.train.fixbase_epoch * iterations == pytest.approx(1_000, abs=iterations)
    assert cfg.midattr.warmup_epochs * iterations == pytest.approx(2_000, abs=iterations)
    assert cfg.midattr.warmup_epochs + cfg.midattr.flat_epochs == 30  # DELAY_EPOCHS
    assert (cfg.train.batch_size, cfg.sampler.num_instances) == (64, 16)
    assert arguments(cfg, 'margin_softmax') == {'scale': 64.0, 'margin': 0.35}
    assert arguments(cfg, 'criterion')['label_smoothing'] == 0.1


def test_osnet_has_torchreids_recipe():
    """That of the row of torchreid's own OSNet."""
    cfg = load('midattr_osnet_market')
    suite = load_suite(FOLDER / 'compare/baselines.yaml')
    [row] = [row for row in suite.rows if row.name == 'osnet_x1_0']
    theirs = load_config(row.config, [item for pair in row.settings.items() for item in pair])
    for key in ('optim', 'lr', 'max_epoch', 'batch_size', 'fixbase_epoch', 'lr_scheduler'):
        assert cfg.train[key] == theirs.train[key]
    assert cfg.loss.softmax.label_smooth and theirs.loss.softmax.label_smooth
    assert (cfg.data.height, cfg.data.width) == (theirs.data.height, theirs.data.width)
    assert cfg.data.transforms == theirs.data.transforms == ['random_flip']


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
