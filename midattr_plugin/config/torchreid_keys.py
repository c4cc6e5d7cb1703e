"""torchreid's configuration keys.

torchreid keeps them in its scripts, which its package does not ship. They are declared
here so that a YAML file written for torchreid runs unchanged. Names, types and default
values are torchreid's interface and must stay as they are; what this project adds is in
:mod:`midattr_plugin.config.midattr_keys`.
"""

import math

from midattr_plugin import torchreid_compat
from midattr_plugin.config.key import BELOW_ONE, COUNT, NOT_NEGATIVE, POSITIVE, Interval, Key
from midattr_plugin.config.keys import KEYS
from midattr_plugin.engine import ENGINE_NAMES
from midattr_plugin.engine.results import RANKS
from midattr_plugin.loading.batch_transform import TRANSFORMS
from midattr_plugin.metrics import DISTANCES

_LABEL_SMOOTHING = 0.1  # the epsilon of torchreid's loss.softmax.label_smooth
_SOME = (1, math.inf)
_IMAGES_ONLY = ('data.type', 'image')


def _data(name: str) -> tuple[str, str]:
    """Return the argument ``name`` of both data managers."""
    return f'image_data.{name}', f'video_data.{name}'


def _samplers() -> list[str]:
    return torchreid_compat.data.sampler.AVAI_SAMPLERS


_ROWS = {
    'model.name': Key(
        'resnet50',
        "name of the model in torchreid's build_model; those of this project begin with midattr_",
        torchreid_compat.model_names,
        extensible=True,
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
    ),
    'data.height': Key(256, 'height of the images in pixels', COUNT, argument=_data('height')),
    'data.width': Key(128, 'width of the images in pixels', COUNT, argument=_data('width')),
    'data.combineall': Key(
        False, 'train on query and gallery images, too', argument=_data('combineall')
    ),
    'data.transforms': Key(
        ['random_flip'],
        'augmentations of the training images',
        TRANSFORMS,
        argument=_data('transforms'),
        ignore_case=True,
    ),
    'data.k_tfm': Key(
        1, 'augmented copies made of each training image', COUNT, argument='image_data.k_tfm'
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
        False, "load the targets' training images, too", argument='image_data.load_train_targets'
    ),
    'market1501.use_500k_distractors': Key(
        False, 'add 500,000 distractors to the gallery', argument='image_data.market1501_500k'
    ),
    'cuhk03.labeled_images': Key(
        False, 'boxes drawn by hand instead of detected ones', argument='image_data.cuhk03_labeled'
    ),
    'cuhk03.classic_split': Key(
        False,
        'the protocol of 20 splits with 100 test identities',
        argument='image_data.cuhk03_classic_split',
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
        "order of the targets' training images (data.load_train_targets)",
        _samplers,
        argument='image_data.train_sampler_t',
    ),
    'sampler.num_instances': Key(
        4,
        'images per identity, for RandomIdentitySampler; train.batch_size is a multiple of it',
        COUNT,
        argument=_data('num_instances'),
    ),
    'sampler.num_cams': Key(
        1, 'cameras per batch, for RandomDomainSampler', COUNT, argument=_data('num_cams')
    ),
    'sampler.num_datasets': Key(
        1, 'datasets per batch, for RandomDatasetSampler', COUNT, argument=_data('num_datasets')
    ),
    'video.seq_len': Key(15, 'frames taken from a tracklet', COUNT, argument='video_data.seq_len'),
    'video.sample_method': Key(
        'evenly',
        'how these frames are chosen',
        ('evenly', 'random', 'all'),
        argument='video_data.sample_method',
    ),
    'video.pooling_method': Key(
        'avg', "pooling of the features of a tracklet's frames", ('avg', 'max')
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
        0, 'number of the first epoch', NOT_NEGATIVE, argument='run.start_epoch'
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
        'top-level children of the model that train.fixbase_epoch trains',
        argument='run.open_layers',
    ),
    'train.staged_lr': Key(
        False,
        'layers outside train.new_layers learn at lr * base_lr_mult',
        argument='optimizer.staged_lr',
    ),
    'train.new_layers': Key(
        ['classifier'],
        'top-level children of the model that train.staged_lr trains at the full rate',
        argument='optimizer.new_layers',
    ),
    'train.base_lr_mult': Key(
        0.1,
        'factor of the learning rate of the other layers under train.staged_lr',
        NOT_NEGATIVE,
        argument='optimizer.base_lr_mult',
    ),
    'train.lr_scheduler': Key(
        'single_step',
        'schedule of the learning rate',
        lambda: torchreid_compat.optim.lr_scheduler.AVAI_SCH,
        argument='lr_scheduler.lr_scheduler',
    ),
    'train.stepsize': Key(
        [20],
        'epochs at which the rate drops. single_step: a period (the last item); multi_step: '
        'milestones',
        COUNT,
        _SOME,
        'lr_scheduler.stepsize',
    ),
    'train.gamma': Key(
        0.1,
        'the rate is multiplied by this at each step',
        POSITIVE,
        argument='lr_scheduler.gamma',
    ),
    'train.print_freq': Key(
        20, 'batches between two printed lines', COUNT, argument='run.print_freq'
    ),
    'train.seed': Key(
        1, 'seed of all random numbers', Interval(0, 2**32 - 1)
    ),  # what NumPy accepts
    'sgd.momentum': Key(
        0.9, 'momentum of sgd and rmsprop', NOT_NEGATIVE, argument='optimizer.momentum'
    ),
    'sgd.dampening': Key(
        0.0, 'dampening of the momentum of sgd', argument='optimizer.sgd_dampening'
    ),
    'sgd.nesterov': Key(False, 'use Nesterov momentum', argument='optimizer.sgd_nesterov'),
    'rmsprop.alpha': Key(
        0.99, 'smoothing constant of rmsprop', NOT_NEGATIVE, argument='optimizer.rmsprop_alpha'
    ),
    'adam.beta1': Key(
        0.9, 'beta1 of adam, amsgrad and radam', BELOW_ONE, argument='optimizer.adam_beta1'
    ),
    'adam.beta2': Key(
        0.999, 'beta2 of adam, amsgrad and radam', BELOW_ONE, argument='optimizer.adam_beta2'
    ),
    'loss.name': Key(
        'softmax',
        "'softmax' and 'triplet' are torchreid's, 'midattr' is this project's",
        ENGINE_NAMES,
    ),
    'loss.softmax.label_smooth': Key(
        True,
        "label smoothing of 0.1; the triplet engine's softmax term reads it, too",
        argument='criterion.label_smoothing',
        convert=lambda smooth: _LABEL_SMOOTHING if smooth else 0.0,
    ),
    'loss.triplet.margin': Key(
        0.3, 'margin of the triplet loss', NOT_NEGATIVE, argument='criterion.triplet_margin'
    ),
    'loss.triplet.weight_t': Key(
        1.0,
        'weight of the triplet term, which needs sampler.train_sampler RandomIdentitySampler',
        NOT_NEGATIVE,
    ),
    'loss.triplet.weight_x': Key(0.0, 'weight of the softmax term', NOT_NEGATIVE),
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
    'test.start_eval': Key(0, 'no test before this epoch', NOT_NEGATIVE, argument='run.start_eval'),
    'test.rerank': Key(
        False, 'k-reciprocal re-ranking; only with test.evaluate', argument='run.rerank'
    ),
    'test.visrank': Key(
        False, 'draw ranked lists; only with test.evaluate', argument='run.visrank'
    ),
    'test.visrank_topk': Key(
        10, 'gallery images in each drawn list', COUNT, argument='run.visrank_topk'
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
