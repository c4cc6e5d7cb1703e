import pytest

from helpers.registries import restored_registries
from midattr_plugin import BACKBONES, Backbone, register
from midattr_plugin.config import get_default_config
from midattr_plugin.config.checks import check_combinations
from midattr_plugin.errors import InputError

OURS = ['model.name', 'midattr_resnet50_market', 'loss.name', 'midattr']
TRIPLETS = [
    'midattr.triplet_weight',
    1.0,
    'sampler.train_sampler',
    'RandomIdentitySampler',
    'sampler.num_instances',
    4,
]
IDENTITIES = ['sampler.train_sampler', 'RandomIdentitySampler']
TARGETS = ['data.load_train_targets', True, 'data.targets', ['viper']]
RANDOM = ['model.pretrained', False]
COSINE = ['train.lr_scheduler', 'cosine']
NO_ATTRIBUTES = ['midattr.attribute_weight', 0.0]


UNTRAINED = ['test.evaluate', True, 'midattr.untrained', True]


def check(*pairs):
    cfg = get_default_config()
    cfg.merge_from_list(list(pairs))
    check_combinations(cfg)


@pytest.mark.parametrize(
    'pairs, message',
    [
        (['train.max_epoch', 0], 'train.max_epoch is 0'),
        (['train.max_epoch', 5, 'train.start_epoch', 5], 'start_epoch is 5, which leaves none'),
        (
            ['train.stepsize', [20, 40]],
            r'train.stepsize is \[20, 40\], .* reads only the last.* to multi_step',
        ),
        (['loss.name', 'triplet', 'train.fixbase_epoch', 5], 'train.fixbase_epoch'),
        (['loss.name', 'triplet', 'loss.triplet.weight_t', 0.0], 'weight_t and .*weight_x'),
        (['test.evaluate', True], 'model without trained weights: .* midattr.untrained True'),
        (['model.resume', 'x', 'model.load_weights', 'y'], 'both given'),
        (['model.resume', 'x', 'train.start_epoch', 2], 'train.start_epoch has no effect'),
        (['test.visrank', True], 'test.visrank .* test.evaluate True'),
        (['data.load_train_targets', True], 'market1501 is in data.sources'),
        (
            ['sampler.train_sampler', 'RandomIdentitySampler', 'train.batch_size', 2],
            'sampler.num_instances',
        ),
        (
            ['sampler.train_sampler', 'RandomDomainSampler', 'sampler.num_cams', 3],
            'sampler.num_cams is 3, but train.batch_size 32 is not a multiple of it: change one',
        ),
        (
            ['data.transforms', ['random_crop', 'PAD_CROP']],
            'pad_crop and random_crop, which both move the image: name one of them',
        ),
        (
            ['data.transforms', ['aug_mix', 'auto_augment']],
            'auto_augment and aug_mix, each of which is a whole augmentation policy',
        ),
        ([*COSINE, 'midattr.flat_epochs', 60], 'flat_epochs 60 .* leaves none .* set it below 60'),
        (
            [*COSINE, 'midattr.warmup_epochs', 10, 'midattr.flat_epochs', 50],
            'flat_epochs 50 after midattr.warmup_epochs 10 leaves none .* set it below 50',
        ),
        ([*COSINE, 'midattr.lr_floor', 0.1], 'lr_floor is 0.1, which is above train.lr, 0.0003'),
        (
            [*COSINE, 'midattr.lr_floor', 0.0001, 'train.staged_lr', True],
            'lr_floor is 0.0001, which is above train.lr times train.base_lr_mult, 3e-05',
        ),
        (['train.optim', 'sgd', 'sgd.nesterov', True, 'sgd.momentum', 0.0], 'sgd.nesterov'),
        (['train.optim', 'sgd', 'sgd.nesterov', True, 'sgd.dampening', 0.1], 'sgd.nesterov'),
        (['loss.name', 'midattr'], 'model.name is resnet50'),
        ([*OURS, 'data.type', 'video'], 'set data.type to image'),
        (['midattr.cache', 'ram', 'data.type', 'video'], 'midattr.cache is for images'),
        ([*OURS, *NO_ATTRIBUTES], 'midattr.loss_reading'),
        (['midattr.branches', ['local', 'local']], 'twice'),
        (['midattr.branches', ['local'], 'midattr.descriptor', 'global'], 'midattr.descriptor'),
        (['midattr.bnneck', True, 'train.batch_size', 1], 'train.batch_size is 1'),
        ([*OURS, 'midattr.freeze_bn', True, *RANDOM], 'random weights have no statistics to keep'),
        (
            ['model.name', 'midattr_resnet50', 'midattr.classifier', 'arcface'],
            'midattr.classifier: arcface needs the loss.name midattr, .* but it is softmax; set it',
        ),
        (
            [*OURS, 'midattr.non_local', ['res4f', 'res5c']],
            'midattr.non_local: no block can stand behind "res5c"; choose from res3d, res4f, ',
        ),
        ([*OURS, 'midattr.non_local', ['res4f', 'res4f']], 'midattr.non_local names a layer twice'),
        (['midattr.layer_overrides', ['age']], '"age" is not <attribute>=<layer>'),
        ([*OURS, 'midattr.layer_overrides', ['age']], '"age" is not <attribute>=<layer>'),
        (
            ['train.max_epoch', 5, 'midattr.warmup_epochs', 5],
            'midattr.warmup_epochs is 5.*train.max_epoch',
        ),
        (
            [*OURS, 'midattr.triplet_weight', 1.0],
            'midattr.triplet_weight .* sampler.train_sampler is RandomSampler: set it to RandomId',
        ),
        ([*OURS, *TRIPLETS, 'sampler.num_instances', 1], 'sampler.num_instances is 1: set it'),
        ([*OURS, *TRIPLETS, 'train.batch_size', 4], 'set train.batch_size to 8 or more'),
        ([*OURS, *TRIPLETS, 'train.batch_size', 7], 'is 7, .* not a multiple .* set it to 4 or 8'),
        (
            [*IDENTITIES, 'train.batch_size', 30],
            'train.batch_size is 30, which is not a multiple of the 4 .* set it to 28 or 32',
        ),
        (
            [*TARGETS, 'sampler.train_sampler_t', 'RandomIdentitySampler', 'train.batch_size', 30],
            'set it to 28 or 32',
        ),
        (
            [*TARGETS, 'sampler.train_sampler_t', 'RandomDatasetSampler']
            + ['sampler.num_datasets', 3],
            'sampler.num_datasets is 3, but train.batch_size 32 is not a multiple',
        ),
        (
            ['loss.name', 'triplet'],
            'loss.triplet.weight_t needs .* sampler.train_sampler is RandomSampler: set it to .*, '
            'or loss.triplet.weight_t to 0',
        ),
        (['loss.name', 'triplet', *IDENTITIES, 'sampler.num_instances', 1], 'num_instances is 1'),
        (
            ['loss.name', 'triplet', *IDENTITIES, 'train.batch_size', 4],
            'loss.triplet.weight_t needs two identities in a batch, but train.batch_size is 4 .* '
            'set train.batch_size to 8 or more',
        ),
        (['midattr.layer_overrides', ['age=res9']], 'res3d, res4f, res5c, (s8, s16, s32, )?pool5'),
        (
            [*OURS, 'midattr.layer_overrides', ['age=res9']],
            'res3d, res4f, res5c, (s8, s16, s32, )?pool5',
        ),
        (['midattr.layer_overrides', ['=res4f']], 'midattr.layer_overrides'),
        ([*OURS, 'midattr.layer_overrides', ['=res4f']], 'midattr.layer_overrides'),
        (['midattr.layer_overrides', ['age=res4f', 'age=res5c']], 'age is given two layers'),
        ([*OURS, 'midattr.layer_overrides', ['age=res4f', 'age=pool5']], 'age is given two layers'),
        (
            [*OURS, 'midattr.layer_overrides', ['boots=res4f']],
            '"boots=res4f" is not .* an attribute out of gender, hair_length, ',
        ),
        (
            [*OURS, 'model.name', 'midattr_resnet50', 'midattr.layer_overrides', ['age=res4f']],
            'an attribute out of none',
        ),
    ],
)
def test_refused(pairs, message):
    with pytest.raises(InputError, match=message):
        check(*pairs)


