import pickle
import random
from urllib.error import URLError

import pytest
import torch
import torchvision
from torch.utils.data import DataLoader

from helpers.fake_market import write_market_tree
from helpers.tiny_run import write_config
from midattr_plugin import build, engine, torchreid_compat
from midattr_plugin.config import load_config
from midattr_plugin.datasets import ATTRIBUTE_DATASETS, Market1501Attr, MatFile
from midattr_plugin.errors import InputError
from midattr_plugin.loading import cached_images
from midattr_plugin.models import BACKBONES
from midattr_plugin.optim import build_scheduler


def config(tmp_path, *pairs):
    """The configuration of a script, which may set keys that have no effect in the run."""
    return load_config(write_config(tmp_path / 'tiny.yaml'), [*map(str, pairs)], root=str(tmp_path))


def test_options_reach_the_model(tmp_path):
    cfg = config(
        tmp_path,
        'midattr.attribute_layer',
        'res4f',
        'midattr.layer_overrides',
        "['age=res5c']",
        'midattr.part_dim',
        16,
        'midattr.descriptor',
        'local',
    )
    model = build.build_model(cfg, 5)
    assert model.attribute_heads.layer_of['hat'] == 'res4f'
    assert model.attribute_heads.layer_of['age'] == 'res5c'
    assert model.feature_dim == 16 * 1  # one row at height 32
    cfg = config(
        tmp_path,
        'midattr.attribute_layer',
        'mixture',
        'midattr.bnneck',
        True,
        'midattr.last_stride',
        1,
        'midattr.part_dim',
        16,
    )
    model = build.build_model(cfg, 5)
    assert model.attribute_heads.layer_of['hat'] == 'mixture'
    assert model.bnneck_part.num_features == 16 * 2


def test_what_the_data_draws_leaves_the_model_as_it_is(tmp_path):
    """Samplers, the cache and held-out images use random numbers, too."""
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3))
    weights, lengths = [], []
    for pairs in (
        [],
        ['midattr.cache', 'ram'],
        ['sampler.train_sampler', 'RandomDomainSampler', 'sampler.num_cams', 2],
        ['midattr.validation_images', 3],
    ):
        for drawn in range(2):
            cfg = config(tmp_path, *pairs)
            torchreid_compat.utils.set_random_seed(1)
            random.seed(drawn)  # by others, before
            data = build.build_datamanager(cfg)
            lengths.append(len(data.train_loader))
            weights.append(build.build_model(cfg, data.num_train_pids).state_dict())
    assert lengths[::2] == lengths[1::2]
    for others in weights[1:]:
        assert all(torch.equal(value, others[name]) for name, value in weights[0].items())


@pytest.mark.parametrize(
    'loss, expected',
    [
        ('midattr', 'ImageMidAttrEngine'),
        ('softmax', 'TrackedImageSoftmaxEngine'),
        ('triplet', 'TrackedImageTripletEngine'),
    ],
)
def test_engine_for_a_loss(tmp_path, loss, expected):
    write_market_tree(tmp_path)
    cfg = config(
        tmp_path,
        'model.name',
        'midattr_resnet18',
        'loss.name',
        loss,
        'midattr.mu',
        2,
        'loss.triplet.weight_x',
        1,
        'sampler.train_sampler',
        'RandomIdentitySampler',
        'sampler.num_instances',
        2,
    )
    data = build.build_datamanager(cfg)
    model = build.build_model(cfg, data.num_train_pids)
    criterion = build.build_criterion(cfg, model, data.train_loader.dataset)
    optimizer = build.build_optimizer(cfg, model, criterion)
    scheduler = build_scheduler(cfg, optimizer)
    built = build.build_engine(cfg, data, model, optimizer, scheduler, criterion)
    assert type(built).__name__ == expected
    if loss == 'midattr':
        assert built.criterion.branch_weights['global'] == pytest.approx(0.2)
    summary = built.forward_backward(next(iter(data.train_loader)))
    assert any(name.startswith('loss') for name in summary)


