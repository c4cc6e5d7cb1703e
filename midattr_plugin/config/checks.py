"""Checks of values that are allowed by themselves but not together."""

from yacs.config import CfgNode

from midattr_plugin.datasets.sampler_check import check_identity_batch
from midattr_plugin.datasets.table_dataset import TABLE
from midattr_plugin.errors import InputError
from midattr_plugin.loading.added_transforms import PAD_CROP
from midattr_plugin.loading.policies import POLICIES
from midattr_plugin.models import MODELS
from midattr_plugin.models.attribute_heads import assign_layers
from midattr_plugin.models.backbone import find_backbone, layer_names, own_layer_name
from midattr_plugin.models.model_options import FUSED, check_classifier
from midattr_plugin.models.non_local import check_non_local
from midattr_plugin.models.zoo import full_backbone_name


def check_combinations(cfg: CfgNode) -> None:
    """Check for settings on which torchreid, PyTorch or the model would fail later.

    Args:
        cfg: the configuration; each value is allowed by itself.

    Raises:
        InputError: two settings contradict each other.
    """
    _check_data(cfg)
    _check_training(cfg)
    _check_midattr(cfg)
    _check_start(cfg)
    if cfg.test.visrank and not cfg.test.evaluate:
        raise InputError('test.visrank draws ranked lists only in a test: set test.evaluate True')


def _check_start(cfg: CfgNode) -> None:
    model = cfg.model
    if model.load_weights and model.resume:
        raise InputError(
            'model.load_weights and model.resume are both given, and the weights of the latter '
            'would replace those of the former: leave one out'
        )
    if cfg.train.start_epoch and model.resume:
        raise InputError(
            'train.start_epoch has no effect with model.resume, which goes on after the epoch of '
            'its checkpoint: leave it out'
        )
    if cfg.test.evaluate and not (model.load_weights or model.resume or cfg.midattr.untrained):
        raise InputError(
            'test.evaluate would test a model without trained weights: give its checkpoint as '
            'model.load_weights, or set midattr.untrained True to test it as it is'
        )
    started = model.pretrained or model.load_weights or model.resume or cfg.test.evaluate
    if cfg.midattr.freeze_bn and model.name in MODELS and not started:
        raise InputError(
            'midattr.freeze_bn is True, but random weights have no statistics to keep: set '
            'midattr.freeze_bn False, or start from model.pretrained True or from a file of '
            'weights (model.load_weights)'
        )


def _check_data(cfg: CfgNode) -> None:
    both = sorted(set(cfg.data.sources) & set(cfg.data.targets))
    if cfg.data.type == 'image' and cfg.data.load_train_targets and both:
        raise InputError(
            'data.load_train_targets needs targets that are not sources, but '
            f'{", ".join(both)} is in data.sources and in data.targets'
        )
    _check_transforms({name.lower() for name in cfg.data.transforms})
    _check_sampler(cfg, cfg.sampler.train_sampler)
    if cfg.data.type == 'image' and cfg.data.load_train_targets:
        _check_sampler(cfg, cfg.sampler.train_sampler_t)


def _check_transforms(names: set[str]) -> None:
    for group, reason in (
        (tuple(POLICIES), 'each of which is a whole augmentation policy'),
        ((PAD_CROP, 'random_crop'), 'which both move the image'),
    ):
        both = [name for name in group if name in names]
        if len(both) > 1:
            raise InputError(
                f'data.transforms has {" and ".join(both)}, {reason}: name one of them'
            )


def _check_sampler(cfg: CfgNode, sampler: str) -> None:
    size, instances = cfg.train.batch_size, cfg.sampler.num_instances
    # a test makes the sampler, but draws nothing from it
    if sampler == 'RandomIdentitySampler' and (size < instances or not cfg.test.evaluate):
        check_identity_batch(size, instances)
    key = {'RandomDomainSampler': 'num_cams', 'RandomDatasetSampler': 'num_datasets'}.get(sampler)
    if key and size % cfg.sampler[key]:
        raise InputError(
            f'sampler.{key} is {cfg.sampler[key]}, but train.batch_size {size} is not a multiple '
            'of it: change one of the two'
        )


def _check_training(cfg: CfgNode) -> None:
    if cfg.train.max_epoch == 0 and not cfg.test.evaluate:
        raise InputError(
            'train.max_epoch is 0, so there is nothing to do: set test.evaluate True '
            'to test without training'
        )
    if cfg.train.start_epoch >= cfg.train.max_epoch and not cfg.test.evaluate:
        raise InputError(
            f'train.start_epoch is {cfg.train.start_epoch}, which leaves none of the '
            f'{cfg.train.max_epoch} epochs of train.max_epoch: set it below that'
        )
    _check_schedule(cfg)
    steps = cfg.train.stepsize
    if cfg.train.lr_scheduler == 'single_step' and len(steps) > 1:
        raise InputError(
            f'train.stepsize is {steps}, of which the schedule single_step reads only the last, as '
            'its period: set train.lr_scheduler to multi_step, or train.stepsize to one number'
        )
    triplet = cfg.loss.triplet
    if cfg.loss.name == 'triplet':
        if triplet.weight_t == 0 and triplet.weight_x == 0:
            raise InputError(
                'loss.triplet.weight_t and loss.triplet.weight_x are both 0, so set one above 0'
            )
        if triplet.weight_x == 0 and cfg.train.fixbase_epoch > 0:
            raise InputError(
                'train.fixbase_epoch trains the classifier alone, which gets no gradient from '
                'the triplet loss: set loss.triplet.weight_x above 0 or train.fixbase_epoch to 0'
            )
        if triplet.weight_t and not cfg.test.evaluate:
            _check_triplets(cfg, 'loss.triplet.weight_t')
    sgd = cfg.sgd
    if cfg.train.optim == 'sgd' and sgd.nesterov and (sgd.momentum == 0 or sgd.dampening != 0):
        raise InputError('sgd.nesterov needs sgd.momentum above 0 and sgd.dampening 0')