@pytest.mark.parametrize(
    'pairs',
    [
        [],
        OURS,
        [*OURS, *NO_ATTRIBUTES, 'midattr.loss_reading', 'literal'],
        NO_ATTRIBUTES,
        ['train.max_epoch', 0, *UNTRAINED],
        ['loss.name', 'triplet', *IDENTITIES],
        ['loss.name', 'triplet', *IDENTITIES]
        + ['loss.triplet.weight_x', 1.0, 'train.fixbase_epoch', 5],
        ['loss.name', 'triplet', 'loss.triplet.weight_t', 0.0, 'loss.triplet.weight_x', 1.0],
        ['loss.name', 'triplet', *UNTRAINED],
        [*IDENTITIES, 'train.batch_size', 30, *UNTRAINED],
        ['sampler.train_sampler_t', 'RandomIdentitySampler', 'train.batch_size', 30],
        ['train.fixbase_epoch', 5],
        ['test.visrank', True, *UNTRAINED],
        ['train.stepsize', [20, 40], 'train.lr_scheduler', 'cosine'],
        ['train.stepsize', [20, 40], 'train.lr_scheduler', 'multi_step'],
        ['data.load_train_targets', True, 'data.targets', ['viper']],
        ['sampler.train_sampler', 'RandomIdentitySampler', 'train.batch_size', 4],
        ['train.optim', 'sgd', 'sgd.nesterov', True],
        ['train.optim', 'adam', 'sgd.nesterov', True, 'sgd.momentum', 0.0],
        ['midattr.branches', ['local'], 'midattr.descriptor', 'local'],
        ['midattr.branches', ['local']],
        ['midattr.layer_overrides', ['age=res4f', 'gender=pool5', 'hat=mixture']],
        [*OURS, 'midattr.layer_overrides', ['age=res4f', 'gender=pool5', 'hat=mixture']],
        ['midattr.bnneck', True, 'train.batch_size', 2],
        ['train.max_epoch', 5, 'midattr.warmup_epochs', 4],
        ['train.max_epoch', 0, 'midattr.warmup_epochs', 4, *UNTRAINED],
        [*OURS, *TRIPLETS, 'train.batch_size', 8],
        [*OURS, 'midattr.triplet_weight', 1.0, *UNTRAINED],
        ['midattr.triplet_weight', 1.0],
        ['midattr.bnneck', True, 'train.batch_size', 1, *UNTRAINED],
        [*OURS, 'midattr.freeze_bn', True],
        [*OURS, 'midattr.freeze_bn', True, *RANDOM, 'model.load_weights', 'a'],
        [*OURS, 'midattr.freeze_bn', True, *RANDOM, 'model.resume', 'a'],
        [*OURS, 'midattr.freeze_bn', True, *RANDOM, *UNTRAINED],
        ['midattr.freeze_bn', True, *RANDOM],  # of torchreid's model it has no effect
        [*OURS, *NO_ATTRIBUTES, 'midattr.loss_reading', 'apr'],
    ],
)
def test_allowed(pairs):
    check(*pairs)


def test_layers_are_those_of_the_backbone(tmp_path):
    with restored_registries(tmp_path):
        BACKBONES.register('plain')(type('Plain', (Backbone,), {'layers': {'a': 'a', 'b': 'b'}}))
        register()
        plain = [*OURS, 'model.name', 'midattr_plain_market']
        check(*plain, 'midattr.attribute_layer', 'b', 'midattr.layer_overrides', ['age=a'])
        with pytest.raises(InputError, match='layer "res3d"; choose from a, b, pool5, mixture'):
            check(*plain)
        with pytest.raises(InputError, match='"age=res3d" .* a layer out of a, b, pool5'):
            check(*plain, 'midattr.attribute_layer', 'b', 'midattr.layer_overrides', ['age=res3d'])
        with pytest.raises(InputError, match='layer "a"; choose from res3d, res4f, res5c, pool5'):
            check(*OURS, 'midattr.attribute_layer', 'a')