def test_an_engine_without_a_criterion_gets_that_of_the_configuration(tmp_path):
    write_market_tree(tmp_path)
    cfg = config(tmp_path, 'midattr.mu', 2, 'midattr.attribute_loss', 'focal')
    data = build.build_datamanager(cfg)
    model = build.build_model(cfg, data.num_train_pids)
    criterion = build.build_engine(
        cfg, data, model, build.build_optimizer(cfg, model), None
    ).criterion
    assert criterion.branch_weights['global'] == pytest.approx(0.2)
    assert type(criterion.attribute_loss).__name__ == 'FocalLoss'


@pytest.mark.parametrize(
    'pairs, message',
    [
        # 3 identities, 2 cameras, 12 images
        (
            [
                'sampler.train_sampler',
                'RandomIdentitySampler',
                'sampler.num_instances',
                2,
                'train.batch_size',
                12,
            ],
            'RandomIdentitySampler cannot make a batch of 12 .*few identities: 3, but it has 6',
        ),
        (
            [
                'sampler.train_sampler',
                'RandomDomainSampler',
                'sampler.num_cams',
                12,
                'train.batch_size',
                12,
            ],
            'RandomDomainSampler cannot draw the 12 cameras of sampler.num_cams from the 2 of .* '
            'set sampler.num_cams to 2 or less',
        ),
        (
            ['sampler.train_sampler', 'RandomDatasetSampler', 'sampler.num_datasets', 2],
            'cannot draw the 2 datasets of sampler.num_datasets from the 1 of',
        ),
        (['train.batch_size', 99], r'train.batch_size: 99 is more than the \d+ training images'),
    ],
)
@pytest.mark.parametrize('validation', [0, 1])
def test_no_batch_can_be_made(tmp_path, pairs, message, validation):
    write_market_tree(tmp_path)
    with pytest.raises(InputError, match=message) as error:
        build.build_datamanager(config(tmp_path, *pairs, 'midattr.validation_images', validation))
    assert len(error.value.sentence) == len(str(error.value))


@pytest.mark.parametrize('sampler', ['RandomSampler', 'RandomIdentitySampler'])
def test_a_bug_is_no_bad_input(tmp_path, monkeypatch, sampler):
    monkeypatch.setattr(torchreid_compat, 'ImageDataManager', lambda **_: int('x'))
    with pytest.raises(ValueError, match='invalid literal') as error:
        build.build_datamanager(config(tmp_path, 'sampler.train_sampler', sampler))
    assert not isinstance(error.value, InputError)


def test_a_bug_in_a_dataset_is_no_missing_dataset(tmp_path, monkeypatch):
    def manager(**_):
        raise NotImplementedError('of a class of ones own')

    monkeypatch.setattr(torchreid_compat, 'ImageDataManager', manager)
    with pytest.raises(NotImplementedError):
        build.build_datamanager(config(tmp_path))


def test_a_missing_dataset_of_torchreid(tmp_path):
    with pytest.raises(InputError, match='lacks a dataset .*needs to be manually prepared'):
        build.build_datamanager(
            config(tmp_path, 'data.sources', 'msmt17', 'data.targets', 'msmt17')
        )


def test_options_reach_the_loss(tmp_path):
    write_market_tree(tmp_path)
    cfg = config(
        tmp_path,
        'midattr.attribute_loss',
        'focal',
        'midattr.focal_gamma',
        3,
        'midattr.task_weights',
        'uncertainty',
        'midattr.triplet_weight',
        0.5,
        'loss.triplet.margin',
        0.7,
        'sampler.train_sampler',
        'RandomIdentitySampler',
        'sampler.num_instances',
        2,
    )
    data = build.build_datamanager(cfg)
    model = build.build_model(cfg, data.num_train_pids)
    criterion = build.build_criterion(cfg, model, data.train_loader.dataset)
    optimizer = build.build_optimizer(cfg, model, criterion)
    group = optimizer.param_groups[-1]
    assert (group['weight_decay'], group['lr'], group['fused']) == (0, 0.01, True)
    assert optimizer.param_groups[0]['weight_decay'] > 0
    built = build.build_engine(
        cfg, data, model, optimizer, build_scheduler(cfg, optimizer), criterion
    )
    assert built.criterion is criterion
    assert built.data_seed == cfg.train.seed
    assert criterion.attribute_loss.gamma == 3
    assert (criterion.triplet_weight, criterion.metric_loss.margin) == (0.5, 0.7)
    assert criterion.task_uncertainty.terms == ('global', 'local', *model.schema.names)
    assert [id(p) for p in criterion.parameters()] == [id(p) for p in group['params']]
    summary = built.forward_backward(next(iter(data.train_loader)))
    assert {'loss_triplet_global', 'loss_triplet_local'} <= set(summary)
    assert (criterion.task_uncertainty.log_variances != 0).any()


