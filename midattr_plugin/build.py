"""From a configuration to the objects that it names."""

import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset
from yacs.config import CfgNode

from midattr_plugin import torchreid_compat
from midattr_plugin.config import KEYS, arguments
from midattr_plugin.datasets import ATTRIBUTE_DATASETS
from midattr_plugin.datasets.class_counts import count_classes
from midattr_plugin.datasets.data_check import check_data
from midattr_plugin.datasets.dataset_problem import dataset_problem
from midattr_plugin.datasets.held_out import hold_out
from midattr_plugin.datasets.sampler_check import check_sampler
from midattr_plugin.distributed import world_size
from midattr_plugin.distributed.sharding import check_batch, check_compiler, sharded_train_loader
from midattr_plugin.engine import ENGINES
from midattr_plugin.errors import InputError
from midattr_plugin.loading import BatchTransform, CachedImages, CachedLoader
from midattr_plugin.losses import ATTRIBUTE_LOSSES, TASK_WEIGHTS, MidAttrLoss
from midattr_plugin.models import MODELS, ModelSpec
from midattr_plugin.models.pretrained import ENOUGH, WeightsError, build_and_compare, new_layers
from midattr_plugin.models.torchreid_weights import download_problem
from midattr_plugin.registration import use_fast_ranking


def build_datamanager(cfg: CfgNode):
    """Return torchreid's data manager, with annotation files as ``midattr.annotations`` says.

    With ``midattr.cache`` its training loader is replaced by one that decodes only once.

    Raises:
        InputError: the files of a dataset cannot be used, do not fit into the cache, or make no
            batch.
    """
    try:
        with torchreid_compat.dataset_arguments(_annotation_files(cfg)):
            if cfg.data.type == 'video':
                datamanager = torchreid_compat.VideoDataManager(**arguments(cfg, 'video_data'))
            else:
                datamanager = torchreid_compat.ImageDataManager(**arguments(cfg, 'image_data'))
    except InputError:
        raise
    except Exception as error:
        problem = _data_problem(cfg, error)
        if problem is None:
            raise
        raise problem from error
    check_data(datamanager, training=not cfg.test.evaluate)
    if not len(datamanager.train_loader) and not cfg.test.evaluate:
        raise InputError(
            f'train.batch_size: {cfg.train.batch_size} is more than the '
            f'{len(datamanager.train_loader.dataset)} training images, so that there '
            'is no batch; lower it'
        )
    if cfg.midattr.validation_images and not cfg.test.evaluate:
        datamanager.validation_loader = hold_out(
            datamanager,
            cfg.midattr.validation_images,
            cfg.train.seed,
            cfg.sampler.train_sampler,
            cfg.sampler.num_instances,
            cfg.sampler.num_cams,
            cfg.sampler.num_datasets,
        )
        check_sampler(datamanager.train_loader)
    if world_size() > 1 and not cfg.test.evaluate:
        check_compiler(
            cfg.midattr.compile and cfg.loss.name == 'midattr', cfg.midattr.sync_batch_norm
        )
        check_batch(cfg.train.batch_size, cfg.sampler.train_sampler, cfg.sampler.num_instances)
        datamanager.train_loader = sharded_train_loader(datamanager.train_loader)
    if cfg.midattr.cache != 'none' and not cfg.test.evaluate:
        datamanager.train_loader = _cached_loader(cfg, datamanager.train_loader)
    return datamanager


def _annotation_files(cfg: CfgNode) -> dict[str, dict[str, str]]:
    """Return the argument of each dataset in use whose annotation file may be named by a key."""
    used = {*cfg.data.sources, *cfg.data.targets}
    return {
        name: {'annotation_file': cfg.midattr.annotations[dataset.annotations.key]}
        for name, dataset in ATTRIBUTE_DATASETS.items()
        if name in used and dataset.annotations.key
    }


