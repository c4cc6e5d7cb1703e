import inspect

import pytest
import torch

from midattr_plugin import (
    ATTRIBUTE_LOSSES,
    METRIC_LOSSES,
    ImageMidAttrEngine,
    MidAttrLoss,
    build,
    torchreid_compat,
)
from midattr_plugin.config import arguments, get_default_config, load_config
from midattr_plugin.config.keys import all_keys, flatten
from midattr_plugin.datasets import TableDataset
from midattr_plugin.losses import CLASSIFIERS
from midattr_plugin.models import MidAttrNet, midattr_model

# consumer -> the functions that take its arguments, the arguments that come from elsewhere
CONSUMERS = {
    'image_data': ([torchreid_compat.ImageDataManager], set()),
    'video_data': ([torchreid_compat.VideoDataManager], set()),
    # torchreid 1.4.0's build_optimizer has param_groups, too
    'optimizer': ([torchreid_compat.optim.build_optimizer], {'model', 'param_groups'}),
    'lr_scheduler': ([torchreid_compat.optim.build_lr_scheduler], {'optimizer'}),
    'run': ([torchreid_compat.Engine.run], {'self'}),
    'model': (
        [midattr_model, MidAttrNet],
        {
            *('num_classes', 'loss', 'pretrained', 'backbone', 'schema', 'name', 'image_size'),
            'options',  # of midattr_model: those of MidAttrNet
        },
    ),
    'criterion': (
        [MidAttrLoss],
        {'attribute_loss', 'metric_loss', 'margin_softmax', 'task_uncertainty'},
    ),
    'engine': (
        [ImageMidAttrEngine],
        {'datamanager', 'model', 'optimizer', 'scheduler', 'use_gpu', 'criterion'},
    ),
    'csv': ([TableDataset], {'self', 'root', 'kwargs'}),
    'attribute_loss.plain': ([ATTRIBUTE_LOSSES['plain']], {'args', 'kwargs'}),
    'attribute_loss.class_balanced': ([ATTRIBUTE_LOSSES['class_balanced']], {'counts'}),
    'attribute_loss.focal': ([ATTRIBUTE_LOSSES['focal']], set()),
    'metric_loss.batch_hard': ([METRIC_LOSSES['batch_hard']], set()),
    'margin_softmax': ([CLASSIFIERS['cosface']], set()),
    'metric_loss.circle': ([METRIC_LOSSES['circle']], set()),
}


@pytest.mark.parametrize('consumer', CONSUMERS)
def test_every_argument_is_given(consumer):
    functions, others = CONSUMERS[consumer]
    parameters = set().union(*(inspect.signature(function).parameters for function in functions))
    assert set(arguments(get_default_config(), consumer)) == parameters - others


def test_every_consumer_of_a_row_is_known():
    """So that a misspelled one does not vanish."""
    named = {full.rpartition('.')[0] for key in all_keys().values() for full in key.arguments()}
    assert named == set(CONSUMERS) - {'attribute_loss.plain'}


def test_values_reach_their_arguments():
    """Every value is changed to one that no other key has."""
    cfg = get_default_config()
    for number, (key, value) in enumerate(flatten(cfg).items(), start=2):
        new = [number] if isinstance(value, list) else number
        *sections, name = key.split('.')
        node = cfg
        for section in sections:
            node = node[section]
        node[name] = new

    # Where the argument is not named like the key.
    renamed = {
        'batch_size_train': 'train.batch_size',
        'batch_size_test': 'test.batch_size',
        'cuhk03_labeled': 'cuhk03.labeled_images',
        'cuhk03_classic_split': 'cuhk03.classic_split',
        'market1501_500k': 'market1501.use_500k_distractors',
        'momentum': 'sgd.momentum',
        'sgd_dampening': 'sgd.dampening',
        'sgd_nesterov': 'sgd.nesterov',
        'rmsprop_alpha': 'rmsprop.alpha',
        'adam_beta1': 'adam.beta1',
        'adam_beta2': 'adam.beta2',
        'test_only': 'test.evaluate',
        'reading': 'midattr.loss_reading',
        'metric_loss.batch_hard.margin': 'loss.triplet.margin',
        'margin_softmax.scale': 'midattr.classifier_scale',
        'margin_softmax.margin': 'midattr.classifier_margin',
        'metric_loss.circle.margin': 'midattr.circle_margin',
        'metric_loss.circle.gamma': 'midattr.circle_gamma',
        'attribute_loss.class_balanced.beta': 'midattr.class_balance_beta',
        'attribute_loss.focal.gamma': 'midattr.focal_gamma',
        'csv.seed': 'midattr.csv.seed',  # train.seed is another
    }
    values = flatten(cfg)
    for consumer in CONSUMERS:
        for argument, value in arguments(cfg, consumer).items():
            if argument in ('label_smoothing', 'classifier'):
                continue
            key = renamed.get(f'{consumer}.{argument}', renamed.get(argument))
            if key is None:
                (key,) = (key for key in values if key.rpartition('.')[2] == argument)
            assert value == values[key], argument