def test_other_losses_learn_no_weights(tmp_path):
    cfg = config(
        tmp_path,
        'model.name',
        'midattr_resnet18',
        'loss.name',
        'softmax',
        'midattr.task_weights',
        'uncertainty',
    )
    assert build.build_criterion(cfg, build.build_model(cfg, 3), None) is None


@pytest.mark.parametrize('loss', ['softmax', 'triplet'])
def test_video(tmp_path, monkeypatch, loss):
    cfg = config(
        tmp_path,
        'data.type',
        'video',
        'model.name',
        'resnet18',
        'loss.name',
        loss,
        'loss.triplet.weight_x',
        1,
        'sampler.train_sampler',
        'RandomIdentitySampler',
        'sampler.num_instances',
        2,
        'video.pooling_method',
        'max',
    )
    given = {}

    class Data:
        train_loader = DataLoader(['batch'])
        test_loader, num_train_pids, transform_tr = {}, 3, None

        def __init__(self, **kwargs):
            given.update(kwargs)

    monkeypatch.setattr(torchreid_compat, 'VideoDataManager', Data)
    assert isinstance(build.build_datamanager(cfg), Data)
    assert given['seq_len'] == 15

    model = build.build_model(cfg, 3)
    built = build.build_engine(cfg, Data, model, build.build_optimizer(cfg, model), None)
    assert isinstance(built, getattr(engine, f'TrackedVideo{loss.capitalize()}Engine'))
    assert built.pooling_method == 'max'


@pytest.mark.parametrize('sampler', ['RandomSampler', 'RandomIdentitySampler'])
def test_what_worker_processes_get_can_be_pickled(tmp_path, sampler):
    """macOS, Windows and Python from 3.14 on start them anew."""
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    names = 'random_flip', 'random_crop', 'random_patch', 'color_jitter', 'random_erase'
    pairs = ['data.transforms', str(list(names)), 'midattr.validation_images', 4]
    data = build.build_datamanager(config(tmp_path, *pairs, 'sampler.train_sampler', sampler))
    decoded = cached_images._Pixels(data.train_loader.dataset, 8, 4)
    loaders = [data.train_loader, data.validation_loader, DataLoader(decoded)]
    loaders += data.test_loader['market1501_attr'].values()
    for loader in loaders:
        given = loader.dataset, loader.collate_fn, loader.worker_init_fn
        dataset, collate, _ = pickle.loads(pickle.dumps(given))
        assert len(dataset) == len(loader.dataset)
        collate([dataset[0], dataset[1]])


def test_annotation_path_reaches_the_dataset(tmp_path):
    cfg = config(tmp_path, 'midattr.annotations.market1501', tmp_path / 'none.mat')
    write_market_tree(tmp_path)
    with pytest.raises(InputError, match='midattr.annotations.market1501: ".*none.mat"'):
        build.build_datamanager(cfg)


def test_a_dataset_that_is_added_later_is_no_obstacle(tmp_path):
    write_market_tree(tmp_path)
    cfg = config(tmp_path)
    annotations = MatFile('later.mat', 'later')
    later = type('Later', (Market1501Attr,), {'annotations': annotations, 'model_ending': ''})
    ATTRIBUTE_DATASETS.register('later_attr')(later)  # neither in cfg nor known to torchreid
    try:
        assert build.build_datamanager(cfg).num_train_pids
    finally:
        ATTRIBUTE_DATASETS.unregister('later_attr')