def _data_problem(cfg: CfgNode, error: Exception) -> InputError | None:
    """Return what is wrong with the data, from an error of the data manager; None for a bug."""
    key, sampler = _failed_sampler(error)
    if key:
        lacking = _lacking_groups(sampler)
        if lacking:
            return InputError(f'{key}: {lacking}')
        reason = str(error)
        if not reason:  # its assertion
            groups = cfg.train.batch_size // cfg.sampler.num_instances
            reason = f'too few identities: {len(sampler.pids)}, but it has {groups}'
        return InputError(
            f'{key}: {cfg.sampler[key.removeprefix("sampler.")]} cannot make a batch '
            f'of {cfg.train.batch_size} of the training images ({reason}); lower '
            'train.batch_size, or choose RandomSampler'
        )
    *_, (last, _) = traceback.walk_tb(error.__traceback__)
    is_raised_by_dataset = torchreid_compat.is_torchreids_dataset_code(last.f_code.co_filename)
    if isinstance(error, RuntimeError) and is_raised_by_dataset:  # files are missing
        return InputError(
            f'data.root "{cfg.data.root}" lacks a dataset of data.sources or '
            f'data.targets ({error}); put it there, or name another root'
        )
    return dataset_problem(error)


def _lacking_groups(sampler: Any) -> str:
    """Return in words that there are too few cameras or datasets for a batch; '' if not."""
    for groups, number, what, name in (
        ('domains', 'n_domain', 'cameras', 'num_cams'),
        ('datasets', 'n_dataset', 'datasets', 'num_datasets'),
    ):
        count = len(getattr(sampler, groups, ()))
        if 0 < count < getattr(sampler, number):
            return (
                f'{type(sampler).__name__} cannot draw the {getattr(sampler, number)} {what} of '
                f'sampler.{name} from the {count} of the training images; set sampler.{name} to '
                f'{count} or less'
            )
    return ''


def _failed_sampler(error: Exception) -> tuple[str, Any]:
    """Return the key of the sampler of torchreid that raised it, and the sampler; '' for none.

    Samplers count, or draw, when they are made.
    """
    key = ''
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if 'trainset_t' in frame.f_locals:  # of the data manager, whose last sampler this is
            key = 'sampler.train_sampler_t'
        is_sampler = frame.f_code.co_filename == torchreid_compat.data.sampler.__file__
        if is_sampler and 'self' in frame.f_locals:
            return key or 'sampler.train_sampler', frame.f_locals['self']
    return '', None


def _cached_loader(cfg: CfgNode, loader) -> CachedLoader:
    device = 'cuda' if cfg.use_gpu else 'cpu'
    if cfg.midattr.cache == 'device' and not cfg.use_gpu:
        raise InputError(
            'midattr.cache is device, but no GPU is used; set it to ram, or use_gpu True'
        )
    images = CachedImages(
        loader.dataset,
        cfg.data.height,
        cfg.data.width,
        device if cfg.midattr.cache == 'device' else 'cpu',
        cfg.data.workers,
    )
    transform = BatchTransform(cfg.data.transforms, cfg.data.norm_mean, cfg.data.norm_std)
    return CachedLoader(loader, images, transform, device)


def build_model(cfg: CfgNode, num_classes: int) -> nn.Module:
    """Return the model ``model.name`` for n identities, on the GPU if one is used.

    Its ``started_from`` is 'pretrained' or 'random'; '' if a checkpoint replaces its weights.

    Args:
        cfg: the configuration.
        num_classes: n.

    Raises:
        InputError: an option does not fit the model, or its weights cannot be had.
    """
    name = cfg.model.name
    own = name in MODELS
    # weights that a checkpoint replaces at once need not be downloaded
    replaced = cfg.model.resume or (cfg.test.evaluate and cfg.model.load_weights)

    def build(pretrained: bool) -> nn.Module:
        return (_own_model if own else _torchreid_model)(cfg, num_classes, pretrained)

    if cfg.model.pretrained and not replaced:
        model = _pretrained_model(cfg, build)
    else:
        model = build(False)
        model.started_from = '' if replaced else 'random'
    if own and model.schema is not None and cfg.loss.name != 'midattr':
        raise InputError(
            f'loss.name: "{cfg.loss.name}" would leave the attributes of '
            f'"{name}" untrained; choose "midattr", or a model without them'
        )
    return model.cuda() if cfg.use_gpu else model


