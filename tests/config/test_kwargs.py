import inspect

import pytest
import torch

from midattr_plugin import torchreid_compat
from midattr_plugin.config import (
    engine_run_kwargs,
    get_default_config,
    imagedata_kwargs,
    load_config,
    loss_kwargs,
    lr_scheduler_kwargs,
    model_kwargs,
    optimizer_kwargs,
    videodata_kwargs,
)
from midattr_plugin.config.keys import flatten


@pytest.mark.parametrize(
    'builder, function, objects',
    [
        (imagedata_kwargs, torchreid_compat.ImageDataManager, set()),
        (videodata_kwargs, torchreid_compat.VideoDataManager, set()),
        (optimizer_kwargs, torchreid_compat.optim.build_optimizer, {'model'}),
        (lr_scheduler_kwargs, torchreid_compat.optim.build_lr_scheduler, {'optimizer'}),
        (engine_run_kwargs, torchreid_compat.Engine.run, {'self'}),
    ],
)
def test_every_argument_of_torchreid_is_given(builder, function, objects):
    # torchreid 1.4.0's build_optimizer has param_groups, too.
    parameters = set(inspect.signature(function).parameters) - objects - {'param_groups'}
    assert set(builder(get_default_config())) == parameters


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

    # Where the argument of torchreid is not named like the key.
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
        'weights': 'midattr.weights_name',
        'weights_file': 'midattr.backbone_weights',
        'reading': 'midattr.loss_reading',
        'triplet_margin': 'loss.triplet.margin',
    }
    values = flatten(cfg)
    builders = (
        imagedata_kwargs,
        videodata_kwargs,
        optimizer_kwargs,
        lr_scheduler_kwargs,
        engine_run_kwargs,
        model_kwargs,
        loss_kwargs,
    )
    for builder in builders:
        for argument, value in builder(cfg).items():
            if argument == 'label_smoothing':
                continue
            key = renamed.get(argument)
            if key is None:
                (key,) = (key for key in values if key.rpartition('.')[2] == argument)
            expected = values[key]
            assert value == (tuple(expected) if isinstance(value, tuple) else expected), argument


def test_lists_are_copies():
    cfg = load_config()
    imagedata_kwargs(cfg)['sources'].append('x')
    engine_run_kwargs(cfg)['ranks'].append(0)
    lr_scheduler_kwargs(cfg)['stepsize'].clear()
    assert cfg == load_config()


@pytest.mark.parametrize('height, rows', [(224, 7), (256, 8), (128, 4), (1, 1), (33, 2), (225, 8)])
def test_part_rows_are_those_of_the_map(height, rows):
    cfg = load_config(opts=['data.height', height])
    assert model_kwargs(cfg)['part_rows'] == rows
    size = height
    for _ in range(5):
        size = torch.nn.MaxPool2d(3, stride=2, padding=1)(torch.zeros(1, size, 9)).shape[1]
    assert size == rows
    cfg = load_config(opts=['data.height', height, 'midattr.part_rows', 3])
    assert model_kwargs(cfg)['part_rows'] == 3


@pytest.mark.parametrize('height, rows', [(224, 14), (256, 16), (1, 1), (33, 3), (225, 15)])
def test_part_rows_with_a_last_stride_of_1(height, rows):
    cfg = load_config(opts=['data.height', height, 'midattr.last_stride', 1])
    assert model_kwargs(cfg)['part_rows'] == rows
    size = height
    for _ in range(4):
        size = torch.nn.MaxPool2d(3, stride=2, padding=1)(torch.zeros(1, size, 9)).shape[1]
    assert size == rows
    cfg = load_config(
        opts=['data.height', height, 'midattr.last_stride', 1, 'midattr.part_rows', 3]
    )
    assert model_kwargs(cfg)['part_rows'] == 3


def test_model_kwargs():
    assert model_kwargs(load_config(opts=['midattr.layer_overrides', 'age=res4f'])) == {
        'weights': 'IMAGENET1K_V1',
        'weights_file': '',
        'attribute_layer': 'res3d',
        'layer_overrides': ('age=res4f',),
        'branches': ('global', 'local'),
        'part_rows': 8,
        'part_dim': 256,
        'dropout': 0.5,
        'descriptor': 'fused',
        'bnneck': False,
        'last_stride': 2,
    }


def test_loss_kwargs():
    assert loss_kwargs(load_config(opts=['loss.softmax.label_smooth', 'False'])) == {
        'mu': 5.0,
        'nu': 4.0,
        'attribute_weight': 0.1,
        'reading': 'attribute_units',
        'label_smoothing': 0.0,
        'attribute_loss': 'plain',
        'class_balance_beta': 0.999,
        'focal_gamma': 2.0,
        'triplet_weight': 0.0,
        'triplet_margin': 0.3,
    }
    assert loss_kwargs(load_config())['label_smoothing'] == 0.1


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
        torch.nn.Linear(2, 2), **optimizer_kwargs(cfg)
    )
    scheduler = torchreid_compat.optim.build_lr_scheduler(optimizer, **lr_scheduler_kwargs(cfg))
    group = optimizer.param_groups[0]
    assert (group['momentum'], group['weight_decay']) == (0.8, 0.2)
    rates = []
    for _ in range(4):
        rates.append(group['lr'])
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx([0.01, 0.005, 0.005, 0.0025])