def test_attributes_need_their_loss(tmp_path):
    cfg = config(tmp_path, 'loss.name', 'softmax')
    with pytest.raises(InputError, match='loss.name: "softmax" would leave the attributes of'):
        build.build_model(cfg, 5)


@pytest.mark.parametrize(
    'key, pairs',
    [('new_layers', ['train.staged_lr', True]), ('open_layers', ['train.fixbase_epoch', 1])],
)
def test_layer_names_are_checked_where_they_are_used(tmp_path, key, pairs):
    cfg = config(tmp_path, f'train.{key}', "['classifier', 'clasifier']", *pairs)
    with pytest.raises(InputError, match=f'train.{key}: the model has no layer "clasifier"'):
        build.build_optimizer(cfg, build.build_model(cfg, 5))
    cfg = config(tmp_path, f'train.{key}', "['clasifier']")
    build.build_optimizer(cfg, build.build_model(cfg, 5))


@pytest.mark.parametrize('named', ["['layer1']", '[]'])
def test_open_layers_without_anything_to_train_are_refused(tmp_path, named):
    cfg = config(tmp_path, 'train.fixbase_epoch', 1, 'train.open_layers', named)
    model = build.build_model(cfg, 5)
    model.layer1 = torch.nn.ReLU()
    with pytest.raises(InputError, match='train.open_layers: .* has nothing .* name a layer'):
        build.build_optimizer(cfg, model)


def rates_by_child(optimizer, model):
    """Learning rates of the parameters of each child."""
    rate_of = {id(p): group['lr'] for group in optimizer.param_groups for p in group['params']}
    return {
        name: {rate_of[id(p)] for p in child.parameters()}
        for name, child in model.named_children()
        if list(child.parameters())
    }


@pytest.mark.parametrize('pairs', [[], ['train.new_layers', "['classifier']"]])
def test_staged_rates_of_our_new_layers(tmp_path, pairs, capsys):
    """All that is not of the backbone learns at the full rate, the copy of conv5 does not."""
    cfg = config(tmp_path, 'train.staged_lr', True, 'midattr.bnneck', True, *pairs)
    model = build.build_model(cfg, 5)
    rates = rates_by_child(build.build_optimizer(cfg, model), model)
    new = ['classifier', 'bnneck', 'part_reduction', 'bnneck_part', 'classifier_part']
    old = ['layer1', 'layer2', 'layer3', 'layer4', 'layer4_part']
    assert {name for name, found in rates.items() if found == {0.01}} == {*new, 'attribute_heads'}
    assert {name for name, found in rates.items() if found == {0.01 * 0.1}} == {*old}
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith('Staged rates: 0.01 for ') and line.endswith(
        '0.001 for the other layers'
    )
    assert all(name in line for name in new)


def test_staged_rates_as_they_are_named(tmp_path):
    pairs = ['model.name', 'resnet50_fc512', 'loss.name', 'softmax', 'train.staged_lr', True]
    for named, expected in (
        ("['classifier']", {'classifier'}),
        ("['fc', 'classifier']", {'fc', 'classifier'}),
    ):
        cfg = config(tmp_path, *pairs, 'train.new_layers', named)
        model = build.build_model(cfg, 5)
        rates = rates_by_child(build.build_optimizer(cfg, model), model)
        assert {name for name, found in rates.items() if found == {0.01}} == expected


def test_layers_that_are_opened_first(tmp_path):
    cfg = config(tmp_path, 'train.fixbase_epoch', 1)
    model = build.build_model(cfg, 5)
    assert set(build.chosen_layers(cfg, 'open_layers', model)) == {
        'classifier',
        'part_reduction',
        'classifier_part',
        'attribute_heads',
    }
    cfg = config(tmp_path, 'train.open_layers', "['layer4']", 'train.fixbase_epoch', 1)
    assert build.chosen_layers(cfg, 'open_layers', model) == ['layer4']