def _torchreid_model(cfg: CfgNode, num_classes: int, pretrained: bool) -> nn.Module:
    name, loss = cfg.model.name, cfg.loss.name
    model = torchreid_compat.models.build_model(
        name, num_classes, loss=loss, pretrained=pretrained, use_gpu=cfg.use_gpu
    )
    model.spec = _with_preprocessing(cfg, ModelSpec(name, num_classes, loss))
    return model


def _pretrained_model(cfg: CfgNode, build: Callable[[bool], nn.Module]) -> nn.Module:
    """Return the model with pretrained weights, once it is seen that it has got them."""
    name = cfg.model.name
    try:
        model, loaded = build_and_compare(build)
    except WeightsError as error:
        raise InputError(f'model.pretrained: {download_problem(name, error)}') from None
    is_enough = loaded.share >= ENOUGH
    model.started_from = 'pretrained' if is_enough else 'random'
    if not is_enough and not cfg.model.load_weights:
        raise InputError(
            f'model.pretrained is True, but "{name}" has got pretrained weights for '
            f'{loaded.share:.0%} of its layers, without those that are always new: set it to False '
            'to start from random weights, or give a file of weights as model.load_weights'
        )
    if is_enough and loaded.lacking:
        print(
            f'Pretrained weights: {loaded.share:.0%} of those of {name}; none in '
            f'{", ".join(loaded.lacking)}, which train.new_layers and train.open_layers do not '
            'name by default'
        )
    return model


def model_spec(cfg: CfgNode, num_classes: int) -> ModelSpec:
    """Return what a checkpoint of the model of this configuration says about it.

    Args:
        cfg: the configuration.
        num_classes: number of identities.

    Raises:
        InputError: an option does not fit the model.
    """
    if cfg.model.name in MODELS:
        return _own_model(cfg, num_classes, pretrained=False).spec
    return _with_preprocessing(cfg, ModelSpec(cfg.model.name, num_classes, cfg.loss.name))


def _own_model(cfg: CfgNode, num_classes: int, pretrained: bool) -> nn.Module:
    model = MODELS[cfg.model.name](
        num_classes,
        cfg.loss.name,
        pretrained,
        image_size=(cfg.data.height, cfg.data.width),
        **arguments(cfg, 'model'),
    )
    model.spec = _with_preprocessing(cfg, model.spec)
    return model


def _with_preprocessing(cfg: CfgNode, spec: ModelSpec) -> ModelSpec:
    return replace(
        spec,
        image_size=(cfg.data.height, cfg.data.width),
        norm_mean=list(cfg.data.norm_mean),
        norm_std=list(cfg.data.norm_std),
    )


def build_criterion(cfg: CfgNode, model: nn.Module, dataset: Dataset) -> MidAttrLoss | None:
    """Return the loss of our engine, on the device of the model; None for torchreid's engines.

    Args:
        cfg: the configuration.
        model: the model to train.
        dataset: the training images, whose labels may be counted.

    Raises:
        InputError: the attribute loss does not exist or does not take its options, or the images
            have none of the attributes.
    """
    if cfg.loss.name != 'midattr':
        return None
    name = cfg.midattr.attribute_loss
    kind = ATTRIBUTE_LOSSES[name]
    criterion = MidAttrLoss(
        **arguments(cfg, 'criterion'),
        attribute_loss=kind.build(
            lambda: count_classes(model.schema, dataset), **arguments(cfg, f'attribute_loss.{name}')
        ),
        task_uncertainty=_task_uncertainty(cfg, model),
    )
    return criterion.to(next(model.parameters()).device)


def _task_uncertainty(cfg: CfgNode, model: nn.Module) -> nn.Module | None:
    kind = TASK_WEIGHTS[cfg.midattr.task_weights]
    if kind is None:
        return None
    if cfg.test.evaluate and not cfg.model.resume:
        return None  # model.load_weights does not bring what was learned: nothing to report
    attributes = () if model.schema is None else model.schema.names
    return kind([*model.branches, *attributes])


