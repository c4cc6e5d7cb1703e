"""torchreid's configuration keys.

torchreid keeps them in its scripts, which its package does not ship. They are declared
here so that a YAML file written for torchreid runs unchanged. Names, types and default
values are torchreid's interface and must stay as they are; what this project adds is in
:mod:`midattr_plugin.config.midattr_keys`.
"""

import math

from midattr_plugin import torchreid_compat
from midattr_plugin.config.condition import Condition, condition, is_above, is_one_of
from midattr_plugin.config.key import BELOW_ONE, COUNT, NOT_NEGATIVE, POSITIVE, Interval, Key
from midattr_plugin.config.keys import KEYS
from midattr_plugin.engine import ENGINE_NAMES
from midattr_plugin.engine.results import RANKS
from midattr_plugin.loading.batch_transform import TRANSFORMS
from midattr_plugin.metrics import DISTANCES
from midattr_plugin.models.backbones.refused import why_not

_LABEL_SMOOTHING = 0.1  # the epsilon of torchreid's loss.softmax.label_smooth
_SOME = (1, math.inf)
_NEW_LAYERS = (
    "['classifier'] stands for all of a model of this project that start from random weights, and "
    "for the classifiers of one of torchreid's"
)
_IMAGES_ONLY = ('data.type', 'image')


def _data(name: str) -> tuple[str, str]:
    """Return the argument ``name`` of both data managers."""
    return f'image_data.{name}', f'video_data.{name}'


def _samplers() -> list[str]:
    return torchreid_compat.data.sampler.AVAI_SAMPLERS


_DATASETS = ('data.sources', 'data.targets')


def _taken_by_datasets(argument: str, *keys: str) -> Condition:
    return condition(
        f'a dataset of {" or ".join(keys)} takes {argument}',
        lambda values: any(
            torchreid_compat.dataset_takes(name, argument) for key in keys for name in values[key]
        ),
    )


_IMAGES = is_one_of('data.type', 'image')
_VIDEOS = is_one_of('data.type', 'video')
_STAGED = is_one_of('train.staged_lr', True)
_FIXED_BASE = is_above('train.fixbase_epoch', 0)
_STEPS = is_one_of('train.lr_scheduler', 'single_step', 'multi_step')
_SGD = is_one_of('train.optim', 'sgd')
_ADAM = is_one_of('train.optim', 'adam', 'amsgrad', 'radam')
_TRIPLET = is_one_of('loss.name', 'triplet')
_MIDATTR = is_one_of('loss.name', 'midattr')