def test_torchreid_weights_offline(tmp_path, monkeypatch):
    def offline(*args, pretrained, **kwargs):
        if pretrained:
            raise URLError('no route to torchreid')
        return torch.nn.Linear(1, 1)

    monkeypatch.setattr(torchreid_compat.models, 'build_model', offline)
    pairs = ['model.name', 'resnet50', 'loss.name', 'softmax', 'model.pretrained', True]
    cfg = config(tmp_path, *pairs)
    with pytest.raises(
        InputError,
        match='model.pretrained: the weights of "resnet50" could not be '
        r'downloaded \(no route to torchreid\)',
    ) as caught:
        build.build_model(cfg, 5)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    'name, loss', [('midattr_resnet18_market', 'midattr'), ('resnet18', 'softmax')]
)
@pytest.mark.parametrize(
    'pairs, downloads',
    [
        ([], True),
        (['model.resume', 'x'], False),
        (['model.load_weights', 'x'], True),  # it may hold only some of the weights
        (['test.evaluate', True, 'midattr.untrained', True], True),
        (['test.evaluate', True, 'model.load_weights', 'x'], False),
    ],
)
def test_weights_that_a_checkpoint_replaces_are_not_downloaded(
    tmp_path, monkeypatch, name, loss, pairs, downloads
):
    downloaded = []

    def resnet18(pretrained, **kwargs):
        layer = torch.nn.Linear(1, 1)
        if pretrained:
            downloaded.append(kwargs)
            layer.load_state_dict({'weight': torch.ones(1, 1), 'bias': torch.ones(1)})
        return layer

    def pretrained_state(*args):
        downloaded.append(args)
        state = torchvision.models.resnet18().state_dict()
        return {key: value + 1 for key, value in state.items()}

    monkeypatch.setattr(BACKBONES['resnet18'], 'pretrained_state', pretrained_state)
    monkeypatch.setitem(
        torchreid_compat._model_factory,
        'resnet18',
        resnet18,
    )
    cfg = config(tmp_path, 'model.pretrained', True, 'model.name', name, 'loss.name', loss, *pairs)
    build.build_model(cfg, 5)
    assert bool(downloaded) is downloads


@pytest.mark.parametrize('name, fused', [('sgd', True), ('amsgrad', True), ('radam', None)])
def test_step_of_the_optimizer_is_one_kernel(tmp_path, name, fused):
    cfg = config(tmp_path, 'train.optim', name)
    optimizer = build.build_optimizer(cfg, build.build_model(cfg, 3))
    assert {group.get('fused') for group in optimizer.param_groups} == {fused}
    # by this mark GradScaler knows that it need not read whether gradients have overflowed
    assert getattr(optimizer, '_step_supports_amp_scaling', None) is fused
    for group in optimizer.param_groups:
        for parameter in group['params']:
            parameter.grad = torch.ones_like(parameter)
    before = optimizer.param_groups[0]['params'][0].clone()
    optimizer.step()
    assert not torch.equal(before, optimizer.param_groups[0]['params'][0])


@pytest.mark.parametrize('name, fused', [('sgd', None), ('adam', True), ('amsgrad', True)])
def test_layers_that_are_frozen_at_first(tmp_path, name, fused):
    """They get the steps of an optimizer that begins when they are opened."""
    cfg = config(tmp_path, 'train.optim', name, 'train.fixbase_epoch', 1)
    optimizer = build.build_optimizer(cfg, build.build_model(cfg, 3))
    assert {group.get('fused') for group in optimizer.param_groups} == {fused}
    frozen, *others = optimizer.param_groups[0]['params']
    options = {key: value for key, value in optimizer.param_groups[0].items() if key != 'params'}
    before = frozen.detach().clone()
    reference = before.clone().requires_grad_()
    one_by_one = type(optimizer)([reference], **{**options, 'fused': None})
    for opened in (False, True, True):
        for parameter in others:
            parameter.grad = torch.ones_like(parameter)
        if opened:
            for parameter in (frozen, reference):
                parameter.grad = torch.full_like(parameter, 0.5)
            one_by_one.step()
        optimizer.step()
        assert torch.equal(frozen, before) is not opened
    assert torch.allclose(frozen, reference, atol=1e-7)