def test_lists_are_copies():
    cfg = load_config()
    arguments(cfg, 'image_data')['sources'].append('x')
    arguments(cfg, 'run')['ranks'].append(0)
    arguments(cfg, 'lr_scheduler')['stepsize'].clear()
    arguments(cfg, 'model')['branches'].clear()
    assert cfg == load_config()


def test_an_unknown_consumer_gets_nothing():
    assert arguments(load_config(), 'attribute_loss.none') == {}


def part_rows(*opts):
    """Return the rows of the model that is built from a configuration."""
    cfg = load_config(opts=['model.name', 'midattr_resnet18', *opts])
    return build.model_spec(cfg, 2).options['part_rows']


def rows_of_the_map(height, halvings):
    for _ in range(halvings):
        height = torch.nn.MaxPool2d(3, stride=2, padding=1)(torch.zeros(1, height, 9)).shape[1]
    return height


@pytest.mark.parametrize('height, rows', [(224, 7), (256, 8), (128, 4), (1, 1), (33, 2), (225, 8)])
def test_part_rows_are_those_of_the_map(height, rows):
    assert part_rows('data.height', height) == rows == rows_of_the_map(height, 5)
    assert part_rows('data.height', height, 'midattr.part_rows', 3) == 3


@pytest.mark.parametrize('height, rows', [(224, 14), (256, 16), (1, 1), (33, 3), (225, 15)])
def test_part_rows_with_a_last_stride_of_1(height, rows):
    stride = ['midattr.last_stride', 1]
    assert part_rows('data.height', height, *stride) == rows == rows_of_the_map(height, 4)
    assert part_rows('data.height', height, *stride, 'midattr.part_rows', 3) == 3


def test_model():
    cfg = load_config(opts=['midattr.layer_overrides', 'age=res4f'])
    assert arguments(cfg, 'model') == {
        'weights': '',
        'weights_file': '',
        'timm_name': '',
        'attribute_layer': 'res3d',
        'layer_overrides': ['age=res4f'],
        'branches': ['global', 'local'],
        'part_rows': 0,
        'part_dim': 256,
        'dropout': 0.5,
        'descriptor': 'fused',
        'pooling': 'avg',
        'non_local': [],
        'bnneck': False,
        'classifier': 'linear',
        'freeze_bn': False,
        'last_stride': 2,
        'use_gpu': cfg.use_gpu,
    }


def test_losses():
    cfg = load_config(opts=['loss.softmax.label_smooth', 'False'])
    assert arguments(cfg, 'criterion') == {
        'mu': 5.0,
        'nu': 4.0,
        'attribute_weight': 0.1,
        'reading': 'attribute_units',
        'label_smoothing': 0.0,
        'triplet_weight': 0.0,
    }
    assert arguments(load_config(), 'criterion')['label_smoothing'] == 0.1
    assert arguments(cfg, 'attribute_loss.plain') == {}
    assert arguments(cfg, 'attribute_loss.class_balanced') == {'beta': 0.999}
    assert arguments(cfg, 'attribute_loss.focal') == {'gamma': 2.0}
    assert cfg.midattr.attribute_loss == 'plain'
    assert arguments(cfg, 'metric_loss.batch_hard') == {'margin': 0.3}
    assert arguments(cfg, 'metric_loss.soft_margin') == {}
    assert arguments(cfg, 'margin_softmax') == {'scale': 64.0, 'margin': 0.35}
    assert arguments(cfg, 'metric_loss.circle') == {'margin': 0.25, 'gamma': 128.0}
    assert cfg.midattr.metric_loss == 'batch_hard'


def test_engine():
    cfg = load_config(opts=['midattr.precision', 'bf16', 'midattr.compile', True])
    assert arguments(cfg, 'engine') == {'precision': 'bf16', 'compile': True}
    assert arguments(load_config(), 'engine') == {'precision': 'fp32', 'compile': False}


def test_optimizer_and_schedule_are_built():
    cfg = load_config(
        opts=[
            'train.optim',
            'sgd',
            'train.lr',
            '0.01',
            'sgd.momentum',
            0.8,
            'train.weight_decay',
            0.2,
            'train.lr_scheduler',
            'multi_step',
            'train.stepsize',
            '[1, 3]',
            'train.gamma',
            0.5,
        ]
    )
    optimizer = torchreid_compat.optim.build_optimizer(
        torch.nn.Linear(2, 2), **arguments(cfg, 'optimizer')
    )
    scheduler = torchreid_compat.optim.build_lr_scheduler(
        optimizer, **arguments(cfg, 'lr_scheduler')
    )
    group = optimizer.param_groups[0]
    assert (group['momentum'], group['weight_decay']) == (0.8, 0.2)
    rates = []
    for _ in range(4):
        rates.append(group['lr'])
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx([0.01, 0.005, 0.005, 0.0025])