def build_optimizer(
    cfg: CfgNode, model: nn.Module, criterion: MidAttrLoss | None = None
) -> torch.optim.Optimizer:
    """Return torchreid's optimizer; its step is one kernel where PyTorch has one.

    Args:
        cfg: the configuration.
        model: the model to train.
        criterion: its parameters are trained, too.

    Raises:
        InputError: a name in ``train.new_layers`` or ``train.open_layers`` that is used is not
            a top-level child of the model.
    """
    options = arguments(cfg, 'optimizer')
    if cfg.train.staged_lr:
        options['new_layers'] = chosen_layers(cfg, 'new_layers', model)
        print(
            f'Staged rates: {cfg.train.lr:g} for {", ".join(options["new_layers"])}; '
            f'{cfg.train.lr * cfg.train.base_lr_mult:g} for the other layers'
        )
    if cfg.train.fixbase_epoch:
        chosen_layers(cfg, 'open_layers', model)
    optimizer = torchreid_compat.optim.build_optimizer(model, **options)
    for group in [] if criterion is None else criterion.param_groups():
        optimizer.add_param_group(group)
    # a fused SGD cannot go on with a group of which some layers were frozen until now
    if type(optimizer) in (torch.optim.SGD, torch.optim.Adam) and not cfg.train.fixbase_epoch:
        # torchreid's function does not pass the argument on. It is given to the constructor, as
        # the scaler of fp16 reads a number from the device for an optimizer that got it later.
        groups = [{**group, 'fused': True} for group in optimizer.param_groups]
        optimizer = type(optimizer)(groups, **{**optimizer.defaults, 'fused': True})
    return optimizer


def chosen_layers(cfg: CfgNode, key: str, model: nn.Module) -> list[str]:
    """Return the children that ``train.new_layers`` or ``train.open_layers`` stands for.

    Its default stands for all new layers of the model, see :func:`new_layers`.

    Args:
        cfg: the configuration.
        key: 'new_layers' or 'open_layers'.
        model: the model.

    Raises:
        InputError: the model has no such child.
    """
    named = list(cfg.train[key])
    if named == KEYS[f'train.{key}'].default:
        return list(new_layers(model)) or named
    children = [name for name, _ in model.named_children()]
    unknown = [name for name in named if name not in children]
    if unknown:
        raise InputError(
            f'train.{key}: the model has no layer "{unknown[0]}"; choose from {", ".join(children)}'
        )
    return named


def build_engine(
    cfg: CfgNode, datamanager, model: nn.Module, optimizer, scheduler, criterion=None
) -> torchreid_compat.Engine:
    """Return the engine for ``loss.name`` and ``data.type``, with checkpoints and results of ours.

    Args:
        cfg: the configuration.
        datamanager: from :func:`build_datamanager`.
        model: from :func:`build_model`.
        optimizer: from :func:`build_optimizer`.
        scheduler: from :func:`midattr_plugin.optim.build_scheduler`.
        criterion: from :func:`build_criterion`; None to build it here.

    Raises:
        ValueError: the criterion has parameters that the optimizer lacks.
    """
    use_fast_ranking(cfg.midattr.fast_ranking)
    options: dict = {'use_gpu': cfg.use_gpu}
    if cfg.loss.name == 'midattr':
        if criterion is None:
            criterion = build_criterion(cfg, model, datamanager.train_loader.dataset)
        options |= arguments(cfg, 'engine') | {'criterion': criterion}
    else:
        options['label_smooth'] = cfg.loss.softmax.label_smooth
        if cfg.loss.name == 'triplet':
            triplet = cfg.loss.triplet
            options |= {
                'margin': triplet.margin,
                'weight_t': triplet.weight_t,
                'weight_x': triplet.weight_x,
            }
        if cfg.data.type == 'video':
            options['pooling_method'] = cfg.video.pooling_method
    kind = ENGINES[cfg.loss.name, cfg.data.type]
    built = kind(datamanager, model, optimizer, scheduler=scheduler, **options)
    built.checkpoint_seconds = cfg.midattr.checkpoint_seconds
    built.sync_batch_norm = cfg.midattr.sync_batch_norm
    built.ranking_memory = cfg.midattr.ranking_memory
    built.validation_loader = getattr(datamanager, 'validation_loader', None)
    return built