def _check_schedule(cfg: CfgNode) -> None:
    keys, train = cfg.midattr, cfg.train
    if cfg.test.evaluate:
        return
    if keys.warmup_epochs and keys.warmup_epochs >= train.max_epoch:
        raise InputError(
            f'midattr.warmup_epochs is {keys.warmup_epochs}, which leaves none of the '
            f'{train.max_epoch} epochs of train.max_epoch at the full learning '
            'rate: set it below that'
        )
    if train.lr_scheduler != 'cosine':
        return
    if keys.flat_epochs and keys.warmup_epochs + keys.flat_epochs >= train.max_epoch:
        raise InputError(
            f'midattr.flat_epochs {keys.flat_epochs} after midattr.warmup_epochs '
            f'{keys.warmup_epochs} leaves none of the {train.max_epoch} epochs of train.max_epoch '
            f'to the cosine: set it below {train.max_epoch - keys.warmup_epochs}'
        )
    factor = train.base_lr_mult if train.staged_lr else 1
    rate = train.lr * min(factor, 1)
    if keys.lr_floor and keys.lr_floor > rate:
        times = ' times train.base_lr_mult' if factor < 1 else ''
        raise InputError(
            f'midattr.lr_floor is {keys.lr_floor:g}, which is above train.lr{times}, {rate:g}, so '
            'that rates would rise: set it below that'
        )


def _check_midattr(cfg: CfgNode) -> None:
    keys = cfg.midattr
    if keys.cache != 'none' and cfg.data.type != 'image':
        raise InputError('midattr.cache is for images, so set it to none or data.type to image')
    if keys.validation_identities and cfg.data.type != 'image':
        raise InputError(
            'midattr.validation_identities is for images, so set it to 0 or data.type to image'
        )
    if keys.validation_images and cfg.loss.name != 'midattr' and not cfg.test.evaluate:
        raise InputError(
            f'midattr.validation_images is for loss.name midattr, not {cfg.loss.name}: set it to 0'
        )
    if cfg.loss.name == 'midattr':
        if cfg.data.type != 'image':
            raise InputError('loss.name midattr is for images, so set data.type to image')
        if cfg.model.name not in MODELS:
            raise InputError(
                f'loss.name midattr needs a model of this project, but model.name is '
                f'{cfg.model.name}: choose a midattr_ model, or the loss softmax or triplet'
            )
        if keys.loss_reading == 'attribute_units' and keys.attribute_weight == 0:
            raise InputError(
                'midattr.attribute_weight is 0, which makes the whole loss 0 if '
                'midattr.loss_reading is attribute_units: set the reading to literal or apr, or '
                'choose a model without attributes'
            )
        if keys.triplet_weight and not cfg.test.evaluate:
            _check_triplets(cfg, 'midattr.triplet_weight')
    if cfg.model.name in MODELS:
        check_classifier(keys.classifier, cfg.loss.name)
    if keys.bnneck and cfg.train.batch_size == 1 and not cfg.test.evaluate:
        raise InputError(
            'midattr.bnneck normalizes over the images of a batch, but '
            'train.batch_size is 1: set it above 1, or midattr.bnneck False'
        )
    if len(set(keys.branches)) < len(keys.branches):
        raise InputError(f'midattr.branches names a branch twice: {", ".join(keys.branches)}')
    if keys.descriptor not in (FUSED, *keys.branches):
        raise InputError(
            f'midattr.descriptor is {keys.descriptor}, which is not among midattr.branches '
            f'({", ".join(keys.branches)})'
        )
    _check_layers(cfg)


def _check_triplets(cfg: CfgNode, key: str) -> None:
    sampler, size = cfg.sampler, cfg.train.batch_size
    if sampler.train_sampler != 'RandomIdentitySampler':
        raise InputError(
            f'{key} needs several images of each identity in a batch, but '
            f'sampler.train_sampler is {sampler.train_sampler}: set it to RandomIdentitySampler, '
            f'or {key} to 0'
        )
    if sampler.num_instances < 2:
        raise InputError(
            f'{key} needs several images of each identity in a batch, '
            'but sampler.num_instances is 1: set it to 2 or more'
        )
    if size < 2 * sampler.num_instances:
        raise InputError(
            f'{key} needs two identities in a batch, but train.batch_size is '
            f'{size} and sampler.num_instances {sampler.num_instances}: set train.batch_size to '
            f'{2 * sampler.num_instances} or more'
        )


def _check_layers(cfg: CfgNode) -> None:
    overrides = cfg.midattr.layer_overrides
    entry = MODELS[cfg.model.name] if cfg.model.name in MODELS else None
    backbone = entry and find_backbone(full_backbone_name(entry.backbone, cfg.midattr.timm_name))
    if entry is not None and (entry.schema is not None or TABLE not in cfg.data.sources):
        names = () if entry.schema is None else entry.schema.names
    else:  # they are not known yet, or nothing reads them then, but they must be well-formed
        names = tuple(filter(None, (override.partition('=')[0] for override in overrides)))
    layers = tuple(backbone.layers) if backbone else layer_names()
    if entry is not None:
        check_non_local([own_layer_name(name, layers) for name in cfg.midattr.non_local], layers)
    assign_layers(names, layers, cfg.midattr.attribute_layer, overrides)