_ROWS = {
    'model.name': Key(
        'resnet50',
        "name of the model in torchreid's build_model; those of this project begin with midattr_",
        torchreid_compat.model_names,
        extensible=True,
        listed_by='midattr-train --models',
        refusal=why_not,
    ),
    'model.pretrained': Key(True, 'start from ImageNet weights'),
    'model.load_weights': Key(
        '', 'file of weights to start from; layers that do not fit are left out', path=True
    ),
    'model.resume': Key(
        '', 'checkpoint to resume from: weights, optimizer, schedule and epoch', path=True
    ),
    'data.type': Key('image', 'kind of the datasets', ('image', 'video')),
    'data.root': Key(
        'reid-data', 'folder with the folders of the datasets', argument=_data('root'), path=True
    ),
    'data.sources': Key(
        ['market1501'],
        'datasets to train on',
        torchreid_compat.dataset_names,
        _SOME,
        _data('sources'),
        applies_if=_IMAGES_ONLY,
        extensible=True,
    ),
    'data.targets': Key(
        ['market1501'],
        'datasets to test on, one by one',
        torchreid_compat.dataset_names,
        _SOME,
        _data('targets'),
        applies_if=_IMAGES_ONLY,
        extensible=True,
    ),
    'data.workers': Key(
        4,
        'processes that read images; 0: the main process reads them',
        NOT_NEGATIVE,
        argument=_data('workers'),
    ),
    'data.split_id': Key(
        0,
        'split of a dataset that has several; the first is 0',
        NOT_NEGATIVE,
        argument=_data('split_id'),
        read_if=_taken_by_datasets('split_id', *_DATASETS),
    ),
    'data.height': Key(256, 'height of the images in pixels', COUNT, argument=_data('height')),
    'data.width': Key(128, 'width of the images in pixels', COUNT, argument=_data('width')),
    'data.combineall': Key(
        False, 'train on query and gallery images, too', argument=_data('combineall')
    ),
    'data.transforms': Key(
        ['random_flip'],
        "augmentations of the training images: torchreid's, and between resize and these pad_crop "
        '(black pixels at each side, 10 for a width of 128, and a random crop: Luo et al., CVPRW '
        "2019) or one of torchvision's policies auto_augment, rand_augment, trivial_augment and "
        'aug_mix. Most policies change color, on which attributes depend',
        TRANSFORMS,
        argument=_data('transforms'),
        ignore_case=True,
    ),
    'data.k_tfm': Key(
        1,
        'augmented copies made of each training image',
        COUNT,
        argument='image_data.k_tfm',
        read_if=_IMAGES,
    ),
    'data.norm_mean': Key(
        list(torchreid_compat.IMAGENET_MEAN),
        'mean of R, G and B in [0, 1], subtracted from every image',
        length=(3, 3),
        argument=_data('norm_mean'),
    ),
    'data.norm_std': Key(
        list(torchreid_compat.IMAGENET_STD),
        'standard deviation of R, G and B in [0, 1], by which every image is divided',
        POSITIVE,
        (3, 3),
        _data('norm_std'),
    ),
    'data.save_dir': Key(
        'log', 'folder of checkpoints and logs', argument='run.save_dir', path=True
    ),
    'data.load_train_targets': Key(
        False,
        "load the targets' training images, too",
        argument='image_data.load_train_targets',
        read_if=condition('an engine of your own trains on them', lambda values: False),
    ),
    'market1501.use_500k_distractors': Key(
        False,
        'add 500,000 distractors to the gallery',
        argument='image_data.market1501_500k',
        read_if=_taken_by_datasets('market1501_500k', 'data.targets'),
    ),
    'cuhk03.labeled_images': Key(
        False,
        'boxes drawn by hand instead of detected ones',
        argument='image_data.cuhk03_labeled',
        read_if=_taken_by_datasets('cuhk03_labeled', *_DATASETS),
    ),
    'cuhk03.classic_split': Key(
        False,
        'the protocol of 20 splits with 100 test identities',
        argument='image_data.cuhk03_classic_split',
        read_if=_taken_by_datasets('cuhk03_classic_split', *_DATASETS),
    ),
    'cuhk03.use_metric_cuhk03': Key(
        False,
        'evaluate with one gallery image per identity, sampled many times',
        argument='run.use_metric_cuhk03',
    ),
    'sampler.train_sampler': Key(
        'RandomSampler', 'order of the training images', _samplers, argument=_data('train_sampler')
    ),
    'sampler.train_sampler_t': Key(
        'RandomSampler',
        "order of the targets' training images",
        _samplers,
        argument='image_data.train_sampler_t',
        read_if=_IMAGES & is_one_of('data.load_train_targets', True),
    ),
    'sampler.num_instances': Key(
        4,
        'images per identity in a batch; train.batch_size is a multiple of it',
        COUNT,
        argument=_data('num_instances'),
        read_if=is_one_of('sampler.train_sampler', 'RandomIdentitySampler'),
    ),
    'sampler.num_cams': Key(
        1,
        'cameras per batch',
        COUNT,
        argument=_data('num_cams'),
        read_if=is_one_of('sampler.train_sampler', 'RandomDomainSampler'),
    ),
    'sampler.num_datasets': Key(
        1,
        'datasets per batch',
        COUNT,
        argument=_data('num_datasets'),
        read_if=is_one_of('sampler.train_sampler', 'RandomDatasetSampler'),
    ),
    'video.seq_len': Key(
        15,
        'frames taken from a tracklet',
        COUNT,
        argument='video_data.seq_len',
        read_if=_VIDEOS & is_one_of('video.sample_method', 'evenly', 'random'),
    ),
    'video.sample_method': Key(
        'evenly',
        'how these frames are chosen',
        ('evenly', 'random', 'all'),
        argument='video_data.sample_method',
        read_if=_VIDEOS,
    ),
    'video.pooling_method': Key(
        'avg', "pooling of the features of a tracklet's frames", ('avg', 'max'), read_if=_VIDEOS
    ),
    'train.optim': Key(
        'adam',
        'optimizer',
        lambda: torchreid_compat.optim.optimizer.AVAI_OPTIMS,
        argument='optimizer.optim',
    ),
    'train.lr': Key(0.0003, 'learning rate', POSITIVE, argument='optimizer.lr'),
    'train.weight_decay': Key(
        0.0005, 'weight decay', NOT_NEGATIVE, argument='optimizer.weight_decay'
    ),
    'train.max_epoch': Key(
        60, 'number of epochs', NOT_NEGATIVE, argument=('run.max_epoch', 'lr_scheduler.max_epoch')
    ),
    'train.start_epoch': Key(
        0,
        'number of the first epoch',
        NOT_NEGATIVE,
        argument='run.start_epoch',
    ),
    'train.batch_size': Key(
        32, 'images in a training batch', COUNT, argument=_data('batch_size_train')
    ),
    'train.fixbase_epoch': Key(
        0,
        'number of first epochs in which only train.open_layers are trained',
        NOT_NEGATIVE,
        argument='run.fixbase_epoch',
    ),
    'train.open_layers': Key(
        ['classifier'],
        'top-level children of the model that train.fixbase_epoch trains; ' + _NEW_LAYERS,
        argument='run.open_layers',
        read_if=_FIXED_BASE,
    ),
    'train.staged_lr': Key(
        False,
        'layers outside train.new_layers learn at lr * base_lr_mult',
        argument='optimizer.staged_lr',
    ),
    'train.new_layers': Key(
        ['classifier'],
        'top-level children of the model that train.staged_lr trains at the full rate; '
        + _NEW_LAYERS,
        argument='optimizer.new_layers',
        read_if=_STAGED,
    ),
    'train.base_lr_mult': Key(
        0.1,
        'factor of the learning rate of the other layers under train.staged_lr',
        NOT_NEGATIVE,
        argument='optimizer.base_lr_mult',
        read_if=_STAGED,
    ),
    'train.lr_scheduler': Key(
        'single_step',
        'schedule of the learning rate',
        lambda: torchreid_compat.optim.lr_scheduler.AVAI_SCH,
        argument='lr_scheduler.lr_scheduler',
    ),
    'train.stepsize': Key(
        [20],
        'epochs at which the rate drops. single_step: a period; multi_step: milestones',
        COUNT,
        _SOME,
        'lr_scheduler.stepsize',
        read_if=_STEPS,
    ),
    'train.gamma': Key(
        0.1,
        'the rate is multiplied by this at each step',
        POSITIVE,
        argument='lr_scheduler.gamma',
        read_if=_STEPS,
    ),
    'train.print_freq': Key(
        20, 'batches between two printed lines', COUNT, argument='run.print_freq'
    ),
    'train.seed': Key(
        1, 'seed of all random numbers', Interval(0, 2**32 - 1)
    ),  # what NumPy accepts
    'sgd.momentum': Key(
        0.9,
        'momentum',
        NOT_NEGATIVE,
        argument='optimizer.momentum',
        read_if=is_one_of('train.optim', 'sgd', 'rmsprop'),
    ),
    'sgd.dampening': Key(
        0.0, 'dampening of the momentum', argument='optimizer.sgd_dampening', read_if=_SGD
    ),
    'sgd.nesterov': Key(
        False, 'use Nesterov momentum', argument='optimizer.sgd_nesterov', read_if=_SGD
    ),
    'rmsprop.alpha': Key(
        0.99,
        'smoothing constant',
        NOT_NEGATIVE,
        argument='optimizer.rmsprop_alpha',
        read_if=is_one_of('train.optim', 'rmsprop'),
    ),
    'adam.beta1': Key(
        0.9,
        'beta1: decay of the mean gradient',
        BELOW_ONE,
        argument='optimizer.adam_beta1',
        read_if=_ADAM,
    ),
    'adam.beta2': Key(
        0.999,
        'beta2: decay of the mean squared gradient',
        BELOW_ONE,
        argument='optimizer.adam_beta2',
        read_if=_ADAM,
    ),
    'loss.name': Key(
        'softmax',
        "'softmax' and 'triplet' are torchreid's, 'midattr' is this project's",
        ENGINE_NAMES,
    ),
    'loss.softmax.label_smooth': Key(
        True,
        'label smoothing of 0.1',
        argument='criterion.label_smoothing',
        convert=lambda smooth: _LABEL_SMOOTHING if smooth else 0.0,
        read_if=is_one_of('loss.name', 'softmax', 'midattr')
        | _TRIPLET & is_above('loss.triplet.weight_x', 0),
    ),
    'loss.triplet.margin': Key(
        0.3,
        'margin of the triplet loss',
        NOT_NEGATIVE,
        argument='metric_loss.batch_hard.margin',
        read_if=_TRIPLET & is_above('loss.triplet.weight_t', 0)
        | _MIDATTR
        & is_above('midattr.triplet_weight', 0)
        & is_one_of('midattr.metric_loss', 'batch_hard'),
    ),
    'loss.triplet.weight_t': Key(
        1.0,
        'weight of the triplet term, which needs sampler.train_sampler RandomIdentitySampler',
        NOT_NEGATIVE,
        read_if=_TRIPLET,
    ),
    'loss.triplet.weight_x': Key(0.0, 'weight of the softmax term', NOT_NEGATIVE, read_if=_TRIPLET),
    'test.batch_size': Key(100, 'images in a test batch', COUNT, argument=_data('batch_size_test')),
    'test.dist_metric': Key(
        'euclidean', 'distance between descriptors', DISTANCES, argument='run.dist_metric'
    ),
    'test.normalize_feature': Key(
        False, 'L2-normalize descriptors before comparing them', argument='run.normalize_feature'
    ),
    'test.ranks': Key(list(RANKS), 'ranks of the CMC curve to print', COUNT, _SOME, 'run.ranks'),
    'test.evaluate': Key(False, 'test only, without training', argument='run.test_only'),
    'test.eval_freq': Key(
        -1, 'epochs between two tests; -1: test only after the last epoch', argument='run.eval_freq'
    ),
    'test.start_eval': Key(
        0,
        'no test before this epoch',
        NOT_NEGATIVE,
        argument='run.start_eval',
        read_if=is_above('test.eval_freq', 0),
    ),
    'test.rerank': Key(
        False,
        'k-reciprocal re-ranking, in every test (Zhong et al., CVPR 2017), within '
        'midattr.ranking_memory',
        argument='run.rerank',
    ),
    'test.visrank': Key(
        False, 'draw ranked lists; only with test.evaluate', argument='run.visrank'
    ),
    'test.visrank_topk': Key(
        10,
        'gallery images in each drawn list',
        COUNT,
        argument='run.visrank_topk',
        read_if=is_one_of('test.visrank', True),
    ),
    'use_gpu': Key(
        True,
        'train and test on the GPU; by default if there is one',
        argument=(*_data('use_gpu'), 'model.use_gpu'),
    ),
}
for _name, _key in _ROWS.items():
    KEYS.register(_name)(_key)

DEPRECATED_KEYS = ('test.visactmap',)
"""Keys in older files of torchreid that have no effect any more: reported and ignored."""
